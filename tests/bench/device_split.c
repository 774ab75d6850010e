/* SPDX-License-Identifier: BSD-2-Clause */
/* Spec: 2.7 Split Virtqueues. */
#include <vio/spec/ring.h>

#include "device.h"

static uint16_t *avail(const struct bench_device *d)
{
    return d->driver;
}

static uint16_t *used(const struct bench_device *d)
{
    return d->device;
}

void device_set_event_split(struct bench_device *d)
{
    unsigned event = d->wants_doorbell ? d->next : d->next - 1u;

    __atomic_store_n(
        &used(d)[VIRTQ_USED_RING + VIRTQ_USED_ELEM_WORDS * (unsigned)d->size],
        (uint16_t)event, __ATOMIC_RELAXED);
}

/* Go through a chain to its status byte; the bytes written. */
static uint32_t run_chain(struct bench_device *d, unsigned head)
{
    const struct virtq_desc *table = d->desc, *desc = &table[head];
    uint32_t written = 0;

    if (desc->flags & VIRTQ_DESC_F_INDIRECT)
        desc = table = (const void *)(uintptr_t)desc->addr;
    d->header = *(const uint64_t *)(uintptr_t)desc->addr;
    for (;;) {
        if (desc->flags & VIRTQ_DESC_F_WRITE)
            written += desc->len;
        if (!(desc->flags & VIRTQ_DESC_F_NEXT))
            break;
        desc = &table[desc->next];
    }
    *(uint8_t *)(uintptr_t)desc->addr = 0;
    return written;
}

unsigned device_serve_split(struct bench_device *d)
{
    struct virtq_used_elem *ring = (void *)&used(d)[VIRTQ_USED_RING];
    uint16_t mask = (uint16_t)(d->size - 1);
    uint16_t end =
        __atomic_load_n(&avail(d)[VIRTQ_AVAIL_IDX], __ATOMIC_ACQUIRE);
    uint16_t n = (uint16_t)(end - d->next);

    if (n == 0)
        return 0;
    while (d->next != end) {
        unsigned head = avail(d)[VIRTQ_AVAIL_RING + (d->next++ & mask)];
        struct virtq_used_elem *elem = &ring[d->used++ & mask];

        elem->id = head;
        elem->len = run_chain(d, head);
    }
    device_set_event_split(d);
    __atomic_store_n(&used(d)[VIRTQ_USED_IDX], d->used, __ATOMIC_RELEASE);
    return n;
}
