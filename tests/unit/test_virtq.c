/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtqueues: what their calls promise, in either format.
 *
 * What a device can do against them is in test_virtq_hostile.c and
 * test_virtq_packed_hostile.c, who is told what and when in
 * test_virtq_notify.c.
 */
#include "unit.h"

/* LVQ-02 */
static void layout_matches_the_specification(void **state)
{
    static const struct {
        uint16_t size;
        uint32_t shared_legacy; /* used ring on 4096 bytes */
    } table[] = {{128, 8192}, {256, 12288}, {1024, 32768}, {1, 8192}};
    struct vio_need need;

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct vio_virtq_config cfg = {
            .size = table[i].size, .legacy = true, .align = 4096};

        assert_int_equal(vio_virtq_mem_size(&cfg, &need), 0);
        assert_int_equal(need.shared, table[i].shared_legacy);
    }
}

/* SPLIT-01, LVQ-03: the parts are aligned, in order, and do not overlap. */
static void parts_lie_apart(bool legacy)
{
    for (unsigned size = 1; size <= 32768; size *= 2) {
        struct vio_virtq *vq = &unit_queue.vq;
        uint64_t avail_end, used_end;

        unit_setup(NULL);
        unit_queue_start((uint16_t)size, 0, legacy, false);
        avail_end = vq->driver_addr + 6 + 2 * size;
        used_end = vq->device_addr + 6 + 8 * size;
        assert_int_equal(vq->desc_addr % 16, 0);
        assert_int_equal(vq->driver_addr, vq->desc_addr + 16 * size);
        assert_true(vq->device_addr >= avail_end);
        assert_int_equal(vq->device_addr % (legacy ? 4096 : 4), 0);
        if (legacy)
            assert_true(vq->device_addr - avail_end < 4096);
        else if (size >= 32) /* used_event, and the used index */
            assert_true((avail_end - 2) / 64 < (vq->device_addr + 2) / 64);
        assert_true(used_end <= unit_queue.mem.shared_addr);
        assert_int_equal(vio_virtq_size(vq), size);
        assert_int_equal(vio_virtq_num_free(vq), size);
    }
}

static void modern_parts_lie_apart_for_every_size(void **state)
{
    (void)state;
    parts_lie_apart(false);
}

static void legacy_parts_lie_apart_for_every_size(void **state)
{
    (void)state;
    parts_lie_apart(true);
}

static void mem_size_refuses_sizes_that_are_not_legal(void **state)
{
    static const uint16_t bad[] = {0, 3, 5, 6, 7, 9, 100, 32769, 65535};
    struct vio_need need = {1, 2};

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct vio_virtq_config cfg = {.size = bad[i]};

        assert_int_equal(vio_virtq_mem_size(&cfg, &need), VIO_EINVAL);
    }
    for (uint32_t align = 3; align < 5000; align = 2 * align + 1) {
        struct vio_virtq_config cfg = {.size = 8, .align = align};

        assert_int_equal(vio_virtq_mem_size(&cfg, &need), VIO_EINVAL);
    }
    for (uint32_t align = 1; align <= 1u << 20; align *= 2) {
        struct vio_virtq_config cfg = {.size = 8, .align = align};
        bool legal = align >= 16 && align <= 65536;
        struct vio_need other;

        assert_int_equal(vio_virtq_mem_size(&cfg, &other),
                         legal ? 0 : VIO_EINVAL);
    }
    assert_int_equal(need.shared, 1);
    assert_int_equal(need.priv, 2);
}

