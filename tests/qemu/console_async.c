/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands of the console that keep requests in flight. */
#include "console.h"

#define WAIT_NS 30000000000u
#define CHUNK   4096u /* bytes of a request of the stream */

static unsigned char memory[CONSOLE_SLOTS][CONSOLE_BYTES]
    __attribute__((aligned(4096)));

#define SLOT(n)                                           \
    {                                                     \
        .buf = {.base = memory[n], .len = CONSOLE_BYTES } \
    }
#define SLOTS4(n) SLOT(n), SLOT(n + 1), SLOT(n + 2), SLOT(n + 3)

struct console_slot console_slot[CONSOLE_SLOTS] = {
    SLOTS4(0),  SLOTS4(4),  SLOTS4(8),  SLOTS4(12),
    SLOTS4(16), SLOTS4(20), SLOTS4(24), SLOTS4(28),
};

static struct vio_blk_queue *queue(void)
{
    return vio_blk_get_queue(&console_disk, 0);
}

/* Wait for the request of a slot that may be reaped already. */
static int wait_slot(struct console_slot *slot, uint64_t timeout_ns)
{
    int err = vio_blk_wait(queue(), &slot->req, timeout_ns);

    return err == VIO_EINVAL ? slot->req.result : err;
}

/* queue SLOT SECTOR SECTORS */
static int run_queue(const uint64_t *arg)
{
    struct console_slot *slot = &console_slot[arg[0] % CONSOLE_SLOTS];

    slot->buf.len = (size_t)arg[2] * 512;
    if (slot->buf.len > CONSOLE_BYTES)
        return VIO_EINVAL;
    vio_blk_prep_read(&slot->req, arg[1], &slot->buf, 1);
    return vio_blk_queue(queue(), &slot->req);
}

static int run_submit(const uint64_t *arg)
{
    (void)arg;
    return vio_blk_submit(queue());
}

/* wait SLOT MS: says how long it took. */
static int run_wait(const uint64_t *arg)
{
    struct console_slot *slot = &console_slot[arg[0] % CONSOLE_SLOTS];
    uint64_t start = port_env.now_ns(NULL);
    int err = wait_slot(slot, arg[1] * 1000000);

    port_print("after %lu ms\n", (port_env.now_ns(NULL) - start) / 1000000);
    if (err == 0)
        port_print("sum %lx\n", console_sum(slot->buf.base, slot->buf.len));
    return err;
}

static enum vio_blk_recovery recovery(uint64_t resubmit)
{
    return resubmit ? VIO_BLK_RESUBMIT : VIO_BLK_HAND_BACK;
}

/* The disk has come back, as the same one or as another one, or has not. */
static int come_back(int err)
{
    port_print("another disk: %d\n", err > 0);
    return err < 0 ? err : 0;
}

/* recover RESUBMIT */
static int run_recover(const uint64_t *arg)
{
    return come_back(vio_blk_recover(&console_disk, recovery(arg[0])));
}

static int run_freeze(const uint64_t *arg)
{
    (void)arg;
    return vio_blk_freeze(&console_disk);
}

/* restore RESUBMIT */
static int run_restore(const uint64_t *arg)
{
    return come_back(vio_blk_restore(&console_disk, recovery(arg[0])));
}

/* reinit QUEUE_SIZE DEPTH: give the disk up, and bring it up again. */
static int run_reinit(const uint64_t *arg)
{
    struct vio_blk_config cfg = {.queue_size = (uint16_t)arg[0],
                                 .depth = (uint16_t)arg[1]};
    int err = vio_blk_fini(&console_disk);

    if (err == 0)
        err =
            vio_blk_init(&console_disk, &console_device.dev, &cfg, &guest_mem);
    return err;
}

/* queues N: the same, with so many queues that interrupt. */
static int run_queues(const uint64_t *arg)
{
    struct vio_blk_config cfg = {.n_queues = (uint16_t)arg[0]};
    int err = vio_blk_fini(&console_disk);

    if (err == 0 && console_device.is_pci)
        err = vio_pci_set_interrupts(&console_device.pci, VIO_PCI_MSIX_EACH,
                                     cfg.n_queues, console_device.vector);
    if (err == 0)
        err =
            vio_blk_init(&console_disk, &console_device.dev, &cfg, &guest_mem);
    return err;
}

/* Read request number i of 4 KiB into a slot, at the first sectors. */
static int start_read(struct console_slot *slot, uint64_t i)
{
    uint64_t sectors = vio_blk_info(&console_disk)->capacity & ~(uint64_t)7;

    slot->buf.len = 4096;
    vio_blk_prep_read(&slot->req, i * 8 % sectors, &slot->buf, 1);
    return vio_blk_queue(queue(), &slot->req);
}

