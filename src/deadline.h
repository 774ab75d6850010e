/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bounded waits. A wait ends by the clock where there is one, and after a
 * number of looks in any case: a clock may be missing, stuck, or jump.
 */
#ifndef VIO_SRC_DEADLINE_H
#define VIO_SRC_DEADLINE_H

#include <stdbool.h>

#include <vio/env.h>
#include <vio/port.h>

struct vio_deadline {
    const struct vio_env *env;
    uint64_t start_ns;
    uint64_t timeout_ns;
    uint64_t looks_left;
};

static inline bool vio_has_clock(const struct vio_env *env)
{
    return env && env->now_ns;
}

static inline struct vio_deadline
vio_deadline(const struct vio_env *env, uint64_t timeout_ns, uint64_t looks)
{
    struct vio_deadline d = {env, 0, timeout_ns, looks};

    if (vio_has_clock(env))
        d.start_ns = env->now_ns(env->ctx);
    return d;
}

/* The time at which the wait is over, where there is a clock. */
static inline uint64_t vio_deadline_end(const struct vio_deadline *d)
{
    uint64_t end = d->start_ns + d->timeout_ns;

    return end < d->start_ns ? UINT64_MAX : end;
}

/* One more look has failed: is the wait over? */
static inline bool vio_deadline_passed(struct vio_deadline *d)
{
    vio_relax();
    if (d->looks_left == 0)
        return true;
    d->looks_left--;
    return vio_has_clock(d->env) &&
           d->env->now_ns(d->env->ctx) - d->start_ns >= d->timeout_ns;
}

#endif
