/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring validator: looks at every access of the driver to a live queue, and
 * keeps track of who owns what.
 */
#include "access.h"
#include "check.h"
#include "dev.h"
#include "feature.h"
#include "packed.h"
#include "ring.h"

#include <string.h>

#define DRIVER 0u /* owner of a descriptor */

#define LOADED_ID  1u
#define LOADED_LEN 2u

void model_ringcheck_start(struct model_queue *q)
{
    memset(&q->check, 0, sizeof(q->check));
    if (model_get16(q, model_used_flags(q)))
        model_violation("SPLIT-19", "queue %u: used flags not 0 at set-up",
                        q->index);
    if (model_get16(q, model_used_idx(q)) || model_get16(q, model_avail_idx(q)))
        model_violation("T-MEM-09", "queue %u: an index is not 0 at set-up",
                        q->index);
}

bool model_within(const void *ptr, const uint8_t *base, size_t len,
                  size_t *offset)
{
    uintptr_t at = (uintptr_t)ptr - (uintptr_t)base;

    *offset = at;
    return (uintptr_t)ptr >= (uintptr_t)base && at < len;
}

static bool platform(const struct model_queue *q)
{
    return model_queue_has(q, MF_ORDER_PLATFORM);
}

static void own_chain(struct model_queue *q, const struct model_chain *c)
{
    for (uint32_t i = 0; i < c->n_table; i++) {
        uint32_t d = c->table[i];

        if (q->check.owner[d] != DRIVER)
            model_violation("DX-SPLIT-OWNER",
                            "queue %u: descriptor %u offered twice", q->index,
                            d);
        q->check.owner[d] = (uint16_t)(c->head + 1);
    }
}

/* The driver publishes entries from the old index to the new one. */
static void published(struct model_queue *q, uint16_t value, bool release)
{
    static struct model_chain chain;
    struct model_ringcheck *k = &q->check;
    uint16_t added = (uint16_t)(value - k->avail_idx);
    uint16_t open = (uint16_t)(k->avail_idx - q->used_idx);

    if (!(platform(q) ? k->ordered : release || k->ordered))
        model_violation("SPLIT-26",
                        "queue %u: idx published without a "
                        "barrier after the entries",
                        q->index);
    if (added > q->size || open + added > q->size)
        model_violation("SPLIT-11", "queue %u: idx goes from %u to %u",
                        q->index, k->avail_idx, value);
    if (!k->undecided)
        k->undecided_from = k->avail_idx;
    k->undecided = k->undecided || added;
    k->full_barrier = false;
    for (; k->avail_idx != value; k->avail_idx++) {
        uint16_t head = model_get16(q, model_avail_entry(q, k->avail_idx));

        if (model_chain_walk(q, head, &chain))
            own_chain(q, &chain);
    }
}

static void store_desc(struct model_queue *q, size_t offset)
{
    size_t i = offset / 16;

    q->check.ordered = false;
    if (q->check.owner[i] != DRIVER)
        model_violation("CLN-01",
                        "queue %u: descriptor %zu written while it "
                        "is the device's",
                        q->index, i);
}

static void store_flags(struct model_queue *q, uint64_t value)
{
    if (model_queue_has(q, MF_EVENT_IDX)) {
        if (value)
            model_violation("SPLIT-14",
                            "queue %u: available flags %u with "
                            "EVENT_IDX",
                            q->index, (unsigned)value);
    } else if (value > 1) {
        model_violation("SPLIT-12", "queue %u: available flags %u", q->index,
                        (unsigned)value);
    }
}

/* The value as the device would read it. */
static uint16_t as_device(const struct model_queue *q, uint64_t value)
{
    uint16_t raw = (uint16_t)value;

    return model_get16(q, &raw);
}

static void store_avail(struct model_queue *q, size_t offset,
                        enum model_kind kind, unsigned width, uint64_t raw)
{
    uint16_t value = as_device(q, raw);
    size_t slot = (offset - 4) / 2;
    uint16_t ahead;

    if (width != 2 || offset % 2) {
        model_violation("DX-SPLIT-WIDTH",
                        "queue %u: %u byte store to the "
                        "available ring",
                        q->index, width);
    } else if (offset == 0) {
        store_flags(q, value);
    } else if (offset == 2) {
        published(q, value, kind == MODEL_STORE_RELEASE);
    } else if (slot == q->size) {
        if (!model_queue_has(q, MF_EVENT_IDX))
            model_violation("SPLIT-15",
                            "queue %u: used_event written without "
                            "EVENT_IDX",
                            q->index);
    } else {
        q->check.ordered = false;
        ahead = (uint16_t)((slot - q->avail_taken) % q->size);
        if (ahead < (uint16_t)(q->check.avail_idx - q->avail_taken))
            model_violation("CLN-01",
                            "queue %u: available entry %zu written "
                            "while it is exposed",
                            q->index, slot);
    }
}

static void release_chain(struct model_queue *q, uint32_t id)
{
    for (uint32_t i = 0; i < q->size; i++) {
        if (q->check.owner[i] == id + 1)
            q->check.owner[i] = DRIVER;
    }
}

/* With IN_ORDER an element stands for all that were made available before. */
static void release_batch(struct model_queue *q, uint32_t id)
{
    struct model_ringcheck *k = &q->check;
    uint16_t head = 0;

    while (k->released != k->avail_idx) {
        head = model_get16(q, model_avail_entry(q, k->released++));
        release_chain(q, head);
        if (head == id)
            return;
    }
}

