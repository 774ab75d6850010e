/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device's side of a packed virtqueue, and the validator of the driver's
 * side of it.
 *
 * Spec: Packed Virtqueues.
 */
#ifndef MODEL_PACKED_H
#define MODEL_PACKED_H

#include "ring.h"

/* Flags of a descriptor. */
#define MP_NEXT     0x0001u
#define MP_WRITE    0x0002u
#define MP_INDIRECT 0x0004u
#define MP_AVAIL    0x0080u
#define MP_USED     0x8000u

/* Flags of an event suppression structure. */
#define MP_ENABLE  0u
#define MP_DISABLE 1u
#define MP_DESC    2u

/* A place in the ring, with the wrap counter of whoever stands there. */
struct model_position {
    uint32_t offset;
    bool wrap;
};

/* A buffer that the device has taken: a copy, because a used descriptor may
 * overwrite the descriptors of one that is still held. */
struct model_saved {
    struct model_segment *segment;
    uint32_t n;
    uint32_t count; /* descriptors of the ring; 0: no such buffer is held */
    uint64_t readable, writable;
};

/* What the validator knows. The device owns `out` descriptors from `taken` on,
 * the driver the rest. */
struct model_packedcheck {
    struct model_position exposed; /* the first one not made available */
    struct model_position taken;   /* where the next used one will be */
    struct model_position undecided_from;
    uint32_t out;
    uint16_t *count; /* by buffer ID: descriptors; 0: not in flight */
    uint16_t *order; /* buffer IDs as they were exposed: a ring */
    uint32_t order_head, order_n;
};

struct model_packed {
    struct model_position next_avail;
    struct model_position next_used;
    struct model_position shown; /* next_used, as last published */
    uint8_t *unshown;            /* the first descriptor not published, */
    uint16_t unshown_flags;      /* and what publishes it */
    struct model_saved *saved;   /* by buffer ID */
    struct model_packedcheck check;
    bool stuck; /* it found a list that is none */

    bool no_write_flag;   /* used descriptors do not have the WRITE flag */
    uint16_t extra_flags; /* more flags of used descriptors */
};

/* Give back the memory of all packed queues. */
void model_packed_reset(void);

/* The parts of model_queue_...(), of the same names, for a packed queue. */
void model_packed_start(struct model_queue *q);
bool model_packed_pending(const struct model_queue *q);
bool model_packed_pop(struct model_queue *q, struct model_chain *chain);
void model_packed_fill(struct model_queue *q, uint32_t id, uint32_t len);
void model_packed_fill_batch(struct model_queue *q, uint32_t n, uint32_t len);
bool model_packed_publish(struct model_queue *q);
void model_packed_arm(struct model_queue *q);

/* The chain of a buffer that is held. */
bool model_packed_recall(struct model_queue *q, uint16_t id,
                         struct model_chain *chain);

/* Read the list at a position (packedchain.c), whose first descriptor has these
 * flags. false: it breaks a rule that a test allowed. */
bool model_packed_walk(struct model_queue *q, struct model_position at,
                       uint16_t first_flags, struct model_chain *chain);

/* Where things are. */
struct model_position model_packed_advance(const struct model_queue *q,
                                           struct model_position at,
                                           uint32_t n);
uint8_t *model_packed_desc(const struct model_queue *q,
                           struct model_position at);
bool model_packed_available(uint16_t flags, bool wrap);
bool model_packed_used(uint16_t flags, bool wrap);

/* An event structure: does it ask for something that happens to one of the
 * descriptors from one position up to another? */
bool model_packed_wanted(const struct model_queue *q, const uint8_t *event,
                         struct model_position from, struct model_position to);

/* Write the device's event structure. */
void model_packed_put_event(struct model_queue *q, uint16_t desc,
                            uint16_t flags);
/* A position as an event structure or a doorbell has it. */
uint16_t model_packed_event_of(struct model_position at);

/* The position that the driver has exposed the ring up to. */
uint16_t model_packed_exposed(const struct model_queue *q);

/* The validator (packedcheck.c). */
void model_packedcheck_start(struct model_queue *q);
void model_packedcheck_access(struct model_queue *q, enum model_kind kind,
                              const void *ptr, unsigned width, uint64_t value);

#endif
