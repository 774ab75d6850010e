/* SPDX-License-Identifier: BSD-2-Clause */
#include "rig.h"

#define TABLE_LEN (3 * sizeof(struct virtq_desc))
#define LINE      64u /* of a cache: what the two sides write is apart */

/* In the shared block the tables, then the three areas. */
static void open_limit(struct rig *rig)
{
    struct limit *l = &rig->limit;
    size_t n = rig->shape.size;
    unsigned char *areas;
    uint64_t headers = (uintptr_t)rig->header,
             statuses = (uintptr_t)rig->status;

    rig_need(rig, n * (TABLE_LEN + 16 + 8 + 2) + 4 * LINE, n * sizeof *l->slot);
    areas = (unsigned char *)rig->mem.shared + n * TABLE_LEN;
    *l = (struct limit){
        .desc = areas,
        .device = areas + n * 16,
        .driver = areas + n * (16 + 8) + 2 * LINE,
        .slot = rig->mem.priv,
        .mask = rig->shape.size - 1u,
        .doorbell = &rig->doorbell,
    };
    if (rig->shape.packed)
        limit_open_packed(l, rig->mem.shared, headers, statuses);
    else
        limit_open_split(l, rig->mem.shared, headers, statuses);
    rig_connect(rig, l->desc, l->driver, l->device);
}

static void stage(struct rig *rig, unsigned n)
{
    struct limit *l = &rig->limit;
    uint64_t data = (uintptr_t)rig->data;

    if (rig->shape.packed) {
        for (unsigned i = 0; i < n; i++)
            if (!limit_add_packed(l, data, DATA_LEN, rig))
                rig_die("limit: full");
        limit_kick_packed(l);
    } else {
        for (unsigned i = 0; i < n; i++)
            if (!limit_add_split(l, data, DATA_LEN, rig))
                rig_die("limit: full");
        limit_kick_split(l);
    }
}

static unsigned reap(struct rig *rig, unsigned n)
{
    struct limit *l = &rig->limit;
    unsigned got = 0;
    uint32_t len;
    void *token;

    if (rig->shape.packed)
        while (got < n && limit_get_packed(l, &token, &len))
            got++;
    else
        while (got < n && limit_get_split(l, &token, &len))
            got++;
    return got;
}

const struct path path_limit = {"limit", open_limit, stage, reap};
