/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers of a virtio device over MMIO, as offsets from its base.
 *
 * Spec: 4.2.2 MMIO Device Register Layout, 4.2.4 Legacy interface.
 */
#ifndef VIO_SPEC_MMIO_H
#define VIO_SPEC_MMIO_H

#define VIRTIO_MMIO_MAGIC_VALUE         0x000 /* R: 0x74726976 */
#define VIRTIO_MMIO_VERSION             0x004 /* R: 1 legacy, 2 */
#define VIRTIO_MMIO_DEVICE_ID           0x008 /* R: 0 is an empty slot */
#define VIRTIO_MMIO_VENDOR_ID           0x00c /* R */
#define VIRTIO_MMIO_DEVICE_FEATURES     0x010 /* R: the selected word */
#define VIRTIO_MMIO_DEVICE_FEATURES_SEL 0x014 /* W */
#define VIRTIO_MMIO_DRIVER_FEATURES     0x020 /* W */
#define VIRTIO_MMIO_DRIVER_FEATURES_SEL 0x024 /* W */
#define VIRTIO_MMIO_GUEST_PAGE_SIZE     0x028 /* W, version 1 */
#define VIRTIO_MMIO_QUEUE_SEL           0x030 /* W */
#define VIRTIO_MMIO_QUEUE_SIZE_MAX      0x034 /* R */
#define VIRTIO_MMIO_QUEUE_SIZE          0x038 /* W */
#define VIRTIO_MMIO_QUEUE_ALIGN         0x03c /* W, version 1 */
#define VIRTIO_MMIO_QUEUE_PFN           0x040 /* RW, version 1 */
#define VIRTIO_MMIO_QUEUE_READY         0x044 /* RW, version 2 */
#define VIRTIO_MMIO_QUEUE_NOTIFY        0x050 /* W */
#define VIRTIO_MMIO_INTERRUPT_STATUS    0x060 /* R */
#define VIRTIO_MMIO_INTERRUPT_ACK       0x064 /* W */
#define VIRTIO_MMIO_STATUS              0x070 /* RW */
#define VIRTIO_MMIO_QUEUE_DESC_LOW      0x080 /* W, version 2 */
#define VIRTIO_MMIO_QUEUE_DESC_HIGH     0x084
#define VIRTIO_MMIO_QUEUE_DRIVER_LOW    0x090
#define VIRTIO_MMIO_QUEUE_DRIVER_HIGH   0x094
#define VIRTIO_MMIO_QUEUE_DEVICE_LOW    0x0a0
#define VIRTIO_MMIO_QUEUE_DEVICE_HIGH   0x0a4
#define VIRTIO_MMIO_QUEUE_RESET         0x0c0 /* RW, version 2 */
#define VIRTIO_MMIO_CONFIG_GENERATION   0x0fc /* R, version 2 */
#define VIRTIO_MMIO_CONFIG              0x100 /* the configuration space */

#define VIRTIO_MMIO_MAGIC 0x74726976u /* "virt", little-endian */

#endif
