/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The small disk: what is read and written is right, whatever the limits and
 * the port's mapping; and a device that breaks the rules gets nowhere (rows
 * T-BLC, T-BLI, T-MEM, T-QSZ and T-LIF of the threats).
 */
#include <vio/disk.h>

#include "unit.h"

static struct vio_disk disk;
static struct vio_mem mem;
static uint8_t *data;

static void device(uint32_t version)
{
    unit_setup(NULL);
    model_disk_init(&unit_disk, &unit_dev, version, 1024);
    if (version == 2)
        unit_dev.offered |= unit_format;
    data = unit_alloc(65536 + 4096, 4096);
}

static int try_up(void)
{
    size_t legacy = unit_dev.version == 1 ? 8192 : 0;

    mem = unit_mem(VIO_DISK_SHARED_SIZE + legacy, VIO_DISK_PRIV_SIZE, 4096);
    return vio_disk_init(&disk, unit_probe(), &mem);
}

static void up(void)
{
    assert_int_equal(try_up(), 0);
    assert_int_equal(unit_dev.status & MS_DRIVER_OK, MS_DRIVER_OK);
}

static void start(uint32_t version)
{
    device(version);
    up();
}

static void down(void)
{
    assert_int_equal(vio_disk_fini(&disk), 0);
    assert_int_equal(unit_dev.status, 0);
    assert_int_equal(unit_env.maps, unit_env.unmaps);
}

static void fill(uint8_t *at, size_t len, uint32_t seed)
{
    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)unit_random(&seed);
}

/* Write and read `len` bytes at a place of memory and of the disk. */
static void go_round(uint8_t *at, uint64_t sector, size_t len)
{
    uint8_t *there = unit_disk.data + sector * 512;

    fill(at, len, 1u + (uint32_t)len);
    assert_int_equal(vio_disk_write(&disk, sector, at, len), 0);
    assert_memory_equal(at, there, len);
    fill(there, len, 2u + (uint32_t)len);
    assert_int_equal(vio_disk_read(&disk, sector, at, len), 0);
    assert_memory_equal(at, there, len);
    assert_int_equal(unit_env.maps, unit_env.unmaps);
}

static void what_is_read_and_written_is_right(void **state)
{
    static const size_t lens[] = {0, 512, 1024, 4096, 65536};

    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version);
        assert_int_equal(disk.capacity, 1024);
        for (size_t i = 0; i < COUNT(lens); i++)
            go_round(data, 1024 - lens[i] / 512, lens[i]);
        assert_int_equal(unit_disk.requests, 2 * (COUNT(lens) - 1));
        down();
    }
}

static void flush_makes_writes_durable(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version);
        memset(data, 0x5a, 512);
        assert_int_equal(vio_disk_write(&disk, 3, data, 512), 0);
        assert_int_equal(vio_disk_flush(&disk), 0);
        model_disk_crash(&unit_disk);
        assert_memory_equal(data, unit_disk.data + 3 * 512, 512);
        assert_int_equal(unit_disk.last.sector, 0);
        down();
    }
    /* Without a cache there is nothing to ask for. */
    device(2);
    unit_dev.offered &= ~MF(MF_BLK_FLUSH);
    up();
    assert_int_equal(vio_disk_flush(&disk), 0);
    assert_int_equal(unit_disk.requests, 0);
    down();
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
        device(2);
        model_config_put(&unit_dev, 0, 8, rows[i].capacity);
        up();
        assert_int_equal(
            vio_disk_read(&disk, rows[i].sector, data, rows[i].len),
            rows[i].err);
        assert_int_equal(
            vio_disk_write(&disk, rows[i].sector, data, rows[i].len),
            rows[i].err);
        assert_int_equal(unit_disk.requests, 0);
        assert_int_equal(unit_env.maps, 0);
        down();
    }
}

static void read_only_disk_is_not_written_to(void **state)
{
    (void)state;
    device(2);
    unit_disk.read_only = true;
    unit_dev.offered |= MF(MF_BLK_RO);
    up();
    assert_int_equal(vio_disk_write(&disk, 0, data, 512), VIO_EROFS);
    assert_int_equal(unit_disk.requests, 0);
    assert_int_equal(vio_disk_read(&disk, 0, data, 512), 0);
    down();
}

