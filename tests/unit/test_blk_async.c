/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block device with many requests in flight: queue, submit, reap, wait.
 */
#include "unit_disk.h"

#define DEPTH_MAX 256

static struct vio_blk_req req[DEPTH_MAX + 1];
static struct vio_buf buf[DEPTH_MAX + 1];
static struct vio_blk_req *done[DEPTH_MAX + 1];
static uint8_t *data;
static struct vio_blk_queue *q;
static struct model_queue *mq;

static void start(uint32_t version, const struct vio_blk_config *cfg)
{
    unit_disk_device(version, 1024);
    unit_disk_up(cfg);
    data = unit_alloc((DEPTH_MAX + 1) * 1024, 16);
    memset(req, 0x5a, sizeof(req));
    q = unit_blk.queue;
    mq = &unit_dev.queue[0];
}

static int queue_read(unsigned i)
{
    return unit_queue_read(&req[i], &buf[i], i, data + 1024 * i, 512);
}

/* B3, DX-SPLIT-07 */
static void batch_is_shown_with_one_notification(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        unsigned depth;

        start(version, NULL);
        depth = vio_blk_info(&unit_blk)->depth;
        for (unsigned i = 0; i < depth; i++)
            assert_int_equal(queue_read(i), 0);
        assert_int_equal(unit_disk.requests, 0);
        assert_int_equal(vio_blk_submit(q), 0);
        assert_int_equal(unit_disk.requests, depth);
        assert_int_equal(unit_dev.doorbells, 1);
        assert_int_equal(vio_blk_reap(q, done, DEPTH_MAX), depth);
        for (unsigned i = 0; i < depth; i++) {
            assert_ptr_equal(done[i], &req[i]);
            assert_int_equal(req[i].result, 0);
            assert_memory_equal(data + 1024 * i, unit_disk.data + 512 * i, 512);
        }
        unit_disk_down();
    }
}

static void submit_of_nothing_is_silent(void **state)
{
    (void)state;
    start(2, NULL);
    assert_int_equal(vio_blk_submit(q), 0);
    assert_int_equal(unit_dev.doorbells, 0);
    unit_reap_none();
    unit_disk_down();
}

static void user_is_left_alone(void **state)
{
    (void)state;
    start(2, NULL);
    req[0].user = &req[7];
    assert_int_equal(queue_read(0), 0);
    assert_int_equal(vio_blk_submit(q), 0);
    unit_reap_one(&req[0], 0);
    assert_ptr_equal(req[0].user, &req[7]);
    unit_disk_down();
}

/* B3: full is told, and after a completion it goes on. */
static void full_queue_says_again(void **state)
{
    unsigned depth;

    (void)state;
    start(2, &(struct vio_blk_config){.queue_size = 16});
    depth = vio_blk_info(&unit_blk)->depth;
    unit_disk_hold();
    for (unsigned i = 0; i < depth; i++)
        assert_int_equal(queue_read(i), 0);
    assert_int_equal(queue_read(depth), VIO_EAGAIN);
    assert_int_equal(req[depth].state, VIO_BLK_IDLE);
    assert_int_equal(unit_env.maps, depth);
    assert_int_equal(vio_blk_submit(q), 0);
    assert_int_equal(queue_read(depth), VIO_EAGAIN);
    model_disk_finish(&unit_disk, mq, 1);
    assert_int_equal(queue_read(depth), VIO_EAGAIN); /* not reaped yet */
    unit_reap_one(&req[1], 0);
    assert_int_equal(queue_read(depth), 0);
    assert_int_equal(vio_blk_submit(q), 0);
    while (mq->n_held)
        model_disk_finish(&unit_disk, mq, 0);
    assert_int_equal(vio_blk_reap(q, done, DEPTH_MAX), depth);
    unit_disk_down();
}

/* DX-BLK-07: the data of each request ends in its own buffer. */
static void completions_come_in_any_order(void **state)
{
    uint32_t seed = 5;

    (void)state;
    start(2, &(struct vio_blk_config){.queue_size = 64});
    unit_disk_hold();
    for (unsigned round = 0; round < 50; round++) {
        unsigned n = 1 + unit_random(&seed) % 16;

        memset(data, 0, 16 * 1024);
        for (unsigned i = 0; i < n; i++)
            assert_int_equal(queue_read(i), 0);
        assert_int_equal(vio_blk_submit(q), 0);
        while (mq->n_held)
            model_disk_finish(&unit_disk, mq, unit_random(&seed) % mq->n_held);
        assert_int_equal(vio_blk_reap(q, done, DEPTH_MAX), n);
        for (unsigned i = 0; i < n; i++)
            assert_memory_equal(data + 1024 * i, unit_disk.data + 512 * i, 512);
    }
    unit_disk_down();
}

