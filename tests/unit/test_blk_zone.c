/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Zoned disks: host-managed, host-aware, and those that only say so.
 */
#include "unit_disk.h"

#define ZONE  64u /* sectors */
#define ZONES 16u

static uint8_t *data;
static struct vio_buf buf;
static struct vio_blk_req req;
static uint64_t where;

static void device(uint8_t model)
{
    unit_disk_device(2, ZONE * ZONES);
    unit_disk.zoned.max_append = 32;
    model_disk_set_zoned(&unit_dev, model, ZONE, 2);
}

static void up(void)
{
    unit_disk_up(&(struct vio_blk_config){.max_ranges = 4});
    data = unit_alloc(64 * 1024, 16);
}

static void start(uint8_t model)
{
    device(model);
    up();
}

static uint64_t at(unsigned zone)
{
    return (uint64_t)zone * ZONE;
}

static int manage(enum vio_blk_zone_op op, uint64_t sector)
{
    vio_blk_prep_zone(&req, op, sector);
    return vio_blk_run(&unit_blk, &req);
}

static int append(uint64_t sector, size_t bytes)
{
    buf = (struct vio_buf){data, bytes};
    where = 77;
    vio_blk_prep_zone_append(&req, sector, &buf, 1, &where);
    return vio_blk_run(&unit_blk, &req);
}

static int report(uint64_t sector, unsigned zones)
{
    buf = (struct vio_buf){data, 64 + 64 * zones};
    vio_blk_prep_zone_report(&req, sector, &buf);
    return vio_blk_run(&unit_blk, &req);
}

static unsigned state_of(unsigned zone)
{
    return unit_disk.zoned.zone[zone].state;
}

/* BLKZ-01, BLKZ-03: every model comes up, and is what it says. */
static void every_model_is_driven(void **state)
{
    (void)state;
    for (uint8_t model = MODEL_Z_NONE; model <= MODEL_Z_HA; model++) {
        const struct vio_blk_zoned *z = &unit_blk.info.zoned;

        start(model);
        assert_int_equal(z->model, model);
        assert_int_equal(z->zone_sectors, model ? ZONE : 0);
        assert_int_equal(z->max_append_sectors, model ? 32 : 0);
        assert_int_equal(z->write_granularity, model ? 512 : 0);
        assert_int_equal(report(0, 4), model ? 0 : VIO_ENOTSUP);
        assert_int_equal(vio_blk_read(&unit_blk, 1, data, 512), 0);
        unit_disk_down();
    }
}

