/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptor chains: read by the rules, every broken one reported.
 *
 * Spec: The Virtqueue Descriptor Table, Indirect Descriptors.
 */
#include "chain.h"
#include "check.h"
#include "feature.h"
#include "mem.h"
#include "packed.h"

#include <string.h>

#define NEXT     1u
#define WRITE    2u
#define INDIRECT 4u

struct desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
};

static struct desc get_desc(const struct model_queue *q, const uint8_t *p)
{
    struct desc d = {
        .addr = model_get64(q, p),
        .len = model_get32(q, p + 8),
        .flags = model_get16(q, p + 12),
        .next = model_get16(q, p + 14),
    };
    return d;
}

static const struct model_chain_rows rows = {
    .too_long = "SPLIT-08",
    .wrong_order = "SPLIT-02",
    .empty = "DX-SPLIT-LEN",
    .too_many_bytes = "SPLIT-04",
};

bool model_chain_bad(const char *row, const struct model_queue *q, uint32_t at,
                     const char *what)
{
    model_violation(row, "queue %u, descriptor %u: %s", (unsigned)q->index,
                    (unsigned)at, what);
    return false;
}

void model_chain_clear(struct model_chain *c, struct model_queue *q)
{
    c->queue = q;
    c->n = 0;
    c->n_table = 0;
    c->readable = 0;
    c->writable = 0;
}

bool model_chain_add(struct model_chain *c, const struct model_chain_rows *r,
                     const struct model_segment *s, uint32_t at)
{
    struct model_queue *q = c->queue;
    unsigned perm = s->write ? MODEL_MEM_WRITE : MODEL_MEM_READ;

    if (c->n == MODEL_SEGMENTS || c->n == q->size)
        return model_chain_bad(r->too_long, q, at, "longer than the queue");
    if (!s->write && c->writable)
        return model_chain_bad(r->wrong_order, q, at,
                               "device-readable after writable");
    if (!s->len)
        return model_chain_bad(r->empty, q, at, "an element of 0 bytes");
    if (!model_mem_at(s->addr, s->len, perm))
        return model_chain_bad("RFB-04", q, at,
                               "address that the device cannot reach");
    *(s->write ? &c->writable : &c->readable) += s->len;
    if (r->too_many_bytes && c->readable + c->writable > (uint64_t)1 << 32)
        return model_chain_bad(r->too_many_bytes, q, at,
                               "chain of more than 2^32 bytes");
    c->segment[c->n++] = *s;
    return true;
}

static bool add_segment(struct model_chain *c, const struct desc *d,
                        uint32_t at)
{
    return model_chain_add(
        c, &rows,
        &(struct model_segment){d->addr, d->len, (d->flags & WRITE) != 0}, at);
}

static bool flags_legal(struct model_queue *q, const struct desc *d,
                        uint32_t at, bool nested)
{
    if (d->flags & ~(NEXT | WRITE | INDIRECT))
        return model_chain_bad("DX-SPLIT-FLAGS", q, at, "undefined flags");
    if (!(d->flags & INDIRECT))
        return true;
    if (!model_queue_has(q, MF_INDIRECT))
        return model_chain_bad("SPLIT-06", q, at,
                               "INDIRECT was not negotiated");
    if (nested)
        return model_chain_bad("SPLIT-07", q, at,
                               "INDIRECT within an indirect table");
    if (d->flags & NEXT)
        return model_chain_bad("SPLIT-09", q, at, "both INDIRECT and NEXT");
    return true;
}

static bool walk_indirect(struct model_chain *c, const struct desc *from,
                          uint32_t at)
{
    struct model_queue *q = c->queue;
    uint32_t n = from->len / 16, i = 0;
    const uint8_t *table = model_mem_at(from->addr, from->len, MODEL_MEM_READ);

    if (!n || from->len % 16)
        return model_chain_bad("DX-SPLIT-TABLE", q, at,
                               "odd length of indirect table");
    if (!table)
        return model_chain_bad("RFB-04", q, at, "indirect table out of reach");
    for (uint32_t steps = 0; steps < n; steps++) {
        struct desc d = get_desc(q, table + 16 * (size_t)i);

        if (!flags_legal(q, &d, i, true) || !add_segment(c, &d, i))
            return false;
        if (!(d.flags & NEXT))
            return true;
        if (model_queue_has(q, MF_IN_ORDER) && d.next != i + 1)
            return model_chain_bad("SPLIT-10", q, i,
                                   "indirect table not sequential");
        i = d.next;
        if (i >= n)
            return model_chain_bad("DX-SPLIT-NEXT", q, i,
                                   "next beyond indirect table");
    }
    return model_chain_bad("SPLIT-04", q, at, "loop in the indirect table");
}

bool model_chain_walk(struct model_queue *q, uint16_t head,
                      struct model_chain *c)
{
    uint32_t i = head;

    if (model_queue_has(q, MF_PACKED))
        return model_packed_recall(q, head, c);
    model_chain_clear(c, q);
    c->head = head;
    if (head >= q->size)
        return model_chain_bad("DX-SPLIT-HEAD", q, head,
                               "head beyond the table");
    for (;;) {
        struct desc d = get_desc(q, q->desc + 16 * (size_t)i);

        if (c->n_table == q->size || c->n_table == MODEL_SEGMENTS)
            return model_chain_bad("SPLIT-04", q, i, "loop in the chain");
        c->table[c->n_table++] = i;
        if (!flags_legal(q, &d, i, false))
            return false;
        if (d.flags & INDIRECT)
            return walk_indirect(c, &d, i);
        if (!add_segment(c, &d, i))
            return false;
        if (!(d.flags & NEXT))
            return true;
        if (model_queue_has(q, MF_IN_ORDER) && d.next != (i + 1) % q->size)
            return model_chain_bad("SPLIT-05", q, i,
                                   "next is not the next entry");
        i = d.next;
        if (i >= q->size)
            return model_chain_bad("DX-SPLIT-NEXT", q, i,
                                   "next beyond the table");
    }
}

/* Move bytes from or to the readable or the writable part of a chain. */
static uint64_t move(const struct model_chain *c, bool write, uint64_t from,
                     uint8_t *dst, const uint8_t *src, uint64_t len)
{
    uint64_t done = 0, at = 0;

    for (uint32_t i = 0; i < c->n && done < len; i++) {
        const struct model_segment *s = &c->segment[i];
        uint64_t skip, part;
        uint8_t *p;

        if (s->write != write)
            continue;
        skip = from + done > at ? from + done - at : 0;
        at += s->len;
        if (skip >= s->len)
            continue;
        part = s->len - skip < len - done ? s->len - skip : len - done;
        p = model_mem_at(s->addr + skip, part,
                         write ? MODEL_MEM_WRITE : MODEL_MEM_READ);
        if (!p) {
            model_violation("T-MEM-02", "buffer %llx taken away in flight",
                            (unsigned long long)s->addr);
            return done;
        }
        if (write)
            memcpy(p, src + done, (size_t)part);
        else
            memcpy(dst + done, p, (size_t)part);
        done += part;
    }
    return done;
}

uint64_t model_chain_read(const struct model_chain *c, uint64_t from, void *dst,
                          uint64_t len)
{
    return move(c, false, from, dst, NULL, len);
}

uint64_t model_chain_write(const struct model_chain *c, uint64_t from,
                           const void *src, uint64_t len)
{
    return move(c, true, from, NULL, src, len);
}
