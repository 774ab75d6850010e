/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a zone report. The device may still write to the buffer while it is
 * read: what counts is each value's copy.
 *
 * Spec: 5.2.6 Device Operation.
 */
#include "blk_impl.h"

/* Zoned devices are modern ones, and so little-endian. */
static uint64_t le64(const unsigned char *p)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < 8; i++)
        value |= (uint64_t)vio_shared_load8(&p[i]) << 8 * i;
    return value;
}

uint64_t vio_blk_zone_count(const struct vio_buf *report)
{
    size_t header = sizeof(struct virtio_blk_zone_report);
    uint64_t n, room;

    if (report->len < header)
        return 0;
    n = le64(report->base);
    room = (report->len - header) / sizeof(struct virtio_blk_zone_descriptor);
    return n < room ? n : room;
}

int vio_blk_zone_get(const struct vio_buf *report, uint64_t i,
                     struct vio_blk_zone *zone)
{
    const unsigned char *p = report->base;

    if (i >= vio_blk_zone_count(report))
        return VIO_ERANGE;
    p += sizeof(struct virtio_blk_zone_report) +
         (size_t)i * sizeof(struct virtio_blk_zone_descriptor);
    zone->capacity = le64(p);
    zone->start = le64(p + 8);
    zone->write_pointer = le64(p + 16);
    zone->type = vio_shared_load8(p + 24);
    zone->state = vio_shared_load8(p + 25);
    return 0;
}