/* BLKZ-02, BLKZ-03. */
static void discard_and_host_managed_exclude_each_other(void **state)
{
    (void)state;
    for (uint8_t model = MODEL_Z_NONE; model <= MODEL_Z_HA; model++) {
        bool hm = model == MODEL_Z_HM;

        device(model);
        model_disk_set_limits(&unit_dev, MF_BLK_DISCARD,
                              (struct model_limits){64, 4, 1});
        up();
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

/* BLKZ-02 holds for one that says nonsense of its zones, too. */
static void host_managed_nonsense_is_not_discarded(void **state)
{
    (void)state;
    for (uint32_t field = 72; field <= 88; field += 16) {
        device(MODEL_Z_HM);
        model_disk_set_limits(&unit_dev, MF_BLK_DISCARD,
                              (struct model_limits){64, 4, 1});
        model_config_put(&unit_dev, field, 4, 0); /* zone size or granularity */
        up();
        assert_int_equal(unit_blk.info.zoned.model, MODEL_Z_NONE);
        assert_int_equal(unit_dev.accepted >> MF_BLK_DISCARD & 1, 0);
        assert_int_equal(unit_dev.accepted >> MF_BLK_ZONED & 1, 1);
        assert_int_equal(vio_blk_discard(&unit_blk, 0, 64), VIO_ENOTSUP);
        assert_int_equal(vio_blk_read(&unit_blk, 1, data, 512), 0);
        unit_disk_down();
    }
}

/* T-BLC-16, BLKZ-04: where zones are out of the driver's reach a host-managed
 * disk does not come up, and is told so. */
static void t_blc_16_host_managed_without_its_zones(void **state)
{
    (void)state;
    device(MODEL_Z_HM);
    unit_dev.length = 0x100 + 72;
    assert_int_equal(unit_disk_try(NULL), VIO_EPROTO);
    assert_int_equal(unit_dev.accepted >> MF_BLK_ZONED & 1, 0);
    assert_int_equal(unit_dev.status & (MS_FAILED | MS_DRIVER_OK), MS_FAILED);
    assert_int_equal(unit_mmio.dev.why.reason, VIO_WHY_FEATURES_REJECTED);
    assert_int_equal(unit_disk.requests, 0);
    /* A host-aware one is a disk like any other then. BLKZ-05, BLKZ-06 */
    device(MODEL_Z_HA);
    unit_dev.length = 0x100 + 72;
    up();
    assert_int_equal(unit_blk.info.zoned.model, MODEL_Z_NONE);
    assert_int_equal(vio_blk_write(&unit_blk, at(4) + 8, data, 512), 0);
    unit_disk_down();
}

static void zones_that_make_no_sense_are_none(void **state)
{
    static const struct {
        uint8_t model;
        uint32_t zone, granularity;
    } table[] = {{3, 64, 512}, {255, 64, 512}, {2, 0, 512}, {2, 64, 0},
                 {2, 64, 100}, {2, 64, 513},   {0, 64, 512}};

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        device(MODEL_Z_HA);
        model_config_put(&unit_dev, 72, 4, table[i].zone);
        model_config_put(&unit_dev, 88, 4, table[i].granularity);
        model_config_put(&unit_dev, 92, 1, table[i].model);
        up();
        assert_int_equal(unit_blk.info.zoned.model, MODEL_Z_NONE);
        assert_int_equal(report(0, 1), VIO_ENOTSUP);
        assert_int_equal(append(0, 512), VIO_ENOTSUP);
        assert_int_equal(manage(VIO_BLK_ZONE_RESET_ALL, 0), VIO_ENOTSUP);
        assert_int_equal(unit_disk.requests, 0);
        assert_int_equal(vio_blk_write(&unit_blk, 1, data, 512), 0);
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
        up();
        assert_int_equal(unit_dev.accepted >> MF_BLK_ZONED & 1, 0);
        assert_int_equal(report(0, 4), VIO_ENOTSUP);
        assert_int_equal(append(0, 512), VIO_ENOTSUP);
        for (unsigned op = 0; op <= VIO_BLK_ZONE_RESET_ALL; op++)
            assert_int_equal(manage(op, 0), VIO_ENOTSUP);
        assert_int_equal(unit_disk.requests, 0);
        unit_disk_down();
    }
}

/* BLKZ-08, BLKZ-09: from any sector of the first zone on. */
static void report_tells_every_zone(void **state)
{
    struct vio_blk_zone zone;

    (void)state;
    start(MODEL_Z_HM);
    assert_int_equal(vio_blk_write(&unit_blk, at(3), data, 1024), 0);
    for (uint64_t from = 0; from < ZONE * ZONES; from += 37) {
        unsigned first = (unsigned)(from / ZONE), n = ZONES - first;

        memset(data, 0xff, 4096);
        assert_int_equal(report(from, ZONES), 0);
        assert_int_equal(vio_blk_zone_count(&buf), n);
        for (unsigned i = 0; i < n; i++) {
            assert_int_equal(vio_blk_zone_get(&buf, i, &zone), 0);
            assert_int_equal(zone.start, at(first + i));
            assert_int_equal(zone.capacity, ZONE);
            assert_int_equal(zone.type, first + i < 2 ? 1 : 2);
            assert_int_equal(zone.state, state_of(first + i));
            assert_int_equal(zone.write_pointer,
                             at(first + i) + (first + i == 3 ? 2 : 0));
        }
        assert_int_equal(vio_blk_zone_get(&buf, n, &zone), VIO_ERANGE);
    }
    assert_int_equal(report(0, 3), 0);
    assert_int_equal(vio_blk_zone_count(&buf), 3);
    unit_disk_down();
}

static void report_buffer_holds_whole_zones(void **state)
{
    static const size_t lens[] = {0, 1, 64, 127, 129, 64 + 127, 3000};

    (void)state;
    start(MODEL_Z_HM);
    for (size_t i = 0; i < COUNT(lens); i++) {
        buf = (struct vio_buf){data, lens[i]};
        vio_blk_prep_zone_report(&req, 0, &buf);
        assert_int_equal(vio_blk_run(&unit_blk, &req), VIO_EINVAL);
    }
    assert_int_equal(report(ZONE * ZONES, 1), VIO_ERANGE);
    assert_int_equal(report(~(uint64_t)0, 1), VIO_ERANGE);
    assert_int_equal(unit_disk.requests, 0);
    unit_disk_down();
}

/* A used length without a single zone, or past the buffer, is a lie. */
static void report_without_content_is_refused(void **state)
{
    static const struct {
        uint32_t len;
        int result;
    } table[] = {{0, VIO_EPROTO}, {1, VIO_EPROTO}, {64, VIO_EPROTO},
                 {65, 0},         {193, 0},        {194, VIO_EPROTO}};

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        start(MODEL_Z_HM);
        unit_disk.fault_types = 1u << 16;
        unit_disk.fault.set_len = true;
        unit_disk.fault.len = table[i].len;
        assert_int_equal(report(0, 2), table[i].result);
        unit_disk_down();
    }
}

