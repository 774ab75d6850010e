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
    uint8_t cfg_type;
    uint8_t cap_size; /* the least cap_len */
    uint8_t align;    /* of the offset */
    uint32_t least;   /* bytes of the structure that there must be */
    uint32_t most;    /* and that are mapped */
    bool required;
};

static const struct role roles[] = {
    {VIRTIO_PCI_CAP_COMMON_CFG, VIRTIO_PCI_CAP_SIZE, 4, VIRTIO_PCI_COMMON_SIZE,
     VIRTIO_PCI_COMMON_QUEUE_RESET + 2, true},
    {VIRTIO_PCI_CAP_NOTIFY_CFG, VIRTIO_PCI_NOTIFY_CAP_SIZE, 2, 2, 2, true},
    {VIRTIO_PCI_CAP_ISR_CFG, VIRTIO_PCI_CAP_SIZE, 1, 1, 1, false},
    {VIRTIO_PCI_CAP_DEVICE_CFG, VIRTIO_PCI_CAP_SIZE, 4, 1, MOST_DEVICE_CONFIG,
     false},
};

#define N_ROLES (sizeof roles / sizeof *roles)

static struct vio_pci_region *region_of(struct vio_pci *p,
                                        const struct role *role)
{
    struct vio_pci_region *const region[] = {&p->common, &p->notify, &p->isr,
                                             &p->device};

    return region[role - roles];
}

static const struct role *find_role(unsigned cfg_type)
{
    for (unsigned i = 0; i < N_ROLES; i++)
        if (roles[i].cfg_type == cfg_type)
            return &roles[i];
    return NULL;
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
    if (role->cfg_type == VIRTIO_PCI_CAP_NOTIFY_CFG)
        p->notify_multiplier = cap->extra;
    return err;
}

void vio_pci_take_cap(struct vio_pci *p, const struct pci_cap *cap,
                      struct pci_modern_caps *caps)
{
    const struct role *role = find_role(cap->cfg_type);

    if (cap->cfg_type == VIRTIO_PCI_CAP_PCI_CFG) {
        caps->seen |= 1u << VIRTIO_PCI_CAP_PCI_CFG;
        if (!p->window && cap->len >= VIRTIO_PCI_CFG_CAP_SIZE)
            p->window = cap->at;
    } else if (role && cap->bar < VIO_PCI_BARS) {
        caps->seen |= 1u << role->cfg_type;
        caps->err[role->cfg_type] =
            take_structure(p, role, cap, &caps->why[role->cfg_type]);
    }
    /* 4.1.4.1: a reserved cfg_type or BAR is ignored. */
}

int vio_pci_check_caps(struct vio_pci *p, const struct pci_modern_caps *caps,
                       struct vio_why *why)
{
    for (unsigned i = 0; i < N_ROLES; i++) {
        struct vio_pci_region *region = region_of(p, &roles[i]);
        unsigned type = roles[i].cfg_type;

        if (region->mapped || (region->length && p->window))
            continue;
        *region = (struct vio_pci_region){.length = 0};
        if (!roles[i].required)
            continue;
        if (!(caps->seen & 1u << type))
            return vio_fail(why, VIO_WHY_MISSING_CAP, type, 0);
        if (why)
            *why = caps->why[type];
        return caps->err[type];
    }
    return 0;
}

#endif
