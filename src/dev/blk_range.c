/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Discard, write-zeroes and secure erase of any number of sectors: one range a
 * request, none longer than the device takes, split where it is aligned.
 */
#include "../divide.h"
#include "blk_impl.h"

/* What is not to be divided, in sectors: zones when they are erased; and
 * blocks, of which devices refuse parts, though they are but hints (5.2.5). */
static uint32_t unit_of(const struct vio_blk_info *info, enum blk_op_index op)
{
    return op == BLK_SECURE_ERASE && info->zoned.zone_sectors
               ? info->zoned.zone_sectors
               : info->block_size / VIRTIO_BLK_SECTOR_SIZE;
}

/* A length that is cut, if it can be, to end on a multiple of `align`. */
static uint32_t cut(uint64_t sector, uint32_t n, uint32_t align)
{
    uint32_t over = vio_modulo(sector + n, align);

    return over < n ? n - over : n;
}

/* How much of the rest the next range covers. Where more follows it ends on the
 * device's alignment, if it is long enough for that, and with a whole unit. */
static uint32_t next_length(const struct vio_blk_info *info,
                            const struct vio_blk_range_limits *limits,
                            enum blk_op_index op, uint64_t sector,
                            uint64_t left)
{
    uint32_t n = limits->max_sectors, unit = unit_of(info, op);

    if (left <= n)
        return (uint32_t)left;
    if (limits->alignment % unit == 0)
        n = cut(sector, n, limits->alignment);
    return cut(sector, n, unit);
}

/* The whole of it is checked before any of it is done. */
static int check_whole(const struct vio_blk *blk, uint64_t sector, uint64_t n,
                       const struct vio_blk_range_limits *limits,
                       enum blk_op_index op)
{
    const struct vio_blk_info *info = &blk->info;
    bool erases = op == BLK_SECURE_ERASE;

    if (!blk_in_use(blk))
        return VIO_EBADSTATE;
    if (info->read_only)
        return VIO_EROFS;
    if (limits->max_sectors == 0 ||
        (erases && limits->max_sectors < info->zoned.zone_sectors))
        return VIO_ENOTSUP;
    if (!blk_in_range(info->capacity, sector, n))
        return VIO_ERANGE;
    return erases && !vio_blk_whole_zones(info, sector, n) ? VIO_EINVAL : 0;
}

static int run_all(struct vio_blk *blk, uint64_t sector, uint64_t left,
                   const struct vio_blk_range_limits *limits,
                   enum blk_op_index op, bool unmap)
{
    int err = check_whole(blk, sector, left, limits, op);
    struct vio_blk_queue *q = blk->queue;

    while (!err && left) {
        uint32_t n = next_length(&blk->info, limits, op, sector, left);

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
