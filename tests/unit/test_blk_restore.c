/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Coming back that fails midway, or with fewer queues; calls in the wrong
 * state; clocks that do not go.
 */
#include "unit_disk.h"

#define QUEUES 4
#define N      3 /* requests of one queue */

static struct vio_blk_req req[QUEUES][N];
static struct vio_buf buf[QUEUES][N];
static uint8_t *data;

static void start(uint32_t version, uint32_t queue_max)
{
    struct vio_blk_config cfg = {.n_queues = QUEUES, .timeout_ns = 1000000000};
    struct vio_need want, least;

    /* With memory for larger queues than these: they may come. */
    unit_disk_device(version, 1024);
    model_disk_set_queues(&unit_dev, QUEUES, QUEUES);
    unit_disk_need(&cfg, &want, &least);
    unit_blk_mem = unit_mem(want.shared, want.priv, 4096);
    for (unsigned i = 0; i < QUEUES; i++)
        unit_dev.queue_max[i] = queue_max;
    assert_int_equal(
        vio_blk_init(&unit_blk, &unit_mmio.dev, &cfg, &unit_blk_mem), 0);
    data = unit_alloc(QUEUES * N * 512, 16);
}

static void fill(void)
{
    unit_disk_hold();
    for (unsigned i = 0; i < QUEUES * N; i++) {
        struct vio_blk_queue *q = vio_blk_get_queue(&unit_blk, i / N);

        buf[i / N][i % N] = (struct vio_buf){data + 512 * i, 512};
        vio_blk_prep_read(&req[i / N][i % N], i, &buf[i / N][i % N], 1);
        assert_int_equal(vio_blk_queue(q, &req[i / N][i % N]), 0);
        vio_blk_submit(q);
    }
    unit_disk_well();
}

/* How many come back with this result, from the queues that there are. */
static unsigned come_back(int result)
{
    struct vio_blk_req *done[QUEUES * N];
    unsigned n = 0;

    for (unsigned i = 0; i < unit_blk.info.n_queues; i++) {
        int got =
            vio_blk_reap(vio_blk_get_queue(&unit_blk, i), done, QUEUES * N);

        for (int k = 0; k < got; k++)
            n += done[k]->result == result;
    }
    return n;
}

static void assert_out_of_use(void)
{
    struct vio_blk_req r;
    struct vio_buf b = {data, 512};

    assert_int_equal(vio_blk_read(&unit_blk, 0, data, 512), VIO_EBADSTATE);
    for (unsigned i = 0; i < QUEUES; i++) {
        vio_blk_prep_read(&r, 0, &b, 1);
        assert_int_equal(vio_blk_queue(vio_blk_get_queue(&unit_blk, i), &r),
                         VIO_EBADSTATE);
    }
    assert_int_equal(unit_env.maps, unit_env.unmaps);
}

/* The device is well again. */
static void heal(void)
{
    model_between = NULL;
    unit_dev.status &= ~MS_NEEDS_RESET;
    unit_dev.refuse_queue = false;
    unit_dev.refuse_features = false;
    for (unsigned i = 0; i < QUEUES; i++)
        unit_dev.queue_max[i] = 64;
    model_config_put(&unit_dev, 34, 2, QUEUES);
}

static void assert_comes_back(void)
{
    heal();
    assert_true(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT) >= 0);
    assert_int_equal(unit_blk.info.n_queues, QUEUES);
    assert_int_equal(vio_blk_read(&unit_blk, 7, data, 512), 0);
    assert_memory_equal(data, unit_disk.data + 7 * 512, 512);
    unit_disk_down();
}

/* A disk that is finished has no memory to come back with. */
static void begin_anew(void)
{
    assert_int_equal(vio_blk_fini(&unit_blk), 0);
    heal();
    assert_true(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT) == VIO_EBADSTATE);
    assert_true(vio_blk_init(&unit_blk, &unit_mmio.dev, &unit_blk.cfg,
                             &unit_blk.mem) == 0);
}

static unsigned countdown;

