/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Features and configuration space of the block device: read once, checked, and
 * kept in struct vio_blk_info. Nothing here is believed as it stands.
 *
 * Spec: 5.2.3 Feature bits, 5.2.4 Device configuration layout.
 */
#include "../why.h"
#include "blk_impl.h"

/*
 * The fields, in groups: what is read together is of one generation, and no
 * call has all of them on its stack.
 */
enum field {
    SHAPE,
    CAPACITY = SHAPE,
    CYLINDERS,
    HEADS,
    SECTORS,

    LIMITS,
    SIZE_MAXIMUM = LIMITS, /* SIZE_MAX is the C library's */
    SEG_MAX,
    NUM_QUEUES,

    TOPOLOGY,
    BLK_SIZE = TOPOLOGY,
    PHYSICAL_EXP,
    ALIGNMENT_OFFSET,
    MIN_IO,
    OPT_IO,

    DISCARD, /* sectors, ranges, alignment; likewise the other two, */
    ZEROES = DISCARD + 3, /* but here it is "may unmap" */
    ERASE = ZEROES + 3,

    ZONES = ERASE + 3,
    ZONE_SECTORS = ZONES,
    MAX_OPEN,
    MAX_ACTIVE,
    MAX_APPEND,
    GRANULARITY,
    MODEL,

    WRITEBACK,
    N_FIELDS,
};

/* clang-format off */
#define FIELD BLK_FIELD

static const struct vio_config_field fields[N_FIELDS] = {
    [CAPACITY] = BLK_CAPACITY_FIELD,
    [CYLINDERS] = FIELD(GEOMETRY_CYLINDERS, 2, VIRTIO_BLK_F_GEOMETRY),
    [HEADS] = FIELD(GEOMETRY_HEADS, 1, VIRTIO_BLK_F_GEOMETRY),
    [SECTORS] = FIELD(GEOMETRY_SECTORS, 1, VIRTIO_BLK_F_GEOMETRY),
    [SIZE_MAXIMUM] = BLK_SIZE_MAX_FIELD,
    [SEG_MAX] = BLK_SEG_MAX_FIELD,
    [NUM_QUEUES] = FIELD(NUM_QUEUES, 2, VIRTIO_BLK_F_MQ),
    [BLK_SIZE] = BLK_BLOCK_FIELD,
    [PHYSICAL_EXP] = FIELD(PHYSICAL_BLOCK_EXP, 1, VIRTIO_BLK_F_TOPOLOGY),
    [ALIGNMENT_OFFSET] = FIELD(ALIGNMENT_OFFSET, 1, VIRTIO_BLK_F_TOPOLOGY),
    [MIN_IO] = FIELD(MIN_IO_SIZE, 2, VIRTIO_BLK_F_TOPOLOGY),
    [OPT_IO] = FIELD(OPT_IO_SIZE, 4, VIRTIO_BLK_F_TOPOLOGY),
    [DISCARD] = FIELD(MAX_DISCARD_SECTORS, 4, VIRTIO_BLK_F_DISCARD),
    [DISCARD + 1] = FIELD(MAX_DISCARD_SEG, 4, VIRTIO_BLK_F_DISCARD),
    [DISCARD + 2] = FIELD(DISCARD_ALIGNMENT, 4, VIRTIO_BLK_F_DISCARD),
    [ZEROES] = FIELD(MAX_WRITE_ZEROES_SECTORS, 4, VIRTIO_BLK_F_WRITE_ZEROES),
    [ZEROES + 1] = FIELD(MAX_WRITE_ZEROES_SEG, 4, VIRTIO_BLK_F_WRITE_ZEROES),
    [ZEROES + 2] = FIELD(WRITE_ZEROES_MAY_UNMAP, 1, VIRTIO_BLK_F_WRITE_ZEROES),
    [ERASE] = FIELD(MAX_SECURE_ERASE_SECTORS, 4, VIRTIO_BLK_F_SECURE_ERASE),
    [ERASE + 1] = FIELD(MAX_SECURE_ERASE_SEG, 4, VIRTIO_BLK_F_SECURE_ERASE),
    [ERASE + 2] = FIELD(SECURE_ERASE_ALIGNMENT, 4, VIRTIO_BLK_F_SECURE_ERASE),
    [ZONE_SECTORS] = FIELD(ZONE_SECTORS, 4, VIRTIO_BLK_F_ZONED),
    [MAX_OPEN] = FIELD(MAX_OPEN_ZONES, 4, VIRTIO_BLK_F_ZONED),
    [MAX_ACTIVE] = FIELD(MAX_ACTIVE_ZONES, 4, VIRTIO_BLK_F_ZONED),
    [MAX_APPEND] = FIELD(MAX_APPEND_SECTORS, 4, VIRTIO_BLK_F_ZONED),
    [GRANULARITY] = FIELD(WRITE_GRANULARITY, 4, VIRTIO_BLK_F_ZONED),
    [MODEL] = FIELD(ZONED_MODEL, 1, VIRTIO_BLK_F_ZONED),
    [WRITEBACK] = FIELD(WRITEBACK, 1, VIRTIO_BLK_F_CONFIG_WCE),
};
/* clang-format on */

