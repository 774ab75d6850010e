/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Zones: write pointers, states, and how many may be open or active.
 *
 * Spec: Block Device, Device Operation, what applies with
 * VIRTIO_BLK_F_ZONED.
 */
#include <string.h>

#include "disk_impl.h"

struct model_zone *model_zone_at(struct model_disk *disk, uint64_t sector)
{
    for (unsigned i = 0; i < disk->zoned.n; i++) {
        struct model_zone *z = &disk->zoned.zone[i];

        if (sector >= z->start && sector - z->start < z->len)
            return z;
    }
    return NULL;
}

static bool is_open(const struct model_zone *z)
{
    return z->state == MODEL_ZS_IOPEN || z->state == MODEL_ZS_EOPEN;
}

static bool is_active(const struct model_zone *z)
{
    return is_open(z) || z->state == MODEL_ZS_CLOSED;
}

static bool is_writable(const struct model_zone *z)
{
    return is_active(z) || z->state == MODEL_ZS_EMPTY;
}

/* Room for one more open zone: one that was opened implicitly is closed for
 * it. */
static bool make_room(struct model_disk *disk)
{
    struct model_zone *victim = NULL;
    unsigned open = 0;

    for (unsigned i = 0; i < disk->zoned.n; i++) {
        open += is_open(&disk->zoned.zone[i]);
        if (disk->zoned.zone[i].state == MODEL_ZS_IOPEN)
            victim = &disk->zoned.zone[i];
    }
    if (!disk->zoned.max_open || open < disk->zoned.max_open)
        return true;
    if (victim)
        victim->state = MODEL_ZS_CLOSED;
    return victim != NULL;
}

static uint8_t open_zone(struct model_disk *disk, struct model_zone *z,
                         uint8_t state)
{
    unsigned active = 0;

    if (z->state == MODEL_ZS_EOPEN || z->state == state)
        return S_OK;
    if (!is_writable(z))
        return S_ZONE_INVALID_CMD;
    for (unsigned i = 0; i < disk->zoned.n; i++)
        active += is_active(&disk->zoned.zone[i]);
    if (!is_active(z) && disk->zoned.max_active &&
        active >= disk->zoned.max_active)
        return S_ZONE_ACTIVE_RESOURCE;
    if (!is_open(z) && !make_room(disk))
        return S_ZONE_OPEN_RESOURCE;
    z->state = state;
    return S_OK;
}

uint8_t model_zone_before_write(struct model_disk *disk, uint64_t sector,
                                uint64_t n)
{
    struct model_zone *z = model_zone_at(disk, sector);
    uint64_t end = sector + n;

    if (!z || z->type == MODEL_ZT_CONV)
        return S_OK;
    if (!is_writable(z) && z->type == MODEL_ZT_SWR)
        return S_ZONE_INVALID_CMD;
    if (z->type == MODEL_ZT_SWP)
        return is_writable(z) ? open_zone(disk, z, MODEL_ZS_IOPEN) : S_OK;
    if (end > z->start + z->capacity)
        return S_ZONE_INVALID_CMD;
    if (sector != z->write_pointer ||
        end * MODEL_SECTOR % disk->zoned.granularity)
        return S_ZONE_UNALIGNED_WP;
    return open_zone(disk, z, MODEL_ZS_IOPEN);
}

void model_zone_after_write(struct model_disk *disk, uint64_t sector,
                            uint64_t n)
{
    struct model_zone *z = model_zone_at(disk, sector);

    if (!z || z->type == MODEL_ZT_CONV || z->state == MODEL_ZS_FULL)
        return;
    if (sector + n > z->write_pointer)
        z->write_pointer = sector + n;
    if (z->write_pointer >= z->start + z->capacity)
        z->state = MODEL_ZS_FULL;
}

uint8_t model_zone_append(struct model_disk *disk,
                          const struct model_request *r, uint64_t *where)
{
    struct model_zone *z = model_zone_at(disk, r->sector);
    uint64_t n = r->bytes / MODEL_SECTOR;

    if (!disk->zoned.max_append)
        return S_UNSUPP;
    if (!z || z->type != MODEL_ZT_SWR || r->sector != z->start ||
        n > disk->zoned.max_append || !is_writable(z) ||
        n > z->start + z->capacity - z->write_pointer)
        return S_ZONE_INVALID_CMD;
    *where = z->write_pointer;
    return open_zone(disk, z, MODEL_ZS_IOPEN);
}

static void reset_zone(struct model_zone *z)
{
    z->state = MODEL_ZS_EMPTY;
    z->write_pointer = z->start;
}

static uint8_t close_zone(struct model_zone *z)
{
    if (!is_active(z))
        return S_ZONE_INVALID_CMD;
    z->state = z->write_pointer == z->start && z->state == MODEL_ZS_EOPEN
                   ? MODEL_ZS_EMPTY
                   : MODEL_ZS_CLOSED;
    return S_OK;
}

static uint8_t reset_all(struct model_disk *disk)
{
    for (unsigned i = 0; i < disk->zoned.n; i++) {
        struct model_zone *z = &disk->zoned.zone[i];

        if (is_active(z) || z->state == MODEL_ZS_FULL)
            reset_zone(z);
    }
    return S_OK;
}

static uint8_t manage_one(struct model_disk *disk, struct model_zone *z,
                          uint32_t type)
{
    switch (type) {
    case T_ZONE_OPEN:
        return open_zone(disk, z, MODEL_ZS_EOPEN);
    case T_ZONE_CLOSE:
        return close_zone(z);
    case T_ZONE_FINISH:
        z->state = MODEL_ZS_FULL;
        return S_OK;
    default:
        reset_zone(z);
        return S_OK;
    }
}

uint8_t model_zone_manage(struct model_disk *disk,
                          const struct model_request *r)
{
    struct model_zone *z = model_zone_at(disk, r->sector);

    if (r->type < T_ZONE_OPEN || r->type > T_ZONE_RESET_ALL || r->type % 2)
        return S_UNSUPP;
    if (r->type == T_ZONE_RESET_ALL)
        return reset_all(disk);
    if (!z || z->start != r->sector || z->type == MODEL_ZT_CONV ||
        z->state == MODEL_ZS_OFFLINE || z->state == MODEL_ZS_RDONLY)
        return S_ZONE_INVALID_CMD;
    return manage_one(disk, z, r->type);
}

/* Always little-endian: no legacy device has zones. */
static void put64(uint8_t *p, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        p[i] = (uint8_t)(value >> 8 * i);
}

uint8_t model_zone_report(struct model_disk *disk, const struct model_chain *c,
                          const struct model_request *r)
{
    uint64_t room = (r->bytes - REPORT_HEADER) / REPORT_ZONE, n = 0;
    uint8_t header[REPORT_HEADER] = {0};
    struct model_zone *z = model_zone_at(disk, r->sector);

    if (!z)
        return S_ZONE_INVALID_CMD;
    for (; n < room && z < disk->zoned.zone + disk->zoned.n; z++, n++) {
        uint8_t out[REPORT_ZONE] = {0};

        put64(out, z->capacity);
        put64(out + 8, z->start);
        put64(out + 16, z->write_pointer);
        out[24] = z->type;
        out[25] = z->state;
        model_chain_write(c, REPORT_HEADER + n * REPORT_ZONE, out, sizeof(out));
    }
    put64(header, n);
    model_chain_write(c, 0, header, sizeof(header));
    return S_OK;
}
