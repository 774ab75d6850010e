/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What both ring formats stand on: the three orderings, byte order, the broken
 * latch, and what is shared with the interrupt entry.
 */
#ifndef VIO_SRC_VIRTQ_RING_H
#define VIO_SRC_VIRTQ_RING_H

#include <vio/error.h>
#include <vio/port.h>
#include <vio/spec/virtio.h>
#include <vio/virtq.h>

#include "../left_out.h"
#include "../swap.h"
#include "debug.h"

/* Of struct vio_virtq's flags, which are fixed when the queue is set up. The
 * features among them lie as in the word that is negotiated, VQ_SHIFT lower. */
#define VQ_SHIFT          28
#define VQ_OF(feature)    ((uint32_t)(VIRTIO_BIT(feature) >> VQ_SHIFT))
#define VQ_EVENT_IDX      VQ_OF(VIRTIO_F_EVENT_IDX)
#define VQ_PACKED         VQ_OF(VIRTIO_F_RING_PACKED)
#define VQ_IN_ORDER       VQ_OF(VIRTIO_F_IN_ORDER)
#define VQ_ORDER_PLATFORM VQ_OF(VIRTIO_F_ORDER_PLATFORM)
/* The doorbell takes the position, too. */
#define VQ_NOTIFY_DATA    VQ_OF(VIRTIO_F_NOTIFICATION_DATA)
#define VQ_FEATURES                                               \
    (VQ_EVENT_IDX | VQ_PACKED | VQ_IN_ORDER | VQ_ORDER_PLATFORM | \
     VQ_NOTIFY_DATA)
#define VQ_LEGACY 0x1000u
#define VQ_SILENT 0x2000u /* it raises no interrupt */

/* Has the queue the flag? Of what a build leaves out this is a constant,
 * without optimisation too. */
#define ring_has(vq, flag) (!(VQ_LEFT_OUT & (flag)) && ((vq)->flags & (flag)))

#ifdef VIO_NO_LEGACY
#define VQ_LEFT_OUT_LEGACY VQ_LEGACY
#else
#define VQ_LEFT_OUT_LEGACY 0u
#endif
#ifdef VIO_NO_PCI /* else some transport may have none */
#define VQ_LEFT_OUT_SILENT VQ_SILENT
#else
#define VQ_LEFT_OUT_SILENT 0u
#endif
#define VQ_LEFT_OUT                                                   \
    ((uint32_t)(LEFT_OUT_FEATURES >> VQ_SHIFT) | VQ_LEFT_OUT_LEGACY | \
     VQ_LEFT_OUT_SILENT)

/* Entries of an indirect table; 0: there are none, and no descriptors are kept
 * for them. */
#ifdef VIO_NO_INDIRECT
#define ring_table_segs(vq) 0u
#define ring_reserve(vq)    0u
#else
#define ring_table_segs(vq) ((unsigned)(vq)->table_segs)
#define ring_reserve(vq)    ((vq)->reserve)
#endif

/*
 * Its state has those flags too, and some more: one look at it tells whether a
 * call may go the usual way. HELD and BROKEN change while the queue is in use.
 * Each is a byte of its own, since BROKEN can be set beside the owner: neither
 * store undoes the other.
 */
#define VQ_LISTED 0x000200u  /* of fixed shape, packed, without tables */
#define VQ_MAPPED 0x000800u  /* its owner has more to do with each request */
#define VQ_HELD   0x010000u  /* the device is suspended */
#define VQ_BROKEN 0x1000000u /* sticky until the queue is set up again */

/* Of functions with an argument that is known where they are called, and that
 * chooses one of two loops: they are to be compiled for each. */
#ifdef __OPTIMIZE_SIZE__
#define RING_SMALL  true
#define RING_INLINE static inline
#else
#define RING_SMALL  false
#define RING_INLINE static inline __attribute__((always_inline))
#endif

/* And of what calls them once for each: it is to save no more registers than
 * its own format needs. Where size counts they may be part of it. */
#ifdef __OPTIMIZE_SIZE__
#define RING_APART static
#else
#define RING_APART static __attribute__((noinline))
#endif

