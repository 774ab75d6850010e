/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notifications in both directions: when the driver rings the doorbell, and
 * when it asks for an interrupt.
 */
#include "unit.h"

static struct model_queue *const q = &unit_dev.queue[0];
static struct vio_virtq *const vq = &unit_queue.vq;

static void start(uint16_t size, uint64_t features, bool callback)
{
    unit_queue_start(size, features, false, callback);
}

static void add_many(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(unit_add(1, 1, TOKEN(i + 1)), 0);
}

static void complete(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        model_queue_complete(q, 0, 0);
}

static void drain(unsigned n)
{
    uint32_t len;

    for (unsigned i = 0; i < n; i++)
        unit_get(&len);
    unit_get_none();
}

/* SPLIT-21, SPLIT-22, SPLIT-20: without EVENT_IDX the flag alone counts. */
static void flag_decides_without_event_idx(void **state)
{
    (void)state;
    start(8, 0, false);
    for (unsigned quiet = 0; quiet < 2; quiet++) {
        unsigned before = unit_dev.doorbells;

        q->quiet = quiet;
        model_queue_arm(q);
        model_put16(q, model_avail_event(q), quiet ? q->avail_taken : 0x4000);
        add_many(1);
        vio_virtq_kick(vq);
        assert_int_equal(unit_dev.doorbells - before, !quiet);
        model_queue_take(q);
        complete(1);
        drain(1);
    }
    assert_int_equal(vq->stats.notifications, 1);
    assert_int_equal(vq->stats.suppressed, 1);
}

/* SPLIT-23: with EVENT_IDX the flag does not count. */
static void flag_is_ignored_with_event_idx(void **state)
{
    (void)state;
    start(8, MF(MF_EVENT_IDX), false);
    model_put16(q, model_used_flags(q), 1);
    add_many(1);
    vio_virtq_kick(vq);
    assert_int_equal(unit_dev.doorbells, 1);
    model_queue_take(q);
    model_put16(q, model_used_flags(q), 0);
    model_put16(q, model_avail_event(q), 0x7000);
    add_many(1);
    vio_virtq_kick(vq);
    assert_int_equal(unit_dev.doorbells, 1);
}

/* SPLIT-24, SPLIT-25: exactly when the step passes the event. */
static void event_decides_with_event_idx(void **state)
{
    (void)state;
    for (unsigned batch = 1; batch <= 4; batch++) {
        for (unsigned event = 0; event < 12; event++) {
            unit_setup(NULL);
            start(8, MF(MF_EVENT_IDX), false);
            q->lazy = true;
            model_put16(q, model_avail_event(q), (uint16_t)event);
            add_many(batch);
            assert_int_equal(vio_virtq_kick_prepare(vq), event < batch);
            q->check.owed = false;
        }
    }
}

/* DX-SPLIT-07: a batch costs one notification. */
static void batch_costs_one_notification(void **state)
{
    (void)state;
    for (unsigned event_idx = 0; event_idx < 2; event_idx++) {
        unit_setup(NULL);
        start(64, event_idx ? MF(MF_EVENT_IDX) : 0, false);
        add_many(32);
        vio_virtq_kick(vq);
        assert_int_equal(unit_dev.doorbells, 1);
        assert_int_equal(model_queue_take(q), 32);
    }
}

/* DX-SPLIT-08: many kicks that the device did not want to hear of, then one
 * that it waits for, round and round the 16 bits. */
static void event_is_met_after_any_number_of_additions(void **state)
{
    uint32_t seed = 3;

    (void)state;
    start(8, MF(MF_EVENT_IDX), false);
    q->lazy = true;
    for (unsigned round = 0; round < 40; round++) {
        uint16_t distance = (uint16_t)(unit_random(&seed) | 1);
        uint16_t event = (uint16_t)(q->avail_taken + distance);

        model_put16(q, model_avail_event(q), event);
        for (unsigned i = 0; i <= distance; i++) {
            unsigned before = unit_dev.doorbells;

            add_many(1);
            vio_virtq_kick(vq);
            assert_int_equal(unit_dev.doorbells - before, i == distance);
            model_queue_take(q);
            complete(1);
            drain(1);
        }
    }
}

