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

static struct vio_virtq_config queue_config(const struct vio_device *dev,
                                            unsigned size)
{
    return (struct vio_virtq_config){
        .index = REQUEST_QUEUE,
        .size = (uint16_t)size,
        .legacy = dev->legacy,
        .align = dev->queue_align,
        .features = dev->features,
    };
}

/* A port that maps has its mappings recorded: at most one per descriptor. */
static bool records_maps(const struct vio_device *dev)
{
    return dev->env && dev->env->dma_map;
}

/* As many slots as a queue of `size` can have, whatever the segment limit that
 * the device will turn out to have. */
static size_t most_slots(unsigned size)
{
    return shape_depth(size, 1);
}

/* The memory of a queue of `size`, its headers and statuses included. */
static struct vio_need need_of(const struct vio_device *dev, unsigned size)
{
    struct vio_virtq_config cfg = queue_config(dev, size);
    size_t slots = most_slots(size);
    struct vio_need need = {0, 0};

    vio_virtq_mem_size(&cfg, &need);
    need.shared += vio_round_up(slots * sizeof(struct virtio_blk_req_header),
                                VIO_MEM_ALIGN) +
                   vio_round_up(slots, VIO_MEM_ALIGN);
    if (records_maps(dev))
        need.priv +=
            vio_round_up(size * sizeof(struct vio_blk_map), VIO_MEM_ALIGN);
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

int vio_blk_mem_size(struct vio_device *dev, const struct vio_blk_config *cfg,
                     struct vio_need *want, struct vio_need *least)
{
    struct vio_blk_config full = complete(cfg);
    unsigned size;
    int err = check_args(dev, &full);

    if (!err)
        err = vio_device_reset(dev);
    if (!err)
        err = first_size(dev, &full, &size);
    if (err)
        return err;
    *want = need_of(dev, size);
    *least = need_of(dev, dev->size_fixed ? size : MIN_QUEUE_SIZE);
    return 0;
}

/* Halve the queue until it fits the memory that there is. */
static int fit_size(struct vio_device *dev, const struct vio_mem *mem,
                    unsigned *size)
{
    for (;;) {
        struct vio_need need = need_of(dev, *size);
        bool is_least = dev->size_fixed || *size == MIN_QUEUE_SIZE;

        if (need.shared <= mem->shared_size && need.priv <= mem->priv_size)
            return 0;
        if (is_least && need.shared > mem->shared_size)
            return vio_fail(&dev->why, VIO_WHY_NEED_SHARED_MEMORY,
                            mem->shared_size, need.shared);
        if (is_least)
            return vio_fail(&dev->why, VIO_WHY_NEED_PRIVATE_MEMORY,
                            mem->priv_size, need.priv);
        *size /= 2;
    }
}

static uint32_t least_of(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* What one request may have, now that queue and device are known. */
static void set_limits(struct vio_blk_info *info, unsigned size,
                       uint32_t max_segs)
{
    uint64_t bytes;

    info->queue_size = (uint16_t)size;
    info->max_segs = (uint16_t)least_of(max_segs, size - 2);
    info->depth = (uint16_t)shape_depth(size, info->max_segs);
    bytes = (uint64_t)info->max_segs * info->size_max;
    if (bytes > BLK_MAX_BYTES)
        bytes = BLK_MAX_BYTES;
    info->max_bytes = (uint32_t)(bytes - bytes % VIRTIO_BLK_SECTOR_SIZE);
}

/* Lay out the queue and its slots; the memory is there. */
static int lay_out(struct vio_blk *blk, struct vio_mem *mem)
{
    struct vio_blk_queue *q = &blk->queue;
    struct vio_virtq_config cfg = queue_config(blk->dev, blk->info.queue_size);
    struct vio_shape shape = {
        .depth = blk->info.depth,
        .max_segs = blk->info.max_segs,
        .header_len = sizeof(struct virtio_blk_req_header),
    };
    size_t slots = most_slots(blk->info.queue_size);
    int err = vio_virtq_init(&q->vq, &cfg, mem);

    if (err)
        return err;
    q->header =
        vio_mem_shared(mem, slots * sizeof *q->header, &shape.header_addr);
    q->status = vio_mem_shared(mem, slots, &shape.status_addr);
    if (records_maps(blk->dev))
        q->map = vio_mem_priv(mem, blk->info.queue_size * sizeof *q->map);
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
    uint32_t seg_max;
    unsigned size;
    int err = vio_blk_read_config(dev, &blk->info, &seg_max);

    if (!err)
        err = first_size(dev, cfg, &size);
    if (!err)
        err = fit_size(dev, mem, &size);
    if (err)
        return err;
    set_limits(&blk->info, size, least_of(cfg->max_segs, seg_max));
    err = lay_out(blk, mem);
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
