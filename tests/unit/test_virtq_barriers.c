/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The three orderings of either ring format, in the trace of the driver's
 * accesses: each stands where it has to, in the form that was negotiated. On
 * one processor, or a strong one, a barrier that is missing would never show
 * otherwise; so each is also taken out of the trace, which has to be noticed.
 */
#include "unit.h"

#define TRACE_MAX 256

/* What an access is about. */
enum where {
    RING,    /* written for the device: descriptors, tables, entries */
    PUBLISH, /* what shows it: the available index; packed: the first flags */
    ANSWER,  /* does the device want a notification? */
    ASK,     /* the driver says which interrupts it wants */
    SIGN,    /* what shows that a buffer is used: the index; packed: flags */
    USED,    /* its id and length */
    DOORBELL,
    NOWHERE
};

struct step {
    enum model_kind kind;
    enum where where;
};

static struct step trace[TRACE_MAX];
static unsigned n_trace;
static struct model_queue *const q = &unit_dev.queue[0];
static struct vio_virtq *const vq = &unit_queue.vq;

static enum where where_in_split(const uint8_t *p)
{
    size_t offset;

    if (p == model_avail_idx(q))
        return PUBLISH;
    if (p == model_avail_flags(q) || p == model_used_event(q))
        return ASK;
    if (p == model_used_idx(q))
        return SIGN;
    if (p == model_used_flags(q) || p == model_avail_event(q))
        return ANSWER;
    if (model_within(p, q->used, model_used_bytes(q), &offset))
        return USED;
    return RING;
}

/* Flags alone, in two bytes, are written to publish and read to see. */
static enum where where_in_packed(const uint8_t *p, unsigned width, bool store)
{
    size_t offset;

    if (p == q->avail)
        return ASK;
    if (p == q->used)
        return ANSWER;
    if (!model_within(p, q->desc, model_desc_bytes(q), &offset))
        return RING;
    if (offset % 16 == 14 && width == 2)
        return store ? PUBLISH : SIGN;
    return store ? RING : USED;
}

static enum where where_is(enum model_kind kind, const void *ptr,
                           unsigned width)
{
    bool store = kind == MODEL_STORE || kind == MODEL_STORE_RELEASE;

    if (kind == MODEL_REG_WRITE)
        return DOORBELL;
    if (!ptr)
        return NOWHERE;
    return q->packed ? where_in_packed(ptr, width, store) : where_in_split(ptr);
}

static void record(enum model_kind kind, const void *ptr, unsigned width,
                   uint64_t value)
{
    (void)value;
    assert_true(n_trace < TRACE_MAX);
    trace[n_trace++] = (struct step){kind, where_is(kind, ptr, width)};
}

/* What has been taken out; MODEL_RELAX: nothing. A barrier is not there then, a
 * store or a load orders nothing, for the trace and for the monitors. */
static enum model_kind missing;
static const char *row; /* that the monitors name then */
static model_access_fn *monitors;

static void take_out(enum model_kind kind, const void *ptr, unsigned width,
                     uint64_t value)
{
    if (kind != missing)
        monitors(kind, ptr, width, value);
    else if (kind == MODEL_STORE_RELEASE)
        monitors(MODEL_STORE, ptr, width, value);
    else if (kind == MODEL_LOAD_ACQUIRE)
        monitors(MODEL_LOAD, ptr, width, value);
}

/* Sets of features. */
#define SETS     16u
#define PLATFORM 2u

static uint64_t features_of(unsigned set)
{
    return (set & 1 ? MF(MF_EVENT_IDX) : 0) |
           (set & PLATFORM ? MF(MF_ORDER_PLATFORM) : 0) |
           (set & 4 ? MF(MF_INDIRECT) : 0) | (set & 8 ? MF(MF_IN_ORDER) : 0);
}

