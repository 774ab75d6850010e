/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block frontend over every transport, with the register monitor on: the
 * same calls, the same answers.
 */
#include "unit_way.h"

/* C1, C7, D1, D2, MMIO-31, LPCI-01, LGEN-02, DX-PCI-08 */
static void disk_comes_up_works_and_goes(void **state)
{
    (void)state;
    for_each_way(way)
    {
        unit_way_start(way);
        unit_way_up();
        assert_int_equal(vio_blk_info(&unit_way.blk)->capacity,
                         UNIT_WAY_SECTORS);
        for (uint8_t i = 0; i < 70; i++) /* the ring wraps around */
            unit_way_transfer_well(i);
        unit_way_down();
    }
}

static void discard_and_limits(void **state)
{
    (void)state;
    for_each_way(way)
    {
        unit_way_start(way);
        unit_way_up();
        unit_way_transfer_well(1);
        unit_disk.count[VIRTIO_BLK_T_DISCARD] = 0;
        assert_int_equal(vio_blk_discard(&unit_way.blk, 8, 2), 0);
        assert_int_equal(unit_disk.count[VIRTIO_BLK_T_DISCARD], 1);
        assert_int_equal(
            vio_blk_discard(&unit_way.blk, UNIT_WAY_SECTORS - 1, 2),
            VIO_ERANGE);
        unit_way_down();
    }
}

/* STAT-03, INIT-01, DX-PCI-06, DX-LMMIO-07: again and again on one device. */
static void disk_recovers(void **state)
{
    (void)state;
    for_each_way(way)
    {
        unit_way_start(way);
        unit_way_up();
        for (unsigned i = 0; i < 3; i++) {
            unit_way_transfer_well((uint8_t)i);
            model_dev_needs_reset(unit_way.model);
            assert_int_equal(vio_device_check(unit_way.dev), VIO_EPROTO);
            assert_int_equal(vio_blk_recover(&unit_way.blk, VIO_BLK_RESUBMIT),
                             0);
            assert_int_equal(vio_device_check(unit_way.dev), 0);
        }
        unit_way_transfer_well(9);
        unit_way_down();
        assert_int_equal(unit_way_try_up(), 0);
        unit_way_transfer_well(10);
        unit_way_down();
    }
}

/* RST-01, PCI-21, T-INI-01: waited for, but not for ever. */
static void reset_is_waited_for(void **state)
{
    (void)state;
    for_each_way(way)
    {
        unit_way_start(way);
        unit_way_up();
        unit_way.model->reset_reads = 7;
        assert_int_equal(vio_blk_freeze(&unit_way.blk), 0);
        assert_true(unit_way.model->resets >= 3);
        unit_way.model->reset_reads = 0;
        assert_int_equal(vio_blk_restore(&unit_way.blk, VIO_BLK_RESUBMIT), 0);
        unit_way_transfer_well(3);
        unit_way_down();
        unit_way_start(way);
        unit_way_up();
        unit_way.model->reset_reads = MODEL_FOREVER;
        assert_int_equal(vio_blk_fini(&unit_way.blk), VIO_ETIMEDOUT);
        assert_int_equal(unit_way.dev->why.reason, VIO_WHY_RESET_TIMEOUT);
    }
}

/* INIT-09, INIT-10, CFG-04: read early, written late. */
static void configuration_is_not_written_before_features_ok(void **state)
{
    (void)state;
    for_each_way(way)
    {
        uint64_t before;

        unit_way_start(way);
        model_disk_offer(unit_way.model, MF_BLK_CONFIG_WCE);
        assert_int_equal(unit_way_probe(), 0);
        before = unit_way.accesses;
        assert_int_equal(vio_device_config_write(unit_way.dev, 32, 1, 1),
                         VIO_EBADSTATE);
        assert_int_equal(unit_way.accesses, before);
        assert_int_equal(unit_way_try_up(), 0);
        assert_int_equal(vio_blk_set_writeback(&unit_way.blk, false), 0);
        assert_int_equal(unit_way.model->config[32], 0);
        unit_way_down();
    }
}

/* A number as the configuration space of the device holds it. */
static uint32_t config_number(unsigned at, unsigned n)
{
    bool big = VIO_BIG_ENDIAN && unit_way.dev->legacy;
    uint32_t value = 0;

    for (unsigned i = 0; i < n; i++)
        value |= (uint32_t)unit_way.model->config[at + i]
                 << 8 * (big ? n - 1 - i : i);
    return value;
}

