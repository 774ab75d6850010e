/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests: prep, queue, submit, reap, wait.
 *
 * A request takes a slot of the queue. Header and status of the slot lie in
 * memory of the queue that the device reaches; the caller's struct, to which
 * the slot's token points, does not.
 *
 * Spec: 5.2.6 Device Operation.
 */
#include "../deadline.h"
#include "../swap.h"
#include "../virtq/shape.h"
#include "blk_impl.h"

#define STATUS_UNWRITTEN 0xffu /* no status of the specification's */

/* A wait notifies again after this long without a completion: hosts do lose
 * notifications, and one too many does no harm (2.8.7 allows repeating it). */
#define RENOTIFY_NS 250000000u

static void prep(struct vio_blk_req *req, uint32_t type, uint64_t sector,
                 const struct vio_buf *buf, unsigned n_buf)
{
    req->result = 0;
    req->next = NULL;
    req->buf = buf;
    req->sector = sector;
    req->type = type;
    req->bytes = 0;
    req->n_buf = n_buf;
    req->n_segs = 0;
    req->state = VIO_BLK_IDLE;
}

void vio_blk_prep_read(struct vio_blk_req *req, uint64_t sector,
                       const struct vio_buf *buf, unsigned n_buf)
{
    prep(req, VIRTIO_BLK_T_IN, sector, buf, n_buf);
}

void vio_blk_prep_write(struct vio_blk_req *req, uint64_t sector,
                        const struct vio_buf *buf, unsigned n_buf)
{
    prep(req, VIRTIO_BLK_T_OUT, sector, buf, n_buf);
}

void vio_blk_prep_flush(struct vio_blk_req *req)
{
    prep(req, VIRTIO_BLK_T_FLUSH, 0, NULL, 0); /* 5.2.6.1: sector 0, no data */
}

void vio_blk_finish(struct vio_blk_queue *q, struct vio_blk_req *req,
                    int result)
{
    req->result = result;
    req->state = VIO_BLK_DONE;
    req->next = NULL;
    *q->done_last = req;
    q->done_last = &req->next;
}

/* How much data there is: a multiple of 512 bytes, as far as one request goes
 * (5.2.6.1). */
static int measure(const struct vio_blk_info *info, struct vio_blk_req *req)
{
    size_t bytes = 0;

    for (unsigned i = 0; i < req->n_buf; i++) {
        size_t len = req->buf[i].len;

        if (len == 0)
            return VIO_EINVAL;
        if (len > info->max_bytes - bytes)
            return VIO_E2BIG;
        bytes += len;
    }
    if (bytes == 0 || bytes % VIRTIO_BLK_SECTOR_SIZE)
        return VIO_EINVAL;
    req->bytes = (uint32_t)bytes;
    return 0;
}

/* 5.2.6.1: nothing past the capacity; by subtraction, which cannot wrap. */
static int check_range(const struct vio_blk_info *info,
                       const struct vio_blk_req *req)
{
    uint32_t n = req->bytes / VIRTIO_BLK_SECTOR_SIZE;

    return n <= info->capacity && req->sector <= info->capacity - n
               ? 0
               : VIO_ERANGE;
}

static int check(const struct vio_blk_queue *q, struct vio_blk_req *req)
{
    const struct vio_blk_info *info = &q->blk->info;
    int err;

    if (req->state != VIO_BLK_IDLE)
        return VIO_EBUSY;
    if (ring_broken(&q->vq))
        return q->blk->dev->state == VIO_DEVICE_RUNNING ? VIO_EPROTO
                                                        : VIO_EBADSTATE;
    if (req->type == VIRTIO_BLK_T_FLUSH)
        return 0;
    if (req->type == VIRTIO_BLK_T_OUT && info->read_only)
        return VIO_EROFS;
    err = measure(info, req);
    return err ? err : check_range(info, req);
}

static enum vio_dir direction(const struct vio_blk_req *req)
{
    return req->type == VIRTIO_BLK_T_IN ? VIO_DEVICE_WRITES : VIO_DEVICE_READS;
}

/* Give the caller's memory back from the device, segment by segment. */
static void unmap(struct vio_blk_queue *q, unsigned slot,
                  const struct vio_blk_req *req)
{
    const struct vio_env *env = q->blk->dev->env;
    const struct vio_blk_map *map = &q->map[slot * q->blk->info.max_segs];

    if (!q->map || !env->dma_unmap)
        return;
    for (unsigned k = 0; k < req->n_segs; k++)
        env->dma_unmap(env->ctx, map[k].addr, map[k].base, map[k].len,
                       direction(req));
}