static void reap_takes_no_more_than_asked_for(void **state)
{
    (void)state;
    start(2, NULL);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(queue_read(i), 0);
    assert_int_equal(vio_blk_submit(q), 0);
    assert_int_equal(vio_blk_reap(q, done, 0), 0);
    assert_int_equal(vio_blk_reap(q, done, 2), 2);
    assert_ptr_equal(done[1], &req[1]);
    assert_int_equal(req[2].state, VIO_BLK_QUEUED);
    assert_int_equal(vio_blk_reap(q, done, 10), 3);
    assert_ptr_equal(done[0], &req[2]);
    unit_disk_down();
}

/* One that failed is taken by itself, amid others that were not: those behind
 * it come with the same call, and no more than were asked for. */
static void failure_does_not_end_a_reap(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 2; way++) {
        unit_disk_device(2, 1024);
        data = unit_disk_memory(way == 0, 8192);
        unit_disk_up(NULL);
        unit_disk.fault = (struct model_fault){.set_status = true, .status = 1};
        unit_disk.fault_at = 1;
        for (unsigned i = 0; i < 6; i++)
            assert_int_equal(queue_read(i), 0);
        assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
        assert_int_equal(vio_blk_reap(unit_blk.queue, done, 4), 4);
        for (unsigned i = 0; i < 4; i++) {
            assert_ptr_equal(done[i], &req[i]);
            assert_int_equal(req[i].result, i == 1 ? VIO_EIO : 0);
        }
        assert_int_equal(req[4].state, VIO_BLK_QUEUED);
        assert_int_equal(vio_blk_reap(unit_blk.queue, done, 10), 2);
        unit_disk_down();
    }
}

/* Others that finish while one is waited for stay to be reaped, in order. */
static void wait_leaves_the_others_to_be_reaped(void **state)
{
    (void)state;
    start(2, NULL);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(queue_read(i), 0);
    assert_int_equal(vio_blk_wait(q, &req[2], 1000000000), 0);
    assert_int_equal(req[2].state, VIO_BLK_IDLE);
    assert_int_equal(vio_blk_wait(q, &req[2], 1000000000), VIO_EINVAL);
    assert_int_equal(vio_blk_reap(q, done, 10), 3);
    assert_ptr_equal(done[0], &req[0]);
    assert_ptr_equal(done[1], &req[1]);
    assert_ptr_equal(done[2], &req[3]);
    unit_reap_none();
    unit_disk_down();
}

/* A device that works when it is polled, not when it is told. */
static void wait_polls_until_the_device_is_done(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version, NULL);
        unit_dev.when = MODEL_AT_POLL;
        assert_int_equal(queue_read(0), 0);
        assert_int_equal(vio_blk_wait(q, &req[0], 1000000000), 0);
        assert_memory_equal(data, unit_disk.data, 512);
        unit_disk_down();
    }
}

/* STAT-04, T-SPL-17, T-SPL-18: late is not lost. */
static void wait_times_out_and_the_request_stays_queued(void **state)
{
    uint64_t before;

    (void)state;
    start(2, NULL);
    unit_disk_hold();
    assert_int_equal(queue_read(0), 0);
    before = unit_env.now_ns;
    assert_int_equal(vio_blk_wait(q, &req[0], 2000000000), VIO_ETIMEDOUT);
    assert_true(unit_env.now_ns - before >= 2000000000);
    assert_true(unit_env.now_ns - before <= 2100000000);
    assert_int_equal(req[0].state, VIO_BLK_QUEUED);
    assert_int_equal(unit_env.unmaps, 0);
    assert_int_equal(vio_blk_queue(q, &req[0]), VIO_EBUSY);
    model_disk_finish(&unit_disk, mq, 0);
    assert_int_equal(vio_blk_wait(q, &req[0], 1000000000), 0);
    assert_memory_equal(data, unit_disk.data, 512);
    unit_disk_down();
}

