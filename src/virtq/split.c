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

/* The used ring begins in a cache line of its own. The last word before it is
 * used_event, which the device reads with every buffer that it uses; the second
 * word in it is the index, which a driver that polls takes away from the device
 * again and again. In one line the first would be as slow as the second: 80 ns
 * a buffer under QEMU. */
#define USED_ALIGN 64u
_Static_assert(USED_ALIGN % VIRTQ_USED_ALIGN == 0, "2.7");

/* 2.7, and for a legacy device 2.7.2: one contiguous piece, the used ring on a
 * boundary of its own. Both rings end in one event word. */
void vio_split_layout(const struct vio_virtq_config *cfg,
                      struct ring_layout *layout)
{
    size_t size = cfg->size;
    size_t used_align = USED_ALIGN, total_align = VIRTQ_USED_ALIGN;

#ifndef VIO_NO_LEGACY
    if (cfg->align)
        used_align = total_align = cfg->align;
#endif
    layout->driver = size * sizeof(struct virtq_desc);
    layout->device = vio_round_up(
        layout->driver + 2 * (VIRTQ_AVAIL_RING + size + 1), used_align);
    layout->total =
        vio_round_up(layout->device + 2 * (VIRTQ_USED_RING +
                                           VIRTQ_USED_ELEM_WORDS * size + 1),
                     total_align);
}

/* Where the driver says at which completion it wants an interrupt. */
static uint16_t *used_event(const struct vio_virtq *vq)
{
    return &split_avail(vq)[VIRTQ_AVAIL_RING + vq->size];
}

/* Write any list: over free descriptors from `at` on, or into the table there
 * (2.7.5.3.1). `at` becomes the last one. */
static struct ring_sums write_list(const struct vio_virtq *vq, bool table,
                                   uint16_t *at, const struct vio_sg *sg,
                                   unsigned n_readable, unsigned n_writable)
{
    struct ring_sums sums = ring_sums(n_readable, n_writable);
    unsigned n = n_readable + n_writable, next = *at;

    for (unsigned k = 0; k < n; k++) {
        unsigned flags = ring_segment_flags(k, n_readable, n);
        struct virtq_desc *desc;

        if (table) {
            desc = ring_entry(vq, *at, k);
            next = k + 1;
        } else {
            desc = split_desc(vq, next);
            *at = (uint16_t)next;
            next = vq->slot[next].next;
        }
        ring_count(&sums, flags, sg[k].len);
        split_fill_desc(vq, desc, sg[k].addr, sg[k].len, flags, next);
    }
    return sums;
}

/* Any list, and every error. */
RING_APART int add_any(struct vio_virtq *vq, const struct vio_sg *sg,
                       unsigned n_readable, unsigned n_writable, void *token)
{
    unsigned n = n_readable + n_writable;
    int how = ring_placement(vq, (uint64_t)n_readable + n_writable, token);
    uint16_t head = vq->free_head, last = head;
    struct ring_sums sums;

    if (how < 0)
        return how;
    sums = write_list(vq, how == RING_TABLE, &last, sg, n_readable, n_writable);
    if (ring_sums_wrong(sums))
        return VIO_EINVAL;
    if (how == RING_TABLE) {
        split_fill_desc(vq, split_desc(vq, head), ring_table_addr(vq, head),
                        (uint32_t)(n * sizeof(struct virtq_desc)),
                        VIRTQ_DESC_F_INDIRECT, 0);
        n = 1;
    }
    split_stage(vq, head);
    ring_take(vq, &vq->slot[head], n, token);
    ring_close(vq, &vq->slot[head], &vq->slot[last], sums.bound);
    return 0;
}

/* A chain that is being written over free slots. A slot and its descriptor are
 * as many bytes from the first of their kind. */
struct chain {
    unsigned char *slots;
    unsigned char *descs;
    size_t at; /* the one that comes next */
};

#define CHAIN_STEP sizeof(struct virtq_desc)
_Static_assert(sizeof(struct vio_virtq_slot) == CHAIN_STEP,
               "one step for both");

static inline struct vio_virtq_slot *chain_slot(const struct chain *c)
{
    return (void *)(c->slots + c->at);
}