static void refuse_at(enum model_kind kind, const void *ptr, unsigned width,
                      uint64_t value)
{
    (void)ptr;
    (void)width;
    (void)value;
    if ((kind == MODEL_REG_READ || kind == MODEL_REG_WRITE) && countdown &&
        --countdown == 0) {
        unit_dev.refuse_queue = true;
        unit_dev.refuse_features = true;
        model_dev_needs_reset(&unit_dev);
    }
}

/* At whatever register access of a restore the device gives up, and whatever
 * size its queues have by then. */
static void restore_fails_at_any_access(void **state)
{
    unsigned failed = 0;

    (void)state;
    for (unsigned at = 1; at <= 300; at++) {
        int err;

        start(1 + at % 2, at & 2 ? 64 : 128);
        fill();
        assert_int_equal(vio_blk_freeze(&unit_blk), 0);
        for (unsigned i = 0; i < QUEUES; i++)
            unit_dev.queue_max[i] = at & 2 ? 256 : 8;
        countdown = at / 2;
        model_between = refuse_at;
        err = vio_blk_restore(&unit_blk, VIO_BLK_HAND_BACK);
        model_between = NULL;
        assert_int_equal(come_back(VIO_EIO), QUEUES * N);
        if (err < 0) {
            failed++;
            assert_out_of_use();
            if (at % 3 == 0)
                begin_anew();
        }
        assert_comes_back();
    }
    assert_true(failed > 100);
}

/* The number of queues that it says it has is only its word. */
static void restore_fails_with_many_queues_said(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version, 64);
        fill();
        assert_int_equal(vio_blk_freeze(&unit_blk), 0);
        model_config_put(&unit_dev, 34, 2, 65535);
        unit_dev.queue_max[0] = 0;
        assert_int_equal(vio_blk_restore(&unit_blk, VIO_BLK_RESUBMIT),
                         VIO_ENODEV);
        assert_int_equal(unit_mmio.dev.why.reason, VIO_WHY_QUEUE_ABSENT);
        assert_int_equal(come_back(VIO_EIO), QUEUES * N);
        assert_out_of_use();
        assert_int_equal(vio_blk_freeze(&unit_blk), 0);
        assert_comes_back();
    }
}

/* What was in flight in queues that are no more goes on in the first. */
static void fewer_queues_serve_all(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        struct vio_blk_queue *last;

        start(version, 64);
        fill();
        assert_int_equal(vio_blk_freeze(&unit_blk), 0);
        last = vio_blk_get_queue(&unit_blk, 3);
        for (unsigned i = 2; i < QUEUES; i++)
            unit_dev.queue_max[i] = 0;
        assert_int_equal(vio_blk_restore(&unit_blk, VIO_BLK_RESUBMIT), 1);
        assert_int_equal(unit_blk.info.n_queues, 2);
        assert_int_equal(come_back(0), QUEUES * N);
        assert_memory_equal(data, unit_disk.data, QUEUES * N * 512);
        /* The others are there, and good for nothing. */
        assert_int_equal(vio_blk_submit(last), VIO_EPROTO);
        assert_ptr_equal(vio_blk_get_queue(&unit_blk, 1), last - 2);
        assert_null(vio_blk_get_queue(&unit_blk, 2));
        assert_comes_back();
    }
}

/* The device may have been reset by other calls than the freeze, which saw no
 * end of it, or was not there. */
static void requests_outlive_a_reset_by_hand(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        bool freezes = i & 2, again = i & 4;

        start(1 + i % 2, 64);
        fill();
        if (freezes) {
            unit_dev.reset_reads = MODEL_FOREVER;
            assert_int_equal(vio_blk_freeze(&unit_blk), VIO_ETIMEDOUT);
            unit_dev.reset_reads = 0;
        }
        assert_int_equal(vio_device_reset(&unit_mmio.dev), 0);
        assert_int_equal(vio_blk_restore(&unit_blk, again ? VIO_BLK_RESUBMIT
                                                          : VIO_BLK_HAND_BACK),
                         0);
        assert_int_equal(come_back(again ? 0 : VIO_EIO), QUEUES * N);
        assert_comes_back();
    }
}

