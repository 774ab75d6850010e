/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is peculiar to packed virtqueues: sizes, flags, event structures. What
 * they have in common with split ones is in test_virtq.c, test_virtq_notify.c
 * and test_virtq_indirect.c.
 */
#include "unit.h"

static struct model_queue *const q = &unit_dev.queue[0];
static struct vio_virtq *const vq = &unit_queue.vq;

static void start(uint16_t size, uint64_t features, bool callback)
{
    unit_setup(NULL);
    unit_queue_start(size, features, false, callback);
}

/* DX-PACK-01, PACK-01 */
static void every_size_is_legal(void **state)
{
    static const uint16_t more[] = {255, 1000, 4095, 32767, 32768};

    (void)state;
    for (unsigned i = 1; i < 70 + COUNT(more); i++) {
        uint16_t size = i < 70 ? (uint16_t)i : more[i - 70];

        start(size, 0, false);
        assert_int_equal(vio_virtq_size(vq), size);
        assert_int_equal(vio_virtq_num_free(vq), size);
        assert_int_equal(vq->driver_addr, vq->desc_addr + 16 * size);
        assert_int_equal(vq->device_addr, vq->driver_addr + 4);
        unit_go_round(size < 100 ? 3u * size : 10);
    }
}

static void sizes_that_are_not_legal_are_refused(void **state)
{
    struct vio_virtq_config cfg = {.features = MF(MF_PACKED)};
    struct vio_need need;

    (void)state;
    assert_int_equal(vio_virtq_mem_size(&cfg, &need), VIO_EINVAL);
    cfg.size = 32769;
    assert_int_equal(vio_virtq_mem_size(&cfg, &need), VIO_EINVAL);
    cfg.size = 65535;
    assert_int_equal(vio_virtq_mem_size(&cfg, &need), VIO_EINVAL);
}

/* Is the descriptor `n` after the next one to fill available? (2.8.1) */
static bool is_available(unsigned n)
{
    unsigned at = (vq->added & 0x7fffu) + n;
    bool wrap = vq->added & 0x8000u;
    uint16_t flags;

    if (at >= vq->size) {
        at -= vq->size;
        wrap = !wrap;
    }
    flags = ((const struct pvirtq_desc *)vq->desc)[at].flags;
    return !!(flags & VIRTQ_DESC_F_AVAIL) == wrap &&
           !!(flags & VIRTQ_DESC_F_USED) != wrap;
}

/* Behind a buffer that is staged, at every position, with the last segment
 * empty or with all of them too long. */
static void refused_list_leaves_nothing_available(void **state)
{
    (void)state;
    for (unsigned before = 0; before < 24; before++) {
        struct vio_sg sg[3] = {{64, 16}, {64, 16}, {64, 0}};

        start(6, 0, false);
        unit_go_round(before);
        assert_int_equal(unit_add(0, 1, TOKEN(1)), 0);
        assert_int_equal(vio_virtq_add(vq, sg, 1, 2, TOKEN(2)), VIO_EINVAL);
        for (unsigned n = 0; n < 5; n++)
            assert_false(is_available(n));
        sg[0].len = sg[1].len = sg[2].len = UINT32_MAX;
        assert_int_equal(vio_virtq_add(vq, sg, 3, 0, TOKEN(2)), VIO_EINVAL);
        for (unsigned n = 0; n < 5; n++)
            assert_false(is_available(n));
        assert_int_equal(vio_virtq_num_free(vq), 5);
        vio_virtq_kick(vq);
        assert_int_equal(model_queue_take(q), 1);
        model_queue_complete(q, 0, 0);
        unit_get(&(uint32_t){0});
        unit_go_round(7);
    }
}