/* T-BLC-08, T-BLC-06 */
static void requests_keep_to_size_max(void **state)
{
    static const uint32_t sizes[] = {512, 513, 1000, 1024, 4096, 65535};

    (void)state;
    for (uint32_t i = 0; i < 2 * COUNT(sizes); i++) {
        uint32_t most = sizes[i / 2] / 512 * 512;

        device(1 + i % 2);
        model_disk_set_size_max(&unit_disk, &unit_dev, sizes[i / 2]);
        model_disk_set_seg_max(&unit_disk, &unit_dev, 0);
        up();
        assert_int_equal(disk.max_bytes, most);
        go_round(data, 5, 65536);
        assert_int_equal(unit_disk.requests, 2 * ((65536 + most - 1) / most));
        down();
    }
}

static void t_blc_08_segments_below_a_sector_are_refused(void **state)
{
    (void)state;
    for (uint32_t size = 1; size < 512; size += 510) {
        device(2);
        model_disk_set_size_max(&unit_disk, &unit_dev, size);
        assert_int_equal(try_up(), VIO_EPROTO);
        assert_int_equal(unit_mmio.dev.why.reason, VIO_WHY_BAD_SIZE_MAX);
        assert_int_equal(unit_dev.status, 0);
    }
}

/* A mapping may end with its page: in the midst of a sector, too. */
static void mappings_that_end_early_are_gone_on_with(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        for (unsigned off = 0; off < 2048; off += 136) {
            device(version);
            model_disk_set_seg_max(&unit_disk, &unit_dev, 2);
            unit_env.map_by_page = true;
            up();
            go_round(data + off, 7, 16384);
            unit_env.map_by_page = false;
            unit_env.map_most = 300; /* two for each sector */
            go_round(data + off, 7, 2048);
            down();
        }
    }
}

/* T-MEM-06: nothing is seen by the device, nothing stays mapped. */
static void mapping_that_is_too_small_is_refused(void **state)
{
    (void)state;
    for (unsigned segs = 1; segs <= 2; segs++) {
        device(2);
        model_disk_set_seg_max(&unit_disk, &unit_dev, segs);
        unit_env.map_most = segs == 1 ? 300 : 200;
        up();
        assert_int_equal(vio_disk_read(&disk, 0, data, 1024), VIO_E2BIG);
        assert_int_equal(vio_disk_write(&disk, 0, data, 1024), VIO_E2BIG);
        assert_int_equal(unit_disk.requests, 0);
        unit_env.map_most = 0;
        go_round(data, 0, 1024);
        down();
    }
}

static void t_mem_06_mapping_fails(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 4; n++) {
        start(2);
        unit_env.map_most = 300;
        unit_env.map_fails = n;
        assert_int_equal(vio_disk_read(&disk, 0, data, 1024), VIO_EFAULT);
        assert_int_equal(unit_disk.requests, (n - 1) / 2);
        assert_int_equal(unit_env.maps, unit_env.unmaps);
        go_round(data, 0, 1024);
        down();
    }
}

static size_t map_len;

static int odd_map(void *ctx, const void *buf, size_t *len, enum vio_dir dir,
                   uint64_t *addr)
{
    (void)ctx;
    (void)buf;
    (void)dir;
    *addr = 0;
    *len = map_len;
    return 0;
}

