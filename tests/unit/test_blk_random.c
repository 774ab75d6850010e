/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random streams of requests, synchronous and not, completed in random order by
 * devices of every kind, against a disk that is an array: what is read is what
 * was written, and what was flushed survives a crash.
 */
#include "unit_disk.h"

#define SECTORS 256
#define SLOTS   6
#define SPAN    12 /* sectors of the longest request */
#define STEPS   1500

struct op {
    struct vio_blk_req req;
    struct vio_buf buf[3];
    uint8_t *data;
    uint64_t sector;
    unsigned n; /* sectors; 0: a flush */
    bool is_write;
    bool busy;
    unsigned stamp; /* of a flush: the time when it was submitted */
};

static struct op ops[SLOTS];
static uint8_t disk[SECTORS][512]; /* as it has to read */
static uint8_t durable[SECTORS][512];
static bool is_durable[SECTORS];
static unsigned written[SECTORS];     /* when last submitted */
static unsigned finished_at[SECTORS]; /* when the last write was reaped */
static unsigned time_now;
static uint32_t seed;
static struct vio_blk_queue *q;

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

static void fill(struct op *op)
{
    for (unsigned i = 0; i < op->n * 512; i++)
        op->data[i] = (uint8_t)unit_random(&seed);
}

/* The caller's data, cut into pieces at odd places. */
static unsigned cut(struct op *op)
{
    size_t whole = op->n * 512, first = 1 + below((unsigned)whole - 2);
    unsigned pieces = 1 + below(2);

    op->buf[0] = (struct vio_buf){op->data, pieces == 1 ? whole : first};
    op->buf[1] = (struct vio_buf){op->data + first, whole - first};
    return pieces;
}

static void expect_write(const struct op *op)
{
    for (unsigned i = 0; i < op->n; i++) {
        memcpy(disk[op->sector + i], op->data + 512 * i, 512);
        is_durable[op->sector + i] = false;
        written[op->sector + i] = time_now;
        finished_at[op->sector + i] = 0;
    }
}

/* Everything that was reaped before the flush was submitted, and not written
 * again since, is safe now. */
static void expect_durable(unsigned stamp)
{
    for (unsigned s = 0; s < SECTORS; s++) {
        if (written[s] < stamp && finished_at[s] && finished_at[s] < stamp) {
            memcpy(durable[s], disk[s], 512);
            is_durable[s] = true;
        }
    }
}

static void finish(struct op *op)
{
    assert_int_equal(op->req.result, 0);
    assert_int_equal(op->req.state, VIO_BLK_IDLE);
    op->busy = false;
    time_now++;
    if (!op->n) {
        expect_durable(op->stamp);
        return;
    }
    if (!op->is_write)
        assert_memory_equal(op->data, disk[op->sector], op->n * 512);
    else
        for (unsigned i = 0; i < op->n; i++)
            finished_at[op->sector + i] = time_now;
}

static void queue_one(struct op *op)
{
    int err;

    if (op->busy)
        return;
    op->n = below(8) ? 1 + below(SPAN) : 0;
    op->sector = op->n ? below(SECTORS - op->n + 1) : 0;
    op->is_write = below(2);
    op->stamp = ++time_now;
    if (op->n && overlaps(op->sector, op->n))
        return;
    if (!op->n) {
        vio_blk_prep_flush(&op->req);
    } else if (op->is_write) {
        fill(op);
        vio_blk_prep_write(&op->req, op->sector, op->buf, cut(op));
    } else {
        memset(op->data, 0x5a, op->n * 512);
        vio_blk_prep_read(&op->req, op->sector, op->buf, cut(op));
    }
    op->req.user = op;
    err = vio_blk_queue(q, &op->req);
    assert_true(err == 0 || err == VIO_EAGAIN || err == VIO_E2BIG);
    if (err)
        return;
    op->busy = true;
    if (op->n && op->is_write)
        expect_write(op);
}

