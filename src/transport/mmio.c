/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio over MMIO. Version 2 and the legacy version 1 differ in how a queue is
 * handed over; everything else is the same registers.
 *
 * Spec: 4.2 Virtio Over MMIO.
 */
#include <vio/mmio.h>
#include <vio/spec/mmio.h>

#include "../swap.h"
#include "../why.h"

/* What version 1 counts queue addresses in, and aligns the used ring to. */
#define LEGACY_PAGE_SIZE 4096u

static struct vio_mmio *mmio_of(struct vio_device *dev)
{
    return (struct vio_mmio *)dev;
}

/* Registers are little-endian (4.2.2); a big-endian machine has to swap them
 * for a version 2 device, while a version 1 device is guest-endian. */
static uint32_t cpu32(const struct vio_mmio *m, uint32_t value)
{
    return VIO_BIG_ENDIAN && m->version != 1 ? vio_swap32(value) : value;
}

/* 4.2.2.2: the control registers are accessed with 32 bits, aligned. */
static uint32_t read32(struct vio_mmio *m, uint32_t offset)
{
    return cpu32(m, vio_reg_read32(m->base, offset));
}

static void write32(struct vio_mmio *m, uint32_t offset, uint32_t value)
{
    vio_reg_write32(m->base, offset, cpu32(m, value));
}

static void write64(struct vio_mmio *m, uint32_t low_offset, uint64_t value)
{
    write32(m, low_offset, (uint32_t)value);
    write32(m, low_offset + 4, (uint32_t)(value >> 32));
}

static uint8_t get_status(struct vio_device *dev)
{
    return (uint8_t)read32(mmio_of(dev), VIRTIO_MMIO_STATUS);
}

static void set_status(struct vio_device *dev, uint8_t status)
{
    write32(mmio_of(dev), VIRTIO_MMIO_STATUS, status);
}

/* 4.2.2.2: the selector is written before each word. */
static uint32_t features_word(struct vio_mmio *m, uint32_t word)
{
    write32(m, VIRTIO_MMIO_DEVICE_FEATURES_SEL, word);
    return read32(m, VIRTIO_MMIO_DEVICE_FEATURES);
}

static uint64_t get_features(struct vio_device *dev)
{
    struct vio_mmio *m = mmio_of(dev);
    uint64_t low = features_word(m, 0);

    return dev->legacy ? low : (uint64_t)features_word(m, 1) << 32 | low;
}

static void set_features(struct vio_device *dev, uint64_t features)
{
    struct vio_mmio *m = mmio_of(dev);

    write32(m, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
    write32(m, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)features);
    if (dev->legacy) {
        /* 4.2.4: told once, before any queue is used. */
        write32(m, VIRTIO_MMIO_GUEST_PAGE_SIZE, LEGACY_PAGE_SIZE);
        return;
    }
    write32(m, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
    write32(m, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> 32));
}

static uint32_t generation(struct vio_device *dev)
{
    return dev->legacy ? 0
                       : read32(mmio_of(dev), VIRTIO_MMIO_CONFIG_GENERATION);
}

/* 4.2.2.2: each field of the configuration space with its own width. */
static uint32_t config_read(struct vio_device *dev, uint32_t offset,
                            unsigned width)
{
    struct vio_mmio *m = mmio_of(dev);

    offset += VIRTIO_MMIO_CONFIG;
    if (width == 1)
        return vio_reg_read8(m->base, offset);
    if (width == 2) {
        uint16_t value = vio_reg_read16(m->base, offset);

        return VIO_BIG_ENDIAN && !dev->legacy ? vio_swap16(value) : value;
    }
    return read32(m, offset);
}

static void config_write(struct vio_device *dev, uint32_t offset,
                         unsigned width, uint32_t value)
{
    struct vio_mmio *m = mmio_of(dev);
    uint16_t value16 = (uint16_t)value;

    offset += VIRTIO_MMIO_CONFIG;
    if (width == 1)
        vio_reg_write8(m->base, offset, (uint8_t)value);
    else if (width == 2)
        vio_reg_write16(m->base, offset,
                        VIO_BIG_ENDIAN && !dev->legacy ? vio_swap16(value16)
                                                       : value16);
    else
        write32(m, offset, value);
}

