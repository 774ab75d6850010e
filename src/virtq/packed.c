/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packed virtqueue.
 *
 * Spec: 2.8 Packed Virtqueues.
 */
#include "packed.h"

#include "table.h"

#ifndef VIO_NO_PACKED

void vio_packed_layout(const struct vio_virtq_config *cfg,
                       struct ring_layout *layout)
{
    layout->driver = cfg->size * sizeof(struct pvirtq_desc);
    layout->device = layout->driver + sizeof(struct pvirtq_event_suppress);
    layout->total = layout->device + sizeof(struct pvirtq_event_suppress);
}

void vio_packed_init(struct vio_virtq *vq)
{
    /* 2.8.1: both wrap counters start at 1. */
    vq->added = vq->published = vq->taken = POSITION_WRAP;
    vq->avail_tail = packed_tail(VIRTQ_DESC_F_AVAIL, 0);
    vq->next_desc = vq->desc;
    vq->used_flags = PACKED_BOTH;
    vq->event_size = ring_has(vq, VQ_EVENT_IDX) ? vq->size : 0;
    /* What zeroed memory asks for is an interrupt for each. */
    vio_packed_enable_cb_prepare(vq);
}

void vio_packed_withdraw(struct vio_virtq *vq, unsigned n)
{
    uint16_t at = vq->added;

    if (vq->batch_desc == vq->next_desc)
        vq->batch_desc = NULL;
    for (; n > 0; n--) {
        vio_shared_store16(&packed_desc(vq, at)->flags,
                           ring16(vq, (uint16_t)packed_idle_flags(at)));
        at = packed_advance(vq, at, 1);
    }
}

/* The list turned out to be wrong. */
RING_APART int withdraw(struct vio_virtq *vq, unsigned n)
{
    vio_packed_withdraw(vq, n);
    return VIO_EINVAL;
}

/* The first free slot is a buffer's, alone. */
static void take_first(struct vio_virtq *vq, size_t count, uint64_t bound,
                       void *token)
{
    size_t id = vq->free_head;
    struct vio_virtq_slot *slot = &vq->slot[id];

    ring_take(vq, slot, count, token);
    slot->bound = (uint32_t)bound;
    vq->free_head = slot->next;
}

/* Write a list at the next available positions. */
static int add_chain(struct vio_virtq *vq, const struct vio_sg *sg,
                     unsigned n_readable, unsigned n_writable, void *token)
{
    struct ring_sums sums = ring_sums(n_readable, n_writable);
    struct packed_cursor c = packed_cursor(vq);
    unsigned n = n_readable + n_writable;

    for (unsigned k = 0; k < n; k++) {
        unsigned flags = ring_segment_flags(k, n_readable, n);

        ring_count(&sums, flags, sg[k].len);
        packed_put(vq, &c, sg[k].addr, sg[k].len, vq->free_head, flags);
    }
    if (ring_sums_wrong(sums))
        return withdraw(vq, n);
    packed_commit(vq, &c);
    take_first(vq, n, sums.bound, token);
    return 0;
}

/* Write a list into the table of the first free slot, and that as one
 * descriptor. */
