/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sectors beyond 4 GiB, where a byte offset no longer fits 32 bits. run.py has
 * put a word into each of them.
 */
#include "guest.h"

#define BOUNDARY (1u << 23) /* the sector at 4 GiB */

static uint64_t data[3 * 64];

int main(void)
{
    struct port_device device;
    struct vio_blk blk;
    uint64_t last;

    if (guest_disk(&device, &blk) < 0)
        return 1;
    last = vio_blk_info(&blk)->capacity - 1;
    guest_expect("read", vio_blk_read(&blk, BOUNDARY - 1, data, sizeof data),
                 0);
    for (unsigned i = 0; i < 3; i++)
        port_print("sector %u: %llx\n", BOUNDARY - 1 + i,
                   (unsigned long long)data[i * 64]);
    guest_expect("read the last", vio_blk_read(&blk, last, data, 512), 0);
    port_print("sector %llu: %llx\n", (unsigned long long)last,
               (unsigned long long)data[0]);
    guest_expect("fini", vio_blk_fini(&blk), 0);
    return guest_status();
}