/* BLKZ-10, BLKZ-11: each state, and the way there. */
static void zones_go_through_their_states(void **state)
{
    (void)state;
    start(MODEL_Z_HM);
    assert_int_equal(manage(VIO_BLK_ZONE_OPEN, at(4)), 0);
    assert_int_equal(state_of(4), MODEL_ZS_EOPEN);
    assert_int_equal(manage(VIO_BLK_ZONE_CLOSE, at(4)), 0);
    assert_int_equal(state_of(4), MODEL_ZS_EMPTY);
    assert_int_equal(vio_blk_write(&unit_blk, at(4), data, 512), 0);
    assert_int_equal(state_of(4), MODEL_ZS_IOPEN);
    assert_int_equal(manage(VIO_BLK_ZONE_CLOSE, at(4)), 0);
    assert_int_equal(state_of(4), MODEL_ZS_CLOSED);
    assert_int_equal(manage(VIO_BLK_ZONE_FINISH, at(4)), 0);
    assert_int_equal(state_of(4), MODEL_ZS_FULL);
    assert_int_equal(vio_blk_write(&unit_blk, at(4) + 1, data, 512), VIO_EZONE);
    assert_int_equal(manage(VIO_BLK_ZONE_RESET, at(4)), 0);
    assert_int_equal(state_of(4), MODEL_ZS_EMPTY);
    assert_int_equal(vio_blk_write(&unit_blk, at(5), data, ZONE * 512), 0);
    assert_int_equal(state_of(5), MODEL_ZS_FULL);
    assert_int_equal(manage(VIO_BLK_ZONE_RESET_ALL, 12345), 0);
    assert_int_equal(unit_disk.last.sector, 0);
    assert_int_equal(state_of(5), MODEL_ZS_EMPTY);
    unit_disk_down();
}

static void zone_requests_name_the_first_sector(void **state)
{
    (void)state;
    start(MODEL_Z_HM);
    for (unsigned op = 0; op < VIO_BLK_ZONE_RESET_ALL; op++) {
        assert_int_equal(manage(op, at(4) + 1), VIO_EINVAL);
        assert_int_equal(manage(op, at(5) - 1), VIO_EINVAL);
        assert_int_equal(manage(op, ZONE * ZONES), VIO_ERANGE);
        assert_int_equal(manage(op, ~(uint64_t)0), VIO_ERANGE);
    }
    assert_int_equal(append(at(4) + 1, 512), VIO_EINVAL);
    assert_int_equal(append(ZONE * ZONES, 512), VIO_ERANGE);
    assert_int_equal(unit_disk.requests, 0);
    unit_disk_down();
}