/* Without a clock the bound is a number of looks, each of which counts as 64
 * ns; with one, it is far from that. */
static unsigned looks;

static void count_look(enum model_kind kind, const void *ptr, unsigned width,
                       uint64_t value)
{
    (void)ptr;
    (void)width;
    (void)value;
    looks += kind == MODEL_RELAX;
}

static void wait_without_a_clock_is_bounded_too(void **state)
{
    (void)state;
    start(2, NULL);
    unit_env.step_ns = 1;
    unit_disk_hold();
    assert_int_equal(queue_read(0), 0);
    model_between = count_look;
    looks = 0;
    assert_int_equal(vio_blk_wait(q, &req[0], 64 * 1000), VIO_ETIMEDOUT);
    assert_true(looks > 10000);
    unit_env.env.now_ns = NULL;
    looks = 0;
    assert_int_equal(vio_blk_wait(q, &req[0], 64 * 1000), VIO_ETIMEDOUT);
    assert_int_equal(looks, 2 * 1000 + 1); /* with two pauses each */
    assert_int_equal(vio_blk_wait(q, &req[0], 0), VIO_ETIMEDOUT);
    model_between = NULL;
    unit_disk_down();
    unit_reap_one(&req[0], VIO_EIO);
}

/* T-SPL-11, T-LIF-07: a notification got lost; a wait repeats it. */
static uint32_t doorbells_to_lose;

static void lose_doorbell(struct model_dev *d, uint32_t offset, uint32_t value)
{
    (void)value;
    if (offset == MR_QUEUE_NOTIFY)
        d->when = doorbells_to_lose-- ? MODEL_BY_HAND : MODEL_AT_DOORBELL;
}

static void t_lif_07_wait_repeats_a_lost_notification(void **state)
{
    (void)state;
    start(2, NULL);
    doorbells_to_lose = 2;
    unit_dev.on_write = lose_doorbell;
    assert_int_equal(queue_read(0), 0);
    assert_int_equal(vio_blk_wait(q, &req[0], 10000000000), 0);
    assert_int_equal(unit_dev.doorbells, 3);
    assert_int_equal(unit_env.logs, 2);
    assert_non_null(strstr(unit_env.logged, "notified again"));
    assert_true(unit_env.now_ns >= 250000000); /* at a low rate */
    /* With nowhere to say so, too. */
    unit_env.env.log = NULL;
    doorbells_to_lose = 1;
    assert_int_equal(queue_read(0), 0);
    assert_int_equal(vio_blk_wait(q, &req[0], 10000000000), 0);
    assert_int_equal(unit_env.logs, 2);
    unit_disk_down();
}

/* A port that sleeps until an interrupt: the device works only meanwhile, and
 * wakes it only by an interrupt. */
static int idle_step(void *ctx, uint64_t deadline_ns)
{
    struct unit_env *e = ctx;
    unsigned before = unit_dev.interrupts;

    e->idles++;
    assert_true(deadline_ns > e->now_ns);
    model_dev_run(&unit_dev);
    if (unit_dev.interrupts == before)
        e->now_ns = deadline_ns; /* it slept through it all */
    return 0;
}

static void idle_is_woken_by_an_interrupt(void **state)
{
    (void)state;
    for (unsigned event_idx = 0; event_idx < 2; event_idx++) {
        unit_disk_device(2, 1024);
        unit_dev.when = MODEL_BY_HAND;
        unit_dev.offered |= event_idx ? MF(MF_EVENT_IDX) : 0;
        unit_env.env.idle = idle_step;
        unit_disk_up(NULL);
        data = unit_alloc(1024, 16);
        for (unsigned i = 0; i < 300; i++) {
            uint64_t before = unit_env.now_ns;

            assert_int_equal(vio_blk_read(&unit_blk, i, data, 512), 0);
            assert_true(unit_env.now_ns - before < 100000000);
        }
        assert_int_equal(unit_env.idles, 300);
        unit_disk_down();
    }
}

/* The end of a time-out that is as long as there are numbers is not in the
 * past. */
