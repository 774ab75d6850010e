/* SPDX-License-Identifier: BSD-2-Clause */
/* The device's side of a packed virtqueue. Spec: Packed Virtqueues. */
#include "thread_dev.h"

struct desc {
    uint64_t addr;
    uint32_t len;
    uint16_t id;
    uint16_t flags;
};

enum {
    F_NEXT = 1,
    F_WRITE = 2,
    F_INDIRECT = 4,
    F_AVAIL = 1 << 7,
    F_USED = 1 << 15,
    EVENT_ENABLE = 0,
    EVENT_DISABLE = 1,
    EVENT_DESC = 2,
    OFFSET = 0x7fff,
    WRAP = 0x8000,
};

static struct desc *desc_at(const struct tdev *d, uint16_t position)
{
    return (struct desc *)(void *)d->desc + (position & OFFSET);
}

static uint16_t advance(const struct tdev *d, uint16_t position, unsigned n)
{
    unsigned offset = (position & OFFSET) + n, wrap = position & WRAP;

    if (offset >= d->size) {
        offset -= d->size;
        wrap ^= WRAP;
    }
    return (uint16_t)(offset | wrap);
}

/* Available: AVAIL is the wrap counter, USED is not. */
static bool packed_has_next(const struct tdev *d)
{
    uint16_t flags =
        le16(__atomic_load_n(&desc_at(d, d->avail)->flags, __ATOMIC_ACQUIRE));
    bool wrap = d->avail & WRAP;

    return !!(flags & F_AVAIL) == wrap && !!(flags & F_USED) != wrap;
}

static void add_segment(const struct tdev *d, struct tdev_buffer *buffer,
                        const struct desc *desc)
{
    struct tdev_segment *segment = tdev_segment(d, buffer, desc);

    if (!segment)
        return;
    *segment = (struct tdev_segment){
        .base = (unsigned char *)(uintptr_t)le64(desc->addr),
        .len = le32(desc->len),
        .write = le16(desc->flags) & F_WRITE,
    };
}

static void packed_pop(struct tdev *d, struct tdev_buffer *buffer)
{
    const struct desc *desc = desc_at(d, d->avail);

    buffer->n = 0;
    buffer->bad = false;
    buffer->count = 1;
    if (le16(desc->flags) & F_INDIRECT) {
        const struct desc *table =
            (const struct desc *)(uintptr_t)le64(desc->addr);

        for (unsigned k = 0;
             k < le32(desc->len) / sizeof *table && !buffer->bad; k++)
            add_segment(d, buffer, &table[k]);
    } else {
        add_segment(d, buffer, desc);
        while ((le16(desc->flags) & F_NEXT) && !buffer->bad) {
            desc = desc_at(d, advance(d, d->avail, buffer->count++));
            add_segment(d, buffer, desc);
        }
    }
    /* The buffer ID is in the last descriptor of the list. */
    buffer->id = le16(desc->id);
    d->avail = advance(d, d->avail, buffer->count);
}

/* The flags of the first one are held back: they show all of them. */
static void packed_push(struct tdev *d, const struct tdev_buffer *buffers,
                        unsigned n, uint32_t len)
{
    struct desc *desc = desc_at(d, d->used);
    unsigned flags =
        (d->used & WRAP ? F_AVAIL | F_USED : 0) | (len ? F_WRITE : 0);

    desc->id = le16(buffers[n - 1].id);
    desc->len = le32(len);
    if (!d->first_pushed) {
        d->first_pushed = true;
        d->first_flags = (uint16_t)flags;
    } else {
        __atomic_store_n(&desc->flags, le16((uint16_t)flags), __ATOMIC_RELAXED);
    }
    for (unsigned k = 0; k < n; k++)
        d->used = advance(d, d->used, buffers[k].count);
}

static void packed_publish(struct tdev *d)
{
    __atomic_store_n(&desc_at(d, d->published)->flags, le16(d->first_flags),
                     __ATOMIC_RELEASE);
    d->first_pushed = false;
}

/* How far a position lies before another one, along the ring. */
static unsigned distance(const struct tdev *d, uint16_t from, uint16_t to)
{
    unsigned size = d->size;
    unsigned a = (from & OFFSET) + (from & WRAP ? size : 0);
    unsigned b = (to & OFFSET) + (to & WRAP ? size : 0);

    return (b + 2 * size - a) % (2 * size);
}

static bool packed_is_wanted(struct tdev *d)
{
    uint16_t half[2], old = d->published, event;
    uint32_t word;

    d->published = d->used;
    word =
        le32(__atomic_load_n((uint32_t *)(void *)d->driver, __ATOMIC_RELAXED));
    half[0] = (uint16_t)word;
    half[1] = (uint16_t)(word >> 16);
    if (half[1] != EVENT_DESC)
        return half[1] == EVENT_ENABLE;
    event = half[0];
    return distance(d, old, event) < distance(d, old, d->used);
}

static void set_event(struct tdev *d, uint16_t position, unsigned flags)
{
    __atomic_store_n((uint32_t *)(void *)d->device,
                     le32(position | (uint32_t)flags << 16), __ATOMIC_RELAXED);
}

static void packed_arm(struct tdev *d)
{
    if (d->event_idx)
        set_event(d, d->avail, EVENT_DESC);
    else
        set_event(d, 0, EVENT_ENABLE);
}

static void packed_disarm(struct tdev *d)
{
    set_event(d, 0, EVENT_DISABLE);
}

const struct tdev_format tdev_packed = {
    .has_next = packed_has_next,
    .pop = packed_pop,
    .push = packed_push,
    .publish = packed_publish,
    .is_wanted = packed_is_wanted,
    .arm = packed_arm,
    .disarm = packed_disarm,
};
