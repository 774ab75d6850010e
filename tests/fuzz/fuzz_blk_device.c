/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A block device that answers what the input says, with rings that it writes to
 * as a hostile one does.
 */
#include "fuzz_blk.h"

struct fuzz_blk fuzz_blk;

/* Now and then something else than what the truth is. */
static uint32_t twist(uint32_t value)
{
    return fuzz_u8() < 0xf0 ? value : fuzz_u32();
}

static uint8_t get_status(struct vio_device *dev)
{
    (void)dev;
    return (uint8_t)twist(fuzz_blk.status);
}

static void set_status(struct vio_device *dev, uint8_t status)
{
    (void)dev;
    fuzz_blk.status = status;
    if (status == 0)
        fuzz_reset();
}

static uint64_t get_features(struct vio_device *dev)
{
    (void)dev;
    return fuzz_blk.features;
}

static void set_features(struct vio_device *dev, uint64_t features)
{
    FUZZ_ASSERT((features & ~dev->offered) == 0);
}

static uint32_t generation(struct vio_device *dev)
{
    (void)dev;
    return twist(0);
}

static uint32_t config_read(struct vio_device *dev, uint32_t offset,
                            unsigned width)
{
    uint32_t value = 0;

    FUZZ_ASSERT(offset + width <= dev->config_len && offset % width == 0);
    memcpy(&value, &fuzz_blk.config[offset], width);
    value = twist(value);
    return width == 4 ? value : value & ((1u << 8 * width) - 1);
}

static void config_write(struct vio_device *dev, uint32_t offset,
                         unsigned width, uint32_t value)
{
    FUZZ_ASSERT(offset + width <= dev->config_len && offset % width == 0);
    memcpy(&fuzz_blk.config[offset], &value, width);
}

static int queue_max(struct vio_device *dev, uint16_t index, uint32_t *max)
{
    (void)dev;
    (void)index;
    *max = twist(1u << (5 + fuzz_u8()) % 7);
    return fuzz_u8() == 0xff ? VIO_EBUSY : 0;
}

static int queue_start(struct vio_device *dev, struct vio_virtq *vq)
{
    const struct vio_blk_queue *q = (const struct vio_blk_queue *)vq;

    if (fuzz_u8() == 0xff)
        return VIO_EPROTO;
    FUZZ_ASSERT(vq->index < FUZZ_QUEUES);
    fuzz_queue_start(vq->index, vq);
    fuzz.queue[vq->index].dev.event_idx =
        vio_device_has(dev, VIRTIO_F_EVENT_IDX);
    fuzz.queue[vq->index].status = q->status;
    fuzz.queue[vq->index].n_status = vq->shape_depth;
    FUZZ_ASSERT(vq->shape_depth <= FUZZ_STATUSES);
    return 0;
}

static bool queue_reset(struct vio_device *dev, uint16_t index, bool ask)
{
    (void)dev;
    (void)index;
    (void)ask;
    return fuzz_u8() & 1;
}

static uint32_t isr(struct vio_device *dev)
{
    (void)dev;
    return fuzz_u8() & 3;
}

static const struct vio_transport transport = {
    .get_status = get_status,
    .set_status = set_status,
    .get_features = get_features,
    .set_features = set_features,
    .generation = generation,
    .config_read = config_read,
    .config_write = config_write,
    .queue_max = queue_max,
    .queue_start = queue_start,
    .queue_reset = queue_reset,
    .isr = isr,
};

static int dma_map(void *ctx, const void *buf, size_t *len, enum vio_dir dir,
                   uint64_t *addr)
{
    unsigned choice = fuzz_u8();

    (void)ctx;
    FUZZ_ASSERT(*len > 0);
    if (choice == 0xff || fuzz_blk.n_mapped == MAPPED)
        return -1;
    if (choice >= 0xf0 && *len > 512)
        *len = 512;
    fuzz_blk.mapped[fuzz_blk.n_mapped++] = (struct mapping){buf, *len, dir};
    *addr = (uintptr_t)buf;
    return 0;
}

static void dma_unmap(void *ctx, uint64_t addr, const void *buf, size_t len,
                      enum vio_dir dir)
{
    (void)ctx;
    FUZZ_ASSERT(addr == (uintptr_t)buf);
    for (unsigned i = 0; i < fuzz_blk.n_mapped; i++) {
        const struct mapping *m = &fuzz_blk.mapped[i];

        if (m->base == buf && m->len == len && m->dir == dir) {
            fuzz_blk.mapped[i] = fuzz_blk.mapped[--fuzz_blk.n_mapped];
            return;
        }
    }
    fuzz_fail("unmapped what is not mapped");
}

static uint64_t now(void *ctx)
{
    (void)ctx;
    return fuzz_blk.now_ns += 50000000;
}

bool fuzz_blk_reaches(const unsigned char *base, size_t len)
{
    for (unsigned i = 0; i < fuzz_blk.n_mapped; i++) {
        const unsigned char *at = fuzz_blk.mapped[i].base;

        if (at < base + len && base < at + fuzz_blk.mapped[i].len)
            return true;
    }
    return false;
}

/* Where nothing is mapped, it reaches all of the caller's data. */
static bool is_mapped_for_writing(const unsigned char *base, size_t len)
{
    const unsigned char *data = fuzz_blk.data[0];

    if (!fuzz_blk.dev.env->dma_map) {
        FUZZ_ASSERT(base >= data && base + len <= data + sizeof fuzz_blk.data);
        return true;
    }
    for (unsigned i = 0; i < fuzz_blk.n_mapped; i++)
        if (fuzz_blk.mapped[i].base == base && len <= fuzz_blk.mapped[i].len &&
            fuzz_blk.mapped[i].dir == VIO_DEVICE_WRITES)
            return true;
    return false;
}

