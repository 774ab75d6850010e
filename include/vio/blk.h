/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block device: reading and writing disks.
 *
 * The synchronous calls (vio_blk_read, vio_blk_write, vio_blk_flush) do
 * everything; the asynchronous ones underneath keep many requests in flight:
 *
 *     prep    fill in a request: pure (vio/blk_req.h)
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

#include <vio/blk_req.h>
#include <vio/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the caller wishes; 0 means the default everywhere. */
struct vio_blk_config {
    uint16_t n_queues;   /* default 1; less where the device has less */
    uint16_t queue_size; /* descriptors, a power of two; default 256. Less is
                            used where the device or the memory has less */
    uint16_t max_segs;   /* segments of one request; default 2. Less where the
                            queue becomes too small for them */
    uint16_t depth;      /* requests in flight, at least; default 64. Indirect
                            tables, and memory for them, are used where the
                            descriptors are too few for that. What it came to,
                            more or less, is in info */
    uint16_t max_ranges; /* ranges of one discard and the like; default 2 */
    bool scsi;           /* pass SCSI commands through, on legacy devices */
    uint64_t timeout_ns; /* of a synchronous call; default 30 s. Without a clock
                            a look at the queue counts as 64 ns */
};

/* The limits of one kind of range request; all 0: it is not supported. */
struct vio_blk_range_limits {
    uint32_t max_sectors; /* of one range */
    uint32_t max_ranges;  /* of one request */
    uint32_t alignment;   /* sectors: where to split, a hint */
};

/* What a zoned device is (5.2.4); all 0: it has no zones, or is host-aware and
 * says nonsense of them. A host-managed one that does is not brought up. */
struct vio_blk_zoned {
    uint32_t model;              /* VIRTIO_BLK_Z_* */
    uint32_t zone_sectors;       /* of every zone but the last */
    uint32_t max_open;           /* zones; 0: no limit */
    uint32_t max_active;         /* zones; 0: no limit */
    uint32_t max_append_sectors; /* of one append; 0: no appends */
    uint32_t write_granularity;  /* bytes */
};

/* What the device is, read and checked once. */
struct vio_blk_info {
    /* What a user may rely on: where any of it changes, it is another disk.
     * (Compared byte by byte, and so without padding.) */
    uint64_t capacity; /* sectors of 512 bytes */
    uint64_t features; /* agreed upon */

    uint32_t block_size; /* bytes, a power of two from 512: a hint, but there
                            are devices that refuse parts of blocks */
    uint32_t size_max;   /* bytes of one segment */
    uint32_t max_bytes;  /* of one request's data */
    struct vio_blk_range_limits discard;
    struct vio_blk_range_limits write_zeroes;
    struct vio_blk_range_limits secure_erase;
    struct vio_blk_zoned zoned;

    uint16_t max_segs;   /* segments of one request */
    uint16_t n_queues;   /* queues */
    uint16_t queue_size; /* descriptors of one */
    uint16_t depth;      /* requests in flight in one */

    bool read_only;
    bool writeback;     /* a write is durable only after a flush */
    bool can_set_cache; /* vio_blk_set_writeback() works */
    bool write_zeroes_may_unmap;

    /* And what is of interest to some. */
    bool indirect;       /* requests go by indirect tables */
    bool odd_block_size; /* the device's made no sense: ignored */
    uint16_t heads;      /* geometry, made up where there is none */
    uint16_t sectors_per_track;
    uint32_t cylinders;
    uint32_t physical_block;   /* bytes, a multiple of block_size */
    uint32_t alignment_offset; /* bytes, of the first aligned block */
    uint32_t min_io;           /* bytes; 0: unknown */
    uint32_t optimal_io;       /* bytes; 0: unknown */
};

/* Counted since vio_blk_init(), over all queues and recoveries. */
struct vio_blk_stats {
    uint32_t notifications; /* doorbell writes */
    uint32_t suppressed;    /* submits that the device needed no doorbell for */
    uint32_t renotified;    /* doorbells repeated by a wait */
    uint32_t protocol_errors; /* rules that the device broke */
    uint32_t resets;          /* of the device, since its probe */
};

