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
        do {
            list.p++;
            list.len--;
        } while (list.len && list.p[-1] != '\0');
    }
    return false;
}

static bool is_device(const struct fdt_node *node, const char *compatible)
{
    return has_string(node->prop[FDT_COMPATIBLE], compatible) &&
           !node->disabled;
}

static bool is_range(uint64_t base, uint64_t size)
{
    return size != 0 && size - 1 <= UINT64_MAX - base;
}

/* The first entry of `reg`, an address and a size: a range that does not wrap.
 */
static bool read_reg(const struct fdt_node *node, uint64_t *reg)
{
    const uint8_t cells[] = {node->parent.address, node->parent.size};
    struct fdt_bytes bytes = node->prop[FDT_REG];

    return cells[0] && cells[1] && vio_fdt_take(&bytes, cells, 2, reg) &&
           is_range(reg[0], reg[1]);
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

/* Take node i into an array, or only look at it; false: malformed. */
typedef bool take_node(const struct fdt_node *node, void *array, unsigned i);

/* All enabled nodes that are compatible, of which max are stored. The others
 * are looked at, too: whether a tree is malformed is no matter of room. */
static int find_all(const void *fdt, size_t size, const char *compatible,
                    take_node *take, void *array, unsigned max)
{
    struct fdt_walk walk;
    struct fdt_node node;
    int err = vio_fdt_begin(&walk, fdt, size);
    unsigned n = 0;

    if (err)
        return err;
    while ((err = vio_fdt_next(&walk, &node)) > 0) {
        if (!is_device(&node, compatible))
            continue;
        if (!take(&node, n < max ? array : NULL, n))
            return VIO_EINVAL;
        n++;
    }
    return err ? err : (int)n;
}

static bool take_slot(const struct fdt_node *node, void *array, unsigned i)
{
    struct vio_mmio_slot *slots = array;
    uint64_t reg[2];

    if (!read_reg(node, reg))
        return false;
    if (slots)
        slots[i] = (struct vio_mmio_slot){reg[0], reg[1], read_irq(node), i};
    return true;
}

int vio_fdt_mmio(const void *fdt, size_t size, struct vio_mmio_slot *slots,
                 unsigned max)
{
    return find_all(fdt, size, "virtio,mmio", take_slot, slots, max);
}

static struct vio_fdt_range *range_of(struct vio_fdt_pci *bridge,
                                      unsigned space)
{
    return space == RANGE_IO    ? &bridge->io
           : space == RANGE_MEM ? &bridge->mem
                                : &bridge->mem64;
}

/* Take in the ranges of a bridge: the first of each space. */
static void take_ranges(struct vio_fdt_pci *bridge, struct fdt_bytes ranges,
                        uint8_t address)
{
    const uint8_t cells[] = {1, RANGE_BUS_CELLS - 1, address, RANGE_SIZE_CELLS};
    uint64_t number[4];

    while (vio_fdt_take(&ranges, cells, 4, number)) {
        unsigned space = number[0] >> RANGE_SPACE_SHIFT & RANGE_SPACE_MASK;
        struct vio_fdt_range *range = range_of(bridge, space);

        if (space != RANGE_CONFIG && range->size == 0 &&
            is_range(number[1], number[3]) && is_range(number[2], number[3]))
            *range = (struct vio_fdt_range){number[1], number[2], number[3]};
    }
}

/* The buses that a bridge has: all, where it does not say which. */
static bool read_buses(const struct fdt_node *node, uint8_t *first,
                       uint8_t *last)
{
    static const uint8_t cells[] = {1, 1};
    struct fdt_bytes buses = node->prop[FDT_BUS_RANGE];
    uint64_t number[2] = {0, 255};

    if (buses.p && !vio_fdt_take(&buses, cells, 2, number))
        return false;
    *first = (uint8_t)number[0];
    *last = (uint8_t)number[1];
    return number[0] <= number[1] && number[1] <= 255;
}

static bool take_bridge(const struct fdt_node *node, void *array, unsigned i)
{
    struct vio_fdt_pci *bridge = array;
    uint64_t reg[2];
    uint8_t first, last;

    if (!read_reg(node, reg) || !read_buses(node, &first, &last))
        return false;
    if (!bridge)
        return true;
    bridge += i;
    *bridge = (struct vio_fdt_pci){.ecam = reg[0], .ecam_size = reg[1]};
    bridge->first_bus = first;
    bridge->last_bus = last;
    take_ranges(bridge, node->prop[FDT_RANGES], node->parent.address);
    return true;
}

int vio_fdt_pci(const void *fdt, size_t size, struct vio_fdt_pci *bridges,
                unsigned max)
{
    return find_all(fdt, size, "pci-host-ecam-generic", take_bridge, bridges,
                    max);
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
