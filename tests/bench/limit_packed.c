/* SPDX-License-Identifier: BSD-2-Clause */
/* Spec: 2.8 Packed Virtqueues. */
#include <vio/port.h>

#include "limit.h"

#define HEADER_LEN 16u
#define BOTH       (VIRTQ_DESC_F_AVAIL | VIRTQ_DESC_F_USED)

void limit_open_packed(struct limit *l, void *tables, uint64_t headers,
                       uint64_t statuses)
{
    struct pvirtq_desc *t = tables;

    for (unsigned s = 0; s <= l->mask; s++, t += 3) {
        struct limit_slot *slot = &l->slot[s];

        t[0] = (struct pvirtq_desc){headers + s * HEADER_LEN, HEADER_LEN, 0, 0};
        t[1] = (struct pvirtq_desc){0, 0, 0, VIRTQ_DESC_F_WRITE};
        t[2] = (struct pvirtq_desc){statuses + s, 1, 0, VIRTQ_DESC_F_WRITE};
        slot->data.packed = &t[1];
        slot->id = s;
        slot->table = (uintptr_t)t;
        slot->next = l->free;
        l->free = slot;
    }
    l->avail = VIRTQ_DESC_F_INDIRECT | VIRTQ_DESC_F_AVAIL;
    l->used = BOTH;
}

/* Each descriptor is published by itself: there is no batch to remember. */
bool limit_add_packed(struct limit *l, uint64_t addr, uint32_t len, void *token)
{
    struct pvirtq_desc *desc = (struct pvirtq_desc *)l->desc + l->added;
    struct limit_slot *slot = l->free;

    if (!slot)
        return false;
    l->free = slot->next;
    slot->data.packed->addr = addr;
    slot->data.packed->len = len;
    slot->token = token;
    desc->addr = slot->table;
    desc->len = 3 * sizeof *desc;
    desc->id = (uint16_t)slot->id;
    __atomic_store_n(&desc->flags, (uint16_t)l->avail, __ATOMIC_RELEASE);
    l->n_out++;
    l->added = (l->added + 1) & l->mask;
    if (l->added == 0)
        l->avail ^= BOTH;
    return true;
}

void limit_kick_packed(struct limit *l)
{
    unsigned now = l->added, before = l->published;
    unsigned wrap = (l->avail & VIRTQ_DESC_F_AVAIL) != 0;
    uint32_t event, at;

    l->published = now;
    vio_mb();
    event = __atomic_load_n((const uint32_t *)l->device, __ATOMIC_RELAXED);
    at = event & 0x7fff;
    if (now <= before)
        before -= l->mask + 1;
    if ((event >> 15 & 1) != wrap)
        at -= l->mask + 1;
    if ((uint16_t)(now - at - 1) < (uint16_t)(now - before))
        *l->doorbell = 0;
}

bool limit_get_packed(struct limit *l, void **token, uint32_t *len)
{
    const struct pvirtq_desc *desc =
        (const struct pvirtq_desc *)l->desc + l->taken;
    struct limit_slot *slot;

    /* What the device has not been given may look used. */
    if (!l->n_out ||
        (__atomic_load_n(&desc->flags, __ATOMIC_ACQUIRE) & BOTH) != l->used)
        return false;
    l->n_out--;
    slot = &l->slot[desc->id];
    *len = desc->len;
    *token = slot->token;
    slot->next = l->free;
    l->free = slot;
    l->taken = (l->taken + 1) & l->mask;
    if (l->taken == 0)
        l->used ^= BOTH;
    return true;
}
