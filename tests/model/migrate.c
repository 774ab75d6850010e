/* SPDX-License-Identifier: BSD-2-Clause */
/* Live migration of a device. */
#include "migrate.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "mem.h"
#include "packed.h"

#define JUNK 0x6b

/* The state of each thing by the names of its members: these are saved and
 * loaded. The rest the other process has of itself, or makes anew. */
/* clang-format off */
#define DEVICE(X)                                                    \
    X(accepted) X(features_sel) X(driver_sel) X(queue_sel) X(status) \
    X(isr) X(page_size) X(generation) X(reset_left) X(suspend_left)  \
    X(suspended) X(resetting) X(config) X(reg)
#define QUEUE(X)                                       \
    X(live) X(quiet) X(lazy) X(avail_taken) X(n_held)  \
    X(used_filled) X(used_idx) X(held)
#define PACKED(X) X(next_avail) X(next_used) X(shown)
#define PCI(X)                                              \
    X(space) X(queue_size) X(config_vector) X(queue_vector) \
    X(table) X(queue_resetting)
/* clang-format on */

#define OF_DEVICE(m) __typeof__(((struct model_dev *)0)->m) m;
#define OF_QUEUE(m)  __typeof__(((struct model_queue *)0)->m) m;
#define OF_PACKED(m) __typeof__(((struct model_packed *)0)->m) m;
#define OF_PCI(m)    __typeof__(((struct model_pci *)0)->m) m;

/* Between a thing, `t`, and what is saved of it, `s`. */
#define SAVE(m) memcpy(&s->m, &t->m, sizeof(s->m));
#define LOSE(m) memset(&t->m, JUNK, sizeof(t->m));
#define LOAD(m) memcpy(&t->m, &s->m, sizeof(s->m));

/* Of a queue's parts the other process makes its own pointers. */
struct saved_queue {
    QUEUE(OF_QUEUE)
    struct saved_packed {
        PACKED(OF_PACKED)
        struct model_saved *buffer; /* by buffer ID, with device addresses */
    } packed;
};

struct saved {
    DEVICE(OF_DEVICE)
    struct saved_queue queue[MODEL_QUEUES];
};

/* Between two accesses of the driver everything that was used is shown. */
static void save_packed(const struct model_queue *q, struct saved_packed *s)
{
    const struct model_packed *t = q->packed;
    size_t bytes = q->size * sizeof(s->buffer[0]);

    PACKED(SAVE)
    s->buffer = malloc(bytes);
    memcpy(s->buffer, t->saved, bytes);
    if (t->unshown)
        model_violation("E3", "migrated in the midst of a batch");
}

/* Of what the validator knows nothing is lost: that is about the driver. */
static void lose_packed(struct model_queue *q)
{
    struct model_packed *t = q->packed;

    memset(t->saved, JUNK, q->size * sizeof(t->saved[0]));
    memset(t, JUNK, offsetof(struct model_packed, saved));
    t->unshown = NULL;
}

static void load_packed(struct model_queue *q, const struct saved_packed *s)
{
    struct model_packed *t = q->packed;

    PACKED(LOAD)
    memcpy(t->saved, s->buffer, q->size * sizeof(s->buffer[0]));
    free(s->buffer);
}

static void save_queue(const struct model_queue *t, struct saved_queue *s)
{
    QUEUE(SAVE)
    if (t->live && t->packed)
        save_packed(t, &s->packed);
}

/* All but what is counted and watched; also what is not saved, and should be.
 */
static void lose_queue(struct model_queue *t)
{
    struct model_packed *packed = t->packed;

    if (t->live && packed)
        lose_packed(t);
    memset(t, JUNK, offsetof(struct model_queue, interrupts));
    t->packed = packed;
    t->desc = t->avail = t->used = NULL;
}

static void lose_device(struct model_dev *t)
{
    memset(t->config, JUNK, sizeof(t->config));
    memset(&t->accepted, JUNK,
           offsetof(struct model_dev, queue) -
               offsetof(struct model_dev, accepted));
    for (unsigned i = 0; i < MODEL_QUEUES; i++)
        lose_queue(&t->queue[i]);
}

/* Find the three parts of a queue again. */
static void find_parts(struct model_dev *d, struct model_queue *q)
{
    const uint32_t *addr = d->reg[q->index].addr;
    uint64_t desc = addr[0] | (uint64_t)addr[1] << 32;
    uint64_t avail = addr[2] | (uint64_t)addr[3] << 32;
    uint64_t used = addr[4] | (uint64_t)addr[5] << 32;

    q->size = d->reg[q->index].size;
    if (model_dev_legacy(d)) {
        uint32_t align = d->reg[q->index].align;

        desc = (uint64_t)d->reg[q->index].pfn * d->page_size;
        avail = desc + 16 * (uint64_t)q->size;
        used = avail + 2 * (3 + (uint64_t)q->size);
        used = (used + align - 1) / align * align;
    }
    q->desc = model_mem_at(desc, model_desc_bytes(q), MODEL_MEM_READ);
    q->avail = model_mem_at(avail, model_avail_bytes(q), MODEL_MEM_READ);
    q->used = model_mem_at(used, model_used_bytes(q),
                           MODEL_MEM_READ | MODEL_MEM_WRITE);
    if (!q->desc || !q->avail || !q->used)
        model_violation("E3", "a queue is not found after the migration");
}

static void load_queue(struct model_dev *d, unsigned i,
                       const struct saved_queue *s)
{
    struct model_queue *t = &d->queue[i];

    QUEUE(LOAD)
    t->dev = d;
    t->index = (uint16_t)i;
    t->legacy = model_dev_legacy(d);
    t->features = d->accepted;
    if (t->live)
        find_parts(d, t);
    if (s->packed.buffer)
        load_packed(t, &s->packed);
}

/* The process ends, nothing of its state is left, and another one begins. */
void model_migrate(struct model_dev *t)
{
    struct saved *s = calloc(1, sizeof(*s));

    DEVICE(SAVE)
    for (unsigned i = 0; i < MODEL_QUEUES; i++)
        save_queue(&t->queue[i], &s->queue[i]);
    lose_device(t);
    DEVICE(LOAD)
    for (unsigned i = 0; i < MODEL_QUEUES; i++)
        load_queue(t, i, &s->queue[i]);
    free(s);
}

/* What PCI adds to that. */
struct saved_pci {
    uint32_t version; /* the interface last used */
    PCI(OF_PCI)
};

void model_pci_migrate(struct model_pci *t)
{
    struct saved_pci *s = calloc(1, sizeof(*s));

    s->version = t->dev.version;
    PCI(SAVE)
    PCI(LOSE)
    t->dev.version = JUNK;
    PCI(LOAD)
    t->dev.version = s->version;
    free(s);
    model_migrate(&t->dev);
}
