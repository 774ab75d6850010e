/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bringing a disk up and giving it up again.
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
#define DEFAULT_TIMEOUT_NS 30000000000u
#define MIN_QUEUE_SIZE     4u /* header, data and status are 3 descriptors */
#define REQUEST_QUEUE      0u /* 5.2.2 */

/* The caller's wishes with the defaults filled in. */
static struct vio_blk_config complete(const struct vio_blk_config *cfg)
{
    struct vio_blk_config full = {0};

    if (cfg)
        full = *cfg;
    if (!full.queue_size)
        full.queue_size = DEFAULT_QUEUE_SIZE;
    if (!full.max_segs)
        full.max_segs = DEFAULT_MAX_SEGS;
    if (!full.depth)
        full.depth = DEFAULT_DEPTH;
    if (!full.timeout_ns)
        full.timeout_ns = DEFAULT_TIMEOUT_NS;
    return full;
}

/* What can be refused without looking at the device. */
static int check_args(struct vio_device *dev, const struct vio_blk_config *cfg)
{
    unsigned size = cfg->queue_size;

    if (size < MIN_QUEUE_SIZE || size > VIRTQ_SIZE_MAX || (size & (size - 1)))
        return vio_fail(&dev->why, VIO_WHY_BAD_CONFIG, size, cfg->max_segs);
    if (dev->type != VIRTIO_ID_BLOCK)
        return vio_fail(&dev->why, VIO_WHY_WRONG_TYPE, dev->type,
                        VIRTIO_ID_BLOCK);
    if (dev->config_len < VIRTIO_BLK_CONFIG_SIZE_MAX)
        return vio_fail(&dev->why, VIO_WHY_CONFIG_TOO_SMALL, dev->config_len,
                        VIRTIO_BLK_CONFIG_SIZE_MAX);
    return 0;
}

static int check_alignment(struct vio_device *dev, const struct vio_mem *mem)
{
    uint64_t align = dev->queue_align ? dev->queue_align : VIO_MEM_ALIGN;
    uint64_t shared = (uintptr_t)mem->shared | mem->shared_addr;

    if (shared & (align - 1))
        return vio_fail(&dev->why, VIO_WHY_MISALIGNED_MEMORY, shared, align);
    if ((uintptr_t)mem->priv & (VIO_MEM_ALIGN - 1))
        return vio_fail(&dev->why, VIO_WHY_MISALIGNED_MEMORY,
                        (uintptr_t)mem->priv, VIO_MEM_ALIGN);
    return 0;
}

/*
 * What a queue will be. A request is a chain of descriptors of the ring, or one
 * descriptor that names an indirect table.
 */
struct plan {
    unsigned size; /* descriptors */
    unsigned max_segs;
    bool indirect;
};

static struct vio_virtq_config queue_config(const struct vio_device *dev,
                                            const struct plan *plan)
{
    return (struct vio_virtq_config){
        .index = REQUEST_QUEUE,
        .size = (uint16_t)plan->size,
        .indirect = (uint16_t)(plan->indirect ? plan->max_segs + 2 : 0),
        .legacy = dev->legacy,
        .align = dev->queue_align,
        .features = dev->features,
        .env = dev->env,
    };
}

static unsigned slots_of(const struct plan *plan)
{
    return plan->indirect ? plan->size : plan->size / (plan->max_segs + 2);
}

/* A port that maps has its mappings recorded. */
static bool records_maps(const struct vio_device *dev)
{
    return dev->env && dev->env->dma_map;
}

static size_t maps_size(const struct plan *plan)
{
    return (size_t)slots_of(plan) * plan->max_segs * sizeof(struct vio_blk_map);
}

/* The memory of a queue, its headers and statuses included. */
static struct vio_need need_of(const struct vio_device *dev,
                               const struct plan *plan)
{
    struct vio_virtq_config cfg = queue_config(dev, plan);
    size_t slots = slots_of(plan);
    struct vio_need need = {0, 0};

    vio_virtq_mem_size(&cfg, &need);
    need.shared += vio_round_up(slots * sizeof(struct virtio_blk_req_header),
                                VIO_MEM_ALIGN) +
                   vio_round_up(slots, VIO_MEM_ALIGN);
    need.priv += vio_round_up(slots * sizeof(uint16_t), VIO_MEM_ALIGN);
    if (records_maps(dev))
        need.priv += vio_round_up(maps_size(plan), VIO_MEM_ALIGN);
    return need;
}

