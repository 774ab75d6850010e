/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Using zoned disks: reports, states, appends, writes.
 */
#include "unit_zone.h"

/* BLKZ-08, BLKZ-09: from any sector of the first zone on. */
static void report_tells_every_zone(void **state)
{
    struct vio_blk_zone zone;

    (void)state;
    zone_start(MODEL_Z_HM);
    assert_int_equal(vio_blk_write(&unit_blk, zone_at(3), zone_data, 1024), 0);
    for (uint64_t from = 0; from < ZONE * ZONES; from += 37) {
        unsigned first = (unsigned)(from / ZONE), n = ZONES - first;

        memset(zone_data, 0xff, 4096);
        assert_int_equal(zone_report(from, ZONES), 0);
        assert_int_equal(vio_blk_zone_count(&zone_buf), n);
        for (unsigned i = 0; i < n; i++) {
            assert_int_equal(vio_blk_zone_get(&zone_buf, i, &zone), 0);
            assert_int_equal(zone.start, zone_at(first + i));
            assert_int_equal(zone.capacity, ZONE);
            assert_int_equal(zone.type, first + i < 2 ? VIRTIO_BLK_ZT_CONV
                                                      : VIRTIO_BLK_ZT_SWR);
            assert_int_equal(zone.state, zone_state_of(first + i));
            assert_int_equal(zone.write_pointer,
                             zone_at(first + i) + (first + i == 3 ? 2 : 0));
        }
        assert_int_equal(vio_blk_zone_get(&zone_buf, n, &zone), VIO_ERANGE);
    }
    assert_int_equal(zone_report(0, 3), 0);
    assert_int_equal(vio_blk_zone_count(&zone_buf), 3);
    unit_disk_down();
}

static void report_buffer_holds_whole_zones(void **state)
{
    static const size_t lens[] = {0, 1, 64, 127, 129, 64 + 127, 3000};

    (void)state;
    zone_start(MODEL_Z_HM);
    for (size_t i = 0; i < COUNT(lens); i++) {
        zone_buf = (struct vio_buf){zone_data, lens[i]};
        vio_blk_prep_zone_report(&zone_req, 0, &zone_buf);
        assert_int_equal(vio_blk_run(&unit_blk, &zone_req), VIO_EINVAL);
    }
    assert_int_equal(zone_report(ZONE * ZONES, 1), VIO_ERANGE);
    assert_int_equal(zone_report(~(uint64_t)0, 1), VIO_ERANGE);
    assert_int_equal(unit_disk.requests, 0);
    unit_disk_down();
}

/* SPLIT-17: what lies past the used length is not of the report. One that
 * counts two zones has them, and nothing is past the buffer. */
static void report_without_content_is_refused(void **state)
{
    static const struct {
        uint32_t len;
        int result;
    } table[] = {{0, VIO_EPROTO},  {1, VIO_EPROTO},   {64, VIO_EPROTO},
                 {65, VIO_EPROTO}, {192, VIO_EPROTO}, {193, 0},
                 {194, VIO_EPROTO}};

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        zone_start(MODEL_Z_HM);
        unit_disk.fault_types = 1u << VIRTIO_BLK_T_ZONE_REPORT;
        unit_disk.fault.set_len = true;
        unit_disk.fault.len = table[i].len;
        assert_int_equal(zone_report(0, 2), table[i].result);
        unit_disk_down();
    }
}

/* The state of a zone, as a report has it. */
static unsigned reported_state(unsigned i)
{
    struct vio_blk_zone zone;

    assert_int_equal(zone_report(zone_at(i), 1), 0);
    assert_int_equal(vio_blk_zone_get(&zone_buf, 0, &zone), 0);
    return zone.state;
}

