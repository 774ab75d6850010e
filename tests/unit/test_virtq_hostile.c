/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The split virtqueue against a device that writes whatever it likes. Each test
 * is a row T-SPL of the threats: either the queue breaks and touches nothing
 * any more, or the device's doing makes no difference.
 */
#include "unit.h"

/* The device's side. */
static struct model_queue *const q = &unit_dev.queue[0];

/* Chains of 1 + 1 descriptors, in flight and taken by the device. */
static void start(uint16_t size, unsigned in_flight, bool legacy)
{
    unit_queue_start(size, 0, legacy, false);
    for (unsigned i = 0; i < in_flight; i++)
        assert_int_equal(unit_add(1, 1, TOKEN(i + 1)), 0);
    vio_virtq_kick(&unit_queue.vq);
    assert_int_equal(model_queue_take(q), in_flight);
}

static void raw_used_idx(uint16_t idx)
{
    model_put16(q, model_used_idx(q), idx);
}

static void t_spl_01_used_id_out_of_range(void **state)
{
    static const uint32_t ids[] = {8, 9, 0x8000, 0x10000, 0x7fffffff, ~0u};

    (void)state;
    for (size_t i = 0; i < COUNT(ids); i++) {
        unit_setup(NULL);
        start(8, 2, false);
        unit_tempt(&unit_queue.vq, TOKEN(1), 4096, 1);
        model_queue_push(q, ids[i], 0);
        unit_assert_breaks();
    }
}

/* Chain 0 has two descriptors; whatever else is in the table is no head. */
static void t_spl_02_used_id_free_or_mid_chain(void **state)
{
    uint16_t head;

    (void)state;
    for (unsigned id = 0; id < 8; id++) {
        unit_setup(NULL);
        start(8, 1, false);
        head = q->held[0];
        if (id == head)
            continue;
        model_queue_push(q, id, 0);
        unit_assert_breaks();
    }
}

static void t_spl_03_same_id_completed_twice(void **state)
{
    uint32_t len;
    uint16_t head;

    (void)state;
    start(8, 3, false);
    head = q->held[1];
    model_queue_push(q, head, 1);
    model_queue_push(q, head, 1);
    assert_ptr_equal(unit_get(&len), TOKEN(2));
    unit_assert_breaks();
}

static bool is_held(uint32_t id)
{
    for (uint32_t i = 0; i < q->n_held; i++) {
        if (q->held[i] == id)
            return true;
    }
    return false;
}

/* Heads of old that are in the middle of another chain now. */
static void t_spl_03_id_completed_again_after_reuse(void **state)
{
    uint32_t len;

    (void)state;
    for (uint32_t id = 0; id < 8; id++) {
        unit_setup(NULL);
        start(8, 4, false);
        model_queue_complete(q, 2, 0);
        model_queue_complete(q, 2, 0);
        unit_get(&len);
        unit_get(&len);
        assert_int_equal(unit_add(2, 2, TOKEN(9)), 0);
        vio_virtq_kick(&unit_queue.vq);
        assert_int_equal(model_queue_take(q), 3);
        if (is_held(id))
            continue;
        model_queue_push(q, id, 0);
        unit_assert_breaks();
    }
}

/* Nothing is consumed, not even what would be right. */
static void t_spl_04_used_idx_runs_ahead(void **state)
{
    static const uint16_t ahead[] = {4, 5, 8, 9, 0x100, 0x7fff, 0x8000, 0xffff};

    (void)state;
    for (size_t i = 0; i < COUNT(ahead); i++) {
        unit_setup(NULL);
        start(8, 3, false);
        model_queue_fill(q, q->held[0], 0);
        raw_used_idx(ahead[i]);
        unit_assert_breaks();
    }
}

/* What was added and not yet shown cannot be used. */
static void t_spl_04_used_idx_covers_what_was_not_published(void **state)
{
    (void)state;
    start(8, 1, false);
    assert_int_equal(unit_add(1, 0, TOKEN(2)), 0);
    model_queue_fill(q, q->held[0], 0);
    model_queue_fill(q, q->held[0], 0);
    raw_used_idx(2);
    unit_assert_breaks();
}

static void t_spl_05_used_idx_moves_backwards(void **state)
{
    uint32_t len;

    (void)state;
    start(8, 3, false);
    model_queue_complete(q, 0, 0);
    model_queue_complete(q, 0, 0);
    unit_get(&len);
    unit_get(&len);
    raw_used_idx(1);
    unit_assert_breaks();
}

