/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the device's life share.
 */
#ifndef VIO_SRC_DEVICE_IMPL_H
#define VIO_SRC_DEVICE_IMPL_H

#include <vio/device.h>

#include "deadline.h"

#ifdef VIO_NO_PCI
#include "transport/mmio_ops.h"
#endif

/* The operations of its transport. A build can do with one transport. */
static inline const struct vio_transport *vio_ops(const struct vio_device *dev)
{
#ifdef VIO_NO_PCI
    (void)dev;
    return &vio_mmio_ops;
#else
    return dev->ops;
#endif
}

/* Its surroundings. A build can do without them. */
static inline const struct vio_env *vio_env_of(const struct vio_device *dev)
{
#ifdef VIO_NO_ENV
    (void)dev;
    return NULL;
#else
    return dev->env;
#endif
}

/* What only the legacy interface has. A build can do without it. */
#ifdef VIO_NO_LEGACY
#define LEGACY_MEMBER(dev, member) ((void)(dev), 0)
#else
#define LEGACY_MEMBER(dev, member) ((dev)->member)
#endif

static inline bool vio_is_legacy(const struct vio_device *dev)
{
    return LEGACY_MEMBER(dev, legacy);
}

static inline bool vio_size_fixed(const struct vio_device *dev)
{
    return LEGACY_MEMBER(dev, size_fixed);
}

static inline uint32_t vio_queue_align(const struct vio_device *dev)
{
    return LEGACY_MEMBER(dev, queue_align);
}

/*
 * What of an interrupt means anything in this state. A configuration may be
 * read as soon as the features are agreed upon, and is out of date if it
 * changes from then on. What a device has told on its way to a stand may be
 * heard late, and on its way back from there early (3.4).
 */
static inline uint32_t vio_device_heard(const struct vio_device *dev,
                                        uint32_t isr)
{
    if (dev->state == VIO_DEVICE_RUNNING || dev->state == VIO_DEVICE_SUSPENDED)
        return isr;
    return dev->state == VIO_DEVICE_NEGOTIATED ? isr & VIRTIO_ISR_CONFIG : 0;
}

/* 2.1.2: can anything be expected of a device of this status? Not of one that
 * asks for a reset, was reset by somebody else, or is gone and reads as all
 * ones. */
static inline bool vio_status_is_live(uint8_t status)
{
    return (status & (VIRTIO_CONFIG_S_NEEDS_RESET |
                      VIRTIO_CONFIG_S_DRIVER_OK)) == VIRTIO_CONFIG_S_DRIVER_OK;
}

/* A wait for the device's status, or another register, begins now. */
void vio_device_deadline(const struct vio_device *dev,
                         struct vio_deadline *deadline);

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
