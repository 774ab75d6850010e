/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What binds the driver in a request to a block device.
 *
 * Spec: Block Device, Driver Requirements: Device Operation; Legacy Interface:
 * Framing Requirements.
 */
#include "check.h"
#include "disk_impl.h"
#include "feature.h"

/* Framing that old devices rely on: the header and the status in descriptors
 * of their own. Everybody else must cope with any; ours does so too. */
static void check_framing(const struct model_chain *c)
{
    const struct model_queue *q = c->queue;
    const struct model_segment *first = &c->segment[0];
    const struct model_segment *last = &c->segment[c->n - 1];

    if (!q->legacy || model_queue_has(q, MF_ANY_LAYOUT))
        return;
    if (c->n < 2 || first->write || first->len != HEADER)
        model_violation("LBLK-10", "the header is not one descriptor");
    if (!last->write || last->len != 1)
        model_violation("LBLK-10", "the status is not one descriptor");
}

/* Sense and the rest each in one descriptor, the command in one buffer. */
static void check_scsi(const struct model_chain *c)
{
    uint32_t readable = 0;

    for (uint32_t i = 0; i < c->n; i++)
        readable += !c->segment[i].write;
    if (c->n < 5 || c->segment[1].write ||
        (readable > 2 && c->writable != SENSE_BYTES + SCSI_TAIL + 1))
        model_violation("LBLK-08", "the command is not one buffer");
    if (c->n < 5 || !c->segment[c->n - 3].write ||
        c->segment[c->n - 3].len != SENSE_BYTES)
        model_violation("LBLK-11", "the sense is not one descriptor");
    if (c->n < 5 || !c->segment[c->n - 2].write ||
        c->segment[c->n - 2].len != SCSI_TAIL)
        model_violation("LBLK-12", "errors and the rest not one descriptor");
}

static void check_limits(const struct model_disk *disk,
                         const struct model_chain *c,
                         const struct model_request *r)
{
    for (uint32_t i = 1; i + 1 < c->n; i++) {
        if (disk->size_max && c->segment[i].len > disk->size_max)
            model_violation("DX-BLK-03", "a segment of %u bytes, size_max %u",
                            c->segment[i].len, disk->size_max);
    }
    if (r->segments > (disk->seg_max ? disk->seg_max : 1))
        model_violation("DX-BLK-03", "%u segments, seg_max %u", r->segments,
                        disk->seg_max);
}

static void check_sectors(const struct model_disk *disk,
                          const struct model_request *r)
{
    if (r->bytes % MODEL_SECTOR || !r->bytes)
        model_violation("BLK-10", "%llu bytes of data",
                        (unsigned long long)r->bytes);
    if (r->sector > disk->promised ||
        r->bytes / MODEL_SECTOR > disk->promised - r->sector)
        model_violation("BLK-06", "sector %llu, %llu bytes: past the end",
                        (unsigned long long)r->sector,
                        (unsigned long long)r->bytes);
}

static void check_range(const struct model_disk *disk,
                        const struct model_range *range, uint32_t type)
{
    uint32_t zone = disk->zoned.zone_sectors;

    if (range->n > model_limits_of(disk, type)->sectors || !range->n)
        model_violation("DX-BLK-09", "a range of %u sectors", range->n);
    if (range->sector > disk->promised ||
        range->n > disk->promised - range->sector)
        model_violation("BLK-06", "a range past the end");
    if (range->flags & ~(type == T_WRITE_ZEROES ? 1u : 0u))
        model_violation("BLK-18", "type %u with flags %#x", type, range->flags);
    if (type == T_SECURE_ERASE && zone &&
        (range->sector % zone || range->n % zone))
        model_violation("BLKZ-19", "an erase of parts of zones");
}

static void check_ranges(const struct model_disk *disk,
                         const struct model_chain *c,
                         const struct model_request *r)
{
    static const char *const rows[] = {
        [T_DISCARD] = "BLK-13",
        [T_SECURE_ERASE] = "BLK-14",
        [T_WRITE_ZEROES] = "BLK-15",
    };

    if (r->bytes % RANGE || !r->bytes)
        model_violation("BLK-11", "%llu bytes of ranges",
                        (unsigned long long)r->bytes);
    if (r->bytes / RANGE > model_limits_of(disk, r->type)->ranges)
        model_violation(rows[r->type], "%llu ranges",
                        (unsigned long long)r->bytes / RANGE);
    for (uint64_t at = HEADER; at + RANGE <= c->readable; at += RANGE) {
        struct model_range range = model_get_range(c, at);

        check_range(disk, &range, r->type);
    }
}

