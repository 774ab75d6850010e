/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block device through the synchronous calls, and its bringing up.
 */
#include "unit_disk.h"

static uint8_t *data;

/* A disk that is up, on either version of the transport. */
static void start(uint32_t version, const struct vio_blk_config *cfg)
{
    unit_disk_device(version, 1024);
    unit_disk_up(cfg);
    data = unit_alloc(1 << 20, 16);
}

static const uint8_t *disk_at(uint64_t sector)
{
    return unit_disk.data + sector * 512;
}

static void read_gives_what_is_on_the_disk(void **state)
{
    static const size_t lens[] = {512, 1024, 4096, 65536, 512 * 1024};

    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version, NULL);
        for (size_t i = 0; i < COUNT(lens); i++) {
            uint64_t last = 1024 - lens[i] / 512;

            assert_int_equal(vio_blk_read(&unit_blk, 0, data, lens[i]), 0);
            assert_memory_equal(data, disk_at(0), lens[i]);
            assert_int_equal(vio_blk_read(&unit_blk, last, data, lens[i]), 0);
            assert_memory_equal(data, disk_at(last), lens[i]);
        }
        unit_disk_down();
    }
}

static void write_puts_it_there_and_nowhere_else(void **state)
{
    static uint8_t before[1024 * 512];

    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version, NULL);
        memcpy(before, unit_disk.data, sizeof(before));
        memset(data, 0x77, 2048);
        assert_int_equal(vio_blk_write(&unit_blk, 1020, data, 2048), 0);
        assert_memory_equal(disk_at(1020), data, 2048);
        assert_memory_equal(disk_at(0), before, 1020 * 512);
        unit_disk_down();
    }
}

/* Nothing is moved, and no request made, for nothing. */
static void length_0_does_nothing(void **state)
{
    (void)state;
    start(2, NULL);
    assert_int_equal(vio_blk_read(&unit_blk, 0, data, 0), 0);
    assert_int_equal(vio_blk_write(&unit_blk, 1024, data, 0), 0);
    assert_int_equal(unit_disk.requests, 0);
    unit_disk_down();
}

static void odd_lengths_are_refused(void **state)
{
    static const size_t lens[] = {1, 511, 513, 1023, SIZE_MAX};

    (void)state;
    start(2, NULL);
    for (size_t i = 0; i < COUNT(lens); i++) {
        assert_int_equal(vio_blk_read(&unit_blk, 0, data, lens[i]), VIO_EINVAL);
        assert_int_equal(vio_blk_write(&unit_blk, 0, data, lens[i]),
                         VIO_EINVAL);
    }
    assert_int_equal(unit_disk.requests, 0);
    unit_disk_down();
}

