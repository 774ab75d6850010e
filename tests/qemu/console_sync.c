/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands of the console that wait for what they do. */
#include "console.h"

static void *data(void)
{
    return console_slot[0].buf.base;
}

static uint64_t word_of(uint64_t n, uint64_t seed)
{
    return (n + 1) * 0x9e3779b97f4a7c15u + seed;
}

void console_fill(void *data, uint64_t sector, size_t len, uint64_t seed)
{
    uint64_t *word = data;

    for (size_t i = 0; i < len / 8; i++)
        word[i] = word_of(sector * 64 + i, seed);
}

uint64_t console_sum(const void *data, size_t len)
{
    const uint64_t *word = data;
    uint64_t sum = 0;

    for (size_t i = 0; i < len / 8; i++)
        sum = sum * 31 + word[i];
    return sum;
}

/* read SECTOR SECTORS */
static int run_read(const uint64_t *arg)
{
    size_t len = (size_t)arg[1] * 512;
    int err;

    if (len > CONSOLE_BYTES)
        return VIO_EINVAL;
    err = vio_blk_read(&console_disk, arg[0], data(), len);
    if (err == 0)
        port_print("sum %lx\n", console_sum(data(), len));
    return err;
}

/* write SECTOR SECTORS SEED */
static int run_write(const uint64_t *arg)
{
    size_t len = (size_t)arg[1] * 512;

    if (len > CONSOLE_BYTES)
        return VIO_EINVAL;
    console_fill(data(), arg[0], len, arg[2]);
    return vio_blk_write(&console_disk, arg[0], data(), len);
}

static int run_flush(const uint64_t *arg)
{
    (void)arg;
    return vio_blk_flush(&console_disk);
}

/* discard SECTOR SECTORS */
static int run_discard(const uint64_t *arg)
{
    return vio_blk_discard(&console_disk, arg[0], arg[1]);
}

/* zeroes SECTOR SECTORS UNMAP */
static int run_zeroes(const uint64_t *arg)
{
    return vio_blk_write_zeroes(&console_disk, arg[0], arg[1], arg[2] != 0);
}

static int run_id(const uint64_t *arg)
{
    char id[VIO_BLK_ID_SIZE];
    int err = vio_blk_get_id(&console_disk, id);

    (void)arg;
    if (err == 0)
        port_print("id '%s'\n", id);
    return err;
}

/* writeback ON */
static int run_writeback(const uint64_t *arg)
{
    return vio_blk_set_writeback(&console_disk, arg[0] != 0);
}

static int run_info(const uint64_t *arg)
{
    const struct vio_blk_info *info = vio_blk_info(&console_disk);

    (void)arg;
    port_print("capacity %lu block %u physical %u writeback %u depth %u\n",
               info->capacity, info->block_size, info->physical_block,
               info->writeback, info->depth);
    return 0;
}

/* How the device interrupts. */
static int run_interrupts(const uint64_t *arg)
{
    static const char *const name[] = {"line", "nothing", "shared vectors",
                                       "a vector each"};
    const struct port_device *device = &console_device;

    (void)arg;
    port_print("by %s\n", device->is_pci
                              ? name[vio_pci_interrupt_mode(&device->pci)]
                              : name[0]);
    return 0;
}

static int run_refresh(const uint64_t *arg)
{
    int changed = vio_blk_refresh(&console_disk);

    (void)arg;
    port_print("changed %d\n", changed);
    return changed < 0 ? changed : 0;
}

/* Sleep until an interrupt says that the configuration has changed. */
static int run_config_change(const uint64_t *arg)
{
    const struct vio_env *env = &port_env_sleep;
    uint64_t end = env->now_ns(env->ctx) + arg[0] * 1000000;

    while (port_irq_counts().config == 0) {
        if (env->now_ns(env->ctx) >= end)
            return VIO_ETIMEDOUT;
        env->idle(env->ctx, end);
    }
    return 0;
}

static int run_check(const uint64_t *arg)
{
    (void)arg;
    return vio_device_check(&console_device.dev);
}

#if VIO_HAVE_PORT_IO
/* eject SLOT: what an operating system answers to device_del on the machine
 * `pc`: the bus's ACPI registers take the device off. */
static int run_eject(const uint64_t *arg)
{
    static const struct vio_reg hotplug = {0xae00, VIO_SPACE_PORT};

    vio_reg_write32(hotplug, 0x10, 0); /* the root bus */
    vio_reg_write32(hotplug, 0x08, 1u << arg[0]);
    return 0;
}
#endif

#define PCI_HEADER_TYPE  0x0e
#define PCI_CAPABILITIES 0x34
#define CAP_EXPRESS      0x10
#define SLOT_CONTROL     0x18   /* of that capability */
#define SLOT_POWER_OFF   0x0700 /* and its light, too */

/* The PCI Express capability of a function, or 0. */
static uint32_t find_express(const struct vio_pci_bus *bus, uint32_t bdf)
{
    uint32_t at = bus->read(bus->ctx, bdf, PCI_CAPABILITIES, 1);

    while (at && bus->read(bus->ctx, bdf, at, 1) != CAP_EXPRESS)
        at = bus->read(bus->ctx, bdf, at + 1, 1);
    return at;
}

/* unplug: the same of a slot behind a PCI Express root port: its power goes
 * off. */
static int run_unplug(const uint64_t *arg)
{
    const struct vio_pci_bus *bus = console_device.pci.function.bus;
    struct vio_pci_walk walk = {0};

    (void)arg;
    while (vio_pci_next(bus, &walk)) {
        uint32_t header = bus->read(bus->ctx, walk.bdf, PCI_HEADER_TYPE, 1);
        uint32_t at = header & 0x7f ? find_express(bus, walk.bdf) : 0;

        if (at) {
            bus->write(bus->ctx, walk.bdf, at + SLOT_CONTROL, 2,
                       SLOT_POWER_OFF);
            return 0;
        }
    }
    return VIO_ENODEV;
}

const struct console_command console_sync[] = {
    {"read", 2, run_read},
    {"write", 3, run_write},
    {"flush", 0, run_flush},
    {"discard", 2, run_discard},
    {"zeroes", 3, run_zeroes},
    {"id", 0, run_id},
    {"writeback", 1, run_writeback},
    {"info", 0, run_info},
    {"interrupts", 0, run_interrupts},
    {"refresh", 0, run_refresh},
    {"config_change", 1, run_config_change},
    {"check", 0, run_check},
#if VIO_HAVE_PORT_IO
    {"eject", 1, run_eject},
#endif
    {"unplug", 0, run_unplug},
    {NULL, 0, NULL},
};
