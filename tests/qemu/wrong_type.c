/* SPDX-License-Identifier: BSD-2-Clause */
/* A device that is not a disk is refused, by name. */
#include "guest.h"

int main(void)
{
    struct vio_mmio mmio;
    struct vio_blk blk;
    struct vio_why why;

    guest_expect("probe", guest_probe(&mmio, NULL, &why), 0);
    if (guest_status())
        return 1;
    port_print("device type %u\n", mmio.dev.type);
    guest_expect_why("init", vio_blk_init(&blk, &mmio.dev, NULL, &guest_mem),
                     &mmio.dev.why, VIO_WHY_WRONG_TYPE);
    return guest_status();
}