/* BLK-06, T-BLC-01, T-BLC-02: at the very edge, and without wrapping. */
static void requests_past_the_end_are_refused(void **state)
{
    static const struct {
        uint64_t capacity, sector, n;
        bool fits;
    } table[] = {
        {0, 0, 1, false},
        {1, 0, 1, true},
        {1, 1, 1, false},
        {1, 0, 2, false},
        {100, 99, 1, true},
        {100, 99, 2, false},
        {100, 100, 1, false},
        {100, ~(uint64_t)0, 1, false},
        {100, ~(uint64_t)0 - 1, 2, false},
        {100, (uint64_t)1 << 55, 1, false},
        {1, 0, 1024, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        size_t len = (size_t)table[i].n * 512;
        int wanted = table[i].fits ? 0 : VIO_ERANGE;

        unit_disk_device(2, table[i].capacity);
        unit_disk_up(NULL);
        data = unit_alloc(len, 16);
        assert_int_equal(vio_blk_info(&unit_blk)->capacity, table[i].capacity);
        assert_int_equal(vio_blk_read(&unit_blk, table[i].sector, data, len),
                         wanted);
        assert_int_equal(vio_blk_write(&unit_blk, table[i].sector, data, len),
                         wanted);
        assert_int_equal(unit_disk.requests, table[i].fits ? 2 : 0);
        unit_disk_down();
    }
}

/* T-BLC-02: a capacity whose bytes no integer holds; the device has less. */
static void t_blc_02_capacity_near_2_64(void **state)
{
    (void)state;
    unit_disk_device(2, 1024);
    model_config_put(&unit_dev, 0, 8, ~(uint64_t)0);
    unit_disk_up(NULL);
    data = unit_alloc(4096, 16);
    assert_int_equal(vio_blk_info(&unit_blk)->capacity, ~(uint64_t)0);
    assert_int_equal(vio_blk_read(&unit_blk, ~(uint64_t)0, data, 512),
                     VIO_ERANGE);
    assert_int_equal(vio_blk_read(&unit_blk, ~(uint64_t)0 - 7, data, 4096),
                     VIO_ERANGE);
    model_allow("BLK-06");
    assert_int_equal(vio_blk_read(&unit_blk, ~(uint64_t)0 - 1, data, 512),
                     VIO_EIO);
    assert_int_equal(unit_disk.last.sector, ~(uint64_t)0 - 1);
    unit_disk_down();
}

/* B5, BLK-07: refused before the device sees it. Read-only is what was agreed
 * upon, whatever is offered later. */
static void t_blc_17_read_only_disk_is_not_written_to(void **state)
{
    struct vio_blk_req req;
    struct vio_buf buf;

    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        unit_disk_device(version, 1024);
        model_disk_offer(&unit_dev, MF_BLK_RO);
        unit_disk_up(NULL);
        data = unit_alloc(4096, 16);
        assert_true(vio_blk_info(&unit_blk)->read_only);
        unit_dev.offered &= ~MF(MF_BLK_RO);
        assert_int_equal(vio_blk_write(&unit_blk, 0, data, 512), VIO_EROFS);
        assert_int_equal(unit_queue_write(&req, &buf, 0, data, 512), VIO_EROFS);
        assert_int_equal(unit_disk.requests, 0);
        assert_int_equal(vio_blk_read(&unit_blk, 0, data, 512), 0);
        assert_int_equal(vio_blk_flush(&unit_blk), 0);
        unit_disk_down();
    }
}

/* DX-BLK-05: durable after the flush, and not before. */
static void write_is_durable_after_a_flush(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version, NULL);
        assert_true(vio_blk_info(&unit_blk)->writeback);
        memset(data, 0x11, 512);
        assert_int_equal(vio_blk_write(&unit_blk, 5, data, 512), 0);
        assert_int_equal(vio_blk_flush(&unit_blk), 0);
        memset(data, 0x22, 512);
        assert_int_equal(vio_blk_write(&unit_blk, 5, data, 512), 0);
        model_disk_crash(&unit_disk);
        assert_int_equal(vio_blk_read(&unit_blk, 5, data, 512), 0);
        assert_int_equal(data[0], 0x11);
        assert_int_equal(unit_disk.count[VIRTIO_BLK_T_FLUSH], 1);
        unit_disk_down();
    }
}

/* B5: without FLUSH there is nothing to flush. */
static void flush_without_the_feature_sends_nothing(void **state)
{
    (void)state;
    unit_disk_device(2, 1024);
    unit_dev.offered &= ~MF(MF_BLK_FLUSH);
    unit_disk.write_through = true;
    unit_disk_up(NULL);
    assert_false(vio_blk_info(&unit_blk)->writeback);
    assert_int_equal(vio_blk_flush(&unit_blk), 0);
    assert_int_equal(unit_disk.requests, 0);
    assert_int_equal(unit_dev.doorbells, 0);
    unit_disk_down();
}

/* B4: larger than one request may be: split, and every part within limits
 * (the device watches them). */