struct vio_blk;

/* A segment that is mapped for the device. */
struct vio_blk_map {
    uint64_t addr;
    const void *base;
    size_t len;
    uint32_t dir; /* enum vio_dir */
};

/* One queue of a disk. The fields are the library's. */
struct vio_blk_queue {
    struct vio_virtq vq;
    struct vio_blk *blk;
    struct virtio_blk_req_header *header; /* shared: one per slot */
    uint8_t *status;                      /* shared: one per slot */
    uint64_t plain_mask;             /* what a request of one buffer up to */
    size_t plain_sectors;            /* this must show to go the usual way, */
    uint64_t capacity;               /* within the disk's sectors */
    unsigned char *extra;            /* shared: ranges and small answers, */
    uint64_t extra_addr;             /* of slot 0, where the device sees */
    uint32_t extra_len;              /* bytes of one slot */
    struct vio_blk_map *map;         /* private: what is mapped, per slot */
    struct vio_blk_req *done_first;  /* finished while another was waited */
    struct vio_blk_req **done_last;  /* for, or without the device */
    struct vio_blk_req sync;         /* of the synchronous calls, */
    struct vio_buf sync_buf;         /* with its data, */
    struct vio_blk_range sync_range; /* or its range */
    struct vio_blk_req *parked;      /* taken back from a reset device */
    uint32_t notifications;          /* counted by earlier lives of vq */
    uint32_t suppressed;
    uint32_t renotified;
    uint32_t protocol_errors;
};

struct vio_blk {
    struct vio_device *dev;
    struct vio_blk_queue *queue; /* private: info.n_queues of them */
    uint32_t disabled;           /* operations that the device does not know */
    bool changed;                /* another disk was found; not told yet */
    bool finished;               /* its memory is the caller's again */
    bool unflushed; /* what was written before the cache was write-through, or
                       before vio_blk_init(), may not be durable */
    struct vio_blk_info info;
    struct vio_blk_config cfg; /* as completed: needed again after a reset */
    struct vio_mem mem;
    struct vio_blk_info fresh; /* as read by it, until it is checked */
};

/**
 * Tell how much memory a disk wants. Resets the device.
 *
 * @dev: from a probe.
 * @cfg: NULL for the defaults.
 * @want: out: bytes for the wishes in cfg, as far as the device goes along.
 * @least: out: bytes without which vio_blk_init() fails.
 *
 * Context: task, blocks for at most about a second for each reset, of which
 * there are two or three. Returns: 0; VIO_EINVAL: cfg is not valid; VIO_ENODEV:
 * not a block device, or it has no queue; VIO_ENOTSUP: its queue is too small
 * for a request; VIO_EPROTO: what the device says of itself makes no sense;
 * else as vio_device_begin() and vio_device_queue_max().
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
 * Context: task, blocks for at most about a second for each reset, of which
 * there are one to three. Returns: 0; VIO_ENOMEM: not even the least fits;
 * VIO_EINVAL: cfg is not valid, memory is misaligned; else as
 * vio_blk_mem_size() and vio_device_queue_start(). dev->why says more. After an
 * error the device is reset or FAILED, or was not touched, and the memory is
 * the caller's again unless the error is VIO_ETIMEDOUT.
 *
 * Spec: 5.2.5 Device Initialization.
 */
int vio_blk_init(struct vio_blk *blk, struct vio_device *dev,
                 const struct vio_blk_config *cfg, const struct vio_mem *mem);

/**
 * Stop using a disk: reset the device, hand back what is outstanding.
 *
 * Requests that are queued finish with VIO_EIO and can be reaped afterwards, as
 * long as the private block, where the queues are, is left as it is.
 *
 * @blk: after any vio_blk_init(), or all zeros, of which nothing is left to do.
 *
 * Context: owner, blocks for at most about a second. Returns: 0: the memory is
 * the caller's again; VIO_ETIMEDOUT or VIO_ENODEV: the reset was not confirmed:
 * on VIO_ETIMEDOUT the device may still write to the memory.
 */
int vio_blk_fini(struct vio_blk *blk);