/* Can the device still reach a segment? A driver that was lied to has taken the
 * buffer back already. */
static bool can_write(const struct tdev_segment *s)
{
    if (!fuzz_is_shadow(s->base))
        return is_mapped_for_writing(s->base, s->len);
    FUZZ_ASSERT(s->len <= fuzz.size && fuzz_is_shadow(s->base + s->len - 1));
    return true;
}

/* Write the first len bytes of a segment, or what it has room for. */
static void write_front(const struct tdev_segment *s, const void *from,
                        uint32_t len)
{
    if (!s->write || len > s->len || !can_write(s))
        return;
    memcpy(s->base, from, len);
    if (fuzz_is_shadow(s->base))
        fuzz_device_wrote(s->base, len);
}

static void fill(const struct tdev_segment *s, uint8_t value)
{
    if (!can_write(s))
        return;
    memset(s->base, value, s->len);
    if (fuzz_is_shadow(s->base))
        fuzz_device_wrote(s->base, s->len);
}

/* The requests whose answers mean something: where an append landed, how many
 * zones there are, the lengths at the end of a SCSI command, a lifetime. */
static void answer(const struct tdev_buffer *b)
{
    const struct tdev_segment *head = &b->segment[0];
    const struct tdev_segment *to;
    struct virtio_blk_req_header h;
    uint64_t value[2];

    if (b->n < 3 || head->len != sizeof h || !fuzz_is_shadow(head->base))
        return;
    memcpy(&h, head->base, sizeof h);
    to = &b->segment[h.type == VIRTIO_BLK_T_ZONE_REPORT ? 1 : b->n - 2];
    value[0] = value[1] = fuzz_u8() * 0x1000000010001u;
    if (h.type == VIRTIO_BLK_T_ZONE_APPEND) /* in the zone, or not */
        value[0] = h.sector + (value[0] & 0x7f);
    write_front(to, value, to->len < sizeof value ? to->len : sizeof value);
}

/* Answer a request, mostly well; the status is the last byte. */
static uint32_t serve(const struct tdev_buffer *buffer)
{
    unsigned choice = fuzz_u8();
    uint8_t status = choice < 0xe0 ? 0 : fuzz_u8();
    uint32_t writable = 0;

    for (unsigned k = 0; k < buffer->n; k++) {
        if (!buffer->segment[k].write)
            continue;
        fill(&buffer->segment[k], k + 1 == buffer->n ? status : 0x5a);
        writable += buffer->segment[k].len;
    }
    if (choice & 0x20)
        answer(buffer);
    return (choice & 0x1f) == 0x1f && writable ? fuzz_u8() % writable
                                               : writable;
}

/* The device gets a turn. */
void fuzz_blk_act(void)
{
    unsigned choice = fuzz_u8();
    struct fuzz_queue *q = &fuzz.queue[choice >> 7];

    if (!q->vq)
        q = &fuzz.queue[0];
    if (!q->vq)
        return;
    if (choice % 16 < 12)
        fuzz_serve(q, serve);
    else if (choice % 16 < 13)
        fuzz_arm(q);
    else if (choice % 16 < 15)
        fuzz_scribble();
    else
        fuzz_plan_scribble();
}

static int idle(void *ctx, uint64_t deadline_ns)
{
    (void)ctx;
    if (fuzz_u8() == 0xff)
        return -1;
    fuzz_blk_act();
    if (fuzz_blk.now_ns < deadline_ns && fuzz_u8() & 1)
        fuzz_blk.now_ns = deadline_ns;
    return 0;
}

static const struct vio_env env = {
    .dma_map = dma_map,
    .dma_unmap = dma_unmap,
    .now_ns = now,
    .idle = idle,
};

static const struct vio_env env_that_maps_nothing = {
    .now_ns = now,
    .idle = idle,
};

static void put(unsigned offset, unsigned width, uint64_t value)
{
    memcpy(&fuzz_blk.config[offset], &value, width);
}

/* Zones of 64 sectors, host-managed or host-aware. */
static void put_zones(uint8_t model)
{
    put(72, 4, 64);    /* zone_sectors */
    put(84, 4, 8);     /* max_append_sectors */
    put(88, 4, 512);   /* write_granularity */
    put(92, 1, model); /* model */
}

/* A disk like any other, but for a few bytes. */
static void put_config(unsigned choice)
{
    put(0, 8, 4096);  /* sectors */
    put(8, 4, 65536); /* size_max */
    put(12, 4, 4);    /* seg_max */
    put(20, 4, 512);  /* blk_size */
    put(32, 1, 1);    /* writeback */
    put(34, 2, 2);    /* num_queues */
    for (unsigned at = 36; at < 72; at += 4)
        put(at, 4, 64); /* limits of discard and the like */
    put_zones(choice & 8 ? VIRTIO_BLK_Z_HM : VIRTIO_BLK_Z_HA);
    for (unsigned n = choice % 8; n; n--) {
        unsigned at = fuzz_u8() % 0x60;

        fuzz_blk.config[at] = fuzz_u8();
    }
}

void fuzz_blk_choose_device(void)
{
    unsigned choice = fuzz_u8();

    put_config(choice);
    fuzz_blk.features = VIRTIO_BIT(VIRTIO_F_VERSION_1) ^ fuzz_u64();
    fuzz_blk.dev = (struct vio_device){
        .ops = &transport,
        .env = choice & 0x10 ? &env_that_maps_nothing : &env,
        .type = VIRTIO_ID_BLOCK,
        .config_len = 0x60,
    };
    if (fuzz_u8() >= 0xe0) {
        fuzz_blk.dev.legacy = fuzz_blk.dev.size_fixed = true;
        fuzz_blk.dev.queue_align = 4096;
    }
}
