/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The small disk, whose port maps: pages, in part, through a pool, or not at
 * all (rows T-MEM of the threats).
 */
#include "unit_small.h"

/* A mapping may end with its page: in the midst of a sector, too. */
static void mappings_that_end_early_are_gone_on_with(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        for (unsigned off = 0; off < 2048; off += 136) {
            unit_small_device(version);
            model_disk_set_seg_max(&unit_disk, &unit_dev, 2);
            unit_env.map_by_page = true;
            unit_small_up();
            unit_small_go_round(unit_small_data + off, 7, 16384);
            unit_env.map_by_page = false;
            unit_env.map_most = 300; /* two for each sector */
            unit_small_go_round(unit_small_data + off, 7, 2048);
            unit_small_down();
        }
    }
}

/* QEMU refuses a request that begins or ends within a block: the parts are
 * whole ones, if that is possible at all. */
static uint32_t block;
static unsigned odd_parts;
static int64_t (*serve)(struct model_dev *d, struct model_chain *c);

static int64_t watch_parts(struct model_dev *d, struct model_chain *c)
{
    int64_t len = serve(d, c);

    odd_parts += unit_disk.last.sector * 512 % block != 0 ||
                 unit_disk.last.bytes % block != 0;
    return len;
}

static void start_with_blocks(uint32_t version, uint32_t size)
{
    unit_small_device(version);
    model_disk_offer(&unit_dev, MF_BLK_BLK_SIZE);
    model_config_put(&unit_dev, 20, 4, size);
    block = size;
    odd_parts = 0;
    serve = unit_dev.serve;
    unit_dev.serve = watch_parts;
}

static void parts_of_a_transfer_are_whole_blocks(void **state)
{
    static const struct {
        uint32_t block, size_max, seg_max;
        size_t map_most, len; /* map_most 0: a page */
        bool odd;
    } table[] = {
        {512, 0, 2, 0, 16384, false},       {1024, 0, 2, 700, 16384, false},
        {2048, 0, 2, 0, 65536, false},      {4096, 0, 2, 0, 65536, false},
        {4096, 0, 2, 2048, 16384, false},   {4096, 0, 2, 9000, 65536, false},
        {4096, 0, 1, 4096, 65536, false},   {4096, 4608, 2, 0, 65536, false},
        {2048, 7000, 2, 0, 65536, false},   {4096, 0, 1, 4608, 65536, true},
        {4096, 0, 2, 1536, 16384, true},    {8192, 0, 1, 4096, 65536, true},
        {4096, 0, 2, 0, 16384 + 512, true}, /* the caller's own */
    };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(table); i++) {
        size_t most = table[i / 2].map_most;

        start_with_blocks(1 + i % 2, table[i / 2].block);
        if (table[i / 2].size_max)
            model_disk_set_size_max(&unit_disk, &unit_dev,
                                    table[i / 2].size_max);
        model_disk_set_seg_max(&unit_disk, &unit_dev, table[i / 2].seg_max);
        unit_env.map_by_page = most == 0;
        unit_env.map_most = most;
        unit_small_up();
        unit_small_go_round(unit_small_data + (most ? 0 : 1160), 32,
                            table[i / 2].len);
        assert_int_equal(odd_parts != 0, table[i / 2].odd);
        unit_small_down();
    }
}

/* 5.2.4: a hint; what is none, or more than a request carries, is ignored. */
static void block_size_that_makes_no_sense_is_ignored(void **state)
{
    static const struct {
        uint32_t size, size_max, block, most;
    } table[] = {
        {512, 0, 512, 1u << 30},
        {1u << 30, 0, 1u << 30, 1u << 30},
        {0, 0, 512, 1u << 30},
        {1, 0, 512, 1u << 30},
        {256, 0, 512, 1u << 30},
        {513, 0, 512, 1u << 30},
        {4097, 0, 512, 1u << 30},
        {6144, 0, 512, 1u << 30},
        {0x80000000, 0, 512, 1u << 30},
        {~0u, 0, 512, 1u << 30},
        {4096, 4095, 512, 3584},
        {4096, 4096, 4096, 4096},
        {4096, 65535, 4096, 65536 - 4096},
        {8192, 5000, 512, 4608},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        start_with_blocks(2, table[i].size);
        block = 512;
        if (table[i].size_max)
            model_disk_set_size_max(&unit_disk, &unit_dev, table[i].size_max);
        unit_small_up();
        assert_int_equal(unit_small.block_size, table[i].block);
        assert_int_equal(unit_small.max_bytes, table[i].most);
        unit_small_go_round(unit_small_data, 7, 16384);
        assert_int_equal(odd_parts, 0);
        unit_small_down();
    }
}

