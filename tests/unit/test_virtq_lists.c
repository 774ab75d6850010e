/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of segments at the limits of what is legal, wherever they begin in the
 * ring: as a chain, as a list around the end of a packed ring, as a table. A
 * list that is refused leaves no trace, neither in the accounts nor in what the
 * device sees of the batch that it would have been part of.
 */
#include "unit.h"

#define SIZE       8u
#define TABLE_SEGS 4u

static struct model_queue *const q = &unit_dev.queue[0];
static struct vio_virtq *const vq = &unit_queue.vq;

struct list {
    struct vio_sg sg[TABLE_SEGS];
    unsigned n_readable, n;
};

static int add(const struct list *l, uintptr_t token)
{
    return vio_virtq_add(vq, l->sg, l->n_readable, l->n - l->n_readable,
                         TOKEN(token));
}

/* A list of 16 bytes each. */
static struct list plain(unsigned n_readable, unsigned n)
{
    struct list l = {.n_readable = n_readable, .n = n};

    for (unsigned k = 0; k < n; k++)
        l.sg[k] = (struct vio_sg){unit_queue.buffer + 64 * k, 16};
    return l;
}

/* What is in flight goes back, until so many buffers are out. */
static void answer(unsigned left)
{
    vio_virtq_kick(vq);
    model_queue_take(q);
    while (q->n_held > left) {
        model_queue_complete(q, q->n_held - 1, 0);
        unit_get(&(uint32_t){0});
    }
}

/* A queue whose next position is `at`, and which has tables: with `full`, so
 * little room that a list of two and more goes through one. */
static void start(uint64_t features, unsigned at, bool full)
{
    unit_setup(NULL);
    unit_queue_start_with(&(struct vio_virtq_config){
        .size = SIZE,
        .indirect = TABLE_SEGS,
        .features = features | MF(MF_INDIRECT),
    });
    for (; at > 0; at--) {
        assert_int_equal(unit_add(1, 0, TOKEN(99)), 0);
        answer(0);
    }
    if (!full)
        return;
    for (unsigned i = 0; i < SIZE / 2 + 1; i++)
        assert_int_equal(unit_add(1, 0, TOKEN(90 + i)), 0);
    answer(SIZE / 2 + 1);
}

static void assert_refused(const struct list *l, uintptr_t token)
{
    unsigned n_free = vio_virtq_num_free(vq);

    assert_int_equal(add(l, token), VIO_EINVAL);
    assert_int_equal(vio_virtq_num_free(vq), n_free);
    /* Nor does what is left of it look used. */
    assert_false(vio_virtq_interrupt(vq));
}

/* Every list that has one segment too short, or is a byte too long; and one
 * that nobody could be told of. */
static void refuse_all(unsigned n_readable, unsigned n)
{
    struct list l = plain(n_readable, n);

    assert_refused(&l, 0);
    for (unsigned k = 0; k < n; k++) {
        l.sg[k].len = 0;
        assert_refused(&l, 1);
        l.sg[k].len = 0xffffffff - 16 * (n - 1);
        assert_refused(&l, 1);
        l.sg[k].len = 0xffffffff;
        assert_refused(&l, 1);
        l.sg[k].len = 16;
    }
    for (unsigned k = 0; k < n; k++)
        l.sg[k].len = 0;
    assert_refused(&l, 1);
}

static void assert_seen(const struct list *l)
{
    static struct model_chain chain;

    assert_true(model_queue_pop(q, &chain));
    assert_int_equal(chain.n, l->n);
    for (unsigned k = 0; k < l->n; k++) {
        assert_int_equal(chain.segment[k].addr, l->sg[k].addr);
        assert_int_equal(chain.segment[k].len, l->sg[k].len);
        assert_int_equal(chain.segment[k].write, k >= l->n_readable);
    }
}

/* Refused lists before, between and after those of a batch. */
static void check_refused(unsigned n_readable, unsigned n)
{
    struct list l = plain(n_readable, n);
    static struct model_chain chain;

    refuse_all(n_readable, n);
    assert_int_equal(add(&l, 1), 0);
    refuse_all(n_readable, n);
    assert_int_equal(unit_add(0, 1, TOKEN(2)), 0);
    refuse_all(n_readable, n);
    vio_virtq_kick(vq);
    assert_seen(&l);
    assert_true(model_queue_pop(q, &chain));
    assert_int_equal(chain.n, 1);
    assert_false(model_queue_pop(q, &chain));
}

/* And the longest list that is legal. */
static void check_longest(unsigned n_readable, unsigned n)
{
    struct list l = plain(n_readable, n);

    l.sg[n - 1].len = 0xfffffffe - 16 * (n - 1);
    assert_int_equal(add(&l, 1), 0);
}

static void for_each(void (*check)(unsigned n_readable, unsigned n))
{
    for (unsigned at = 0; at < SIZE; at++)
        for (unsigned full = 0; full < 2; full++)
            for (unsigned n = 1; n <= TABLE_SEGS; n++)
                for (unsigned r = 0; r <= n; r++) {
                    start(unit_format, at, full);
                    check(r, n);
                }
}

static void list_that_is_wrong_leaves_no_trace(void **state)
{
    (void)state;
    for_each(check_refused);
}

static void list_may_have_all_but_two_bytes_of_4_gib(void **state)
{
    (void)state;
    for_each(check_longest);
}

/* The bound is the writable bytes, however they are divided. */
static void check_bound(unsigned n_readable, unsigned n)
{
    struct list l = plain(n_readable, n);
    uint32_t len;

    assert_int_equal(add(&l, 1), 0);
    vio_virtq_kick(vq);
    model_queue_take(q);
    model_queue_complete(q, q->n_held - 1, 16 * (n - n_readable));
    assert_ptr_equal(unit_get(&len), TOKEN(1));
    assert_int_equal(len, 16 * (n - n_readable));
    assert_int_equal(add(&l, 2), 0);
    vio_virtq_kick(vq);
    model_queue_take(q);
    model_queue_complete(q, q->n_held - 1, 16 * (n - n_readable) + 1);
    assert_int_equal(vio_virtq_get_buf(vq, &(void *){NULL}, &len), VIO_EPROTO);
}

static void one_byte_more_than_writable_breaks(void **state)
{
    (void)state;
    for_each(check_bound);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_cases(list_that_is_wrong_leaves_no_trace),
        unit_cases(list_may_have_all_but_two_bytes_of_4_gib),
        unit_cases(one_byte_more_than_writable_breaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
