/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block frontend over a transport that answers what the input says, with
 * rings that a hostile device writes to.
 *
 * A wrong success is one without a status OK that was loaded for it, or with
 * fewer bytes written than were asked for.
 */
#include <string.h>

#include <vio/blk.h>

#include "fuzz.h"

#define REQUESTS 8u
#define MAPPED   256u
#define SHARED   (64u << 10)
#define PRIVATE  (32u << 10)

static struct {
    struct vio_device dev;
    struct vio_blk blk;
    bool up;   /* vio_blk_init() succeeded, and fini not since */
    bool lost; /* a reset was not confirmed: the memory is gone */
    uint8_t status;
    uint8_t config[256];
    uint64_t features;
    uint64_t now_ns;
    struct mapping {
        const void *base;
        size_t len;
        enum vio_dir dir;
    } mapped[MAPPED];
    unsigned n_mapped;
    uint64_t successes; /* that took a status */
    uint64_t bytes_read;
} t;

static struct vio_blk_req reqs[REQUESTS];
static struct vio_buf bufs[REQUESTS];
static struct vio_blk_range ranges[REQUESTS];
static bool queued[REQUESTS];
static unsigned char data[REQUESTS + 1][2048];

/* Now and then something else than what the truth is. */
static uint32_t twist(uint32_t value)
{
    return fuzz_u8() < 0xf0 ? value : fuzz_u32();
}

static uint8_t get_status(struct vio_device *dev)
{
    (void)dev;
    return (uint8_t)twist(t.status);
}

static void set_status(struct vio_device *dev, uint8_t status)
{
    (void)dev;
    t.status = status;
    if (status == 0)
        fuzz_reset();
}

static uint64_t get_features(struct vio_device *dev)
{
    (void)dev;
    return t.features;
}

static void set_features(struct vio_device *dev, uint64_t features)
{
    FUZZ_ASSERT((features & ~dev->offered) == 0);
}

static uint32_t generation(struct vio_device *dev)
{
    (void)dev;
    return twist(0);
}

static uint32_t config_read(struct vio_device *dev, uint32_t offset,
                            unsigned width)
{
    uint32_t value = 0;

    FUZZ_ASSERT(offset + width <= dev->config_len && offset % width == 0);
    memcpy(&value, &t.config[offset], width);
    value = twist(value);
    return width == 4 ? value : value & ((1u << 8 * width) - 1);
}

static void config_write(struct vio_device *dev, uint32_t offset,
                         unsigned width, uint32_t value)
{
    FUZZ_ASSERT(offset + width <= dev->config_len && offset % width == 0);
    memcpy(&t.config[offset], &value, width);
}

static int queue_max(struct vio_device *dev, uint16_t index, uint32_t *max)
{
    (void)dev;
    (void)index;
    *max = twist(1u << (5 + fuzz_u8()) % 7);
    return fuzz_u8() == 0xff ? VIO_EBUSY : 0;
}

static int queue_start(struct vio_device *dev, struct vio_virtq *vq)
{
    const struct vio_blk_queue *q = (const struct vio_blk_queue *)vq;

    if (fuzz_u8() == 0xff)
        return VIO_EPROTO;
    FUZZ_ASSERT(vq->index < FUZZ_QUEUES);
    fuzz_queue_start(vq->index, vq);
    fuzz.queue[vq->index].dev.event_idx =
        vio_device_has(dev, VIRTIO_F_EVENT_IDX);
    fuzz.queue[vq->index].status = q->status;
    fuzz.queue[vq->index].n_status = vq->shape_depth;
    FUZZ_ASSERT(vq->shape_depth <= FUZZ_STATUSES);
    return 0;
}

static void queue_reset(struct vio_device *dev, uint16_t index)
{
    (void)dev;
    (void)index;
}

static bool queue_in_reset(struct vio_device *dev, uint16_t index)
{
    (void)dev;
    (void)index;
    return fuzz_u8() & 1;
}

static uint32_t isr(struct vio_device *dev)
{
    (void)dev;
    return fuzz_u8() & 3;
}

static const struct vio_transport transport = {
    .get_status = get_status,
    .set_status = set_status,
    .get_features = get_features,
    .set_features = set_features,
    .generation = generation,
    .config_read = config_read,
    .config_write = config_write,
    .queue_max = queue_max,
    .queue_start = queue_start,
    .queue_reset = queue_reset,
    .queue_in_reset = queue_in_reset,
    .isr = isr,
};

