/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a disk says of itself: hints that make sense or not, the capacity as it
 * changes.
 */
#include "unit_disk.h"

static const struct vio_blk_info *const info = &unit_blk.info;
static uint8_t *data;

static void up(void)
{
    unit_disk_up(NULL);
    data = unit_alloc(65536, 16);
}

static void t_blc_01_capacity_0(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        unit_disk_device(version, 0);
        up();
        assert_int_equal(vio_blk_read(&unit_blk, 0, data, 512), VIO_ERANGE);
        assert_int_equal(vio_blk_write(&unit_blk, 0, data, 512), VIO_ERANGE);
        assert_int_equal(vio_blk_read(&unit_blk, 0, data, 0), 0);
        assert_int_equal(vio_blk_flush(&unit_blk), 0);
        unit_disk_down();
    }
}

/* BLK-06: what was queued before may fail; what comes after is checked. */
static void t_blc_03_capacity_shrinks_with_requests_in_flight(void **state)
{
    struct vio_blk_req old, fresh;
    struct vio_buf buf[2];

    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        unit_disk_device(version, 1024);
        up();
        unit_disk_hold();
        assert_int_equal(unit_queue_read(&old, buf, 1000, data, 512), 0);
        assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
        model_disk_resize(&unit_dev, 500);
        assert_int_equal(vio_device_isr(&unit_mmio.dev) & VIRTIO_ISR_CONFIG,
                         VIRTIO_ISR_CONFIG);
        assert_int_equal(vio_blk_refresh(&unit_blk), 1);
        assert_int_equal(vio_blk_refresh(&unit_blk), 0);
        model_disk_noticed(&unit_disk);
        assert_int_equal(info->capacity, 500);
        assert_int_equal(unit_queue_read(&fresh, buf + 1, 500, data, 512),
                         VIO_ERANGE);
        model_disk_finish(&unit_disk, &unit_dev.queue[0], 0);
        unit_reap_one(&old, VIO_EIO);
        unit_disk_well();
        assert_int_equal(vio_blk_read(&unit_blk, 499, data, 512), 0);
        unit_disk_down();
    }
}

static void t_blc_04_capacity_grows_by_a_refresh_only(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        unit_disk_device(version, 1024);
        up();
        assert_int_equal(vio_blk_refresh(&unit_blk), 0);
        model_disk_resize(&unit_dev, 2048);
        assert_int_equal(vio_blk_read(&unit_blk, 1024, data, 512), VIO_ERANGE);
        assert_int_equal(info->cylinders, 0);
        assert_int_equal(vio_blk_refresh(&unit_blk), 1);
        assert_int_equal(info->cylinders, 1); /* made up of the capacity */
        assert_int_equal(vio_blk_read(&unit_blk, 2047, data, 512), 0);
        assert_int_equal(vio_blk_read(&unit_blk, 2048, data, 512), VIO_ERANGE);
        unit_disk_down();
    }
}

/* The same for requests that go as they stand, of which each has a slot made
 * for its kind by the one before. */
static void try_all(uint8_t *memory, uint64_t capacity)
{
    struct vio_blk_req req;
    struct vio_buf buf;

    for (uint64_t at = 0; at <= capacity + 1; at++)
        for (size_t n = 1; n <= 8; n++) {
            bool fits = n <= capacity && at <= capacity - n;

            assert_int_equal(unit_queue_read(&req, &buf, at, memory, n * 512),
                             fits ? 0 : VIO_ERANGE);
            assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
            if (fits)
                unit_reap_one(&req, 0);
        }
}

static void capacity_counts_for_what_is_not_mapped(void **state)
{
    static const uint64_t sectors[] = {8, 1, 3, 9, 2};
    uint8_t *memory;

    (void)state;
    unit_disk_device(2, 16);
    memory = unit_disk_unmapped(4096);
    unit_disk_up(NULL);
    for (size_t i = 0; i < COUNT(sectors); i++) {
        model_disk_resize(&unit_dev, sectors[i]);
        assert_int_equal(vio_blk_refresh(&unit_blk), 1);
        try_all(memory, sectors[i]);
    }
    unit_disk_down();
}

