/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The split virtqueue.
 *
 * Spec: 2.7 Split Virtqueues.
 */
#include "split.h"

#include "../mem.h"
#include "table.h"

#ifndef VIO_NO_SPLIT

/* 2.7, and for a legacy device 2.7.2: one contiguous piece, the used ring on a
 * boundary of its own. Both rings end in one event word. */
struct ring_layout vio_split_layout(const struct vio_virtq_config *cfg)
{
    size_t size = cfg->size;
    size_t used_align = cfg->align ? cfg->align : VIRTQ_USED_ALIGN;
    struct ring_layout layout;

    layout.driver = size * sizeof(struct virtq_desc);
    layout.device = vio_round_up(
        layout.driver + 2 * (VIRTQ_AVAIL_RING + size + 1), used_align);
    layout.total =
        vio_round_up(layout.device + 2 * (VIRTQ_USED_RING +
                                          VIRTQ_USED_ELEM_WORDS * size + 1),
                     used_align);
    return layout;
}

/* Where the driver says at which completion it wants an interrupt. */
static uint16_t *used_event(const struct vio_virtq *vq)
{
    return &split_avail(vq)[VIRTQ_AVAIL_RING + vq->size];
}

/* A chain that is being written. */
struct chain {
    uint64_t *table; /* of an indirect one */
    uint64_t *last;  /* the descriptor that was written last */
    unsigned at;     /* the one that comes next: of the table, or a slot */
    uint64_t bytes;
};

/* Write segments of one direction, each linked to a next one. False: one of
 * them is empty. */
RING_INLINE bool write_run(const struct vio_virtq *vq, struct chain *c,
                           bool in_table, const struct vio_sg *sg, unsigned n,
                           unsigned flags)
{
    for (const struct vio_sg *end = sg + n; sg != end; sg++) {
        unsigned next = in_table ? c->at + 1 : vq->slot[c->at].next;

        if (sg->len == 0)
            return false;
        c->last =
            in_table ? &c->table[DESC_WORDS * c->at] : split_desc(vq, c->at);
        split_fill_desc(vq, c->last, sg->addr, sg->len,
                        flags | VIRTQ_DESC_F_NEXT, next);
        c->bytes += sg->len;
        c->at = next;
    }
    return true;
}

/*
 * Write the segments over the first free descriptors, or into the table of the
 * first of them, one after another there (2.7.5.3.1). All of these are free: if
 * the list turns out to be wrong, nothing has happened yet.
 *
 * Gives the slot's bound, or 0; `after` is the first slot that stays free.
 */
RING_INLINE uint32_t write_chain(const struct vio_virtq *vq, bool in_table,
                                 const struct vio_sg *sg, unsigned n_readable,
                                 unsigned n_writable, unsigned *after)
{
    unsigned head = vq->free_head;
    uint64_t *first = in_table ? ring_entry(vq, head, 0) : split_desc(vq, head);
    struct chain c = {.table = first, .last = first, .at = in_table ? 0 : head};
    uint64_t readable;

    if (!write_run(vq, &c, in_table, sg, n_readable, 0))
        return 0;
    readable = c.bytes;
    if (!write_run(vq, &c, in_table, sg + n_readable, n_writable,
                   VIRTQ_DESC_F_WRITE))
        return 0;
    /* After the last one there is no next. */
    vio_shared_store16(split_flags(c.last),
                       ring16(vq, n_writable ? VIRTQ_DESC_F_WRITE : 0));
    *after = in_table ? vq->slot[head].next : c.at;
    return ring_bound(c.bytes, c.bytes - readable);
}

/* The head is in flight, as soon as its batch is kicked. */
static inline int stage(struct vio_virtq *vq, uint32_t bound, unsigned count,
                        unsigned after, void *token)
{
    uint16_t head = vq->free_head;
    struct vio_virtq_slot *slot = &vq->slot[head];

    if (!bound)
        return VIO_EINVAL;
    slot->token = token;
    slot->bound = bound;
    slot->count = (uint16_t)count;
    vq->free_head = (uint16_t)after;
    vq->n_free = (uint16_t)(vq->n_free - count);
    split_stage(vq, head);
    return 0;
}

