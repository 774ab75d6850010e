/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtqueues in the small, completely: every order of completion at every size
 * up to 8, every place of the ring, every set of features; and in the long: the
 * counters round and round.
 */
#include <stdlib.h>

#include "unit.h"

static struct model_queue *const q = &unit_dev.queue[0];
static struct vio_virtq *const vq = &unit_queue.vq;

static bool size_exists(unsigned size)
{
    return unit_is_packed() || (size & (size - 1)) == 0;
}

/* As many buffers of so many segments as fit; returns how many. */
static unsigned fill(unsigned segments)
{
    unsigned n = 0;

    while (unit_add(segments - 1, 1, TOKEN(n + 1)) == 0)
        n++;
    assert_true(n >= q->size / segments);
    vio_virtq_kick(vq);
    assert_int_equal(model_queue_take(q), n);
    return n;
}

/* Completed in the order that `code` names: a number in the factorial system.
 */
static void one_order(unsigned segments, unsigned code)
{
    unsigned n = fill(segments), got = 0, expected = 0;
    uint32_t len;

    for (unsigned left = n; left; left--) {
        model_queue_complete(q, code % left, left);
        code /= left;
    }
    for (unsigned i = 0; i < n; i++) {
        got |= 1u << (uintptr_t)unit_get(&len);
        expected |= 2u << i;
        assert_int_equal(len, n - i);
    }
    unit_get_none();
    assert_int_equal(got, expected);
    assert_int_equal(vio_virtq_num_free(vq), q->size);
}

/* With IN_ORDER there is one order, but any cut of it into batches: bit i of
 * `code`: buffer i ends a batch. */
static void one_cut(unsigned segments, unsigned code)
{
    unsigned n = fill(segments), batch = 0;
    uint32_t len;

    for (unsigned i = 0; i < n; i++) {
        batch++;
        if (i + 1 == n || code >> i & 1) {
            model_queue_complete_batch(q, batch, 5);
            batch = 0;
        }
    }
    for (unsigned i = 0; i < n; i++) {
        bool last = i + 1 == n || code >> i & 1;

        assert_ptr_equal(unit_get(&len), TOKEN(i + 1));
        assert_int_equal(len, last ? 5 : 16);
    }
    unit_get_none();
    assert_int_equal(vio_virtq_num_free(vq), q->size);
}

static unsigned factorial(unsigned n)
{
    return n < 2 ? 1 : n * factorial(n - 1);
}

/* How many buffers of so many segments there is room for. */
static unsigned capacity(unsigned segments)
{
    unsigned n = fill(segments);

    while (q->n_held)
        model_queue_complete(q, 0, 0);
    for (unsigned i = 0; i < n; i++)
        unit_get(&(uint32_t){0});
    return n;
}

/* 7! and 8! orders at every place take minutes: by default each of them is at
 * another place, and all of it is for whoever asks for it. */
#define MOST_AT_EVERY_PLACE 720u

static bool at_every_place(unsigned codes)
{
    return codes <= MOST_AT_EVERY_PLACE || getenv("VIO_EXHAUSTIVE");
}

/* All orders, or cuts, of one size and one number of segments, from every place
 * of the ring in turn. */
static void one_shape(unsigned segments)
{
    bool in_order = model_queue_has(q, MF_IN_ORDER);
    unsigned n = capacity(segments);
    unsigned codes = in_order ? 1u << (n - 1) : factorial(n);
    unsigned leads = at_every_place(codes) ? 2u * q->size : 1;

    for (unsigned lead = 0; lead < leads; lead++) {
        for (unsigned code = 0; code < codes; code++) {
            if (in_order)
                one_cut(segments, code);
            else
                one_order(segments, code);
            /* Full rings end where they began. */
            if (leads == 1)
                unit_go_round(1);
        }
        unit_go_round(1);
    }
}

/* Bits of a set of features. */
#define SETS 8u

static uint64_t features_of(unsigned set)
{
    return (set & 1 ? MF(MF_EVENT_IDX) : 0) | (set & 2 ? MF(MF_IN_ORDER) : 0) |
           (set & 4 ? MF(MF_INDIRECT) : 0);
}

static void every_order_of_completion_at_every_size(void **state)
{
    (void)state;
    for (unsigned size = 1; size <= 8; size++) {
        for (unsigned set = 0; size_exists(size) && set < SETS; set++) {
            uint16_t indirect = (uint16_t)(set & 4 ? size : 0);

            for (unsigned segments = 1; segments <= size; segments++) {
                unit_ring((uint16_t)size, indirect, features_of(set));
                one_shape(segments);
            }
        }
    }
}

/* A walk of adding, completing and taking. Tokens count up; those of what is in
 * flight, in the order of the device, and those to be taken, in theirs. */
#define STEPS 10u

static struct {
    uintptr_t next;
    uintptr_t in_flight[STEPS], completed[STEPS];
    unsigned n_in_flight, n_completed, n_taken;
} walk;

static void walk_add(void)
{
    if (unit_add(1, walk.next & 1, TOKEN(walk.next)) < 0)
        return; /* full */
    walk.in_flight[walk.n_in_flight++] = walk.next++;
    vio_virtq_kick(vq);
    assert_int_equal(model_queue_take(q), walk.n_in_flight);
}