static inline struct virtq_desc *chain_desc(const struct chain *c)
{
    return (void *)(c->descs + c->at);
}

/* Write a segment over a descriptor; where it links to is left open. Gives its
 * weight. */
static inline uint64_t write_segment(const struct vio_virtq *vq,
                                     struct virtq_desc *desc,
                                     const struct vio_sg *sg, unsigned flags)
{
    uint32_t len = sg->len;

    vio_shared_store64(&desc->addr, ring64(vq, sg->addr));
    vio_shared_store32(&desc->len, ring32(vq, len));
    vio_shared_store16(&desc->flags, ring16(vq, (uint16_t)flags));
    return ring_weight(len);
}

/* Write segments of one direction, each linked to the next free slot. Gives the
 * sum with their weights. */
RING_INLINE uint64_t write_run(const struct vio_virtq *vq, struct chain *c,
                               const struct vio_sg *sg,
                               const struct vio_sg *end, unsigned flags,
                               uint64_t sum)
{
    for (; sg != end; sg++) {
        struct virtq_desc *desc = chain_desc(c);
        uint16_t next = chain_slot(c)->next;

        sum += write_segment(vq, desc, sg, flags | VIRTQ_DESC_F_NEXT);
        vio_shared_store16(&desc->next, ring16(vq, next));
        c->at = next * CHAIN_STEP;
    }
    return sum;
}

/* Write a list over the first free descriptors. Its last segment, writable or
 * not, links to nothing. */
RING_INLINE struct ring_sums write_chain(const struct vio_virtq *vq,
                                         struct chain *c,
                                         const struct vio_sg *sg,
                                         unsigned n_readable,
                                         unsigned n_writable, bool is_read)
{
    struct ring_sums sums = ring_sums(n_readable, n_writable);
    const struct vio_sg *last = sg + ((size_t)n_readable + n_writable) - 1;
    const struct vio_sg *mid = is_read ? sg + n_readable : last;
    unsigned last_flags = is_read ? VIRTQ_DESC_F_WRITE : 0;

    sums.readable = write_run(vq, c, sg, mid, 0, sums.readable);
    sums.bound = write_run(vq, c, mid, last, VIRTQ_DESC_F_WRITE, sums.bound);
    *(is_read ? &sums.bound : &sums.readable) +=
        write_segment(vq, chain_desc(c), last, last_flags);
    return sums;
}

/* What was staged last turned out to be wrong, before anybody saw it. */
static inline int unstage(struct vio_virtq *vq, struct vio_virtq_slot *slot)
{
    vq->added--;
    ring_drop(vq, slot);
    return VIO_EINVAL;
}

/*
 * The slots of a chain in flight are a circle, so that it goes back to the free
 * list as a whole (ring_release): the last one links back to the head. What can
 * be done before the segments are looked at is, to have the registers free.
 */
RING_INLINE int add_chain(struct vio_virtq *vq, const struct vio_sg *sg,
                          unsigned n_readable, unsigned n_writable,
                          bool is_read, void *token)
{
    size_t head = ring_index(vq->free_head);
    size_t n = (size_t)n_readable + n_writable;
    struct chain c = {(void *)vq->slot, vq->desc, head * CHAIN_STEP};
    struct vio_virtq_slot *slot = chain_slot(&c);
    struct ring_sums sums;

    if (!token || !ring_has_room(vq, n_readable, n_writable))
        return add_any(vq, sg, n_readable, n_writable, token);
    split_stage(vq, (uint16_t)head);
    ring_take(vq, slot, n, token);
    sums = write_chain(vq, &c, sg, n_readable, n_writable, is_read);
    if (ring_sums_wrong(sums))
        return unstage(vq, slot);
    ring_close(vq, slot, chain_slot(&c), sums.bound);
    return 0;
}

/* A disk's header, data and status, for reading and for writing. The numbers
 * are known here, so that nothing is left of the loops. */
RING_APART int add_read(struct vio_virtq *vq, const struct vio_sg *sg,
                        void *token)
{
    return add_chain(vq, sg, 1, 2, true, token);
}

