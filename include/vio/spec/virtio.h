/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Basic facilities of a virtio device: device types, the device status field
 * and the transport-independent feature bits.
 *
 * Spec: 2.1 Device Status Field, 5 Device Types, 6 Reserved Feature Bits.
 */
#ifndef VIO_SPEC_VIRTIO_H
#define VIO_SPEC_VIRTIO_H

#define VIRTIO_ID_BLOCK 2

/* The device status field (2.1). */
#define VIRTIO_CONFIG_S_ACKNOWLEDGE 0x01
#define VIRTIO_CONFIG_S_DRIVER      0x02
#define VIRTIO_CONFIG_S_DRIVER_OK   0x04
#define VIRTIO_CONFIG_S_FEATURES_OK 0x08
#define VIRTIO_CONFIG_S_SUSPEND     0x10
#define VIRTIO_CONFIG_S_NEEDS_RESET 0x40
#define VIRTIO_CONFIG_S_FAILED      0x80

/* Feature bits that belong to the virtqueues and the transport (6). */
#define VIRTIO_F_NOTIFY_ON_EMPTY    24 /* legacy */
#define VIRTIO_F_ANY_LAYOUT         27 /* legacy */
#define VIRTIO_F_INDIRECT_DESC      28
#define VIRTIO_F_EVENT_IDX          29
#define VIRTIO_F_VERSION_1          32
#define VIRTIO_F_ACCESS_PLATFORM    33
#define VIRTIO_F_RING_PACKED        34
#define VIRTIO_F_IN_ORDER           35
#define VIRTIO_F_ORDER_PLATFORM     36
#define VIRTIO_F_SR_IOV             37
#define VIRTIO_F_NOTIFICATION_DATA  38
#define VIRTIO_F_NOTIF_CONFIG_DATA  39
#define VIRTIO_F_RING_RESET         40
#define VIRTIO_F_ADMIN_VQ           41
#define VIRTIO_F_SUSPEND            43

/* The used-buffer and configuration-change bits of the ISR status (4.1.4.5) and
 * of InterruptStatus (4.2.2). */
#define VIRTIO_ISR_QUEUE  0x1
#define VIRTIO_ISR_CONFIG 0x2

/* One feature bit as a mask. */
#define VIRTIO_BIT(bit) ((uint64_t)1 << (bit))

#endif