/* T-MEM-10. Nothing is taken on an error, nor is the queue's memory written. */
static void init_refuses_memory_that_does_not_do(void **state)
{
    struct vio_virtq_config cfg = {.size = 16};
    struct vio_mem mem = unit_mem(4096, 4096, 4096), bad;
    struct vio_virtq vq;
    struct vio_need need;

    (void)state;
    assert_int_equal(vio_virtq_mem_size(&cfg, &need), 0);
    cfg.size = 0;
    assert_int_equal(vio_virtq_init(&vq, &cfg, &mem), VIO_EINVAL);
    cfg.size = 16;
#define TRY(field, value, error)                                  \
    do {                                                          \
        struct vio_mem before;                                    \
        bad = mem;                                                \
        bad.field = value;                                        \
        before = bad;                                             \
        assert_int_equal(vio_virtq_init(&vq, &cfg, &bad), error); \
        assert_memory_equal(&bad, &before, sizeof(bad));          \
    } while (0)
    TRY(shared_size, need.shared - 1, VIO_ENOMEM);
    TRY(priv_size, need.priv - 1, VIO_ENOMEM);
    TRY(shared, (uint8_t *)mem.shared + 8, VIO_EINVAL);
    TRY(shared_addr, mem.shared_addr + 4, VIO_EINVAL);
    TRY(priv, (uint8_t *)mem.priv + 4, VIO_EINVAL);
#undef TRY
    assert_int_equal(vio_virtq_init(&vq, &cfg, &mem), 0);
    assert_int_equal(mem.shared_size, 4096 - need.shared);
    assert_int_equal(mem.priv_size, 4096 - need.priv);
}

/* Exactly the memory that was asked for is enough, and the guard zones around
 * it stay whole; with dirty memory the rings start at 0 (T-MEM-09). */
static void init_clears_the_rings(void **state)
{
    (void)state;
    unit_queue_start(4, 0, false, false);
    for (size_t i = 0; i < model_used_bytes(unit_queue.q); i++)
        assert_int_equal(unit_queue.q->used[i], 0);
    assert_int_equal(model_get16(unit_queue.q, model_avail_idx(unit_queue.q)),
                     0);
}

static void add_refuses_what_can_never_be(void **state)
{
    struct vio_sg sg[9] = {{0}};
    struct vio_virtq *vq = &unit_queue.vq;
    uint64_t accesses;

    (void)state;
    unit_queue_start(8, 0, false, false);
    for (unsigned i = 0; i < 9; i++)
        sg[i] = (struct vio_sg){unit_queue.buffer, 16};
    accesses = model_accesses;
    assert_int_equal(vio_virtq_add(vq, sg, 0, 0, TOKEN(1)), VIO_EINVAL);
    assert_int_equal(vio_virtq_add(vq, sg, 1, 0, NULL), VIO_EINVAL);
    assert_int_equal(vio_virtq_add(vq, sg, 9, 0, TOKEN(1)), VIO_EINVAL);
    assert_int_equal(vio_virtq_add(vq, sg, 4, 5, TOKEN(1)), VIO_EINVAL);
    assert_int_equal(vio_virtq_add(vq, sg, ~0u, 2, TOKEN(1)), VIO_EINVAL);
    assert_int_equal(vio_virtq_add(vq, sg, 2, ~0u, TOKEN(1)), VIO_EINVAL);
    assert_int_equal(model_accesses, accesses);
    assert_int_equal(vio_virtq_num_free(vq), 8);
    assert_int_equal(vio_virtq_add(vq, sg, 4, 4, TOKEN(1)), 0);
}

static void add_refuses_lengths_that_are_not_possible(void **state)
{
    struct vio_virtq *vq = &unit_queue.vq;
    struct vio_sg empty[2] = {{0, 16}, {0, 0}};
    struct vio_sg huge[2] = {{0, 0xffffffff}, {0, 1}};
    struct vio_sg four_gib[2] = {{0, 0x80000000}, {0, 0x80000000}};

    (void)state;
    unit_queue_start(8, 0, false, false);
    assert_int_equal(vio_virtq_add(vq, empty, 1, 1, TOKEN(1)), VIO_EINVAL);
    assert_int_equal(vio_virtq_add(vq, empty, 0, 2, TOKEN(1)), VIO_EINVAL);
    assert_int_equal(vio_virtq_add(vq, huge, 1, 1, TOKEN(1)), VIO_EINVAL);
    assert_int_equal(vio_virtq_add(vq, four_gib, 2, 0, TOKEN(1)), VIO_EINVAL);
    assert_int_equal(vio_virtq_num_free(vq), 8);
    /* The queue is as good as before. */
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(unit_add(1, 0, TOKEN(i + 1)), 0);
    vio_virtq_kick(vq);
    assert_int_equal(model_queue_take(unit_queue.q), 8);
}

