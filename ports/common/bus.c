/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices on whatever the machine has: virtio-mmio slots first, then PCI. */
#include "machine.h"

/* A bridge's registers, and how much it gets for what is behind it. */
#define PCI_COMMAND     0x04 /* I/O, memory, mastering: 1, 2, 4 */
#define PCI_HEADER_TYPE 0x0e /* bit 0: a bridge */
#define PCI_BUSES       0x18
#define PCI_BRIDGE_IO   0x1c
#define PCI_BRIDGE_MEM  0x20
#define PCI_BRIDGE_PREF 0x24
#define PCI_NO_PREF     0xfff0 /* its end is before its beginning */

#define BUSES      4u
#define BRIDGE_IO  0x1000u
#define BRIDGE_MEM 0x200000u

static struct vio_pci_bus bus;
static bool unassigned;                       /* by any firmware */
static struct vio_pci_windows windows[BUSES]; /* what is free on each bus */
static uint32_t bridge[BUSES];                /* and the way to it */

static struct vio_pci_window part(struct vio_pci_window *from, uint64_t size)
{
    uint64_t at = (from->next + size - 1) & ~(size - 1);

    from->next = at + size;
    return (struct vio_pci_window){at, at + size};
}

/* Put bus n behind a bridge. */
static void open_bridge(uint32_t bdf, unsigned n)
{
    struct vio_pci_window io = part(&windows[0].io, BRIDGE_IO);
    struct vio_pci_window mem = part(&windows[0].mem, BRIDGE_MEM);

    windows[n] = (struct vio_pci_windows){io, mem};
    bridge[n] = bdf;
    bus.write(bus.ctx, bdf, PCI_BUSES, 4, n << 16 | n << 8);
    bus.write(bus.ctx, bdf, PCI_BRIDGE_IO, 2,
              (io.next >> 8 & 0xf0) | ((io.end - 1) & 0xf000));
    bus.write(bus.ctx, bdf, PCI_BRIDGE_MEM, 4,
              (mem.next >> 16 & 0xfff0) | ((mem.end - 1) & 0xfff00000));
    bus.write(bus.ctx, bdf, PCI_BRIDGE_PREF, 4, PCI_NO_PREF);
    bus.write(bus.ctx, bdf, PCI_COMMAND, 2, 7);
}

/* The bridges of the first bus. */
static void open_bridges(void)
{
    struct vio_pci_walk walk = {0};
    unsigned n = 1;

    while (vio_pci_next(&bus, &walk) && walk.bdf < 1u << 8 && n < BUSES)
        if (bus.read(bus.ctx, walk.bdf, PCI_HEADER_TYPE, 1) & 1)
            open_bridge(walk.bdf, n++);
}

static const struct vio_pci_bus *pci_bus(void)
{
    static bool known;

    if (!known) {
        known = true;
        unassigned = machine_pci(&bus, &windows[0]);
        if (unassigned)
            open_bridges();
    }
    return bus.read ? &bus : NULL;
}

/* Pins take turns from device to device, and on the way through a bridge once
 * more. */
static unsigned turns(uint32_t bdf)
{
    unsigned n = bdf >> 8;

    return (bdf >> 3 & 31) + (n && n < BUSES ? bridge[n] >> 3 : 0);
}

bool port_next(struct port_walk *walk, struct port_place *place)
{
    struct vio_mmio_slot slot[PORT_MMIO_SLOTS];
    unsigned n = port_mmio_slots(slot, PORT_MMIO_SLOTS);

    *place = (struct port_place){0};
    if (walk->slot < n) {
        place->slot = slot[walk->slot++];
        return true;
    }
    if (!pci_bus() || !vio_pci_find(&bus, &walk->pci))
        return false;
    place->is_pci = true;
    place->bdf = walk->pci.bdf;
    return true;
}

static int probe_pci(struct port_device *device, uint32_t bdf,
                     const struct vio_policy *policy, const struct vio_env *env,
                     struct vio_why *why)
{
    int err = 0;

    if (unassigned && bdf >> 8 < BUSES)
        err = vio_pci_assign_bars(&bus, bdf, &windows[bdf >> 8], why);
    if (err == 0)
        err = vio_pci_probe(&device->pci, &bus, bdf, policy, env, why);
    if (err == 0)
        device->irq = machine_pci_irq(&device->pci, turns(bdf));
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
