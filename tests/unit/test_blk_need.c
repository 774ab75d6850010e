/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory of a queue is what README.md states as a formula: nothing grows
 * unnoticed.
 */
#include "unit_disk.h"

/* As in README.md, "How much memory?"; each sum begins at a multiple of 16. */
static size_t up(size_t bytes)
{
    return (bytes + 15) / 16 * 16;
}

static struct vio_need formula(const struct vio_blk_info *info)
{
    size_t n = info->queue_size, d = info->depth, s = info->max_segs;
    size_t ring = unit_is_packed() ? 16 * n + 8 : 26 * n + 12;
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
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_all_cases(memory_of_a_queue_is_as_stated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