/* Select a queue and make sure that it is nobody's (4.2.3.2, steps 1 and 2). */
static int select_queue(struct vio_mmio *m, uint16_t index)
{
    uint32_t in_use_register =
        m->dev.legacy ? VIRTIO_MMIO_QUEUE_PFN : VIRTIO_MMIO_QUEUE_READY;

    write32(m, VIRTIO_MMIO_QUEUE_SEL, index);
    if (read32(m, in_use_register))
        return vio_fail(&m->dev.why, VIO_WHY_QUEUE_BUSY, index, 0);
    return 0;
}

static int queue_max(struct vio_device *dev, uint16_t index, uint32_t *max)
{
    struct vio_mmio *m = mmio_of(dev);
    int err = select_queue(m, index);

    if (err)
        return err;
    *max = read32(m, VIRTIO_MMIO_QUEUE_SIZE_MAX);
    return 0;
}

/* 4.2.3.2: addresses first, QueueReady last, and read back. */
static int start_modern(struct vio_mmio *m, const struct vio_virtq *vq)
{
    write32(m, VIRTIO_MMIO_QUEUE_SIZE, vq->size);
    write64(m, VIRTIO_MMIO_QUEUE_DESC_LOW, vq->desc_addr);
    write64(m, VIRTIO_MMIO_QUEUE_DRIVER_LOW, vq->driver_addr);
    write64(m, VIRTIO_MMIO_QUEUE_DEVICE_LOW, vq->device_addr);
    write32(m, VIRTIO_MMIO_QUEUE_READY, 1);
    if (read32(m, VIRTIO_MMIO_QUEUE_READY) != 1)
        return vio_fail(&m->dev.why, VIO_WHY_QUEUE_REJECTED, vq->index, 0);
    return 0;
}

/* 4.2.4: the whole ring is named by its page frame number, which is not 0. */
static int start_legacy(struct vio_mmio *m, const struct vio_virtq *vq)
{
    uint64_t pfn = vq->desc_addr / LEGACY_PAGE_SIZE;

    if (pfn == 0 || pfn > UINT32_MAX || vq->desc_addr % LEGACY_PAGE_SIZE)
        return vio_fail(&m->dev.why, VIO_WHY_QUEUE_ADDRESS, vq->desc_addr,
                        LEGACY_PAGE_SIZE);
    write32(m, VIRTIO_MMIO_QUEUE_SIZE, vq->size);
    write32(m, VIRTIO_MMIO_QUEUE_ALIGN, LEGACY_PAGE_SIZE);
    write32(m, VIRTIO_MMIO_QUEUE_PFN, (uint32_t)pfn);
    if (read32(m, VIRTIO_MMIO_QUEUE_PFN) != (uint32_t)pfn)
        return vio_fail(&m->dev.why, VIO_WHY_QUEUE_REJECTED, vq->index, 0);
    return 0;
}

static int queue_start(struct vio_device *dev, struct vio_virtq *vq)
{
    struct vio_mmio *m = mmio_of(dev);
    int err = select_queue(m, vq->index);

    if (!err)
        err = dev->legacy ? start_legacy(m, vq) : start_modern(m, vq);
    if (err)
        return err;
    /* Computed once, so that a kick is one register write. */
    vq->doorbell = m->base;
    vq->doorbell.addr += VIRTIO_MMIO_QUEUE_NOTIFY;
    vq->doorbell_value = vq->index;
    vq->doorbell_le = !dev->legacy;
    return 0;
}

static void queue_reset(struct vio_device *dev, uint16_t index)
{
    write32(mmio_of(dev), VIRTIO_MMIO_QUEUE_SEL, index);
    write32(mmio_of(dev), VIRTIO_MMIO_QUEUE_RESET, 1);
}

/* 4.2.2.2: the reset is complete when QueueReset reads 0. */
static bool queue_in_reset(struct vio_device *dev, uint16_t index)
{
    write32(mmio_of(dev), VIRTIO_MMIO_QUEUE_SEL, index);
    return read32(mmio_of(dev), VIRTIO_MMIO_QUEUE_RESET) != 0;
}