/* BLKZ-10, BLKZ-11: each state, and the way there. */
static void zones_go_through_their_states(void **state)
{
    (void)state;
    zone_start(MODEL_Z_HM);
    assert_int_equal(zone_manage(VIO_BLK_ZONE_OPEN, zone_at(4)), 0);
    assert_int_equal(reported_state(4), VIRTIO_BLK_ZS_EOPEN);
    assert_int_equal(zone_manage(VIO_BLK_ZONE_CLOSE, zone_at(4)), 0);
    assert_int_equal(reported_state(4), VIRTIO_BLK_ZS_EMPTY);
    assert_int_equal(vio_blk_write(&unit_blk, zone_at(4), zone_data, 512), 0);
    assert_int_equal(reported_state(4), VIRTIO_BLK_ZS_IOPEN);
    assert_int_equal(zone_manage(VIO_BLK_ZONE_CLOSE, zone_at(4)), 0);
    assert_int_equal(reported_state(4), VIRTIO_BLK_ZS_CLOSED);
    assert_int_equal(zone_manage(VIO_BLK_ZONE_FINISH, zone_at(4)), 0);
    assert_int_equal(reported_state(4), VIRTIO_BLK_ZS_FULL);
    assert_int_equal(vio_blk_write(&unit_blk, zone_at(4) + 1, zone_data, 512),
                     VIO_EZONE);
    assert_int_equal(zone_manage(VIO_BLK_ZONE_RESET, zone_at(4)), 0);
    assert_int_equal(reported_state(4), VIRTIO_BLK_ZS_EMPTY);
    assert_int_equal(
        vio_blk_write(&unit_blk, zone_at(5), zone_data, ZONE * 512), 0);
    assert_int_equal(reported_state(5), VIRTIO_BLK_ZS_FULL);
    assert_int_equal(zone_manage(VIO_BLK_ZONE_RESET_ALL, 12345), 0);
    assert_int_equal(unit_disk.last.sector, 0);
    assert_int_equal(reported_state(5), VIRTIO_BLK_ZS_EMPTY);
    unit_disk_down();
}

static void zone_requests_name_the_first_sector(void **state)
{
    (void)state;
    zone_start(MODEL_Z_HM);
    for (unsigned op = 0; op < VIO_BLK_ZONE_RESET_ALL; op++) {
        assert_int_equal(zone_manage(op, zone_at(4) + 1), VIO_EINVAL);
        assert_int_equal(zone_manage(op, zone_at(5) - 1), VIO_EINVAL);
        assert_int_equal(zone_manage(op, ZONE * ZONES), VIO_ERANGE);
        assert_int_equal(zone_manage(op, ~(uint64_t)0), VIO_ERANGE);
    }
    assert_int_equal(zone_append(zone_at(4) + 1, 512), VIO_EINVAL);
    assert_int_equal(zone_append(ZONE * ZONES, 512), VIO_ERANGE);
    assert_int_equal(unit_disk.requests, 0);
    unit_disk_down();
}

/* An operation that is none becomes no other request, on any disk. */
static void operation_that_is_none_is_refused(void **state)
{
    static const unsigned ops[] = {VIO_BLK_ZONE_RESET_ALL + 1,
                                   VIO_BLK_ZONE_RESET_ALL + 2,
                                   VIO_BLK_ZONE_RESET_ALL + 3,
                                   VIO_BLK_ZONE_RESET_ALL + 4,
                                   100,
                                   0xf7,
                                   0xf8,
                                   0xf9,
                                   0x100,
                                   0x80000000,
                                   ~0u - 7,
                                   ~0u};

    (void)state;
    for (uint8_t model = MODEL_Z_NONE; model <= MODEL_Z_HA; model++) {
        zone_start(model);
        for (size_t i = 0; i < COUNT(ops); i++) {
            /* As if the struct had been another request. */
            memset(&zone_req, 0xa5, sizeof(zone_req));
            assert_int_equal(
                zone_manage((enum vio_blk_zone_op)ops[i], zone_at(4)),
                VIO_EINVAL);
            assert_int_equal(zone_req.state, VIO_BLK_IDLE);
        }
        assert_int_equal(unit_disk.requests, 0);
        unit_disk_down();
    }
}

