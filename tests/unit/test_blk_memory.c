/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What memory the device is shown: ports whose devices do not reach all of it,
 * or do not see the processor's cache; and what lies around it.
 */
#include "unit_disk.h"

#define LINE  64u
#define AREA  4096u
#define LARGE (16 * 512u)

static uint8_t *data; /* with a line before and behind it */
static struct vio_blk_req req;
static struct vio_buf buf[2];

static void up(const struct vio_blk_config *cfg)
{
    unit_disk_up(cfg);
    data = (uint8_t *)unit_alloc(LARGE + 2 * LINE, LINE) + LINE;
}

/* T-MEM-07: a device that reaches low addresses only, and what is above. */
static const uint8_t *limit; /* the first byte out of its reach */
static int (*map_any)(void *ctx, const void *buf, size_t *len, enum vio_dir dir,
                      uint64_t *addr);

static int map_low(void *ctx, const void *base, size_t *len, enum vio_dir dir,
                   uint64_t *addr)
{
    const uint8_t *p = base;

    if (p >= limit)
        return -1;
    if (*len > (size_t)(limit - p))
        *len = (size_t)(limit - p);
    return map_any(ctx, base, len, dir, addr);
}

static void assert_out_of_reach(uint8_t *base, size_t len)
{
    unsigned served = unit_disk.requests;

    assert_int_equal(unit_queue_read(&req, buf, 3, base, len), VIO_EFAULT);
    assert_int_equal(req.state, VIO_BLK_IDLE);
    assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
    unit_reap_none();
    assert_int_equal(unit_disk.requests, served);
    assert_int_equal(unit_env.maps, unit_env.unmaps);
}

static void t_mem_07_addresses_out_of_the_devices_reach(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        unit_disk_device(version, 1024);
        map_any = unit_env.env.dma_map;
        unit_env.env.dma_map = map_low;
        up(&(struct vio_blk_config){.max_segs = 4});
        limit = data + 1024;
        assert_out_of_reach(data + 1024, 512);
        assert_out_of_reach(data + 512, 1024); /* in its second half */
        assert_int_equal(vio_blk_read(&unit_blk, 3, data + 1024, 512),
                         VIO_EFAULT);
        /* The rest works as ever. */
        assert_int_equal(vio_blk_read(&unit_blk, 7, data, 1024), 0);
        assert_memory_equal(data, unit_disk.data + 7 * 512, 1024);
        unit_disk_down();
    }
}

/*
 * T-MEM-08: a device that does not see the cache. What it sees is `ram`; what
 * the processor has written arrives there when a line is cleaned, and what the
 * device has written is seen when one is invalidated, which loses what the
 * processor has written to the line since.
 */
static uint8_t *ram, *area; /* two views of the same addresses */

static int map_cached(void *ctx, const void *base, size_t *len,
                      enum vio_dir dir, uint64_t *addr)
{
    size_t at = (size_t)((const uint8_t *)base - area);
    size_t first = at / LINE * LINE, end = at + *len + LINE - 1;
    unsigned perm = dir == VIO_DEVICE_READS ? MODEL_MEM_READ : MODEL_MEM_WRITE;

    (void)ctx;
    assert_true(end / LINE * LINE <= AREA);
    /* Lines that the device writes must be all the buffer's. */
    if (dir == VIO_DEVICE_WRITES && (at % LINE || *len % LINE))
        return -1;
    memcpy(ram + first, area + first, end / LINE * LINE - first);
    *addr = model_mem_add(ram + at, *len, perm);
    unit_env.maps++;
    return 0;
}

static void unmap_cached(void *ctx, uint64_t addr, const void *base, size_t len,
                         enum vio_dir dir)
{
    size_t at = (size_t)((const uint8_t *)base - area);

    (void)ctx;
    assert_int_equal(model_mem_remove(addr), len);
    if (dir == VIO_DEVICE_WRITES)
        memcpy(area + at, ram + at, len);
    unit_env.unmaps++;
}

static void start_cached(uint32_t version)
{
    unit_disk_device(version, 1024);
    ram = unit_alloc(AREA, LINE);
    area = unit_alloc(AREA, LINE);
    unit_env.env.dma_map = map_cached;
    unit_env.env.dma_unmap = unmap_cached;
    model_disk_set_size_max(&unit_disk, &unit_dev, 512);
    unit_dev.when = MODEL_BY_HAND;
    unit_disk_up(&(struct vio_blk_config){.max_segs = 8});
}