static void large_transfers_are_split_at_the_limits(void **state)
{
    static const struct {
        uint32_t size_max, seg_max;
        uint16_t max_segs;
    } table[] = {{512, 1, 1},  {512, 126, 2},  {1000, 3, 3},
                 {4096, 2, 8}, {65536, 4, 16}, {700, 126, 5}};

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(table); i++) {
        struct vio_blk_config cfg = {.max_segs = table[i / 2].max_segs};
        const struct vio_blk_info *info;

        unit_disk_device(i & 1 ? 2 : 1, 1024);
        model_disk_set_size_max(&unit_disk, &unit_dev, table[i / 2].size_max);
        model_disk_set_seg_max(&unit_disk, &unit_dev, table[i / 2].seg_max);
        unit_disk_up(&cfg);
        data = unit_alloc(100 * 512, 16);
        info = vio_blk_info(&unit_blk);
        assert_true(info->max_segs <= table[i / 2].seg_max);
        assert_true(info->max_segs <= table[i / 2].max_segs);
        assert_true(info->size_max <= table[i / 2].size_max);
        assert_int_equal(info->max_bytes % 512, 0);
        for (unsigned k = 0; k < 100 * 512; k++)
            data[k] = (uint8_t)(k * 3 + k / 512);
        assert_int_equal(vio_blk_write(&unit_blk, 7, data, 100 * 512), 0);
        assert_memory_equal(disk_at(7), data, 100 * 512);
        memset(data, 0, 100 * 512);
        assert_int_equal(vio_blk_read(&unit_blk, 7, data, 100 * 512), 0);
        assert_memory_equal(disk_at(7), data, 100 * 512);
        unit_disk_down();
    }
}

/* The port maps less than it was asked for. */
static void mappings_may_be_shorter_than_asked_for(void **state)
{
    static const size_t most[] = {512, 1000, 1536, 4096, 100000};

    (void)state;
    for (size_t i = 0; i < COUNT(most); i++) {
        start(2, &(struct vio_blk_config){.max_segs = 4});
        unit_env.map_most = most[i];
        memset(data, (int)i + 1, 20480);
        assert_int_equal(vio_blk_write(&unit_blk, 3, data, 20480), 0);
        assert_memory_equal(disk_at(3), data, 20480);
        assert_int_equal(vio_blk_read(&unit_blk, 100, data, 20480), 0);
        assert_memory_equal(disk_at(100), data, 20480);
        unit_disk_down();
    }
}

static void buffers_may_cross_pages_that_map_one_by_one(void **state)
{
    (void)state;
    for (unsigned offset = 0; offset < 4096; offset += 300) {
        start(2, &(struct vio_blk_config){.max_segs = 3});
        unit_env.map_by_page = true;
        assert_int_equal(vio_blk_read(&unit_blk, 1, data + offset, 16384), 0);
        assert_memory_equal(disk_at(1), data + offset, 16384);
        unit_disk_down();
    }
}

/* T-MEM-06: whichever mapping fails, everything is undone. */
static void t_mem_06_mapping_fails(void **state)
{
    (void)state;
    for (unsigned at = 1; at <= 4; at++) {
        struct vio_blk_req req;
        struct vio_buf buf;

        start(2, &(struct vio_blk_config){.max_segs = 4});
        unit_env.map_most = 1024;
        unit_env.map_fails = at;
        assert_int_equal(unit_queue_read(&req, &buf, 0, data, 4096),
                         VIO_EFAULT);
        assert_int_equal(unit_env.maps, unit_env.unmaps);
        assert_int_equal(unit_disk.requests, 0);
        assert_int_equal(vio_blk_read(&unit_blk, 0, data, 4096), 0);
        assert_memory_equal(disk_at(0), data, 4096);
        unit_disk_down();
    }
}

/* Without an environment a pointer is a device address. */
static void no_environment_means_identity(void **state)
{
    struct vio_need want, least;
    struct vio_mem mem;

    (void)state;
    unit_disk_device(2, 1024);
    assert_int_equal(vio_mmio_probe(&unit_mmio, vio_reg_mem(unit_dev.window),
                                    0x200, NULL, NULL, NULL),
                     0);
    assert_int_equal(vio_blk_mem_size(&unit_mmio.dev, NULL, &want, &least), 0);
    mem = unit_mem(want.shared, want.priv, 4096);
    assert_int_equal(vio_blk_init(&unit_blk, &unit_mmio.dev, NULL, &mem), 0);
    data = unit_alloc(4096, 16);
    model_mem_add_at(data, 4096, MODEL_MEM_WRITE, (uintptr_t)data);
    assert_int_equal(vio_blk_read(&unit_blk, 9, data, 4096), 0);
    assert_memory_equal(disk_at(9), data, 4096);
    assert_int_equal(vio_blk_fini(&unit_blk), 0);
}

