/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Failing with a reason: the one way in which a call fills a struct vio_why.
 * With VIO_NO_WHY none does.
 */
#ifndef VIO_SRC_WHY_H
#define VIO_SRC_WHY_H

#include <vio/device.h>

/* The error that goes with a reason. */
static inline int vio_error_of(enum vio_reason reason)
{
    return -(int)((unsigned)reason & 0xff);
}

#ifdef VIO_NO_WHY
#define VIO_HAS_WHY false
#define vio_fail(why, reason, found, wanted) \
    ((void)(why), (void)(found), (void)(wanted), vio_error_of(reason))
#define vio_device_why(dev, reason, found) \
    vio_fail(&(dev)->why, reason, found, 0)
#else
#define VIO_HAS_WHY true
/* Record why, if anybody wants to know, and give the error. */
int vio_fail(struct vio_why *why, enum vio_reason reason, uint64_t found,
             uint64_t wanted);

/* The same of a device, where what was found says it all. */
int vio_device_why(struct vio_device *dev, enum vio_reason reason,
                   uint64_t found);
#endif

#endif