/* B6: resized between any two accesses of a refresh, which never sees half of
 * one capacity and half of another. */
static void resize(void)
{
    model_disk_resize(&unit_dev, 0x500000005);
}

static void refresh_never_sees_half_a_change(void **state)
{
    unsigned news = 0;

    (void)state;
    for (unsigned at = 2; at < 60; at++) {
        int err;

        unit_disk_device(1 + at % 2, 1024);
        up();
        unit_at_access(at / 2, resize);
        err = vio_blk_refresh(&unit_blk);
        model_between = NULL;
        assert_int_equal(info->capacity, err ? 0x500000005 : 1024);
        assert_true(err == 0 || err == 1);
        news += (unsigned)err;
        unit_disk_down();
    }
    assert_true(news > 5);
}

static uint32_t always_another(struct model_dev *d, uint32_t offset,
                               unsigned width, uint32_t value)
{
    static uint32_t n;

    (void)d;
    (void)width;
    if (offset == MR_CONFIG_GENERATION || offset == MR_CONFIG)
        return ++n;
    return value;
}

static void refresh_of_what_never_stands_still_gives_up(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        unit_disk_device(version, 1024);
        up();
        unit_dev.on_read = always_another;
        assert_int_equal(vio_blk_refresh(&unit_blk), VIO_EPROTO);
        assert_int_equal(info->capacity, 1024);
        unit_dev.on_read = NULL;
        unit_disk_down();
        assert_int_equal(vio_blk_refresh(&unit_blk), VIO_EBADSTATE);
    }
}

/* 2.1.2: the interrupt is the same one; and all ones are no capacity. */
static void refresh_sees_what_else_has_happened(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        unit_disk_device(version, 1024);
        up();
        model_dev_needs_reset(&unit_dev);
        assert_int_equal(vio_blk_refresh(&unit_blk), VIO_EPROTO);
        assert_int_equal(unit_mmio.dev.why.reason, VIO_WHY_NEEDS_RESET);
        unit_disk_down();
        for (int64_t at = 0; at < 12; at++) {
            int err;

            unit_disk_device(version, 1024);
            up();
            unit_dev.gone_after = at;
            err = vio_blk_refresh(&unit_blk);
            assert_true(err == VIO_ENODEV || err == VIO_EPROTO || err == 0);
            assert_int_equal(info->capacity, 1024);
        }
    }
}

/* T-BLC-13, DX-BLK-02: hints, in bytes, or none. */
static void t_blc_13_topology(void **state)
{
    static const struct {
        uint8_t exp, offset;
        uint16_t min;
        uint32_t opt;
        uint32_t physical, offset_is, min_is, opt_is; /* of blocks of 4096 */
    } table[] = {
        {0, 0, 0, 0, 4096, 0, 0, 0},
        {3, 0, 1, 2, 32768, 0, 4096, 8192},
        {3, 7, 1, 2, 32768, 28672, 4096, 8192},
        {3, 8, 65535, 1, 32768, 0, 65535 * 4096u, 4096},
        {9, 255, 1, 1048575, 2097152, 255 * 4096, 4096, 0xfffff000},
        {10, 1, 1, 1048576, 4096, 0, 4096, 0},
        {31, 1, 1, ~0u, 4096, 0, 4096, 0},
        {32, 1, 1, 1, 4096, 0, 4096, 4096},
        {255, 255, 1, 1, 4096, 0, 4096, 4096},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        unit_disk_device(2, 1024);
        model_disk_offer(&unit_dev, MF_BLK_BLK_SIZE);
        model_disk_offer(&unit_dev, MF_BLK_TOPOLOGY);
        model_config_put(&unit_dev, 20, 4, 4096);
        model_config_put(&unit_dev, 24, 1, table[i].exp);
        model_config_put(&unit_dev, 25, 1, table[i].offset);
        model_config_put(&unit_dev, 26, 2, table[i].min);
        model_config_put(&unit_dev, 28, 4, table[i].opt);
        up();
        assert_int_equal(info->physical_block, table[i].physical);
        assert_int_equal(info->alignment_offset, table[i].offset_is);
        assert_int_equal(info->min_io, table[i].min_is);
        assert_int_equal(info->optimal_io, table[i].opt_is);
        unit_disk_down();
    }
}

