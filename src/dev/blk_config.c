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
    CYLINDERS = N_LIMIT_FIELDS,
    HEADS,
    SECTORS,
    BLK_SIZE,
    PHYSICAL_EXP,
    ALIGNMENT_OFFSET,
    MIN_IO,
    OPT_IO,
    WRITEBACK,
    NUM_QUEUES,
    DISCARD_SECTORS,
    DISCARD_SEG,
    DISCARD_ALIGNMENT,
    ZEROES_SECTORS,
    ZEROES_SEG,
    ZEROES_MAY_UNMAP,
    ERASE_SECTORS,
    ERASE_SEG,
    ERASE_ALIGNMENT,
    ZONE_SECTORS,
    MAX_OPEN,
    MAX_ACTIVE,
    MAX_APPEND,
    GRANULARITY,
    MODEL,
    N_FIELDS,
};

/* clang-format off */
static const struct vio_config_field fields[N_FIELDS] = {
    LIMIT_FIELDS,
    [CYLINDERS] = FIELD(GEOMETRY_CYLINDERS, 2, VIRTIO_BLK_F_GEOMETRY),
    [HEADS] = FIELD(GEOMETRY_HEADS, 1, VIRTIO_BLK_F_GEOMETRY),
    [SECTORS] = FIELD(GEOMETRY_SECTORS, 1, VIRTIO_BLK_F_GEOMETRY),
    [BLK_SIZE] = FIELD(BLK_SIZE, 4, VIRTIO_BLK_F_BLK_SIZE),
    [PHYSICAL_EXP] = FIELD(PHYSICAL_BLOCK_EXP, 1, VIRTIO_BLK_F_TOPOLOGY),
    [ALIGNMENT_OFFSET] = FIELD(ALIGNMENT_OFFSET, 1, VIRTIO_BLK_F_TOPOLOGY),
    [MIN_IO] = FIELD(MIN_IO_SIZE, 2, VIRTIO_BLK_F_TOPOLOGY),
    [OPT_IO] = FIELD(OPT_IO_SIZE, 4, VIRTIO_BLK_F_TOPOLOGY),
    [WRITEBACK] = FIELD(WRITEBACK, 1, VIRTIO_BLK_F_CONFIG_WCE),
    [NUM_QUEUES] = FIELD(NUM_QUEUES, 2, VIRTIO_BLK_F_MQ),
    [DISCARD_SECTORS] = FIELD(MAX_DISCARD_SECTORS, 4, VIRTIO_BLK_F_DISCARD),
    [DISCARD_SEG] = FIELD(MAX_DISCARD_SEG, 4, VIRTIO_BLK_F_DISCARD),
    [DISCARD_ALIGNMENT] = FIELD(DISCARD_ALIGNMENT, 4, VIRTIO_BLK_F_DISCARD),
    [ZEROES_SECTORS] =
        FIELD(MAX_WRITE_ZEROES_SECTORS, 4, VIRTIO_BLK_F_WRITE_ZEROES),
    [ZEROES_SEG] = FIELD(MAX_WRITE_ZEROES_SEG, 4, VIRTIO_BLK_F_WRITE_ZEROES),
    [ZEROES_MAY_UNMAP] =
        FIELD(WRITE_ZEROES_MAY_UNMAP, 1, VIRTIO_BLK_F_WRITE_ZEROES),
    [ERASE_SECTORS] =
        FIELD(MAX_SECURE_ERASE_SECTORS, 4, VIRTIO_BLK_F_SECURE_ERASE),
    [ERASE_SEG] = FIELD(MAX_SECURE_ERASE_SEG, 4, VIRTIO_BLK_F_SECURE_ERASE),
    [ERASE_ALIGNMENT] =
        FIELD(SECURE_ERASE_ALIGNMENT, 4, VIRTIO_BLK_F_SECURE_ERASE),
    [ZONE_SECTORS] = FIELD(ZONE_SECTORS, 4, VIRTIO_BLK_F_ZONED),
    [MAX_OPEN] = FIELD(MAX_OPEN_ZONES, 4, VIRTIO_BLK_F_ZONED),
    [MAX_ACTIVE] = FIELD(MAX_ACTIVE_ZONES, 4, VIRTIO_BLK_F_ZONED),
    [MAX_APPEND] = FIELD(MAX_APPEND_SECTORS, 4, VIRTIO_BLK_F_ZONED),
    [GRANULARITY] = FIELD(WRITE_GRANULARITY, 4, VIRTIO_BLK_F_ZONED),
    [MODEL] = FIELD(ZONED_MODEL, 1, VIRTIO_BLK_F_ZONED),
};
/* clang-format on */

