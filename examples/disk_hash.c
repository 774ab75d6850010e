/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Find every disk, say what it is, read all of it and print its SHA-256.
 *
 * Reading keeps many requests in flight. They finish in any order; the hash
 * needs them in the order of the disk. So request number n uses slot n modulo
 * the number of slots, and a slot is used again once its data is hashed.
 */
#include <vio/blk.h>

#include "describe.h"
#include "port.h"
#include "sha256.h"

#define SLOTS      64
#define SLOT_BYTES (64u * 1024)
#define TIMEOUT_NS 30000000000ull

static unsigned char shared[64 * 1024] __attribute__((aligned(4096)));
static unsigned char priv[32 * 1024] __attribute__((aligned(16)));
static unsigned char data[SLOTS][SLOT_BYTES] __attribute__((aligned(4096)));

struct slot {
    struct vio_blk_req req;
    struct vio_buf buf;
    bool done; /* the data is there, not hashed yet */
};

struct reader {
    struct vio_blk_queue *queue;
    uint64_t capacity; /* sectors */
    uint64_t sector;   /* the first that no request was made for */
    uint64_t queued;   /* requests so far */
    uint64_t hashed;   /* of these, the ones that are finished with */
    unsigned slots;    /* in use, as many as the queue takes */
    size_t request;    /* bytes of all but the last request */
    struct slot slot[SLOTS];
    struct sha256 sha256;
};

static struct reader reader; /* too large for a small stack */

static size_t least(uint64_t a, uint64_t b)
{
    return (size_t)(a < b ? a : b);
}

static void reader_init(struct reader *r, struct vio_blk *blk)
{
    const struct vio_blk_info *info = vio_blk_info(blk);
    size_t request = least(SLOT_BYTES, least(info->size_max, info->max_bytes));

    *r = (struct reader){
        .queue = blk->queue,
        .capacity = info->capacity,
        .slots = (unsigned)least(SLOTS, info->depth),
        .request = request - request % VIRTIO_BLK_SECTOR_SIZE,
    };
    for (unsigned i = 0; i < r->slots; i++) {
        r->slot[i].buf.base = data[i];
        r->slot[i].req.user = &r->slot[i];
    }
    sha256_init(&r->sha256);
}

/* Put a read into every free slot, and show them all to the device at once. */
static int queue_reads(struct reader *r)
{
    while (r->sector < r->capacity && r->queued - r->hashed < r->slots) {
        struct slot *slot = &r->slot[r->queued % r->slots];
        uint64_t left = r->capacity - r->sector;
        int err;

        slot->buf.len = least(r->request, left * VIRTIO_BLK_SECTOR_SIZE);
        vio_blk_prep_read(&slot->req, r->sector, &slot->buf, 1);
        err = vio_blk_queue(r->queue, &slot->req);
        if (err < 0)
            return err;
        r->sector += slot->buf.len / VIRTIO_BLK_SECTOR_SIZE;
        r->queued++;
    }
    return vio_blk_submit(r->queue);
}

/* Take back what is finished, and wait only when the oldest is not. */
static int collect(struct reader *r)
{
    struct slot *oldest = &r->slot[r->hashed % r->slots];
    struct vio_blk_req *done[SLOTS];
    int n = vio_blk_reap(r->queue, done, SLOTS);

    for (int i = 0; i < n; i++) {
        struct slot *slot = done[i]->user;

        if (slot->req.result < 0)
            return slot->req.result;
        slot->done = true;
    }
    if (n < 0 || oldest->done)
        return n < 0 ? n : 0;
    n = vio_blk_wait(r->queue, &oldest->req, TIMEOUT_NS);
    oldest->done = n == 0;
    return n;
}

static void hash_finished(struct reader *r)
{
    struct slot *slot = &r->slot[r->hashed % r->slots];

    while (slot->done) {
        sha256_update(&r->sha256, slot->buf.base, slot->buf.len);
        slot->done = false;
        r->hashed++;
        slot = &r->slot[r->hashed % r->slots];
    }
}

static int read_all(struct reader *r)
{
    int err = 0;

    while (err == 0 && (r->sector < r->capacity || r->hashed < r->queued)) {
        err = queue_reads(r);
        if (err == 0)
            err = collect(r);
        hash_finished(r);
    }
    return err;
}

static void print_result(struct reader *r, uint64_t ns)
{
    unsigned long long us = ns / 1000 + 1;
    char hex[65];

    port_print("read: %llu requests of %zu bytes, up to %u in flight, "
               "%u notifications\n",
               (unsigned long long)r->queued, r->request, r->slots,
               r->queue->vq.stats.notifications);
    port_print("time: %llu us, %llu MiB/s with hashing\n", us,
               (unsigned long long)r->capacity * 1000000 / us / 2048);
    sha256_hex(&r->sha256, hex);
    port_print("sha256 %s\n", hex);
}

static int hash_disk(struct port_device *device)
{
    struct vio_mem mem = {shared, (uintptr_t)shared, sizeof shared, priv,
                          sizeof priv};
    struct vio_blk blk;
    uint64_t start;
    int reset, err = vio_blk_init(&blk, &device->dev, NULL, &mem);

    if (err < 0)
        return describe_error("no usable disk", err, &device->dev.why);
    describe_disk(device, vio_blk_info(&blk));
    reader_init(&reader, &blk);
    start = port_env.now_ns(port_env.ctx);
    err = read_all(&reader);
    if (err == 0)
        print_result(&reader, port_env.now_ns(port_env.ctx) - start);
    else
        describe_error("read", err, NULL);
    reset = vio_blk_fini(&blk);
    if (reset < 0)
        return describe_error("reset", reset, &device->dev.why);
    return err;
}

/* 1: a disk, and all went well; 0: no disk here; < 0: an error. */
static int try_place(const struct port_place *place, unsigned disk)
{
    struct port_device device;
    struct vio_why why;
    int err = port_probe(&device, place, NULL, &port_env, &why);

    if (err < 0 && why.reason == VIO_WHY_NO_DEVICE)
        return 0;
    describe_place(place);
    if (err < 0)
        return describe_error("not usable", err, &why);
    if (device.dev.type != VIRTIO_ID_BLOCK) {
        port_print("device type %u, not a disk\n", device.dev.type);
        return 0;
    }
    port_print("disk %u\n", disk);
    err = hash_disk(&device);
    return err < 0 ? err : 1;
}

int main(void)
{
    struct port_walk walk = {0};
    struct port_place place;
    unsigned disks = 0, errors = 0;

    while (port_next(&walk, &place)) {
        int found = try_place(&place, disks);

        disks += found > 0;
        errors += found < 0;
        /* The memory that the next one would get may still be this one's. */
        if (found == VIO_ETIMEDOUT)
            break;
    }
    if (disks + errors == 0)
        port_print("no disk found: attach one, with QEMU's -device "
                   "virtio-blk-device or virtio-blk-pci\n");
    return disks == 0 || errors > 0;
}
