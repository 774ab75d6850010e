/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The three orderings of the split virtqueue, in the trace of the driver's
 * accesses: each stands where it has to, in the form that was negotiated. On
 * one processor a barrier that is missing would never show otherwise.
 */
#include "unit.h"

#define TRACE_MAX 256

enum where {
    DESC,
    AVAIL_ENTRY,
    AVAIL_IDX,
    AVAIL_FLAGS,
    USED_EVENT,
    USED_FLAGS,
    USED_IDX,
    USED_ENTRY,
    AVAIL_EVENT,
    DOORBELL,
    NOWHERE
};

struct step {
    enum model_kind kind;
    enum where where;
};

static struct step trace[TRACE_MAX];
static unsigned n_trace;
static struct model_queue *q;
static struct vio_virtq *vq;

static enum where where_is(const void *ptr)
{
    const uint8_t *p = ptr;

    if (!p)
        return NOWHERE;
    if (p >= q->desc && p < q->desc + 16 * q->size)
        return DESC;
    if (p == model_avail_idx(q))
        return AVAIL_IDX;
    if (p == model_avail_flags(q))
        return AVAIL_FLAGS;
    if (p == model_used_event(q))
        return USED_EVENT;
    if (p > q->avail && p < q->avail + model_avail_bytes(q))
        return AVAIL_ENTRY;
    if (p == model_used_idx(q))
        return USED_IDX;
    if (p == model_used_flags(q))
        return USED_FLAGS;
    if (p == model_avail_event(q))
        return AVAIL_EVENT;
    if (p > q->used && p < q->used + model_used_bytes(q))
        return USED_ENTRY;
    return NOWHERE;
}

static void record(enum model_kind kind, const void *ptr, unsigned width,
                   uint64_t value)
{
    (void)width;
    (void)value;
    assert_true(n_trace < TRACE_MAX);
    trace[n_trace].kind = kind;
    trace[n_trace].where = kind == MODEL_REG_WRITE ? DOORBELL : where_is(ptr);
    n_trace++;
}

static void start(uint64_t features)
{
    unit_setup(NULL);
    unit_queue_start(8, features, false, true);
    q = unit_queue.q;
    vq = &unit_queue.vq;
    n_trace = 0;
    model_between = record;
}

static unsigned find(enum where where)
{
    for (unsigned i = 0; i < n_trace; i++) {
        if (trace[i].where == where)
            return i;
    }
    fail_msg("no access to %d in the trace", (int)where);
    return 0;
}

static unsigned find_last(enum where where)
{
    unsigned at = find(where);

    for (unsigned i = at; i < n_trace; i++) {
        if (trace[i].where == where)
            at = i;
    }
    return at;
}

static unsigned count(enum model_kind kind)
{
    unsigned n = 0;

    for (unsigned i = 0; i < n_trace; i++)
        n += trace[i].kind == kind;
    return n;
}

/* Is there one of the two kinds strictly between two steps? */
static bool between(unsigned from, unsigned to, enum model_kind a,
                    enum model_kind b)
{
    for (unsigned i = from + 1; i < to; i++) {
        if (trace[i].kind == a || trace[i].kind == b)
            return true;
    }
    return false;
}

static uint64_t features_of(unsigned mask)
{
    return (mask & 1 ? MF(MF_EVENT_IDX) : 0) |
           (mask & 2 ? MF(MF_ORDER_PLATFORM) : 0);
}

static bool is_platform(unsigned mask)
{
    return mask & 2;
}

static void add_some(void)
{
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(unit_add(1, 1, TOKEN(i + 1)), 0);
}

/* SPLIT-26: descriptors and entries, then the index. */
static void entries_are_ordered_before_the_index(void **state)
{
    (void)state;
    for (unsigned mask = 0; mask < 4; mask++) {
        unsigned idx;

        start(features_of(mask));
        add_some();
        vio_virtq_kick(vq);
        idx = find(AVAIL_IDX);
        assert_true(find_last(DESC) < idx);
        assert_true(find_last(AVAIL_ENTRY) < idx);
        if (is_platform(mask))
            assert_true(between(find_last(AVAIL_ENTRY), idx, MODEL_WMB_PLATFORM,
                                MODEL_MB_PLATFORM));
        else
            assert_int_equal(trace[idx].kind, MODEL_STORE_RELEASE);
    }
}

