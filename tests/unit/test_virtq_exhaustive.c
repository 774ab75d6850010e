/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The split virtqueue in the small, completely: every order of completion at
 * every queue size up to 8 and every position of a small ring; and in the
 * long: the 16-bit counters round and round.
 */
#include "unit.h"

static struct model_queue *q;
static struct vio_virtq *vq;

static void start(uint16_t size, uint64_t features)
{
    unit_setup(NULL);
    unit_queue_start(size, features, false, true);
    q = unit_queue.q;
    vq = &unit_queue.vq;
}

/* Chains of `segments` descriptors, as many as fit; completed in the order that
 * `code` names: a number in the factorial system. */
static void one_order(unsigned segments, unsigned code)
{
    unsigned n = q->size / segments, got = 0, expected = 0;
    uint32_t len;

    for (unsigned i = 0; i < n; i++)
        assert_int_equal(unit_add(segments - 1, 1, TOKEN(i + 1)), 0);
    assert_int_equal(unit_add(segments - 1, 1, TOKEN(99)), VIO_ENOSPC);
    vio_virtq_kick(vq);
    assert_int_equal(model_queue_take(q), n);
    for (unsigned left = n; left; left--) {
        model_queue_complete(q, code % left, left);
        code /= left;
    }
    for (unsigned i = 0; i < n; i++) {
        got |= 1u << (uintptr_t)unit_get(&len);
        expected |= 2u << i;
        assert_int_equal(len, n - i);
    }
    assert_int_equal(got, expected);
    assert_int_equal(vio_virtq_num_free(vq), q->size);
}

static unsigned factorial(unsigned n)
{
    return n < 2 ? 1 : n * factorial(n - 1);
}

static void every_order_of_completion_at_every_size(void **state)
{
    (void)state;
    for (unsigned size = 1; size <= 8; size *= 2) {
        for (unsigned segments = 1; segments <= size; segments++) {
            start((uint16_t)size, size & 2 ? MF(MF_EVENT_IDX) : 0);
            for (unsigned code = 0; code < factorial(size / segments); code++)
                one_order(segments, code);
        }
    }
}

/* Adding and completing interleaved in every way: a walk over every sequence
 * of `steps` choices between add, complete the first and complete the last. */
static void every_interleaving(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 59049; code++) { /* 3^10 */
        uintptr_t next = 1, expected[10];
        unsigned n_expected = 0, taken = 0;
        uintptr_t in_flight[10];
        unsigned n = 0, c = code;

        if (code % 2187 == 0)
            start(4, code & 1 ? MF(MF_EVENT_IDX) : 0);
        for (unsigned step = 0; step < 10; step++, c /= 3) {
            if (c % 3 == 0 && unit_add(1, next & 1, TOKEN(next)) == 0) {
                in_flight[n++] = next++;
                vio_virtq_kick(vq);
                assert_int_equal(model_queue_take(q), n);
            } else if (c % 3 && n) {
                unsigned i = c % 3 == 1 ? 0 : n - 1;

                model_queue_complete(q, i, 0);
                expected[n_expected++] = in_flight[i];
                memmove(&in_flight[i], &in_flight[i + 1],
                        (--n - i) * sizeof(in_flight[0]));
                if (c % 9 == 4)
                    continue; /* let it lie for a while */
            }
            while (taken < n_expected)
                assert_ptr_equal(unit_get(&(uint32_t){0}),
                                 TOKEN(expected[taken++]));
        }
        while (n--)
            model_queue_complete(q, 0, 0);
        while (vio_virtq_num_free(vq) < 4)
            unit_get(&(uint32_t){0});
    }
}

/* DX-SPLIT-02, T-SPL-19: more than 2^17 buffers, in batches of all sizes, with
 * the event at every distance; the monitor compares each decision whether to
 * notify with a search one by one. */
static void counters_wrap(uint16_t size, uint64_t features)
{
    uint32_t seed = size;
    unsigned ops = 0;

    start(size, features);
    q->lazy = true;
    while (ops < 140000) {
        unsigned batch = 1 + unit_random(&seed) % size;
        uint16_t event =
            (uint16_t)(q->avail_taken + unit_random(&seed) % 12 - 4);
        unsigned before = q->doorbells, wanted = 0;

        if (features)
            model_put16(q, model_avail_event(q), event);
        for (unsigned i = 0; i < batch; i++) {
            wanted |= (uint16_t)(q->avail_taken + i) == event;
            assert_int_equal(unit_add(0, 1, TOKEN(ops + i + 1)), 0);
        }
        vio_virtq_kick(vq);
        assert_int_equal(q->doorbells - before, features ? wanted : 1);
        assert_int_equal(model_queue_take(q), batch);
        for (unsigned i = 0; i < batch; i++)
            model_queue_complete(q, unit_random(&seed) % q->n_held, 16);
        for (unsigned i = 0; i < batch; i++)
            unit_get(&(uint32_t){0});
        unit_get_none();
        ops += batch;
    }
    model_ringcheck_settled(q);
}

static void counters_wrap_without_event_idx(void **state)
{
    (void)state;
    for (uint16_t size = 1; size <= 8; size = (uint16_t)(size * 2))
        counters_wrap(size, 0);
}

static void counters_wrap_with_event_idx(void **state)
{
    (void)state;
    for (uint16_t size = 1; size <= 8; size = (uint16_t)(size * 2))
        counters_wrap(size, MF(MF_EVENT_IDX));
}

/* The whole 16 bits of the event, at three places of the counter. */
static void every_event_at_the_wrap(void **state)
{
    (void)state;
    for (unsigned lead = 65533; lead <= 65537; lead++) {
        start(4, MF(MF_EVENT_IDX));
        q->lazy = true;
        for (unsigned i = 0; i < lead; i++) {
            assert_int_equal(unit_add(1, 0, TOKEN(1)), 0);
            vio_virtq_kick(vq);
            model_queue_take(q);
            model_queue_complete(q, 0, 0);
            unit_get(&(uint32_t){0});
        }
        for (unsigned event = 0; event < 65536; event += 5) {
            uint16_t now = q->avail_taken;
            bool wanted = (uint16_t)(event - now) < 3;

            model_put16(q, model_avail_event(q), (uint16_t)event);
            for (unsigned i = 0; i < 3; i++)
                assert_int_equal(unit_add(1, 0, TOKEN(1)), 0);
            assert_int_equal(vio_virtq_kick_prepare(vq), wanted);
            q->check.owed = false;
            model_queue_take(q);
            while (q->n_held)
                model_queue_complete(q, 0, 0);
            for (unsigned i = 0; i < 3; i++)
                unit_get(&(uint32_t){0});
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_case(every_order_of_completion_at_every_size),
        unit_case(every_interleaving),
        unit_case(counters_wrap_without_event_idx),
        unit_case(counters_wrap_with_event_idx),
        unit_case(every_event_at_the_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