/* Of what is unusual, or where the time does not count: nothing comes yet. */
#define ring_seldom(condition) __builtin_expect(!!(condition), false)

/*
 * A build that needs one ring format leaves the other out with VIO_NO_SPLIT or
 * VIO_NO_PACKED; with both in, the queue says which it is.
 */
#ifdef VIO_NO_SPLIT
#define ring_is_packed(vq) true /* a constant, without optimisation too */
#else
#define ring_is_packed(vq) ring_has(vq, VQ_PACKED)
#endif

/* The three areas in one piece of memory. */
struct ring_layout {
    size_t driver; /* offset of the Driver Area */
    size_t device; /* offset of the Device Area */
    size_t total;
};

/*
 * The orderings have a weak form and one for the platform; the queue says which
 * was agreed on. Who has looked at that already says that it is the weak one.
 */
#define RING_WEAK       true
#define RING_NEGOTIATED false

/*
 * Ordering 1: everything stored before, descriptors and all, is visible to the
 * device before this word is (2.7.13.3.1).
 */
RING_INLINE void ring_publish16(const struct vio_virtq *vq, bool weak,
                                uint16_t *p, uint16_t value)
{
    if (!weak && ring_has(vq, VQ_ORDER_PLATFORM)) {
        vio_wmb_platform();
        vio_shared_store16(p, value);
    } else {
        vio_store_release16(p, value);
    }
}

/*
 * Ordering 2: what was published is visible to the other side before its answer
 * is read: the wish for a notification (2.7.13.4.1) here, the used index after
 * asking for an interrupt there. Without it both sides can miss each other.
 */
RING_INLINE void ring_full_barrier(const struct vio_virtq *vq, bool weak)
{
    if (!weak && ring_has(vq, VQ_ORDER_PLATFORM))
        vio_mb_platform();
    else
        vio_mb();
}

/*
 * Ordering 3: nothing that the device published together with this word is read
 * before it (2.7.14).
 */

RING_INLINE uint16_t ring_observe16(const struct vio_virtq *vq, bool weak,
                                    const uint16_t *p)
{
    uint16_t value;

    if (weak || !ring_has(vq, VQ_ORDER_PLATFORM))
        return vio_load_acquire16(p);
    value = vio_shared_load16(p);
    vio_rmb_platform();
    return value;
}

/* Modern rings are little-endian, legacy ones guest-endian (2.7.3). */
static inline bool ring_swaps(const struct vio_virtq *vq)
{
    return VIO_BIG_ENDIAN && !ring_has(vq, VQ_LEGACY);
}

static inline uint16_t ring16(const struct vio_virtq *vq, uint16_t value)
{
    return ring_swaps(vq) ? vio_swap16(value) : value;
}

static inline uint32_t ring32(const struct vio_virtq *vq, uint32_t value)
{
    return ring_swaps(vq) ? vio_swap32(value) : value;
}

static inline uint64_t ring64(const struct vio_virtq *vq, uint64_t value)
{
    return ring_swaps(vq) ? vio_swap64(value) : value;
}

/* `state`, `taken` and `order_pending` are looked at by the interrupt entry,
 * beside the owner: neither torn nor kept in a register, and with no order
 * between them. */
static inline __attribute__((always_inline)) uint32_t
ring_state(const struct vio_virtq *vq)
{
    return __atomic_load_n(&vq->state, __ATOMIC_RELAXED);
}

static inline void ring_set_state(struct vio_virtq *vq, uint32_t flag, bool on)
{
    unsigned char *bytes = (unsigned char *)&vq->state;
    unsigned at = flag == VQ_BROKEN ? 3 : 2;

    __atomic_store_n(&bytes[VIO_BIG_ENDIAN ? 3 - at : at], on,
                     __ATOMIC_RELAXED);
}

static inline __attribute__((always_inline)) bool
ring_broken(const struct vio_virtq *vq)
{
    return ring_state(vq) & VQ_BROKEN;
}

/* The device broke the rules: nothing is touched through the queue any more.
 * Returns the error for it. */
