/* SPDX-License-Identifier: BSD-2-Clause */
/* The device's side of a split virtqueue. Spec: Split Virtqueues. */
#include "thread_dev.h"

struct desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
};

struct used_elem {
    uint32_t id;
    uint32_t len;
};

enum {
    F_NEXT = 1,
    F_WRITE = 2,
    F_INDIRECT = 4,
    AVAIL_NO_INTERRUPT = 1,
    USED_NO_NOTIFY = 1,
};

static uint16_t *avail_word(const struct tdev *d, unsigned i)
{
    return (uint16_t *)(void *)d->driver + i;
}

static uint16_t *used_word(const struct tdev *d, unsigned i)
{
    return (uint16_t *)(void *)d->device + i;
}

static uint16_t *avail_event(const struct tdev *d)
{
    return used_word(d, 2u + 4u * d->size);
}

static bool split_has_next(const struct tdev *d)
{
    uint16_t idx = __atomic_load_n(avail_word(d, 1), __ATOMIC_ACQUIRE);

    return le16(idx) != d->avail;
}

static void walk(const struct tdev *d, struct tdev_buffer *buffer,
                 const struct desc *table, unsigned at)
{
    struct tdev_segment *segment;
    const struct desc *desc;

    do {
        desc = &table[at];
        segment = tdev_segment(d, buffer, desc);
        if (!segment)
            return;
        *segment = (struct tdev_segment){
            .base = (unsigned char *)(uintptr_t)le64(desc->addr),
            .len = le32(desc->len),
            .write = le16(desc->flags) & F_WRITE,
        };
        at = le16(desc->next);
    } while (le16(desc->flags) & F_NEXT);
}

static void split_pop(struct tdev *d, struct tdev_buffer *buffer)
{
    uint16_t head = le16(*avail_word(d, 2u + d->avail % d->size));
    const struct desc *desc = (const struct desc *)(void *)d->desc;

    buffer->id = head;
    buffer->n = 0;
    buffer->bad = false;
    if (le16(desc[head].flags) & F_INDIRECT)
        walk(d, buffer, (const struct desc *)(uintptr_t)le64(desc[head].addr),
             0);
    else
        walk(d, buffer, desc, head);
    d->avail++;
}

static void split_push(struct tdev *d, const struct tdev_buffer *buffers,
                       unsigned n, uint32_t len)
{
    struct used_elem *elem =
        (struct used_elem *)(void *)used_word(d, 2) + d->used % d->size;

    elem->id = le32(buffers[n - 1].id);
    elem->len = le32(len);
    d->used = (uint16_t)(d->used + n);
}

static void split_publish(struct tdev *d)
{
    __atomic_store_n(used_word(d, 1), le16(d->used), __ATOMIC_RELEASE);
}

static bool split_is_wanted(struct tdev *d)
{
    uint16_t old = d->published, event;

    d->published = d->used;
    if (!d->event_idx)
        return !(le16(__atomic_load_n(avail_word(d, 0), __ATOMIC_RELAXED)) &
                 AVAIL_NO_INTERRUPT);
    event =
        le16(__atomic_load_n(avail_word(d, 2u + d->size), __ATOMIC_RELAXED));
    /* The index used_event was written: it lies in [old, used). */
    return (uint16_t)(event - old) < (uint16_t)(d->used - old);
}

static void split_arm(struct tdev *d)
{
    if (d->event_idx)
        __atomic_store_n(avail_event(d), le16(d->avail), __ATOMIC_RELAXED);
    else
        __atomic_store_n(used_word(d, 0), 0, __ATOMIC_RELAXED);
}

static void split_disarm(struct tdev *d)
{
    if (!d->event_idx)
        __atomic_store_n(used_word(d, 0), le16(USED_NO_NOTIFY),
                         __ATOMIC_RELAXED);
}

const struct tdev_format tdev_split = {
    .has_next = split_has_next,
    .pop = split_pop,
    .push = split_push,
    .publish = split_publish,
    .is_wanted = split_is_wanted,
    .arm = split_arm,
    .disarm = split_disarm,
};
