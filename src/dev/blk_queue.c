/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queueing: the short ways of reads and writes with nothing wrong with them,
 * and the long way of everything else (blk_req.c).
 *
 * Spec: 5.2.6 Device Operation.
 */
#include "blk_queue.h"

/* What the ways below say of a request that is not for them: nothing has
 * happened, and the long one knows why. */
#define LONG_WAY 1

/* A read, or a write to what may be written, that nobody has queued? */
static inline bool is_usual(const struct vio_blk_queue *q,
                            const struct vio_blk_req *req)
{
    return (blk_traits(req) & q->plain_mask) >> BLK_TRAITS_OP == 0 &&
           !shape_is_full(&q->vq);
}

/* Its segments are there, in a slot that is or will be made for so many; its
 * type is the operation. */
RING_INLINE int stage_sectors(struct vio_blk_queue *q, enum shape_way way,
                              struct vio_blk_req *req, unsigned n,
                              uint32_t bytes)
{
    unsigned op = req->op;

    blk_stage_header(q, op, req);
    shape_add(&q->vq, way, n, op == BLK_READ ? bytes : 0, req);
    req->state = VIO_BLK_QUEUED;
    return 0;
}

/* A read or a write of any number of buffers, each of them one segment, with
 * nothing wrong with it: which shows only when the segments are written. */
RING_INLINE int queue_buffers(struct vio_blk_queue *q, enum shape_way way,
                              struct vio_blk_req *req)
{
    const struct vio_blk_info *info = &q->blk->info;
    const struct vio_buf *buf = req->data;
    size_t n = req->n, size_max = info->size_max;
    uint64_t bytes = 0;
    struct shape_cursor c;

    if (!is_usual(q, req) || n - 1 >= info->max_segs)
        return LONG_WAY;
    c = shape_cursor(&q->vq, way, req->op != BLK_READ);
    for (; n && buf->len - 1 < size_max; n--, buf++) {
        bytes += buf->len;
        shape_put(&q->vq, way, &c,
                  (struct vio_sg){(uintptr_t)buf->base, (uint32_t)buf->len});
    }
    if (n || bytes > info->max_bytes || bytes % VIRTIO_BLK_SECTOR_SIZE ||
        !blk_in_range(info->capacity, req->sector,
                      bytes / VIRTIO_BLK_SECTOR_SIZE)) {
        shape_abandon(&q->vq, (unsigned)(req->n - n));
        return LONG_WAY;
    }
    return stage_sectors(q, way, req, req->n, (uint32_t)bytes);
}

/* Where the next segment goes, what is mapped for it, and where there may be no
 * more. */
struct mapper {
    struct shape_cursor segment;
    struct vio_blk_map *map;
    const struct vio_blk_map *end;
};

/* Have the port map a piece of the caller's memory: as many segments as
 * size_max and the port make of it. */
RING_INLINE int put_mapped(struct vio_blk_queue *q, enum shape_way way,
                           struct mapper *m, const struct vio_buf *buf,
                           enum vio_dir dir)
{
    const unsigned char *base = buf->base;
    size_t left = buf->len;

    while (left) {
        size_t len = q->blk->info.size_max;
        uint64_t addr;
        int err;

        if (m->map == m->end)
            return VIO_E2BIG;
        len = left < len ? left : len;
        err = vio_dma_map(q->blk->dev->env, base, &len, dir, &addr);
        if (err)
            return err;
        *m->map++ = (struct vio_blk_map){addr, base, len, dir};
        shape_put(&q->vq, way, &m->segment,
                  (struct vio_sg){addr, (uint32_t)len});
        base += len;
        left -= len;
    }
    return 0;
}

/* A read or a write, where the port maps. */
RING_INLINE int queue_mapped(struct vio_blk_queue *q, enum shape_way way,
                             struct vio_blk_req *req)
{
    enum vio_dir dir =
        req->op == BLK_READ ? VIO_DEVICE_WRITES : VIO_DEVICE_READS;
    const struct vio_buf *buf = req->data;
    struct vio_blk_map *maps;
    struct mapper m;
    int err = 0;

    if (!is_usual(q, req) || blk_check_sectors(&q->blk->info, req))
        return LONG_WAY;
    maps = blk_maps(q, shape_next(&q->vq));
    m = (struct mapper){shape_cursor(&q->vq, way, dir == VIO_DEVICE_READS),
                        maps, maps + q->blk->info.max_segs};
    for (unsigned i = 0; i < req->n && !err; i++)
        err = put_mapped(q, way, &m, &buf[i], dir);
    if (err) {
        vio_blk_undo(q, (unsigned)(m.map - maps));
        return err;
    }
    return stage_sectors(q, way, req, (unsigned)(m.map - maps), req->bytes);
}

