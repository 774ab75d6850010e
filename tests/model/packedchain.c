/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of a packed virtqueue: read by the rules, every broken one reported.
 *
 * Spec: Next Flag: Descriptor Chaining, Indirect Flag: Scatter-Gather Support,
 * Driver Requirements: Scatter-Gather Support, Indirect Descriptors.
 */
#include "chain.h"
#include "feature.h"
#include "mem.h"
#include "packed.h"

struct desc {
    uint64_t addr;
    uint32_t len;
    uint16_t id;
    uint16_t flags;
};

static struct desc get_desc(const struct model_queue *q, const uint8_t *p)
{
    struct desc d = {
        .addr = model_get64(q, p),
        .len = model_get32(q, p + 8),
        .id = model_get16(q, p + 12),
        .flags = model_get16(q, p + 14),
    };
    return d;
}

static const struct model_chain_rows rows = {
    .too_long = "PACK-07",
    .wrong_order = "PACK-08",
    .empty = "DX-PACK-LEN",
};

static bool add_segment(struct model_chain *c, const struct desc *d,
                        uint32_t at)
{
    return model_chain_add(
        c, &rows,
        &(struct model_segment){d->addr, d->len, (d->flags & MP_WRITE) != 0},
        at);
}

static bool flags_legal(struct model_queue *q, const struct desc *d,
                        struct model_position at)
{
    unsigned known = MP_NEXT | MP_WRITE | MP_INDIRECT | MP_AVAIL | MP_USED;

    if (d->flags & ~known)
        return model_chain_bad("DX-PACK-FLAGS", q, at.offset,
                               "undefined flags");
    if (!model_packed_available(d->flags, at.wrap))
        return model_chain_bad("DX-PACK-05", q, at.offset,
                               "not available, but the head of its list is");
    if (!(d->flags & MP_INDIRECT))
        return true;
    if (!model_queue_has(q, MF_INDIRECT))
        return model_chain_bad("PACK-12", q, at.offset,
                               "INDIRECT was not negotiated");
    if (d->flags & MP_NEXT)
        return model_chain_bad("PACK-15", q, at.offset,
                               "both INDIRECT and NEXT");
    return true;
}

static bool walk_indirect(struct model_chain *c, const struct desc *from,
                          uint32_t at)
{
    struct model_queue *q = c->queue;
    const uint8_t *table = model_mem_at(from->addr, from->len, MODEL_MEM_READ);

    if (c->n_table > 1)
        return model_chain_bad("PACK-15", q, at, "INDIRECT within a list");
    if (!from->len || from->len % 16)
        return model_chain_bad("DX-PACK-TABLE", q, at,
                               "odd length of indirect table");
    if (!table)
        return model_chain_bad("RFB-04", q, at, "indirect table out of reach");
    for (uint32_t i = 0; i < from->len / 16; i++) {
        struct desc d = get_desc(q, table + 16 * (size_t)i);

        if (d.flags & ~MP_WRITE)
            return model_chain_bad("PACK-13", q, i,
                                   "a flag but WRITE in a table");
        if (!add_segment(c, &d, i))
            return false;
    }
    return true;
}

static bool id_legal(struct model_chain *c, const struct desc *last,
                     uint32_t at)
{
    c->head = last->id;
    return last->id < c->queue->size ||
           model_chain_bad("DX-PACK-06", c->queue, at,
                           "buffer ID beyond the queue");
}

bool model_packed_walk(struct model_queue *q, struct model_position at,
                       uint16_t first_flags, struct model_chain *c)
{
    model_chain_clear(c, q);
    for (;;) {
        struct desc d = get_desc(q, model_packed_desc(q, at));

        if (c->n_table++ == 0)
            d.flags = first_flags;
        if (c->n_table > q->size)
            return model_chain_bad("PACK-07", q, at.offset,
                                   "list longer than the queue");
        if (!flags_legal(q, &d, at))
            return false;
        if (d.flags & MP_INDIRECT)
            return walk_indirect(c, &d, at.offset) &&
                   id_legal(c, &d, at.offset);
        if (!add_segment(c, &d, at.offset))
            return false;
        if (!(d.flags & MP_NEXT))
            return id_legal(c, &d, at.offset);
        at = model_packed_advance(q, at, 1);
    }
}
