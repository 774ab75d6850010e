/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the device's life share.
 */
#ifndef VIO_SRC_DEVICE_IMPL_H
#define VIO_SRC_DEVICE_IMPL_H

#include <vio/device.h>

/* Bounds of a wait for the device's status: for time, and for register reads. */
#define DEVICE_TIMEOUT_NS 1000000000u
#define DEVICE_LOOKS      1000000u

/* Read the status; a device that is gone is noticed here. */
int vio_device_read_status(struct vio_device *dev, uint8_t *status);

/* Set bits, and never clear one (2.1.1). */
int vio_device_add_status(struct vio_device *dev, uint8_t bits);

/* Not possible in this state. */
int vio_device_bad_state(struct vio_device *dev);

#endif
