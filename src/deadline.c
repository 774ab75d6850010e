/* SPDX-License-Identifier: BSD-2-Clause */
#include "deadline.h"

#include <vio/port.h>

struct vio_deadline vio_deadline(const struct vio_env *env, uint64_t timeout_ns,
                                 uint64_t looks)
{
    return (struct vio_deadline){env, vio_now_ns(env), timeout_ns, looks};
}

uint64_t vio_deadline_end(const struct vio_deadline *d)
{
    uint64_t end = d->start_ns + d->timeout_ns;

    return end < d->start_ns ? UINT64_MAX : end;
}

bool vio_deadline_passed(struct vio_deadline *d)
{
    vio_relax();
    if (d->looks_left == 0)
        return true;
    d->looks_left--;
    return vio_has_clock(d->env) &&
           vio_now_ns(d->env) - d->start_ns >= d->timeout_ns;
}
