/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block device: what it is, and how a request comes and goes.
 *
 * Spec: Block Device.
 */
#include <string.h>

#include "check.h"
#include "disk_impl.h"
#include "feature.h"

/* Segments of data, and bytes in them: what the frame of this type leaves. */
static void measure(const struct model_chain *c, struct model_request *r)
{
    r->bytes = c->readable - HEADER + c->writable - 1;
    r->segments = c->n - 2;
    if (r->type == T_ZONE_APPEND) {
        r->bytes = c->readable - HEADER;
        r->segments--;
        if (c->writable != APPEND_BYTES + 1)
            model_violation("DX-BLK-ZONE", "an append without its answer");
    }
    if (r->type == T_SCSI_CMD && r->segments >= 3)
        r->segments -= 3;
}

/* Read the header; everything between it and the status is data. */
static bool parse(const struct model_chain *c, struct model_request *r)
{
    uint8_t header[HEADER];
    struct model_queue *q = c->queue;

    if (model_chain_read(c, 0, header, HEADER) != HEADER || !c->writable) {
        model_violation("DX-BLK-04", "a request without header or status");
        return false;
    }
    r->type = model_get32(q, header);
    r->ioprio = model_get32(q, header + 4);
    r->sector = model_get64(q, header + 8);
    r->queue = q->index;
    measure(c, r);
    return true;
}

/* Do a request, with its fault if it has one. Returns the used length. */
static uint32_t finish(struct model_disk *disk, const struct model_chain *c,
                       const struct model_request *r,
                       const struct model_fault *f)
{
    uint8_t status = f->set_status ? f->status : S_OK;
    uint64_t used = c->writable;

    if (!f->no_data && status == S_OK) {
        status = model_disk_perform(disk, c, r, f->partial);
        if (f->set_status)
            status = f->status;
    }
    /* On an error nothing is known of the data, but the status is written. */
    if (!f->no_status)
        model_chain_write(c, c->writable - 1, &status, 1);
    return f->set_len ? f->len : (uint32_t)used;
}

static const struct model_fault *fault_of(const struct model_disk *disk,
                                          uint32_t type, unsigned number)
{
    static const struct model_fault none;
    bool typed = type < T_END && disk->fault_types >> type & 1;

    return disk->fault_always || typed || disk->fault_at == number
               ? &disk->fault
               : &none;
}

static int64_t serve(struct model_dev *d, struct model_chain *c)
{
    struct model_disk *disk = d->ctx;
    unsigned number = disk->requests++;
    const struct model_fault *f;
    struct model_request r;

    if (!parse(c, &r))
        return 0;
    f = fault_of(disk, r.type, number);
    disk->last = r;
    disk->count[r.type % T_END]++;
    disk->by_queue[r.queue]++;
    model_disk_check(disk, c, &r);
    if (f->hold)
        return MODEL_HOLD;
    return finish(disk, c, &r, f);
}

void model_disk_finish(struct model_disk *disk, struct model_queue *q,
                       uint32_t i)
{
    static struct model_chain chain;
    struct model_fault f = disk->fault;
    struct model_request r;

    if (!model_chain_walk(q, q->held[i], &chain) || !parse(&chain, &r))
        return;
    model_queue_complete(q, i, finish(disk, &chain, &r, &f));
}

void model_disk_crash(struct model_disk *disk)
{
    memcpy(disk->data, disk->durable, sizeof(disk->data));
}