/* B2, DX-BLK-04, T-BLI-02: all the values that a status can have. */
static void every_status_has_its_result(void **state)
{
    (void)state;
    start(2, NULL);
    unit_disk.fault_always = true;
    unit_disk.fault.set_status = true;
    for (unsigned status = 0; status < 256; status++) {
        int wanted = status == 0 ? 0 : status == 2 ? VIO_ENOTSUP : VIO_EIO;

        unit_disk.fault.status = (uint8_t)status;
        assert_int_equal(vio_blk_read(&unit_blk, 0, data, 512), wanted);
        assert_int_equal(vio_blk_write(&unit_blk, 0, data, 512), wanted);
        /* T-BLI-08 */
        assert_int_equal(vio_blk_flush(&unit_blk), wanted);
    }
    unit_disk_down();
}

/* T-BLI-01: whatever lies there is not the last request's status. */
static void t_bli_01_status_is_never_written(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version, NULL);
        for (unsigned i = 0; i < 300; i++)
            assert_int_equal(vio_blk_read(&unit_blk, 0, data, 512), 0);
        unit_disk_fault((struct model_fault){.no_status = true});
        for (unsigned i = 0; i < 300; i++)
            assert_int_equal(vio_blk_read(&unit_blk, 0, data, 512), VIO_EIO);
        unit_disk_down();
    }
}

/* T-BLI-03, T-SPL-07: success is not believed without the bytes. The device
 * broke the rules: it is reset, and the disk is not in use any more. */
static void t_bli_03_status_ok_but_used_length_short(void **state)
{
    static const uint32_t lens[] = {0, 1, 2, 511, 512};

    (void)state;
    for (size_t i = 0; i < COUNT(lens); i++) {
        start(2, NULL);
        unit_disk.fault_at = 0;
        unit_disk.fault.set_len = true;
        unit_disk.fault.len = lens[i];
        assert_int_equal(vio_blk_read(&unit_blk, 0, data, 512), VIO_EPROTO);
        assert_int_equal(unit_env.maps, unit_env.unmaps);
        assert_int_equal(unit_dev.status, 0);
        assert_int_equal(vio_blk_read(&unit_blk, 0, data, 512), VIO_EBADSTATE);
        unit_disk_down();
    }
    start(2, NULL);
    unit_disk.fault_at = 0;
    unit_disk.fault.set_len = true;
    assert_int_equal(vio_blk_write(&unit_blk, 0, data, 512), VIO_EPROTO);
    unit_disk_down();
}

/* LBLK-04: on a legacy device the length means nothing. */
static void legacy_used_length_is_ignored(void **state)
{
    static const uint32_t lens[] = {0, 1, 512, 513, 514, 0xffffffff};

    (void)state;
    start(1, NULL);
    unit_disk.fault_always = true;
    unit_disk.fault.set_len = true;
    for (size_t i = 0; i < COUNT(lens); i++) {
        unit_disk.fault.len = lens[i];
        memset(data, 0, 512);
        assert_int_equal(vio_blk_read(&unit_blk, i, data, 512), 0);
        assert_memory_equal(disk_at(i), data, 512);
        assert_int_equal(vio_blk_write(&unit_blk, i, data, 512), 0);
        assert_int_equal(vio_blk_flush(&unit_blk), 0);
    }
    unit_disk_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_all_cases(read_gives_what_is_on_the_disk),
        unit_all_cases(write_puts_it_there_and_nowhere_else),
        unit_all_cases(length_0_does_nothing),
        unit_all_cases(odd_lengths_are_refused),
        unit_all_cases(requests_past_the_end_are_refused),
        unit_all_cases(t_blc_02_capacity_near_2_64),
        unit_all_cases(t_blc_17_read_only_disk_is_not_written_to),
        unit_all_cases(write_is_durable_after_a_flush),
        unit_all_cases(flush_without_the_feature_sends_nothing),
        unit_all_cases(large_transfers_are_split_at_the_limits),
        unit_all_cases(mappings_may_be_shorter_than_asked_for),
        unit_all_cases(buffers_may_cross_pages_that_map_one_by_one),
        unit_all_cases(t_mem_06_mapping_fails),
        unit_all_cases(no_environment_means_identity),
        unit_all_cases(every_status_has_its_result),
        unit_all_cases(t_bli_01_status_is_never_written),
        unit_all_cases(t_bli_03_status_ok_but_used_length_short),
        unit_all_cases(legacy_used_length_is_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
