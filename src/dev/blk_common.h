/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the two frontends of a block device share: the whole one (vio/blk.h) and
 * the small one (vio/disk.h).
 */
#ifndef VIO_SRC_DEV_BLK_COMMON_H
#define VIO_SRC_DEV_BLK_COMMON_H

#include <vio/device.h>
#include <vio/spec/blk.h>

#include "../device_impl.h"
#include "../virtq/ring.h"

/* No request carries more, whatever the device allows: well below the 2^32
 * bytes of a chain (2.7.5.1), and what hosts take in one piece. */
#define BLK_MAX_BYTES (1u << 30)

#define BLK_TIMEOUT_NS 30000000000u /* of a synchronous call, by default */

#define BLK_STATUS_UNWRITTEN 0xffu /* no status of the specification's */

/* Fields of the configuration space: those that every request is bound by. */
#define BLK_FIELD(name, width, feature)          \
    {                                            \
        VIRTIO_BLK_CONFIG_##name, width, feature \
    }
#define BLK_CAPACITY_FIELD BLK_FIELD(CAPACITY, 8, VIO_CONFIG_ALWAYS)
#define BLK_SIZE_MAX_FIELD BLK_FIELD(SIZE_MAX, 4, VIRTIO_BLK_F_SIZE_MAX)
#define BLK_SEG_MAX_FIELD  BLK_FIELD(SEG_MAX, 4, VIRTIO_BLK_F_SEG_MAX)
#define BLK_BLOCK_FIELD    BLK_FIELD(BLK_SIZE, 4, VIRTIO_BLK_F_BLK_SIZE)

/* Is it a block device, and is the memory aligned as it needs it? */
int vio_blk_check_device(struct vio_device *dev, const struct vio_mem *mem);

/* Fail for want of memory: of one of the blocks there is too little. */
int vio_blk_no_room(struct vio_device *dev, const struct vio_mem *mem,
                    const struct vio_need *need);

/* Bytes of one segment, from the field of the configuration space. */
int vio_blk_size_max(struct vio_device *dev, uint64_t field,
                     uint32_t *size_max);

/* The size of a block is a hint (5.2.4): is it one that makes sense? */
static inline bool blk_is_block(uint32_t size, uint32_t most)
{
    return size >= VIRTIO_BLK_SECTOR_SIZE && size <= most &&
           (size & (size - 1)) == 0;
}

/* By subtraction, which cannot wrap. */
static inline bool blk_in_range(uint64_t capacity, uint64_t sector, uint64_t n)
{
    return n <= capacity && sector <= capacity - n;
}

/* Header and status are written anew for every request: the device may have
 * written over either. */
static inline void blk_write_header(const struct vio_virtq *vq,
                                    struct virtio_blk_req_header *h,
                                    uint8_t *status, uint32_t type,
                                    uint32_t prio, uint64_t sector)
{
    vio_shared_store32(&h->type, ring32(vq, type));
    vio_shared_store32(&h->ioprio, ring32(vq, prio));
    vio_shared_store64(&h->sector, ring64(vq, sector));
    vio_shared_store8(status, BLK_STATUS_UNWRITTEN);
}

/* A wait on a queue. */
struct blk_wait {
    struct vio_deadline all;   /* of the wait, */
    struct vio_deadline nudge; /* and of the next notification */
};

void vio_blk_wait_begin(struct blk_wait *w, const struct vio_env *env,
                        uint64_t timeout_ns);

/* Something was ready: the next thing may take its time again. */
void vio_blk_wait_on(struct blk_wait *w);

/* Can anything be expected of the device that is waited for? */
static inline bool vio_blk_is_live(struct vio_device *dev)
{
    bool live = vio_status_is_live(vio_ops(dev)->get_status(dev));

    if (!live)
        vio_log(vio_env_of(dev), VIO_LOG_ERROR,
                "the device needs a reset, was reset or is gone");
    return live;
}

/* Nothing was ready. 0: look again; 1: likewise, the device was notified once
 * more; VIO_ETIMEDOUT: the wait is over. */
int vio_blk_wait_more(struct blk_wait *w, struct vio_virtq *vq);

#endif