static void t_spl_06_length_past_the_writable_bytes(void **state)
{
    static const uint32_t lens[] = {17, 32, 0x80000000, 0xffffffff};

    (void)state;
    for (size_t i = 0; i < COUNT(lens); i++) {
        unit_setup(NULL);
        start(8, 2, false);
        model_queue_complete(q, 0, lens[i]);
        unit_assert_breaks();
    }
}

static void t_spl_06_length_of_a_chain_without_writable_bytes(void **state)
{
    (void)state;
    unit_queue_start(4, 0, false, false);
    assert_int_equal(unit_add(2, 0, TOKEN(1)), 0);
    vio_virtq_kick(&unit_queue.vq);
    model_queue_take(q);
    model_queue_complete(q, 0, 1);
    unit_assert_breaks();
}

/* A legacy length is often wrong: never an error, never past the buffer. */
static void t_spl_06_legacy_length_is_clamped(void **state)
{
    static const uint32_t lens[] = {0, 1, 16, 17, 32, 0xffffffff};
    uint32_t len;

    (void)state;
    start(16, COUNT(lens), true);
    for (size_t i = 0; i < COUNT(lens); i++) {
        model_queue_complete(q, 0, lens[i]);
        assert_ptr_equal(unit_get(&len), TOKEN(i + 1));
        assert_int_equal(len, lens[i] < 16 ? lens[i] : 16);
    }
}

static void t_spl_06_legacy_id_is_checked_all_the_same(void **state)
{
    static const uint32_t ids[] = {16, 0xffffffff, 1};

    (void)state;
    for (size_t i = 0; i < COUNT(ids); i++) {
        unit_setup(NULL);
        start(16, 1, true);
        model_queue_push(q, ids[i], 0);
        unit_assert_breaks();
    }
}

/* Everything the driver wrote is overwritten before each of its accesses. What
 * the device reads is then its own affair; the driver is not misled. */
static void scribble(enum model_kind kind, const void *ptr, unsigned width,
                     uint64_t value)
{
    (void)kind;
    (void)ptr;
    (void)width;
    (void)value;
    memset(q->desc, 0xee, 16 * q->size);
    memset(q->avail, 0xee, model_avail_bytes(q));
}

static void t_spl_08_09_driver_memory_overwritten(void **state)
{
    static const char *const rows[] = {
        "DX-SPLIT-FLAGS", "DX-SPLIT-HEAD", "DX-SPLIT-OWNER", "SPLIT-11",
        "CLN-01",         "SPLIT-09",      "SPLIT-06"};
    uint16_t heads[3];
    uint32_t len;

    (void)state;
    start(8, 3, false);
    memcpy(heads, q->held, sizeof(heads));
    for (size_t i = 0; i < COUNT(rows); i++)
        model_allow(rows[i]);
    model_between = scribble;
    for (unsigned i = 3; i-- > 0;) {
        model_queue_push(q, heads[i], 16);
        assert_ptr_equal(unit_get(&len), TOKEN(i + 1));
        assert_int_equal(len, 16);
    }
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(unit_add(1, 1, TOKEN(i + 1)), 0);
    assert_int_equal(unit_add(1, 0, TOKEN(5)), VIO_ENOSPC);
    vio_virtq_kick(&unit_queue.vq);
    model_between = NULL;
    model_dev_reset(&unit_dev);
    for (unsigned i = 0; i < 4; i++)
        assert_non_null(vio_virtq_detach_unused(&unit_queue.vq));
    assert_null(vio_virtq_detach_unused(&unit_queue.vq));
    assert_int_equal(vio_virtq_num_free(&unit_queue.vq), 8);
}

/* The wrong number of notifications, and nothing else. */
static void t_spl_11_avail_event_garbage(void **state)
{
    uint32_t seed = 11, len;

    (void)state;
    unit_queue_start(8, MF(MF_EVENT_IDX), false, false);
    q->lazy = true;
    for (unsigned i = 0; i < 1000; i++) {
        model_put16(q, model_avail_event(q), (uint16_t)unit_random(&seed));
        assert_int_equal(unit_add(1, 1, TOKEN(i + 1)), 0);
        vio_virtq_kick(&unit_queue.vq);
        model_queue_take(q);
        model_queue_complete(q, 0, 3);
        assert_ptr_equal(unit_get(&len), TOKEN(i + 1));
    }
}

/* Bit 0 is looked at, and nothing else. */
static void t_spl_12_used_flags_garbage(void **state)
{
    static const uint16_t flags[] = {0, 1, 0xfffe, 0xffff, 0x8000, 0x8001};
    uint32_t len;

    (void)state;
    unit_queue_start(8, 0, false, false);
    for (size_t i = 0; i < COUNT(flags); i++) {
        model_put16(q, model_used_flags(q), flags[i]);
        assert_int_equal(unit_add(1, 1, TOKEN(1)), 0);
        assert_int_equal(vio_virtq_kick_prepare(&unit_queue.vq),
                         !(flags[i] & 1));
        if (!(flags[i] & 1))
            vio_virtq_notify(&unit_queue.vq);
        model_queue_take(q);
        model_queue_complete(q, 0, 0);
        unit_get(&len);
    }
}

