/* SPDX-License-Identifier: BSD-2-Clause */
/* Spec: 2.8 Packed Virtqueues. */
#include <vio/spec/ring.h>

#include "device.h"

/* 2.8.14: offset and wrap counter, and what kind of event it is. */
void device_set_event_packed(struct bench_device *d)
{
    unsigned at = d->next, wrap = d->wrap;

    if (!d->wants_doorbell) { /* just behind: passed only a round later */
        wrap ^= at == 0;
        at = (at ? at : d->size) - 1;
    }
    __atomic_store_n((uint32_t *)d->device,
                     RING_EVENT_FLAGS_DESC << 16 | wrap << 15 | at,
                     __ATOMIC_RELAXED);
}

/* 2.8.1: available is AVAIL = wrap counter and USED = its inverse. */
static bool is_available(const struct bench_device *d, uint16_t flags)
{
    return (bool)(flags & VIRTQ_DESC_F_AVAIL) == d->wrap &&
           (bool)(flags & VIRTQ_DESC_F_USED) != d->wrap;
}

static uint32_t writable(const struct pvirtq_desc *desc)
{
    return desc->flags & VIRTQ_DESC_F_WRITE ? desc->len : 0;
}

/* The buffers of a table, in order; the bytes written. */
static uint32_t run_table(struct bench_device *d, const struct pvirtq_desc *at)
{
    const struct pvirtq_desc *desc = (const void *)(uintptr_t)at->addr;
    unsigned n = at->len / sizeof *desc;
    uint32_t written = 0;

    d->header = *(const uint64_t *)(uintptr_t)desc->addr;
    for (unsigned i = 0; i < n; i++)
        written += writable(&desc[i]);
    *(uint8_t *)(uintptr_t)desc[n - 1].addr = 0;
    return written;
}

static const struct pvirtq_desc *step(struct bench_device *d)
{
    const struct pvirtq_desc *ring = d->desc, *desc = &ring[d->next];

    if (++d->next == d->size) {
        d->next = 0;
        d->wrap = !d->wrap;
    }
    return desc;
}

/* The same for a list in the ring; its last descriptor has the buffer ID. */
static uint32_t run_list(struct bench_device *d, uint16_t *id)
{
    const struct pvirtq_desc *desc = step(d);
    uint32_t written = writable(desc);

    d->header = *(const uint64_t *)(uintptr_t)desc->addr;
    if (desc->flags & VIRTQ_DESC_F_INDIRECT) {
        *id = desc->id;
        return run_table(d, desc);
    }
    while (desc->flags & VIRTQ_DESC_F_NEXT) {
        desc = step(d);
        written += writable(desc);
    }
    *(uint8_t *)(uintptr_t)desc->addr = 0;
    *id = desc->id;
    return written;
}

unsigned device_serve_packed(struct bench_device *d)
{
    struct pvirtq_desc *ring = d->desc;
    unsigned n = 0;

    for (;;) {
        struct pvirtq_desc *head = &ring[d->next];
        bool wrap = d->wrap;
        uint16_t id;

        if (!is_available(d, __atomic_load_n(&head->flags, __ATOMIC_ACQUIRE)))
            break;
        head->len = run_list(d, &id);
        head->id = id;
        __atomic_store_n(
            &head->flags,
            (uint16_t)(wrap ? VIRTQ_DESC_F_AVAIL | VIRTQ_DESC_F_USED : 0),
            __ATOMIC_RELEASE);
        n++;
    }
    if (n)
        device_set_event_packed(d);
    return n;
}