static int dma_map(void *ctx, const void *buf, size_t *len, enum vio_dir dir,
                   uint64_t *addr)
{
    unsigned choice = fuzz_u8();

    (void)ctx;
    FUZZ_ASSERT(*len > 0);
    if (choice == 0xff || t.n_mapped == MAPPED)
        return -1;
    if (choice >= 0xf0 && *len > 512)
        *len = 512;
    t.mapped[t.n_mapped++] = (struct mapping){buf, *len, dir};
    *addr = (uintptr_t)buf;
    return 0;
}

static void dma_unmap(void *ctx, uint64_t addr, const void *buf, size_t len,
                      enum vio_dir dir)
{
    (void)ctx;
    FUZZ_ASSERT(addr == (uintptr_t)buf);
    for (unsigned i = 0; i < t.n_mapped; i++) {
        const struct mapping *m = &t.mapped[i];

        if (m->base == buf && m->len == len && m->dir == dir) {
            t.mapped[i] = t.mapped[--t.n_mapped];
            return;
        }
    }
    fuzz_fail("unmapped what is not mapped");
}

static uint64_t now(void *ctx)
{
    (void)ctx;
    return t.now_ns += 50000000;
}

static bool is_mapped_for_writing(const unsigned char *base, size_t len)
{
    for (unsigned i = 0; i < t.n_mapped; i++)
        if (t.mapped[i].base == base && len <= t.mapped[i].len &&
            t.mapped[i].dir == VIO_DEVICE_WRITES)
            return true;
    return false;
}

/* Fill a segment as the device does, if it can still reach it: a driver that
 * was lied to has taken the buffer back already. */
static void fill(const struct tdev_segment *s, uint8_t value)
{
    if (fuzz_is_shadow(s->base)) {
        FUZZ_ASSERT(s->len <= fuzz.size &&
                    fuzz_is_shadow(s->base + s->len - 1));
        memset(s->base, value, s->len);
        fuzz_device_wrote(s->base, s->len);
    } else if (is_mapped_for_writing(s->base, s->len)) {
        memset(s->base, value, s->len);
    }
}

/* Answer a request, mostly well; the status is the last byte. */
static uint32_t serve(const struct tdev_buffer *buffer)
{
    unsigned choice = fuzz_u8();
    uint8_t status = choice < 0xe0 ? 0 : fuzz_u8();
    uint32_t writable = 0;

    for (unsigned k = 0; k < buffer->n; k++) {
        if (!buffer->segment[k].write)
            continue;
        fill(&buffer->segment[k], k + 1 == buffer->n ? status : 0x5a);
        writable += buffer->segment[k].len;
    }
    return (choice & 0x1f) == 0x1f && writable ? fuzz_u8() % writable
                                               : writable;
}

/* The device gets a turn. */
static void act(void)
{
    unsigned choice = fuzz_u8();
    struct fuzz_queue *q = &fuzz.queue[choice >> 7];

    if (!q->vq)
        q = &fuzz.queue[0];
    if (!q->vq)
        return;
    if (choice % 16 < 12)
        fuzz_serve(q, serve);
    else if (choice % 16 < 13)
        fuzz_arm(q);
    else if (choice % 16 < 15)
        fuzz_scribble();
    else
        fuzz_plan_scribble();
}

static int idle(void *ctx, uint64_t deadline_ns)
{
    (void)ctx;
    if (fuzz_u8() == 0xff)
        return -1;
    act();
    if (t.now_ns < deadline_ns && fuzz_u8() & 1)
        t.now_ns = deadline_ns;
    return 0;
}

static const struct vio_env env = {
    .dma_map = dma_map,
    .dma_unmap = dma_unmap,
    .now_ns = now,
    .idle = idle,
};

static void put(unsigned offset, unsigned width, uint64_t value)
{
    memcpy(&t.config[offset], &value, width);
}

