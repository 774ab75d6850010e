/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio over PCI, the legacy interface: one file of registers in I/O BAR 0.
 * They are little-endian; the configuration space behind them is guest-endian,
 * and moves when MSI-X is turned on or off.
 *
 * Spec: 4.1.4.10 Legacy Interfaces: A Note on PCI Device Layout, 4.1.5.1.3.1
 * Legacy Interface: A Note on Virtqueue Configuration.
 */
#include "../virtq/ring.h"
#include "pci_impl.h"

#if !defined(VIO_NO_PCI) && !defined(VIO_NO_LEGACY)

#define STATUS_GONE 0xffu

/* What a queue's number is less than. Of a larger one the selector takes no
 * notice, and the registers go on showing another queue. */
#define QUEUES_MOST 1024u

/* Bytes of registers and configuration that are used. */
#define FILE_MOST 65536u

static uint8_t get_status(struct vio_device *dev)
{
    return (uint8_t)vio_pci_get8(pci_of(dev), VIRTIO_PCI_LEGACY_DEVICE_STATUS);
}

static void set_status(struct vio_device *dev, uint8_t status)
{
    vio_pci_put8(pci_of(dev), VIRTIO_PCI_LEGACY_DEVICE_STATUS, status);
}

/* There are only 32 bits. */
static uint64_t get_features(struct vio_device *dev)
{
    return vio_pci_get32(pci_of(dev), VIRTIO_PCI_LEGACY_DEVICE_FEATURES);
}

static void set_features(struct vio_device *dev, uint64_t features)
{
    vio_pci_put32(pci_of(dev), VIRTIO_PCI_LEGACY_DRIVER_FEATURES,
                  (uint32_t)features);
}

/* There is none. */
static uint32_t generation(struct vio_device *dev)
{
    (void)dev;
    return 0;
}

/* 4.1.4.10: by the present state, whoever has changed it. */
static uint32_t config_offset(const struct vio_pci *p)
{
    return vio_pci_msix_is_on(p) ? VIRTIO_PCI_LEGACY_CONFIG_MSIX
                                 : VIRTIO_PCI_LEGACY_CONFIG;
}

static uint32_t config_read(struct vio_device *dev, uint32_t offset,
                            unsigned width)
{
    const struct vio_pci *p = pci_of(dev);

    return vio_reg_get(p->common.reg, config_offset(p) + offset, width);
}

static void config_write(struct vio_device *dev, uint32_t offset,
                         unsigned width, uint32_t value)
{
    const struct vio_pci *p = pci_of(dev);

    vio_reg_put(p->common.reg, config_offset(p) + offset, width, value);
}

/* Select a queue, and read its size; 0: there is none. */
static uint32_t select_queue(const struct vio_pci *p, uint32_t index)
{
    if (index >= QUEUES_MOST)
        return 0;
    vio_pci_put16(p, VIRTIO_PCI_LEGACY_QUEUE_SELECT, index);
    return vio_pci_get16(p, VIRTIO_PCI_LEGACY_QUEUE_SIZE);
}

/* The same, and make sure that it is nobody's. */
static int queue_max(struct vio_device *dev, uint16_t index, uint32_t *max)
{
    struct vio_pci *p = pci_of(dev);

    *max = select_queue(p, index);
    if (*max && vio_pci_get32(p, VIRTIO_PCI_LEGACY_QUEUE_ADDRESS))
        return vio_device_why(dev, VIO_WHY_QUEUE_BUSY, index);
    return 0;
}

/* How many queues there are no register tells. */
static void prepare(struct vio_device *dev)
{
    struct vio_pci *p = pci_of(dev);
    uint16_t n = p->wish_queues < QUEUES_MOST ? p->wish_queues : QUEUES_MOST;

    while (n && !select_queue(p, n - 1u))
        n--;
    p->irq_queues = n;
    vio_pci_start_interrupts(p);
}

static int queue_start(struct vio_device *dev, struct vio_virtq *vq)
{
    struct vio_pci *p = pci_of(dev);
    uint64_t pfn = vq->desc_addr / VIRTIO_PCI_LEGACY_PAGE_SIZE;

    /* 4.1.5.1.3.1: the address is in pages. */
    if (pfn == 0 || pfn > UINT32_MAX ||
        vq->desc_addr % VIRTIO_PCI_LEGACY_PAGE_SIZE)
        return vio_fail(&dev->why, VIO_WHY_QUEUE_ADDRESS, vq->desc_addr,
                        VIRTIO_PCI_LEGACY_PAGE_SIZE);
    vio_pci_command(&p->function, 0, PCI_COMMAND_MASTER);
    vio_pci_put32(p, VIRTIO_PCI_LEGACY_QUEUE_ADDRESS, (uint32_t)pfn);
    if (vio_pci_get32(p, VIRTIO_PCI_LEGACY_QUEUE_ADDRESS) != (uint32_t)pfn)
        return vio_device_why(dev, VIO_WHY_QUEUE_REJECTED, vq->index);
    vq->doorbell = (struct vio_doorbell){.reg = p->common.reg,
                                         .narrow = true,
                                         .little_endian = true,
                                         .value = vq->index};
    vq->doorbell.reg.addr += VIRTIO_PCI_LEGACY_QUEUE_NOTIFY;
    vio_pci_note_silence(p, vq);
    return 0;
}

static const struct vio_transport legacy_transport = {
    .get_status = get_status,
    .set_status = set_status,
    .get_features = get_features,
    .set_features = set_features,
    .generation = generation,
    .config_read = config_read,
    .config_write = config_write,
    .queue_max = queue_max,
    .queue_start = queue_start,
    .isr = vio_pci_read_isr,
    .prepare = prepare,
    .is_there = vio_pci_is_there,
};

/* Map the register file; what is behind the registers is configuration. */
static int map_registers(struct vio_pci *p, struct vio_why *why)
{
    uint32_t header =
        p->msix.cap ? VIRTIO_PCI_LEGACY_CONFIG_MSIX : VIRTIO_PCI_LEGACY_CONFIG;
    struct vio_pci_region file = {.mapped = true};
    uint64_t length = p->bar[0].size;
    int err;

    if (p->bar[0].kind != VIO_PCI_BAR_IO || length < header)
        return vio_fail(why, VIO_WHY_NO_LEGACY_BAR, length, header);
    if (length > FILE_MOST)
        length = FILE_MOST;
    err = vio_pci_map(p, 0, 0, length, &file.reg, why);
    p->common = p->isr = file;
    p->isr.reg.addr += VIRTIO_PCI_LEGACY_ISR_STATUS;
    p->dev.config_len = (size_t)length - header;
    return err;
}

int vio_pci_use_legacy(struct vio_pci *p, struct vio_why *why)
{
    int err = map_registers(p, why);

    if (err)
        return err;
    /* 4.1.2.3: the revision is 0; of others nothing is known. */
    if (p->revision != 0)
        return vio_fail(why, VIO_WHY_LEGACY_REVISION, p->revision, 0);
    vio_pci_command(&p->function, 0, p->command);
    if (get_status(&p->dev) == STATUS_GONE)
        return vio_fail(why, VIO_WHY_DEVICE_GONE, STATUS_GONE, 0);
    p->window = 0;
    p->dev.ops = &legacy_transport;
    p->dev.legacy = true;
    p->dev.size_fixed = true; /* 4.1.5.1.3.1 */
    p->dev.queue_align = VIRTIO_PCI_LEGACY_PAGE_SIZE;
    return 0;
}

#endif