static void check_zone_start(const struct model_disk *disk,
                             const struct model_request *r, const char *row)
{
    if (r->sector >= disk->promised || !disk->zoned.zone_sectors ||
        r->sector % disk->zoned.zone_sectors)
        model_violation(row, "sector %llu is no zone's first",
                        (unsigned long long)r->sector);
}

static void check_append(const struct model_disk *disk,
                         const struct model_request *r)
{
    check_sectors(disk, r);
    check_zone_start(disk, r, "BLKZ-12");
    if (disk->zoned.granularity && r->bytes % disk->zoned.granularity)
        model_violation("BLKZ-13", "an append of %llu bytes",
                        (unsigned long long)r->bytes);
    if (r->bytes / MODEL_SECTOR > disk->zoned.max_append)
        model_violation("BLKZ-14", "an append of %llu bytes",
                        (unsigned long long)r->bytes);
}

/* Everything that is about one type only. */
static void check_by_type(const struct model_disk *disk,
                          const struct model_chain *c,
                          const struct model_request *r)
{
    switch (r->type) {
    case T_OUT:
        if (disk->read_only)
            model_violation("DX-BLK-08", "a write to a read-only disk");
        /* fall through */
    case T_IN:
        check_sectors(disk, r);
        return;
    case T_ZONE_APPEND:
        check_append(disk, r);
        return;
    case T_ZONE_OPEN:
    case T_ZONE_CLOSE:
    case T_ZONE_FINISH:
    case T_ZONE_RESET:
        check_zone_start(disk, r, "BLKZ-10");
        return;
    case T_ZONE_REPORT:
        if (r->sector >= disk->promised)
            model_violation("BLKZ-08", "a report from past the end");
        return;
    case T_SCSI_CMD:
        check_scsi(c);
        break;
    case T_DISCARD:
    case T_WRITE_ZEROES:
    case T_SECURE_ERASE:
        check_ranges(disk, c, r);
        break;
    }
    if (r->sector)
        model_violation(r->type == T_ZONE_RESET_ALL ? "BLKZ-11" : "BLK-08",
                        "type %u with sector %llu", r->type,
                        (unsigned long long)r->sector);
}

static void check_bytes(const struct model_request *r)
{
    if (r->type == T_FLUSH && r->bytes)
        model_violation("BLK-09", "a flush with %llu bytes of data",
                        (unsigned long long)r->bytes);
    if (r->type == T_GET_ID && r->bytes != ID_BYTES)
        model_violation("BLK-12", "an id of %llu bytes",
                        (unsigned long long)r->bytes);
    if (r->type == T_GET_LIFETIME && r->bytes != LIFETIME_BYTES)
        model_violation("DX-BLK-LIFETIME", "a lifetime of %llu bytes",
                        (unsigned long long)r->bytes);
    if (r->type >= T_ZONE_OPEN && r->bytes)
        model_violation("DX-BLK-ZONE", "zone management with data");
    if (r->type == T_ZONE_REPORT && r->bytes < REPORT_HEADER)
        model_violation("DX-BLK-ZONE", "a report of %llu bytes",
                        (unsigned long long)r->bytes);
}

static void check_feature(const struct model_queue *q, uint32_t type)
{
    static const uint8_t needs[T_END] = {
        [T_SCSI_CMD] = MF_BLK_SCSI,
        [T_FLUSH] = MF_BLK_FLUSH,
        [T_GET_LIFETIME] = MF_BLK_LIFETIME,
        [T_DISCARD] = MF_BLK_DISCARD,
        [T_WRITE_ZEROES] = MF_BLK_WRITE_ZEROES,
        [T_SECURE_ERASE] = MF_BLK_SECURE_ERASE,
        [T_ZONE_APPEND] = MF_BLK_ZONED,
        [T_ZONE_REPORT] = MF_BLK_ZONED,
        [T_ZONE_OPEN] = MF_BLK_ZONED,
        [T_ZONE_CLOSE] = MF_BLK_ZONED,
        [T_ZONE_FINISH] = MF_BLK_ZONED,
        [T_ZONE_RESET] = MF_BLK_ZONED,
        [T_ZONE_RESET_ALL] = MF_BLK_ZONED,
    };

    if (type < T_END && needs[type] && !model_queue_has(q, needs[type]))
        model_violation("FEAT-02", "request type %u without feature %u", type,
                        (unsigned)needs[type]);
}

void model_disk_check(const struct model_disk *disk,
                      const struct model_chain *c,
                      const struct model_request *r)
{
    check_framing(c);
    /* Of old, a priority. */
    if (r->ioprio && !c->queue->legacy)
        model_violation("DX-BLK-HEADER", "the reserved word is %#x", r->ioprio);
    check_limits(disk, c, r);
    check_by_type(disk, c, r);
    check_bytes(r);
    check_feature(c->queue, r->type);
}
