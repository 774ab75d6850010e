/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The small disk: what is read and written is right, whatever the limits; and
 * what cannot be is refused (rows T-BLC, T-MEM and T-QSZ of the threats).
 */
#include "unit_small.h"

static void what_is_read_and_written_is_right(void **state)
{
    static const size_t lens[] = {0, 512, 1024, 4096, 65536};

    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        unit_small_start(version);
        assert_int_equal(unit_small.capacity, 1024);
        for (size_t i = 0; i < COUNT(lens); i++)
            unit_small_go_round(unit_small_data, 1024 - lens[i] / 512, lens[i]);
        assert_int_equal(unit_disk.requests, 2 * (COUNT(lens) - 1));
        unit_small_down();
    }
}

static void flush_makes_writes_durable(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        unit_small_start(version);
        memset(unit_small_data, 0x5a, 512);
        assert_int_equal(vio_disk_write(&unit_small, 3, unit_small_data, 512),
                         0);
        assert_int_equal(vio_disk_flush(&unit_small), 0);
        model_disk_crash(&unit_disk);
        assert_memory_equal(unit_small_data, unit_disk.data + 3 * 512, 512);
        assert_int_equal(unit_disk.last.sector, 0);
        unit_small_down();
    }
    /* Without a cache there is nothing to ask for. */
    unit_small_device(2);
    unit_dev.offered &= ~MF(MF_BLK_FLUSH);
    unit_small_up();
    assert_int_equal(vio_disk_flush(&unit_small), 0);
    assert_int_equal(unit_disk.requests, 0);
    unit_small_down();
}

