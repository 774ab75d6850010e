/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The features that a build leaves out, with the VIO_NO_* definitions of the
 * README: they are never accepted, and a queue that asks for one is refused.
 */
#ifndef VIO_SRC_LEFT_OUT_H
#define VIO_SRC_LEFT_OUT_H

#include <vio/spec/virtio.h>

#if defined(VIO_NO_PACKED) && defined(VIO_NO_SPLIT)
#error "VIO_NO_PACKED and VIO_NO_SPLIT: one ring format has to be left"
#endif

#ifdef VIO_NO_PACKED
#define LEFT_OUT_PACKED VIRTIO_BIT(VIRTIO_F_RING_PACKED)
#else
#define LEFT_OUT_PACKED 0
#endif
#ifdef VIO_NO_INDIRECT
#define LEFT_OUT_INDIRECT VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC)
#else
#define LEFT_OUT_INDIRECT 0
#endif
#ifdef VIO_NO_EVENT_IDX
#define LEFT_OUT_EVENT_IDX VIRTIO_BIT(VIRTIO_F_EVENT_IDX)
#else
#define LEFT_OUT_EVENT_IDX 0
#endif
#ifdef VIO_NO_IN_ORDER
#define LEFT_OUT_IN_ORDER VIRTIO_BIT(VIRTIO_F_IN_ORDER)
#else
#define LEFT_OUT_IN_ORDER 0
#endif
#ifdef VIO_NO_ORDER_PLATFORM
#define LEFT_OUT_ORDER VIRTIO_BIT(VIRTIO_F_ORDER_PLATFORM)
#else
#define LEFT_OUT_ORDER 0
#endif
#ifdef VIO_NO_NOTIFICATION_DATA
#define LEFT_OUT_NOTIFICATION VIRTIO_BIT(VIRTIO_F_NOTIFICATION_DATA)
#else
#define LEFT_OUT_NOTIFICATION 0
#endif

#define LEFT_OUT_FEATURES                                                 \
    ((uint64_t)LEFT_OUT_PACKED | LEFT_OUT_INDIRECT | LEFT_OUT_EVENT_IDX | \
     LEFT_OUT_IN_ORDER | LEFT_OUT_ORDER | LEFT_OUT_NOTIFICATION)

#endif
