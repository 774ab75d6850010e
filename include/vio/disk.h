/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk for boot loaders: read, write and flush, one request at a time, in as
 * little code and memory as that takes. It stands on the same devices and
 * queues as the whole frontend (vio/blk.h), and trusts them no more.
 *
 * What is not called is left out by the linker: a loader that only reads has no
 * code that writes.
 *
 * Spec: 5.2 Block Device.
 */
#ifndef VIO_DISK_H
#define VIO_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vio/device.h>
#include <vio/spec/blk.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What a disk needs of the two blocks of a struct vio_mem. A legacy device on
 * MMIO takes 8192 bytes of shared memory more; on PCI it dictates the size of
 * its queue, and that takes 16 bytes of private memory a descriptor. What is
 * needed is in dev->why where it is not there, of one block at a time.
 */
#define VIO_DISK_SHARED_SIZE 256u
#define VIO_DISK_PRIV_SIZE   80u

/* The fields are the library's, but for timeout_ns; capacity and block_size may
 * be read. Is the disk read-only? vio_device_has(dev, VIRTIO_BLK_F_RO). */
struct vio_disk {
    struct vio_device *dev;
    uint64_t capacity;   /* sectors of 512 bytes */
    uint64_t timeout_ns; /* of one request: 30 s, until the caller sets it.
                            Without a clock a look at the queue counts as 64 */
    struct virtio_blk_req_header *header; /* shared, with the status behind */
    const void *data;    /* the caller's memory, where it is mapped */
    uint32_t block_size; /* bytes, a power of two: where data may be cut */
    uint32_t max_bytes;  /* of one request: whole blocks */
    bool two_segs;       /* its data may be two segments */
    uint8_t n_data;      /* segments of data, which are mapped */
    uint8_t dir;         /* for this: enum vio_dir */
    struct vio_sg sg[4]; /* of the request: header, data, status */
    struct vio_virtq vq;
};

/**
 * Bring up a disk: initialise the device, read its limits, set up its queue.
 *
 * @disk: filled; the caller keeps it until vio_disk_fini().
 * @dev: from a probe; kept.
 * @mem: both blocks are the disk's until vio_disk_fini() returns 0.
 *
 * Context: task, blocks for at most about a second. Returns: 0; VIO_ENOMEM: a
 * block is too small; VIO_EINVAL: memory is misaligned; VIO_ENODEV: not a block
 * device; VIO_ENOTSUP: its queue is too small; VIO_EPROTO: what the device says
 * of itself makes no sense; else as vio_device_begin() and
 * vio_device_queue_start(). dev->why says more. After an error the device is
 * reset or FAILED, or was not touched, and the memory is the caller's again
 * unless the error is VIO_ETIMEDOUT.
 *
 * Spec: 5.2.5 Device Initialization.
 */
int vio_disk_init(struct vio_disk *disk, struct vio_device *dev,
                  const struct vio_mem *mem);

/**
 * Read `len` bytes from `sector` on, in as many requests as the device's limits
 * and the port's mapping take. They are cut between the disk's blocks, counted
 * from `sector` on, or between sectors where the port maps less than a block in
 * one or two segments: there are disks that refuse parts of blocks (VIO_EIO).
 *
 * @buf, @len: a multiple of 512 bytes; 0 reads nothing.
 *
 * Context: owner, blocks for at most timeout_ns per request. Returns: 0;
 * VIO_EINVAL: len is not a multiple of 512; VIO_ERANGE: past the end of the
 * disk; VIO_EFAULT: buf could not be mapped for the device; VIO_E2BIG: what the
 * port maps at a time, or at two if the device takes two segments, ends within
 * a sector; VIO_EIO, VIO_ENOTSUP: the device failed; VIO_ETIMEDOUT, VIO_EPROTO:
 * it did not answer, or broke the rules, asks for a reset, was reset or is gone
 * (which is looked at four times a second): the device has been reset, and the
 * disk has to be initialised again; VIO_EBADSTATE: it has to be. After an error
 * the content of buf is undefined; after VIO_ETIMEDOUT buf is the caller's
 * again once vio_disk_fini() returns anything else.
 *
 * Spec: 5.2.6 Device Operation.
 */
int vio_disk_read(struct vio_disk *disk, uint64_t sector, void *buf,
                  size_t len);

/**
 * Write `len` bytes from `sector` on. See vio_disk_read(); also VIO_EROFS: the
 * disk is read-only. After an error any part of it may have been written.
 */
int vio_disk_write(struct vio_disk *disk, uint64_t sector, const void *buf,
                   size_t len);

/**
 * Make everything that was written durable. See vio_disk_read().
 *
 * Spec: 5.2.6.1 (VIRTIO_BLK_F_FLUSH).
 */
int vio_disk_flush(struct vio_disk *disk);

/**
 * Stop using a disk: reset the device, so that it does no more DMA when the
 * loader jumps.
 *
 * Context: owner, blocks for at most about a second. Returns: 0: the memory is
 * the caller's again; VIO_ETIMEDOUT or VIO_ENODEV: the reset was not confirmed:
 * on VIO_ETIMEDOUT the device may still write to the memory, and to the buffer
 * of the last call if that has failed.
 */
int vio_disk_fini(struct vio_disk *disk);

#ifdef __cplusplus
}
#endif

#endif
