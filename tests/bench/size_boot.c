/* SPDX-License-Identifier: BSD-2-Clause */
/* What a boot loader links: one disk over MMIO, read synchronously. */
#include <vio/disk.h>
#include <vio/mmio.h>

void entry(struct vio_mmio *mmio, struct vio_disk *disk, struct vio_mem *mem,
           void *sector);

void entry(struct vio_mmio *mmio, struct vio_disk *disk, struct vio_mem *mem,
           void *sector)
{
    struct vio_reg base = {0x10001000, VIO_SPACE_MEM};

    if (vio_mmio_probe(mmio, base, 4096, NULL, NULL, NULL) ||
        vio_disk_init(disk, &mmio->dev, mem) ||
        vio_disk_read(disk, 0, sector, 512))
        for (;;)
            ;
}
