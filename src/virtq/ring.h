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

#include "../swap.h"

/* Of struct vio_virtq's flags; all but CB_ON are fixed by vio_virtq_init(). */
#define VQ_EVENT_IDX      0x01u
#define VQ_LEGACY         0x02u
#define VQ_ORDER_PLATFORM 0x04u
#define VQ_CB_ON          0x08u /* interrupts are asked for */

/*
 * Ordering 1: everything stored before, descriptors and all, is visible to the
 * device before this word is (2.7.13.3.1).
 */
static inline void ring_publish16(const struct vio_virtq *vq, uint16_t *p,
                                  uint16_t value)
{
    if (vq->flags & VQ_ORDER_PLATFORM) {
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
static inline void ring_full_barrier(const struct vio_virtq *vq)
{
    if (vq->flags & VQ_ORDER_PLATFORM)
        vio_mb_platform();
    else
        vio_mb();
}

/*
 * Ordering 3: nothing that the device published together with this word is read
 * before it (2.7.14).
 */
static inline uint16_t ring_observe16(const struct vio_virtq *vq,
                                      const uint16_t *p)
{
    uint16_t value;

    if (!(vq->flags & VQ_ORDER_PLATFORM))
        return vio_load_acquire16(p);
    value = vio_shared_load16(p);
    vio_rmb_platform();
    return value;
}

/* Modern rings are little-endian, legacy ones guest-endian (2.7.3). */
static inline bool ring_swaps(const struct vio_virtq *vq)
{
    return VIO_BIG_ENDIAN && !(vq->flags & VQ_LEGACY);
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

/* `broken` and `taken` are looked at by the interrupt entry, beside the owner:
 * neither torn nor kept in a register, and with no order between them. */
static inline bool ring_broken(const struct vio_virtq *vq)
{
    return __atomic_load_n(&vq->broken, __ATOMIC_RELAXED);
}

/* The device broke the rules: nothing is touched through the queue any more.
 * Returns the error for it. */
static inline int ring_break(struct vio_virtq *vq)
{
    __atomic_store_n(&vq->broken, true, __ATOMIC_RELAXED);
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

/*
 * Did the step from `before` to `after` pass `event`? Right across wrap-around,
 * as long as the step is shorter than 65536 (2.7.7, 2.7.10): it is never longer
 * than the queue.
 */
static inline bool ring_passed(uint16_t event, uint16_t after, uint16_t before)
{
    return (uint16_t)(after - event - 1) < (uint16_t)(after - before);
}

#endif
