/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the model disk share. */
#ifndef MODEL_DISK_IMPL_H
#define MODEL_DISK_IMPL_H

#include "disk.h"

/* Request types. */
#define T_IN             0u
#define T_OUT            1u
#define T_SCSI_CMD       2u
#define T_FLUSH          4u
#define T_GET_ID         8u
#define T_GET_LIFETIME   10u
#define T_DISCARD        11u
#define T_WRITE_ZEROES   13u
#define T_SECURE_ERASE   14u
#define T_ZONE_APPEND    15u
#define T_ZONE_REPORT    16u
#define T_ZONE_OPEN      18u
#define T_ZONE_CLOSE     20u
#define T_ZONE_FINISH    22u
#define T_ZONE_RESET     24u
#define T_ZONE_RESET_ALL 26u
#define T_END            32u

#define S_OK                   0u
#define S_IOERR                1u
#define S_UNSUPP               2u
#define S_ZONE_INVALID_CMD     3u
#define S_ZONE_UNALIGNED_WP    4u
#define S_ZONE_OPEN_RESOURCE   5u
#define S_ZONE_ACTIVE_RESOURCE 6u

#define HEADER         16u
#define RANGE          16u /* of discard and the like */
#define ID_BYTES       20u
#define LIFETIME_BYTES 6u
#define APPEND_BYTES   8u /* the sector behind the data of an append */
#define REPORT_HEADER  64u
#define REPORT_ZONE    64u
#define SENSE_BYTES    96u
#define SCSI_TAIL      16u /* errors, data_len, sense_len, residual */

/* One range, as it lies in the data. */
struct model_range {
    uint64_t sector;
    uint32_t n, flags;
};

static inline bool is_range_type(uint32_t type)
{
    return type == T_DISCARD || type == T_WRITE_ZEROES ||
           type == T_SECURE_ERASE;
}

struct model_range model_get_range(const struct model_chain *c, uint64_t at);
const struct model_limits *model_limits_of(const struct model_disk *disk,
                                           uint32_t type);

/* Does this request keep the rules that bind the driver? (disk_check.c) */
void model_disk_check(const struct model_disk *disk,
                      const struct model_chain *c,
                      const struct model_request *r);

/* Do it. Returns the status. (disk_op.c) */
uint8_t model_disk_perform(struct model_disk *disk, const struct model_chain *c,
                           const struct model_request *r, bool partial);
void model_make_durable(struct model_disk *disk, uint64_t sector, uint64_t n);

/* Zones (disk_zone.c): before a write to [sector, sector + n), which may open
 * the zone; after it; a management request; an append's place. */
uint8_t model_zone_before_write(struct model_disk *disk, uint64_t sector,
                                uint64_t n);
void model_zone_after_write(struct model_disk *disk, uint64_t sector,
                            uint64_t n);
uint8_t model_zone_manage(struct model_disk *disk,
                          const struct model_request *r);
uint8_t model_zone_append(struct model_disk *disk,
                          const struct model_request *r, uint64_t *where);
uint8_t model_zone_report(struct model_disk *disk, const struct model_chain *c,
                          const struct model_request *r);
struct model_zone *model_zone_at(struct model_disk *disk, uint64_t sector);

#endif
