/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bringing a disk up: memory, limits, and configurations that no honest device
 * has (rows T-BLC and T-QSZ of the threats).
 */
#include "unit_disk.h"

static const struct vio_blk_info *info;

static void start(uint32_t version)
{
    unit_disk_device(version, 1024);
    info = &unit_blk.info;
}

static void read_something(void)
{
    static uint8_t sector[512];

    assert_int_equal(vio_blk_read(&unit_blk, 1, sector, 512), 0);
    assert_memory_equal(sector, unit_disk.data + 512, 512);
}

static void defaults_are_as_documented(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version);
        unit_disk_up(NULL);
        assert_int_equal(info->queue_size, 256);
        assert_int_equal(info->max_segs, 2);
        assert_int_equal(info->capacity, 1024);
        assert_int_equal(info->block_size, 512);
        assert_false(info->read_only);
        assert_false(info->odd_block_size);
        assert_true(info->depth >= 64);
        read_something();
        unit_disk_down();
    }
}

static void bad_configurations_are_refused(void **state)
{
    static const uint16_t sizes[] = {1, 2, 3, 5, 100, 32769, 65535};
    struct vio_need want, least;
    struct vio_mem mem;

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct vio_blk_config cfg = {.queue_size = sizes[i]};
        uint64_t accesses;

        start(2);
        unit_probe();
        mem = unit_mem(4096, 4096, 4096);
        accesses = model_dev_accesses(&unit_dev);
        assert_int_equal(vio_blk_mem_size(&unit_mmio.dev, &cfg, &want, &least),
                         VIO_EINVAL);
        assert_int_equal(vio_blk_init(&unit_blk, &unit_mmio.dev, &cfg, &mem),
                         VIO_EINVAL);
        assert_int_equal(unit_mmio.dev.why.reason, VIO_WHY_BAD_CONFIG);
        assert_int_equal(model_dev_accesses(&unit_dev), accesses);
    }
}

/* D3: any memory between the least and the wished for will do, and the queue
 * is made to fit; with one byte less than the least nothing works. */
static void queue_shrinks_to_the_memory(void **state)
{
    (void)state;
    for (unsigned step = 0; step <= 20; step++) {
        struct vio_need want, least;
        struct vio_mem mem;

        start(2);
        unit_disk_need(NULL, &want, &least);
        mem = unit_mem(least.shared + (want.shared - least.shared) * step / 20,
                       least.priv + (want.priv - least.priv) * step / 20, 4096);
        assert_int_equal(vio_blk_init(&unit_blk, &unit_mmio.dev, NULL, &mem),
                         0);
        assert_int_equal(unit_dev.queue[0].size, info->queue_size);
        assert_true(info->queue_size >= 4);
        /* Tables are given up before the size is. */
        if (step == 20 || !(unit_format & MF(MF_INDIRECT)))
            assert_int_equal(info->queue_size == 256, step == 20);
        read_something();
        unit_disk_down();
    }
}

/* What has failed has set FAILED, and reset the device if it was not gone. */
static void assert_given_up(void)
{
    assert_true(unit_mmio.dev.state == VIO_DEVICE_RESET ||
                unit_mmio.dev.state == VIO_DEVICE_FAILED);
    assert_int_equal((unit_dev.status | unit_dev.last_status) & MS_FAILED,
                     MS_FAILED);
}

static void too_little_memory_says_how_much_is_needed(void **state)
{
    (void)state;
    for (unsigned priv = 0; priv < 2; priv++) {
        struct vio_need want, least;
        struct vio_mem mem;

        start(2);
        unit_disk_need(NULL, &want, &least);
        mem = unit_mem(want.shared, want.priv, 4096);
        if (priv)
            mem.priv_size = least.priv - 1;
        else
            mem.shared_size = least.shared - 1;
        assert_int_equal(vio_blk_init(&unit_blk, &unit_mmio.dev, NULL, &mem),
                         VIO_ENOMEM);
        assert_int_equal(unit_mmio.dev.why.reason,
                         priv ? VIO_WHY_NEED_PRIVATE_MEMORY
                              : VIO_WHY_NEED_SHARED_MEMORY);
        assert_int_equal(unit_mmio.dev.why.wanted,
                         priv ? least.priv : least.shared);
        assert_int_equal(unit_mmio.dev.why.found,
                         priv ? mem.priv_size : mem.shared_size);
        assert_int_equal(unit_dev.status & MS_DRIVER_OK, 0);
        assert_int_equal(unit_dev.queue[0].live, false);
        assert_given_up();
    }
}

