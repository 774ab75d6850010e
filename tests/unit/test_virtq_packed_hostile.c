/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packed virtqueue against a device that writes whatever it likes. Each
 * test is a row T-PKD of the threats: either the queue breaks and touches
 * nothing any more, or the device's doing makes no difference.
 */
#include "unit.h"

/* The device's side. */
static struct model_queue *const q = &unit_dev.queue[0];
static struct vio_virtq *const vq = &unit_queue.vq;

static void start_empty(uint16_t size, uint64_t features, bool callback)
{
    unit_setup(NULL);
    unit_queue_start(size, features, false, callback);
}

/* Lists of 1 + 1 descriptors, in flight and taken by the device. */
static void start(uint16_t size, unsigned in_flight, uint64_t features)
{
    start_empty(size, features, false);
    for (unsigned i = 0; i < in_flight; i++)
        assert_int_equal(unit_add(1, 1, TOKEN(i + 1)), 0);
    vio_virtq_kick(vq);
    assert_int_equal(model_queue_take(q), in_flight);
}

static void t_pkd_01_used_id_out_of_range(void **state)
{
    static const uint16_t ids[] = {5, 6, 8, 0x7fff, 0x8000, 0xffff};

    (void)state;
    for (size_t i = 0; i < COUNT(ids); i++) {
        start(5, 2, 0);
        unit_tempt(vq, TOKEN(1), 4096, 1);
        model_queue_push(q, ids[i], 0);
        unit_assert_breaks();
    }
}

static void t_pkd_02_used_id_not_outstanding(void **state)
{
    (void)state;
    for (uint16_t id = 0; id < 8; id++) {
        start(8, 1, 0);
        if (id == q->held[0])
            continue;
        model_queue_push(q, id, 0);
        unit_assert_breaks();
    }
}

static void t_pkd_02_used_id_twice(void **state)
{
    uint32_t len;
    uint16_t id;

    (void)state;
    start(8, 3, 0);
    id = q->held[1];
    model_queue_push(q, id, 1);
    assert_ptr_equal(unit_get(&len), TOKEN(2));
    q->packed->next_used.offset = 2; /* where the driver looks next */
    model_queue_push(q, id, 1);
    unit_assert_breaks();
}

/* Flags of a descriptor, as raw as a device can write them. */
static void put_flags(unsigned at, uint16_t flags)
{
    model_put16(q, q->desc + 16 * at + 14, flags);
}

static void t_pkd_03_used_flag_on_a_slot_never_exposed(void **state)
{
    (void)state;
    start_empty(4, 0, true);
    put_flags(0, MP_AVAIL | MP_USED);
    for (unsigned i = 0; i < 3; i++) {
        unit_get_none();
        /* Nor is there any reason to look again. */
        assert_true(vio_virtq_enable_cb(vq));
        assert_true(vio_virtq_enable_cb_delayed(vq));
    }
    assert_int_equal(unit_add(1, 0, TOKEN(1)), 0); /* staged is not shown */
    put_flags(0, MP_AVAIL | MP_USED);
    unit_get_none();
}

/* T-PKD-02: a staged buffer that is longer than all that was shown. Taken, it
 * would carry the used position past what is published, and the next batch over
 * what is in flight. */
static void t_pkd_02_a_staged_buffer_longer_than_what_is_shown(void **state)
{
    uint16_t id;

    (void)state;
    for (unsigned n_segs = 2; n_segs < 8; n_segs++)
        for (unsigned at = 0; at < 8; at++) {
            start_empty(8, 0, true);
            unit_go_round(at);
            assert_int_equal(unit_add(1, 0, TOKEN(1)), 0);
            vio_virtq_kick(vq);
            model_queue_take(q);
            assert_int_equal(unit_add(0, n_segs, TOKEN(2)), 0);
            for (id = 0; vq->slot[id].token != TOKEN(2);)
                id++;
            model_queue_push(q, id, 16);
            unit_assert_breaks();
            assert_ptr_equal(vio_virtq_detach_unused(vq), TOKEN(1));
            assert_ptr_equal(vio_virtq_detach_unused(vq), TOKEN(2));
        }
}

