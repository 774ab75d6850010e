/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Features and configuration space of the block device: read once, checked, and
 * kept in struct vio_blk_info. Nothing here is believed as it stands.
 *
 * Spec: 5.2.3 Feature bits, 5.2.4 Device configuration layout.
 */
#include "../why.h"
#include "blk_impl.h"

enum field {
    CAPACITY,
    SIZE_MAX_,
    SEG_MAX,
    BLK_SIZE,
    N_FIELDS,
};

static const struct vio_config_field fields[N_FIELDS] = {
    [CAPACITY] = {VIRTIO_BLK_CONFIG_CAPACITY, 8, VIO_CONFIG_ALWAYS},
    [SIZE_MAX_] = {VIRTIO_BLK_CONFIG_SIZE_MAX, 4, VIRTIO_BLK_F_SIZE_MAX},
    [SEG_MAX] = {VIRTIO_BLK_CONFIG_SEG_MAX, 4, VIRTIO_BLK_F_SEG_MAX},
    [BLK_SIZE] = {VIRTIO_BLK_CONFIG_BLK_SIZE, 4, VIRTIO_BLK_F_BLK_SIZE},
};

/* Bits that come without a field. */
#define PLAIN_FEATURES \
    (VIRTIO_BIT(VIRTIO_BLK_F_RO) | VIRTIO_BIT(VIRTIO_BLK_F_FLUSH))

#define BLOCK_SIZE_LIMIT (2u << 20) /* more is not a hint but a mistake */

uint64_t vio_blk_wanted_features(const struct vio_device *dev)
{
    uint64_t wanted = PLAIN_FEATURES;

    for (unsigned i = 0; i < N_FIELDS; i++)
        if (fields[i].feature != VIO_CONFIG_ALWAYS &&
            (uint32_t)fields[i].offset + fields[i].width <= dev->config_len)
            wanted |= VIRTIO_BIT(fields[i].feature);
    return wanted;
}

/* A hint (5.2.4): whatever makes no sense is ignored. */
static void set_block_size(struct vio_blk_info *info, uint64_t size)
{
    bool sane = size >= VIRTIO_BLK_SECTOR_SIZE && size <= BLOCK_SIZE_LIMIT &&
                (size & (size - 1)) == 0;

    info->block_size = sane ? (uint32_t)size : VIRTIO_BLK_SECTOR_SIZE;
    info->odd_block_size =
        !sane && (info->features & VIRTIO_BIT(VIRTIO_BLK_F_BLK_SIZE));
}

int vio_blk_read_config(struct vio_device *dev, struct vio_blk_info *info,
                        uint32_t *seg_max)
{
    uint64_t value[N_FIELDS] = {0};
    int err = vio_device_config_get(dev, fields, N_FIELDS, value);

    if (err)
        return err;
    if (value[SIZE_MAX_] && value[SIZE_MAX_] < VIRTIO_BLK_SECTOR_SIZE)
        return vio_fail(&dev->why, VIO_WHY_BAD_SIZE_MAX, value[SIZE_MAX_], 0);
    info->features = dev->features;
    info->capacity = value[CAPACITY];
    info->size_max = value[SIZE_MAX_] && value[SIZE_MAX_] < BLK_MAX_BYTES
                         ? (uint32_t)value[SIZE_MAX_]
                         : BLK_MAX_BYTES;
    *seg_max = value[SEG_MAX] ? (uint32_t)value[SEG_MAX] : 1;
    set_block_size(info, value[BLK_SIZE]);
    info->read_only = vio_device_has(dev, VIRTIO_BLK_F_RO);
    /* 5.2.5.2: with FLUSH and no switch for it, the cache is write-back. */
    info->writeback = vio_device_has(dev, VIRTIO_BLK_F_FLUSH);
    return 0;
}
