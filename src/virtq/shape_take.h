/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taking finished requests of a queue of one fixed shape: one by one, whatever
 * became of them, or a run of those that ended in the usual way.
 *
 * Spec: 2.7.14 Receiving Used Buffers From The Device.
 */
#ifndef VIO_SRC_VIRTQ_SHAPE_TAKE_H
#define VIO_SRC_VIRTQ_SHAPE_TAKE_H

#include "shape.h"

/* The slot is free again: it goes in front of the list, where it is warm. */
RING_INLINE void shape_release(struct vio_virtq_slot *slot, size_t number,
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

/* Has the device used anything that was not taken yet? 1, 0 or VIO_EPROTO. */
static inline int shape_look(struct vio_virtq *vq)
{
    struct vio_virtq_used used;
    int ready;

    if (ring_is_packed(vq)) {
        ready = packed_next_used(vq, RING_NEGOTIATED, &used);
    } else {
        ready = split_ready(vq, split_used(vq), RING_NEGOTIATED);
        if (ready > 0)
            used = split_load_used(vq, split_next_element(vq, split_used(vq)));
    }
    if (ready > 0)
        vq->shape_used = used;
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
                                               : shape_list_descs(vq, slot));
    ring_set_taken(vq, (uint16_t)(vq->taken + 1u));
    return 1;
}

/* Take what shape_look() has found. 1 or VIO_EPROTO. */
static inline int shape_take(struct vio_virtq *vq, struct shape_done *done)
{
    struct vio_virtq_used used = vq->shape_used;
    int err = ring_is_packed(vq) ? packed_check_used(vq, &used)
                                 : split_check_used(vq, &used);
    struct vio_virtq_slot *slot;

    done->slot = (uint32_t)used.id;
    if (err > 0)
        err = shape_pass(vq, done->slot);
    if (err < 0)
        return err;
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
 * does everything of a queue whose state has any of the first of these. Of the
 * others the runs are longer ones, or the owner's part in them is.
 */
#define SHAPE_ONE_BY_ONE (VQ_BROKEN | VQ_ORDER_PLATFORM)
#define SHAPE_UNUSUAL    (SHAPE_ONE_BY_ONE | VQ_LISTED | VQ_MAPPED)

/* What the queue's owner does with one of the run. False: for him it is not a
 * usual one. And what he does in the end, if another one, which is to be taken
 * by itself, ended the run: how many are wanted still, with that one, or 0.
 * Both are known where a run is called. */
typedef bool shape_each(void *ctx, size_t slot, void *token);
typedef int shape_last(void *ctx, unsigned left);

/* One of a run. Of a slot that is not in flight the bound is 0, and less one,
 * with 64 bits, no length. */
RING_INLINE bool shape_take_whole(const struct vio_virtq *vq,
                                  const struct vio_virtq_used *used,
                                  uint16_t *free_head, shape_each *each,
                                  void *ctx)
{
    struct vio_virtq_slot *slot;

    if ((uint32_t)used->id > vq->mask)
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
            struct vio_virtq_used used = split_load_used(vq, elem);

            if (shape_take_whole(vq, &used, &free_head, each, ctx))
                continue;
            n -= (unsigned)((size_t)(elem - ring) / 2 - at);
            vq->free_head = free_head;
            ring_set_taken(vq, (uint16_t)(taken + total - n));
            vq->shape_used = used;
            return last(ctx, n);
        }
        n -= (unsigned)run;
        at = 0;
    } while (n);
    vq->free_head = free_head;
    ring_set_taken(vq, (uint16_t)(taken + total));
    return last(ctx, 0);
}

/* The same for one; `ring` is where it is: split_used(vq). */
RING_INLINE int split_run_one(struct vio_virtq *vq, const uint16_t *ring,
                              shape_each *each, shape_last *last, void *ctx)
{
    uint16_t free_head = vq->free_head;
    struct vio_virtq_used used =
        split_load_used(vq, split_next_element(vq, ring));

    if (!shape_take_whole(vq, &used, &free_head, each, ctx)) {
        vq->shape_used = used;
        return last(ctx, 1);
    }
    vq->free_head = free_head;
    ring_set_taken(vq, (uint16_t)(vq->taken + 1u));
    return last(ctx, 0);
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
    uint16_t used_flags = vq->used_flags;
    unsigned at = vq->taken & POSITION_OFFSET;
    const struct pvirtq_desc *desc = (const struct pvirtq_desc *)vq->desc + at;
    unsigned run = n < vq->size - at ? n : vq->size - at;

    for (;;) { /* up to the ring's end, and then from its beginning */
        const struct pvirtq_desc *stop = desc + run;

        for (n -= run; desc != stop; desc++) {
            struct vio_virtq_used used;

            if (!packed_load_used(vq, RING_WEAK, desc, used_flags, &used)) {
                packed_ran(vq, free_head, used_flags, desc);
                return last(ctx, 0);
            }
            if (!shape_take_whole(vq, &used, &free_head, each, ctx)) {
                packed_ran(vq, free_head, used_flags, desc);
                vq->shape_used = used;
                return last(ctx, n + (unsigned)(stop - desc));
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
    return last(ctx, 0);
}

/* One of a run in a packed ring without tables: as many descriptors as it has
 * are passed, none of them beyond what was published. */
RING_INLINE bool listed_take(struct vio_virtq *vq,
                             const struct vio_virtq_used *used,
                             shape_each *each, void *ctx)
{
    uint16_t end;

    if ((uint32_t)used->id > vq->mask)
        return false;
    end =
        packed_advance(vq, vq->taken, shape_list_descs(vq, (unsigned)used->id));
    if (packed_is_beyond(vq, end) ||
        !shape_take_whole(vq, used, &vq->free_head, each, ctx))
        return false;
    vq->used_flags = (uint16_t)packed_used_flags(end);
    ring_set_taken(vq, end);
    return true;
}

/* Take n of one at most. */
RING_INLINE int listed_run(struct vio_virtq *vq, unsigned n, shape_each *each,
                           shape_last *last, void *ctx)
{
    struct vio_virtq_used used;

    for (; n && packed_next_used(vq, RING_WEAK, &used); n--)
        if (!listed_take(vq, &used, each, ctx)) {
            vq->shape_used = used;
            return last(ctx, n);
        }
    return last(ctx, 0);
}

/* Is one in flight up to `end`, and no more, and not the ring's last? */
RING_INLINE bool packed_has_one(const struct vio_virtq *vq, uint16_t end)
{
    return (uint16_t)(vq->taken + 1u) == end && end & POSITION_OFFSET;
}

/* Out of the way, so that whoever finds one returns a constant. */
static __attribute__((noinline, cold)) int nothing_yet(void)
{
    return 0;
}

/* Take that one. */
RING_INLINE int packed_run_one(struct vio_virtq *vq, uint16_t end,
                               shape_each *each, shape_last *last, void *ctx)
{
    uint16_t free_head = vq->free_head;
    struct vio_virtq_used used;

    if (!packed_load_used(vq, RING_WEAK, packed_desc(vq, vq->taken),
                          vq->used_flags, &used))
        return nothing_yet();
    if (!shape_take_whole(vq, &used, &free_head, each, ctx)) {
        vq->shape_used = used;
        return last(ctx, 1);
    }
    vq->free_head = free_head;
    ring_set_taken(vq, end);
    return last(ctx, 0);
}

#endif
