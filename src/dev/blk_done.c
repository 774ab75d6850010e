/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests that are done: what became of them, reaping them, waiting for them.
 *
 * Spec: 5.2.6 Device Operation.
 */
#include "../virtq/shape_take.h"
#include "blk_impl.h"

void vio_blk_finish(struct vio_blk_queue *q, struct vio_blk_req *req,
                    int result)
{
    req->result = result;
    req->state = VIO_BLK_DONE;
    req->next = NULL;
    *q->done_last = req;
    q->done_last = &req->next;
}

/*
 * Did the device write what it says it did? What lies past the used length was
 * not written (2.7.8.2). A report may be shorter than its buffer; a legacy
 * length means nothing (5.2.6.4).
 */
static bool covers(const struct vio_blk_queue *q, const struct vio_blk_req *req,
                   const struct shape_done *done)
{
    if (q->vq.flags & VQ_LEGACY)
        return true;
    if (blk_op(req)->data == BLK_REPORT)
        return done->len > sizeof(struct virtio_blk_zone_report);
    return done->whole;
}

/* An operation that the device did not know in spite of its features is not
 * tried again. Another queue may note one at the same time: what is lost then
 * is noted the next time. */
static int unsupported(struct vio_blk_queue *q, const struct vio_blk_req *req)
{
    uint32_t *disabled = &q->blk->disabled;

    if (blk_op(req)->feature != VIO_CONFIG_ALWAYS)
        __atomic_store_n(disabled,
                         __atomic_load_n(disabled, __ATOMIC_RELAXED) |
                             1u << req->op,
                         __ATOMIC_RELAXED);
    return VIO_ENOTSUP;
}

static int result_of(struct vio_blk_queue *q, const struct vio_blk_req *req,
                     unsigned status, const struct shape_done *done)
{
    bool zoned = vio_device_has(q->blk->dev, VIRTIO_BLK_F_ZONED);

    if (status == VIRTIO_BLK_S_OK)
        return covers(q, req, done) ? 0 : VIO_EPROTO;
    if (status == VIRTIO_BLK_S_UNSUPP)
        return unsupported(q, req);
    if (zoned && status >= VIRTIO_BLK_S_ZONE_INVALID_CMD &&
        status <= VIRTIO_BLK_S_ZONE_ACTIVE_RESOURCE)
        return VIO_EZONE;
    return VIO_EIO;
}

/* The device's answers lie in the slot's own memory, and are copied out once.
 */
static int take_id(const unsigned char *extra, struct vio_blk_req *req)
{
    char *id = req->out;

    for (unsigned i = 0; i < VIRTIO_BLK_ID_BYTES; i++)
        id[i] = (char)vio_shared_load8(&extra[i]);
    id[VIRTIO_BLK_ID_BYTES] = '\0';
    return 0;
}

static uint16_t answer16(const struct vio_virtq *vq, const unsigned char *p)
{
    return ring16(vq, vio_shared_load16((const uint16_t *)(const void *)p));
}

static uint32_t answer32(const struct vio_virtq *vq, const unsigned char *p)
{
    return ring32(vq, vio_shared_load32((const uint32_t *)(const void *)p));
}

static uint64_t answer64(const struct vio_virtq *vq, const unsigned char *p)
{
    uint64_t first = answer32(vq, p), second = answer32(vq, p + 4);

    /* Guest-endian only where that is legacy. */
    return VIO_BIG_ENDIAN && !ring_swaps(vq) ? first << 32 | second
                                             : second << 32 | first;
}

/* What the specification reserves is taken as 'not defined'. */
static uint8_t at_most(uint16_t value, unsigned last)
{
    return value <= last ? (uint8_t)value : 0;
}

static int take_lifetime(const struct vio_virtq *vq, const unsigned char *extra,
                         struct vio_blk_req *req)
{
    struct vio_blk_lifetime *lifetime = req->out;

