/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Write a pattern over a disk through vhost-user, make it durable, read it
 * back: synchronously, then with many requests in flight. run.sh compares the
 * file behind it.
 *
 * usage: disk SOCKET BYTES
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vio/blk.h>

#include "host.h"

#define MEMORY (16u << 20)
#define CHUNK  4096u
#define DEPTH  32u

static struct host host;
static struct vio_blk blk;

static void must(int err, const char *what)
{
    if (err == 0)
        return;
    fprintf(stderr, "disk: %s: %s\n", what, vio_strerror(err));
    exit(1);
}

static void fill(unsigned char *p, uint64_t sector, size_t len)
{
    for (size_t i = 0; i < len; i++)
        p[i] = (unsigned char)((sector + i / 512) * 7 + i);
}

static void open_disk(void)
{
    struct vio_need want, least;
    struct vio_mem mem = {0};

    must(vio_blk_mem_size(&host.dev, NULL, &want, &least), "memory");
    mem.shared = host_alloc(&host, want.shared);
    mem.shared_addr = (uintptr_t)mem.shared;
    mem.shared_size = want.shared;
    mem.priv_size = want.priv;
    mem.priv = calloc(1, want.priv);
    must(vio_blk_init(&blk, &host.dev, NULL, &mem), "set-up");
}

static void write_and_read(unsigned char *buf, uint64_t sectors)
{
    unsigned char *expected = malloc(1 << 20);

    for (uint64_t s = 0; s < sectors; s += 2048) {
        fill(buf, s, 1 << 20);
        must(vio_blk_write(&blk, s, buf, 1 << 20), "write");
    }
    must(vio_blk_flush(&blk), "flush");
    for (uint64_t s = 0; s < sectors; s += 2048) {
        memset(buf, 0, 1 << 20);
        fill(expected, s, 1 << 20);
        must(vio_blk_read(&blk, s, buf, 1 << 20), "read");
        if (memcmp(buf, expected, 1 << 20))
            must(VIO_EIO, "what was read is not what was written");
    }
    free(expected);
}

/* Read all of it in chunks, DEPTH at a time, in an order that jumps. */
static void read_deep(unsigned char *mem, uint64_t sectors)
{
    struct vio_blk_queue *q = vio_blk_get_queue(&blk, 0);
    static struct vio_blk_req req[DEPTH], *done[DEPTH];
    static struct vio_buf buf[DEPTH];
    static unsigned char expected[CHUNK];
    uint64_t chunks = sectors / (CHUNK / 512);

    for (uint64_t c = 0; c < chunks; c += DEPTH) {
        unsigned left = DEPTH;

        for (unsigned i = 0; i < DEPTH; i++) {
            buf[i] = (struct vio_buf){mem + i * CHUNK, CHUNK};
            vio_blk_prep_read(&req[i], (c * 37 + i * 11) % chunks * 8, &buf[i],
                              1);
            must(vio_blk_queue(q, &req[i]), "queue");
        }
        must(vio_blk_submit(q), "submit");
        while (left) {
            int n = vio_blk_reap(q, done, left);

            for (int i = 0; i < n; i++) {
                const struct vio_blk_req *r = done[i];

                must(r->result, "a read in flight");
                fill(expected, r->sector, CHUNK);
                if (memcmp(buf[r - req].base, expected, CHUNK))
                    must(VIO_EIO, "what was read is not what was written");
            }
            must(n < 0 ? n : 0, "reap");
            left -= (unsigned)n;
        }
    }
}

/* A caller who asks for what there is not. */
static void ask_too_much(void)
{
    struct vio_virtq vq = {.index = HOST_QUEUES};

    if (host_alloc(&host, MEMORY + 1) || host_alloc(&host, SIZE_MAX))
        must(VIO_EPROTO, "memory that there is not");
    must(vio_device_begin(&host.dev, 0, 0), "begin");
    if (vio_device_queue_start(&host.dev, &vq) != VIO_ENODEV)
        must(VIO_EPROTO, "a queue that there is not");
}

int main(int argc, char **argv)
{
    unsigned char *buf;
    uint64_t sectors;

    if (argc != 3)
        return 2;
    must(host_open(&host, argv[1], MEMORY), "connecting");
    ask_too_much();
    open_disk();
    sectors = vio_blk_info(&blk)->capacity;
    if (sectors * 512 != strtoull(argv[2], NULL, 10))
        must(VIO_EPROTO, "the capacity is wrong");
    buf = host_alloc(&host, 1 << 20);
    write_and_read(buf, sectors);
    read_deep(buf, sectors);
    must(vio_blk_fini(&blk), "giving up");
    free(blk.mem.priv);
    host_close(&host);
    puts("disk: written, flushed and read back");
    return 0;
}
