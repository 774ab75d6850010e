/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way back: from a request that is late, a broken queue, a device that asks
 * for a reset; and freezing a disk, and going on.
 */
#include "unit_disk.h"

#define N 8

static struct vio_blk_req req[N], *done[N + 1];
static struct vio_buf buf[N];
static uint8_t *data;
static struct vio_blk_queue *q;
static struct model_queue *mq;

static void start(uint32_t version)
{
    unit_disk_device(version, 1024);
    unit_disk_up(&(struct vio_blk_config){.timeout_ns = 1000000000});
    data = unit_alloc(N * 1024, 16);
    q = unit_blk.queue;
    mq = &unit_dev.queue[0];
}

/* Half of them reads, half of them writes; the device keeps them. */
static void fill(void)
{
    unit_disk_hold();
    for (unsigned i = 0; i < N; i++) {
        uint8_t *p = data + 1024 * i;

        memset(p, (int)i + 1, 1024);
        if (i & 1)
            assert_int_equal(
                unit_queue_write(&req[i], &buf[i], 10 * i, p, 1024), 0);
        else
            assert_int_equal(unit_queue_read(&req[i], &buf[i], 10 * i, p, 1024),
                             0);
    }
    assert_int_equal(vio_blk_submit(q), 0);
    assert_int_equal(mq->n_held, N);
}

/* Each comes back once, with this result. */
static void assert_all_come_back(int result)
{
    unsigned seen = 0;

    assert_int_equal(vio_blk_reap(q, done, N + 1), N);
    for (unsigned i = 0; i < N; i++) {
        seen |= 1u << (done[i] - req);
        assert_int_equal(done[i]->result, result);
        assert_int_equal(done[i]->state, VIO_BLK_IDLE);
    }
    assert_int_equal(seen, (1u << N) - 1);
    assert_int_equal(unit_env.maps, unit_env.unmaps);
}

static void assert_data_moved(void)
{
    for (unsigned i = 0; i < N; i++)
        assert_memory_equal(data + 1024 * i, unit_disk.data + 5120 * i, 1024);
}

static void assert_works(void)
{
    unit_disk_well();
    assert_int_equal(vio_blk_read(&unit_blk, 3, data, 512), 0);
    assert_memory_equal(data, unit_disk.data + 3 * 512, 512);
}

/* One is late; it and the others stay with the device until it is reset. */
static void late_request_is_done_again(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version);
        fill();
        assert_int_equal(vio_blk_wait(q, &req[3], 1000000), VIO_ETIMEDOUT);
        assert_int_equal(unit_env.unmaps, 0);
        assert_int_equal(req[3].state, VIO_BLK_QUEUED);
        unit_disk_well();
        assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT), 0);
        assert_all_come_back(0);
        assert_data_moved();
        assert_works();
        unit_disk_down();
    }
}

static void late_request_is_handed_back(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version);
        fill();
        assert_int_equal(vio_blk_wait(q, &req[0], 1000000), VIO_ETIMEDOUT);
        assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_HAND_BACK), 0);
        assert_all_come_back(VIO_EIO);
        assert_works();
        unit_disk_down();
    }
}

/* What finished before stays as it finished. */
static void finished_requests_are_not_done_again(void **state)
{
    unsigned requests;

    (void)state;
    start(2);
    fill();
    for (unsigned i = 0; i < 3; i++)
        model_disk_finish(&unit_disk, mq, 0);
    assert_int_equal(vio_blk_wait(q, &req[1], 1000000), 0);
    requests = unit_disk.requests;
    unit_disk_well();
    assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT), 0);
    assert_int_equal(unit_disk.requests - requests, N - 3);
    assert_int_equal(vio_blk_reap(q, done, N + 1), N - 1);
    assert_ptr_equal(done[0], &req[0]);
    assert_ptr_equal(done[1], &req[2]);
    unit_disk_down();
}