/* The element that the driver has come to: the next one, or with IN_ORDER one
 * that lies further, behind a batch. */
static void advance(struct model_queue *q, uint16_t slot)
{
    struct model_ringcheck *k = &q->check;
    bool batches = model_queue_has(q, MF_IN_ORDER);

    while (slot != k->taken % q->size && k->taken != k->used_known &&
           (k->words || batches)) {
        k->taken++;
        k->words = 0;
    }
}

/* The driver loads word `word` (0: id, 1: len) of a used element. */
static void load_element(struct model_queue *q, uint16_t slot, unsigned word)
{
    struct model_ringcheck *k = &q->check;
    unsigned bit = word ? LOADED_LEN : LOADED_ID;
    uint32_t id = model_get32(q, model_used_element(q, slot));
    uint16_t ready;

    advance(q, slot);
    ready = (uint16_t)(k->used_known - k->taken);
    if (slot != k->taken % q->size || ready == 0 || ready > q->size)
        model_violation("DX-SPLIT-04",
                        "queue %u: used element %u loaded "
                        "before an ordered load of idx showed it",
                        q->index, slot);
    if (k->words & bit)
        model_violation("T-SPL-15", "queue %u: used element %u loaded twice",
                        q->index, slot);
    k->words |= bit;
    if (!word && model_queue_has(q, MF_IN_ORDER))
        release_batch(q, id);
    else if (!word)
        release_chain(q, id);
    if (k->words == (LOADED_ID | LOADED_LEN)) {
        k->taken++;
        k->words = 0;
    }
}

/* Brute force: does the driver write the entry that the device waits for? */
static bool device_wants(const struct model_queue *q)
{
    uint16_t event = model_get16(q, model_avail_event(q));

    if (!model_queue_has(q, MF_EVENT_IDX))
        return !(model_get16(q, model_used_flags(q)) & 1);
    for (uint16_t i = q->check.undecided_from; i != q->check.avail_idx; i++) {
        if (i == event)
            return true;
    }
    return false;
}

/* The driver looks whether the device wants a notification. */
static void decides(struct model_queue *q)
{
    struct model_ringcheck *k = &q->check;

    if (!k->undecided)
        return;
    if (!k->full_barrier)
        model_violation("SPLIT-27",
                        "queue %u: no full barrier between idx and "
                        "the check whether to notify",
                        q->index);
    k->owed = k->owed || device_wants(q);
    k->undecided = false;
}

static void load_used(struct model_queue *q, size_t offset,
                      enum model_kind kind)
{
    struct model_ringcheck *k = &q->check;
    bool event_idx = model_queue_has(q, MF_EVENT_IDX);
    size_t slot = (offset - 4) / 8;

    if (offset == 0) {
        if (!event_idx)
            decides(q);
    } else if (offset == 2) {
        k->used_loaded = model_get16(q, model_used_idx(q));
        if (kind == MODEL_LOAD_ACQUIRE && !platform(q))
            k->used_known = k->used_loaded;
    } else if (slot == q->size) {
        if (event_idx)
            decides(q);
    } else {
        load_element(q, (uint16_t)slot, (unsigned)((offset - 4) % 8 / 4));
    }
}

static void barrier(struct model_queue *q, enum model_kind kind)
{
    struct model_ringcheck *k = &q->check;
    bool full = kind == MODEL_MB_PLATFORM || (kind == MODEL_MB && !platform(q));

    if (full || kind == MODEL_WMB_PLATFORM)
        k->ordered = true;
    if (full || kind == MODEL_RMB_PLATFORM)
        k->used_known = k->used_loaded;
    if (full)
        k->full_barrier = true;
}

void model_ringcheck_access(struct model_queue *q, enum model_kind kind,
                            const void *ptr, unsigned width, uint64_t value)
{
    bool store = kind == MODEL_STORE || kind == MODEL_STORE_RELEASE;
    size_t offset;

    if (!ptr) {
        barrier(q, kind);
        return;
    }
    if (q->packed) {
        model_packedcheck_access(q, kind, ptr, width, value);
        return;
    }
    if (model_within(ptr, q->used, model_used_bytes(q), &offset)) {
        if (store)
            model_violation("DX-SPLIT-USED",
                            "queue %u: the driver writes the "
                            "used ring",
                            q->index);
        else
            load_used(q, offset, kind);
    } else if (model_within(ptr, q->avail, model_avail_bytes(q), &offset)) {
        if (store)
            store_avail(q, offset, kind, width, value);
        else
            model_violation("T-SPL-09", "queue %u: available ring read back",
                            q->index);
    } else if (model_within(ptr, q->desc, model_desc_bytes(q), &offset)) {
        if (store)
            store_desc(q, offset);
        else
            model_violation("T-SPL-08", "queue %u: descriptor read back",
                            q->index);
    }
}

void model_ringcheck_doorbell(struct model_queue *q)
{
    q->doorbells++;
    q->check.owed = false;
}

void model_ringcheck_settled(struct model_queue *q)
{
    bool event_idx = model_queue_has(q, MF_EVENT_IDX);

    if (q->check.undecided)
        model_violation(q->packed ? "PACK-17" : "SPLIT-27",
                        "queue %u: published, and never looked "
                        "whether to notify",
                        q->index);
    if (q->check.owed)
        model_violation(q->packed   ? "PACK-NOTIFY"
                        : event_idx ? "SPLIT-24"
                                    : "SPLIT-22",
                        "queue %u: the device was not notified", q->index);
    q->check.owed = false;
    q->check.undecided = false;
}
