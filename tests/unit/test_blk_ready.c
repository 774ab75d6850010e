/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests that are staged while the device works on others: to know how many
 * of those are done, and to wait for them, without showing it more.
 */
#include "unit_disk.h"

#define MOST 16

static struct vio_blk_req req[MOST];
static struct vio_buf buf[MOST];
static struct vio_blk_req *done[MOST];
static uint8_t *data;
static struct vio_blk_queue *q;
static struct model_queue *mq;

static void up(const struct vio_blk_config *cfg)
{
    unit_disk_up(cfg);
    data = unit_alloc(MOST * 512, 16);
    q = unit_blk.queue;
    mq = &unit_dev.queue[0];
    unit_disk_hold();
}

static void start(const struct vio_blk_config *cfg)
{
    unit_disk_device(2, 1024);
    up(cfg);
}

static void queue_reads(unsigned from, unsigned n)
{
    for (unsigned i = from; i < from + n; i++)
        assert_int_equal(
            unit_queue_read(&req[i], &buf[i], i, data + 512 * i, 512), 0);
}

/* The device does the oldest that it holds. */
static void finish(unsigned n)
{
    while (n--)
        model_disk_finish(&unit_disk, mq, 0);
}

/* A request that is several descriptors of a packed ring. */
static bool is_listed(void)
{
    return unit_is_packed() && !vio_blk_info(&unit_blk)->indirect;
}

/* At every place of the ring. */
static void ready_tells_how_many_are_done(void **state)
{
    (void)state;
    start(&(struct vio_blk_config){.queue_size = 32, .depth = 6});
    for (unsigned round = 0; round < 70; round++) {
        queue_reads(0, 5);
        assert_int_equal(vio_blk_ready(q, 1), 0); /* staged only */
        assert_int_equal(vio_blk_submit(q), 0);
        for (unsigned n = 0; n <= 5; n++) {
            for (unsigned k = 1; k <= 5; k++)
                assert_int_equal(vio_blk_ready(q, k),
                                 is_listed() ? n > 0 : k <= n);
            assert_int_equal(vio_blk_ready(q, n), 1);
            assert_int_equal(vio_blk_ready(q, 20), 0);
            finish(n < 5);
        }
        assert_int_equal(vio_blk_reap(q, done, 2), 2);
        assert_int_equal(vio_blk_ready(q, 3), 1);
        assert_int_equal(vio_blk_ready(q, 4), is_listed());
        assert_int_equal(vio_blk_reap(q, done, MOST), 3);
        assert_int_equal(vio_blk_ready(q, 1), 0);
    }
    unit_disk_down();
}

/* What finished while another was waited for is no longer in the ring. */
static void ready_counts_what_a_wait_has_left(void **state)
{
    (void)state;
    start(NULL);
    queue_reads(0, 6);
    assert_int_equal(vio_blk_submit(q), 0);
    finish(3);
    assert_int_equal(vio_blk_wait(q, &req[2], 1), 0);
    assert_int_equal(vio_blk_ready(q, 1), 1);
    assert_int_equal(vio_blk_ready(q, 2), 1);
    assert_int_equal(vio_blk_ready(q, 3), 0);
    finish(2);
    assert_int_equal(vio_blk_ready(q, 4), 1);
    assert_int_equal(vio_blk_ready(q, 5), is_listed());
    assert_int_equal(vio_blk_reap(q, done, MOST), 4);
    unit_disk_down();
}

/* A device that has used more than it was shown is not believed. */
static void ready_sees_a_broken_queue(void **state)
{
    (void)state;
    start(NULL);
    queue_reads(0, 2);
    assert_int_equal(vio_blk_submit(q), 0);
    queue_reads(2, 1);
    if (unit_is_packed())
        vio_virtq_break(&q->vq);
    else
        model_put16(mq, model_used_idx(mq), 3);
    assert_int_equal(vio_blk_ready(q, 1), VIO_EPROTO);
    assert_int_equal(vio_blk_ready(q, 1), VIO_EPROTO);
    assert_int_equal(vio_blk_wait_ready(q, 1000), VIO_EPROTO);
    unit_disk_down();
}

