/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests that are done: what became of them.
 *
 * Spec: 5.2.6 Device Operation.
 */
#include "../virtq/shape_take.h"
#include "blk_impl.h"

void vio_blk_finish(struct vio_blk_queue *q, struct vio_blk_req *req,
                    int result)
{
    req->result = result;
    req->state = VIO_BLK_DONE;
    req->next = NULL;
    *q->done_last = req;
    q->done_last = &req->next;
}

/* 5.2.6: a report tells of the zones that were transferred. */
static bool covers_zones(const struct vio_buf *report, uint32_t written)
{
    uint64_t zones = vio_blk_zone_count(report);

    return written > sizeof(struct virtio_blk_zone_report) +
                         zones * sizeof(struct virtio_blk_zone_descriptor);
}

/*
 * Did the device write what it says it did? What lies past the used length was
 * not written (2.7.8.2). A report may be shorter than its buffer; a legacy
 * length means nothing (5.2.6.4).
 */
static bool covers(const struct vio_blk_queue *q, const struct vio_blk_req *req,
                   const struct shape_done *done)
{
    if (q->vq.flags & VQ_LEGACY)
        return true;
    if (blk_op(req)->data == BLK_REPORT)
        return covers_zones(req->data, done->len);
    return done->whole;
}

/* An operation that the device did not know in spite of its features is not
 * tried again. Another queue may note one at the same time: what is lost then
 * is noted the next time. */
static int unsupported(struct vio_blk_queue *q, const struct vio_blk_req *req)
{
    uint32_t *disabled = &q->blk->disabled;

    if (blk_op(req)->feature != VIO_CONFIG_ALWAYS)
        __atomic_store_n(disabled,
                         __atomic_load_n(disabled, __ATOMIC_RELAXED) |
                             1u << req->op,
                         __ATOMIC_RELAXED);
    return VIO_ENOTSUP;
}

static int result_of(struct vio_blk_queue *q, const struct vio_blk_req *req,
                     unsigned status, const struct shape_done *done)
{
    bool zoned = vio_device_has(q->blk->dev, VIRTIO_BLK_F_ZONED);

    if (status == VIRTIO_BLK_S_OK)
        return covers(q, req, done) ? 0 : VIO_EPROTO;
    if (status == VIRTIO_BLK_S_UNSUPP)
        return unsupported(q, req);
    if (zoned && status >= VIRTIO_BLK_S_ZONE_INVALID_CMD &&
        status <= VIRTIO_BLK_S_ZONE_ACTIVE_RESOURCE)
        return VIO_EZONE;
    return VIO_EIO;
}

/* The device's answers lie in the slot's own memory, and are copied out once.
 */
static int take_id(const unsigned char *extra, struct vio_blk_req *req)
{
    char *id = req->out;

    for (unsigned i = 0; i < VIRTIO_BLK_ID_BYTES; i++)
        id[i] = (char)vio_shared_load8(&extra[i]);
    id[VIRTIO_BLK_ID_BYTES] = '\0';
    return 0;
}

static uint16_t answer16(const struct vio_virtq *vq, const unsigned char *p)
{
    return ring16(vq, vio_shared_load16((const uint16_t *)(const void *)p));
}

static uint32_t answer32(const struct vio_virtq *vq, const unsigned char *p)
{
    return ring32(vq, vio_shared_load32((const uint32_t *)(const void *)p));
}

static uint64_t answer64(const struct vio_virtq *vq, const unsigned char *p)
{
    uint64_t first = answer32(vq, p), second = answer32(vq, p + 4);

    /* Guest-endian only where that is legacy. */
    return VIO_BIG_ENDIAN && !ring_swaps(vq) ? first << 32 | second
                                             : second << 32 | first;
}

/* What the specification reserves is taken as 'not defined'. */
static uint8_t at_most(uint16_t value, unsigned last)
{
    return value <= last ? (uint8_t)value : 0;
}

static int take_lifetime(const struct vio_virtq *vq, const unsigned char *extra,
                         struct vio_blk_req *req)
{
    struct vio_blk_lifetime *lifetime = req->out;

    lifetime->pre_eol =
        at_most(answer16(vq, extra), VIRTIO_BLK_PRE_EOL_INFO_URGENT);
    lifetime->slc_tenth =
        at_most(answer16(vq, extra + 2), VIRTIO_BLK_LIFETIME_EXCEEDED);
    lifetime->mlc_tenth =
        at_most(answer16(vq, extra + 4), VIRTIO_BLK_LIFETIME_EXCEEDED);
    return 0;
}

/* 5.2.6.2: where the data landed, which must be in the zone. */
static int take_append(const struct vio_blk_queue *q,
                       const unsigned char *extra, struct vio_blk_req *req)
{
    uint64_t where = answer64(&q->vq, extra);

    if (where < req->sector ||
        where - req->sector >= q->blk->info.zoned.zone_sectors)
        return VIO_EPROTO;
    *(uint64_t *)req->out = where;
    return 0;
}

static int take_scsi(const struct vio_virtq *vq, const unsigned char *extra,
                     struct vio_blk_req *req)
{
    struct vio_blk_scsi *scsi = req->out;
    uint32_t sense_len =
        answer32(vq, extra + offsetof(struct virtio_scsi_inhdr, sense_len));
    uint32_t residual =
        answer32(vq, extra + offsetof(struct virtio_scsi_inhdr, residual));

    scsi->errors = answer32(vq, extra);
    scsi->sense_len = sense_len <= VIRTIO_BLK_SCSI_SENSE_BYTES
                          ? sense_len
                          : VIRTIO_BLK_SCSI_SENSE_BYTES;
    scsi->residual = residual <= req->bytes ? residual : req->bytes;
    return 0;
}

static int take_answer(struct vio_blk_queue *q, unsigned slot,
                       struct vio_blk_req *req)
{
    const unsigned char *extra = q->extra + (size_t)slot * q->extra_len;

    switch (req->op) {
    case BLK_GET_ID:
        return take_id(extra, req);
    case BLK_GET_LIFETIME:
        return take_lifetime(&q->vq, extra, req);
    case BLK_ZONE_APPEND:
        return take_append(q, extra, req);
    default:
        return take_scsi(&q->vq, extra, req);
    }
}

/* What became of a request. */
static int judge(struct vio_blk_queue *q, struct vio_blk_req *req,
                 unsigned status, const struct shape_done *done)
{
    int result = result_of(q, req, status, done);

    if (result == 0 && blk_op(req)->answer)
        result = take_answer(q, done->slot, req);
    if (result == VIO_EPROTO)
        q->protocol_errors++;
    return result;
}

int vio_blk_look(struct vio_blk_queue *q)
{
    return ring_broken(&q->vq) ? VIO_EPROTO : shape_look(&q->vq);
}

int vio_blk_take(struct vio_blk_queue *q, unsigned status,
                 struct vio_blk_req **req, int *result)
{
    struct shape_done done;
    int taken = shape_take(&q->vq, &done);

    if (taken < 0)
        return taken;
    *req = done.token;
    if (status == BLK_STATUS_UNREAD)
        status = vio_shared_load8(&q->status[done.slot]);
    /* Before it is judged: of a report that looks at what the port brings. */
    if (q->map)
        vio_blk_unmap(q, done.slot, shape_n_segs(&q->vq, done.slot));
    if (blk_op(*req)->answer)
        shape_unmake(&q->vq, done.slot);
    *result = judge(q, *req, status, &done);
    return 1;
}