/* A6, A9: without a callback nobody wants an interrupt. */
static void queue_without_callback_starts_silent(void **state)
{
    (void)state;
    for (unsigned event_idx = 0; event_idx < 2; event_idx++) {
        unit_setup(NULL);
        start(8, event_idx ? MF(MF_EVENT_IDX) : 0, false);
        add_many(4);
        vio_virtq_kick(vq);
        model_queue_take(q);
        complete(4);
        assert_int_equal(q->interrupts, 0);
        drain(4);
    }
}

static void queue_with_callback_starts_with_interrupts(void **state)
{
    (void)state;
    for (unsigned event_idx = 0; event_idx < 2; event_idx++) {
        unit_setup(NULL);
        start(8, event_idx ? MF(MF_EVENT_IDX) : 0, true);
        add_many(1);
        vio_virtq_kick(vq);
        model_queue_take(q);
        complete(1);
        assert_int_equal(q->interrupts, 1);
        assert_true(vio_virtq_interrupt(vq));
        assert_int_equal(unit_queue.callbacks, 1);
        drain(1);
        assert_false(vio_virtq_interrupt(vq));
        assert_int_equal(unit_queue.callbacks, 1);
    }
}

/* Silent for as long as it takes, wherever the counters are. */
static void disable_cb_lasts(void **state)
{
    (void)state;
    for (unsigned event_idx = 0; event_idx < 2; event_idx++) {
        unit_setup(NULL);
        start(8, event_idx ? MF(MF_EVENT_IDX) : 0, true);
        vio_virtq_disable_cb(vq);
        for (unsigned i = 0; i < 60000; i++) {
            add_many(1);
            vio_virtq_kick(vq);
            model_queue_take(q);
            complete(1);
            drain(1);
        }
        assert_int_equal(q->interrupts, 0);
    }
}

/* Ask, be interrupted once, ask again: at every position of the counters. */
static void enable_cb_brings_the_next_interrupt(void **state)
{
    (void)state;
    for (unsigned event_idx = 0; event_idx < 2; event_idx++) {
        unit_setup(NULL);
        start(8, event_idx ? MF(MF_EVENT_IDX) : 0, true);
        for (unsigned i = 0; i < 70000; i++) {
            unsigned before = q->interrupts;

            vio_virtq_disable_cb(vq);
            assert_true(vio_virtq_enable_cb(vq));
            add_many(1);
            vio_virtq_kick(vq);
            model_queue_take(q);
            complete(1);
            assert_int_equal(q->interrupts, before + 1);
            drain(1);
        }
    }
}

/* The race that enable_cb is there for: used between the last look and it. */
static void enable_cb_says_that_work_is_pending(void **state)
{
    (void)state;
    for (unsigned event_idx = 0; event_idx < 2; event_idx++) {
        unsigned token;

        unit_setup(NULL);
        start(8, event_idx ? MF(MF_EVENT_IDX) : 0, true);
        vio_virtq_disable_cb(vq);
        add_many(2);
        vio_virtq_kick(vq);
        model_queue_take(q);
        complete(1);
        assert_false(vio_virtq_enable_cb(vq));
        drain(1);
        token = vio_virtq_enable_cb_prepare(vq);
        assert_false(vio_virtq_poll(vq, token));
        complete(1);
        assert_true(vio_virtq_poll(vq, token));
        drain(1);
    }
}

/* The device uses a buffer in the middle of enable_cb: either it raises an
 * interrupt, or enable_cb says that there is work. */
static void complete_one(void)
{
    complete(1);
}

