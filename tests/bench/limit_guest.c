/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The highest rate that the machine's block layer gives: a guest that puts
 * prebuilt entries into the ring and looks at the used index, and does next to
 * nothing else. Every chain is written once, each with its own header, memory
 * and status, and every entry of the available ring names its chain for good;
 * what is left is where each request reads, written while the device works on
 * those before, the index, the question whether the device wants a
 * notification, and the doorbell. No answer is looked at.
 *
 * Without the first it would not be the same job: QEMU sorts the requests of a
 * batch by where they read, which takes less time if that is where the last
 * ones did.
 *
 * Takes the words of examples/disk_bench, and prints the same lines. The
 * library finds the device and sets it up.
 */
#include <vio/device.h>
#include <vio/spec/blk.h>

#include "disk_bench.h"
#include "port.h"

#define SIZE       256u /* descriptors */
#define CHAINS     64u  /* of three; more than are ever in flight */
#define MOST_BYTES (4u << 20)
#define SECOND     1000000000ull

static struct virtq_desc desc[SIZE] __attribute__((aligned(16)));
static uint16_t avail[VIRTQ_AVAIL_RING + SIZE + 1];
static uint16_t used[VIRTQ_USED_RING + 4 * SIZE + 1]
    __attribute__((aligned(4)));
static struct virtio_blk_req_header header[CHAINS];
static uint8_t status[CHAINS];
static unsigned char data[MOST_BYTES] __attribute__((aligned(4096)));

struct limit {
    struct bench_run run;
    struct vio_reg doorbell;
    struct bench_place place;
    uint16_t aimed; /* as the rings count: these know where they read, */
    uint16_t added; /* these are shown to the device, */
    uint16_t seen;  /* and these finished */
    uint64_t finished;
    unsigned notifications;
    unsigned suppressed;
};

static struct port_device device;
static struct vio_virtq vq; /* for the library's eyes only */

static void build_chain(unsigned i, const struct bench_run *run)
{
    struct virtq_desc *d = &desc[3 * i];
    uint16_t next = (uint16_t)(3 * i + 1);
    unsigned char *piece = data + i % run->depth * (size_t)run->bytes;

    header[i].type = VIRTIO_BLK_T_IN;
    d[0] = (struct virtq_desc){(uintptr_t)&header[i], sizeof header[i],
                               VIRTQ_DESC_F_NEXT, next};
    d[1] = (struct virtq_desc){(uintptr_t)piece, run->bytes,
                               VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE,
                               (uint16_t)(next + 1)};
    d[2] = (struct virtq_desc){(uintptr_t)&status[i], 1, VIRTQ_DESC_F_WRITE, 0};
}

static void build(const struct bench_run *run)
{
    for (unsigned i = 0; i < CHAINS; i++)
        build_chain(i, run);
    for (unsigned i = 0; i < SIZE; i++)
        avail[VIRTQ_AVAIL_RING + i] = (uint16_t)(i % CHAINS * 3);
    avail[VIRTQ_AVAIL_IDX] = 0;
    for (unsigned i = 0; i < sizeof used / sizeof *used; i++)
        used[i] = 0;
}

/* The next n that the device will be shown, as far as they are not its own. */
static void aim(struct limit *l, unsigned n)
{
    for (; (uint16_t)(l->aimed - l->added) < n &&
           (uint16_t)(l->aimed - l->seen) < CHAINS;
         l->aimed++)
        header[l->aimed % CHAINS].sector = bench_next(&l->place);
}

/* Where the device is to interrupt: behind what was seen, or never soon. */
static void set_used_event(uint16_t at)
{
    __atomic_store_n(&avail[VIRTQ_AVAIL_RING + SIZE], at, __ATOMIC_RELAXED);
}

static uint16_t load_used(void)
{
    return __atomic_load_n(&used[VIRTQ_USED_IDX], __ATOMIC_ACQUIRE);
}

/* Show the device n more. */
static void kick(struct limit *l, unsigned n)
{
    uint16_t now = (uint16_t)(l->added + n), event;

    __atomic_store_n(&avail[VIRTQ_AVAIL_IDX], now, __ATOMIC_RELEASE);
    vio_mb();
    event =
        __atomic_load_n(&used[VIRTQ_USED_RING + 4 * SIZE], __ATOMIC_RELAXED);
    if ((uint16_t)(now - event - 1) < n) {
        vio_reg_write16(l->doorbell, 0, 0);
        l->notifications++;
    } else {
        l->suppressed++;
    }
    l->added = now;
}

