/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random streams of every kind of request over several queues of every
 * transport, finished in any order, with errors, resizes, resets and recoveries
 * in between, against a disk that is an array: no byte is wrong, nothing that
 * was flushed is lost in a crash, no request is lost, and no buffer comes back
 * while the device reaches it.
 */
#include "unit_oracle.h"
#include "unit_way.h"

#define SECTORS UNIT_ORACLE_SECTORS
#define QUEUES  4u
#define SLOTS   20u
#define SPAN    10u /* sectors of the longest request */
#define STEPS   10000u
#define TIMEOUT 30000000000u

/* Kinds of devices. */
#define WITH_EVENT_IDX 1u
#define IN_PARTS       2u /* memory is mapped in parts; erases, not zoned */
#define AT_WILL        4u /* works at any time, and takes small segments */
#define AS_IT_IS       8u /* reaches the data without a mapping */
#define N_DEVICES      16u

enum kind {
    READ,
    WRITE,
    ZEROES,
    DISCARD,
    ERASE,
    FLUSH,
    ID,
    LIFE,
    REPORT,
    MANAGE,
    SCSI,
    N_KINDS
};

struct op {
    struct vio_blk_req req;
    struct vio_buf buf[3];
    struct vio_blk_range range[2];
    struct vio_blk_scsi scsi;
    struct vio_blk_lifetime lifetime;
    char id[VIO_BLK_ID_SIZE];
    uint8_t *data;
    enum kind kind;
    uint64_t sector;
    unsigned n; /* sectors that it occupies; 0: none */
    unsigned queue;
    unsigned since; /* of a flush */
    bool busy;
    bool troubled; /* by a recovery, or a disk that shrinks */
};

static struct op ops[SLOTS];
static uint64_t capacity; /* as the driver knows it */
static unsigned errors_told, errors_made, finished, recoveries;
static uint8_t sync_data[SECTORS * 512];
static uint32_t seed;

static struct vio_blk_queue *queue_at(unsigned i)
{
    return vio_blk_get_queue(&unit_way.blk, i);
}

static unsigned n_queues(void)
{
    return unit_way.blk.info.n_queues;
}

static unsigned below(unsigned n)
{
    return unit_random(&seed) % n;
}

static bool overlaps(uint64_t sector, unsigned n)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        if (ops[i].busy && sector < ops[i].sector + ops[i].n &&
            ops[i].sector < sector + n)
            return true;
    }
    return false;
}

static unsigned cut(struct op *op)
{
    size_t whole = op->n * 512, first = 1 + below((unsigned)whole - 2);
    unsigned pieces = 1 + below(2);

    op->buf[0] = (struct vio_buf){op->data, pieces == 1 ? whole : first};
    op->buf[1] = (struct vio_buf){op->data + first, whole - first};
    return pieces;
}

static unsigned cut_ranges(struct op *op)
{
    unsigned first = 1 + below(op->n);

    op->range[0] = (struct vio_blk_range){op->sector, first};
    op->range[1] = (struct vio_blk_range){op->sector + first, op->n - first};
    return first == op->n ? 1 : 2;
}

/* Requests without a place on the disk. */
static void prep_other(struct op *op)
{
    struct vio_blk_req *req = &op->req;

    op->n = 0;
    op->buf[0] = (struct vio_buf){op->data, 64 + 64 * (1 + below(4))};
    op->scsi = (struct vio_blk_scsi){
        .cmd = {op->data, 6 + below(10)},
        .data = {op->data + 64, 512 * below(3)},
        .device_writes = below(2),
        .sense = {op->data + 2048, 96},
    };
    if (op->kind == FLUSH)
        vio_blk_prep_flush(req);
    else if (op->kind == ID)
        vio_blk_prep_get_id(req, op->id);
    else if (op->kind == LIFE)
        vio_blk_prep_get_lifetime(req, &op->lifetime);
    else if (op->kind == REPORT)
        vio_blk_prep_zone_report(req, below((unsigned)capacity), op->buf);
    else if (op->kind == MANAGE)
        vio_blk_prep_zone(req, below(VIO_BLK_ZONE_RESET_ALL + 1), 64);
    else
        vio_blk_prep_scsi(req, &op->scsi);
}

