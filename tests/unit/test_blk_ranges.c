/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Discard, write-zeroes, secure erase: their limits, how they are split, and
 * what a failure means.
 */
#include "unit_disk.h"

enum {
    DISCARD,
    ZEROES,
    ERASE,
    N_KINDS
};

static const unsigned features[] = {MF_BLK_DISCARD, MF_BLK_WRITE_ZEROES,
                                    MF_BLK_SECURE_ERASE};
static const unsigned types[] = {11, 13, 14};

static uint8_t *data;

static const struct vio_blk_range_limits *limits(unsigned kind)
{
    const struct vio_blk_info *info = vio_blk_info(&unit_blk);

    return kind == DISCARD  ? &info->discard
           : kind == ZEROES ? &info->write_zeroes
                            : &info->secure_erase;
}

static void prep(struct vio_blk_req *req, unsigned kind,
                 const struct vio_blk_range *range, unsigned n)
{
    if (kind == DISCARD)
        vio_blk_prep_discard(req, range, n);
    else if (kind == ZEROES)
        vio_blk_prep_write_zeroes(req, range, n, true);
    else
        vio_blk_prep_secure_erase(req, range, n);
}

static int run(unsigned kind, uint64_t sector, uint64_t n)
{
    return kind == DISCARD  ? vio_blk_discard(&unit_blk, sector, n)
           : kind == ZEROES ? vio_blk_write_zeroes(&unit_blk, sector, n, false)
                            : vio_blk_secure_erase(&unit_blk, sector, n);
}

static void start(uint32_t version, struct model_limits of)
{
    unit_disk_device(version, 1024);
    for (unsigned kind = 0; kind < N_KINDS; kind++)
        model_disk_set_limits(&unit_dev, features[kind], of);
    unit_disk_up(&(struct vio_blk_config){.max_ranges = 4});
    data = unit_alloc(1024 * 512, 16);
}

static bool is_zero(uint64_t sector, uint64_t n)
{
    for (uint64_t i = sector * 512; i < (sector + n) * 512; i++) {
        if (unit_disk.data[i])
            return false;
    }
    return true;
}

static void nothing_is_sent_that_was_not_offered(void **state)
{
    struct vio_blk_range range = {0, 1};
    struct vio_blk_req req;

    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        unit_disk_device(version, 1024);
        unit_disk_up(NULL);
        for (unsigned kind = 0; kind < N_KINDS; kind++) {
            assert_int_equal(limits(kind)->max_sectors, 0);
            assert_int_equal(run(kind, 0, 1), VIO_ENOTSUP);
            prep(&req, kind, &range, 1);
            assert_int_equal(vio_blk_queue(unit_blk.queue, &req), VIO_ENOTSUP);
            assert_int_equal(req.state, VIO_BLK_IDLE);
        }
        assert_int_equal(unit_blk.queue->vq.free_head, 0);
        assert_int_equal(unit_blk.queue->vq.added,
                         unit_blk.queue->vq.published);
        assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
        assert_int_equal(unit_disk.requests, 0);
        unit_disk_down();
    }
}

/* BLK-11, BLK-13 to BLK-15: none, one, the most and one more. */
static void each_limit_of_a_request_has_its_error(void **state)
{
    struct vio_blk_range four[5] = {{0, 8}, {100, 64}, {200, 1}, {1023, 1}};
    struct vio_blk_req req;

    (void)state;
    for (unsigned kind = 0; kind < 2 * N_KINDS; kind++) {
        struct vio_blk_queue *q;

        start(kind < N_KINDS ? 1 : 2, (struct model_limits){64, 4, 8});
        q = unit_blk.queue;
        prep(&req, kind % N_KINDS, four, 0);
        assert_int_equal(vio_blk_queue(q, &req), VIO_EINVAL);
        prep(&req, kind % N_KINDS, four, 5);
        assert_int_equal(vio_blk_queue(q, &req), VIO_E2BIG);
        four[3] = (struct vio_blk_range){0, 0};
        prep(&req, kind % N_KINDS, four, 4);
        assert_int_equal(vio_blk_queue(q, &req), VIO_EINVAL);
        four[3] = (struct vio_blk_range){0, 65};
        assert_int_equal(vio_blk_queue(q, &req), VIO_E2BIG);
        four[3] = (struct vio_blk_range){1023, 2};
        assert_int_equal(vio_blk_queue(q, &req), VIO_ERANGE);
        four[3] = (struct vio_blk_range){~(uint64_t)0, 2};
        assert_int_equal(vio_blk_queue(q, &req), VIO_ERANGE);
        assert_int_equal(unit_disk.requests, 0);
        four[3] = (struct vio_blk_range){1023, 1};
        for (unsigned n = 1; n <= 4; n++) {
            prep(&req, kind % N_KINDS, four, n);
            assert_int_equal(vio_blk_run(&unit_blk, &req), 0);
            assert_int_equal(unit_disk.last.bytes, 16 * n);
            assert_int_equal(unit_disk.last.type, types[kind % N_KINDS]);
        }
        unit_disk_down();
    }
}

