/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio over MMIO. Version 2 and the legacy version 1 differ in how a queue is
 * handed over; everything else is the same registers.
 *
 * Spec: 4.2 Virtio Over MMIO.
 */
#include <vio/mmio.h>
#include <vio/spec/mmio.h>

#include "../device_impl.h"
#include "../why.h"
#include "mmio_ops.h"
#include "reg.h"

/* What version 1 counts queue addresses in, and aligns the used ring to. */
#define LEGACY_PAGE_SIZE 4096u

static struct vio_mmio *mmio_of(struct vio_device *dev)
{
    return (struct vio_mmio *)dev;
}

/* Registers are little-endian (4.2.2), but for those of a version 1 device,
 * which is guest-endian. */
static uint32_t ordered(const struct vio_mmio *m, uint32_t value,
                        unsigned width)
{
    return vio_is_legacy(&m->dev) ? value : vio_reg_le(value, width);
}

/* An access to what may be a port is too long to be repeated everywhere. */
#if VIO_HAVE_PORT_IO
#define ACCESS_APART __attribute__((noinline))
#else
#define ACCESS_APART
#endif

/* 4.2.2.2: the control registers are accessed with 32 bits, aligned. */
static ACCESS_APART uint32_t read32(struct vio_mmio *m, uint32_t offset)
{
    return ordered(m, vio_reg_read32(m->base, offset), 4);
}

static ACCESS_APART void write32(struct vio_mmio *m, uint32_t offset,
                                 uint32_t value)
{
    vio_reg_write32(m->base, offset, ordered(m, value, 4));
}

static void write64(struct vio_mmio *m, uint32_t low_offset, uint64_t value)
{
    write32(m, low_offset, (uint32_t)value);
    write32(m, low_offset + 4, (uint32_t)(value >> 32));
}

uint8_t vio_mmio_get_status(struct vio_device *dev)
{
    return (uint8_t)read32(mmio_of(dev), VIRTIO_MMIO_STATUS);
}

void vio_mmio_set_status(struct vio_device *dev, uint8_t status)
{
    write32(mmio_of(dev), VIRTIO_MMIO_STATUS, status);
}

/* The feature bits in words of 32. */
static unsigned n_words(const struct vio_device *dev)
{
    return vio_is_legacy(dev) ? 1 : 2;
}

/* 4.2.2.2: the selector is written before each word. */
uint64_t vio_mmio_get_features(struct vio_device *dev)
{
    struct vio_mmio *m = mmio_of(dev);
    uint64_t features = 0;

    for (unsigned word = n_words(dev); word--;) {
        write32(m, VIRTIO_MMIO_DEVICE_FEATURES_SEL, word);
        features = features << 32 | read32(m, VIRTIO_MMIO_DEVICE_FEATURES);
    }
    return features;
}

void vio_mmio_set_features(struct vio_device *dev, uint64_t features)
{
    struct vio_mmio *m = mmio_of(dev);

    for (unsigned word = 0; word < n_words(dev); word++) {
        write32(m, VIRTIO_MMIO_DRIVER_FEATURES_SEL, word);
        write32(m, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)features);
        features >>= 32;
    }
    if (vio_is_legacy(dev))
        /* 4.2.4: told once, before any queue is used. */
        write32(m, VIRTIO_MMIO_GUEST_PAGE_SIZE, LEGACY_PAGE_SIZE);
}

uint32_t vio_mmio_generation(struct vio_device *dev)
{
    return vio_is_legacy(dev)
               ? 0
               : read32(mmio_of(dev), VIRTIO_MMIO_CONFIG_GENERATION);
}

/* 4.2.2.2: each field of the configuration space with its own width. */
uint32_t vio_mmio_config_read(struct vio_device *dev, uint32_t offset,
                              unsigned width)
{
    struct vio_mmio *m = mmio_of(dev);
    uint32_t value = vio_reg_get(m->base, VIRTIO_MMIO_CONFIG + offset, width);

    return ordered(m, value, width);
}