/* Each compiled for both kinds of queue. */
RING_APART int queue_made(struct vio_blk_queue *q, struct vio_blk_req *req)
{
    return q->map ? queue_mapped(q, SHAPE_MADE, req)
                  : queue_buffers(q, SHAPE_MADE, req);
}

RING_APART int queue_listed(struct vio_blk_queue *q, struct vio_blk_req *req)
{
    return q->map ? queue_mapped(q, SHAPE_LISTED, req)
                  : queue_buffers(q, SHAPE_LISTED, req);
}

/* What is not plain. */
RING_APART int queue_other(struct vio_blk_queue *q, struct vio_blk_req *req)
{
    int err = queue_made(q, req);

    return err == LONG_WAY ? vio_blk_queue_any(q, req) : err;
}

/* A queue in which nothing is: without tables in a packed ring, or broken. */
RING_APART int queue_unusual(struct vio_blk_queue *q, struct vio_blk_req *req)
{
    int err = LONG_WAY;

    if (shape_is_listed(&q->vq) && !ring_broken(&q->vq))
        err = queue_listed(q, req);
    return err == LONG_WAY ? vio_blk_queue_any(q, req) : err;
}

/* The length in sectors, if it is a multiple of one, and else too many. */
static inline size_t in_sectors(size_t len)
{
    return len >> 9 | len << (8 * sizeof len - 9);
}

/* The header of the slot that comes next, without a status, without a priority,
 * and of a type that is the operation. */
RING_INLINE void write_plain_header(struct vio_blk_queue *q, uint64_t op,
                                    uint64_t sector)
{
    uint64_t *h = (uint64_t *)(void *)&q->header[shape_next(&q->vq)];

    vio_shared_store64(&h[0], ring64(&q->vq, op));
    vio_shared_store64(&h[1], ring64(&q->vq, sector));
}

/*
 * The usual request: a read or a write of one buffer that is one segment, with
 * nothing wrong with it, and with a slot that the last one of its kind has left
 * made for it. All that is checked for it is checked here; what does not pass
 * goes the long way, which knows why.
 */
static inline bool is_plain(const struct vio_blk_queue *q,
                            const struct vio_blk_req *req, size_t op)
{
    const struct vio_buf *buf = req->data;
    size_t sectors;

    if ((blk_traits(req) & q->plain_mask) != BLK_TRAITS_READ)
        return false;
    /* What is no multiple of a sector becomes a number without measure. */
    sectors = in_sectors(buf->len);
    return sectors - 1 < q->plain_sectors &&
           req->sector <= q->capacity - sectors && shape_fits_one(&q->vq, op);
}

RING_INLINE int queue_plain(struct vio_blk_queue *q, struct vio_blk_req *req,
                            bool packed)
{
    const struct vio_buf *buf = req->data;
    size_t slot = shape_next(&q->vq), op = ring_index(req->op);

    if (!is_plain(q, req, op))
        return queue_other(q, req);
    write_plain_header(q, op, req->sector);
    shape_add_one(&q->vq, packed,
                  (struct vio_sg){(uintptr_t)buf->base, (uint32_t)buf->len}, op,
                  req);
    /* Bytes come last: to the compiler they might be anything, and all that was
     * read before would have to be read anew. */
    vio_shared_store8(&q->status[slot], BLK_STATUS_UNWRITTEN);
    req->state = VIO_BLK_QUEUED;
    return 0;
}

int vio_blk_queue(struct vio_blk_queue *q, struct vio_blk_req *req)
{
    uint32_t state = ring_state(&q->vq);

    DEBUG_OWN(&q->vq);
    if (req->state != VIO_BLK_QUEUED) /* else an error says so */
        debug_adding(&q->vq, req);
    if (RING_SMALL)
        return vio_blk_queue_any(q, req);
    if (!(state & (VQ_BROKEN | VQ_PACKED)))
        return queue_plain(q, req, false);
    return state & (VQ_BROKEN | VQ_LISTED) ? queue_unusual(q, req)
                                           : queue_plain(q, req, true);
}

int vio_blk_submit(struct vio_blk_queue *q)
{
    vio_virtq_kick(&q->vq);
    return ring_broken(&q->vq) ? VIO_EPROTO : 0;
}
