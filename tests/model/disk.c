/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block device's requests.
 *
 * Spec: Block Device, Device Operation.
 */
#include "disk.h"

#include <string.h>

#include "check.h"
#include "feature.h"

#define T_IN           0u
#define T_OUT          1u
#define T_FLUSH        4u
#define T_GET_ID       8u
#define T_DISCARD      11u
#define T_WRITE_ZEROES 13u

#define S_OK     0u
#define S_IOERR  1u
#define S_UNSUPP 2u

#define HEADER   16u
#define RANGE    16u /* of discard and write zeroes */
#define ID_BYTES 20u

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

static void check_limits(const struct model_disk *disk,
                         const struct model_chain *c)
{
    for (uint32_t i = 1; i + 1 < c->n; i++) {
        if (disk->size_max && c->segment[i].len > disk->size_max)
            model_violation("DX-BLK-03", "a segment of %u bytes, size_max %u",
                            c->segment[i].len, disk->size_max);
    }
    if (c->n > 2 && c->n - 2 > (disk->seg_max ? disk->seg_max : 1))
        model_violation("DX-BLK-03", "%u segments, seg_max %u", c->n - 2,
                        disk->seg_max);
}

static void check_range(const struct model_disk *disk,
                        const struct model_request *r)
{
    if (r->bytes % MODEL_SECTOR || !r->bytes)
        model_violation("BLK-10", "%llu bytes of data",
                        (unsigned long long)r->bytes);
    if (r->sector > disk->sectors ||
        r->bytes / MODEL_SECTOR > disk->sectors - r->sector)
        model_violation("BLK-06", "sector %llu, %llu bytes: past the end",
                        (unsigned long long)r->sector,
                        (unsigned long long)r->bytes);
}

static void check_request(const struct model_disk *disk,
                          const struct model_request *r)
{
    if (r->type == T_IN || r->type == T_OUT)
        check_range(disk, r);
    else if (r->sector)
        model_violation("BLK-08", "type %u with sector %llu", r->type,
                        (unsigned long long)r->sector);
    if (r->type == T_OUT && disk->read_only)
        model_violation("DX-BLK-08", "a write to a read-only disk");
    if (r->type == T_FLUSH && r->bytes)
        model_violation("BLK-09", "a flush with %llu bytes of data",
                        (unsigned long long)r->bytes);
    if (r->type == T_GET_ID && r->bytes != ID_BYTES)
        model_violation("BLK-12", "an id of %llu bytes",
                        (unsigned long long)r->bytes);
    if ((r->type == T_DISCARD || r->type == T_WRITE_ZEROES) && r->bytes % RANGE)
        model_violation("BLK-11", "%llu bytes of ranges",
                        (unsigned long long)r->bytes);
}

static void check_feature(const struct model_queue *q, uint32_t type)
{
    static const int needs[16] = {
        [T_FLUSH] = MF_BLK_FLUSH,
        [T_DISCARD] = MF_BLK_DISCARD,
        [T_WRITE_ZEROES] = MF_BLK_WRITE_ZEROES,
    };

    if (type < 16 && needs[type] && !model_queue_has(q, (unsigned)needs[type]))
        model_violation("FEAT-02", "request type %u without feature %d", type,
                        needs[type]);
}

/* Read the header; everything between it and the status is data. */
static bool parse(const struct model_chain *c, struct model_request *r)
{
    uint8_t header[HEADER];
    uint32_t type, ioprio;
    uint64_t sector;
    struct model_queue *q = c->queue;

    if (model_chain_read(c, 0, header, HEADER) != HEADER || !c->writable) {
        model_violation("DX-BLK-04", "a request without header or status");
        return false;
    }
    memcpy(&type, header, 4);
    memcpy(&ioprio, header + 4, 4);
    memcpy(&sector, header + 8, 8);
    r->type = model_get32(q, &type);
    r->ioprio = model_get32(q, &ioprio);
    r->sector = model_get64(q, &sector);
    r->bytes = c->readable - HEADER + c->writable - 1;
    r->segments = c->n - 2;
    if (r->ioprio)
        model_violation("DX-BLK-HEADER", "the reserved word is %#x", r->ioprio);
    return true;
}

