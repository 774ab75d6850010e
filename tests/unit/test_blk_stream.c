/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random streams of every kind of request over several queues, finished in any
 * order, with errors, resizes, resets and recoveries in between, against a disk
 * that is an array: no byte is wrong, no request is lost, and no buffer comes
 * back while the device reaches it.
 */
#include "unit_disk.h"

#define SECTORS 256u
#define QUEUES  4u
#define SLOTS   20u
#define SPAN    10u /* sectors of the longest request */
#define STEPS   20000u

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
    bool busy;
};

static struct op ops[SLOTS];
static uint8_t disk[SECTORS][512]; /* as it has to read, */
static bool known[SECTORS];        /* where that is known */
static uint64_t capacity;          /* as the driver knows it */
static unsigned errors_told, errors_made, finished, recoveries;
static bool trouble; /* errors may come of a recovery or a shrink, too */
static uint32_t seed;

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

static bool is_offered(enum kind kind)
{
    bool zoned = unit_blk.info.zoned.model;

    return kind == REPORT || kind == MANAGE ? zoned
           : kind == SCSI                   ? unit_dev.version == 1
           : kind == ERASE                  ? !zoned
                                            : true;
}

static void queue_one(struct op *op)
{
    int err;

    if (op->busy)
        return;
    op->kind = below(3) ? below(2) : below(N_KINDS);
    op->n = 1 + below(SPAN);
    op->sector = below(SECTORS - op->n + 1);
    op->queue = below(unit_blk.info.n_queues);
    if (op->kind < FLUSH && overlaps(op->sector, op->n))
        return;
    prep(op);
    op->req.user = op;
    err = vio_blk_queue(vio_blk_get_queue(&unit_blk, op->queue), &op->req);
    if (!is_offered(op->kind))
        assert_int_equal(err, VIO_ENOTSUP);
    else if (op->kind < FLUSH && op->sector + op->n > capacity)
        assert_int_equal(err, VIO_ERANGE);
    else
        assert_true(err == 0 || err == VIO_EAGAIN || err == VIO_E2BIG);
    op->busy = err == 0;
    assert_true(op->busy || !model_mem_reaches(op->data, SPAN * 512));
    for (unsigned i = 0; op->busy && op->kind != READ && i < op->n; i++)
        known[op->sector + i] = false; /* while it is in flight */
}

static void check_read(const struct op *op)
{
    for (unsigned i = 0; i < op->n; i++) {
        if (known[op->sector + i])
            assert_memory_equal(op->data + 512 * i, disk[op->sector + i], 512);
        memcpy(disk[op->sector + i], op->data + 512 * i, 512);
        known[op->sector + i] = true;
    }
}

static void learn(const struct op *op)
{
    for (unsigned i = 0; i < op->n; i++) {
        if (op->kind == ZEROES)
            memset(disk[op->sector + i], 0, 512);
        else
            memcpy(disk[op->sector + i], op->data + 512 * i, 512);
        known[op->sector + i] = true;
    }
}

/* A request is back: exactly once, and its buffer is its owner's. */
static void finish(struct vio_blk_req *req)
{
    struct op *op = req->user;

    assert_true(op >= ops && op < ops + SLOTS && op->busy);
    assert_int_equal(req->state, VIO_BLK_IDLE);
    assert_false(model_mem_reaches(op->data, SPAN * 512));
    op->busy = false;
    finished++;
    if (req->result) {
        assert_true(req->result == VIO_EIO || trouble);
        errors_told++;
        return;
    }
    if (op->kind == READ)
        check_read(op);
    else if (op->kind == WRITE || op->kind == ZEROES)
        learn(op);
    else if (op->kind == ID)
        assert_string_equal(op->id, "a serial number");
}

static void reap(unsigned queue)
{
    struct vio_blk_req *done[5];
    int n =
        vio_blk_reap(vio_blk_get_queue(&unit_blk, queue), done, 1 + below(5));

    assert_true(n >= 0 || queue >= unit_blk.info.n_queues);
    for (int i = 0; i < n; i++)
        finish(done[i]);
}

static void reap_all(void)
{
    for (unsigned i = 0; i < QUEUES * SLOTS; i++)
        reap(i % QUEUES);
}

/* The device's turn: some of what it holds, in any order, some of it in vain.
 */