/* T-MEM-10 */
static void misaligned_memory_is_refused(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        struct vio_need want, least;
        struct vio_mem mem, bad;
        size_t off = version == 1 ? 2048 : 8;

        start(version);
        unit_disk_need(NULL, &want, &least);
        mem = unit_mem(want.shared, want.priv, 4096);
        bad = mem;
        bad.shared = (uint8_t *)mem.shared + off;
        assert_int_equal(vio_blk_init(&unit_blk, &unit_mmio.dev, NULL, &bad),
                         VIO_EINVAL);
        assert_int_equal(unit_mmio.dev.why.reason, VIO_WHY_MISALIGNED_MEMORY);
        bad = mem;
        bad.shared_addr += off;
        assert_int_equal(vio_blk_init(&unit_blk, &unit_mmio.dev, NULL, &bad),
                         VIO_EINVAL);
        bad = mem;
        bad.priv = (uint8_t *)mem.priv + 4;
        assert_int_equal(vio_blk_init(&unit_blk, &unit_mmio.dev, NULL, &bad),
                         VIO_EINVAL);
        assert_int_equal(vio_blk_init(&unit_blk, &unit_mmio.dev, NULL, &mem),
                         0);
        unit_disk_down();
    }
}

/* T-QSZ-01 to T-QSZ-04 */
static void queue_sizes_of_all_kinds(void **state)
{
    static const struct {
        uint32_t max;
        int legacy, modern; /* error, or the size of the queue */
        enum vio_reason why;
    } table[] = {
        {0, VIO_ENODEV, VIO_ENODEV, VIO_WHY_QUEUE_ABSENT},
        {1, VIO_ENOTSUP, VIO_ENOTSUP, VIO_WHY_QUEUE_TOO_SMALL},
        {2, VIO_ENOTSUP, VIO_ENOTSUP, VIO_WHY_QUEUE_TOO_SMALL},
        {4, 4, 4, VIO_WHY_NONE},
        {8, 8, 8, VIO_WHY_NONE},
        {100, VIO_EPROTO, 64, VIO_WHY_QUEUE_BAD_SIZE},
        {128, 128, 128, VIO_WHY_NONE},
        {1024, 256, 256, VIO_WHY_NONE},
        {32768, 256, 256, VIO_WHY_NONE},
        {65536, VIO_EPROTO, 256, VIO_WHY_QUEUE_BAD_SIZE},
    };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(table); i++) {
        int wanted = i & 1 ? table[i / 2].modern : table[i / 2].legacy;

        start(i & 1 ? 2 : 1);
        unit_dev.queue_max[0] = table[i / 2].max;
        if (wanted < 0) {
            assert_int_equal(unit_disk_try(NULL), wanted);
            assert_int_equal(unit_mmio.dev.why.reason, table[i / 2].why);
            continue;
        }
        unit_disk_up(NULL);
        assert_int_equal(info->queue_size, wanted);
        assert_int_equal(unit_dev.queue[0].size, wanted);
        read_something();
        unit_disk_down();
    }
}

/* B4, T-BLC-06 to T-BLC-08 */
static void limits_are_taken_within_reason(void **state)
{
    static const struct {
        uint32_t size_max, seg_max;
        uint16_t wish;
        int segs; /* or an error */
        uint32_t size;
    } table[] = {
        {0, 126, 0, 2, 0}, /* no limit */
        {4096, 126, 0, 2, 4096},
        {4096, 1, 8, 1, 4096},
        {4096, 0, 8, 1, 4096}, /* 0 makes no sense */
        {512, 126, 126, 126, 512},
        {512, 1000000, 65535, 254, 512},
        {512, 0xffffffff, 300, 254, 512},
        {511, 126, 0, VIO_EPROTO, 0},
        {1, 126, 0, VIO_EPROTO, 0},
        {0xffffffff, 126, 0, 2, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct vio_blk_config cfg = {.max_segs = table[i].wish};

        start(2);
        model_disk_set_size_max(&unit_disk, &unit_dev, table[i].size_max);
        model_disk_set_seg_max(&unit_disk, &unit_dev, table[i].seg_max);
        if (table[i].segs < 0) {
            assert_int_equal(unit_disk_try(&cfg), table[i].segs);
            assert_int_equal(unit_mmio.dev.why.reason, VIO_WHY_BAD_SIZE_MAX);
            assert_int_equal(unit_mmio.dev.why.found, table[i].size_max);
            continue;
        }
        unit_disk_up(&cfg);
        assert_int_equal(info->max_segs, table[i].segs);
        if (table[i].size)
            assert_int_equal(info->size_max, table[i].size);
        assert_true(info->max_bytes <=
                    (uint64_t)info->max_segs * info->size_max);
        assert_true(info->depth >= 1);
        read_something();
        unit_disk_down();
    }
}

/* T-BLC-06: without the features there are no limits to read (CFG-04). */
static void absent_limits_are_not_read(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version);
        unit_dev.offered &= ~MF(MF_BLK_SEG_MAX);
        unit_disk.seg_max = 1;
        unit_disk_up(NULL);
        assert_int_equal(info->max_segs, 1);
        read_something();
        unit_disk_down();
    }
}

