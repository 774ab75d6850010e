/* SPDX-License-Identifier: BSD-2-Clause */
/* What a boot loader links: one disk over MMIO, read synchronously. */
#include <vio/blk.h>
#include <vio/mmio.h>

void entry(struct vio_mmio *mmio, struct vio_blk *blk, struct vio_mem *mem,
           void *sector);

void entry(struct vio_mmio *mmio, struct vio_blk *blk, struct vio_mem *mem,
           void *sector)
{
    struct vio_reg base = {0x10001000, VIO_SPACE_MEM};

    if (vio_mmio_probe(mmio, base, 4096, NULL, NULL, NULL) ||
        vio_blk_init(blk, &mmio->dev, NULL, mem) ||
        vio_blk_read(blk, 0, sector, 512))
        for (;;)
            ;
}