/* One of the three ways to ask: true if an interrupt will come. */
static bool ask(unsigned way)
{
    if (way == 0)
        return vio_virtq_enable_cb(vq);
    if (way == 1)
        return vio_virtq_enable_cb_delayed(vq);
    return !vio_virtq_poll(vq, vio_virtq_enable_cb_prepare(vq));
}

static void completion_amidst(uint64_t features, unsigned way, unsigned at)
{
    bool armed;

    unit_setup(NULL);
    start(8, features, true);
    vio_virtq_disable_cb(vq);
    add_many(1);
    vio_virtq_kick(vq);
    model_queue_take(q);
    unit_at_access(at, complete_one);
    armed = ask(way);
    model_between = NULL;
    if (q->n_held == 0)
        assert_true(!armed || q->interrupts == 1);
    else
        assert_true(armed);
}

static void no_completion_is_lost_while_asking(void **state)
{
    (void)state;
    for (unsigned at = 1; at < 8; at++) {
        for (unsigned way = 0; way < 3; way++) {
            completion_amidst(0, way, at);
            completion_amidst(MF(MF_EVENT_IDX), way, at);
            completion_amidst(MF(MF_ORDER_PLATFORM), way, at);
        }
    }
}

/* The other half: the driver publishes while the device falls asleep. Either
 * the device sees the buffer in its last look, or the driver rings. */
static void fall_asleep(void)
{
    q->quiet = false;
    model_queue_take(q);
}

static void no_buffer_is_lost_while_the_device_falls_asleep(void **state)
{
    (void)state;
    for (unsigned event_idx = 0; event_idx < 2; event_idx++) {
        for (unsigned at = 1; at < 16; at++) {
            unit_setup(NULL);
            start(8, event_idx ? MF(MF_EVENT_IDX) : 0, true);
            q->quiet = true;
            model_queue_arm(q);
            unit_at_access(at, fall_asleep);
            add_many(2);
            vio_virtq_kick(vq);
            model_between = NULL;
            if (!unit_countdown)
                assert_true(q->n_held == 2 || unit_dev.doorbells == 1);
        }
    }
}

/* A6: about three quarters of what is in flight. */
static void enable_cb_delayed_waits_for_most_of_it(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 32; n++) {
        unsigned done = 0;

        unit_setup(NULL);
        start(64, MF(MF_EVENT_IDX), true);
        vio_virtq_disable_cb(vq);
        add_many(n);
        vio_virtq_kick(vq);
        model_queue_take(q);
        assert_true(vio_virtq_enable_cb_delayed(vq));
        while (!q->interrupts) {
            complete(1);
            done++;
        }
        assert_true(done <= n);
        assert_true(done * 4 >= n * 3 - 3 && done * 4 <= n * 3 + 4);
        drain(done);
    }
}

static void enable_cb_delayed_without_event_idx_is_enable_cb(void **state)
{
    (void)state;
    start(64, 0, true);
    vio_virtq_disable_cb(vq);
    add_many(8);
    vio_virtq_kick(vq);
    model_queue_take(q);
    assert_true(vio_virtq_enable_cb_delayed(vq));
    complete(1);
    assert_int_equal(q->interrupts, 1);
}

static void enable_cb_delayed_says_when_most_is_done(void **state)
{
    (void)state;
    for (unsigned done = 0; done <= 16; done++) {
        unit_setup(NULL);
        start(64, MF(MF_EVENT_IDX), true);
        vio_virtq_disable_cb(vq);
        add_many(16);
        vio_virtq_kick(vq);
        model_queue_take(q);
        complete(done);
        if (vio_virtq_enable_cb_delayed(vq)) {
            assert_true(done <= 13);
            complete(16 - done);
            assert_int_equal(q->interrupts, 1);
        } else {
            /* How much is done cannot be seen in a packed ring. */
            assert_true(done >= (unit_is_packed() ? 1 : 12));
        }
    }
}

