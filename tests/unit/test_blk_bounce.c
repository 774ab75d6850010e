/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A port whose device reaches a small pool of pages only, as in a confidential
 * guest: everything is copied in when it is mapped, and out when it is
 * unmapped.
 */
#include "unit_disk.h"

#define PAGES 6u
#define PAGE  1024u

static struct {
    uint8_t *bytes;
    uint64_t addr;
    bool busy;
    enum vio_dir dir;
} page[PAGES];

static unsigned n_busy, most_busy;
static unsigned fail_after; /* that many more mappings; ~0: never */
static uint8_t *data, *cmd;
static struct vio_blk_req req;

static int pool_map(void *ctx, const void *buf, size_t *len, enum vio_dir dir,
                    uint64_t *addr)
{
    unsigned i = 0;

    (void)ctx;
    while (i < PAGES && page[i].busy)
        i++;
    if (i == PAGES || fail_after == 0)
        return -1;
    fail_after -= fail_after != ~0u;
    if (*len > PAGE)
        *len = PAGE;
    /* Old content of the pool is nobody's business (XSA-403). */
    memset(page[i].bytes, 0, PAGE);
    if (dir == VIO_DEVICE_READS)
        memcpy(page[i].bytes, buf, *len);
    page[i].busy = true;
    page[i].dir = dir;
    *addr = page[i].addr;
    if (++n_busy > most_busy)
        most_busy = n_busy;
    return 0;
}

static void pool_unmap(void *ctx, uint64_t addr, const void *buf, size_t len,
                       enum vio_dir dir)
{
    unsigned i = 0;

    (void)ctx;
    while (i < PAGES && page[i].addr != addr)
        i++;
    assert_true(i < PAGES && page[i].busy && len <= PAGE);
    assert_int_equal(page[i].dir, dir);
    if (dir == VIO_DEVICE_WRITES)
        memcpy((void *)(uintptr_t)buf, page[i].bytes, len);
    memset(page[i].bytes, 0xbb, PAGE);
    page[i].busy = false;
    n_busy--;
}

static void start(uint32_t version)
{
    unit_disk_device(version, 1024);
    for (unsigned i = 0; i < PAGES; i++) {
        page[i].bytes = unit_alloc(PAGE, 16);
        page[i].addr = model_mem_add(page[i].bytes, PAGE,
                                     MODEL_MEM_READ | MODEL_MEM_WRITE);
        page[i].busy = false;
    }
    n_busy = most_busy = 0;
    fail_after = ~0u;
    unit_env.env.dma_map = pool_map;
    unit_env.env.dma_unmap = pool_unmap;
    model_disk_set_limits(&unit_dev, MF_BLK_DISCARD,
                          (struct model_limits){64, 4, 1});
    model_disk_set_limits(&unit_dev, MF_BLK_WRITE_ZEROES,
                          (struct model_limits){64, 4, 1});
    model_disk_set_limits(&unit_dev, MF_BLK_SECURE_ERASE,
                          (struct model_limits){64, 4, 1});
    model_disk_offer(&unit_dev, MF_BLK_LIFETIME);
    if (version == 1)
        model_disk_offer(&unit_dev, MF_BLK_SCSI);
    data = unit_alloc(1024 * 512, 16);
    cmd = unit_alloc(256, 16);
}

static void up(unsigned max_segs)
{
    unit_disk_up(
        &(struct vio_blk_config){.max_segs = (uint16_t)max_segs, .scsi = true});
}

static void down(void)
{
    unit_disk_down();
    assert_int_equal(n_busy, 0);
}

/* The pool is smaller than the request may be: the synchronous calls go on in
 * parts. */
static void transfers_of_any_length_go_through_the_pool(void **state)
{
    static const size_t lens[] = {512,  1024,  1536,      6144,
                                  6656, 65536, 1024 * 512};

    (void)state;
    for (size_t i = 0; i < 4 * COUNT(lens); i++) {
        size_t len = lens[i / 4];

        start(1 + i % 2);
        up(i & 2 ? 64 : 4);
        assert_int_equal(vio_blk_read(&unit_blk, 0, data, len), 0);
        assert_memory_equal(data, unit_disk.data, len);
        memset(data, (int)i + 1, len);
        assert_int_equal(vio_blk_write(&unit_blk, 0, data, len), 0);
        assert_memory_equal(data, unit_disk.data, len);
        assert_true(most_busy <= PAGES);
        down();
    }
}

/* QEMU refuses a request that ends within a block: the parts are whole ones, if
 * that is possible at all, and of no zone's granularity either. */
static uint32_t block;
static unsigned odd_parts;
static int64_t (*serve)(struct model_dev *d, struct model_chain *c);

static int64_t watch_parts(struct model_dev *d, struct model_chain *c)
{
    int64_t len = serve(d, c);

    odd_parts += unit_disk.last.bytes % block != 0;
    return len;
}

