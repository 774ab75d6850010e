/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio device, whatever it is and however it is reached: status, feature
 * negotiation, configuration space, queues, reset. A probe of a transport
 * (vio/mmio.h) fills it; a frontend (vio/blk.h) drives it.
 *
 * Where bringing up a device fails, `why` of the device says more than the
 * error code. It is of the last vio_device_begin(), or of what came after it,
 * and not of requests.
 *
 * Spec: 2 Basic Facilities of a Virtio Device, 3.1 Device Initialization.
 */
#ifndef VIO_DEVICE_H
#define VIO_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vio/env.h>
#include <vio/error.h>
#include <vio/spec/virtio.h>
#include <vio/virtq.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vio_device;

/* Definitions that change a struct are in the names of the calls that every
 * program begins with: one that differs from its library in them does not link.
 */
#if defined(VIO_NO_PCI) && defined(VIO_DEBUG)
#define vio_mmio_probe vio_mmio_probe_no_pci_debug
#elif defined(VIO_NO_PCI)
#define vio_mmio_probe vio_mmio_probe_no_pci
#elif defined(VIO_DEBUG)
#define vio_mmio_probe vio_mmio_probe_debug
#define vio_pci_probe  vio_pci_probe_debug
#endif

/* Which of the two interfaces of a device a probe may use. */
enum vio_interface {
    VIO_PREFER_MODERN, /* legacy where there is nothing else */
    VIO_REQUIRE_MODERN,
    VIO_REQUIRE_LEGACY,
};

/* What the caller insists on; all zeros are the defaults. */
struct vio_policy {
    enum vio_interface interface;
    uint64_t required; /* feature bits without which the device is refused */
    uint64_t refused;  /* feature bits that are never accepted; a modern device
                          whose VERSION_1 is among them is refused itself */
};

/*
 * The operations of a transport. They do one thing each and decide nothing:
 * order, bounds and states are device.c's.
 */
struct vio_transport {
    uint64_t features; /* bits that only some transports have */
    uint8_t (*get_status)(struct vio_device *dev);
    void (*set_status)(struct vio_device *dev, uint8_t status);
    uint64_t (*get_features)(struct vio_device *dev);
    void (*set_features)(struct vio_device *dev, uint64_t features);
    /* A value that changes when the configuration space does. */
    uint32_t (*generation)(struct vio_device *dev);
    /* One aligned access of 1, 2 or 4 bytes, in the processor's byte order. */
    uint32_t (*config_read)(struct vio_device *dev, uint32_t offset,
                            unsigned width);
    void (*config_write)(struct vio_device *dev, uint32_t offset,
                         unsigned width, uint32_t value);
    /* Select a queue: its largest size, or 0: there is none. Fails where it is
     * busy. */
    int (*queue_max)(struct vio_device *dev, uint16_t index, uint32_t *max);
    /* Give the queue that queue_max has just selected to the device, and fill
     * in its doorbell. VIO_EPROTO: the device is to be given up; any other
     * error: it goes on as if nothing had been asked of it. */
    int (*queue_start)(struct vio_device *dev, struct vio_virtq *vq);
    /* RING_RESET: ask for the reset of one queue, or have asked before. Is it
     * still under way? */
    bool (*queue_reset)(struct vio_device *dev, uint16_t index, bool ask);
    /* Read and acknowledge: VIRTIO_ISR_*, or 0: not this device's. */
    uint32_t (*isr)(struct vio_device *dev);
    /* May be NULL. Redo what a reset has undone, before the queues. */
    void (*prepare)(struct vio_device *dev);
    /* May be NULL. Is the device still where it was? By something that cannot
     * read as 0, because on some machines what is not there does. */
    bool (*is_there)(struct vio_device *dev);
};

/* How far the device is; see the table in device.c. */
enum vio_device_state {
    VIO_DEVICE_UNKNOWN,    /* never reset by us, or the reset hung */
    VIO_DEVICE_RESET,      /* reset is confirmed: no DMA */
    VIO_DEVICE_NEGOTIATED, /* features are agreed upon */
    VIO_DEVICE_RUNNING,    /* DRIVER_OK */
    VIO_DEVICE_SUSPENDED,  /* stands still, and remembers everything */
    VIO_DEVICE_FAILED,     /* given up: reset it to try again */
};