/* The element changes after its first word was read: each word is used as it
 * was read the one time. */
static unsigned element_loads;

static void mutate(enum model_kind kind, const void *ptr, unsigned width,
                   uint64_t value)
{
    uint8_t *e = model_used_element(q, 0);

    (void)value;
    if (kind != MODEL_LOAD || width != 4 || (const uint8_t *)ptr < e ||
        (const uint8_t *)ptr >= e + 8)
        return;
    if (element_loads++ == 1) {
        memset(e, 0xff, 8);
        memcpy((void *)(uintptr_t)ptr, &(uint32_t){0}, 4);
    }
}

static void t_spl_15_entry_mutated_between_its_words(void **state)
{
    uint32_t len;

    (void)state;
    start(8, 1, false);
    element_loads = 0;
    model_queue_complete(q, 0, 16);
    model_between = mutate;
    assert_ptr_equal(unit_get(&len), TOKEN(1));
    assert_true(len <= 16);
    assert_int_equal(element_loads, 2);
    unit_get_none();
}

/* A storm of completions: no more are taken than are in flight. */
static void t_spl_16_storm(void **state)
{
    uint32_t len;

    (void)state;
    start(8, 4, false);
    for (unsigned i = 0; i < 4; i++)
        model_queue_complete(q, 0, 0);
    for (unsigned i = 0; i < 4; i++)
        unit_get(&len);
    unit_get_none();
    model_queue_push(q, 0, 0);
    unit_assert_breaks();
}

/* A queue on which nothing was ever added does not believe anything. */
static void t_ini_12_used_before_anything_was_added(void **state)
{
    (void)state;
    unit_queue_start(8, 0, false, true);
    model_queue_push(q, 0, 0);
    unit_assert_breaks();
}

/* The used index changes at each look; nothing is believed twice. */
static void flip_idx(enum model_kind kind, const void *ptr, unsigned width,
                     uint64_t value)
{
    static uint32_t seed = 99;

    (void)width;
    (void)value;
    if (ptr == model_used_idx(q) &&
        (kind == MODEL_LOAD || kind == MODEL_LOAD_ACQUIRE))
        raw_used_idx((uint16_t)(unit_random(&seed) % 7));
}

static void any_used_ring_gives_a_token_or_breaks(void **state)
{
    uint32_t seed = 7;

    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        unsigned taken = 0;
        void *token;
        uint32_t len;
        int got;

        unit_setup(NULL);
        start(4, 2, round & 1);
        for (unsigned i = 0; i < 4; i++)
            model_queue_fill(q, unit_random(&seed) % 5,
                             unit_random(&seed) % 18);
        model_between = flip_idx;
        for (unsigned i = 0; i < 8; i++) {
            got = vio_virtq_get_buf(&unit_queue.vq, &token, &len);
            if (got < 0)
                break;
            taken += (unsigned)got;
            assert_true(!got || len <= 16);
        }
        assert_true(taken <= 2);
        assert_int_equal(vio_virtq_num_free(&unit_queue.vq), 2 * taken);
    }
}

/* With either form of the orderings, which are taken in different ways. */
#define BOTH(f) unit_case(f), unit_case_platform(f)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(t_spl_01_used_id_out_of_range),
        BOTH(t_spl_02_used_id_free_or_mid_chain),
        BOTH(t_spl_03_same_id_completed_twice),
        BOTH(t_spl_03_id_completed_again_after_reuse),
        BOTH(t_spl_04_used_idx_runs_ahead),
        BOTH(t_spl_04_used_idx_covers_what_was_not_published),
        BOTH(t_spl_05_used_idx_moves_backwards),
        BOTH(t_spl_06_length_past_the_writable_bytes),
        BOTH(t_spl_06_length_of_a_chain_without_writable_bytes),
        BOTH(t_spl_06_legacy_length_is_clamped),
        BOTH(t_spl_06_legacy_id_is_checked_all_the_same),
        BOTH(t_spl_08_09_driver_memory_overwritten),
        BOTH(t_spl_11_avail_event_garbage),
        BOTH(t_spl_12_used_flags_garbage),
        BOTH(t_spl_15_entry_mutated_between_its_words),
        BOTH(t_spl_16_storm),
        BOTH(t_ini_12_used_before_anything_was_added),
        BOTH(any_used_ring_gives_a_token_or_breaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