/* No more ranges than the device takes, nor than the caller has room for, nor
 * than a segment holds. */
static void number_of_ranges_is_the_least_of_all(void **state)
{
    (void)state;
    start(2, (struct model_limits){64, 2, 1});
    assert_int_equal(limits(DISCARD)->max_ranges, 2);
    unit_disk_down();
    start(2, (struct model_limits){64, ~0u, 1});
    assert_int_equal(limits(DISCARD)->max_ranges, 4);
    unit_disk_down();
    unit_disk_device(2, 1024);
    model_disk_set_size_max(&unit_disk, &unit_dev, 512);
    model_disk_set_limits(&unit_dev, MF_BLK_DISCARD,
                          (struct model_limits){64, 256, 1});
    unit_disk_up(&(struct vio_blk_config){.max_ranges = 256});
    assert_int_equal(limits(DISCARD)->max_ranges, 32);
    unit_disk_down();
}

static void assert_only_zeroed(const uint8_t *before, uint64_t sector,
                               uint64_t n)
{
    assert_true(is_zero(sector, n));
    assert_memory_equal(unit_disk.data, before, (size_t)sector * 512);
    assert_memory_equal(unit_disk.data + (sector + n) * 512,
                        before + (sector + n) * 512,
                        (size_t)(1024 - sector - n) * 512);
}

/* 5.2.6.2: they read as zeroes, and their neighbours as before. */
static void zeroes_are_written_where_asked_and_nowhere_else(void **state)
{
    static const struct {
        uint64_t sector, n;
    } table[] = {{0, 1},   {0, 1024}, {1, 1023}, {1023, 1},
                 {7, 100}, {64, 64},  {63, 66},  {500, 0}};

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(table); i++) {
        uint64_t sector = table[i / 2].sector, n = table[i / 2].n;

        start(1 + i % 2, (struct model_limits){50, 1, 0});
        memcpy(data, unit_disk.data, 1024 * 512);
        assert_int_equal(vio_blk_write_zeroes(&unit_blk, sector, n, i % 4 < 2),
                         0);
        assert_only_zeroed(data, sector, n);
        assert_int_equal(unit_disk.unmapped, i % 4 < 2 ? n : 0);
        assert_int_equal(unit_disk.requests, (n + 49) / 50);
        unit_disk_down();
    }
}

/* A device that never unmaps is not asked to. */
static void unmap_is_asked_only_of_a_device_that_may(void **state)
{
    (void)state;
    unit_disk_device(2, 1024);
    model_disk_set_limits(&unit_dev, MF_BLK_WRITE_ZEROES,
                          (struct model_limits){64, 1, 0});
    model_config_put(&unit_dev, 56, 1, 0);
    unit_disk_up(NULL);
    assert_false(unit_blk.info.write_zeroes_may_unmap);
    assert_int_equal(vio_blk_write_zeroes(&unit_blk, 0, 64, true), 0);
    assert_true(is_zero(0, 64));
    assert_int_equal(unit_disk.unmapped, 0);
    unit_disk_down();
}

/* DX-BLK-09: split at the maximum, and where it is aligned if it can be. */
static unsigned bad_splits;
static uint64_t split_alignment, split_end;

static int64_t (*serve)(struct model_dev *d, struct model_chain *c);

static int64_t watch_splits(struct model_dev *d, struct model_chain *c)
{
    uint8_t raw[16];
    uint64_t end;

    model_chain_read(c, 16, raw, sizeof(raw));
    end = model_get64(c->queue, raw) + model_get32(c->queue, raw + 8);
    if (end != split_end && end % split_alignment)
        bad_splits++;
    return serve(d, c);
}

/* From now on: but for the last one they are to end on a multiple. */
static void watch(uint32_t alignment, uint64_t end)
{
    bad_splits = 0;
    split_alignment = alignment;
    split_end = end;
    serve = unit_dev.serve;
    unit_dev.serve = watch_splits;
}

