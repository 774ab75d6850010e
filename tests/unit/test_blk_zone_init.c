/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bringing up zoned disks: host-managed, host-aware, and those that only say
 * so.
 */
#include "unit_zone.h"

/* BLKZ-01, BLKZ-03: every model comes up, and is what it says. */
static void every_model_is_driven(void **state)
{
    (void)state;
    for (uint8_t model = MODEL_Z_NONE; model <= MODEL_Z_HA; model++) {
        const struct vio_blk_zoned *z = &unit_blk.info.zoned;

        zone_start(model);
        assert_int_equal(z->model, model);
        assert_int_equal(z->zone_sectors, model ? ZONE : 0);
        assert_int_equal(z->max_append_sectors, model ? 32 : 0);
        assert_int_equal(z->write_granularity, model ? 512 : 0);
        assert_int_equal(zone_report(0, 4), model ? 0 : VIO_ENOTSUP);
        assert_int_equal(vio_blk_read(&unit_blk, 1, zone_data, 512), 0);
        unit_disk_down();
    }
}

/* BLKZ-02, BLKZ-03. */
static void discard_and_host_managed_exclude_each_other(void **state)
{
    (void)state;
    for (uint8_t model = MODEL_Z_NONE; model <= MODEL_Z_HA; model++) {
        bool hm = model == MODEL_Z_HM;

        zone_device(model);
        model_disk_set_limits(&unit_dev, MF_BLK_DISCARD,
                              (struct model_limits){64, 4, 1});
        zone_up();
        assert_int_equal(unit_dev.accepted >> MF_BLK_DISCARD & 1, !hm);
        assert_int_equal(unit_dev.accepted >> MF_BLK_ZONED & 1, 1);
        assert_int_equal(vio_blk_discard(&unit_blk, 0, 64),
                         hm ? VIO_ENOTSUP : 0);
        assert_int_equal(vio_blk_restore(&unit_blk, VIO_BLK_RESUBMIT),
                         VIO_EBADSTATE);
        assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT), 0);
        unit_disk_down();
    }
}

/* How to write to it is not known: host-managed with nonsense of its zones, or
 * of a model that the specification does not know. It is no disk like any
 * other, which would be written to anywhere. */
static const struct {
    uint8_t model;
    uint32_t zone, granularity;
} unwritable[] = {{1, 0, 512},  {1, 64, 0},     {1, 64, 100},   {1, 64, 513},
                  {3, 64, 512}, {255, 64, 512}, {255, ~0u, ~0u}};

static void put_unwritable(size_t i)
{
    model_config_put(&unit_dev, 72, 4, unwritable[i].zone);
    model_config_put(&unit_dev, 88, 4, unwritable[i].granularity);
    model_config_put(&unit_dev, 92, 1, unwritable[i].model);
}

static void assert_refused(size_t i)
{
    const struct vio_why *why = &unit_mmio.dev.why;

    assert_int_equal(why->reason, VIO_WHY_BAD_ZONES);
    assert_int_equal(why->found, unwritable[i].model);
    assert_int_equal(why->wanted, unwritable[i].zone);
    assert_int_equal(unit_dev.last_status & (MS_FAILED | MS_DRIVER_OK),
                     MS_FAILED);
    assert_int_equal(unit_dev.status, 0);
}

static void t_blc_16_zones_that_nobody_could_write_to(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(unwritable); i++) {
        zone_device(MODEL_Z_HM);
        put_unwritable(i);
        assert_int_equal(unit_disk_try(NULL), VIO_EPROTO);
        assert_refused(i);
        assert_int_equal(unit_disk.requests, 0);
    }
}

/* Nor may it become one while it is in use. */
static void zones_that_turn_into_nonsense(void **state)
{
    struct vio_blk_req req;
    struct vio_buf buf;

    (void)state;
    for (size_t i = 0; i < COUNT(unwritable); i++) {
        zone_start(MODEL_Z_HM);
        unit_disk_hold();
        assert_int_equal(unit_queue_read(&req, &buf, 1, zone_data, 512), 0);
        assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
        put_unwritable(i);
        assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT),
                         VIO_EPROTO);
        assert_refused(i);
        unit_reap_one(&req, VIO_EIO);
        unit_disk_down();
    }
}

/* BLKZ-02, T-CFG-02: host-aware when DISCARD is agreed upon, and host-managed
 * when it is looked at again. */
static unsigned looks;

static uint32_t other_at_the_second_look(struct model_dev *d, uint32_t offset,
                                         unsigned width, uint32_t value)
{
    (void)d;
    (void)width;
    if (offset != MR_CONFIG + 92)
        return value;
    return looks++ ? MODEL_Z_HM : MODEL_Z_HA;
}

static void t_cfg_02_model_changes_behind_the_agreement(void **state)
{
    struct vio_need want, least;

    (void)state;
    zone_device(MODEL_Z_HA);
    model_disk_set_limits(&unit_dev, MF_BLK_DISCARD,
                          (struct model_limits){64, 4, 1});
    unit_disk_need(NULL, &want, &least);
    unit_blk_mem = unit_mem(want.shared, want.priv, 4096);
    looks = 0;
    unit_dev.on_read = other_at_the_second_look;
    assert_int_equal(
        vio_blk_init(&unit_blk, &unit_mmio.dev, NULL, &unit_blk_mem),
        VIO_EPROTO);
    assert_int_equal(looks, 2);
    assert_int_equal(unit_mmio.dev.why.reason, VIO_WHY_CONFIG_UNSTABLE);
}

/* It may refuse what is agreed upon without DISCARD, too. */
static unsigned agreements;

