/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SCSI commands through a legacy disk.
 */
#include "unit_disk.h"

static struct vio_blk_scsi scsi;
static struct vio_blk_req req;
static uint8_t *cmd, *data, *sense;

static void start(bool asked_for, bool offered, uint32_t version)
{
    unit_disk_device(version, 1024);
    if (offered)
        model_disk_offer(&unit_dev, MF_BLK_SCSI);
    unit_disk_up(&(struct vio_blk_config){.scsi = asked_for});
    cmd = unit_alloc(64, 16);
    data = unit_alloc(16384, 4096);
    sense = unit_alloc(96, 16);
    memcpy(cmd, "inquiry", 8);
}

static int run(size_t cmd_len, size_t data_len, bool device_writes)
{
    scsi = (struct vio_blk_scsi){
        .cmd = {cmd, cmd_len},
        .data = {data, data_len},
        .device_writes = device_writes,
        .sense = {sense, 96},
        .errors = 77,
        .sense_len = 77,
        .residual = 77,
    };
    vio_blk_prep_scsi(&req, &scsi);
    return vio_blk_run(&unit_blk, &req);
}

/* Asked for, offered, and legacy: all three, or nothing is sent. */
static void scsi_is_passed_only_where_all_agree(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        bool works = i == 3;

        start(i & 1, i & 2, i & 4 ? 2 : 1);
        assert_int_equal(run(6, 0, false), works ? 0 : VIO_ENOTSUP);
        assert_int_equal(unit_disk.requests, works);
        assert_int_equal(unit_dev.accepted >> MF_BLK_SCSI & 1, works);
        unit_disk_down();
    }
}

/* LBLK-08, LBLK-11, LBLK-12, with and without ANY_LAYOUT. */
static void data_goes_either_way(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        size_t len = i / 2 * 100;

        start(true, true, 1);
        for (unsigned k = 0; k < 96; k++)
            unit_disk.scsi.sense[k] = (uint8_t)(k + 1);
        memset(unit_disk.scsi.data, 0x77, 4096);
        memset(data, 0x33, 4096);
        assert_int_equal(run(6 + i, len, i & 1), 0);
        assert_int_equal(unit_disk.scsi.cmd_len, 6 + i);
        assert_memory_equal(unit_disk.scsi.cmd, cmd, 6 + i);
        assert_int_equal(unit_disk.scsi.data_len, len);
        assert_memory_equal(unit_disk.scsi.data, data, len);
        assert_int_equal(data[0], i & 1 && len ? 0x77 : 0x33);
        assert_int_equal(data[len], 0x33);
        assert_memory_equal(sense, unit_disk.scsi.sense, 96);
        unit_disk_down();
    }
}

/* LBLK-09: the length of the data is ignored. */
static void answer_is_taken_within_its_bounds(void **state)
{
    static const struct {
        uint32_t errors, sense_len, residual;
        uint32_t sense_is, residual_is;
    } table[] = {
        {0, 0, 0, 0, 0},       {2, 18, 100, 18, 100},  {~0u, 96, 512, 96, 512},
        {2, 97, 513, 96, 512}, {2, ~0u, ~0u, 96, 512},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        start(true, true, 1);
        unit_disk.scsi.errors = table[i].errors;
        unit_disk.scsi.sense_len = table[i].sense_len;
        unit_disk.scsi.residual = table[i].residual;
        assert_int_equal(run(10, 512, true), 0);
        assert_int_equal(scsi.errors, table[i].errors);
        assert_int_equal(scsi.sense_len, table[i].sense_is);
        assert_int_equal(scsi.residual, table[i].residual_is);
        unit_disk_down();
    }
}

static void bad_commands_are_refused(void **state)
{
    (void)state;
    start(true, true, 1);
    assert_int_equal(run(0, 512, true), VIO_EINVAL);
    assert_int_equal(run(SIZE_MAX, 512, true), VIO_E2BIG);
    assert_int_equal(run(6, SIZE_MAX, true), VIO_E2BIG);
    run(6, 0, false);
    for (size_t len = 0; len < 200; len += 95) {
        scsi.sense.len = len;
        vio_blk_prep_scsi(&req, &scsi);
        assert_int_equal(vio_blk_run(&unit_blk, &req), VIO_EINVAL);
    }
    assert_int_equal(unit_disk.requests, 1);
    unit_disk_down();
}

/* What has to be one descriptor is, or the request is refused; nothing stays
 * mapped of it. */
static void command_and_sense_are_not_cut_up(void **state)
{
    (void)state;
    start(true, true, 1);
    unit_env.map_by_page = true;
    assert_int_equal(run(16, 8192, true), 0); /* two pages of data: fine */
    assert_int_equal(run(16, 8192 + 512, true), VIO_E2BIG);
    cmd = data + 4096 - 8;
    assert_int_equal(run(8, 0, true), 0);
    assert_int_equal(run(16, 0, true), VIO_E2BIG);
    cmd = data;
    sense = data + 4096 - 95;
    assert_int_equal(run(16, 0, true), VIO_E2BIG);
    assert_int_equal(unit_env.maps, unit_env.unmaps);
    assert_int_equal(unit_disk.requests, 2);
    unit_disk_down();
}

/* A failure tells nothing else. */
static void failure_leaves_the_answer_alone(void **state)
{
    (void)state;
    start(true, true, 1);
    unit_disk_fault((struct model_fault){.set_status = true, .status = 1});
    assert_int_equal(run(6, 512, true), VIO_EIO);
    assert_int_equal(scsi.errors, 77);
    assert_int_equal(scsi.residual, 77);
    unit_disk.fault.status = 2;
    assert_int_equal(run(6, 512, true), VIO_ENOTSUP);
    unit_disk_well();
    assert_int_equal(run(6, 512, true), VIO_ENOTSUP); /* not asked again */
    assert_int_equal(unit_disk.requests, 2);
    unit_disk_down();
}

/* With tables and without: as many as the depth says in flight. */
static void many_commands_are_in_flight(void **state)
{
    static struct vio_blk_scsi s[64];
    static struct vio_blk_req r[64], *done[64];

    (void)state;
    for (unsigned indirect = 0; indirect < 2; indirect++) {
        unsigned depth;

        unit_disk_device(1, 1024);
        model_disk_offer(&unit_dev, MF_BLK_SCSI);
        unit_dev.offered |= indirect ? MF(MF_INDIRECT) : 0;
        unit_disk_up(&(struct vio_blk_config){.scsi = true, .queue_size = 64});
        depth = unit_blk.info.depth;
        assert_int_equal(unit_blk.info.indirect, indirect);
        cmd = unit_alloc(64, 16);
        data = unit_alloc(64 * 96, 16);
        for (unsigned i = 0; i < depth; i++) {
            s[i] = (struct vio_blk_scsi){.cmd = {cmd, 6},
                                         .sense = {data + 96 * i, 96}};
            vio_blk_prep_scsi(&r[i], &s[i]);
            assert_int_equal(vio_blk_queue(unit_blk.queue, &r[i]), 0);
        }
        assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
        assert_int_equal(vio_blk_reap(unit_blk.queue, done, 64), depth);
        unit_disk_down();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_all_cases(scsi_is_passed_only_where_all_agree),
        unit_all_cases(data_goes_either_way),
        unit_all_cases(answer_is_taken_within_its_bounds),
        unit_all_cases(bad_commands_are_refused),
        unit_all_cases(command_and_sense_are_not_cut_up),
        unit_all_cases(failure_leaves_the_answer_alone),
        unit_all_cases(many_commands_are_in_flight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
