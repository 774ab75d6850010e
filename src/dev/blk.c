/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a disk: bringing it up, giving it up, and up again.
 *
 * There is one way in (bring_up) and one way out (vio_blk_freeze); recovery is
 * the second followed by the first, and so is going on after a suspend.
 *
 * Spec: 5.2.5 Device Initialization.
 */
#include "../mem.h"
#include "../virtq/shape.h"
#include "../why.h"
#include "blk_impl.h"

#define DEFAULT_QUEUE_SIZE 256u
#define DEFAULT_MAX_SEGS   2u
#define DEFAULT_DEPTH      64u
#define DEFAULT_MAX_RANGES 2u

static uint16_t or_default(uint16_t value, uint16_t otherwise)
{
    return value ? value : otherwise;
}

/* The caller's wishes, which may be the ones that are there already, with the
 * defaults filled in. */
static void complete(struct vio_blk_config *full,
                     const struct vio_blk_config *cfg)
{
    *full = cfg ? *cfg : (struct vio_blk_config){0};
    full->n_queues = or_default(full->n_queues, 1);
    full->queue_size = or_default(full->queue_size, DEFAULT_QUEUE_SIZE);
    full->max_segs = or_default(full->max_segs, DEFAULT_MAX_SEGS);
    full->depth = or_default(full->depth, DEFAULT_DEPTH);
    full->max_ranges = or_default(full->max_ranges, DEFAULT_MAX_RANGES);
    if (!full->timeout_ns)
        full->timeout_ns = BLK_TIMEOUT_NS;
}

/* What can be refused without looking at the device. */
static int check_args(struct vio_device *dev, const struct vio_blk_config *cfg,
                      const struct vio_mem *mem)
{
    unsigned size = cfg->queue_size;

    if (size < 4 || size > VIRTQ_SIZE_MAX || (size & (size - 1)))
        return vio_fail(&dev->why, VIO_WHY_BAD_CONFIG, size, cfg->max_segs);
    return vio_blk_check_device(dev, mem);
}

/* A set-up has failed. Where the device gave up by itself, and knows no queue,
 * nothing is left to be done. */
static int give_up(struct vio_device *dev, bool knows_queues, int err)
{
    return knows_queues || dev->state == VIO_DEVICE_NEGOTIATED
               ? vio_device_abandon(dev, err)
               : err;
}

/* Up to what the queues will be like. Not inlined: there is one of it for
 * asking and for doing. */
static __attribute__((noinline)) int plan_it(struct vio_device *dev,
                                             const struct vio_blk_config *cfg,
                                             struct blk_plan *plan)
{
    int err;

    plan->dev = dev;
    plan->cfg = cfg;
    err = vio_blk_negotiate(plan);
    if (!err)
        err = vio_blk_read_limits(plan);
    if (!err)
        err = vio_blk_make_plan(plan);
    return err;
}

int vio_blk_mem_size(struct vio_device *dev, const struct vio_blk_config *cfg,
                     struct vio_need *want, struct vio_need *least)
{
    struct vio_need most, few;
    struct vio_blk_config full;
    struct blk_plan plan;
    int err;

    complete(&full, cfg);
    err = check_args(dev, &full, NULL);
    if (err)
        return err;
    err = plan_it(dev, &full, &plan);
    if (err)
        return give_up(dev, false, err);
    most = vio_blk_need(&plan);
    while (vio_blk_shrink_plan(&plan))
        ;
    few = vio_blk_need(&plan);
    err = vio_device_reset(dev);
    if (err)
        return err;
    *want = most;
    *least = few;
    return 0;
}

/* The queue structs come first in the private block, and outlive resets. */
static void take_queues(struct vio_blk *blk, struct vio_mem *left)
{
    size_t size = vio_blk_queues_size(&blk->cfg);

    if (blk->queue) {
        left->priv = (unsigned char *)left->priv + size;
        left->priv_size -= size;
        return;
    }
    blk->queue = vio_mem_priv(left, size);
    for (unsigned i = 0; i < blk->cfg.n_queues; i++) {
        blk->queue[i].blk = blk;
        blk->queue[i].done_last = &blk->queue[i].done_first;
    }
}

