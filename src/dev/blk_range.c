/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Discard, write-zeroes and secure erase of any number of sectors: one range a
 * request, none longer than the device takes, split where it is aligned.
 */
#include "../divide.h"
#include "blk_impl.h"

/* How much of the rest the next range covers. Where more follows it ends on the
 * device's alignment, if it is long enough for that. */
static uint32_t next_length(const struct vio_blk_range_limits *limits,
                            uint64_t sector, uint64_t left)
{
    uint32_t n, over;

    if (left <= limits->max_sectors)
        return (uint32_t)left;
    n = limits->max_sectors;
    over = vio_modulo(sector + n, limits->alignment);
    return over < n ? n - over : n;
}

static int run_all(struct vio_blk *blk, uint64_t sector, uint64_t left,
                   const struct vio_blk_range_limits *limits,
                   enum blk_op_index op, bool unmap)
{
    struct vio_blk_queue *q = blk->queue;
    int err = 0;

    if (blk->info.read_only)
        return VIO_EROFS;
    if (limits->max_sectors == 0)
        return VIO_ENOTSUP;
    if (!blk_in_range(blk->info.capacity, sector, left))
        return VIO_ERANGE;
    while (!err && left) {
        uint32_t n = next_length(limits, sector, left);

        q->sync_range = (struct vio_blk_range){sector, n};
        vio_blk_prep_ranges(&q->sync, &q->sync_range, 1, op, unmap);
        err = vio_blk_run(blk, &q->sync);
        sector += n;
        left -= n;
    }
    return err;
}

int vio_blk_discard(struct vio_blk *blk, uint64_t sector, uint64_t n_sectors)
{
    return run_all(blk, sector, n_sectors, &blk->info.discard, BLK_DISCARD,
                   false);
}

int vio_blk_write_zeroes(struct vio_blk *blk, uint64_t sector,
                         uint64_t n_sectors, bool unmap)
{
    return run_all(blk, sector, n_sectors, &blk->info.write_zeroes,
                   BLK_WRITE_ZEROES, unmap);
}

int vio_blk_secure_erase(struct vio_blk *blk, uint64_t sector,
                         uint64_t n_sectors)
{
    return run_all(blk, sector, n_sectors, &blk->info.secure_erase,
                   BLK_SECURE_ERASE, false);
}
