/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio over PCI, the modern interface.
 *
 * Spec: 4.1.4.3 Common configuration structure layout, 4.1.4.4 Notification
 * structure layout, 4.1.5 PCI-specific Initialization And Device Operation.
 */
#include "../env_call.h"
#include "../virtq/ring.h"
#include "pci_impl.h"

#ifndef VIO_NO_PCI

/* What is accessed of the configuration space at most. */
#define MOST_DEVICE_CONFIG 4096u

#define STATUS_GONE 0xffu

/* 4.1.3.1: a field of 64 bits is two of 32. */
static void put64(struct vio_pci *p, uint32_t offset, uint64_t value)
{
    vio_pci_put32(p, offset, (uint32_t)value);
    vio_pci_put32(p, offset + 4, (uint32_t)(value >> 32));
}

static uint8_t get_status(struct vio_device *dev)
{
    return (uint8_t)vio_pci_get8(pci_of(dev), VIRTIO_PCI_COMMON_DEVICE_STATUS);
}

static void set_status(struct vio_device *dev, uint8_t status)
{
    vio_pci_put8(pci_of(dev), VIRTIO_PCI_COMMON_DEVICE_STATUS, status);
}

/* The selector is written before each word. */
static uint64_t get_features(struct vio_device *dev)
{
    struct vio_pci *p = pci_of(dev);
    uint64_t features = 0;

    for (unsigned word = 2; word--;) {
        vio_pci_put32(p, VIRTIO_PCI_COMMON_DEVICE_FEATURE_SELECT, word);
        features =
            features << 32 | vio_pci_get32(p, VIRTIO_PCI_COMMON_DEVICE_FEATURE);
    }
    return features;
}

static void set_features(struct vio_device *dev, uint64_t features)
{
    struct vio_pci *p = pci_of(dev);

    for (unsigned word = 0; word < 2; word++) {
        vio_pci_put32(p, VIRTIO_PCI_COMMON_DRIVER_FEATURE_SELECT, word);
        vio_pci_put32(p, VIRTIO_PCI_COMMON_DRIVER_FEATURE, (uint32_t)features);
        features >>= 32;
    }
}

static uint32_t generation(struct vio_device *dev)
{
    return vio_pci_get8(pci_of(dev), VIRTIO_PCI_COMMON_CONFIG_GENERATION);
}

static uint32_t config_read(struct vio_device *dev, uint32_t offset,
                            unsigned width)
{
    return vio_pci_get(pci_of(dev), &pci_of(dev)->device, offset, width);
}

static void config_write(struct vio_device *dev, uint32_t offset,
                         unsigned width, uint32_t value)
{
    vio_pci_put(pci_of(dev), &pci_of(dev)->device, offset, width, value);
}

static void select_queue(struct vio_pci *p, uint32_t index)
{
    vio_pci_put16(p, VIRTIO_PCI_COMMON_QUEUE_SELECT, index);
}

static int queue_max(struct vio_device *dev, uint16_t index, uint32_t *max)
{
    struct vio_pci *p = pci_of(dev);
    uint32_t value = 0;

    if (index < p->n_queues) {
        select_queue(p, index);
        if (vio_pci_get16(p, VIRTIO_PCI_COMMON_QUEUE_ENABLE))
            return vio_device_why(dev, VIO_WHY_QUEUE_BUSY, index);
        value = vio_pci_get16(p, VIRTIO_PCI_COMMON_QUEUE_SIZE);
    }
    *max = value;
    return 0;
}

static void prepare(struct vio_device *dev)
{
    struct vio_pci *p = pci_of(dev);

    p->irq_queues = p->wish_queues < p->n_queues ? p->wish_queues : p->n_queues;
    vio_pci_start_interrupts(p);
}

/* A doorbell behind the window takes several accesses. */
static void ring_window(const struct vio_doorbell *doorbell, uint32_t value)
{
    const struct vio_pci *p = doorbell->ctx;

    vio_pci_window_write(p, p->notify.bar, doorbell->reg.addr,
                         doorbell->narrow ? 2 : 4, value);
}

/* 4.1.4.4.1: the multiplier is a power of two and keeps the alignment, or is 0;
 * the doorbell is inside the structure. */
static bool in_notify(const struct vio_pci *p, uint64_t at, unsigned width)
{
    uint32_t multiplier = p->notify_multiplier;

    return !(multiplier & (multiplier - 1)) && !(multiplier & (width - 1)) &&
           !(p->notify.offset & (width - 1)) && width <= p->notify.length &&
           at <= p->notify.length - width &&
           p->notify.offset + at <= UINT32_MAX;
}

/* 4.1.4.4: where in the notification structure a queue's doorbell is; 4.1.5.2:
 * how wide a notification is, and what is in it. */
