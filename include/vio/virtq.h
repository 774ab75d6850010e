/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtqueues: device addresses in, tokens and lengths out.
 *
 * A buffer is a list of device-readable segments, then device-writable ones,
 * and a token of the caller's. add() stages it, kick() makes everything staged
 * visible to the device and notifies it if it wants that, get_buf() returns
 * what the device is done with, in any order.
 *
 * One owner at a time: the calls on one queue are serialised by the caller.
 * Only vio_virtq_interrupt() may run beside the owner. No call blocks,
 * allocates or takes a lock.
 *
 * Nothing that the device writes is trusted. Where it breaks the rules the
 * queue is broken: every call fails with VIO_EPROTO and no memory is touched
 * through the queue until the device is reset and the queue set up again.
 *
 * Split and packed queues, with direct and indirect descriptors, work behind
 * the same calls; the features that the device agreed to choose. A direct
 * chain costs slots of the ring, an indirect table a device hardly anything: a
 * buffer goes direct as long as at least half of the ring stays free.
 *
 * Spec: 2.6 Virtqueues, 2.7 Split Virtqueues, 2.8 Packed Virtqueues.
 */
#ifndef VIO_VIRTQ_H
#define VIO_VIRTQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vio/env.h>
#include <vio/port.h>
#include <vio/spec/ring.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vio_virtq;

/* One segment of a buffer, as the device addresses it. */
struct vio_sg {
    uint64_t addr;
    uint32_t len; /* bytes, not 0 */
};

/* What a queue is made from. */
struct vio_virtq_config {
    uint16_t index;    /* of this queue in its device */
    uint16_t size;     /* descriptors, up to 32768; split: a power of two */
    uint16_t indirect; /* entries of an indirect table, up to size; 0: none */
    bool legacy;       /* guest-endian, used lengths not to be relied on */
    uint32_t align;    /* of the used ring: 0, or what a legacy device wants */
    uint64_t features; /* negotiated, see vio/spec/virtio.h */

    const struct vio_env *env; /* debug builds read its clock; may be NULL */

    /* Called by vio_virtq_interrupt(); NULL: interrupts start disabled. */
    void (*callback)(struct vio_virtq *vq, void *ctx);
    void *ctx;
};

/*
 * What the driver knows of one descriptor, out of the device's reach. A chain
 * is named by its first descriptor, the head; in a packed queue a buffer is
 * named by its buffer ID, which is the number of a slot.
 */
struct vio_virtq_slot {
    union {
        void *token;      /* of a head in flight: the caller's */
        uint64_t as_long; /* on every machine, as a descriptor is */
    };
    uint32_t bound; /* of a head in flight: writable bytes + 1; else 0 */
    uint16_t count; /* of a head: descriptors that it takes of the ring; or
                       what a slot of fixed shape is made for */
    uint16_t next;  /* in the free list, or in the chain: there, in a circle */
};

/* What the device says of a used buffer, read once. */
struct vio_virtq_used {
    uint64_t len;   /* of 32 bits, to be counted with 64 */
    size_t id;      /* of 16 bits or 32, to be an index */
    uint32_t flags; /* packed: with AVAIL and USED compared already */
};

/* How the device is notified, without a decision that could be taken before.
 * The transport fills it in. */
struct vio_doorbell {
    struct vio_reg reg; /* one register of 32 bits, */
    bool narrow;        /* or of 16, */
    bool little_endian; /* not in the processor's order; */
    uint32_t value;     /* what is written there */

    /* Where it takes more than one access: what does them, instead. */
    void (*write)(const struct vio_doorbell *doorbell, uint32_t value);
    const void *ctx;
};

/* Counted since the queue was initialised. */
struct vio_virtq_stats {
    uint32_t notifications; /* doorbell writes; of two at the same moment, that
                               nobody serialised, perhaps one */
    uint32_t suppressed;    /* kicks that the device did not want to hear of */
    uint32_t interrupts;    /* calls of vio_virtq_interrupt() with work */
    uint32_t spurious;      /* and without */
    uint32_t broken;        /* rules that the device broke: 0 or 1 */
};

