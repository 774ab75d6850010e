/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block frontend on a transport that has no registers but a doorbell: a
 * disk of 1 GiB, whose queue the device of this process serves.
 */
#include "rig.h"

struct fake {
    struct vio_device dev; /* first */
    struct rig *rig;
    uint8_t status;
};

static struct fake fake; /* the one disk of the benchmark */

static uint8_t get_status(struct vio_device *dev)
{
    (void)dev;
    return fake.status;
}

static void set_status(struct vio_device *dev, uint8_t status)
{
    (void)dev;
    fake.status = status;
}

static uint64_t get_features(struct vio_device *dev)
{
    (void)dev;
    return rig_features(&fake.rig->shape) | VIRTIO_BIT(VIRTIO_BLK_F_SEG_MAX);
}

static void set_features(struct vio_device *dev, uint64_t features)
{
    (void)dev;
    (void)features;
}

static uint32_t generation(struct vio_device *dev)
{
    (void)dev;
    return 0;
}

static uint32_t config_read(struct vio_device *dev, uint32_t offset,
                            unsigned width)
{
    (void)dev;
    (void)width;
    return offset == VIRTIO_BLK_CONFIG_CAPACITY  ? 1u << 21
           : offset == VIRTIO_BLK_CONFIG_SEG_MAX ? 2
                                                 : 0;
}

static int queue_max(struct vio_device *dev, uint16_t index, uint32_t *max)
{
    (void)dev;
    (void)index;
    *max = fake.rig->shape.size;
    return 0;
}

static int queue_start(struct vio_device *dev, struct vio_virtq *vq)
{
    (void)dev;
    vq->doorbell.reg = (struct vio_reg){(uintptr_t)&fake.rig->doorbell, 0};
    rig_connect(fake.rig, vq->desc, vq->driver, vq->device);
    return 0;
}

static const struct vio_transport ops = {
    .get_status = get_status,
    .set_status = set_status,
    .get_features = get_features,
    .set_features = set_features,
    .generation = generation,
    .config_read = config_read,
    .queue_max = queue_max,
    .queue_start = queue_start,
};

/* A port that maps, where every address is what it was. */
static int map_same(void *ctx, const void *buf, size_t *len, enum vio_dir dir,
                    uint64_t *addr)
{
    (void)ctx;
    (void)len;
    (void)dir;
    *addr = (uintptr_t)buf;
    return 0;
}

static const struct vio_env mapping = {.dma_map = map_same};

static void open_disk(struct rig *rig, const struct vio_env *env,
                      unsigned n_buf)
{
    struct vio_blk_config cfg = {
        .queue_size = rig->shape.size,
        .max_segs = (uint16_t)n_buf,
        /* More than there are chains, so that tables are used where allowed. */
        .depth = rig->shape.size,
    };
    struct vio_need least;

    fake = (struct fake){.rig = rig};
    rig->dev = (struct vio_device){.ops = &ops, .type = VIRTIO_ID_BLOCK};
    rig->dev.config_len = 4096;
    rig->dev.env = env;
    if (vio_blk_mem_size(&rig->dev, &cfg, &rig->need, &least))
        rig_die("no disk");
    rig_need(rig, rig->need.shared, rig->need.priv);
    if (vio_blk_init(&rig->blk, &rig->dev, &cfg, &rig->mem))
        rig_die("the disk cannot be set up");
    if (rig->blk.info.indirect != rig->shape.indirect)
        rig_die("the disk is not what was asked for");
    rig->queue = vio_blk_get_queue(&rig->blk, 0);
    rig->n_buf = n_buf;
    for (unsigned i = 0; i < n_buf; i++)
        rig->buf[i] = (struct vio_buf){rig->data + i * DATA_LEN / n_buf,
                                       DATA_LEN / n_buf};
}

static void open_block(struct rig *rig)
{
    open_disk(rig, NULL, 1);
}

static void open_parts(struct rig *rig)
{
    open_disk(rig, NULL, 2);
}

static void open_map(struct rig *rig)
{
    open_disk(rig, &mapping, 1);
}

static void stage(struct rig *rig, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        unsigned k = rig->turn++ & (rig->shape.size - 1u);
        struct vio_blk_req *req = &rig->req[k];

        vio_blk_prep_read(req, 8 * k, rig->buf, rig->n_buf);
        if (vio_blk_queue(rig->queue, req))
            rig_die("block: refused");
    }
    if (vio_blk_submit(rig->queue))
        rig_die("block: broken");
}

static unsigned reap(struct rig *rig, unsigned n)
{
    int got = vio_blk_reap(rig->queue, rig->done, n);

    if (got < 0)
        rig_die("block: broken");
    for (int i = 0; i < got; i++)
        if (rig->done[i]->result)
            rig_die("block: a request failed");
    return (unsigned)got;
}

const struct path path_block = {"block", open_block, stage, reap};
const struct path path_parts = {"parts", open_parts, stage, reap};
const struct path path_map = {"map", open_map, stage, reap};
