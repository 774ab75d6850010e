/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The validator of a packed virtqueue: looks at every access of the driver to
 * the ring and the two event structures, and keeps track of who owns what.
 *
 * The first descriptor that is not exposed is the only place where the device
 * looks. A store of flags there that makes it available exposes it, and with it
 * everything behind that carries its flags already.
 *
 * Spec: Packed Virtqueues, and its driver requirements.
 */
#include "access.h"
#include "check.h"
#include "feature.h"
#include "packed.h"

#include <string.h>

#define LOADED_ID  1u
#define LOADED_LEN 2u

#define AT_LEN   8u
#define AT_ID    12u
#define AT_FLAGS 14u

void model_packedcheck_start(struct model_queue *q)
{
    memset(&q->check, 0, sizeof(q->check));
    q->packed->check.exposed.wrap = true;
    q->packed->check.taken.wrap = true;
    for (size_t i = 0; i < model_desc_bytes(q); i++) {
        if (q->desc[i]) {
            model_violation("DX-PACK-02",
                            "queue %u: byte %zu of the ring is "
                            "not 0 at set-up",
                            q->index, i);
            return;
        }
    }
    if (model_get32(q, q->used))
        model_violation("DX-PACK-02", "queue %u: device events not 0 at set-up",
                        q->index);
}

static bool platform(const struct model_queue *q)
{
    return model_queue_has(q, MF_ORDER_PLATFORM);
}

static bool is_devices(const struct model_queue *q, uint32_t offset)
{
    const struct model_packedcheck *k = &q->packed->check;

    return (offset + q->size - k->taken.offset) % q->size < k->out;
}

/* One list has become the device's. */
static bool own_list(struct model_queue *q, const struct model_chain *c)
{
    struct model_packedcheck *k = &q->packed->check;

    if (k->out + c->n_table > q->size) {
        model_violation("PACK-10", "queue %u: no room for %u at %u", q->index,
                        c->n_table, k->exposed.offset);
        return false;
    }
    if (k->count[c->head])
        model_violation("DX-PACK-06", "queue %u: buffer ID %u is in flight",
                        q->index, c->head);
    k->count[c->head] = (uint16_t)c->n_table;
    k->order[(k->order_head + k->order_n++) % q->size] = c->head;
    k->exposed = model_packed_advance(q, k->exposed, c->n_table);
    k->out += c->n_table;
    return true;
}

/* These flags make the first descriptor available that was not exposed. */
static void exposes(struct model_queue *q, uint16_t flags, bool release)
{
    static struct model_chain chain;
    struct model_packedcheck *k = &q->packed->check;
    bool ordered = platform(q) ? q->check.ordered : release || q->check.ordered;

    if (!ordered)
        model_violation("PACK-16",
                        "queue %u: flags of %u written without a barrier "
                        "after the descriptors",
                        q->index, k->exposed.offset);
    if (!q->check.undecided)
        k->undecided_from = k->exposed;
    q->check.undecided = true;
    q->check.full_barrier = false;
    while (k->out < q->size && model_packed_available(flags, k->exposed.wrap)) {
        if (!model_packed_walk(q, k->exposed, flags, &chain) ||
            !own_list(q, &chain))
            return;
        flags = model_get16(q, model_packed_desc(q, k->exposed) + AT_FLAGS);
    }
}

/* Does this store write a descriptor's flags, and which? `raw` is as it will
 * lie in memory. */
static bool writes_flags(const struct model_queue *q, size_t field,
                         unsigned width, uint64_t raw, uint16_t *flags)
{
    unsigned char bytes[8];
    uint16_t word = (uint16_t)raw;

    if (field == AT_FLAGS && width == 2) {
        *flags = model_get16(q, &word);
        return true;
    }
    if (field != AT_LEN || width != 8)
        return false;
    memcpy(bytes, &raw, 8);
    memcpy(&word, bytes + (AT_FLAGS - AT_LEN), 2);
    *flags = model_get16(q, &word);
    return true;
}

static void store_desc(struct model_queue *q, size_t offset,
                       enum model_kind kind, unsigned width, uint64_t raw)
{
    const struct model_packedcheck *k = &q->packed->check;
    uint32_t at = (uint32_t)(offset / 16);
    uint16_t flags;

    /* PACK-02, too: what the driver has not seen used is still out. */
    if (is_devices(q, at))
        model_violation("PACK-03",
                        "queue %u: descriptor %u written while it "
                        "is the device's",
                        q->index, at);
    else if (writes_flags(q, offset % 16, width, raw, &flags) &&
             at == k->exposed.offset &&
             model_packed_available(flags, k->exposed.wrap))
        exposes(q, flags, kind == MODEL_STORE_RELEASE);
    q->check.ordered = false;
}

/* Both halves at once, or the device could see new flags with an old place. */
static void store_event(struct model_queue *q, unsigned width, uint64_t raw)
{
    uint32_t word = (uint32_t)raw;
    uint16_t half[2], desc, flags;

    memcpy(half, &word, 4);
    desc = model_get16(q, &half[0]);
    flags = model_get16(q, &half[1]);
    if (width != 4)
        model_violation("DX-PACK-10", "queue %u: half an event written",
                        q->index);
    else if (flags > MP_DESC)
        model_violation("DX-PACK-09", "queue %u: event flags %u", q->index,
                        flags);
    else if (flags == MP_DESC && !model_queue_has(q, MF_EVENT_IDX))
        model_violation("DX-PACK-09",
                        "queue %u: event for a descriptor "
                        "without EVENT_IDX",
                        q->index);
    else if (flags == MP_DESC && (desc & 0x7fff) >= q->size)
        model_violation("DX-PACK-09", "queue %u: event at %u", q->index,
                        desc & 0x7fff);
}

