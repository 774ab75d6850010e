/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk with several queues, which share nothing; and what is counted of them.
 */
#include "unit_disk.h"

#define PER_QUEUE 8

static struct vio_blk_req req[4][PER_QUEUE];
static struct vio_buf buf[4][PER_QUEUE];
static struct vio_blk_req *done[PER_QUEUE];
static uint8_t *data;

static void start(uint32_t version, unsigned n)
{
    unit_disk_device(version, 1024);
    model_disk_set_queues(&unit_dev, n, n);
    unit_disk_up(&(struct vio_blk_config){.n_queues = (uint16_t)n});
    assert_int_equal(unit_blk.info.n_queues, n);
    data = unit_alloc(4 * PER_QUEUE * 512, 16);
}

static uint64_t sector_of(unsigned queue, unsigned i)
{
    return 100 * queue + i;
}

static uint8_t *data_of(unsigned queue, unsigned i)
{
    return data + 512 * (queue * PER_QUEUE + i);
}

static void queue_read(unsigned queue, unsigned i)
{
    buf[queue][i] = (struct vio_buf){data_of(queue, i), 512};
    vio_blk_prep_read(&req[queue][i], sector_of(queue, i), &buf[queue][i], 1);
    assert_int_equal(
        vio_blk_queue(vio_blk_get_queue(&unit_blk, queue), &req[queue][i]), 0);
}

static void reap_all(unsigned queue)
{
    struct vio_blk_queue *q = vio_blk_get_queue(&unit_blk, queue);

    assert_int_equal(vio_blk_reap(q, done, PER_QUEUE), PER_QUEUE);
    for (unsigned i = 0; i < PER_QUEUE; i++) {
        assert_ptr_equal(done[i], &req[queue][i]);
        assert_memory_equal(data_of(queue, i),
                            unit_disk.data + 512 * sector_of(queue, i), 512);
    }
    assert_int_equal(vio_blk_reap(q, done, 1), 0);
}

/* DX-BLK-06, B11. */
static void every_queue_serves_its_own(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version, 4);
        for (unsigned i = 0; i < PER_QUEUE; i++) {
            for (unsigned queue = 0; queue < 4; queue++)
                queue_read(queue, i);
        }
        for (unsigned queue = 4; queue-- > 0;) {
            assert_int_equal(unit_disk.by_queue[queue], 0);
            assert_int_equal(
                vio_blk_submit(vio_blk_get_queue(&unit_blk, queue)), 0);
            assert_int_equal(unit_disk.by_queue[queue], PER_QUEUE);
            assert_int_equal(unit_dev.queue[queue].doorbells, 1);
        }
        for (unsigned queue = 0; queue < 4; queue++)
            reap_all(queue);
        unit_disk_down();
    }
}

static void wait_on_another_queue_is_refused(void **state)
{
    struct vio_blk_queue *q;

    (void)state;
    start(2, 2);
    q = vio_blk_get_queue(&unit_blk, 1);
    queue_read(1, 0);
    queue_read(1, 1);
    assert_int_equal(vio_blk_wait(q, &req[1][0], 1000000000), 0);
    assert_int_equal(vio_blk_wait(unit_blk.queue, &req[1][1], 1000),
                     VIO_EINVAL);
    assert_int_equal(vio_blk_wait(q, &req[1][1], 1000), 0);
    unit_disk_down();
}

/* What goes wrong in one is no matter of the others. */
static void broken_queue_leaves_the_others_alone(void **state)
{
    (void)state;
    start(2, 4);
    for (unsigned i = 0; i < PER_QUEUE; i++)
        queue_read(1, i);
    vio_virtq_break(&vio_blk_get_queue(&unit_blk, 2)->vq);
    assert_int_equal(vio_blk_submit(vio_blk_get_queue(&unit_blk, 2)),
                     VIO_EPROTO);
    assert_int_equal(vio_blk_submit(vio_blk_get_queue(&unit_blk, 1)), 0);
    reap_all(1);
    assert_int_equal(vio_blk_read(&unit_blk, 0, data, 512), 0);
    unit_disk_down();
}

static void one_full_queue_is_not_the_others_matter(void **state)
{
    static struct vio_blk_req many[257];
    struct vio_buf b = {NULL, 512};
    unsigned depth;

    (void)state;
    start(2, 2);
    unit_disk_hold();
    depth = unit_blk.info.depth;
    b.base = data;
    for (unsigned i = 0; i <= depth; i++) {
        vio_blk_prep_read(&many[i], 0, &b, 1);
        assert_int_equal(vio_blk_queue(unit_blk.queue, &many[i]),
                         i < depth ? 0 : VIO_EAGAIN);
    }
    unit_disk_well();
    queue_read(1, 0);
    assert_int_equal(
        vio_blk_wait(vio_blk_get_queue(&unit_blk, 1), &req[1][0], 1000000000),
        0);
    unit_disk_down();
    while (depth--)
        assert_int_equal(many[depth].state, VIO_BLK_DONE);
}

