/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests of one fixed shape: a device-readable header, up to max_segs data
 * segments, a device-writable status.
 *
 * A queue of that shape is divided at init into slots, and every slot owns its
 * header, its status and its descriptors for good. What never changes in them
 * is written once; a submit writes what does. The free list holds slots, so
 * that the queue is not for vio_virtq_add(), and they are taken in any order,
 * so that it is not for IN_ORDER. There are three layouts:
 *
 *   direct, split     Slot s owns the descriptors s (header, and so the head of
 *                     the chain), depth + s (status), (2 + k) * depth + s (data
 *                     segment k): a head names its slot without arithmetic.
 *   direct, packed    The ring has no fixed places: all is written each time.
 *   indirect          Slot s owns table s: header, data, status in this order.
 *
 * What depends on the number of segments alone is written when that changes.
 */
#ifndef VIO_SRC_VIRTQ_SHAPE_H
#define VIO_SRC_VIRTQ_SHAPE_H

#include "packed.h"
#include "split.h"
#include "table.h"

#define SHAPE_STATUS_LEN 1u

struct vio_shape {
    uint16_t depth;       /* slots */
    uint16_t max_segs;    /* data segments of one request */
    uint16_t header_len;  /* bytes */
    uint64_t header_addr; /* of slot 0; the next one is header_len further */
    uint64_t status_addr; /* of slot 0; one byte each */
    uint16_t *segs;       /* private: of each slot, the last number of them */
};

#define SHAPE_UNKNOWN 0xffffu /* a number of segments that is none */

/* Divide a queue that vio_virtq_init() has just made; with tables, it is
 * indirect. */
void vio_shape_init(struct vio_virtq *vq, const struct vio_shape *shape);

/* Write what depends on the number of data segments of a slot. */
void vio_shape_resize(struct vio_virtq *vq, unsigned slot, unsigned n);

/* The rest of shape_add() for a packed queue without tables. */
void vio_shape_stage_list(struct vio_virtq *vq, unsigned slot, unsigned n);

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

/* Data segment k of the slot shape_next(), written before shape_add() or
 * shape_abandon(): until then nothing has happened. */
static inline void shape_segment(struct vio_virtq *vq, unsigned k,
                                 struct vio_sg sg, bool writable, bool is_last)
{
    unsigned slot = vq->free_head, depth = vq->shape_depth;
    unsigned flags = writable ? VIRTQ_DESC_F_WRITE : 0;

    if (ring_is_packed(vq)) {
        uint16_t at = packed_advance(vq, vq->added, 1 + k);

        if (vq->table_segs) {
            packed_write_desc(vq, ring_entry(vq, slot, 1 + k), sg.addr, sg.len,
                              0, flags);
            return;
        }
        packed_write_desc(vq, packed_desc(vq, at), sg.addr, sg.len,
                          (uint16_t)slot, flags | packed_idle_flags(at));
        /* How many are readable, for vio_shape_stage_list(). */
        if (!writable)
            vq->slot[slot].count = (uint16_t)(k + 1);
        else if (k == 0)
            vq->slot[slot].count = 0;
    } else if (vq->table_segs) {
        split_fill_desc(vq, ring_entry(vq, slot, 1 + k), sg.addr, sg.len,
                        flags | VIRTQ_DESC_F_NEXT, k + 2);
    } else {
        unsigned i = (2 + k) * depth + slot;

        split_write_desc(vq, i, sg.addr, sg.len, flags | VIRTQ_DESC_F_NEXT,
                         is_last ? depth + slot : i + depth);
    }
}

/* No shape_add() follows: segments may lie where the slot's table has its
 * status for fewer of them. */
static inline void shape_abandon(struct vio_virtq *vq)
{
    vq->shape_segs[vq->free_head] = SHAPE_UNKNOWN;
}

/* Put the slot into the ring, where the device will find it. */
static inline void shape_stage(struct vio_virtq *vq, unsigned slot, unsigned n)
{
    if (!ring_is_packed(vq)) {
        split_stage(vq, (uint16_t)slot);
    } else if (vq->table_segs) {
        packed_stage(vq, ring_table_addr(vq, slot),
                     (uint32_t)((n + 2) * sizeof(struct pvirtq_desc)),
                     (uint16_t)slot, VIRTQ_DESC_F_INDIRECT);
        vq->n_staged++;
    } else {
        vio_shape_stage_list(vq, slot, n);
    }
}

/* Stage the slot shape_next() with n data segments, of which the device writes
 * `writable` bytes besides the status. */
static inline void shape_add(struct vio_virtq *vq, unsigned n,
                             uint32_t writable, void *token)
{
    unsigned slot = vq->free_head;
    struct vio_virtq_slot *s = &vq->slot[slot];

    if (vq->shape_segs[slot] != n)
        vio_shape_resize(vq, slot, n);
    s->token = token;
    s->bound = writable + SHAPE_STATUS_LEN + 1;
    vq->free_head = s->next;
    vq->n_free--;
    shape_stage(vq, slot, n);
}

/* The slot is free again: it goes in front of the list, where it is warm. */
static inline void shape_release(struct vio_virtq *vq, uint16_t slot)
{
    vq->slot[slot].bound = 0;
    debug_freed(&vq->slot[slot]);
    vq->n_free++;
    vq->slot[slot].next = vq->free_head;
    vq->free_head = slot;
}

/* Take one finished request: its slot, its token, and how much was written,
 * status included. 1, 0 or VIO_EPROTO. */
static inline int shape_take(struct vio_virtq *vq, uint16_t *slot, void **token,
                             uint32_t *len)
{
    int taken = ring_is_packed(vq) ? packed_take(vq, slot, len)
                                   : split_take(vq, slot, len);

    if (taken <= 0)
        return taken;
    *token = vq->slot[*slot].token;
    shape_release(vq, *slot);
    return 1;
}

#endif
