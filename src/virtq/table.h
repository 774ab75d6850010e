/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Indirect tables, one per slot, in the queue's own memory from the start; and
 * what both formats ask of a list of segments.
 *
 * Spec: 2.7.5.3, 2.8.8 Indirect Descriptors.
 */
#ifndef VIO_SRC_VIRTQ_TABLE_H
#define VIO_SRC_VIRTQ_TABLE_H

#include "ring.h"

/* Entry k of the table of a slot; in either format as long as a descriptor. */
static inline void *ring_entry(const struct vio_virtq *vq, unsigned slot,
                               unsigned k)
{
    return (struct virtq_desc *)vq->table + (size_t)slot * vq->table_segs + k;
}

static inline uint64_t ring_table_addr(const struct vio_virtq *vq,
                                       unsigned slot)
{
    return vq->table_addr +
           (uint64_t)slot * vq->table_segs * sizeof(struct virtq_desc);
}

static inline unsigned ring_num_free(const struct vio_virtq *vq)
{
    return (unsigned)vq->room + ring_reserve(vq);
}

/* Is there room for a list beside the reserve? The sum has 64 bits, and does
 * not wrap. */
static inline bool ring_has_room(const struct vio_virtq *vq,
                                 unsigned n_readable, unsigned n_writable)
{
    return (int64_t)((uint64_t)n_readable + n_writable) <= vq->room;
}

#define RING_CHAIN 0
#define RING_TABLE 1

/*
 * How a list of n segments goes: RING_CHAIN, RING_TABLE or an error.
 *
 * A direct chain costs slots of the ring, which are worth something only when
 * they are scarce; a table costs a device one access more, of which nothing was
 * to be measured (README.md, "Fixed-shape requests"). With tables half of the
 * ring is the reserve (vio_virtq_init), and a list goes direct as long as there
 * is room beside it.
 */
static inline int ring_placement(const struct vio_virtq *vq, uint64_t n,
                                 const void *token)
{
    if (n == 0 || n > vq->size || !token)
        return VIO_EINVAL;
    if ((int)n <= vq->room)
        return RING_CHAIN;
    if (n > 1 && n <= ring_table_segs(vq))
        return ring_num_free(vq) ? RING_TABLE : VIO_ENOSPC;
    return n <= ring_num_free(vq) ? RING_CHAIN : VIO_ENOSPC;
}

/*
 * The sums of a list's bytes are made while it is written, and looked at in the
 * end. Each starts at the number of its segments, the writable ones' at one
 * more: in the end it is the slot's bound. A segment adds its bytes less one,
 * so that an empty one adds 2^32 - 1, and whatever is wrong makes both together
 * reach 2^32. A chain has at most 2^32 bytes (2.7.5.1); one less leaves room
 * for the bound.
 */
struct ring_sums {
    uint64_t readable;
    uint64_t bound;
};

static inline struct ring_sums ring_sums(unsigned n_readable,
                                         unsigned n_writable)
{
    return (struct ring_sums){n_readable, (uint64_t)n_writable + 1};
}

/* Segment k of n: which way it goes, and whether another one follows. */
static inline unsigned ring_segment_flags(unsigned k, unsigned n_readable,
                                          unsigned n)
{
    return (k < n_readable ? 0 : VIRTQ_DESC_F_WRITE) |
           (k + 1 < n ? VIRTQ_DESC_F_NEXT : 0);
}

static inline uint32_t ring_weight(uint32_t len)
{
    return len - 1;
}

static inline void ring_count(struct ring_sums *sums, unsigned flags,
                              uint32_t len)
{
    if (flags & VIRTQ_DESC_F_WRITE)
        sums->bound += ring_weight(len);
    else
        sums->readable += ring_weight(len);
}

static inline bool ring_sums_wrong(struct ring_sums sums)
{
    return (sums.readable + sums.bound) >> 32 != 0;
}

/* A free slot becomes the head of a buffer that takes so many descriptors of
 * the ring. */
static inline void ring_take(struct vio_virtq *vq, struct vio_virtq_slot *slot,
                             size_t count, void *token)
{
    slot->token = token;
    slot->count = (uint16_t)count;
    vq->room -= (int32_t)count;
}

/* All that its slots are is known: those up to `last` leave the free list and
 * become a circle. From now on the device may use it. The head is looked up
 * again, rather than kept while the segments were written. */
static inline void ring_close(struct vio_virtq *vq, struct vio_virtq_slot *slot,
                              struct vio_virtq_slot *last, uint64_t bound)
{
    uint16_t after = last->next;

    slot->bound = (uint32_t)bound;
    last->next = vq->free_head;
    vq->free_head = after;
}

/* A buffer's slots are nobody's any more, or never were. */
static inline void ring_drop(struct vio_virtq *vq, struct vio_virtq_slot *slot)
{
    vq->room += slot->count;
    slot->bound = 0;
    debug_freed(slot);
}

/*
 * They come in front of the free list, in one step whatever their number: from
 * the head on they are a circle, which is opened behind the head, so that the
 * head is the last of them, and `second` the first. In a packed queue a buffer
 * has one slot, however many descriptors of the ring it took, and that is both.
 */
static inline void *ring_release(struct vio_virtq *vq,
                                 struct vio_virtq_slot *slot, size_t second)
{
    void *token = slot->token;

    ring_drop(vq, slot);
    slot->next = vq->free_head;
    vq->free_head = (uint16_t)second;
    return token;
}

#endif
