/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The operations of the MMIO transport. The table is a constant wherever this
 * is included: without PCI there is no other, and what goes through it is
 * called directly.
 */
#ifndef VIO_SRC_TRANSPORT_MMIO_OPS_H
#define VIO_SRC_TRANSPORT_MMIO_OPS_H

#include <vio/device.h>

uint8_t vio_mmio_get_status(struct vio_device *dev);
void vio_mmio_set_status(struct vio_device *dev, uint8_t status);
uint64_t vio_mmio_get_features(struct vio_device *dev);
void vio_mmio_set_features(struct vio_device *dev, uint64_t features);
uint32_t vio_mmio_generation(struct vio_device *dev);
uint32_t vio_mmio_config_read(struct vio_device *dev, uint32_t offset,
                              unsigned width);
void vio_mmio_config_write(struct vio_device *dev, uint32_t offset,
                           unsigned width, uint32_t value);
int vio_mmio_queue_max(struct vio_device *dev, uint16_t index, uint32_t *max);
int vio_mmio_queue_start(struct vio_device *dev, struct vio_virtq *vq);
bool vio_mmio_queue_reset(struct vio_device *dev, uint16_t index, bool ask);
uint32_t vio_mmio_isr(struct vio_device *dev);
bool vio_mmio_is_there(struct vio_device *dev);

static const struct vio_transport vio_mmio_ops = {
    .features = VIRTIO_BIT(VIRTIO_F_RING_RESET),
    .get_status = vio_mmio_get_status,
    .set_status = vio_mmio_set_status,
    .get_features = vio_mmio_get_features,
    .set_features = vio_mmio_set_features,
    .generation = vio_mmio_generation,
    .config_read = vio_mmio_config_read,
    .config_write = vio_mmio_config_write,
    .queue_max = vio_mmio_queue_max,
    .queue_start = vio_mmio_queue_start,
    .queue_reset = vio_mmio_queue_reset,
    .isr = vio_mmio_isr,
    .is_there = vio_mmio_is_there,
};

#endif
