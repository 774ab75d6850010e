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
        unit_disk.count[11] = 0;
        assert_int_equal(vio_blk_discard(&unit_way.blk, 8, 2), 0);
        assert_int_equal(unit_disk.count[11], 1);
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

/* T-INI-03, INIT-06, INIT-12, STAT-03: FAILED is set, and a reset heals it. */
static void features_are_refused(void **state)
{
    (void)state;
    for_each_way(way)
    {
        if (unit_way_is_legacy(way))
            continue;
        unit_way_start(way);
        assert_int_equal(unit_way_probe(), 0);
        unit_way.model->refuse_features = true;
        assert_int_equal(vio_device_begin(unit_way.dev, 0, 0), VIO_EPROTO);
        assert_int_equal(unit_way.dev->why.reason, VIO_WHY_FEATURES_REJECTED);
        assert_int_equal(unit_way.model->status & MS_FAILED, MS_FAILED);
        unit_way.model->refuse_features = false;
        assert_int_equal(unit_way_try_up(), 0);
        unit_way_transfer_well(4);
        unit_way_down();
    }
}

/* FEAT-04 to FEAT-07, FEAT-10, RFB-10, T-INI-08: of everything that is on offer
 * only what the transport has. */
static void all_ones_are_offered(void **state)
{
    (void)state;
    for_each_way(way)
    {
        unit_way_start(way);
        assert_int_equal(unit_way_probe(), 0);
        unit_way.model->offered = ~(uint64_t)0;
        assert_int_equal(vio_device_begin(unit_way.dev, 0x3fef7, 0), 0);
        assert_int_equal(unit_way.model->accepted &
                             ((uint64_t)0xfffff00000000000u | MF(MF_ADMIN_VQ) |
                              MF(MF_SR_IOV) | MF(30) | MF(MF_NOTIFY_ON_EMPTY)),
                         0);
        assert_int_equal(unit_way.model->accepted >> MF_VERSION_1 & 1,
                         !unit_way_is_legacy(way));
        assert_int_equal(unit_way.model->accepted >> MF_RING_RESET & 1,
                         !unit_way_is_legacy(way));
        /* NOTIF_CONFIG_DATA is of modern PCI alone. */
        assert_int_equal(unit_way.model->accepted >> 39 & 1,
                         way == UNIT_PCI_MODERN || way == UNIT_PCI_WINDOW);
    }
}

/* FEAT-08: each bit that is not offered is done without. */
static void each_feature_may_be_missing(void **state)
{
    (void)state;
    for_each_way(way)
    {
        for (unsigned bit = 0; bit < 44; bit++) {
            unit_way_start(way);
            unit_way.model->offered |=
                MF(MF_INDIRECT) | MF(MF_EVENT_IDX) | MF(MF_ANY_LAYOUT);
            if (!unit_way_is_legacy(way))
                unit_way.model->offered |= MF(MF_RING_RESET) |
                                           MF(MF_ORDER_PLATFORM) |
                                           MF(MF_ACCESS_PLATFORM);
            if (bit == MF_VERSION_1)
                continue;
            unit_way.model->offered &= ~MF(bit);
            unit_disk.write_through = bit == MF_BLK_FLUSH;
            unit_way_up();
            unit_way_transfer_well((uint8_t)bit);
            unit_way_down();
        }
    }
}

/* What belongs to VERSION_1, without it; discards on a disk that cannot be
 * written; a switch of a cache that cannot be flushed; queues, but none. */
static void offer_nonsense(unsigned which)
{
    struct model_dev *d = unit_way.model;

    if (which == 0)
        d->offered = (d->offered & ~MF(MF_VERSION_1)) | MF(MF_RING_RESET) |
                     MF(MF_ACCESS_PLATFORM) | MF(MF_PACKED);
    else if (which == 1)
        model_disk_offer(d, MF_BLK_RO);
    else if (which == 2)
        model_disk_offer(d, MF_BLK_CONFIG_WCE);
    else
        model_disk_offer(d, MF_BLK_MQ);
    if (which == 2)
        d->offered &= ~MF(MF_BLK_FLUSH);
    unit_disk.write_through = which == 2;
    if (which == 3)
        model_config_put(d, 34, 2, 0);
}

