/* SPDX-License-Identifier: BSD-2-Clause */
#include "blk_common.h"

#include "../device_impl.h"
#include "../mem.h"
#include "../why.h"

/* A wait notifies again after this long without a completion: hosts do lose
 * notifications, and one too many does no harm. */
#define RENOTIFY_NS 250000000u

int vio_blk_check_device(struct vio_device *dev, const struct vio_mem *mem)
{
    uint64_t shared, priv;
    uint32_t align = VIO_MEM_ALIGN;

    if (dev->type != VIRTIO_ID_BLOCK)
        return vio_fail(&dev->why, VIO_WHY_WRONG_TYPE, dev->type,
                        VIRTIO_ID_BLOCK);
    if (dev->config_len < VIRTIO_BLK_CONFIG_SIZE_MAX)
        return vio_fail(&dev->why, VIO_WHY_CONFIG_TOO_SMALL, dev->config_len,
                        VIRTIO_BLK_CONFIG_SIZE_MAX);
    if (!mem)
        return 0;
    priv = (uintptr_t)mem->priv;
    if (priv & (align - 1))
        return vio_fail(&dev->why, VIO_WHY_MISALIGNED_MEMORY, priv, align);
    if (vio_queue_align(dev))
        align = vio_queue_align(dev);
    shared = (uintptr_t)mem->shared | mem->shared_addr;
    if (shared & (align - 1))
        return vio_fail(&dev->why, VIO_WHY_MISALIGNED_MEMORY, shared, align);
    return 0;
}

int vio_blk_no_room(struct vio_device *dev, const struct vio_mem *mem,
                    const struct vio_need *need)
{
    if (need->shared > mem->shared_size)
        return vio_fail(&dev->why, VIO_WHY_NEED_SHARED_MEMORY, mem->shared_size,
                        need->shared);
    return vio_fail(&dev->why, VIO_WHY_NEED_PRIVATE_MEMORY, mem->priv_size,
                    need->priv);
}

int vio_blk_size_max(struct vio_device *dev, uint64_t field, uint32_t *size_max)
{
    if (field == 0 || field > BLK_MAX_BYTES)
        field = BLK_MAX_BYTES;
    if (field < VIRTIO_BLK_SECTOR_SIZE)
        return vio_device_why(dev, VIO_WHY_BAD_SIZE_MAX, field);
    *size_max = (uint32_t)field;
    return 0;
}

void vio_blk_wait_on(struct blk_wait *w)
{
    const struct vio_env *env = w->all.env;

    vio_deadline_start(&w->nudge, env, RENOTIFY_NS,
                       vio_looks_in(env, RENOTIFY_NS));
}

void vio_blk_wait_begin(struct blk_wait *w, const struct vio_env *env,
                        uint64_t timeout_ns)
{
    vio_deadline_start(&w->all, env, timeout_ns, vio_looks_in(env, timeout_ns));
    vio_blk_wait_on(w);
}

/* Sleep until an interrupt, where the port can and one comes. The queue is
 * armed and looked at once more before, or the interrupt could be missed. */
static int idle(const struct blk_wait *w, struct vio_virtq *vq)
{
    uint64_t all_ns = w->all.end_ns, nudge_ns = w->nudge.end_ns;
    int err;

    if (!vio_can_idle(w->all.env) || ring_has(vq, VQ_SILENT) ||
        !vio_virtq_enable_cb(vq))
        return 0;
    err = vio_idle(w->all.env, nudge_ns < all_ns ? nudge_ns : all_ns);
    vio_virtq_disable_cb(vq);
    return err;
}

int vio_blk_wait_more(struct blk_wait *w, struct vio_virtq *vq)
{
    bool late;

    if (vio_deadline_passed(&w->all))
        return VIO_ETIMEDOUT;
    late = vio_deadline_passed(&w->nudge);
    if (late) {
        if (vio_can_log(w->all.env) && !(ring_state(vq) & VQ_HELD))
            vio_log(w->all.env, VIO_LOG_INFO,
                    "nothing for 250 ms: notified again");
        vio_virtq_notify(vq);
        vio_blk_wait_on(w);
    }
    return idle(w, vq) < 0 ? VIO_ETIMEDOUT : late;
}
