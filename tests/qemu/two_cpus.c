/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two processors, each with a queue of its own and no lock: either copies half
 * of the disk's first half to its second half, and hashes what it has read.
 */
#include "../../examples/sha256.h"
#include "guest.h"

#define DEPTH      16
#define BYTES      8192u
#define SECTORS    (BYTES / 512)
#define TIMEOUT_NS 30000000000u

struct copy {
    struct vio_blk_req req;
    struct vio_buf buf;
};

struct worker {
    struct vio_blk_queue *queue;
    uint64_t from; /* sector */
    uint64_t to;
    uint64_t n; /* sectors */
    struct copy copy[DEPTH];
    struct sha256 sha256;
    int err;
    uint32_t finished; /* set by the worker, seen by the other processor */
};

static struct worker worker[2];
static unsigned char data[2][DEPTH][BYTES] __attribute__((aligned(4096)));

/* Let `count` pieces be read, or written to where they belong. */
static int run_batch(struct worker *w, uint64_t at, unsigned count, bool write)
{
    int err = 0;

    for (unsigned i = 0; err == 0 && i < count; i++) {
        struct copy *c = &w->copy[i];
        uint64_t sector = at + (uint64_t)i * SECTORS;

        if (write)
            vio_blk_prep_write(&c->req, w->to + sector, &c->buf, 1);
        else
            vio_blk_prep_read(&c->req, w->from + sector, &c->buf, 1);
        err = vio_blk_queue(w->queue, &c->req);
    }
    for (unsigned i = 0; err == 0 && i < count; i++) {
        err = vio_blk_wait(w->queue, &w->copy[i].req, TIMEOUT_NS);
        if (err == 0 && !write)
            sha256_update(&w->sha256, w->copy[i].buf.base, BYTES);
    }
    return err;
}

static void work(void *arg)
{
    struct worker *w = arg;
    int err = 0;

    for (uint64_t at = 0; err == 0 && at < w->n; at += DEPTH * SECTORS) {
        err = run_batch(w, at, DEPTH, false);
        if (err == 0)
            err = run_batch(w, at, DEPTH, true);
    }
    w->err = err;
    __atomic_store_n(&w->finished, 1, __ATOMIC_RELEASE);
}

static void prepare(struct vio_blk *blk, unsigned i)
{
    struct worker *w = &worker[i];
    uint64_t quarter = vio_blk_info(blk)->capacity / 4;

    w->queue = vio_blk_get_queue(blk, i);
    w->from = i * quarter;
    w->to = (i + 2) * quarter;
    w->n = quarter;
    for (unsigned n = 0; n < DEPTH; n++)
        w->copy[n].buf = (struct vio_buf){data[i][n], BYTES};
    sha256_init(&w->sha256);
}

static void report(unsigned i)
{
    struct worker *w = &worker[i];
    char hex[65];

    sha256_hex(&w->sha256, hex);
    port_print("processor %u: %s, sha256 %s\n", i, vio_strerror(w->err), hex);
    if (w->err != 0)
        guest_expect("copy", w->err, 0);
}

static bool both_work(void)
{
    uint64_t end = port_env.now_ns(NULL) + TIMEOUT_NS;

    if (port_start_cpu(work, &worker[1]) != 0)
        return false;
    work(&worker[0]);
    while (!__atomic_load_n(&worker[1].finished, __ATOMIC_ACQUIRE))
        if (port_env.now_ns(NULL) > end)
            return false;
    return true;
}

int main(void)
{
    static const struct vio_blk_config cfg = {.n_queues = 2, .depth = DEPTH};
    struct port_device device;
    struct vio_blk blk;
    struct vio_why why;
    int err = guest_probe(&device, NULL, &why);

    if (err == 0)
        err = vio_blk_init(&blk, &device.dev, &cfg, &guest_mem);
    guest_expect("init", err, 0);
    if (err < 0 || vio_blk_info(&blk)->n_queues != 2)
        return 1;
    for (unsigned i = 0; i < 2; i++)
        prepare(&blk, i);
    if (!both_work()) {
        port_print("the second processor does not answer\n");
        return 1;
    }
    for (unsigned i = 0; i < 2; i++)
        report(i);
    guest_expect("fini", vio_blk_fini(&blk), 0);
    return guest_status();
}