/* T-BLC-01, T-BLC-02: by subtraction, nothing wraps. */
static void bounds_are_checked_before_anything_is_done(void **state)
{
    static const struct {
        uint64_t capacity, sector;
        size_t len;
        int err;
    } rows[] = {
        {1024, 1024, 0, 0},
        {1024, 1025, 0, VIO_ERANGE},
        {1024, 1024, 512, VIO_ERANGE},
        {1024, 1023, 1024, VIO_ERANGE},
        {1024, ~0ull, 512, VIO_ERANGE},
        {1024, 0, 511, VIO_EINVAL},
        {1024, 0, 513, VIO_EINVAL},
        {0, 0, 512, VIO_ERANGE},
        {~0ull, ~0ull, 512, VIO_ERANGE},
        {1024, 0, (size_t)0 - 512, VIO_ERANGE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        unit_small_device(2);
        model_config_put(&unit_dev, 0, 8, rows[i].capacity);
        unit_small_up();
        assert_int_equal(vio_disk_read(&unit_small, rows[i].sector,
                                       unit_small_data, rows[i].len),
                         rows[i].err);
        assert_int_equal(vio_disk_write(&unit_small, rows[i].sector,
                                        unit_small_data, rows[i].len),
                         rows[i].err);
        assert_int_equal(unit_disk.requests, 0);
        assert_int_equal(unit_env.maps, 0);
        unit_small_down();
    }
}

static void read_only_disk_is_not_written_to(void **state)
{
    (void)state;
    unit_small_device(2);
    unit_disk.read_only = true;
    unit_dev.offered |= MF(MF_BLK_RO);
    unit_small_up();
    assert_int_equal(vio_disk_write(&unit_small, 0, unit_small_data, 512),
                     VIO_EROFS);
    assert_int_equal(unit_disk.requests, 0);
    assert_int_equal(vio_disk_read(&unit_small, 0, unit_small_data, 512), 0);
    unit_small_down();
}

/* T-BLC-08, T-BLC-06 */
static void requests_keep_to_size_max(void **state)
{
    static const uint32_t sizes[] = {512, 513, 1000, 1024, 4096, 65535};

    (void)state;
    for (uint32_t i = 0; i < 2 * COUNT(sizes); i++) {
        uint32_t most = sizes[i / 2] / 512 * 512;

        unit_small_device(1 + i % 2);
        model_disk_set_size_max(&unit_disk, &unit_dev, sizes[i / 2]);
        model_disk_set_seg_max(&unit_disk, &unit_dev, 0);
        unit_small_up();
        assert_int_equal(unit_small.max_bytes, most);
        unit_small_go_round(unit_small_data, 5, 65536);
        assert_int_equal(unit_disk.requests, 2 * ((65536 + most - 1) / most));
        unit_small_down();
    }
}

static void t_blc_08_segments_below_a_sector_are_refused(void **state)
{
    (void)state;
    for (uint32_t size = 1; size < 512; size += 510) {
        unit_small_device(2);
        model_disk_set_size_max(&unit_disk, &unit_dev, size);
        assert_int_equal(unit_small_try_up(), VIO_EPROTO);
        assert_int_equal(unit_mmio.dev.why.reason, VIO_WHY_BAD_SIZE_MAX);
        assert_int_equal(unit_dev.status, 0);
    }
}

/* T-QSZ-01, T-QSZ-04, T-QSZ-07 */
static void queue_that_is_of_no_use_is_refused(void **state)
{
    (void)state;
    for (uint32_t max = 0; max < 4; max++) {
        unit_small_device(2);
        unit_dev.queue_max[0] = max;
        assert_int_equal(unit_small_try_up(), VIO_ENOTSUP);
        assert_int_equal(unit_mmio.dev.why.reason, VIO_WHY_QUEUE_TOO_SMALL);
        assert_int_equal(unit_dev.status, 0);
    }
    unit_small_device(2);
    unit_dev.queue_max[0] = 4;
    unit_small_up();
    unit_small_go_round(unit_small_data, 0, 4096);
    unit_small_down();
    unit_small_device(2);
    unit_dev.refuse_queue = true;
    assert_int_equal(unit_small_try_up(), VIO_EPROTO);
    assert_int_equal(unit_mmio.dev.why.reason, VIO_WHY_QUEUE_REJECTED);
    assert_int_equal(unit_dev.status, 0);
}

/* T-MEM-10 */
static void memory_that_is_small_or_misaligned_is_refused(void **state)
{
    struct vio_need need = {0, 0};
    struct vio_mem bad;
    const struct vio_why *why = &unit_mmio.dev.why;

    (void)state;
    unit_small_start(2);
    unit_small_down();
    bad = unit_small_mem;
    bad.shared_size = 0;
    assert_int_equal(vio_disk_init(&unit_small, &unit_mmio.dev, &bad),
                     VIO_ENOMEM);
    assert_int_equal(why->reason, VIO_WHY_NEED_SHARED_MEMORY);
    need.shared = (size_t)why->wanted;
    assert_true(need.shared <= VIO_DISK_SHARED_SIZE);
    /* Also where the ring fits, and what comes behind it does not. */
    for (size_t size = 1; size < need.shared; size++) {
        bad.shared_size = size;
        assert_int_equal(vio_disk_init(&unit_small, &unit_mmio.dev, &bad),
                         VIO_ENOMEM);
        assert_int_equal(why->found, size);
        assert_int_equal(why->wanted, need.shared);
        assert_int_equal(unit_dev.status, 0);
    }
    bad.shared_size = need.shared;
    bad.priv_size = 0;
    assert_int_equal(vio_disk_init(&unit_small, &unit_mmio.dev, &bad),
                     VIO_ENOMEM);
    assert_int_equal(why->reason, VIO_WHY_NEED_PRIVATE_MEMORY);
    need.priv = (size_t)why->wanted;
    assert_true(need.priv <= VIO_DISK_PRIV_SIZE);
    bad.priv_size = need.priv;
    assert_int_equal(vio_disk_init(&unit_small, &unit_mmio.dev, &bad), 0);
    unit_small_go_round(unit_small_data, 0, 4096);
    unit_small_down();
    bad.priv = (uint8_t *)unit_small_mem.priv + 8;
    assert_int_equal(vio_disk_init(&unit_small, &unit_mmio.dev, &bad),
                     VIO_EINVAL);
    assert_int_equal(why->reason, VIO_WHY_MISALIGNED_MEMORY);
    bad = unit_small_mem;
    bad.shared_addr += 8;
    assert_int_equal(vio_disk_init(&unit_small, &unit_mmio.dev, &bad),
                     VIO_EINVAL);
}

/* A limit that has no field within reach is not agreed upon, as it would not be
 * kept to. */
static void limits_out_of_reach_are_not_accepted(void **state)
{
    const uint64_t limits =
        MF(MF_BLK_SIZE_MAX) | MF(MF_BLK_SEG_MAX) | MF(MF_BLK_BLK_SIZE);
    const uint64_t plain = MF(MF_BLK_RO) | MF(MF_BLK_FLUSH);

    (void)state;
    for (uint32_t len = 8; len <= 25; len++) {
        unit_small_device(1 + len % 2);
        model_disk_offer(&unit_dev, MF_BLK_RO);
        model_disk_offer(&unit_dev, MF_BLK_BLK_SIZE);
        model_config_put(&unit_dev, 20, 4, 4096);
        model_disk_set_size_max(&unit_disk, &unit_dev, 65536);
        unit_dev.length = 0x100 + len;
        unit_dev.config_len = len;
        unit_small_up();
        assert_int_equal(unit_dev.accepted & (limits | plain),
                         len < 24 ? plain : limits | plain);
        assert_int_equal(unit_small.max_bytes, len < 24 ? 1u << 30 : 65536);
        assert_int_equal(unit_small.two_segs, len >= 24);
        assert_int_equal(unit_small.block_size, len < 24 ? 512 : 4096);
        unit_small_down();
    }
}

static void other_device_is_refused(void **state)
{
    (void)state;
    unit_small_device(2);
    unit_dev.type = 1;
    assert_int_equal(unit_small_try_up(), VIO_ENODEV);
    assert_int_equal(unit_mmio.dev.why.reason, VIO_WHY_WRONG_TYPE);
    unit_small_device(2);
    unit_dev.length = 0x100 + 7;
    unit_dev.config_len = 7;
    assert_int_equal(unit_small_try_up(), VIO_EPROTO);
    assert_int_equal(unit_mmio.dev.why.reason, VIO_WHY_CONFIG_TOO_SMALL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_cases(what_is_read_and_written_is_right),
        unit_cases(flush_makes_writes_durable),
        unit_cases(bounds_are_checked_before_anything_is_done),
        unit_cases(read_only_disk_is_not_written_to),
        unit_cases(requests_keep_to_size_max),
        unit_cases(t_blc_08_segments_below_a_sector_are_refused),
        unit_cases(queue_that_is_of_no_use_is_refused),
        unit_cases(memory_that_is_small_or_misaligned_is_refused),
        unit_cases(limits_out_of_reach_are_not_accepted),
        unit_cases(other_device_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
