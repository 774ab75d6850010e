/* SPDX-License-Identifier: BSD-2-Clause */
#include "describe.h"
#include "port.h"

static const struct {
    unsigned bit;
    const char *name;
} features[] = {
    {VIRTIO_BLK_F_BARRIER, "BARRIER"},
    {VIRTIO_BLK_F_SIZE_MAX, "SIZE_MAX"},
    {VIRTIO_BLK_F_SEG_MAX, "SEG_MAX"},
    {VIRTIO_BLK_F_GEOMETRY, "GEOMETRY"},
    {VIRTIO_BLK_F_RO, "RO"},
    {VIRTIO_BLK_F_BLK_SIZE, "BLK_SIZE"},
    {VIRTIO_BLK_F_SCSI, "SCSI"},
    {VIRTIO_BLK_F_FLUSH, "FLUSH"},
    {VIRTIO_BLK_F_TOPOLOGY, "TOPOLOGY"},
    {VIRTIO_BLK_F_CONFIG_WCE, "CONFIG_WCE"},
    {VIRTIO_BLK_F_MQ, "MQ"},
    {VIRTIO_BLK_F_DISCARD, "DISCARD"},
    {VIRTIO_BLK_F_WRITE_ZEROES, "WRITE_ZEROES"},
    {VIRTIO_BLK_F_LIFETIME, "LIFETIME"},
    {VIRTIO_BLK_F_SECURE_ERASE, "SECURE_ERASE"},
    {VIRTIO_BLK_F_ZONED, "ZONED"},
    {VIRTIO_F_NOTIFY_ON_EMPTY, "NOTIFY_ON_EMPTY"},
    {VIRTIO_F_ANY_LAYOUT, "ANY_LAYOUT"},
    {VIRTIO_F_INDIRECT_DESC, "INDIRECT_DESC"},
    {VIRTIO_F_EVENT_IDX, "EVENT_IDX"},
    {VIRTIO_F_VERSION_1, "VERSION_1"},
    {VIRTIO_F_ACCESS_PLATFORM, "ACCESS_PLATFORM"},
    {VIRTIO_F_RING_PACKED, "RING_PACKED"},
    {VIRTIO_F_IN_ORDER, "IN_ORDER"},
    {VIRTIO_F_ORDER_PLATFORM, "ORDER_PLATFORM"},
    {VIRTIO_F_SR_IOV, "SR_IOV"},
    {VIRTIO_F_NOTIFICATION_DATA, "NOTIFICATION_DATA"},
    {VIRTIO_F_NOTIF_CONFIG_DATA, "NOTIF_CONFIG_DATA"},
    {VIRTIO_F_RING_RESET, "RING_RESET"},
    {VIRTIO_F_ADMIN_VQ, "ADMIN_VQ"},
    {VIRTIO_F_SUSPEND, "SUSPEND"},
};

/* By name where it has one, else by number. */
static void print_feature(unsigned bit)
{
    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++) {
        if (features[i].bit == bit) {
            port_print(" %s", features[i].name);
            return;
        }
    }
    port_print(" %u", bit);
}

static void print_features(const char *what, uint64_t bits)
{
    port_print("%s:", what);
    for (unsigned bit = 0; bit < 64; bit++)
        if (bits >> bit & 1)
            print_feature(bit);
    port_print("\n");
}

void describe_place(const struct port_place *place)
{
    if (place->is_pci)
        port_print("virtio-pci at %02x:%02x.%x: ", place->bdf >> 8,
                   place->bdf >> 3 & 31, place->bdf & 7);
    else
        port_print("virtio-mmio at 0x%llx: ",
                   (unsigned long long)place->slot.base);
}

static void describe_device(const struct port_device *device)
{
    const char *kind = device->dev.legacy ? "legacy" : "modern";

    if (device->is_pci)
        port_print("virtio-pci device id %04x (%s), revision %u\n",
                   device->pci.device_id, kind, device->pci.revision);
    else
        port_print("virtio-mmio version %u (%s), vendor %08x\n",
                   device->mmio.version, kind, device->mmio.vendor);
}

void describe_disk(const struct port_device *device,
                   const struct vio_blk_info *info)
{
    describe_device(device);
    port_print("capacity: %llu sectors, %llu MiB, %s\n",
               (unsigned long long)info->capacity,
               (unsigned long long)(info->capacity / 2048),
               info->read_only ? "read-only" : "read-write");
    print_features("offered", device->dev.offered);
    print_features("agreed", info->features);
    port_print("queue: %u descriptors, %u requests in flight, block size %u\n",
               info->queue_size, info->depth, info->block_size);
}

int describe_error(const char *what, int err, const struct vio_why *why)
{
    char text[200];

    port_print("%s: %s", what, vio_strerror(err));
    if (why && why->reason != VIO_WHY_NONE)
        port_print(": %s", vio_why_text(why, text, sizeof text));
    port_print("\n");
    return err;
}