static void time_out_without_end(void **state)
{
    (void)state;
    unit_disk_device(2, 1024);
    unit_dev.when = MODEL_BY_HAND;
    unit_env.env.idle = idle_step;
    unit_env.now_ns = 5000000000;
    unit_disk_up(NULL);
    q = unit_blk.queue;
    data = unit_alloc(1024, 16);
    assert_int_equal(queue_read(0), 0);
    assert_int_equal(vio_blk_wait(q, &req[0], UINT64_MAX), 0);
    assert_int_equal(unit_env.idles, 1);
    unit_disk_down();
}

/* Many requests, of which the next one that is done is waited for, asleep. */
static void whatever_is_done_first_is_waited_for(void **state)
{
    (void)state;
    start(2, NULL);
    unit_env.env.idle = idle_step;
    assert_int_equal(vio_blk_wait_any(q, 1000000000), 0); /* of none */
    unit_disk_hold();
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(queue_read(i), 0);
    assert_int_equal(vio_blk_wait_any(q, 1000000000), VIO_ETIMEDOUT);
    assert_int_equal(unit_disk.requests, 3); /* submitted it has */
    model_disk_finish(&unit_disk, mq, 2);
    assert_int_equal(vio_blk_wait_any(q, 1000000000), 1);
    assert_int_equal(vio_blk_wait_any(q, 1000000000), 1); /* still there */
    assert_int_equal(vio_blk_reap(q, done, 3), 1);
    assert_ptr_equal(done[0], &req[2]);
    model_disk_finish(&unit_disk, mq, 0);
    model_disk_finish(&unit_disk, mq, 0);
    assert_true(vio_blk_wait_any(q, 1000000000) > 0);
    assert_int_equal(vio_blk_wait(q, &req[0], 1000000000), 0);
    assert_int_equal(vio_blk_wait_any(q, 1000000000), 1); /* the other one */
    vio_virtq_break(&q->vq);
    assert_int_equal(vio_blk_wait_any(q, 1000000000), 1);
    assert_int_equal(vio_blk_reap(q, done, 3), 1);
    assert_ptr_equal(done[0], &req[1]);
    assert_int_equal(vio_blk_wait_any(q, 1000000000), VIO_EPROTO);
    unit_disk_down();
}

/* Another part of the guest gives the device up meanwhile. */
static int idle_until_broken(void *ctx, uint64_t deadline_ns)
{
    (void)ctx;
    (void)deadline_ns;
    vio_virtq_break(&q->vq);
    return 0;
}

static void wait_ends_with_the_queue(void **state)
{
    (void)state;
    start(2, NULL);
    unit_env.env.idle = idle_until_broken;
    unit_disk_hold();
    assert_int_equal(queue_read(0), 0);
    assert_int_equal(vio_blk_wait_any(q, UINT64_MAX), VIO_EPROTO);
    assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT), 0);
    assert_int_equal(queue_read(1), 0);
    assert_int_equal(vio_blk_wait(q, &req[1], UINT64_MAX), VIO_EPROTO);
    unit_disk_down();
}

/* The completion comes just before the port goes to sleep. */
static void finish(void)
{
    if (mq->n_held)
        model_disk_finish(&unit_disk, mq, 0);
}

static int idle_until_interrupt(void *ctx, uint64_t deadline_ns)
{
    struct unit_env *e = ctx;

    e->idles++;
    /* Nobody sleeps on what is done already, without an interrupt to come. */
    assert_true(mq->n_held == 1 || unit_dev.isr);
    if (!unit_dev.isr)
        e->now_ns = deadline_ns;
    return 0;
}

static void completion_before_sleep_is_not_slept_through(void **state)
{
    unsigned in_time = 0;

    (void)state;
    for (unsigned at = 1; at < 60; at++) {
        start(2, NULL);
        unit_env.env.idle = idle_until_interrupt;
        unit_disk_hold();
        assert_int_equal(queue_read(0), 0);
        assert_int_equal(vio_blk_submit(q), 0);
        unit_at_access(at, finish);
        if (vio_blk_wait(q, &req[0], 400000000) == 0)
            in_time++;
        model_between = NULL;
        unit_disk_down();
    }
    assert_true(in_time > 5);
}