static void prep(struct op *op)
{
    if (op->kind >= FLUSH) {
        prep_other(op);
        return;
    }
    for (unsigned i = 0; i < op->n * 512; i++)
        op->data[i] = (uint8_t)unit_random(&seed);
    if (op->kind == READ)
        vio_blk_prep_read(&op->req, op->sector, op->buf, cut(op));
    else if (op->kind == WRITE)
        vio_blk_prep_write(&op->req, op->sector, op->buf, cut(op));
    else if (op->kind == ZEROES)
        vio_blk_prep_write_zeroes(&op->req, op->range, cut_ranges(op),
                                  below(2));
    else if (op->kind == DISCARD)
        vio_blk_prep_discard(&op->req, op->range, cut_ranges(op));
    else
        vio_blk_prep_secure_erase(&op->req, op->range, cut_ranges(op));
}

/* Does the device still reach what it was given? */
static bool is_shown(const struct op *op)
{
    return unit_env.env.dma_map && model_mem_reaches(op->data, SPAN * 512);
}

static bool is_offered(enum kind kind)
{
    bool zoned = unit_way.blk.info.zoned.model;

    return kind == REPORT || kind == MANAGE ? zoned
           : kind == SCSI                   ? unit_way_is_legacy(unit_way.way)
           : kind == ERASE                  ? !zoned
                                            : true;
}

/* What vio_blk_queue() has to say of it. */
static void check_queued(const struct op *op, int err)
{
    if (!is_offered(op->kind))
        assert_int_equal(err, VIO_ENOTSUP);
    else if (op->kind < FLUSH && op->sector + op->n > capacity)
        assert_int_equal(err, VIO_ERANGE);
    else
        assert_true(err == 0 || err == VIO_EAGAIN || err == VIO_E2BIG);
}

static void queue_one(struct op *op)
{
    int err;

    if (op->busy)
        return;
    op->kind = below(3) ? below(2) : below(N_KINDS);
    op->n = 1 + below(SPAN);
    op->sector = below(SECTORS - op->n + 1);
    op->queue = below(n_queues());
    op->since = unit_oracle_flushing();
    op->troubled = false;
    if (op->kind < FLUSH && overlaps(op->sector, op->n))
        return;
    prep(op);
    op->req.user = op;
    err = vio_blk_queue(queue_at(op->queue), &op->req);
    check_queued(op, err);
    op->busy = err == 0;
    assert_true(op->busy || !is_shown(op));
    if (op->busy && op->kind != READ)
        unit_oracle_changing(op->sector, op->n);
}

static void learn(const struct op *op)
{
    if (op->kind == READ)
        unit_oracle_read(op->sector, op->n, op->data);
    else if (op->kind == WRITE)
        unit_oracle_changed(op->sector, op->n, op->data);
    else if (op->kind == ZEROES)
        unit_oracle_changed(op->sector, op->n, NULL);
    else if (op->kind == FLUSH)
        unit_oracle_flushed(op->since);
    else if (op->kind == ID)
        assert_string_equal(op->id, "a serial number");
}

/* What may become of it: an error that the device made; whatever a new set-up
 * says of it; and of zones, what they are used for. */
static void check_error(const struct op *op)
{
    int result = op->req.result;

    if (op->troubled) {
        assert_true(result == VIO_EIO || result == VIO_ERANGE ||
                    result == VIO_EAGAIN || result == VIO_E2BIG ||
                    result == VIO_ENOTSUP || result == VIO_EZONE);
    } else if (op->kind != MANAGE || result != VIO_EZONE) {
        assert_int_equal(result, VIO_EIO);
        errors_told++;
    }
}

