/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtqueues of either format against a device that does anything at any
 * moment: whatever it changes between any two accesses of the driver, a buffer
 * comes back once, with a length that it has room for, or the queue breaks and
 * touches nothing any more.
 */
#include "unit.h"

#define BUFFERS 3u

static struct model_queue *const q = &unit_dev.queue[0];
static struct vio_virtq *const vq = &unit_queue.vq;

static void start(uint64_t features, uint16_t indirect)
{
    unit_ring(8, indirect, features);
}

/* What the driver has; bit n: token n. */
static unsigned in_flight;

static void stage(unsigned token)
{
    if (unit_add(1, 1, TOKEN(token)) == 0)
        in_flight |= 1u << token;
}

static void take(void)
{
    void *token = NULL;
    uint32_t len = 0;
    int got = vio_virtq_get_buf(vq, &token, &len);

    assert_true(got == 0 || got == 1 || got == VIO_EPROTO);
    if (got != 1)
        return;
    assert_true(in_flight & 1u << (uintptr_t)token);
    assert_true(len <= 16);
    in_flight &= ~(1u << (uintptr_t)token);
}

/* A bit of everything, with a device that answers in between. */
static void life_of_a_queue(void)
{
    in_flight = 0;
    for (unsigned i = 1; i <= BUFFERS; i++)
        stage(i);
    vio_virtq_kick(vq);
    model_queue_take(q);
    while (q->n_held > 1)
        model_queue_complete(q, 0, 16);
    take();
    stage(BUFFERS + 1);
    vio_virtq_kick(vq);
    take();
    (void)vio_virtq_enable_cb(vq);
    (void)vio_virtq_interrupt(vq);
    take();
    (void)vio_virtq_enable_cb_delayed(vq);
    take();
    take();
    take();
}

/* Every descriptor is either free or in flight, and what is in flight comes
 * back. */
static void assert_accounts_balance(void)
{
    uint64_t accesses = model_accesses;
    void *token;

    model_between = NULL;
    if (vio_virtq_is_broken(vq))
        unit_assert_breaks();
    vio_virtq_break(vq);
    model_dev_reset(&unit_dev);
    accesses = model_accesses;
    while ((token = vio_virtq_detach_unused(vq))) {
        assert_true(in_flight & 1u << (uintptr_t)token);
        in_flight &= ~(1u << (uintptr_t)token);
    }
    assert_int_equal(in_flight, 0);
    assert_int_equal(vio_virtq_num_free(vq), 8);
    assert_int_equal(model_accesses, accesses);
}

/* The device-writable words, of 16 bits. */
static unsigned n_words(void)
{
    size_t ring = q->packed ? model_desc_bytes(q) : 0;

    return (unsigned)((ring + model_used_bytes(q)) / 2);
}

static void put_word(unsigned i, uint16_t value)
{
    size_t ring = q->packed ? model_desc_bytes(q) / 2 : 0;

    model_put16(q, i < ring ? q->desc + 2 * i : q->used + 2 * (i - ring),
                value);
}

static unsigned word;
static uint16_t new_value;

static void change_one(void)
{
    put_word(word, new_value);
}

/* How many accesses the whole life takes. */
static unsigned length_of_life(uint64_t features, uint16_t indirect)
{
    start(features, indirect);
    life_of_a_queue();
    return (unsigned)model_accesses;
}

static void one_word_changes(uint64_t features, uint16_t indirect)
{
    static const uint16_t values[] = {0, 1, 2, 17, 0x8000, 0x8080, 0xffff};
    unsigned accesses = length_of_life(features, indirect);

    for (unsigned at = 1; at <= accesses; at += 1 + at / 40) {
        for (word = 0; word < n_words(); word++) {
            new_value = values[(at + word) % COUNT(values)];
            start(features, indirect);
            model_allow("*");
            unit_at_access(at, change_one);
            life_of_a_queue();
            assert_accounts_balance();
        }
    }
}

static void any_word_changes_between_any_two_accesses(void **state)
{
    (void)state;
    one_word_changes(0, 0);
    one_word_changes(MF(MF_EVENT_IDX) | MF(MF_INDIRECT), 4);
    one_word_changes(MF(MF_IN_ORDER), 0);
}

