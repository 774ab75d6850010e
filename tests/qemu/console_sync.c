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
    {NULL, 0, NULL},
};