static int add_table(struct vio_virtq *vq, const struct vio_sg *sg,
                     unsigned n_readable, unsigned n_writable, void *token)
{
    struct ring_sums sums = ring_sums(n_readable, n_writable);
    unsigned n = n_readable + n_writable;
    uint16_t id = vq->free_head;

    for (unsigned k = 0; k < n; k++) {
        /* 2.8.8: in a table no flag but WRITE. */
        unsigned flags = ring_segment_flags(k, n_readable, 0);

        ring_count(&sums, flags, sg[k].len);
        packed_write_desc(vq, ring_entry(vq, id, k), sg[k].addr, sg[k].len,
                          packed_tail(flags, 0));
    }
    if (ring_sums_wrong(sums))
        return VIO_EINVAL;
    packed_stage(vq, ring_table_addr(vq, id),
                 (uint32_t)(n * sizeof(struct pvirtq_desc)), id,
                 VIRTQ_DESC_F_INDIRECT);
    take_first(vq, 1, sums.bound, token);
    return 0;
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

/* Write a segment, but for the tail. Gives its weight. */
static inline uint64_t write_front(const struct vio_virtq *vq,
                                   struct pvirtq_desc *desc,
                                   const struct vio_sg *sg)
{
    uint32_t len = sg->len;

    vio_shared_store64(&desc->addr, ring64(vq, sg->addr));
    vio_shared_store32(&desc->len, ring32(vq, len));
    return ring_weight(len);
}

/* Write segments over the descriptors behind `desc`. Gives the sum with their
 * weights. */
RING_INLINE uint64_t write_run(const struct vio_virtq *vq,
                               struct pvirtq_desc *desc,
                               const struct vio_sg *sg,
                               const struct vio_sg *end, uint32_t tail,
                               uint64_t sum)
{
    for (; sg != end; sg++) {
        sum += write_front(vq, ++desc, sg);
        packed_write_tail(vq, desc, tail);
    }
    return sum;
}

/* Write a list that is both read and written, over descriptors in a row. */
RING_INLINE struct ring_sums write_straight(struct vio_virtq *vq,
                                            const struct vio_sg *sg,
                                            unsigned n_readable,
                                            unsigned n_writable)
{
    struct ring_sums sums = ring_sums(n_readable, n_writable);
    struct pvirtq_desc *first = vq->next_desc;
    struct pvirtq_desc *mid = first + n_readable - 1;
    struct pvirtq_desc *last = mid + n_writable;
    const struct vio_sg *sg_mid = sg + n_readable;
    const struct vio_sg *sg_last = sg_mid + n_writable - 1;
    uint32_t tail =
        vq->avail_tail | packed_tail(VIRTQ_DESC_F_NEXT, vq->free_head);
    uint64_t weight = write_front(vq, first, sg);

    packed_write_tail(vq, first, packed_first_tail(vq, first, tail));
    sums.readable = write_run(vq, first, sg + 1, sg_mid, tail, sums.readable);
    tail |= packed_tail(VIRTQ_DESC_F_WRITE, 0);
    sums.bound = write_run(vq, mid, sg_mid, sg_last, tail, sums.bound);
    sums.bound += write_front(vq, last, sg_last);
    sums.readable += weight; /* here it costs no instruction of its own */
    packed_write_tail(vq, last, tail - packed_tail(VIRTQ_DESC_F_NEXT, 0));
    return sums;
}

/* The same for a list of one direction. */
RING_INLINE struct ring_sums write_one_way(struct vio_virtq *vq,
                                           const struct vio_sg *sg,
                                           unsigned n_readable,
                                           unsigned n_writable)
{
    struct ring_sums sums = ring_sums(n_readable, n_writable);
    size_t n = (size_t)n_readable + n_writable;
    struct pvirtq_desc *first = vq->next_desc, *last = first + n - 1;
    unsigned flags = n_writable ? VIRTQ_DESC_F_WRITE : 0;
    uint32_t end_tail = vq->avail_tail | packed_tail(flags, vq->free_head);
    uint32_t tail = end_tail | packed_tail(VIRTQ_DESC_F_NEXT, 0);
    uint64_t weight = write_front(vq, first, sg);

    packed_write_tail(vq, first,
                      packed_first_tail(vq, first, n > 1 ? tail : end_tail));
    if (n > 1) {
        weight = write_run(vq, first, sg + 1, sg + n - 1, tail, weight);
        weight += write_front(vq, last, sg + n - 1);
        packed_write_tail(vq, last, end_tail);
    }
    if (n_writable)
        sums.bound += weight;
    else
        sums.readable += weight;
    return sums;
}

/* Does a list end before the ring does? One that is no longer than the ring;
 * counted from the end, since what lies behind it is no place to point at. */
static inline bool goes_straight(const struct vio_virtq *vq, size_t n)
{
    return (struct pvirtq_desc *)vq->next_desc <
           (struct pvirtq_desc *)vq->driver - n;
}

/* A list that does, or any. */
RING_INLINE int add_straight(struct vio_virtq *vq, const struct vio_sg *sg,
                             unsigned n_readable, unsigned n_writable,
                             void *token)
{
    size_t n = (size_t)n_readable + n_writable;
    struct ring_sums sums;

    if (!token || !ring_has_room(vq, n_readable, n_writable) ||
        !goes_straight(vq, n))
        return add_any(vq, sg, n_readable, n_writable, token);
    sums = n_readable && n_writable
               ? write_straight(vq, sg, n_readable, n_writable)
               : write_one_way(vq, sg, n_readable, n_writable);
    if (ring_sums_wrong(sums))
        return withdraw(vq, (unsigned)n);
    vq->added = (uint16_t)(vq->added + n);
    vq->next_desc = (struct pvirtq_desc *)vq->next_desc + n;
    take_first(vq, n, sums.bound, token);
    return 0;
}

/* A disk's header, data and status, for reading and for writing. The numbers
 * are known here, so that nothing is left of the loops. */
RING_APART int add_read(struct vio_virtq *vq, const struct vio_sg *sg,
                        void *token)
{
    return add_straight(vq, sg, 1, 2, token);
}

RING_APART int add_write(struct vio_virtq *vq, const struct vio_sg *sg,
                         void *token)
{
    return add_straight(vq, sg, 2, 1, token);
}

/* Any other list. */
RING_APART int add_list(struct vio_virtq *vq, const struct vio_sg *sg,
                        unsigned n_readable, unsigned n_writable, void *token)
{
    if (n_readable && n_writable)
        return add_straight(vq, sg, n_readable, n_writable, token);
    if (n_writable)
        return add_straight(vq, sg, 0, n_writable, token);
    if (n_readable)
        return add_straight(vq, sg, n_readable, 0, token);
    return add_any(vq, sg, 0, 0, token);
}

int vio_packed_add(struct vio_virtq *vq, const struct vio_sg *sg,
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

bool vio_packed_kick_prepare(struct vio_virtq *vq)
{
    return packed_kick(vq, RING_NEGOTIATED);
}

/* Take the next one, which was read and checked. 1 or VIO_EPROTO. */
RING_INLINE int take_checked(struct vio_virtq *vq,
                             const struct vio_virtq_used *used, void **token,
                             uint32_t *len)
{
    struct vio_virtq_slot *slot = &vq->slot[used->id];

    if (packed_pass(vq, vq->taken, slot->count) < 0)
        return VIO_EPROTO;
    *len = (uint32_t)used->len;
    *token = ring_release(vq, slot, used->id);
    return 1;
}

int vio_packed_get_any(struct vio_virtq *vq, void **token, uint32_t *len)
{
    struct vio_virtq_used used;
    int ready = packed_read_used(vq, RING_NEGOTIATED, &used);

    return ready > 0 ? take_checked(vq, &used, token, len) : ready;
}

/* Take the next one, which was only read. 1 or VIO_EPROTO. */
RING_APART int take_any(struct vio_virtq *vq, struct vio_virtq_used used,
                        void **token, uint32_t *len)
{
    int err = packed_check_used(vq, &used);

    return err > 0 ? take_checked(vq, &used, token, len) : err;
}

/* The usual: a buffer that ends before the ring does, and not behind what was
 * published, with a length that it can have. All else is for take_any(). */
int vio_packed_get(struct vio_virtq *vq, void **token, uint32_t *len)
{
    uint32_t at = ring_widen(vq->taken);
    struct vio_virtq_slot *slot;
    struct vio_virtq_used used;
    uint16_t offset, end;

    if (RING_SMALL)
        return vio_packed_get_any(vq, token, len);
    if (!packed_next_used(vq, RING_WEAK, &used))
        return 0;
    if ((uint32_t)used.id > vq->mask)
        return take_any(vq, used, token, len);
    slot = &vq->slot[used.id];
    offset = (uint16_t)((at & POSITION_OFFSET) + slot->count);
    end = (uint16_t)(at + slot->count);
    if (offset >= vq->size || (int16_t)(vq->published - end) < 0 ||
        used.len >= slot->bound)
        return take_any(vq, used, token, len);
    ring_set_taken(vq, end);
    *len = (uint32_t)used.len;
    *token = ring_release(vq, slot, used.id);
    return 1;
}

#ifndef VIO_NO_IN_ORDER

int vio_packed_take_in_order(struct vio_virtq *vq, uint32_t *id, uint32_t *len)
{
    struct vio_virtq_used used;
    int ready = 1;

    /* A batch whose last buffer the device was never given is a lie. */
    if (vq->order_pending && packed_is_empty(vq))
        return ring_break(vq);
    if (!vq->order_pending) {
        ready = packed_read_used(vq, RING_NEGOTIATED, &used);
        if (ready > 0)
            ring_begin_order(vq, &used);
    }
    if (ready > 0)
        ready = ring_in_order(vq, id, len);
    if (ready > 0)
        ready = packed_pass(vq, vq->taken, vq->slot[*id].count);
    if (ready > 0)
        ring_end_order(vq, *id);
    return ready;
}

#endif

/* Both halves of the driver's event structure in one store, so that the device
 * never sees new flags with an old position. */
static void set_event(struct vio_virtq *vq, uint16_t position, unsigned flags)
{
    vio_shared_store32(vq->driver,
                       ring32(vq, (uint32_t)flags << 16 | position));
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
    return ring_order_pending(vq) || packed_is_used(vq, ring_taken(vq));
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
    unsigned in_flight = (unsigned)packed_in_flight(vq);

    arm(vq, packed_advance(vq, vq->taken, in_flight * 3 / 4));
    /* How much is done cannot be seen without taking it; anything at all may be
     * that much. */
    return !vio_packed_poll(vq, vq->taken);
}

#endif
