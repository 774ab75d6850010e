/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests of every kind, and what has to be true of them when they come back.
 */
#include "fuzz_blk.h"

enum kind {
    READ,
    WRITE,
    FLUSH,
    DISCARD,
    ZEROES,
    ERASE,
    ID,
    LIFETIME,
    MANAGE,
    APPEND,
    REPORT,
    SCSI,
    N_KINDS
};

static struct request {
    struct vio_blk_req req;
    struct vio_buf buf;
    struct vio_blk_range range[2];
    struct vio_blk_lifetime lifetime;
    struct vio_blk_scsi scsi;
    char id[VIO_BLK_ID_SIZE];
    uint64_t sector, where;
    uint32_t zone_sectors; /* when it was queued: the disk may change */
    enum kind kind;
    unsigned queue;
    bool queued;
    unsigned char *data;
} requests[REQUESTS];

void fuzz_blk_forget_requests(void)
{
    memset(requests, 0, sizeof requests);
    for (unsigned i = 0; i < REQUESTS; i++)
        requests[i].data = fuzz_blk.data[i];
}

static void prep_ranges(struct request *r)
{
    unsigned choice = fuzz_u8(), n = 1 + (choice & 1);

    for (unsigned i = 0; i < n; i++)
        r->range[i] = (struct vio_blk_range){
            (uint64_t)fuzz_u8() << (choice >> 4), choice & 2 ? 64 : fuzz_u8()};
    if (r->kind == DISCARD)
        vio_blk_prep_discard(&r->req, r->range, n);
    else if (r->kind == ZEROES)
        vio_blk_prep_write_zeroes(&r->req, r->range, n, choice & 4);
    else
        vio_blk_prep_secure_erase(&r->req, r->range, n);
}

static void prep_zoned(struct request *r)
{
    unsigned choice = fuzz_u8();

    r->sector = (choice & 0x3f) * 64u + (choice >> 7);
    if (r->kind == MANAGE) {
        vio_blk_prep_zone(
            &r->req,
            (enum vio_blk_zone_op)(fuzz_u8() % (VIO_BLK_ZONE_RESET_ALL + 1)),
            r->sector);
    } else if (r->kind == APPEND) {
        vio_blk_prep_zone_append(&r->req, r->sector, &r->buf, 1, &r->where);
    } else {
        r->buf.len = 64 + 64u * (fuzz_u8() % 8);
        vio_blk_prep_zone_report(&r->req, r->sector, &r->buf);
    }
}

static void prep_scsi(struct request *r)
{
    unsigned choice = fuzz_u8();

    r->scsi = (struct vio_blk_scsi){
        .cmd = {r->data, 6 + choice % 8},
        .data = {r->data + 512, 200u * (choice >> 4 & 3)},
        .device_writes = choice & 8,
        .sense = {r->data + 64, VIRTIO_BLK_SCSI_SENSE_BYTES},
    };
    vio_blk_prep_scsi(&r->req, &r->scsi);
}

static void prep(struct request *r)
{
    r->buf = (struct vio_buf){r->data, 512u * (1 + fuzz_u8() % 4)};
    r->where = ~(uint64_t)0;
    if (r->kind == READ)
        vio_blk_prep_read(&r->req, fuzz_u8(), &r->buf, 1);
    else if (r->kind == WRITE)
        vio_blk_prep_write(&r->req, fuzz_u8(), &r->buf, 1);
    else if (r->kind == FLUSH)
        vio_blk_prep_flush(&r->req);
    else if (r->kind <= ERASE)
        prep_ranges(r);
    else if (r->kind == ID)
        vio_blk_prep_get_id(&r->req, r->id);
    else if (r->kind == LIFETIME)
        vio_blk_prep_get_lifetime(&r->req, &r->lifetime);
    else if (r->kind <= REPORT)
        prep_zoned(r);
    else
        prep_scsi(r);
    r->req.user = r;
}

/* Bytes that the device has to have written besides the status. */
static uint64_t answer_bytes(const struct request *r)
{
    switch (r->kind) {
    case READ:
        return r->buf.len;
    case ID:
        return VIRTIO_BLK_ID_BYTES;
    case LIFETIME:
        return sizeof(struct virtio_blk_lifetime);
    case APPEND:
        return sizeof(uint64_t);
    case REPORT:
        return sizeof(struct virtio_blk_zone_report);
    default:
        return 0;
    }
}

