/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtqueues with indirect tables and with IN_ORDER.
 */
#include "unit.h"

#define BOTH (MF(MF_INDIRECT) | MF(MF_IN_ORDER))

static struct model_queue *const q = &unit_dev.queue[0];
static struct vio_virtq *const vq = &unit_queue.vq;

/* A3, SPLIT-06 to SPLIT-09: the model's validator looks at every table. */
static void queue_of_tables_holds_as_many_buffers_as_descriptors(void **state)
{
    unsigned n = 0;

    (void)state;
    unit_ring(8, 4, MF(MF_INDIRECT));
    while (unit_add(2, 2, TOKEN(n + 1)) == 0)
        n++;
    /* One or two went directly while there was room. */
    assert_true(n >= 4 && n <= 8);
    vio_virtq_kick(vq);
    assert_int_equal(model_queue_take(q), n);
    for (unsigned i = n; i-- > 0;) {
        uint32_t len;

        model_queue_complete(q, i, 32);
        assert_ptr_equal(unit_get(&len), TOKEN(i + 1));
        assert_int_equal(len, 32);
    }
    assert_int_equal(vio_virtq_num_free(vq), 8);
}

static void device_sees_the_same_segments_through_a_table(void **state)
{
    static struct model_chain chain;

    (void)state;
    unit_ring(8, 6, MF(MF_INDIRECT));
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(unit_add(1, 0, TOKEN(i + 1)), 0);
    assert_int_equal(unit_add(2, 4, TOKEN(9)), 0);
    vio_virtq_kick(vq);
    for (unsigned i = 0; i < 6; i++)
        assert_true(model_queue_pop(q, &chain));
    assert_int_equal(chain.n_table, 1);
    assert_int_equal(chain.n, 6);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(chain.segment[i].addr, unit_queue.buffer + 16 * i);
        assert_int_equal(chain.segment[i].write, i >= 2);
    }
    assert_false(model_queue_pop(q, &chain));
}

/* A2 with tables: a buffer too long for one needs as many free descriptors. */
static void buffer_too_long_for_a_table_goes_directly(void **state)
{
    (void)state;
    unit_ring(8, 3, MF(MF_INDIRECT));
    assert_int_equal(unit_add(4, 4, TOKEN(1)), 0);
    assert_int_equal(vio_virtq_num_free(vq), 0);
    assert_int_equal(unit_add(1, 0, TOKEN(2)), VIO_ENOSPC);
    vio_virtq_kick(vq);
    model_queue_take(q);
    model_queue_complete(q, 0, 0);
    unit_get(&(uint32_t){0});
    assert_int_equal(vio_virtq_num_free(vq), 8);
}

/* Is the next one that the device sees in a table? */
static bool next_is_in_a_table(void)
{
    static struct model_chain chain;
    uint32_t at = q->packed ? q->packed->next_avail.offset : 0;

    assert_true(model_queue_pop(q, &chain));
    if (!q->packed)
        at = chain.table[0];
    return model_get16(q, q->desc + 16 * at + (q->packed ? 14 : 12)) &
           MP_INDIRECT;
}

/* Half of the ring is for those that go directly; then a list is in a table,
 * but not one of a single segment. Whatever it is made of, wherever it begins.
 */
static void list_goes_directly_while_half_of_the_ring_is_free(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 8; at++)
        for (unsigned r = 0; r <= 4; r++) {
            unit_ring(8, 4, MF(MF_INDIRECT));
            unit_go_round(at);
            assert_int_equal(unit_add(r, 4 - r, TOKEN(1)), 0);
            assert_int_equal(unit_add(r, 4 - r, TOKEN(2)), 0);
            assert_int_equal(unit_add(r > 2, r <= 2, TOKEN(3)), 0);
            assert_int_equal(vio_virtq_num_free(vq), 2);
            vio_virtq_kick(vq);
            assert_false(next_is_in_a_table());
            assert_true(next_is_in_a_table());
            assert_false(next_is_in_a_table());
        }
}

/* SPLIT-05, SPLIT-10: chains of all lengths, round and round the table. */
static void in_order_uses_descriptors_in_ring_order(void **state)
{
    uint32_t seed = 21;

    (void)state;
    for (unsigned tables = 0; tables < 2; tables++) {
        unit_ring(16, tables ? 4 : 0, BOTH);
        for (unsigned round = 0; round < 20000; round++) {
            unsigned n = 0, readable = unit_random(&seed) % 3;

            while (n < 4 && unit_add(readable, 1 + n, TOKEN(n + 1)) == 0)
                n++;
            vio_virtq_kick(vq);
            assert_int_equal(model_queue_take(q), n);
            for (unsigned i = 0; i < n; i++) {
                model_queue_complete(q, 0, 16);
                assert_ptr_equal(unit_get(&(uint32_t){0}), TOKEN(i + 1));
            }
            assert_int_equal(vio_virtq_num_free(vq), 16);
        }
    }
}

/* DX-SPLIT-06: one used element for a whole batch; what it skips counts as
 * written completely. */