static void walk_complete(unsigned i)
{
    model_queue_complete(q, i, 0);
    walk.completed[walk.n_completed++] = walk.in_flight[i];
    walk.n_in_flight--;
    memmove(&walk.in_flight[i], &walk.in_flight[i + 1],
            (walk.n_in_flight - i) * sizeof(walk.in_flight[0]));
}

static void walk_take(void)
{
    while (walk.n_taken < walk.n_completed)
        assert_ptr_equal(unit_get(&(uint32_t){0}),
                         TOKEN(walk.completed[walk.n_taken++]));
}

/* The digits of `code` to the base 3 say: add, complete the first, or complete
 * the last. */
static void one_walk(unsigned code)
{
    memset(&walk, 0, sizeof(walk));
    walk.next = 1;
    for (unsigned step = 0; step < STEPS; step++, code /= 3) {
        if (code % 3 == 0)
            walk_add();
        else if (walk.n_in_flight)
            walk_complete(code % 3 == 1 ? 0 : walk.n_in_flight - 1);
        if (code % 9 != 4) /* else it lies for a while */
            walk_take();
    }
    while (walk.n_in_flight)
        walk_complete(0);
    walk_take();
    assert_int_equal(vio_virtq_num_free(vq), 4);
}

static void every_interleaving(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 59049; code++) { /* 3^10 */
        if (code % 2187 == 0)
            unit_ring(4, 0, code & 1 ? MF(MF_EVENT_IDX) : 0);
        one_walk(code);
    }
}

/* A wish of the device about the next `batch` buffers of one descriptor each,
 * at a random distance; returns whether it wants to hear of them. */
static bool wish(uint32_t *seed, unsigned batch)
{
    unsigned ahead = unit_random(seed) % (2u * q->size);

    if (model_queue_has(q, MF_EVENT_IDX)) {
        unit_device_wants(UNIT_EVENT, ahead);
        return ahead < batch;
    }
    unit_device_wants(ahead & 1 ? UNIT_ALL : UNIT_NOTHING, 0);
    return ahead & 1;
}

/* A batch of one descriptor a buffer, which the device wants to hear of or not:
 * the monitor compares each decision with a search one by one. */
static void add_batch(uint32_t *seed, unsigned n)
{
    unsigned before = q->doorbells;
    bool wanted = wish(seed, n);

    for (unsigned i = 0; i < n; i++)
        assert_int_equal(unit_add(0, 1, TOKEN(i + 1)), 0);
    vio_virtq_kick(vq);
    assert_int_equal(q->doorbells - before, wanted);
}

/* A batch of all lengths, directly or through tables, as far as there is room.
 * Returns how many. */
static unsigned add_mixed(uint32_t *seed)
{
    unsigned n = 0;

    while (unit_add(unit_random(seed) % q->size, 1, TOKEN(n + 1)) == 0)
        n++;
    vio_virtq_kick(vq);
    return n;
}

static void use_batch(uint32_t *seed, unsigned n)
{
    assert_int_equal(model_queue_take(q), n);
    while (q->n_held) {
        if (model_queue_has(q, MF_IN_ORDER))
            model_queue_complete_batch(q, 1 + unit_random(seed) % q->n_held,
                                       16);
        else
            model_queue_complete(q, unit_random(seed) % q->n_held, 16);
    }
    for (unsigned i = 0; i < n; i++) {
        uint32_t len;

        unit_get(&len);
        assert_int_equal(len, 16);
    }
    unit_get_none();
}

/* DX-SPLIT-02, T-SPL-19: more than 2^17 buffers, in batches of all sizes, with
 * the event at every distance. */
static void counters_wrap(uint16_t size, unsigned set)
{
    bool mixed = set & 4;
    uint32_t seed = size;
    unsigned ops = 0, n;

    unit_ring(size, mixed ? size : 0,
              features_of(set) | (set & 1 ? MF(MF_NOTIFY_DATA) : 0));
    while (ops < 140000) {
        n = 1 + unit_random(&seed) % size;
        if (mixed)
            n = add_mixed(&seed);
        else
            add_batch(&seed, n);
        use_batch(&seed, n);
        ops += n;
    }
    model_ringcheck_settled(q);
}

static void counters_wrap_at_every_size(void **state)
{
    (void)state;
    for (uint16_t size = 1; size <= 8; size++) {
        unsigned sets = size == 4 || size == 7 ? SETS : 2;

        for (unsigned set = 0; size_exists(size) && set < sets; set++)
            counters_wrap(size, set);
    }
}

/* The whole 16 bits of the event, around the wrap of the counter, for the
 * smallest and the largest batch: against a search one by one. */
static void one_event(uint16_t event, unsigned n)
{
    bool wanted = false;

    for (unsigned i = 0; i < n; i++)
        wanted = wanted || (uint16_t)(q->avail_taken + i) == event;
    model_put16(q, model_avail_event(q), event);
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(unit_add(0, 1, TOKEN(i + 1)), 0);
    assert_int_equal(vio_virtq_kick_prepare(vq), wanted);
    q->check.owed = false;
    use_batch(&(uint32_t){1}, n);
}

static void every_event_at_the_wrap(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 4; n += 3) {
        unit_ring(4, 0, MF(MF_EVENT_IDX));
        q->lazy = true;
        unit_go_round(65536 - 2 * n);
        for (unsigned event = 0; event < 65536; event++)
            one_event((uint16_t)event, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_cases(every_order_of_completion_at_every_size),
        unit_cases(every_interleaving),
        unit_cases(counters_wrap_at_every_size),
        unit_case(every_event_at_the_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