/* The device finishes one request of those that it holds. */
static int idle_step(void *ctx, uint64_t deadline_ns)
{
    struct unit_env *e = ctx;

    e->idles++;
    assert_true(deadline_ns > e->now_ns);
    finish(1);
    return 0;
}

static void wait_ready_shows_nothing(void **state)
{
    (void)state;
    start(NULL);
    queue_reads(0, 1);
    assert_int_equal(vio_blk_wait_ready(q, 1000000000), 0); /* staged only */
    assert_int_equal(unit_disk.requests, 0);
    assert_int_equal(vio_blk_submit(q), 0);
    queue_reads(1, 3);
    assert_int_equal(vio_blk_wait_ready(q, 1000000000), VIO_ETIMEDOUT);
    assert_int_equal(unit_disk.requests, 1);
    unit_env.env.idle = idle_step;
    assert_int_equal(vio_blk_wait_ready(q, 1000000000), 1);
    assert_int_equal(vio_blk_wait_ready(q, 1000000000), 1); /* still there */
    assert_int_equal(unit_env.idles, 1);
    assert_int_equal(unit_disk.requests, 1);
    unit_reap_one(&req[0], 0);
    assert_int_equal(vio_blk_wait_ready(q, 1000000000), 0);
    assert_int_equal(vio_blk_submit(q), 0);
    assert_int_equal(unit_disk.requests, 4);
    assert_int_equal(vio_blk_wait(q, &req[2], 1000000000), 0);
    assert_int_equal(vio_blk_wait_ready(q, 0), 1); /* the first of them */
    assert_int_equal(vio_blk_reap(q, done, 1), 1);
    assert_ptr_equal(done[0], &req[1]);
    unit_disk_down();
}

/* An event loop of the caller's: it asks, and sleeps only where it is told that
 * an interrupt will come. */
static void interrupt_comes_only_when_asked_for(void **state)
{
    (void)state;
    for (unsigned event_idx = 0; event_idx < 2; event_idx++) {
        unit_disk_device(2, 1024);
        unit_dev.offered |= event_idx ? MF(MF_EVENT_IDX) : 0;
        up(NULL);
        queue_reads(0, 5);
        assert_int_equal(vio_blk_submit(q), 0);
        finish(1);
        assert_int_equal(unit_dev.interrupts, 0);
        assert_int_equal(vio_blk_enable_cb(q), 1); /* it is there already */
        assert_int_equal(vio_blk_reap(q, done, MOST), 1);
        assert_int_equal(vio_blk_enable_cb(q), 0);
        finish(1);
        assert_int_equal(unit_dev.interrupts, 1);
        vio_blk_disable_cb(q);
        finish(1);
        assert_int_equal(unit_dev.interrupts, 1);
        assert_int_equal(vio_blk_reap(q, done, MOST), 2);
        /* What a wait has left is no longer in the ring. */
        finish(2);
        assert_int_equal(vio_blk_wait(q, &req[4], 1000), 0);
        assert_int_equal(vio_blk_enable_cb(q), 1);
        assert_int_equal(vio_blk_reap(q, done, MOST), 1);
        assert_int_equal(vio_blk_enable_cb(q), 0); /* nothing is queued */
        vio_virtq_break(&q->vq);
        assert_int_equal(vio_blk_enable_cb(q), VIO_EPROTO);
        vio_blk_disable_cb(q);
        unit_disk_down();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_all_cases(ready_tells_how_many_are_done),
        unit_all_cases(ready_counts_what_a_wait_has_left),
        unit_all_cases(ready_sees_a_broken_queue),
        unit_all_cases(wait_ready_shows_nothing),
        unit_all_cases(interrupt_comes_only_when_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
