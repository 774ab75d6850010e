/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting: for one request, for any, for a slot; and looking whether there is
 * still something to wait for.
 */
#include "../virtq/shape.h"
#include "blk_impl.h"

/* Take a request out of the list of finished ones, wherever it stands; false:
 * it is another queue's. */
static bool unlink_done(struct vio_blk_queue *q, struct vio_blk_req *req)
{
    struct vio_blk_req **link = &q->done_first;

    while (*link && *link != req)
        link = &(*link)->next;
    if (!*link)
        return false;
    *link = req->next;
    if (!*link)
        q->done_last = link;
    return true;
}

/* Move everything that is ready to the list of finished requests. */
static int collect(struct vio_blk_queue *q)
{
    struct vio_blk_req *req;
    int result, taken, n = 0;

    DEBUG_OWN(&q->vq);
    while ((taken = vio_blk_look(q)) > 0) {
        taken = vio_blk_take(q, BLK_STATUS_UNREAD, &req, &result);
        if (taken < 0)
            break;
        vio_blk_finish(q, req, result);
        n++;
    }
    return taken < 0 ? taken : n;
}

/* The device uses descriptors in turn. Where a request is several of them, how
 * many is only known of one that is taken, and one stands for all. */
static int packed_has_ready(const struct vio_virtq *vq, unsigned n)
{
    if (n > (unsigned)packed_in_flight(vq))
        return 0;
    return packed_is_used(vq, vq->taken) &&
           (n == 1 || !ring_table_segs(vq) ||
            packed_is_used(vq, packed_advance(vq, vq->taken, n - 1)));
}

/* Are n ready, at least one, to be reaped? What they are only that reads. */
static int look(struct vio_blk_queue *q, unsigned n)
{
    int ready;

    DEBUG_OWN(&q->vq);
    if (ring_broken(&q->vq))
        return VIO_EPROTO;
    if (ring_is_packed(&q->vq))
        return packed_has_ready(&q->vq, n);
    ready = split_ready(&q->vq, split_used(&q->vq), RING_NEGOTIATED);
    return ready < 0 ? ready : (unsigned)ready >= n;
}

int vio_blk_ready(struct vio_blk_queue *q, unsigned n)
{
    const struct vio_blk_req *req;

    for (req = q->done_first; req && n; req = req->next)
        n--;
    return n ? look(q, n) : 1;
}

int vio_blk_enable_cb(struct vio_blk_queue *q)
{
    if (ring_broken(&q->vq))
        return VIO_EPROTO;
    if (ring_has(&q->vq, VQ_SILENT))
        return VIO_ENOTSUP;
    return q->done_first || !vio_virtq_enable_cb(&q->vq);
}

void vio_blk_disable_cb(struct vio_blk_queue *q)
{
    vio_virtq_disable_cb(&q->vq);
}

/* Wait until something is ready, and collect it or not. > 0, VIO_ETIMEDOUT or
 * VIO_EPROTO. */
static int wait_some(struct vio_blk_queue *q, struct blk_wait *w, bool collects)
{
    struct vio_device *dev = q->blk->dev;
    bool stopped = false;

    vio_blk_wait_on(w);
    for (;;) {
        int n = collects ? collect(q) : look(q, 1);

        if (n)
            return n;
        if (stopped) { /* and that was a last look */
            vio_virtq_break(&q->vq);
            return VIO_EPROTO;
        }
        n = vio_blk_wait_more(w, &q->vq);
        if (n < 0)
            return n;
        /* A device that is suspended is not notified. */
        if (n == 0 || ring_state(&q->vq) & VQ_HELD)
            continue;
        q->renotified++;
        /* Nothing is written of why: it is beside the other queues' owners. */
        stopped = !vio_blk_is_live(dev);
    }
}

int vio_blk_wait_slot(struct vio_blk_queue *q, uint64_t timeout_ns)
{
    struct blk_wait wait;

    vio_blk_wait_begin(&wait, q->blk->dev->env, timeout_ns);
    vio_blk_submit(q);
    return wait_some(q, &wait, true);
}

/* What is ready stays in the ring: vio_blk_reap() takes it from there with less
 * to do than from the list. */
int vio_blk_wait_ready(struct vio_blk_queue *q, uint64_t timeout_ns)
{
    struct blk_wait wait;
    int n;

    if (q->done_first)
        return 1;
    if (ring_broken(&q->vq))
        return VIO_EPROTO;
    /* In either format: nothing is the device's. */
    if (q->vq.taken == q->vq.published)
        return 0;
    vio_blk_wait_begin(&wait, q->blk->dev->env, timeout_ns);
    n = wait_some(q, &wait, false);
    debug_waited(&q->vq);
    return n;
}

int vio_blk_wait_any(struct vio_blk_queue *q, uint64_t timeout_ns)
{
    vio_blk_submit(q);
    return vio_blk_wait_ready(q, timeout_ns);
}

/* A recovery may leave fewer queues; what the others had is the first one's. */
static bool is_no_more(const struct vio_blk_queue *q)
{
    return q - q->blk->queue >= q->blk->info.n_queues;
}

int vio_blk_wait(struct vio_blk_queue *q, struct vio_blk_req *req,
                 uint64_t timeout_ns)
{
    struct blk_wait wait;

    if (req->state == VIO_BLK_IDLE)
        return VIO_EINVAL;
    vio_blk_wait_begin(&wait, q->blk->dev->env, timeout_ns);
    vio_blk_submit(q);
    while (req->state == VIO_BLK_QUEUED) {
        int n = wait_some(q, &wait, true);

        /* It may be done, and what came behind it against the rules. */
        if (n < 0 && req->state == VIO_BLK_QUEUED)
            return is_no_more(q) ? VIO_EINVAL : n;
    }
    if (!unlink_done(q, req))
        return VIO_EINVAL;
    blk_release(req, req->result);
    return req->result;
}