static void t_pkd_03_wrong_wrap_counter(void **state)
{
    uint32_t len;

    (void)state;
    start(4, 2, 0);
    put_flags(0, 0); /* used, had the wrap counter been 0 */
    unit_get_none();
    put_flags(0, MP_USED); /* available, likewise */
    unit_get_none();
    model_queue_complete(q, 0, 1);
    assert_ptr_equal(unit_get(&len), TOKEN(1));
    /* What was used in the round before is not used in this one. */
    model_queue_complete(q, 0, 1);
    assert_ptr_equal(unit_get(&len), TOKEN(2));
    assert_int_equal(unit_add(1, 3, TOKEN(3)), 0);
    vio_virtq_kick(vq);
    model_queue_take(q);
    put_flags(0, MP_AVAIL | MP_USED);
    unit_get_none();
}

/* All of the ring but the used descriptors that the driver has to come to. */
static void scribble(enum model_kind kind, const void *ptr, unsigned width,
                     uint64_t value)
{
    struct model_position at = q->packed->next_used;

    (void)kind;
    (void)ptr;
    (void)width;
    (void)value;
    for (uint32_t i = 0; i < q->size; i++) {
        if (i == q->packed->check.taken.offset)
            continue;
        at.offset = i;
        memset(model_packed_desc(q, at), 0xee, 14);
    }
}

static void t_pkd_04_exposed_descriptors_overwritten(void **state)
{
    uint32_t len;

    (void)state;
    for (unsigned round = 0; round < 6; round++) {
        start(7, 3, 0);
        for (unsigned i = 3; i-- > 0;) {
            model_queue_complete(q, i, 7 + i);
            model_between = scribble;
            assert_ptr_equal(unit_get(&len), TOKEN(i + 1));
            assert_int_equal(len, 7 + i);
            model_between = NULL;
        }
        unit_get_none();
        assert_int_equal(vio_virtq_num_free(vq), 7);
    }
}

/* T-PKD-05, T-PKD-15: lists of all lengths, used in any order, and whatever the
 * device writes about their lengths: the driver comes to where the next one is.
 */
static void t_pkd_05_15_skips_by_what_it_remembers(void **state)
{
    uint32_t seed = 5, len;
    uintptr_t token = 0;

    (void)state;
    start_empty(13, 0, false);
    q->packed->extra_flags = MP_NEXT;
    for (unsigned i = 0; i < 30000; i++) {
        unsigned n = 1 + unit_random(&seed) % 5;

        if (unit_add(n - 1, 1, TOKEN(++token)) == 0)
            vio_virtq_kick(vq);
        model_queue_take(q);
        if (unit_random(&seed) % 3 == 0)
            continue;
        model_queue_complete(q, unit_random(&seed) % q->n_held, 16);
        unit_get(&len);
        unit_get_none();
    }
}

/* 2.8.4 reserves the length where the WRITE flag is not set; but QEMU never
 * sets it in a used descriptor, and yet its length is right: what is possible
 * is believed. */
static void t_pkd_06_length_without_the_write_flag(void **state)
{
    static const struct {
        uint32_t says, is;
    } table[] = {{0, 0}, {1, 1}, {16, 16}, {17, 0}, {0xffffffff, 0}};
    uint32_t len;

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        start(8, 2, 0);
        q->packed->no_write_flag = true;
        model_queue_complete(q, 1, table[i].says);
        assert_ptr_equal(unit_get(&len), TOKEN(2));
        assert_int_equal(len, table[i].is);
        model_queue_complete(q, 0, 3);
        assert_ptr_equal(unit_get(&len), TOKEN(1));
        assert_int_equal(len, 3);
    }
}

static void t_pkd_07_length_past_the_writable_bytes(void **state)
{
    static const uint32_t lens[] = {17, 32, 0x80000000, 0xffffffff};

    (void)state;
    for (size_t i = 0; i < COUNT(lens); i++) {
        start(8, 2, 0);
        model_queue_complete(q, 0, lens[i]);
        unit_assert_breaks();
    }
}

