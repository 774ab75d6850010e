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
 * run.
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

/* A request begins it, so that the request names it. */
struct slot {
    struct vio_blk_req req;
    struct vio_buf buf[BENCH_SEGMENTS];
};

/* In flight, and as many that are staged. */
#define SLOTS (2 * BENCH_DEPTH)

static struct slot slots[SLOTS];

/* One measurement. */
struct bench {
    struct vio_blk *blk;
    struct vio_blk_queue *queue;
    struct bench_run run;
    unsigned segments; /* of each request */
    unsigned ahead;    /* requests that are staged before there is room */
    struct bench_place place;
    uint64_t finished;  /* requests so far */
    unsigned staged;    /* now */
    unsigned in_flight; /* now: not taken back, */
    unsigned ready;     /* of which these are done */
    unsigned n_done;    /* taken back, and not looked at yet */
    unsigned n_free;
    struct vio_blk_req *done[BENCH_DEPTH];
    struct slot *free[SLOTS]; /* what was used last is used first: it is in the
                                 cache */
};

/* Stage requests until so many are. */
static int stage(struct bench *b, unsigned n)
{
    int err = 0;

    while (!err && b->staged < n) {
        struct slot *slot = b->free[--b->n_free];

        vio_blk_prep_read(&slot->req, bench_next(&b->place), slot->buf,
                          b->segments);
        err = vio_blk_queue(b->queue, &slot->req);
        b->staged += !err;
    }
    return err;
}

static int submit(struct bench *b)
{
    bench_pause(b->run.pause);
    b->in_flight += b->staged;
    b->staged = 0;
    return vio_blk_submit(b->queue);
}

/* Take requests back, so many at least. */
static int reap(struct bench *b, unsigned least, unsigned most)
{
    int n = 0;

    while (n >= 0 && b->n_done < least) {
        if (b->run.sleep)
            n = vio_blk_wait_ready(b->queue, TIMEOUT_NS);
        if (n >= 0)
            n = vio_blk_reap(b->queue, b->done + b->n_done, most - b->n_done);
        if (n > 0)
            b->n_done += (unsigned)n;
    }
    b->in_flight -= b->n_done;
    b->finished += b->n_done;
    return n < 0 ? n : 0;
}

/* Take back what is known to be done, and see how all of it went. */
static int judge(struct bench *b)
{
    int err = b->ready ? reap(b, b->ready, b->ready) : 0;

    for (unsigned i = 0; i < b->n_done; i++) {
        if (b->done[i]->result)
            err = b->done[i]->result;
        b->free[b->n_free++] = (struct slot *)(void *)b->done[i];
    }
    b->ready = 0;
    b->n_done = 0;
    return err;
}

/* As many as there is room for. While the device works on them, those that are
 * done are looked at and the next ones staged: the device is not to wait for
 * what can be done before or after. */
static int submit_reads(struct bench *b)
{
    unsigned room;
    int err = 0;

    while (!err && (room = b->run.depth + b->ready - b->in_flight) > 0) {
        unsigned n = room < b->run.batch ? room : b->run.batch;

        if (b->staged < n)
            err = judge(b);
        if (!err)
            err = stage(b, n);
        if (!err)
            err = submit(b);
    }
    if (!err)
        err = judge(b);
    return err ? err : stage(b, b->ahead);
}

/* Wait until so many are done. Where that is all, there is no hurry to take
 * them back. */
static int collect(struct bench *b, unsigned wanted)
{
    int done = b->run.sleep;

    while (done == 0)
        done = vio_blk_ready(b->queue, wanted);
    if (done < 0)
        return done;
    if (b->run.sleep || wanted < b->in_flight)
        return reap(b, wanted, b->in_flight);
    b->ready = wanted;
    return 0;
}

static int finish(struct bench *b)
{
    int err = collect(b, b->in_flight);

    return err ? err : judge(b);
}

/* Wait for what is still in flight, and read what is staged. */
static int drain(struct bench *b)
{
    int err = judge(b);

    if (!err)
        err = finish(b);
    if (!err)
        err = submit(b);
    return err ? err : finish(b);
}

#define LOOK 1024u /* requests between two looks at the clock */

static int read_many(struct bench *b)
{
    uint64_t start = port_env.now_ns(port_env.ctx), look = LOOK;
    int err = 0;

    while (!err && (b->run.ns || b->finished < b->run.requests)) {
        err = submit_reads(b);
        if (!err)
            err = collect(b, b->run.refill);
        if (b->run.ns && b->finished >= look) {
            if (port_env.now_ns(port_env.ctx) - start >= b->run.ns)
                break;
            look = b->finished + LOOK;
        }
    }
    return err;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* No more than there will be room for when the device is to see them, and than
 * the queue has slots for. */
static unsigned ahead_of(const struct vio_blk_info *info,
                         const struct bench_run *run)
{
    return (unsigned)least(info->depth - run->depth,
                           least(run->refill, run->batch));
}

/* Those that are staged have buffers of their own, unless all that are in
 * flight will be finished when the device is to see them. */
static unsigned buffers_of(const struct vio_blk_info *info,
                           const struct bench_run *run)
{
    unsigned ahead = ahead_of(info, run);

    return ahead == run->depth ? run->depth : run->depth + ahead;
}

static void bench_init(struct bench *b, struct vio_blk *blk,
                       const struct bench_run *run, unsigned segments)
{
    const struct vio_blk_info *info = vio_blk_info(blk);
    uint64_t sectors = run->bytes / VIRTIO_BLK_SECTOR_SIZE;
    size_t piece = run->bytes / segments;
    unsigned buffers = buffers_of(info, run);

    *b = (struct bench){
        .blk = blk,
        .queue = vio_blk_get_queue(blk, 0),
        .run = *run,
        .segments = segments,
        .ahead = ahead_of(info, run),
        .place = {run->random, sectors,
                  least(info->capacity / sectors, UINT32_MAX), 0},
    };
    for (unsigned i = 0; i < run->depth + b->ahead; i++) {
        unsigned char *at = data + i % buffers * (size_t)run->bytes;

        for (unsigned k = 0; k < segments; k++)
            slots[i].buf[k] = (struct vio_buf){at + k * piece, piece};
        b->free[b->n_free++] = &slots[i];
    }
}

static bool fits(const struct vio_blk_info *info, const struct bench_run *run,
                 unsigned segments)
{
    return run->depth <= info->depth && run->bytes <= info->max_bytes &&
           (uint64_t)buffers_of(info, run) * run->bytes <= MOST_BYTES &&
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
