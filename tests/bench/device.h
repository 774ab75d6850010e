/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device's side of one queue, as little of it as a benchmark needs: it
 * walks every chain, looks at the header, writes the status byte and returns
 * the buffers in order. It trusts the driver; whether the driver is right is
 * for the unit tests to say. A device address is a pointer.
 */
#ifndef BENCH_DEVICE_H
#define BENCH_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

struct bench_device {
    bool packed;
    bool wants_doorbell; /* event index: at each buffer, or never (it polls) */
    uint16_t size;       /* descriptors */
    void *desc;          /* the three areas */
    void *driver;
    void *device;
    uint16_t next;   /* split: the next available entry; packed: the offset */
    uint16_t used;   /* split: the next used entry */
    bool wrap;       /* packed: the wrap counter of `next` */
    uint64_t header; /* what was read last, so that it is read */
};

/* Take the queue over from its beginning. */
void device_open(struct bench_device *d);

/* Complete everything that is available; how many buffers that was. */
unsigned device_serve(struct bench_device *d);

/* The part of one format. */
unsigned device_serve_split(struct bench_device *d);
unsigned device_serve_packed(struct bench_device *d);
void device_set_event_split(struct bench_device *d);
void device_set_event_packed(struct bench_device *d);

#endif
