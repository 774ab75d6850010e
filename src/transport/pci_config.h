/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The standard header of a PCI function, and the capabilities that are not
 * virtio's, as offsets in configuration space.
 */
#ifndef VIO_SRC_PCI_CONFIG_H
#define VIO_SRC_PCI_CONFIG_H

#define PCI_ID           0x00 /* 32 bits: device id, vendor id */
#define PCI_COMMAND      0x04 /* 16 bits */
#define PCI_STATUS       0x06 /* 16 bits */
#define PCI_REVISION     0x08 /* 8 bits */
#define PCI_HEADER_TYPE  0x0e /* 8 bits */
#define PCI_BAR0         0x10 /* 32 bits, six of them */
#define PCI_SUBSYSTEM_ID 0x2e /* 16 bits */
#define PCI_CAPABILITIES 0x34 /* 8 bits */
#define PCI_IRQ_LINE     0x3c /* 8 bits */
#define PCI_IRQ_PIN      0x3d /* 8 bits */
#define PCI_CONFIG_FIRST 0x40 /* what lies below is the header */
#define PCI_CONFIG_END   0x100

#define PCI_COMMAND_IO           0x0001u
#define PCI_COMMAND_MEMORY       0x0002u
#define PCI_COMMAND_MASTER       0x0004u
#define PCI_COMMAND_INTX_DISABLE 0x0400u

#define PCI_STATUS_CAPABILITIES 0x0010u

#define PCI_HEADER_TYPE_MASK  0x7fu /* 0: a device, no bridge */
#define PCI_HEADER_TYPE_MULTI 0x80u

#define PCI_BAR_IS_IO     0x1u
#define PCI_BAR_TYPE      0x6u
#define PCI_BAR_TYPE_64   0x4u
#define PCI_BAR_TYPE_BAD  0x6u
#define PCI_BAR_IO_FLAGS  0x3u
#define PCI_BAR_MEM_FLAGS 0xfu

#define PCI_IRQ_PINS 4 /* INTA to INTD, from 1 on */

#define PCI_CAP_VENDOR 0x09
#define PCI_CAP_MSIX   0x11

#define PCI_MSIX_CONTROL      2 /* 16 bits */
#define PCI_MSIX_TABLE        4 /* 32 bits: offset and, in three bits, BAR */
#define PCI_MSIX_PBA          8 /* 32 bits: likewise */
#define PCI_MSIX_CAP_SIZE     12
#define PCI_MSIX_SIZE_MASK    0x07ffu /* the number of entries, less one */
#define PCI_MSIX_MASK_ALL     0x4000u
#define PCI_MSIX_ENABLE       0x8000u
#define PCI_MSIX_BIR          0x7u
#define PCI_MSIX_ENTRY_SIZE   16u
#define PCI_MSIX_ENTRY_ADDR   0  /* 64 bits, in two accesses */
#define PCI_MSIX_ENTRY_DATA   8  /* 32 bits */
#define PCI_MSIX_ENTRY_CTRL   12 /* 32 bits; bit 0: masked */
#define PCI_MSIX_ENTRY_MASKED 0x1u

#endif
