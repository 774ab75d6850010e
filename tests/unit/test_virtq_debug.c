/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a debug build watches (VIO_DEBUG): calls on one queue that are not
 * serialised, kicks that come late, tokens of free slots.
 */
#include "unit_disk.h"

static struct {
    unsigned n;
    const char *what, *file, *other_file;
    int line, other_line;
} report;

void unit_debug_report(const char *what, const char *file, int line,
                       const char *other_file, int other_line)
{
    report.n++;
    report.what = what;
    report.file = file;
    report.line = line;
    report.other_file = other_file;
    report.other_line = other_line;
}

static struct vio_virtq *vq;

static void start(void)
{
    memset(&report, 0, sizeof(report));
    unit_queue_start_with(&(struct vio_virtq_config){
        .size = 8,
        .env = &unit_env.env,
    });
    vq = &unit_queue.vq;
}

/* An interrupt in the midst of a call, whose handler uses the same queue. */
static bool nested;

static void call_again(enum model_kind kind, const void *ptr, unsigned width,
                       uint64_t value)
{
    void *token;
    uint32_t len;

    (void)ptr;
    (void)width;
    (void)value;
    if (nested || (kind != MODEL_STORE && kind != MODEL_STORE_RELEASE))
        return;
    nested = true;
    (void)vio_virtq_get_buf(vq, &token, &len);
}

static void t_irq_09_reentry_is_reported_with_both_places(void **state)
{
    (void)state;
    start();
    nested = false;
    model_between = call_again;
    assert_int_equal(unit_add(1, 1, TOKEN(1)), 0);
    model_between = NULL;
    assert_int_equal(report.n, 1);
    assert_non_null(strstr(report.what, "two calls"));
    assert_non_null(strstr(report.file, "virtq.c"));
    assert_non_null(strstr(report.other_file, "virtq.c"));
    assert_true(report.line > 0 && report.other_line > 0);
    assert_int_not_equal(report.line, report.other_line);
    vio_virtq_kick(vq);
}

static void serialised_calls_are_not_reported(void **state)
{
    uint32_t len;

    (void)state;
    start();
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(unit_add(1, 1, TOKEN(1)), 0);
        vio_virtq_kick(vq);
        model_queue_take(unit_queue.q);
        model_queue_complete(unit_queue.q, 0, 0);
        (void)vio_virtq_enable_cb(vq);
        (void)vio_virtq_enable_cb_delayed(vq);
        vio_virtq_disable_cb(vq);
        unit_get(&len);
    }
    vio_virtq_break(vq);
    model_dev_reset(&unit_dev);
    assert_null(vio_virtq_detach_unused(vq));
    assert_int_equal(report.n, 0);
}

/* A12: 100 ms between the first add of a batch and its kick. */
static void late_kick_is_reported(void **state)
{
    static const struct {
        unsigned ms;
        bool late;
    } table[] = {{0, false}, {99, false}, {101, true}, {5000, true}};

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        unit_setup(NULL);
        unit_env.step_ns = 0;
        start();
        assert_int_equal(unit_add(1, 0, TOKEN(1)), 0);
        unit_env.now_ns += table[i].ms * (uint64_t)500000;
        assert_int_equal(unit_add(1, 0, TOKEN(2)), 0);
        unit_env.now_ns += table[i].ms * (uint64_t)500000;
        vio_virtq_kick(vq);
        assert_int_equal(report.n, table[i].late);
        if (table[i].late)
            assert_non_null(strstr(report.what, "100 ms"));
        if (table[i].late)
            assert_non_null(strstr(report.file, "virtq.c"));
        /* The next batch counts anew. */
        assert_int_equal(unit_add(1, 0, TOKEN(3)), 0);
        vio_virtq_kick(vq);
        assert_int_equal(report.n, table[i].late);
    }
}

