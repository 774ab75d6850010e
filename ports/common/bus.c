/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices on whatever the machine has: virtio-mmio slots first, then PCI. */
#include "machine.h"

static const struct vio_pci_bus *pci_bus(struct vio_pci_windows **windows)
{
    static struct vio_pci_bus bus;
    static struct vio_pci_windows free;
    static bool known, unassigned;

    if (!known) {
        unassigned = machine_pci(&bus, &free);
        known = true;
    }
    *windows = unassigned ? &free : NULL;
    return bus.read ? &bus : NULL;
}

bool port_next(struct port_walk *walk, struct port_place *place)
{
    struct vio_mmio_slot slot[PORT_MMIO_SLOTS];
    unsigned n = port_mmio_slots(slot, PORT_MMIO_SLOTS);
    struct vio_pci_windows *windows;
    const struct vio_pci_bus *bus = pci_bus(&windows);

    *place = (struct port_place){0};
    if (walk->slot < n) {
        place->slot = slot[walk->slot++];
        return true;
    }
    if (!bus || !vio_pci_find(bus, &walk->pci))
        return false;
    place->is_pci = true;
    place->bdf = walk->pci.bdf;
    return true;
}

static int probe_pci(struct port_device *device, uint32_t bdf,
                     const struct vio_policy *policy, const struct vio_env *env,
                     struct vio_why *why)
{
    struct vio_pci_windows *windows;
    const struct vio_pci_bus *bus = pci_bus(&windows);
    int err = 0;

    if (windows)
        err = vio_pci_assign_bars(bus, bdf, windows, why);
    if (err == 0)
        err = vio_pci_probe(&device->pci, bus, bdf, policy, env, why);
    if (err == 0)
        device->irq = machine_pci_irq(&device->pci);
    return err;
}

int port_probe(struct port_device *device, const struct port_place *place,
               const struct vio_policy *policy, const struct vio_env *env,
               struct vio_why *why)
{
    device->is_pci = place->is_pci;
    if (place->is_pci)
        return probe_pci(device, place->bdf, policy, env, why);
    device->irq = place->slot.irq;
    return vio_mmio_probe(&device->mmio, vio_reg_mem(place->slot.base),
                          place->slot.size, policy, env, why);
}