/* The largest queue, filled to the last descriptor, twice around. */
static void largest_queue_fills_and_wraps(void **state)
{
    (void)state;
    start(32768, 0, false);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 32768; i++)
            assert_int_equal(unit_add(0, 1, TOKEN(i + 1)), 0);
        assert_int_equal(unit_add(0, 1, TOKEN(1)), VIO_ENOSPC);
        vio_virtq_kick(vq);
        for (unsigned i = 0; i < 32768; i++) {
            static struct model_chain chain;

            assert_true(model_queue_pop(q, &chain));
            model_queue_push(q, chain.head, 5);
            assert_ptr_equal(unit_get(&(uint32_t){0}), TOKEN(i + 1));
        }
        unit_get_none();
    }
}

/* DX-PACK-02, A9 */
static void starts_with_zeros_and_the_wish_of_the_driver(void **state)
{
    (void)state;
    for (unsigned event_idx = 0; event_idx < 2; event_idx++) {
        uint64_t features = event_idx ? MF(MF_EVENT_IDX) : 0;

        start(5, features, false);
        for (size_t i = 0; i < model_desc_bytes(q); i++)
            assert_int_equal(q->desc[i], 0);
        assert_int_equal(model_get16(q, q->avail + 2), MP_DISABLE);
        start(5, features, true);
        assert_int_equal(model_get16(q, q->avail + 2),
                         event_idx ? MP_DESC : MP_ENABLE);
        if (event_idx) /* the wrap counter is 1 */
            assert_int_equal(model_get16(q, q->avail), 0x8000);
    }
}

/* DX-PACK-03, -04, -05: what lies in memory, in the first and in the second
 * round. */
static void descriptors_are_as_the_specification_has_them(void **state)
{
    (void)state;
    start(3, 0, false);
    for (unsigned round = 0; round < 4; round++) {
        unsigned available = round & 1 ? MP_USED : MP_AVAIL;
        uint16_t id = 0;

        assert_int_equal(unit_add(1, 2, TOKEN(1)), 0);
        vio_virtq_kick(vq);
        for (unsigned i = 0; i < 3; i++) {
            uint8_t *d = q->desc + 16 * i;

            assert_int_equal(model_get64(q, d), unit_queue.buffer + 16 * i);
            assert_int_equal(model_get32(q, d + 8), 16);
            assert_int_equal(model_get16(q, d + 14),
                             available | (i < 2 ? MP_NEXT : 0) |
                                 (i > 0 ? MP_WRITE : 0));
            id = model_get16(q, d + 12);
        }
        assert_true(id < 3);
        assert_int_equal(model_queue_take(q), 1);
        assert_int_equal(q->held[0], id);
        model_queue_complete(q, 0, 0);
        unit_get(&(uint32_t){0});
    }
}

/* PACK-11: between any two accesses of the driver the device sees nothing of a
 * batch, or all of it. */
static unsigned seen_before, seen_after;

static void look(enum model_kind kind, const void *ptr, unsigned width,
                 uint64_t value)
{
    (void)width;
    (void)value;
    if (kind == MODEL_REG_WRITE || !ptr)
        return;
    if (model_queue_pending(q))
        seen_after++;
    else
        seen_before++;
}

static void batch_becomes_available_at_once(void **state)
{
    static const unsigned free_at[] = {0, 1, 4, 5, 6, 9, 11};

    (void)state;
    for (size_t i = 0; i < COUNT(free_at); i++) {
        start(6, 0, false);
        unit_go_round(free_at[i]);
        seen_before = seen_after = 0;
        model_between = look;
        assert_int_equal(unit_add(1, 1, TOKEN(1)), 0);
        assert_int_equal(unit_add(0, 3, TOKEN(2)), 0);
        assert_int_equal(unit_add(1, 0, TOKEN(3)), 0);
        assert_int_equal(seen_after, 0);
        assert_false(model_queue_pending(q));
        vio_virtq_kick(vq);
        model_between = NULL;
        /* 18 stores of descriptors and one of flags; then one look at the
         * device's events. */
        assert_int_equal(seen_before, 19);
        assert_int_equal(seen_after, 1);
        assert_int_equal(model_queue_take(q), 3);
    }
}

