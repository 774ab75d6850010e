/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a block device does when it is asked.
 *
 * Spec: Block Device, Device Operation.
 */
#include <string.h>

#include "disk_impl.h"
#include "feature.h"

struct model_range model_get_range(const struct model_chain *c, uint64_t at)
{
    struct model_range raw, range;

    model_chain_read(c, at, &raw, RANGE);
    range.sector = model_get64(c->queue, &raw.sector);
    range.n = model_get32(c->queue, &raw.n);
    range.flags = model_get32(c->queue, &raw.flags);
    return range;
}

const struct model_limits *model_limits_of(const struct model_disk *disk,
                                           uint32_t type)
{
    return type == T_DISCARD        ? &disk->discard
           : type == T_WRITE_ZEROES ? &disk->zeroes
                                    : &disk->erase;
}

void model_make_durable(struct model_disk *disk, uint64_t sector, uint64_t n)
{
    memcpy(disk->durable + sector * MODEL_SECTOR,
           disk->data + sector * MODEL_SECTOR, (size_t)n * MODEL_SECTOR);
}

/* When a write is stable as soon as it is completed. */
static bool is_stable(const struct model_disk *disk,
                      const struct model_queue *q)
{
    if (disk->write_through)
        return true;
    if (model_queue_has(q, MF_BLK_CONFIG_WCE))
        return q->dev->config[32] == 0;
    return !model_queue_has(q, MF_BLK_FLUSH) &&
           (q->dev->offered & MF(MF_BLK_FLUSH));
}

static void wrote(struct model_disk *disk, const struct model_queue *q,
                  uint64_t sector, uint64_t n)
{
    if (is_stable(disk, q))
        model_make_durable(disk, sector, n);
    model_zone_after_write(disk, sector, n);
}

static bool past_end(const struct model_disk *disk, uint64_t sector, uint64_t n)
{
    return sector > disk->sectors || n > disk->sectors - sector ||
           sector + n > MODEL_DISK_SECTORS;
}

/* What is discarded or erased reads as anything: not as it did, not as
 * zeroes. */
static void clear(struct model_disk *disk, const struct model_range *range,
                  uint32_t type)
{
    uint8_t *at = disk->data + range->sector * MODEL_SECTOR;
    size_t bytes = range->n * (size_t)MODEL_SECTOR;

    if (type == T_WRITE_ZEROES) {
        memset(at, 0, bytes);
        disk->unmapped += range->flags & 1 ? range->n : 0;
        return;
    }
    for (size_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)(at[i] * 5 + i + 0xd5);
}

/* A secure erase resets the zones. */
static void erase_zones(struct model_disk *disk,
                        const struct model_range *range)
{
    for (unsigned i = 0; i < disk->zoned.n; i++) {
        struct model_zone *z = &disk->zoned.zone[i];

        if (z->type == MODEL_ZT_CONV || z->start < range->sector ||
            z->start >= range->sector + range->n)
            continue;
        z->state = MODEL_ZS_EMPTY;
        z->write_pointer = z->start;
    }
}

static uint8_t do_ranges(struct model_disk *disk, const struct model_chain *c,
                         uint32_t type, bool partial)
{
    for (uint64_t at = HEADER; at + RANGE <= c->readable; at += RANGE) {
        struct model_range range = model_get_range(c, at);

        if (range.flags & ~(type == T_WRITE_ZEROES ? 1u : 0u))
            return S_UNSUPP;
        if (past_end(disk, range.sector, range.n))
            return S_IOERR;
        if (range.n > disk->longest_range)
            disk->longest_range = range.n;
        clear(disk, &range, type);
        if (type == T_SECURE_ERASE)
            erase_zones(disk, &range);
        if (is_stable(disk, c->queue))
            model_make_durable(disk, range.sector, range.n);
        if (partial)
            return S_IOERR;
    }
    return S_OK;
}

static uint8_t do_write(struct model_disk *disk, const struct model_chain *c,
                        const struct model_request *r)
{
    uint64_t n = r->bytes / MODEL_SECTOR;
    uint8_t status;

    if (disk->read_only || past_end(disk, r->sector, n))
        return S_IOERR;
    status = model_zone_before_write(disk, r->sector, n);
    if (status != S_OK)
        return status;
    model_chain_read(c, HEADER, disk->data + r->sector * MODEL_SECTOR,
                     r->bytes);
    wrote(disk, c->queue, r->sector, n);
    return S_OK;
}

