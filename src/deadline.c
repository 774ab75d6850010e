/* SPDX-License-Identifier: BSD-2-Clause */
#include "deadline.h"

#include <vio/port.h>

void vio_deadline_clock(struct vio_deadline *d, const struct vio_env *env,
                        uint64_t timeout_ns)
{
    uint64_t end_ns = vio_now_ns(env) + timeout_ns;

    d->env = env;
    d->end_ns = end_ns < timeout_ns ? UINT64_MAX : end_ns;
}

bool vio_deadline_passed(struct vio_deadline *d)
{
    vio_relax();
    return d->looks_left-- == 0 ||
           (vio_has_clock(d->env) && vio_now_ns(d->env) >= d->end_ns);
}
