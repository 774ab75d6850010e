/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block device: feature bits, configuration space, requests.
 *
 * Spec: 5.2 Block Device.
 */
#ifndef VIO_SPEC_BLK_H
#define VIO_SPEC_BLK_H

#include <stdint.h>

#define VIRTIO_BLK_SECTOR_SIZE 512u /* every sector number counts these */
#define VIRTIO_BLK_ID_BYTES    20u

/* 5.2.3 Feature bits. */
#define VIRTIO_BLK_F_BARRIER      0 /* legacy */
#define VIRTIO_BLK_F_SIZE_MAX     1
#define VIRTIO_BLK_F_SEG_MAX      2
#define VIRTIO_BLK_F_GEOMETRY     4
#define VIRTIO_BLK_F_RO           5
#define VIRTIO_BLK_F_BLK_SIZE     6
#define VIRTIO_BLK_F_SCSI         7 /* legacy */
#define VIRTIO_BLK_F_FLUSH        9
#define VIRTIO_BLK_F_TOPOLOGY     10
#define VIRTIO_BLK_F_CONFIG_WCE   11
#define VIRTIO_BLK_F_MQ           12
#define VIRTIO_BLK_F_DISCARD      13
#define VIRTIO_BLK_F_WRITE_ZEROES 14
#define VIRTIO_BLK_F_LIFETIME     15
#define VIRTIO_BLK_F_SECURE_ERASE 16
#define VIRTIO_BLK_F_ZONED        17

/* 5.2.4 Device configuration layout, as offsets. */
#define VIRTIO_BLK_CONFIG_CAPACITY                 0  /* le64, sectors */
#define VIRTIO_BLK_CONFIG_SIZE_MAX                 8  /* le32, bytes */
#define VIRTIO_BLK_CONFIG_SEG_MAX                  12 /* le32 */
#define VIRTIO_BLK_CONFIG_GEOMETRY_CYLINDERS       16 /* le16 */
#define VIRTIO_BLK_CONFIG_GEOMETRY_HEADS           18 /* u8 */
#define VIRTIO_BLK_CONFIG_GEOMETRY_SECTORS         19 /* u8 */
#define VIRTIO_BLK_CONFIG_BLK_SIZE                 20 /* le32, bytes */
#define VIRTIO_BLK_CONFIG_PHYSICAL_BLOCK_EXP       24 /* u8, log2 of blocks */
#define VIRTIO_BLK_CONFIG_ALIGNMENT_OFFSET         25 /* u8, blocks */
#define VIRTIO_BLK_CONFIG_MIN_IO_SIZE              26 /* le16, blocks */
#define VIRTIO_BLK_CONFIG_OPT_IO_SIZE              28 /* le32, blocks */
#define VIRTIO_BLK_CONFIG_WRITEBACK                32 /* u8 */
#define VIRTIO_BLK_CONFIG_NUM_QUEUES               34 /* le16 */
#define VIRTIO_BLK_CONFIG_MAX_DISCARD_SECTORS      36 /* le32 */
#define VIRTIO_BLK_CONFIG_MAX_DISCARD_SEG          40 /* le32 */
#define VIRTIO_BLK_CONFIG_DISCARD_ALIGNMENT        44 /* le32, sectors */
#define VIRTIO_BLK_CONFIG_MAX_WRITE_ZEROES_SECTORS 48 /* le32 */
#define VIRTIO_BLK_CONFIG_MAX_WRITE_ZEROES_SEG     52 /* le32 */
#define VIRTIO_BLK_CONFIG_WRITE_ZEROES_MAY_UNMAP   56 /* u8 */
#define VIRTIO_BLK_CONFIG_MAX_SECURE_ERASE_SECTORS 60 /* le32 */
#define VIRTIO_BLK_CONFIG_MAX_SECURE_ERASE_SEG     64 /* le32 */
#define VIRTIO_BLK_CONFIG_SECURE_ERASE_ALIGNMENT   68 /* le32, sectors */

/* 5.2.6 Device Operation: the device-readable header of a request. */
struct virtio_blk_req_header {
    uint32_t type;
    uint32_t ioprio; /* reserved on modern devices */
    uint64_t sector;
};

#define VIRTIO_BLK_T_IN           0u
#define VIRTIO_BLK_T_OUT          1u
#define VIRTIO_BLK_T_FLUSH        4u
#define VIRTIO_BLK_T_GET_ID       8u
#define VIRTIO_BLK_T_GET_LIFETIME 10u
#define VIRTIO_BLK_T_DISCARD      11u
#define VIRTIO_BLK_T_WRITE_ZEROES 13u
#define VIRTIO_BLK_T_SECURE_ERASE 14u

/* The device-writable status byte that ends a request. */
#define VIRTIO_BLK_S_OK     0u
#define VIRTIO_BLK_S_IOERR  1u
#define VIRTIO_BLK_S_UNSUPP 2u

#endif
