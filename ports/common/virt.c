/* SPDX-License-Identifier: BSD-2-Clause */
/* QEMU's machines `virt`, started without a firmware: the device tree says
 * where everything is. */
#include <vio/fdt.h>

#include "machine.h"

static size_t tree_size(void)
{
    return vio_fdt_size(machine_virt.tree);
}

const char *port_cmdline(void)
{
    const char *bootargs;

    return vio_fdt_bootargs(machine_virt.tree, tree_size(), &bootargs) == 0
               ? bootargs
               : "";
}

unsigned port_mmio_slots(struct vio_mmio_slot *slots, unsigned max)
{
    static struct vio_mmio_slot found[PORT_MMIO_SLOTS];
    static int n = -1;

    if (n < 0)
        n = vio_fdt_mmio(machine_virt.tree, tree_size(), found,
                         PORT_MMIO_SLOTS);
    for (unsigned i = 0; i < max && (int)i < n && i < PORT_MMIO_SLOTS; i++)
        slots[i] = found[i];
    return n < 0 ? 0 : (unsigned)n < max ? (unsigned)n : max;
}

/* Bus addresses that devices may have. Where the first is 0, that is none. */
static struct vio_pci_window window(const struct vio_fdt_range *range)
{
    return (struct vio_pci_window){range->bus ? range->bus : 0x1000,
                                   range->bus + range->size};
}

/* Nobody has given addresses to the BARs: they come from the bridge's ranges.
 */
bool machine_pci(struct vio_pci_bus *bus, struct vio_pci_windows *windows)
{
    static struct vio_pci_ecam ecam;
    struct vio_fdt_pci bridge;

    if (vio_fdt_pci(machine_virt.tree, tree_size(), &bridge, 1) < 1)
        return false;
    ecam = (struct vio_pci_ecam){vio_reg_mem((uintptr_t)bridge.ecam),
                                 bridge.ecam_size, bridge.first_bus};
    *bus = vio_pci_ecam_bus(&ecam);
    bus->io_base = (uintptr_t)(bridge.io.cpu - bridge.io.bus);
    *windows =
        (struct vio_pci_windows){window(&bridge.io), window(&bridge.mem)};
    return true;
}

uint32_t machine_pci_irq(const struct vio_pci *pci, unsigned turns)
{
    return machine_virt.pci_irq + (turns + pci->irq_pin - 1u) % 4;
}