/* Bits that come without a field. */
#define PLAIN_FEATURES                                              \
    (VIRTIO_BIT(VIRTIO_BLK_F_RO) | VIRTIO_BIT(VIRTIO_BLK_F_FLUSH) | \
     VIRTIO_BIT(VIRTIO_BLK_F_LIFETIME))

#define BLOCK_SIZE_LIMIT (2u << 20) /* more is not a hint but a mistake */

uint64_t vio_blk_wanted_features(const struct vio_device *dev,
                                 const struct vio_blk_config *cfg)
{
    uint64_t wanted = PLAIN_FEATURES, out_of_reach = 0;

    for (unsigned i = 0; i < N_FIELDS; i++) {
        uint64_t bit = fields[i].feature == VIO_CONFIG_ALWAYS
                           ? 0
                           : VIRTIO_BIT(fields[i].feature);

        if ((uint32_t)fields[i].offset + fields[i].width > dev->config_len)
            out_of_reach |= bit;
        wanted |= bit;
    }
    if (dev->legacy && cfg->scsi)
        wanted |= VIRTIO_BIT(VIRTIO_BLK_F_SCSI);
    if (dev->legacy) /* 5.2.5.2: zones cannot be agreed upon there */
        wanted &= ~VIRTIO_BIT(VIRTIO_BLK_F_ZONED);
    if (cfg->n_queues == 1)
        wanted &= ~VIRTIO_BIT(VIRTIO_BLK_F_MQ);
    return wanted & ~out_of_reach;
}

static bool has(const struct vio_blk_info *info, unsigned feature)
{
    return info->features >> feature & 1;
}

/* Hints (5.2.4): whatever makes no sense is ignored. */
static void set_topology(struct vio_blk_info *info, const uint64_t *value)
{
    uint64_t size = value[BLK_SIZE];
    bool sane = size >= VIRTIO_BLK_SECTOR_SIZE && size <= BLOCK_SIZE_LIMIT &&
                (size & (size - 1)) == 0;
    unsigned exp = (unsigned)value[PHYSICAL_EXP];

    info->block_size = sane ? (uint32_t)size : VIRTIO_BLK_SECTOR_SIZE;
    info->odd_block_size = !sane && has(info, VIRTIO_BLK_F_BLK_SIZE);
    info->physical_block = info->block_size;
    if (exp < 32 && (uint64_t)info->block_size << exp <= BLOCK_SIZE_LIMIT)
        info->physical_block <<= exp;
    size = value[ALIGNMENT_OFFSET] * info->block_size;
    info->alignment_offset = size < info->physical_block ? (uint32_t)size : 0;
    info->min_io = (uint32_t)(value[MIN_IO] * info->block_size);
    size = value[OPT_IO] * info->block_size;
    info->optimal_io = size <= UINT32_MAX ? (uint32_t)size : 0;
}

/* The capacity, and cylinders, heads, sectors for those who still ask. Made up,
 * they multiply to no more than the capacity. */
static void set_geometry(struct vio_blk_info *info, const uint64_t *value)
{
    info->capacity = value[CAPACITY];
    if (value[CYLINDERS] && value[HEADS] && value[SECTORS]) {
        info->cylinders = (uint32_t)value[CYLINDERS];
        info->heads = (uint16_t)value[HEADS];
        info->sectors_per_track = (uint16_t)value[SECTORS];
        return;
    }
    info->heads = 64;
    info->sectors_per_track = 32;
    info->cylinders = info->capacity >> 11 > UINT32_MAX
                          ? UINT32_MAX
                          : (uint32_t)(info->capacity >> 11);
}

