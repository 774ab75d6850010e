/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the block frontend share.
 */
#ifndef VIO_SRC_DEV_BLK_IMPL_H
#define VIO_SRC_DEV_BLK_IMPL_H

#include <vio/blk.h>

/* No request carries more, whatever the device allows: well below the 2^32
 * bytes of a chain (2.7.5.1), and what hosts take in one piece. */
#define BLK_MAX_BYTES (1u << 30)

/* Feature bits of the block device that are of use here and whose fields the
 * configuration space has. */
uint64_t vio_blk_wanted_features(const struct vio_device *dev);

/* Read and check the configuration space; the queue's part of info is not its
 * business. */
int vio_blk_read_config(struct vio_device *dev, struct vio_blk_info *info,
                        uint32_t *seg_max);

/* Put a finished request where reap finds it. */
void vio_blk_finish(struct vio_blk_queue *q, struct vio_blk_req *req,
                    int result);

/* The device has been reset: everything outstanding is done with VIO_EIO. */
void vio_blk_hand_back(struct vio_blk_queue *q);

/* Submit, and wait until at least one request is done. > 0, VIO_ETIMEDOUT or
 * VIO_EPROTO. */
int vio_blk_wait_any(struct vio_blk_queue *q, uint64_t timeout_ns);

/* Reset the device, and hand everything back if that is confirmed. */
int vio_blk_abort(struct vio_blk *blk);

#endif