/* Until at least `refill` more are used. */
static void wait_for(struct limit *l)
{
    uint16_t seen;

    while ((uint16_t)((seen = load_used()) - l->seen) < l->run.refill) {
        if (!l->run.sleep)
            continue;
        set_used_event(seen);
        vio_mb();
        if (load_used() == seen)
            port_env_sleep.idle(NULL, port_env.now_ns(NULL) + SECOND);
        set_used_event((uint16_t)(seen - 1));
    }
    l->finished += (uint16_t)(seen - l->seen);
    l->seen = seen;
}

static void read_many(struct limit *l)
{
    uint64_t start = port_env.now_ns(NULL), look = 1024;

    while (l->run.ns || l->finished < l->run.requests) {
        unsigned n = l->run.depth - (uint16_t)(l->added - l->seen);

        aim(l, n);
        kick(l, n);
        aim(l, l->run.refill);
        wait_for(l);
        bench_pause(l->run.pause);
        if (l->run.ns && l->finished >= look) {
            if (port_env.now_ns(NULL) - start >= l->run.ns)
                break;
            look = l->finished + 1024;
        }
    }
    l->run.refill = (uint16_t)(l->added - l->seen);
    wait_for(l);
}

/* Requests that the disk has room for. */
static uint64_t chunks(uint64_t sectors)
{
    static const struct vio_config_field capacity = {VIRTIO_BLK_CONFIG_CAPACITY,
                                                     8, VIO_CONFIG_ALWAYS};
    uint64_t value;

    if (vio_device_config_get(&device.dev, &capacity, 1, &value) < 0)
        port_exit(1);
    return value / sectors;
}

static void measure(const struct bench_run *run)
{
    uint64_t sectors = run->bytes / VIRTIO_BLK_SECTOR_SIZE;
    struct limit l = {.run = *run};
    struct port_irq_counts irq = port_irq_counts();
    uint64_t us;

    build(run);
    set_used_event(0xffff);
    if (vio_device_begin(&device.dev, 0, VIRTIO_BIT(VIRTIO_F_VERSION_1)) < 0 ||
        vio_device_queue_start(&device.dev, &vq) < 0 ||
        vio_device_start(&device.dev) < 0)
        port_exit(1);
    l.doorbell = vq.doorbell.reg;
    l.place = (struct bench_place){run->random, sectors, chunks(sectors), 0};
    us = port_env.now_ns(NULL);
    read_many(&l);
    us = (port_env.now_ns(NULL) - us) / 1000 + 1;
    port_print("depth %u, %u bytes, %s, %s: %llu a second, %llu requests, "
               "%u notifications, %u suppressed, %u interrupts, %u sleeps\n",
               run->depth, run->bytes, run->random ? "random" : "sequential",
               run->sleep ? "interrupt" : "poll",
               (unsigned long long)(l.finished * 1000000 / us),
               (unsigned long long)l.finished, l.notifications, l.suppressed,
               port_irq_counts().queue - irq.queue,
               port_irq_counts().sleeps - irq.sleeps);
    if (vio_device_reset(&device.dev) < 0)
        port_exit(1);
}

/* The first disk. Its doorbell has 16 bits, as on modern PCI. */
static int find_disk(void)
{
    struct port_walk walk = {0};
    struct port_place place;

    while (port_next(&walk, &place))
        if (place.is_pci &&
            port_probe(&device, &place, NULL, &port_env_sleep, NULL) == 0 &&
            device.dev.type == VIRTIO_ID_BLOCK && !device.dev.legacy)
            return port_attach(&device, VIO_PCI_MSIX_EACH, 1);
    return VIO_ENODEV;
}

int main(void)
{
    static struct bench_plan plan;

    if (bench_parse(&plan, port_cmdline()) < 0 || find_disk() < 0) {
        port_print("no modern disk on PCI, or a bad command line\n");
        return 1;
    }
    vq = (struct vio_virtq){.size = SIZE};
    vq.desc_addr = (uintptr_t)desc;
    vq.driver_addr = (uintptr_t)avail;
    vq.device_addr = (uintptr_t)used;
    for (unsigned i = 0; i < plan.n_runs; i++)
        measure(&plan.run[i]);
    return 0;
}