/*
 * A queue. The caller owns the memory; the fields are the library's.
 *
 * The running counts of a split queue are what its rings count. In a packed
 * queue they are positions: the offset in bits 0 to 14, the wrap counter in
 * bit 15.
 */
struct vio_virtq {
    struct vio_virtq_slot *slot; /* private, one per descriptor, and an end */
    void *desc;                  /* Descriptor Area */
    void *driver;                /* Driver Area: written by the driver */
    void *device;                /* Device Area: written by the device */
    uint32_t state;              /* what a call looks at first: VQ_* of */
    uint32_t flags;              /* src/virtq/ring.h, and so is this */
    uint32_t mask;               /* size - 1 */
    int32_t room;                /* free descriptors, but for the reserve */
    uint16_t reserve;            /* how many of them are for tables only */
    uint16_t size;               /* descriptors */
    uint16_t free_head;          /* the first slot of the free list */
    uint16_t added;              /* how far the driver has filled the ring */
    uint16_t published;          /* and how far the device may see that */
    uint16_t taken;              /* how far used buffers have been taken */
    uint16_t used_seen;          /* split: the used index, as last read */
    uint16_t used_flags;         /* packed: what shows that `taken` is used */
    uint16_t index;              /* of this queue in its device */
    void *next_desc;             /* packed: the descriptor at `added` */
    uint32_t avail_tail;         /* packed: the flags that make it available,
                                    where a descriptor has them */
    uint32_t batch_tail;         /* packed: of the batch's first descriptor */
    void *batch_desc;            /* packed: that one, or NULL */
    uint32_t event_size;         /* packed: the size, if the device may name the
                                    descriptor that it waits for; else 0 */

    bool order_pending;  /* IN_ORDER: in the midst of a batch */
    uint16_t order_next; /* IN_ORDER: the buffer that is next */
    uint32_t order_last; /* IN_ORDER: the last one of the batch, */
    uint32_t order_len;  /* and how much was written to it */

    uint16_t table_segs; /* entries of an indirect table; 0: no tables */
    void *table;         /* shared, one table per slot */
    uint64_t table_addr; /* where the device sees the first */

    uint64_t desc_addr; /* and the three areas */
    uint64_t driver_addr;
    uint64_t device_addr;

    /* Of a queue of fixed-shape requests. */
    unsigned char *shape_data;  /* the first data descriptor of slot 0 */
    uint32_t shape_stride;      /* bytes from there to that of the next slot */
    uint16_t shape_depth;       /* slots */
    uint16_t shape_max_segs;    /* data segments of one request */
    uint16_t shape_header_len;  /* bytes */
    uint64_t shape_header_addr; /* where the device sees the header of slot 0 */
    uint64_t shape_status_addr; /* and its status */
    struct vio_virtq_used shape_used; /* the next one to be taken, as read */

    struct vio_doorbell doorbell;

    void (*callback)(struct vio_virtq *vq, void *ctx);
    void *ctx;
    struct vio_virtq_stats stats;

#ifdef VIO_DEBUG
    const struct vio_env *env; /* for its clock */
    uint64_t staged_ns;        /* when the oldest staged buffer was added */
    const char *owner_file;    /* the call that is at work, */
    int owner_line;            /* or whose place is free: 0 */
#endif
};

/**
 * Tell how much memory a queue of this configuration needs.
 *
 * @cfg: the queue to be.
 * @need: out: bytes of shared and of private memory.
 *
 * Context: any. Returns: 0, or VIO_EINVAL: size, indirect or align is not
 * legal; or VIO_ENOTSUP: the ring format, a feature, or legacy queues were left
 * out of the build.
 *
 * Spec: 2.7 Split Virtqueues, 2.7.2 Legacy Interfaces: A Note on Virtqueue
 * Layout.
 */