static void mapping_of_nothing_or_too_much_is_refused(void **state)
{
    (void)state;
    for (map_len = 0; map_len <= 513; map_len += 513) {
        start(2);
        unit_env.env.dma_map = odd_map;
        unit_env.env.dma_unmap = NULL;
        assert_int_equal(vio_disk_read(&disk, 0, data, 512), VIO_EFAULT);
        assert_int_equal(unit_disk.requests, 0);
        down();
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
    if (bounce.in_use++)
        return -1;
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

/* T-MEM-03: what is copied back is what was mapped. */
static void everything_goes_through_a_small_pool(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        device(version);
        bounce.bytes = unit_alloc(BOUNCE, 16);
        bounce.addr = model_mem_add(bounce.bytes, BOUNCE,
                                    MODEL_MEM_READ | MODEL_MEM_WRITE);
        bounce.in_use = bounce.fills = 0;
        unit_env.env.dma_map = bounce_map;
        unit_env.env.dma_unmap = bounce_unmap;
        up();
        go_round(unit_alloc(16384, 1), 9, 16384);
        assert_int_equal(bounce.in_use, 0);
        assert_int_equal(bounce.fills, 2 * ((16384 + BOUNCE - 1) / BOUNCE));
        down();
    }
}

static void fault(struct model_fault f)
{
    unit_disk.fault = f;
    unit_disk.fault_always = true;
}

/* The device was reset, the buffer is the caller's, and the disk comes back by
 * being initialised again. */
static void assert_out_of_use(void)
{
    assert_int_equal(unit_dev.status, 0);
    assert_int_equal(unit_env.maps, unit_env.unmaps);
    assert_int_equal(vio_disk_read(&disk, 0, data, 512), VIO_EBADSTATE);
    assert_int_equal(vio_disk_write(&disk, 0, data, 512), VIO_EBADSTATE);
    assert_int_equal(vio_disk_flush(&disk), VIO_EBADSTATE);
    unit_disk.fault_always = false;
    assert_int_equal(vio_disk_init(&disk, &unit_mmio.dev, &mem), 0);
    go_round(data, 0, 1024);
    down();
}

/* T-BLI-01, T-BLI-02 */
static void t_bli_02_status_is_not_ok(void **state)
{
    (void)state;
    for (unsigned status = 1; status < 256; status++) {
        int err = status == 2 ? VIO_ENOTSUP : VIO_EIO;

        start(1 + status % 2);
        fault((struct model_fault){.set_status = true,
                                   .status = (uint8_t)status});
        assert_int_equal(vio_disk_read(&disk, 0, data, 512), err);
        assert_int_equal(vio_disk_write(&disk, 0, data, 512), err);
        assert_int_equal(vio_disk_flush(&disk), err);
        unit_disk.fault_always = false;
        go_round(data, 0, 512);
        down();
    }
}

static void t_bli_01_status_is_never_written(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version);
        go_round(data, 0, 512); /* the old status is not taken for a new one */
        fault((struct model_fault){.no_status = true});
        assert_int_equal(vio_disk_read(&disk, 0, data, 512), VIO_EIO);
        unit_disk.fault_always = false;
        down();
    }
}

/* T-BLI-03; too long is the queue's to refuse. */
static void t_bli_03_used_length_is_wrong(void **state)
{
    static const uint32_t lens[] = {0, 1, 511, 512, 514, 4096, 0xffffffff};

    (void)state;
    for (size_t i = 0; i < COUNT(lens); i++) {
        start(2);
        fault((struct model_fault){.set_len = true, .len = lens[i]});
        assert_int_equal(vio_disk_read(&disk, 0, data, 512), VIO_EPROTO);
        assert_out_of_use();
        start(1); /* where it means nothing */
        fault((struct model_fault){.set_len = true, .len = lens[i]});
        assert_int_equal(vio_disk_read(&disk, 0, data, 512), 0);
        assert_memory_equal(data, unit_disk.data, 512);
        down();
    }
    start(2);
    fault((struct model_fault){.set_len = true, .len = 0});
    assert_int_equal(vio_disk_write(&disk, 0, data, 512), VIO_EPROTO);
    assert_out_of_use();
}

/* T-SPL-01 */
static int use_what_is_not_in_flight(void *ctx, uint64_t deadline_ns)
{
    (void)ctx;
    (void)deadline_ns;
    model_queue_push(&unit_dev.queue[0], 3, 513);
    return 0;
}

static void t_spl_01_used_id_is_not_in_flight(void **state)
{
    (void)state;
    start(2);
    fault((struct model_fault){.hold = true});
    unit_env.env.idle = use_what_is_not_in_flight;
    assert_int_equal(vio_disk_read(&disk, 0, data, 512), VIO_EPROTO);
    assert_out_of_use();
}

/* T-SPL-17: notified again meanwhile, and reset in the end. */
static void silent_device_is_reset_after_the_time_out(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        unsigned doorbells;

        start(version);
        doorbells = unit_dev.doorbells;
        fault((struct model_fault){.hold = true});
        assert_int_equal(vio_disk_read(&disk, 0, data, 512), VIO_ETIMEDOUT);
        assert_true(unit_env.now_ns >= 30000000000u);
        assert_true(unit_env.now_ns < 33000000000u);
        assert_true(unit_dev.doorbells - doorbells > 50);
        assert_out_of_use();
    }
}

/* T-LIF-09: without a clock, and with one that stands still. */
static void wait_ends_without_a_clock(void **state)
{
    (void)state;
    for (unsigned stuck = 0; stuck < 2; stuck++) {
        start(2);
        if (stuck)
            unit_env.step_ns = 0;
        else
            unit_env.env.now_ns = NULL;
        disk.timeout_ns = 1000;
        fault((struct model_fault){.hold = true});
        assert_int_equal(vio_disk_read(&disk, 0, data, 512), VIO_ETIMEDOUT);
        assert_out_of_use();
    }
}