static void device_works(void)
{
    struct model_queue *mq = &unit_dev.queue[below(QUEUES)];

    model_dev_run(&unit_dev);
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

static void wait_one(void)
{
    struct op *op = &ops[below(SLOTS)];
    struct vio_blk_queue *q = vio_blk_get_queue(&unit_blk, op->queue);
    int err;

    if (!op->busy)
        return;
    err = vio_blk_wait(q, &op->req, 30000000000u);
    assert_int_equal(err, op->req.result);
    finish(&op->req);
}

static void read_synchronously(void)
{
    static uint8_t data[SECTORS * 512];
    unsigned n = 1 + below(40);
    uint64_t sector = below(SECTORS - n + 1);
    int err;

    if (overlaps(sector, n) || sector + n > capacity)
        return;
    err = vio_blk_read(&unit_blk, sector, data, n * 512);
    assert_true(err == 0 || err == VIO_EIO);
    errors_told += err != 0;
    for (unsigned i = 0; !err && i < n; i++) {
        if (known[sector + i])
            assert_memory_equal(data + 512 * i, disk[sector + i], 512);
    }
}

/* It may have grown over what was never known, or lost what was. */
static void resize(void)
{
    uint64_t sectors = SECTORS - 64 * below(2);
    int changed = sectors != capacity;

    if (sectors < capacity)
        trouble = true; /* for what is in flight */
    model_disk_resize(&unit_dev, sectors);
    assert_int_equal(vio_blk_refresh(&unit_blk), changed);
    capacity = sectors;
    assert_int_equal(unit_blk.info.capacity, capacity);
}

/* Whatever the reason, the way back is the same. */
static void recover(void)
{
    unsigned why = below(4), n_queues = unit_blk.info.n_queues;
    enum vio_blk_recovery how = below(2) ? VIO_BLK_RESUBMIT : VIO_BLK_HAND_BACK;
    bool fewer = below(4) == 0;

    recoveries++;
    trouble = true;
    if (why == 0)
        model_dev_needs_reset(&unit_dev);
    else if (why == 1)
        vio_virtq_break(&vio_blk_get_queue(&unit_blk, below(n_queues))->vq);
    else if (why == 2)
        assert_int_equal(vio_blk_freeze(&unit_blk), 0);
    for (unsigned i = 2; i < QUEUES; i++)
        unit_dev.queue_max[i] = fewer ? 0 : 256;
    assert_int_equal(why == 2 ? vio_blk_restore(&unit_blk, how)
                              : vio_blk_recover(&unit_blk, how),
                     (fewer ? 2 : QUEUES) != n_queues);
    for (unsigned i = 0; i < SLOTS; i++) {
        if (ops[i].queue >= unit_blk.info.n_queues)
            ops[i].queue = 0;
    }
    reap_all();
}

static void one_step(void)
{
    unsigned what = below(64);

    if (what < 26)
        queue_one(&ops[below(SLOTS)]);
    else if (what < 36)
        vio_blk_submit(
            vio_blk_get_queue(&unit_blk, below(unit_blk.info.n_queues)));
    else if (what < 48)
        reap(below(QUEUES));
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

static void start_device(unsigned kind)
{
    struct model_limits limits = {64, 2, 8};

    unit_disk_device(kind & 1 ? 1 : 2, SECTORS);
    model_disk_set_queues(&unit_dev, QUEUES, QUEUES);
    model_disk_set_limits(&unit_dev, MF_BLK_DISCARD, limits);
    model_disk_set_limits(&unit_dev, MF_BLK_WRITE_ZEROES, limits);
    if (kind & 1 || kind & 8)
        model_disk_set_limits(&unit_dev, MF_BLK_SECURE_ERASE, limits);
    model_disk_offer(&unit_dev, MF_BLK_LIFETIME);
    if (kind & 1)
        model_disk_offer(&unit_dev, MF_BLK_SCSI);
    else if (!(kind & 8))
        model_disk_set_zoned(&unit_dev, MODEL_Z_HA, 64, 0);
    memcpy(unit_disk.id, "a serial number", 15);
    unit_dev.offered |= kind & 2 ? MF(MF_EVENT_IDX) : 0;
    unit_dev.offered |= kind & 4 ? MF(MF_INDIRECT) : 0;
    unit_dev.when = MODEL_BY_HAND;
    unit_disk.fault_always = true;
    unit_disk.fault.hold = true;
    unit_env.map_most = kind & 8 ? 1500 : 0;
}

static void start(unsigned kind)
{
    start_device(kind);
    unit_disk_up(&(struct vio_blk_config){.n_queues = QUEUES,
                                          .queue_size = 32,
                                          .max_segs = 6,
                                          .depth = 8,
                                          .scsi = true});
    assert_int_equal(unit_blk.info.n_queues, QUEUES);
    memcpy(disk, unit_disk.data, sizeof(disk));
    memset(known, true, sizeof(known));
    memset(ops, 0, sizeof(ops));
    for (unsigned i = 0; i < SLOTS; i++)
        ops[i].data = unit_alloc(SPAN * 512, 16);
    capacity = SECTORS;
    errors_told = errors_made = recoveries = 0;
    trouble = false;
    model_between = on_relax;
}

static void end(void)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        if (ops[i].busy) {
            vio_blk_wait(vio_blk_get_queue(&unit_blk, ops[i].queue),
                         &ops[i].req, 30000000000u);
            finish(&ops[i].req);
        }
    }
    model_between = NULL;
    for (unsigned s = 0; s < SECTORS; s++) {
        if (known[s])
            assert_memory_equal(unit_disk.data + 512 * s, disk[s], 512);
    }
    assert_true(errors_told <= errors_made || trouble);
    unit_disk_down();
}

static void random_streams_of_everything(void **state)
{
    (void)state;
    finished = 0;
    for (unsigned kind = 0; kind < 16; kind++) {
        seed = 77 + kind;
        start(kind);
        for (unsigned i = 0; i < STEPS; i++)
            one_step();
        assert_true(recoveries > 0);
        end();
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