/* A2: nothing is half added to a full queue. */
static void full_queue_says_nospc_and_takes_nothing(void **state)
{
    struct vio_virtq *vq = &unit_queue.vq;

    (void)state;
    unit_queue_start(8, 0, false, false);
    assert_int_equal(unit_add(2, 1, TOKEN(1)), 0);
    assert_int_equal(unit_add(1, 2, TOKEN(2)), 0);
    assert_int_equal(vio_virtq_num_free(vq), 2);
    assert_int_equal(unit_add(1, 2, TOKEN(3)), VIO_ENOSPC);
    assert_int_equal(vio_virtq_num_free(vq), 2);
    assert_int_equal(unit_add(1, 1, TOKEN(4)), 0);
    assert_int_equal(vio_virtq_num_free(vq), 0);
    assert_int_equal(unit_add(1, 0, TOKEN(5)), VIO_ENOSPC);
    vio_virtq_kick(vq);
    assert_int_equal(model_queue_take(unit_queue.q), 3);
    model_queue_complete(unit_queue.q, 1, 0);
    assert_ptr_equal(unit_get(&(uint32_t){0}), TOKEN(2));
    assert_int_equal(vio_virtq_num_free(vq), 3);
    assert_int_equal(unit_add(2, 1, TOKEN(6)), 0);
    vio_virtq_kick(vq);
}

/* A1, SPLIT-03: the device sees the segments as given, readable, then writable,
 * and each costs one descriptor. */
static void device_sees_the_segments_as_given(void **state)
{
    static struct model_chain chain;
    struct vio_sg sg[5];

    (void)state;
    unit_queue_start(8, 0, false, false);
    for (unsigned i = 0; i < 5; i++)
        sg[i] = (struct vio_sg){unit_queue.buffer + 1000 * i, 10 + i};
    assert_int_equal(vio_virtq_add(&unit_queue.vq, sg, 2, 3, TOKEN(1)), 0);
    vio_virtq_kick(&unit_queue.vq);
    assert_true(model_queue_pop(unit_queue.q, &chain));
    assert_int_equal(chain.n, 5);
    assert_int_equal(chain.n_table, 5);
    assert_int_equal(vio_virtq_num_free(&unit_queue.vq), 3);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(chain.segment[i].addr, sg[i].addr);
        assert_int_equal(chain.segment[i].len, sg[i].len);
        assert_int_equal(chain.segment[i].write, i >= 2);
    }
    assert_false(model_queue_pop(unit_queue.q, &chain));
}

/* The same through the short forms. */
static void short_forms_are_all_readable_or_all_writable(void **state)
{
    static struct model_chain chain;
    struct vio_sg sg[2];

    (void)state;
    unit_queue_start(8, 0, false, false);
    sg[0] = sg[1] = (struct vio_sg){unit_queue.buffer, 8};
    assert_int_equal(vio_virtq_add_out(&unit_queue.vq, sg, 2, TOKEN(1)), 0);
    assert_int_equal(vio_virtq_add_in(&unit_queue.vq, sg, 2, TOKEN(2)), 0);
    vio_virtq_kick(&unit_queue.vq);
    assert_true(model_queue_pop(unit_queue.q, &chain));
    assert_int_equal(chain.readable, 16);
    assert_int_equal(chain.writable, 0);
    assert_true(model_queue_pop(unit_queue.q, &chain));
    assert_int_equal(chain.readable, 0);
    assert_int_equal(chain.writable, 16);
}

