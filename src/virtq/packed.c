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
    /* What zeroed memory asks for is an interrupt for each. */
    vio_packed_enable_cb_prepare(vq);
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

/* Write a list at the next available positions; how many there are is known.
 * Gives the slot's bound, or 0. */
static uint32_t write_list(struct vio_virtq *vq, const struct vio_sg *sg,
                           unsigned n_readable, unsigned n_writable)
{
    struct ring_sums sums = ring_sums(n_readable, n_writable);
    struct packed_cursor c = packed_cursor(vq);
    unsigned n = n_readable + n_writable;

    for (unsigned k = 0; k < n; k++) {
        bool is_read = k >= n_readable;

        *(is_read ? &sums.bound : &sums.readable) += ring_weight(sg[k].len);
        packed_put(vq, &c, sg[k].addr, sg[k].len, vq->free_head,
                   (is_read ? VIRTQ_DESC_F_WRITE : 0) |
                       (k + 1 < n ? VIRTQ_DESC_F_NEXT : 0));
    }
    if (ring_sums_wrong(sums))
        return withdraw(vq, n);
    packed_commit(vq, &c);
    return (uint32_t)sums.bound;
}

/* Write a list into the table of the first free slot, and that as one
 * descriptor. */
static uint32_t write_table(struct vio_virtq *vq, const struct vio_sg *sg,
                            unsigned n_readable, unsigned n_writable)
{
    struct ring_sums sums = ring_sums(n_readable, n_writable);
    unsigned n = n_readable + n_writable;
    uint16_t id = vq->free_head;

    for (unsigned k = 0; k < n; k++) {
        bool is_read = k >= n_readable;

        *(is_read ? &sums.bound : &sums.readable) += ring_weight(sg[k].len);
        /* 2.8.8: in a table no flag but WRITE. */
        packed_write_desc(vq, ring_entry(vq, id, k), sg[k].addr, sg[k].len, 0,
                          is_read ? VIRTQ_DESC_F_WRITE : 0);
    }
    if (ring_sums_wrong(sums))
        return 0;
    packed_stage(vq, ring_table_addr(vq, id),
                 (uint32_t)(n * sizeof(struct pvirtq_desc)), id,
                 VIRTQ_DESC_F_INDIRECT);
    return (uint32_t)sums.bound;
}

/* The buffer goes with the next kick. */
static int stage(struct vio_virtq *vq, uint32_t bound, unsigned count,
                 void *token)
{
    if (!bound)
        return VIO_EINVAL;
    ring_take_one(vq, bound, count, token);
    return 0;
}

static int add_chain(struct vio_virtq *vq, const struct vio_sg *sg,
                     unsigned n_readable, unsigned n_writable, void *token)
{
    return stage(vq, write_list(vq, sg, n_readable, n_writable),
                 n_readable + n_writable, token);
}

/* What a descriptor has behind its address, but for the length. */
static inline uint64_t tail_of(unsigned flags, unsigned id)
{
    return (uint64_t)flags << 48 | (uint64_t)id << 32;
}

/* Write a segment; gives its weight. An empty one spoils the tail. */
static inline uint32_t write_segment(const struct vio_virtq *vq, uint64_t *desc,
                                     const struct vio_sg *sg, uint64_t tail)
{
    uint32_t weight = ring_weight(sg->len);

    vio_shared_store64(desc, ring64(vq, sg->addr));
    vio_shared_store64(desc + 1, ring64(vq, tail + 1 + weight));
    return weight;
}

/* The tail of a list's first descriptor, given that of one that follows: the
 * first of a batch is held back. */
static inline uint64_t first_tail(struct vio_virtq *vq, uint64_t tail,
                                  unsigned n_readable, unsigned n)
{
    unsigned flags = vq->avail_flags;

    if (vq->added != vq->published)
        return tail;
    debug_staged(vq);
    if (n > 1)
        flags |= VIRTQ_DESC_F_NEXT;
    if (n_readable == 0)
        flags |= VIRTQ_DESC_F_WRITE;
    vq->batch_flags = (uint16_t)flags;
    return tail ^ tail_of(VIRTQ_DESC_F_AVAIL, 0);
}

/* Write a list that does not go around the end. Gives the slot's bound, or 0.
 */