static void ranges_are_split_where_the_device_likes_it(void **state)
{
    static const struct {
        uint32_t max, alignment, sector, n, requests, bad;
    } table[] = {
        {64, 8, 0, 512, 8, 0},   {64, 8, 3, 512, 9, 0},
        {64, 48, 0, 512, 11, 0}, {64, 48, 47, 100, 2, 0},
        {64, 64, 1, 200, 4, 0},  {64, 1, 5, 64, 1, 0},
        {64, 100, 0, 200, 4, 2}, {1, 1, 9, 5, 5, 0},
        {~0u, 8, 0, 1024, 1, 0}, {100, 0, 0, 300, 3, 0},
        {64, ~0u, 0, 128, 2, 1}, {7, 3, 0, 20, 4, 0},
    };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(table); i++) {
        unsigned kind = i % 2 ? DISCARD : ERASE;

        start(2, (struct model_limits){table[i / 2].max, 1,
                                       table[i / 2].alignment});
        watch(table[i / 2].alignment ? table[i / 2].alignment : 1,
              table[i / 2].sector + table[i / 2].n);
        assert_int_equal(run(kind, table[i / 2].sector, table[i / 2].n), 0);
        assert_int_equal(unit_disk.requests, table[i / 2].requests);
        assert_int_equal(bad_splits, table[i / 2].bad);
        assert_true(unit_disk.longest_range <= table[i / 2].max);
        unit_disk_down();
    }
}

/* QEMU refuses a range that ends within a block. Where the disk likes to be
 * split says nothing of them, and of zeroes it cannot say it at all. */
static void ranges_are_split_between_blocks(void **state)
{
    static const struct {
        uint32_t max, alignment, sector, n, requests, bad;
    } table[] = {
        {50, 0, 0, 512, 11, 0},   {50, 1, 8, 96, 2, 0},
        {2047, 4, 0, 1024, 1, 0}, {9, 12, 16, 64, 8, 0},
        {50, 16, 8, 512, 11, 0},  {50, 64, 0, 512, 11, 0},
        {50, 0, 3, 512, 11, 0},   {7, 8, 0, 16, 4, 2},
    };

    (void)state;
    for (unsigned i = 0; i < N_KINDS * COUNT(table); i++) {
        unsigned kind = i % N_KINDS, row = i / N_KINDS;

        unit_disk_device(2, 1024);
        model_disk_offer(&unit_dev, MF_BLK_BLK_SIZE);
        model_config_put(&unit_dev, 20, 4, 4096);
        for (unsigned k = 0; k < N_KINDS; k++)
            model_disk_set_limits(
                &unit_dev, features[k],
                (struct model_limits){table[row].max, 1, table[row].alignment});
        unit_disk_up(NULL);
        watch(8, table[row].sector + table[row].n);
        assert_int_equal(run(kind, table[row].sector, table[row].n), 0);
        assert_int_equal(bad_splits, table[row].bad);
        assert_true(unit_disk.longest_range <= table[row].max);
        if (kind == ZEROES)
            assert_int_equal(unit_disk.requests, table[row].requests);
        unit_disk_down();
    }
}

static void whole_of_it_is_checked_before_any_is_done(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < N_KINDS; kind++) {
        start(2, (struct model_limits){64, 1, 8});
        assert_int_equal(run(kind, 0, 1025), VIO_ERANGE);
        assert_int_equal(run(kind, 1024, 1), VIO_ERANGE);
        assert_int_equal(run(kind, ~(uint64_t)0, ~(uint64_t)0), VIO_ERANGE);
        assert_int_equal(run(kind, 1, ~(uint64_t)0), VIO_ERANGE);
        assert_int_equal(run(kind, 1024, 0), 0);
        assert_int_equal(unit_disk.requests, 0);
        unit_disk_down();
    }
}

static void read_only_disk_refuses_them(void **state)
{
    struct vio_blk_range range = {0, 1};
    struct vio_blk_req req;

    (void)state;
    unit_disk_device(2, 1024);
    for (unsigned kind = 0; kind < N_KINDS; kind++)
        model_disk_set_limits(&unit_dev, features[kind],
                              (struct model_limits){64, 1, 1});
    model_disk_offer(&unit_dev, MF_BLK_RO);
    unit_disk_up(NULL);
    for (unsigned kind = 0; kind < N_KINDS; kind++) {
        assert_int_equal(run(kind, 0, 1), VIO_EROFS);
        prep(&req, kind, &range, 1);
        assert_int_equal(vio_blk_queue(unit_blk.queue, &req), VIO_EROFS);
    }
    assert_int_equal(unit_disk.requests, 0);
    unit_disk_down();
}