RING_APART int add_write(struct vio_virtq *vq, const struct vio_sg *sg,
                         void *token)
{
    return add_chain(vq, sg, 2, 1, true, token);
}

/* Any other list. */
RING_APART int add_list(struct vio_virtq *vq, const struct vio_sg *sg,
                        unsigned n_readable, unsigned n_writable, void *token)
{
    if (n_writable)
        return add_chain(vq, sg, n_readable, n_writable, true, token);
    if (n_readable)
        return add_chain(vq, sg, n_readable, 0, false, token);
    return add_any(vq, sg, 0, 0, token);
}

int vio_split_add(struct vio_virtq *vq, const struct vio_sg *sg,
                  unsigned n_readable, unsigned n_writable, void *token)
{
    if (RING_SMALL)
        return add_any(vq, sg, n_readable, n_writable, token);
    if (n_readable == 1 && n_writable == 2)
        return add_read(vq, sg, token);
    if (n_readable == 2 && n_writable == 1)
        return add_write(vq, sg, token);
    return add_list(vq, sg, n_readable, n_writable, token);
}

bool vio_split_kick_prepare(struct vio_virtq *vq)
{
    return split_kick(vq, RING_NEGOTIATED);
}

/* All that the used index was seen to tell of is taken: look at it again. How
 * many there are now, or VIO_EPROTO. */
RING_INLINE int look_again(struct vio_virtq *vq)
{
    int n = split_ready(vq, split_used(vq), RING_NEGOTIATED);

    if (n > 0)
        vq->used_seen = (uint16_t)(vq->taken + (unsigned)n);
    return n;
}

/* Take the next one; the used index says that there is one. */
RING_INLINE int take_next(struct vio_virtq *vq, void **token, uint32_t *len)
{
    struct vio_virtq_used used;
    struct vio_virtq_slot *slot;

    if (split_read_used(vq, &used) < 0)
        return VIO_EPROTO;
    ring_set_taken(vq, (uint16_t)(vq->taken + 1u));
    *len = (uint32_t)used.len;
    slot = &vq->slot[used.id];
    *token = ring_release(vq, slot, slot->next);
    return 1;
}

RING_APART int look_and_take(struct vio_virtq *vq, void **token, uint32_t *len)
{
    int n = look_again(vq);

    return n > 0 ? take_next(vq, token, len) : n;
}

int vio_split_get(struct vio_virtq *vq, void **token, uint32_t *len)
{
    return !RING_SMALL && vq->used_seen != vq->taken
               ? take_next(vq, token, len)
               : look_and_take(vq, token, len);
}

#ifndef VIO_NO_IN_ORDER

int vio_split_take_in_order(struct vio_virtq *vq, uint32_t *head, uint32_t *len)
{
    struct vio_virtq_used used;
    int ready = vq->used_seen != vq->taken ? 1 : look_again(vq);

    /* A batch whose last buffer lies beyond the used index is a lie. */
    if (ready == 0 && vq->order_pending)
        return ring_break(vq);
    if (ready > 0 && !vq->order_pending) {
        ready = split_read_used(vq, &used);
        if (ready > 0)
            ring_begin_order(vq, &used);
    }
    if (ready > 0)
        ready = ring_in_order(vq, head, len);
    if (ready > 0) {
        ring_set_taken(vq, (uint16_t)(vq->taken + 1u));
        ring_end_order(vq, *head);
    }
    return ready;
}

#endif

void vio_split_disable_cb(struct vio_virtq *vq)
{
    /* 2.7.7.1: with EVENT_IDX the flags stay 0; an event that lies just behind
     * is not passed for 65535 completions to come. */
    if (ring_has(vq, VQ_EVENT_IDX))
        vio_shared_store16(used_event(vq),
                           ring16(vq, (uint16_t)(vq->taken - 1u)));
    else
        vio_shared_store16(&split_avail(vq)[VIRTQ_AVAIL_FLAGS],
                           ring16(vq, VIRTQ_AVAIL_F_NO_INTERRUPT));
}

/* Ask for an interrupt when `n` more than what was taken are used. */
static void arm(struct vio_virtq *vq, unsigned n)
{
    if (ring_has(vq, VQ_EVENT_IDX))
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