/* Each width, at its place, as the device sees it. PCI-05 to PCI-07, MMIO-05 to
 * MMIO-07 */
static void configuration_is_written_by_its_width(void **state)
{
    static const struct model_field fields[] = {{32, 1, 1, -1, false, true},
                                                {34, 2, 2, -1, false, true},
                                                {36, 4, 4, -1, false, true},
                                                {.bytes = 0}};
    static const uint32_t refused[][2] = {
        {33, 2}, {34, 4}, {32, 3}, {32, 8}, {32, 0}};

    (void)state;
    for_each_way(way)
    {
        uint64_t before;

        unit_way_start(way);
        unit_way.model->fields = fields;
        assert_int_equal(unit_way_probe(), 0);
        assert_int_equal(vio_device_begin(unit_way.dev, 0, 0), 0);
        assert_int_equal(vio_device_config_write(unit_way.dev, 32, 1, 0xab), 0);
        assert_int_equal(vio_device_config_write(unit_way.dev, 34, 2, 0x1234),
                         0);
        assert_int_equal(
            vio_device_config_write(unit_way.dev, 36, 4, 0xcafe5678), 0);
        assert_int_equal(unit_way.model->config[32], 0xab);
        assert_int_equal(unit_way.model->config[33], 0);
        assert_int_equal(config_number(34, 2), 0x1234);
        assert_int_equal(config_number(36, 4), 0xcafe5678);
        before = unit_way.accesses;
        for (size_t i = 0; i < COUNT(refused); i++)
            assert_int_equal(vio_device_config_write(
                                 unit_way.dev, refused[i][0], refused[i][1], 0),
                             VIO_EINVAL);
        assert_int_equal(
            vio_device_config_write(unit_way.dev,
                                    (uint32_t)unit_way.dev->config_len, 1, 0),
            VIO_EINVAL);
        assert_int_equal(unit_way.accesses, before);
    }
}

/* A resize is seen when the caller asks. T-CFG-03, T-CFG-06 */
static void capacity_changes(void **state)
{
    (void)state;
    for_each_way(way)
    {
        unit_way_start(way);
        unit_way_up();
        model_config_put(unit_way.model, 0, 8, UNIT_WAY_SECTORS / 2);
        unit_way.model->generation++;
        assert_int_equal(vio_blk_info(&unit_way.blk)->capacity,
                         UNIT_WAY_SECTORS);
        assert_int_equal(vio_blk_refresh(&unit_way.blk), 1);
        assert_int_equal(vio_blk_info(&unit_way.blk)->capacity,
                         UNIT_WAY_SECTORS / 2);
        assert_int_equal(vio_blk_refresh(&unit_way.blk), 0);
        unit_way_down();
    }
}

/* The device changes the capacity in the middle of every read of it: never
 * torn. CFG-01 to CFG-03, T-CFG-08, LGEN-03 */
static uint64_t change_at;

static void change_capacity(uint64_t n)
{
    if (n < change_at || n >= change_at + 6)
        return;
    model_config_put(unit_way.model, 0, 8, n << 32 | n);
    unit_way.model->generation++;
}

static void capacity_is_never_torn(void **state)
{
    (void)state;
    for_each_way(way)
    {
        for (unsigned i = 0; i < 30; i++) {
            uint64_t capacity;

            unit_way_start(way);
            unit_way_up();
            change_at = unit_way.accesses + i;
            unit_way.before = change_capacity;
            assert_true(vio_blk_refresh(&unit_way.blk) >= 0);
            unit_way.before = NULL;
            capacity = vio_blk_info(&unit_way.blk)->capacity;
            if (capacity != UNIT_WAY_SECTORS)
                assert_int_equal(capacity >> 32, (uint32_t)capacity);
        }
    }
}

/* One register write where the doorbell can be reached; through the window it
 * has to be aimed first. */
static void kick_is_one_register_write(void **state)
{
    static uint8_t sector[512];

    (void)state;
    for_each_way(way)
    {
        struct vio_buf piece = {sector, sizeof(sector)};
        struct vio_blk_req one = {.result = 0};
        uint64_t before;

        unit_way_start(way);
        unit_way_up();
        vio_blk_prep_read(&one, 0, &piece, 1);
        assert_int_equal(vio_blk_queue(unit_way.blk.queue, &one), 0);
        before = unit_way.accesses;
        assert_int_equal(vio_blk_submit(unit_way.blk.queue), 0);
        assert_int_equal(unit_way.accesses - before,
                         way == UNIT_PCI_WINDOW ? 4 : 1);
        unit_way_down();
    }
}

