/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The synchronous calls: queue, submit and wait on a request of the queue's
 * own, as often as the device's limits ask for.
 *
 * That request is not on the stack: where a device never answers and its reset
 * is never confirmed, it has to outlive the call.
 */
#include "blk_impl.h"

/* Wait for the queue's own request. A device that does not answer, or breaks
 * the rules, is reset, so that the buffer is the caller's when the call
 * returns. */
static int run(struct vio_blk *blk)
{
    struct vio_blk_queue *q = &blk->queue;
    int err = vio_blk_wait(q, &q->sync, blk->timeout_ns);

    if (q->sync.state == VIO_BLK_QUEUED)
        vio_blk_abort(blk);
    return err;
}

/* Stage the queue's own request; others may hold all the slots. */
static int stage(struct vio_blk *blk)
{
    struct vio_blk_queue *q = &blk->queue;
    int err;

    while ((err = vio_blk_queue(q, &q->sync)) == VIO_EAGAIN) {
        err = vio_blk_wait_any(q, blk->timeout_ns);
        if (err < 0)
            break;
    }
    return err;
}

/* One request of at most *len bytes; *len becomes what it covered. */
static int transfer(struct vio_blk *blk, bool is_write, uint64_t sector,
                    void *buf, size_t *len)
{
    struct vio_blk_queue *q = &blk->queue;
    size_t n = *len < blk->info.max_bytes ? *len : blk->info.max_bytes;
    int err;

    for (;;) {
        q->sync_buf = (struct vio_buf){buf, n};
        if (is_write)
            vio_blk_prep_write(&q->sync, sector, &q->sync_buf, 1);
        else
            vio_blk_prep_read(&q->sync, sector, &q->sync_buf, 1);
        err = stage(blk);
        /* The port may map in smaller parts than the limits allow for. */
        if (err != VIO_E2BIG || n <= VIRTIO_BLK_SECTOR_SIZE)
            break;
        n = n / 2 - n / 2 % VIRTIO_BLK_SECTOR_SIZE;
    }
    *len = n;
    return err ? err : run(blk);
}

/* The whole of it is checked before any of it is moved. */
static int check_whole(const struct vio_blk *blk, bool is_write,
                       uint64_t sector, size_t len)
{
    uint64_t n = len / VIRTIO_BLK_SECTOR_SIZE;

    if (len % VIRTIO_BLK_SECTOR_SIZE)
        return VIO_EINVAL;
    if (is_write && blk->info.read_only)
        return VIO_EROFS;
    return n <= blk->info.capacity && sector <= blk->info.capacity - n
               ? 0
               : VIO_ERANGE;
}

static int transfer_all(struct vio_blk *blk, bool is_write, uint64_t sector,
                        unsigned char *buf, size_t len)
{
    int err = check_whole(blk, is_write, sector, len);

    while (!err && len) {
        size_t n = len;

        err = transfer(blk, is_write, sector, buf, &n);
        sector += n / VIRTIO_BLK_SECTOR_SIZE;
        buf += n;
        len -= n;
    }
    return err;
}

int vio_blk_read(struct vio_blk *blk, uint64_t sector, void *buf, size_t len)
{
    return transfer_all(blk, false, sector, buf, len);
}

int vio_blk_write(struct vio_blk *blk, uint64_t sector, const void *buf,
                  size_t len)
{
    /* A write only reads the buffer; struct vio_buf serves both directions. */
    return transfer_all(blk, true, sector, (unsigned char *)(uintptr_t)buf,
                        len);
}

int vio_blk_flush(struct vio_blk *blk)
{
    int err;

    vio_blk_prep_flush(&blk->queue.sync);
    err = stage(blk);
    return err ? err : run(blk);
}
