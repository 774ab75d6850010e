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

/*
 * What a slot is made for, in its `count`: n segments, and does the device only
 * read them? The count of descriptors is known without, and the end of the free
 * list, which no slot is, is made for nothing: one comparison tells that there
 * is a slot and that it fits.
 *
 * Where there is nothing that stays made, the complement of n is there.
 */
static inline unsigned shape_kind(unsigned n, unsigned only_read)
{
    return 2 * n + only_read;
}

#define SHAPE_UNKNOWN 0xffffu /* made for nothing */

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
void vio_shape_make(struct vio_virtq *vq, unsigned slot, unsigned kind);

/* The rest of shape_add() for a packed queue without tables. */
void vio_shape_stage_list(struct vio_virtq *vq, unsigned slot, unsigned n);

/* Is the queue one whose requests are written anew each time? */
static inline bool shape_is_listed(const struct vio_virtq *vq)
{
    return ring_is_packed(vq) && !ring_table_segs(vq);
}

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

        if (ring_table_segs(vq)) {
            packed_write_desc(vq, ring_entry(vq, slot, 1 + k), sg.addr, sg.len,
                              packed_tail(flags, 0));
            return;
        }
        packed_write_desc(vq, packed_desc(vq, at), sg.addr, sg.len,
                          packed_tail(flags | packed_idle_flags(at), slot));
        if (!writable)
            vq->shape_readable = (uint16_t)(k + 1);
        else if (k == 0)
            vq->shape_readable = 0;
    } else if (ring_table_segs(vq)) {
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
    vq->slot[vq->free_head].count = SHAPE_UNKNOWN;
}

/* Put the slot into the ring, where the device will find it. */
static inline void shape_stage(struct vio_virtq *vq, unsigned slot, unsigned n)
{
    if (!ring_is_packed(vq))
        split_stage(vq, (uint16_t)slot);
    else if (ring_table_segs(vq))
        packed_stage(vq, ring_table_addr(vq, slot),
                     (uint32_t)((n + 2) * sizeof(struct pvirtq_desc)),
                     (uint16_t)slot, VIRTQ_DESC_F_INDIRECT);
    else
        vio_shape_stage_list(vq, slot, n);
}

/* Stage the slot shape_next() with n data segments, of which the device writes
 * `writable` bytes besides the status. */
static inline void shape_add(struct vio_virtq *vq, unsigned n,
                             uint32_t writable, void *token)
{
    unsigned slot = shape_next(vq), kind = shape_kind(n, writable == 0);
    struct vio_virtq_slot *s = &vq->slot[slot];

    if (s->count != kind || shape_is_listed(vq))
        vio_shape_make(vq, slot, kind);
    s->token = token;
    s->bound = writable + SHAPE_STATUS_LEN + 1;
    vq->free_head = s->next;
    shape_stage(vq, slot, n);
}

/* Data segments of the request that the slot is in use for. */
static inline unsigned shape_n_segs(const struct vio_virtq *vq, unsigned slot)
{
    unsigned kind = vq->slot[slot].count;

    return shape_is_listed(vq) ? SHAPE_UNKNOWN - kind : kind >> 1;
}

/* Is there a slot shape_next() that is made for a request of one segment? */
static inline bool shape_fits_one(const struct vio_virtq *vq,
                                  unsigned only_read)
{
    return vq->slot[vq->free_head].count == (uint16_t)shape_kind(1, only_read);
}

/* Stage that request; `packed` says which ring it is. A split and a packed
 * descriptor begin alike. */
RING_INLINE void shape_add_one(struct vio_virtq *vq, bool packed,
                               struct vio_sg sg, unsigned only_read,
                               void *token)
{
    size_t slot = vq->free_head, at = slot * vq->shape_stride;
    struct virtq_desc *desc = (void *)&vq->shape_data[at];
    struct vio_virtq_slot *s = &vq->slot[slot];

    vio_shared_store64(&desc->addr, ring64(vq, sg.addr));
    vio_shared_store32(&desc->len, ring32(vq, sg.len));
    s->token = token;
    /* Without a branch: only_read is 0 or 1. */
    s->bound = (sg.len & (only_read - 1)) + SHAPE_STATUS_LEN + 1;
    vq->free_head = s->next;
    if (packed)
        packed_stage(vq, vq->table_addr + at, 3 * sizeof(struct pvirtq_desc),
                     slot, VIRTQ_DESC_F_INDIRECT);
    else
        split_stage(vq, (uint16_t)slot);
}

