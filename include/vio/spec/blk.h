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
#define VIRTIO_BLK_CONFIG_ZONE_SECTORS             72 /* le32 */
#define VIRTIO_BLK_CONFIG_MAX_OPEN_ZONES           76 /* le32 */
#define VIRTIO_BLK_CONFIG_MAX_ACTIVE_ZONES         80 /* le32 */
#define VIRTIO_BLK_CONFIG_MAX_APPEND_SECTORS       84 /* le32 */
#define VIRTIO_BLK_CONFIG_WRITE_GRANULARITY        88 /* le32, bytes */
#define VIRTIO_BLK_CONFIG_ZONED_MODEL              92 /* u8 */

#define VIRTIO_BLK_Z_NONE 0
#define VIRTIO_BLK_Z_HM   1 /* host-managed */
#define VIRTIO_BLK_Z_HA   2 /* host-aware */

/* 5.2.6 Device Operation: the device-readable header of a request. */
struct virtio_blk_req_header {
    uint32_t type;
    uint32_t ioprio; /* reserved on modern devices */
    uint64_t sector;
};

#define VIRTIO_BLK_T_IN             0u
#define VIRTIO_BLK_T_OUT            1u
#define VIRTIO_BLK_T_SCSI_CMD       2u /* legacy */
#define VIRTIO_BLK_T_FLUSH          4u
#define VIRTIO_BLK_T_GET_ID         8u
#define VIRTIO_BLK_T_GET_LIFETIME   10u
#define VIRTIO_BLK_T_DISCARD        11u
#define VIRTIO_BLK_T_WRITE_ZEROES   13u
#define VIRTIO_BLK_T_SECURE_ERASE   14u
#define VIRTIO_BLK_T_ZONE_APPEND    15u
#define VIRTIO_BLK_T_ZONE_REPORT    16u
#define VIRTIO_BLK_T_ZONE_OPEN      18u
#define VIRTIO_BLK_T_ZONE_CLOSE     20u
#define VIRTIO_BLK_T_ZONE_FINISH    22u
#define VIRTIO_BLK_T_ZONE_RESET     24u
#define VIRTIO_BLK_T_ZONE_RESET_ALL 26u

/* The data of a discard, a secure erase or a write-zeroes request: segments. */
struct virtio_blk_discard_write_zeroes {
    uint64_t sector;
    uint32_t num_sectors;
    uint32_t flags; /* bit 0: unmap, of write-zeroes only */
};

#define VIRTIO_BLK_WRITE_ZEROES_UNMAP 1u

/* The data of a lifetime request. */
struct virtio_blk_lifetime {
    uint16_t pre_eol_info;
    uint16_t device_lifetime_est_typ_a;
    uint16_t device_lifetime_est_typ_b;
};

#define VIRTIO_BLK_PRE_EOL_INFO_URGENT 3u  /* the last that means anything */
#define VIRTIO_BLK_LIFETIME_EXCEEDED   11u /* likewise */

/* The data of a zone report: a header, then descriptors. */
struct virtio_blk_zone_report {
    uint64_t nr_zones;
    uint8_t reserved[56];
};

struct virtio_blk_zone_descriptor {
    uint64_t z_cap;
    uint64_t z_start;
    uint64_t z_wp;
    uint8_t z_type;
    uint8_t z_state;
    uint8_t reserved[38];
};

/* z_type. */
#define VIRTIO_BLK_ZT_CONV 1 /* conventional */
#define VIRTIO_BLK_ZT_SWR  2 /* sequential write required */
#define VIRTIO_BLK_ZT_SWP  3 /* sequential write preferred */

/* z_state. */
#define VIRTIO_BLK_ZS_NOT_WP  0 /* no write pointer */
#define VIRTIO_BLK_ZS_EMPTY   1
#define VIRTIO_BLK_ZS_IOPEN   2 /* implicitly open */
#define VIRTIO_BLK_ZS_EOPEN   3 /* explicitly open */
#define VIRTIO_BLK_ZS_CLOSED  4
#define VIRTIO_BLK_ZS_RDONLY  13
#define VIRTIO_BLK_ZS_FULL    14
#define VIRTIO_BLK_ZS_OFFLINE 15

/* 5.2.6.3: what ends a legacy SCSI command, before the status. */
struct virtio_scsi_inhdr {
    uint32_t errors;
    uint32_t data_len;
    uint32_t sense_len;
    uint32_t residual;
};

#define VIRTIO_BLK_SCSI_SENSE_BYTES 96u

/* The device-writable status byte that ends a request. */
#define VIRTIO_BLK_S_OK                   0u
#define VIRTIO_BLK_S_IOERR                1u
#define VIRTIO_BLK_S_UNSUPP               2u
#define VIRTIO_BLK_S_ZONE_INVALID_CMD     3u
#define VIRTIO_BLK_S_ZONE_UNALIGNED_WP    4u
#define VIRTIO_BLK_S_ZONE_OPEN_RESOURCE   5u
#define VIRTIO_BLK_S_ZONE_ACTIVE_RESOURCE 6u

#endif