struct vio_device {
#ifndef VIO_NO_PCI
    const struct vio_transport *ops; /* else there is one: MMIO's */
#endif
    const struct vio_env *env; /* may be NULL */
    struct vio_policy policy;
    uint32_t type;        /* VIRTIO_ID_* */
    bool legacy;          /* the legacy interface is in use */
    bool size_fixed;      /* the device dictates the queue size */
    uint32_t queue_align; /* of the used ring; 0: as the ring needs */
    enum vio_device_state state;
    size_t config_len;  /* bytes of configuration space that can be reached */
    uint64_t offered;   /* feature bits, as read once */
    uint64_t features;  /* the ones agreed upon */
    uint32_t resets;    /* confirmed since the probe */
    struct vio_why why; /* of the last failure since it began */
};

/**
 * Initialise the device up to the agreement on features: reset, ACKNOWLEDGE,
 * DRIVER, features, FEATURES_OK.
 *
 * Of the bits that the device offers those are accepted that are in `wanted` or
 * belong to the ring and the transport and are implemented here, less the ones
 * that the policy refuses. Of the reserved bits (24 to 49) `wanted` counts for
 * VIRTIO_F_IN_ORDER only.
 *
 * @wanted: bits of the device type that the frontend can use.
 * @required: bits without which it cannot go on, besides the policy's.
 *
 * Context: task, blocks for at most about a second. Returns: 0;
 * VIO_ETIMEDOUT: the reset was not confirmed; VIO_ENODEV: the device is gone;
 * VIO_ENOTSUP: a required bit is missing; VIO_EPROTO: the device refused what
 * it offered, or broke another rule. After the last two FAILED is set; after
 * the others the device cannot be told, and its state is unknown.
 *
 * Spec: 3.1.1 Driver Requirements: Device Initialization, steps 1 to 6.
 */
int vio_device_begin(struct vio_device *dev, uint64_t wanted,
                     uint64_t required);

/**
 * Set DRIVER_OK: the device is live. The queues have been set up before.
 * Buffers may have been staged; they are kicked after it.
 *
 * Context: task. Returns: 0; VIO_EBADSTATE: vio_device_begin() did not succeed
 * before; VIO_EPROTO: the device asks for a reset, and FAILED is set;
 * VIO_ENODEV: it is gone.
 *
 * Spec: 3.1.1 Driver Requirements: Device Initialization, step 8.
 */
int vio_device_start(struct vio_device *dev);

/**
 * Reset the device and wait until it confirms that. After 0 it does no more
 * DMA and knows no queue.
 *
 * Context: task, blocks for at most about a second. Returns: 0; VIO_ETIMEDOUT:
 * not confirmed, the device's memory must not be used again; VIO_ENODEV: the
 * device is gone.
 *
 * Spec: 2.4 Device Reset.
 */
int vio_device_reset(struct vio_device *dev);

/**
 * Hand the device over to whatever runs next (the kernel that a loader jumps
 * to): no DMA after this returns 0. Its queues are not to be used any more,
 * which is for the caller to see to: of a disk vio_blk_fini() does it.
 *
 * Context and Returns: as vio_device_reset().
 */
int vio_device_quiesce(struct vio_device *dev);

/**
 * Make a running device stand still (VIRTIO_F_SUSPEND): it finishes what it is
 * at work on and touches no memory until it is resumed.
 *
 * The queues are to be held before, with vio_virtq_hold(), and stay held after
 * an error, too, unless that is VIO_ENOTSUP or VIO_EBADSTATE; vio_blk_suspend()
 * does all that.
 *
 * Context: task, blocks for at most about a second. Returns: 0; VIO_ENOTSUP:
 * the feature is not agreed upon; VIO_EBADSTATE: it is not running;
 * VIO_ETIMEDOUT: not confirmed; VIO_EPROTO: the device asks for a reset
 * instead; VIO_ENODEV: it is gone. After the last three it is given up: nothing
 * of it is touched before it is reset.
 *
 * Spec: 3.4 Device Suspend (of version 1.4).
 */
int vio_device_suspend(struct vio_device *dev);

/**
 * Let a suspended device run again.
 *
 * Context and Returns: as vio_device_suspend(); VIO_EBADSTATE: it is not
 * suspended.
 */
int vio_device_resume(struct vio_device *dev);

/**
 * Look whether the device is well.
 *
 * Context: task. Returns: 0; VIO_EPROTO: it asks for a reset or dropped
 * DRIVER_OK; VIO_ENODEV: it is gone; VIO_EBADSTATE: it is not running.
 *
 * Spec: 2.1.2 Device Status Field.
 */
int vio_device_check(struct vio_device *dev);

/**
 * Give up: set FAILED. The device has to be reset before it is used again.
 *
 * Context: task. Spec: 2.1.1 Driver Requirements: Device Status Field.
 */
void vio_device_fail(struct vio_device *dev);