static void refuse_the_second(struct model_dev *d, uint32_t offset,
                              uint32_t value)
{
    if (offset == MR_STATUS && value & MS_FEATURES_OK && agreements++ == 1)
        d->refuse_features = true;
}

static void agreement_without_discard_may_fail(void **state)
{
    (void)state;
    zone_device(MODEL_Z_HM);
    model_disk_set_limits(&unit_dev, MF_BLK_DISCARD,
                          (struct model_limits){64, 4, 1});
    agreements = 0;
    unit_dev.on_write = refuse_the_second;
    assert_int_equal(unit_disk_try(NULL), VIO_EPROTO);
    assert_int_equal(agreements, 2);
    assert_int_equal(unit_mmio.dev.why.reason, VIO_WHY_FEATURES_REJECTED);
    unit_dev.on_write = NULL;
    unit_dev.refuse_features = false;
    zone_up();
    unit_disk_down();
}

/* T-BLC-16, BLKZ-04: where zones are out of the driver's reach a host-managed
 * disk does not come up, and is told so. */
static void t_blc_16_host_managed_without_its_zones(void **state)
{
    (void)state;
    zone_device(MODEL_Z_HM);
    unit_dev.length = 0x100 + 72;
    assert_int_equal(unit_disk_try(NULL), VIO_EPROTO);
    assert_int_equal(unit_dev.accepted >> MF_BLK_ZONED & 1, 0);
    assert_int_equal(unit_dev.status & (MS_FAILED | MS_DRIVER_OK), MS_FAILED);
    assert_int_equal(unit_mmio.dev.why.reason, VIO_WHY_FEATURES_REJECTED);
    assert_int_equal(unit_disk.requests, 0);
    /* A host-aware one is a disk like any other then. BLKZ-05, BLKZ-06 */
    zone_device(MODEL_Z_HA);
    unit_dev.length = 0x100 + 72;
    zone_up();
    assert_int_equal(unit_blk.info.zoned.model, MODEL_Z_NONE);
    assert_int_equal(vio_blk_write(&unit_blk, zone_at(4) + 8, zone_data, 512),
                     0);
    unit_disk_down();
}

/* BLKZ-06: host-aware, it can be written to anywhere. */
static void zones_that_make_no_sense_are_none(void **state)
{
    static const struct {
        uint8_t model;
        uint32_t zone, granularity;
    } table[] = {
        {2, 0, 512}, {2, 64, 0}, {2, 64, 100}, {2, 64, 513}, {0, 64, 512}};

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        zone_device(MODEL_Z_HA);
        model_config_put(&unit_dev, 72, 4, table[i].zone);
        model_config_put(&unit_dev, 88, 4, table[i].granularity);
        model_config_put(&unit_dev, 92, 1, table[i].model);
        zone_up();
        assert_int_equal(unit_blk.info.zoned.model, MODEL_Z_NONE);
        assert_int_equal(zone_report(0, 1), VIO_ENOTSUP);
        assert_int_equal(zone_append(0, 512), VIO_ENOTSUP);
        assert_int_equal(zone_manage(VIO_BLK_ZONE_RESET_ALL, 0), VIO_ENOTSUP);
        assert_int_equal(unit_disk.requests, 0);
        assert_int_equal(vio_blk_write(&unit_blk, 1, zone_data, 512), 0);
        unit_disk_down();
    }
}

/* 5.2.5.2: not on a legacy device, nor where it is not offered. */
static void zones_are_not_asked_of_a_disk_without(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        unit_disk_device(version, 1024);
        unit_disk.zoned.max_append = 32;
        if (version == 1)
            model_disk_set_zoned(&unit_dev, MODEL_Z_HA, ZONE, 0);
        zone_up();
        assert_int_equal(unit_dev.accepted >> MF_BLK_ZONED & 1, 0);
        assert_int_equal(zone_report(0, 4), VIO_ENOTSUP);
        assert_int_equal(zone_append(0, 512), VIO_ENOTSUP);
        for (unsigned op = 0; op <= VIO_BLK_ZONE_RESET_ALL; op++)
            assert_int_equal(zone_manage(op, 0), VIO_ENOTSUP);
        assert_int_equal(unit_disk.requests, 0);
        unit_disk_down();
    }
}

/* 5.2.5.1: a device that insists on what excludes each other refuses both. */
static void refuse_discard(struct model_dev *d, uint32_t offset, uint32_t value)
{
    (void)value;
    if (offset == MR_STATUS)
        d->refuse_features = !(d->accepted & MF(MF_BLK_ZONED)) ||
                             (d->accepted & MF(MF_BLK_DISCARD));
}

static void host_managed_device_refuses_discard(void **state)
{
    (void)state;
    zone_device(MODEL_Z_HM);
    model_disk_set_limits(&unit_dev, MF_BLK_DISCARD,
                          (struct model_limits){64, 4, 8});
    unit_dev.on_write = refuse_discard;
    zone_up();
    assert_int_equal(unit_blk.info.zoned.model, MODEL_Z_HM);
    assert_int_equal(unit_blk.info.discard.max_sectors, 0);
    unit_disk_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_all_cases(every_model_is_driven),
        unit_all_cases(discard_and_host_managed_exclude_each_other),
        unit_cases(host_managed_device_refuses_discard),
        unit_all_cases(t_blc_16_zones_that_nobody_could_write_to),
        unit_all_cases(zones_that_turn_into_nonsense),
        unit_all_cases(t_cfg_02_model_changes_behind_the_agreement),
        unit_all_cases(agreement_without_discard_may_fail),
        unit_all_cases(t_blc_16_host_managed_without_its_zones),
        unit_all_cases(zones_that_make_no_sense_are_none),
        unit_all_cases(zones_are_not_asked_of_a_disk_without),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
