/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk whose device is lost at any access to it, over each transport: it
 * never confirms its reset, asks for one, breaks the ring, or is unplugged.
 * Every request comes back exactly once, and not while the device reaches its
 * buffer.
 */
#include "unit_way.h"

#define QUEUES  2
#define N       8 /* requests of one queue */
#define BYTES   1024
#define STEP    20000000u /* of the clock */
#define TIMEOUT 200000000u

struct op {
    struct vio_blk_req req;
    struct vio_buf buf[2];
    struct vio_blk_range range;
    char id[VIO_BLK_ID_SIZE];
    uint8_t *data;
    bool queued;
    unsigned back; /* how often it came back */
};

enum how {
    NO_RESET,
    NEEDS_RESET,
    BROKEN,
    UNPLUG,
    NOTHING,
    N_HOW
};

static struct op ops[QUEUES][N];
static uint8_t *sync_data;
static uint64_t accesses; /* of the life before */
static enum how how;
static bool lost;

static void lose(void)
{
    if (how == NO_RESET && !unit_way.model->status) {
        unit_countdown = 1; /* nothing to be reset: a little later */
        return;
    }
    lost = true;
    switch (how) {
    case NO_RESET:
        unit_way.model->reset_reads = MODEL_FOREVER;
        unit_way.model->when = MODEL_BY_HAND;
        break;
    case NEEDS_RESET:
        model_dev_needs_reset(unit_way.model);
        break;
    case BROKEN:
        for (unsigned i = 0; i < QUEUES; i++) {
            if (unit_way.model->queue[i].live)
                model_queue_push(&unit_way.model->queue[i], 0xfff0, 1);
        }
        break;
    case UNPLUG:
        unit_way.model->gone_after = 0;
        for (unsigned i = 0; i < QUEUES; i++)
            model_queue_stop(&unit_way.model->queue[i]);
        break;
    default:
        break;
    }
}

static void start(enum unit_way way)
{
    unit_way_start(way);
    unit_env.step_ns = STEP;
    unit_way_set_queues(QUEUES);
    model_disk_set_limits(unit_way.model, MF_BLK_DISCARD,
                          (struct model_limits){32, 2, 1});
    unit_way.model->offered |= unit_way_is_legacy(way) ? 0 : MF(MF_EVENT_IDX);
    unit_way.cfg.queue_size = 32;
    unit_way.cfg.depth = 0;
    unit_way.cfg.timeout_ns = TIMEOUT;
    unit_way_up();
    memset(ops, 0, sizeof(ops));
    for (unsigned i = 0; i < QUEUES * N; i++)
        ops[i / N][i % N].data = unit_alloc(BYTES, 16);
    sync_data = unit_alloc(8 * BYTES, 16);
}

static void prep(struct op *op, unsigned i)
{
    op->buf[0] = (struct vio_buf){op->data, 100};
    op->buf[1] = (struct vio_buf){op->data + 100, BYTES - 100};
    op->range = (struct vio_blk_range){200, 8};
    if (i == 6)
        vio_blk_prep_flush(&op->req);
    else if (i == 5)
        vio_blk_prep_discard(&op->req, &op->range, 1);
    else if (i == 4)
        vio_blk_prep_get_id(&op->req, op->id);
    else if (i & 1)
        vio_blk_prep_write(&op->req, 20 * i, op->buf, 2);
    else
        vio_blk_prep_read(&op->req, 20 * i, op->buf, 2);
    op->req.user = op;
}

static void take_back(struct vio_blk_req *req)
{
    struct op *op = req->user;

    assert_int_equal(req->state, VIO_BLK_IDLE);
    assert_true(op->queued);
    assert_int_equal(op->back++, 0);
    assert_false(model_mem_reaches(op->data, BYTES));
}

static int reap(unsigned queue)
{
    struct vio_blk_req *done[N];
    int n = vio_blk_reap(vio_blk_get_queue(&unit_way.blk, queue), done, N);

    for (int i = 0; i < n; i++)
        take_back(done[i]);
    return n;
}