/* Statuses 3 to 6: each of them, by what causes it. */
static void rules_of_zones_are_told_by_ezone(void **state)
{
    (void)state;
    zone_device(MODEL_Z_HM);
    unit_disk.zoned.max_open = 2;
    unit_disk.zoned.max_active = 3;
    model_disk_set_zoned(&unit_dev, MODEL_Z_HM, ZONE, 2);
    zone_up();
    assert_int_equal(unit_blk.info.zoned.max_open, 2);
    assert_int_equal(unit_blk.info.zoned.max_active, 3);
    assert_int_equal(zone_manage(VIO_BLK_ZONE_OPEN, 0), VIO_EZONE); /* conv. */
    assert_int_equal(vio_blk_write(&unit_blk, zone_at(4) + 8, zone_data, 512),
                     VIO_EZONE);
    zone_buf = (struct vio_buf){zone_data, ZONE * 512 + 512};
    vio_blk_prep_write(&zone_req, zone_at(3), &zone_buf, 1);
    assert_int_equal(vio_blk_run(&unit_blk, &zone_req), VIO_EZONE);
    vio_blk_prep_read(&zone_req, zone_at(3), &zone_buf, 1);
    assert_int_equal(vio_blk_run(&unit_blk, &zone_req), VIO_EZONE);
    assert_int_equal(zone_manage(VIO_BLK_ZONE_OPEN, zone_at(4)), 0);
    assert_int_equal(zone_manage(VIO_BLK_ZONE_OPEN, zone_at(5)), 0);
    assert_int_equal(zone_manage(VIO_BLK_ZONE_OPEN, zone_at(6)), VIO_EZONE);
    assert_int_equal(vio_blk_write(&unit_blk, zone_at(4), zone_data, 512), 0);
    assert_int_equal(zone_manage(VIO_BLK_ZONE_CLOSE, zone_at(4)), 0);
    assert_int_equal(zone_manage(VIO_BLK_ZONE_OPEN, zone_at(6)), 0);
    assert_int_equal(zone_append(zone_at(7), 512),
                     VIO_EZONE); /* 3 are active */
    assert_int_equal(zone_where, 77);
    /* None of that disables anything. */
    assert_int_equal(zone_manage(VIO_BLK_ZONE_RESET_ALL, 0), 0);
    assert_int_equal(zone_append(zone_at(7), 512), 0);
    unit_disk_down();
}

/* A call of any length is divided between zones, where requests have to be. */
static void transfers_are_split_between_zones(void **state)
{
    (void)state;
    for (uint8_t model = MODEL_Z_NONE; model <= MODEL_Z_HA; model++) {
        size_t len = (ZONE + 8) * 512;

        zone_start(model);
        for (size_t i = 0; i < len; i++)
            zone_data[i] = (uint8_t)(i * 7 + i / 512);
        assert_int_equal(vio_blk_write(&unit_blk, zone_at(3), zone_data, len),
                         0);
        assert_memory_equal(unit_disk.data + zone_at(3) * 512, zone_data, len);
        assert_int_equal(unit_disk.requests, model == MODEL_Z_HM ? 2 : 1);
        memset(zone_data, 0, len);
        assert_int_equal(
            vio_blk_read(&unit_blk, zone_at(4) - 8, zone_data, 16 * 512), 0);
        assert_memory_equal(unit_disk.data + (zone_at(4) - 8) * 512, zone_data,
                            16 * 512);
        assert_int_equal(unit_disk.requests, model == MODEL_Z_HM ? 4 : 2);
        unit_disk_down();
    }
}

/* Nobody knows whether a write that was in flight has moved the write pointer:
 * it is not done again. */