static unsigned round_down_to_power_of_two(uint32_t n)
{
    while (n & (n - 1))
        n &= n - 1;
    return n;
}

/* The size to begin with: the caller's wish, never more than the device has;
 * on some transports the device dictates it. */
static int first_size(struct vio_device *dev, const struct vio_blk_config *cfg,
                      unsigned *size)
{
    uint32_t max;
    int err = vio_device_queue_max(dev, REQUEST_QUEUE, &max);

    if (err)
        return err;
    if (max == 0)
        return vio_fail(&dev->why, VIO_WHY_QUEUE_ABSENT, REQUEST_QUEUE, 0);
    if (max < MIN_QUEUE_SIZE)
        return vio_fail(&dev->why, VIO_WHY_QUEUE_TOO_SMALL, max, 3);
    if (dev->size_fixed || max < cfg->queue_size)
        *size = round_down_to_power_of_two(max);
    else
        *size = cfg->queue_size;
    return 0;
}

static uint32_t least_of(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/*
 * The plan for a size. Direct as long as the ring has the wished depth, because
 * a table costs the device one mapping more; in a packed ring always indirect,
 * because there a chain is written anew each time.
 */
static struct plan plan_of(const struct vio_device *dev,
                           const struct vio_blk_config *cfg, uint32_t seg_max,
                           unsigned size)
{
    struct plan plan = {size, least_of(cfg->max_segs, seg_max), false};

    plan.max_segs = least_of(plan.max_segs, size - 2);
    if (vio_device_has(dev, VIRTIO_F_INDIRECT_DESC))
        plan.indirect = vio_device_has(dev, VIRTIO_F_RING_PACKED) ||
                        slots_of(&plan) < cfg->depth;
    return plan;
}

static bool fits(const struct vio_device *dev, const struct plan *plan,
                 const struct vio_mem *mem)
{
    struct vio_need need = need_of(dev, plan);

    return need.shared <= mem->shared_size && need.priv <= mem->priv_size;
}

static int no_memory(struct vio_device *dev, const struct plan *plan,
                     const struct vio_mem *mem)
{
    struct vio_need need = need_of(dev, plan);

    if (need.shared > mem->shared_size)
        return vio_fail(&dev->why, VIO_WHY_NEED_SHARED_MEMORY, mem->shared_size,
                        need.shared);
    return vio_fail(&dev->why, VIO_WHY_NEED_PRIVATE_MEMORY, mem->priv_size,
                    need.priv);
}

/* The next thing to try where the memory does not suffice: without tables, then
 * half the size. False: this is the least. */
static bool shrink(const struct vio_device *dev,
                   const struct vio_blk_config *cfg, uint32_t seg_max,
                   struct plan *plan)
{
    if (plan->indirect) {
        plan->indirect = false;
        return true;
    }
    if (dev->size_fixed || plan->size <= MIN_QUEUE_SIZE)
        return false;
    *plan = plan_of(dev, cfg, seg_max, plan->size / 2);
    return true;
}

int vio_blk_mem_size(struct vio_device *dev, const struct vio_blk_config *cfg,
                     struct vio_need *want, struct vio_need *least)
{
    struct vio_blk_config full = complete(cfg);
    struct vio_blk_info info;
    struct plan plan;
    uint32_t seg_max;
    unsigned size;
    int err = check_args(dev, &full);

    if (!err)
        err = vio_device_begin(dev, vio_blk_wanted_features(dev), 0);
    if (!err)
        err = vio_blk_read_config(dev, &info, &seg_max);
    if (!err)
        err = first_size(dev, &full, &size);
    if (err)
        return err;
    plan = plan_of(dev, &full, seg_max, size);
    *want = need_of(dev, &plan);
    while (shrink(dev, &full, seg_max, &plan))
        ;
    *least = need_of(dev, &plan);
    return vio_device_reset(dev);
}

/* What one request may have, now that queue and device are known. */
static void set_limits(struct vio_blk_info *info, const struct plan *plan)
{
    uint64_t bytes = (uint64_t)plan->max_segs * info->size_max;

    info->queue_size = (uint16_t)plan->size;
    info->max_segs = (uint16_t)plan->max_segs;
    info->depth = (uint16_t)slots_of(plan);
    info->indirect = plan->indirect;
    if (bytes > BLK_MAX_BYTES)
        bytes = BLK_MAX_BYTES;
    info->max_bytes = (uint32_t)(bytes - bytes % VIRTIO_BLK_SECTOR_SIZE);
}

/* Lay out the queue and its slots; the memory is there. */
static int lay_out(struct vio_blk *blk, const struct plan *plan,
                   struct vio_mem *mem)
{
    struct vio_blk_queue *q = &blk->queue;
    struct vio_virtq_config cfg = queue_config(blk->dev, plan);
    struct vio_shape shape = {
        .depth = blk->info.depth,
        .header_len = sizeof *q->header,
    };
    int err = vio_virtq_init(&q->vq, &cfg, mem);

    if (err)
        return err;
    q->header = vio_mem_shared(mem, shape.depth * sizeof *q->header,
                               &shape.header_addr);
    q->status = vio_mem_shared(mem, shape.depth, &shape.status_addr);
    shape.segs = vio_mem_priv(mem, shape.depth * sizeof *shape.segs);
    if (records_maps(blk->dev))
        q->map = vio_mem_priv(mem, maps_size(plan));
    q->blk = blk;
    q->done_last = &q->done_first;
    vio_shape_init(&q->vq, &shape);
    return 0;
}

/* Step 7 of the initialisation: limits and the queue. */
static int set_up(struct vio_blk *blk, const struct vio_blk_config *cfg,
                  struct vio_mem *mem)
{
    struct vio_device *dev = blk->dev;
    struct plan plan;
    uint32_t seg_max;
    unsigned size;
    int err = vio_blk_read_config(dev, &blk->info, &seg_max);

    if (!err)
        err = first_size(dev, cfg, &size);
    if (err)
        return err;
    plan = plan_of(dev, cfg, seg_max, size);
    while (!fits(dev, &plan, mem))
        if (!shrink(dev, cfg, seg_max, &plan))
            return no_memory(dev, &plan, mem);
    set_limits(&blk->info, &plan);
    err = lay_out(blk, &plan, mem);
    return err ? err : vio_device_queue_start(dev, &blk->queue.vq);
}

int vio_blk_init(struct vio_blk *blk, struct vio_device *dev,
                 const struct vio_blk_config *cfg, const struct vio_mem *mem)
{
    struct vio_blk_config full = complete(cfg);
    struct vio_mem left = *mem;
    int err = check_args(dev, &full);

    if (!err)
        err = check_alignment(dev, mem);
    if (!err)
        err = vio_device_begin(dev, vio_blk_wanted_features(dev), 0);
    if (err)
        return err;
    *blk = (struct vio_blk){.dev = dev, .timeout_ns = full.timeout_ns};
    err = set_up(blk, &full, &left);
    if (!err)
        err = vio_device_start(dev);
    if (err) {
        /* The device may know the queue already: its memory is the caller's
         * again only after a reset. FAILED says to it why (2.1.1). */
        struct vio_why why = dev->why;

        vio_device_fail(dev);
        if (vio_device_reset(dev) == VIO_ETIMEDOUT)
            return VIO_ETIMEDOUT;
        dev->why = why;
    }
    return err;
}

int vio_blk_abort(struct vio_blk *blk)
{
    int err = vio_device_reset(blk->dev);

    vio_virtq_break(&blk->queue.vq);
    /* A device that is gone does no DMA; one that does not confirm may. */
    if (err != VIO_ETIMEDOUT)
        vio_blk_hand_back(&blk->queue);
    return err;
}

int vio_blk_fini(struct vio_blk *blk)
{
    return vio_blk_abort(blk);
}

const struct vio_blk_info *vio_blk_info(const struct vio_blk *blk)
{
    return &blk->info;
}