static void t_pkd_07_length_of_a_list_without_writable_bytes(void **state)
{
    (void)state;
    start_empty(4, 0, false);
    assert_int_equal(unit_add(2, 0, TOKEN(1)), 0);
    vio_virtq_kick(vq);
    model_queue_take(q);
    model_queue_complete(q, 0, 1);
    unit_assert_breaks();
}

static void garbage_events(enum model_kind kind, const void *ptr,
                           unsigned width, uint64_t value)
{
    (void)kind;
    (void)ptr;
    (void)width;
    (void)value;
    memset(q->avail, 0xee, 4);
}

/* What the driver asked for is not its memory's to say. */
static void t_pkd_08_driver_events_overwritten(void **state)
{
    uint32_t len;

    (void)state;
    start(8, 2, MF(MF_EVENT_IDX));
    model_between = garbage_events;
    vio_virtq_disable_cb(vq);
    assert_true(vio_virtq_enable_cb(vq));
    model_put16(q, q->avail + 2, MP_DISABLE);
    model_queue_complete(q, 0, 0);
    assert_false(vio_virtq_enable_cb(vq));
    assert_ptr_equal(unit_get(&len), TOKEN(1));
    unit_get_none();
}

/* The wrong number of notifications, and nothing else: what makes no sense is
 * taken as ENABLE. What each position means is in test_virtq_packed.c. */
static void t_pkd_09_10_device_events_garbage(void **state)
{
    uint32_t seed = 9, len, event;
    unsigned doorbells;
    bool decides; /* the position */

    (void)state;
    for (unsigned event_idx = 0; event_idx < 2; event_idx++) {
        start_empty(6, event_idx ? MF(MF_EVENT_IDX) : 0, false);
        q->lazy = true;
        for (unsigned i = 0; i < 3000; i++) {
            event = unit_random(&seed) & 0x8003800f;
            decides = event_idx && event >> 16 == 2 && (event & 0x7fff) < 6;
            doorbells = unit_dev.doorbells;
            model_put32(q, q->used, event);
            assert_int_equal(unit_add(1, 1, TOKEN(i + 1)), 0);
            vio_virtq_kick(vq);
            if (!decides)
                assert_int_equal(unit_dev.doorbells - doorbells,
                                 event >> 16 != 1);
            q->check.owed = false;
            model_queue_take(q);
            model_queue_complete(q, 0, 3);
            assert_ptr_equal(unit_get(&len), TOKEN(i + 1));
        }
    }
}

static unsigned event_loads;

static void count_event_loads(enum model_kind kind, const void *ptr,
                              unsigned width, uint64_t value)
{
    (void)value;
    if (kind != MODEL_LOAD && kind != MODEL_LOAD_ACQUIRE)
        return;
    assert_ptr_equal(ptr, q->used);
    assert_int_equal(width, 4);
    event_loads++;
}

static void t_pkd_11_event_is_read_once_as_a_whole(void **state)
{
    (void)state;
    start_empty(8, MF(MF_EVENT_IDX), false);
    event_loads = 0;
    model_between = count_event_loads;
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(unit_add(1, 1, TOKEN(1)), 0);
        vio_virtq_kick(vq);
        assert_int_equal(event_loads, i + 1);
    }
}

/* Before load number `revert_at` of a descriptor the device changes all that
 * was loaded before. */
static unsigned revert_at, desc_loads;

static void revert(enum model_kind kind, const void *ptr, unsigned width,
                   uint64_t value)
{
    const uint8_t *p = ptr;

    (void)width;
    (void)value;
    if ((kind != MODEL_LOAD && kind != MODEL_LOAD_ACQUIRE) || p < q->desc ||
        p >= q->desc + model_desc_bytes(q))
        return;
    if (desc_loads++ != revert_at)
        return;
    put_flags(0, MP_AVAIL);
    if (revert_at == 2) /* the length, that the driver takes first */
        model_put32(q, q->desc + 8, 0xffffffff);
}

static void t_pkd_12_slot_reverts_after_it_showed_used(void **state)
{
    uint32_t len;

    (void)state;
    for (revert_at = 1; revert_at <= 2; revert_at++) {
        start(4, 1, 0);
        desc_loads = 0;
        model_queue_complete(q, 0, 11);
        model_between = revert;
        assert_ptr_equal(unit_get(&len), TOKEN(1));
        assert_int_equal(len, 11);
        assert_int_equal(desc_loads, 3);
        unit_get_none();
    }
}