/* T-BLC-05: a hint that makes no sense is none. */
static void t_blc_05_block_size(void **state)
{
    static const struct {
        uint32_t says, is;
    } table[] = {{512, 512},  {1024, 1024}, {4096, 4096},      {65536, 65536},
                 {0, 512},    {1, 512},     {256, 512},        {513, 512},
                 {4095, 512}, {1536, 512},  {0x80000000, 512}, {~0u, 512}};

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        start(2);
        model_disk_offer(&unit_dev, MF_BLK_BLK_SIZE);
        model_config_put(&unit_dev, 20, 4, table[i].says);
        unit_disk_up(NULL);
        assert_int_equal(info->block_size, table[i].is);
        assert_int_equal(info->odd_block_size, table[i].is != table[i].says);
        assert_int_equal(unit_env.logs > 0, info->odd_block_size);
        /* DX-BLK-01: sectors are 512 bytes whatever it is. */
        read_something();
        unit_disk_down();
    }
}

/* T-CFG-05: every byte of the configuration space the same. Zones of no model
 * that there is are refused, without them all of it is borne. */
static void t_cfg_05_all_ones_and_all_zeros(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        bool ones = i > 0;

        start(2);
        unit_dev.offered = ~(uint64_t)0;
        memset(unit_dev.config, ones ? 0xff : 0, sizeof(unit_dev.config));
        unit_disk.read_only = true;
        unit_dev.offered &= ~MF(MF_PACKED);
        if (i == 1) {
            assert_int_equal(unit_disk_try(NULL), VIO_EPROTO);
            assert_int_equal(unit_mmio.dev.why.reason, VIO_WHY_BAD_ZONES);
            continue;
        }
        if (i == 2)
            unit_dev.offered &= ~MF(MF_BLK_ZONED);
        assert_int_equal(unit_disk_try(NULL), 0);
        assert_true(info->max_segs >= 1);
        assert_int_equal(info->capacity, ones ? ~(uint64_t)0 : 0);
        unit_disk_down();
    }
}

/* The shortest window that a disk can have: the capacity and nothing else. */
static void window_as_short_as_the_capacity_will_do(void **state)
{
    (void)state;
    start(2);
    unit_dev.length = 0x108;
    unit_disk.seg_max = 1;
    unit_disk_up(NULL);
    assert_int_equal(info->capacity, 1024);
    read_something();
    unit_disk_down();
    start(2);
    unit_dev.length = 0x107;
    assert_int_equal(unit_disk_try(NULL), VIO_EPROTO);
    assert_int_equal(unit_mmio.dev.why.reason, VIO_WHY_CONFIG_TOO_SMALL);
}

/* FEAT-08: each optional bit left out by itself, and everything works. */
static void disk_works_without_any_optional_feature(void **state)
{
    static const unsigned bits[] = {
        MF_BLK_SEG_MAX, MF_BLK_SIZE_MAX,    MF_BLK_FLUSH,      MF_BLK_BLK_SIZE,
        MF_EVENT_IDX,   MF_ACCESS_PLATFORM, MF_ORDER_PLATFORM, MF_ANY_LAYOUT};

    (void)state;
    for (unsigned mask = 0; mask < 1u << COUNT(bits); mask++) {
        start(mask & 1 ? 1 : 2);
        unit_dev.offered &= MF(MF_VERSION_1);
        for (unsigned i = 0; i < COUNT(bits); i++) {
            if (mask >> i & 1)
                model_disk_offer(&unit_dev, bits[i]);
        }
        unit_disk.seg_max = mask & 1 ? 126 : 1;
        model_config_put(&unit_dev, 8, 4, 8192);
        model_config_put(&unit_dev, 20, 4, 4096);
        unit_disk_up(NULL);
        read_something();
        assert_int_equal(vio_blk_flush(&unit_blk), 0);
        unit_disk_down();
    }
}