static uint8_t do_append(struct model_disk *disk, const struct model_chain *c,
                         const struct model_request *r)
{
    uint64_t where = 0, n = r->bytes / MODEL_SECTOR;
    uint8_t status, answer[8];

    if (disk->read_only)
        return S_IOERR;
    status = model_zone_append(disk, r, &where);
    if (status != S_OK)
        return status;
    model_chain_read(c, HEADER, disk->data + where * MODEL_SECTOR, r->bytes);
    wrote(disk, c->queue, where, n);
    for (unsigned i = 0; i < 8; i++)
        answer[i] = (uint8_t)(where >> 8 * i);
    model_chain_write(c, 0, answer, 8);
    return S_OK;
}

static uint8_t do_read(struct model_disk *disk, const struct model_chain *c,
                       const struct model_request *r)
{
    struct model_zone *z = model_zone_at(disk, r->sector);
    uint64_t n = r->bytes / MODEL_SECTOR;

    if (past_end(disk, r->sector, n))
        return S_IOERR;
    if (z && z->state == MODEL_ZS_OFFLINE)
        return S_ZONE_INVALID_CMD;
    /* 5.2.6.2: it has sectors in more than one zone. */
    if (z && z->type == MODEL_ZT_SWR && r->sector + n > z->start + z->len)
        return S_ZONE_INVALID_CMD;
    model_chain_write(c, 0, disk->data + r->sector * MODEL_SECTOR, r->bytes);
    return S_OK;
}

static uint8_t do_lifetime(struct model_disk *disk, const struct model_chain *c)
{
    uint8_t answer[LIFETIME_BYTES];

    for (unsigned i = 0; i < 3; i++)
        model_put16(c->queue, answer + 2 * i, disk->lifetime[i]);
    model_chain_write(c, 0, answer, LIFETIME_BYTES);
    return S_OK;
}

/* The first readable segment is the command, the others are data, as are the
 * writable ones before the sense. */
static uint8_t do_scsi(struct model_disk *disk, const struct model_chain *c)
{
    struct model_scsi *s = &disk->scsi;
    uint64_t tail = SENSE_BYTES + SCSI_TAIL + 1, data;
    uint8_t rest[SCSI_TAIL];

    if (c->writable < tail || c->n < 5 || c->segment[1].len > sizeof(s->cmd))
        return S_IOERR;
    data = c->writable - tail;
    s->cmd_len = c->segment[1].len;
    s->device_writes = data > 0;
    s->data_len = data ? data : c->readable - HEADER - s->cmd_len;
    model_chain_read(c, HEADER, s->cmd, s->cmd_len);
    if (data)
        model_chain_write(c, 0, s->data, data);
    else
        model_chain_read(c, HEADER + s->cmd_len, s->data, s->data_len);
    model_chain_write(c, data, s->sense, SENSE_BYTES);
    model_put32(c->queue, rest, s->errors);
    model_put32(c->queue, rest + 4, 0x5ca1ab1e); /* to be ignored */
    model_put32(c->queue, rest + 8, s->sense_len);
    model_put32(c->queue, rest + 12, s->residual);
    model_chain_write(c, data + SENSE_BYTES, rest, SCSI_TAIL);
    return S_OK;
}

uint8_t model_disk_perform(struct model_disk *disk, const struct model_chain *c,
                           const struct model_request *r, bool partial)
{
    switch (r->type) {
    case T_IN:
        return do_read(disk, c, r);
    case T_OUT:
        return do_write(disk, c, r);
    case T_FLUSH:
        memcpy(disk->durable, disk->data, sizeof(disk->durable));
        return S_OK;
    case T_GET_ID:
        model_chain_write(c, 0, disk->id, ID_BYTES);
        return S_OK;
    case T_GET_LIFETIME:
        return do_lifetime(disk, c);
    case T_SCSI_CMD:
        return do_scsi(disk, c);
    case T_DISCARD:
    case T_WRITE_ZEROES:
    case T_SECURE_ERASE:
        return disk->read_only ? S_IOERR : do_ranges(disk, c, r->type, partial);
    case T_ZONE_APPEND:
        return do_append(disk, c, r);
    case T_ZONE_REPORT:
        return model_zone_report(disk, c, r);
    default:
        return model_zone_manage(disk, r);
    }
}