static void make_durable(struct model_disk *disk, uint64_t from, uint64_t len)
{
    memcpy(disk->durable + from, disk->data + from, (size_t)len);
}

static uint8_t clear_ranges(struct model_disk *disk,
                            const struct model_chain *c, uint32_t type)
{
    struct model_queue *q = c->queue;

    for (uint64_t at = HEADER; at < c->readable; at += RANGE) {
        struct {
            uint64_t sector;
            uint32_t n, flags;
        } range;
        uint64_t sector;
        uint32_t n;

        model_chain_read(c, at, &range, RANGE);
        sector = model_get64(q, &range.sector);
        n = model_get32(q, &range.n);
        if (type == T_DISCARD && range.flags)
            model_violation("BLK-18", "discard with flags");
        if (sector > disk->sectors || n > disk->sectors - sector)
            return S_IOERR;
        memset(disk->data + sector * MODEL_SECTOR, 0, n * (size_t)MODEL_SECTOR);
        if (disk->write_through)
            make_durable(disk, sector * MODEL_SECTOR,
                         (uint64_t)n * MODEL_SECTOR);
    }
    return S_OK;
}

/* Move the data. Returns the status. */
static uint8_t perform(struct model_disk *disk, const struct model_chain *c,
                       const struct model_request *r)
{
    uint64_t at = r->sector * MODEL_SECTOR;
    bool past = r->sector > disk->sectors ||
                r->bytes / MODEL_SECTOR > disk->sectors - r->sector;

    switch (r->type) {
    case T_IN:
        if (past)
            return S_IOERR;
        model_chain_write(c, 0, disk->data + at, r->bytes);
        return S_OK;
    case T_OUT:
        if (past || disk->read_only)
            return S_IOERR;
        model_chain_read(c, HEADER, disk->data + at, r->bytes);
        if (disk->write_through)
            make_durable(disk, at, r->bytes);
        return S_OK;
    case T_FLUSH:
        make_durable(disk, 0, disk->sectors * MODEL_SECTOR);
        return S_OK;
    case T_GET_ID:
        model_chain_write(c, 0, disk->id, ID_BYTES);
        return S_OK;
    case T_DISCARD:
    case T_WRITE_ZEROES:
        return clear_ranges(disk, c, r->type);
    default:
        return S_UNSUPP;
    }
}

/* Do a request, with its fault if it has one. Returns the used length. */
static uint32_t finish(struct model_disk *disk, const struct model_chain *c,
                       const struct model_request *r,
                       const struct model_fault *f)
{
    uint8_t status = f->set_status ? f->status : S_OK;
    uint64_t used = c->writable;

    if (!f->no_data && status == S_OK) {
        status = perform(disk, c, r);
        if (f->set_status)
            status = f->status;
    }
    /* On an error nothing is known of the data, but the status is written. */
    if (!f->no_status)
        model_chain_write(c, c->writable - 1, &status, 1);
    return f->set_len ? f->len : (uint32_t)used;
}

static int64_t serve(struct model_dev *d, struct model_chain *c)
{
    static const struct model_fault none;
    struct model_disk *disk = d->ctx;
    unsigned number = disk->requests++;
    bool faulty = disk->fault_always || disk->fault_at == number;
    const struct model_fault *f = faulty ? &disk->fault : &none;
    struct model_request r;

    check_framing(c);
    if (!parse(c, &r))
        return 0;
    disk->last = r;
    disk->count[r.type & 15]++;
    check_limits(disk, c);
    check_request(disk, &r);
    check_feature(c->queue, r.type);
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

void model_disk_init(struct model_disk *disk, struct model_dev *d,
                     uint32_t version, uint64_t sectors)
{
    memset(disk, 0, sizeof(*disk));
    disk->sectors = sectors;
    disk->fault_at = MODEL_FOREVER;
    for (size_t i = 0; i < sizeof(disk->data); i++)
        disk->data[i] = (uint8_t)(i * 7 + i / MODEL_SECTOR * 13);
    memcpy(disk->durable, disk->data, sizeof(disk->data));
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