/* A8, SPLIT-16, T-IRQ-01 */
static void interrupt_with_nothing_used_is_not_ours(void **state)
{
    (void)state;
    start(8, 0, true);
    add_many(1);
    vio_virtq_kick(vq);
    model_queue_take(q);
    for (unsigned i = 0; i < 100000; i++)
        assert_false(vio_virtq_interrupt(vq));
    assert_int_equal(unit_queue.callbacks, 0);
    assert_int_equal(vq->stats.spurious, 100000);
    complete(1);
    assert_true(vio_virtq_interrupt(vq));
    assert_int_equal(vq->stats.interrupts, 1);
}

static void broken_queue_calls_nothing(void **state)
{
    (void)state;
    start(8, 0, true);
    add_many(1);
    vio_virtq_kick(vq);
    model_queue_take(q);
    complete(1);
    vio_virtq_break(vq);
    assert_false(vio_virtq_interrupt(vq));
    assert_int_equal(unit_queue.callbacks, 0);
}

/* While it is held: whichever way it is kicked, nothing is shown, and the
 * device is not notified; what was shown before is taken. Then all goes at
 * once. */
static void held_queue_shows_nothing(void **state)
{
    uint32_t len;

    (void)state;
    start(8, unit_format, false);
    add_many(1);
    vio_virtq_kick(vq);
    assert_int_equal(model_queue_take(q), 1);
    vio_virtq_hold(vq, true);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(unit_add(1, 0, TOKEN(2 + i)), 0);
        vio_virtq_kick(vq);
        assert_false(vio_virtq_kick_prepare(vq));
        vio_virtq_notify(vq);
        assert_false(model_queue_pending(q));
    }
    model_queue_complete(q, 0, 0);
    assert_ptr_equal(unit_get(&len), TOKEN(1));
    assert_int_equal(unit_dev.doorbells, 1);
    assert_int_equal(vq->stats.notifications, 1);
    vio_virtq_hold(vq, false);
    assert_int_equal(unit_dev.doorbells, 2);
    assert_int_equal(model_queue_take(q), 2);
    vio_virtq_kick(vq);
    assert_int_equal(unit_dev.doorbells, 2);
}

/* A notification that comes late, after a lock is released, may find the queue
 * held: then the device hears of it when the queue goes on. */
static void no_notification_is_lost_in_a_hold(void **state)
{
    (void)state;
    start(8, unit_format, false);
    add_many(1);
    assert_true(vio_virtq_kick_prepare(vq));
    vio_virtq_hold(vq, true);
    vio_virtq_notify(vq);
    assert_int_equal(unit_dev.doorbells, 0);
    vio_virtq_hold(vq, false);
    assert_int_equal(unit_dev.doorbells, 1);
    assert_int_equal(model_queue_take(q), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_case(flag_decides_without_event_idx),
        unit_case(flag_is_ignored_with_event_idx),
        unit_case(event_decides_with_event_idx),
        unit_cases(batch_costs_one_notification),
        unit_case(event_is_met_after_any_number_of_additions),
        unit_cases(queue_without_callback_starts_silent),
        unit_cases(queue_with_callback_starts_with_interrupts),
        unit_cases(disable_cb_lasts),
        unit_cases(enable_cb_brings_the_next_interrupt),
        unit_cases(enable_cb_says_that_work_is_pending),
        unit_cases(no_completion_is_lost_while_asking),
        unit_cases(no_buffer_is_lost_while_the_device_falls_asleep),
        unit_cases(enable_cb_delayed_waits_for_most_of_it),
        unit_cases(enable_cb_delayed_without_event_idx_is_enable_cb),
        unit_cases(enable_cb_delayed_says_when_most_is_done),
        unit_cases(interrupt_with_nothing_used_is_not_ours),
        unit_cases(broken_queue_calls_nothing),
        unit_cases(held_queue_shows_nothing),
        unit_cases(no_notification_is_lost_in_a_hold),
        unit_case_platform(held_queue_shows_nothing),
        unit_case_packed_platform(held_queue_shows_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
