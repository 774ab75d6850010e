/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block device: reading and writing disks.
 *
 * The synchronous calls (vio_blk_read, vio_blk_write, vio_blk_flush) do
 * everything; the asynchronous ones underneath keep many requests in flight:
 *
 *     prep    fill in a request: pure
 *     queue   check it and stage it
 *     submit  show everything staged to the device; at most one notification
 *     reap    take back requests that are done
 *
 * A request is the caller's memory and is in use from queue until reap returns
 * it (or wait, which waits for one). The device cannot write into it: what it
 * writes lies in the queue's own memory. Sectors are always 512 bytes.
 *
 * One owner per queue at a time. A buffer never goes back to the caller while
 * the device may still own it.
 *
 * Spec: 5.2 Block Device.
 */
#ifndef VIO_BLK_H
#define VIO_BLK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vio/device.h>
#include <vio/spec/blk.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A piece of the caller's memory. */
struct vio_buf {
    void *base;
    size_t len; /* bytes */
};

/* What the caller wishes; 0 means the default everywhere. */
struct vio_blk_config {
    uint16_t queue_size; /* descriptors, a power of two; default 256. Less is
                            used where the device or the memory has less */
    uint16_t max_segs;   /* segments of one request; default 2 */
    uint16_t depth;      /* requests in flight; default 64. Indirect tables, and
                            memory for them, are used where the descriptors are
                            too few for that */
    uint64_t timeout_ns; /* of a synchronous call; default 30 s */
};

/* What the device is, read and checked once. */
struct vio_blk_info {
    uint64_t capacity;   /* sectors of 512 bytes */
    uint64_t features;   /* agreed upon */
    uint32_t block_size; /* bytes, a hint: a power of two from 512 */
    uint32_t size_max;   /* bytes of one segment */
    uint32_t max_bytes;  /* of one request's data */
    uint16_t max_segs;   /* segments of one request */
    uint16_t queue_size; /* descriptors */
    uint16_t depth;      /* requests in flight */
    bool indirect;       /* by indirect tables */
    bool read_only;
    bool writeback;      /* a write is durable only after a flush */
    bool odd_block_size; /* the device's block size made no sense: ignored */
};

enum vio_blk_req_state {
    VIO_BLK_IDLE,   /* the caller's */
    VIO_BLK_QUEUED, /* the queue's: staged or in flight */
    VIO_BLK_DONE,   /* finished, to be reaped */
};

/* A request. Only `user` and, once reaped, `result` are the caller's. */
struct vio_blk_req {
    int result; /* 0, or VIO_EIO, VIO_ENOTSUP, VIO_EPROTO */
    void *user; /* untouched */

    struct vio_blk_req *next;  /* in the list of finished requests */
    const struct vio_buf *buf; /* the caller's, until it is reaped */
    uint64_t sector;
    uint32_t type;  /* VIRTIO_BLK_T_* */
    uint32_t bytes; /* of data, once queued */
    uint32_t n_buf;
    uint16_t n_segs; /* of the device's view of it, once queued */
    uint8_t state;   /* enum vio_blk_req_state */
};

struct vio_blk;

/* A segment that is mapped for the device. */
struct vio_blk_map {
    uint64_t addr;
    const void *base;
    size_t len;
};

/* One queue of a disk. The fields are the library's. */
struct vio_blk_queue {
    struct vio_virtq vq;
    struct vio_blk *blk;
    struct virtio_blk_req_header *header; /* shared: one per slot */
    uint8_t *status;                      /* shared: one per slot */
    struct vio_blk_map *map;        /* private: what is mapped, per slot */
    struct vio_blk_req *done_first; /* finished while another was waited */
    struct vio_blk_req **done_last; /* for, or without the device */
    struct vio_blk_req sync;        /* of the synchronous calls, */
    struct vio_buf sync_buf;        /* with its data */
    uint32_t renotified;            /* notifications repeated by a wait */
};

struct vio_blk {
    struct vio_device *dev;
    struct vio_blk_info info;
    uint64_t timeout_ns;
    struct vio_blk_queue queue;
};

/**
 * Tell how much memory a disk wants. Resets the device.
 *
 * @dev: from a probe.
 * @cfg: NULL for the defaults.
 * @want: out: bytes for the wishes in cfg, as far as the device goes along.
 * @least: out: bytes without which vio_blk_init() fails.
 *
 * Context: task, blocks for at most about a second. Returns: 0; VIO_EINVAL: cfg
 * is not valid; VIO_ENODEV: not a block device, or it has no queue; else as
 * vio_device_reset() and vio_device_queue_max().
 */
int vio_blk_mem_size(struct vio_device *dev, const struct vio_blk_config *cfg,
                     struct vio_need *want, struct vio_need *least);

/**
 * Bring up a disk: initialise the device, read its limits, set up its queue.
 *
 * @blk: filled; the caller keeps it until vio_blk_fini().
 * @dev: from a probe; kept.
 * @cfg: NULL for the defaults; not needed afterwards.
 * @mem: both blocks are the disk's until vio_blk_fini() returns 0. Where one is
 * smaller than wanted the queue is made smaller.
 *
 * Context: task, blocks for at most about a second. Returns: 0; VIO_ENOMEM: not
 * even the least fits; VIO_EINVAL: cfg is not valid, memory is misaligned;
 * VIO_ENODEV: not a block device; else as vio_device_begin(). dev->why says
 * more. After an error the device is reset or FAILED, and the memory is the
 * caller's again unless the error is VIO_ETIMEDOUT.
 *
 * Spec: 5.2.5 Device Initialization.
 */
