/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packed virtqueue, as one needs it inline.
 *
 * Available and used descriptors share one ring, and what a descriptor is shows
 * in two flag bits, whose meaning flips each time around. A position is kept
 * together with its wrap counter, as the event suppression structures have it:
 * bits 0 to 14 the offset, bit 15 the wrap counter (2.8.14).
 *
 * A batch becomes available as a whole: all of it is written, and the flags of
 * its first descriptor last. The device, which goes through the ring in order,
 * sees nothing before that one store.
 *
 * Of the ring only id, len and flags of the descriptor at the next used
 * position are ever read, once each, and flags to see whether it is time to.
 *
 * Spec: 2.8 Packed Virtqueues.
 */
#ifndef VIO_SRC_VIRTQ_PACKED_H
#define VIO_SRC_VIRTQ_PACKED_H

#include "ring.h"

/* Where AVAIL is shifted to by 8 bits, and USED stands anyway. */
#define POSITION_WRAP   0x8000u
#define POSITION_OFFSET 0x7fffu

#define PACKED_BOTH (VIRTQ_DESC_F_AVAIL | VIRTQ_DESC_F_USED)

void vio_packed_layout(const struct vio_virtq_config *cfg,
                       struct ring_layout *layout);

void vio_packed_init(struct vio_virtq *vq);
int vio_packed_add(struct vio_virtq *vq, const struct vio_sg *sg,
                   unsigned n_readable, unsigned n_writable, void *token);
int vio_packed_get(struct vio_virtq *vq, void **token, uint32_t *len);
int vio_packed_get_any(struct vio_virtq *vq, void **token, uint32_t *len);
bool vio_packed_kick_prepare(struct vio_virtq *vq);
void vio_packed_disable_cb(struct vio_virtq *vq);
unsigned vio_packed_enable_cb_prepare(struct vio_virtq *vq);
bool vio_packed_enable_cb_delayed(struct vio_virtq *vq);
bool vio_packed_poll(const struct vio_virtq *vq, uint16_t state);
bool vio_packed_has_used(const struct vio_virtq *vq);

/* Of a buffer that was not committed up to n descriptors are written. They have
 * the flags that make them available, and must not keep them until a batch
 * grows up to there. */
void vio_packed_withdraw(struct vio_virtq *vq, unsigned n);

/* `n` descriptors further: around the end the wrap counter flips. */
static inline uint16_t packed_advance(const struct vio_virtq *vq,
                                      uint16_t position, unsigned n)
{
    unsigned offset = (position & POSITION_OFFSET) + n;
    unsigned wrap = position & POSITION_WRAP;

    /* A size of 32768 fills all the offset's bits, so this is no mask. */
    if (offset >= vq->size) {
        offset -= vq->size;
        wrap ^= POSITION_WRAP;
    }
    return (uint16_t)(wrap | offset);
}

/* Descriptors from the next used position to the end of what the device has. */
static inline int packed_in_flight(const struct vio_virtq *vq)
{
    int n = (vq->published & POSITION_OFFSET) - (vq->taken & POSITION_OFFSET);

    if ((vq->published ^ vq->taken) & POSITION_WRAP)
        n += vq->size;
    return n;
}

/* Is nothing the device's? */
static inline bool packed_is_empty(const struct vio_virtq *vq)
{
    return vq->published == vq->taken;
}

/* What both bits are where the device has used the descriptor: the wrap counter
 * (2.8.1). */
static inline unsigned packed_used_flags(uint16_t position)
{
    return position & POSITION_WRAP ? PACKED_BOTH : 0;
}

/* And where it has not been given it: the inverse, as it left them or as they
 * were zeroed. */
static inline unsigned packed_idle_flags(uint16_t position)
{
    return packed_used_flags(position) ^ PACKED_BOTH;
}

/* What both are where the device is given it: AVAIL is the wrap counter, and
 * USED its inverse (2.8.1). */
static inline unsigned packed_avail_flags(uint16_t position)
{
    return packed_idle_flags(position) ^ VIRTQ_DESC_F_AVAIL;
}

static inline struct pvirtq_desc *packed_desc(const struct vio_virtq *vq,
                                              uint16_t position)
{
    return (struct pvirtq_desc *)vq->desc + (position & POSITION_OFFSET);
}

/* By a look at its flags, and no more. */
static inline bool packed_is_used(const struct vio_virtq *vq, uint16_t position)
{
    uint16_t flags =
        ring16(vq, vio_shared_load16(&packed_desc(vq, position)->flags));

    return (flags & PACKED_BOTH) == packed_used_flags(position);
}

/* Buffer ID and flags of a descriptor are one word, the tail. */
static inline uint32_t packed_tail(unsigned flags, size_t id)
{
    return (uint32_t)(flags << 16 | id);
}

