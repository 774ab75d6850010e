/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors: what a call returns, and why a device could not be used.
 *
 * Functions return an int: >= 0 is good, < 0 is an enum vio_error. On an error
 * the out-parameters are untouched, except a struct vio_why.
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
    VIO_ENOMEM = -12,     /* a memory block is too small or misaligned */
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
      "no virtio device here: the magic value reads %x; check the address")    \
    X(2, NO_DEVICE, VIO_ENODEV,                                                \
      "an empty virtio slot (device id 0): attach a device to it, with "       \
      "QEMU's -device virtio-blk-device")                                      \
    X(3, BAD_VERSION, VIO_ENODEV,                                              \
      "virtio-mmio version %f is not one of 1 and 2: a newer device, or not "  \
      "one at all")                                                            \
    X(4, WRONG_TYPE, VIO_ENODEV,                                               \
      "virtio device type %f where type %w is wanted: this is another kind "   \
      "of device")                                                             \
    X(5, LEGACY_REFUSED, VIO_ENOTSUP,                                          \
      "a legacy device, which the caller's policy refuses: allow legacy, or "  \
      "use QEMU's disable-legacy=on (PCI) or -global "                         \
      "virtio-mmio.force-legacy=false (MMIO)")                                 \
    X(6, MODERN_REFUSED, VIO_ENOTSUP,                                          \
      "a modern device, which the caller's policy refuses: allow modern")      \
    X(7, CONFIG_TOO_SMALL, VIO_EPROTO,                                         \
      "the device's registers span %f bytes and %w are needed: map more of "   \
      "the device")                                                            \
    X(8, RESET_TIMEOUT, VIO_ETIMEDOUT,                                         \
      "the device did not confirm its reset (status still %x): its memory "    \
      "must not be used again")                                                \
    X(9, DEVICE_GONE, VIO_ENODEV, "the device is gone: its status reads %x")   \
    X(10, NEED_VERSION_1, VIO_EPROTO,                                          \
      "a modern transport without VIRTIO_F_VERSION_1 (features %x)")           \
    X(11, FEATURES_MISSING, VIO_ENOTSUP,                                       \
      "required feature bits are not offered (missing %x): relax the "         \
      "requirement or change the device")                                      \
    X(12, FEATURES_REJECTED, VIO_EPROTO,                                       \
      "the device refused the features %x by clearing FEATURES_OK")            \
    X(13, NEEDS_RESET, VIO_EPROTO,                                             \
      "the device met an error and asks to be reset (status %x)")              \
    X(14, CONFIG_UNSTABLE, VIO_EPROTO,                                         \
      "the configuration space kept changing while it was read")               \
    X(15, QUEUE_ABSENT, VIO_ENODEV,                                            \
      "virtqueue %f does not exist: its maximum size is 0")                    \
    X(16, QUEUE_BUSY, VIO_EBUSY,                                               \
      "virtqueue %f is in use already: somebody else drives this device")      \
    X(17, QUEUE_BAD_SIZE, VIO_EPROTO,                                          \
      "the device's queue size %f is not a legal one")                         \
    X(18, QUEUE_TOO_SMALL, VIO_ENOTSUP,                                        \
      "a virtqueue of %f descriptors cannot hold one request, which takes %w") \
    X(19, QUEUE_REJECTED, VIO_EPROTO, "the device did not take virtqueue %f")  \
    X(20, QUEUE_ADDRESS, VIO_EINVAL,                                           \
      "the queue's device address %x is beyond what this transport can say: "  \
      "give memory that is lower or aligned to %w")                            \
    X(21, NEED_SHARED_MEMORY, VIO_ENOMEM,                                      \
      "the shared memory block has %f bytes and at least %w are needed")       \
    X(22, NEED_PRIVATE_MEMORY, VIO_ENOMEM,                                     \
      "the private memory block has %f bytes and at least %w are needed")      \
    X(23, MISALIGNED_MEMORY, VIO_EINVAL,                                       \
      "the memory block at %x is not aligned to %w")                           \
    X(24, BAD_STATE, VIO_EBADSTATE,                                            \
      "not possible in this state of the device (%f): reset it first")         \
    X(25, BAD_SIZE_MAX, VIO_EPROTO,                                            \
      "the device allows segments of at most %f bytes, less than a sector")    \
    X(26, BAD_CONFIG, VIO_EINVAL,                                              \
      "the configuration handed over is not valid: queue_size %f, max_segs "   \
      "%w")                                                                    \
    X(27, QUEUE_RESET_TIMEOUT, VIO_ETIMEDOUT,                                  \
      "virtqueue %f did not confirm its reset: reset the whole device")        \
    X(40, NOT_VIRTIO_PCI, VIO_ENODEV,                                          \
      "no virtio device at this PCI function: device and vendor id read %x")   \
    X(41, CAP_LOOP, VIO_EPROTO,                                                \
      "the list of PCI capabilities does not end after %f of them")            \
    X(42, MISSING_CAP, VIO_EPROTO,                                             \
      "a modern virtio PCI device without a structure of type %f (1 common, "  \
      "2 notification)")                                                       \
    X(43, BAD_CAP, VIO_EPROTO,                                                 \
      "the virtio PCI capability at %x is too short, misaligned, or beyond "   \
      "its BAR")                                                               \
    X(44, BAR_UNASSIGNED, VIO_ENODEV,                                          \
      "BAR %f of the PCI device has no address: let firmware assign one, or "  \
      "call vio_pci_assign_bars()")                                            \
    X(45, BAR_REFUSED, VIO_ENODEV,                                             \
      "the address %x of BAR %w cannot be reached from here, or map_bar "      \
      "refused it")                                                            \
    X(46, PCI_WINDOW_FULL, VIO_ENOMEM,                                         \
      "no room is left in the window for BAR %w of %f bytes")                  \
    X(47, NO_LEGACY_BAR, VIO_ENODEV,                                           \
      "no virtio PCI capabilities, and BAR 0 is no I/O BAR of %w bytes "       \
      "either: neither a modern nor a legacy device")                          \
    X(48, LEGACY_REVISION, VIO_ENODEV,                                         \
      "a legacy virtio PCI device of revision %f, where only 0 is known")      \
    X(49, NO_QUEUES, VIO_EPROTO, "the device says that it has no virtqueues")  \
    X(50, NOTIFY_RANGE, VIO_EPROTO,                                            \
      "the doorbell of virtqueue %f is misaligned, or beyond its structure "   \
      "of %w bytes")                                                           \
    X(51, QUEUE_SIZE_MISMATCH, VIO_EPROTO,                                     \
      "the device has a virtqueue of %f descriptors where %w were asked for")  \
    X(52, QUEUE_VECTOR, VIO_EPROTO,                                            \
      "the device does not map virtqueue %f to the MSI-X vector %w any more")  \
    X(53, SUSPEND_TIMEOUT, VIO_ETIMEDOUT,                                      \
      "the device did not confirm that it stands still or runs again "         \
      "(status still %x): reset it")

enum vio_reason {
    VIO_WHY_NONE = 0,
#define VIO_REASON_NAME(number, name, error, text) \
    VIO_WHY_##name = (number << 8) | -(error),
    VIO_REASONS(VIO_REASON_NAME)
#undef VIO_REASON_NAME
};

/* Why a call failed, with the numbers that the text speaks of. */
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