int vio_blk_init(struct vio_blk *blk, struct vio_device *dev,
                 const struct vio_blk_config *cfg, const struct vio_mem *mem);

/**
 * Stop using a disk: reset the device, hand back what is outstanding.
 *
 * Requests that are queued finish with VIO_EIO and can be reaped afterwards.
 *
 * Context: owner, blocks for at most about a second. Returns: 0: the memory is
 * the caller's again; VIO_ETIMEDOUT or VIO_ENODEV: the reset was not confirmed:
 * on VIO_ETIMEDOUT the device may still write to the memory.
 */
int vio_blk_fini(struct vio_blk *blk);

/** Context: any. Returns: what is known of the disk; valid until fini. */
const struct vio_blk_info *vio_blk_info(const struct vio_blk *blk);

/**
 * Fill in a read of the sectors from `sector` on.
 *
 * @req: the caller's; must not be queued. `user` is left alone.
 * @buf, @n_buf: where the data goes: together a multiple of 512 bytes. The
 * array and the memory must stay until the request is reaped.
 *
 * Context: any; touches nothing but req.
 *
 * Spec: 5.2.6 Device Operation.
 */
void vio_blk_prep_read(struct vio_blk_req *req, uint64_t sector,
                       const struct vio_buf *buf, unsigned n_buf);

/**
 * Fill in a write. See vio_blk_prep_read().
 */
void vio_blk_prep_write(struct vio_blk_req *req, uint64_t sector,
                        const struct vio_buf *buf, unsigned n_buf);

/**
 * Fill in a flush: when it is done, every write that was reaped before it was
 * submitted is durable. A disk without a volatile cache does it at once.
 */
void vio_blk_prep_flush(struct vio_blk_req *req);

/**
 * Check a request and stage it; nothing happens before vio_blk_submit().
 *
 * Context: owner. Returns: 0; VIO_EAGAIN: all slots are taken, submit and reap
 * first; VIO_EINVAL: no data, or not a multiple of 512 bytes; VIO_EBUSY: it is
 * queued already; VIO_EBADSTATE: the disk is
 * not in use, or no more; VIO_ERANGE: past the end of the disk; VIO_EROFS: a
 * write to a read-only disk; VIO_E2BIG: more than max_bytes bytes, or more than
 * max_segs segments of at most size_max bytes (a longer piece of memory is more
 * than one segment, and so is one that the port maps in parts); VIO_EFAULT: a
 * buffer could not be mapped; VIO_EPROTO: the queue is broken. After an error
 * the request is the caller's.
 */
int vio_blk_queue(struct vio_blk_queue *q, struct vio_blk_req *req);

/**
 * Show everything staged to the device, with at most one notification.
 *
 * Context: owner. Returns: 0; VIO_EPROTO: the queue is broken.
 */
int vio_blk_submit(struct vio_blk_queue *q);

/**
 * Take back requests that are done, without waiting.
 *
 * @done, @max: out: at most max requests, in the order in which they finished;
 * each says how it went in `result`.
 *
 * Context: owner. Returns: how many; VIO_EPROTO: none, and the device broke the
 * rules: no more will come before vio_blk_fini().
 */
int vio_blk_reap(struct vio_blk_queue *q, struct vio_blk_req **done,
                 unsigned max);

/**
 * Submit, and wait until one request is done; it is then reaped. Others that
 * finish meanwhile stay to be reaped.
 *
 * @timeout_ns: without a clock, that many looks at the queue.
 *
 * Context: owner, blocks. Returns: the request's result; VIO_ETIMEDOUT: it is
 * still queued, and its buffers are the device's; VIO_EPROTO: the device broke
 * the rules, likewise; VIO_EINVAL: it is not queued.
 */
int vio_blk_wait(struct vio_blk_queue *q, struct vio_blk_req *req,
                 uint64_t timeout_ns);

/**
 * Read `len` bytes from `sector` on, in as many requests as the device's limits
 * take.
 *
 * @buf, @len: a multiple of 512 bytes; 0 reads nothing.
 *
 * Context: owner of the disk's queue, blocks for at most the time-out of the
 * configuration per request. Returns: 0; VIO_EINVAL: len is not a multiple of
 * 512; VIO_ERANGE: past the end of the disk; VIO_EIO: the device failed;
 * VIO_ETIMEDOUT, VIO_EPROTO: it did not answer or broke the rules; the device
 * has been reset, everything else that was queued is done with VIO_EIO, and the
 * disk has to be initialised again. After an error the content of buf is
 * undefined.
 */
int vio_blk_read(struct vio_blk *blk, uint64_t sector, void *buf, size_t len);

/**
 * Write `len` bytes from `sector` on. See vio_blk_read(); also VIO_EROFS: the
 * disk is read-only. After an error any part of it may have been written.
 */
int vio_blk_write(struct vio_blk *blk, uint64_t sector, const void *buf,
                  size_t len);

/**
 * Make everything that was written durable. See vio_blk_read().
 */
int vio_blk_flush(struct vio_blk *blk);

#ifdef __cplusplus
}
#endif

#endif
