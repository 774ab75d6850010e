/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two disks in flight at once, whose interrupts may come by one line: read both
 * to their ends, a request at a time each, sleeping in between.
 */
#include "../../examples/sha256.h"
#include "guest.h"

#define DISKS      2
#define BYTES      4096u
#define TIMEOUT_NS 30000000000u

struct disk {
    struct port_device device;
    struct vio_blk blk;
    struct vio_blk_req req;
    struct vio_buf buf;
    struct sha256 sha256;
};

static struct disk disk[DISKS];
static unsigned char data[DISKS][BYTES] __attribute__((aligned(4096)));

/* Half of the memory each. */
static struct vio_mem memory_of(unsigned i)
{
    struct vio_mem mem = guest_mem;

    mem.shared_size /= DISKS;
    mem.priv_size /= DISKS;
    mem.shared = (unsigned char *)mem.shared + i * mem.shared_size;
    mem.shared_addr += i * mem.shared_size;
    mem.priv = (unsigned char *)mem.priv + i * mem.priv_size;
    return mem;
}

static int bring_up(void)
{
    struct port_walk walk = {0};
    int err = 0;

    for (unsigned i = 0; err == 0 && i < DISKS; i++) {
        struct vio_mem mem = memory_of(i);

        err = guest_probe_sleeping(&walk, &disk[i].device);
        if (err == 0)
            err = vio_blk_init(&disk[i].blk, &disk[i].device.dev, NULL, &mem);
        disk[i].buf = (struct vio_buf){data[i], BYTES};
        sha256_init(&disk[i].sha256);
    }
    return err;
}

/* One request on each, both in flight. */
static int read_both(uint64_t sector)
{
    int err = 0;

    for (unsigned i = 0; err == 0 && i < DISKS; i++) {
        vio_blk_prep_read(&disk[i].req, sector, &disk[i].buf, 1);
        err = vio_blk_queue(disk[i].blk.queue, &disk[i].req);
        if (err == 0)
            err = vio_blk_submit(disk[i].blk.queue);
    }
    for (unsigned i = 0; err == 0 && i < DISKS; i++) {
        err = vio_blk_wait(disk[i].blk.queue, &disk[i].req, TIMEOUT_NS);
        if (err == 0)
            sha256_update(&disk[i].sha256, data[i], BYTES);
    }
    return err;
}

static int read_all(void)
{
    uint64_t end = vio_blk_info(&disk[0].blk)->capacity;
    int err = 0;

    for (uint64_t at = 0; err == 0 && at < end; at += BYTES / 512)
        err = read_both(at);
    return err;
}

static void report(void)
{
    struct port_irq_counts counts = port_irq_counts();
    char hex[65];

    for (unsigned i = 0; i < DISKS; i++) {
        sha256_hex(&disk[i].sha256, hex);
        port_print("disk %u: line %u, sha256 %s\n", i, disk[i].device.irq, hex);
        guest_expect("fini", vio_blk_fini(&disk[i].blk), 0);
    }
    port_print("interrupts %u messages %u nobodys %u sleeps %u\n", counts.taken,
               counts.messages, counts.nobodys, counts.sleeps);
}

int main(void)
{
    guest_expect("two disks", bring_up(), 0);
    guest_expect("read", read_all(), 0);
    report();
    return guest_status();
}