/* Restore the frozen disk with two queues. */
static void restore_with_two(enum vio_blk_recovery recovery)
{
    for (unsigned i = 2; i < QUEUES; i++)
        unit_dev.queue_max[i] = 0;
    assert_int_equal(vio_blk_restore(&unit_blk, recovery), 1);
    assert_int_equal(unit_blk.info.n_queues, 2);
}

/* So does what had finished in them, and was not reaped yet. */
static void finished_requests_move_along(void **state)
{
    static const enum vio_blk_recovery how[] = {VIO_BLK_RESUBMIT,
                                                VIO_BLK_HAND_BACK};

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        int rest = how[i / 2] == VIO_BLK_RESUBMIT ? 0 : VIO_EIO;
        struct vio_blk_queue *first, *last;

        start(1 + i % 2, 64);
        fill();
        first = vio_blk_get_queue(&unit_blk, 0);
        last = vio_blk_get_queue(&unit_blk, 3);
        /* The second is found finished while the third is waited for. */
        model_disk_finish(&unit_disk, &unit_dev.queue[3], 1);
        model_disk_finish(&unit_disk, &unit_dev.queue[3], 1);
        assert_int_equal(vio_blk_wait(last, &req[3][2], 1000000), 0);
        assert_int_equal(req[3][1].state, VIO_BLK_DONE);
        assert_int_equal(vio_blk_freeze(&unit_blk), 0);
        restore_with_two(how[i / 2]);
        assert_int_equal(vio_blk_wait(last, &req[3][1], 1000000), VIO_EINVAL);
        assert_int_equal(vio_blk_wait(first, &req[3][1], 1000000), 0);
        assert_int_equal(vio_blk_wait(first, &req[3][0], 1000000), rest);
        assert_int_equal(come_back(rest), QUEUES * N - 3);
        assert_comes_back();
    }
}

/* Whoever waits where his request was is told that it is not there. */
static void wait_on_a_queue_that_is_no_more(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        struct vio_blk_queue *last;

        start(version, 64);
        fill();
        last = vio_blk_get_queue(&unit_blk, 3);
        assert_int_equal(vio_blk_freeze(&unit_blk), 0);
        unit_disk_hold();
        restore_with_two(VIO_BLK_RESUBMIT);
        unit_disk_well();
        assert_int_equal(req[3][0].state, VIO_BLK_QUEUED);
        assert_int_equal(vio_blk_wait(last, &req[3][0], 1000000), VIO_EINVAL);
        assert_int_equal(req[3][0].state, VIO_BLK_QUEUED);
        while (unit_dev.queue[0].n_held)
            model_disk_finish(&unit_disk, &unit_dev.queue[0], 0);
        assert_int_equal(
            vio_blk_wait(vio_blk_get_queue(&unit_blk, 0), &req[3][0], 1000000),
            0);
        assert_comes_back();
    }
}

/* As many as there are slots for; the others are told to come again. */
static void smaller_queue_takes_what_it_can(void **state)
{
    unsigned served = 0;

    (void)state;
    start(2, 64);
    fill();
    assert_int_equal(vio_blk_freeze(&unit_blk), 0);
    unit_dev.queue_max[0] = 4; /* one request */
    for (unsigned i = 1; i < QUEUES; i++)
        unit_dev.queue_max[i] = 0;
    assert_int_equal(vio_blk_restore(&unit_blk, VIO_BLK_RESUBMIT), 1);
    assert_int_equal(unit_blk.info.depth, 1);
    assert_int_equal(come_back(VIO_EAGAIN), QUEUES * N - 1);
    for (unsigned i = 0; i < QUEUES * N; i++) {
        const struct vio_blk_req *r = &req[i / N][i % N];

        assert_int_equal(r->state, VIO_BLK_IDLE);
        served += r->result == 0;
    }
    assert_int_equal(served, 1);
    assert_comes_back();
}