/* Statuses 3 to 6: each of them, by what causes it. */
static void rules_of_zones_are_told_by_ezone(void **state)
{
    (void)state;
    device(MODEL_Z_HM);
    unit_disk.zoned.max_open = 2;
    unit_disk.zoned.max_active = 3;
    model_disk_set_zoned(&unit_dev, MODEL_Z_HM, ZONE, 2);
    up();
    assert_int_equal(unit_blk.info.zoned.max_open, 2);
    assert_int_equal(unit_blk.info.zoned.max_active, 3);
    assert_int_equal(manage(VIO_BLK_ZONE_OPEN, 0), VIO_EZONE); /* conv. */
    assert_int_equal(vio_blk_write(&unit_blk, at(4) + 8, data, 512), VIO_EZONE);
    assert_int_equal(vio_blk_write(&unit_blk, at(3), data, ZONE * 512 + 512),
                     VIO_EZONE);
    assert_int_equal(manage(VIO_BLK_ZONE_OPEN, at(4)), 0);
    assert_int_equal(manage(VIO_BLK_ZONE_OPEN, at(5)), 0);
    assert_int_equal(manage(VIO_BLK_ZONE_OPEN, at(6)), VIO_EZONE);
    assert_int_equal(vio_blk_write(&unit_blk, at(4), data, 512), 0);
    assert_int_equal(manage(VIO_BLK_ZONE_CLOSE, at(4)), 0);
    assert_int_equal(manage(VIO_BLK_ZONE_OPEN, at(6)), 0);
    assert_int_equal(append(at(7), 512), VIO_EZONE); /* 3 are active */
    assert_int_equal(where, 77);
    /* None of that disables anything. */
    assert_int_equal(manage(VIO_BLK_ZONE_RESET_ALL, 0), 0);
    assert_int_equal(append(at(7), 512), 0);
    unit_disk_down();
}

/* BLKZ-15: and each of the appends says where it landed. */
static void append_tells_where_the_data_landed(void **state)
{
    (void)state;
    start(MODEL_Z_HM);
    for (unsigned i = 0; i < 16; i++) {
        memset(data, (int)i + 1, 2048);
        assert_int_equal(append(at(6), 2048), 0);
        assert_int_equal(where, at(6) + 4 * i);
        assert_memory_equal(unit_disk.data + where * 512, data, 2048);
        assert_int_equal(unit_disk.last.sector, at(6));
    }
    assert_int_equal(append(at(6), 512), VIO_EZONE); /* full */
    unit_disk_down();
}

/* BLKZ-13, BLKZ-14, BLKZ-16. */
static void append_obeys_granularity_and_maximum(void **state)
{
    (void)state;
    device(MODEL_Z_HM);
    unit_disk.zoned.granularity = 4096;
    model_disk_set_zoned(&unit_dev, MODEL_Z_HM, ZONE, 0);
    up();
    assert_int_equal(append(at(1), 512), VIO_EINVAL);
    assert_int_equal(append(at(1), 4096 + 512), VIO_EINVAL);
    assert_int_equal(append(at(1), 100), VIO_EINVAL);
    assert_int_equal(append(at(1), 0), VIO_EINVAL);
    assert_int_equal(append(at(1), 20480), VIO_E2BIG);
    assert_int_equal(unit_disk.requests, 0);
    assert_int_equal(append(at(1), 4096), 0);
    assert_int_equal(append(at(1), 16384), 0);
    unit_disk_down();
}

static void append_that_is_not_offered_is_not_sent(void **state)
{
    (void)state;
    device(MODEL_Z_HA);
    model_config_put(&unit_dev, 84, 4, 0);
    up();
    assert_int_equal(append(at(1), 512), VIO_ENOTSUP);
    assert_int_equal(unit_disk.requests, 0);
    assert_int_equal(manage(VIO_BLK_ZONE_OPEN, at(4)), 0);
    unit_disk_down();
}

/* The place that the device names is outside the zone. */
static struct model_disk *lying;
static int64_t (*serve)(struct model_dev *d, struct model_chain *c);
static uint64_t lie;

static int64_t tell_lies(struct model_dev *d, struct model_chain *c)
{
    int64_t len = serve(d, c);
    uint8_t answer[8];

    for (unsigned i = 0; i < 8; i++)
        answer[i] = (uint8_t)(lie >> 8 * i);
    if (lying->last.type == 15)
        model_chain_write(c, 0, answer, 8);
    return len;
}

static void append_outside_the_zone_is_a_broken_rule(void **state)
{
    static const uint64_t lies[] = {0, 6 * ZONE - 1, 7 * ZONE, ~(uint64_t)0};
    struct vio_blk_stats stats;

    (void)state;
    for (size_t i = 0; i < COUNT(lies); i++) {
        start(MODEL_Z_HM);
        lying = &unit_disk;
        lie = lies[i];
        serve = unit_dev.serve;
        unit_dev.serve = tell_lies;
        assert_int_equal(append(at(6), 512), VIO_EPROTO);
        assert_int_equal(where, 77);
        vio_blk_get_stats(&unit_blk, &stats);
        assert_int_equal(stats.protocol_errors, 1);
        unit_disk_down();
    }
}