/* A disk like any other, but for a few bytes. */
static void choose_device(void)
{
    unsigned n = fuzz_u8() % 8;

    put(0, 8, 4096);  /* sectors */
    put(8, 4, 65536); /* size_max */
    put(12, 4, 4);    /* seg_max */
    put(20, 4, 512);  /* blk_size */
    put(32, 1, 1);    /* writeback */
    put(34, 2, 2);    /* num_queues */
    for (unsigned at = 36; at < 60; at += 4)
        put(at, 4, 64); /* limits of discard and the like */
    while (n--)
        t.config[fuzz_u8() % 0x60] = fuzz_u8();
    t.features = VIRTIO_BIT(VIRTIO_F_VERSION_1) ^ fuzz_u64();
    t.dev = (struct vio_device){
        .ops = &transport,
        .env = &env,
        .type = VIRTIO_ID_BLOCK,
        .config_len = 0x60,
    };
    if (fuzz_u8() >= 0xe0) {
        t.dev.legacy = t.dev.size_fixed = true;
        t.dev.queue_align = 4096;
    }
}

/* An answer to the caller: is it possible? */
static void check_result(int result, unsigned op, uint64_t bytes)
{
    if (result)
        return;
    t.successes += op != 2 || t.blk.info.writeback;
    if (!t.dev.legacy)
        t.bytes_read += bytes;
    FUZZ_ASSERT(t.successes <= fuzz.ok_statuses);
    FUZZ_ASSERT(t.bytes_read <= fuzz.ok_bytes);
}

static void check_sync(int err, unsigned op, uint64_t bytes)
{
    unsigned n = 0;

    FUZZ_ASSERT(err <= 0);
    check_result(err, op, bytes);
    /* A call that has failed for good has reset the device. */
    if (err != VIO_ETIMEDOUT && err != VIO_EPROTO)
        return;
    if (t.dev.state == VIO_DEVICE_UNKNOWN)
        t.lost = true;
    for (unsigned i = 0; i < t.n_mapped; i++)
        n += t.mapped[i].base >= (const void *)data[REQUESTS] &&
             t.mapped[i].base < (const void *)(data[REQUESTS] + 2048);
    FUZZ_ASSERT(t.lost || n == 0);
}

static void synchronous(void)
{
    unsigned choice = fuzz_u8(), n = 512u * (1 + (choice >> 4) % 4);
    unsigned char *buf = data[REQUESTS];
    uint64_t sector = fuzz_u8();
    char id[VIO_BLK_ID_SIZE];

    switch (choice % 8) {
    case 0:
    case 1:
        memset(buf, 0, n);
        check_sync(vio_blk_read(&t.blk, sector, buf, n), 0, n);
        break;
    case 2:
        check_sync(vio_blk_write(&t.blk, sector, buf, n), 1, 0);
        break;
    case 3:
        check_sync(vio_blk_flush(&t.blk), 2, 0);
        break;
    case 4:
        check_sync(vio_blk_discard(&t.blk, sector, n), 3, 0);
        break;
    case 5:
        check_sync(vio_blk_write_zeroes(&t.blk, sector, n, choice & 8), 4, 0);
        break;
    case 6:
        memset(id, 1, sizeof id);
        if (vio_blk_get_id(&t.blk, id) == 0)
            FUZZ_ASSERT(memchr(id, '\0', sizeof id));
        break;
    case 7:
        vio_blk_set_writeback(&t.blk, choice & 8);
        break;
    }
}

static struct vio_blk_queue *choose_queue(unsigned choice)
{
    return vio_blk_get_queue(&t.blk, choice % t.blk.info.n_queues);
}

static void queue_one(void)
{
    unsigned choice = fuzz_u8(), i = choice % REQUESTS;
    struct vio_blk_req *req = &reqs[i];

    if (queued[i]) {
        FUZZ_ASSERT(vio_blk_queue(choose_queue(i), req) == VIO_EBUSY);
        return;
    }
    bufs[i] = (struct vio_buf){data[i], 512u * (1 + fuzz_u8() % 4)};
    ranges[i] = (struct vio_blk_range){fuzz_u8(), fuzz_u8()};
    switch (choice >> 4 & 3) {
    case 0:
        vio_blk_prep_read(req, fuzz_u8(), &bufs[i], 1);
        break;
    case 1:
        vio_blk_prep_write(req, fuzz_u8(), &bufs[i], 1);
        break;
    case 2:
        vio_blk_prep_flush(req);
        break;
    case 3:
        vio_blk_prep_discard(req, &ranges[i], 1);
        break;
    }
    req->user = (void *)(uintptr_t)(choice >> 4 & 3);
    queued[i] = vio_blk_queue(choose_queue(i), req) == 0;
}

