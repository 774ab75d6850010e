/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Base address registers: what they are, where they are, reaching what is
 * behind them, and giving them addresses where nobody did.
 */
#include "pci_impl.h"

#ifndef VIO_NO_PCI

#define DECODING (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)

/* The bits of a BAR that can be written; it is left as it was. */
static uint32_t writable_bits(const struct vio_pci_bus *bus, uint32_t bdf,
                              unsigned i, uint32_t value)
{
    uint32_t at = PCI_BAR0 + 4 * i, mask;

    vio_pci_write(bus, bdf, at, 4, 0xffffffffu);
    mask = vio_pci_read(bus, bdf, at, 4);
    vio_pci_write(bus, bdf, at, 4, value);
    return mask;
}

/* From the register pair, and the bits of it that can be written. A broken
 * device may have these in any pattern: the lowest one is the size. */
static struct vio_pci_bar understand(enum vio_pci_bar_kind kind,
                                     uint64_t address, uint64_t mask)
{
    uint64_t size = mask & (~mask + 1);
    struct vio_pci_bar bar = {
        .address = address,
        .size = size,
        .kind = size ? (uint8_t)kind : VIO_PCI_BAR_NONE,
    };

    /* Aligned to a power of two, it does not wrap either. */
    bar.assigned =
        size && address != 0 && address != mask && (address & (size - 1)) == 0;
    return bar;
}

/* BAR i; a 64-bit one takes the next register too. */
static void size_bar(const struct vio_pci_bus *bus, uint32_t bdf, unsigned i,
                     struct vio_pci_bar bar[VIO_PCI_BARS])
{
    uint32_t low = vio_pci_read(bus, bdf, PCI_BAR0 + 4 * i, 4);
    uint32_t mask = writable_bits(bus, bdf, i, low), flags = PCI_BAR_MEM_FLAGS;
    uint32_t high, high_mask;

    if (low & PCI_BAR_IS_IO) {
        flags = PCI_BAR_IO_FLAGS;
        bar[i] = understand(VIO_PCI_BAR_IO, low & ~flags, mask & ~flags);
    } else if ((low & PCI_BAR_TYPE) != PCI_BAR_TYPE_64) {
        bar[i] = understand(VIO_PCI_BAR_MEM, low & ~flags, mask & ~flags);
        if ((low & PCI_BAR_TYPE) == PCI_BAR_TYPE_BAD)
            bar[i].kind = VIO_PCI_BAR_NONE;
    } else if (i + 1 == VIO_PCI_BARS) {
        bar[i].kind = VIO_PCI_BAR_NONE; /* its upper half is not there */
    } else {
        high = vio_pci_read(bus, bdf, PCI_BAR0 + 4 * (i + 1), 4);
        high_mask = writable_bits(bus, bdf, i + 1, high);
        bar[i] =
            understand(VIO_PCI_BAR_MEM64, (uint64_t)high << 32 | (low & ~flags),
                       (uint64_t)high_mask << 32 | (mask & ~flags));
        bar[i + 1].kind = VIO_PCI_BAR_UPPER;
    }
}

void vio_pci_size_bars(const struct vio_pci_bus *bus, uint32_t bdf,
                       struct vio_pci_bar bar[VIO_PCI_BARS])
{
    uint32_t command = vio_pci_read(bus, bdf, PCI_COMMAND, 2);

    for (unsigned i = 0; i < VIO_PCI_BARS; i++)
        bar[i] = (struct vio_pci_bar){.kind = VIO_PCI_BAR_NONE};
    /* What is written to find the size must not be an address meanwhile. */
    vio_pci_write(bus, bdf, PCI_COMMAND, 2, command & ~DECODING);
    for (unsigned i = 0; i < VIO_PCI_BARS; i++)
        if (bar[i].kind != VIO_PCI_BAR_UPPER)
            size_bar(bus, bdf, i, bar);
    vio_pci_write(bus, bdf, PCI_COMMAND, 2, command);
}

static bool is_space(const struct vio_pci_bar *bar)
{
    return bar->kind == VIO_PCI_BAR_IO || bar->kind == VIO_PCI_BAR_MEM ||
           bar->kind == VIO_PCI_BAR_MEM64;
}

bool vio_pci_in_bar(const struct vio_pci *p, unsigned bar, uint64_t offset,
                    uint64_t length)
{
    return bar < VIO_PCI_BARS && is_space(&p->bar[bar]) &&
           offset <= p->bar[bar].size && length <= p->bar[bar].size - offset;
}

