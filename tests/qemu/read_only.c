/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A read-only disk: writes are refused here, whichever way they are asked for,
 * and reads go on. run.py sees in QEMU's trace that no write came to it, and
 * looks for the one word that is read.
 */
#include "guest.h"

static uint64_t data[64];

static int queue_write(struct vio_blk *blk)
{
    static struct vio_blk_req req;
    static struct vio_buf buf = {data, sizeof data};

    vio_blk_prep_write(&req, 0, &buf, 1);
    return vio_blk_queue(blk->queue, &req);
}

int main(void)
{
    struct port_device device;
    struct vio_blk blk;

    if (guest_disk(&device, &blk) < 0)
        return 1;
    port_print("read-only: %d\n", vio_blk_info(&blk)->read_only);
    guest_expect("write", vio_blk_write(&blk, 0, data, sizeof data), VIO_EROFS);
    guest_expect("queue", queue_write(&blk), VIO_EROFS);
    guest_expect("read", vio_blk_read(&blk, 1, data, sizeof data), 0);
    port_print("word %llx\n", (unsigned long long)data[0]);
    guest_expect("fini", vio_blk_fini(&blk), 0);
    return guest_status();
}