/* Giving up what never came up. */
static void fini_of_a_disk_that_never_came_up(void **state)
{
    struct vio_need want, least;
    struct vio_blk_stats stats;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        unit_disk_device(2, 1024);
        unit_disk_need(NULL, &want, &least);
        unit_blk_mem = unit_mem(want.shared, want.priv, 4096);
        unit_dev.reset_reads = i == 0 ? MODEL_FOREVER : 0;
        unit_dev.refuse_features = i == 1;
        unit_dev.refuse_queue = i == 2;
        if (i == 0)
            unit_dev.status = MS_ACKNOWLEDGE;
        assert_true(
            vio_blk_init(&unit_blk, &unit_mmio.dev, NULL, &unit_blk_mem) < 0);
        vio_blk_get_stats(&unit_blk, &stats);
        assert_int_equal(stats.resets, unit_mmio.dev.resets);
        unit_dev.reset_reads = 0;
        assert_int_equal(vio_blk_freeze(&unit_blk), 0);
        assert_int_equal(vio_blk_fini(&unit_blk), 0);
        assert_int_equal(unit_dev.status, 0);
    }
}

/* T-LIF-08: what the device still finishes before it is reset comes back by
 * the reset, once. */
static uint32_t finish_late(struct model_dev *d, uint32_t offset,
                            unsigned width, uint32_t value)
{
    (void)width;
    if (offset == MR_STATUS && d->resetting && d->queue[0].n_held)
        model_disk_finish(&unit_disk, &d->queue[0], 0);
    if (offset == MR_STATUS && !value)
        d->reset_reads = 0; /* only the first one is slow */
    return value;
}

static void t_lif_08_completions_during_the_reset(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version, 64);
        fill();
        unit_dev.reset_reads = 5;
        unit_dev.on_read = finish_late;
        assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT), 0);
        assert_int_equal(come_back(0), QUEUES * N);
        assert_memory_equal(data, unit_disk.data, QUEUES * N * 512);
        /* An interrupt of the life before finds nothing. */
        unit_dev.isr |= 1;
        vio_device_isr(&unit_mmio.dev);
        assert_int_equal(come_back(0), 0);
        unit_disk_down();
    }
}

/* T-LIF-09: a wait ends after so many looks if the clock does not end it. */
static uint64_t clock_ns[4];
static unsigned clock_looks;

static uint64_t odd_clock(void *ctx)
{
    (void)ctx;
    return clock_ns[clock_looks++ % COUNT(clock_ns)];
}

static void t_lif_09_clock_is_stuck_or_jumps(void **state)
{
    static const uint64_t clocks[][4] = {
        {0, 0, 0, 0},
        {~(uint64_t)0, 0, ~(uint64_t)0, 0},
        {5000, 4000, 3000, 2000},
        {1000, ~(uint64_t)0 / 2, 7, 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(clocks); i++) {
        memcpy(clock_ns, clocks[i], sizeof(clock_ns));
        start(2, 64);
        unit_env.env.now_ns = odd_clock;
        fill();
        assert_int_equal(vio_blk_wait(unit_blk.queue, &req[0][0], 100000),
                         VIO_ETIMEDOUT);
        assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT), 0);
        assert_int_equal(come_back(0), QUEUES * N);
        unit_disk_down();
    }
}

/* T-LIF-10: the wrong call in every state. */
static void t_lif_10_calls_in_the_wrong_state(void **state)
{
    struct vio_blk_lifetime lifetime;
    char id[VIO_BLK_ID_SIZE];

    (void)state;
    start(2, 64);
    vio_device_fail(&unit_mmio.dev);
    vio_blk_freeze(&unit_blk);
    for (unsigned i = 0; i < 2; i++) {
        assert_out_of_use();
        assert_int_equal(vio_blk_flush(&unit_blk), VIO_EBADSTATE);
        assert_int_equal(vio_blk_get_id(&unit_blk, id), VIO_EBADSTATE);
        assert_true(vio_blk_get_lifetime(&unit_blk, &lifetime) < 0);
        assert_int_equal(vio_blk_refresh(&unit_blk), VIO_EBADSTATE);
        assert_int_equal(vio_blk_fini(&unit_blk), 0);
    }
    /* Twice: the second begins with a reset. */
    assert_int_equal(
        vio_blk_init(&unit_blk, &unit_mmio.dev, NULL, &unit_blk_mem), 0);
    assert_int_equal(
        vio_blk_init(&unit_blk, &unit_mmio.dev, NULL, &unit_blk_mem), 0);
    assert_int_equal(vio_blk_read(&unit_blk, 0, data, 512), 0);
    unit_disk_down();
}