/* Keep `depth` reads in flight, n in all: the first ones are waited for, the
 * others are taken back with them. */
static int read_many(uint64_t n, uint64_t depth)
{
    struct vio_blk_req *done[CONSOLE_SLOTS];
    uint64_t queued = 0, finished = 0;
    int err = 0;

    while (err == 0 && finished < n) {
        for (; err == 0 && queued < n && queued - finished < depth; queued++)
            err = start_read(&console_slot[queued % depth], queued);
        if (err == 0)
            err = wait_slot(&console_slot[finished % depth], WAIT_NS);
        vio_blk_reap(queue(), done, CONSOLE_SLOTS);
        while (err == 0 && finished < queued &&
               console_slot[finished % depth].req.state == VIO_BLK_IDLE)
            err = console_slot[finished++ % depth].req.result;
    }
    return err;
}

/* reads N DEPTH: says what they cost in interrupts and sleeps. */
static int run_reads(const uint64_t *arg)
{
    struct port_irq_counts before = port_irq_counts(), after;
    uint64_t depth = arg[1] % (CONSOLE_SLOTS + 1);
    uint64_t start = port_env.now_ns(NULL);
    int err = depth ? read_many(arg[0], depth) : VIO_EINVAL;
    uint64_t ms = (port_env.now_ns(NULL) - start) / 1000000;

    after = port_irq_counts();
    port_print("interrupts %u messages %u queue %u config %u nobodys %u\n",
               after.taken - before.taken, after.messages - before.messages,
               after.queue - before.queue, after.config - before.config,
               after.nobodys - before.nobodys);
    port_print("sleeps %u slept %lu of %lu ms\n", after.sleeps - before.sleeps,
               (after.slept_ns - before.slept_ns) / 1000000, ms);
    return err;
}

/* As many in flight as there can be. */
static uint64_t stream_depth(void)
{
    uint64_t depth = vio_blk_info(&console_disk)->depth;

    return depth < CONSOLE_SLOTS ? depth : CONSOLE_SLOTS;
}

/* Begin to write or read chunk number i of a stream. */
static int start_chunk(uint64_t i, uint64_t seed, bool write)
{
    struct console_slot *slot = &console_slot[i % stream_depth()];

    slot->buf.len = CHUNK;
    if (write) {
        console_fill(slot->buf.base, i * (CHUNK / 512), CHUNK, seed);
        vio_blk_prep_write(&slot->req, i * (CHUNK / 512), &slot->buf, 1);
    } else {
        vio_blk_prep_read(&slot->req, i * (CHUNK / 512), &slot->buf, 1);
    }
    return vio_blk_queue(queue(), &slot->req);
}

/* Wait for it; what was read must be what was written. */
static int end_chunk(uint64_t i, uint64_t seed, bool write)
{
    static unsigned char want[CHUNK] __attribute__((aligned(8)));
    struct console_slot *slot = &console_slot[i % stream_depth()];
    int err = wait_slot(slot, WAIT_NS);

    if (err < 0 || write)
        return err;
    console_fill(want, i * (CHUNK / 512), CHUNK, seed);
    return console_sum(want, CHUNK) == console_sum(slot->buf.base, CHUNK)
               ? 0
               : VIO_EPROTO;
}

/* One pass over all chunks. */
static int stream_pass(uint64_t chunks, uint64_t seed, bool write)
{
    uint64_t depth = stream_depth();
    uint64_t ended = 0;
    int err = 0;

    for (uint64_t i = 0; err == 0 && i < chunks; i++) {
        if (i >= depth)
            err = end_chunk(ended++, seed, write);
        if (err == 0)
            err = start_chunk(i, seed, write);
        /* Half of them at a time: the device has work meanwhile. */
        if (err == 0 && i % (depth / 2 + 1) == 0)
            err = vio_blk_submit(queue());
    }
    while (err == 0 && ended < chunks)
        err = end_chunk(ended++, seed, write);
    return err;
}

/* stream CHUNKS PASSES: write and read back, again and again. */
static int run_stream(const uint64_t *arg)
{
    int err = 0;

    port_print("stream begins\n");
    for (uint64_t pass = 0; err == 0 && pass < arg[1]; pass++) {
        err = stream_pass(arg[0], pass, true);
        if (err == 0)
            err = stream_pass(arg[0], pass, false);
        port_print("pass %lu\n", pass);
    }
    return err;
}

const struct console_command console_async[] = {
    {"queue", 3, run_queue},   {"submit", 0, run_submit},
    {"wait", 2, run_wait},     {"recover", 1, run_recover},
    {"freeze", 0, run_freeze}, {"restore", 1, run_restore},
    {"reinit", 2, run_reinit}, {"queues", 1, run_queues},
    {"reads", 2, run_reads},   {"stream", 2, run_stream},
    {NULL, 0, NULL},
};
