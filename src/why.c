/* SPDX-License-Identifier: BSD-2-Clause */
#include "why.h"

#ifndef VIO_NO_WHY

int vio_fail(struct vio_why *why, enum vio_reason reason, uint64_t found,
             uint64_t wanted)
{
    if (why)
        *why = (struct vio_why){reason, found, wanted};
    return vio_error_of(reason);
}

int vio_device_why(struct vio_device *dev, enum vio_reason reason,
                   uint64_t found)
{
    return vio_fail(&dev->why, reason, found, 0);
}

#endif