/**
 * Ask for the largest size of a queue.
 *
 * @max: out: descriptors, 0: there is no such queue; after an error it means
 * nothing.
 *
 * Context: task, after a reset. Returns: 0; VIO_EBUSY: the queue is in use;
 * VIO_EPROTO: the device says a size that is not legal; VIO_ENODEV: it is gone.
 *
 * Spec: 4.2.3.2 Virtqueue Configuration.
 */
int vio_device_queue_max(struct vio_device *dev, uint16_t index, uint32_t *max);

/**
 * Hand an initialised queue to the device.
 *
 * @vq: not larger than vio_device_queue_max() says, and of just that size if
 * dev->size_fixed; initialised with dev->features, dev->legacy and
 * dev->queue_align. Its memory is the device's from now until a reset is
 * confirmed.
 *
 * Context: task, between begin and start, or after vio_device_queue_reset().
 * Returns: 0; VIO_EBADSTATE; VIO_EBUSY: the queue is in use; VIO_EINVAL: its
 * address is beyond what the transport can say; VIO_ENOTSUP: it is larger than
 * the device's, or not of the size that it dictates; VIO_ENODEV: there is no
 * such queue, its doorbell cannot be mapped, or the device is gone; VIO_EPROTO:
 * the device did not take it, and is given up, a live one, too: FAILED is set.
 * After any other error but that it is gone, the device goes on as it was, and
 * its state is the same.
 *
 * Spec: 3.1.1, step 7; 4.2.3.2 Virtqueue Configuration.
 */
int vio_device_queue_start(struct vio_device *dev, struct vio_virtq *vq);

/**
 * Take one queue back from a live device (VIRTIO_F_RING_RESET); the others go
 * on. After 0 its memory is the caller's: take what was in flight back with
 * vio_virtq_detach_unused(), and go on with vio_virtq_init() and
 * vio_device_queue_start(), with another size if that is wanted.
 *
 * @vq: broken from the beginning of the call on.
 *
 * Context: task, blocks for at most about a second. Returns: 0; VIO_EBADSTATE;
 * VIO_ENOTSUP: the feature is not agreed upon; VIO_ETIMEDOUT: not confirmed (or
 * the device is gone), the memory is still the device's: reset the device.
 *
 * Spec: 2.6.1 Virtqueue Reset.
 */
int vio_device_queue_reset(struct vio_device *dev, struct vio_virtq *vq);

/* One field of the configuration space. */
struct vio_config_field {
    uint8_t offset;
    uint8_t width;   /* 1, 2, 4 or 8 bytes */
    uint8_t feature; /* the bit without which the field is not there */
};

#define VIO_CONFIG_ALWAYS 0xff /* a field that needs no feature */

/**
 * Read fields of the configuration space as one consistent set.
 *
 * @fields, @n: what to read; a field whose feature bit is not agreed upon reads
 * as 0 and is not touched, and so is one that lies beyond config_len.
 * @values: out: n values in the processor's byte order; after an error they
 * mean nothing.
 *
 * Context: task, from the probe on; before vio_device_begin() no feature is
 * agreed upon. Returns: 0; VIO_EPROTO: it kept changing.
 *
 * Spec: 2.5.2 Driver Requirements: Device Configuration Space, 2.5.3 Legacy
 * Interface: Device Configuration Space.
 */
int vio_device_config_get(struct vio_device *dev,
                          const struct vio_config_field *fields, unsigned n,
                          uint64_t *values);

/**
 * Write one field of 1, 2 or 4 bytes of the configuration space.
 *
 * Context: task. Returns: 0; VIO_EINVAL: beyond config_len, or not aligned;
 * VIO_EBADSTATE: features are not agreed upon, or it is suspended.
 */
int vio_device_config_write(struct vio_device *dev, uint32_t offset,
                            unsigned width, uint32_t value);

/**
 * The interrupt entry of a device: acknowledge, and say what it is about. On
 * PCI that is vio_pci_isr(), which knows the vector: with MSI-X this call
 * cannot tell, and says both.
 *
 * Before DRIVER_OK, from the agreement on features on, that is a change of the
 * configuration at most: what was read of it may be out of date. A disk can be
 * asked with vio_blk_refresh() as soon as it is up.
 *
 * Context: interrupt or task, beside everything else. Returns: VIRTIO_ISR_*
 * bits; 0: the interrupt is not this device's.
 *
 * Spec: 4.2.3.4 Notifications From The Device.
 */
uint32_t vio_device_isr(struct vio_device *dev);

/** Context: any. Returns: is this feature bit agreed upon? */
static inline bool vio_device_has(const struct vio_device *dev, unsigned bit)
{
    return dev->features >> bit & 1;
}

#ifdef __cplusplus
}
#endif

#endif