RING_INLINE uint32_t write_straight(struct vio_virtq *vq,
                                    const struct vio_sg *sg,
                                    unsigned n_readable, unsigned n_writable)
{
    unsigned n = n_readable + n_writable;
    const struct vio_sg *mid = sg + n_readable, *last = sg + n - 1;
    uint64_t *desc = packed_desc(vq, vq->added);
    uint64_t then = tail_of(vq->avail_flags | VIRTQ_DESC_F_NEXT, vq->free_head);
    uint64_t tail = first_tail(vq, then, n_readable, n);
    uint64_t sum = (uint64_t)n + 1, readable = 0;

    for (;; sg++, desc += DESC_WORDS) {
        if (sg == mid) {
            tail += tail_of(VIRTQ_DESC_F_WRITE, 0);
            then += tail_of(VIRTQ_DESC_F_WRITE, 0);
            readable = sum;
        }
        if (sg == last)
            break;
        sum += write_segment(vq, desc, sg, tail);
        tail = then;
    }
    sum += write_segment(vq, desc, sg, tail - tail_of(VIRTQ_DESC_F_NEXT, 0));
    if (n_writable == 0)
        readable = sum;
    if (sum >> 32)
        return withdraw(vq, n);
    return (uint32_t)(sum - readable) + n_writable + 1;
}

RING_INLINE int add_straight(struct vio_virtq *vq, const struct vio_sg *sg,
                             unsigned n_readable, unsigned n_writable,
                             void *token)
{
    unsigned n = n_readable + n_writable;
    uint32_t bound = write_straight(vq, sg, n_readable, n_writable);

    if (!bound)
        return VIO_EINVAL;
    vq->added = (uint16_t)(vq->added + n);
    ring_take_one(vq, bound, n, token);
    return 0;
}

static int add_table(struct vio_virtq *vq, const struct vio_sg *sg,
                     unsigned n_readable, unsigned n_writable, void *token)
{
    return stage(vq, write_table(vq, sg, n_readable, n_writable), 1, token);
}

/* Any list, and every error. */
RING_APART int add_any(struct vio_virtq *vq, const struct vio_sg *sg,
                       unsigned n_readable, unsigned n_writable, void *token)
{
    int how = ring_placement(vq, (uint64_t)n_readable + n_writable, token);

    if (how < 0)
        return how;
    return how == RING_TABLE ? add_table(vq, sg, n_readable, n_writable, token)
                             : add_chain(vq, sg, n_readable, n_writable, token);
}

int vio_packed_add(struct vio_virtq *vq, const struct vio_sg *sg,
                   unsigned n_readable, unsigned n_writable, void *token)
{
    unsigned n = n_readable + n_writable;

    /* What goes around the ring's end is not worth a path of its own. */
    if (!RING_SMALL && ring_has_room(vq, n_readable, n_writable) && n &&
        token && (vq->added & POSITION_OFFSET) + n < vq->size)
        return add_straight(vq, sg, n_readable, n_writable, token);
    return add_any(vq, sg, n_readable, n_writable, token);
}

bool vio_packed_kick_prepare(struct vio_virtq *vq)
{
    return packed_kick(vq, RING_NEGOTIATED);
}

int vio_packed_get(struct vio_virtq *vq, void **token, uint32_t *len)
{
    struct vio_virtq_slot *slot;
    struct ring_used used;
    int ready = packed_read_used(vq, &used);

    if (ready <= 0)
        return ready;
    slot = &vq->slot[used.id];
    if (packed_pass(vq, slot->count) < 0)
        return VIO_EPROTO;
    *token = slot->token;
    *len = (uint32_t)used.len;
    ring_release(vq, slot);
    return 1;
}

#ifndef VIO_NO_IN_ORDER

int vio_packed_take_in_order(struct vio_virtq *vq, uint32_t *id, uint32_t *len)
{
    struct ring_used used;
    int ready = 1;

    /* A batch whose last buffer the device was never given is a lie. */
    if (vq->order_pending && packed_is_empty(vq))
        return ring_break(vq);
    if (!vq->order_pending) {
        ready = packed_read_used(vq, &used);
        if (ready > 0)
            ring_begin_order(vq, &used);
    }
    if (ready > 0)
        ready = ring_in_order(vq, id, len);
    return ready > 0 ? packed_pass(vq, vq->slot[*id].count) : ready;
}

#endif

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
    if (ring_has(vq, VQ_EVENT_IDX))
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