static void nonsense_is_taken_apart(unsigned which)
{
    static uint8_t data[512];
    struct vio_blk *blk = &unit_way.blk;

    if (which == 1) {
        assert_int_equal(vio_blk_write(blk, 0, data, 512), VIO_EROFS);
        assert_int_equal(vio_blk_discard(blk, 0, 1), VIO_EROFS);
        assert_int_equal(vio_blk_read(blk, 0, data, 512), 0);
        return;
    }
    if (which == 3)
        assert_int_equal(vio_blk_info(blk)->n_queues, 1);
    unit_disk.count[4] = 0;
    unit_way_transfer_well((uint8_t)which);
    assert_int_equal(unit_disk.count[4], which == 2 ? 0 : 1);
}

/* FEAT-02, FEAT-03 */
static void t_ini_07_offers_that_contradict_themselves(void **state)
{
    (void)state;
    for_each_way(way)
    {
        for (unsigned which = unit_way_is_legacy(way); which < 4; which++) {
            unit_way_start(way);
            unit_way.cfg.n_queues = 2;
            offer_nonsense(which);
            assert_int_equal(unit_way_probe(), 0);
            if (which == 0) {
                assert_int_equal(unit_way_try_up(), VIO_EPROTO);
                assert_int_equal(unit_way.dev->why.reason,
                                 VIO_WHY_NEED_VERSION_1);
                assert_int_equal(unit_way.model->accepted, 0);
                continue;
            }
            assert_int_equal(unit_way_try_up(), 0);
            nonsense_is_taken_apart(which);
            unit_way_down();
        }
    }
}

/* The device withholds what the caller cannot do without. */
static void refused_without(unsigned bit)
{
    unit_way.policy.required = MF(bit);
    unit_way.model->offered &= ~MF(bit);
    assert_int_equal(unit_way_probe(), 0);
    assert_int_equal(unit_way_try_up(), VIO_ENOTSUP);
    assert_int_equal(unit_way.dev->why.reason, VIO_WHY_FEATURES_MISSING);
    assert_int_equal(unit_way.dev->why.found, MF(bit));
    assert_int_equal(unit_way.model->accepted, 0);
    assert_int_equal(unit_way.model->status & (MS_FAILED | MS_DRIVER_OK),
                     MS_FAILED);
    assert_int_equal(unit_env.maps, 0);
    /* And goes on where it is there. */
    unit_way.model->offered |= MF(bit);
    assert_int_equal(unit_way_try_up(), 0);
    assert_true(vio_device_has(unit_way.dev, bit));
    unit_way_transfer_well((uint8_t)bit);
    unit_way_down();
}

static void t_ini_10_access_platform_withheld(void **state)
{
    (void)state;
    for_each_way(way)
    {
        unit_way_start(way);
        if (!unit_way_is_legacy(way))
            refused_without(MF_ACCESS_PLATFORM);
    }
    /* A legacy device never has it. */
    for (enum unit_way way = UNIT_MMIO_1; way < UNIT_WAYS; way++) {
        if (!unit_way_is_legacy(way))
            continue;
        unit_way_start(way);
        unit_way.model->offered = ~(uint64_t)0;
        unit_way.policy.required = MF(MF_ACCESS_PLATFORM);
        assert_int_equal(unit_way_probe(), 0);
        assert_int_equal(unit_way_try_up(), VIO_ENOTSUP);
        assert_int_equal(unit_way.model->accepted, 0);
    }
}

/* A device shows less than it could: the policy refuses that, and without one
 * the caller can see what was agreed upon. */