static void writes_in_flight_to_zones_are_handed_back(void **state)
{
    struct vio_blk_req req;
    struct vio_buf buf;

    (void)state;
    for (uint8_t model = MODEL_Z_HM; model <= MODEL_Z_HA; model++) {
        bool again = model != MODEL_Z_HM;

        zone_start(model);
        unit_disk_hold();
        buf = (struct vio_buf){zone_data, 512};
        vio_blk_prep_write(&req, zone_at(4), &buf, 1);
        assert_int_equal(vio_blk_queue(unit_blk.queue, &req), 0);
        assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
        unit_disk_well();
        assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT), 0);
        unit_reap_one(&req, again ? 0 : VIO_EIO);
        unit_disk_down();
    }
}

/* T-BLI-02: and what lies beyond them is none, of any request. */
static void every_status_has_its_result(void **state)
{
    (void)state;
    for (unsigned status = 0; status < 256; status++) {
        int wanted = status == 0                  ? 0
                     : status == 2                ? VIO_ENOTSUP
                     : status >= 3 && status <= 6 ? VIO_EZONE
                                                  : VIO_EIO;

        zone_start(MODEL_Z_HM);
        unit_disk_fault((struct model_fault){.set_status = true,
                                             .status = (uint8_t)status});
        assert_int_equal(zone_append(zone_at(4), 512), wanted);
        assert_int_equal(vio_blk_read(&unit_blk, zone_at(1), zone_data, 512),
                         wanted);
        unit_disk_down();
    }
}

/* BLKZ-15: and each of the appends says where it landed. */
static void append_tells_where_the_data_landed(void **state)
{
    (void)state;
    zone_start(MODEL_Z_HM);
    for (unsigned i = 0; i < 16; i++) {
        memset(zone_data, (int)i + 1, 2048);
        assert_int_equal(zone_append(zone_at(6), 2048), 0);
        assert_int_equal(zone_where, zone_at(6) + 4 * i);
        assert_memory_equal(unit_disk.data + zone_where * 512, zone_data, 2048);
        assert_int_equal(unit_disk.last.sector, zone_at(6));
    }
    assert_int_equal(zone_append(zone_at(6), 512), VIO_EZONE); /* full */
    unit_disk_down();
}

/* BLKZ-13, BLKZ-14, BLKZ-16. */
static void append_obeys_granularity_and_maximum(void **state)
{
    (void)state;
    zone_device(MODEL_Z_HM);
    unit_disk.zoned.granularity = 4096;
    model_disk_set_zoned(&unit_dev, MODEL_Z_HM, ZONE, 0);
    zone_up();
    assert_int_equal(zone_append(zone_at(1), 512), VIO_EINVAL);
    assert_int_equal(zone_append(zone_at(1), 4096 + 512), VIO_EINVAL);
    assert_int_equal(zone_append(zone_at(1), 100), VIO_EINVAL);
    assert_int_equal(zone_append(zone_at(1), 0), VIO_EINVAL);
    assert_int_equal(zone_append(zone_at(1), 20480), VIO_E2BIG);
    assert_int_equal(unit_disk.requests, 0);
    assert_int_equal(zone_append(zone_at(1), 4096), 0);
    assert_int_equal(zone_append(zone_at(1), 16384), 0);
    unit_disk_down();
}

static void append_that_is_not_offered_is_not_sent(void **state)
{
    (void)state;
    zone_device(MODEL_Z_HA);
    model_config_put(&unit_dev, 84, 4, 0);
    zone_up();
    assert_int_equal(zone_append(zone_at(1), 512), VIO_ENOTSUP);
    assert_int_equal(unit_disk.requests, 0);
    assert_int_equal(zone_manage(VIO_BLK_ZONE_OPEN, zone_at(4)), 0);
    unit_disk_down();
}

/* The place that the device names is outside the zone. */
static int64_t (*serve)(struct model_dev *d, struct model_chain *c);
static uint64_t lie;

