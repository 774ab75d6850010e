/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The split virtqueue, as one needs it inline: writing one descriptor, putting
 * a chain into the available ring, taking one out of the used ring.
 *
 * The descriptor table and the available ring are only ever written; what must
 * be remembered of them is in the private slots. Each word of the used ring is
 * read once.
 *
 * Spec: 2.7 Split Virtqueues.
 */
#ifndef VIO_SRC_VIRTQ_SPLIT_H
#define VIO_SRC_VIRTQ_SPLIT_H

#include "ring.h"

void vio_split_layout(const struct vio_virtq_config *cfg,
                      struct ring_layout *layout);

int vio_split_add(struct vio_virtq *vq, const struct vio_sg *sg,
                  unsigned n_readable, unsigned n_writable, void *token);
int vio_split_get(struct vio_virtq *vq, void **token, uint32_t *len);
bool vio_split_kick_prepare(struct vio_virtq *vq);
void vio_split_disable_cb(struct vio_virtq *vq);
unsigned vio_split_enable_cb_prepare(struct vio_virtq *vq);
bool vio_split_enable_cb_delayed(struct vio_virtq *vq);
bool vio_split_poll(const struct vio_virtq *vq, uint16_t state);
bool vio_split_has_used(const struct vio_virtq *vq);

/* Both rings are arrays of 16-bit words; see vio/spec/ring.h. */
static inline uint16_t *split_used(const struct vio_virtq *vq)
{
    return vq->device;
}

static inline uint16_t *split_avail(const struct vio_virtq *vq)
{
    return vq->driver;
}

static inline void split_link_desc(const struct vio_virtq *vq,
                                   struct virtq_desc *desc, unsigned flags,
                                   unsigned next)
{
    vio_shared_store16(&desc->flags, ring16(vq, (uint16_t)flags));
    vio_shared_store16(&desc->next, ring16(vq, (uint16_t)next));
}

static inline void split_fill_desc(const struct vio_virtq *vq,
                                   struct virtq_desc *desc, uint64_t addr,
                                   uint32_t len, unsigned flags, unsigned next)
{
    vio_shared_store64(&desc->addr, ring64(vq, addr));
    vio_shared_store32(&desc->len, ring32(vq, len));
    split_link_desc(vq, desc, flags, next);
}

static inline struct virtq_desc *split_desc(const struct vio_virtq *vq,
                                            unsigned i)
{
    return (struct virtq_desc *)vq->desc + i;
}

/* The same for a descriptor of the table, named by its number. */
static inline void split_write_desc(const struct vio_virtq *vq, unsigned i,
                                    uint64_t addr, uint32_t len, unsigned flags,
                                    unsigned next)
{
    split_fill_desc(vq, split_desc(vq, i), addr, len, flags, next);
}

/* Put a chain into the available ring; the index follows with the next kick, so
 * that a batch costs one (2.7.13). */
static inline void split_stage(struct vio_virtq *vq, uint16_t head)
{
    uint16_t *ring = split_avail(vq) + VIRTQ_AVAIL_RING;
    size_t at = vq->added & vq->mask;

    if (vq->added == vq->published)
        debug_staged(vq);
    vio_shared_store16(&ring[at], ring16(vq, head));
    vq->added++;
}

/* Where the device says at which buffer it wants a notification. */
static inline const uint16_t *split_avail_event(const struct vio_virtq *vq)
{
    return &split_used(
        vq)[VIRTQ_USED_RING + VIRTQ_USED_ELEM_WORDS * (size_t)vq->size];
}

/* 2.7.10.1: the event with EVENT_IDX, bit 0 of the flags without. */
RING_INLINE bool split_wants_notification(const struct vio_virtq *vq,
                                          uint16_t before, uint16_t now)
{
    const uint16_t *used = split_used(vq);

    if (ring_has(vq, VQ_EVENT_IDX))
        return ring_passed(ring16(vq, vio_shared_load16(split_avail_event(vq))),
                           now, before);
    return !(ring16(vq, vio_shared_load16(&used[VIRTQ_USED_FLAGS])) &
             VIRTQ_USED_F_NO_NOTIFY);
}

/* Publish the batch. Does the device ask for a notification? */
RING_INLINE bool split_kick(struct vio_virtq *vq, bool weak)
{
    uint16_t before = vq->published, now = vq->added;

    if (now == before)
        return false;
    debug_kicked(vq);
    ring_publish16(vq, weak, &split_avail(vq)[VIRTQ_AVAIL_IDX],
                   ring16(vq, now));
    ring_set_published(vq, now);
    ring_full_barrier(vq, weak);
    return ring_decided(vq, split_wants_notification(vq, before, now));
}

/* The elements of the used ring, of two words each. */
RING_INLINE const uint32_t *split_elements(const uint16_t *ring)
{
    return (const uint32_t *)(const void *)(ring + VIRTQ_USED_RING);
}

RING_INLINE const uint32_t *split_next_element(const struct vio_virtq *vq,
                                               const uint16_t *ring)
{
    return split_elements(ring) +
           2 * (size_t)(ring_widen(vq->taken) & vq->mask);
}

/* How many elements were not taken yet, by another look at the index; or
 * VIO_EPROTO. */
RING_INLINE int split_ready(struct vio_virtq *vq, const uint16_t *ring,
                            bool weak)
{
    unsigned used = ring16(vq, ring_observe16(vq, weak, &ring[VIRTQ_USED_IDX]));
    unsigned taken = vq->taken, n = (uint16_t)(used - taken);

    return n > (uint16_t)(vq->published - taken) ? ring_break(vq) : (int)n;
}

/* Read an element of the used ring. */
RING_INLINE struct vio_virtq_used split_load_used(const struct vio_virtq *vq,
                                                  const uint32_t *elem)
{
    struct vio_virtq_used used = {.flags = 0};

    used.id = ring_index(ring32(vq, vio_shared_load32(&elem[0])));
    used.len = ring32(vq, vio_shared_load32(&elem[1]));
    return used;
}

/* It is to name the head of a chain that is in flight, and a length that is
 * within its writable part. 1 or VIO_EPROTO. */
RING_INLINE int split_check_used(struct vio_virtq *vq,
                                 struct vio_virtq_used *used)
{
    uint32_t bound;

    if ((uint32_t)used->id > vq->mask)
        return ring_break(vq);
    bound = vq->slot[used->id].bound;
    /* A slot that heads nothing in flight has the bound 0, so that this one
     * comparison refuses a free id, one in mid-chain, one that was used before,
     * and a length past the writable bytes. */
    if (used->len >= bound) {
        /* 2.7.8.3: legacy lengths are often wrong, and only clamped. */
        if (!ring_has(vq, VQ_LEGACY) || bound == 0)
            return ring_break(vq);
        used->len = bound - 1;
    }
    return 1;
}

/* Read the next element, and check it. 1 or VIO_EPROTO. */
RING_INLINE int split_read_used(struct vio_virtq *vq,
                                struct vio_virtq_used *used)
{
    *used = split_load_used(vq, split_next_element(vq, split_used(vq)));
    return split_check_used(vq, used);
}

/* Take one with IN_ORDER, where an element may stand for a batch. 1, 0 or
 * VIO_EPROTO. */
int vio_split_take_in_order(struct vio_virtq *vq, uint32_t *head,
                            uint32_t *len);

#endif