static void start(unsigned set)
{
    unit_ring(8, set & 4 ? 4 : 0, features_of(set));
    n_trace = 0;
    if (row)
        model_allow(row);
    monitors = model_access_hook;
    model_access_hook = take_out;
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

static bool full_between(unsigned set, unsigned from, unsigned to)
{
    enum model_kind full = set & PLATFORM ? MODEL_MB_PLATFORM : MODEL_MB;

    return from < to && between(from, to, full, full);
}

static void add_some(void)
{
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(unit_add(1, 1, TOKEN(i + 1)), 0);
    vio_virtq_kick(vq);
}

static void use_one(void)
{
    add_some();
    model_queue_take(q);
    model_queue_complete(q, 0, 1);
    n_trace = 0;
    unit_get(&(uint32_t){0});
}

static void ask(unsigned way)
{
    vio_virtq_disable_cb(vq);
    n_trace = 0;
    if (way == 0)
        (void)vio_virtq_enable_cb(vq);
    else if (way == 1)
        (void)vio_virtq_enable_cb_delayed(vq);
    else
        (void)vio_virtq_poll(vq, vio_virtq_enable_cb_prepare(vq));
}

/* SPLIT-26, PACK-16: everything that is written for the device, then what shows
 * it. */
static bool ring_is_ordered_before_publishing(unsigned set)
{
    unsigned last, publish;

    start(set);
    add_some();
    last = find_last(RING);
    publish = find(PUBLISH);
    if (last >= publish)
        return false;
    if (set & PLATFORM)
        return between(last, publish, MODEL_WMB_PLATFORM, MODEL_MB_PLATFORM);
    return trace[publish].kind == MODEL_STORE_RELEASE;
}

/* SPLIT-27, PACK-17: that, a full barrier, then the device's answer. */
static bool publishing_is_ordered_before_the_answer(unsigned set)
{
    start(set);
    add_some();
    assert_true(find(ANSWER) < find(DOORBELL));
    return full_between(set, find(PUBLISH), find(ANSWER));
}

/* DX-SPLIT-04, T-PKD-13: the sign, then what it shows. */
static bool sign_is_ordered_before_what_is_used(unsigned set)
{
    unsigned sign, used;

    start(set);
    use_one();
    sign = find(SIGN);
    used = find(USED);
    if (sign >= used)
        return false;
    if (set & PLATFORM)
        return between(sign, used, MODEL_RMB_PLATFORM, MODEL_MB_PLATFORM);
    return trace[sign].kind == MODEL_LOAD_ACQUIRE;
}

/* DX-SPLIT-05, DX-PACK-10: ask, a full barrier, then look again; whichever way
 * one asks. */
static bool asking_is_ordered_before_the_second_look(unsigned set)
{
    bool ordered = true;

    for (unsigned way = 0; way < 3; way++) {
        start(set);
        add_some();
        ask(way);
        ordered = ordered && full_between(set, find(ASK), find(SIGN));
    }
    return ordered;
}

/* The orderings, what each is made of, and the row that the monitors name where
 * it is not there. */
static const struct {
    bool (*holds)(unsigned set);
    enum model_kind weak, platform;
    const char *split, *packed;
} orderings[] = {
    {ring_is_ordered_before_publishing, MODEL_STORE_RELEASE, MODEL_WMB_PLATFORM,
     "SPLIT-26", "PACK-16"},
    {publishing_is_ordered_before_the_answer, MODEL_MB, MODEL_MB_PLATFORM,
     "SPLIT-27", "PACK-17"},
    {sign_is_ordered_before_what_is_used, MODEL_LOAD_ACQUIRE,
     MODEL_RMB_PLATFORM, "DX-SPLIT-04", "T-PKD-13"},
    {asking_is_ordered_before_the_second_look, MODEL_MB, MODEL_MB_PLATFORM,
     "SPLIT-27", "PACK-17"},
};

static void every_ordering_stands_where_it_has_to(void **state)
{
    (void)state;
    for (unsigned set = 0; set < SETS; set++) {
        for (size_t i = 0; i < COUNT(orderings); i++)
            assert_true(orderings[i].holds(set));
    }
}

/* Each of them, taken out: the trace shows it, and the monitors see it. */
static void each_ordering_that_is_missing_is_noticed(void **state)
{
    (void)state;
    for (unsigned set = 0; set < SETS; set++) {
        for (size_t i = 0; i < COUNT(orderings); i++) {
            missing =
                set & PLATFORM ? orderings[i].platform : orderings[i].weak;
            row = unit_is_packed() ? orderings[i].packed : orderings[i].split;
            assert_false(orderings[i].holds(set));
            assert_int_not_equal(model_violations(row), 0);
        }
    }
}

/* RFB-08: with ORDER_PLATFORM nothing relies on a weak form, and without it
 * nothing pays for a strong one. */
static void only_the_form_that_was_negotiated_is_used(void **state)
{
    static const enum model_kind weak[] = {MODEL_STORE_RELEASE, MODEL_MB,
                                           MODEL_LOAD_ACQUIRE};
    static const enum model_kind strong[] = {
        MODEL_WMB_PLATFORM, MODEL_MB_PLATFORM, MODEL_RMB_PLATFORM};

    (void)state;
    for (unsigned set = 0; set < SETS; set++) {
        start(set);
        add_some();
        model_queue_take(q);
        model_queue_complete(q, 0, 1);
        unit_get(&(uint32_t){0});
        (void)vio_virtq_enable_cb(vq);
        for (unsigned i = 0; i < COUNT(weak); i++) {
            assert_int_equal(count(weak[i]) != 0, !(set & PLATFORM));
            assert_int_equal(count(strong[i]) != 0, !!(set & PLATFORM));
        }
    }
}

/* A batch pays for its barriers once, in either form. */
static void batch_costs_one_full_barrier(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 8; n++) {
        for (unsigned set = 0; set < SETS; set++) {
            bool platform = set & PLATFORM;

            start(set);
            for (unsigned i = 0; i < n; i++)
                assert_int_equal(unit_add(1, 0, TOKEN(1)), 0);
            vio_virtq_kick(vq);
            assert_int_equal(count(MODEL_MB), !platform);
            assert_int_equal(count(MODEL_STORE_RELEASE), !platform);
            assert_int_equal(count(MODEL_MB_PLATFORM), platform);
            assert_int_equal(count(MODEL_WMB_PLATFORM), platform);
        }
    }
}