/* A read is not seen before it is reaped, and then all of it; a write is what
 * was there when it was queued. */
static void assert_cached_transfers(void)
{
    memset(area, 0x11, 2048);
    assert_int_equal(unit_queue_read(&req, buf, 5, area, 2048), 0);
    assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
    model_dev_run(&unit_dev);
    assert_int_equal(area[0] | area[2047], 0x11);
    unit_reap_one(&req, 0);
    assert_memory_equal(area, unit_disk.data + 5 * 512, 2048);
    memset(area + 1, 0x22, 1024);
    assert_int_equal(unit_queue_write(&req, buf, 9, area + 1, 1024), 0);
    memset(area + 1, 0x33, 1024); /* which nobody should do */
    assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
    model_dev_run(&unit_dev);
    unit_reap_one(&req, 0);
    assert_int_equal(unit_disk.data[9 * 512], 0x22);
    assert_int_equal(unit_disk.data[11 * 512 - 1], 0x22);
}

static void t_mem_08_device_does_not_see_the_cache(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start_cached(version);
        assert_cached_transfers();
        /* What shares a line with something else the port refuses. */
        assert_int_equal(unit_queue_read(&req, buf, 5, area + 8, 512),
                         VIO_EFAULT);
        assert_int_equal(unit_queue_read(&req, buf, 5, area, 512), 0);
        assert_int_equal(unit_env.maps, unit_env.unmaps + 1);
        assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
        model_dev_run(&unit_dev);
        unit_reap_one(&req, 0);
        unit_disk_down();
    }
}

/* T-MEM-01: the shared block tells nothing of memory that is not shared: no
 * word of it is a pointer. */
static void look_for_pointers(void)
{
    const uint8_t *shared = unit_blk_mem.shared;
    uintptr_t low = (uintptr_t)unit_blk_mem.priv;
    uintptr_t high = low + unit_blk_mem.priv_size;

    for (size_t i = 0; i + sizeof(uintptr_t) <= unit_blk_mem.shared_size;
         i += 2) {
        uintptr_t word;

        memcpy(&word, shared + i, sizeof(word));
        assert_false(word >= low && word < high);
        assert_true(word != (uintptr_t)&req && word != (uintptr_t)&unit_blk);
    }
}

static void t_mem_01_private_memory_is_not_shown(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        unit_disk_device(version, 1024);
        up(NULL);
        unit_dev.when = MODEL_BY_HAND;
        assert_false(
            model_mem_reaches(unit_blk_mem.priv, unit_blk_mem.priv_size));
        assert_int_equal(unit_queue_read(&req, buf, 3, data, 512), 0);
        assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
        look_for_pointers();
        /* Besides the block, the device reaches the buffer and nothing else. */
        assert_int_equal(model_mem_count(), 2);
        assert_false(model_mem_reaches(data - 1, 1));
        assert_false(model_mem_reaches(data + 512, 1));
        model_dev_run(&unit_dev);
        unit_reap_one(&req, 0);
        look_for_pointers();
        unit_disk_down();
    }
}

/* T-MEM-05: nothing that was in the memory before is left in it. */
static void t_mem_05_what_was_in_the_block_is_not_shown(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        const uint8_t *shared;

        unit_disk_device(version, 1024);
        up(NULL); /* unit_alloc() leaves 0xc3 everywhere */
        shared = unit_blk_mem.shared;
        for (size_t i = 0; i < unit_blk_mem.shared_size; i += 2)
            assert_false(shared[i] == 0xc3 && shared[i + 1] == 0xc3);
        unit_disk_down();
    }
}

/* T-MEM-04: a report that the device still writes to while it is read. */
static uint32_t seed;
static struct vio_buf report;

static void scribble(enum model_kind kind, const void *ptr, unsigned width,
                     uint64_t value)
{
    uint8_t *byte = report.base;

    (void)kind;
    (void)ptr;
    (void)width;
    (void)value;
    byte[unit_random(&seed) % 8] = (uint8_t)unit_random(&seed);
    byte[unit_random(&seed) % report.len] = (uint8_t)unit_random(&seed);
}

