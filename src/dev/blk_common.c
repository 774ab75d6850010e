/* SPDX-License-Identifier: BSD-2-Clause */
#include "blk_common.h"

#include "../mem.h"
#include "../why.h"

/* A wait notifies again after this long without a completion: hosts do lose
 * notifications, and one too many does no harm. */
#define RENOTIFY_NS 250000000u

static int check_alignment(struct vio_device *dev, uint64_t address,
                           uint64_t align)
{
    return address & (align - 1)
               ? vio_fail(&dev->why, VIO_WHY_MISALIGNED_MEMORY, address, align)
               : 0;
}

int vio_blk_check_device(struct vio_device *dev, const struct vio_mem *mem)
{
    uint32_t align = dev->queue_align ? dev->queue_align : VIO_MEM_ALIGN;
    int err;

    if (dev->type != VIRTIO_ID_BLOCK)
        return vio_fail(&dev->why, VIO_WHY_WRONG_TYPE, dev->type,
                        VIRTIO_ID_BLOCK);
    if (dev->config_len < VIRTIO_BLK_CONFIG_SIZE_MAX)
        return vio_fail(&dev->why, VIO_WHY_CONFIG_TOO_SMALL, dev->config_len,
                        VIRTIO_BLK_CONFIG_SIZE_MAX);
    if (!mem)
        return 0;
    err =
        check_alignment(dev, (uintptr_t)mem->shared | mem->shared_addr, align);
    return err ? err
               : check_alignment(dev, (uintptr_t)mem->priv, VIO_MEM_ALIGN);
}

int vio_blk_check_room(struct vio_device *dev, const struct vio_mem *mem,
                       const struct vio_need *need)
{
    if (need->shared > mem->shared_size)
        return vio_fail(&dev->why, VIO_WHY_NEED_SHARED_MEMORY, mem->shared_size,
                        need->shared);
    if (need->priv > mem->priv_size)
        return vio_fail(&dev->why, VIO_WHY_NEED_PRIVATE_MEMORY, mem->priv_size,
                        need->priv);
    return 0;
}

int vio_blk_size_max(struct vio_device *dev, uint64_t field, uint32_t *size_max)
{
    if (field == 0 || field > BLK_MAX_BYTES)
        field = BLK_MAX_BYTES;
    if (field < VIRTIO_BLK_SECTOR_SIZE)
        return vio_fail(&dev->why, VIO_WHY_BAD_SIZE_MAX, field, 0);
    *size_max = (uint32_t)field;
    return 0;
}

void vio_blk_wait_on(struct blk_wait *w)
{
    w->nudge = vio_deadline(w->env, RENOTIFY_NS, RENOTIFY_NS);
}

void vio_blk_wait_begin(struct blk_wait *w, const struct vio_env *env,
                        uint64_t timeout_ns)
{
    w->env = env;
    w->all = vio_deadline(env, timeout_ns, timeout_ns);
    vio_blk_wait_on(w);
}

/* Sleep until an interrupt, where the port can. The queue is armed and looked
 * at once more before, or the interrupt could be missed. */
static int idle(const struct blk_wait *w, struct vio_virtq *vq)
{
    uint64_t all_ns, until_ns;
    int err;

    if (!vio_can_idle(w->env) || !vio_virtq_enable_cb(vq))
        return 0;
    all_ns = vio_deadline_end(&w->all);
    until_ns = vio_deadline_end(&w->nudge);
    if (until_ns > all_ns)
        until_ns = all_ns;
    err = vio_idle(w->env, until_ns);
    vio_virtq_disable_cb(vq);
    return err;
}

int vio_blk_wait_more(struct blk_wait *w, struct vio_virtq *vq)
{
    int notified = 0;

    if (vio_deadline_passed(&w->all))
        return VIO_ETIMEDOUT;
    if (vio_deadline_passed(&w->nudge)) {
        notified = 1;
        vio_virtq_notify(vq);
        vio_blk_wait_on(w);
    }
    return idle(w, vq) < 0 ? VIO_ETIMEDOUT : notified;
}
