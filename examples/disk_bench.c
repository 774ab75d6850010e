/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many reads a second does the first disk give?
 *
 * Every word run=DEPTH,BYTES,ORDER,WAIT,AMOUNT[,REFILL[,BATCH[,PAUSE]]] of the
 * kernel's command line is one measurement and one line of output:
 *
 *     DEPTH   requests in flight
 *     BYTES   of one request
 *     ORDER   random or sequential
 *     WAIT    poll, or interrupt: the processor sleeps until one comes
 *     AMOUNT  requests, or seconds if it ends in s
 *     REFILL  finished requests that are waited for before new ones are
 *             submitted; 1 if not given
 *     BATCH   requests of one submit, at most; all if not given
 *     PAUSE   turns of an empty loop before each submit; 0 if not given
 *
 * A word queue=SIZE,DEPTH,SEGMENTS shapes the queue (struct vio_blk_config),
 * and requests are then of so many segments. Without a run= the usual ones are
 * run. Requests wait for the oldest first, so that slots are used in turn.
 */
#include <vio/blk.h>

#include "describe.h"
#include "disk_bench.h"
#include "port.h"

#define MOST_BYTES (4u << 20) /* in flight */
#define TIMEOUT_NS 30000000000ull

static unsigned char shared[512 * 1024] __attribute__((aligned(4096)));
static unsigned char priv[64 * 1024] __attribute__((aligned(16)));
static unsigned char data[MOST_BYTES] __attribute__((aligned(4096)));

struct slot {
    struct vio_blk_req req;
    struct vio_buf buf[BENCH_SEGMENTS];
};

/* In flight, and as many that are staged. */
static struct slot slots[2 * BENCH_DEPTH];

/* One measurement. */
struct bench {
    struct vio_blk *blk;
    struct vio_blk_queue *queue;
    struct bench_run run;
    unsigned segments; /* of each request */
    unsigned ahead;    /* requests that are staged before there is room */
    unsigned slot_mask;
    uint64_t chunks;    /* requests that the disk has room for */
    uint64_t random;    /* state of the generator */
    uint64_t next;      /* sequential: the next chunk */
    uint64_t queued;    /* requests so far */
    uint64_t submitted; /* of these */
    uint64_t finished;  /* of these */
};

/* No more slots are in use than have to be: memory that was used a moment ago
 * is in the cache. */
static struct slot *slot_of(const struct bench *b, uint64_t i)
{
    return &slots[i & b->slot_mask];
}

/* Without a division, which would cost more than the request. */
static uint64_t next_sector(struct bench *b)
{
    uint64_t chunk;

    if (b->run.random) {
        b->random = b->random * 6364136223846793005u + 1442695040888963407u;
        chunk = (b->random >> 32) * b->chunks >> 32;
    } else {
        chunk = b->next++;
        if (b->next == b->chunks)
            b->next = 0;
    }
    return chunk * (b->run.bytes / VIRTIO_BLK_SECTOR_SIZE);
}

/* Stage requests until so many are. */
static int queue_reads(struct bench *b, uint64_t n)
{
    int err = 0;

    while (!err && b->queued - b->submitted < n) {
        struct slot *slot = slot_of(b, b->queued);

        vio_blk_prep_read(&slot->req, next_sector(b), slot->buf, b->segments);
        err = vio_blk_queue(b->queue, &slot->req);
        b->queued += !err;
    }
    return err;
}

static int submit(struct bench *b)
{
    bench_pause(b->run.pause);
    b->submitted = b->queued;
    return vio_blk_submit(b->queue);
}

/* As many as there is room for, and while the device works on them the next
 * ones are staged: the device is not to wait for what can be done before. */
static int submit_reads(struct bench *b)
{
    uint64_t room;
    int err = 0;

    while (!err && (room = b->run.depth - (b->submitted - b->finished)) > 0) {
        err = queue_reads(b, room < b->run.batch ? room : b->run.batch);
        if (!err)
            err = submit(b);
    }
    return err ? err : queue_reads(b, b->ahead);
}

/* Until that request is reaped, and whatever else is finished then. */
static int wait_for(struct bench *b, const struct vio_blk_req *req)
{
    struct vio_blk_req *done[BENCH_DEPTH];
    int n = 0;

    while (n >= 0 && req->state != VIO_BLK_IDLE) {
        if (b->run.sleep)
            n = vio_blk_wait_any(b->queue, TIMEOUT_NS);
        if (n >= 0)
            n = vio_blk_reap(b->queue, done, BENCH_DEPTH);
    }
    return n < 0 ? n : 0;
}

/* Wait for the oldest request, and see how it went. */
static int finish_one(struct bench *b)
{
    const struct vio_blk_req *req = &slot_of(b, b->finished)->req;
    int err = wait_for(b, req);

    if (err)
        return err;
    b->finished++;
    return req->result;
}

/* Wait for the oldest requests, and go on with all that are finished. */
static int collect(struct bench *b)
{
    int err = 0;

    for (unsigned i = 0; i < b->run.refill && !err; i++)
        err = finish_one(b);
    while (!err && b->finished < b->submitted &&
           slot_of(b, b->finished)->req.state == VIO_BLK_IDLE)
        err = finish_one(b);
    return err;
}

/* Wait for what is still in flight, and read what is staged. */
static int drain(struct bench *b)
{
    int err = 0;

    while (!err && b->finished < b->queued) {
        if (b->finished == b->submitted)
            err = submit(b);
        if (!err)
            err = finish_one(b);
    }
    return err;
}

#define LOOK 1024u /* requests between two looks at the clock */

