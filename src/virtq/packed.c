/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packed virtqueue.
 *
 * Spec: 2.8 Packed Virtqueues.
 */
#include "packed.h"

#include "table.h"

#ifndef VIO_NO_PACKED

struct ring_layout vio_packed_layout(const struct vio_virtq_config *cfg)
{
    struct ring_layout layout;

    layout.driver = cfg->size * sizeof(struct pvirtq_desc);
    layout.device = layout.driver + sizeof(struct pvirtq_event_suppress);
    layout.total = layout.device + sizeof(struct pvirtq_event_suppress);
    return layout;
}

void vio_packed_init(struct vio_virtq *vq)
{
    /* 2.8.1: both wrap counters start at 1. */
    vq->added = vq->published = vq->taken = POSITION_WRAP;
    vq->avail_flags = VIRTQ_DESC_F_AVAIL;
    vq->used_flags = PACKED_BOTH;
}

/* The list turned out to be wrong: what is written of it has the flags that
 * make it available, and must not keep them until a batch grows up to there. */
static uint32_t withdraw(struct vio_virtq *vq, unsigned n)
{
    uint16_t at = vq->added;

    for (; n > 0; n--) {
        vio_shared_store16(packed_flags_at(vq, at),
                           ring16(vq, (uint16_t)packed_idle_flags(at)));
        at = packed_advance(vq, at, 1);
    }
    return 0;
}

/* Write the segments as a list at the next available positions, without
 * staging it yet. Gives the slot's bound, or 0. */
static uint32_t write_list(struct vio_virtq *vq, const struct vio_sg *sg,
                           unsigned n_readable, unsigned n)
{
    struct packed_cursor c = packed_cursor(vq);
    uint64_t bytes = 0, readable = 0;
    unsigned flags = VIRTQ_DESC_F_NEXT;
    uint32_t bound;

    for (unsigned k = 0; k < n; k++) {
        if (sg[k].len == 0)
            return withdraw(vq, k);
        if (k == n_readable) {
            flags |= VIRTQ_DESC_F_WRITE;
            readable = bytes;
        }
        if (k + 1 == n)
            flags &= ~VIRTQ_DESC_F_NEXT;
        packed_put(vq, &c, sg[k].addr, sg[k].len, vq->free_head, flags);
        bytes += sg[k].len;
    }
    bound = ring_bound(bytes, n_readable < n ? bytes - readable : 0);
    if (!bound)
        return withdraw(vq, n);
    packed_commit(vq, &c);
    return bound;
}

/* Write them into the table of the first free slot, and that as one descriptor.
 */
static uint32_t write_table(struct vio_virtq *vq, const struct vio_sg *sg,
                            unsigned n_readable, unsigned n)
{
    uint16_t id = vq->free_head;
    uint64_t bytes = 0, readable = 0;
    unsigned flags = 0; /* 2.8.8: in a table no flag but WRITE */
    uint32_t bound;

    for (unsigned k = 0; k < n; k++) {
        if (sg[k].len == 0)
            return 0;
        if (k == n_readable) {
            flags = VIRTQ_DESC_F_WRITE;
            readable = bytes;
        }
        packed_write_desc(vq, ring_entry(vq, id, k), sg[k].addr, sg[k].len, 0,
                          flags);
        bytes += sg[k].len;
    }
    bound = ring_bound(bytes, n_readable < n ? bytes - readable : 0);
    if (bound)
        packed_stage(vq, ring_table_addr(vq, id),
                     (uint32_t)(n * sizeof(struct pvirtq_desc)), id,
                     VIRTQ_DESC_F_INDIRECT);
    return bound;
}

/* The buffer goes with the next kick. */
static inline int stage(struct vio_virtq *vq, uint32_t bound, unsigned count,
                        void *token)
{
    struct vio_virtq_slot *slot = &vq->slot[vq->free_head];

    if (!bound)
        return VIO_EINVAL;
    slot->token = token;
    slot->bound = bound;
    slot->count = (uint16_t)count;
    vq->free_head = slot->next;
    vq->n_free = (uint16_t)(vq->n_free - count);
    return 0;
}

