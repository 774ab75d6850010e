/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random reads of 4 KiB through vhost-user, polling, at depth 1 and 32: the
 * block frontend beside the least that the specification permits (limit.h of
 * tests/bench), in turns on one connection.
 *
 * usage: speed SOCKET       prints "time/host/<depth> <ratio> <rates>"
 */
#include <stdio.h>
#include <stdlib.h>

#include <vio/blk.h>

#include "host.h"
#include "limit.h"

#define CHUNK    4096u
#define DEPTH    32u
#define SIZE     256u
#define REQUESTS 16384u /* a round */
#define ROUNDS   7u

static struct host host;
static unsigned char *data;

static void must(int good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "speed: %s\n", what);
    exit(1);
}

static uint64_t now(void)
{
    return host.env.now_ns(NULL);
}

static uint64_t sector_of(unsigned i)
{
    return (uint64_t)(i * 2654435761u >> 16) * 8;
}

/* The library: a batch of `depth` is submitted when the last one is back. */
static struct vio_blk blk;

static void open_library(void)
{
    static struct vio_mem mem;
    struct vio_need want, least;

    must(!vio_blk_mem_size(&host.dev, NULL, &want, &least), "no disk");
    if (!mem.shared) {
        mem.shared = host_alloc(&host, want.shared);
        mem.shared_addr = (uintptr_t)mem.shared;
        mem.shared_size = want.shared;
        mem.priv_size = want.priv;
        mem.priv = calloc(1, want.priv);
    }
    must(!vio_blk_init(&blk, &host.dev, NULL, &mem), "no disk");
}

static double run_library(unsigned depth)
{
    struct vio_blk_req req[DEPTH], *done[DEPTH];
    struct vio_buf buf[DEPTH];
    struct vio_blk_queue *q;
    uint64_t start;

    open_library();
    q = vio_blk_get_queue(&blk, 0);
    start = now();
    for (unsigned n = 0; n < REQUESTS; n += depth) {
        unsigned left = depth;

        for (unsigned i = 0; i < depth; i++) {
            buf[i] = (struct vio_buf){data + i * CHUNK, CHUNK};
            vio_blk_prep_read(&req[i], sector_of(n + i), &buf[i], 1);
            must(!vio_blk_queue(q, &req[i]), "not queued");
        }
        vio_blk_submit(q);
        while (left) {
            int got = vio_blk_reap(q, done, left);

            must(got >= 0, "the device broke a rule");
            left -= (unsigned)got;
        }
    }
    start = now() - start;
    must(!vio_blk_fini(&blk), "not given up");
    return (double)start / REQUESTS;
}

/* The limit loop, with the set-up done by the library's device layer. */
static struct limit limit;
static unsigned char *shared;
static struct virtio_blk_req_header *header;
static struct vio_virtq vq;

static void open_limit(void)
{
    static volatile uint32_t doorbell;
    static struct limit_slot slot[SIZE];
    unsigned char *areas = shared + SIZE * 3 * sizeof(struct virtq_desc);

    limit = (struct limit){
        .desc = areas,
        .device = areas + SIZE * 16,
        .driver = areas + SIZE * (16 + 8) + 128,
        .slot = slot,
        .mask = SIZE - 1,
        .doorbell = &doorbell,
    };
    for (unsigned i = 0; i < 8192; i++) /* the areas begin as zeroes */
        areas[i] = 0;
    limit_open_split(&limit, shared, (uintptr_t)header,
                     (uintptr_t)&header[SIZE]);
    vq = (struct vio_virtq){.size = SIZE};
    vq.desc_addr = (uintptr_t)limit.desc;
    vq.driver_addr = (uintptr_t)limit.driver;
    vq.device_addr = (uintptr_t)limit.device;
    must(!vio_device_begin(&host.dev, 0, VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC)) &&
             !vio_device_queue_start(&host.dev, &vq) &&
             !vio_device_start(&host.dev),
         "no queue");
}

/* Its doorbell is a word: here that becomes what the port's doorbell is. */
static void kick_limit(void)
{
    *limit.doorbell = 1;
    limit_kick_split(&limit);
    if (*limit.doorbell == 0)
        host_ring(host.kick[0]);
}

/* The least that a driver has to look at itself. */
static const volatile uint8_t *status_of(const struct virtio_blk_req_header *h)
{
    return (const uint8_t *)&header[SIZE] + (h - header);
}

static double run_limit(unsigned depth)
{
    uint64_t start;

    open_limit();
    start = now();
    for (unsigned n = 0; n < REQUESTS; n += depth) {
        unsigned left = depth;
        uint32_t len;
        void *token;

        for (unsigned i = 0; i < depth; i++) {
            struct virtio_blk_req_header *h = &header[limit.free - limit.slot];

            h->type = VIRTIO_BLK_T_IN;
            h->ioprio = 0;
            h->sector = sector_of(n + i);
            limit_add_split(&limit, (uintptr_t)data + i * CHUNK, CHUNK, h);
        }
        kick_limit();
        while (left)
            if (limit_get_split(&limit, &token, &len)) {
                struct virtio_blk_req_header *h = token;

                must(*status_of(h) == VIRTIO_BLK_S_OK, "a read failed");
                left--;
            }
    }
    start = now() - start;
    must(!vio_device_reset(&host.dev), "no reset");
    return (double)start / REQUESTS;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void compare_at(unsigned depth)
{
    double lib[ROUNDS], lim[ROUNDS];

    for (unsigned r = 0; r < ROUNDS; r++) {
        lib[r] = run_library(depth);
        lim[r] = run_limit(depth);
    }
    qsort(lib, ROUNDS, sizeof *lib, compare);
    qsort(lim, ROUNDS, sizeof *lim, compare);
    printf("time/host/%u %.2f %.0f requests a second, limit %.0f\n", depth,
           lib[ROUNDS / 2] / lim[ROUNDS / 2], 1e9 / lib[ROUNDS / 2],
           1e9 / lim[ROUNDS / 2]);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    must(!host_open(&host, argv[1], 4u << 20), "nobody listens");
    data = host_alloc(&host, DEPTH * CHUNK);
    shared = host_alloc(&host, 65536);
    header = host_alloc(&host, 8192);
    compare_at(1);
    compare_at(DEPTH);
    host_close(&host);
    return 0;
}
