/* SPDX-License-Identifier: BSD-2-Clause */
#include "shape.h"

/* Slot s owns table s. In a split table each entry links to the next; in a
 * packed one the order says it (2.8.8). */
static void prebuild_table(struct vio_virtq *vq, unsigned slot)
{
    void *header = ring_entry(vq, slot, 0);

    if (ring_is_packed(vq))
        packed_write_desc(vq, header, shape_header_addr(vq, slot),
                          vq->shape_header_len, packed_tail(0, 0));
    else
        split_fill_desc(vq, header, shape_header_addr(vq, slot),
                        vq->shape_header_len, VIRTQ_DESC_F_NEXT, 1);
}

/* Slot s owns fixed descriptors of a split queue; the status ends the chain. */
static void prebuild_chain(struct vio_virtq *vq, unsigned slot)
{
    split_write_desc(vq, vq->shape_depth + slot, shape_status_addr(vq, slot),
                     SHAPE_STATUS_LEN, VIRTQ_DESC_F_WRITE, 0);
}

/* The status comes behind the data, and the ring tells the table's length. */
static void resize_table(struct vio_virtq *vq, unsigned slot, unsigned n)
{
    void *status = ring_entry(vq, slot, 1 + n);

    if (ring_is_packed(vq)) {
        packed_write_desc(vq, status, shape_status_addr(vq, slot),
                          SHAPE_STATUS_LEN, packed_tail(VIRTQ_DESC_F_WRITE, 0));
        return;
    }
    split_fill_desc(vq, status, shape_status_addr(vq, slot), SHAPE_STATUS_LEN,
                    VIRTQ_DESC_F_WRITE, 0);
    split_write_desc(vq, slot, ring_table_addr(vq, slot),
                     (uint32_t)((n + 2) * sizeof(struct virtq_desc)),
                     VIRTQ_DESC_F_INDIRECT, 0);
}

#ifndef __OPTIMIZE_SIZE__ /* else segments are written whole each time */

void vio_shape_make_data(struct vio_virtq *vq, unsigned slot, uint16_t kind)
{
    unsigned n = shape_kind_segs(kind);
    unsigned flags = shape_kind_reads(kind) ? 0 : VIRTQ_DESC_F_WRITE;

    for (unsigned k = 0; k < n; k++)
        if (ring_is_packed(vq))
            packed_write_tail(vq, shape_desc(vq, slot, k),
                              packed_tail(flags, 0));
        else
            split_link_desc(vq, shape_desc(vq, slot, k),
                            flags | VIRTQ_DESC_F_NEXT,
                            shape_behind(vq, slot, k, k + 1 == n));
}

#endif

void vio_shape_make(struct vio_virtq *vq, unsigned slot, uint16_t kind)
{
    unsigned n = shape_kind_segs(kind);

    if (ring_table_segs(vq))
        resize_table(vq, slot, n);
    else
        split_write_desc(vq, slot, shape_header_addr(vq, slot),
                         vq->shape_header_len, VIRTQ_DESC_F_NEXT,
                         (n ? 2u : 1u) * vq->shape_depth + slot);
    vq->slot[slot].count = kind;
}

/* Where the first data descriptor of each slot is. */
static void find_data(struct vio_virtq *vq)
{
    unsigned char *ring = vq->desc;

    vq->shape_data = ring + 2 * sizeof(struct virtq_desc) * vq->shape_depth;
    vq->shape_stride = sizeof(struct virtq_desc);
    if (ring_table_segs(vq)) {
        vq->shape_data = ring_entry(vq, 0, 1);
        vq->shape_stride *= ring_table_segs(vq);
    }
}

void vio_shape_init(struct vio_virtq *vq, const struct vio_shape *shape)
{
    vq->shape_depth = shape->depth;
    vq->shape_max_segs = shape->max_segs;
    vq->shape_header_len = shape->header_len;
    vq->shape_header_addr = shape->header_addr;
    vq->shape_status_addr = shape->status_addr;
    find_data(vq);
    for (unsigned s = 0; s < shape->depth; s++) {
        vq->slot[s].next = (uint16_t)(s + 1);
        if (ring_table_segs(vq))
            prebuild_table(vq, s);
        else if (!ring_is_packed(vq))
            prebuild_chain(vq, s);
        if (shape_is_listed(vq))
            vq->slot[s].count = SHAPE_UNKNOWN;
        else
            vio_shape_make(vq, s, shape_kind(0, true));
    }
    vq->slot[shape->depth].count = SHAPE_UNKNOWN;
    if (shape_is_listed(vq))
        vq->state |= VQ_LISTED;
}