/* The slot is free again: it goes in front of the list, where it is warm. */
RING_INLINE void shape_release(struct vio_virtq_slot *slot, uint32_t number,
                               uint16_t *free_head)
{
    slot->bound = 0;
    debug_freed(slot);
    slot->next = *free_head;
    *free_head = (uint16_t)number;
}

/*
 * Taking finished requests of a queue that is not broken, one by one:
 * shape_look(), and then shape_take(). What is read once is kept in between.
 */
RING_INLINE void shape_keep(struct vio_virtq *vq, const struct ring_used *used)
{
    vq->shape_used_id = used->id;
    vq->shape_used_len = used->len;
    vq->shape_used_flags = used->flags;
}

/* Has the device used anything that was not taken yet? 1, 0 or VIO_EPROTO. */
static inline int shape_look(struct vio_virtq *vq)
{
    struct ring_used used;
    int ready;

    if (ring_is_packed(vq)) {
        ready = packed_next_used(vq, &used);
    } else {
        ready = split_ready(vq, split_used(vq), RING_NEGOTIATED);
        if (ready > 0)
            used = split_load_used(vq, split_next_element(vq, split_used(vq)));
    }
    if (ready > 0)
        shape_keep(vq, &used);
    return ready;
}

/* A request that the device is done with. */
struct shape_done {
    void *token;
    uint32_t len; /* bytes written, status included */
    uint32_t slot;
    bool whole; /* all that was writable */
};

/* The slot is the driver's again. 1 or VIO_EPROTO. */
static inline int shape_pass(struct vio_virtq *vq, uint32_t slot)
{
    if (ring_is_packed(vq))
        return packed_pass(vq, vq->taken,
                           ring_table_segs(vq) ? 1
                                               : shape_n_segs(vq, slot) + 2);
    ring_set_taken(vq, (uint16_t)(vq->taken + 1u));
    return 1;
}

/* Take what shape_look() has found. 1 or VIO_EPROTO. */
static inline int shape_take(struct vio_virtq *vq, struct shape_done *done)
{
    struct ring_used used = {vq->shape_used_len, vq->shape_used_id,
                             vq->shape_used_flags};
    int err = ring_is_packed(vq) ? packed_check_used(vq, &used)
                                 : split_check_used(vq, &used);
    struct vio_virtq_slot *slot;

    if (err > 0)
        err = shape_pass(vq, used.id);
    if (err < 0)
        return err;
    done->slot = used.id;
    done->len = (uint32_t)used.len;
    slot = &vq->slot[used.id];
    done->whole = used.len + 1 == slot->bound;
    done->token = slot->token;
    shape_release(slot, used.id, &vq->free_head);
    return 1;
}

/*
 * Or a run of those that end in the usual way: in flight, and all written that
 * is writable. What is not usual ends the run, and goes to shape_take(); and so
 * does everything of a queue whose state has any of these.
 */
#define SHAPE_ONE_BY_ONE (VQ_BROKEN | VQ_ORDER_PLATFORM | VQ_LISTED | VQ_MAPPED)

/* What the queue's owner does with one of the run. False: for him it is not a
 * usual one. And what he does in the end, if another one, which is to be taken
 * by itself, ended the run. Both are known where a run is called. */
typedef bool shape_each(void *ctx, uint32_t slot, void *token);
typedef int shape_last(void *ctx, bool other);

/* One of a run. Of a slot that is not in flight the bound is 0, and less one,
 * with 64 bits, no length. */
RING_INLINE bool shape_take_whole(const struct vio_virtq *vq,
                                  const struct ring_used *used,
                                  uint16_t *free_head, shape_each *each,
                                  void *ctx)
{
    struct vio_virtq_slot *slot;

    if (used->id > vq->mask)
        return false;
    slot = &vq->slot[used->id];
    if ((uint64_t)slot->bound - 1 != used->len)
        return false;
    if (!each(ctx, used->id, slot->token))
        return false;
    shape_release(slot, used->id, free_head);
    return true;
}