/* All kinds of calls; what they return is not the point. */
static void work(void)
{
    for (unsigned i = 0; i < N; i++) {
        for (unsigned queue = 0; queue < QUEUES; queue++) {
            struct vio_blk_queue *q = vio_blk_get_queue(&unit_way.blk, queue);
            struct op *op = &ops[queue][i];

            prep(op, i);
            op->queued = vio_blk_queue(q, &op->req) == 0;
            if (i & 1)
                vio_blk_submit(q);
        }
    }
    reap(1);
    if (ops[0][3].queued &&
        vio_blk_wait(unit_way.blk.queue, &ops[0][3].req, TIMEOUT) !=
            VIO_ETIMEDOUT &&
        ops[0][3].req.state == VIO_BLK_IDLE)
        take_back(&ops[0][3].req);
    reap(0);
    vio_blk_read(&unit_way.blk, 5, sync_data, 8 * BYTES);
    vio_blk_refresh(&unit_way.blk);
    vio_blk_write(&unit_way.blk, 5, sync_data, 8 * BYTES);
    vio_blk_discard(&unit_way.blk, 210, 40);
}

static bool has_data(unsigned i)
{
    return i < 4 || i > 6; /* see prep() */
}

/* Every request is back, or none of its memory is: it stays mapped. */
static void assert_back_or_in_quarantine(bool quarantine)
{
    for (unsigned i = 0; i < QUEUES * N; i++) {
        const struct op *op = &ops[i / N][i % N];

        if (!op->queued || op->back)
            continue;
        assert_true(quarantine);
        assert_int_equal(op->req.state, VIO_BLK_QUEUED);
        assert_int_equal(model_mem_reaches(op->data, BYTES), has_data(i % N));
    }
    if (!quarantine)
        assert_int_equal(unit_env.maps, unit_env.unmaps);
}

/* The device is well again, or still gone; give the disk up. */
static void heal_and_end(void)
{
    model_between = NULL;
    unit_way.model->reset_reads = 0;
    unit_way.model->when = MODEL_AT_DOORBELL;
    assert_int_equal(vio_blk_fini(&unit_way.blk),
                     how == UNPLUG && lost ? VIO_ENODEV : 0);
    while (reap(0) > 0 || reap(1) > 0)
        ;
    assert_back_or_in_quarantine(false);
}

/* A device that was not reset does what it was asked for: all the memory is
 * still there for it. */
static void device_goes_on(void)
{
    for (unsigned i = 0; i < QUEUES; i++) {
        struct model_queue *q = &unit_way.model->queue[i];

        if (q->live)
            model_queue_take(q);
        while (q->live && q->n_held)
            model_disk_finish(&unit_disk, q, 0);
    }
}

static void lose_at(enum unit_way way, unsigned at, enum vio_blk_recovery r)
{
    int err;

    start(way);
    accesses = model_accesses;
    lost = false;
    unit_at_access(at, lose);
    if (how == BROKEN) {
        model_allow("T-SPL-15");
        model_allow("SPLIT-22");
        model_allow("SPLIT-11"); /* of the device's own making */
        if (unit_is_packed())
            model_allow("*"); /* it has written over what it reads next */
    }
    work();
    err = vio_blk_recover(&unit_way.blk, r);
    if (err == VIO_ETIMEDOUT)
        device_goes_on();
    while (reap(0) > 0 || reap(1) > 0)
        ;
    if (err >= 0 && how != BROKEN) {
        /* What was resubmitted may have been lost once more. */
        err = vio_blk_recover(&unit_way.blk, VIO_BLK_HAND_BACK);
        while (reap(0) > 0 || reap(1) > 0)
            ;
    }
    assert_back_or_in_quarantine(err == VIO_ETIMEDOUT || how == BROKEN);
    accesses = model_accesses - accesses;
    heal_and_end();
}

static uint64_t count_accesses(enum unit_way way)
{
    how = NOTHING;
    lose_at(way, 0, VIO_BLK_RESUBMIT);
    return accesses;
}

static void at_every_access(enum how this_way)
{
    for_each_way(way)
    {
        uint64_t n = count_accesses(way);

        assert_true(n > 200);
        how = this_way;
        for (unsigned at = 1; at <= n + 20; at++)
            lose_at(way, at, at & 1 ? VIO_BLK_RESUBMIT : VIO_BLK_HAND_BACK);
    }
}

static void t_lif_01_reset_is_never_confirmed(void **state)
{
    (void)state;
    at_every_access(NO_RESET);
}

static void t_lif_02_device_needs_a_reset(void **state)
{
    (void)state;
    at_every_access(NEEDS_RESET);
}

static void ring_is_broken(void **state)
{
    (void)state;
    at_every_access(BROKEN);
}

static void t_lif_03_device_is_unplugged(void **state)
{
    (void)state;
    at_every_access(UNPLUG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_all_cases(t_lif_01_reset_is_never_confirmed),
        unit_all_cases(t_lif_02_device_needs_a_reset),
        unit_all_cases(ring_is_broken),
        unit_all_cases(t_lif_03_device_is_unplugged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