static void reaped(struct vio_blk_req *req)
{
    unsigned i = (unsigned)(req - reqs), op = (unsigned)(uintptr_t)req->user;

    FUZZ_ASSERT(req >= reqs && i < REQUESTS && queued[i]);
    FUZZ_ASSERT(req->state == VIO_BLK_IDLE);
    queued[i] = false;
    /* A flush of a write-through disk needs no device, and the disk may be
     * another one since it was queued. */
    if (op != 2)
        check_result(req->result, op, op == 0 ? bufs[i].len : 0);
    for (unsigned k = 0; k < t.n_mapped; k++)
        FUZZ_ASSERT(t.mapped[k].base != data[i]);
}

static void reap(unsigned queue)
{
    struct vio_blk_req *done[REQUESTS];
    unsigned max = 1 + fuzz_u8() % REQUESTS;
    int n = vio_blk_reap(choose_queue(queue), done, max);

    FUZZ_ASSERT(n <= (int)max);
    for (int i = 0; i < n; i++)
        reaped(done[i]);
}

static void wait_for_one(void)
{
    unsigned i = fuzz_u8() % REQUESTS;
    int err;

    if (!queued[i])
        return;
    err = vio_blk_wait(choose_queue(i), &reqs[i], 1000000000);
    if (reqs[i].state == VIO_BLK_IDLE)
        reaped(&reqs[i]);
    else
        FUZZ_ASSERT(err == VIO_ETIMEDOUT || err == VIO_EPROTO ||
                    err == VIO_EINVAL); /* a recovery changed the queues */
}

static void manage(void)
{
    unsigned choice = fuzz_u8();

    switch (choice % 6) {
    case 0:
        vio_blk_refresh(&t.blk);
        break;
    case 1:
        vio_blk_recover(&t.blk,
                        choice & 8 ? VIO_BLK_RESUBMIT : VIO_BLK_HAND_BACK);
        break;
    case 2:
        vio_blk_suspend(&t.blk);
        break;
    case 3:
        vio_blk_resume(&t.blk);
        break;
    case 4:
        vio_blk_freeze(&t.blk);
        break;
    case 5:
        vio_blk_restore(&t.blk, VIO_BLK_RESUBMIT);
        break;
    }
}

static void step(void)
{
    unsigned choice = fuzz_u8();

    switch (choice % 8) {
    case 0:
    case 1:
        synchronous();
        break;
    case 2:
    case 3:
        queue_one();
        break;
    case 4:
        vio_blk_submit(choose_queue(choice >> 3));
        break;
    case 5:
        reap(choice >> 3);
        break;
    case 6:
        wait_for_one();
        break;
    case 7:
        if (choice & 0x80)
            manage();
        else
            act();
        break;
    }
}

/* Everything is the caller's again, once the device confirms a reset. */
static void finish(void)
{
    int err = vio_blk_fini(&t.blk);

    if (err == VIO_ETIMEDOUT)
        return;
    for (unsigned k = 0; k < t.blk.cfg.n_queues; k++) {
        struct vio_blk_req *done[REQUESTS];
        int n = vio_blk_reap(&t.blk.queue[k], done, REQUESTS);

        for (int i = 0; i < n; i++)
            reaped(done[i]);
    }
    for (unsigned i = 0; i < REQUESTS; i++)
        FUZZ_ASSERT(!queued[i]);
    FUZZ_ASSERT(t.n_mapped == 0);
}

static struct vio_blk_config choose_config(void)
{
    unsigned choice = fuzz_u8();
    struct vio_blk_config cfg = {
        .n_queues = (uint16_t)(1 + (choice & 1)),
        .queue_size = (uint16_t)(4u << (choice >> 1 & 3)),
        .max_segs = (uint16_t)(choice >> 3 & 3),
        .depth = (uint16_t)(choice >> 5),
        .scsi = choice & 8,
        .timeout_ns = 2000000000,
    };

    return cfg;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    struct vio_mem mem = fuzz_memory(SHARED, PRIVATE);
    struct vio_blk_config cfg;

    fuzz_input(input, size);
    memset(&t, 0, sizeof t);
    memset(reqs, 0, sizeof reqs);
    memset(queued, 0, sizeof queued);
    choose_device();
    cfg = choose_config();
    fuzz.on_doorbell = act;
    fuzz.on_relax = act;
    if (vio_blk_init(&t.blk, &t.dev, &cfg, &mem) == 0) {
        while (fuzz_more())
            step();
        finish();
    }
    fuzz_free();
    return 0;
}