/*
 * 4.2.3.4. Acknowledged before anything is drained: a buffer that is used after
 * the acknowledgement raises the interrupt again, one used before it is found
 * by the drain. The other order loses what comes between the two.
 */
static uint32_t isr(struct vio_device *dev)
{
    struct vio_mmio *m = mmio_of(dev);
    uint32_t status = read32(m, VIRTIO_MMIO_INTERRUPT_STATUS);

    if (status == UINT32_MAX) /* the device is gone */
        return 0;
    status &= VIRTIO_ISR_QUEUE | VIRTIO_ISR_CONFIG;
    if (status)
        write32(m, VIRTIO_MMIO_INTERRUPT_ACK, status);
    return status;
}

/* The magic value; on a big-endian machine it also shows a version 1 device,
 * whose registers are guest-endian. */
static bool is_magic(uint32_t value)
{
    return value == VIRTIO_MMIO_MAGIC ||
           (VIO_BIG_ENDIAN && vio_swap32(value) == VIRTIO_MMIO_MAGIC);
}

static bool is_there(struct vio_device *dev)
{
    return is_magic(
        vio_reg_read32(mmio_of(dev)->base, VIRTIO_MMIO_MAGIC_VALUE));
}

static const struct vio_transport mmio_transport = {
    .features = VIRTIO_BIT(VIRTIO_F_RING_RESET),
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
    .queue_in_reset = queue_in_reset,
    .isr = isr,
    .is_there = is_there,
};

/* 4.2.3.1.1: MagicValue and Version, then DeviceID, then nothing if that is 0;
 * each read once. */
static int identify(struct vio_mmio *m, struct vio_why *why)
{
    uint32_t magic = vio_reg_read32(m->base, VIRTIO_MMIO_MAGIC_VALUE);

    if (!is_magic(magic))
        return vio_fail(why, VIO_WHY_NOT_VIRTIO, cpu32(m, magic), 0);
    m->version = magic == VIRTIO_MMIO_MAGIC && VIO_BIG_ENDIAN ? 1 : 2;
    m->version = read32(m, VIRTIO_MMIO_VERSION);
    if (m->version != 1 && m->version != 2)
        return vio_fail(why, VIO_WHY_BAD_VERSION, m->version, 0);
    m->dev.type = read32(m, VIRTIO_MMIO_DEVICE_ID);
    if (m->dev.type == 0)
        return vio_fail(why, VIO_WHY_NO_DEVICE, 0, 0);
    m->vendor = read32(m, VIRTIO_MMIO_VENDOR_ID);
    return 0;
}

static int check_policy(const struct vio_mmio *m, enum vio_interface interface,
                        struct vio_why *why)
{
    if (m->version == 1 && interface == VIO_REQUIRE_MODERN)
        return vio_fail(why, VIO_WHY_LEGACY_REFUSED, m->version, 0);
    if (m->version == 2 && interface == VIO_REQUIRE_LEGACY)
        return vio_fail(why, VIO_WHY_MODERN_REFUSED, m->version, 0);
    return 0;
}

int vio_mmio_probe(struct vio_mmio *m, struct vio_reg base, size_t length,
                   const struct vio_policy *policy, const struct vio_env *env,
                   struct vio_why *why)
{
    struct vio_mmio found = {.base = base};
    int err;

    if (length < VIRTIO_MMIO_CONFIG)
        return vio_fail(why, VIO_WHY_CONFIG_TOO_SMALL, length,
                        VIRTIO_MMIO_CONFIG);
    if (policy)
        found.dev.policy = *policy;
    err = identify(&found, why);
    if (!err)
        err = check_policy(&found, found.dev.policy.interface, why);
    if (err)
        return err;
    length -= VIRTIO_MMIO_CONFIG;
    found.dev.ops = &mmio_transport;
    found.dev.env = env;
    found.dev.legacy = found.version == 1;
    found.dev.queue_align = found.dev.legacy ? LEGACY_PAGE_SIZE : 0;
    found.dev.config_len = length > UINT32_MAX ? UINT32_MAX : (uint32_t)length;
    *m = found;
    return 0;
}
