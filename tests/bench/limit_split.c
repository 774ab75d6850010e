/* SPDX-License-Identifier: BSD-2-Clause */
/* Spec: 2.7 Split Virtqueues. */
#include <vio/port.h>

#include "limit.h"

#define HEADER_LEN 16u

void limit_open_split(struct limit *l, void *tables, uint64_t headers,
                      uint64_t statuses)
{
    const unsigned both = VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE;
    struct virtq_desc *desc = l->desc, *t = tables;

    for (unsigned s = 0; s <= l->mask; s++, t += 3) {
        struct limit_slot *slot = &l->slot[s];

        t[0] = (struct virtq_desc){headers + s * HEADER_LEN, HEADER_LEN,
                                   VIRTQ_DESC_F_NEXT, 1};
        t[1] = (struct virtq_desc){0, 0, both, 2};
        t[2] = (struct virtq_desc){statuses + s, 1, VIRTQ_DESC_F_WRITE, 0};
        desc[s] = (struct virtq_desc){(uintptr_t)t, 3 * sizeof *t,
                                      VIRTQ_DESC_F_INDIRECT, 0};
        slot->data.split = &t[1];
        slot->id = s;
        slot->next = l->free;
        l->free = slot;
    }
}

bool limit_add_split(struct limit *l, uint64_t addr, uint32_t len, void *token)
{
    uint16_t *avail = l->driver;
    struct limit_slot *slot = l->free;

    if (!slot)
        return false;
    l->free = slot->next;
    slot->data.split->addr = addr;
    slot->data.split->len = len;
    slot->token = token;
    avail[VIRTQ_AVAIL_RING + (l->added++ & l->mask)] = (uint16_t)slot->id;
    return true;
}

void limit_kick_split(struct limit *l)
{
    uint16_t *avail = l->driver, *used = l->device;
    uint16_t now = (uint16_t)l->added, before = (uint16_t)l->published, event;

    __atomic_store_n(&avail[VIRTQ_AVAIL_IDX], now, __ATOMIC_RELEASE);
    l->published = now;
    vio_mb();
    event = __atomic_load_n(&used[VIRTQ_USED_RING + 4 * (l->mask + 1)],
                            __ATOMIC_RELAXED);
    if ((uint16_t)(now - event - 1) < (uint16_t)(now - before))
        *l->doorbell = 0;
}

bool limit_get_split(struct limit *l, void **token, uint32_t *len)
{
    const uint16_t *used = l->device;
    const struct virtq_used_elem *elem =
        (const void *)&used[VIRTQ_USED_RING + 4 * (l->taken & l->mask)];
    struct limit_slot *slot;

    if (l->used_seen == l->taken) {
        l->used_seen += (uint16_t)(__atomic_load_n(&used[VIRTQ_USED_IDX],
                                                   __ATOMIC_ACQUIRE) -
                                   l->taken);
        if (l->used_seen == l->taken)
            return false;
    }
    l->taken++;
    slot = &l->slot[elem->id];
    *len = elem->len;
    *token = slot->token;
    slot->next = l->free;
    l->free = slot;
    return true;
}