/* T-BLC-09: the least of what is wished, said, and there. */
static void t_blc_09_number_of_queues(void **state)
{
    static const struct {
        unsigned wish, said, there, is;
        bool offered;
    } table[] = {
        {0, 4, 4, 1, true},     {1, 4, 4, 1, true},     {2, 4, 4, 2, true},
        {4, 2, 4, 2, true},     {4, 4, 2, 2, true},     {4, 65535, 3, 3, true},
        {4, 0, 4, 1, true},     {4, 1, 4, 1, true},     {4, 4, 4, 1, false},
        {16, 16, 16, 16, true}, {65535, 5, 5, 5, true},
    };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(table); i++) {
        struct vio_blk_config cfg = {.n_queues = (uint16_t)table[i / 2].wish,
                                     .queue_size = 16};

        if (cfg.n_queues == 65535)
            cfg.n_queues = 300; /* as many as the test's memory takes */
        unit_disk_device(1 + i % 2, 1024);
        model_disk_set_queues(&unit_dev, table[i / 2].there, table[i / 2].said);
        if (!table[i / 2].offered)
            unit_dev.offered &= ~MF(MF_BLK_MQ);
        unit_disk_up(&cfg);
        assert_int_equal(unit_blk.info.n_queues, table[i / 2].is);
        for (unsigned k = 0; k < MODEL_QUEUES; k++)
            assert_int_equal(unit_dev.queue[k].live, k < table[i / 2].is);
        unit_disk_down();
    }
}

/* Each size of memory has its plan: at last one queue is left. */
static void memory_for_fewer_queues_gives_fewer(void **state)
{
    unsigned seen = 0;

    (void)state;
    for (unsigned step = 0; step <= 40; step++) {
        struct vio_blk_config cfg = {.n_queues = 4};
        struct vio_need want, least;
        struct vio_mem mem;

        unit_disk_device(1 + step % 2, 1024);
        model_disk_set_queues(&unit_dev, 4, 4);
        unit_disk_need(&cfg, &want, &least);
        mem = unit_mem(least.shared + (want.shared - least.shared) * step / 40,
                       want.priv, 4096);
        assert_int_equal(vio_blk_init(&unit_blk, &unit_mmio.dev, &cfg, &mem),
                         0);
        seen |= 1u << unit_blk.info.n_queues;
        data = unit_alloc(512, 16);
        assert_int_equal(vio_blk_read(&unit_blk, 9, data, 512), 0);
        unit_disk_down();
    }
    assert_int_equal(seen & (1u << 1 | 1u << 4), 1u << 1 | 1u << 4);
}

/* B9. */
static void every_count_counts(void **state)
{
    struct vio_blk_stats s;

    (void)state;
    start(2, 2);
    vio_blk_get_stats(&unit_blk, &s);
    assert_int_equal(s.notifications + s.suppressed + s.renotified, 0);
    queue_read(0, 0);
    queue_read(1, 0);
    for (unsigned queue = 0; queue < 2; queue++)
        vio_blk_submit(vio_blk_get_queue(&unit_blk, queue));
    unit_dev.queue[1].quiet = true;
    model_queue_arm(&unit_dev.queue[1]);
    queue_read(1, 1);
    vio_blk_submit(vio_blk_get_queue(&unit_blk, 1));
    vio_blk_get_stats(&unit_blk, &s);
    assert_int_equal(s.notifications, 2);
    assert_int_equal(s.suppressed, 1);
    assert_int_equal(
        vio_blk_wait(vio_blk_get_queue(&unit_blk, 1), &req[1][1], 900000000),
        0);
    vio_blk_get_stats(&unit_blk, &s);
    assert_int_equal(s.renotified, 1);
    assert_int_equal(s.notifications, 3);
    assert_int_equal(s.resets, unit_dev.resets);
    unit_disk_down();
}

/* Over all lives of the queues. */
static void counts_outlive_a_recovery(void **state)
{
    struct vio_blk_stats before, after;

    (void)state;
    start(2, 2);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(vio_blk_read(&unit_blk, 0, data, 512), 0);
    model_queue_push(&unit_dev.queue[1], 99, 0);
    assert_int_equal(vio_blk_reap(vio_blk_get_queue(&unit_blk, 1), done, 1),
                     VIO_EPROTO);
    vio_blk_get_stats(&unit_blk, &before);
    assert_int_equal(before.protocol_errors, 1);
    assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT), 0);
    vio_blk_get_stats(&unit_blk, &after);
    assert_int_equal(after.protocol_errors, 1);
    assert_int_equal(after.notifications, before.notifications);
    assert_int_equal(after.suppressed, before.suppressed);
    assert_true(after.resets > before.resets);
    unit_disk_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_all_cases(every_queue_serves_its_own),
        unit_all_cases(wait_on_another_queue_is_refused),
        unit_all_cases(broken_queue_leaves_the_others_alone),
        unit_all_cases(one_full_queue_is_not_the_others_matter),
        unit_all_cases(t_blc_09_number_of_queues),
        unit_all_cases(memory_for_fewer_queues_gives_fewer),
        unit_all_cases(every_count_counts),
        unit_case(counts_outlive_a_recovery),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