static void parts_of_a_transfer_are_whole_blocks(void **state)
{
    static const struct {
        uint32_t block, size_max, granularity;
        unsigned max_segs;
        size_t len;
        bool odd;
    } table[] = {
        {2048, 0, 0, 3, 6144, false},     {2048, 0, 0, 3, 10240, false},
        {2048, 0, 0, 5, 65536, false},    {2048, 1000, 0, 5, 10240, false},
        {2048, 2560, 0, 3, 12288, false}, {4096, 5120, 0, 6, 36864, false},
        {4096, 0, 0, 3, 8192, true}, /* three pages are no block */
        {512, 0, 1536, 4, 15360, false},
    };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(table); i++) {
        bool zoned = table[i / 2].granularity;

        start(zoned ? 2 : 1 + i % 2);
        model_disk_offer(&unit_dev, MF_BLK_BLK_SIZE);
        model_config_put(&unit_dev, 20, 4, table[i / 2].block);
        if (table[i / 2].size_max)
            model_disk_set_size_max(&unit_disk, &unit_dev,
                                    table[i / 2].size_max);
        if (zoned) {
            unit_disk.zoned.granularity = table[i / 2].granularity;
            model_disk_set_zoned(&unit_dev, MODEL_Z_HA, 64, 16);
        }
        up(table[i / 2].max_segs);
        block = zoned ? table[i / 2].granularity : table[i / 2].block;
        odd_parts = 0;
        serve = unit_dev.serve;
        unit_dev.serve = watch_parts;
        assert_int_equal(vio_blk_write(&unit_blk, 0, data, table[i / 2].len),
                         0);
        assert_memory_equal(data, unit_disk.data, table[i / 2].len);
        assert_int_equal(odd_parts != 0, table[i / 2].odd);
        down();
    }
}

/* What needs no buffer of the caller's needs no mapping. */
static void small_requests_do_without_the_pool(void **state)
{
    struct vio_blk_lifetime lifetime;
    char id[VIO_BLK_ID_SIZE];

    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version);
        up(4);
        fail_after = 0;
        assert_int_equal(vio_blk_get_id(&unit_blk, id), 0);
        assert_int_equal(vio_blk_get_lifetime(&unit_blk, &lifetime), 0);
        assert_int_equal(vio_blk_discard(&unit_blk, 0, 100), 0);
        assert_int_equal(vio_blk_write_zeroes(&unit_blk, 0, 100, true), 0);
        assert_int_equal(vio_blk_secure_erase(&unit_blk, 0, 100), 0);
        assert_int_equal(vio_blk_flush(&unit_blk), 0);
        assert_int_equal(most_busy, 0);
        down();
    }
}

static void scsi_command_goes_through_the_pool(void **state)
{
    struct vio_blk_scsi scsi;

    (void)state;
    start(1);
    up(4);
    memset(unit_disk.scsi.data, 0x42, 2000);
    memset(unit_disk.scsi.sense, 0x17, 96);
    scsi = (struct vio_blk_scsi){.cmd = {cmd, 10},
                                 .data = {data, 2000},
                                 .device_writes = true,
                                 .sense = {cmd + 32, 96}};
    vio_blk_prep_scsi(&req, &scsi);
    assert_int_equal(vio_blk_run(&unit_blk, &req), 0);
    assert_memory_equal(data, unit_disk.scsi.data, 2000);
    assert_int_equal(cmd[32], 0x17);
    assert_int_equal(most_busy, 4);
    for (unsigned n = 0; n < 4; n++) {
        fail_after = n;
        vio_blk_prep_scsi(&req, &scsi);
        assert_int_equal(vio_blk_run(&unit_blk, &req), VIO_EFAULT);
        assert_int_equal(n_busy, 0);
    }
    fail_after = ~0u;
    down();
}

static void zone_requests_go_through_the_pool(void **state)
{
    struct vio_buf report = {NULL, 64 + 64 * 20}, buf = {NULL, 1024};
    uint64_t where = 0;

    (void)state;
    start(2);
    unit_disk.zoned.max_append = 32;
    unit_dev.offered &= ~(MF(MF_BLK_DISCARD) | MF(MF_BLK_SECURE_ERASE));
    model_disk_set_zoned(&unit_dev, MODEL_Z_HM, 64, 0);
    up(4);
    report.base = buf.base = data;
    memset(data, 0x77, 1024);
    vio_blk_prep_zone_append(&req, 128, &buf, 1, &where);
    assert_int_equal(vio_blk_run(&unit_blk, &req), 0);
    assert_int_equal(where, 128);
    assert_memory_equal(data, unit_disk.data + 128 * 512, 1024);
    vio_blk_prep_zone_report(&req, 0, &report);
    assert_int_equal(vio_blk_run(&unit_blk, &req), 0);
    assert_int_equal(vio_blk_zone_count(&report), 16);
    down();
}

/* T-MEM-06: whichever mapping of a list fails, nothing is left behind, and
 * nothing of it is seen by the device. */
