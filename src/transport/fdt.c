/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What discovery wants of a device tree: virtio,mmio nodes, PCI host bridges,
 * the command line.
 *
 * Spec: 4.2.1 MMIO Device Discovery, and the bindings virtio/mmio and
 * pci/host-generic-pci.
 */
#include <vio/error.h>
#include <vio/fdt.h>

#include "fdt_walk.h"

/* An interrupt of three cells: kind, number, flags. */
#define GIC_CELLS   3u
#define GIC_SHARED  0u
#define GIC_PRIVATE 1u

/* An entry of a PCI bridge's ranges: three cells of bus address, of which the
 * first says the space, then the processor's address, then a size. */
#define RANGE_BUS_CELLS   3u
#define RANGE_SIZE_CELLS  2u
#define RANGE_SPACE_SHIFT 24
#define RANGE_SPACE_MASK  3u

enum range_space {
    RANGE_CONFIG,
    RANGE_IO,
    RANGE_MEM,
    RANGE_MEM64,
};

/* Is `s` among the strings of a property? */
static bool has_string(struct fdt_bytes list, const char *s)
{
    while (list.len) {
        if (fdt_starts_with(list, s))
            return true;
        while (list.len && *list.p != '\0') {
            list.p++;
            list.len--;
        }
        if (list.len) {
            list.p++;
            list.len--;
        }
    }
    return false;
}

static bool is_enabled(const struct fdt_node *node)
{
    struct fdt_bytes status = node->prop[FDT_STATUS];

    return !status.p || fdt_starts_with(status, "okay") ||
           fdt_starts_with(status, "ok");
}

static bool is_device(const struct fdt_node *node, const char *compatible)
{
    return has_string(node->prop[FDT_COMPATIBLE], compatible) &&
           is_enabled(node);
}

/* The first entry of `reg`: a range that does not wrap. */
static bool read_reg(const struct fdt_node *node, uint64_t *base,
                     uint64_t *size)
{
    struct fdt_bytes reg = node->prop[FDT_REG];
    unsigned address = node->parent.address, n = node->parent.size;

    if (address == 0 || n == 0 || reg.len < 4 * (address + n))
        return false;
    *base = fdt_number(reg.p, address);
    *size = fdt_number(reg.p + 4 * (size_t)address, n);
    return *size != 0 && *size - 1 <= UINT64_MAX - *base;
}

static uint32_t read_irq(const struct fdt_node *node)
{
    struct fdt_bytes irq = node->prop[FDT_INTERRUPTS];
    uint32_t first;

    if (irq.len < 4)
        return 0;
    first = fdt_cell(irq.p);
    if (irq.len != 4 * GIC_CELLS)
        return first;
    if (first == GIC_SHARED)
        return fdt_cell(irq.p + 4) + 32;
    return first == GIC_PRIVATE ? fdt_cell(irq.p + 4) + 16 : 0;
}

int vio_fdt_mmio(const void *fdt, size_t size, struct vio_mmio_slot *slots,
                 unsigned max)
{
    struct fdt_walk walk;
    struct fdt_node node;
    int err = vio_fdt_begin(&walk, fdt, size), n = 0;

    if (err)
        return err;
    while ((err = vio_fdt_next(&walk, &node)) > 0) {
        struct vio_mmio_slot slot = {.id = (uint32_t)n};

        if (!is_device(&node, "virtio,mmio"))
            continue;
        if (!read_reg(&node, &slot.base, &slot.size))
            return VIO_EINVAL;
        slot.irq = read_irq(&node);
        if ((unsigned)n < max)
            slots[n] = slot;
        n++;
    }
    return err ? err : n;
}

/* Take in one entry of the ranges: the first of each space. */
static void take_range(struct vio_fdt_pci *bridge, const uint8_t *p,
                       unsigned address)
{
    struct vio_fdt_range *const of_space[] = {
        [RANGE_CONFIG] = NULL,
        [RANGE_IO] = &bridge->io,
        [RANGE_MEM] = &bridge->mem,
        [RANGE_MEM64] = &bridge->mem64,
    };
    unsigned space = fdt_cell(p) >> RANGE_SPACE_SHIFT & RANGE_SPACE_MASK;
    struct vio_fdt_range range = {
        .bus = fdt_number(p + 4, RANGE_BUS_CELLS - 1),
        .cpu = fdt_number(p + 4 * RANGE_BUS_CELLS, address),
        .size = fdt_number(p + 4 * ((size_t)RANGE_BUS_CELLS + address),
                           RANGE_SIZE_CELLS),
    };

    if (range.size == 0 || range.size - 1 > UINT64_MAX - range.bus ||
        range.size - 1 > UINT64_MAX - range.cpu)
        return;
    if (of_space[space] && of_space[space]->size == 0)
        *of_space[space] = range;
}

static bool read_bridge(const struct fdt_node *node, struct vio_fdt_pci *bridge)
{
    struct fdt_bytes ranges = node->prop[FDT_RANGES];
    struct fdt_bytes buses = node->prop[FDT_BUS_RANGE];
    unsigned address = node->parent.address;
    uint32_t entry = 4 * (RANGE_BUS_CELLS + address + RANGE_SIZE_CELLS);

    *bridge = (struct vio_fdt_pci){.last_bus = 255};
    if (!read_reg(node, &bridge->ecam, &bridge->ecam_size))
        return false;
    if (buses.p) {
        if (buses.len < 8 || fdt_cell(buses.p) > fdt_cell(buses.p + 4) ||
            fdt_cell(buses.p + 4) > 255)
            return false;
        bridge->first_bus = (uint8_t)fdt_cell(buses.p);
        bridge->last_bus = (uint8_t)fdt_cell(buses.p + 4);
    }
    for (; ranges.len >= entry; ranges.len -= entry, ranges.p += entry)
        take_range(bridge, ranges.p, address);
    return true;
}

int vio_fdt_pci(const void *fdt, size_t size, struct vio_fdt_pci *bridges,
                unsigned max)
{
    struct fdt_walk walk;
    struct fdt_node node;
    int err = vio_fdt_begin(&walk, fdt, size), n = 0;

    if (err)
        return err;
    while ((err = vio_fdt_next(&walk, &node)) > 0) {
        if (!is_device(&node, "pci-host-ecam-generic"))
            continue;
        if ((unsigned)n < max && !read_bridge(&node, &bridges[n]))
            return VIO_EINVAL;
        n++;
    }
    return err ? err : n;
}

int vio_fdt_bootargs(const void *fdt, size_t size, const char **bootargs)
{
    struct fdt_walk walk;
    struct fdt_node node;
    int err = vio_fdt_begin(&walk, fdt, size);

    if (err)
        return err;
    while ((err = vio_fdt_next(&walk, &node)) > 0) {
        struct fdt_bytes args = node.prop[FDT_BOOTARGS];

        if (node.depth != 2 || !fdt_starts_with(node.name, "chosen") || !args.p)
            continue;
        if (args.len == 0 || args.p[args.len - 1] != '\0')
            return VIO_EINVAL;
        *bootargs = (const char *)args.p;
        return 0;
    }
    return err ? err : VIO_ENODEV;
}
