/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of a packed virtqueue: read by the rules, every broken one reported.
 *
 * Spec: Next Flag: Descriptor Chaining, Indirect Flag: Scatter-Gather Support,
 * Driver Requirements: Scatter-Gather Support, Indirect Descriptors.
 */
#include "check.h"
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

static bool bad(const char *row, const struct model_queue *q, uint32_t at,
                const char *what)
{
    model_violation(row, "queue %u, descriptor %u: %s", (unsigned)q->index,
                    (unsigned)at, what);
    return false;
}

/* Append one buffer element. */
static bool add_segment(struct model_chain *c, const struct desc *d,
                        uint32_t at)
{
    struct model_queue *q = c->queue;
    bool write = d->flags & MP_WRITE;
    unsigned perm = write ? MODEL_MEM_WRITE : MODEL_MEM_READ;

    if (c->n == MODEL_SEGMENTS || c->n == q->size)
        return bad("PACK-07", q, at, "list longer than the queue");
    if (!write && c->writable)
        return bad("PACK-08", q, at, "device-readable after writable");
    if (!d->len)
        return bad("DX-PACK-LEN", q, at, "an element of 0 bytes");
    if (!model_mem_at(d->addr, d->len, perm))
        return bad("RFB-04", q, at, "address that the device cannot reach");
    *(write ? &c->writable : &c->readable) += d->len;
    c->segment[c->n].addr = d->addr;
    c->segment[c->n].len = d->len;
    c->segment[c->n].write = write;
    c->n++;
    return true;
}

static bool flags_legal(struct model_queue *q, const struct desc *d,
                        struct model_position at)
{
    unsigned known = MP_NEXT | MP_WRITE | MP_INDIRECT | MP_AVAIL | MP_USED;

    if (d->flags & ~known)
        return bad("DX-PACK-FLAGS", q, at.offset, "undefined flags");
    if (!model_packed_available(d->flags, at.wrap))
        return bad("DX-PACK-05", q, at.offset,
                   "not available, but the head of its list is");
    if (!(d->flags & MP_INDIRECT))
        return true;
    if (!model_queue_has(q, MF_INDIRECT))
        return bad("PACK-12", q, at.offset, "INDIRECT was not negotiated");
    if (d->flags & MP_NEXT)
        return bad("PACK-15", q, at.offset, "both INDIRECT and NEXT");
    return true;
}

static bool walk_indirect(struct model_chain *c, const struct desc *from,
                          uint32_t at)
{
    struct model_queue *q = c->queue;
    const uint8_t *table = model_mem_at(from->addr, from->len, MODEL_MEM_READ);

    if (c->n_table > 1)
        return bad("PACK-15", q, at, "INDIRECT within a list");
    if (!from->len || from->len % 16)
        return bad("DX-PACK-TABLE", q, at, "odd length of indirect table");
    if (!table)
        return bad("RFB-04", q, at, "indirect table out of reach");
    for (uint32_t i = 0; i < from->len / 16; i++) {
        struct desc d = get_desc(q, table + 16 * (size_t)i);

        if (d.flags & ~MP_WRITE)
            return bad("PACK-13", q, i, "a flag but WRITE in a table");
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
           bad("DX-PACK-06", c->queue, at, "buffer ID beyond the queue");
}

bool model_packed_walk(struct model_queue *q, struct model_position at,
                       uint16_t first_flags, struct model_chain *c)
{
    c->queue = q;
    c->n = 0;
    c->n_table = 0;
    c->readable = 0;
    c->writable = 0;
    for (;;) {
        struct desc d = get_desc(q, model_packed_desc(q, at));

        if (c->n_table++ == 0)
            d.flags = first_flags;
        if (c->n_table > q->size)
            return bad("PACK-07", q, at.offset, "list longer than the queue");
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