/* A flush that needs no device is done at once, in its turn. */
static void flush_of_a_disk_without_cache_is_reaped_like_any(void **state)
{
    (void)state;
    unit_disk_device(2, 1024);
    unit_dev.offered &= ~MF(MF_BLK_FLUSH);
    unit_disk_up(NULL);
    q = unit_blk.queue;
    vio_blk_prep_flush(&req[0]);
    assert_int_equal(vio_blk_queue(q, &req[0]), 0);
    assert_int_equal(vio_blk_queue(q, &req[0]), VIO_EBUSY);
    unit_reap_one(&req[0], 0);
    vio_blk_prep_flush(&req[0]);
    assert_int_equal(vio_blk_queue(q, &req[0]), 0);
    assert_int_equal(vio_blk_wait(q, &req[0], 0), 0);
    unit_reap_none();
    assert_int_equal(unit_disk.requests, 0);
    unit_disk_down();
}

/* B9: the device is reset before anything is handed back. */
static void fini_hands_back_what_is_in_flight(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        unsigned seen = 0;

        start(version, NULL);
        unit_disk_hold();
        for (unsigned i = 0; i < 6; i++)
            assert_int_equal(queue_read(i), 0);
        assert_int_equal(vio_blk_submit(q), 0);
        assert_int_equal(queue_read(6), 0); /* staged only */
        model_disk_finish(&unit_disk, mq, 2);
        assert_int_equal(vio_blk_wait(q, &req[2], 1), 0);
        unit_disk_down();
        assert_int_equal(vio_blk_reap(q, done, DEPTH_MAX), 6);
        for (unsigned i = 0; i < 6; i++) {
            assert_int_equal(done[i]->result, VIO_EIO);
            seen |= 1u << (done[i] - req);
        }
        assert_int_equal(seen, 0x7f & ~4u);
        assert_int_equal(vio_blk_queue(q, &req[0]), VIO_EBADSTATE);
    }
}

/* n requests at once, and it is known that there is nothing left to wait for.
 */
static void go_on(unsigned n, unsigned sector)
{
    for (unsigned k = 0; k < n; k++)
        assert_int_equal(
            unit_queue_read(&req[k], &buf[k], sector + k, data + 512 * k, 512),
            0);
    assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
    assert_int_equal(vio_blk_reap(unit_blk.queue, done, DEPTH_MAX), n);
    for (unsigned k = 0; k < n; k++) {
        assert_ptr_equal(done[k], &req[k]);
        assert_int_equal(req[k].result, 0);
    }
    assert_int_equal(vio_blk_wait_any(unit_blk.queue, 0), 0);
}

/* Once around alone, and once in pairs: in a packed queue of this size
 * positions have no bit to spare. */
static void largest_queue_goes_round(void **state)
{
    struct vio_blk_config cfg = {
        .queue_size = 32768, .depth = 32768, .max_segs = 1};

    (void)state;
    unit_disk_device(2, 1024);
    unit_dev.queue_max[0] = 32768;
    data = unit_disk_unmapped(2 * 512);
    unit_disk_up(&cfg);
    assert_int_equal(vio_blk_info(&unit_blk)->depth, 32768);
    for (unsigned n = 1; n <= 2; n++)
        for (unsigned i = 0; i < 33000; i += n)
            go_on(n, i % 1000);
    unit_disk_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_all_cases(batch_is_shown_with_one_notification),
        unit_all_cases(submit_of_nothing_is_silent),
        unit_all_cases(user_is_left_alone),
        unit_all_cases(full_queue_says_again),
        unit_all_cases(completions_come_in_any_order),
        unit_all_cases(reap_takes_no_more_than_asked_for),
        unit_all_cases(failure_does_not_end_a_reap),
        unit_all_cases(wait_leaves_the_others_to_be_reaped),
        unit_all_cases(wait_polls_until_the_device_is_done),
        unit_all_cases(wait_times_out_and_the_request_stays_queued),
        unit_all_cases(wait_without_a_clock_is_bounded_too),
        unit_all_cases(t_lif_07_wait_repeats_a_lost_notification),
        unit_all_cases(idle_is_woken_by_an_interrupt),
        unit_cases(time_out_without_end),
        unit_all_cases(whatever_is_done_first_is_waited_for),
        unit_all_cases(wait_ends_with_the_queue),
        unit_all_cases(completion_before_sleep_is_not_slept_through),
        unit_all_cases(flush_of_a_disk_without_cache_is_reaped_like_any),
        unit_all_cases(fini_hands_back_what_is_in_flight),
        unit_case_packed_indirect(largest_queue_goes_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