/* Where the device finds the front of a piece of memory, and how much of it. */
static int map_front(struct vio_blk_queue *q, const struct vio_blk_req *req,
                     const void *base, size_t *len, uint64_t *addr)
{
    const struct vio_env *env = q->blk->dev->env;
    struct vio_blk_map *map;
    size_t asked = *len;

    if (!q->map) {
        *addr = (uintptr_t)base;
        return 0;
    }
    if (env->dma_map(env->ctx, base, len, direction(req), addr) < 0 ||
        *len == 0 || *len > asked)
        return VIO_EFAULT;
    map = &q->map[shape_next(&q->vq) * q->blk->info.max_segs + req->n_segs];
    *map = (struct vio_blk_map){*addr, base, *len};
    return 0;
}

/* Make segments of one piece of memory: as many as size_max and the port's
 * mapping take. */
static int add_piece(struct vio_blk_queue *q, struct vio_blk_req *req,
                     const struct vio_buf *buf, bool is_last_piece)
{
    const struct vio_blk_info *info = &q->blk->info;
    const unsigned char *base = buf->base;
    size_t left = buf->len;

    while (left) {
        size_t len = left < info->size_max ? left : info->size_max;
        uint64_t addr;
        int err;

        if (req->n_segs == info->max_segs)
            return VIO_E2BIG;
        err = map_front(q, req, base, &len, &addr);
        if (err)
            return err;
        base += len;
        left -= len;
        shape_segment(&q->vq, req->n_segs++,
                      (struct vio_sg){addr, (uint32_t)len},
                      req->type == VIRTIO_BLK_T_IN, is_last_piece && !left);
    }
    return 0;
}

/* Everything before shape_add() can fail, and leaves nothing behind. */
static int add_data(struct vio_blk_queue *q, struct vio_blk_req *req)
{
    req->n_segs = 0;
    for (unsigned i = 0; i < req->n_buf; i++) {
        int err = add_piece(q, req, &req->buf[i], i + 1 == req->n_buf);

        if (err) {
            unmap(q, shape_next(&q->vq), req);
            return err;
        }
    }
    return 0;
}

/* Header and status of the slot that comes next. Both are written anew for
 * every request: the device may have written over either. */
static void write_header(struct vio_blk_queue *q, const struct vio_blk_req *req)
{
    unsigned slot = shape_next(&q->vq);
    struct virtio_blk_req_header *h = &q->header[slot];

    vio_shared_store32(&h->type, ring32(&q->vq, req->type));
    vio_shared_store32(&h->ioprio, 0);
    vio_shared_store64(&h->sector, ring64(&q->vq, req->sector));
    vio_shared_store8(&q->status[slot], STATUS_UNWRITTEN);
}

int vio_blk_queue(struct vio_blk_queue *q, struct vio_blk_req *req)
{
    int err = check(q, req);

    DEBUG_OWN(&q->vq);
    if (err)
        return err;
    if (req->type == VIRTIO_BLK_T_FLUSH && !q->blk->info.writeback) {
        vio_blk_finish(q, req,
                       0); /* every write was durable when it was done */
        return 0;
    }
    if (shape_is_full(&q->vq))
        return VIO_EAGAIN;
    err = add_data(q, req);
    if (err)
        return err;
    write_header(q, req);
    shape_add(&q->vq, req->n_segs,
              req->type == VIRTIO_BLK_T_IN ? req->bytes : 0, req);
    req->state = VIO_BLK_QUEUED;
    return 0;
}

int vio_blk_submit(struct vio_blk_queue *q)
{
    vio_virtq_kick(&q->vq);
    return ring_broken(&q->vq) ? VIO_EPROTO : 0;
}

/* What a status means, given that the device wrote `len` bytes of the request's
 * device-writable part. */
static int result_of(const struct vio_blk_queue *q,
                     const struct vio_blk_req *req, uint8_t status,
                     uint32_t len)
{
    uint32_t whole = (req->type == VIRTIO_BLK_T_IN ? req->bytes : 0) + 1;

    if (status == VIRTIO_BLK_S_UNSUPP)
        return VIO_ENOTSUP;
    if (status != VIRTIO_BLK_S_OK)
        return VIO_EIO;
    /* 2.7.8.2: what lies past the used length was not written. 5.2.6.4: a
     * legacy length means nothing. */
    return q->blk->dev->legacy || len == whole ? 0 : VIO_EPROTO;
}

/* Take one request back from the device. 1, 0 or VIO_EPROTO. */
static int take(struct vio_blk_queue *q, struct vio_blk_req **req, int *result)
{
    uint16_t slot;
    uint32_t len;
    void *token;
    int taken;

    DEBUG_OWN(&q->vq);
    taken = shape_take(&q->vq, &slot, &token, &len);
    if (taken <= 0)
        return taken;
    *req = token;
    *result = result_of(q, *req, vio_shared_load8(&q->status[slot]), len);
    unmap(q, slot, *req);
    return 1;
}