static int set_doorbell(struct vio_pci *p, struct vio_virtq *vq)
{
    bool wide = vio_device_has(&p->dev, VIRTIO_F_NOTIFICATION_DATA);
    unsigned width = wide ? 4 : 2;
    uint16_t value = vq->index;
    uint64_t at = vio_pci_get16(p, VIRTIO_PCI_COMMON_QUEUE_NOTIFY_OFF);

    at *= p->notify_multiplier;
    if (!in_notify(p, at, width))
        return vio_fail(&p->dev.why, VIO_WHY_NOTIFY_RANGE, vq->index,
                        p->notify.length);
    at += p->notify.offset;
    if (vio_device_has(&p->dev, VIRTIO_F_NOTIF_CONFIG_DATA))
        value = (uint16_t)vio_pci_get16(
            p, VIRTIO_PCI_COMMON_QUEUE_NOTIF_CONFIG_DATA);
    vq->doorbell = (struct vio_doorbell){
        .narrow = !wide, .little_endian = true, .value = value};
    if (p->notify.mapped)
        return vio_pci_map(p, p->notify.bar, at, width, &vq->doorbell.reg,
                           &p->dev.why);
    vq->doorbell.reg.addr = (uintptr_t)at;
    vq->doorbell.write = ring_window;
    vq->doorbell.ctx = p;
    return 0;
}

/* 4.1.5.1.3: of a queue that is selected, everything but the enabling. */
static int configure(struct vio_pci *p, struct vio_virtq *vq)
{
    int err = set_doorbell(p, vq);
    uint32_t size;

    if (err)
        return err;
    vio_pci_put16(p, VIRTIO_PCI_COMMON_QUEUE_SIZE, vq->size);
    size = vio_pci_get16(p, VIRTIO_PCI_COMMON_QUEUE_SIZE);
    if (size != vq->size)
        return vio_fail(&p->dev.why, VIO_WHY_QUEUE_SIZE_MISMATCH, size,
                        vq->size);
    err = vio_pci_map_queue(p, vq->index);
    if (err)
        return err;
    vio_pci_note_silence(p, vq);
    put64(p, VIRTIO_PCI_COMMON_QUEUE_DESC, vq->desc_addr);
    put64(p, VIRTIO_PCI_COMMON_QUEUE_DRIVER, vq->driver_addr);
    put64(p, VIRTIO_PCI_COMMON_QUEUE_DEVICE, vq->device_addr);
    return 0;
}

static int queue_start(struct vio_device *dev, struct vio_virtq *vq)
{
    struct vio_pci *p = pci_of(dev);
    int err = configure(p, vq);

    if (err)
        return err;
    vio_pci_command(&p->function, 0, PCI_COMMAND_MASTER);
    /* 4.1.4.3.2: enabled last, and never disabled by writing 0. */
    vio_pci_put16(p, VIRTIO_PCI_COMMON_QUEUE_ENABLE, 1);
    if (vio_pci_get16(p, VIRTIO_PCI_COMMON_QUEUE_ENABLE) != 1)
        return vio_device_why(dev, VIO_WHY_QUEUE_REJECTED, vq->index);
    return 0;
}

/* 4.1.4.3.2: the reset is complete when queue_reset reads 0. */
static bool queue_reset(struct vio_device *dev, uint16_t index, bool ask)
{
    struct vio_pci *p = pci_of(dev);

    select_queue(p, index);
    if (ask)
        vio_pci_put16(p, VIRTIO_PCI_COMMON_QUEUE_RESET, 1);
    return vio_pci_get16(p, VIRTIO_PCI_COMMON_QUEUE_RESET) != 0;
}

static const struct vio_transport modern_transport = {
    .features = VIRTIO_BIT(VIRTIO_F_RING_RESET) |
                VIRTIO_BIT(VIRTIO_F_NOTIF_CONFIG_DATA),
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
    .isr = vio_pci_read_isr,
    .prepare = prepare,
    .is_there = vio_pci_is_there,
};

/* Bits whose registers this device does not have: the common structure may end
 * before them. */
static uint64_t features_out_of_reach(const struct vio_pci *p)
{
    uint64_t bits = 0;

    if (p->common.length < VIRTIO_PCI_COMMON_QUEUE_RESET + 2)
        bits |= VIRTIO_BIT(VIRTIO_F_RING_RESET);
    if (p->common.length < VIRTIO_PCI_COMMON_QUEUE_NOTIF_CONFIG_DATA + 2)
        bits |= VIRTIO_BIT(VIRTIO_F_NOTIF_CONFIG_DATA);
    return bits;
}

int vio_pci_use_modern(struct vio_pci *p, struct vio_why *why)
{
    uint32_t n_queues;

    vio_pci_command(&p->function, 0, p->command);
    if (vio_pci_get8(p, VIRTIO_PCI_COMMON_DEVICE_STATUS) == STATUS_GONE)
        return vio_fail(why, VIO_WHY_DEVICE_GONE, STATUS_GONE, 0);
    n_queues = vio_pci_get16(p, VIRTIO_PCI_COMMON_NUM_QUEUES);
    if (n_queues == 0)
        return vio_fail(why, VIO_WHY_NO_QUEUES, 0, 0);
    p->n_queues = (uint16_t)n_queues;
    p->dev.ops = &modern_transport;
    p->dev.config_len = p->device.length < MOST_DEVICE_CONFIG
                            ? p->device.length
                            : MOST_DEVICE_CONFIG;
    p->dev.policy.refused |= features_out_of_reach(p);
    if (!p->common.mapped || !p->notify.mapped)
        vio_log(p->dev.env, VIO_LOG_WARNING,
                "registers through the window: slow, is a BAR unassigned?");
    return 0;
}

#endif
