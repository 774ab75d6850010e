/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device's side of a virtqueue, and the validator of the driver's side of
 * it. What is peculiar to packed queues is in packed.h.
 *
 * Spec: Split Virtqueues, Packed Virtqueues.
 */
#ifndef MODEL_RING_H
#define MODEL_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "access.h"

#define MODEL_QUEUE_SIZE_MAX 32768u
#define MODEL_SEGMENTS       1024u

struct model_dev;
struct model_packed;
struct model_queue;

struct model_segment {
    uint64_t addr;
    uint32_t len;
    bool write; /* the device writes it */
};

/* A buffer, as the device understands it. */
struct model_chain {
    struct model_queue *queue;
    uint16_t head;                  /* packed: the buffer ID */
    uint32_t n;                     /* segments */
    uint32_t table[MODEL_SEGMENTS]; /* split: entries of the queue's table */
    uint32_t n_table;               /* descriptors that it takes of the ring */
    uint64_t readable;              /* bytes */
    uint64_t writable;
    struct model_segment segment[MODEL_SEGMENTS];
};

/* What the validator knows of a queue. */
struct model_ringcheck {
    /* Per descriptor: 0: the driver's; else 1 + the head of its chain. */
    uint16_t owner[MODEL_QUEUE_SIZE_MAX];
    uint16_t avail_idx;   /* as last published by the driver */
    uint16_t used_loaded; /* used idx, as the driver last loaded it */
    uint16_t used_known;  /* ... in a way that orders what follows */
    uint16_t taken;       /* used elements that the driver has loaded */
    uint16_t released;    /* with IN_ORDER: buffers known to be used */
    unsigned words;       /* words of the next one that it has loaded */
    bool ordered;         /* a write barrier since the last ring store */
    bool undecided;       /* published, and not looked whether to notify */
    bool full_barrier;    /* since it published */
    uint16_t undecided_from;
    bool owed; /* the device wants a notification */
};

struct model_queue {
    struct model_dev *dev; /* may be NULL */
    uint16_t index;
    bool live;
    bool legacy;       /* guest-endian */
    uint64_t features; /* negotiated */
    uint32_t size;
    uint8_t *desc;  /* host pointers of the three parts */
    uint8_t *avail; /* packed: the driver's event structure */
    uint8_t *used;  /* packed: the device's event structure */
    struct model_packed *packed;

    uint16_t avail_taken; /* entries of the available ring consumed */
    uint16_t used_filled; /* used elements written */
    uint16_t used_idx;    /* of these, published */

    bool quiet; /* wants no available-buffer notifications */
    bool lazy;  /* never updates avail_event */

    /* Heads (packed: buffer IDs) taken and not used yet, in the order in which
     * they became available. */
    uint16_t held[MODEL_QUEUE_SIZE_MAX];
    uint32_t n_held;

    unsigned interrupts; /* used-buffer notifications sent */
    unsigned doorbells;  /* notifications received */
    unsigned chains;     /* buffers seen */
    struct model_ringcheck check;
};

/* Make a queue live at three device addresses. false: not reachable. */
bool model_queue_start(struct model_queue *q, uint32_t size, uint64_t desc,
                       uint64_t avail, uint64_t used);
void model_queue_stop(struct model_queue *q);

/* Read the chain at head. false: it breaks a rule that a test allowed. */
bool model_chain_walk(struct model_queue *q, uint16_t head,
                      struct model_chain *chain);

/* Take the next available buffer. false: there is none. */
bool model_queue_pop(struct model_queue *q, struct model_chain *chain);

/* Is there something available that was not taken? */
bool model_queue_pending(const struct model_queue *q);

/* Take all that is available into held[]; returns how many are held. */
uint32_t model_queue_take(struct model_queue *q);

/* Use the i-th held buffer, with this used length. */
void model_queue_complete(struct model_queue *q, uint32_t i, uint32_t len);

/* Use the first n held buffers with one used element, as IN_ORDER allows: this
 * is how much was written to the last of them. */
void model_queue_complete_batch(struct model_queue *q, uint32_t n,
                                uint32_t len);

/* Write a used element; then show all that were written. */
void model_queue_fill(struct model_queue *q, uint32_t id, uint32_t len);
void model_queue_publish(struct model_queue *q);

/* Both, and the interrupt if the driver wants it. */
void model_queue_push(struct model_queue *q, uint32_t id, uint32_t len);

/* Tell the driver which notifications are wanted, by quiet and lazy. */
void model_queue_arm(struct model_queue *q);

/* Move bytes between a chain and memory; returns how many. */
uint64_t model_chain_read(const struct model_chain *c, uint64_t from, void *dst,
                          uint64_t len);
uint64_t model_chain_write(const struct model_chain *c, uint64_t from,
                           const void *src, uint64_t len);

/* Raw access for a hostile device, in the queue's byte order. */
uint16_t model_get16(const struct model_queue *q, const void *p);
uint32_t model_get32(const struct model_queue *q, const void *p);
uint64_t model_get64(const struct model_queue *q, const void *p);
void model_put16(const struct model_queue *q, void *p, uint16_t value);
void model_put32(const struct model_queue *q, void *p, uint32_t value);

/* Where the words of the rings are. */
uint8_t *model_avail_idx(const struct model_queue *q);
uint8_t *model_avail_flags(const struct model_queue *q);
uint8_t *model_avail_entry(const struct model_queue *q, uint16_t position);
uint8_t *model_used_event(const struct model_queue *q);
uint8_t *model_used_idx(const struct model_queue *q);
uint8_t *model_used_flags(const struct model_queue *q);
uint8_t *model_used_element(const struct model_queue *q, uint16_t position);
uint8_t *model_avail_event(const struct model_queue *q);
size_t model_avail_bytes(const struct model_queue *q);
size_t model_used_bytes(const struct model_queue *q);
size_t model_desc_bytes(const struct model_queue *q);

bool model_queue_has(const struct model_queue *q, unsigned feature);

/* What a doorbell with NOTIFICATION_DATA has to say in its upper half. */
uint16_t model_notify_data(const struct model_queue *q);

/* The validator (ringcheck.c). */
void model_ringcheck_start(struct model_queue *q);
void model_ringcheck_access(struct model_queue *q, enum model_kind kind,
                            const void *ptr, unsigned width, uint64_t value);
/* Memory of the queue's three parts? Its offset in there. */
bool model_within(const void *ptr, const uint8_t *base, size_t len,
                  size_t *offset);
void model_ringcheck_doorbell(struct model_queue *q);
/* The driver is about to wait, or the test is over: is a notification owed? */
void model_ringcheck_settled(struct model_queue *q);

#endif
