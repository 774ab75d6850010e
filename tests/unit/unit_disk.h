/* SPDX-License-Identifier: BSD-2-Clause */
/* A disk that is up, for the tests of the block frontend. */
#ifndef UNIT_DISK_H
#define UNIT_DISK_H

#include "unit.h"

extern struct vio_blk unit_blk;
extern struct vio_mem unit_blk_mem;

/* A device with a disk of so many sectors, not yet looked at. */
void unit_disk_device(uint32_t version, uint64_t sectors);

/* Its port does not map: the device reaches all memory where it is. Gives so
 * many bytes for requests. */
uint8_t *unit_disk_unmapped(size_t bytes);

/* So many bytes of memory that is mapped, or of such. */
uint8_t *unit_disk_memory(bool mapped, size_t bytes);

/* Probe it, and tell what memory it wants. */
void unit_disk_need(const struct vio_blk_config *cfg, struct vio_need *want,
                    struct vio_need *least);

/* Probe it, hand over what memory it wants, and bring it up. */
int unit_disk_try(const struct vio_blk_config *cfg);

/* The same, which must succeed. */
void unit_disk_up(const struct vio_blk_config *cfg);

/* Stop it; every mapping is gone and the device is reset. */
void unit_disk_down(void);

/* One request of one buffer, queued; the returned error is vio_blk_queue()'s.
 */
int unit_queue_read(struct vio_blk_req *req, struct vio_buf *buf,
                    uint64_t sector, void *to, size_t len);
int unit_queue_write(struct vio_blk_req *req, struct vio_buf *buf,
                     uint64_t sector, const void *from, size_t len);

/* Reap exactly this one request. */
void unit_reap_one(struct vio_blk_req *req, int result);
void unit_reap_none(void);

#endif