static inline int ring_break(struct vio_virtq *vq)
{
    vq->stats.broken = 1;
    ring_set_state(vq, VQ_BROKEN, true);
    return VIO_EPROTO;
}

static inline uint16_t ring_taken(const struct vio_virtq *vq)
{
    return __atomic_load_n(&vq->taken, __ATOMIC_RELAXED);
}

static inline void ring_set_taken(struct vio_virtq *vq, uint16_t taken)
{
    __atomic_store_n(&vq->taken, taken, __ATOMIC_RELAXED);
}

static inline bool ring_order_pending(const struct vio_virtq *vq)
{
    return __atomic_load_n(&vq->order_pending, __ATOMIC_RELAXED);
}

/* After what the program has stored before. */
static inline void ring_set_order_pending(struct vio_virtq *vq, bool pending)
{
    __atomic_store_n(&vq->order_pending, pending, __ATOMIC_RELEASE);
}

/* The same for vio_virtq_notify(), which needs no serialisation. */
static inline uint16_t ring_published(const struct vio_virtq *vq)
{
    return __atomic_load_n(&vq->published, __ATOMIC_RELAXED);
}

static inline void ring_set_published(struct vio_virtq *vq, uint16_t published)
{
    __atomic_store_n(&vq->published, published, __ATOMIC_RELAXED);
}

/* The slot that is `n` slots further around the queue. */
static inline uint16_t ring_further(const struct vio_virtq *vq, uint32_t slot,
                                    uint32_t n)
{
    slot += n;
    return (uint16_t)(slot < vq->size ? slot : slot - vq->size);
}

/*
 * 2.7.9, 2.8.10: with IN_ORDER one used element may stand for a batch, of which
 * it names the last buffer. The ones before it are complete, all of what is
 * writable in them written. Slots are taken round and round then, so that the
 * slot that follows a buffer's last one heads the next buffer.
 *
 * The batch begins before its first buffer is taken and ends when its last one
 * is: amidst it `taken` is where the device has written nothing.
 */
static inline void ring_begin_order(struct vio_virtq *vq,
                                    const struct vio_virtq_used *last)
{
    vq->order_last = (uint32_t)last->id;
    vq->order_len = (uint32_t)last->len;
    ring_set_order_pending(vq, true);
}

/* The next buffer of the batch. 1 or VIO_EPROTO. */
static inline int ring_in_order(struct vio_virtq *vq, uint32_t *head,
                                uint32_t *len)
{
    uint16_t next = vq->order_next;
    const struct vio_virtq_slot *slot = &vq->slot[next];

    if (slot->bound == 0)
        return ring_break(vq);
    *len = next != vq->order_last ? slot->bound - 1 : vq->order_len;
    *head = next;
    vq->order_next =
        ring_further(vq, next, ring_is_packed(vq) ? 1 : slot->count);
    return 1;
}

/* It is taken. Was it the last one? */
static inline void ring_end_order(struct vio_virtq *vq, uint32_t head)
{
    ring_set_order_pending(vq, head != vq->order_last);
}

/* For compilers that would keep a value of 16 bits twice: with the upper bits
 * of its register, and without. */
static inline uint32_t ring_widen(uint16_t value)
{
    uint32_t wide = value;

    __asm__("" : "+r"(wide));
    return wide;
}

/* The same of one that becomes an index. */
static inline size_t ring_index(size_t value)
{
    __asm__("" : "+r"(value));
    return value;
}

/* Count a kick that the device did not want to hear of. */
static inline bool ring_decided(struct vio_virtq *vq, bool wanted)
{
    if (wanted)
        return true;
    vq->stats.suppressed++;
    return false;
}

/*
 * Did the step from `before` to `after` pass `event`? Right across wrap-around,
 * as long as the step is shorter than 65536 (2.7.7, 2.7.10): it is never longer
 * than the queue.
 */
static inline bool ring_passed(uint16_t event, uint16_t after, uint16_t before)
{
    return (uint16_t)(event - before) < (uint16_t)(after - before);
}

#endif
