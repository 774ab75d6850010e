/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device's side of a virtqueue: take what is available, mark it used, tell
 * the driver. Here is the split format, and the choice between the two.
 */
#include "ring.h"

#include "access.h"
#include "check.h"
#include "dev.h"
#include "feature.h"
#include "mem.h"
#include "packed.h"

#include <string.h>

static bool is_packed(const struct model_queue *q)
{
    return model_queue_has(q, MF_PACKED);
}

static bool size_legal(const struct model_queue *q, uint32_t size)
{
    return size && size <= MODEL_QUEUE_SIZE_MAX &&
           (is_packed(q) || !(size & (size - 1)));
}

static bool aligned(const struct model_queue *q, uint64_t desc, uint64_t avail,
                    uint64_t used)
{
    return desc % 16 == 0 && avail % (is_packed(q) ? 4 : 2) == 0 &&
           used % 4 == 0;
}

/* Where the three parts are. The device writes to a packed queue's ring. */
static bool find_parts(struct model_queue *q, uint64_t desc, uint64_t avail,
                       uint64_t used)
{
    unsigned both = MODEL_MEM_READ | MODEL_MEM_WRITE;

    q->desc = model_mem_at(desc, model_desc_bytes(q),
                           is_packed(q) ? both : MODEL_MEM_READ);
    q->avail = model_mem_at(avail, model_avail_bytes(q), MODEL_MEM_READ);
    q->used = model_mem_at(used, model_used_bytes(q), both);
    return q->desc && q->avail && q->used;
}

bool model_queue_start(struct model_queue *q, uint32_t size, uint64_t desc,
                       uint64_t avail, uint64_t used)
{
    q->size = size;
    if (!size_legal(q, size)) {
        model_violation(is_packed(q) ? "DX-PACK-01" : "DX-SPLIT-01",
                        "queue %u: size %u", q->index, size);
        return false;
    }
    if (!aligned(q, desc, avail, used)) {
        model_violation(is_packed(q) ? "PACK-01" : "SPLIT-01",
                        "queue %u: part not aligned", q->index);
        return false;
    }
    if (!find_parts(q, desc, avail, used)) {
        model_violation("RFB-04", "queue %u: part out of reach", q->index);
        return false;
    }
    q->avail_taken = 0;
    q->used_filled = 0;
    q->used_idx = 0;
    q->n_held = 0;
    q->live = true;
    if (is_packed(q)) {
        model_packed_start(q);
        return true;
    }
    q->packed = NULL;
    model_ringcheck_start(q);
    return true;
}

void model_queue_stop(struct model_queue *q)
{
    q->live = false;
    q->n_held = 0;
}

bool model_queue_pending(const struct model_queue *q)
{
    if (!q->live)
        return false;
    return is_packed(q) ? model_packed_pending(q)
                        : model_get16(q, model_avail_idx(q)) != q->avail_taken;
}

bool model_queue_pop(struct model_queue *q, struct model_chain *chain)
{
    uint16_t head;

    if (!q->live)
        return false;
    if (is_packed(q))
        return model_packed_pop(q, chain);
    while (model_get16(q, model_avail_idx(q)) != q->avail_taken) {
        head = model_get16(q, model_avail_entry(q, q->avail_taken));
        q->avail_taken++;
        q->chains++;
        if (model_chain_walk(q, head, chain))
            return true;
    }
    return false;
}

uint32_t model_queue_take(struct model_queue *q)
{
    static struct model_chain chain;

    do {
        while (model_queue_pop(q, &chain))
            q->held[q->n_held++] = chain.head;
        model_queue_arm(q);
    } while (model_queue_pending(q));
    return q->n_held;
}

void model_queue_complete(struct model_queue *q, uint32_t i, uint32_t len)
{
    uint16_t head = q->held[i];

    memmove(&q->held[i], &q->held[i + 1],
            (q->n_held - i - 1) * sizeof(q->held[0]));
    q->n_held--;
    model_queue_push(q, head, len);
}

void model_queue_complete_batch(struct model_queue *q, uint32_t n, uint32_t len)
{
    uint16_t last = q->held[n - 1];

    if (is_packed(q))
        model_packed_fill_batch(q, n, len);
    else
        model_queue_fill(q, last, len);
    q->used_filled = (uint16_t)(q->used_filled + (is_packed(q) ? 0 : n - 1));
    memmove(q->held, &q->held[n], (q->n_held - n) * sizeof(q->held[0]));
    q->n_held -= n;
    model_queue_publish(q);
}

void model_queue_fill(struct model_queue *q, uint32_t id, uint32_t len)
{
    uint8_t *e;

    if (is_packed(q)) {
        model_packed_fill(q, id, len);
        return;
    }
    e = model_used_element(q, q->used_filled);
    model_put32(q, e, id);
    model_put32(q, e + 4, len);
    q->used_filled++;
}

/* Does the driver want to hear of entries from old up to now? */
static bool wanted(const struct model_queue *q, uint16_t old, uint16_t now)
{
    uint16_t event;

    if (!model_queue_has(q, MF_EVENT_IDX))
        return !(model_get16(q, model_avail_flags(q)) & 1);
    event = model_get16(q, model_used_event(q));
    for (uint16_t i = old; i != now; i++) {
        if (i == event)
            return true;
    }
    return false;
}

/* Show the driver what was filled in. Returns: does it want to be told? */
static bool publish(struct model_queue *q)
{
    uint16_t old = q->used_idx;

    q->used_idx = q->used_filled;
    model_put16(q, model_used_idx(q), q->used_idx);
    __atomic_fetch_add(&model_fence, 0, __ATOMIC_SEQ_CST);
    return wanted(q, old, q->used_idx);
}

void model_queue_publish(struct model_queue *q)
{
    if (!(is_packed(q) ? model_packed_publish(q) : publish(q)))
        return;
    q->interrupts++;
    if (q->dev)
        model_dev_interrupt(q->dev, 1);
}

void model_queue_push(struct model_queue *q, uint32_t id, uint32_t len)
{
    model_queue_fill(q, id, len);
    model_queue_publish(q);
}

void model_queue_arm(struct model_queue *q)
{
    if (!q->live)
        return;
    if (is_packed(q))
        model_packed_arm(q);
    else if (!model_queue_has(q, MF_EVENT_IDX))
        model_put16(q, model_used_flags(q), q->quiet);
    else if (!q->lazy)
        model_put16(q, model_avail_event(q),
                    (uint16_t)(q->avail_taken - q->quiet));
    __atomic_fetch_add(&model_fence, 0, __ATOMIC_SEQ_CST);
}

uint16_t model_notify_data(const struct model_queue *q)
{
    return is_packed(q) ? model_packed_exposed(q) : q->check.avail_idx;
}