static int64_t tell_lies(struct model_dev *d, struct model_chain *c)
{
    int64_t len = serve(d, c);
    uint8_t answer[8];

    for (unsigned i = 0; i < 8; i++)
        answer[i] = (uint8_t)(lie >> 8 * i);
    if (unit_disk.last.type == VIRTIO_BLK_T_ZONE_APPEND)
        model_chain_write(c, 0, answer, 8);
    return len;
}

static void append_outside_the_zone_is_a_broken_rule(void **state)
{
    static const uint64_t lies[] = {0, 6 * ZONE - 1, 7 * ZONE, ~(uint64_t)0};
    struct vio_blk_stats stats;

    (void)state;
    for (size_t i = 0; i < COUNT(lies); i++) {
        zone_start(MODEL_Z_HM);
        lie = lies[i];
        serve = unit_dev.serve;
        unit_dev.serve = tell_lies;
        assert_int_equal(zone_append(zone_at(6), 512), VIO_EPROTO);
        assert_int_equal(zone_where, 77);
        vio_blk_get_stats(&unit_blk, &stats);
        assert_int_equal(stats.protocol_errors, 1);
        unit_disk_down();
    }
}

/* BLKZ-19, and the driver asks for nothing else. */
static void zones_are_erased_as_a_whole(void **state)
{
    struct vio_blk_range range[] = {{zone_at(4), ZONE},
                                    {zone_at(5), ZONE / 2},
                                    {zone_at(5) + 1, ZONE},
                                    {zone_at(6), 2 * ZONE}};

    (void)state;
    zone_device(MODEL_Z_HM);
    model_disk_set_limits(&unit_dev, MF_BLK_SECURE_ERASE,
                          (struct model_limits){3 * ZONE - 1, 4, ZONE});
    zone_up();
    for (unsigned i = 0; i < COUNT(range); i++) {
        vio_blk_prep_secure_erase(&zone_req, &range[i], 1);
        assert_int_equal(vio_blk_run(&unit_blk, &zone_req),
                         i == 1 || i == 2 ? VIO_EINVAL : 0);
    }
    assert_int_equal(vio_blk_write(&unit_blk, zone_at(9), zone_data, 512), 0);
    assert_int_equal(vio_blk_secure_erase(&unit_blk, zone_at(2), 14 * ZONE), 0);
    assert_int_equal(unit_disk.longest_range, 2 * ZONE);
    assert_int_equal(zone_state_of(9), MODEL_ZS_EMPTY);
    /* Nor does a call erase some before it finds out. */
    unit_disk.requests = 0;
    assert_int_equal(
        vio_blk_secure_erase(&unit_blk, zone_at(2), 5 * ZONE + ZONE / 2),
        VIO_EINVAL);
    assert_int_equal(vio_blk_secure_erase(&unit_blk, zone_at(2) + 1, 5 * ZONE),
                     VIO_EINVAL);
    assert_int_equal(unit_disk.requests, 0);
    unit_disk_down();
}

/* And however much a device takes, and where it likes it to be split: that is
 * in whole zones, if it can be. */
static void splits_of_an_erase_are_whole_zones(void **state)
{
    static const struct {
        uint32_t max, alignment, longest;
    } table[] = {
        {ZONE, ZONE, ZONE},
        {ZONE + 1, 2 * ZONE, ZONE},
        {2 * ZONE - 1, ZONE, ZONE},
        {3 * ZONE / 2, 4 * ZONE, ZONE},
        {ZONE + 7, 0, ZONE},
        {ZONE * 2 + 8, 8, 2 * ZONE},
        {ZONE * 3, ZONE + 1, 3 * ZONE},
    };

    (void)state;
    for (unsigned i = 0; i < COUNT(table); i++) {
        zone_device(MODEL_Z_HM);
        model_disk_set_limits(
            &unit_dev, MF_BLK_SECURE_ERASE,
            (struct model_limits){table[i].max, 1, table[i].alignment});
        zone_up();
        assert_int_equal(vio_blk_secure_erase(&unit_blk, zone_at(2), 9 * ZONE),
                         0);
        assert_int_equal(unit_disk.longest_range, table[i].longest);
        unit_disk_down();
    }
    zone_device(MODEL_Z_HM);
    model_disk_set_limits(&unit_dev, MF_BLK_SECURE_ERASE,
                          (struct model_limits){ZONE - 1, 1, ZONE});
    zone_up();
    assert_int_equal(vio_blk_secure_erase(&unit_blk, zone_at(2), ZONE),
                     VIO_ENOTSUP);
    assert_int_equal(unit_disk.requests, 0);
    unit_disk_down();
}

