/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The small frontend of a block device: one request at a time, and nothing
 * begins before the last one is over.
 *
 * A request is header, one or two segments of data, status: two, because a
 * mapping of the port's may end within a block.
 *
 * Spec: 5.2 Block Device.
 */
#include <vio/disk.h>

#include "../device_impl.h"
#include "../env_call.h"
#include "../mem.h"
#include "../why.h"
#include "blk_common.h"

#define QUEUE_SIZE 4u /* header, data, data, status */
#define MOST_DATA  2u

#define HEADER_SIZE sizeof(struct virtio_blk_req_header)

#define PLAIN_FEATURES \
    (VIRTIO_BIT(VIRTIO_BLK_F_RO) | VIRTIO_BIT(VIRTIO_BLK_F_FLUSH))

/* Bits that come with a field, and where the last of these ends. */
#define LIMITS                                                              \
    (VIRTIO_BIT(VIRTIO_BLK_F_SIZE_MAX) | VIRTIO_BIT(VIRTIO_BLK_F_SEG_MAX) | \
     VIRTIO_BIT(VIRTIO_BLK_F_BLK_SIZE))
#define LIMITS_END (VIRTIO_BLK_CONFIG_BLK_SIZE + 4u)

static int read_limits(struct vio_disk *disk, struct vio_device *dev)
{
    static const struct vio_config_field fields[] = {
        BLK_CAPACITY_FIELD, BLK_SIZE_MAX_FIELD, BLK_SEG_MAX_FIELD,
        BLK_BLOCK_FIELD};
    uint64_t value[4];
    int err = vio_device_config_get(dev, fields, 4, value);

    if (!err)
        err = vio_blk_size_max(dev, value[1], &disk->max_bytes);
    if (err)
        return err;
    disk->block_size = (uint32_t)value[3];
    if (!blk_is_block(disk->block_size, disk->max_bytes))
        disk->block_size = VIRTIO_BLK_SECTOR_SIZE;
    disk->max_bytes &= -disk->block_size;
    disk->two_segs = value[2] >= MOST_DATA;
    disk->capacity = value[0];
    return 0;
}

/* 5.2.2: a disk has a queue 0. */
static int queue_size(struct vio_device *dev, uint16_t *size)
{
    uint32_t max;
    int err = vio_device_queue_max(dev, 0, &max);

    if (err)
        return err;
    if (max < QUEUE_SIZE)
        return vio_fail(&dev->why, VIO_WHY_QUEUE_TOO_SMALL, max, QUEUE_SIZE);
    *size = (uint16_t)(vio_size_fixed(dev) ? max : QUEUE_SIZE);
    return 0;
}

/* The queue or the header did not fit: say how much is needed. */
static int no_room(struct vio_device *dev, const struct vio_virtq_config *cfg,
                   const struct vio_mem *mem)
{
    struct vio_need need = {0, 0};

    if (!VIO_HAS_WHY)
        return VIO_ENOMEM;
    vio_virtq_mem_size(cfg, &need);
    need.shared += vio_round_up(HEADER_SIZE + 1, VIO_MEM_ALIGN);
    return vio_blk_no_room(dev, mem, &need);
}

static int set_up_queue(struct vio_disk *disk, struct vio_device *dev,
                        const struct vio_mem *mem)
{
    struct vio_mem left = *mem;
    struct vio_virtq_config cfg = {
        .legacy = vio_is_legacy(dev),
        .align = vio_queue_align(dev),
        .features = dev->features,
        .env = vio_env_of(dev),
    };
    int err = queue_size(dev, &cfg.size);

    if (!err)
        err = vio_virtq_init(&disk->vq, &cfg, &left);
    if (!err) {
        disk->header =
            vio_mem_shared(&left, HEADER_SIZE + 1, &disk->sg[0].addr);
        disk->sg[0].len = HEADER_SIZE;
        err = disk->header ? 0 : VIO_ENOMEM;
    }
    if (err)
        return err == VIO_ENOMEM ? no_room(dev, &cfg, mem) : err;
    return vio_device_queue_start(dev, &disk->vq);
}

int vio_disk_init(struct vio_disk *disk, struct vio_device *dev,
                  const struct vio_mem *mem)
{
    uint64_t wanted = PLAIN_FEATURES;
    int err = vio_blk_check_device(dev, mem);

    /* Nothing is agreed upon that cannot be read. */
    if (dev->config_len >= LIMITS_END)
        wanted |= LIMITS;
    if (!err)
        err = vio_device_begin(dev, wanted, 0);
    if (err)
        return err;
    disk->dev = dev;
    disk->timeout_ns = BLK_TIMEOUT_NS;
    disk->n_data = 0;
    err = read_limits(disk, dev);
    if (!err)
        err = set_up_queue(disk, dev, mem);
    if (!err)
        err = vio_device_start(dev);
    return err ? vio_device_abandon(dev, err) : 0;
}

static void unmap(struct vio_disk *disk)
{
    const struct vio_env *env = vio_env_of(disk->dev);
    unsigned n = vio_dma_maps(env) ? disk->n_data : 0;
    const unsigned char *base = disk->data;

    for (unsigned i = 1; i <= n; i++) {
        const struct vio_sg *sg = &disk->sg[i];

        vio_dma_unmap(env, sg->addr, base, sg->len, disk->dir);
        base += sg->len;
    }
    disk->n_data = 0;
}

int vio_disk_fini(struct vio_disk *disk)
{
    int err = vio_device_reset(disk->dev);

    /* A device that is gone does no DMA; one that does not confirm may. */
    if (err != VIO_ETIMEDOUT)
        unmap(disk);
    return err;
}