static int read_many(struct bench *b)
{
    uint64_t start = port_env.now_ns(port_env.ctx), look = LOOK;
    int err = 0;

    while (!err && (b->run.ns || b->finished < b->run.requests)) {
        err = submit_reads(b);
        if (!err)
            err = collect(b);
        if (b->run.ns && b->finished >= look) {
            if (port_env.now_ns(port_env.ctx) - start >= b->run.ns)
                break;
            look = b->finished + LOOK;
        }
    }
    return err;
}

/* Slots are used in turn, so their number is a power of two. */
static unsigned slot_mask_of(unsigned depth)
{
    unsigned slots_used = 1;

    while (slots_used < depth)
        slots_used *= 2;
    return slots_used - 1;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* No more than there will be room for when the device is to see them. A wait
 * that sleeps shows it everything. */
static unsigned ahead_of(const struct vio_blk_info *info,
                         const struct bench_run *run)
{
    return run->sleep ? 0
                      : (unsigned)least(info->depth - run->depth,
                                        least(run->refill, run->batch));
}

/* A staged request has the buffer of one that will be finished when it is
 * submitted. */
static void bench_init(struct bench *b, struct vio_blk *blk,
                       const struct bench_run *run, unsigned segments)
{
    const struct vio_blk_info *info = vio_blk_info(blk);
    uint64_t sectors = run->bytes / VIRTIO_BLK_SECTOR_SIZE;
    size_t piece = run->bytes / segments;
    unsigned ahead = ahead_of(info, run);

    *b = (struct bench){
        .blk = blk,
        .queue = vio_blk_get_queue(blk, 0),
        .run = *run,
        .segments = segments,
        .ahead = ahead,
        .slot_mask = slot_mask_of(run->depth + ahead),
        .chunks = least(info->capacity / sectors, UINT32_MAX),
    };
    for (unsigned i = 0; i <= b->slot_mask; i++)
        for (unsigned k = 0; k < segments; k++)
            slots[i].buf[k] = (struct vio_buf){
                data + (i & slot_mask_of(run->depth)) * (size_t)run->bytes +
                    k * piece,
                piece};
}

static bool fits(const struct vio_blk_info *info, const struct bench_run *run,
                 unsigned segments)
{
    return run->depth <= info->depth && run->bytes <= info->max_bytes &&
           (slot_mask_of(run->depth) + 1ull) * run->bytes <= MOST_BYTES &&
           run->bytes / VIRTIO_BLK_SECTOR_SIZE <= info->capacity &&
           run->bytes % (segments * VIRTIO_BLK_SECTOR_SIZE) == 0;
}

/* What has been counted, by the library and by the port. */
struct counts {
    struct vio_blk_stats stats;
    struct port_irq_counts irq;
    uint64_t ns;
};

static struct counts counts_now(const struct vio_blk *blk)
{
    struct counts c;

    vio_blk_get_stats(blk, &c.stats);
    c.irq = port_irq_counts();
    c.ns = port_env.now_ns(port_env.ctx);
    return c;
}

static void print_result(const struct bench *b, const struct counts *before,
                         const struct counts *after)
{
    uint64_t us = (after->ns - before->ns) / 1000 + 1;

    port_print("depth %u, %u bytes, %s, %s: %llu a second, %llu requests, "
               "%u notifications, %u suppressed, %u interrupts, %u sleeps\n",
               b->run.depth, b->run.bytes,
               b->run.random ? "random" : "sequential",
               b->run.sleep ? "interrupt" : "poll",
               (unsigned long long)(b->finished * 1000000 / us),
               (unsigned long long)b->finished,
               after->stats.notifications - before->stats.notifications,
               after->stats.suppressed - before->stats.suppressed,
               after->irq.queue - before->irq.queue,
               after->irq.sleeps - before->irq.sleeps);
}

static int measure(struct vio_blk *blk, const struct bench_run *run,
                   unsigned segments)
{
    static struct bench b;
    struct counts before, after;
    int err;

    if (!fits(vio_blk_info(blk), run, segments))
        return describe_error("run", VIO_EINVAL, NULL);
    bench_init(&b, blk, run, segments);
    before = counts_now(blk);
    err = read_many(&b);
    if (!err)
        err = drain(&b);
    after = counts_now(blk);
    if (err)
        return describe_error("read", err, NULL);
    print_result(&b, &before, &after);
    return 0;
}

/* The first disk, with interrupts. */
static int find_disk(struct port_device *device)
{
    struct port_walk walk = {0};
    struct port_place place;

    while (port_next(&walk, &place))
        if (port_probe(device, &place, NULL, &port_env_sleep, NULL) == 0 &&
            device->dev.type == VIRTIO_ID_BLOCK)
            return port_attach(device, VIO_PCI_MSIX_EACH, 1);
    return VIO_ENODEV;
}

int main(void)
{
    struct vio_mem mem = {shared, (uintptr_t)shared, sizeof shared, priv,
                          sizeof priv};
    static struct bench_plan plan;
    static struct port_device device;
    struct vio_blk blk;
    int err = bench_parse(&plan, port_cmdline());

    if (err)
        return describe_error("command line", err, NULL), 1;
    err = find_disk(&device);
    if (!err)
        err = vio_blk_init(&blk, &device.dev, &plan.queue, &mem);
    if (err)
        return describe_error("no usable disk", err, &device.dev.why), 1;
    describe_disk(&device, vio_blk_info(&blk));
    for (unsigned i = 0; i < plan.n_runs && !err; i++)
        err = measure(&blk, &plan.run[i], plan.segments);
    return err || vio_blk_fini(&blk);
}