/* Bits that come without a field. */
#define PLAIN_FEATURES                                              \
    (VIRTIO_BIT(VIRTIO_BLK_F_RO) | VIRTIO_BIT(VIRTIO_BLK_F_FLUSH) | \
     VIRTIO_BIT(VIRTIO_BLK_F_LIFETIME))

#define BLOCK_SIZE_LIMIT (2u << 20) /* more is not a hint but a mistake */

static uint64_t wanted_features(const struct vio_device *dev,
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
    if (vio_is_legacy(dev) && cfg->scsi)
        wanted |= VIRTIO_BIT(VIRTIO_BLK_F_SCSI);
    if (vio_is_legacy(dev)) /* 5.2.5.2: zones cannot be agreed upon there */
        wanted &= ~VIRTIO_BIT(VIRTIO_BLK_F_ZONED);
    if (cfg->n_queues == 1)
        wanted &= ~VIRTIO_BIT(VIRTIO_BLK_F_MQ);
    return wanted & ~out_of_reach;
}

static int read_group(struct vio_device *dev, enum field first, unsigned n,
                      uint64_t *value)
{
    return vio_device_config_get(dev, &fields[first], n, value);
}

/* A size that the hint has no room for is none that is known. */
static uint32_t in_bytes(uint64_t blocks, uint32_t block_size)
{
    uint64_t bytes = blocks * block_size;

    return bytes <= UINT32_MAX ? (uint32_t)bytes : 0;
}

/* Hints (5.2.4): whatever makes no sense is ignored. */
static void set_topology(struct vio_blk_info *info, const uint64_t *value,
                         bool has_size)
{
    uint64_t size = value[BLK_SIZE - TOPOLOGY];
    bool sane = blk_is_block((uint32_t)size, BLOCK_SIZE_LIMIT);
    unsigned exp = (unsigned)value[PHYSICAL_EXP - TOPOLOGY];

    info->block_size = sane ? (uint32_t)size : VIRTIO_BLK_SECTOR_SIZE;
    info->odd_block_size = !sane && has_size;
    info->physical_block = info->block_size;
    if (exp < 32 && (uint64_t)info->block_size << exp <= BLOCK_SIZE_LIMIT)
        info->physical_block <<= exp;
    size = value[ALIGNMENT_OFFSET - TOPOLOGY] * info->block_size;
    info->alignment_offset = size < info->physical_block ? (uint32_t)size : 0;
    info->min_io = in_bytes(value[MIN_IO - TOPOLOGY], info->block_size);
    info->optimal_io = in_bytes(value[OPT_IO - TOPOLOGY], info->block_size);
}

static int read_topology(struct vio_device *dev, struct vio_blk_info *info)
{
    uint64_t value[DISCARD - TOPOLOGY];
    int err = read_group(dev, TOPOLOGY, DISCARD - TOPOLOGY, value);

    if (!err)
        set_topology(info, value, vio_device_has(dev, VIRTIO_BLK_F_BLK_SIZE));
    if (info->odd_block_size)
        vio_log(dev->env, VIO_LOG_WARNING, "odd block size: ignored");
    return err;
}

