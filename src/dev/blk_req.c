/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queueing a request: check it, map its memory, stage it.
 *
 * A request takes a slot of the queue. Header, status and small data of the
 * slot lie in memory of the queue that the device reaches; the caller's struct,
 * to which the slot's token points, does not.
 *
 * Spec: 5.2.6 Device Operation.
 */
#include "../divide.h"
#include "../virtq/shape.h"
#include "blk_impl.h"

#define REPORT_HEADER sizeof(struct virtio_blk_zone_report)
#define REPORT_ZONE   sizeof(struct virtio_blk_zone_descriptor)

/* How much data there is, as far as one request goes. */
RING_INLINE int measure(const struct vio_blk_info *info, struct vio_blk_req *req)
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
RING_INLINE int check_sectors(const struct vio_blk_info *info,
                              struct vio_blk_req *req)
{
    int err = measure(info, req);

    if (err)
        return err;
    if (req->bytes % VIRTIO_BLK_SECTOR_SIZE)
        return VIO_EINVAL;
    return blk_in_range(info->capacity, req->sector,
                        req->bytes / VIRTIO_BLK_SECTOR_SIZE)
               ? 0
               : VIO_ERANGE;
}

/* 5.2.6.2: the beginning of a zone, in units of the device's granularity, and
 * no more than it takes. */
static int check_append(const struct vio_blk_info *info,
                        const struct vio_blk_req *req)
{
    const struct vio_blk_zoned *z = &info->zoned;

    if (z->max_append_sectors == 0)
        return VIO_ENOTSUP;
    if (req->bytes / VIRTIO_BLK_SECTOR_SIZE > z->max_append_sectors)
        return VIO_E2BIG;
    return vio_modulo(req->bytes, z->write_granularity) ? VIO_EINVAL : 0;
}

/* 5.2.6.2: what acts on one zone names its first sector. */
static int check_zone(const struct vio_blk_info *info,
                      const struct vio_blk_req *req)
{
    if (info->zoned.model == VIRTIO_BLK_Z_NONE)
        return VIO_ENOTSUP;
    if (req->sector >= info->capacity)
        return VIO_ERANGE;
    if (req->op != BLK_ZONE_REPORT && req->op != BLK_ZONE_RESET_ALL &&
        vio_modulo(req->sector, info->zoned.zone_sectors))
        return VIO_EINVAL;
    return req->op == BLK_ZONE_APPEND ? check_append(info, req) : 0;
}

static const struct vio_blk_range_limits *
limits_of(const struct vio_blk_info *info, const struct vio_blk_req *req)
{
    return req->op == BLK_DISCARD        ? &info->discard
           : req->op == BLK_WRITE_ZEROES ? &info->write_zeroes
                                         : &info->secure_erase;
}

bool vio_blk_whole_zones(const struct vio_blk_info *info, uint64_t sector,
                         uint64_t n_sectors)
{
    uint32_t zone = info->zoned.zone_sectors;

    return zone == 0 ||
           (vio_modulo(sector, zone) == 0 && vio_modulo(n_sectors, zone) == 0);
}

static int check_ranges(const struct vio_blk_info *info,
                        struct vio_blk_req *req)
{
    const struct vio_blk_range_limits *limits = limits_of(info, req);
    const struct vio_blk_range *range = req->data;

    if (req->n == 0)
        return VIO_EINVAL;
    if (limits->max_sectors == 0)
        return VIO_ENOTSUP;
    if (req->n > limits->max_ranges)
        return VIO_E2BIG;
    for (unsigned i = 0; i < req->n; i++) {
        if (range[i].n_sectors == 0)
            return VIO_EINVAL;
        if (range[i].n_sectors > limits->max_sectors)
            return VIO_E2BIG;
        if (!blk_in_range(info->capacity, range[i].sector, range[i].n_sectors))
            return VIO_ERANGE;
        if (req->op == BLK_SECURE_ERASE &&
            !vio_blk_whole_zones(info, range[i].sector, range[i].n_sectors))
            return VIO_EINVAL;
    }
    req->bytes =
        req->n * (uint32_t)sizeof(struct virtio_blk_discard_write_zeroes);
    return 0;
}