/* SPLIT-27: the index, a full barrier, then the device's answer. */
static void index_is_ordered_before_the_check_whether_to_notify(void **state)
{
    (void)state;
    for (unsigned mask = 0; mask < 4; mask++) {
        enum model_kind full = is_platform(mask) ? MODEL_MB_PLATFORM : MODEL_MB;
        unsigned look;

        start(features_of(mask));
        add_some();
        vio_virtq_kick(vq);
        look = find(mask & 1 ? AVAIL_EVENT : USED_FLAGS);
        assert_true(between(find(AVAIL_IDX), look, full, full));
        assert_true(look < find(DOORBELL));
    }
}

/* DX-SPLIT-04: the used index, then what it shows. */
static void used_index_is_ordered_before_the_entries(void **state)
{
    (void)state;
    for (unsigned mask = 0; mask < 4; mask++) {
        unsigned idx;

        start(features_of(mask));
        add_some();
        vio_virtq_kick(vq);
        model_queue_take(q);
        model_queue_complete(q, 0, 1);
        n_trace = 0;
        unit_get(&(uint32_t){0});
        idx = find(USED_IDX);
        if (is_platform(mask))
            assert_true(between(idx, find(USED_ENTRY), MODEL_RMB_PLATFORM,
                                MODEL_MB_PLATFORM));
        else
            assert_int_equal(trace[idx].kind, MODEL_LOAD_ACQUIRE);
        assert_true(idx < find(USED_ENTRY));
    }
}

/* DX-SPLIT-05: ask for an interrupt, a full barrier, then look again. */
static void enabling_is_ordered_before_the_second_look(void **state)
{
    (void)state;
    for (unsigned mask = 0; mask < 4; mask++) {
        enum model_kind full = is_platform(mask) ? MODEL_MB_PLATFORM : MODEL_MB;
        enum where ask = mask & 1 ? USED_EVENT : AVAIL_FLAGS;

        start(features_of(mask));
        vio_virtq_disable_cb(vq);
        for (unsigned way = 0; way < 3; way++) {
            n_trace = 0;
            if (way == 0)
                (void)vio_virtq_enable_cb(vq);
            else if (way == 1)
                (void)vio_virtq_enable_cb_delayed(vq);
            else
                (void)vio_virtq_poll(vq, vio_virtq_enable_cb_prepare(vq));
            assert_true(between(find(ask), find(USED_IDX), full, full));
        }
    }
}

/* RFB-08: with ORDER_PLATFORM nothing relies on a weak form. */
static void platform_order_uses_platform_barriers_only(void **state)
{
    (void)state;
    start(MF(MF_ORDER_PLATFORM));
    add_some();
    vio_virtq_kick(vq);
    model_queue_take(q);
    model_queue_complete(q, 0, 1);
    unit_get(&(uint32_t){0});
    (void)vio_virtq_enable_cb(vq);
    assert_int_equal(count(MODEL_MB), 0);
    assert_int_equal(count(MODEL_STORE_RELEASE), 0);
    assert_int_equal(count(MODEL_LOAD_ACQUIRE), 0);
}

/* A batch pays for its barriers once. */
static void batch_costs_one_full_barrier(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 8; n++) {
        start(0);
        for (unsigned i = 0; i < n; i++)
            assert_int_equal(unit_add(1, 0, TOKEN(1)), 0);
        vio_virtq_kick(vq);
        assert_int_equal(count(MODEL_MB), 1);
        assert_int_equal(count(MODEL_STORE_RELEASE), 1);
    }
}

/* Taking what one look at the index showed needs no second look. */
static void drain_looks_at_the_index_twice_at_most(void **state)
{
    (void)state;
    start(0);
    add_some();
    vio_virtq_kick(vq);
    model_queue_take(q);
    for (unsigned i = 0; i < 3; i++)
        model_queue_complete(q, 0, 0);
    n_trace = 0;
    for (unsigned i = 0; i < 3; i++)
        unit_get(&(uint32_t){0});
    unit_get_none();
    assert_int_equal(count(MODEL_LOAD_ACQUIRE), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_case(entries_are_ordered_before_the_index),
        unit_case(index_is_ordered_before_the_check_whether_to_notify),
        unit_case(used_index_is_ordered_before_the_entries),
        unit_case(enabling_is_ordered_before_the_second_look),
        unit_case(platform_order_uses_platform_barriers_only),
        unit_case(batch_costs_one_full_barrier),
        unit_case(drain_looks_at_the_index_twice_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