static inline void packed_write_tail(const struct vio_virtq *vq,
                                     struct pvirtq_desc *desc, uint32_t tail)
{
    vio_shared_store32((uint32_t *)(void *)&desc->id, ring32(vq, tail));
}

static inline void packed_write_desc(const struct vio_virtq *vq,
                                     struct pvirtq_desc *desc, uint64_t addr,
                                     uint32_t len, uint32_t tail)
{
    vio_shared_store64(&desc->addr, ring64(vq, addr));
    vio_shared_store32(&desc->len, ring32(vq, len));
    packed_write_tail(vq, desc, tail);
}

/*
 * A batch's first descriptor, with the flags that make it available: it is held
 * back by its AVAIL being the other way around, and the kick makes it right.
 * Gives its tail as it is until then.
 */
RING_INLINE uint32_t packed_hold(struct vio_virtq *vq, void *desc,
                                 uint32_t tail)
{
    debug_staged(vq);
    vq->batch_desc = desc;
    vq->batch_tail = tail;
    return tail ^ packed_tail(VIRTQ_DESC_F_AVAIL, 0);
}

/* The tail of a buffer's first descriptor, which is perhaps a batch's first. In
 * a batch a jump costs the others little; a single one has none. */
RING_INLINE uint32_t packed_first_tail(struct vio_virtq *vq, void *desc,
                                       uint32_t tail)
{
    return ring_seldom(vq->batch_desc) ? tail : packed_hold(vq, desc, tail);
}

/* Behind the ring's last descriptor, and so where the Driver Area is, it begins
 * anew: what makes available there, the position, and the descriptor. */
static inline struct pvirtq_desc *
packed_turn(const struct vio_virtq *vq, uint32_t *tail, uint16_t *position)
{
    *tail ^= packed_tail(PACKED_BOTH, 0);
    *position = *tail & packed_tail(VIRTQ_DESC_F_AVAIL, 0) ? POSITION_WRAP : 0;
    return vq->desc;
}

/* Where the next descriptor goes while a buffer is being written; `tail` makes
 * it available. */
struct packed_cursor {
    struct pvirtq_desc *desc;
    uint32_t tail;
    uint16_t position;
};

static inline struct packed_cursor packed_cursor(const struct vio_virtq *vq)
{
    return (struct packed_cursor){vq->next_desc, vq->avail_tail, vq->added};
}

static inline void packed_move(const struct vio_virtq *vq,
                               struct packed_cursor *c)
{
    c->position++;
    if (++c->desc == vq->driver)
        c->desc = packed_turn(vq, &c->tail, &c->position);
}

/* Write one descriptor of a buffer. */
static inline void packed_put(struct vio_virtq *vq, struct packed_cursor *c,
                              uint64_t addr, uint32_t len, uint16_t id,
                              unsigned flags)
{
    uint32_t tail = c->tail | packed_tail(flags, id);

    packed_write_desc(vq, c->desc, addr, len,
                      packed_first_tail(vq, c->desc, tail));
    packed_move(vq, c);
}

/* Past n that are written already, no more than the ring has. */
static inline void packed_skip(const struct vio_virtq *vq,
                               struct packed_cursor *c, size_t n)
{
    size_t left = (size_t)((struct pvirtq_desc *)vq->driver - c->desc);

    if (n >= left) {
        c->desc = packed_turn(vq, &c->tail, &c->position);
        n -= left;
    }
    c->desc += n;
    c->position = (uint16_t)(c->position + n);
}

/* The buffer is complete: it goes with the next kick. */
static inline void packed_commit(struct vio_virtq *vq,
                                 const struct packed_cursor *c)
{
    vq->next_desc = c->desc;
    vq->avail_tail = c->tail;
    vq->added = c->position;
}

/* A buffer that is one descriptor; it needs no cursor. */
RING_INLINE void packed_stage(struct vio_virtq *vq, uint64_t addr, uint32_t len,
                              size_t id, unsigned flags)
{
    struct pvirtq_desc *desc = vq->next_desc;
    uint32_t tail = vq->avail_tail | packed_tail(flags, id);

    packed_write_desc(vq, desc, addr, len, packed_first_tail(vq, desc, tail));
    vq->added++;
    if (++desc == vq->driver)
        desc = packed_turn(vq, &vq->avail_tail, &vq->added);
    vq->next_desc = desc;
}

/*
 * Does the device ask for a notification of the batch from `before` to `now`?
 * Its event structure is read once, as a whole (2.8.14).
 *
 * As numbers of 16 bits positions follow each other in the order in which they
 * are used, with a gap where the offset would be past the ring's end.
 */