static int check_report(const struct vio_blk_info *info,
                        struct vio_blk_req *req)
{
    int err = measure(info, req);

    if (err)
        return err;
    return req->bytes < REPORT_HEADER + REPORT_ZONE ||
                   (req->bytes - REPORT_HEADER) % REPORT_ZONE
               ? VIO_EINVAL
               : 0;
}

static int check_command(const struct vio_blk_info *info,
                         struct vio_blk_req *req)
{
    const struct vio_blk_scsi *scsi = req->data;

    if (scsi->cmd.len == 0 || scsi->sense.len != VIRTIO_BLK_SCSI_SENSE_BYTES)
        return VIO_EINVAL;
    if (scsi->cmd.len > info->max_bytes || scsi->data.len > info->max_bytes)
        return VIO_E2BIG;
    req->bytes = (uint32_t)scsi->data.len;
    return 0;
}

/* The data of everything but reads and writes. */
static int check_data(const struct vio_blk_info *info, struct vio_blk_req *req,
                      const struct blk_op *op)
{
    int err = 0;

    switch (op->data) {
    case BLK_SECTORS:
        err = check_sectors(info, req);
        break;
    case BLK_RANGES:
        return check_ranges(info, req);
    case BLK_REPORT:
        err = check_report(info, req);
        break;
    case BLK_COMMAND:
        return check_command(info, req);
    }
    return err || op->feature != VIRTIO_BLK_F_ZONED ? err
                                                    : check_zone(info, req);
}

static inline int check(const struct vio_blk_queue *q, struct vio_blk_req *req,
                        const struct blk_op *op)
{
    const struct vio_blk *blk = q->blk;

    if (req->state != VIO_BLK_IDLE)
        return VIO_EBUSY;
    if (ring_broken(&q->vq))
        return blk->dev->state == VIO_DEVICE_RUNNING ? VIO_EPROTO
                                                     : VIO_EBADSTATE;
    if (op->modifies && blk->info.read_only)
        return VIO_EROFS;
    if (req->op <= BLK_WRITE) /* the usual */
        return check_sectors(&blk->info, req);
    if ((op->feature != VIO_CONFIG_ALWAYS &&
         !vio_device_has(blk->dev, op->feature)) ||
        __atomic_load_n(&blk->disabled, __ATOMIC_RELAXED) >> req->op & 1)
        return VIO_ENOTSUP;
    return check_data(&blk->info, req, op);
}

/* Where what a slot has mapped is recorded. */
static inline struct vio_blk_map *slot_maps(const struct vio_blk_queue *q,
                                            size_t slot)
{
    return &q->map[slot * q->vq.shape_max_segs];
}

void vio_blk_unmap(struct vio_blk_queue *q, unsigned slot, unsigned n_segs)
{
    const struct vio_env *env = q->blk->dev->env;
    const struct vio_blk_map *map;

    if (!q->map || !vio_dma_unmaps(env))
        return;
    map = slot_maps(q, slot);
    for (unsigned k = 0; k < n_segs; k++)
        if (map[k].base)
            vio_dma_unmap(env, map[k].addr, map[k].base, map[k].len,
                          (enum vio_dir)map[k].dir);
}

/* Where the device finds the front of a piece of memory, and how much of it. */
static int map_front(struct vio_blk_queue *q, const struct vio_blk_req *req,
                     const void *base, size_t *len, enum vio_dir dir,
                     uint64_t *addr)
{
    int err;

    if (!q->map) {
        *addr = (uintptr_t)base;
        return 0;
    }
    err = vio_dma_map(q->blk->dev->env, base, len, dir, addr);
    if (err)
        return err;
    slot_maps(q, shape_next(&q->vq))[req->n_segs] =
        (struct vio_blk_map){*addr, base, *len, dir};
    return 0;
}

/* Make segments of one piece of memory: as many as size_max and the port's
 * mapping take. */
