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
 * and their direction. Where the next request finds its slot made for that, two
 * stores a segment fill it in: shape_add_one(), shape_put().
 */
#ifndef VIO_SRC_VIRTQ_SHAPE_H
#define VIO_SRC_VIRTQ_SHAPE_H

#include "packed.h"
#include "split.h"
#include "table.h"

#define SHAPE_STATUS_LEN 1u

/*
 * What a slot is made for, in its `count`: n segments, and does the device only
 * read them? Of one segment it is that answer alone. The count of descriptors
 * is known without, and the end of the free list, which no slot is, is made for
 * nothing: one comparison tells that there is a slot and that it fits.
 *
 * Where there is nothing that stays made, the complement of n is there.
 */
static inline uint16_t shape_kind(unsigned n, unsigned only_read)
{
    return (uint16_t)(2 * n - 2 + only_read);
}

static inline unsigned shape_kind_segs(uint16_t kind)
{
    return (uint16_t)(kind + 2) >> 1;
}

static inline bool shape_kind_reads(uint16_t kind)
{
    return kind & 1;
}

#define SHAPE_UNKNOWN 0xfffeu /* made for nothing: none that is written */

struct vio_shape {
    uint16_t depth;       /* slots */
    uint16_t max_segs;    /* data segments of one request */
    uint16_t header_len;  /* bytes */
    uint64_t header_addr; /* of slot 0; the next one is header_len further */
    uint64_t status_addr; /* of slot 0; one byte each */
};

/* Divide a queue that vio_virtq_init() has just made; with tables, it is
 * indirect. */
void vio_shape_init(struct vio_virtq *vq, const struct vio_shape *shape);

/* Make the slot for requests of a kind; the data segments are not its business.
 */
void vio_shape_make(struct vio_virtq *vq, unsigned slot, uint16_t kind);

/* And these, but for their addresses and lengths: which way they go and, in a
 * split ring, what follows. */
void vio_shape_make_data(struct vio_virtq *vq, unsigned slot, uint16_t kind);

/* Is the queue one whose requests are written anew each time? Of a build that
 * leaves out either format or the tables it may be a constant. */
#define shape_is_listed(vq) (ring_is_packed(vq) && !ring_table_segs(vq))

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

/* Where the device finds what the slot owns. */
static inline uint64_t shape_header_addr(const struct vio_virtq *vq,
                                         unsigned slot)
{
    return vq->shape_header_addr + (uint64_t)slot * vq->shape_header_len;
}

static inline uint64_t shape_status_addr(const struct vio_virtq *vq,
                                         unsigned slot)
{
    return vq->shape_status_addr + slot;
}

/* What is behind data segment k in a split ring. */
static inline unsigned shape_behind(const struct vio_virtq *vq, unsigned slot,
                                    unsigned k, bool is_last)
{
    if (ring_table_segs(vq))
        return k + 2;
    return (is_last ? 1 : 3 + k) * vq->shape_depth + slot;
}

/* Where a slot has its data: bytes from one descriptor to the next, and the one
 * of segment k. */
static inline size_t shape_step(const struct vio_virtq *vq)
{
    return (ring_table_segs(vq) ? 1 : vq->shape_depth) *
           sizeof(struct virtq_desc);
}

static inline void *shape_desc(const struct vio_virtq *vq, size_t slot,
                               size_t k)
{
    return &vq->shape_data[slot * vq->shape_stride + k * shape_step(vq)];
}

/* Data segment k of the slot shape_next(), written before shape_add() or
 * shape_abandon(): until then nothing has happened. */
static inline void shape_segment(struct vio_virtq *vq, unsigned k,
                                 struct vio_sg sg, bool writable, bool is_last)
{
    unsigned slot = vq->free_head;
    unsigned flags = writable ? VIRTQ_DESC_F_WRITE : 0;

    if (shape_is_listed(vq)) {
        uint16_t at = packed_advance(vq, vq->added, 1 + k);

        flags |= VIRTQ_DESC_F_NEXT | packed_avail_flags(at);
        packed_write_desc(vq, packed_desc(vq, at), sg.addr, sg.len,
                          packed_tail(flags, slot));
    } else if (ring_is_packed(vq)) {
        packed_write_desc(vq, shape_desc(vq, slot, k), sg.addr, sg.len,
                          packed_tail(flags, 0));
    } else {
        flags |= VIRTQ_DESC_F_NEXT;
        split_fill_desc(vq, shape_desc(vq, slot, k), sg.addr, sg.len, flags,
                        shape_behind(vq, slot, k, is_last));
    }
}

/* How the data segments of a request are written: one by one, in any queue; or
 * all in turn, in a queue whose slots stay made, or in one where they are
 * written anew. */
enum shape_way {
    SHAPE_ONE,
    SHAPE_MADE,
    SHAPE_LISTED,
};

/*
 * The data segments of the slot shape_next() in turn, all of one direction.
 * Where it stays made, they are written but for what it is made for; a split
 * and a packed descriptor begin alike.
 */
struct shape_cursor {
    struct virtq_desc *desc;
    size_t step; /* bytes from one to the next */
    /* In a packed queue without tables instead: */
    struct packed_cursor list;
    uint32_t tail; /* of each, but for what makes it available */
};

RING_INLINE struct shape_cursor shape_cursor(const struct vio_virtq *vq,
                                             enum shape_way way, bool only_read)
{
    size_t slot = vq->free_head;
    unsigned flags = only_read ? 0 : VIRTQ_DESC_F_WRITE;
    struct shape_cursor c = {.list = packed_cursor(vq)};

