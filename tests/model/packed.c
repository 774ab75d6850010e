/* SPDX-License-Identifier: BSD-2-Clause */
/* The device's side of a packed virtqueue. */
#include "packed.h"

#include "access.h"
#include "check.h"
#include "feature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUEUES_MAX 256

static struct model_packed *all[QUEUES_MAX];
static unsigned n_all;

static void drop_saved(struct model_saved *s)
{
    free(s->segment);
    *s = (struct model_saved){0};
}

/* Each block's first slot beyond the queue's size ends the list of saved
 * buffers: its count is not 0. */
static void drop(struct model_packed *p)
{
    uint32_t i = 0;

    for (; p->saved[i].count != ~0u; i++)
        drop_saved(&p->saved[i]);
    free(p->saved);
    free(p->check.count);
    free(p->check.order);
    free(p);
}

void model_packed_reset(void)
{
    while (n_all)
        drop(all[--n_all]);
}

static void *need(size_t n, size_t size)
{
    void *p = calloc(n, size);

    if (!p || n_all == QUEUES_MAX) {
        fprintf(stderr, "model_packed: out of memory\n");
        abort();
    }
    return p;
}

/* What the queue had in its life before this one. */
static void drop_previous(const struct model_queue *q)
{
    for (unsigned i = 0; i < n_all; i++) {
        if (all[i] == q->packed) {
            drop(all[i]);
            all[i] = all[--n_all];
            return;
        }
    }
}

void model_packed_start(struct model_queue *q)
{
    struct model_packed *p;

    drop_previous(q);
    p = need(1, sizeof(*p));
    p->saved = need(q->size + 1, sizeof(p->saved[0]));
    p->saved[q->size].count = ~0u;
    p->check.count = need(q->size, sizeof(p->check.count[0]));
    p->check.order = need(q->size, sizeof(p->check.order[0]));
    p->next_avail.wrap = true;
    p->next_used.wrap = true;
    p->shown.wrap = true;
    all[n_all++] = p;
    q->packed = p;
    model_packedcheck_start(q);
}

struct model_position model_packed_advance(const struct model_queue *q,
                                           struct model_position at, uint32_t n)
{
    while (n--) {
        if (++at.offset == q->size) {
            at.offset = 0;
            at.wrap = !at.wrap;
        }
    }
    return at;
}

uint8_t *model_packed_desc(const struct model_queue *q,
                           struct model_position at)
{
    return q->desc + 16 * (size_t)at.offset;
}

bool model_packed_available(uint16_t flags, bool wrap)
{
    bool avail = flags & MP_AVAIL, used = flags & MP_USED;

    return avail == wrap && used != wrap;
}

bool model_packed_used(uint16_t flags, bool wrap)
{
    bool avail = flags & MP_AVAIL, used = flags & MP_USED;

    return avail == wrap && used == wrap;
}

uint16_t model_packed_event_of(struct model_position at)
{
    return (uint16_t)(at.offset | (at.wrap ? 0x8000u : 0));
}

static uint16_t next_flags(const struct model_queue *q)
{
    uint8_t *d = model_packed_desc(q, q->packed->next_avail);

    return model_get16(q, d + 14);
}

bool model_packed_pending(const struct model_queue *q)
{
    const struct model_packed *p = q->packed;

    return !p->stuck &&
           model_packed_available(next_flags(q), p->next_avail.wrap);
}

static void save(struct model_queue *q, const struct model_chain *c)
{
    struct model_saved *s = &q->packed->saved[c->head];
    size_t bytes = c->n * sizeof(s->segment[0]);

    drop_saved(s);
    s->segment = need(c->n, sizeof(s->segment[0]));
    memcpy(s->segment, c->segment, bytes);
    s->n = c->n;
    s->count = c->n_table;
    s->readable = c->readable;
    s->writable = c->writable;
}

bool model_packed_pop(struct model_queue *q, struct model_chain *chain)
{
    struct model_packed *p = q->packed;
    uint16_t flags = next_flags(q);

    if (p->stuck || !model_packed_available(flags, p->next_avail.wrap))
        return false;
    if (!model_packed_walk(q, p->next_avail, flags, chain)) {
        p->stuck = true; /* where would the next one be? */
        return false;
    }
    p->next_avail = model_packed_advance(q, p->next_avail, chain->n_table);
    q->chains++;
    save(q, chain);
    return true;
}