static int add_piece(struct vio_blk_queue *q, struct vio_blk_req *req,
                     const struct vio_buf *buf, enum vio_dir dir, bool is_last)
{
    const struct vio_blk_info *info = &q->blk->info;
    unsigned max = blk_op(req)->data == BLK_COMMAND ? q->vq.shape_max_segs
                                                    : info->max_segs;
    const unsigned char *base = buf->base;
    size_t left = buf->len;

    while (left) {
        size_t len = left < info->size_max ? left : info->size_max;
        uint64_t addr;
        int err;

        if (req->n_segs == max)
            return VIO_E2BIG;
        err = map_front(q, req, base, &len, dir, &addr);
        if (err)
            return err;
        base += len;
        left -= len;
        shape_segment(&q->vq, req->n_segs++,
                      (struct vio_sg){addr, (uint32_t)len},
                      dir == VIO_DEVICE_WRITES, is_last && !left);
    }
    return 0;
}

/* The slot's own memory as the last segment. */
static int add_extra(struct vio_blk_queue *q, struct vio_blk_req *req,
                     uint32_t len, enum vio_dir dir)
{
    unsigned slot = shape_next(&q->vq);
    uint64_t addr = q->extra_addr + (uint64_t)slot * q->extra_len;

    if (req->n_segs == q->vq.shape_max_segs)
        return VIO_E2BIG;
    if (q->map)
        slot_maps(q, slot)[req->n_segs].base = NULL;
    shape_segment(&q->vq, req->n_segs++, (struct vio_sg){addr, len},
                  dir == VIO_DEVICE_WRITES, true);
    return 0;
}

static int add_buffers(struct vio_blk_queue *q, struct vio_blk_req *req,
                       const struct blk_op *op)
{
    const struct vio_buf *buf = req->data;
    enum vio_dir dir = op->device_writes ? VIO_DEVICE_WRITES : VIO_DEVICE_READS;
    int err = 0;

    for (unsigned i = 0; i < req->n && !err; i++)
        err = add_piece(q, req, &buf[i], dir, i + 1 == req->n && !op->answer);
    return err;
}

/* Copied to the slot, in the device's form. */
static int add_ranges(struct vio_blk_queue *q, struct vio_blk_req *req)
{
    const struct vio_blk_range *range = req->data;
    bool unmap = req->unmap && q->blk->info.write_zeroes_may_unmap;
    struct virtio_blk_discard_write_zeroes *seg =
        (void *)(q->extra + (size_t)shape_next(&q->vq) * q->extra_len);

    for (unsigned i = 0; i < req->n; i++) {
        vio_shared_store64(&seg[i].sector, ring64(&q->vq, range[i].sector));
        vio_shared_store32(&seg[i].num_sectors,
                           ring32(&q->vq, range[i].n_sectors));
        /* 5.2.6.1: of a discard the unmap flag is 0. */
        vio_shared_store32(
            &seg[i].flags,
            ring32(&q->vq, unmap ? VIRTIO_BLK_WRITE_ZEROES_UNMAP : 0));
    }
    return add_extra(q, req, req->bytes, VIO_DEVICE_READS);
}

/* Memory that has to be one segment. */
static int add_whole(struct vio_blk_queue *q, struct vio_blk_req *req,
                     const struct vio_buf *buf, enum vio_dir dir)
{
    unsigned before = req->n_segs;
    int err = add_piece(q, req, buf, dir, false);

    return !err && req->n_segs != before + 1 ? VIO_E2BIG : err;
}

/* 5.2.6.4: command, data, sense and the rest each in descriptors of their own;
 * data that the device writes comes after everything it reads anyway. */
static int add_command(struct vio_blk_queue *q, struct vio_blk_req *req)
{
    const struct vio_blk_scsi *scsi = req->data;
    enum vio_dir dir =
        scsi->device_writes ? VIO_DEVICE_WRITES : VIO_DEVICE_READS;
    int err = add_whole(q, req, &scsi->cmd, VIO_DEVICE_READS);

    if (!err)
        err = add_piece(q, req, &scsi->data, dir, false);
    if (!err)
        err = add_whole(q, req, &scsi->sense, VIO_DEVICE_WRITES);
    return err;
}

/* The slot is not used after all. */
static void undo(struct vio_blk_queue *q, unsigned n_segs)
{
    vio_blk_unmap(q, shape_next(&q->vq), n_segs);
    shape_abandon(&q->vq);
}

