/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An event loop over two disks: several requests in flight on each, and one
 * sleep until either has done something, for which it was asked to interrupt.
 */
#include "../../examples/sha256.h"
#include "guest.h"

#define DISKS    2
#define DEPTH    4
#define CHUNKS   32
#define BYTES    4096u
#define SLEEP_NS 5000000000u /* nothing takes so long */

struct disk {
    struct port_device device;
    struct vio_blk blk;
    struct vio_blk_queue *q;
    struct vio_blk_req req[DEPTH];
    struct vio_buf buf[DEPTH];
    unsigned begun, done; /* chunks */
    unsigned char data[CHUNKS * BYTES];
};

static struct disk disk[DISKS];

/* Half of the memory each. */
static struct vio_mem memory_of(unsigned i)
{
    struct vio_mem mem = guest_mem;

    mem.shared_size /= DISKS;
    mem.priv_size /= DISKS;
    mem.shared = (unsigned char *)mem.shared + i * mem.shared_size;
    mem.shared_addr += i * mem.shared_size;
    mem.priv = (unsigned char *)mem.priv + i * mem.priv_size;
    return mem;
}

/* Read the next chunk, if there is one. */
static int begin(struct disk *d, struct vio_blk_req *req)
{
    unsigned chunk = d->begun;
    struct vio_buf *buf = &d->buf[req - d->req];

    if (chunk == CHUNKS)
        return 0;
    d->begun++;
    *buf = (struct vio_buf){d->data + chunk * BYTES, BYTES};
    vio_blk_prep_read(req, chunk * (BYTES / 512), buf, 1);
    return vio_blk_queue(d->q, req);
}

static int bring_up(struct disk *d, struct port_walk *walk, struct vio_mem mem)
{
    int err = guest_probe_sleeping(walk, &d->device);

    if (err == 0)
        err = vio_blk_init(&d->blk, &d->device.dev, NULL, &mem);
    d->q = vio_blk_get_queue(&d->blk, 0);
    for (unsigned i = 0; err == 0 && i < DEPTH; i++)
        err = begin(d, &d->req[i]);
    return err ? err : vio_blk_submit(d->q);
}

/* Take what is done, and have the disk go on. How many, or an error. */
static int serve(struct disk *d)
{
    struct vio_blk_req *done[DEPTH];
    int n = vio_blk_reap(d->q, done, DEPTH);

    for (int i = 0; i < n; i++) {
        int err = done[i]->result ? done[i]->result : begin(d, done[i]);

        if (err)
            return err;
    }
    if (n < 0)
        return n;
    d->done += (unsigned)n;
    return n ? vio_blk_submit(d->q), n : 0;
}

/* Ask both; sleep if neither has anything by then. */
static int sleep_for_any(void)
{
    const struct vio_env *env = &port_env_sleep;
    uint64_t end = env->now_ns(env->ctx) + SLEEP_NS;
    int ready = 0;

    for (unsigned i = 0; i < DISKS; i++) {
        int got = vio_blk_enable_cb(disk[i].q);

        if (got < 0)
            return got;
        ready += got;
    }
    if (ready == 0)
        env->idle(env->ctx, end);
    return env->now_ns(env->ctx) < end ? 0 : VIO_ETIMEDOUT;
}

static int loop(void)
{
    int err = 0;

    while (err == 0 && disk[0].done + disk[1].done < DISKS * CHUNKS) {
        int first = serve(&disk[0]), second = serve(&disk[1]);

        if (first < 0 || second < 0)
            return first < 0 ? first : second;
        if (first + second == 0)
            err = sleep_for_any();
    }
    return err;
}

static void report(unsigned i)
{
    struct vio_blk_stats stats;
    struct sha256 sha256;
    char hex[65];

    sha256_init(&sha256);
    sha256_update(&sha256, disk[i].data, sizeof disk[i].data);
    sha256_hex(&sha256, hex);
    vio_blk_get_stats(&disk[i].blk, &stats);
    port_print("disk %u: sha256 %s, renotified %u\n", i, hex, stats.renotified);
    guest_expect("fini", vio_blk_fini(&disk[i].blk), 0);
}

int main(void)
{
    struct port_walk walk = {0};
    struct port_irq_counts counts;
    int err = 0;

    for (unsigned i = 0; err == 0 && i < DISKS; i++)
        err = bring_up(&disk[i], &walk, memory_of(i));
    guest_expect("two disks", err, 0);
    if (err == 0)
        guest_expect("loop", loop(), 0);
    for (unsigned i = 0; err == 0 && i < DISKS; i++)
        report(i);
    counts = port_irq_counts();
    port_print("interrupts %u queue %u sleeps %u\n", counts.taken, counts.queue,
               counts.sleeps);
    return guest_status();
}