/* The capacity, and cylinders, heads, sectors for those who still ask. Made up,
 * they multiply to no more than the capacity. */
static void set_shape(struct vio_blk_info *info, const uint64_t *value)
{
    uint64_t tracks = value[CAPACITY] >> 11;

    info->capacity = value[CAPACITY];
    info->cylinders = (uint32_t)value[CYLINDERS];
    info->heads = (uint16_t)value[HEADS];
    info->sectors_per_track = (uint16_t)value[SECTORS];
    if (info->cylinders && info->heads && info->sectors_per_track)
        return;
    info->heads = 64;
    info->sectors_per_track = 32;
    info->cylinders = tracks > UINT32_MAX ? UINT32_MAX : (uint32_t)tracks;
}

static int read_shape(struct vio_device *dev, struct vio_blk_info *info)
{
    uint64_t value[LIMITS - SHAPE];
    int err = read_group(dev, SHAPE, LIMITS - SHAPE, value);

    /* The values of a device that is gone are all ones. An interrupt may also
     * have been about its wish to be reset (2.1.2). */
    if (!err && dev->state == VIO_DEVICE_RUNNING)
        err = vio_device_check(dev);
    if (!err)
        set_shape(info, value);
    return err;
}

static uint64_t least_of(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* A limit of 0 means that the device cannot do it after all. The ranges of one
 * request are one segment. */
static void set_ranges(struct vio_blk_range_limits *limits, uint64_t sectors,
                       uint64_t ranges, uint64_t alignment)
{
    if (sectors == 0 || ranges == 0)
        return;
    limits->max_sectors = (uint32_t)sectors;
    limits->max_ranges = (uint32_t)ranges;
    limits->alignment = alignment ? (uint32_t)alignment : 1;
}

static int read_ranges(struct vio_device *dev, const struct vio_blk_config *cfg,
                       struct vio_blk_info *info)
{
    struct vio_blk_range_limits *const limits[] = {
        &info->discard, &info->write_zeroes, &info->secure_erase};
    uint64_t most = least_of(info->size_max /
                                 sizeof(struct virtio_blk_discard_write_zeroes),
                             cfg->max_ranges);

    for (unsigned i = 0; i < 3; i++) {
        uint64_t value[3];
        int err = read_group(dev, (enum field)(DISCARD + 3 * i), 3, value);

        if (err)
            return err;
        if (limits[i] == &info->write_zeroes) {
            info->write_zeroes_may_unmap = value[2] != 0;
            value[2] = 1;
        }
        set_ranges(limits[i], value[0], least_of(value[1], most), value[2]);
    }
    return 0;
}

/* 5.2.5.1: all models are supported. Host-aware, a disk that says nonsense of
 * its zones is one like any other; but one that may not be written to just
 * anywhere, as far as anybody knows, is not to be used. */
static int set_zones(struct vio_device *dev, const struct vio_blk_zoned *zoned,
                     struct vio_blk_info *info)
{
    bool host_aware = zoned->model == VIRTIO_BLK_Z_HA;
    bool sane = zoned->zone_sectors != 0 && zoned->write_granularity != 0 &&
                zoned->write_granularity % VIRTIO_BLK_SECTOR_SIZE == 0;

    if (zoned->model == VIRTIO_BLK_Z_NONE)
        return 0;
    if (host_aware && !sane) {
        vio_log(dev->env, VIO_LOG_WARNING, "odd zones: ignored");
        return 0;
    }
    if (zoned->model > VIRTIO_BLK_Z_HA || !sane)
        return vio_fail(&dev->why, VIO_WHY_BAD_ZONES, zoned->model,
                        zoned->zone_sectors);
    /* It was not when DISCARD was agreed upon (vio_blk_negotiate). */
    if (!host_aware && vio_device_has(dev, VIRTIO_BLK_F_DISCARD))
        return vio_device_why(dev, VIO_WHY_CONFIG_UNSTABLE, 0);
    info->zoned = *zoned;
    return 0;
}

static int read_zones(struct vio_device *dev, struct vio_blk_info *info)
{
    uint64_t value[WRITEBACK - ZONES];
    struct vio_blk_zoned zoned;
    int err = read_group(dev, ZONES, WRITEBACK - ZONES, value);

    zoned = (struct vio_blk_zoned){
        .model = (uint32_t)value[MODEL - ZONES],
        .zone_sectors = (uint32_t)value[ZONE_SECTORS - ZONES],
        .max_open = (uint32_t)value[MAX_OPEN - ZONES],
        .max_active = (uint32_t)value[MAX_ACTIVE - ZONES],
        .max_append_sectors = (uint32_t)value[MAX_APPEND - ZONES],
        .write_granularity = (uint32_t)value[GRANULARITY - ZONES],
    };
    return err ? err : set_zones(dev, &zoned, info);
}

/* 5.2.5.2: the switch says it; without one, FLUSH means that the cache is
 * write-back. What cannot be flushed is not a cache. */
static int read_cache(struct vio_device *dev, struct vio_blk_info *info)
{
    bool flush = vio_device_has(dev, VIRTIO_BLK_F_FLUSH);
    uint64_t writeback = 0;
    int err = read_group(dev, WRITEBACK, 1, &writeback);

    info->can_set_cache = flush && vio_device_has(dev, VIRTIO_BLK_F_CONFIG_WCE);
    info->writeback = info->can_set_cache ? writeback != 0 : flush;
    return err;
}

/* 5.2.5.1: host-managed and DISCARD exclude each other; the model, sense or
 * not, is known only when features are agreed upon. A device may insist on it
 * before, and refuse. */
int vio_blk_negotiate(struct blk_plan *plan)
{
    struct vio_device *dev = plan->dev;
    uint64_t wanted = wanted_features(dev, plan->cfg), model = 0;
    uint64_t discard = VIRTIO_BIT(VIRTIO_BLK_F_DISCARD);
    uint64_t both = discard | VIRTIO_BIT(VIRTIO_BLK_F_ZONED);
    int err = vio_device_begin(dev, wanted, 0);
    bool refused = err == VIO_EPROTO;

    if ((err && !refused) ||
        (dev->offered & wanted & ~dev->policy.refused & both) != both)
        return err;
    if (!refused) {
        err = read_group(dev, MODEL, 1, &model);
        if (err || model != VIRTIO_BLK_Z_HM)
            return err;
    }
    return vio_device_begin(dev, wanted & ~discard, 0);
}

int vio_blk_read_limits(struct blk_plan *plan)
{
    uint64_t value[TOPOLOGY - LIMITS];
    int err = read_group(plan->dev, LIMITS, TOPOLOGY - LIMITS, value);

    if (err)
        return err;
    plan->limits.seg_max = (uint32_t)value[SEG_MAX - LIMITS];
    plan->limits.n_queues = (uint16_t)value[NUM_QUEUES - LIMITS];
    return vio_blk_size_max(plan->dev, value[SIZE_MAXIMUM - LIMITS],
                            &plan->limits.size_max);
}

int vio_blk_read_info(const struct blk_plan *plan, struct vio_blk_info *info)
{
    struct vio_device *dev = plan->dev;
    int err;

    *info = (struct vio_blk_info){
        .features = dev->features,
        .size_max = plan->limits.size_max,
        .read_only = vio_device_has(dev, VIRTIO_BLK_F_RO),
    };
    err = read_shape(dev, info);
    if (!err)
        err = read_topology(dev, info);
    if (!err)
        err = read_ranges(dev, plan->cfg, info);
    if (!err)
        err = read_zones(dev, info);
    if (!err)
        err = read_cache(dev, info);
    return err;
}

int vio_blk_refresh(struct vio_blk *blk)
{
    uint64_t before = blk->info.capacity;
    int err;

    if (!blk_in_use(blk))
        return VIO_EBADSTATE;
    err = read_shape(blk->dev, &blk->info);
    if (err)
        return err;
    for (unsigned i = 0; i < blk->info.n_queues; i++)
        vio_blk_set_plain(&blk->queue[i]);
    return blk->info.capacity != before;
}
