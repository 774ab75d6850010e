/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors: what a call returns, and why a device could not be used.
 *
 * Functions return an int: >= 0 is good, < 0 is an enum vio_error. On an error
 * the out-parameters are untouched, except a struct vio_why, and arrays where
 * it is said.
 */
#ifndef VIO_ERROR_H
#define VIO_ERROR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Valued as the usual negative errno. */
enum vio_error {
    VIO_OK = 0,

    /* Try again: nothing is wrong. */
    VIO_EAGAIN = -11, /* no request slot is free until something completes */
    VIO_ENOSPC = -28, /* the virtqueue is full until something completes */
    VIO_EBUSY = -16,  /* what is asked for is in use */

    /* The caller. */
    VIO_EINVAL = -22,    /* an argument that is never valid */
    VIO_ERANGE = -34,    /* past the end of the disk */
    VIO_EROFS = -30,     /* a write to a read-only disk */
    VIO_E2BIG = -7,      /* more segments or bytes than one request may have */
    VIO_ENOTSUP = -95,   /* the device does not offer it */
    VIO_EBADSTATE = -77, /* not in this state of the device */

    /* The environment. */
    VIO_ENOMEM = -12,     /* a memory block is too small */
    VIO_EFAULT = -14,     /* a buffer could not be mapped for the device */
    VIO_ETIMEDOUT = -110, /* the device did not answer in time */

    /* The device. */
    VIO_ENODEV = -19, /* there is none here, or it is gone */
    VIO_EIO = -5,     /* the device says that the request failed */
    VIO_EZONE = -84,  /* a zone's state, write pointer or resources forbid it */
    VIO_EPROTO = -71, /* the device broke the rules; reset it to go on */
};

/*
 * Why a device cannot be used, more finely than by an error: one row a reason,
 * with the error that goes with it, what was found, and what to do about it.
 * In the text, %f and %w stand for the numbers `found` and `wanted`, and %x for
 * `found` in hexadecimal.
 */
