/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device is migrated while the driver is at work: after every k-th access
 * of a register, and between any two accesses of the ring. The driver does not
 * notice.
 */
#include "migrate.h"
#include "unit_way.h"

#define DEPTH 4u

static unsigned every, migrations;

static void migrate(void)
{
    migrations++;
    if (unit_way_is_pci(unit_way.way))
        model_pci_migrate(&unit_function);
    else
        model_migrate(unit_way.model);
}

static void at_register(uint64_t n)
{
    if (n % every == every - 1)
        migrate();
}

/* E3: of every access a different subset, so that together each is met. */
static void after_every_kth_register_access(void **state)
{
    (void)state;
    for_each_way(way)
    {
        for (unsigned k = 0; k < 14; k++) {
            every = 1 + k / 2;
            unit_way_start(way);
            unit_way.vectors = k & 1;
            unit_way.before = at_register;
            unit_way_up();
            for (uint8_t i = 0; i < 3; i++)
                unit_way_transfer_well(i);
            assert_int_equal(vio_blk_refresh(&unit_way.blk), 0);
            assert_int_equal(vio_blk_recover(&unit_way.blk, VIO_BLK_RESUBMIT),
                             0);
            unit_way_transfer_well(9);
            unit_way_down();
        }
    }
    assert_true(migrations > 1000);
}

static uint8_t data[DEPTH][512];
static struct vio_blk_req req[DEPTH];
static struct vio_buf buf[DEPTH];

/* As many reads as there are slots, of which the device takes the first ones,
 * and does none. */
static void queue_reads(unsigned taken)
{
    unit_way.model->when = MODEL_AT_POLL;
    unit_disk_hold();
    for (unsigned i = 0; i < DEPTH; i++) {
        buf[i] = (struct vio_buf){data[i], 512};
        vio_blk_prep_read(&req[i], i, &buf[i], 1);
        assert_int_equal(vio_blk_queue(unit_way.blk.queue, &req[i]), 0);
        assert_int_equal(vio_blk_submit(unit_way.blk.queue), 0);
        if (i + 1 == taken)
            model_dev_run(unit_way.model);
    }
    assert_int_equal(unit_way.model->queue[0].n_held, taken);
}

static void assert_all_are_read(void)
{
    struct vio_blk_req *done[DEPTH];
    unsigned n = 0;

    while (n < DEPTH) {
        int got = vio_blk_reap(unit_way.blk.queue, done, DEPTH);

        assert_true(got > 0);
        n += (unsigned)got;
    }
    for (unsigned i = 0; i < DEPTH; i++) {
        assert_int_equal(req[i].result, 0);
        assert_memory_equal(data[i], unit_disk.data + 512 * i, 512);
    }
}

/* Everything is in flight when the device moves, with what it has taken but not
 * done, and what it has not yet seen. */
static void with_requests_in_flight(void **state)
{
    (void)state;
    for_each_way(way)
    {
        for (unsigned taken = 0; taken <= DEPTH; taken++) {
            unit_way_start(way);
            unit_way_up();
            unit_way_transfer_well(1);
            memset(data, 0, sizeof(data));
            queue_reads(taken);
            migrate();
            assert_int_equal(unit_way.model->queue[0].n_held, taken);
            unit_disk_well();
            for (unsigned i = 0; i < taken; i++)
                model_disk_finish(&unit_disk, &unit_way.model->queue[0], 0);
            migrate();
            model_dev_run(unit_way.model);
            assert_all_are_read();
            unit_way_down();
        }
    }
}

/* To the ring or to registers. */
static void between_any_two_accesses(void **state)
{
    (void)state;
    for_each_way(way)
    {
        for (unsigned at = 1; at < 400; at++) {
            unit_way_start(way);
            unit_way_up();
            unit_way_transfer_well(1);
            unit_at_access(at, migrate);
            unit_way_transfer_well((uint8_t)at);
            model_between = NULL;
            unit_way_transfer_well(3);
            unit_way_down();
            if (unit_countdown)
                break;
            model_stop();
        }
        assert_true(unit_countdown > 0);
    }
}

/* An interrupt that was raised before is pending behind. */
static void with_an_interrupt_pending(void **state)
{
    (void)state;
    for_each_way(way)
    {
        if (way == UNIT_PCI_WINDOW)
            continue; /* has no line */
        unit_way_start(way);
        unit_way_up();
        unit_way.model->isr = 0;
        model_dev_interrupt(unit_way.model, 3);
        migrate();
        assert_int_equal(vio_device_isr(unit_way.dev), 3);
        migrate();
        assert_int_equal(vio_device_isr(unit_way.dev), 0);
        unit_way_down();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_cases(after_every_kth_register_access),
        unit_cases(with_requests_in_flight),
        unit_cases(between_any_two_accesses),
        unit_cases(with_an_interrupt_pending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