/* All segments of a request. Everything before shape_add() can fail, and leaves
 * nothing behind. */
static int add_data(struct vio_blk_queue *q, struct vio_blk_req *req,
                    const struct blk_op *op)
{
    int err = 0;

    req->n_segs = 0;
    if (op->data == BLK_SECTORS || op->data == BLK_REPORT)
        err = add_buffers(q, req, op);
    else if (op->data == BLK_RANGES)
        err = add_ranges(q, req);
    else if (op->data == BLK_COMMAND)
        err = add_command(q, req);
    if (!err && op->answer)
        err = add_extra(q, req, op->answer, VIO_DEVICE_WRITES);
    if (err)
        undo(q, req->n_segs);
    return err;
}

/* Header and status of the slot that comes next. */
static inline void write_header(struct vio_blk_queue *q, uint32_t type,
                                uint32_t prio, uint64_t sector)
{
    unsigned slot = shape_next(&q->vq);

    blk_write_header(&q->vq, &q->header[slot], &q->status[slot], type, prio,
                     sector);
}

/* The same without a status, without a priority, and of a type that is the
 * operation. */
RING_INLINE void write_plain_header(struct vio_blk_queue *q, uint64_t op,
                                    uint64_t sector)
{
    uint64_t *h = (uint64_t *)(void *)&q->header[shape_next(&q->vq)];

    vio_shared_store64(&h[0], ring64(&q->vq, op));
    vio_shared_store64(&h[1], ring64(&q->vq, sector));
}

/* 5.2.6: reserved, but a priority on legacy devices (5.2.6.4). */
static uint32_t priority(const struct vio_blk_queue *q,
                         const struct vio_blk_req *req)
{
    return q->vq.flags & VQ_LEGACY ? req->prio : 0;
}

/* How much the device may write besides the status. */
static uint32_t writable_bytes(const struct vio_blk_req *req,
                               const struct blk_op *op)
{
    uint32_t bytes = op->answer;

    if (op->device_writes)
        bytes += req->bytes;
    if (op->data == BLK_COMMAND) {
        const struct vio_blk_scsi *scsi = req->data;

        bytes += VIRTIO_BLK_SCSI_SENSE_BYTES;
        bytes += scsi->device_writes ? req->bytes : 0;
    }
    return bytes;
}

/* Is there anything that a flush makes durable? */
static bool has_to_flush(const struct vio_blk *blk)
{
    return blk->info.writeback ||
           (blk->unflushed && vio_device_has(blk->dev, VIRTIO_BLK_F_FLUSH));
}

/* Any request, and every error. */
static __attribute__((noinline)) int queue_any(struct vio_blk_queue *q,
                                               struct vio_blk_req *req)
{
    const struct blk_op *op = blk_op(req);
    int err = check(q, req, op);

    if (err)
        return err;
    if (req->op == BLK_FLUSH && !has_to_flush(q->blk)) {
        vio_blk_finish(q, req, 0); /* what was written is durable already */
        return 0;
    }
    if (shape_is_full(&q->vq))
        return VIO_EAGAIN;
    err = add_data(q, req, op);
    if (err)
        return err;
    write_header(q, op->type, priority(q, req), req->sector);
    shape_add(&q->vq, SHAPE_SEGMENTS, req->n_segs, writable_bytes(req, op),
              req);
    req->state = VIO_BLK_QUEUED;
    return 0;
}

/* What the ways below say of a request that is not for them: nothing has
 * happened, and queue_any() knows why. */
#define LONG_WAY 1

/* A read, or a write to what may be written, that nobody has queued? */
static inline bool is_usual(const struct vio_blk_queue *q,
                            const struct vio_blk_req *req)
{
    return (blk_traits(req) & q->plain_mask) >> BLK_TRAITS_OP == 0 &&
           !shape_is_full(&q->vq);
}

/* Its segments are there, in a slot that is or will be made for so many. */
RING_INLINE int stage_sectors(struct vio_blk_queue *q, struct vio_blk_req *req,
                              unsigned n, uint32_t bytes)
{
    unsigned op = req->op;

    write_header(q, op, priority(q, req), req->sector);
    shape_add(&q->vq, SHAPE_PUT, n, op == BLK_READ ? bytes : 0, req);
    req->state = VIO_BLK_QUEUED;
    return 0;
}