RING_APART int add_table(struct vio_virtq *vq, const struct vio_sg *sg,
                         unsigned n_readable, unsigned n, void *token)
{
    if (vq->n_free == 0)
        return VIO_ENOSPC;
    return stage(vq, write_table(vq, sg, n_readable, n), 1, token);
}

int vio_packed_add(struct vio_virtq *vq, const struct vio_sg *sg,
                   unsigned n_readable, unsigned n_writable, void *token)
{
    unsigned n = n_readable + n_writable;

    if (ring_goes_indirect(vq, n))
        return add_table(vq, sg, n_readable, n, token);
    /* 2.8.6: room for the whole list before any of it is exposed. */
    if (n > vq->n_free)
        return VIO_ENOSPC;
    return stage(vq, write_list(vq, sg, n_readable, n), n, token);
}

bool vio_packed_kick_prepare(struct vio_virtq *vq)
{
    return packed_kick(vq, RING_NEGOTIATED);
}

int vio_packed_take_in_order(struct vio_virtq *vq, uint32_t *id, uint32_t *len)
{
    struct ring_taking t = packed_taking(vq);
    int used = 1;

    /* A batch whose last buffer the device was never given is a lie. */
    if (vq->order_pending && packed_is_empty(vq))
        return ring_break(vq);
    if (!vq->order_pending)
        used = packed_read_used(vq, &t, &vq->order_last, &vq->order_len);
    if (used > 0)
        used = ring_in_order(vq, id, len);
    if (used > 0) {
        packed_step(&t, *id);
        packed_taken(vq, &t);
    }
    return used;
}

/* Both halves of the driver's event structure in one store, so that the device
 * never sees new flags with an old position. */
static void set_event(struct vio_virtq *vq, uint16_t position, unsigned flags)
{
    uint16_t desc = ring16(vq, position), f = ring16(vq, (uint16_t)flags);

    vio_shared_store32(vq->driver, VIO_BIG_ENDIAN ? (uint32_t)desc << 16 | f
                                                  : (uint32_t)f << 16 | desc);
}

/* Ask for an interrupt when the used position passes the one given. */
static void arm(struct vio_virtq *vq, uint16_t position)
{
    if (vq->flags & VQ_EVENT_IDX)
        set_event(vq, position, RING_EVENT_FLAGS_DESC);
    else
        set_event(vq, 0, RING_EVENT_FLAGS_ENABLE);
}

void vio_packed_disable_cb(struct vio_virtq *vq)
{
    set_event(vq, 0, RING_EVENT_FLAGS_DISABLE);
}

unsigned vio_packed_enable_cb_prepare(struct vio_virtq *vq)
{
    arm(vq, vq->taken);
    return vq->taken;
}

/* Amidst a batch (IN_ORDER) the device has skipped the descriptor that would
 * show it. */
bool vio_packed_has_used(const struct vio_virtq *vq)
{
    uint16_t at = ring_taken(vq);

    return ring_order_pending(vq) ||
           packed_is_used(
               ring16(vq, vio_shared_load16(packed_flags_at(vq, at))), at);
}

bool vio_packed_poll(const struct vio_virtq *vq, uint16_t state)
{
    ring_full_barrier(vq, RING_NEGOTIATED);
    if (state != vq->taken)
        return true;
    /* With nothing in flight nothing is used, or a device that says otherwise
     * could keep the owner looking for ever. */
    return !packed_is_empty(vq) && vio_packed_has_used(vq);
}

bool vio_packed_enable_cb_delayed(struct vio_virtq *vq)
{
    unsigned from = vq->taken & POSITION_OFFSET;
    unsigned to = vq->published & POSITION_OFFSET;
    unsigned in_flight = to - from;

    if ((vq->taken ^ vq->published) & POSITION_WRAP)
        in_flight += vq->size;
    arm(vq, packed_advance(vq, vq->taken, in_flight * 3 / 4));
    /* How much is done cannot be seen without taking it; anything at all may be
     * that much. */
    return !vio_packed_poll(vq, vq->taken);
}

#endif
