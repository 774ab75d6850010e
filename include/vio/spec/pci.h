/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio over PCI: identities, capabilities, and the registers of the modern
 * structures and of the legacy interface, as offsets.
 *
 * Spec: 4.1 Virtio Over PCI Bus.
 */
#ifndef VIO_SPEC_PCI_H
#define VIO_SPEC_PCI_H

/* 4.1.2 PCI Device Discovery. */
#define VIRTIO_PCI_VENDOR_ID       0x1af4
#define VIRTIO_PCI_DEVICE_ID_FIRST 0x1000
#define VIRTIO_PCI_DEVICE_ID_BASE  0x1040 /* and the virtio device type */
#define VIRTIO_PCI_DEVICE_ID_LAST  0x107f

/* struct virtio_pci_cap (4.1.4). */
#define VIRTIO_PCI_CAP_VNDR        0  /* 8 bits: 0x09 */
#define VIRTIO_PCI_CAP_NEXT        1  /* 8 bits */
#define VIRTIO_PCI_CAP_LEN         2  /* 8 bits */
#define VIRTIO_PCI_CAP_CFG_TYPE    3  /* 8 bits */
#define VIRTIO_PCI_CAP_BAR         4  /* 8 bits */
#define VIRTIO_PCI_CAP_OFFSET      8  /* 32 bits */
#define VIRTIO_PCI_CAP_LENGTH      12 /* 32 bits */
#define VIRTIO_PCI_CAP_SIZE        16
#define VIRTIO_PCI_CAP_EXTRA       16 /* what follows, by cfg_type: */
#define VIRTIO_PCI_NOTIFY_CAP_SIZE 20 /* notify_off_multiplier, 32 bits */
#define VIRTIO_PCI_CFG_CAP_SIZE    20 /* pci_cfg_data, 4 bytes */

/* cfg_type (4.1.4). */
#define VIRTIO_PCI_CAP_COMMON_CFG        1
#define VIRTIO_PCI_CAP_NOTIFY_CFG        2
#define VIRTIO_PCI_CAP_ISR_CFG           3
#define VIRTIO_PCI_CAP_DEVICE_CFG        4
#define VIRTIO_PCI_CAP_PCI_CFG           5
#define VIRTIO_PCI_CAP_SHARED_MEMORY_CFG 8
#define VIRTIO_PCI_CAP_VENDOR_CFG        9

/* struct virtio_pci_common_cfg (4.1.4.3). */
#define VIRTIO_PCI_COMMON_DEVICE_FEATURE_SELECT   0x00 /* RW32 */
#define VIRTIO_PCI_COMMON_DEVICE_FEATURE          0x04 /* R32 */
#define VIRTIO_PCI_COMMON_DRIVER_FEATURE_SELECT   0x08 /* RW32 */
#define VIRTIO_PCI_COMMON_DRIVER_FEATURE          0x0c /* RW32 */
#define VIRTIO_PCI_COMMON_CONFIG_MSIX_VECTOR      0x10 /* RW16 */
#define VIRTIO_PCI_COMMON_NUM_QUEUES              0x12 /* R16 */
#define VIRTIO_PCI_COMMON_DEVICE_STATUS           0x14 /* RW8 */
#define VIRTIO_PCI_COMMON_CONFIG_GENERATION       0x15 /* R8 */
#define VIRTIO_PCI_COMMON_QUEUE_SELECT            0x16 /* RW16 */
#define VIRTIO_PCI_COMMON_QUEUE_SIZE              0x18 /* RW16 */
#define VIRTIO_PCI_COMMON_QUEUE_MSIX_VECTOR       0x1a /* RW16 */
#define VIRTIO_PCI_COMMON_QUEUE_ENABLE            0x1c /* RW16 */
#define VIRTIO_PCI_COMMON_QUEUE_NOTIFY_OFF        0x1e /* R16 */
#define VIRTIO_PCI_COMMON_QUEUE_DESC              0x20 /* RW64 */
#define VIRTIO_PCI_COMMON_QUEUE_DRIVER            0x28 /* RW64 */
#define VIRTIO_PCI_COMMON_QUEUE_DEVICE            0x30 /* RW64 */
#define VIRTIO_PCI_COMMON_SIZE                    0x38 /* every device's */
#define VIRTIO_PCI_COMMON_QUEUE_NOTIF_CONFIG_DATA 0x38 /* R16 */
#define VIRTIO_PCI_COMMON_QUEUE_RESET             0x3a /* RW16 */

#define VIRTIO_MSI_NO_VECTOR 0xffff /* 4.1.5.1.2 */

/* The legacy interface, in I/O BAR 0 (4.1.4.10). */
#define VIRTIO_PCI_LEGACY_DEVICE_FEATURES 0  /* R32 */
#define VIRTIO_PCI_LEGACY_DRIVER_FEATURES 4  /* RW32 */
#define VIRTIO_PCI_LEGACY_QUEUE_ADDRESS   8  /* RW32: in pages of 4096 */
#define VIRTIO_PCI_LEGACY_QUEUE_SIZE      12 /* R16 */
#define VIRTIO_PCI_LEGACY_QUEUE_SELECT    14 /* RW16 */
#define VIRTIO_PCI_LEGACY_QUEUE_NOTIFY    16 /* RW16 */
#define VIRTIO_PCI_LEGACY_DEVICE_STATUS   18 /* RW8 */
#define VIRTIO_PCI_LEGACY_ISR_STATUS      19 /* R8: reading clears it */

/* While MSI-X is enabled two more come before the configuration space. */
#define VIRTIO_PCI_LEGACY_CONFIG_MSIX_VECTOR 20 /* RW16 */
#define VIRTIO_PCI_LEGACY_QUEUE_MSIX_VECTOR  22 /* RW16 */
#define VIRTIO_PCI_LEGACY_CONFIG             20
#define VIRTIO_PCI_LEGACY_CONFIG_MSIX        24
#define VIRTIO_PCI_LEGACY_PAGE_SIZE          4096

#endif