/* More bytes than the hint can say are none that is known. */
static void hints_of_the_largest_blocks(void **state)
{
    (void)state;
    for (uint32_t min = 2047; min <= 2049; min++) {
        unit_disk_device(2, 1024);
        model_disk_offer(&unit_dev, MF_BLK_BLK_SIZE);
        model_disk_offer(&unit_dev, MF_BLK_TOPOLOGY);
        model_config_put(&unit_dev, 20, 4, 2 << 20);
        model_config_put(&unit_dev, 26, 2, min);
        model_config_put(&unit_dev, 28, 4, min);
        up();
        assert_int_equal(info->block_size, 2 << 20);
        assert_int_equal(info->min_io, min == 2047 ? 2047u << 21 : 0);
        assert_int_equal(info->optimal_io, info->min_io);
        unit_disk_down();
    }
}

/* DX-BLK-02: no feature, no field. */
static void hints_need_their_feature(void **state)
{
    (void)state;
    unit_disk_device(2, 1024);
    memset(unit_dev.config + 16, 0x22, 16);
    up();
    assert_int_equal(info->block_size, 512);
    assert_int_equal(info->physical_block, 512);
    assert_int_equal(info->min_io, 0);
    assert_int_equal(info->heads, 64);
    unit_disk_down();
}

/* B4, T-BLC-15: made up where there is none, or where it is nonsense. */
static void t_blc_15_geometry(void **state)
{
    static const struct {
        uint16_t c;
        uint8_t h, s;
        bool taken;
    } table[] = {{20, 5, 10, true},
                 {65535, 255, 255, true},
                 {0, 5, 10, false},
                 {20, 0, 10, false},
                 {20, 5, 0, false}};

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        unit_disk_device(1 + i % 2, 20000);
        model_disk_offer(&unit_dev, MF_BLK_GEOMETRY);
        model_config_put(&unit_dev, 16, 2, table[i].c);
        model_config_put(&unit_dev, 18, 1, table[i].h);
        model_config_put(&unit_dev, 19, 1, table[i].s);
        up();
        assert_int_equal(info->cylinders, table[i].taken ? table[i].c : 9);
        assert_int_equal(info->heads, table[i].taken ? table[i].h : 64);
        assert_int_equal(info->sectors_per_track,
                         table[i].taken ? table[i].s : 32);
        unit_disk_down();
    }
    unit_disk_device(2, ~(uint64_t)0);
    up();
    assert_int_equal(info->cylinders, ~0u);
    unit_disk_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_all_cases(t_blc_01_capacity_0),
        unit_all_cases(t_blc_03_capacity_shrinks_with_requests_in_flight),
        unit_all_cases(t_blc_04_capacity_grows_by_a_refresh_only),
        unit_all_cases(capacity_counts_for_what_is_not_mapped),
        unit_all_cases(refresh_never_sees_half_a_change),
        unit_all_cases(refresh_of_what_never_stands_still_gives_up),
        unit_all_cases(refresh_sees_what_else_has_happened),
        unit_all_cases(t_blc_13_topology),
        unit_all_cases(hints_of_the_largest_blocks),
        unit_all_cases(hints_need_their_feature),
        unit_all_cases(t_blc_15_geometry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