/* Some words, all the time; often of those values that mean something. */
static uint32_t seed;

static void change_many(enum model_kind kind, const void *ptr, unsigned width,
                        uint64_t value)
{
    static const uint16_t values[] = {0, 1,      2,      3,      16,    17,
                                      8, 0x0080, 0x8000, 0x8080, 0x8082};
    uint32_t r = unit_random(&seed);

    (void)kind;
    (void)ptr;
    (void)width;
    (void)value;
    if (r % 3 == 0)
        put_word(r / 64 % n_words(), values[r / 8 % COUNT(values)]);
}

static void many_words_change_all_the_time(void **state)
{
    (void)state;
    for (seed = 1; seed < 4000; seed++) {
        uint32_t kept = seed;

        start((seed & 1 ? MF(MF_EVENT_IDX) : 0) |
                  (seed & 2 ? MF(MF_IN_ORDER) : 0) |
                  (seed & 4 ? MF(MF_INDIRECT) : 0),
              seed & 4 ? 3 : 0);
        model_allow("*");
        model_between = change_many;
        life_of_a_queue();
        assert_accounts_balance();
        seed = kept;
    }
}

static uint16_t slot_of(unsigned token)
{
    uint16_t slot = 0;

    while (vq->slot[slot].token != TOKEN(token))
        slot++;
    return slot;
}

/* One buffer is with the device, another one is staged, and the device names
 * that one. */
static void name_a_staged_buffer(uint64_t features)
{
    start(features, 0);
    model_allow("*");
    in_flight = 0;
    stage(1);
    vio_virtq_kick(vq);
    model_queue_take(q);
    stage(2);
    model_queue_push(q, slot_of(2), 16);
    take();
}

/*
 * T-SPL-02, T-PKD-02: a buffer that is staged and not shown is not told from
 * one in flight, which would cost each buffer a word. Named by a device that
 * guesses, it comes back early, once, and the device sees its place in the ring
 * with the next kick all the same. What lies there may have become another
 * buffer's, or may be mapped no more: either way the device reaches nothing
 * that it could not reach anyway, and the driver's accounts stay right. As many
 * come back as were shown, whichever they are. (In order, it breaks the queue.)
 */
static void staged_buffer_comes_back_early(uint64_t features, unsigned reuse)
{
    name_a_staged_buffer(features);
    assert_int_equal(in_flight, 1u << 1);
    unit_get_none();
    for (unsigned i = 0; i < reuse; i++)
        stage(3 + i);
    vio_virtq_kick(vq);
    model_queue_take(q);
    for (unsigned i = 0; i < 32; i++) {
        model_queue_push(q, i % 8, 16);
        take();
    }
    assert_accounts_balance();
}

static void used_id_of_a_staged_buffer_is_only_early(void **state)
{
    (void)state;
    for (unsigned reuse = 0; reuse < 4; reuse++) {
        staged_buffer_comes_back_early(0, reuse);
        staged_buffer_comes_back_early(MF(MF_EVENT_IDX), reuse);
    }
}

/* With IN_ORDER the buffers that were shown come first, and the lie shows. */
static void used_id_of_a_staged_buffer_breaks_in_order(void **state)
{
    (void)state;
    name_a_staged_buffer(MF(MF_IN_ORDER));
    assert_int_equal(in_flight, 1u << 2);
    unit_assert_breaks();
    assert_accounts_balance();
}

/* What was written is known, and no more: that is for the caller to judge. */
static void t_spl_07_length_shorter_than_claimed(void **state)
{
    (void)state;
    start(0, 0);
    for (uint32_t says = 0; says <= 16; says++) {
        uint32_t len = 99;

        assert_int_equal(unit_add(1, 1, TOKEN(1)), 0);
        vio_virtq_kick(vq);
        model_queue_take(q);
        model_queue_complete(q, 0, says);
        unit_get(&len);
        assert_int_equal(len, says);
    }
}