/* T-MEM-06: nothing is seen by the device, nothing stays mapped. */
static void mapping_that_is_too_small_is_refused(void **state)
{
    (void)state;
    for (unsigned segs = 1; segs <= 2; segs++) {
        unit_small_device(2);
        model_disk_set_seg_max(&unit_disk, &unit_dev, segs);
        unit_env.map_most = segs == 1 ? 300 : 200;
        unit_small_up();
        assert_int_equal(vio_disk_read(&unit_small, 0, unit_small_data, 1024),
                         VIO_E2BIG);
        assert_int_equal(vio_disk_write(&unit_small, 0, unit_small_data, 1024),
                         VIO_E2BIG);
        assert_int_equal(unit_disk.requests, 0);
        unit_env.map_most = 0;
        unit_small_go_round(unit_small_data, 0, 1024);
        unit_small_down();
    }
}

static void t_mem_06_mapping_fails(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 4; n++) {
        unit_small_start(2);
        unit_env.map_most = 300;
        unit_env.map_fails = n;
        assert_int_equal(vio_disk_read(&unit_small, 0, unit_small_data, 1024),
                         VIO_EFAULT);
        assert_int_equal(unit_disk.requests, (n - 1) / 2);
        assert_int_equal(unit_env.maps, unit_env.unmaps);
        unit_small_go_round(unit_small_data, 0, 1024);
        unit_small_down();
    }
}

/* A port whose mapping says nonsense. */
static void mapping_of_nothing_or_too_much_is_refused(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 513; len += 513) {
        unit_small_start(2);
        unit_map_oddly(len);
        assert_int_equal(vio_disk_read(&unit_small, 0, unit_small_data, 512),
                         VIO_EFAULT);
        assert_int_equal(unit_disk.requests, 0);
        unit_small_down();
    }
}

/* A pool of one bounce buffer, smaller than what is asked for. */
#define BOUNCE 1536u

static struct {
    uint8_t *bytes;
    uint64_t addr;
    unsigned in_use, fills;
} bounce;

static int bounce_map(void *ctx, const void *buf, size_t *len, enum vio_dir dir,
                      uint64_t *addr)
{
    (void)ctx;
    if (bounce.in_use)
        return -1;
    bounce.in_use++;
    if (*len > BOUNCE)
        *len = BOUNCE;
    memset(bounce.bytes, 0, BOUNCE);
    if (dir == VIO_DEVICE_READS)
        memcpy(bounce.bytes, buf, *len);
    *addr = bounce.addr;
    bounce.fills++;
    return 0;
}

static void bounce_unmap(void *ctx, uint64_t addr, const void *buf, size_t len,
                         enum vio_dir dir)
{
    (void)ctx;
    assert_int_equal(addr, bounce.addr);
    assert_true(len <= BOUNCE);
    if (dir == VIO_DEVICE_WRITES)
        memcpy((void *)(uintptr_t)buf, bounce.bytes, len);
    bounce.in_use--;
}

/* T-MEM-03: what is copied back is what was mapped. A block that the pool has
 * no room for is moved in parts. */
static void everything_goes_through_a_small_pool(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        start_with_blocks(1 + i % 2, i < 2 ? 512 : 4096);
        model_disk_set_seg_max(&unit_disk, &unit_dev, 2);
        bounce.bytes = unit_alloc(BOUNCE, 16);
        bounce.addr = model_mem_add(bounce.bytes, BOUNCE,
                                    MODEL_MEM_READ | MODEL_MEM_WRITE);
        bounce.in_use = bounce.fills = 0;
        unit_env.env.dma_map = bounce_map;
        unit_env.env.dma_unmap = bounce_unmap;
        unit_small_up();
        unit_small_go_round(unit_alloc(16384, 1), 9, 16384);
        assert_int_equal(bounce.in_use, 0);
        assert_int_equal(bounce.fills, 2 * ((16384 + BOUNCE - 1) / BOUNCE));
        unit_small_down();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_cases(mappings_that_end_early_are_gone_on_with),
        unit_cases(parts_of_a_transfer_are_whole_blocks),
        unit_cases(block_size_that_makes_no_sense_is_ignored),
        unit_cases(mapping_that_is_too_small_is_refused),
        unit_cases(t_mem_06_mapping_fails),
        unit_cases(mapping_of_nothing_or_too_much_is_refused),
        unit_cases(everything_goes_through_a_small_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