int vio_virtq_mem_size(const struct vio_virtq_config *cfg,
                       struct vio_need *need);

/**
 * Lay out a queue in memory and clear it; the device is not told yet.
 *
 * @vq: filled; the caller keeps the memory until the queue is given up.
 * @cfg: not needed afterwards.
 * @mem: what the queue needs is taken from the front of both blocks, which
 * shrink by it. The memory stays the queue's until the device is reset.
 *
 * Context: task; of a queue that was in use before, not beside
 * vio_virtq_interrupt(). Returns: 0; VIO_EINVAL: size, indirect, align or the
 * alignment of a block is not legal; VIO_ENOTSUP: the ring format, a feature,
 * or legacy queues were left out of the build; VIO_ENOMEM: a block is too
 * small. On an error nothing is taken.
 *
 * Spec: 2.7 Split Virtqueues.
 */
int vio_virtq_init(struct vio_virtq *vq, const struct vio_virtq_config *cfg,
                   struct vio_mem *mem);

/**
 * Stage a buffer: all of it, or none.
 *
 * The device sees it after the next vio_virtq_kick_prepare(). The segments'
 * memory is the device's from then until get_buf returns the token, or the
 * device is reset; the array `sg` is not kept.
 *
 * @sg: n_readable segments that the device reads, then n_writable that it
 * writes, of 4 GiB less 2 bytes together at most.
 * @token: not NULL; returned by get_buf.
 *
 * Context: owner. Returns: 0; VIO_EINVAL: no segment, more than the queue can
 * ever hold, an empty one, too many bytes, or no token; VIO_ENOSPC: too few
 * free descriptors now (kick, and go on when something completes); VIO_EPROTO:
 * the queue is broken.
 *
 * Spec: 2.7.13 Supplying Buffers to The Device, 2.7.4 Message Framing.
 */
int vio_virtq_add(struct vio_virtq *vq, const struct vio_sg *sg,
                  unsigned n_readable, unsigned n_writable, void *token);

/**
 * Stage a buffer that the device only reads. See vio_virtq_add().
 */
static inline int vio_virtq_add_out(struct vio_virtq *vq,
                                    const struct vio_sg *sg, unsigned n,
                                    void *token)
{
    return vio_virtq_add(vq, sg, n, 0, token);
}

/**
 * Stage a buffer that the device only writes. See vio_virtq_add().
 */
static inline int vio_virtq_add_in(struct vio_virtq *vq,
                                   const struct vio_sg *sg, unsigned n,
                                   void *token)
{
    return vio_virtq_add(vq, sg, 0, n, token);
}

/**
 * Make everything staged visible to the device, and tell whether it wants a
 * notification for any of it.
 *
 * Context: owner. Returns: true: call vio_virtq_notify(); false: nothing new,
 * the device is at work anyway, or the queue is broken.
 *
 * Spec: 2.7.13.3 Updating idx, 2.7.13.4 Notifying The Device, 2.7.10 Available
 * Buffer Notification Suppression.
 */
bool vio_virtq_kick_prepare(struct vio_virtq *vq);

/**
 * Write the doorbell: one register write.
 *
 * Needs no serialisation against the owner's other calls, so that it can be
 * done after a lock is released; except on a PCI device that is reached through
 * the window in configuration space (see vio_pci_probe()). Does nothing on a
 * queue that is broken or held.
 *
 * Context: any. Spec: 2.7.13.4 Notifying The Device, 4.2.3.3 and 4.1.5.2
 * Available Buffer Notifications.
 */
void vio_virtq_notify(struct vio_virtq *vq);

/**
 * Make everything staged visible, and notify the device if it wants that.
 *
 * Context: owner, after vio_device_start(): a device must not be notified
 * before it is live, and may never hear of it (3.1.1).
 */
void vio_virtq_kick(struct vio_virtq *vq);