/* The caller has the request again. */
static void release(struct vio_blk_req *req, int result)
{
    req->result = result;
    req->state = VIO_BLK_IDLE;
}

/* The first request of the list of finished ones, or NULL. */
static struct vio_blk_req *pop_done(struct vio_blk_queue *q)
{
    struct vio_blk_req *req = q->done_first;

    if (req) {
        q->done_first = req->next;
        if (!q->done_first)
            q->done_last = &q->done_first;
        release(req, req->result);
    }
    return req;
}

int vio_blk_reap(struct vio_blk_queue *q, struct vio_blk_req **done,
                 unsigned max)
{
    unsigned n = 0;
    int taken = 0;

    while (n < max && (done[n] = pop_done(q)))
        n++;
    while (n < max) {
        int result;

        taken = take(q, &done[n], &result);
        if (taken <= 0)
            break;
        release(done[n++], result);
    }
    return n ? (int)n : taken;
}

/* Take a request out of the list of finished ones, wherever it stands. */
static void unlink_done(struct vio_blk_queue *q, struct vio_blk_req *req)
{
    struct vio_blk_req **link = &q->done_first;

    while (*link != req)
        link = &(*link)->next;
    *link = req->next;
    if (!*link)
        q->done_last = link;
}

/* Move everything that is ready to the list of finished requests. */
static int collect(struct vio_blk_queue *q)
{
    struct vio_blk_req *req;
    int result, taken, n = 0;

    while ((taken = take(q, &req, &result)) > 0) {
        vio_blk_finish(q, req, result);
        n++;
    }
    return taken < 0 ? taken : n;
}

/* Nothing was ready: sleep until an interrupt, where the port can. The queue is
 * armed and looked at once more before, or the interrupt could be missed. */
static int idle(struct vio_blk_queue *q, const struct vio_deadline *until)
{
    const struct vio_env *env = q->blk->dev->env;
    int err;

    if (!vio_has_clock(env) || !env->idle)
        return 0;
    if (!vio_virtq_enable_cb(&q->vq))
        return 0;
    err = env->idle(env->ctx, until->start_ns + until->timeout_ns);
    vio_virtq_disable_cb(&q->vq);
    return err;
}

static struct vio_deadline nudge_deadline(const struct vio_blk_queue *q)
{
    return vio_deadline(q->blk->dev->env, RENOTIFY_NS, RENOTIFY_NS);
}

/* Wait until something is ready. > 0, VIO_ETIMEDOUT or VIO_EPROTO. */
static int wait_some(struct vio_blk_queue *q, struct vio_deadline *deadline)
{
    struct vio_deadline nudge = nudge_deadline(q);

    for (;;) {
        int n = collect(q);

        if (n)
            return n;
        if (vio_deadline_passed(deadline))
            return VIO_ETIMEDOUT;
        if (vio_deadline_passed(&nudge)) {
            q->renotified++;
            vio_virtq_notify(&q->vq);
            nudge = nudge_deadline(q);
        }
        if (idle(q, &nudge) < 0)
            return VIO_ETIMEDOUT;
    }
}

int vio_blk_wait_any(struct vio_blk_queue *q, uint64_t timeout_ns)
{
    struct vio_deadline deadline =
        vio_deadline(q->blk->dev->env, timeout_ns, timeout_ns);

    vio_blk_submit(q);
    return wait_some(q, &deadline);
}

int vio_blk_wait(struct vio_blk_queue *q, struct vio_blk_req *req,
                 uint64_t timeout_ns)
{
    struct vio_deadline deadline =
        vio_deadline(q->blk->dev->env, timeout_ns, timeout_ns);

    if (req->state == VIO_BLK_IDLE)
        return VIO_EINVAL;
    vio_blk_submit(q);
    while (req->state == VIO_BLK_QUEUED) {
        int n = wait_some(q, &deadline);

        if (n < 0)
            return n;
    }
    unlink_done(q, req);
    release(req, req->result);
    return req->result;
}

void vio_blk_hand_back(struct vio_blk_queue *q)
{
    for (unsigned slot = 0; slot < q->blk->info.depth; slot++) {
        struct vio_blk_req *req = q->vq.slot[slot].token;

        if (q->vq.slot[slot].bound == 0)
            continue;
        shape_release(&q->vq, (uint16_t)slot);
        unmap(q, slot, req);
        if (req == &q->sync)
            release(req, VIO_EIO); /* nobody reaps it */
        else
            vio_blk_finish(q, req, VIO_EIO);
    }
}
