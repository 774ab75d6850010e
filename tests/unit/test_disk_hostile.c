/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The small disk, with a device that breaks the rules and gets nowhere (rows
 * T-BLI, T-SPL and T-LIF of the threats).
 */
#include "unit_small.h"

/* The device was reset, the buffer is the caller's, and the disk comes back by
 * being initialised again. */
static void assert_out_of_use(void)
{
    assert_int_equal(unit_dev.status, 0);
    assert_int_equal(unit_env.maps, unit_env.unmaps);
    assert_int_equal(vio_disk_read(&unit_small, 0, unit_small_data, 512),
                     VIO_EBADSTATE);
    assert_int_equal(vio_disk_write(&unit_small, 0, unit_small_data, 512),
                     VIO_EBADSTATE);
    assert_int_equal(vio_disk_flush(&unit_small), VIO_EBADSTATE);
    unit_disk_well();
    assert_int_equal(
        vio_disk_init(&unit_small, &unit_mmio.dev, &unit_small_mem), 0);
    unit_small_go_round(unit_small_data, 0, 1024);
    unit_small_down();
}

/* T-BLI-01, T-BLI-02 */
static void t_bli_02_status_is_not_ok(void **state)
{
    (void)state;
    for (unsigned status = 1; status < 256; status++) {
        int err = status == 2 ? VIO_ENOTSUP : VIO_EIO;

        unit_small_start(1 + status % 2);
        unit_disk_fault((struct model_fault){.set_status = true,
                                             .status = (uint8_t)status});
        assert_int_equal(vio_disk_read(&unit_small, 0, unit_small_data, 512),
                         err);
        assert_int_equal(vio_disk_write(&unit_small, 0, unit_small_data, 512),
                         err);
        assert_int_equal(vio_disk_flush(&unit_small), err);
        unit_disk_well();
        unit_small_go_round(unit_small_data, 0, 512);
        unit_small_down();
    }
}

static void t_bli_01_status_is_never_written(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        unit_small_start(version);
        /* Its status is not taken for that of the next one. */
        unit_small_go_round(unit_small_data, 0, 512);
        unit_disk_fault((struct model_fault){.no_status = true});
        assert_int_equal(vio_disk_read(&unit_small, 0, unit_small_data, 512),
                         VIO_EIO);
        unit_disk_well();
        unit_small_down();
    }
}

/* T-BLI-03; too long is the queue's to refuse. */
static void t_bli_03_used_length_is_wrong(void **state)
{
    static const uint32_t lens[] = {0, 1, 511, 512, 514, 4096, 0xffffffff};

    (void)state;
    for (size_t i = 0; i < COUNT(lens); i++) {
        unit_small_start(2);
        unit_disk_fault((struct model_fault){.set_len = true, .len = lens[i]});
        assert_int_equal(vio_disk_read(&unit_small, 0, unit_small_data, 512),
                         VIO_EPROTO);
        assert_out_of_use();
        unit_small_start(1); /* where it means nothing */
        unit_disk_fault((struct model_fault){.set_len = true, .len = lens[i]});
        assert_int_equal(vio_disk_read(&unit_small, 0, unit_small_data, 512),
                         0);
        assert_memory_equal(unit_small_data, unit_disk.data, 512);
        unit_small_down();
    }
    unit_small_start(2);
    unit_disk_fault((struct model_fault){.set_len = true, .len = 0});
    assert_int_equal(vio_disk_write(&unit_small, 0, unit_small_data, 512),
                     VIO_EPROTO);
    assert_out_of_use();
}

/* T-SPL-01 */
static int use_what_is_not_in_flight(void *ctx, uint64_t deadline_ns)
{
    (void)ctx;
    (void)deadline_ns;
    model_queue_push(&unit_dev.queue[0], 3, 513);
    return 0;
}

static void t_spl_01_used_id_is_not_in_flight(void **state)
{
    (void)state;
    unit_small_start(2);
    unit_disk_hold();
    unit_env.env.idle = use_what_is_not_in_flight;
    assert_int_equal(vio_disk_read(&unit_small, 0, unit_small_data, 512),
                     VIO_EPROTO);
    assert_out_of_use();
}

/* T-SPL-17: notified again meanwhile, and reset in the end. */
static void silent_device_is_reset_after_the_time_out(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        unsigned doorbells;

        unit_small_start(version);
        doorbells = unit_dev.doorbells;
        unit_disk_hold();
        assert_int_equal(vio_disk_read(&unit_small, 0, unit_small_data, 512),
                         VIO_ETIMEDOUT);
        assert_true(unit_env.now_ns >= 30000000000u);
        assert_true(unit_env.now_ns < 33000000000u);
        assert_true(unit_dev.doorbells - doorbells > 50);
        assert_out_of_use();
    }
}

/* T-INI-05, STAT-04: it asks for a reset, was reset by somebody else, or is
 * gone, while it is waited for: that is noticed long before the time-out. */
static void device_that_stops_is_noticed(void **state)
{
    (void)state;
    for (unsigned how = 0; how < 3; how++) {
        uint64_t began_ns;

        unit_small_start(2);
        unit_dev.when = MODEL_BY_HAND;
        if (how == 0)
            model_dev_needs_reset(&unit_dev);
        else if (how == 1)
            unit_dev.status &= ~MS_DRIVER_OK;
        else
            unit_dev.gone_after = 0;
        began_ns = unit_env.now_ns;
        assert_int_equal(vio_disk_read(&unit_small, 0, unit_small_data, 512),
                         VIO_EPROTO);
        assert_true(unit_env.now_ns - began_ns < 1000000000);
        assert_int_equal(unit_env.maps, unit_env.unmaps);
        assert_non_null(strstr(unit_env.logged, "is gone"));
        unit_dev.when = MODEL_AT_DOORBELL;
        if (how < 2)
            assert_out_of_use();
    }
}