#define QUEUES 4u

static uint8_t data[QUEUES][512];
static struct vio_blk_req req[QUEUES];
static struct vio_buf buf[QUEUES];

/* The device may look at a ring as soon as it knows it: what was written there
 * is ordered before that, on whatever machine and bus. */
static bool ordered, known;

static void watch_the_order(enum model_kind kind, const void *ptr,
                            unsigned width, uint64_t value)
{
    (void)ptr;
    (void)width;
    (void)value;
    if (unit_way.model->queue[0].live && !known) {
        known = true;
        assert_true(ordered);
    }
    if (kind == MODEL_MB_PLATFORM)
        ordered = true;
    else if (kind == MODEL_STORE || kind == MODEL_STORE_RELEASE)
        ordered = false;
}

static void ring_is_written_before_the_device_knows_it(void **state)
{
    (void)state;
    for_each_way(way)
    {
        unit_way_start(way);
        ordered = known = false;
        model_between = watch_the_order;
        unit_way_up();
        watch_the_order(MODEL_RELAX, NULL, 0, 0); /* nothing follows it */
        assert_true(known);
        unit_way_down();
    }
}

/* A read in each queue, with a wish for its interrupt. */
static void read_in_every_queue(void)
{
    for (unsigned i = 0; i < QUEUES; i++) {
        struct vio_blk_queue *q = vio_blk_get_queue(&unit_way.blk, i);

        (void)vio_virtq_enable_cb(&q->vq);
        buf[i] = (struct vio_buf){data[i], 512};
        vio_blk_prep_read(&req[i], i, &buf[i], 1);
        assert_int_equal(vio_blk_queue(q, &req[i]), 0);
        assert_int_equal(vio_blk_submit(q), 0);
    }
}

static void reap_every_queue(void)
{
    for (unsigned i = 0; i < QUEUES; i++) {
        struct vio_blk_queue *q = vio_blk_get_queue(&unit_way.blk, i);
        struct vio_blk_req *done;

        assert_int_equal(vio_blk_reap(q, &done, 1), 1);
        assert_ptr_equal(done, &req[i]);
        assert_memory_equal(data[i], unit_disk.data + 512 * i, 512);
    }
}

/* MMIO-33: the one bit is about every queue. */
static void one_interrupt_is_about_every_queue(void **state)
{
    (void)state;
    for_each_way(way)
    {
        if (way == UNIT_PCI_WINDOW)
            continue; /* has no line */
        unit_way_start(way);
        unit_way_set_queues(QUEUES);
        unit_way_up();
        assert_int_equal(vio_blk_info(&unit_way.blk)->n_queues, QUEUES);
        unit_way.model->when = MODEL_BY_HAND;
        memset(data, 0, sizeof(data));
        read_in_every_queue();
        unit_way.model->isr = 0;
        model_dev_run(unit_way.model);
        assert_int_equal(vio_device_isr(unit_way.dev), 1);
        reap_every_queue();
        assert_int_equal(vio_device_isr(unit_way.dev), 0);
        unit_way_down();
    }
}

/* PCI-42, PCI-44: what the monitor says of each doorbell. */
static void doorbells_carry_what_is_agreed_upon(void **state)
{
    (void)state;
    for (enum unit_way way = UNIT_PCI_MODERN; way < UNIT_WAYS; way++) {
        for (unsigned both = 0; both < 4; both++) {
            unit_way_start(way);
            unit_function.notif_config_data = 0x1234;
            unit_way.model->offered |=
                (both & 1 ? MF(MF_NOTIFY_DATA) : 0) | (both & 2 ? MF(39) : 0);
            unit_way_up();
            for (uint8_t i = 0; i < 70; i++)
                unit_way_transfer_well(i);
            assert_true(unit_way.model->doorbells > 0);
            unit_way_down();
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_cases(disk_comes_up_works_and_goes),
        unit_cases(discard_and_limits),
        unit_cases(disk_recovers),
        unit_case(reset_is_waited_for),
        unit_case(configuration_is_not_written_before_features_ok),
        unit_case(configuration_is_written_by_its_width),
        unit_case(capacity_changes),
        unit_cases(capacity_is_never_torn),
        unit_cases(kick_is_one_register_write),
        unit_cases(ring_is_written_before_the_device_knows_it),
        unit_cases(one_interrupt_is_about_every_queue),
        unit_cases(doorbells_carry_what_is_agreed_upon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