/* The driver looks whether the device wants a notification. */
static void load_event(struct model_queue *q, unsigned width)
{
    struct model_ringcheck *k = &q->check;

    if (width != 4)
        model_violation("T-PKD-11", "queue %u: half an event read", q->index);
    if (!k->undecided)
        return;
    if (!k->full_barrier)
        model_violation("PACK-17",
                        "queue %u: no full barrier between the flags and the "
                        "check whether to notify",
                        q->index);
    k->owed = k->owed ||
              model_packed_wanted(q, q->used, q->packed->check.undecided_from,
                                  q->packed->check.exposed);
    k->undecided = false;
}

/* One buffer is the driver's again. */
static void release(struct model_queue *q, uint16_t id)
{
    struct model_packedcheck *k = &q->packed->check;

    k->taken = model_packed_advance(q, k->taken, k->count[id]);
    k->out -= k->count[id];
    k->count[id] = 0;
}

/* The driver has read a used descriptor: with IN_ORDER it stands for all that
 * were exposed before. An id that is not in flight frees nothing. */
static void release_upto(struct model_queue *q, uint16_t id)
{
    struct model_packedcheck *k = &q->packed->check;
    uint16_t first;

    if (id >= q->size || !k->count[id])
        return;
    if (!model_queue_has(q, MF_IN_ORDER)) {
        release(q, id);
        return;
    }
    do {
        first = k->order[k->order_head];
        k->order_head = (k->order_head + 1) % q->size;
        k->order_n--;
        release(q, first);
    } while (first != id);
}

/* Flags of the descriptor that comes next: a decision of its own. */
static void load_flags(struct model_queue *q, enum model_kind kind)
{
    const struct model_packedcheck *k = &q->packed->check;
    uint8_t *d = model_packed_desc(q, k->taken);
    bool used = k->out &&
                model_packed_used(model_get16(q, d + AT_FLAGS), k->taken.wrap);

    if (q->check.words)
        model_violation("T-PKD-12",
                        "queue %u: flags of %u loaded again amidst "
                        "its other words",
                        q->index, k->taken.offset);
    q->check.used_loaded = used;
    q->check.used_known = used && kind == MODEL_LOAD_ACQUIRE && !platform(q);
}

static void load_word(struct model_queue *q, unsigned bit)
{
    struct model_ringcheck *k = &q->check;
    struct model_position at = q->packed->check.taken;
    uint8_t *d = model_packed_desc(q, at);

    if (!k->used_known)
        model_violation("T-PKD-13",
                        "queue %u: descriptor %u loaded before an "
                        "ordered load of its flags showed it",
                        q->index, at.offset);
    if (k->words & bit)
        model_violation("T-PKD-12", "queue %u: descriptor %u loaded twice",
                        q->index, at.offset);
    k->words |= bit;
    if (k->words != (LOADED_ID | LOADED_LEN))
        return;
    k->words = 0;
    k->used_loaded = k->used_known = false;
    release_upto(q, model_get16(q, d + AT_ID));
}

/* A look ahead at what the device has: nothing is taken because of it. */
static bool is_peek(const struct model_queue *q, size_t offset,
                    enum model_kind kind, unsigned width)
{
    return kind == MODEL_LOAD && width == 2 && offset % 16 == AT_FLAGS &&
           offset / 16 != q->packed->check.taken.offset &&
           is_devices(q, (uint32_t)(offset / 16));
}

static void load_desc(struct model_queue *q, size_t offset,
                      enum model_kind kind, unsigned width)
{
    size_t field = offset % 16;

    if (is_peek(q, offset, kind, width))
        return;
    if (offset / 16 != q->packed->check.taken.offset)
        model_violation("DX-PACK-READ",
                        "queue %u: descriptor %zu loaded, %u "
                        "is next",
                        q->index, offset / 16, q->packed->check.taken.offset);
    else if (field == AT_FLAGS && width == 2)
        load_flags(q, kind);
    else if (field == AT_LEN && width == 4)
        load_word(q, LOADED_LEN);
    else if (field == AT_ID && width == 2)
        load_word(q, LOADED_ID);
    else
        model_violation("T-PKD-04",
                        "queue %u: %u bytes at %zu of a descriptor "
                        "read back",
                        q->index, width, field);
}

void model_packedcheck_access(struct model_queue *q, enum model_kind kind,
                              const void *ptr, unsigned width, uint64_t value)
{
    bool store = kind == MODEL_STORE || kind == MODEL_STORE_RELEASE;
    size_t offset;

    if (model_within(ptr, q->desc, model_desc_bytes(q), &offset)) {
        if (store)
            store_desc(q, offset, kind, width, value);
        else
            load_desc(q, offset, kind, width);
    } else if (model_within(ptr, q->avail, model_avail_bytes(q), &offset)) {
        if (store)
            store_event(q, width, value);
        else
            model_violation("T-PKD-08", "queue %u: driver events read back",
                            q->index);
    } else if (model_within(ptr, q->used, model_used_bytes(q), &offset)) {
        if (store)
            model_violation("DX-PACK-EVENT",
                            "queue %u: the driver writes the "
                            "device's events",
                            q->index);
        else
            load_event(q, width);
    } else if (store) {
        q->check.ordered = false; /* it may be a table */
    }
}
