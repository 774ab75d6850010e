/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Indirect tables, one per slot, in the queue's own memory from the start; and
 * what both formats ask of a list of segments.
 *
 * Spec: 2.7.5.3, 2.8.8 Indirect Descriptors.
 */
#ifndef VIO_SRC_VIRTQ_TABLE_H
#define VIO_SRC_VIRTQ_TABLE_H

#include "ring.h"

#define DESC_WORDS 2u /* of 64 bits */

/* Entry k of the table of a slot. */
static inline uint64_t *ring_entry(const struct vio_virtq *vq, unsigned slot,
                                   unsigned k)
{
    return &vq->table[((size_t)slot * vq->table_segs + k) * DESC_WORDS];
}

static inline uint64_t ring_table_addr(const struct vio_virtq *vq,
                                       unsigned slot)
{
    return vq->table_addr +
           (uint64_t)slot * vq->table_segs * sizeof(struct virtq_desc);
}

/*
 * A table costs the device one mapping more, a direct chain costs slots of the
 * ring, which are worth something only when they are scarce: direct as long as
 * at least half of the ring stays free.
 */
static inline bool ring_goes_indirect(const struct vio_virtq *vq, unsigned n)
{
    return n > 1 && n <= vq->table_segs &&
           n + (unsigned)vq->size / 2 > vq->n_free;
}

/*
 * What a slot's bound is for a list of that many bytes: the writable ones and
 * one. 0 if there are too many: a chain has at most 2^32 bytes (2.7.5.1), and
 * one less leaves room for the bound.
 */
static inline uint32_t ring_bound(uint64_t bytes, uint64_t writable)
{
    return bytes < UINT32_MAX ? (uint32_t)writable + 1 : 0;
}

#endif