/* No queue is there, whatever an earlier life of the disk has left. */
static void forget_queues(struct vio_blk *blk)
{
    for (unsigned i = 0; i < blk->cfg.n_queues; i++)
        blk->queue[i].vq = (struct vio_virtq){.state = VQ_BROKEN};
}

#define RELIED_ON offsetof(struct vio_blk_info, indirect)
_Static_assert(RELIED_ON == 2 * 8 + 3 * 4 + 3 * 3 * 4 + 6 * 4 + 4 * 2 + 4,
               "what is compared has no padding");

/* Is it the same disk in every respect that a user may rely on? */
static bool is_same(const struct vio_blk_info *a, const struct vio_blk_info *b)
{
    const unsigned char *p = (const void *)a, *q = (const void *)b;
    size_t i = 0;

    while (i < RELIED_ON && p[i] == q[i])
        i++;
    return i == RELIED_ON;
}

/* Lay out the queues and hand them over. Apart, so that its share of the stack
 * is not in use while the device is asked for everything else. */
static __attribute__((noinline)) int set_up_queues(struct vio_blk *blk,
                                                   const struct blk_plan *plan)
{
    struct vio_mem left = blk->mem;
    int err = 0;

    take_queues(blk, &left);
    forget_queues(blk);
    for (unsigned i = 0; i < plan->n_queues && !err; i++) {
        err = vio_blk_lay_out(blk, plan, i, &left);
        if (!err)
            err = vio_device_queue_start(blk->dev, &blk->queue[i].vq);
    }
    return err;
}

/* Steps 1 to 7 of the initialisation: features, limits and the queues. Until
 * the limits are checked, what the device says is kept apart: the number of
 * queues that blk has is what a failure that comes later goes by. */
static int set_up(struct vio_blk *blk)
{
    struct blk_plan plan;
    int err = plan_it(blk->dev, &blk->cfg, &plan);

    if (!err)
        err = vio_blk_fit_plan(&plan, &blk->mem);
    if (!err)
        err = vio_blk_read_info(&plan, &blk->fresh);
    if (err)
        return err;
    vio_blk_set_limits(&blk->fresh, &plan);
    blk->changed |= !is_same(&blk->info, &blk->fresh);
    /* 5.2.5: after a reset the cache may be another one. */
    blk->unflushed |= blk->info.writeback;
    blk->info = blk->fresh;
    return set_up_queues(blk, &plan);
}

/* Not inlined: a recovery would have its registers saved all the time. */
static __attribute__((noinline)) void break_queues(struct vio_blk *blk)
{
    for (unsigned i = 0; i < blk_n_structs(blk); i++)
        vio_virtq_break(&blk->queue[i].vq);
}

/* All of the initialisation. */
static int bring_up(struct vio_blk *blk)
{
    int err = set_up(blk);

    blk->disabled = 0;
    if (!err)
        err = vio_device_start(blk->dev);
    if (!err)
        return 0;
    break_queues(blk); /* nobody uses one that is half set up */
    return give_up(blk->dev, blk->queue, err);
}

int vio_blk_init(struct vio_blk *blk, struct vio_device *dev,
                 const struct vio_blk_config *cfg, const struct vio_mem *mem)
{
    int err;

    /* Either may be what blk has had so far. */
    complete(&blk->cfg, cfg);
    blk->mem = *mem;
    blk->dev = dev;
    blk->info = (struct vio_blk_info){0};
    blk->finished = blk->changed = false;
    /* Who had the disk before, this program or another one, may have left it
     * writes in a cache that was write-back then. */
    blk->unflushed = true;
    blk->queue = NULL;
    err = check_args(dev, &blk->cfg, &blk->mem);
    if (!err)
        err = bring_up(blk);
    blk->changed = false; /* of what was known before there is nothing */
    return err;
}

struct vio_blk_queue *vio_blk_get_queue(struct vio_blk *blk, unsigned i)
{
    return i < blk->info.n_queues ? &blk->queue[i] : NULL;
}

const struct vio_blk_info *vio_blk_info(const struct vio_blk *blk)
{
    return &blk->info;
}

