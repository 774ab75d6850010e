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
    uint64_t looks_left;
    const struct vio_env *env;
    uint64_t end_ns; /* by the clock, where there is one */
};

/* A wait begins now; without an environment, this much of it by the clock is
 * nothing. */
void vio_deadline_clock(struct vio_deadline *d, const struct vio_env *env,
                        uint64_t timeout_ns);

/* Without a clock a look counts as so much time: on most processors it takes
 * less, on an emulated one ten times as much. With one, it takes more than a
 * nanosecond. */
#define LOOK_NS 64u

static inline uint64_t vio_looks_in(const struct vio_env *env,
                                    uint64_t timeout_ns)
{
    return vio_has_clock(env) ? timeout_ns : timeout_ns / LOOK_NS;
}

static inline void vio_deadline_start(struct vio_deadline *d,
                                      const struct vio_env *env,
                                      uint64_t timeout_ns, uint64_t looks)
{
    d->looks_left = looks;
#ifndef VIO_NO_ENV
    vio_deadline_clock(d, env, timeout_ns);
#else
    (void)env, (void)timeout_ns;
#endif
}

/* One more look has failed: is the wait over? Not to be asked once it was. */
bool vio_deadline_passed(struct vio_deadline *d);

#endif
