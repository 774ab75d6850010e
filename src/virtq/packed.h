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
 * position are ever read, once each.
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

struct ring_layout vio_packed_layout(const struct vio_virtq_config *cfg);

void vio_packed_init(struct vio_virtq *vq);
int vio_packed_add(struct vio_virtq *vq, const struct vio_sg *sg,
                   unsigned n_readable, unsigned n_writable, void *token);
int vio_packed_add_table(struct vio_virtq *vq, const struct vio_sg *sg,
                         unsigned n_readable, unsigned n_writable, void *token);
int vio_packed_get(struct vio_virtq *vq, void **token, uint32_t *len);
bool vio_packed_kick_prepare(struct vio_virtq *vq);
void vio_packed_disable_cb(struct vio_virtq *vq);
unsigned vio_packed_enable_cb_prepare(struct vio_virtq *vq);
bool vio_packed_enable_cb_delayed(struct vio_virtq *vq);
bool vio_packed_poll(const struct vio_virtq *vq, uint16_t state);
bool vio_packed_has_used(const struct vio_virtq *vq);

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

/* What both bits are where the device has not been given the descriptor: the
 * inverse of the wrap counter, as it left them or as they were zeroed. */
static inline unsigned packed_idle_flags(uint16_t position)
{
    return position & POSITION_WRAP ? 0 : PACKED_BOTH;
}

/* 2.8.1: used is both equal to the wrap counter. */
static inline bool packed_is_used(uint16_t flags, uint16_t position)
{
    return (flags & PACKED_BOTH) ==
           (position & POSITION_WRAP ? PACKED_BOTH : 0);
}

static inline uint16_t *packed_flags_at(const struct vio_virtq *vq,
                                        uint16_t position)
{
    uint16_t *desc = vq->desc;

    return &desc[8 * (size_t)(position & POSITION_OFFSET) + 7];
}

static inline uint64_t *packed_desc(const struct vio_virtq *vq,
                                    uint16_t position)
{
    return (uint64_t *)vq->desc + 2 * (size_t)(position & POSITION_OFFSET);
}

/* Two stores fill a descriptor: the address, and the rest. */
static inline void packed_write_desc(const struct vio_virtq *vq, uint64_t *desc,
                                     uint64_t addr, uint32_t len, uint16_t id,
                                     unsigned flags)
{
    uint64_t rest = (uint64_t)flags << 48 | (uint64_t)id << 32 | len;

    if (ring_swaps(vq))
        rest = (uint64_t)vio_swap32(len) << 32 |
               (uint64_t)vio_swap16(id) << 16 | vio_swap16((uint16_t)flags);
    vio_shared_store64(&desc[0], ring64(vq, addr));
    vio_shared_store64(&desc[1], rest);
}

/*
 * Where the next descriptor goes while a buffer is being written. `flags` make
 * it available: AVAIL is the wrap counter there, and USED its inverse (2.8.1).
 * The first one of a batch is held back: kick_prepare flips its AVAIL.
 */
struct packed_cursor {
    uint64_t *desc;
    unsigned offset;
    unsigned flags;
    unsigned held; /* AVAIL if the next one is a batch's first, else 0 */
};

static inline struct packed_cursor packed_cursor(const struct vio_virtq *vq)
{
    return (struct packed_cursor){
        .desc = packed_desc(vq, vq->added),
        .offset = vq->added & POSITION_OFFSET,
        .flags = vq->avail_flags,
        .held = vq->added == vq->published ? VIRTQ_DESC_F_AVAIL : 0,
    };
}

static inline void packed_move(const struct vio_virtq *vq,
                               struct packed_cursor *c)
{
    c->held = 0;
    c->desc += 2;
    if (++c->offset == vq->size) {
        c->offset = 0;
        c->desc = vq->desc;
        c->flags ^= PACKED_BOTH;
    }
}

/* Write one descriptor of a buffer. */
static inline void packed_put(struct vio_virtq *vq, struct packed_cursor *c,
                              uint64_t addr, uint32_t len, uint16_t id,
                              unsigned flags)
{
    flags |= c->flags;
    if (c->held) {
        debug_staged(vq);
        vq->batch_flags = (uint16_t)flags;
    }
    packed_write_desc(vq, c->desc, addr, len, id, flags ^ c->held);
    packed_move(vq, c);
}