/* A request is back: exactly once, and its buffer is its owner's. */
static void finish(struct vio_blk_req *req)
{
    struct op *op = req->user;

    assert_true(op >= ops && op < ops + SLOTS && op->busy);
    assert_int_equal(req->state, VIO_BLK_IDLE);
    assert_false(is_shown(op));
    op->busy = false;
    finished++;
    if (req->result)
        check_error(op);
    else
        learn(op);
}

static void reap(unsigned queue)
{
    struct vio_blk_req *done[5];
    int n = vio_blk_reap(queue_at(queue), done, 1 + below(5));

    assert_true(n >= 0);
    for (int i = 0; i < n; i++)
        finish(done[i]);
}

static void reap_all(void)
{
    for (unsigned i = 0; i < QUEUES * SLOTS; i++)
        reap(i % n_queues());
}

/* The device's turn: some of what it holds, in any order, some of it in vain.
 */
static void device_works(void)
{
    struct model_queue *mq = &unit_way.model->queue[below(QUEUES)];

    model_dev_run(unit_way.model);
    for (unsigned n = below(4); n && mq->live && mq->n_held; n--) {
        bool fails = below(16) == 0;

        errors_made += fails;
        unit_disk.fault.set_status = fails;
        unit_disk.fault.status = 1;
        model_disk_finish(&unit_disk, mq, below(mq->n_held));
        unit_disk.fault.set_status = false;
    }
}

static void on_relax(enum model_kind kind, const void *ptr, unsigned width,
                     uint64_t value)
{
    (void)ptr;
    (void)width;
    (void)value;
    if (kind == MODEL_RELAX)
        device_works();
}

static void wait_for(struct op *op)
{
    int err = vio_blk_wait(queue_at(op->queue), &op->req, TIMEOUT);

    assert_int_equal(err, op->req.result);
    finish(&op->req);
}

static void wait_one(void)
{
    struct op *op = &ops[below(SLOTS)];

    if (op->busy)
        wait_for(op);
}

static void read_synchronously(void)
{
    unsigned n = 1 + below(40);
    uint64_t sector = below(SECTORS - n + 1);
    int err;

    if (overlaps(sector, n) || sector + n > capacity)
        return;
    err = vio_blk_read(&unit_way.blk, sector, sync_data, n * 512);
    assert_true(err == 0 || err == VIO_EIO);
    errors_told += err != 0;
    if (!err)
        unit_oracle_read(sector, n, sync_data);
}

/* From now on anything may become of what is in flight. */
static void trouble(void)
{
    for (unsigned i = 0; i < SLOTS; i++)
        ops[i].troubled |= ops[i].busy;
}

/* It may have grown over what was never known, or lost what was. */
static void resize(void)
{
    uint64_t sectors = SECTORS - 64 * below(2);
    int changed = sectors != capacity;

    if (sectors < capacity)
        trouble();
    model_disk_resize(unit_way.model, sectors);
    assert_int_equal(vio_blk_refresh(&unit_way.blk), changed);
    capacity = sectors;
    assert_int_equal(unit_way.blk.info.capacity, capacity);
}

/* Whatever the reason, the way back is the same. What was in queues that are no
 * more is the first one's then. */
static void recover(void)
{
    unsigned why = below(4), n = n_queues();
    enum vio_blk_recovery how = below(2) ? VIO_BLK_RESUBMIT : VIO_BLK_HAND_BACK;
    bool fewer = below(4) == 0;

    recoveries++;
    trouble();
    if (why == 0)
        model_dev_needs_reset(unit_way.model);
    else if (why == 1)
        vio_virtq_break(&queue_at(below(n))->vq);
    else if (why == 2)
        assert_int_equal(vio_blk_freeze(&unit_way.blk), 0);
    for (unsigned i = 2; i < QUEUES; i++)
        unit_way.model->queue_max[i] = fewer ? 0 : UNIT_WAY_QUEUE_MAX;
    assert_int_equal(why == 2 ? vio_blk_restore(&unit_way.blk, how)
                              : vio_blk_recover(&unit_way.blk, how),
                     (fewer ? 2 : QUEUES) != n);
    for (unsigned i = 0; i < SLOTS; i++) {
        if (ops[i].queue >= n_queues())
            ops[i].queue = 0;
    }
    if (below(2))
        reap_all();
}

