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

/* Where the device says at which buffer it wants a notification. */
static const uint16_t *avail_event(const struct vio_virtq *vq)
{
    return &split_used(
        vq)[VIRTQ_USED_RING + VIRTQ_USED_ELEM_WORDS * (unsigned)vq->size];
}

/* Write the chain over the first free descriptors; its last one. */
static unsigned write_chain(struct vio_virtq *vq, const struct vio_sg *sg,
                            unsigned n_readable, unsigned n)
{
    unsigned i = vq->free_head, last = i;

    for (unsigned k = 0; k < n; k++) {
        unsigned next = vq->slot[i].next;
        unsigned flags = (k + 1 < n ? VIRTQ_DESC_F_NEXT : 0) |
                         (k >= n_readable ? VIRTQ_DESC_F_WRITE : 0);

        split_write_desc(vq, i, sg[k].addr, sg[k].len, flags,
                         k + 1 < n ? next : 0);
        last = i;
        i = next;
    }
    return last;
}

/* Write it into the table of the first free descriptor, one after another
 * (2.7.5.3.1, also as IN_ORDER wants it), and name the table there. */
static unsigned write_table(struct vio_virtq *vq, const struct vio_sg *sg,
                            unsigned n_readable, unsigned n)
{
    unsigned head = vq->free_head;

    for (unsigned k = 0; k < n; k++) {
        unsigned flags = (k + 1 < n ? VIRTQ_DESC_F_NEXT : 0) |
                         (k >= n_readable ? VIRTQ_DESC_F_WRITE : 0);

        split_fill_desc(vq, ring_entry(vq, head, k), sg[k].addr, sg[k].len,
                        flags, k + 1 < n ? k + 1 : 0);
    }
    split_write_desc(vq, head, ring_table_addr(vq, head),
                     (uint32_t)(n * sizeof(struct virtq_desc)),
                     VIRTQ_DESC_F_INDIRECT, 0);
    return head;
}

int vio_split_add(struct vio_virtq *vq, const struct vio_sg *sg,
                  unsigned n_readable, unsigned n_writable, void *token)
{
    unsigned n = n_readable + n_writable;
    bool indirect = ring_goes_indirect(vq, n);
    unsigned count = indirect ? 1 : n, last;
    uint16_t head = vq->free_head;
    uint32_t bound;

    if (count > vq->n_free)
        return VIO_ENOSPC;
    bound = ring_bound(sg, n_readable, n);
    if (!bound)
        return VIO_EINVAL;
    last = indirect ? write_table(vq, sg, n_readable, n)
                    : write_chain(vq, sg, n_readable, n);
    vq->slot[head].token = token;
    vq->slot[head].bound = bound;
    vq->slot[head].count = (uint16_t)count;
    vq->free_head = vq->slot[last].next;
    vq->n_free = (uint16_t)(vq->n_free - count);
    split_stage(vq, head);
    return 0;
}

/* 2.7.10.1: the event with EVENT_IDX, bit 0 of the flags without. */
static bool wants_notification(const struct vio_virtq *vq, uint16_t before,
                               uint16_t now)
{
    const uint16_t *used = split_used(vq);

    if (vq->flags & VQ_EVENT_IDX)
        return ring_passed(ring16(vq, vio_shared_load16(avail_event(vq))), now,
                           before);
    return !(ring16(vq, vio_shared_load16(&used[VIRTQ_USED_FLAGS])) &
             VIRTQ_USED_F_NO_NOTIFY);
}

bool vio_split_kick_prepare(struct vio_virtq *vq)
{
    uint16_t before = vq->published, now = vq->added;

    if (now == before)
        return false;
    debug_kicked(vq);
    ring_publish16(vq, &split_avail(vq)[VIRTQ_AVAIL_IDX], ring16(vq, now));
    ring_set_published(vq, now);
    ring_full_barrier(vq);
    return ring_decided(vq, wants_notification(vq, before, now));
}

/* Put the chain's descriptors back in front of the free list. */
void vio_split_free_chain(struct vio_virtq *vq, uint16_t head)
{
    struct vio_virtq_slot *slot = &vq->slot[head];
    unsigned last = head;

    slot->bound = 0;
    debug_freed(slot);
    vq->n_free = (uint16_t)(vq->n_free + slot->count);
    if (vq->flags & VQ_IN_ORDER)
        return; /* the free list is a circle that stays as it is */
    for (unsigned n = slot->count; n > 1; n--)
        last = vq->slot[last].next;
    vq->slot[last].next = vq->free_head;
    vq->free_head = head;
}

int vio_split_take_in_order(struct vio_virtq *vq, uint32_t *head, uint32_t *len)
{
    int used = split_look(vq);

    /* A batch whose last buffer lies beyond the used index is a lie. */
    if (used == 0 && vq->order_pending)
        return ring_break(vq);
    if (used > 0 && !vq->order_pending)
        used = split_read_used(vq, &vq->order_last, &vq->order_len);
    if (used > 0)
        used = ring_in_order(vq, head, len);
    if (used > 0)
        ring_set_taken(vq, (uint16_t)(vq->taken + 1u));
    return used;
}

int vio_split_get_buf(struct vio_virtq *vq, void **token, uint32_t *len)
{
    uint32_t written;
    uint32_t head;
    int taken = split_take(vq, &head, &written);

    if (taken <= 0)
        return taken;
    *token = vq->slot[head].token;
    *len = written;
    vio_split_free_chain(vq, (uint16_t)head);
    return 1;
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
    ring_full_barrier(vq);
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
