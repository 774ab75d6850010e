/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What devices offer, over every transport: more than there is, less than is
 * wanted, and what contradicts itself.
 */
#include "unit_way.h"

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

enum nonsense {
    WITHOUT_VERSION_1,    /* and what belongs to it */
    DISCARDS_READ_ONLY,   /* of a disk that cannot be written */
    SWITCH_WITHOUT_FLUSH, /* of a cache that cannot be flushed */
    NO_QUEUES,            /* several, but none */
    NONSENSE
};

static void offer_nonsense(enum nonsense which)
{
    struct model_dev *d = unit_way.model;

    if (which == WITHOUT_VERSION_1) {
        d->offered &= ~MF(MF_VERSION_1);
        d->offered |=
            MF(MF_RING_RESET) | MF(MF_ACCESS_PLATFORM) | MF(MF_PACKED);
    } else if (which == DISCARDS_READ_ONLY) {
        model_disk_offer(d, MF_BLK_RO);
    } else if (which == SWITCH_WITHOUT_FLUSH) {
        model_disk_offer(d, MF_BLK_CONFIG_WCE);
        d->offered &= ~MF(MF_BLK_FLUSH);
        unit_disk.write_through = true;
    } else {
        model_disk_offer(d, MF_BLK_MQ);
        model_config_put(d, 34, 2, 0);
    }
}

static void assert_not_used(void)
{
    assert_int_equal(unit_way_try_up(), VIO_EPROTO);
    assert_int_equal(unit_way.dev->why.reason, VIO_WHY_NEED_VERSION_1);
    assert_int_equal(unit_way.model->accepted, 0);
}

static void assert_read_only(void)
{
    static uint8_t data[512];
    struct vio_blk *blk = &unit_way.blk;

    assert_int_equal(vio_blk_write(blk, 0, data, 512), VIO_EROFS);
    assert_int_equal(vio_blk_discard(blk, 0, 1), VIO_EROFS);
    assert_int_equal(vio_blk_read(blk, 0, data, 512), 0);
}

/* FEAT-02, FEAT-03 */
static void t_ini_07_offers_that_contradict_themselves(void **state)
{
    (void)state;
    for_each_way(way)
    {
        for (unsigned which = unit_way_is_legacy(way); which < NONSENSE;
             which++) {
            unit_way_start(way);
            unit_way.cfg.n_queues = 2;
            offer_nonsense(which);
            assert_int_equal(unit_way_probe(), 0);
            if (which == WITHOUT_VERSION_1) {
                assert_not_used();
                continue;
            }
            assert_int_equal(unit_way_try_up(), 0);
            assert_int_equal(vio_blk_info(&unit_way.blk)->n_queues, 1);
            unit_disk.count[VIRTIO_BLK_T_FLUSH] = 0;
            if (which == DISCARDS_READ_ONLY)
                assert_read_only();
            else
                unit_way_transfer_well((uint8_t)which);
            assert_int_equal(unit_disk.count[VIRTIO_BLK_T_FLUSH],
                             which == NO_QUEUES);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_case(features_are_refused),
        unit_case(all_ones_are_offered),
        unit_case(each_feature_may_be_missing),
        unit_case(t_ini_07_offers_that_contradict_themselves),
        unit_case(t_ini_10_access_platform_withheld),
        unit_case(t_ini_11_downgrade),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
