/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory blocks that are too small or misaligned are refused with what is
 * missing, and the least that the library asks for is enough: the disk works
 * in it, with a smaller queue.
 */
#include "guest.h"

static struct port_device device;
static unsigned char sector[512];

static int init(struct vio_mem mem)
{
    struct vio_blk blk;

    return vio_blk_init(&blk, &device.dev, NULL, &mem);
}

static void refused(struct vio_need least)
{
    struct vio_mem mem = guest_mem;

    mem.shared_size = least.shared - 1;
    guest_expect_why("shared", init(mem), &device.dev.why,
                     VIO_WHY_NEED_SHARED_MEMORY);
    mem = guest_mem;
    mem.priv_size = least.priv - 1;
    guest_expect_why("private", init(mem), &device.dev.why,
                     VIO_WHY_NEED_PRIVATE_MEMORY);
    mem = guest_mem;
    mem.shared = (unsigned char *)mem.shared + 8;
    mem.shared_addr += 8;
    mem.shared_size -= 8;
    guest_expect_why("misaligned", init(mem), &device.dev.why,
                     VIO_WHY_MISALIGNED_MEMORY);
}

static void enough(struct vio_need least)
{
    struct vio_mem mem = guest_mem;
    struct vio_blk blk;
    int err;

    mem.shared_size = least.shared;
    mem.priv_size = least.priv;
    err = vio_blk_init(&blk, &device.dev, NULL, &mem);
    guest_expect("init with the least", err, 0);
    if (err < 0)
        return;
    port_print("queue of %u\n", vio_blk_info(&blk)->queue_size);
    guest_expect("read", vio_blk_read(&blk, 0, sector, sizeof sector), 0);
    guest_expect("fini", vio_blk_fini(&blk), 0);
}

int main(void)
{
    struct vio_need want, least;
    struct vio_why why;

    guest_expect("probe", guest_probe(&device, NULL, &why), 0);
    guest_expect("size", vio_blk_mem_size(&device.dev, NULL, &want, &least), 0);
    if (guest_status())
        return 1;
    port_print("wants %zu and %zu, least %zu and %zu\n", want.shared, want.priv,
               least.shared, least.priv);
    refused(least);
    enough(least);
    return guest_status();
}