bool model_packed_recall(struct model_queue *q, uint16_t id,
                         struct model_chain *c)
{
    const struct model_saved *s = &q->packed->saved[id];

    if (id >= q->size || !s->count)
        return false;
    c->queue = q;
    c->head = id;
    c->n = s->n;
    c->n_table = s->count;
    c->readable = s->readable;
    c->writable = s->writable;
    memcpy(c->segment, s->segment, s->n * sizeof(s->segment[0]));
    return true;
}

/* Write a used descriptor; all but the first of what is published together show
 * their flags already. */
static void write_used(struct model_queue *q, uint32_t id, uint32_t len,
                       uint32_t skip)
{
    struct model_packed *p = q->packed;
    uint8_t *d = model_packed_desc(q, p->next_used);
    unsigned flags = p->next_used.wrap ? MP_AVAIL | MP_USED : 0;

    if (len && !p->no_write_flag)
        flags |= MP_WRITE;
    flags |= p->extra_flags;
    model_put32(q, d + 8, len);
    model_put16(q, d + 12, (uint16_t)id);
    if (p->unshown)
        model_put16(q, d + 14, (uint16_t)flags);
    else
        p->unshown_flags = (uint16_t)flags;
    if (!p->unshown)
        p->unshown = d;
    p->next_used = model_packed_advance(q, p->next_used, skip);
}

/* How far the used descriptor of a buffer makes the device go on; one that it
 * does not hold is a lie, and stands for itself. */
static uint32_t let_go(struct model_queue *q, uint32_t id)
{
    struct model_saved *s = id < q->size ? &q->packed->saved[id] : NULL;
    uint32_t count = s ? s->count : 0;

    if (s)
        drop_saved(s);
    return count ? count : 1;
}

void model_packed_fill(struct model_queue *q, uint32_t id, uint32_t len)
{
    write_used(q, id, len, let_go(q, id));
}

void model_packed_fill_batch(struct model_queue *q, uint32_t n, uint32_t len)
{
    uint32_t skip = 0;

    for (uint32_t i = 0; i < n; i++)
        skip += let_go(q, q->held[i]);
    write_used(q, q->held[n - 1], len, skip);
}

bool model_packed_wanted(const struct model_queue *q, const uint8_t *event,
                         struct model_position from, struct model_position to)
{
    uint16_t desc = model_get16(q, event), flags = model_get16(q, event + 2);

    if (flags != MP_DESC)
        return flags == MP_ENABLE;
    while (from.offset != to.offset || from.wrap != to.wrap) {
        if (model_packed_event_of(from) == desc)
            return true;
        from = model_packed_advance(q, from, 1);
    }
    return false;
}

bool model_packed_publish(struct model_queue *q)
{
    struct model_packed *p = q->packed;
    struct model_position old = p->shown;

    if (!p->unshown)
        return false;
    model_put16(q, p->unshown + 14, p->unshown_flags);
    p->unshown = NULL;
    p->shown = p->next_used;
    __atomic_fetch_add(&model_fence, 0, __ATOMIC_SEQ_CST);
    return model_packed_wanted(q, q->avail, old, p->shown);
}

void model_packed_put_event(struct model_queue *q, uint16_t desc,
                            uint16_t flags)
{
    model_put16(q, q->used, desc);
    model_put16(q, q->used + 2, flags);
}

void model_packed_arm(struct model_queue *q)
{
    if (q->quiet)
        model_packed_put_event(q, 0, MP_DISABLE);
    else if (q->lazy)
        return;
    else if (model_queue_has(q, MF_EVENT_IDX))
        model_packed_put_event(q, model_packed_event_of(q->packed->next_avail),
                               MP_DESC);
    else
        model_packed_put_event(q, 0, MP_ENABLE);
}

uint16_t model_packed_exposed(const struct model_queue *q)
{
    return model_packed_event_of(q->packed->check.exposed);
}
