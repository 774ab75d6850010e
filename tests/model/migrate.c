/* SPDX-License-Identifier: BSD-2-Clause */
/* Live migration of a device. */
#include "migrate.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "mem.h"
#include "packed.h"

#define JUNK 0x6b

/* What is saved of one queue: sizes, device addresses and positions, of which
 * the other process makes its own pointers. */
struct saved_queue {
    uint32_t size, align, pfn, ready;
    uint32_t addr[6];
    bool live, quiet, lazy;
    uint16_t avail_taken, used_filled, used_idx;
    uint32_t n_held;
    uint16_t held[MODEL_QUEUE_SIZE_MAX];
    struct saved_packed {
        struct model_position next_avail, next_used, shown;
        struct model_saved *buffer; /* by buffer ID, with device addresses */
    } packed;
};

struct saved {
    uint64_t accepted;
    uint32_t features_sel, driver_sel, queue_sel;
    uint32_t status, isr, page_size, generation;
    unsigned reset_left, suspend_left;
    bool suspended, resetting;
    uint8_t config[MODEL_CONFIG_BYTES];
    struct saved_queue queue[MODEL_QUEUES];
};

/* Between two accesses of the driver everything that was used is shown. */
static void save_packed(const struct model_queue *q, struct saved_packed *s)
{
    const struct model_packed *p = q->packed;
    size_t bytes = q->size * sizeof(s->buffer[0]);

    s->next_avail = p->next_avail;
    s->next_used = p->next_used;
    s->shown = p->shown;
    s->buffer = malloc(bytes);
    memcpy(s->buffer, p->saved, bytes);
    if (p->unshown)
        model_violation("E3", "migrated in the midst of a batch");
}

static void load_packed(struct model_queue *q, const struct saved_packed *s)
{
    struct model_packed *p = q->packed;

    p->next_avail = s->next_avail;
    p->next_used = s->next_used;
    p->shown = s->shown;
    memcpy(p->saved, s->buffer, q->size * sizeof(s->buffer[0]));
    free(s->buffer);
}

static void save_queue(const struct model_dev *d, unsigned i,
                       struct saved_queue *s)
{
    const struct model_queue *q = &d->queue[i];

    s->size = d->reg[i].size;
    s->align = d->reg[i].align;
    s->pfn = d->reg[i].pfn;
    s->ready = d->reg[i].ready;
    memcpy(s->addr, d->reg[i].addr, sizeof(s->addr));
    s->live = q->live;
    s->quiet = q->quiet;
    s->lazy = q->lazy;
    s->avail_taken = q->avail_taken;
    s->used_filled = q->used_filled;
    s->used_idx = q->used_idx;
    s->n_held = q->n_held;
    memcpy(s->held, q->held, q->n_held * sizeof(q->held[0]));
    if (q->live && q->packed)
        save_packed(q, &s->packed);
}

static void save(const struct model_dev *d, struct saved *s)
{
    s->accepted = d->accepted;
    s->features_sel = d->features_sel;
    s->driver_sel = d->driver_sel;
    s->queue_sel = d->queue_sel;
    s->status = d->status;
    s->isr = d->isr;
    s->page_size = d->page_size;
    s->generation = d->generation;
    s->reset_left = d->reset_left;
    s->suspend_left = d->suspend_left;
    s->suspended = d->suspended;
    s->resetting = d->resetting;
    memcpy(s->config, d->config, sizeof(s->config));
    for (unsigned i = 0; i < MODEL_QUEUES; i++)
        save_queue(d, i, &s->queue[i]);
}

static uint64_t part(const struct saved_queue *s, unsigned i)
{
    return s->addr[2 * i] | (uint64_t)s->addr[2 * i + 1] << 32;
}

/* Find the three parts of a queue again. */
static void find_parts(struct model_dev *d, struct model_queue *q,
                       const struct saved_queue *s)
{
    uint64_t desc = part(s, 0), avail = part(s, 1), used = part(s, 2);

    if (model_dev_legacy(d)) {
        desc = (uint64_t)s->pfn * d->page_size;
        avail = desc + 16 * (uint64_t)s->size;
        used = avail + 2 * (3 + (uint64_t)s->size);
        used = (used + s->align - 1) / s->align * s->align;
    }
    q->size = s->size;
    q->desc = model_mem_at(desc, model_desc_bytes(q), MODEL_MEM_READ);
    q->avail = model_mem_at(avail, model_avail_bytes(q), MODEL_MEM_READ);
    q->used = model_mem_at(used, model_used_bytes(q),
                           MODEL_MEM_READ | MODEL_MEM_WRITE);
    q->live = q->desc && q->avail && q->used;
    if (!q->live)
        model_violation("E3", "a queue is not found after the migration");
}