    lifetime->pre_eol =
        at_most(answer16(vq, extra), VIRTIO_BLK_PRE_EOL_INFO_URGENT);
    lifetime->slc_tenth =
        at_most(answer16(vq, extra + 2), VIRTIO_BLK_LIFETIME_EXCEEDED);
    lifetime->mlc_tenth =
        at_most(answer16(vq, extra + 4), VIRTIO_BLK_LIFETIME_EXCEEDED);
    return 0;
}

/* 5.2.6.2: where the data landed, which must be in the zone. */
static int take_append(const struct vio_blk_queue *q,
                       const unsigned char *extra, struct vio_blk_req *req)
{
    uint64_t where = answer64(&q->vq, extra);

    if (where < req->sector ||
        where - req->sector >= q->blk->info.zoned.zone_sectors)
        return VIO_EPROTO;
    *(uint64_t *)req->out = where;
    return 0;
}

static int take_scsi(const struct vio_virtq *vq, const unsigned char *extra,
                     struct vio_blk_req *req)
{
    struct vio_blk_scsi *scsi = req->out;
    uint32_t sense_len =
        answer32(vq, extra + offsetof(struct virtio_scsi_inhdr, sense_len));
    uint32_t residual =
        answer32(vq, extra + offsetof(struct virtio_scsi_inhdr, residual));

    scsi->errors = answer32(vq, extra);
    scsi->sense_len = sense_len <= VIRTIO_BLK_SCSI_SENSE_BYTES
                          ? sense_len
                          : VIRTIO_BLK_SCSI_SENSE_BYTES;
    scsi->residual = residual <= req->bytes ? residual : req->bytes;
    return 0;
}

static int take_answer(struct vio_blk_queue *q, unsigned slot,
                       struct vio_blk_req *req)
{
    const unsigned char *extra = q->extra + (size_t)slot * q->extra_len;

    switch (req->op) {
    case BLK_GET_ID:
        return take_id(extra, req);
    case BLK_GET_LIFETIME:
        return take_lifetime(&q->vq, extra, req);
    case BLK_ZONE_APPEND:
        return take_append(q, extra, req);
    default:
        return take_scsi(&q->vq, extra, req);
    }
}

/* What became of a request. */
static int judge(struct vio_blk_queue *q, struct vio_blk_req *req,
                 unsigned status, const struct shape_done *done)
{
    int result = result_of(q, req, status, done);

    if (result == 0 && blk_op(req)->answer)
        result = take_answer(q, done->slot, req);
    if (result == VIO_EPROTO)
        q->protocol_errors++;
    return result;
}

#define STATUS_UNREAD 0x100u /* none of 8 bits */

/* Take the request that was found back from the device, whatever became of it.
 * 1 or VIO_EPROTO. */
static __attribute__((noinline)) int take(struct vio_blk_queue *q,
                                          unsigned status,
                                          struct vio_blk_req **req, int *result)
{
    struct shape_done done;
    int taken = shape_take(&q->vq, &done);

    if (taken < 0)
        return taken;
    *req = done.token;
    if (status == STATUS_UNREAD)
        status = vio_shared_load8(&q->status[done.slot]);
    *result = judge(q, *req, status, &done);
    if (q->map)
        vio_blk_unmap(q, done.slot, shape_n_segs(&q->vq, done.slot));
    return 1;
}

/* The caller has the request again. */
static void release(struct vio_blk_req *req, int result)
{
    req->result = result;
    req->state = VIO_BLK_IDLE;
}

/* The first request of the list of finished ones, in which there is one. */
static struct vio_blk_req *pop_done(struct vio_blk_queue *q)
{
    struct vio_blk_req *req = q->done_first;

    q->done_first = req->next;
    if (!q->done_first)
        q->done_last = &q->done_first;
    release(req, req->result);
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
        taken = take(q, status, &done[n], &result);
        status = STATUS_UNREAD;
        if (taken > 0)
            release(done[n++], result);
    } while (taken > 0 && n < max && (taken = shape_look(&q->vq)) > 0);
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
    release(req, 0);
    *run->next++ = req;
    return true;
}

static inline int end_run(void *ctx, unsigned left)
{
    struct run *run = ctx;
    unsigned n = (unsigned)(run->next - run->first);

    return left ? reap_any(run->q, run->first, n, n + left, run->status)
                : (int)n;
}