/* Taking what one look at a split queue's index showed needs no second look; a
 * build for size has no code for that, and looks each time. In a packed queue
 * each buffer has flags of its own. */
#ifdef __OPTIMIZE_SIZE__
#define LOOKS_OF_SPLIT 4u
#else
#define LOOKS_OF_SPLIT 2u
#endif

static void drain_looks_no_oftener_than_it_has_to(void **state)
{
    (void)state;
    start(0);
    add_some();
    model_queue_take(q);
    for (unsigned i = 0; i < 3; i++)
        model_queue_complete(q, 0, 0);
    n_trace = 0;
    for (unsigned i = 1; i <= 3; i++) {
        unit_get(&(uint32_t){0});
        assert_in_range(count(MODEL_LOAD_ACQUIRE), 1, i); /* once a call */
    }
    unit_get_none();
    assert_int_equal(count(MODEL_LOAD_ACQUIRE),
                     unit_is_packed() ? 3 : LOOKS_OF_SPLIT);
}

/* Before each test. */
static int setup(void **state)
{
    missing = MODEL_RELAX;
    row = NULL;
    return unit_setup(state);
}

#define CASES(f)                                              \
    cmocka_unit_test_setup_teardown(f, setup, unit_teardown), \
    {                                                         \
        "packed: " #f, f, setup, unit_teardown, &unit_packed  \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASES(every_ordering_stands_where_it_has_to),
        CASES(each_ordering_that_is_missing_is_noticed),
        CASES(only_the_form_that_was_negotiated_is_used),
        CASES(batch_costs_one_full_barrier),
        CASES(drain_looks_no_oftener_than_it_has_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
