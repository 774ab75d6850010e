/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Base address registers: what they are, where they are, reaching what is
 * behind them, and giving them addresses where nobody did.
 */
#include "pci_impl.h"

#ifndef VIO_NO_PCI

#define DECODING (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)

static uint32_t register_of(unsigned bar)
{
    return PCI_BAR0 + 4 * bar;
}

/* What its register says that a BAR is. */
static enum vio_pci_bar_kind kind_of(uint32_t low)
{
    if (low & PCI_BAR_IS_IO)
        return VIO_PCI_BAR_IO;
    if ((low & PCI_BAR_TYPE) == PCI_BAR_TYPE_64)
        return VIO_PCI_BAR_MEM64;
    return (low & PCI_BAR_TYPE) == PCI_BAR_TYPE_BAD ? VIO_PCI_BAR_NONE
                                                    : VIO_PCI_BAR_MEM;
}

/* A register, and the bits of it that can be written; it is left as it was. */
static uint32_t probe_register(const struct vio_pci_function *f, unsigned i,
                               uint32_t *writable)
{
    uint32_t at = register_of(i), value = vio_pci_read32(f, at);

    vio_pci_write32(f, at, 0xffffffffu);
    *writable = vio_pci_read32(f, at);
    vio_pci_write32(f, at, value);
    return value;
}

/* BAR i; a 64-bit one takes the next register too. A broken device may have the
 * writable bits in any pattern: the lowest one is the size. */
static void size_bar(const struct vio_pci_function *f, unsigned i,
                     struct vio_pci_bar *bar)
{
    uint32_t low_mask, high_mask;
    uint32_t low = probe_register(f, i, &low_mask);
    enum vio_pci_bar_kind kind = kind_of(low);
    uint32_t flags =
        kind == VIO_PCI_BAR_IO ? PCI_BAR_IO_FLAGS : PCI_BAR_MEM_FLAGS;
    uint64_t address = low & ~flags, mask = low_mask & ~flags;

    if (kind == VIO_PCI_BAR_MEM64) {
        if (i + 1 == VIO_PCI_BARS)
            return; /* its upper half is not there */
        address |= (uint64_t)probe_register(f, i + 1, &high_mask) << 32;
        mask |= (uint64_t)high_mask << 32;
        bar[1].kind = VIO_PCI_BAR_UPPER;
    }
    bar->address = address;
    bar->size = mask & (~mask + 1);
    if (bar->size)
        bar->kind = (uint8_t)kind;
    /* Aligned to a power of two, it does not wrap either. */
    bar->assigned = bar->size && address != 0 && address != mask &&
                    (address & (bar->size - 1)) == 0;
}

void vio_pci_size_bars(const struct vio_pci_function *f,
                       struct vio_pci_bar bar[VIO_PCI_BARS])
{
    /* What is written to find the size must not be an address meanwhile. */
    uint32_t command = vio_pci_command(f, DECODING, 0);

    for (unsigned i = 0; i < VIO_PCI_BARS; i++)
        bar[i] = (struct vio_pci_bar){.kind = VIO_PCI_BAR_NONE};
    for (unsigned i = 0; i < VIO_PCI_BARS; i++)
        if (bar[i].kind != VIO_PCI_BAR_UPPER)
            size_bar(f, i, &bar[i]);
    vio_pci_write16(f, PCI_COMMAND, command);
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
    const struct vio_pci_bus *bus = p->function.bus;
    const struct vio_pci_bar *b = &p->bar[bar];
    bool is_io = b->kind == VIO_PCI_BAR_IO, ok;

    if (!b->assigned)
        return vio_fail(why, VIO_WHY_BAR_UNASSIGNED, bar, 0);
    if (bus->map_bar)
        ok = bus->map_bar(bus->ctx, p->function.bdf, bar, b->address, offset,
                          length, is_io, out) >= 0;
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

static void write_bar(const struct vio_pci_function *f, unsigned i,
                      const struct vio_pci_bar *bar)
{
    vio_pci_write32(f, register_of(i), (uint32_t)bar->address);
    if (bar->kind == VIO_PCI_BAR_MEM64)
        vio_pci_write32(f, register_of(i + 1), (uint32_t)(bar->address >> 32));
}

void vio_pci_write_bars(const struct vio_pci_function *f,
                        const struct vio_pci_bar bar[VIO_PCI_BARS])
{
    uint32_t command = vio_pci_command(f, DECODING, 0);

    for (unsigned i = 0; i < VIO_PCI_BARS; i++)
        if (is_space(&bar[i]))
            write_bar(f, i, &bar[i]);
    vio_pci_write16(f, PCI_COMMAND, command);
}

int vio_pci_assign_bars(const struct vio_pci_bus *bus, uint32_t bdf,
                        struct vio_pci_windows *windows, struct vio_why *why)
{
    struct vio_pci_function f = {bus, bdf};
    struct vio_pci_windows left = *windows;
    struct vio_pci_bar bar[VIO_PCI_BARS];
    uint32_t id = vio_pci_read32(&f, PCI_ID);

    if ((id & 0xffff) == 0xffff ||
        (vio_pci_read8(&f, PCI_HEADER_TYPE) & PCI_HEADER_TYPE_MASK))
        return vio_fail(why, VIO_WHY_NOT_VIRTIO_PCI, id, 0);
    vio_pci_size_bars(&f, bar);
    for (unsigned i = 0; i < VIO_PCI_BARS; i++) {
        bool is_io = bar[i].kind == VIO_PCI_BAR_IO;

        if (is_space(&bar[i]) && !bar[i].assigned &&
            !take(is_io ? &left.io : &left.mem, &bar[i]))
            return vio_fail(why, VIO_WHY_PCI_WINDOW_FULL, bar[i].size, i);
    }
    vio_pci_write_bars(&f, bar);
    *windows = left;
    return 0;
}

#endif