void vio_mmio_config_write(struct vio_device *dev, uint32_t offset,
                           unsigned width, uint32_t value)
{
    struct vio_mmio *m = mmio_of(dev);

    vio_reg_put(m->base, VIRTIO_MMIO_CONFIG + offset, width,
                ordered(m, value, width));
}

/* The register that a queue is started with, and that is 0 while it is
 * nobody's: 4.2.3.2, 4.2.4. */
static uint32_t start_register(const struct vio_mmio *m)
{
    return vio_is_legacy(&m->dev) ? VIRTIO_MMIO_QUEUE_PFN
                                  : VIRTIO_MMIO_QUEUE_READY;
}

/* 4.2.3.2, steps 1 to 3: select a queue, make sure that it is nobody's, and
 * read its size. */
int vio_mmio_queue_max(struct vio_device *dev, uint16_t index, uint32_t *max)
{
    struct vio_mmio *m = mmio_of(dev);

    write32(m, VIRTIO_MMIO_QUEUE_SEL, index);
    if (read32(m, start_register(m)))
        return vio_device_why(dev, VIO_WHY_QUEUE_BUSY, index);
    *max = read32(m, VIRTIO_MMIO_QUEUE_SIZE_MAX);
    return 0;
}

/* 4.2.3.2: the addresses. 4.2.4: on a legacy device, the whole ring is named by
 * its page frame number, which starts it. */
static void write_addresses(struct vio_mmio *m, const struct vio_virtq *vq)
{
    if (vio_is_legacy(&m->dev)) {
        write32(m, VIRTIO_MMIO_QUEUE_ALIGN, LEGACY_PAGE_SIZE);
        return;
    }
    write64(m, VIRTIO_MMIO_QUEUE_DESC_LOW, vq->desc_addr);
    write64(m, VIRTIO_MMIO_QUEUE_DRIVER_LOW, vq->driver_addr);
    write64(m, VIRTIO_MMIO_QUEUE_DEVICE_LOW, vq->device_addr);
}

/* What the start register is written with; 0: this address cannot be said. */
static uint32_t start_value(const struct vio_mmio *m,
                            const struct vio_virtq *vq)
{
    uint64_t pfn = vq->desc_addr / LEGACY_PAGE_SIZE;

    if (!vio_is_legacy(&m->dev))
        return 1;
    return pfn > UINT32_MAX || vq->desc_addr % LEGACY_PAGE_SIZE ? 0
                                                                : (uint32_t)pfn;
}

int vio_mmio_queue_start(struct vio_device *dev, struct vio_virtq *vq)
{
    struct vio_mmio *m = mmio_of(dev);
    uint32_t value = start_value(m, vq);

    if (value == 0)
        return vio_fail(&dev->why, VIO_WHY_QUEUE_ADDRESS, vq->desc_addr,
                        LEGACY_PAGE_SIZE);
    write32(m, VIRTIO_MMIO_QUEUE_SIZE, vq->size);
    write_addresses(m, vq);
    /* Last of all, and read back. */
    write32(m, start_register(m), value);
    if (read32(m, start_register(m)) != value)
        return vio_device_why(dev, VIO_WHY_QUEUE_REJECTED, vq->index);
    /* Computed once, so that a kick is one register write. */
    vq->doorbell.reg = m->base;
    vq->doorbell.reg.addr += VIRTIO_MMIO_QUEUE_NOTIFY;
    vq->doorbell.little_endian = !vio_is_legacy(dev);
    vq->doorbell.value = vq->index;
    return 0;
}

/* 4.2.2.2: the reset is complete when QueueReset reads 0. */
bool vio_mmio_queue_reset(struct vio_device *dev, uint16_t index, bool ask)
{
    struct vio_mmio *m = mmio_of(dev);

    write32(m, VIRTIO_MMIO_QUEUE_SEL, index);
    if (ask)
        write32(m, VIRTIO_MMIO_QUEUE_RESET, 1);
    return read32(m, VIRTIO_MMIO_QUEUE_RESET) != 0;
}