static void one_step(void)
{
    unsigned what = below(64);

    if (what < 26)
        queue_one(&ops[below(SLOTS)]);
    else if (what < 36)
        assert_int_equal(vio_blk_submit(queue_at(below(n_queues()))), 0);
    else if (what < 48)
        reap(below(n_queues()));
    else if (what < 57)
        device_works();
    else if (what < 60)
        wait_one();
    else if (what < 62)
        read_synchronously();
    else if (what < 63)
        resize();
    else if (below(4) == 0)
        recover();
}

static void offer(enum unit_way way, unsigned device)
{
    struct model_limits limits = {64, 2, 8};
    struct model_dev *d = unit_way.model;
    bool zoned = !unit_way_is_legacy(way) && !(device & IN_PARTS);

    model_disk_set_limits(d, MF_BLK_DISCARD, limits);
    model_disk_set_limits(d, MF_BLK_WRITE_ZEROES, limits);
    model_disk_offer(d, MF_BLK_LIFETIME);
    if (unit_way_is_legacy(way))
        model_disk_offer(d, MF_BLK_SCSI);
    if (zoned)
        model_disk_set_zoned(d, MODEL_Z_HA, 64, 0);
    else
        model_disk_set_limits(d, MF_BLK_SECURE_ERASE, limits);
    d->offered |= device & WITH_EVENT_IDX ? MF(MF_EVENT_IDX) : 0;
}

static void start_device(enum unit_way way, unsigned device)
{
    unit_way_start(way);
    unit_way_set_queues(QUEUES);
    offer(way, device);
    memcpy(unit_disk.id, "a serial number", 15);
    if (device & AT_WILL) {
        model_disk_set_size_max(&unit_disk, unit_way.model, 2048);
        unit_way.model->when = MODEL_AT_WILL;
    } else {
        unit_way.model->when = MODEL_BY_HAND;
        unit_disk_hold();
    }
    unit_env.map_most = device & IN_PARTS ? 1500 : 0;
    if (device & AS_IT_IS)
        unit_env.env.dma_map = NULL;
    unit_way.cfg = (struct vio_blk_config){.n_queues = QUEUES,
                                           .queue_size = 32,
                                           .max_segs = 6,
                                           .depth = 8,
                                           .scsi = true};
}

static void start(enum unit_way way, unsigned device)
{
    start_device(way, device);
    unit_way_up();
    assert_int_equal(n_queues(), QUEUES);
    unit_oracle_start();
    memset(ops, 0, sizeof(ops));
    unit_way_show(sync_data, sizeof(sync_data));
    for (unsigned i = 0; i < SLOTS; i++) {
        ops[i].data = unit_alloc(SPAN * 512, 16);
        unit_way_show(ops[i].data, SPAN * 512);
    }
    capacity = SECTORS;
    errors_told = errors_made = recoveries = 0;
    model_between = on_relax;
}

static void end(void)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        if (ops[i].busy)
            wait_for(&ops[i]);
    }
    model_between = NULL;
    assert_true(recoveries > 0 && errors_told <= errors_made);
    unit_way_down();
    assert_true(unit_oracle_crash() > SECTORS / 8);
}

static void random_streams_of_everything(void **state)
{
    (void)state;
    finished = 0;
    for_each_way(way)
    {
        for (unsigned device = 0; device < N_DEVICES; device++) {
            seed = 77 + N_DEVICES * way + device;
            start(way, device);
            for (unsigned i = 0; i < STEPS; i++)
                one_step();
            end();
        }
    }
    assert_true(finished > 30000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_all_cases(random_streams_of_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