static void t_mem_04_report_changes_while_it_is_read(void **state)
{
    unsigned there = 0;

    (void)state;
    seed = 3;
    report = (struct vio_buf){unit_alloc(64 + 3 * 64, 16), 64 + 3 * 64};
    memset(report.base, 0, report.len);
    model_between = scribble;
    for (unsigned i = 0; i < 3000; i++) {
        struct vio_blk_zone zone = {.type = 0xee, .state = 0xee};
        uint64_t n = vio_blk_zone_count(&report);

        assert_true(n <= 3);
        /* Each call goes by what it reads itself. */
        if (vio_blk_zone_get(&report, i % 4, &zone) == 0)
            there++;
        else
            assert_int_equal(zone.type, 0xee);
    }
    model_between = NULL;
    assert_true(there > 100);
}

/* However many zones the device says there are. */
static void report_is_not_read_past_its_buffer(void **state)
{
    static const uint64_t says[] = {0, 1, 2, 3, 1u << 31, ~(uint64_t)0};
    uint8_t *exact = unit_alloc(64 + 2 * 64, 16);
    struct vio_blk_zone zone;

    (void)state;
    report = (struct vio_buf){exact, 64 + 2 * 64};
    for (size_t i = 0; i < COUNT(says); i++) {
        uint64_t n = says[i] < 2 ? says[i] : 2;

        for (unsigned k = 0; k < 8; k++)
            exact[k] = (uint8_t)(says[i] >> 8 * k);
        assert_int_equal(vio_blk_zone_count(&report), n);
        assert_int_equal(vio_blk_zone_get(&report, n, &zone), VIO_ERANGE);
        assert_int_equal(vio_blk_zone_get(&report, ~(uint64_t)0, &zone),
                         VIO_ERANGE);
    }
    report.len = 63;
    assert_int_equal(vio_blk_zone_count(&report), 0);
}

/* T-BLI-04, T-BLI-13: that the content is what was written, and was moved at
 * all, nobody but an integrity layer can tell. The library adds nothing: what
 * was in the buffer stays there. */
static void t_bli_04_data_that_were_not_moved(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        unit_disk_device(version, 1024);
        up(NULL);
        memset(data, 0x77, 512);
        unit_disk_fault((struct model_fault){.no_data = true});
        assert_int_equal(vio_blk_read(&unit_blk, 0, data, 512), 0);
        for (unsigned i = 0; i < 512; i++)
            assert_int_equal(data[i], 0x77);
        unit_disk_down();
    }
}

/* RFB-08: where nothing is mapped, what is usual goes shorter ways, but with
 * ORDER_PLATFORM none that relies on less: the monitors look at each access. */
static void orderings_of_the_platform_are_kept_without_mappings(void **state)
{
    struct vio_blk_req some[3], *done[COUNT(some)];
    struct vio_buf part[COUNT(some)];
    uint8_t *to;

    (void)state;
    unit_disk_device(2, 1024);
    to = unit_disk_unmapped(512 * COUNT(some));
    unit_disk_up(&(struct vio_blk_config){.queue_size = 16});
    assert_true(vio_device_has(&unit_mmio.dev, VIRTIO_F_ORDER_PLATFORM));
    for (unsigned i = 0; i < 40; i++) {
        unsigned n = 1 + i % COUNT(some);

        for (unsigned k = 0; k < n; k++)
            assert_int_equal(
                unit_queue_read(&some[k], &part[k], i, to + 512 * k, 512), 0);
        assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
        assert_int_equal(vio_blk_reap(unit_blk.queue, done, COUNT(some)), n);
    }
    unit_disk_down();
}

int main(void)
{
    static uint64_t packed =
        MF(MF_PACKED) | MF(MF_INDIRECT) | MF(MF_ORDER_PLATFORM);

    const struct CMUnitTest tests[] = {
        unit_all_cases(t_mem_01_private_memory_is_not_shown),
        unit_case(t_mem_04_report_changes_while_it_is_read),
        unit_case(report_is_not_read_past_its_buffer),
        unit_all_cases(t_mem_05_what_was_in_the_block_is_not_shown),
        unit_all_cases(t_mem_07_addresses_out_of_the_devices_reach),
        unit_all_cases(t_mem_08_device_does_not_see_the_cache),
        unit_all_cases(t_bli_04_data_that_were_not_moved),
        unit_case_platform(orderings_of_the_platform_are_kept_without_mappings),
        unit_case_with("packed, indirect, platform",
                       orderings_of_the_platform_are_kept_without_mappings,
                       &packed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