/* Runs of several, and the straight way for one. */
RING_APART int reap_packed_run(struct vio_blk_queue *q,
                               struct vio_blk_req **done, unsigned max)
{
    unsigned n = (unsigned)packed_in_flight(&q->vq);
    struct run run = {q, done, done, STATUS_UNREAD};

    return packed_run(&q->vq, n < max ? n : max, end_plain, end_run, &run);
}

RING_APART int reap_packed(struct vio_blk_queue *q, struct vio_blk_req **done,
                           unsigned max)
{
    struct run run = {q, done, done, STATUS_UNREAD};
    uint16_t end = q->vq.published;

    return max && packed_has_one(&q->vq, end)
               ? packed_run_one(&q->vq, end, end_plain, end_run, &run)
               : reap_packed_run(q, done, max);
}

RING_APART int reap_split_run(struct vio_blk_queue *q,
                              struct vio_blk_req **done, unsigned ready,
                              unsigned max)
{
    struct run run = {q, done, done, STATUS_UNREAD};
    unsigned n = ready < max ? ready : max;

    return n ? split_run(&q->vq, n, end_plain, end_run, &run) : 0;
}

RING_APART int reap_split(struct vio_blk_queue *q, struct vio_blk_req **done,
                          unsigned max)
{
    const uint16_t *ring = split_used(&q->vq);
    int ready = split_ready(&q->vq, ring, RING_WEAK);
    struct run run = {q, done, done, STATUS_UNREAD};

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
    ready = ring_broken(&q->vq) ? VIO_EPROTO : shape_look(&q->vq);
    if (ready <= 0)
        return n ? (int)n : ready;
    return reap_any(q, done, n, max, STATUS_UNREAD);
}

int vio_blk_reap(struct vio_blk_queue *q, struct vio_blk_req **done,
                 unsigned max)
{
    uint32_t state = ring_state(&q->vq);

    DEBUG_OWN(&q->vq);
    if (RING_SMALL || q->done_first || state & SHAPE_ONE_BY_ONE)
        return reap_list(q, done, max);
    /* A loop for each format, so that it is asked for once. */
    return state & VQ_PACKED ? reap_packed(q, done, max)
                             : reap_split(q, done, max);
}

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
    if (ring_broken(&q->vq))
        return VIO_EPROTO;
    while ((taken = shape_look(&q->vq)) > 0) {
        taken = take(q, STATUS_UNREAD, &req, &result);
        if (taken < 0)
            break;
        vio_blk_finish(q, req, result);
        n++;
    }
    return taken < 0 ? taken : n;
}

static bool is_used(const struct vio_virtq *vq, unsigned further)
{
    uint16_t at = packed_advance(vq, vq->taken, further);

    return packed_is_used(
        ring16(vq, vio_shared_load16(&packed_desc(vq, at)->flags)), at);
}

/* The device uses descriptors in turn. Where a request is several of them, how
 * many is only known of one that is taken, and one stands for all. */
static int packed_has_ready(const struct vio_virtq *vq, unsigned n)
{
    if (n > (unsigned)packed_in_flight(vq))
        return 0;
    return is_used(vq, 0) &&
           (n == 1 || shape_is_listed(vq) || is_used(vq, n - 1));
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

/* Wait until something is ready, and collect it or not. > 0, VIO_ETIMEDOUT or
 * VIO_EPROTO. */
static int wait_some(struct vio_blk_queue *q, struct blk_wait *w, bool collects)
{
    vio_blk_wait_on(w);
    for (;;) {
        int n = collects ? collect(q) : look(q, 1);

        if (n)
            return n;
        n = vio_blk_wait_more(w, &q->vq);
        if (n < 0)
            return n;
        q->renotified += (unsigned)n;
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

        if (n < 0)
            return is_no_more(q) ? VIO_EINVAL : n;
    }
    if (!unlink_done(q, req))
        return VIO_EINVAL;
    release(req, req->result);
    return req->result;
}
