/* SPDX-License-Identifier: BSD-2-Clause */
/* A device that is not a disk is refused, by name. */
#include "guest.h"

int main(void)
{
    struct port_device device;
    struct vio_blk blk;
    struct vio_why why;

    guest_expect("probe", guest_probe(&device, NULL, &why), 0);
    if (guest_status())
        return 1;
    port_print("device type %u\n", device.dev.type);
    guest_expect_why("init", vio_blk_init(&blk, &device.dev, NULL, &guest_mem),
                     &device.dev.why, VIO_WHY_WRONG_TYPE);
    return guest_status();
}