/** Context: any. Returns: what is known of the disk; valid until fini. */
const struct vio_blk_info *vio_blk_info(const struct vio_blk *blk);

/** Context: any. Returns: queue `i`, which stays the same through recoveries;
 * NULL: it is none of info's n_queues, 0 of a disk that did not come up. */
struct vio_blk_queue *vio_blk_get_queue(struct vio_blk *blk, unsigned i);

/**
 * Check a request that was filled in (vio/blk_req.h) and stage it; nothing
 * happens before vio_blk_submit().
 *
 * Context: owner. Returns: 0; VIO_EAGAIN: all slots are taken, submit and reap
 * first; VIO_EINVAL: no data, or an empty buffer or range; not a multiple of
 * 512 bytes, or where it is about zones of zone_sectors or write_granularity; a
 * report or sense of another size than it has; no operation on a zone;
 * VIO_EBUSY: it is queued already; VIO_EBADSTATE: the disk is not in use, or no
 * more; VIO_ERANGE: past the end of the disk; VIO_EROFS: a write to a read-only
 * disk; VIO_ENOTSUP: the device does not offer it; VIO_E2BIG: more than
 * max_bytes bytes, or more than max_segs segments of at most size_max bytes (a
 * longer piece of memory is more than one segment, and so is one that the port
 * maps in parts), or more or longer ranges, or a longer append, than info says;
 * VIO_EFAULT: a buffer could not be mapped; VIO_EPROTO: the queue is broken.
 * After an error the request is the caller's, unless that is VIO_EBUSY.
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
 * Tell whether so many requests are done, without taking or waiting for them.
 * Who has staged the next ones can so submit them before anything else.
 *
 * Context: owner. Returns: 1: vio_blk_reap() gives n, or more; in a packed ring
 * without indirect tables that cannot be seen, and it may give fewer; 0: not
 * yet; VIO_EPROTO: the device broke the rules.
 */
int vio_blk_ready(struct vio_blk_queue *q, unsigned n);

/**
 * Submit, and wait until there is something to reap, whichever request it is.
 *
 * @timeout_ns: without a clock a look at the queue counts as 64 of them.
 *
 * Context: owner, blocks. Returns: > 0: call vio_blk_reap(); 0: nothing is
 * queued (or, of a suspended disk, shown to the device), so that nothing will
 * ever be; VIO_ETIMEDOUT: not in time; VIO_EPROTO: the device broke the rules,
 * or it asks for a reset, was reset or is gone, which is looked at four times a
 * second.
 *
 * Spec: 2.7.7 Used Buffer Notification Suppression.
 */
int vio_blk_wait_any(struct vio_blk_queue *q, uint64_t timeout_ns);

/**
 * The same without submitting: what is staged stays staged. Who stages the next
 * requests while the device works on those before waits with this call, and
 * submits when it returns.
 *
 * Context and Returns: as vio_blk_wait_any(); 0: nothing is submitted that was
 * not reaped.
 */
int vio_blk_wait_ready(struct vio_blk_queue *q, uint64_t timeout_ns);

/**
 * Ask for an interrupt at the queue's next completion, for an event loop that
 * sleeps for more than one thing: submit, ask, sleep if all say 0, reap. A disk
 * raises none unless it is asked; the waits ask by themselves, and no more
 * interrupts are wanted when they return.
 *
 * Such an interrupt comes once and is to be asked for again (without
 * VIRTIO_F_EVENT_IDX they come until vio_blk_disable_cb()). Its handler has
 * nothing to do with the queue: it acknowledges, with vio_pci_isr() or
 * vio_device_isr(), and wakes the owner.
 *
 * Context: owner. Returns: 0: one will come; 1: requests are done already, reap
 * them instead; VIO_ENOTSUP: the queue raises none, as
 * vio_pci_set_interrupts() was told or as far as its vectors went: look at it
 * from time to time; VIO_EPROTO: the queue is broken.
 *
 * Spec: 2.7.7 Used Buffer Notification Suppression.
 */
int vio_blk_enable_cb(struct vio_blk_queue *q);

/**
 * Ask for no more interrupts: a hint, a few may still come.
 *
 * Context: owner.
 */
