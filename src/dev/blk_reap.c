/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reaping: runs of requests that ended in the usual way, and everything else
 * one by one.
 *
 * Spec: 2.7.14 Receiving Used Buffers From The Device.
 */
#include "../virtq/shape_take.h"
#include "blk_impl.h"

/* The first request of the list of finished ones, in which there is one. */
static struct vio_blk_req *pop_done(struct vio_blk_queue *q)
{
    struct vio_blk_req *req = q->done_first;

    q->done_first = req->next;
    if (!q->done_first)
        q->done_last = &q->done_first;
    blk_release(req, req->result);
    return req;
}

/* Take back one by one what the device is done with, behind the n that are
 * there. The next one was found, and perhaps its status looked at. */
static __attribute__((noinline)) int reap_any(struct vio_blk_queue *q,
                                              struct vio_blk_req **done,
                                              unsigned n, unsigned max,
                                              unsigned status)
{
    int taken, result;

    do {
        taken = vio_blk_take(q, status, &done[n], &result);
        status = BLK_STATUS_UNREAD;
        if (taken > 0)
            blk_release(done[n++], result);
    } while (taken > 0 && n < max && (taken = vio_blk_look(q)) > 0);
    return n ? (int)n : taken;
}

/*
 * The usual end: everything is written, and there is no answer. What ends
 * otherwise goes the long way, and so does all that comes after it.
 */
struct run {
    struct vio_blk_queue *q;
    struct vio_blk_req **first;
    struct vio_blk_req **next;
    unsigned status; /* of the one that ended the run, if it was looked at */
};

static inline bool end_plain(void *ctx, size_t slot, void *token)
{
    struct run *run = ctx;
    struct vio_blk_req *req = token;
    unsigned status = vio_shared_load8(&run->q->status[slot]);

    if (status != VIRTIO_BLK_S_OK || req->op > BLK_FLUSH) {
        run->status = status;
        return false;
    }
    blk_release(req, 0);
    *run->next++ = req;
    return true;
}

/* The same where the port has mapped the data. */
static inline bool end_mapped(void *ctx, size_t slot, void *token)
{
    struct run *run = ctx;
    struct vio_blk_queue *q = run->q;

    if (!end_plain(ctx, slot, token))
        return false;
    vio_blk_unmap(q, (unsigned)slot, shape_n_segs(&q->vq, (unsigned)slot));
    return true;
}

static inline int end_run(void *ctx, unsigned left)
{
    struct run *run = ctx;
    unsigned n = (unsigned)(run->next - run->first);

    return left ? reap_any(run->q, run->first, n, n + left, run->status)
                : (int)n;
}

/* Runs of several, and the straight way for one; `each` ends a request. */
RING_INLINE int packed_several(struct vio_blk_queue *q,
                               struct vio_blk_req **done, unsigned max,
                               shape_each *each)
{
    unsigned n = (unsigned)packed_in_flight(&q->vq);
    struct run run = {q, done, done, BLK_STATUS_UNREAD};

    return packed_run(&q->vq, n < max ? n : max, each, end_run, &run);
}

RING_INLINE int split_several(struct vio_blk_queue *q,
                              struct vio_blk_req **done, unsigned ready,
                              unsigned max, shape_each *each)
{
    struct run run = {q, done, done, BLK_STATUS_UNREAD};
    unsigned n = ready < max ? ready : max;

    return n ? split_run(&q->vq, n, each, end_run, &run) : 0;
}

RING_APART int reap_packed_run(struct vio_blk_queue *q,
                               struct vio_blk_req **done, unsigned max)
{
    return packed_several(q, done, max, end_plain);
}

RING_APART int reap_packed(struct vio_blk_queue *q, struct vio_blk_req **done,
                           unsigned max)
{
    struct run run = {q, done, done, BLK_STATUS_UNREAD};
    uint16_t end = q->vq.published;

    return max && packed_has_one(&q->vq, end)
               ? packed_run_one(&q->vq, end, end_plain, end_run, &run)
               : reap_packed_run(q, done, max);
}

RING_APART int reap_split_run(struct vio_blk_queue *q,
                              struct vio_blk_req **done, unsigned ready,
                              unsigned max)
{
    return split_several(q, done, ready, max, end_plain);
}

RING_APART int reap_split(struct vio_blk_queue *q, struct vio_blk_req **done,
                          unsigned max)
{
    const uint16_t *ring = split_used(&q->vq);
    int ready = split_ready(&q->vq, ring, RING_WEAK);
    struct run run = {q, done, done, BLK_STATUS_UNREAD};

    if (ready < 0)
        return ready;
    return max && ready == 1
               ? split_run_one(&q->vq, ring, end_plain, end_run, &run)
               : reap_split_run(q, done, (unsigned)ready, max);
}

/* Those that finished while another was waited for, and then one by one. */
static __attribute__((noinline)) int
reap_list(struct vio_blk_queue *q, struct vio_blk_req **done, unsigned max)
{
    unsigned n = 0;
    int ready;

    while (n < max && q->done_first)
        done[n++] = pop_done(q);
    if (n == max)
        return (int)n;
    ready = vio_blk_look(q);
    if (ready <= 0)
        return n ? (int)n : ready;
    return reap_any(q, done, n, max, BLK_STATUS_UNREAD);
}

RING_APART int reap_mapped_packed(struct vio_blk_queue *q,
                                  struct vio_blk_req **done, unsigned max)
{
    return packed_several(q, done, max, end_mapped);
}

RING_APART int reap_mapped_split(struct vio_blk_queue *q,
                                 struct vio_blk_req **done, unsigned max)
{
    int ready = split_ready(&q->vq, split_used(&q->vq), RING_WEAK);

    return ready < 0 ? ready
                     : split_several(q, done, (unsigned)ready, max, end_mapped);
}

RING_APART int reap_listed(struct vio_blk_queue *q, struct vio_blk_req **done,
                           unsigned max)
{
    struct run run = {q, done, done, BLK_STATUS_UNREAD};

    return listed_run(&q->vq, max, end_plain, end_run, &run);
}

RING_APART int reap_mapped_listed(struct vio_blk_queue *q,
                                  struct vio_blk_req **done, unsigned max)
{
    struct run run = {q, done, done, BLK_STATUS_UNREAD};

    return listed_run(&q->vq, max, end_mapped, end_run, &run);
}

/* Not the usual queue, or not as usual. */
static __attribute__((noinline)) int
reap_unusual(struct vio_blk_queue *q, struct vio_blk_req **done, unsigned max)
{
    uint32_t state = ring_state(&q->vq);

    if (RING_SMALL || q->done_first || state & SHAPE_ONE_BY_ONE)
        return reap_list(q, done, max);
    if (state & VQ_LISTED)
        return state & VQ_MAPPED ? reap_mapped_listed(q, done, max)
                                 : reap_listed(q, done, max);
    return state & VQ_PACKED ? reap_mapped_packed(q, done, max)
                             : reap_mapped_split(q, done, max);
}

int vio_blk_reap(struct vio_blk_queue *q, struct vio_blk_req **done,
                 unsigned max)
{
    uint32_t state = ring_state(&q->vq);

    DEBUG_OWN(&q->vq);
    if (RING_SMALL || q->done_first || state & SHAPE_UNUSUAL)
        return reap_unusual(q, done, max);
    /* A loop for each format, so that it is asked for once. */
    return state & VQ_PACKED ? reap_packed(q, done, max)
                             : reap_split(q, done, max);
}