/* INIT-12: whatever fails, at whatever access, the device is left alone: reset
 * or FAILED, no queue live, unless it cannot be reset. */
static void init_that_fails_leaves_no_live_queue(void **state)
{
    unsigned failed = 0;

    (void)state;
    for (int64_t at = 0; at < 120; at++) {
        int err;

        start(2);
        unit_dev.gone_after = at + 4; /* the probe succeeds */
        err = unit_disk_try(NULL);
        if (err == 0)
            break;
        failed++;
        assert_true(err == VIO_ENODEV || err == VIO_EPROTO ||
                    err == VIO_EBUSY || err == VIO_EBADSTATE);
    }
    assert_true(failed > 30 && failed < 110);
    start(2);
    unit_dev.refuse_queue = true;
    assert_int_equal(unit_disk_try(NULL), VIO_EPROTO);
    assert_int_equal(unit_mmio.dev.why.reason, VIO_WHY_QUEUE_REJECTED);
    assert_int_equal(unit_dev.status & MS_DRIVER_OK, 0);
    assert_false(unit_dev.queue[0].live);
}

static void device_of_another_type_is_refused(void **state)
{
    (void)state;
    start(2);
    unit_dev.type = 1;
    assert_int_equal(unit_disk_try(NULL), VIO_ENODEV);
    assert_int_equal(unit_mmio.dev.why.reason, VIO_WHY_WRONG_TYPE);
}

static void configuration_that_keeps_changing_is_given_up(void **state)
{
    (void)state;
    start(2);
    unit_dev.on_read = unit_generation_moves;
    assert_int_equal(unit_disk_try(NULL), VIO_EPROTO);
    assert_int_equal(unit_mmio.dev.why.reason, VIO_WHY_CONFIG_UNSTABLE);
    assert_given_up();
}

/* A queue is known to the device, the last step fails, and so does the reset:
 * the memory is not the caller's. */
static void fail_the_last_step(struct model_dev *d, uint32_t offset,
                               uint32_t value)
{
    if (offset == MR_STATUS && (value & MS_DRIVER_OK)) {
        d->reset_reads = MODEL_FOREVER;
        model_dev_needs_reset(d);
    }
}

static void init_that_cannot_be_undone_says_so(void **state)
{
    (void)state;
    start(2);
    unit_dev.on_write = fail_the_last_step;
    assert_int_equal(unit_disk_try(NULL), VIO_ETIMEDOUT);
    unit_dev.on_write = NULL;
    unit_dev.reset_reads = 0;
    assert_int_equal(vio_blk_fini(&unit_blk), 0);
    assert_int_equal(unit_dev.status, 0);
}

/* It has no queue that a call could use. */
static void disk_that_did_not_come_up_refuses_calls(void **state)
{
    struct vio_blk_lifetime lifetime;
    struct vio_blk_req req;
    char id[VIO_BLK_ID_SIZE];

    (void)state;
    start(2);
    unit_disk_up(NULL); /* whose device is running */
    unit_blk_mem.priv = (char *)unit_blk_mem.priv + 1;
    assert_int_equal(
        vio_blk_init(&unit_blk, &unit_mmio.dev, NULL, &unit_blk_mem),
        VIO_EINVAL);
    vio_blk_prep_flush(&req);
    assert_int_equal(vio_blk_read(&unit_blk, 0, id, 0), VIO_EBADSTATE);
    assert_int_equal(vio_blk_write(&unit_blk, 0, id, 512), VIO_EBADSTATE);
    assert_int_equal(vio_blk_flush(&unit_blk), VIO_EBADSTATE);
    assert_int_equal(vio_blk_get_id(&unit_blk, id), VIO_EBADSTATE);
    assert_int_equal(vio_blk_get_lifetime(&unit_blk, &lifetime), VIO_EBADSTATE);
    assert_int_equal(vio_blk_run(&unit_blk, &req), VIO_EBADSTATE);
    assert_int_equal(vio_blk_discard(&unit_blk, 0, 1), VIO_EBADSTATE);
    assert_int_equal(vio_blk_write_zeroes(&unit_blk, 0, 1, false),
                     VIO_EBADSTATE);
    assert_int_equal(vio_blk_secure_erase(&unit_blk, 0, 1), VIO_EBADSTATE);
    assert_int_equal(vio_blk_set_writeback(&unit_blk, true), VIO_EBADSTATE);
    assert_int_equal(vio_blk_suspend(&unit_blk), VIO_EBADSTATE);
    assert_int_equal(vio_blk_resume(&unit_blk), VIO_EBADSTATE);
    assert_null(vio_blk_get_queue(&unit_blk, 0));
    assert_int_equal(vio_blk_fini(&unit_blk), 0);
}