void vio_blk_disable_cb(struct vio_blk_queue *q);

/**
 * Submit, and wait until one request is done; it is then reaped. Others that
 * finish meanwhile stay to be reaped.
 *
 * @timeout_ns: without a clock a look at the queue counts as 64 of them.
 *
 * Context: owner, blocks. Returns: the request's result; VIO_ETIMEDOUT: it is
 * still queued, and its buffers are the device's; VIO_EPROTO: likewise, and as
 * vio_blk_wait_any(); VIO_EINVAL: it is not queued, or a recovery that left
 * fewer queues has moved it (vio_blk_restore()). Of a request in flight on
 * another queue that is not noticed before the time-out.
 */
int vio_blk_wait(struct vio_blk_queue *q, struct vio_blk_req *req,
                 uint64_t timeout_ns);

/**
 * Read `len` bytes from `sector` on, in as many requests as the device's limits
 * take; on a host-managed disk each of them within one zone.
 *
 * @buf, @len: a multiple of 512 bytes; 0 reads nothing. There are devices that
 * fail parts of a block (info's block_size) with VIO_EIO.
 *
 * Context: owner of all queues (it uses queue 0, but an error may end the use
 * of the disk), blocks for at most the time-out of the configuration per
 * request. Returns: 0; VIO_EINVAL: len is not a multiple of 512; VIO_ERANGE:
 * past the end of the disk; VIO_EFAULT: not a single sector of buf could be
 * mapped for the device; VIO_E2BIG: a sector of buf is more segments than
 * max_segs; VIO_EBADSTATE: the disk is suspended, or not in use, or its device
 * was reset, has failed or is gone by what another call found; VIO_EIO,
 * VIO_ENOTSUP, VIO_EZONE: the device failed; VIO_ETIMEDOUT, VIO_EPROTO: it did
 * not answer, or broke the rules (or as vio_blk_wait_any() says): the device
 * has been reset, everything else that was queued is done with VIO_EIO, and the
 * disk has to be recovered or initialised again; after VIO_ETIMEDOUT buf, and
 * all that was queued, is the caller's again once vio_blk_recover() or
 * vio_blk_fini() returns anything else. After an error the content of buf is
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

/**
 * Discard, zero or securely erase n_sectors from `sector` on, in as many
 * requests as the device's limits take, split where it is aligned.
 *
 * Context: as vio_blk_read(). Returns: as vio_blk_write(), and VIO_ENOTSUP: the
 * device does not offer it, or of a zoned disk not for a whole zone;
 * VIO_EINVAL: zones are securely erased as a whole, and these are not. After an
 * error any part of it may have been done; after VIO_EINVAL, VIO_ERANGE or
 * VIO_EROFS, nothing.
 */
int vio_blk_discard(struct vio_blk *blk, uint64_t sector, uint64_t n_sectors);
int vio_blk_write_zeroes(struct vio_blk *blk, uint64_t sector,
                         uint64_t n_sectors, bool unmap);
int vio_blk_secure_erase(struct vio_blk *blk, uint64_t sector,
                         uint64_t n_sectors);

/**
 * Ask for the serial number, or for the lifetime.
 *
 * @id: NUL-terminated; empty where the device has none.
 *
 * Context and Returns: as vio_blk_read(); VIO_ENOTSUP from get_lifetime only.
 */
int vio_blk_get_id(struct vio_blk *blk, char id[VIO_BLK_ID_SIZE]);
int vio_blk_get_lifetime(struct vio_blk *blk,
                         struct vio_blk_lifetime *lifetime);

/**
 * Run a request that was filled in: queue it on queue 0, submit, wait. For
 * those that have no call of their own.
 *
 * Context and Returns: as vio_blk_queue() and vio_blk_read().
 */
int vio_blk_run(struct vio_blk *blk, struct vio_blk_req *req);

/**
 * Switch the device's cache between write-back and write-through. Before it
 * returns, everything written so far is flushed.
 *
 * Context: owner of all queues, blocks as vio_blk_flush(). Returns: as
 * vio_blk_flush(); VIO_ENOTSUP: the device has no such switch; VIO_EBUSY:
 * something is queued that is not finished: nobody could tell whether such a
 * write is durable.
 *
 * Spec: 5.2.6.1 (CONFIG_WCE), 5.2.6.2 (which writes are stable).
 */