/* A read or a write of several buffers, each of them one segment, with nothing
 * wrong with it: which shows only when the segments are written. */
RING_APART int queue_buffers(struct vio_blk_queue *q, struct vio_blk_req *req)
{
    const struct vio_blk_info *info = &q->blk->info;
    const struct vio_buf *buf = req->data;
    size_t n = req->n, size_max = info->size_max;
    uint64_t bytes = 0;
    struct shape_cursor c;

    if (!is_usual(q, req) || n - 1 >= info->max_segs)
        return LONG_WAY;
    c = shape_cursor(&q->vq, shape_next(&q->vq));
    for (; n && buf->len - 1 < size_max; n--, buf++) {
        bytes += buf->len;
        shape_put(&q->vq, &c,
                  (struct vio_sg){(uintptr_t)buf->base, (uint32_t)buf->len});
    }
    if (n || bytes > info->max_bytes || bytes % VIRTIO_BLK_SECTOR_SIZE ||
        !blk_in_range(info->capacity, req->sector,
                      bytes / VIRTIO_BLK_SECTOR_SIZE)) {
        shape_abandon(&q->vq);
        return LONG_WAY;
    }
    return stage_sectors(q, req, req->n, (uint32_t)bytes);
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
RING_INLINE int put_mapped(struct vio_blk_queue *q, struct mapper *m,
                           const struct vio_buf *buf, enum vio_dir dir)
{
    const unsigned char *base = buf->base, *end = base + buf->len;

    while (base != end) {
        size_t left = (size_t)(end - base), len = q->blk->info.size_max;
        uint64_t addr;
        int err;

        if (m->map == m->end)
            return VIO_E2BIG;
        len = left < len ? left : len;
        err = vio_dma_map(q->blk->dev->env, base, &len, dir, &addr);
        if (err)
            return err;
        *m->map++ = (struct vio_blk_map){addr, base, len, dir};
        shape_put(&q->vq, &m->segment, (struct vio_sg){addr, (uint32_t)len});
        base += len;
    }
    return 0;
}

/* A read or a write, where the port maps. */
RING_APART int queue_mapped(struct vio_blk_queue *q, struct vio_blk_req *req)
{
    enum vio_dir dir =
        req->op == BLK_READ ? VIO_DEVICE_WRITES : VIO_DEVICE_READS;
    const struct vio_buf *buf = req->data, *end = buf + req->n;
    struct vio_blk_map *maps = slot_maps(q, shape_next(&q->vq));
    struct mapper m = {.map = maps, .end = maps + q->blk->info.max_segs};
    int err = 0;

    if (!is_usual(q, req) || check_sectors(&q->blk->info, req))
        return LONG_WAY;
    m.segment = shape_cursor(&q->vq, shape_next(&q->vq));
    for (; buf != end && !err; buf++)
        err = put_mapped(q, &m, buf, dir);
    if (err) {
        undo(q, (unsigned)(m.map - maps));
        return err;
    }
    return stage_sectors(q, req, (unsigned)(m.map - maps), req->bytes);
}

/* What is not plain. */
RING_APART int queue_other(struct vio_blk_queue *q, struct vio_blk_req *req)
{
    int err = LONG_WAY;

    if (!shape_is_listed(&q->vq))
        err = q->map ? queue_mapped(q, req) : queue_buffers(q, req);
    return err == LONG_WAY ? queue_any(q, req) : err;
}

/* The length in sectors, if it is a multiple of one, and else too many. */
static inline size_t in_sectors(size_t len)
{
    return len >> 9 | len << (8 * sizeof len - 9);
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
    if (RING_SMALL)
        return queue_any(q, req);
    if (!(state & (VQ_BROKEN | VQ_PACKED)))
        return queue_plain(q, req, false);
    return state & VQ_BROKEN ? queue_any(q, req) : queue_plain(q, req, true);
}

int vio_blk_submit(struct vio_blk_queue *q)
{
    vio_virtq_kick(&q->vq);
    return ring_broken(&q->vq) ? VIO_EPROTO : 0;
}
