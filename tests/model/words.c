/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the words of a virtqueue lie, and their byte order.
 *
 * Spec: The Virtqueue Available Ring, The Virtqueue Used Ring, Legacy
 * Interfaces: A Note on Virtqueue Endianness.
 */
#include <string.h>

#include "feature.h"
#include "ring.h"

#define BIG (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

/* Little-endian, or guest-endian on a legacy device (LVQ-04). */
static bool swapped(const struct model_queue *q)
{
    return BIG && !q->legacy;
}

/* Garbage may name a table anywhere, and not every machine loads a word from
 * there. What lies in its place is loaded at once. */
static bool out_of_place(const void *p, size_t width)
{
    return (uintptr_t)p % width;
}

uint16_t model_get16(const struct model_queue *q, const void *p)
{
    uint16_t v;

    if (out_of_place(p, sizeof(v)))
        memcpy(&v, p, sizeof(v));
    else
        v = __atomic_load_n((const uint16_t *)p, __ATOMIC_ACQUIRE);
    return swapped(q) ? __builtin_bswap16(v) : v;
}

uint32_t model_get32(const struct model_queue *q, const void *p)
{
    uint32_t v;

    if (out_of_place(p, sizeof(v)))
        memcpy(&v, p, sizeof(v));
    else
        v = __atomic_load_n((const uint32_t *)p, __ATOMIC_RELAXED);
    return swapped(q) ? __builtin_bswap32(v) : v;
}

uint64_t model_get64(const struct model_queue *q, const void *p)
{
    uint64_t v;

    if (out_of_place(p, sizeof(v)))
        memcpy(&v, p, sizeof(v));
    else
        v = __atomic_load_n((const uint64_t *)p, __ATOMIC_RELAXED);
    return swapped(q) ? __builtin_bswap64(v) : v;
}

void model_put16(const struct model_queue *q, void *p, uint16_t value)
{
    uint16_t v = swapped(q) ? __builtin_bswap16(value) : value;

    __atomic_store_n((uint16_t *)p, v, __ATOMIC_RELEASE);
}

void model_put32(const struct model_queue *q, void *p, uint32_t value)
{
    uint32_t v = swapped(q) ? __builtin_bswap32(value) : value;

    __atomic_store_n((uint32_t *)p, v, __ATOMIC_RELAXED);
}

uint8_t *model_avail_flags(const struct model_queue *q)
{
    return q->avail;
}

uint8_t *model_avail_idx(const struct model_queue *q)
{
    return q->avail + 2;
}

uint8_t *model_avail_entry(const struct model_queue *q, uint16_t position)
{
    return q->avail + 4 + 2 * (position % q->size);
}

uint8_t *model_used_event(const struct model_queue *q)
{
    return q->avail + 4 + 2 * q->size;
}

size_t model_avail_bytes(const struct model_queue *q)
{
    if (model_queue_has(q, MF_PACKED))
        return 4;
    return 6 + 2 * (size_t)q->size;
}

uint8_t *model_used_flags(const struct model_queue *q)
{
    return q->used;
}

uint8_t *model_used_idx(const struct model_queue *q)
{
    return q->used + 2;
}

uint8_t *model_used_element(const struct model_queue *q, uint16_t position)
{
    return q->used + 4 + 8 * (position % q->size);
}

uint8_t *model_avail_event(const struct model_queue *q)
{
    return q->used + 4 + 8 * q->size;
}

size_t model_used_bytes(const struct model_queue *q)
{
    if (model_queue_has(q, MF_PACKED))
        return 4;
    return 6 + 8 * (size_t)q->size;
}

size_t model_desc_bytes(const struct model_queue *q)
{
    return 16 * (size_t)q->size;
}

bool model_queue_has(const struct model_queue *q, unsigned feature)
{
    return q->features >> feature & 1;
}
