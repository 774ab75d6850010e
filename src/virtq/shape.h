/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests of one fixed shape: a device-readable header, up to max_segs data
 * segments, a device-writable status.
 *
 * A queue of that shape is divided at init into as many slots as it holds, and
 * every slot owns its descriptors for good. What never changes in them is
 * written once; a submit writes the data segments and the link from the header
 * to them. Slot s owns the descriptors
 *
 *     s                    the header, and so the head of the chain
 *     depth + s            the status
 *     (2 + k) * depth + s  data segment k
 *
 * so that a head names its slot without arithmetic, and the queue's free list
 * holds heads only. Such a queue is not used with vio_virtq_add().
 */
#ifndef VIO_SRC_VIRTQ_SHAPE_H
#define VIO_SRC_VIRTQ_SHAPE_H

#include "split.h"

struct vio_shape {
    uint16_t depth;       /* slots */
    uint16_t max_segs;    /* data segments of one request */
    uint16_t header_len;  /* bytes */
    uint64_t header_addr; /* of slot 0; the next one is header_len further */
    uint64_t status_addr; /* of slot 0; one byte each */
};

/* How many slots a queue of `size` descriptors has. */
static inline unsigned shape_depth(unsigned size, unsigned max_segs)
{
    return size / (2 + max_segs);
}

/* Divide a queue that vio_virtq_init() has just made. */
void vio_shape_init(struct vio_virtq *vq, const struct vio_shape *shape);

static inline bool shape_is_full(const struct vio_virtq *vq)
{
    return vq->n_free == 0;
}

/* The slot that the next shape_add() uses: its header and status are to be
 * filled in before. */
static inline unsigned shape_next(const struct vio_virtq *vq)
{
    return vq->free_head;
}

/* Data segment k of the slot shape_next(), written before shape_add(). */
static inline void shape_segment(struct vio_virtq *vq, unsigned k,
                                 struct vio_sg sg, bool writable, bool is_last)
{
    unsigned depth = vq->shape_depth, slot = vq->free_head;
    unsigned i = (2 + k) * depth + slot;
    unsigned next = is_last ? depth + slot : i + depth;

    split_write_desc(vq, i, sg.addr, sg.len,
                     VIRTQ_DESC_F_NEXT | (writable ? VIRTQ_DESC_F_WRITE : 0),
                     next);
}

/* Stage the slot shape_next() with n data segments, of which the device writes
 * `writable` bytes besides the status. */
static inline void shape_add(struct vio_virtq *vq, unsigned n,
                             uint32_t writable, void *token)
{
    uint16_t slot = vq->free_head;
    struct vio_virtq_slot *s = &vq->slot[slot];

    split_write_rest(vq, slot, vq->shape_header_len, VIRTQ_DESC_F_NEXT,
                     (n ? 2u : 1u) * vq->shape_depth + slot);
    s->token = token;
    s->bound = writable + 2; /* the status byte, and one */
    vq->free_head = s->next;
    vq->n_free--;
    split_stage(vq, slot);
}

/* The slot is free again: it goes in front of the list, where it is warm. */
static inline void shape_release(struct vio_virtq *vq, uint16_t slot)
{
    vq->slot[slot].bound = 0;
    vq->slot[slot].next = vq->free_head;
    vq->free_head = slot;
    vq->n_free++;
}

/* Take one finished request: its slot, its token, and how much was written,
 * status included. 1, 0 or VIO_EPROTO. */
static inline int shape_take(struct vio_virtq *vq, uint16_t *slot, void **token,
                             uint32_t *len)
{
    int taken = split_take(vq, slot, len);

    if (taken <= 0)
        return taken;
    *token = vq->slot[*slot].token;
    shape_release(vq, *slot);
    return 1;
}

#endif
