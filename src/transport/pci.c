/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio device on PCI: is it one, which type, and by which interface.
 *
 * The capabilities decide, never the device id: where there are any the device
 * is modern, and legacy where there are none or where they cannot be used.
 *
 * Spec: 4.1.2 PCI Device Discovery, 4.1.5.1.1 Virtio Device Configuration
 * Layout Detection.
 */
#include "pci_impl.h"

#ifndef VIO_NO_PCI

#define STATUS_GONE 0xffu

/* 4.1.2.1: the types that have a transitional device id, from 0x1000 on. */
static uint16_t type_of_transitional(uint16_t device_id)
{
    static const uint8_t types[] = {1, 2, 5, 3, 8, 4, 0, 0, 0, 9};
    unsigned i = device_id - VIRTIO_PCI_DEVICE_ID_FIRST;

    return i < sizeof types ? types[i] : 0;
}

static void find_type(struct vio_pci *p)
{
    p->dev.type = type_of_transitional(p->device_id);
    if (p->device_id >= VIRTIO_PCI_DEVICE_ID_BASE)
        p->dev.type = p->device_id - VIRTIO_PCI_DEVICE_ID_BASE;
    else if (p->dev.type == 0) /* 4.1.2.3: of other types, the subsystem says */
        p->dev.type = vio_pci_read16(&p->function, PCI_SUBSYSTEM_ID);
}

/* The header, each field read once. */
static int identify(struct vio_pci *p, struct vio_why *why)
{
    const struct vio_pci_function *f = &p->function;
    uint32_t id = vio_pci_read32(f, PCI_ID);

    p->device_id = (uint16_t)(id >> 16);
    if ((id & 0xffff) != VIRTIO_PCI_VENDOR_ID ||
        p->device_id < VIRTIO_PCI_DEVICE_ID_FIRST ||
        p->device_id > VIRTIO_PCI_DEVICE_ID_LAST)
        return vio_fail(why, VIO_WHY_NOT_VIRTIO_PCI, id, 0);
    if (vio_pci_read8(f, PCI_HEADER_TYPE) & PCI_HEADER_TYPE_MASK)
        return vio_fail(why, VIO_WHY_NOT_VIRTIO_PCI, id, 0);
    p->revision = (uint8_t)vio_pci_read8(f, PCI_REVISION);
    p->irq_line = (uint8_t)vio_pci_read8(f, PCI_IRQ_LINE);
    p->irq_pin = (uint8_t)vio_pci_read8(f, PCI_IRQ_PIN);
    if (p->irq_pin > PCI_IRQ_PINS)
        p->irq_pin = 0;
    find_type(p);
    return 0;
}

static int walk_caps(struct vio_pci *p, struct pci_modern_caps *caps,
                     struct vio_why *why)
{
    struct pci_cap_walk walk;
    struct pci_cap cap;
    int err;

    vio_pci_cap_begin(&p->function, &walk);
    while ((err = vio_pci_cap_next(&p->function, &walk, &cap, why)) > 0) {
        if (cap.id == PCI_CAP_MSIX)
            vio_pci_find_msix(p, &cap);
        else if (cap.id == PCI_CAP_VENDOR)
            vio_pci_take_cap(p, &cap, caps);
    }
    return err;
}

static int use_modern(struct vio_pci *p, const struct pci_modern_caps *caps,
                      struct vio_why *why)
{
    int err = vio_pci_check_caps(p, caps, why);

    return err ? err : vio_pci_use_modern(p, why);
}

/* Where the modern interface was tried before, its failure is the reason. */
static int use_legacy(struct vio_pci *p, int modern_err, struct vio_why *why)
{
#ifdef VIO_NO_LEGACY
    return modern_err ? modern_err
                      : vio_fail(why, VIO_WHY_LEGACY_REFUSED, p->device_id, 0);
#else
    int err;

    p->command = 0;
    err = vio_pci_use_legacy(p, modern_err ? NULL : why);
    return err && modern_err ? modern_err : err;
#endif
}

/* 4.1.5.1.1.1: look for the capabilities; a device without is legacy. */
static int choose(struct vio_pci *p, struct vio_why *why)
{
    enum vio_interface interface = p->dev.policy.interface;
    struct pci_modern_caps caps = {0};
    int err = walk_caps(p, &caps, why), modern_err = 0;

    if (err)
        return err;
    if (caps.any && interface != VIO_REQUIRE_LEGACY) {
        modern_err = use_modern(p, &caps, why);
        if (!modern_err || interface == VIO_REQUIRE_MODERN)
            return modern_err;
    }
    if (interface == VIO_REQUIRE_MODERN)
        return vio_fail(why, VIO_WHY_LEGACY_REFUSED, p->device_id, 0);
    if (caps.any && p->bar[0].kind != VIO_PCI_BAR_IO)
        return modern_err ? modern_err
                          : vio_fail(why, VIO_WHY_MODERN_REFUSED, 0, 0);
    return use_legacy(p, modern_err, why);
}

int vio_pci_probe(struct vio_pci *p, const struct vio_pci_bus *bus,
                  uint32_t bdf, const struct vio_policy *policy,
                  const struct vio_env *env, struct vio_why *why)
{
    struct vio_policy wish = policy ? *policy : (struct vio_policy){0};
    uint32_t command;
    int err;

    *p = (struct vio_pci){.function = {bus, bdf}};
    p->dev.policy = wish;
    p->dev.env = env;
    err = identify(p, why);
    if (err)
        return err;
    command = vio_pci_read16(&p->function, PCI_COMMAND);
    vio_pci_size_bars(&p->function, p->bar);
    err = choose(p, why);
    if (!err)
        return 0;
    /* Of a device that is gone all that was read is void. */
    if (!vio_pci_is_there(&p->dev))
        return vio_fail(why, VIO_WHY_DEVICE_GONE, STATUS_GONE, 0);
    vio_pci_write16(&p->function, PCI_COMMAND, command);
    return err;
}

static bool is_same(const struct vio_pci *p, uint32_t id)
{
    return id == ((uint32_t)p->device_id << 16 | VIRTIO_PCI_VENDOR_ID);
}

bool vio_pci_is_there(struct vio_device *dev)
{
    const struct vio_pci *p = pci_of(dev);

    return is_same(p, vio_pci_read32(&p->function, PCI_ID));
}

int vio_pci_restore(struct vio_pci *p)
{
    uint32_t id = vio_pci_read32(&p->function, PCI_ID);

    if (!is_same(p, id))
        return vio_device_why(&p->dev, VIO_WHY_NOT_VIRTIO_PCI, id);
    p->dev.state = VIO_DEVICE_UNKNOWN;
    vio_pci_write_bars(&p->function, p->bar);
    vio_pci_command(&p->function, 0, p->command);
    return vio_device_reset(&p->dev);
}

#endif