/* An append would be done twice, and so would who knows what in SCSI. */
static void what_is_not_safe_to_repeat_is_handed_back(void **state)
{
    struct vio_blk_scsi scsi;
    uint64_t where = 77;

    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        unit_disk_device(version, 1024);
        unit_disk.zoned.max_append = 8;
        if (version == 1)
            model_disk_offer(&unit_dev, MF_BLK_SCSI);
        else
            model_disk_set_zoned(&unit_dev, MODEL_Z_HM, 64, 0);
        unit_disk_up(&(struct vio_blk_config){.scsi = true});
        data = unit_alloc(1024, 16);
        unit_disk_hold();
        buf[0] = (struct vio_buf){data, 512};
        scsi = (struct vio_blk_scsi){.cmd = buf[0], .sense = {data + 512, 96}};
        if (version == 1)
            vio_blk_prep_scsi(&req[0], &scsi);
        else
            vio_blk_prep_zone_append(&req[0], 64, buf, 1, &where);
        assert_int_equal(vio_blk_queue(unit_blk.queue, &req[0]), 0);
        assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
        unit_disk_well();
        assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT), 0);
        unit_reap_one(&req[0], VIO_EIO);
        assert_int_equal(unit_disk.requests, 1);
        unit_disk_down();
    }
}

/* T-LIF-02: again and again; each is counted, and the caller decides. */
static void t_lif_02_needs_reset_after_each_recovery(void **state)
{
    struct vio_blk_stats s;
    uint32_t first;

    (void)state;
    start(2);
    vio_blk_get_stats(&unit_blk, &s);
    first = s.resets;
    fill();
    for (unsigned i = 0; i < 10; i++) {
        model_dev_needs_reset(&unit_dev);
        assert_int_equal(vio_device_check(&unit_mmio.dev), VIO_EPROTO);
        assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT), 0);
        vio_blk_get_stats(&unit_blk, &s);
        assert_true(s.resets >= first + i + 1);
    }
    unit_disk_well();
    assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT), 0);
    assert_all_come_back(0);
    assert_data_moved();
    unit_disk_down();
}

static void broken_queue_is_recovered_from(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version);
        fill();
        model_queue_push(mq, 0xffff, 0);
        assert_int_equal(vio_blk_reap(q, done, 1), VIO_EPROTO);
        unit_disk_well();
        assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT), 0);
        assert_all_come_back(0);
        assert_works();
        unit_disk_down();
    }
}

/* T-LIF-01: nothing is handed back before the device says that it is reset;
 * asked again later, it is. */
static void t_lif_01_reset_that_never_completes(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version);
        fill();
        unit_dev.reset_reads = MODEL_FOREVER;
        for (unsigned i = 0; i < 3; i++) {
            assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT),
                             VIO_ETIMEDOUT);
            assert_int_equal(unit_mmio.dev.why.reason, VIO_WHY_RESET_TIMEOUT);
            assert_int_equal(vio_blk_restore(&unit_blk, VIO_BLK_RESUBMIT),
                             VIO_EBADSTATE);
            assert_true(vio_blk_reap(q, done, N) <= 0);
            assert_int_equal(unit_env.unmaps, 0);
        }
        model_disk_finish(&unit_disk, mq, 0); /* it still may */
        unit_dev.reset_reads = 0;
        unit_disk_well();
        assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT), 0);
        assert_all_come_back(0);
        assert_works();
        unit_disk_down();
    }
}

/* The same in a synchronous call, and other ones in vain after it: the memory
 * of the first is given back in the end. */
static void synchronous_calls_after_a_lost_one_do_no_harm(void **state)
{
    char id[VIO_BLK_ID_SIZE];

    (void)state;
    start(2);
    unit_disk_hold();
    unit_dev.reset_reads = MODEL_FOREVER;
    assert_int_equal(vio_blk_read(&unit_blk, 0, data, 1024), VIO_ETIMEDOUT);
    assert_int_equal(vio_blk_read(&unit_blk, 0, data + 1024, 512),
                     VIO_EBADSTATE);
    assert_int_equal(vio_blk_write(&unit_blk, 0, data, 512), VIO_EBADSTATE);
    assert_int_equal(vio_blk_flush(&unit_blk), VIO_EBADSTATE);
    assert_int_equal(vio_blk_get_id(&unit_blk, id), VIO_EBADSTATE);
    assert_int_equal(unit_env.maps - unit_env.unmaps, 1);
    assert_true(model_mem_reaches(data, 1024));
    unit_dev.reset_reads = 0;
    unit_disk_well();
    assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT), 0);
    assert_int_equal(unit_env.maps, unit_env.unmaps);
    unit_reap_none();
    assert_works();
    unit_disk_down();
}