static void reap(void)
{
    struct vio_blk_req *done[3];
    int n = vio_blk_reap(q, done, 1 + below(3));

    assert_true(n >= 0);
    for (int i = 0; i < n; i++)
        finish(done[i]->user);
}

/* The device's turn: some of what it holds, in any order. */
static void device_works(void)
{
    struct model_queue *mq = &unit_dev.queue[0];

    model_dev_run(&unit_dev);
    for (unsigned n = below(4); n && mq->n_held; n--)
        model_disk_finish(&unit_disk, mq, below(mq->n_held));
}

static void wait_one(void)
{
    struct op *op = &ops[below(SLOTS)];

    if (!op->busy)
        return;
    assert_int_equal(vio_blk_wait(q, &op->req, 30000000000u), 0);
    finish(op);
}

static void synchronous(void)
{
    static uint8_t data[SECTORS * 512];
    unsigned n = 1 + below(40);
    uint64_t sector = below(SECTORS - n + 1);

    if (overlaps(sector, n))
        return;
    assert_int_equal(vio_blk_read(&unit_blk, sector, data, n * 512), 0);
    assert_memory_equal(data, disk[sector], n * 512);
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

static void one_step(void)
{
    unsigned what = below(16);

    if (what < 6)
        queue_one(&ops[what]);
    else if (what < 9)
        assert_int_equal(vio_blk_submit(q), 0);
    else if (what < 12)
        reap();
    else if (what < 14)
        device_works();
    else if (what < 15)
        wait_one();
    else
        synchronous();
}

static void assert_survives_a_crash(void)
{
    unsigned safe = 0;

    model_disk_crash(&unit_disk);
    for (unsigned s = 0; s < SECTORS; s++) {
        if (is_durable[s]) {
            assert_memory_equal(unit_disk.data + 512 * s, durable[s], 512);
            safe++;
        }
    }
    assert_true(safe > 0);
}

static void start(unsigned kind)
{
    static const size_t most[] = {0, 0, 600, 4096};
    struct vio_blk_config cfg = {.queue_size = 32, .max_segs = 8};

    unit_disk_device(kind & 1 ? 1 : 2, SECTORS);
    unit_dev.when = kind & 2 ? MODEL_AT_WILL : MODEL_BY_HAND;
    if (kind & 4)
        unit_dev.offered |= MF(MF_EVENT_IDX);
    if (kind & 8)
        model_disk_set_size_max(&unit_disk, &unit_dev, 2048);
    unit_disk.fault_always = !(kind & 2);
    unit_disk.fault.hold = true;
    unit_env.map_most = most[kind % 4];
    unit_disk_up(&cfg);
    q = unit_blk.queue;
    memcpy(disk, unit_disk.data, sizeof(disk));
    memset(is_durable, 0, sizeof(is_durable));
    memset(written, 0, sizeof(written));
    memset(finished_at, 0, sizeof(finished_at));
    memset(ops, 0, sizeof(ops));
    for (unsigned i = 0; i < SLOTS; i++)
        ops[i].data = unit_alloc(SPAN * 512, 16);
    time_now = 1;
    model_between = on_relax;
}

static void run(unsigned kind, uint32_t with_seed)
{
    seed = with_seed;
    start(kind);
    for (unsigned i = 0; i < STEPS; i++)
        one_step();
    for (unsigned i = 0; i < SLOTS; i++) {
        if (ops[i].busy) {
            assert_int_equal(vio_blk_wait(q, &ops[i].req, 30000000000u), 0);
            finish(&ops[i]);
        }
    }
    for (unsigned s = 0; s < SECTORS; s++)
        assert_memory_equal(unit_disk.data + 512 * s, disk[s], 512);
    assert_survives_a_crash();
    model_between = NULL;
    unit_disk_down();
}

static void random_streams_keep_the_disk_right(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 16; kind++) {
        for (uint32_t s = 1; s <= 6; s++)
            run(kind, 1000 * kind + s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_all_cases(random_streams_keep_the_disk_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