/**
 * Take the next buffer that the device is done with.
 *
 * @token: out: what was given to add.
 * @len: out: bytes that the device wrote, from the front of the writable
 * segments; never more than they hold. Nothing is known of what lies behind.
 * A legacy device's value is often wrong: do not rely on it.
 *
 * Context: owner. Returns: 1: here is one; 0: none is ready; VIO_EPROTO: the
 * device broke the rules, now or before.
 *
 * Spec: 2.7.14 Receiving Used Buffers From The Device, 2.7.8 The Virtqueue
 * Used Ring.
 */
int vio_virtq_get_buf(struct vio_virtq *vq, void **token, uint32_t *len);

/**
 * Ask the device for no more interrupts: a hint, a few may still come.
 *
 * Context: owner. Spec: 2.7.7 Used Buffer Notification Suppression.
 */
void vio_virtq_disable_cb(struct vio_virtq *vq);

/**
 * Ask the device for an interrupt at its next completion, and look whether
 * there is one already.
 *
 * With VIRTIO_F_EVENT_IDX an interrupt comes once and has to be asked for
 * again; without, they come until vio_virtq_disable_cb().
 *
 * Context: owner. Returns: true: nothing is pending, an interrupt will come;
 * false: there is work already (or the queue is broken): call get_buf.
 *
 * Spec: 2.7.7 Used Buffer Notification Suppression.
 */
bool vio_virtq_enable_cb(struct vio_virtq *vq);

/**
 * The first half of vio_virtq_enable_cb(): ask for an interrupt.
 *
 * Context: owner. Returns: a state for vio_virtq_poll().
 */
unsigned vio_virtq_enable_cb_prepare(struct vio_virtq *vq);

/**
 * The second half: has anything been used since `state` was taken?
 *
 * Context: owner. Returns: true: yes, or the queue is broken: call get_buf.
 */
bool vio_virtq_poll(const struct vio_virtq *vq, unsigned state);

/**
 * As vio_virtq_enable_cb(), but ask for the interrupt only when about three
 * quarters of what is in flight is done. Without VIRTIO_F_EVENT_IDX the next
 * completion raises it.
 *
 * Context: owner. Returns: as vio_virtq_enable_cb(), false when that much is
 * done already.
 */
bool vio_virtq_enable_cb_delayed(struct vio_virtq *vq);

/**
 * The interrupt entry of one queue: call the queue's callback if the device
 * has used anything.
 *
 * Context: interrupt or task, beside the owner. Returns: true: the interrupt
 * was this queue's; false: nothing is used, or the queue is broken.
 */
bool vio_virtq_interrupt(struct vio_virtq *vq);

/**
 * Take back, one by one, the buffers that the device did not use. Only after
 * the device has been reset: before that it may still write to them.
 *
 * Works on a broken queue too. When it has returned NULL every descriptor is
 * free; before it is used again the queue is set up anew, as the device is.
 *
 * Context: owner. Returns: a token, or NULL: no more.
 *
 * Spec: 3.3.1 Driver Requirements: Device Cleanup.
 */
void *vio_virtq_detach_unused(struct vio_virtq *vq);

/**
 * Mark a queue broken, so that it refuses work until it is set up again.
 *
 * Context: any.
 */
void vio_virtq_break(struct vio_virtq *vq);

/**
 * Hold a queue, or let it go on: while it is held, nothing is made visible to
 * the device and it is not notified. Buffers can be staged and taken. When it
 * goes on, everything staged is made visible, and the device is notified once,
 * also of what was made visible before.
 *
 * Context: owner. Spec: 3.4 Device Suspend (of version 1.4).
 */
void vio_virtq_hold(struct vio_virtq *vq, bool held);

/** Context: any. Returns: is the queue broken? */
bool vio_virtq_is_broken(const struct vio_virtq *vq);

/** Context: any. Returns: descriptors of the queue. */
unsigned vio_virtq_size(const struct vio_virtq *vq);

/** Context: owner. Returns: descriptors that are free. */
unsigned vio_virtq_num_free(const struct vio_virtq *vq);

#ifdef __cplusplus
}
#endif

#endif