/* DX-PACK-08: whatever else is in the flags is not looked at. */
static void other_flags_of_used_descriptors_are_ignored(void **state)
{
    static const uint16_t extra[] = {MP_NEXT, MP_INDIRECT, 0x7f7d, 0x0100};
    uint32_t len;

    (void)state;
    for (size_t i = 0; i < COUNT(extra); i++) {
        start(4, 0, false);
        q->packed->extra_flags = extra[i];
        for (unsigned n = 0; n < 20; n++) {
            assert_int_equal(unit_add(1, 1, TOKEN(n + 1)), 0);
            vio_virtq_kick(vq);
            model_queue_take(q);
            model_queue_complete(q, 0, 9);
            assert_ptr_equal(unit_get(&len), TOKEN(n + 1));
            assert_int_equal(len, 9);
        }
    }
}

/* PACK-05: a doorbell without anything new is harmless. */
static void doorbell_may_be_rung_again(void **state)
{
    (void)state;
    start(3, MF(MF_NOTIFY_DATA), false);
    for (unsigned i = 0; i < 20; i++) {
        unit_go_round(1);
        vio_virtq_notify(vq);
        vio_virtq_notify(vq);
    }
    assert_int_equal(unit_dev.doorbells, 60);
}

/* PACK-04, DX-NTF-02: the monitor compares each value; here the last one is
 * looked at, round and round. */
static uint32_t rung;

static void note_doorbell(struct model_dev *d, uint32_t offset, uint32_t value)
{
    (void)d;
    if (offset == MR_QUEUE_NOTIFY)
        rung = value;
}

static void doorbell_says_where_the_driver_is(void **state)
{
    unsigned at = 0, wrap = 1;

    (void)state;
    start(5, MF(MF_NOTIFY_DATA), false);
    unit_dev.on_write = note_doorbell;
    vq->doorbell.value = 0;
    for (unsigned i = 0; i < 100; i++) {
        unsigned n = 1 + i % 5;

        assert_int_equal(unit_add(n - 1, 1, TOKEN(1)), 0);
        vio_virtq_kick(vq);
        wrap ^= at + n >= 5;
        at = (at + n) % 5;
        assert_int_equal(rung >> 16, at | wrap << 15);
        assert_int_equal(rung & 0xffff, 0);
        model_queue_take(q);
        model_queue_complete(q, 0, 0);
        unit_get(&(uint32_t){0});
    }
}

/* Every event that a device can name, at every place of every small ring, for
 * every batch: against a search one by one. */
static bool passes(struct model_position from, unsigned n, unsigned event)
{
    for (unsigned i = 0; i < n; i++) {
        if (model_packed_event_of(model_packed_advance(q, from, i)) == event)
            return true;
    }
    return false;
}

static void one_event(unsigned n, unsigned event)
{
    struct model_position from = q->packed->next_avail;
    bool legal = (event & 0x7fff) < q->size;

    model_packed_put_event(q, (uint16_t)event, MP_DESC);
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(unit_add(1, 0, TOKEN(1)), 0);
    /* T-PKD-09: a place that is not there means all of them. */
    assert_int_equal(vio_virtq_kick_prepare(vq),
                     !legal || passes(from, n, event));
    q->check.owed = false;
    assert_int_equal(model_queue_take(q), n);
    while (q->n_held)
        model_queue_complete(q, 0, 0);
    for (unsigned i = 0; i < n; i++)
        unit_get(&(uint32_t){0});
}

static void event_decides_as_a_search_would(void **state)
{
    (void)state;
    for (uint16_t size = 1; size <= 8; size++) {
        start(size, MF(MF_EVENT_IDX), false);
        q->lazy = true;
        for (unsigned n = 1; n <= size; n++) {
            for (unsigned lead = 0; lead < 2u * size; lead++) {
                for (unsigned at = 0; at <= size + 1u; at++) {
                    one_event(n, at);
                    one_event(n, at | 0x8000);
                }
                unit_go_round(1);
            }
        }
    }
}