/* The reason of a failure is none of what comes later. */
static void success_has_no_reason(void **state)
{
    struct vio_mem least = {0};

    (void)state;
    start(2);
    unit_disk_up(NULL);
    unit_disk_down();
    assert_int_equal(vio_blk_init(&unit_blk, &unit_mmio.dev, NULL, &least),
                     VIO_ENOMEM);
    assert_int_equal(unit_mmio.dev.why.reason, VIO_WHY_NEED_SHARED_MEMORY);
    assert_int_equal(
        vio_blk_init(&unit_blk, &unit_mmio.dev, NULL, &unit_blk_mem), 0);
    assert_int_equal(unit_mmio.dev.why.reason, 0);
    unit_disk_down();
}

/* What is in the object's memory before does not matter. */
static void object_may_be_any_memory(void **state)
{
    (void)state;
    start(2);
    memset(&unit_blk, 0xa5, sizeof(unit_blk));
    unit_disk_up(NULL);
    read_something();
    assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT), 0);
    unit_disk_down();
}

/* An object that nothing was ever done with can be cleaned up. */
static void disk_of_zeros_is_finished(void **state)
{
    struct vio_blk blk = {0};

    (void)state;
    assert_null(vio_blk_get_queue(&blk, 0));
    assert_int_equal(vio_blk_fini(&blk), 0);
}

static void there_are_no_more_queues_than_info_says(void **state)
{
    (void)state;
    start(2);
    unit_disk_up(&(struct vio_blk_config){.n_queues = 3});
    assert_int_equal(unit_blk.info.n_queues, 1);
    assert_ptr_equal(vio_blk_get_queue(&unit_blk, 0), unit_blk.queue);
    assert_null(vio_blk_get_queue(&unit_blk, 1));
    assert_null(vio_blk_get_queue(&unit_blk, ~0u));
    unit_disk_down();
}

/* Down and up again, on the same memory. */
static void disk_can_be_brought_up_again(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version);
        unit_disk_up(NULL);
        for (unsigned i = 0; i < 10; i++) {
            read_something();
            unit_disk_down();
            assert_int_equal(
                vio_blk_init(&unit_blk, &unit_mmio.dev, NULL, &unit_blk_mem),
                0);
        }
        read_something();
        unit_disk_down();
        assert_int_equal(unit_env.logs, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_all_cases(defaults_are_as_documented),
        unit_all_cases(bad_configurations_are_refused),
        unit_all_cases(queue_shrinks_to_the_memory),
        unit_all_cases(too_little_memory_says_how_much_is_needed),
        unit_all_cases(misaligned_memory_is_refused),
        unit_all_cases(queue_sizes_of_all_kinds),
        unit_all_cases(limits_are_taken_within_reason),
        unit_all_cases(absent_limits_are_not_read),
        unit_all_cases(t_blc_05_block_size),
        unit_all_cases(t_cfg_05_all_ones_and_all_zeros),
        unit_all_cases(window_as_short_as_the_capacity_will_do),
        unit_all_cases(disk_works_without_any_optional_feature),
        unit_all_cases(init_that_fails_leaves_no_live_queue),
        unit_all_cases(device_of_another_type_is_refused),
        unit_all_cases(configuration_that_keeps_changing_is_given_up),
        unit_all_cases(init_that_cannot_be_undone_says_so),
        unit_all_cases(disk_that_did_not_come_up_refuses_calls),
        unit_case(success_has_no_reason),
        unit_all_cases(object_may_be_any_memory),
        unit_case(disk_of_zeros_is_finished),
        unit_all_cases(there_are_no_more_queues_than_info_says),
        unit_all_cases(disk_can_be_brought_up_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