/* Who waits for the device with a batch in hand kicks it when that is over. */
static void batch_may_be_held_during_a_wait(void **state)
{
    static struct vio_blk_req req[2];
    static struct vio_buf buf[2];
    struct vio_blk_queue *q;
    uint8_t *data;

    (void)state;
    memset(&report, 0, sizeof(report));
    unit_disk_device(2, 64);
    unit_disk_up(NULL);
    q = unit_blk.queue;
    data = unit_alloc(1024, 16);
    unit_disk_hold();
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(
            unit_queue_read(&req[i], &buf[i], i, data + 512 * i, 512), 0);
        assert_int_equal(report.n, 0);
        if (i == 0)
            assert_int_equal(vio_blk_submit(q), 0);
    }
    assert_int_equal(vio_blk_wait_ready(q, 1000000000), VIO_ETIMEDOUT);
    assert_int_equal(vio_blk_submit(q), 0);
    assert_int_equal(report.n, 0);
    unit_disk_down();
}

/* A request that is filled in anew while it is in flight. */
static void request_in_flight_is_not_queued_again(void **state)
{
    static struct vio_blk_req req;
    static struct vio_buf buf;
    uint8_t *data;

    (void)state;
    memset(&report, 0, sizeof(report));
    unit_disk_device(2, 64);
    unit_disk_up(NULL);
    data = unit_alloc(512, 16);
    unit_disk_hold();
    assert_int_equal(unit_queue_read(&req, &buf, 0, data, 512), 0);
    assert_int_equal(vio_blk_queue(unit_blk.queue, &req), VIO_EBUSY);
    assert_int_equal(report.n, 0);
    assert_int_equal(unit_queue_read(&req, &buf, 0, data, 512), 0);
    assert_int_equal(report.n, 1);
    assert_non_null(strstr(report.what, "in flight"));
    unit_disk_down();
}

/* And so does who queues requests for a suspended disk. */
static void batch_may_be_held_by_a_suspend(void **state)
{
    struct vio_blk_req req;
    struct vio_buf buf;

    (void)state;
    memset(&report, 0, sizeof(report));
    unit_disk_device(2, 64);
    unit_dev.offered |= MF(MF_SUSPEND);
    unit_disk_up(NULL);
    assert_int_equal(vio_blk_suspend(&unit_blk), 0);
    assert_int_equal(unit_queue_read(&req, &buf, 0, unit_alloc(512, 16), 512),
                     0);
    unit_env.now_ns += 5000000000;
    assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
    assert_int_equal(vio_blk_resume(&unit_blk), 0);
    assert_int_equal(report.n, 0);
    unit_reap_one(&req, 0);
    unit_disk_down();
}

static void without_a_clock_no_kick_is_late(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 2; way++) {
        unit_setup(NULL);
        unit_env.env.now_ns = NULL;
        start();
        if (way)
            vq->env = NULL;
        assert_int_equal(unit_add(1, 0, TOKEN(1)), 0);
        vio_virtq_kick(vq);
        assert_int_equal(report.n, 0);
    }
}

static void token_of_a_free_slot_is_poisoned(void **state)
{
    unsigned held = 0;

    (void)state;
    start();
    assert_int_equal(unit_add(1, 0, TOKEN(1)), 0);
    vio_virtq_kick(vq);
    model_queue_take(unit_queue.q);
    model_queue_complete(unit_queue.q, 0, 0);
    unit_get(&(uint32_t){0});
    for (unsigned i = 0; i < 8; i++)
        held += vq->slot[i].token == TOKEN(1);
    assert_int_equal(held, 0);
    assert_ptr_equal(vq->slot[0].token, TOKEN(0xdeadf4ee));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_cases(t_irq_09_reentry_is_reported_with_both_places),
        unit_cases(serialised_calls_are_not_reported),
        unit_cases(late_kick_is_reported),
        unit_cases(batch_may_be_held_during_a_wait),
        unit_cases(batch_may_be_held_by_a_suspend),
        unit_cases(without_a_clock_no_kick_is_late),
        unit_cases(token_of_a_free_slot_is_poisoned),
        unit_case(request_in_flight_is_not_queued_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