/* LVQ-04: the rings of a legacy device are in the processor's byte order, all
 * others little-endian; said without the model, which knows the same. */
static void rings_have_the_byte_order_of_the_interface(void **state)
{
    static const uint8_t little[] = {0x02, 0x01}, big[] = {0x01, 0x02};
    struct vio_sg sg = {0, 0x0102};

    (void)state;
    for (unsigned legacy = 0; legacy < 2; legacy++) {
        bool swapped = legacy && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
        const uint8_t *len, *index;

        unit_setup(NULL);
        unit_queue_start(8, 0, legacy, false);
        sg.addr = unit_queue.buffer;
        assert_int_equal(vio_virtq_add_out(&unit_queue.vq, &sg, 1, TOKEN(1)),
                         0);
        vio_virtq_kick(&unit_queue.vq);
        len = (const uint8_t *)unit_queue.vq.desc + 8;
        index = (const uint8_t *)unit_queue.vq.driver + 2;
        assert_memory_equal(len + (swapped ? 2 : 0), swapped ? big : little, 2);
        assert_int_equal(index[swapped ? 1 : 0], 1);
        assert_int_equal(index[swapped ? 0 : 1], 0);
    }
}

/* SPLIT-08: a chain as long as the queue is legal. */
static void chain_may_fill_the_queue(void **state)
{
    (void)state;
    unit_queue_start(1024, 0, false, false);
    assert_int_equal(unit_add(1000, 25, TOKEN(1)), VIO_EINVAL);
    assert_int_equal(unit_add(1000, 24, TOKEN(1)), 0);
    vio_virtq_kick(&unit_queue.vq);
    assert_int_equal(model_queue_take(unit_queue.q), 1);
    model_queue_complete(unit_queue.q, 0, 24 * 16);
    assert_ptr_equal(unit_get(&(uint32_t){0}), TOKEN(1));
    assert_int_equal(vio_virtq_num_free(&unit_queue.vq), 1024);
}

/* A4: staged is not shown. */
static void added_is_invisible_until_the_kick(void **state)
{
    struct vio_virtq *vq = &unit_queue.vq;

    (void)state;
    unit_queue_start(8, 0, false, false);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(unit_add(1, 0, TOKEN(i + 1)), 0);
    assert_int_equal(model_queue_take(unit_queue.q), 0);
    assert_int_equal(unit_dev.doorbells, 0);
    assert_true(vio_virtq_kick_prepare(vq));
    assert_int_equal(model_queue_take(unit_queue.q), 3);
    assert_int_equal(unit_dev.doorbells, 0);
    vio_virtq_notify(vq);
    assert_int_equal(unit_dev.doorbells, 1);
    /* Nothing new: nothing to tell. */
    assert_false(vio_virtq_kick_prepare(vq));
    vio_virtq_kick(vq);
    assert_int_equal(unit_dev.doorbells, 1);
}

/* A5, T-SPL-13: in any order, with the length that the device wrote. */
static void get_buf_returns_tokens_in_the_order_of_completion(void **state)
{
    static const unsigned order[] = {2, 0, 1, 0};
    static const unsigned token[] = {3, 1, 4, 2};
    uint32_t len;

    (void)state;
    unit_queue_start(8, 0, false, false);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(unit_add(1, 1, TOKEN(i + 1)), 0);
    vio_virtq_kick(&unit_queue.vq);
    model_queue_take(unit_queue.q);
    unit_get_none();
    for (unsigned i = 0; i < 4; i++) {
        model_queue_complete(unit_queue.q, order[i], 16 - i);
        assert_ptr_equal(unit_get(&len), TOKEN(token[i]));
        assert_int_equal(len, 16 - i);
        unit_get_none();
    }
    assert_int_equal(vio_virtq_num_free(&unit_queue.vq), 8);
}