static void one_element_retires_a_batch(void **state)
{
    (void)state;
    unit_ring(16, 0, MF(MF_IN_ORDER));
    for (unsigned round = 0; round < 30000; round++) {
        unsigned batch = 1 + round % 5;

        for (unsigned i = 0; i < batch; i++)
            assert_int_equal(unit_add(1, 1, TOKEN(i + 1)), 0);
        vio_virtq_kick(vq);
        assert_int_equal(model_queue_take(q), batch);
        model_queue_complete_batch(q, batch, 7);
        for (unsigned i = 0; i < batch; i++) {
            uint32_t len;

            assert_ptr_equal(unit_get(&len), TOKEN(i + 1));
            assert_int_equal(len, i + 1 < batch ? 16 : 7);
        }
        unit_get_none();
    }
}

/* Amidst a batch there is work, whatever the ring shows. */
static void half_a_batch_is_work(void **state)
{
    (void)state;
    for (unsigned lead = 0; lead < 20; lead++) {
        uint32_t len;

        unit_ring(8, 0, MF(MF_IN_ORDER) | (lead & 1 ? MF(MF_EVENT_IDX) : 0));
        unit_go_round(lead);
        for (unsigned i = 0; i < 3; i++)
            assert_int_equal(unit_add(1, 1, TOKEN(i + 1)), 0);
        vio_virtq_kick(vq);
        model_queue_take(q);
        model_queue_complete_batch(q, 3, 4);
        for (unsigned i = 0; i < 3; i++) {
            assert_true(vio_virtq_interrupt(vq));
            assert_false(vio_virtq_enable_cb(vq));
            assert_false(vio_virtq_enable_cb_delayed(vq));
            assert_ptr_equal(unit_get(&len), TOKEN(i + 1));
        }
        assert_true(vio_virtq_enable_cb(vq));
        assert_false(vio_virtq_interrupt(vq));
        unit_get_none();
    }
}

/* T-SPL-14: the element names a buffer that the index does not reach, or one
 * that is not in flight. */
static void t_spl_14_batch_id_outside_the_window(void **state)
{
    (void)state;
    for (unsigned ahead = 1; ahead <= 2; ahead++) {
        uint32_t len;
        void *token;
        int got = 1;

        unit_ring(16, 0, MF(MF_IN_ORDER));
        model_allow("DX-SPLIT-04");
        for (unsigned i = 0; i < 3; i++)
            assert_int_equal(unit_add(1, 1, TOKEN(i + 1)), 0);
        vio_virtq_kick(vq);
        model_queue_take(q);
        model_queue_push(q, q->held[ahead], 16);
        for (unsigned i = 0; i < ahead + 1 && got == 1; i++)
            got = vio_virtq_get_buf(vq, &token, &len);
        assert_int_equal(got, VIO_EPROTO);
        assert_true(vio_virtq_is_broken(vq));
    }
}

/* A1: with a table or without, wherever it is; nothing is half-added. */
static void empty_segment_is_refused(void **state)
{
    (void)state;
    for (unsigned before = 0; before < 6; before++) {
        for (unsigned at = 0; at < 4; at++) {
            struct vio_sg sg[4];
            unsigned free;

            unit_ring(8, 4, MF(MF_INDIRECT));
            for (unsigned i = 0; i < before; i++)
                assert_int_equal(unit_add(1, 0, TOKEN(i + 1)), 0);
            for (unsigned i = 0; i < 4; i++)
                sg[i] = (struct vio_sg){unit_queue.buffer + 16 * i, 16};
            sg[at].len = 0;
            free = vio_virtq_num_free(vq);
            assert_int_equal(vio_virtq_add(vq, sg, 2, 2, TOKEN(9)), VIO_EINVAL);
            assert_int_equal(vio_virtq_num_free(vq), free);
            assert_int_equal(unit_add(2, 2, TOKEN(9)), 0);
            vio_virtq_kick(vq);
            assert_int_equal(model_queue_take(q), before + 1);
        }
    }
}

static void t_spl_13_completion_out_of_order_with_in_order(void **state)
{
    uint32_t len;

    (void)state;
    unit_ring(16, 0, MF(MF_IN_ORDER));
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(unit_add(1, 1, TOKEN(i + 1)), 0);
    vio_virtq_kick(vq);
    model_queue_take(q);
    model_queue_complete(q, 0, 16);
    assert_ptr_equal(unit_get(&len), TOKEN(1));
    model_queue_push(q, 0, 16); /* once more */
    unit_assert_breaks();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_cases(queue_of_tables_holds_as_many_buffers_as_descriptors),
        unit_cases(device_sees_the_same_segments_through_a_table),
        unit_cases(buffer_too_long_for_a_table_goes_directly),
        unit_cases(list_goes_directly_while_half_of_the_ring_is_free),
        unit_cases(empty_segment_is_refused),
        unit_cases(in_order_uses_descriptors_in_ring_order),
        unit_cases(one_element_retires_a_batch),
        unit_cases(half_a_batch_is_work),
        unit_case(t_spl_14_batch_id_outside_the_window),
        unit_cases(t_spl_13_completion_out_of_order_with_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