/* T-BLC-10 to T-BLC-12: a limit of 0 means that it cannot be done. */
static void without_limits(unsigned kind, struct model_limits of)
{
    struct vio_blk_range range = {0, 1};
    struct vio_blk_req req;

    unit_disk_device(2, 1024);
    model_disk_set_limits(&unit_dev, features[kind], of);
    unit_disk_up(NULL);
    assert_int_equal(limits(kind)->max_sectors, 0);
    assert_int_equal(limits(kind)->max_ranges, 0);
    assert_int_equal(run(kind, 0, 1), VIO_ENOTSUP);
    prep(&req, kind, &range, 1);
    assert_int_equal(vio_blk_queue(unit_blk.queue, &req), VIO_ENOTSUP);
    assert_int_equal(unit_disk.requests, 0);
    unit_disk_down();
}

static void t_blc_10_discard_without_limits(void **state)
{
    (void)state;
    without_limits(DISCARD, (struct model_limits){0, 1, 1});
    without_limits(DISCARD, (struct model_limits){64, 0, 1});
    without_limits(DISCARD, (struct model_limits){0, 0, 0});
    start(2, (struct model_limits){64, 1, 0});
    assert_int_equal(limits(DISCARD)->alignment, 1);
    unit_disk_down();
    start(2, (struct model_limits){64, 1, 13});
    assert_int_equal(vio_blk_discard(&unit_blk, 5, 700), 0);
    unit_disk_down();
}

static void t_blc_11_write_zeroes_without_limits(void **state)
{
    (void)state;
    without_limits(ZEROES, (struct model_limits){0, 1, 0});
    without_limits(ZEROES, (struct model_limits){64, 0, 0});
}

static void t_blc_12_secure_erase_without_limits(void **state)
{
    (void)state;
    without_limits(ERASE, (struct model_limits){0, 1, 1});
    without_limits(ERASE, (struct model_limits){64, 0, 1});
}

/* BLK-19: what was discarded reads as anything; the call says nothing of it. */
static void t_bli_11_failure_is_of_the_whole_request(void **state)
{
    struct vio_blk_range two[2] = {{0, 8}, {16, 8}};
    struct vio_blk_req req;

    (void)state;
    start(2, (struct model_limits){64, 4, 1});
    unit_disk_fault((struct model_fault){.partial = true});
    vio_blk_prep_write_zeroes(&req, two, 2, false);
    assert_int_equal(vio_blk_run(&unit_blk, &req), VIO_EIO);
    assert_true(is_zero(0, 8));
    assert_false(is_zero(16, 8));
    /* Of a long range the first failure is the last request. */
    unit_disk.requests = 0;
    assert_int_equal(vio_blk_discard(&unit_blk, 0, 1024), VIO_EIO);
    assert_int_equal(unit_disk.requests, 1);
    unit_disk_down();
}

/* The caller's array may change as soon as the request is queued: it was
 * copied, once, in the form that was checked. */
static void ranges_are_copied(void **state)
{
    struct vio_blk_range range = {8, 8};
    struct vio_blk_req req;

    (void)state;
    start(2, (struct model_limits){64, 4, 1});
    vio_blk_prep_write_zeroes(&req, &range, 1, false);
    assert_int_equal(vio_blk_queue(unit_blk.queue, &req), 0);
    range = (struct vio_blk_range){~(uint64_t)0, ~0u};
    assert_int_equal(vio_blk_wait(unit_blk.queue, &req, 1000), 0);
    assert_true(is_zero(8, 8));
    unit_disk_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_all_cases(nothing_is_sent_that_was_not_offered),
        unit_all_cases(each_limit_of_a_request_has_its_error),
        unit_all_cases(number_of_ranges_is_the_least_of_all),
        unit_all_cases(zeroes_are_written_where_asked_and_nowhere_else),
        unit_all_cases(unmap_is_asked_only_of_a_device_that_may),
        unit_all_cases(ranges_are_split_where_the_device_likes_it),
        unit_all_cases(ranges_are_split_between_blocks),
        unit_all_cases(whole_of_it_is_checked_before_any_is_done),
        unit_all_cases(read_only_disk_refuses_them),
        unit_all_cases(t_blc_10_discard_without_limits),
        unit_all_cases(t_blc_11_write_zeroes_without_limits),
        unit_all_cases(t_blc_12_secure_erase_without_limits),
        unit_all_cases(t_bli_11_failure_is_of_the_whole_request),
        unit_all_cases(ranges_are_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