/* BLKZ-16 to BLKZ-18: the library knows no write pointer. A plain write is sent
 * as it is, and what the device says of it is told. */
static void plain_writes_of_zones_are_the_callers(void **state)
{
    (void)state;
    zone_device(MODEL_Z_HM);
    unit_disk.zoned.granularity = 4096;
    model_disk_set_zoned(&unit_dev, MODEL_Z_HM, ZONE, 2);
    zone_up();
    assert_int_equal(vio_blk_write(&unit_blk, zone_at(4), zone_data, 512),
                     VIO_EZONE);
    assert_int_equal(vio_blk_write(&unit_blk, zone_at(4) + 1, zone_data, 4096),
                     VIO_EZONE);
    assert_int_equal(vio_blk_write(&unit_blk, zone_at(4), zone_data, 4096), 0);
    zone_buf = (struct vio_buf){zone_data, ZONE * 512};
    vio_blk_prep_write(&zone_req, zone_at(4) + 8, &zone_buf, 1);
    assert_int_equal(vio_blk_run(&unit_blk, &zone_req), VIO_EZONE);
    assert_int_equal(unit_disk.zoned.zone[4].write_pointer, zone_at(4) + 8);
    assert_int_equal(vio_blk_write(&unit_blk, 1, zone_data, 512),
                     0); /* conv. */
    unit_disk_down();
}

/* A zone may be written anywhere by a host-aware disk's user. */
static void host_aware_disk_takes_random_writes(void **state)
{
    (void)state;
    zone_start(MODEL_Z_HA);
    assert_int_equal(vio_blk_write(&unit_blk, zone_at(4) + 8, zone_data, 512),
                     0);
    assert_int_equal(vio_blk_write(&unit_blk, zone_at(4), zone_data, 512), 0);
    assert_int_equal(zone_report(zone_at(4), 1), 0);
    assert_int_equal(zone_append(zone_at(4), 512),
                     VIO_EZONE); /* of SWR zones only */
    unit_disk_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_all_cases(report_tells_every_zone),
        unit_all_cases(report_buffer_holds_whole_zones),
        unit_all_cases(report_without_content_is_refused),
        unit_all_cases(zones_go_through_their_states),
        unit_all_cases(zone_requests_name_the_first_sector),
        unit_all_cases(operation_that_is_none_is_refused),
        unit_all_cases(rules_of_zones_are_told_by_ezone),
        unit_all_cases(transfers_are_split_between_zones),
        unit_all_cases(writes_in_flight_to_zones_are_handed_back),
        unit_all_cases(every_status_has_its_result),
        unit_all_cases(append_tells_where_the_data_landed),
        unit_all_cases(append_obeys_granularity_and_maximum),
        unit_all_cases(append_that_is_not_offered_is_not_sent),
        unit_all_cases(append_outside_the_zone_is_a_broken_rule),
        unit_all_cases(zones_are_erased_as_a_whole),
        unit_all_cases(splits_of_an_erase_are_whole_zones),
        unit_all_cases(plain_writes_of_zones_are_the_callers),
        unit_all_cases(host_aware_disk_takes_random_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
