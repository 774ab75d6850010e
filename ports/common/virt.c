/* SPDX-License-Identifier: BSD-2-Clause */
/* QEMU's machines `virt`, started without a firmware. */
#include "machine.h"

const char *port_cmdline(void)
{
    return "";
}

unsigned port_mmio_slots(struct vio_mmio_slot *slots, unsigned max)
{
    const struct machine_virt *m = &machine_virt;
    unsigned n = max < m->n_slots ? max : m->n_slots;

    for (unsigned i = 0; i < n; i++) {
        slots[i] = m->slot;
        slots[i].base += i * m->slot.size;
        slots[i].irq += i;
        slots[i].id = i;
    }
    return n;
}

bool machine_pci(struct vio_pci_bus *bus, struct vio_pci_windows *windows)
{
    *bus = vio_pci_ecam_bus(&machine_virt.ecam);
    bus->io_base = (uintptr_t)machine_virt.io;
    *windows = machine_virt.windows;
    return true;
}

uint32_t machine_pci_irq(const struct vio_pci *pci, unsigned turns)
{
    return machine_virt.pci_irq + (turns + pci->irq_pin - 1u) % 4;
}