#define VIO_REASONS(X)                                                         \
    X(1, NOT_VIRTIO, VIO_ENODEV,                                               \
      "no virtio device (magic %x): check the address")                        \
    X(2, NO_DEVICE, VIO_ENODEV,                                                \
      "an empty slot (QEMU: -device virtio-blk-device)")                       \
    X(3, BAD_VERSION, VIO_ENODEV, "virtio-mmio version %f is neither 1 nor 2") \
    X(4, WRONG_TYPE, VIO_ENODEV,                                               \
      "virtio device type %f where type %w is wanted")                         \
    X(5, LEGACY_REFUSED, VIO_ENOTSUP,                                          \
      "a legacy device, refused by policy or build (QEMU: disable-legacy=on, " \
      "or -global virtio-mmio.force-legacy=false)")                            \
    X(6, MODERN_REFUSED, VIO_ENOTSUP, "a modern device, refused by policy")    \
    X(7, CONFIG_TOO_SMALL, VIO_EPROTO,                                         \
      "registers of %f bytes where %w are needed")                             \
    X(8, RESET_TIMEOUT, VIO_ETIMEDOUT,                                         \
      "reset not confirmed (status %x): its memory must not be used")          \
    X(9, DEVICE_GONE, VIO_ENODEV, "the device is gone (status %x)")            \
    X(10, NEED_VERSION_1, VIO_EPROTO,                                          \
      "modern, but no VIRTIO_F_VERSION_1 (features %x)")                       \
    X(11, FEATURES_MISSING, VIO_ENOTSUP, "required features not offered (%x)") \
    X(12, FEATURES_REJECTED, VIO_EPROTO, "the device refused features %x")     \
    X(13, NEEDS_RESET, VIO_EPROTO, "the device asks for a reset (status %x)")  \
    X(14, CONFIG_UNSTABLE, VIO_EPROTO, "configuration kept changing")          \
    X(15, QUEUE_ABSENT, VIO_ENODEV, "no virtqueue %f")                         \
    X(16, QUEUE_BUSY, VIO_EBUSY, "virtqueue %f is somebody else's")            \
    X(17, QUEUE_BAD_SIZE, VIO_EPROTO, "queue size %f is not legal")            \
    X(18, QUEUE_TOO_SMALL, VIO_ENOTSUP, "%f descriptors where %w are needed")  \
    X(19, QUEUE_REJECTED, VIO_EPROTO, "the device did not take virtqueue %f")  \
    X(20, QUEUE_ADDRESS, VIO_EINVAL,                                           \
      "a queue at %x is out of reach: give lower memory, aligned to %w")       \
    X(21, NEED_SHARED_MEMORY, VIO_ENOMEM,                                      \
      "shared memory of %f bytes where %w are needed")                         \
    X(22, NEED_PRIVATE_MEMORY, VIO_ENOMEM,                                     \
      "private memory of %f bytes where %w are needed")                        \
    X(23, MISALIGNED_MEMORY, VIO_EINVAL, "memory at %x is not aligned to %w")  \
    X(24, BAD_STATE, VIO_EBADSTATE, "not in device state %f: reset it first")  \
    X(25, BAD_SIZE_MAX, VIO_EPROTO,                                            \
      "segments of %f bytes: less than a sector")                              \
    X(26, BAD_CONFIG, VIO_EINVAL,                                              \
      "bad configuration: queue_size %f, max_segs %w")                         \
    X(27, QUEUE_RESET_TIMEOUT, VIO_ETIMEDOUT,                                  \
      "reset of virtqueue %f not confirmed: reset the device")                 \
    X(28, BAD_ZONES, VIO_EPROTO,                                               \
      "a zoned disk (model %f) of zones of %w sectors")                        \
    X(40, NOT_VIRTIO_PCI, VIO_ENODEV, "no virtio device (id %x)")              \
    X(41, CAP_LOOP, VIO_EPROTO, "more than %f PCI capabilities: a loop")       \
    X(42, MISSING_CAP, VIO_EPROTO, "no virtio structure of type %f")           \
    X(43, BAD_CAP, VIO_EPROTO,                                                 \
      "the capability at %x is short, misaligned or beyond its BAR")           \
    X(44, BAR_UNASSIGNED, VIO_ENODEV,                                          \
      "BAR %f has no address: vio_pci_assign_bars()")                          \
    X(45, BAR_REFUSED, VIO_ENODEV, "BAR %w cannot be reached at %x")           \
    X(46, PCI_WINDOW_FULL, VIO_ENOMEM,                                         \
      "no room in the window for BAR %w of %f bytes")                          \
    X(47, NO_LEGACY_BAR, VIO_ENODEV,                                           \
      "neither capabilities nor an I/O BAR 0 of %w bytes")                     \
    X(48, LEGACY_REVISION, VIO_ENODEV, "legacy, but of revision %f, not 0")    \
    X(49, NO_QUEUES, VIO_EPROTO, "no virtqueues")                              \
    X(50, NOTIFY_RANGE, VIO_EPROTO,                                            \
      "doorbell of virtqueue %f misaligned or beyond %w bytes")                \
    X(51, QUEUE_SIZE_MISMATCH, VIO_EPROTO,                                     \
      "%f descriptors where %w were asked for")                                \
    X(52, QUEUE_VECTOR, VIO_EPROTO,                                            \
      "virtqueue %f does not take MSI-X vector %w")                            \
    X(53, SUSPEND_TIMEOUT, VIO_ETIMEDOUT,                                      \
      "suspend or resume not confirmed (status %x): reset the device")         \
    X(54, QUEUE_SIZE_FIXED, VIO_ENOTSUP,                                       \
      "%w descriptors where the device dictates %f")

enum vio_reason {
    VIO_WHY_NONE = 0,
#define VIO_REASON_NAME(number, name, error, text) \
    VIO_WHY_##name = (number << 8) | -(error),
    VIO_REASONS(VIO_REASON_NAME)
#undef VIO_REASON_NAME
};

/* Why a call failed, with the numbers that the text speaks of. In a build with
 * VIO_NO_WHY it is never filled in. */
struct vio_why {
    enum vio_reason reason;
    uint64_t found;
    uint64_t wanted;
};

/**
 * The name and meaning of an error, as one short sentence.
 *
 * @error: any value that a function of this library returned.
 *
 * Context: any. Returns: a static string, never NULL.
 */
const char *vio_strerror(int error);

/**
 * Write out why a call failed: what was found, and what to do about it.
 *
 * @why: filled by a call that failed.
 * @buf, @size: where the sentence goes, always with a terminating NUL when size
 * is not 0; 200 bytes hold every one of them.
 *
 * Context: any. Returns: buf.
 */
char *vio_why_text(const struct vio_why *why, char *buf, size_t size);

#ifdef __cplusplus
}
#endif

#endif