static void event_decides_in_the_largest_queue(void **state)
{
    static const unsigned events[] = {0,      1,      0x7ffe, 0x7fff,
                                      0x8000, 0x8001, 0xfffe, 0xffff};

    (void)state;
    start(32768, MF(MF_EVENT_IDX), false);
    q->lazy = true;
    for (unsigned round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT(events); i++) {
            one_event(1, events[i]);
            one_event(2, events[i]);
        }
        one_event(32768 - 24, 0x8003 ^ round << 15);
    }
}

/* A packed queue has one word for both: what a flag of the other format would
 * say does not matter. */
static void flags_decide(void **state)
{
    static const struct {
        uint16_t flags;
        bool event_idx, notify;
    } table[] = {
        {MP_ENABLE, false, true}, {MP_DISABLE, false, false},
        {MP_ENABLE, true, true},  {MP_DISABLE, true, false},
        {MP_DESC, true, false},   {MP_DESC, false, true}, /* T-PKD-10 */
        {3, false, true},         {3, true, true},        /* T-PKD-09 */
        {0x8000, true, true},     {0xffff, false, true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        start(4, table[i].event_idx ? MF(MF_EVENT_IDX) : 0, false);
        model_packed_put_event(q, 0x8003, table[i].flags);
        assert_int_equal(unit_add(1, 1, TOKEN(1)), 0);
        assert_int_equal(vio_virtq_kick_prepare(vq), table[i].notify);
        q->check.owed = false;
        assert_int_equal(vq->stats.suppressed, !table[i].notify);
    }
}

/* A state that is older than what was taken since says so, as in a split
 * queue, wherever the ring has come to meanwhile. */
static void old_state_polls_as_work(void **state)
{
    unsigned old;

    (void)state;
    start(3, 0, true);
    for (unsigned i = 0; i < 5; i++) {
        old = vio_virtq_enable_cb_prepare(vq);
        assert_false(vio_virtq_poll(vq, old));
        unit_go_round(1 + i);
        assert_true(vio_virtq_poll(vq, old));
    }
}

/* A used list that only wraps is one; a buffer is not used before it was. */
static void interrupt_is_ours_only_with_something_used(void **state)
{
    (void)state;
    start(2, 0, true);
    for (unsigned i = 0; i < 9; i++) {
        assert_false(vio_virtq_interrupt(vq));
        assert_int_equal(unit_add(1, 0, TOKEN(1)), 0);
        vio_virtq_kick(vq);
        model_queue_take(q);
        assert_false(vio_virtq_interrupt(vq));
        model_queue_complete(q, 0, 0);
        assert_true(vio_virtq_interrupt(vq));
        unit_get(&(uint32_t){0});
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_case_packed(every_size_is_legal),
        unit_case_packed(sizes_that_are_not_legal_are_refused),
        unit_case_packed(refused_list_leaves_nothing_available),
        unit_case_packed(largest_queue_fills_and_wraps),
        unit_case_packed(starts_with_zeros_and_the_wish_of_the_driver),
        unit_case_packed(descriptors_are_as_the_specification_has_them),
        unit_case_packed(batch_becomes_available_at_once),
        unit_case_packed(other_flags_of_used_descriptors_are_ignored),
        unit_case_packed(doorbell_may_be_rung_again),
        unit_case_packed(doorbell_says_where_the_driver_is),
        unit_case_packed(event_decides_as_a_search_would),
        unit_case_packed(event_decides_in_the_largest_queue),
        unit_case_packed(flags_decide),
        unit_case_packed(old_state_polls_as_work),
        unit_case_packed(interrupt_is_ours_only_with_something_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
