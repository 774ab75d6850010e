/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtio structures of a modern device: of each type the first one that
 * can be used. One whose BAR cannot be mapped is kept for the window in
 * configuration space, in case that no better one follows.
 *
 * Spec: 4.1.4 Virtio Structure PCI Capabilities.
 */
#include "pci_impl.h"

#ifndef VIO_NO_PCI

/* What of a structure is mapped at most: what is used of it (4.1.4.1). */
#define MOST_DEVICE_CONFIG 4096u

struct role {
    uint16_t region;  /* where struct vio_pci has it */
    uint8_t cap_size; /* the least cap_len */
    uint8_t align;    /* of the offset */
    uint16_t least;   /* bytes of the structure that there must be */
    uint16_t most;    /* and that are mapped */
    bool required;
};

/* By cfg_type, of which the first is 1. */
static const struct role roles[PCI_N_STRUCTURES] = {
    {offsetof(struct vio_pci, common), VIRTIO_PCI_CAP_SIZE, 4,
     VIRTIO_PCI_COMMON_SIZE, VIRTIO_PCI_COMMON_QUEUE_RESET + 2, true},
    {offsetof(struct vio_pci, notify), VIRTIO_PCI_NOTIFY_CAP_SIZE, 2, 2, 2,
     true},
    {offsetof(struct vio_pci, isr), VIRTIO_PCI_CAP_SIZE, 1, 1, 1, false},
    {offsetof(struct vio_pci, device), VIRTIO_PCI_CAP_SIZE, 4, 1,
     MOST_DEVICE_CONFIG, false},
};

static struct vio_pci_region *region_of(struct vio_pci *p,
                                        const struct role *role)
{
    return (void *)((unsigned char *)p + role->region);
}

static bool fits(const struct vio_pci *p, const struct role *role,
                 const struct pci_cap *cap)
{
    /* 4.1.4.1: a longer cap_len is accepted. */
    return cap->len >= role->cap_size && cap->length >= role->least &&
           (cap->offset & (role->align - 1u)) == 0 &&
           vio_pci_in_bar(p, cap->bar, cap->offset, cap->length);
}

static int take_structure(struct vio_pci *p, const struct role *role,
                          const struct pci_cap *cap, struct vio_why *why)
{
    struct vio_pci_region *region = region_of(p, role);
    struct vio_pci_region found = {
        .offset = cap->offset,
        .length = cap->length,
        .bar = cap->bar,
    };
    uint32_t mapped = cap->length < role->most ? cap->length : role->most;
    int err;

    if (region->mapped)
        return 0; /* 4.1.4.1: the first one is preferred */
    if (!fits(p, role, cap))
        return vio_fail(why, VIO_WHY_BAD_CAP, cap->at, 0);
    err = vio_pci_map(p, cap->bar, cap->offset, mapped, &found.reg, why);
    if (err && region->length)
        return err;
    found.mapped = !err;
    *region = found;
    if (cap->cfg_type == VIRTIO_PCI_CAP_NOTIFY_CFG)
        p->notify_multiplier = cap->extra;
    return err;
}

void vio_pci_take_cap(struct vio_pci *p, const struct pci_cap *cap,
                      struct pci_modern_caps *caps)
{
    unsigned i = cap->cfg_type - VIRTIO_PCI_CAP_COMMON_CFG;

    if (cap->cfg_type == VIRTIO_PCI_CAP_PCI_CFG) {
        caps->any = true;
        if (!p->window && cap->len >= VIRTIO_PCI_CFG_CAP_SIZE)
            p->window = cap->at;
    } else if (i < PCI_N_STRUCTURES && cap->bar < VIO_PCI_BARS) {
        caps->any = true;
        caps->err[i] = take_structure(p, &roles[i], cap, &caps->why[i]);
    }
    /* 4.1.4.1: a reserved cfg_type or BAR is ignored. */
}

int vio_pci_check_caps(struct vio_pci *p, const struct pci_modern_caps *caps,
                       struct vio_why *why)
{
    for (unsigned i = 0; i < PCI_N_STRUCTURES; i++) {
        struct vio_pci_region *region = region_of(p, &roles[i]);

        if (region->mapped || (region->length && p->window))
            continue;
        region->length = 0;
        if (!roles[i].required)
            continue;
        if (!caps->err[i])
            return vio_fail(why, VIO_WHY_MISSING_CAP,
                            i + VIRTIO_PCI_CAP_COMMON_CFG, 0);
        if (why)
            *why = caps->why[i];
        return caps->err[i];
    }
    return 0;
}

#endif