/* Take n of a split ring, of which there are so many. */
RING_INLINE int split_run(struct vio_virtq *vq, unsigned n, shape_each *each,
                          shape_last *last, void *ctx)
{
    const uint32_t *ring = split_elements(split_used(vq)), *elem, *stop;
    uint32_t taken = ring_widen(vq->taken), total = n;
    size_t at = taken & vq->mask, run;
    uint16_t free_head = vq->free_head;

    do { /* up to the ring's end, and then from its beginning */
        run = (size_t)vq->mask + 1 - at;
        run = n < run ? n : run;
        elem = ring + 2 * at;
        for (stop = elem + 2 * run; elem != stop; elem += 2) {
            struct ring_used used = split_load_used(vq, elem);

            if (shape_take_whole(vq, &used, &free_head, each, ctx))
                continue;
            n -= (unsigned)((size_t)(elem - ring) / 2 - at);
            vq->free_head = free_head;
            ring_set_taken(vq, (uint16_t)(taken + total - n));
            shape_keep(vq, &used);
            return last(ctx, true);
        }
        n -= (unsigned)run;
        at = 0;
    } while (n);
    vq->free_head = free_head;
    ring_set_taken(vq, (uint16_t)(taken + total));
    return last(ctx, false);
}

/* The same for one; `ring` is where it is: split_used(vq). */
RING_INLINE int split_run_one(struct vio_virtq *vq, const uint16_t *ring,
                              shape_each *each, shape_last *last, void *ctx)
{
    uint16_t free_head = vq->free_head;
    struct ring_used used = split_load_used(vq, split_next_element(vq, ring));

    if (!shape_take_whole(vq, &used, &free_head, each, ctx)) {
        shape_keep(vq, &used);
        return last(ctx, true);
    }
    vq->free_head = free_head;
    ring_set_taken(vq, (uint16_t)(vq->taken + 1u));
    return last(ctx, false);
}

/* What of a packed ring was taken: up to a descriptor. */
RING_INLINE void packed_ran(struct vio_virtq *vq, uint16_t free_head,
                            uint32_t used_flags, const struct pvirtq_desc *desc)
{
    ptrdiff_t at = desc - (const struct pvirtq_desc *)vq->desc;

    vq->free_head = free_head;
    vq->used_flags = (uint16_t)used_flags;
    ring_set_taken(vq, (uint16_t)((used_flags & POSITION_WRAP) | (uint32_t)at));
}

/* Take n of a packed ring at most, where so many are in flight. */
RING_INLINE int packed_run(struct vio_virtq *vq, unsigned n, shape_each *each,
                           shape_last *last, void *ctx)
{
    uint16_t free_head = vq->free_head;
    unsigned used_flags = vq->used_flags, at = vq->taken & POSITION_OFFSET;
    const struct pvirtq_desc *desc = (const struct pvirtq_desc *)vq->desc + at;
    unsigned run = n < vq->size - at ? n : vq->size - at;

    for (;;) { /* up to the ring's end, and then from its beginning */
        const struct pvirtq_desc *stop = desc + run;

        for (n -= run; desc != stop; desc++) {
            struct ring_used used;

            if (!packed_load_used(vq, RING_WEAK, desc, used_flags, &used)) {
                packed_ran(vq, free_head, used_flags, desc);
                return last(ctx, false);
            }
            if (!shape_take_whole(vq, &used, &free_head, each, ctx)) {
                packed_ran(vq, free_head, used_flags, desc);
                shape_keep(vq, &used);
                return last(ctx, true);
            }
        }
        if (desc == (const struct pvirtq_desc *)vq->desc + vq->size) {
            desc = vq->desc;
            used_flags ^= PACKED_BOTH;
        }
        if (n == 0)
            break;
        run = n;
    }
    packed_ran(vq, free_head, used_flags, desc);
    return last(ctx, false);
}

/* Is one in flight, and no more, and not the ring's last? */
RING_INLINE bool packed_has_one(const struct vio_virtq *vq)
{
    uint32_t end = vq->published;

    return (uint32_t)vq->taken + 1 == end && end & POSITION_OFFSET;
}

/* Take that one. */
RING_INLINE int packed_run_one(struct vio_virtq *vq, shape_each *each,
                               shape_last *last, void *ctx)
{
    uint16_t free_head = vq->free_head;
    struct ring_used used;

    if (!packed_load_used(vq, RING_WEAK, packed_desc(vq, vq->taken),
                          vq->used_flags, &used))
        return last(ctx, false);
    if (!shape_take_whole(vq, &used, &free_head, each, ctx)) {
        shape_keep(vq, &used);
        return last(ctx, true);
    }
    vq->free_head = free_head;
    ring_set_taken(vq, vq->published);
    return last(ctx, false);
}

#endif
