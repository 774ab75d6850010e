/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What wakes a thread that sleeps. It counts, so that one that rings just
 * before its thread falls asleep is heard; and it says whether anybody will
 * ever wake up again.
 *
 * Everything in it is relaxed: a bell must not order what the rings have to.
 */
#ifndef THREAD_BELL_H
#define THREAD_BELL_H

#include <stdbool.h>
#include <stdint.h>

struct bell {
    _Alignas(128) uint32_t rung; /* how often */
    uint32_t heard;              /* and how often when the thread last woke */
    uint32_t asleep;
};

/* What a watchdog sees of a bell. */
struct bell_state {
    uint32_t rung;
    uint32_t heard;
    bool asleep;
};

void bell_ring(struct bell *bell);

/* Sleep until it has rung since the last time. */
void bell_wait(struct bell *bell);

struct bell_state bell_look(const struct bell *bell);

/* Does the thread sleep, with nothing to wake it? */
bool bell_is_silent(struct bell_state state);

#endif
