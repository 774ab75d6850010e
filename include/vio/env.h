/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The surroundings of a device: memory, time, and how to sleep. What may differ
 * from device to device, or is known only at run time, is handed over here;
 * facts about processor and compiler are in port.h.
 */
#ifndef VIO_ENV_H
#define VIO_ENV_H

#include <stddef.h>
#include <stdint.h>

/* What the device does with a buffer. */
enum vio_dir {
    VIO_DEVICE_READS,
    VIO_DEVICE_WRITES,
};

enum vio_log_level {
    VIO_LOG_ERROR,
    VIO_LOG_WARNING,
    VIO_LOG_INFO,
};

/*
 * Every member may be NULL, and so may the struct: then a pointer is a device
 * address, nothing is logged, waits poll, and their bound is a number of looks
 * instead of a time. The struct must live as long as the device that uses it.
 * `ctx` is handed to every member as it is.
 *
 * A build with VIO_NO_ENV does without: the struct has no members.
 */
#ifdef VIO_NO_ENV
struct vio_env;
#else
struct vio_env {
    void *ctx;

    /* Make the first *len bytes of buf reachable for the device and give their
     * device address. May shorten *len (to the end of a page, say): the rest
     * is asked for again, as one more segment. 0, or < 0: not possible (it is
     * out of the device's reach, or shares a cache line with something else),
     * and nothing is to be undone. */
    int (*dma_map)(void *ctx, const void *buf, size_t *len, enum vio_dir dir,
                   uint64_t *addr);

    /* Undo one dma_map, after the device is done with the buffer: copy back
     * from a bounce buffer, invalidate a cache. len is what dma_map left. */
    void (*dma_unmap)(void *ctx, uint64_t addr, const void *buf, size_t len,
                      enum vio_dir dir);

    /* A clock that never goes back, in nanoseconds from any origin. */
    uint64_t (*now_ns)(void *ctx);

    /* Sleep until an interrupt comes or now_ns, without which this is not
     * called, reaches the deadline; waking for no reason is allowed. 0, or < 0:
     * give up the wait, which ends as one that was too long. */
    int (*idle)(void *ctx, uint64_t deadline_ns);

    /* The message that raises interrupt `vector` when a device writes it. */
    int (*msi_compose)(void *ctx, unsigned vector, uint64_t *addr,
                       uint32_t *data);

    /* One line for a person, without a newline: what was gone on from. */
    void (*log)(void *ctx, enum vio_log_level level, const char *msg);
};
#endif

/*
 * Memory is the caller's, always: the library never allocates. A device is
 * given two blocks, which stay its own until it is finished.
 *
 * The shared block holds what the device reads and writes: rings, headers,
 * statuses. It must be contiguous for the device and is best kept on pages of
 * its own. The private block holds what the driver must be able to trust; where
 * there is an IOMMU, or in a confidential guest, the device cannot reach it.
 */
struct vio_mem {
    void *shared;         /* aligned to 16; to 4096 for a legacy device */
    uint64_t shared_addr; /* where the device sees it, aligned alike */
    size_t shared_size;   /* bytes */
    void *priv;           /* aligned to 16 */
    size_t priv_size;     /* bytes */
};

/* How many bytes of either block something needs. */
struct vio_need {
    size_t shared;
    size_t priv;
};

#endif