RING_INLINE bool packed_wants_notification(const struct vio_virtq *vq,
                                           uint16_t before, uint16_t now)
{
    uint32_t event = ring32(vq, vio_shared_load32(vq->device));
    uint32_t position = event - packed_tail(RING_EVENT_FLAGS_DESC, 0);

    /* One comparison for other flags, and for an offset that there is not. */
    if ((position & ~POSITION_WRAP) < vq->event_size)
        return ring_passed((uint16_t)position, now, before);
    /* What makes no sense is taken as ENABLE: one notification too many. */
    return event >> 16 != RING_EVENT_FLAGS_DISABLE;
}

/* Publish the batch. Does the device ask for a notification? */
RING_INLINE bool packed_kick(struct vio_virtq *vq, bool weak)
{
    uint16_t before = vq->published, now = vq->added;
    struct pvirtq_desc *first = vq->batch_desc;

    if (!first)
        return false;
    debug_kicked(vq);
    /* The batch's first flags publish all of it. */
    ring_publish16(vq, weak, &first->flags,
                   ring16(vq, (uint16_t)(vq->batch_tail >> 16)));
    vq->batch_desc = NULL;
    ring_set_published(vq, now);
    ring_full_barrier(vq, weak);
    return ring_decided(vq, packed_wants_notification(vq, before, now));
}

/* Read a descriptor. 1, or 0: it is not used. */
RING_INLINE int packed_load_used(const struct vio_virtq *vq, bool weak,
                                 const struct pvirtq_desc *desc,
                                 uint16_t used_flags,
                                 struct vio_virtq_used *used)
{
    uint16_t flags = ring16(vq, ring_observe16(vq, weak, &desc->flags));

    used->flags = ring_widen(used_flags) ^ flags;
    if (used->flags & PACKED_BOTH)
        return 0;
    used->len = ring32(vq, vio_shared_load32(&desc->len));
    used->id = ring_index(ring16(vq, vio_shared_load16(&desc->id)));
    return 1;
}

/* The next one. If nothing is the device's, nothing is used, whatever the flags
 * say. */
RING_INLINE int packed_next_used(const struct vio_virtq *vq, bool weak,
                                 struct vio_virtq_used *used)
{
    return !packed_is_empty(vq) &&
           packed_load_used(vq, weak, packed_desc(vq, vq->taken),
                            vq->used_flags, used);
}

/* It is to name a buffer in flight, and a length that is within its writable
 * part. 1 or VIO_EPROTO. */
RING_INLINE int packed_check_used(struct vio_virtq *vq,
                                  struct vio_virtq_used *used)
{
    uint32_t bound;

    if ((uint32_t)used->id > vq->mask)
        return ring_break(vq);
    bound = vq->slot[used->id].bound;
    if (used->len < bound)
        return 1;
    /* 2.8.4: without the write flag the length is reserved. With a length that
     * is possible it is believed all the same: QEMU never sets the flag in what
     * it has used. */
    if (bound == 0 || used->flags & VIRTQ_DESC_F_WRITE)
        return ring_break(vq);
    used->len = 0;
    return 1;
}

/* Read the next one, and check it. 1, 0 or VIO_EPROTO. */
RING_INLINE int packed_read_used(struct vio_virtq *vq, bool weak,
                                 struct vio_virtq_used *used)
{
    return packed_next_used(vq, weak, used) ? packed_check_used(vq, used) : 0;
}

/* Is the end of a buffer that the device has used beyond what was published?
 * Then it has named one that is only staged: in 16 bits, with the wrap counter
 * on top, the end is more than 2^15 ahead, and else at most that much. */
RING_INLINE bool packed_is_beyond(const struct vio_virtq *vq, uint32_t end)
{
    return (uint16_t)(vq->published - end) > POSITION_WRAP;
}

/*
 * A buffer of `count` descriptors is the driver's again. The next used position
 * is found with what we remember of it, never with what the device says. 1 or
 * VIO_EPROTO.
 */
RING_INLINE int packed_pass(struct vio_virtq *vq, uint32_t at, uint32_t count)
{
    uint32_t offset = (at & POSITION_OFFSET) + count;

    at += count;
    if (offset >= vq->size) {
        vq->used_flags ^= PACKED_BOTH;
        at = (at ^ POSITION_WRAP) - vq->size;
    }
    if (packed_is_beyond(vq, at))
        return ring_break(vq);
    ring_set_taken(vq, (uint16_t)at);
    return 1;
}

/* Take one with IN_ORDER, where a descriptor may stand for a batch. 1, 0 or
 * VIO_EPROTO. */
int vio_packed_take_in_order(struct vio_virtq *vq, uint32_t *id, uint32_t *len);

#endif