/* ID and length are written last thing before the flags are looked at. */
static void use_late(enum model_kind kind, const void *ptr, unsigned width,
                     uint64_t value)
{
    (void)width;
    (void)value;
    if ((kind == MODEL_LOAD || kind == MODEL_LOAD_ACQUIRE) &&
        ptr == q->desc + 14 && q->n_held)
        model_queue_complete(q, 0, 12);
}

static void t_pkd_13_id_and_length_are_read_after_the_flags(void **state)
{
    uint32_t len;

    (void)state;
    start(4, 1, 0);
    model_put16(q, q->desc + 12, 0xffff);
    model_put32(q, q->desc + 8, 0xffffffff);
    model_between = use_late;
    assert_ptr_equal(unit_get(&len), TOKEN(1));
    assert_int_equal(len, 12);
}

/* An id that was used already, one that never was, and one that is beyond all
 * that is in flight. */
static void t_pkd_14_in_order_violated(void **state)
{
    uint32_t len;
    void *token;
    int got = 1;

    (void)state;
    start(16, 3, MF(MF_IN_ORDER));
    model_queue_complete(q, 0, 16);
    unit_get(&len);
    model_queue_push(q, 0, 16);
    unit_assert_breaks();

    start(16, 3, MF(MF_IN_ORDER));
    model_queue_push(q, 9, 16);
    unit_assert_breaks();

    start(16, 2, MF(MF_IN_ORDER));
    assert_int_equal(unit_add(1, 1, TOKEN(3)), 0); /* staged, not shown */
    model_queue_push(q, 2, 16);
    for (unsigned i = 0; i < 2; i++)
        assert_ptr_equal(unit_get(&len), TOKEN(i + 1));
    got = vio_virtq_get_buf(vq, &token, &len);
    assert_int_equal(got, VIO_EPROTO);
    unit_assert_breaks();
}

/* A storm: no more are taken than are in flight, in one look or in many. */
static void storm(void **state)
{
    uint32_t len;

    (void)state;
    start(8, 4, 0);
    for (unsigned i = 0; i < 4; i++)
        model_queue_complete(q, 0, 0);
    for (unsigned i = 0; i < 8; i++)
        put_flags(i, MP_AVAIL | MP_USED);
    for (unsigned i = 0; i < 4; i++)
        unit_get(&len);
    for (unsigned wrap = 0; wrap < 2; wrap++) {
        for (unsigned i = 0; i < 8; i++)
            put_flags(i, wrap ? MP_AVAIL | MP_USED : 0);
        unit_get_none();
    }
}

/* With either form of the orderings, which are taken in different ways. */
#define BOTH(f) unit_case_packed(f), unit_case_packed_platform(f)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(t_pkd_01_used_id_out_of_range),
        BOTH(t_pkd_02_used_id_not_outstanding),
        BOTH(t_pkd_02_used_id_twice),
        BOTH(t_pkd_03_used_flag_on_a_slot_never_exposed),
        BOTH(t_pkd_02_a_staged_buffer_longer_than_what_is_shown),
        BOTH(t_pkd_03_wrong_wrap_counter),
        BOTH(t_pkd_04_exposed_descriptors_overwritten),
        BOTH(t_pkd_05_15_skips_by_what_it_remembers),
        BOTH(t_pkd_06_length_without_the_write_flag),
        BOTH(t_pkd_07_length_past_the_writable_bytes),
        BOTH(t_pkd_07_length_of_a_list_without_writable_bytes),
        BOTH(t_pkd_08_driver_events_overwritten),
        BOTH(t_pkd_09_10_device_events_garbage),
        BOTH(t_pkd_11_event_is_read_once_as_a_whole),
        BOTH(t_pkd_12_slot_reverts_after_it_showed_used),
        BOTH(t_pkd_13_id_and_length_are_read_after_the_flags),
        BOTH(t_pkd_14_in_order_violated),
        BOTH(storm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