/* BLKZ-19, and the driver asks for nothing else. */
static void zones_are_erased_as_a_whole(void **state)
{
    struct vio_blk_range range[] = {
        {at(4), ZONE}, {at(5), ZONE / 2}, {at(5) + 1, ZONE}, {at(6), 2 * ZONE}};

    (void)state;
    device(MODEL_Z_HM);
    model_disk_set_limits(&unit_dev, MF_BLK_SECURE_ERASE,
                          (struct model_limits){3 * ZONE - 1, 4, ZONE});
    up();
    for (unsigned i = 0; i < COUNT(range); i++) {
        vio_blk_prep_secure_erase(&req, &range[i], 1);
        assert_int_equal(vio_blk_run(&unit_blk, &req),
                         i == 1 || i == 2 ? VIO_EINVAL : 0);
    }
    assert_int_equal(vio_blk_write(&unit_blk, at(9), data, 512), 0);
    assert_int_equal(vio_blk_secure_erase(&unit_blk, at(2), 14 * ZONE), 0);
    assert_int_equal(unit_disk.longest_range, 2 * ZONE);
    assert_int_equal(state_of(9), MODEL_ZS_EMPTY);
    unit_disk_down();
}

/* BLKZ-16 to BLKZ-18: the library knows no write pointer. A plain write is sent
 * as it is, and what the device says of it is told. */
static void plain_writes_of_zones_are_the_callers(void **state)
{
    (void)state;
    device(MODEL_Z_HM);
    unit_disk.zoned.granularity = 4096;
    model_disk_set_zoned(&unit_dev, MODEL_Z_HM, ZONE, 2);
    up();
    assert_int_equal(vio_blk_write(&unit_blk, at(4), data, 512), VIO_EZONE);
    assert_int_equal(vio_blk_write(&unit_blk, at(4) + 1, data, 4096),
                     VIO_EZONE);
    assert_int_equal(vio_blk_write(&unit_blk, at(4), data, 4096), 0);
    assert_int_equal(vio_blk_write(&unit_blk, at(4) + 8, data, ZONE * 512),
                     VIO_EZONE);
    assert_int_equal(unit_disk.zoned.zone[4].write_pointer, at(4) + 8);
    assert_int_equal(vio_blk_write(&unit_blk, 1, data, 512), 0); /* conv. */
    unit_disk_down();
}

/* A zone may be written anywhere by a host-aware disk's user. */
static void host_aware_disk_takes_random_writes(void **state)
{
    (void)state;
    start(MODEL_Z_HA);
    assert_int_equal(vio_blk_write(&unit_blk, at(4) + 8, data, 512), 0);
    assert_int_equal(vio_blk_write(&unit_blk, at(4), data, 512), 0);
    assert_int_equal(report(at(4), 1), 0);
    assert_int_equal(append(at(4), 512), VIO_EZONE); /* of SWR zones only */
    unit_disk_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_all_cases(every_model_is_driven),
        unit_all_cases(discard_and_host_managed_exclude_each_other),
        unit_all_cases(host_managed_nonsense_is_not_discarded),
        unit_all_cases(t_blc_16_host_managed_without_its_zones),
        unit_all_cases(zones_that_make_no_sense_are_none),
        unit_all_cases(zones_are_not_asked_of_a_disk_without),
        unit_all_cases(report_tells_every_zone),
        unit_all_cases(report_buffer_holds_whole_zones),
        unit_all_cases(report_without_content_is_refused),
        unit_all_cases(zones_go_through_their_states),
        unit_all_cases(zone_requests_name_the_first_sector),
        unit_all_cases(rules_of_zones_are_told_by_ezone),
        unit_all_cases(append_tells_where_the_data_landed),
        unit_all_cases(append_obeys_granularity_and_maximum),
        unit_all_cases(append_that_is_not_offered_is_not_sent),
        unit_all_cases(append_outside_the_zone_is_a_broken_rule),
        unit_all_cases(zones_are_erased_as_a_whole),
        unit_all_cases(plain_writes_of_zones_are_the_callers),
        unit_all_cases(host_aware_disk_takes_random_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