    if (way != SHAPE_LISTED)
        return (struct shape_cursor){.desc = shape_desc(vq, slot, 0),
                                     .step = shape_step(vq)};
    c.tail = packed_tail(flags | VIRTQ_DESC_F_NEXT, slot);
    packed_move(vq, &c.list); /* the header comes first */
    return c;
}

RING_INLINE void shape_put(const struct vio_virtq *vq, enum shape_way way,
                           struct shape_cursor *c, struct vio_sg sg)
{
    if (way == SHAPE_LISTED) {
        packed_write_desc(vq, c->list.desc, sg.addr, sg.len,
                          c->list.tail | c->tail);
        packed_move(vq, &c->list);
    } else {
        vio_shared_store64(&c->desc->addr, ring64(vq, sg.addr));
        vio_shared_store32(&c->desc->len, ring32(vq, sg.len));
        c->desc = (void *)((unsigned char *)c->desc + c->step);
    }
}

/* A slot that is free again may have had segments of both directions. */
static inline void shape_unmake(struct vio_virtq *vq, unsigned slot)
{
    vq->slot[slot].count = SHAPE_UNKNOWN;
}

/* No shape_add() follows. Segments, of which n are written, may lie where the
 * slot's table has its status for fewer of them. */
static inline void shape_abandon(struct vio_virtq *vq, unsigned n)
{
    if (shape_is_listed(vq))
        vio_packed_withdraw(vq, 1 + n);
    shape_unmake(vq, vq->free_head);
}

/* Put the slot into the ring, where the device will find it: around n data
 * segments that are written there, */
RING_INLINE void shape_stage_list(struct vio_virtq *vq, unsigned slot,
                                  unsigned n)
{
    struct packed_cursor c = packed_cursor(vq);

    packed_put(vq, &c, shape_header_addr(vq, slot), vq->shape_header_len,
               (uint16_t)slot, VIRTQ_DESC_F_NEXT);
    packed_skip(vq, &c, n);
    packed_put(vq, &c, shape_status_addr(vq, slot), SHAPE_STATUS_LEN,
               (uint16_t)slot, VIRTQ_DESC_F_WRITE);
    packed_commit(vq, &c);
}

/* or as the head of its chain, or its table. */
static inline void shape_stage(struct vio_virtq *vq, unsigned slot, unsigned n)
{
    if (!ring_is_packed(vq))
        split_stage(vq, (uint16_t)slot);
    else
        packed_stage(vq, ring_table_addr(vq, slot),
                     (uint32_t)((n + 2) * sizeof(struct pvirtq_desc)),
                     (uint16_t)slot, VIRTQ_DESC_F_INDIRECT);
}

/* Stage the slot shape_next() with n data segments, of which the device writes
 * `writable` bytes besides the status. */
RING_INLINE void shape_add(struct vio_virtq *vq, enum shape_way way, unsigned n,
                           uint32_t writable, void *token)
{
    bool listed = way == SHAPE_ONE ? shape_is_listed(vq) : way == SHAPE_LISTED;
    unsigned slot = shape_next(vq);
    uint16_t kind = shape_kind(n, writable == 0);
    struct vio_virtq_slot *s = &vq->slot[slot];

    if (listed) {
        s->count = (uint16_t)(SHAPE_UNKNOWN - n); /* nothing stays made */
    } else if (s->count != kind) {
        vio_shape_make(vq, slot, kind);
        if (way == SHAPE_MADE)
            vio_shape_make_data(vq, slot, kind);
    }
    s->token = token;
    s->bound = writable + SHAPE_STATUS_LEN + 1;
    vq->free_head = s->next;
    if (listed)
        shape_stage_list(vq, slot, n);
    else
        shape_stage(vq, slot, n);
}

/* Data segments of the request that the slot is in use for, where nothing stays
 * made, */
static inline unsigned shape_list_segs(const struct vio_virtq *vq,
                                       unsigned slot)
{
    return SHAPE_UNKNOWN - vq->slot[slot].count;
}

/* and in any queue. */
static inline unsigned shape_n_segs(const struct vio_virtq *vq, unsigned slot)
{
    return shape_is_listed(vq) ? shape_list_segs(vq, slot)
                               : shape_kind_segs(vq->slot[slot].count);
}

/* The ring's descriptors that a request takes where they are written anew: its
 * header and status, too. */
static inline unsigned shape_list_descs(const struct vio_virtq *vq,
                                        unsigned slot)
{
    return shape_list_segs(vq, slot) + 2;
}

/* Is there a slot shape_next() that is made for a request of one segment? */
static inline bool shape_fits_one(const struct vio_virtq *vq, size_t only_read)
{
    return vq->slot[vq->free_head].count == (uint16_t)only_read;
}

/* Stage that request; `packed` says which ring it is. */
RING_INLINE void shape_add_one(struct vio_virtq *vq, bool packed,
                               struct vio_sg sg, size_t only_read, void *token)
{
    size_t slot = vq->free_head, at = slot * vq->shape_stride;
    struct virtq_desc *desc = (void *)&vq->shape_data[at];
    struct vio_virtq_slot *s = &vq->slot[slot];

    vio_shared_store64(&desc->addr, ring64(vq, sg.addr));
    vio_shared_store32(&desc->len, ring32(vq, sg.len));
    s->token = token;
    /* Without a branch: only_read is 0 or 1. */
    s->bound = (sg.len & (uint32_t)(only_read - 1)) + SHAPE_STATUS_LEN + 1;
    vq->free_head = s->next;
    if (packed)
        packed_stage(vq, vq->table_addr + at, 3 * sizeof(struct pvirtq_desc),
                     slot, VIRTQ_DESC_F_INDIRECT);
    else
        split_stage(vq, (uint16_t)slot);
}

#endif
