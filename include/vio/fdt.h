/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding devices in a flattened device tree: virtio over MMIO, PCI host
 * bridges, and the kernel command line.
 *
 * The tree is read where it lies, at any alignment, and is not trusted: every
 * offset in it is checked against the length that the caller gives.
 *
 * Spec: 4.2.1 MMIO Device Discovery; the format is the Devicetree
 * Specification's, version 17.
 */
#ifndef VIO_FDT_H
#define VIO_FDT_H

#include <vio/mmio.h>
#include <vio/pci.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The length of a device tree of which only the address is known.
 *
 * @fdt: at least 8 bytes.
 *
 * Context: any. Returns: bytes, as the tree says; 0: it is none.
 */
size_t vio_fdt_size(const void *fdt);

/**
 * Find the virtio,mmio nodes, in the order of the tree. Nodes that are not
 * enabled are passed over, and so is everything below one.
 *
 * The address is taken from `reg` as it is: buses between the node and the root
 * are taken to map one to one. The interrupt is that of the node's `interrupts`
 * property: of one or two cells the first, of three (an Arm GIC's) the number
 * as the GIC counts it, from 32 for shared interrupts and from 16 for private
 * ones; 0 where there is none.
 *
 * @fdt, @size: the tree and its length in bytes.
 * @slots, @max: out: at most max are stored, numbered from 0; after an error
 * they mean nothing.
 *
 * Context: any. Returns: how many there are, which may be more than max;
 * VIO_EINVAL: the tree is malformed.
 */
int vio_fdt_mmio(const void *fdt, size_t size, struct vio_mmio_slot *slots,
                 unsigned max);

/* A range of addresses of the bus, and where the processor sees it. */
struct vio_fdt_range {
    uint64_t bus;
    uint64_t cpu;
    uint64_t size; /* bytes; 0: there is none */
};

/* A PCI host bridge with an ECAM. */
struct vio_fdt_pci {
    uint64_t ecam;
    uint64_t ecam_size; /* bytes */
    uint8_t first_bus;
    uint8_t last_bus;
    struct vio_fdt_range io;
    struct vio_fdt_range mem;   /* addresses of 32 bits */
    struct vio_fdt_range mem64; /* of 64 */
};

/**
 * Find the pci-host-ecam-generic nodes, in the order of the tree. Which ones
 * count, and how the address of the ECAM is read, is as with vio_fdt_mmio().
 *
 * @fdt, @size: the tree and its length in bytes.
 * @bridges, @max: out: at most max are stored; after an error they mean
 * nothing.
 *
 * Context: any. Returns: how many there are, which may be more than max;
 * VIO_EINVAL: the tree is malformed.
 */
int vio_fdt_pci(const void *fdt, size_t size, struct vio_fdt_pci *bridges,
                unsigned max);

/**
 * Find the kernel command line, for vio_mmio_cmdline() for instance.
 *
 * @bootargs: out: a NUL-terminated string inside the tree.
 *
 * Context: any. Returns: 0; VIO_ENODEV: the tree has none; VIO_EINVAL: it is
 * malformed.
 */
int vio_fdt_bootargs(const void *fdt, size_t size, const char **bootargs);

#ifdef __cplusplus
}
#endif

#endif
