/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The synchronous calls: queue, submit and wait on a request of queue 0's own,
 * as often as the device's limits ask for.
 *
 * That request is not on the stack: where a device never answers and its reset
 * is never confirmed, it has to outlive the call.
 */
#include "../divide.h"
#include "blk_impl.h"

/* Stage a request; others may hold all the slots. */
static int stage(struct vio_blk *blk, struct vio_blk_req *req)
{
    int err;

    while ((err = vio_blk_queue(blk->queue, req)) == VIO_EAGAIN) {
        err = vio_blk_wait_slot(blk->queue, blk->cfg.timeout_ns);
        if (err < 0)
            break;
    }
    return err;
}

/* A device that does not answer or breaks the rules is reset, so that the
 * buffer is the caller's when the call returns; or the caller is told that it
 * may not be. */
static int abort_if_fatal(struct vio_blk *blk, struct vio_blk_req *req, int err)
{
    if (err != VIO_ETIMEDOUT && err != VIO_EPROTO)
        return err;
    if (vio_blk_freeze(blk) == VIO_ETIMEDOUT)
        err = VIO_ETIMEDOUT;
    vio_blk_hand_back(blk);
    if (req->state == VIO_BLK_DONE)
        vio_blk_wait(blk->queue, req, 0); /* out of the list again */
    return err;
}

int vio_blk_run(struct vio_blk *blk, struct vio_blk_req *req)
{
    int err;

    if (!blk_in_use(blk))
        return VIO_EBADSTATE;
    err = stage(blk, req);
    if (!err)
        err = vio_blk_wait(blk->queue, req, blk->cfg.timeout_ns);
    return abort_if_fatal(blk, req, err);
}

/* The most of `n` bytes that does not end within a block, or of a zone within
 * what is to be written at a time: devices refuse that. Where even one is too
 * long, whole sectors. */
static size_t whole_blocks(const struct vio_blk_info *info, size_t n)
{
    uint32_t unit = info->block_size;

    if (unit < info->zoned.write_granularity)
        unit = info->zoned.write_granularity;
    if (unit > n)
        unit = VIRTIO_BLK_SECTOR_SIZE;
    return n - vio_modulo(n, unit);
}

/* 5.2.6.2: where zones are written in sequence, no request goes on from one
 * into the next. */
static uint64_t to_end_of_zone(const struct vio_blk_info *info, uint64_t sector)
{
    uint32_t zone = info->zoned.zone_sectors;

    return info->zoned.model == VIRTIO_BLK_Z_HM
               ? zone - vio_modulo(sector, zone)
               : UINT64_MAX / VIRTIO_BLK_SECTOR_SIZE;
}

/* One request of at most *len bytes; *len becomes what it covered. */
static int transfer(struct vio_blk *blk, enum blk_op_index op, uint64_t sector,
                    void *buf, size_t *len)
{
    struct vio_blk_queue *q = blk->queue;
    uint64_t most = to_end_of_zone(&blk->info, sector) * VIRTIO_BLK_SECTOR_SIZE;
    size_t n = *len < most ? *len : (size_t)most;
    int err;

    if (n > blk->info.max_bytes)
        n = whole_blocks(&blk->info, blk->info.max_bytes);
    for (;;) {
        q->sync_buf = (struct vio_buf){buf, n};
        vio_blk_prep(&q->sync, sector, &q->sync_buf, 1, op);
        err = vio_blk_run(blk, &q->sync);
        /* The port may map in smaller parts than the limits allow for, and
         * its pool may have no room for all of it. */
        if ((err != VIO_E2BIG && err != VIO_EFAULT) ||
            n <= VIRTIO_BLK_SECTOR_SIZE)
            break;
        n = whole_blocks(&blk->info, n / 2);
    }
    *len = n;
    return err;
}

/* The whole of it is checked before any of it is done. */
static int check_whole(const struct vio_blk *blk, enum blk_op_index op,
                       uint64_t sector, uint64_t n)
{
    if (!blk_in_use(blk))
        return VIO_EBADSTATE;
    if (op == BLK_WRITE && blk->info.read_only)
        return VIO_EROFS;
    return blk_in_range(blk->info.capacity, sector, n) ? 0 : VIO_ERANGE;
}

static int transfer_all(struct vio_blk *blk, enum blk_op_index op,
                        uint64_t sector, unsigned char *buf, size_t len)
{
    int err = len % VIRTIO_BLK_SECTOR_SIZE
                  ? VIO_EINVAL
                  : check_whole(blk, op, sector, len / VIRTIO_BLK_SECTOR_SIZE);

    while (!err && len) {
        size_t n = len;

        err = transfer(blk, op, sector, buf, &n);
        sector += n / VIRTIO_BLK_SECTOR_SIZE;
        buf += n;
        len -= n;
    }
    return err;
}

int vio_blk_read(struct vio_blk *blk, uint64_t sector, void *buf, size_t len)
{
    return transfer_all(blk, BLK_READ, sector, buf, len);
}

int vio_blk_write(struct vio_blk *blk, uint64_t sector, const void *buf,
                  size_t len)
{
    /* A write only reads the buffer; struct vio_buf serves both directions. */
    return transfer_all(blk, BLK_WRITE, sector, (unsigned char *)(uintptr_t)buf,
                        len);
}

int vio_blk_flush(struct vio_blk *blk)
{
    int err;

    if (!blk_in_use(blk))
        return VIO_EBADSTATE;
    vio_blk_prep_flush(&blk->queue->sync);
    err = vio_blk_run(blk, &blk->queue->sync);
    /* What is in flight meanwhile was submitted to the cache that is there. */
    if (!err)
        blk->unflushed = false;
    return err;
}