/*
 * 4.2.3.4. Acknowledged before anything is drained: a buffer that is used after
 * the acknowledgement raises the interrupt again, one used before it is found
 * by the drain. The other order loses what comes between the two.
 */
uint32_t vio_mmio_isr(struct vio_device *dev)
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

bool vio_mmio_is_there(struct vio_device *dev)
{
    return is_magic(
        vio_reg_read32(mmio_of(dev)->base, VIRTIO_MMIO_MAGIC_VALUE));
}

/* What the first registers say, and what of it is wrong. */
struct id {
    uint32_t version;
    uint32_t type;
    uint32_t vendor;
    uint32_t found;
};

static uint32_t swapped(uint32_t value, bool swap)
{
    return swap ? vio_swap32(value) : value;
}

/* 4.2.3.1.1: MagicValue and Version, then DeviceID, then nothing if that is 0;
 * each read once. */
static enum vio_reason identify(struct vio_reg base, struct id *id)
{
    uint32_t magic = vio_reg_read32(base, VIRTIO_MMIO_MAGIC_VALUE);
    bool swap = VIO_BIG_ENDIAN && magic != VIRTIO_MMIO_MAGIC;

    id->found = swapped(magic, swap);
    if (!is_magic(magic))
        return VIO_WHY_NOT_VIRTIO;
    id->found = id->version =
        swapped(vio_reg_read32(base, VIRTIO_MMIO_VERSION), swap);
    if (id->version != 1 && id->version != 2)
        return VIO_WHY_BAD_VERSION;
    id->type = swapped(vio_reg_read32(base, VIRTIO_MMIO_DEVICE_ID), swap);
    if (id->type == 0)
        return VIO_WHY_NO_DEVICE;
    id->vendor = swapped(vio_reg_read32(base, VIRTIO_MMIO_VENDOR_ID), swap);
    return VIO_WHY_NONE;
}

/* Is this the interface that the caller wants, and that this build has? */
static enum vio_reason check_policy(enum vio_interface interface,
                                    uint32_t version)
{
#ifdef VIO_NO_LEGACY
    if (version == 1)
#else
    if (version == 1 && interface == VIO_REQUIRE_MODERN)
#endif
        return VIO_WHY_LEGACY_REFUSED;
    if (version == 2 && interface == VIO_REQUIRE_LEGACY)
        return VIO_WHY_MODERN_REFUSED;
    return VIO_WHY_NONE;
}

int vio_mmio_probe(struct vio_mmio *m, struct vio_reg base, size_t length,
                   const struct vio_policy *policy, const struct vio_env *env,
                   struct vio_why *why)
{
    struct vio_policy wish = {.interface = VIO_PREFER_MODERN};
    struct id id;
    enum vio_reason reason;

    if (length < VIRTIO_MMIO_CONFIG)
        return vio_fail(why, VIO_WHY_CONFIG_TOO_SMALL, length,
                        VIRTIO_MMIO_CONFIG);
    if (policy)
        wish = *policy;
    reason = identify(base, &id);
    if (!reason)
        reason = check_policy(wish.interface, id.version);
    if (reason)
        return vio_fail(why, reason, id.found, 0);
    *m = (struct vio_mmio){
        .dev =
            {
#ifndef VIO_NO_PCI
                .ops = &vio_mmio_ops,
#endif
                .env = env,
                .policy = wish,
                .type = id.type,
#ifndef VIO_NO_LEGACY
                .legacy = id.version == 1,
                .queue_align = id.version == 1 ? LEGACY_PAGE_SIZE : 0,
#endif
                .config_len = length - VIRTIO_MMIO_CONFIG,
            },
        .base = base,
        .version = id.version,
        .vendor = id.vendor,
    };
    return 0;
}
