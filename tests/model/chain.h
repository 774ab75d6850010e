/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What reading a chain has in common in the two ring formats.
 */
#ifndef MODEL_CHAIN_H
#define MODEL_CHAIN_H

#include "ring.h"

/* The rows of the checklist that a format has for the same mistake. */
struct model_chain_rows {
    const char *too_long;
    const char *wrong_order;
    const char *empty;
    const char *too_many_bytes; /* NULL: the format has no limit */
};

/* Name a broken rule; false. */
bool model_chain_bad(const char *row, const struct model_queue *q, uint32_t at,
                     const char *what);

/* An empty chain. */
void model_chain_clear(struct model_chain *c, struct model_queue *q);

/* Append one buffer element, which descriptor `at` tells of. false: it breaks a
 * rule that a test allowed. */
bool model_chain_add(struct model_chain *c, const struct model_chain_rows *rows,
                     const struct model_segment *segment, uint32_t at);

#endif