/* Every field of the configuration space. */
static const struct model_field fields[] = {
    {0, 4, 8, -1, false, false}, /* capacity */
    {8, 4, 4, MF_BLK_SIZE_MAX, false, false},
    {12, 4, 4, MF_BLK_SEG_MAX, false, false},
    {16, 2, 2, MF_BLK_GEOMETRY, false, false},
    {18, 1, 1, MF_BLK_GEOMETRY, false, false},
    {19, 1, 1, MF_BLK_GEOMETRY, false, false},
    {20, 4, 4, MF_BLK_BLK_SIZE, false, false},
    {24, 1, 1, MF_BLK_TOPOLOGY, false, false},
    {25, 1, 1, MF_BLK_TOPOLOGY, false, false},
    {26, 2, 2, MF_BLK_TOPOLOGY, false, false},
    {28, 4, 4, MF_BLK_TOPOLOGY, false, false},
    {32, 1, 1, MF_BLK_CONFIG_WCE, true, true},
    {34, 2, 2, MF_BLK_MQ, false, false},
    {36, 4, 4, MF_BLK_DISCARD, false, false},
    {40, 4, 4, MF_BLK_DISCARD, false, false},
    {44, 4, 4, MF_BLK_DISCARD, false, false},
    {48, 4, 4, MF_BLK_WRITE_ZEROES, false, false},
    {52, 4, 4, MF_BLK_WRITE_ZEROES, false, false},
    {56, 1, 1, MF_BLK_WRITE_ZEROES, false, false},
    {60, 4, 4, MF_BLK_SECURE_ERASE, false, false},
    {64, 4, 4, MF_BLK_SECURE_ERASE, false, false},
    {68, 4, 4, MF_BLK_SECURE_ERASE, false, false},
    {72, 4, 4, MF_BLK_ZONED, false, false},
    {76, 4, 4, MF_BLK_ZONED, false, false},
    {80, 4, 4, MF_BLK_ZONED, false, false},
    {84, 4, 4, MF_BLK_ZONED, false, false},
    {88, 4, 4, MF_BLK_ZONED, false, false},
    {92, 1, 1, MF_BLK_ZONED, false, false},
    {0, 0, 0, 0, false, false},
};

void model_disk_offer(struct model_dev *d, unsigned feature)
{
    struct model_disk *disk = d->ctx;

    d->offered |= MF(feature);
    if (feature == MF_BLK_RO)
        disk->read_only = true;
    if (feature == MF_BLK_CONFIG_WCE)
        model_config_put(d, 32, 1, !disk->write_through);
}

void model_disk_set_size_max(struct model_disk *disk, struct model_dev *d,
                             uint32_t size_max)
{
    disk->size_max = size_max;
    model_disk_offer(d, MF_BLK_SIZE_MAX);
    model_config_put(d, 8, 4, size_max);
}

void model_disk_set_seg_max(struct model_disk *disk, struct model_dev *d,
                            uint32_t seg_max)
{
    disk->seg_max = seg_max;
    model_disk_offer(d, MF_BLK_SEG_MAX);
    model_config_put(d, 12, 4, seg_max);
}

void model_disk_set_queues(struct model_dev *d, unsigned n, unsigned said)
{
    model_disk_offer(d, MF_BLK_MQ);
    model_config_put(d, 34, 2, said);
    for (unsigned i = 0; i < n; i++)
        d->queue_max[i] = 256;
}

void model_disk_set_limits(struct model_dev *d, unsigned feature,
                           struct model_limits limits)
{
    struct model_disk *disk = d->ctx;
    uint32_t at = feature == MF_BLK_DISCARD        ? 36
                  : feature == MF_BLK_WRITE_ZEROES ? 48
                                                   : 60;

    *(feature == MF_BLK_DISCARD        ? &disk->discard
      : feature == MF_BLK_WRITE_ZEROES ? &disk->zeroes
                                       : &disk->erase) = limits;
    model_disk_offer(d, feature);
    model_config_put(d, at, 4, limits.sectors);
    model_config_put(d, at + 4, 4, limits.ranges);
    if (feature == MF_BLK_WRITE_ZEROES)
        model_config_put(d, 56, 1, 1); /* may unmap */
    else
        model_config_put(d, at + 8, 4, limits.alignment);
}

/* A host-managed disk cannot be had without its zones. */
static void before_write(struct model_dev *d, uint32_t offset, uint32_t value)
{
    (void)value;
    if (offset == MR_STATUS)
        d->refuse_features = !(d->accepted & MF(MF_BLK_ZONED));
}