/* The same for one that is written already, but for its flags, and is not the
 * first of a batch. */
static inline void packed_put_flags(struct vio_virtq *vq,
                                    struct packed_cursor *c, unsigned flags)
{
    vio_shared_store16((uint16_t *)c->desc + 7,
                       ring16(vq, (uint16_t)(flags | c->flags)));
    packed_move(vq, c);
}

/* The buffer is complete: it goes with the next kick. */
static inline void packed_commit(struct vio_virtq *vq,
                                 const struct packed_cursor *c)
{
    vq->added = (uint16_t)((c->flags & VIRTQ_DESC_F_AVAIL) << 8 | c->offset);
    vq->avail_flags = (uint16_t)c->flags;
}

/* A buffer that is one descriptor. */
static inline void packed_stage(struct vio_virtq *vq, uint64_t addr,
                                uint32_t len, uint16_t id, unsigned flags)
{
    struct packed_cursor c = packed_cursor(vq);

    packed_put(vq, &c, addr, len, id, flags);
    packed_commit(vq, &c);
}

RING_INLINE struct ring_taking packed_taking(const struct vio_virtq *vq)
{
    return (struct ring_taking){
        .slot = vq->slot,
        .ring = vq->desc,
        .size = vq->size,
        .free_head = vq->free_head,
        .taken = vq->taken & POSITION_OFFSET,
        .used_flags = vq->used_flags,
        .n_out = vq->n_out,
    };
}

RING_INLINE void packed_taken(struct vio_virtq *vq, const struct ring_taking *t)
{
    vq->free_head = (uint16_t)t->free_head;
    vq->used_flags = (uint16_t)t->used_flags;
    vq->n_out = (uint16_t)t->n_out;
    ring_set_taken(vq, (uint16_t)((t->used_flags & POSITION_WRAP) | t->taken));
}

/* Read the used descriptor at the next used position: a buffer in flight, and a
 * length within its writable part. 1, 0 or VIO_EPROTO. */
RING_INLINE int packed_read_used(struct vio_virtq *vq,
                                 const struct ring_taking *t, uint32_t *id,
                                 uint32_t *len)
{
    const struct pvirtq_desc *desc =
        (const struct pvirtq_desc *)(void *)t->ring + t->taken;
    uint16_t flags;
    uint32_t bound;

    /* Nothing is the device's: whatever the flags say, nothing is used. */
    if (t->n_out == 0)
        return 0;
    flags = ring16(vq, ring_observe16(vq, &desc->flags));
    if ((flags & PACKED_BOTH) != t->used_flags)
        return 0;
    *len = ring32(vq, vio_shared_load32(&desc->len));
    *id = ring16(vq, vio_shared_load16(&desc->id));
    if (*id >= t->size)
        return ring_break(vq);
    bound = t->slot[*id].bound;
    if (*len < bound)
        return 1;
    /* 2.8.4: without the write flag the length is reserved. With a length that
     * is possible it is believed all the same: QEMU never sets the flag in what
     * it has used. */
    if (bound == 0 || flags & VIRTQ_DESC_F_WRITE)
        return ring_break(vq);
    *len = 0;
    return 1;
}

/* One buffer more is the driver's again. The next used position is found with
 * what we remember of it, never with what the device says. */
RING_INLINE void packed_step(struct ring_taking *t, uint32_t id)
{
    t->taken += t->slot[id].count;
    if (t->taken >= t->size) {
        t->taken -= t->size;
        t->used_flags ^= PACKED_BOTH;
    }
    t->n_out--;
}

/* Take one used buffer, each descriptor standing for itself. 1, 0 or
 * VIO_EPROTO. */
RING_INLINE int packed_take(struct vio_virtq *vq, struct ring_taking *t,
                            uint32_t *id, uint32_t *len)
{
    int used = packed_read_used(vq, t, id, len);

    if (used > 0)
        packed_step(t, *id);
    return used;
}

/* The same with IN_ORDER, where a descriptor may stand for a batch. */
int vio_packed_take_in_order(struct vio_virtq *vq, uint32_t *id, uint32_t *len);

#endif
