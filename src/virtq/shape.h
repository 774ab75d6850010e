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
 * What a slot's descriptors are made for is remembered: the number of segments
 * and their direction. Where the next request is of one segment and finds its
 * slot made for that, two stores fill it in: shape_add_one().
 */
#ifndef VIO_SRC_VIRTQ_SHAPE_H
#define VIO_SRC_VIRTQ_SHAPE_H

#include "packed.h"
#include "split.h"
#include "table.h"

#define SHAPE_STATUS_LEN 1u

/* What a slot is made for: segments, and does the device write any of them? */
static inline unsigned shape_kind(unsigned n, bool writable)
{
    return n << 1 | writable;
}

#define SHAPE_UNKNOWN 0xffffu /* no kind: the slot is not made for anything */

struct vio_shape {
    uint16_t depth;       /* slots */
    uint16_t max_segs;    /* data segments of one request */
    uint16_t header_len;  /* bytes */
    uint64_t header_addr; /* of slot 0; the next one is header_len further */
    uint64_t status_addr; /* of slot 0; one byte each */
    uint16_t *made;       /* private: what each slot is made for */
};

/* Divide a queue that vio_virtq_init() has just made; with tables, it is
 * indirect. */
void vio_shape_init(struct vio_virtq *vq, const struct vio_shape *shape);

/* Make the slot for requests of a kind; the data segments are not its business.
 */
void vio_shape_make(struct vio_virtq *vq, unsigned slot, unsigned kind);

/* The rest of shape_add() for a packed queue without tables. */
void vio_shape_stage_list(struct vio_virtq *vq, unsigned slot, unsigned n);

/* The last slot of the free list points behind all slots. */
static inline bool shape_is_full(const struct vio_virtq *vq)
{
    return vq->free_head == vq->shape_depth;
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
    vq->shape_made[vq->free_head] = SHAPE_UNKNOWN;
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

/* Take the slot shape_next() from the free list and stage it. */
static inline void shape_commit(struct vio_virtq *vq, size_t slot, unsigned n,
                                uint32_t writable, void *token)
{
    struct vio_virtq_slot *s = &vq->slot[slot];

    s->token = token;
    s->bound = writable + SHAPE_STATUS_LEN + 1;
    vq->free_head = s->next;
    shape_stage(vq, (unsigned)slot, n);
}

/* Stage the slot shape_next() with n data segments, of which the device writes
 * `writable` bytes besides the status. */
static inline void shape_add(struct vio_virtq *vq, unsigned n,
                             uint32_t writable, void *token)
{
    unsigned slot = shape_next(vq), kind = shape_kind(n, writable != 0);

    if (vq->shape_made[slot] != kind)
        vio_shape_make(vq, slot, kind);
    shape_commit(vq, slot, n, writable, token);
}

/* Data segments of the request that the slot is in use for, or was last. */
static inline unsigned shape_n_segs(const struct vio_virtq *vq, unsigned slot)
{
    unsigned kind = vq->shape_made[slot];

    return kind == SHAPE_UNKNOWN ? vq->slot[slot].count - 2u : kind >> 1;
}

/* Is the slot shape_next() made for a request of one segment? */
static inline bool shape_fits_one(const struct vio_virtq *vq, bool writable)
{
    return vq->shape_made[vq->free_head] == shape_kind(1, writable);
}

/* Stage that request. A split and a packed descriptor begin alike. */
static inline void shape_add_one(struct vio_virtq *vq, struct vio_sg sg,
                                 bool writable, void *token)
{
    size_t slot = shape_next(vq);
    struct virtq_desc *desc = (void *)&vq->shape_data[slot * vq->shape_stride];

    vio_shared_store64(&desc->addr, ring64(vq, sg.addr));
    vio_shared_store32(&desc->len, ring32(vq, sg.len));
    shape_commit(vq, slot, 1, writable ? sg.len : 0, token);
}

/* The slot is free again: it goes in front of the list, where it is warm. */
static inline void shape_release(struct vio_virtq_slot *slots,
                                 uint32_t *free_head, uint32_t slot)
{
    slots[slot].bound = 0;
    debug_freed(&slots[slot]);
    slots[slot].next = (uint16_t)*free_head;
    *free_head = slot;
}

/* A request that the device is done with. */
struct shape_done {
    void *token;
    uint32_t len; /* bytes written, status included */
    uint32_t slot;
    bool whole; /* all that was writable */
};

/*
 * Take finished requests of a queue that is not broken: shape_taking(), then
 * shape_take() as often as it is wanted, then shape_taken(). `packed` is what
 * ring_is_packed() says, asked once for the batch.
 */
RING_INLINE struct ring_taking shape_taking(const struct vio_virtq *vq,
                                            bool packed)
{
    return packed ? packed_taking(vq) : split_taking(vq);
}

/* 1, 0 or VIO_EPROTO. */
RING_INLINE int shape_take(struct vio_virtq *vq, bool packed,
                           struct ring_taking *t, struct shape_done *done)
{
    const struct vio_virtq_slot *s;
    uint32_t len;
    int used = packed ? packed_take(vq, t, &done->slot, &len)
                      : split_take(vq, t, &done->slot, &len);

    if (used <= 0)
        return used;
    s = &t->slot[done->slot];
    done->token = s->token;
    done->len = len;
    done->whole = len + 1 == s->bound;
    shape_release(t->slot, &t->free_head, done->slot);
    return 1;
}

RING_INLINE void shape_taken(struct vio_virtq *vq, bool packed,
                             const struct ring_taking *t)
{
    if (packed)
        packed_taken(vq, t);
    else
        split_taken(vq, t);
}

#endif