/* The mapping where the bus has no function for it: by address. */
static bool map_identity(const struct vio_pci_bus *bus, uint64_t first,
                         uint64_t length, bool is_io, struct vio_reg *out)
{
    uint64_t base = is_io ? bus->io_base : 0;

    out->space = VIO_SPACE_MEM;
    if (is_io && base == 0) {
        out->space = VIO_SPACE_PORT;
        out->addr = (uintptr_t)first;
        return VIO_HAVE_PORT_IO && first + length - 1 <= 0xffff;
    }
    if (first > UINTPTR_MAX - base || length - 1 > UINTPTR_MAX - base - first)
        return false; /* beyond what this processor can address */
    out->addr = (uintptr_t)(base + first);
    return true;
}

int vio_pci_map(struct vio_pci *p, unsigned bar, uint64_t offset,
                uint64_t length, struct vio_reg *out, struct vio_why *why)
{
    const struct vio_pci_bus *bus = p->bus;
    const struct vio_pci_bar *b = &p->bar[bar];
    bool is_io = b->kind == VIO_PCI_BAR_IO, ok;

    if (!b->assigned)
        return vio_fail(why, VIO_WHY_BAR_UNASSIGNED, bar, 0);
    if (bus->map_bar)
        ok = bus->map_bar(bus->ctx, p->bdf, bar, b->address, offset, length,
                          is_io, out) >= 0;
    else
        ok = map_identity(bus, b->address + offset, length, is_io, out);
    if (!ok)
        return vio_fail(why, VIO_WHY_BAR_REFUSED, b->address + offset, bar);
    p->command |= is_io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
    return 0;
}

/* Take a range for a BAR from the front of a window. */
static bool take(struct vio_pci_window *window, struct vio_pci_bar *bar)
{
    uint64_t limit = bar->kind == VIO_PCI_BAR_MEM64 ? UINT64_MAX : UINT32_MAX;
    uint64_t at = window->next;

    if (at == 0)
        at = 1; /* the address 0 means none */
    if (at > UINT64_MAX - (bar->size - 1))
        return false;
    /* Aligned to its size, it does not reach over the limit, which is too. */
    at = (at + bar->size - 1) & ~(bar->size - 1);
    if (at > limit || at > window->end || bar->size > window->end - at)
        return false;
    bar->address = at;
    window->next = at + bar->size;
    return true;
}

static void write_bar(const struct vio_pci_bus *bus, uint32_t bdf, unsigned i,
                      const struct vio_pci_bar *bar)
{
    uint32_t at = PCI_BAR0 + 4 * i;

    vio_pci_write(bus, bdf, at, 4, (uint32_t)bar->address);
    if (bar->kind == VIO_PCI_BAR_MEM64)
        vio_pci_write(bus, bdf, at + 4, 4, (uint32_t)(bar->address >> 32));
}

void vio_pci_write_bars(const struct vio_pci_bus *bus, uint32_t bdf,
                        const struct vio_pci_bar bar[VIO_PCI_BARS])
{
    uint32_t command = vio_pci_read(bus, bdf, PCI_COMMAND, 2);

    vio_pci_write(bus, bdf, PCI_COMMAND, 2, command & ~DECODING);
    for (unsigned i = 0; i < VIO_PCI_BARS; i++)
        if (is_space(&bar[i]))
            write_bar(bus, bdf, i, &bar[i]);
    vio_pci_write(bus, bdf, PCI_COMMAND, 2, command);
}

int vio_pci_assign_bars(const struct vio_pci_bus *bus, uint32_t bdf,
                        struct vio_pci_windows *windows, struct vio_why *why)
{
    struct vio_pci_windows left = *windows;
    struct vio_pci_bar bar[VIO_PCI_BARS];
    uint32_t id = vio_pci_read(bus, bdf, PCI_ID, 4);

    if ((id & 0xffff) == 0xffff ||
        (vio_pci_read(bus, bdf, PCI_HEADER_TYPE, 1) & PCI_HEADER_TYPE_MASK))
        return vio_fail(why, VIO_WHY_NOT_VIRTIO_PCI, id, 0);
    vio_pci_size_bars(bus, bdf, bar);
    for (unsigned i = 0; i < VIO_PCI_BARS; i++) {
        bool is_io = bar[i].kind == VIO_PCI_BAR_IO;

        if (is_space(&bar[i]) && !bar[i].assigned &&
            !take(is_io ? &left.io : &left.mem, &bar[i]))
            return vio_fail(why, VIO_WHY_PCI_WINDOW_FULL, bar[i].size, i);
    }
    vio_pci_write_bars(bus, bdf, bar);
    *windows = left;
    return 0;
}

#endif
