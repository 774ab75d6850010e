/* SPDX-License-Identifier: BSD-2-Clause */
/* A zoned disk, for the tests of the block frontend. */
#ifndef UNIT_ZONE_H
#define UNIT_ZONE_H

#include "unit_disk.h"

#define ZONE  64u /* sectors */
#define ZONES 16u

/* What the requests below are made of, and where an append landed. */
extern uint8_t *zone_data;
extern struct vio_buf zone_buf;
extern struct vio_blk_req zone_req;
extern uint64_t zone_where;

/* A disk of this model, its first two zones conventional, not yet looked at;
 * bring it up; both. */
void zone_device(uint8_t model);
void zone_up(void);
void zone_start(uint8_t model);

/* The first sector of a zone, and its state on the side of the device. */
uint64_t zone_at(unsigned zone);
unsigned zone_state_of(unsigned zone);

/* One request, run to its end: the result. */
int zone_manage(enum vio_blk_zone_op op, uint64_t sector);
int zone_append(uint64_t sector, size_t bytes);
int zone_report(uint64_t sector, unsigned zones);

#endif