static void check_report(const struct request *r)
{
    struct vio_blk_zone zone;
    uint64_t n = vio_blk_zone_count(&r->buf);

    FUZZ_ASSERT(n <= (r->buf.len - 64) / 64);
    for (uint64_t i = 0; i < n; i++)
        FUZZ_ASSERT(vio_blk_zone_get(&r->buf, i, &zone) == 0);
    FUZZ_ASSERT(vio_blk_zone_get(&r->buf, n, &zone) == VIO_ERANGE);
}

/* What the caller may rely on after a success. */
static void check_answer(const struct request *r)
{
    if (r->kind == ID)
        FUZZ_ASSERT(memchr(r->id, '\0', sizeof r->id));
    else if (r->kind == LIFETIME)
        FUZZ_ASSERT(r->lifetime.pre_eol <= 3 && r->lifetime.slc_tenth <= 11 &&
                    r->lifetime.mlc_tenth <= 11);
    else if (r->kind == APPEND)
        FUZZ_ASSERT(r->where >= r->sector &&
                    r->where - r->sector < r->zone_sectors);
    else if (r->kind == REPORT)
        check_report(r);
    else if (r->kind == SCSI)
        FUZZ_ASSERT(r->scsi.sense_len <= VIRTIO_BLK_SCSI_SENSE_BYTES &&
                    r->scsi.residual <= r->scsi.data.len);
}

static void came_back(struct vio_blk_req *req)
{
    struct request *r = req->user;

    FUZZ_ASSERT(r >= requests && r < requests + REQUESTS && r->queued);
    FUZZ_ASSERT(req == &r->req && req->state == VIO_BLK_IDLE);
    FUZZ_ASSERT(req->result <= 0);
    FUZZ_ASSERT(!fuzz_blk_reaches(r->data, DATA_BYTES));
    r->queued = false;
    if (req->result)
        return;
    check_answer(r);
    /* A flush of a write-through disk needs no device, and the disk may be
     * another one since it was queued. */
    if (r->kind != FLUSH)
        fuzz_blk_check_success(true, answer_bytes(r));
}

/* A request that is not in use, of any kind; NULL: the one is. */
static struct request *choose_request(void)
{
    unsigned choice = fuzz_u8();
    struct request *r = &requests[choice % REQUESTS];

    if (r->queued) {
        FUZZ_ASSERT(vio_blk_queue(fuzz_blk_queue(r->queue), &r->req) ==
                    VIO_EBUSY);
        return NULL;
    }
    r->kind = (enum kind)((choice / REQUESTS) % N_KINDS);
    r->queue = choice % fuzz_blk.blk.info.n_queues;
    r->zone_sectors = fuzz_blk.blk.info.zoned.zone_sectors;
    prep(r);
    return r;
}

void fuzz_blk_queue_one(void)
{
    struct request *r = choose_request();

    if (r)
        r->queued = vio_blk_queue(fuzz_blk_queue(r->queue), &r->req) == 0;
}

/* The same at once. Where not even a reset ends it, it stays the device's. */
void fuzz_blk_run_one(void)
{
    struct request *r = choose_request();
    int err;

    if (!r)
        return;
    r->queue = 0;
    r->queued = true;
    err = vio_blk_run(&fuzz_blk.blk, &r->req);
    FUZZ_ASSERT(err <= 0);
    if (r->req.state != VIO_BLK_IDLE) {
        FUZZ_ASSERT(err == VIO_ETIMEDOUT || err == VIO_EPROTO);
        return;
    }
    r->req.result = err; /* of one that was not even queued, too */
    came_back(&r->req);
}

void fuzz_blk_wait_for_one(void)
{
    struct request *r = &requests[fuzz_u8() % REQUESTS];
    int err;

    if (!r->queued)
        return;
    err = vio_blk_wait(fuzz_blk_queue(r->queue), &r->req, 1000000000);
    if (r->req.state == VIO_BLK_IDLE)
        came_back(&r->req);
    else
        FUZZ_ASSERT(err == VIO_ETIMEDOUT || err == VIO_EPROTO);
}

void fuzz_blk_reap(unsigned queue, unsigned max)
{
    struct vio_blk_req *done[REQUESTS];
    int n = vio_blk_reap(fuzz_blk_queue(queue), done, max);

    FUZZ_ASSERT(n <= (int)max);
    for (int i = 0; i < n; i++)
        came_back(done[i]);
}

void fuzz_blk_queues_changed(void)
{
    for (unsigned i = 0; i < REQUESTS; i++)
        if (requests[i].queue >= fuzz_blk.blk.info.n_queues)
            requests[i].queue = 0;
}

void fuzz_blk_assert_all_back(void)
{
    for (unsigned i = 0; i < REQUESTS; i++)
        FUZZ_ASSERT(!requests[i].queued);
    FUZZ_ASSERT(fuzz_blk.n_mapped == 0);
}