static void t_ini_11_downgrade(void **state)
{
    static const unsigned bits[] = {MF_BLK_FLUSH, MF_BLK_DISCARD, MF_EVENT_IDX,
                                    MF_INDIRECT, MF_PACKED};

    (void)state;
    for_each_way(way)
    {
        for (size_t i = 0; i < COUNT(bits); i++) {
            if (bits[i] == MF_PACKED && unit_way_is_legacy(way))
                continue;
            unit_way_start(way);
            refused_without(bits[i]);
            unit_way_start(way);
            unit_way.model->offered &= ~MF(bits[i]);
            unit_disk.write_through = bits[i] == MF_BLK_FLUSH;
            unit_way_up();
            assert_false(vio_device_has(unit_way.dev, bits[i]));
            assert_int_equal(vio_blk_info(&unit_way.blk)->features,
                             unit_way.dev->features);
            unit_way_down();
        }
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
    static uint8_t data[512];

    (void)state;
    for_each_way(way)
    {
        struct vio_buf buf = {data, sizeof(data)};
        struct vio_blk_req req = {.result = 0};
        uint64_t before;

        unit_way_start(way);
        unit_way_up();
        vio_blk_prep_read(&req, 0, &buf, 1);
        assert_int_equal(vio_blk_queue(unit_way.blk.queue, &req), 0);
        before = unit_way.accesses;
        assert_int_equal(vio_blk_submit(unit_way.blk.queue), 0);
        assert_int_equal(unit_way.accesses - before,
                         way == UNIT_PCI_WINDOW ? 4 : 1);
        unit_way_down();
    }
}

/* RFB-05: without an environment a pointer is a device address. */
static void without_an_environment_addresses_are_pointers(void **state)
{
    static uint8_t data[1024];

    (void)state;
    for_each_way(way)
    {
        struct vio_need want, least;
        struct vio_mem mem;

        unit_way_start(way);
        assert_int_equal(unit_way_probe(), 0);
        unit_way.dev->env = NULL;
        assert_int_equal(
            vio_blk_mem_size(unit_way.dev, &unit_way.cfg, &want, &least), 0);
        mem = unit_mem(want.shared, want.priv, 4096);
        model_mem_add_at(data, sizeof(data), MODEL_MEM_READ | MODEL_MEM_WRITE,
                         (uintptr_t)data);
        assert_int_equal(
            vio_blk_init(&unit_way.blk, unit_way.dev, &unit_way.cfg, &mem), 0);
        assert_int_equal(vio_blk_read(&unit_way.blk, 3, data, sizeof(data)), 0);
        assert_memory_equal(data, unit_disk.data + 3 * 512, sizeof(data));
        unit_way_down();
    }
}

/* MMIO-33: the one bit is about every queue. */
static void one_interrupt_is_about_every_queue(void **state)
{
    static uint8_t data[4][512];

    (void)state;
    for_each_way(way)
    {
        struct vio_blk_req req[4] = {{.result = 0}}, *done;
        struct vio_buf buf[4];

        if (way == UNIT_PCI_WINDOW)
            continue; /* has no line */
        unit_way_start(way);
        unit_way_set_queues(4);
        unit_way_up();
        assert_int_equal(vio_blk_info(&unit_way.blk)->n_queues, 4);
        unit_way.model->when = MODEL_BY_HAND;
        for (unsigned i = 0; i < 4; i++) {
            struct vio_blk_queue *q = vio_blk_get_queue(&unit_way.blk, i);

            (void)vio_virtq_enable_cb(&q->vq);
            buf[i] = (struct vio_buf){data[i], 512};
            vio_blk_prep_read(&req[i], i, &buf[i], 1);
            assert_int_equal(vio_blk_queue(q, &req[i]), 0);
            assert_int_equal(vio_blk_submit(q), 0);
        }
        unit_way.model->isr = 0;
        model_dev_run(unit_way.model);
        assert_int_equal(vio_device_isr(unit_way.dev), 1);
        for (unsigned i = 0; i < 4; i++) {
            assert_int_equal(
                vio_blk_reap(vio_blk_get_queue(&unit_way.blk, i), &done, 1), 1);
            assert_ptr_equal(done, &req[i]);
            assert_memory_equal(data[i], unit_disk.data + 512 * i, 512);
        }
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
        unit_case(features_are_refused),
        unit_case(all_ones_are_offered),
        unit_case(each_feature_may_be_missing),
        unit_case(t_ini_07_offers_that_contradict_themselves),
        unit_case(t_ini_10_access_platform_withheld),
        unit_case(t_ini_11_downgrade),
        unit_case(configuration_is_not_written_before_features_ok),
        unit_case(configuration_is_written_by_its_width),
        unit_case(capacity_changes),
        unit_cases(capacity_is_never_torn),
        unit_cases(kick_is_one_register_write),
        unit_cases(without_an_environment_addresses_are_pointers),
        unit_cases(one_interrupt_is_about_every_queue),
        unit_cases(doorbells_carry_what_is_agreed_upon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
