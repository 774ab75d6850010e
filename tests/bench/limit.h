/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The least that the specification lets a driver do for a request of a header,
 * one piece of data and a status: the indirect table of a slot is built once,
 * a request writes the piece's address and length and names the slot. Nothing
 * is checked, least of all what the device says; nothing else could be in
 * flight. It is what everything here is compared with, behind the same three
 * calls.
 */
#ifndef BENCH_LIMIT_H
#define BENCH_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include <vio/spec/ring.h>

struct limit_slot {
    struct limit_slot *next; /* free */
    void *token;
    union {
        struct virtq_desc *split;
        struct pvirtq_desc *packed;
    } data;         /* the one descriptor of the table that changes */
    uint64_t id;    /* packed: as the ring's descriptor wants it, */
    uint64_t table; /* with the address */
    uint64_t unused[3];
};

struct limit {
    void *desc; /* the three areas of the queue */
    void *driver;
    void *device;
    struct limit_slot *slot;
    struct limit_slot *free;
    uint32_t mask;
    uint32_t added;
    uint32_t published;
    uint32_t taken;
    uint32_t used_seen; /* split */
    uint32_t avail;     /* packed: the flags of a descriptor that is, */
    uint32_t used;      /* and the AVAIL and USED bits of a used one */
    uint32_t n_out;     /* packed: what the device has */
    volatile uint32_t *doorbell;
};

/* Build `size` tables of three descriptors at `tables`; the headers and the
 * statuses lie one behind another. */
void limit_open_split(struct limit *l, void *tables, uint64_t headers,
                      uint64_t statuses);
void limit_open_packed(struct limit *l, void *tables, uint64_t headers,
                       uint64_t statuses);

bool limit_add_split(struct limit *l, uint64_t addr, uint32_t len, void *token);
void limit_kick_split(struct limit *l);
bool limit_get_split(struct limit *l, void **token, uint32_t *len);

bool limit_add_packed(struct limit *l, uint64_t addr, uint32_t len,
                      void *token);
void limit_kick_packed(struct limit *l);
bool limit_get_packed(struct limit *l, void **token, uint32_t *len);

#endif