/* Take everything outstanding back from a device that is reset. */
static void park(struct vio_blk_queue *q)
{
    for (unsigned slot = 0; slot < q->vq.shape_depth; slot++) {
        struct vio_blk_req *req = q->vq.slot[slot].token;

        if (q->vq.slot[slot].bound == 0)
            continue;
        q->vq.slot[slot].bound = 0; /* the free list is made anew later */
        /* The request says it, too, but the synchronous calls may have begun
         * to fill in theirs anew. */
        vio_blk_unmap(q, slot, shape_n_segs(&q->vq, slot));
        req->next = q->parked;
        q->parked = req;
    }
    q->notifications += q->vq.stats.notifications;
    q->suppressed += q->vq.stats.suppressed;
    q->protocol_errors += q->vq.stats.broken;
    q->vq.stats = (struct vio_virtq_stats){0};
    /* Its memory may be another queue's before this one is set up again. */
    q->vq.shape_depth = 0;
}

static void park_all(struct vio_blk *blk)
{
    for (unsigned i = 0; i < blk_n_structs(blk); i++)
        park(&blk->queue[i]);
}

int vio_blk_freeze(struct vio_blk *blk)
{
    int err;

    if (blk->finished) /* and its memory and device perhaps another one's */
        return VIO_EBADSTATE;
    err = vio_device_reset(blk->dev);
    break_queues(blk);
    /* A device that is gone does no DMA; one that does not confirm may. */
    if (err != VIO_ETIMEDOUT)
        park_all(blk);
    return err;
}

/* What is finished goes along with the rest when a queue is no more: its owner
 * looks for it in one that is. */
static void move_done(struct vio_blk_queue *from, struct vio_blk_queue *to)
{
    if (!from->done_first)
        return;
    *to->done_last = from->done_first;
    to->done_last = from->done_last;
    from->done_first = NULL;
    from->done_last = &from->done_first;
}

/* Is doing it twice doing it once? Of a write to a sequential zone nobody knows
 * whether it has moved the write pointer. */
static bool is_repeatable(const struct vio_blk_info *info,
                          const struct vio_blk_req *req)
{
    return blk_op(req)->repeatable &&
           !(req->op == BLK_WRITE && info->zoned.model == VIRTIO_BLK_Z_HM);
}

/* Do a parked request again, or say that it is done. The synchronous calls' own
 * is nobody's any more: its caller has been told. */
static void unpark(struct vio_blk_queue *q, struct vio_blk_req *req, bool again)
{
    int err = VIO_EIO;

    req->state = VIO_BLK_IDLE;
    if (req == &q->sync)
        return;
    if (again && is_repeatable(&q->blk->info, req))
        err = vio_blk_queue(q, req);
    if (err)
        vio_blk_finish(q, req, err);
}

static void unpark_all(struct vio_blk *blk, bool again)
{
    for (unsigned i = 0; i < blk_n_structs(blk); i++) {
        struct vio_blk_queue *q = &blk->queue[i];
        struct vio_blk_queue *to = i < blk->info.n_queues ? q : blk->queue;
        struct vio_blk_req *req = q->parked, *next;

        q->parked = NULL;
        if (to != q)
            move_done(q, to);
        for (; req; req = next) {
            next = req->next;
            unpark(to, req, again);
        }
        if (again)
            vio_blk_submit(to);
    }
}

void vio_blk_hand_back(struct vio_blk *blk)
{
    unpark_all(blk, false);
}

int vio_blk_fini(struct vio_blk *blk)
{
    int err;

    if (!blk->dev || blk->finished) /* nothing is in use */
        return 0;
    err = vio_blk_freeze(blk);
    vio_blk_hand_back(blk);
    blk->finished = err != VIO_ETIMEDOUT;
    return err;
}

int vio_blk_restore(struct vio_blk *blk, enum vio_blk_recovery recovery)
{
    bool changed;
    int err;

    if (blk->dev->state != VIO_DEVICE_RESET || blk->finished)
        return VIO_EBADSTATE;
    park_all(blk); /* the reset may not have been the freeze's */
    err = bring_up(blk);
    unpark_all(blk, !err && recovery == VIO_BLK_RESUBMIT);
    if (err)
        return err;
    changed = blk->changed;
    blk->changed = false;
    return changed;
}

int vio_blk_recover(struct vio_blk *blk, enum vio_blk_recovery recovery)
{
    int err = vio_blk_freeze(blk);

    if (err == VIO_ETIMEDOUT || err == VIO_EBADSTATE)
        return err;
    if (err) {
        vio_blk_hand_back(blk);
        return err;
    }
    return vio_blk_restore(blk, recovery);
}