/* Map segment i: all of *len, or less. */
static int map_segment(struct vio_disk *disk, uint8_t i,
                       const unsigned char *base, size_t *len)
{
    const struct vio_env *env = vio_env_of(disk->dev);
    uint64_t addr = (uintptr_t)base;

    if (vio_dma_maps(env)) {
        int err = vio_dma_map(env, base, len, disk->dir, &addr);

        if (err)
            return err;
    }
    disk->sg[i] = (struct vio_sg){addr, (uint32_t)*len};
    disk->n_data = i;
    return 0;
}

/* Map the front of the caller's memory; *len becomes how much. That is whole
 * blocks, of which devices refuse parts, or all there is; or whole sectors,
 * where the port maps no more. */
static int map_front(struct vio_disk *disk, const unsigned char *base,
                     size_t *len)
{
    size_t want, rest;
    int err;

    if (*len > disk->max_bytes)
        *len = disk->max_bytes;
    want = *len;
    err = map_segment(disk, 1, base, len);
    if (err || !vio_dma_maps(vio_env_of(disk->dev)))
        return err;
    disk->data = base;
    rest = -*len & (disk->block_size - 1);
    if (rest > want - *len)
        rest = want - *len;
    err = VIO_E2BIG;
    if (rest && disk->two_segs) {
        int mapping = map_segment(disk, 2, base + *len, &rest);

        if (mapping)
            err = mapping;
        else
            *len += rest;
    }
    return *len % VIRTIO_BLK_SECTOR_SIZE ? err : 0;
}

/* Wait for the request: what became of it. */
static int finish(struct vio_disk *disk, uint32_t expected)
{
    struct blk_wait wait;
    void *token;
    uint32_t len;
    int got, more;
    uint8_t status;

    vio_blk_wait_begin(&wait, vio_env_of(disk->dev), disk->timeout_ns);
    while ((got = vio_virtq_get_buf(&disk->vq, &token, &len)) == 0) {
        more = vio_blk_wait_more(&wait, &disk->vq);
        if (more < 0)
            return more;
        if (more && !vio_blk_is_live(disk->dev))
            return VIO_EPROTO;
    }
    if (got < 0)
        return got;
    status = vio_shared_load8((uint8_t *)(disk->header + 1));
    if (status != VIRTIO_BLK_S_OK)
        return status == VIRTIO_BLK_S_UNSUPP ? VIO_ENOTSUP : VIO_EIO;
    /* What lies past the used length was not written (2.7.8.2); of a legacy
     * device it means nothing (5.2.6.4). */
    return len == expected || vio_is_legacy(disk->dev) ? 0 : VIO_EPROTO;
}

/* Run a request on what is mapped. */
static int request(struct vio_disk *disk, uint32_t type, uint64_t sector,
                   uint32_t bytes)
{
    unsigned n_segs = disk->n_data + 2u, n_readable = n_segs - 1;
    uint32_t expected = 1; /* the status */
    int err;

    if (type == VIRTIO_BLK_T_IN) { /* the device writes */
        n_readable = 1;
        expected += bytes;
    }
    blk_write_header(&disk->vq, disk->header, (uint8_t *)(disk->header + 1),
                     type, 0, sector);
    disk->sg[n_segs - 1] = (struct vio_sg){disk->sg[0].addr + HEADER_SIZE, 1};
    err = vio_virtq_add(&disk->vq, disk->sg, n_readable, n_segs - n_readable,
                        disk);
    if (!err) {
        vio_virtq_kick(&disk->vq);
        err = finish(disk, expected);
    }
    /* A device that does not answer or breaks the rules is reset, so that the
     * buffer is the caller's when the call returns. */
    if (err == VIO_ETIMEDOUT || err == VIO_EPROTO)
        return vio_disk_fini(disk) == VIO_ETIMEDOUT ? VIO_ETIMEDOUT : err;
    unmap(disk);
    return err;
}

static int transfer(struct vio_disk *disk, uint32_t type, uint64_t sector,
                    const unsigned char *buf, size_t len)
{
    if (disk->dev->state != VIO_DEVICE_RUNNING)
        return VIO_EBADSTATE;
    if (len % VIRTIO_BLK_SECTOR_SIZE)
        return VIO_EINVAL;
    if (!blk_in_range(disk->capacity, sector, len / VIRTIO_BLK_SECTOR_SIZE))
        return VIO_ERANGE;
    disk->dir = type == VIRTIO_BLK_T_IN ? VIO_DEVICE_WRITES : VIO_DEVICE_READS;
    while (len) {
        size_t n = len;
        int err = map_front(disk, buf, &n);

        if (err) {
            unmap(disk);
            return err;
        }
        err = request(disk, type, sector, (uint32_t)n);
        if (err)
            return err;
        sector += n / VIRTIO_BLK_SECTOR_SIZE;
        buf += n;
        len -= n;
    }
    return 0;
}

int vio_disk_read(struct vio_disk *disk, uint64_t sector, void *buf, size_t len)
{
    return transfer(disk, VIRTIO_BLK_T_IN, sector, buf, len);
}

int vio_disk_write(struct vio_disk *disk, uint64_t sector, const void *buf,
                   size_t len)
{
    if (vio_device_has(disk->dev, VIRTIO_BLK_F_RO))
        return VIO_EROFS;
    return transfer(disk, VIRTIO_BLK_T_OUT, sector, buf, len);
}

int vio_disk_flush(struct vio_disk *disk)
{
    if (disk->dev->state != VIO_DEVICE_RUNNING)
        return VIO_EBADSTATE;
    /* 5.2.6.2: without FLUSH, what was written is durable already. */
    if (!vio_device_has(disk->dev, VIRTIO_BLK_F_FLUSH))
        return 0;
    return request(disk, VIRTIO_BLK_T_FLUSH, 0, 0);
}