/* T-LIF-09: without a clock, and with one that stands still. */
static void wait_ends_without_a_clock(void **state)
{
    (void)state;
    for (unsigned stuck = 0; stuck < 2; stuck++) {
        unit_small_start(2);
        if (stuck)
            unit_env.step_ns = 0;
        else
            unit_env.env.now_ns = NULL;
        unit_small.timeout_ns = 1000;
        unit_disk_hold();
        assert_int_equal(vio_disk_read(&unit_small, 0, unit_small_data, 512),
                         VIO_ETIMEDOUT);
        assert_out_of_use();
    }
}

/* T-LIF-01, T-MEM-02: it does not confirm its reset either. */
static void device_that_does_not_reset_keeps_the_buffer(void **state)
{
    (void)state;
    unit_small_start(2);
    unit_disk_hold();
    unit_dev.reset_reads = MODEL_FOREVER;
    assert_int_equal(vio_disk_read(&unit_small, 0, unit_small_data, 512),
                     VIO_ETIMEDOUT);
    assert_int_equal(unit_env.maps - unit_env.unmaps, 1);
    assert_int_equal(vio_disk_read(&unit_small, 0, unit_small_data, 512),
                     VIO_EBADSTATE);
    assert_int_equal(vio_disk_fini(&unit_small), VIO_ETIMEDOUT);
    assert_int_equal(unit_env.maps - unit_env.unmaps, 1);
    unit_dev.reset_reads = 0;
    assert_int_equal(vio_disk_fini(&unit_small), 0);
    assert_int_equal(unit_env.maps, unit_env.unmaps);
}

/* T-LIF-03: unplugged at each register access, from the first on. */
static void device_is_unplugged_at_any_access(void **state)
{
    int err = VIO_ENODEV;

    (void)state;
    for (int64_t at = 0; err; at++) {
        struct vio_device *dev;

        unit_small_device(2);
        unit_small_mem =
            unit_mem(VIO_DISK_SHARED_SIZE, VIO_DISK_PRIV_SIZE, 4096);
        dev = unit_probe();
        unit_dev.gone_after = at;
        err = vio_disk_init(&unit_small, dev, &unit_small_mem);
        if (!err)
            err = vio_disk_read(&unit_small, 0, unit_small_data, 512);
        if (err)
            assert_true(err == VIO_ENODEV || err == VIO_ETIMEDOUT ||
                        err == VIO_EPROTO || err == VIO_ENOTSUP);
        assert_int_equal(unit_env.maps, unit_env.unmaps);
        assert_true(at < 200);
    }
}

/* T-BLI-06, and what a port sleeps on. */
static int wake(void *ctx, uint64_t deadline_ns)
{
    struct unit_env *e = ctx;

    assert_true(deadline_ns > e->now_ns);
    e->idles++;
    unit_disk_well();
    if (unit_dev.queue[0].live && e->idles == 1)
        model_disk_finish(&unit_disk, &unit_dev.queue[0], 0);
    return 0;
}

static void port_sleeps_until_the_interrupt(void **state)
{
    (void)state;
    unit_small_start(2);
    unit_env.env.idle = wake;
    unit_disk_hold();
    assert_int_equal(vio_disk_read(&unit_small, 2, unit_small_data, 512), 0);
    assert_memory_equal(unit_small_data, unit_disk.data + 1024, 512);
    assert_int_equal(unit_env.idles, 1);
    unit_small_down();
}

static void t_bli_06_header_is_written_anew(void **state)
{
    (void)state;
    unit_small_start(2);
    for (unsigned i = 0; i < 40; i++) {
        memset(unit_small.header, 0xee, sizeof(*unit_small.header) + 1);
        assert_int_equal(vio_disk_read(&unit_small, i, unit_small_data, 512),
                         0);
        assert_int_equal(unit_disk.last.sector, i);
        assert_int_equal(unit_disk.last.ioprio, 0);
    }
    unit_small_down();
}

static int read_sector(uint64_t at)
{
    return vio_disk_read(&unit_small, at, unit_small_data, 512);
}

static void e4_garbage_in_the_ring(void **state)
{
    (void)state;
    for (uint32_t round = 1; round <= 400; round++) {
        unit_small_start(1 + round % 2);
        unit_small.timeout_ns = 100000000;
        unit_read_among_garbage(round, read_sector);
        unit_small_down();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_cases(t_bli_02_status_is_not_ok),
        unit_cases(t_bli_01_status_is_never_written),
        unit_cases(t_bli_03_used_length_is_wrong),
        unit_cases(t_spl_01_used_id_is_not_in_flight),
        unit_cases(silent_device_is_reset_after_the_time_out),
        unit_cases(device_that_stops_is_noticed),
        unit_cases(wait_ends_without_a_clock),
        unit_cases(device_that_does_not_reset_keeps_the_buffer),
        unit_cases(device_is_unplugged_at_any_access),
        unit_cases(port_sleeps_until_the_interrupt),
        unit_cases(t_bli_06_header_is_written_anew),
        unit_cases(e4_garbage_in_the_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