/* A device that was handed over, or has failed, or is gone, is not asked again,
 * nor waited for. */
static void t_lif_10_calls_without_a_device(void **state)
{
    char id[VIO_BLK_ID_SIZE];

    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        uint64_t now_ns, accesses;

        start(1 + i % 2, 64);
        if (i / 2 == 0)
            assert_int_equal(vio_device_quiesce(&unit_mmio.dev), 0);
        else if (i / 2 == 1)
            vio_device_fail(&unit_mmio.dev);
        else
            unit_dev.gone_after = 0;
        vio_blk_refresh(&unit_blk); /* notices */
        now_ns = unit_env.now_ns;
        accesses = model_dev_accesses(&unit_dev);
        assert_int_equal(vio_blk_read(&unit_blk, 0, data, 512), VIO_EBADSTATE);
        assert_int_equal(vio_blk_write(&unit_blk, 0, data, 512), VIO_EBADSTATE);
        assert_int_equal(vio_blk_flush(&unit_blk), VIO_EBADSTATE);
        assert_int_equal(vio_blk_get_id(&unit_blk, id), VIO_EBADSTATE);
        assert_int_equal(unit_env.now_ns, now_ns);
        assert_int_equal(model_dev_accesses(&unit_dev), accesses);
        assert_int_equal(vio_blk_fini(&unit_blk), i / 2 == 2 ? VIO_ENODEV : 0);
        assert_int_equal(unit_env.maps, unit_env.unmaps);
    }
}

/* T-LIF-04: a port that gives up its sleep gives up the wait. */
static int no_sleep(void *ctx, uint64_t deadline_ns)
{
    (void)ctx;
    (void)deadline_ns;
    return -1;
}

static void t_lif_04_sleep_is_given_up(void **state)
{
    (void)state;
    start(2, 64);
    unit_env.env.idle = no_sleep;
    fill();
    assert_int_equal(vio_blk_wait(unit_blk.queue, &req[0][0], 1000000000),
                     VIO_ETIMEDOUT);
    assert_int_equal(req[0][0].state, VIO_BLK_QUEUED);
    assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT), 0);
    assert_int_equal(come_back(0), QUEUES * N);
    unit_disk_down();
}

/* T-LIF-05: a restore that fails has told nobody that the disk is another one;
 * the one that succeeds after it does, and once. */
static void change_is_told_by_the_restore_that_succeeds(void **state)
{
    (void)state;
    unit_disk_device(2, 1024);
    unit_disk_up(NULL);
    assert_int_equal(vio_blk_freeze(&unit_blk), 0);
    model_disk_resize(&unit_dev, 512);
    model_disk_noticed(&unit_disk);
    unit_dev.refuse_queue = true;
    assert_true(vio_blk_restore(&unit_blk, VIO_BLK_RESUBMIT) < 0);
    unit_dev.refuse_queue = false;
    assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT), 1);
    assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT), 0);
    unit_disk_down();
}

/* T-LIF-10: what is finished is the caller's again, and its device perhaps
 * somebody else's: no call touches either. */
static void start_finished(void)
{
    unit_disk_device(2, 64);
    model_disk_offer(&unit_dev, MF_BLK_CONFIG_WCE);
    unit_dev.offered |= MF(MF_SUSPEND);
    unit_disk_up(NULL);
    assert_int_equal(vio_blk_fini(&unit_blk), 0);
    memset(unit_blk_mem.priv, 0, unit_blk_mem.priv_size);
}