static void load_queue(struct model_dev *d, unsigned i,
                       const struct saved_queue *s)
{
    struct model_queue *q = &d->queue[i];

    d->reg[i].size = s->size;
    d->reg[i].align = s->align;
    d->reg[i].pfn = s->pfn;
    d->reg[i].ready = s->ready;
    memcpy(d->reg[i].addr, s->addr, sizeof(s->addr));
    q->dev = d;
    q->index = (uint16_t)i;
    q->legacy = model_dev_legacy(d);
    q->features = d->accepted;
    q->live = false;
    if (s->live)
        find_parts(d, q, s);
    q->quiet = s->quiet;
    q->lazy = s->lazy;
    q->avail_taken = s->avail_taken;
    q->used_filled = s->used_filled;
    q->used_idx = s->used_idx;
    q->n_held = s->n_held;
    memcpy(q->held, s->held, s->n_held * sizeof(q->held[0]));
    if (s->packed.buffer)
        load_packed(q, &s->packed);
}

static void load(struct model_dev *d, const struct saved *s)
{
    d->accepted = s->accepted;
    d->features_sel = s->features_sel;
    d->driver_sel = s->driver_sel;
    d->queue_sel = s->queue_sel;
    d->status = s->status;
    d->isr = s->isr;
    d->page_size = s->page_size;
    d->generation = s->generation;
    d->reset_left = s->reset_left;
    d->suspend_left = s->suspend_left;
    d->suspended = s->suspended;
    d->resetting = s->resetting;
    memcpy(d->config, s->config, sizeof(s->config));
    for (unsigned i = 0; i < MODEL_QUEUES; i++)
        load_queue(d, i, &s->queue[i]);
}

/* Of what the validator knows nothing is lost: that is about the driver. */
static void lose_packed(struct model_queue *q)
{
    struct model_packed *p = q->packed;

    memset(p->saved, JUNK, q->size * sizeof(p->saved[0]));
    memset(&p->next_avail, 1, sizeof(p->next_avail));
    p->next_used = p->shown = p->next_avail;
}

/* The process ends: nothing of its state is left. */
static void lose(struct model_dev *d)
{
    memset(&d->accepted, JUNK, sizeof(d->accepted));
    d->features_sel = d->driver_sel = d->queue_sel = JUNK;
    d->status = d->isr = d->page_size = d->generation = JUNK;
    d->reset_left = d->suspend_left = JUNK;
    d->suspended = d->resetting = true;
    memset(d->config, JUNK, sizeof(d->config));
    memset(d->reg, JUNK, sizeof(d->reg));
    for (unsigned i = 0; i < MODEL_QUEUES; i++) {
        struct model_queue *q = &d->queue[i];

        if (q->live && q->packed)
            lose_packed(q);
        memset(q->held, JUNK, sizeof(q->held));
        q->desc = q->avail = q->used = NULL;
        q->size = q->n_held = JUNK;
        q->avail_taken = q->used_filled = q->used_idx = JUNK;
    }
}

void model_migrate(struct model_dev *d)
{
    struct saved *s = calloc(1, sizeof(*s));

    save(d, s);
    lose(d);
    load(d, s);
    free(s);
}

/* What PCI adds to that. */
struct saved_pci {
    uint32_t version; /* the interface last used */
    uint8_t space[256];
    uint16_t queue_size[MODEL_QUEUES];
    uint16_t config_vector;
    uint16_t queue_vector[MODEL_QUEUES];
    uint32_t table[MODEL_MSIX_ENTRIES][4];
    bool queue_resetting;
};

static void lose_pci(struct model_pci *m)
{
    memset(m->space, JUNK, sizeof(m->space));
    memset(m->queue_size, JUNK, sizeof(m->queue_size));
    memset(m->queue_vector, JUNK, sizeof(m->queue_vector));
    memset(m->table, JUNK, sizeof(m->table));
    m->config_vector = JUNK;
    m->queue_resetting = true;
    m->dev.version = JUNK;
}

void model_pci_migrate(struct model_pci *m)
{
    struct saved_pci *s = calloc(1, sizeof(*s));

    s->version = m->dev.version;
    memcpy(s->space, m->space, sizeof(s->space));
    memcpy(s->queue_size, m->queue_size, sizeof(s->queue_size));
    memcpy(s->queue_vector, m->queue_vector, sizeof(s->queue_vector));
    memcpy(s->table, m->table, sizeof(s->table));
    s->config_vector = m->config_vector;
    s->queue_resetting = m->queue_resetting;
    lose_pci(m);
    m->dev.version = s->version;
    memcpy(m->space, s->space, sizeof(s->space));
    memcpy(m->queue_size, s->queue_size, sizeof(s->queue_size));
    memcpy(m->queue_vector, s->queue_vector, sizeof(s->queue_vector));
    memcpy(m->table, s->table, sizeof(s->table));
    m->config_vector = s->config_vector;
    m->queue_resetting = s->queue_resetting;
    free(s);
    model_migrate(&m->dev);
}