static uint64_t least_of(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* A limit of 0 means that the device cannot do it after all. The ranges of one
 * request are one segment. */
static struct vio_blk_range_limits
range_limits(const struct vio_blk_config *cfg, uint32_t size_max,
             uint64_t sectors, uint64_t seg, uint64_t alignment)
{
    struct vio_blk_range_limits limits = {0};

    if (sectors == 0 || seg == 0)
        return limits;
    seg = least_of(seg,
                   size_max / sizeof(struct virtio_blk_discard_write_zeroes));
    limits.max_sectors = (uint32_t)sectors;
    limits.max_ranges = (uint32_t)least_of(seg, cfg->max_ranges);
    limits.alignment = alignment ? (uint32_t)alignment : 1;
    return limits;
}

static void set_ranges(struct vio_blk_info *info,
                       const struct vio_blk_config *cfg, const uint64_t *value)
{
    info->discard = range_limits(cfg, info->size_max, value[DISCARD_SECTORS],
                                 value[DISCARD_SEG], value[DISCARD_ALIGNMENT]);
    info->write_zeroes = range_limits(
        cfg, info->size_max, value[ZEROES_SECTORS], value[ZEROES_SEG], 1);
    info->secure_erase = range_limits(cfg, info->size_max, value[ERASE_SECTORS],
                                      value[ERASE_SEG], value[ERASE_ALIGNMENT]);
    info->write_zeroes_may_unmap = value[ZEROES_MAY_UNMAP] != 0;
}

/* 5.2.5.1: all models are supported; one that has no zones, or says nonsense of
 * them, is a disk like any other. */
static void set_zoned(struct vio_blk_info *info, const uint64_t *value)
{
    bool sane =
        (value[MODEL] == VIRTIO_BLK_Z_HM || value[MODEL] == VIRTIO_BLK_Z_HA) &&
        value[ZONE_SECTORS] != 0 &&
        value[GRANULARITY] >= VIRTIO_BLK_SECTOR_SIZE &&
        value[GRANULARITY] % VIRTIO_BLK_SECTOR_SIZE == 0;

    if (!sane)
        return;
    info->zoned = (struct vio_blk_zoned){
        .model = (uint8_t)value[MODEL],
        .zone_sectors = (uint32_t)value[ZONE_SECTORS],
        .max_open = (uint32_t)value[MAX_OPEN],
        .max_active = (uint32_t)value[MAX_ACTIVE],
        .max_append_sectors = (uint32_t)value[MAX_APPEND],
        .write_granularity = (uint32_t)value[GRANULARITY],
    };
}

/* 5.2.5.2: the switch says it; without one, FLUSH means that the cache is
 * write-back. What cannot be flushed is not a cache. */
static void set_cache(struct vio_blk_info *info, uint64_t writeback)
{
    bool flush = has(info, VIRTIO_BLK_F_FLUSH);

    info->can_set_cache = flush && has(info, VIRTIO_BLK_F_CONFIG_WCE);
    info->writeback = info->can_set_cache ? writeback != 0 : flush;
}

/* *model is what the device says of its zones, sense or not. */
static int read_config(struct vio_device *dev, const struct vio_blk_config *cfg,
                       struct vio_blk_info *info, uint32_t *seg_max,
                       uint64_t *model)
{
    uint64_t value[N_FIELDS] = {0};
    int err = vio_device_config_get(dev, fields, N_FIELDS, value);

    if (err)
        return err;
    *info = (struct vio_blk_info){
        .features = dev->features,
        .n_queues = value[NUM_QUEUES] ? (uint16_t)value[NUM_QUEUES] : 1,
        .read_only = vio_device_has(dev, VIRTIO_BLK_F_RO),
    };
    err = vio_blk_size_max(dev, value[SIZE_MAXIMUM], &info->size_max);
    if (err)
        return err;
    *seg_max = value[SEG_MAX] ? (uint32_t)value[SEG_MAX] : 1;
    *model = value[MODEL];
    set_topology(info, value);
    set_geometry(info, value);
    set_ranges(info, cfg, value);
    set_zoned(info, value);
    set_cache(info, value[WRITEBACK]);
    return 0;
}

int vio_blk_negotiate(struct vio_device *dev, const struct vio_blk_config *cfg,
                      struct vio_blk_info *info, uint32_t *seg_max)
{
    uint64_t wanted = vio_blk_wanted_features(dev, cfg), model;
    int err = vio_device_begin(dev, wanted, 0);

    if (!err)
        err = read_config(dev, cfg, info, seg_max, &model);
    /* 5.2.5.1: host-managed and DISCARD exclude each other; the model is known
     * only now. */
    if (!err && model == VIRTIO_BLK_Z_HM &&
        vio_device_has(dev, VIRTIO_BLK_F_DISCARD)) {
        wanted &= ~VIRTIO_BIT(VIRTIO_BLK_F_DISCARD);
        err = vio_device_begin(dev, wanted, 0);
        if (!err)
            err = read_config(dev, cfg, info, seg_max, &model);
    }
    return err;
}

int vio_blk_refresh(struct vio_blk *blk)
{
    uint64_t value[SECTORS + 1] = {0}, before = blk->info.capacity;
    int err;

    if (blk->dev->state != VIO_DEVICE_RUNNING)
        return VIO_EBADSTATE;
    err = vio_device_config_get(blk->dev, fields, SECTORS + 1, value);
    /* The values of a device that is gone are all ones. The interrupt may also
     * have been about its wish to be reset (2.1.2). */
    if (!err)
        err = vio_device_check(blk->dev);
    if (err)
        return err;
    set_geometry(&blk->info, value);
    return blk->info.capacity != before;
}