static void assert_all_calls_refused(void)
{
    static unsigned char to[512];
    char id[VIO_BLK_ID_SIZE];
    struct vio_blk_lifetime lifetime;

    assert_int_equal(vio_blk_read(&unit_blk, 1, to, 512), VIO_EBADSTATE);
    assert_int_equal(vio_blk_write(&unit_blk, 1, to, 512), VIO_EBADSTATE);
    assert_int_equal(vio_blk_flush(&unit_blk), VIO_EBADSTATE);
    assert_int_equal(vio_blk_discard(&unit_blk, 1, 1), VIO_EBADSTATE);
    assert_int_equal(vio_blk_get_id(&unit_blk, id), VIO_EBADSTATE);
    assert_int_equal(vio_blk_get_lifetime(&unit_blk, &lifetime), VIO_EBADSTATE);
    assert_int_equal(vio_blk_set_writeback(&unit_blk, true), VIO_EBADSTATE);
    assert_int_equal(vio_blk_refresh(&unit_blk), VIO_EBADSTATE);
    assert_int_equal(vio_blk_suspend(&unit_blk), VIO_EBADSTATE);
    assert_int_equal(vio_blk_resume(&unit_blk), VIO_EBADSTATE);
    assert_int_equal(vio_blk_freeze(&unit_blk), VIO_EBADSTATE);
    assert_int_equal(vio_blk_restore(&unit_blk, VIO_BLK_RESUBMIT),
                     VIO_EBADSTATE);
    assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT),
                     VIO_EBADSTATE);
    assert_int_equal(vio_blk_fini(&unit_blk), 0);
}

static void finished_disk_leaves_its_memory_alone(void **state)
{
    const unsigned char *p;
    uint64_t accesses;

    (void)state;
    start_finished();
    accesses = model_dev_accesses(&unit_dev);
    assert_all_calls_refused();
    p = unit_blk_mem.priv;
    for (size_t i = 0; i < unit_blk_mem.priv_size; i++)
        assert_int_equal(p[i], 0);
    assert_int_equal(model_dev_accesses(&unit_dev), accesses);
}

static void finished_disk_does_not_disturb_the_next_one(void **state)
{
    static struct vio_blk other;
    static unsigned char to[512];
    struct vio_need want, least;
    struct vio_mem mem;

    (void)state;
    start_finished();
    unit_disk_need(NULL, &want, &least);
    mem = unit_mem(want.shared, want.priv, 4096);
    assert_int_equal(vio_blk_init(&other, &unit_mmio.dev, NULL, &mem), 0);
    assert_all_calls_refused();
    assert_int_equal(vio_blk_suspend(&other), 0);
    assert_all_calls_refused();
    assert_int_equal(vio_blk_resume(&other), 0);
    assert_int_equal(vio_blk_read(&other, 1, to, 512), 0);
    assert_int_equal(vio_blk_fini(&other), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_all_cases(restore_fails_at_any_access),
        unit_all_cases(restore_fails_with_many_queues_said),
        unit_all_cases(fewer_queues_serve_all),
        unit_all_cases(requests_outlive_a_reset_by_hand),
        unit_all_cases(finished_requests_move_along),
        unit_all_cases(wait_on_a_queue_that_is_no_more),
        unit_cases(smaller_queue_takes_what_it_can),
        unit_all_cases(fini_of_a_disk_that_never_came_up),
        unit_all_cases(t_lif_08_completions_during_the_reset),
        unit_all_cases(t_lif_09_clock_is_stuck_or_jumps),
        unit_all_cases(t_lif_10_calls_in_the_wrong_state),
        unit_all_cases(t_lif_10_calls_without_a_device),
        unit_all_cases(t_lif_04_sleep_is_given_up),
        unit_all_cases(change_is_told_by_the_restore_that_succeeds),
        unit_cases(finished_disk_leaves_its_memory_alone),
        unit_cases(finished_disk_does_not_disturb_the_next_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