/* T-LIF-01, T-MEM-02: it does not confirm its reset either. */
static void device_that_does_not_reset_keeps_the_buffer(void **state)
{
    (void)state;
    start(2);
    fault((struct model_fault){.hold = true});
    unit_dev.reset_reads = MODEL_FOREVER;
    assert_int_equal(vio_disk_read(&disk, 0, data, 512), VIO_ETIMEDOUT);
    assert_int_equal(unit_env.maps - unit_env.unmaps, 1);
    assert_int_equal(vio_disk_read(&disk, 0, data, 512), VIO_EBADSTATE);
    assert_int_equal(vio_disk_fini(&disk), VIO_ETIMEDOUT);
    assert_int_equal(unit_env.maps - unit_env.unmaps, 1);
    unit_dev.reset_reads = 0;
    assert_int_equal(vio_disk_fini(&disk), 0);
    assert_int_equal(unit_env.maps, unit_env.unmaps);
}

/* T-LIF-03: unplugged at each register access, from the first on. */
static void device_is_unplugged_at_any_access(void **state)
{
    int err = VIO_ENODEV;

    (void)state;
    for (int64_t at = 0; err; at++) {
        struct vio_device *dev;

        device(2);
        mem = unit_mem(VIO_DISK_SHARED_SIZE, VIO_DISK_PRIV_SIZE, 4096);
        dev = unit_probe();
        unit_dev.gone_after = at;
        err = vio_disk_init(&disk, dev, &mem);
        if (!err)
            err = vio_disk_read(&disk, 0, data, 512);
        if (err)
            assert_true(err == VIO_ENODEV || err == VIO_ETIMEDOUT ||
                        err == VIO_EPROTO || err == VIO_ENOTSUP);
        assert_int_equal(unit_env.maps, unit_env.unmaps);
        assert_true(at < 200);
    }
}

/* T-QSZ-01, T-QSZ-04, T-QSZ-07 */
static void queue_that_is_of_no_use_is_refused(void **state)
{
    (void)state;
    for (uint32_t max = 0; max < 4; max++) {
        device(2);
        unit_dev.queue_max[0] = max;
        assert_int_equal(try_up(), VIO_ENOTSUP);
        assert_int_equal(unit_mmio.dev.why.reason, VIO_WHY_QUEUE_TOO_SMALL);
        assert_int_equal(unit_dev.status, 0);
    }
    device(2);
    unit_dev.queue_max[0] = 4;
    up();
    go_round(data, 0, 4096);
    down();
    device(2);
    unit_dev.refuse_queue = true;
    assert_int_equal(try_up(), VIO_EPROTO);
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
    start(2);
    down();
    bad = mem;
    bad.shared_size = 0;
    assert_int_equal(vio_disk_init(&disk, &unit_mmio.dev, &bad), VIO_ENOMEM);
    assert_int_equal(why->reason, VIO_WHY_NEED_SHARED_MEMORY);
    need.shared = (size_t)why->wanted;
    assert_true(need.shared <= VIO_DISK_SHARED_SIZE);
    bad.shared_size = need.shared;
    bad.priv_size = 0;
    assert_int_equal(vio_disk_init(&disk, &unit_mmio.dev, &bad), VIO_ENOMEM);
    assert_int_equal(why->reason, VIO_WHY_NEED_PRIVATE_MEMORY);
    need.priv = (size_t)why->wanted;
    assert_true(need.priv <= VIO_DISK_PRIV_SIZE);
    bad.priv_size = need.priv;
    assert_int_equal(vio_disk_init(&disk, &unit_mmio.dev, &bad), 0);
    go_round(data, 0, 4096);
    down();
    bad.priv = (uint8_t *)mem.priv + 8;
    assert_int_equal(vio_disk_init(&disk, &unit_mmio.dev, &bad), VIO_EINVAL);
    assert_int_equal(why->reason, VIO_WHY_MISALIGNED_MEMORY);
    bad = mem;
    bad.shared_addr += 8;
    assert_int_equal(vio_disk_init(&disk, &unit_mmio.dev, &bad), VIO_EINVAL);
}