int vio_blk_set_writeback(struct vio_blk *blk, bool writeback);

/**
 * Read the capacity again, after a configuration change interrupt
 * (VIRTIO_ISR_CONFIG) or by polling. Such an interrupt also comes when the
 * device asks for a reset. What is queued by then is not checked again.
 *
 * Context: task, with no queue in use meanwhile. Returns: 1: it has changed,
 * see info; 0: it has not; VIO_EPROTO: the configuration space kept changing,
 * or the device asks for a reset: vio_blk_recover(); VIO_ENODEV: it is gone;
 * VIO_EBADSTATE: the disk is suspended, or not in use.
 *
 * Spec: 5.2.6.1.
 */
int vio_blk_refresh(struct vio_blk *blk);

/* What becomes of the requests that were queued when the device is reset. */
enum vio_blk_recovery {
    VIO_BLK_RESUBMIT,  /* done again; what is not safe to repeat (zone appends,
                          SCSI commands, writes to a host-managed disk) is done
                          with VIO_EIO */
    VIO_BLK_HAND_BACK, /* done with VIO_EIO, to be reaped */
};

/**
 * Stop using the device for a while (suspend, snapshot): reset it and give up
 * the queues; what is queued is kept.
 *
 * Context: owner of all queues, blocks for at most about a second. Returns: as
 * vio_device_reset(); VIO_EBADSTATE: vio_blk_fini() has ended its use. After
 * VIO_ETIMEDOUT the memory is still the device's, and the call can be made
 * again; after VIO_ENODEV nothing is left but vio_blk_fini(), which hands back
 * what is queued.
 */
int vio_blk_freeze(struct vio_blk *blk);

/**
 * Bring a frozen disk up again, and go on.
 *
 * Context: owner of all queues, blocks as vio_blk_init(). Returns: 0; 1: it
 * came back as another one (capacity, features or limits differ: see info), and
 * what no longer fits is done with an error; VIO_EBADSTATE: its device is not
 * reset, or vio_blk_fini() has ended its use: nothing has happened; < 0: as
 * vio_blk_init(), and everything is handed back. Where there are fewer queues
 * than before, all that the others had, finished or not, is from then on to be
 * reaped and waited for on queue 0.
 */
int vio_blk_restore(struct vio_blk *blk, enum vio_blk_recovery recovery);

/**
 * The way back from everything that goes wrong at run time: a broken queue, a
 * time-out, a device that asks for a reset. Freezes and restores.
 *
 * Context and Returns: as vio_blk_freeze() and vio_blk_restore().
 *
 * Spec: 2.1.2 Device Status Field (DEVICE_NEEDS_RESET).
 */
int vio_blk_recover(struct vio_blk *blk, enum vio_blk_recovery recovery);

/**
 * Make the device stand still where it knows how to (VIRTIO_F_SUSPEND), with
 * everything as it is; requests can be queued and reaped meanwhile, but there
 * is nothing to wait for: what is submitted is shown to the device by the
 * resume.
 *
 * Context: owner of all queues, blocks for at most about a second. Returns: as
 * vio_device_suspend(). After VIO_ENOTSUP and VIO_EBADSTATE nothing has
 * happened; after any other error the disk has to be recovered.
 */
int vio_blk_suspend(struct vio_blk *blk);

/**
 * Let a suspended disk go on, with what was queued meanwhile.
 *
 * Context: owner of all queues. Returns: as vio_device_resume().
 */
int vio_blk_resume(struct vio_blk *blk);

/** Context: any; the counts of busy queues may lag. */
void vio_blk_get_stats(const struct vio_blk *blk, struct vio_blk_stats *stats);

/**
 * The customary name of the disk number `index`: vda ... vdz, vdaa ...
 *
 * @buf, @size: 10 bytes hold every one of them.
 *
 * Context: any. Returns: buf.
 */
char *vio_blk_name(uint32_t index, char *buf, size_t size);

#ifdef __cplusplus
}
#endif

#endif
