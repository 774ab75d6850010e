/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bounded waits. A wait ends by the clock where there is one, and after a
 * number of looks in any case: a clock may be missing, stuck, or jump.
 */
#ifndef VIO_SRC_DEADLINE_H
#define VIO_SRC_DEADLINE_H

#include <stdbool.h>

#include "env_call.h"

struct vio_deadline {
    const struct vio_env *env;
    uint64_t start_ns;
    uint64_t timeout_ns;
    uint64_t looks_left;
};

struct vio_deadline vio_deadline(const struct vio_env *env, uint64_t timeout_ns,
                                 uint64_t looks);

/* The time at which the wait is over, where there is a clock. */
uint64_t vio_deadline_end(const struct vio_deadline *d);

/* One more look has failed: is the wait over? */
bool vio_deadline_passed(struct vio_deadline *d);

#endif
