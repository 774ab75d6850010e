/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fill the disk with a pattern, in pieces of many sizes, flush, give the disk
 * up, bring it up again and read it back. run.py looks at the image afterwards.
 */
#include "guest.h"

#define PIECE_SECTORS 300 /* the largest: more than one request may carry */

static uint64_t piece[PIECE_SECTORS * 64];

/* The 64-bit word number n of the disk. */
static uint64_t pattern(uint64_t n)
{
    return (n + 1) * 0x9e3779b97f4a7c15u;
}

/* 1, 38, 75, ... sectors, so that pieces begin and end everywhere. */
static uint64_t next_size(uint64_t sector, uint64_t capacity)
{
    uint64_t n = sector * 37 % PIECE_SECTORS + 1;

    return n < capacity - sector ? n : capacity - sector;
}

static int write_all(struct vio_blk *blk)
{
    uint64_t capacity = vio_blk_info(blk)->capacity;
    uint64_t n;
    int err = 0;

    for (uint64_t at = 0; err == 0 && at < capacity; at += n) {
        n = next_size(at, capacity);
        for (uint64_t i = 0; i < n * 64; i++)
            piece[i] = pattern(at * 64 + i);
        err = vio_blk_write(blk, at, piece, (size_t)n * 512);
    }
    return err;
}

static int read_back(struct vio_blk *blk)
{
    uint64_t capacity = vio_blk_info(blk)->capacity;
    uint64_t n;
    int err = 0;

    for (uint64_t at = 0; err == 0 && at < capacity; at += n) {
        n = next_size(at + 5, capacity + 5);
        n = n < capacity - at ? n : capacity - at;
        err = vio_blk_read(blk, at, piece, (size_t)n * 512);
        for (uint64_t i = 0; err == 0 && i < n * 64; i++)
            if (piece[i] != pattern(at * 64 + i))
                err = VIO_EIO;
    }
    return err;
}

int main(void)
{
    struct port_device device;
    struct vio_blk blk;

    if (guest_disk(&device, &blk) < 0)
        return 1;
    guest_expect("write", write_all(&blk), 0);
    guest_expect("flush", vio_blk_flush(&blk), 0);
    guest_expect("fini", vio_blk_fini(&blk), 0);
    if (guest_disk(&device, &blk) < 0)
        return 1;
    guest_expect("read back", read_back(&blk), 0);
    guest_expect("fini again", vio_blk_fini(&blk), 0);
    return guest_status();
}