/* The tables are written over before each access, and never read. */
static void scribble_tables(enum model_kind kind, const void *ptr,
                            unsigned width, uint64_t value)
{
    size_t bytes = (size_t)vq->size * vq->table_segs * 16;
    size_t offset;

    (void)width;
    (void)value;
    if (kind == MODEL_LOAD || kind == MODEL_LOAD_ACQUIRE)
        assert_false(model_within(ptr, (uint8_t *)vq->table, bytes, &offset));
    memset(vq->table, 0xee, bytes);
}

static void t_spl_10_indirect_table_overwritten(void **state)
{
    uint32_t len;

    (void)state;
    start(MF(MF_INDIRECT), 4);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(unit_add(1, 2, TOKEN(i + 1)), 0);
    vio_virtq_kick(vq);
    assert_int_equal(model_queue_take(q), 5);
    model_between = scribble_tables;
    for (unsigned i = 5; i-- > 0;) {
        model_queue_complete(q, i, 32);
        assert_ptr_equal(unit_get(&len), TOKEN(i + 1));
        assert_int_equal(len, 32);
    }
    assert_int_equal(vio_virtq_num_free(vq), 8);
}

/* No call waits; what the device has stays its own until it is reset. */
static void t_spl_17_never_completes(void **state)
{
    (void)state;
    start(0, 0);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(unit_add(1, 1, TOKEN(i + 1)), 0);
    vio_virtq_kick(vq);
    model_queue_take(q);
    for (unsigned i = 0; i < 1000; i++)
        unit_get_none();
    assert_int_equal(unit_add(1, 0, TOKEN(5)), VIO_ENOSPC);
    model_dev_reset(&unit_dev);
    for (unsigned i = 0; i < 4; i++)
        assert_non_null(vio_virtq_detach_unused(vq));
    assert_null(vio_virtq_detach_unused(vq));
}

/* A buffer that was waited for in vain is matched when it comes after all, also
 * behind others. */
static void t_spl_18_completes_after_the_driver_gave_up(void **state)
{
    uint32_t len;

    (void)state;
    start(0, 0);
    assert_int_equal(unit_add(1, 1, TOKEN(1)), 0);
    vio_virtq_kick(vq);
    model_queue_take(q);
    unit_get_none();
    for (unsigned i = 2; i < 40; i++) {
        assert_int_equal(unit_add(1, 1, TOKEN(i)), 0);
        vio_virtq_kick(vq);
        assert_int_equal(model_queue_take(q), 2);
        model_queue_complete(q, 1, 8);
        assert_ptr_equal(unit_get(&len), TOKEN(i));
    }
    model_queue_complete(q, 0, 4);
    assert_ptr_equal(unit_get(&len), TOKEN(1));
    assert_int_equal(len, 4);
}

/* The device never raises an interrupt, whatever it was asked for: whoever
 * looks finds what is used. */
static void t_spl_20_interrupt_never_comes(void **state)
{
    (void)state;
    for (unsigned event_idx = 0; event_idx < 2; event_idx++) {
        start(event_idx ? MF(MF_EVENT_IDX) : 0, 0);
        q->dev = NULL;
        for (unsigned i = 0; i < 50; i++) {
            assert_true(vio_virtq_enable_cb(vq));
            assert_int_equal(unit_add(1, 1, TOKEN(1)), 0);
            vio_virtq_kick(vq);
            model_queue_take(q);
            model_queue_complete(q, 0, 0);
            assert_false(vio_virtq_enable_cb(vq));
            unit_get(&(uint32_t){0});
        }
        assert_int_equal(unit_dev.isr, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_cases(any_word_changes_between_any_two_accesses),
        unit_cases(many_words_change_all_the_time),
        unit_cases(used_id_of_a_staged_buffer_is_only_early),
        unit_cases(used_id_of_a_staged_buffer_breaks_in_order),
        unit_cases(t_spl_07_length_shorter_than_claimed),
        unit_cases(t_spl_10_indirect_table_overwritten),
        unit_cases(t_spl_17_never_completes),
        unit_cases(t_spl_18_completes_after_the_driver_gave_up),
        unit_cases(t_spl_20_interrupt_never_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