/* SPLIT-17: the length is at most what the segments hold. */
static void get_buf_returns_every_length_up_to_the_writable_bytes(void **state)
{
    static const uint32_t lens[] = {0, 1, 31, 32};
    uint32_t len;

    (void)state;
    unit_queue_start(4, 0, false, false);
    for (size_t i = 0; i < COUNT(lens); i++) {
        assert_int_equal(unit_add(1, 2, TOKEN(1)), 0);
        vio_virtq_kick(&unit_queue.vq);
        model_queue_take(unit_queue.q);
        model_queue_complete(unit_queue.q, 0, lens[i]);
        unit_get(&len);
        assert_int_equal(len, lens[i]);
    }
}

/* A7: after a reset everything comes back, once. */
static void detach_gives_back_what_was_not_used(void **state)
{
    struct vio_virtq *vq = &unit_queue.vq;
    unsigned seen = 0;
    void *token;

    (void)state;
    unit_queue_start(8, 0, false, false);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(unit_add(1, 1, TOKEN(1u << i)), 0);
    vio_virtq_kick(vq);
    assert_int_equal(unit_add(2, 0, TOKEN(8)), 0); /* never shown */
    model_queue_take(unit_queue.q);
    model_queue_complete(unit_queue.q, 1, 0);
    assert_ptr_equal(unit_get(&(uint32_t){0}), TOKEN(2));
    model_dev_reset(&unit_dev);
    while ((token = vio_virtq_detach_unused(vq))) {
        assert_int_equal(seen & (unsigned)(uintptr_t)token, 0);
        seen |= (unsigned)(uintptr_t)token;
    }
    assert_int_equal(seen, 1 | 4 | 8);
    assert_null(vio_virtq_detach_unused(vq));
    assert_int_equal(vio_virtq_num_free(vq), 8);
}

static void detach_works_on_a_broken_queue(void **state)
{
    struct vio_virtq *vq = &unit_queue.vq;
    uint64_t accesses;

    (void)state;
    unit_queue_start(4, 0, false, false);
    assert_int_equal(unit_add(1, 1, TOKEN(1)), 0);
    vio_virtq_kick(vq);
    vio_virtq_break(vq);
    assert_true(vio_virtq_is_broken(vq));
    model_dev_reset(&unit_dev);
    accesses = model_accesses;
    assert_ptr_equal(vio_virtq_detach_unused(vq), TOKEN(1));
    assert_null(vio_virtq_detach_unused(vq));
    assert_int_equal(vio_virtq_num_free(vq), 4);
    assert_int_equal(model_accesses, accesses);
}

/* A11 */
static void broken_queue_refuses_work(void **state)
{
    (void)state;
    unit_queue_start(4, 0, false, false);
    assert_false(vio_virtq_is_broken(&unit_queue.vq));
    vio_virtq_break(&unit_queue.vq);
    unit_assert_breaks();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_case(layout_matches_the_specification),
        unit_case(modern_parts_lie_apart_for_every_size),
        unit_case(legacy_parts_lie_apart_for_every_size),
        unit_case(mem_size_refuses_sizes_that_are_not_legal),
        unit_cases(init_refuses_memory_that_does_not_do),
        unit_case(init_clears_the_rings),
        unit_cases(add_refuses_what_can_never_be),
        unit_cases(add_refuses_lengths_that_are_not_possible),
        unit_cases(full_queue_says_nospc_and_takes_nothing),
        unit_cases(device_sees_the_segments_as_given),
        unit_case(rings_have_the_byte_order_of_the_interface),
        unit_cases(short_forms_are_all_readable_or_all_writable),
        unit_cases(chain_may_fill_the_queue),
        unit_cases(added_is_invisible_until_the_kick),
        unit_cases(get_buf_returns_tokens_in_the_order_of_completion),
        unit_cases(get_buf_returns_every_length_up_to_the_writable_bytes),
        unit_cases(detach_gives_back_what_was_not_used),
        unit_cases(detach_works_on_a_broken_queue),
        unit_cases(broken_queue_refuses_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
