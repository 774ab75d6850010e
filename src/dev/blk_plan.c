/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many queues of which size, how a request lies in them, and how much
 * memory that takes: a plan, made smaller until it fits the memory that there
 * is.
 */
#include "../mem.h"
#include "../virtq/shape.h"
#include "../why.h"
#include "blk_impl.h"

#define MIN_QUEUE_SIZE 4u /* header, data and status are 3 descriptors */
#define FRAME_SEGS     2u /* the header and the status */

static uint32_t least_of(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Descriptors of the longest request. */
static unsigned chain_of(const struct blk_plan *plan)
{
    return plan->max_segs + plan->extra_segs + FRAME_SEGS;
}

static unsigned slots_of(const struct blk_plan *plan)
{
    return plan->indirect ? plan->size : plan->size / chain_of(plan);
}

/* Not inlined: there is one of it for asking and for doing. */
static __attribute__((noinline)) struct vio_virtq_config
queue_config(const struct blk_plan *plan, unsigned index)
{
    const struct vio_device *dev = plan->dev;

    return (struct vio_virtq_config){
        .index = (uint16_t)index,
        .size = (uint16_t)plan->size,
        .indirect = (uint16_t)(plan->indirect ? chain_of(plan) : 0),
        .legacy = vio_is_legacy(dev),
        .align = vio_queue_align(dev),
        .features = dev->features,
        .env = dev->env,
    };
}

/* Bytes of a slot for ranges and answers. */
static uint32_t extra_len(const struct vio_blk_config *cfg)
{
    uint32_t ranges = cfg->max_ranges *
                      (uint32_t)sizeof(struct virtio_blk_discard_write_zeroes);

    return ranges > BLK_MIN_EXTRA ? ranges : BLK_MIN_EXTRA;
}

/* A port that maps has its mappings recorded. */
static uint64_t maps_size(const struct blk_plan *plan)
{
    return vio_dma_maps(plan->dev->env)
               ? (uint64_t)slots_of(plan) * (chain_of(plan) - FRAME_SEGS) *
                     sizeof(struct vio_blk_map)
               : 0;
}

size_t vio_blk_queues_size(const struct vio_blk_config *cfg)
{
    return vio_round_up(cfg->n_queues * sizeof(struct vio_blk_queue),
                        VIO_MEM_ALIGN);
}

/* Wishes may add up to more than a size_t can say: that fits nowhere. */
static size_t as_size(uint64_t bytes)
{
    return bytes > SIZE_MAX ? SIZE_MAX : (size_t)bytes;
}

struct vio_need vio_blk_need(const struct blk_plan *plan)
{
    struct vio_virtq_config vq = queue_config(plan, 0);
    size_t slots = slots_of(plan);
    struct vio_need ring = {SIZE_MAX, 0}; /* if its tables are too much */
    uint64_t shared, priv;

    vio_virtq_mem_size(&vq, &ring);
    shared = (uint64_t)ring.shared +
             slots * sizeof(struct virtio_blk_req_header) +
             vio_round_up(slots, VIO_MEM_ALIGN) +
             (uint64_t)slots * extra_len(plan->cfg);
    priv = ring.priv + maps_size(plan);
    priv += -priv & (VIO_MEM_ALIGN - 1);
    /* Each queue begins where its ring may begin. */
    if (vq.align)
        shared += -shared & (vq.align - 1);
    return (struct vio_need){
        .shared = as_size(shared * plan->n_queues),
        .priv = as_size(priv * plan->n_queues + vio_blk_queues_size(plan->cfg)),
    };
}

/* Direct as long as the ring has the wished depth, because tables take memory,
 * and a device is as fast with either; in a packed ring always indirect,
 * because there a chain is written anew each time. README.md has the
 * measurement. */
static bool goes_indirect(const struct blk_plan *plan)
{
    return vio_device_has(plan->dev, VIRTIO_F_INDIRECT_DESC) &&
           (vio_device_has(plan->dev, VIRTIO_F_RING_PACKED) ||
            slots_of(plan) < plan->cfg->depth);
}

static void set_size(struct blk_plan *plan, unsigned size, bool with_tables)
{
    plan->size = size;
    plan->max_segs =
        least_of(plan->most_segs, size - plan->extra_segs - FRAME_SEGS);
    plan->indirect = false;
    plan->indirect = with_tables && goes_indirect(plan);
}

static unsigned round_down_to_power_of_two(uint32_t n)
{
    while (n & (n - 1))
        n &= n - 1;
    return n;
}

/* 5.2.2: all queues of a disk are request queues. The size to begin with is the
 * caller's wish, never more than any of them has; on some transports the device
 * dictates it, and what differs from the first is not used. Queues can be fewer
 * than the configuration space says anyway. */
static int first_size(struct blk_plan *plan, unsigned *size)
{
    *size = vio_size_fixed(plan->dev) ? VIRTQ_SIZE_MAX : plan->cfg->queue_size;
    for (unsigned i = 0; i < plan->n_queues; i++) {
        uint32_t max;
        int err = vio_device_queue_max(plan->dev, (uint16_t)i, &max);

        if (err)
            return err;
        if (i > 0 &&
            (max == 0 || (vio_size_fixed(plan->dev) && max != *size))) {
            plan->n_queues = i;
            break;
        }
        if (max == 0)
            return vio_device_why(plan->dev, VIO_WHY_QUEUE_ABSENT, i);
        *size = least_of(*size, round_down_to_power_of_two(max));
    }
    return 0;
}

int vio_blk_make_plan(struct blk_plan *plan)
{
    const struct blk_limits *limits = &plan->limits;
    struct vio_device *dev = plan->dev;
    unsigned size, least;
    int err;

    plan->n_queues =
        least_of(plan->cfg->n_queues, limits->n_queues ? limits->n_queues : 1);
    plan->most_segs =
        least_of(plan->cfg->max_segs, limits->seg_max ? limits->seg_max : 1);
    plan->extra_segs = vio_device_has(dev, VIRTIO_BLK_F_SCSI)    ? 3
                       : vio_device_has(dev, VIRTIO_BLK_F_ZONED) ? 1
                                                                 : 0;
    err = first_size(plan, &size);
    if (err)
        return err;
    least = plan->extra_segs + FRAME_SEGS + 1;
    if (size < least)
        return vio_fail(&dev->why, VIO_WHY_QUEUE_TOO_SMALL, size, least);
    plan->most_size = size;
    set_size(plan, size, true);
    return 0;
}

/* Half the size, if that is one. */
static bool halve(struct blk_plan *plan)
{
    unsigned half = plan->size / 2;

    if (vio_size_fixed(plan->dev) || half < MIN_QUEUE_SIZE ||
        half <= plan->extra_segs + FRAME_SEGS)
        return false;
    set_size(plan, half, plan->indirect);
    return true;
}

/* The next thing to try: a smaller queue, as long as its tables make the wished
 * depth of it; the size to begin with, without tables; smaller ones of that
 * kind; then fewer queues. False: this is the least. */
bool vio_blk_shrink_plan(struct blk_plan *plan)
{
    if (plan->indirect) {
        if (plan->size / 2 < plan->cfg->depth || !halve(plan))
            set_size(plan, plan->most_size, false);
        return true;
    }
    if (halve(plan))
        return true;
    if (plan->n_queues > 1) {
        plan->n_queues--;
        return true;
    }
    return false;
}

int vio_blk_fit_plan(struct blk_plan *plan, const struct vio_mem *mem)
{
    for (bool first = true;; first = false) {
        struct vio_need need = vio_blk_need(plan);

        if (need.shared <= mem->shared_size && need.priv <= mem->priv_size)
            return 0;
        if (!vio_blk_shrink_plan(plan))
            return vio_blk_no_room(plan->dev, mem, &need);
        if (first)
            vio_log(plan->dev->env, VIO_LOG_INFO,
                    "less memory than wanted: smaller queues");
    }
}

void vio_blk_set_limits(struct vio_blk_info *info, const struct blk_plan *plan)
{
    uint64_t bytes = (uint64_t)plan->max_segs * info->size_max;

    info->n_queues = (uint16_t)plan->n_queues;
    info->queue_size = (uint16_t)plan->size;
    info->max_segs = (uint16_t)plan->max_segs;
    info->depth = (uint16_t)slots_of(plan);
    info->indirect = plan->indirect;
    if (bytes > BLK_MAX_BYTES)
        bytes = BLK_MAX_BYTES;
    info->max_bytes = (uint32_t)(bytes - bytes % VIRTIO_BLK_SECTOR_SIZE);
}

void vio_blk_set_plain(struct vio_blk_queue *q)
{
    const struct vio_blk_info *info = &q->blk->info;
    uint32_t max = least_of(info->size_max, info->max_bytes);

    q->plain_mask = info->read_only ? ~(uint64_t)0 : ~BLK_TRAITS_WRITE;
    q->capacity = info->capacity;
    q->plain_sectors = max / VIRTIO_BLK_SECTOR_SIZE;
    if (q->plain_sectors > info->capacity)
        q->plain_sectors = (size_t)info->capacity;
    /* Nothing can be made beforehand where memory is mapped. */
    if (q->map || q->vq.flags & VQ_LEGACY)
        q->plain_sectors = 0;
}

static int lay_out_ring(struct vio_blk_queue *q, const struct blk_plan *plan,
                        unsigned index, struct vio_mem *mem)
{
    struct vio_virtq_config cfg = queue_config(plan, index);

    return vio_virtq_init(&q->vq, &cfg, mem);
}

static void lay_out_slots(struct vio_blk_queue *q, const struct blk_plan *plan,
                          struct vio_mem *mem)
{
    uint32_t align = vio_queue_align(plan->dev);
    size_t maps = (size_t)maps_size(plan);
    struct vio_shape shape = {
        .depth = (uint16_t)slots_of(plan),
        .max_segs = (uint16_t)(chain_of(plan) - FRAME_SEGS),
        .header_len = sizeof *q->header,
    };

    q->header = vio_mem_shared(mem, shape.depth * sizeof *q->header,
                               &shape.header_addr);
    q->status = vio_mem_shared(mem, shape.depth, &shape.status_addr);
    q->extra_len = extra_len(plan->cfg);
    q->extra =
        vio_mem_shared(mem, (size_t)shape.depth * q->extra_len, &q->extra_addr);
    if (align)
        vio_mem_align_shared(mem, align);
    q->map = maps ? vio_mem_priv(mem, maps) : NULL;
    if (maps)
        q->vq.state |= VQ_MAPPED;
    vio_shape_init(&q->vq, &shape);
}

/* Lay out one queue and its slots; the memory is there. */
int vio_blk_lay_out(struct vio_blk *blk, const struct blk_plan *plan,
                    unsigned index, struct vio_mem *mem)
{
    struct vio_blk_queue *q = &blk->queue[index];
    int err = lay_out_ring(q, plan, index, mem);

    if (err)
        return err;
    lay_out_slots(q, plan, mem);
    vio_blk_set_plain(q);
    return 0;
}
