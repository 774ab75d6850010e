/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Suspending a device and letting it run again.
 *
 * Spec: 3.4 Device Suspend (of version 1.4).
 */
#include "device_impl.h"
#include "why.h"

/* Set `bits`, and wait until SUSPEND and DRIVER_OK are as they should be, which
 * the device brings about. */
static int change(struct vio_device *dev, uint8_t bits, int expected)
{
    int mask = VIRTIO_CONFIG_S_SUSPEND | VIRTIO_CONFIG_S_DRIVER_OK;
    struct vio_deadline deadline;
    int status = vio_device_add_status(dev, bits);

    vio_device_deadline(dev, &deadline);
    if (status < 0)
        return status;
    for (;;) {
        status = vio_device_read_status(dev);
        if (status < 0)
            return status;
        if (status & VIRTIO_CONFIG_S_NEEDS_RESET)
            return vio_device_why(dev, VIO_WHY_NEEDS_RESET, (uint8_t)status);
        if ((status & mask) == expected)
            return 0;
        if (vio_deadline_passed(&deadline))
            return vio_device_why(dev, VIO_WHY_SUSPEND_TIMEOUT,
                                  (uint8_t)status);
    }
}

int vio_device_suspend(struct vio_device *dev)
{
    int err;

    /* 3.4.1: not without DRIVER_OK and the feature. */
    if (dev->state != VIO_DEVICE_RUNNING)
        return vio_device_bad_state(dev);
    if (!vio_device_has(dev, VIRTIO_F_SUSPEND))
        return VIO_ENOTSUP;
    err = change(dev, VIRTIO_CONFIG_S_SUSPEND, VIRTIO_CONFIG_S_SUSPEND);
    /* 3.4.1: SUSPEND is set, whatever comes of it: queues and configuration are
     * not to be touched any more. Unless it is gone, and that is known. */
    if (dev->state == VIO_DEVICE_RUNNING)
        dev->state = err ? VIO_DEVICE_FAILED : VIO_DEVICE_SUSPENDED;
    return err;
}

int vio_device_resume(struct vio_device *dev)
{
    int err;

    if (dev->state != VIO_DEVICE_SUSPENDED)
        return vio_device_bad_state(dev);
    /* 3.4.1: SUSPEND turns 0 and DRIVER_OK 1 before anything else. */
    err = change(dev, VIRTIO_CONFIG_S_DRIVER_OK, VIRTIO_CONFIG_S_DRIVER_OK);
    if (dev->state == VIO_DEVICE_SUSPENDED)
        dev->state = err ? VIO_DEVICE_FAILED : VIO_DEVICE_RUNNING;
    return err;
}