/* T-LIF-05: where it comes back as another one (test_blk_changed.c), what was
 * in flight is done as far as it still can be. */
static void what_no_longer_fits_is_done_with_an_error(void **state)
{
    unsigned bad = 0;

    (void)state;
    start(2);
    fill();
    unit_disk_well();
    model_disk_resize(&unit_dev, 50);
    model_disk_noticed(&unit_disk);
    assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT), 1);
    assert_int_equal(vio_blk_reap(q, done, N + 1), N);
    for (unsigned i = 0; i < N; i++) {
        bad += req[i].result == VIO_ERANGE;
        assert_int_equal(req[i].result, req[i].sector < 49 ? 0 : VIO_ERANGE);
    }
    assert_int_equal(bad, 3);
    assert_int_equal(unit_env.maps, unit_env.unmaps);
    unit_disk_down();
}

/* T-LIF-08: a completion of what was in flight before the reset comes after it:
 * of nothing that is. The requests have come back by then, once. */
static void t_lif_08_late_completion_after_the_reset(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2 * N; i++) {
        start(1 + i % 2);
        fill();
        assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_HAND_BACK), 0);
        assert_all_come_back(VIO_EIO);
        assert_int_equal(unit_queue_read(&req[0], &buf[0], 0, data, 1024), 0);
        assert_int_equal(vio_blk_submit(q), 0);
        model_queue_push(mq, (mq->held[0] + 1 + i / 2) % (N + 1), 1025);
        assert_int_equal(vio_blk_reap(q, done, N), VIO_EPROTO);
        assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_HAND_BACK), 0);
        unit_reap_one(&req[0], VIO_EIO);
        assert_works();
        unit_disk_down();
    }
}

/* A suspend: what was in flight goes on after it; nothing happens meanwhile. */
static void frozen_disk_goes_on(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        uint64_t accesses;

        start(version);
        assert_int_equal(vio_blk_restore(&unit_blk, VIO_BLK_RESUBMIT),
                         VIO_EBADSTATE);
        fill();
        assert_int_equal(vio_blk_freeze(&unit_blk), 0);
        assert_int_equal(unit_dev.status, 0);
        assert_int_equal(unit_env.maps, unit_env.unmaps);
        accesses = model_dev_accesses(&unit_dev);
        assert_int_equal(vio_blk_read(&unit_blk, 0, data, 512), VIO_EBADSTATE);
        assert_int_equal(vio_blk_refresh(&unit_blk), VIO_EBADSTATE);
        assert_int_equal(vio_blk_queue(q, &req[0]), VIO_EBUSY);
        assert_true(vio_blk_submit(q) < 0);
        assert_true(vio_blk_wait(q, &req[0], 1000000) < 0);
        assert_int_equal(model_dev_accesses(&unit_dev), accesses);
        assert_int_equal(vio_blk_freeze(&unit_blk), 0);
        unit_disk_well();
        assert_int_equal(vio_blk_restore(&unit_blk, VIO_BLK_RESUBMIT), 0);
        assert_all_come_back(0);
        assert_data_moved();
        unit_disk_down();
    }
}

static void frozen_disk_can_be_given_up(void **state)
{
    (void)state;
    start(2);
    fill();
    assert_int_equal(vio_blk_freeze(&unit_blk), 0);
    assert_int_equal(vio_blk_fini(&unit_blk), 0);
    assert_int_equal(vio_blk_restore(&unit_blk, VIO_BLK_RESUBMIT),
                     VIO_EBADSTATE);
    assert_all_come_back(VIO_EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_all_cases(late_request_is_done_again),
        unit_all_cases(late_request_is_handed_back),
        unit_all_cases(finished_requests_are_not_done_again),
        unit_all_cases(what_is_not_safe_to_repeat_is_handed_back),
        unit_all_cases(t_lif_02_needs_reset_after_each_recovery),
        unit_all_cases(broken_queue_is_recovered_from),
        unit_all_cases(t_lif_01_reset_that_never_completes),
        unit_all_cases(synchronous_calls_after_a_lost_one_do_no_harm),
        unit_all_cases(what_no_longer_fits_is_done_with_an_error),
        unit_all_cases(t_lif_08_late_completion_after_the_reset),
        unit_all_cases(frozen_disk_goes_on),
        unit_all_cases(frozen_disk_can_be_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
