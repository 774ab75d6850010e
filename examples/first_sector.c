/* SPDX-License-Identifier: BSD-2-Clause */
/* The whole way to a disk's first sector, as a boot loader goes it. */
#include <vio/disk.h>
#include <vio/mmio.h>

#include "port.h"

/* What a legacy device needs, too. */
static unsigned char shared[8192 + VIO_DISK_SHARED_SIZE]
    __attribute__((aligned(4096)));
static unsigned char priv[VIO_DISK_PRIV_SIZE] __attribute__((aligned(16)));
static unsigned char sector[512];

/* The first slot that holds a disk. */
static int find_disk(struct vio_mmio *mmio)
{
    struct vio_mmio_slot slot[PORT_MMIO_SLOTS];
    unsigned n = port_mmio_slots(slot, PORT_MMIO_SLOTS);

    for (unsigned i = 0; i < n; i++)
        if (vio_mmio_probe(mmio, vio_reg_mem(slot[i].base), slot[i].size, NULL,
                           &port_env, NULL) == 0 &&
            mmio->dev.type == VIRTIO_ID_BLOCK)
            return 0;
    return VIO_ENODEV;
}

int main(void)
{
    struct vio_mem mem = {shared, (uintptr_t)shared, sizeof shared, priv,
                          sizeof priv};
    struct vio_mmio mmio;
    struct vio_disk disk;
    int err = find_disk(&mmio);

    if (err == 0)
        err = vio_disk_init(&disk, &mmio.dev, &mem);
    if (err == 0)
        err = vio_disk_read(&disk, 0, sector, sizeof sector);
    if (err < 0) {
        port_print("no first sector: %s\n", vio_strerror(err));
        return 1;
    }
    port_print("sector 0 begins with %02x %02x %02x %02x\n", sector[0],
               sector[1], sector[2], sector[3]);
    return vio_disk_fini(&disk) < 0;
}
