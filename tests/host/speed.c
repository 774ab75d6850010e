/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random reads of 4 KiB through vhost-user, polling, at depth 1 and 32: the
 * block frontend beside the least that the specification permits (limit.h of
 * tests/bench), in turns on one connection, each judged by the median of its
 * rounds.
 *
 * usage: speed SOCKET       prints "time/host/<depth> <ratio> <rates>"
 *        speed SOCKET SEGMENTS direct|indirect REQUESTS
 *                           only runs them, at depth 16, for who looks at what
 *                           they cost the device
 */
#include <stdio.h>
#include <stdlib.h>

#include <vio/blk.h>

#include "host.h"
#include "limit.h"
#include "median.h"

#define CHUNK    4096u
#define DEPTH    32u
#define SEGMENTS 8u
#define SIZE     256u
#define REQUESTS 16384u /* a round */
#define ROUNDS   31u

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

/* What the library is to do. */
struct way {
    unsigned depth;
    unsigned segments;
    bool indirect; /* wish for more than there are chains */
};

static struct vio_blk blk;
static struct vio_mem mem; /* enough for every way */

static void open_library(const struct way *way)
{
    struct vio_blk_config cfg = {
        .max_segs = (uint16_t)way->segments,
        .depth = (uint16_t)(way->indirect ? SIZE : way->depth),
    };

    must(!vio_blk_init(&blk, &host.dev, &cfg, &mem), "no disk");
    must(vio_blk_info(&blk)->indirect == way->indirect, "not that way");
}

static void alloc_library(void)
{
    struct vio_blk_config cfg = {.max_segs = SEGMENTS, .depth = SIZE};
    struct vio_need least, want;

    must(!vio_blk_mem_size(&host.dev, &cfg, &want, &least), "no disk");
    mem.shared = host_alloc(&host, want.shared);
    mem.shared_addr = (uintptr_t)mem.shared;
    mem.shared_size = want.shared;
    mem.priv_size = want.priv;
    mem.priv = calloc(1, want.priv);
}

static struct vio_buf buf[DEPTH][SEGMENTS];

/* Request i of a batch is of CHUNK bytes, in so many segments. */
static void cut_memory(unsigned segments)
{
    size_t len = CHUNK / segments;

    for (unsigned i = 0; i < DEPTH; i++)
        for (unsigned k = 0; k < segments; k++)
            buf[i][k] = (struct vio_buf){data + i * CHUNK + k * len, len};
}

static void run_batch(struct vio_blk_queue *q, const struct way *way,
                      unsigned n)
{
    struct vio_blk_req req[DEPTH], *done[DEPTH];
    unsigned left = way->depth;

    for (unsigned i = 0; i < way->depth; i++) {
        vio_blk_prep_read(&req[i], sector_of(n + i), buf[i], way->segments);
        must(!vio_blk_queue(q, &req[i]), "not queued");
    }
    vio_blk_submit(q);
    while (left) {
        int got = vio_blk_reap(q, done, left);

        must(got >= 0, "the device broke a rule");
        left -= (unsigned)got;
    }
}

/* A batch is submitted when the last one is back; nanoseconds a request. */
static double run_library(const struct way *way)
{
    uint64_t start;

    open_library(way);
    cut_memory(way->segments);
    start = now();
    for (unsigned n = 0; n < REQUESTS; n += way->depth)
        run_batch(vio_blk_get_queue(&blk, 0), way, n);
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

static void compare_at(unsigned depth)
{
    struct way way = {.depth = depth, .segments = 1};
    static double library[ROUNDS], loop[ROUNDS];
    double lib, lim;

    for (unsigned r = 0; r < ROUNDS; r++) {
        library[r] = run_library(&way);
        loop[r] = run_limit(depth);
    }
    lib = median(library, ROUNDS);
    lim = median(loop, ROUNDS);
    printf("time/host/%u %.2f %.0f requests a second, limit %.0f\n", depth,
           lib / lim, 1e9 / lib, 1e9 / lim);
}

static void run_some(const struct way *way, unsigned n)
{
    open_library(way);
    cut_memory(way->segments);
    for (unsigned i = 0; i < n; i += way->depth)
        run_batch(vio_blk_get_queue(&blk, 0), way, i);
    must(!vio_blk_fini(&blk), "not given up");
}

int main(int argc, char **argv)
{
    if (argc != 2 && argc != 5)
        return 2;
    must(!host_open(&host, argv[1], 4u << 20), "nobody listens");
    data = host_alloc(&host, DEPTH * CHUNK);
    shared = host_alloc(&host, 65536);
    header = host_alloc(&host, 8192);
    alloc_library();
    if (argc == 5) {
        run_some(&(struct way){DEPTH / 2, (unsigned)atoi(argv[2]),
                               argv[3][0] == 'i'},
                 (unsigned)atoi(argv[4]));
    } else {
        compare_at(1);
        compare_at(DEPTH);
    }
    host_close(&host);
    return 0;
}
