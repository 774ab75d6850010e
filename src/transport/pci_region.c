/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Access to one virtio structure: through its BAR, or through the window that
 * the device has in configuration space.
 *
 * Spec: 4.1.3 PCI Device Layout, 4.1.4.9 PCI configuration access capability.
 */
#include "pci_impl.h"

#ifndef VIO_NO_PCI

/* Aim the window at `width` bytes. 4.1.4.9.1: the offset is a multiple of the
 * length, which is written first, and the range is inside a structure that a
 * capability describes: our regions are nothing else. */
static void aim(const struct vio_pci *p, unsigned bar, uint64_t offset,
                unsigned width)
{
    uint32_t at = p->window;

    vio_pci_write(&p->function, at + VIRTIO_PCI_CAP_BAR, 1, bar);
    vio_pci_write32(&p->function, at + VIRTIO_PCI_CAP_LENGTH, width);
    vio_pci_write32(&p->function, at + VIRTIO_PCI_CAP_OFFSET, (uint32_t)offset);
}

void vio_pci_window_write(const struct vio_pci *p, unsigned bar,
                          uint64_t offset, unsigned width, uint32_t value)
{
    aim(p, bar, offset, width);
    vio_pci_write(&p->function, p->window + VIRTIO_PCI_CAP_EXTRA, width, value);
}

static uint32_t window_read(const struct vio_pci *p, unsigned bar,
                            uint64_t offset, unsigned width)
{
    aim(p, bar, offset, width);
    return vio_pci_read(&p->function, p->window + VIRTIO_PCI_CAP_EXTRA, width);
}

/* 4.1.3.1: an access has the width of the field. */
uint32_t vio_pci_get(const struct vio_pci *p, const struct vio_pci_region *r,
                     uint32_t offset, unsigned width)
{
    if (!r->mapped)
        return window_read(p, r->bar, r->offset + offset, width);
    return vio_reg_get_le(r->reg, offset, width);
}

void vio_pci_put(const struct vio_pci *p, const struct vio_pci_region *r,
                 uint32_t offset, unsigned width, uint32_t value)
{
    if (!r->mapped)
        vio_pci_window_write(p, r->bar, r->offset + offset, width, value);
    else
        vio_reg_put_le(r->reg, offset, width, value);
}

uint32_t vio_pci_get8(const struct vio_pci *p, uint32_t offset)
{
    return vio_pci_get(p, &p->common, offset, 1);
}

uint32_t vio_pci_get16(const struct vio_pci *p, uint32_t offset)
{
    return vio_pci_get(p, &p->common, offset, 2);
}

uint32_t vio_pci_get32(const struct vio_pci *p, uint32_t offset)
{
    return vio_pci_get(p, &p->common, offset, 4);
}

void vio_pci_put8(const struct vio_pci *p, uint32_t offset, uint32_t value)
{
    vio_pci_put(p, &p->common, offset, 1, value);
}

void vio_pci_put16(const struct vio_pci *p, uint32_t offset, uint32_t value)
{
    vio_pci_put(p, &p->common, offset, 2, value);
}

void vio_pci_put32(const struct vio_pci *p, uint32_t offset, uint32_t value)
{
    vio_pci_put(p, &p->common, offset, 4, value);
}

#endif
