/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the ways of queueing a request share.
 */
#ifndef VIO_SRC_DEV_BLK_QUEUE_H
#define VIO_SRC_DEV_BLK_QUEUE_H

#include "../virtq/shape.h"
#include "blk_impl.h"

/* Where what a slot has mapped is recorded. */
static inline struct vio_blk_map *blk_maps(const struct vio_blk_queue *q,
                                           size_t slot)
{
    return &q->map[slot * q->vq.shape_max_segs];
}

/* How much data there is, as far as one request goes. */
RING_INLINE int blk_measure(const struct vio_blk_info *info,
                            struct vio_blk_req *req)
{
    const struct vio_buf *buf = req->data;
    size_t bytes = 0;

    for (unsigned i = 0; i < req->n; i++) {
        size_t len = buf[i].len;

        if (len == 0)
            return VIO_EINVAL;
        if (len > info->max_bytes - bytes)
            return VIO_E2BIG;
        bytes += len;
    }
    req->bytes = (uint32_t)bytes;
    return bytes ? 0 : VIO_EINVAL;
}

/* 5.2.6.1: a multiple of 512 bytes, and nothing past the capacity. */
RING_INLINE int blk_check_sectors(const struct vio_blk_info *info,
                                  struct vio_blk_req *req)
{
    int err = blk_measure(info, req);

    if (err)
        return err;
    if (req->bytes % VIRTIO_BLK_SECTOR_SIZE)
        return VIO_EINVAL;
    return blk_in_range(info->capacity, req->sector,
                        req->bytes / VIRTIO_BLK_SECTOR_SIZE)
               ? 0
               : VIO_ERANGE;
}

/* Header and status of the slot that comes next. Of the header ioprio is
 * reserved, but a priority on legacy devices (5.2.6, 5.2.6.4). */
static inline void blk_stage_header(struct vio_blk_queue *q, uint32_t type,
                                    const struct vio_blk_req *req)
{
    unsigned slot = shape_next(&q->vq);
    uint32_t prio = q->vq.flags & VQ_LEGACY ? req->prio : 0;

    blk_write_header(&q->vq, &q->header[slot], &q->status[slot], type, prio,
                     req->sector);
}

/* Any request, and every error. (blk_req.c) */
int vio_blk_queue_any(struct vio_blk_queue *q, struct vio_blk_req *req);

/* The slot that was to come next, with so many segments, is not used after all.
 */
void vio_blk_undo(struct vio_blk_queue *q, unsigned n_segs);

#endif