static void t_mem_06_mapping_fails_in_mid_list(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        for (unsigned n = 0; n <= 5; n++) {
            struct vio_buf buf[3];

            start(version);
            up(8);
            buf[0] = (struct vio_buf){data, 1000};
            buf[1] = (struct vio_buf){data + 5000, 2048};
            buf[2] = (struct vio_buf){data + 9000, 24 + 512};
            fail_after = n;
            vio_blk_prep_write(&req, 1, buf, 3);
            assert_int_equal(vio_blk_queue(unit_blk.queue, &req),
                             n < 4 ? VIO_EFAULT : 0);
            assert_int_equal(n_busy, n < 4 ? 0 : 4);
            assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
            assert_int_equal(unit_disk.requests, n < 4 ? 0 : 1);
            fail_after = ~0u;
            assert_int_equal(vio_blk_read(&unit_blk, 7, data, 4096), 0);
            assert_memory_equal(data, unit_disk.data + 7 * 512, 4096);
            down();
        }
    }
}

/* T-MEM-06 with tables: the same. */
static void failed_mapping_leaves_a_table_usable(void **state)
{
    (void)state;
    start(2);
    unit_dev.offered |= MF(MF_INDIRECT);
    unit_disk_up(&(struct vio_blk_config){.queue_size = 16, .max_segs = 8});
    assert_true(unit_blk.info.indirect);
    for (unsigned n = 0; n < 20; n++) {
        fail_after = n % 4;
        assert_int_equal(vio_blk_read(&unit_blk, n, data, 4096), VIO_EFAULT);
        assert_int_equal(n_busy, 0);
        fail_after = ~0u;
        assert_int_equal(vio_blk_read(&unit_blk, n, data, 4096), 0);
        assert_memory_equal(data, unit_disk.data + n * 512, 4096);
    }
    down();
}

/* The pool is empty until something is reaped: the submitter goes on then. */
static void empty_pool_is_told_to_the_submitter(void **state)
{
    static struct vio_blk_req many[PAGES + 1], *done[PAGES];
    static struct vio_buf buf[PAGES + 1];

    (void)state;
    start(2);
    up(4);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i <= PAGES; i++)
            assert_int_equal(
                unit_queue_read(&many[i], &buf[i], i, data + 512 * i, 512),
                i < PAGES ? 0 : VIO_EFAULT);
        assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
        assert_int_equal(vio_blk_reap(unit_blk.queue, done, PAGES), PAGES);
        assert_memory_equal(data, unit_disk.data, PAGES * 512);
    }
    down();
}

/* A port whose mapping says nonsense. */
static void mapping_of_nothing_or_too_much_is_refused(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 513; len += 513) {
        start(2);
        unit_map_oddly(len);
        up(4);
        assert_int_equal(vio_blk_read(&unit_blk, 0, data, 512), VIO_EFAULT);
        assert_int_equal(unit_disk.requests, 0);
        down();
    }
}

/* T-MEM-03: what is copied back is what was mapped, whatever the device says
 * that it wrote. */
static void t_mem_03_copy_back_is_of_the_recorded_length(void **state)
{
    (void)state;
    for (uint32_t len = 0; len < 3; len++) {
        uint8_t *exact;

        start(1); /* where the used length means nothing */
        up(4);
        exact = unit_alloc(1536, 16);
        unit_disk.fault_always = true;
        unit_disk.fault.set_len = true;
        unit_disk.fault.len = len;
        assert_int_equal(vio_blk_read(&unit_blk, 3, exact, 1536), 0);
        assert_memory_equal(exact, unit_disk.data + 3 * 512, 1536);
        down();
    }
}

/* SPLIT-17: a report of less than its buffer holds is judged by what was copied
 * out, not by what was there before. */
static void report_is_judged_when_it_is_there(void **state)
{
    struct vio_buf buf;

    (void)state;
    start(2);
    model_disk_set_zoned(&unit_dev, MODEL_Z_HA, 64, 2);
    up(2);
    memset(data, 0xff, 192);
    unit_disk_fault((struct model_fault){.set_len = true, .len = 129});
    buf = (struct vio_buf){data, 192};
    vio_blk_prep_zone_report(&req, 1023, &buf);
    assert_int_equal(vio_blk_run(&unit_blk, &req), 0);
    assert_int_equal(vio_blk_zone_count(&buf), 1);
    down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_all_cases(report_is_judged_when_it_is_there),
        unit_all_cases(transfers_of_any_length_go_through_the_pool),
        unit_all_cases(parts_of_a_transfer_are_whole_blocks),
        unit_all_cases(small_requests_do_without_the_pool),
        unit_all_cases(scsi_command_goes_through_the_pool),
        unit_all_cases(zone_requests_go_through_the_pool),
        unit_all_cases(t_mem_06_mapping_fails_in_mid_list),
        unit_all_cases(failed_mapping_leaves_a_table_usable),
        unit_all_cases(empty_pool_is_told_to_the_submitter),
        unit_all_cases(mapping_of_nothing_or_too_much_is_refused),
        unit_all_cases(t_mem_03_copy_back_is_of_the_recorded_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
