/* SPDX-License-Identifier: BSD-2-Clause */
/* A zoned disk, for the tests of the block frontend. */
#include "unit_zone.h"

uint8_t *zone_data;
struct vio_buf zone_buf;
struct vio_blk_req zone_req;
uint64_t zone_where;

void zone_device(uint8_t model)
{
    unit_disk_device(2, ZONE * ZONES);
    unit_disk.zoned.max_append = 32;
    model_disk_set_zoned(&unit_dev, model, ZONE, 2);
}

void zone_up(void)
{
    unit_disk_up(&(struct vio_blk_config){.max_ranges = 4});
    zone_data = unit_alloc(64 * 1024, 16);
}

void zone_start(uint8_t model)
{
    zone_device(model);
    zone_up();
}

uint64_t zone_at(unsigned zone)
{
    return (uint64_t)zone * ZONE;
}

int zone_manage(enum vio_blk_zone_op op, uint64_t sector)
{
    vio_blk_prep_zone(&zone_req, op, sector);
    return vio_blk_run(&unit_blk, &zone_req);
}

int zone_append(uint64_t sector, size_t bytes)
{
    zone_buf = (struct vio_buf){zone_data, bytes};
    zone_where = 77;
    vio_blk_prep_zone_append(&zone_req, sector, &zone_buf, 1, &zone_where);
    return vio_blk_run(&unit_blk, &zone_req);
}

int zone_report(uint64_t sector, unsigned zones)
{
    zone_buf = (struct vio_buf){zone_data, 64 + 64 * zones};
    vio_blk_prep_zone_report(&zone_req, sector, &zone_buf);
    return vio_blk_run(&unit_blk, &zone_req);
}

unsigned zone_state_of(unsigned zone)
{
    return unit_disk.zoned.zone[zone].state;
}
