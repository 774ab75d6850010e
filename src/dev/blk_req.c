/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queueing any request: check it, map its memory, stage it.
 *
 * A request takes a slot of the queue. Header, status and small data of the
 * slot lie in memory of the queue that the device reaches; the caller's struct,
 * to which the slot's token points, does not.
 *
 * Spec: 5.2.6 Device Operation.
 */
#include "../divide.h"
#include "blk_queue.h"

#define REPORT_HEADER sizeof(struct virtio_blk_zone_report)
#define REPORT_ZONE   sizeof(struct virtio_blk_zone_descriptor)

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
    int err = blk_measure(info, req);

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
        err = blk_check_sectors(info, req);
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
        return blk_check_sectors(&blk->info, req);
    if ((op->feature != VIO_CONFIG_ALWAYS &&
         !vio_device_has(blk->dev, op->feature)) ||
        __atomic_load_n(&blk->disabled, __ATOMIC_RELAXED) >> req->op & 1)
        return VIO_ENOTSUP;
    return check_data(&blk->info, req, op);
}

void vio_blk_unmap(struct vio_blk_queue *q, unsigned slot, unsigned n_segs)
{
    const struct vio_env *env = q->blk->dev->env;
    const struct vio_blk_map *map;

    if (!q->map || !vio_dma_unmaps(env))
        return;
    map = blk_maps(q, slot);
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
    blk_maps(q, shape_next(&q->vq))[req->n_segs] =
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
        blk_maps(q, slot)[req->n_segs].base = NULL;
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

void vio_blk_undo(struct vio_blk_queue *q, unsigned n_segs)
{
    vio_blk_unmap(q, shape_next(&q->vq), n_segs);
    shape_abandon(&q->vq, n_segs);
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
        vio_blk_undo(q, req->n_segs);
    return err;
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

int vio_blk_queue_any(struct vio_blk_queue *q, struct vio_blk_req *req)
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
    blk_stage_header(q, op->type, req);
    shape_add(&q->vq, SHAPE_ONE, req->n_segs, writable_bytes(req, op), req);
    req->state = VIO_BLK_QUEUED;
    return 0;
}