static void other_device_is_refused(void **state)
{
    (void)state;
    device(2);
    unit_dev.type = 1;
    assert_int_equal(try_up(), VIO_ENODEV);
    assert_int_equal(unit_mmio.dev.why.reason, VIO_WHY_WRONG_TYPE);
    device(2);
    unit_dev.length = 0x100 + 7;
    unit_dev.config_len = 7;
    assert_int_equal(try_up(), VIO_EPROTO);
    assert_int_equal(unit_mmio.dev.why.reason, VIO_WHY_CONFIG_TOO_SMALL);
}

/* T-BLI-06, and what a port sleeps on. */
static int wake(void *ctx, uint64_t deadline_ns)
{
    struct unit_env *e = ctx;

    assert_true(deadline_ns > e->now_ns);
    e->idles++;
    unit_disk.fault_always = false;
    if (unit_dev.queue[0].live && e->idles == 1)
        model_disk_finish(&unit_disk, &unit_dev.queue[0], 0);
    return 0;
}

static void port_sleeps_until_the_interrupt(void **state)
{
    (void)state;
    start(2);
    unit_env.env.idle = wake;
    fault((struct model_fault){.hold = true});
    assert_int_equal(vio_disk_read(&disk, 2, data, 512), 0);
    assert_memory_equal(data, unit_disk.data + 1024, 512);
    assert_int_equal(unit_env.idles, 1);
    down();
}

static void t_bli_06_header_is_written_anew(void **state)
{
    (void)state;
    start(2);
    for (unsigned i = 0; i < 40; i++) {
        memset(disk.header, 0xee, sizeof(*disk.header) + 1);
        assert_int_equal(vio_disk_read(&disk, i, data, 512), 0);
        assert_int_equal(unit_disk.last.sector, i);
        assert_int_equal(unit_disk.last.ioprio, 0);
    }
    down();
}

/* E4: garbage, another one before every access. It ends, within the caller's
 * memory. */
static uint32_t seed;

static void garbage_everywhere(enum model_kind kind, const void *ptr,
                               unsigned width, uint64_t value)
{
    struct model_queue *mq = &unit_dev.queue[0];

    (void)kind;
    (void)ptr;
    (void)width;
    (void)value;
    if (mq->live && unit_random(&seed) % 4 == 0)
        mq->used[unit_random(&seed) % model_used_bytes(mq)] =
            (uint8_t)unit_random(&seed);
    if (mq->live && mq->packed && unit_random(&seed) % 8 == 0)
        mq->desc[unit_random(&seed) % model_desc_bytes(mq)] =
            (uint8_t)unit_random(&seed);
}

static void e4_garbage_in_the_ring(void **state)
{
    (void)state;
    seed = 4711;
    for (unsigned round = 0; round < 400; round++) {
        start(round & 1 ? 1 : 2);
        disk.timeout_ns = 100000000;
        model_allow("*");
        model_between = garbage_everywhere;
        for (unsigned i = 0; i < 20; i++) {
            int err = vio_disk_read(&disk, i, data, 512);

            assert_true(err == 0 || err == VIO_EIO || err == VIO_ETIMEDOUT ||
                        err == VIO_EPROTO || err == VIO_ENOTSUP ||
                        err == VIO_EBADSTATE);
            if (err == VIO_EBADSTATE)
                break;
        }
        model_between = NULL;
        down();
    }
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
        unit_cases(mappings_that_end_early_are_gone_on_with),
        unit_cases(mapping_that_is_too_small_is_refused),
        unit_cases(t_mem_06_mapping_fails),
        unit_cases(mapping_of_nothing_or_too_much_is_refused),
        unit_cases(everything_goes_through_a_small_pool),
        unit_cases(t_bli_02_status_is_not_ok),
        unit_cases(t_bli_01_status_is_never_written),
        unit_cases(t_bli_03_used_length_is_wrong),
        unit_cases(t_spl_01_used_id_is_not_in_flight),
        unit_cases(silent_device_is_reset_after_the_time_out),
        unit_cases(wait_ends_without_a_clock),
        unit_cases(device_that_does_not_reset_keeps_the_buffer),
        unit_cases(device_is_unplugged_at_any_access),
        unit_cases(queue_that_is_of_no_use_is_refused),
        unit_cases(memory_that_is_small_or_misaligned_is_refused),
        unit_cases(other_device_is_refused),
        unit_cases(port_sleeps_until_the_interrupt),
        unit_cases(t_bli_06_header_is_written_anew),
        unit_cases(e4_garbage_in_the_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
