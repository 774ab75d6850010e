/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory of a queue is what README.md states as a formula: nothing grows
 * unnoticed.
 */
#include "unit_disk.h"

static size_t up_to(size_t align, size_t bytes)
{
    return (bytes + align - 1) / align * align;
}

/* As in README.md, "How much memory?"; each sum begins at a multiple of 16. */
static size_t up(size_t bytes)
{
    return up_to(16, bytes);
}

static struct vio_need formula(const struct vio_blk_info *info)
{
    size_t n = info->queue_size, d = info->depth, s = info->max_segs;
    size_t ring =
        unit_is_packed() ? 16 * n + 8 : up_to(64, 18 * n + 6) + 8 * n + 6;
    size_t tables = info->indirect ? 16 * n * (s + 2) : 0;
    size_t maps = sizeof(struct vio_blk_map) * d * s; /* the tests' port maps */

    return (struct vio_need){
        .shared = up(ring) + tables + 16 * d + up(d) + 32 * d,
        .priv = up(sizeof(struct vio_virtq_slot) * (n + 1)) + up(maps) +
                up(sizeof(struct vio_blk_queue)),
    };
}

static void check(const struct vio_blk_config *cfg)
{
    struct vio_need want, least, stated;

    unit_disk_device(2, 1024);
    unit_disk_up(cfg);
    stated = formula(&unit_blk.info);
    unit_disk_down();
    assert_int_equal(vio_blk_mem_size(&unit_mmio.dev, cfg, &want, &least), 0);
    assert_int_equal(want.shared, stated.shared);
    assert_int_equal(want.priv, stated.priv);
}

static void memory_of_a_queue_is_as_stated(void **state)
{
    static const uint16_t depths[] = {1, 3, 16, 64, 300};

    (void)state;
    for (uint16_t size = 8; size <= 1024; size *= 2)
        for (size_t i = 0; i < COUNT(depths); i++)
            for (uint16_t segs = 1; segs <= 5; segs++) {
                struct vio_blk_config cfg = {
                    .queue_size = size, .depth = depths[i], .max_segs = segs};

                check(&cfg);
            }
    if (sizeof(void *) == 8) {
        assert_int_equal(sizeof(struct vio_virtq_slot), 16);
        assert_int_equal(sizeof(struct vio_blk_map), 32);
#ifndef VIO_DEBUG
        assert_true(sizeof(struct vio_blk_queue) < 576);
#endif
    }
}

/* Where a size_t has 32 bits, wishes may well add up to more than it can say:
 * that is then the most that it can, and not what is left of the sum. */
static void more_than_can_be_said_is_not_little(void **state)
{
    static const struct vio_blk_config wishes[] = {
        {.queue_size = 8192, .depth = 8192, .max_ranges = 32768}, /* 2^32 */
        {.queue_size = 32768, .depth = 32768, .max_segs = 4095},
        {.queue_size = 32768, .depth = 32768, .max_segs = 30000},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(wishes); i++) {
        struct vio_need want, least;
        struct vio_mem mem;

        unit_disk_device(2, 1024);
        unit_dev.queue_max[0] = 32768;
        unit_dev.offered |= MF(MF_INDIRECT);
        model_disk_set_seg_max(&unit_disk, &unit_dev, 32000);
        unit_disk_need(&wishes[i], &want, &least);
        if (sizeof(size_t) == 4) {
            assert_int_equal(want.shared, SIZE_MAX);
        } else {
            assert_true(want.shared > (uint64_t)1 << 31);
        }
        assert_true(least.shared < 1u << 20);
        mem = unit_mem(1u << 20, 1u << 20, 4096);
        assert_int_equal(
            vio_blk_init(&unit_blk, &unit_mmio.dev, &wishes[i], &mem), 0);
        unit_disk_down();
    }
}

/* With less than is wanted, the queue becomes smaller before its depth does;
 * and where that cannot be had, nothing is paid for it. */
static void depth_is_kept_while_there_is_memory(void **state)
{
    struct vio_blk_config cfg = {.depth = 16, .max_segs = 64};
    struct vio_need want, least;
    size_t size = 256;
    struct vio_mem mem;

    (void)state;
    unit_disk_device(2, 1024);
    unit_dev.queue_max[0] = 256;
    unit_dev.offered |= MF(MF_INDIRECT);
    model_disk_set_seg_max(&unit_disk, &unit_dev, 64);
    unit_disk_need(&cfg, &want, &least);
    mem = unit_mem(want.shared, want.priv, 4096);
    for (; mem.shared_size > want.shared / 32; mem.shared_size -= 1024) {
        assert_int_equal(vio_blk_init(&unit_blk, &unit_mmio.dev, &cfg, &mem),
                         0);
        assert_true(unit_blk.info.indirect);
        assert_true(unit_blk.info.depth >= 16);
        assert_true(unit_blk.info.queue_size <= size);
        assert_int_equal(unit_env.logs, mem.shared_size < want.shared);
        unit_env.logs = 0;
        size = unit_blk.info.queue_size;
        unit_disk_down();
    }
    assert_int_equal(size, 16);
    mem.shared_size = want.shared / 64;
    assert_int_equal(vio_blk_init(&unit_blk, &unit_mmio.dev, &cfg, &mem), 0);
    assert_false(unit_blk.info.indirect);
    assert_int_equal(unit_blk.info.max_segs, 64);
    unit_disk_down();
    unit_mmio.dev.env = NULL; /* nobody is told */
    assert_int_equal(vio_blk_init(&unit_blk, &unit_mmio.dev, &cfg, &mem), 0);
    assert_false(unit_blk.info.indirect);
    unit_disk_down();
}

/* Where the reset at its end fails nothing is told. */
static unsigned resets;

static void refuse_the_second_reset(struct model_dev *d, uint32_t offset,
                                    uint32_t value)
{
    if (offset == MR_STATUS && value == 0 && ++resets == 2)
        d->reset_reads = MODEL_FOREVER;
}

static void nothing_is_told_of_a_device_that_is_not_reset(void **state)
{
    struct vio_need want = {1, 2}, least = {3, 4};

    (void)state;
    unit_disk_device(2, 1024);
    resets = 0;
    unit_dev.on_write = refuse_the_second_reset;
    assert_int_equal(vio_blk_mem_size(unit_probe(), NULL, &want, &least),
                     VIO_ETIMEDOUT);
    assert_int_equal(want.shared + want.priv + least.shared + least.priv, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_all_cases(memory_of_a_queue_is_as_stated),
        unit_cases(more_than_can_be_said_is_not_little),
        unit_cases(depth_is_kept_while_there_is_memory),
        unit_case(nothing_is_told_of_a_device_that_is_not_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