RING_APART int add_table(struct vio_virtq *vq, const struct vio_sg *sg,
                         unsigned n_readable, unsigned n_writable, void *token)
{
    unsigned n = n_readable + n_writable, after = 0;
    uint32_t bound;

    if (vq->n_free == 0)
        return VIO_ENOSPC;
    bound = write_chain(vq, true, sg, n_readable, n_writable, &after);
    split_write_desc(vq, vq->free_head, ring_table_addr(vq, vq->free_head),
                     (uint32_t)(n * sizeof(struct virtq_desc)),
                     VIRTQ_DESC_F_INDIRECT, 0);
    return stage(vq, bound, 1, after, token);
}

int vio_split_add(struct vio_virtq *vq, const struct vio_sg *sg,
                  unsigned n_readable, unsigned n_writable, void *token)
{
    unsigned n = n_readable + n_writable, after = 0;
    uint32_t bound;

    if (ring_goes_indirect(vq, n))
        return add_table(vq, sg, n_readable, n_writable, token);
    if (n > vq->n_free)
        return VIO_ENOSPC;
    bound = write_chain(vq, false, sg, n_readable, n_writable, &after);
    return stage(vq, bound, n, after, token);
}

bool vio_split_kick_prepare(struct vio_virtq *vq)
{
    return split_kick(vq, RING_NEGOTIATED);
}

int vio_split_take_in_order(struct vio_virtq *vq, uint32_t *head, uint32_t *len)
{
    struct ring_taking t = split_taking(vq);
    int used = split_look(vq, &t);

    /* A batch whose last buffer lies beyond the used index is a lie. */
    if (used == 0 && vq->order_pending)
        return ring_break(vq);
    if (used > 0 && !vq->order_pending)
        used = split_read_used(vq, &t, &vq->order_last, &vq->order_len);
    if (used > 0)
        used = ring_in_order(vq, head, len);
    if (used > 0)
        t.taken = (uint16_t)(t.taken + 1u);
    split_taken(vq, &t);
    return used;
}

void vio_split_disable_cb(struct vio_virtq *vq)
{
    /* 2.7.7.1: with EVENT_IDX the flags stay 0; an event that lies just behind
     * is not passed for 65535 completions to come. */
    if (vq->flags & VQ_EVENT_IDX)
        vio_shared_store16(used_event(vq),
                           ring16(vq, (uint16_t)(vq->taken - 1u)));
    else
        vio_shared_store16(&split_avail(vq)[VIRTQ_AVAIL_FLAGS],
                           ring16(vq, VIRTQ_AVAIL_F_NO_INTERRUPT));
}

/* Ask for an interrupt when `n` more than what was taken are used. */
static void arm(struct vio_virtq *vq, unsigned n)
{
    if (vq->flags & VQ_EVENT_IDX)
        vio_shared_store16(used_event(vq),
                           ring16(vq, (uint16_t)(vq->taken + n)));
    else
        vio_shared_store16(&split_avail(vq)[VIRTQ_AVAIL_FLAGS], 0);
}

unsigned vio_split_enable_cb_prepare(struct vio_virtq *vq)
{
    arm(vq, 0);
    return vq->taken;
}

/* How far the device's count is beyond `state`, after all that we stored. */
static uint16_t used_since(const struct vio_virtq *vq, uint16_t state)
{
    ring_full_barrier(vq, RING_NEGOTIATED);
    return (uint16_t)(ring16(vq, vio_shared_load16(
                                     &split_used(vq)[VIRTQ_USED_IDX])) -
                      state);
}

bool vio_split_poll(const struct vio_virtq *vq, uint16_t state)
{
    return used_since(vq, state) != 0;
}

bool vio_split_enable_cb_delayed(struct vio_virtq *vq)
{
    uint16_t in_flight = (uint16_t)(vq->published - vq->taken);
    uint16_t wait_for = (uint16_t)(in_flight * 3u / 4);

    arm(vq, wait_for);
    return used_since(vq, vq->taken) <= wait_for;
}

bool vio_split_has_used(const struct vio_virtq *vq)
{
    return ring16(vq, vio_shared_load16(&split_used(vq)[VIRTQ_USED_IDX])) !=
           ring_taken(vq);
}

#endif