static void lay_out_zones(struct model_disk *disk, unsigned n_conventional)
{
    struct model_zoned *zoned = &disk->zoned;
    uint8_t sequential =
        zoned->model == MODEL_Z_HM ? MODEL_ZT_SWR : MODEL_ZT_SWP;

    zoned->n = 0;
    for (uint64_t at = 0; at < disk->sectors; at += zoned->zone_sectors) {
        struct model_zone *z = &zoned->zone[zoned->n];
        bool conventional = zoned->n++ < n_conventional;
        uint64_t left = disk->sectors - at;

        z->start = z->write_pointer = at;
        z->len = left < zoned->zone_sectors ? left : zoned->zone_sectors;
        z->capacity = z->len;
        z->type = conventional ? MODEL_ZT_CONV : sequential;
        z->state = conventional ? MODEL_ZS_NOT_WP : MODEL_ZS_EMPTY;
    }
}

void model_disk_set_zoned(struct model_dev *d, uint8_t model,
                          uint32_t zone_sectors, unsigned n_conventional)
{
    struct model_disk *disk = d->ctx;
    struct model_zoned *zoned = &disk->zoned;

    zoned->model = model;
    zoned->zone_sectors = zone_sectors;
    if (!zoned->granularity)
        zoned->granularity = MODEL_SECTOR;
    model_disk_offer(d, MF_BLK_ZONED);
    model_config_put(d, 72, 4, zone_sectors);
    model_config_put(d, 76, 4, zoned->max_open);
    model_config_put(d, 80, 4, zoned->max_active);
    model_config_put(d, 84, 4, zoned->max_append);
    model_config_put(d, 88, 4, zoned->granularity);
    model_config_put(d, 92, 1, model);
    if (model == MODEL_Z_HM)
        d->on_write = before_write;
    if (model != MODEL_Z_NONE)
        lay_out_zones(disk, n_conventional);
}

void model_disk_resize(struct model_dev *d, uint64_t sectors)
{
    struct model_disk *disk = d->ctx;

    disk->sectors = sectors;
    if (sectors > disk->promised)
        disk->promised = sectors;
    model_config_put(d, 0, 8, sectors);
    d->generation++;
    model_dev_interrupt(d, 2);
}

void model_disk_noticed(struct model_disk *disk)
{
    disk->promised = disk->sectors;
}

/* What a disk holds at first: no two sectors alike. Computed once. */
static const uint8_t *first_content(void)
{
    static uint8_t content[MODEL_DISK_SECTORS * MODEL_SECTOR];

    if (!content[1]) {
        for (size_t i = 0; i < sizeof(content); i++)
            content[i] = (uint8_t)(i * 7 + i / MODEL_SECTOR * 13);
    }
    return content;
}

void model_disk_attach(struct model_disk *disk, struct model_dev *d,
                       uint32_t version, uint64_t sectors)
{
    memset(disk, 0, offsetof(struct model_disk, data));
    memset(&disk->fault, 0, sizeof(*disk) - offsetof(struct model_disk, fault));
    disk->sectors = sectors;
    disk->promised = sectors;
    disk->fault_at = MODEL_FOREVER;
    model_dev_init(d, version, 2);
    d->queue_max[0] = 256;
    d->fields = fields;
    d->serve = serve;
    d->ctx = disk;
    d->config_len = 0x60;
    model_config_put(d, 0, 8, sectors);
    model_disk_set_seg_max(disk, d, 126);
    model_disk_offer(d, MF_BLK_FLUSH);
}

void model_disk_init(struct model_disk *disk, struct model_dev *d,
                     uint32_t version, uint64_t sectors)
{
    memcpy(disk->data, first_content(), sizeof(disk->data));
    memcpy(disk->durable, first_content(), sizeof(disk->data));
    model_disk_attach(disk, d, version, sectors);
}
