/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of capabilities. What the device shows is read once, word by word,
 * into a private copy.
 *
 * Spec: 4.1.4 Virtio Structure PCI Capabilities.
 */
#include "pci_impl.h"

#ifndef VIO_NO_PCI

/* More than fit into configuration space: a list that is longer is a loop. */
#define MOST_CAPS ((PCI_CONFIG_END - PCI_CONFIG_FIRST) / 4)

/* The two low bits of a pointer are reserved: masked. */
#define POINTER_MASK 0xfcu

void vio_pci_cap_begin(const struct vio_pci_function *f,
                       struct pci_cap_walk *walk)
{
    uint32_t status = vio_pci_read16(f, PCI_STATUS);

    *walk = (struct pci_cap_walk){0, 0};
    if (status & PCI_STATUS_CAPABILITIES)
        walk->next =
            (uint8_t)(vio_pci_read8(f, PCI_CAPABILITIES) & POINTER_MASK);
}

/* Word `i` of a capability, which is inside of configuration space; or 0 past
 * its length. */
static uint32_t word(const struct vio_pci_function *f,
                     const struct pci_cap *cap, unsigned i)
{
    return 4 * (i + 1) > cap->len ? 0 : vio_pci_read32(f, cap->at + 4 * i);
}

/* The rest of one that describes a structure. Of the window into the BARs
 * nothing is read: its data are not to be touched before it is aimed
 * (4.1.4.9.1). */
static void read_structure(const struct vio_pci_function *f,
                           struct pci_cap *cap)
{
    cap->bar = (uint8_t)word(f, cap, VIRTIO_PCI_CAP_BAR / 4);
    cap->offset = word(f, cap, VIRTIO_PCI_CAP_OFFSET / 4);
    cap->length = word(f, cap, VIRTIO_PCI_CAP_LENGTH / 4);
    if (cap->cfg_type == VIRTIO_PCI_CAP_NOTIFY_CFG)
        cap->extra = word(f, cap, VIRTIO_PCI_CAP_EXTRA / 4);
}

int vio_pci_cap_next(const struct vio_pci_function *f,
                     struct pci_cap_walk *walk, struct pci_cap *cap,
                     struct vio_why *why)
{
    uint32_t head;

    if (walk->next < PCI_CONFIG_FIRST)
        return 0;
    if (walk->steps == MOST_CAPS)
        return vio_fail(why, VIO_WHY_CAP_LOOP, MOST_CAPS, 0);
    walk->steps++;
    *cap = (struct pci_cap){.at = walk->next};
    head = vio_pci_read32(f, cap->at);
    cap->id = (uint8_t)head;
    cap->len = (uint8_t)(head >> 16);
    cap->cfg_type = (uint8_t)(head >> 24);
    walk->next = (uint8_t)(head >> 8 & POINTER_MASK);
    if (cap->id != PCI_CAP_VENDOR)
        return 1;
    if (cap->at + (uint32_t)cap->len > PCI_CONFIG_END)
        cap->len = 0; /* it does not fit: of no use to anybody */
    if (cap->cfg_type >= VIRTIO_PCI_CAP_COMMON_CFG &&
        cap->cfg_type <= VIRTIO_PCI_CAP_DEVICE_CFG)
        read_structure(f, cap);
    return 1;
}

#endif
