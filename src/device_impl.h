/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the device's life share.
 */
#ifndef VIO_SRC_DEVICE_IMPL_H
#define VIO_SRC_DEVICE_IMPL_H

#include <vio/device.h>

#include "deadline.h"

/* Is the legacy interface in use? A build can do without it. */
static inline bool vio_is_legacy(const struct vio_device *dev)
{
#ifdef VIO_NO_LEGACY
    (void)dev;
    return false;
#else
    return dev->legacy;
#endif
}

/* A wait for the device's status, or another register, begins now. */
struct vio_deadline vio_device_deadline(const struct vio_device *dev);

/* The status, or an error; a device that is gone is noticed here. */
int vio_device_read_status(struct vio_device *dev);

/* Set bits, and never clear one (2.1.1). */
int vio_device_add_status(struct vio_device *dev, uint8_t bits);

/* Not possible in this state. */
int vio_device_bad_state(struct vio_device *dev);

/*
 * Give up an initialisation that failed with `err`. The device may know a queue
 * by then: its memory is the caller's again only after a reset. FAILED says to
 * the device why (2.1.1). Returns err, or VIO_ETIMEDOUT: not reset.
 */
int vio_device_abandon(struct vio_device *dev, int err);

#endif
