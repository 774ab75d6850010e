/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Around a disk's data: identity, cache switch, counters, its customary name.
 */
#include <vio/spec/blk.h>

#include "blk_impl.h"

int vio_blk_get_id(struct vio_blk *blk, char id[VIO_BLK_ID_SIZE])
{
    int err;

    if (!blk_in_use(blk))
        return VIO_EBADSTATE;
    vio_blk_prep_get_id(&blk->queue->sync, id);
    err = vio_blk_run(blk, &blk->queue->sync);
    if (err == VIO_ENOTSUP) {
        id[0] = '\0';
        err = 0;
    }
    return err;
}

int vio_blk_get_lifetime(struct vio_blk *blk, struct vio_blk_lifetime *lifetime)
{
    if (!blk_in_use(blk))
        return VIO_EBADSTATE;
    vio_blk_prep_get_lifetime(&blk->queue->sync, lifetime);
    return vio_blk_run(blk, &blk->queue->sync);
}

static bool is_idle(const struct vio_blk_queue *q)
{
    for (unsigned slot = 0; slot < q->vq.shape_depth; slot++)
        if (q->vq.slot[slot].bound)
            return false;
    return true;
}

int vio_blk_set_writeback(struct vio_blk *blk, bool writeback)
{
    int err;

    if (!blk_has_queues(blk))
        return VIO_EBADSTATE;
    if (!blk->info.can_set_cache)
        return VIO_ENOTSUP;
    /* 5.2.6.2: of a write in flight nobody could say what it became; and after
     * a switch to write-through no flush would follow it. */
    for (unsigned i = 0; i < blk->info.n_queues; i++)
        if (!is_idle(&blk->queue[i]))
            return VIO_EBUSY;
    err = vio_device_config_write(blk->dev, VIRTIO_BLK_CONFIG_WRITEBACK, 1,
                                  writeback);
    if (err)
        return err;
    blk->info.writeback = writeback;
    /* 5.2.6.1: what was written while the cache was write-back is not durable
     * by the switch. So it is flushed, now or, if that fails, by the next one.
     */
    blk->unflushed = true;
    return vio_blk_flush(blk);
}

static void hold_all(struct vio_blk *blk, bool held)
{
    for (unsigned i = 0; i < blk->info.n_queues; i++)
        vio_virtq_hold(&blk->queue[i].vq, held);
}

int vio_blk_suspend(struct vio_blk *blk)
{
    if (!blk_has_queues(blk))
        return VIO_EBADSTATE;
    /* 3.4.1: once SUSPEND is set nothing more is shown, whatever comes of it.
     * Where it will not be, nothing happens; one that is suspended already
     * stays held. */
    if (blk->dev->state == VIO_DEVICE_RUNNING &&
        vio_device_has(blk->dev, VIRTIO_F_SUSPEND))
        hold_all(blk, true);
    return vio_device_suspend(blk->dev);
}

int vio_blk_resume(struct vio_blk *blk)
{
    int err;

    if (!blk_has_queues(blk))
        return VIO_EBADSTATE;
    err = vio_device_resume(blk->dev);
    if (!err)
        hold_all(blk, false);
    return err;
}

void vio_blk_get_stats(const struct vio_blk *blk, struct vio_blk_stats *stats)
{
    struct vio_blk_stats sum = {.resets = blk->dev->resets};

    for (unsigned i = 0; i < blk_n_structs(blk); i++) {
        const struct vio_blk_queue *q = &blk->queue[i];

        sum.notifications += q->notifications + q->vq.stats.notifications;
        sum.suppressed += q->suppressed + q->vq.stats.suppressed;
        sum.renotified += q->renotified;
        sum.protocol_errors += q->protocol_errors + q->vq.stats.broken;
    }
    *stats = sum;
}

char *vio_blk_name(uint32_t index, char *buf, size_t size)
{
    char name[10];
    size_t at = sizeof name, n = 0;
    uint32_t rest = index;

    /* Letters from the last to the first: 25 z, 26 aa. */
    name[--at] = '\0';
    do {
        name[--at] = (char)('a' + rest % 26);
        rest = rest / 26;
    } while (rest-- > 0);
    name[--at] = 'd';
    name[--at] = 'v';
    for (; n + 1 < size && name[at]; n++)
        buf[n] = name[at++];
    if (size)
        buf[n] = '\0';
    return buf;
}
