/* SPDX-License-Identifier: BSD-2-Clause */
#include "device.h"

void device_open(struct bench_device *d)
{
    d->next = d->used = 0;
    d->wrap = true; /* 2.8.1 */
    if (d->packed)
        device_set_event_packed(d);
    else
        device_set_event_split(d);
}

unsigned device_serve(struct bench_device *d)
{
    return d->packed ? device_serve_packed(d) : device_serve_split(d);
}
