/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the test guests share: the disk, and saying what was seen. A guest's
 * lines are read by run.py; its status is 0 when all was as expected.
 */
#ifndef GUEST_H
#define GUEST_H

#include <vio/blk.h>

#include "port.h"

/* Enough for every disk here. */
#define GUEST_SHARED (64 * 1024)
#define GUEST_PRIV   (32 * 1024)

extern const struct vio_mem guest_mem;

/* Probe all places until one holds a device, of any type. */
int guest_probe(struct port_device *device, const struct vio_policy *policy,
                struct vio_why *why);

/* The first device, brought up as a disk; says why when it cannot be. */
int guest_disk(struct port_device *device, struct vio_blk *blk);

/* Step to the next device, of any type, and let it interrupt: waits sleep. */
int guest_probe_sleeping(struct port_walk *walk, struct port_device *device);

/* Say what a call returned, and note when it is not what was wanted. */
void guest_expect(const char *call, int got, int want);

/* As that, with the reason, which has to be the wanted one. */
void guest_expect_why(const char *call, int got, const struct vio_why *why,
                      enum vio_reason want);

/* For main() to return: 0, or 1 when anything was not as expected. */
int guest_status(void);

#endif
