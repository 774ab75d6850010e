/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: a PCI function whose configuration space and registers are the
 * input. Walk, probe, and what a frontend does with the device then.
 *
 * The first 256 bytes are the configuration space; where the first of them is
 * odd it can be written to, like a real one, and else every read is served from
 * the bytes that follow, as registers always are. Past the end everything is 0.
 */
#include <string.h>

#include <vio/blk.h>
#include <vio/pci.h>

#include "access.h"

#define BDF VIO_PCI_BDF(0, 3, 0)

static const uint8_t *input;
static size_t left;
static uint8_t space[256];
static bool settled;
static uint64_t now;

static uint32_t next_bytes(unsigned width)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < width && left; i++, left--)
        value |= (uint32_t)*input++ << 8 * i;
    return value;
}

static uint32_t bus_read(void *ctx, uint32_t bdf, uint32_t offset,
                         unsigned width)
{
    uint32_t value = 0;

    (void)ctx;
    if (bdf != BDF)
        return ~0u >> (32 - 8 * width);
    if (!settled && offset >= 4)
        return next_bytes(width);
    if (offset % width || offset + width > sizeof(space))
        __builtin_trap();
    memcpy(&value, space + offset, width);
    return value;
}

static void bus_write(void *ctx, uint32_t bdf, uint32_t offset, unsigned width,
                      uint32_t value)
{
    (void)ctx;
    if (bdf != BDF || offset % width || offset + width > sizeof(space))
        __builtin_trap();
    memcpy(space + offset, &value, width);
}

/* Every other range is refused. Which one it was shows in the address. */
static int map_bar(void *ctx, uint32_t bdf, unsigned bar, uint64_t address,
                   uint64_t offset, uint64_t length, bool is_io,
                   struct vio_reg *out)
{
    (void)ctx;
    (void)bdf;
    (void)is_io;
    if (bar >= VIO_PCI_BARS || length == 0 || offset + length < offset ||
        address + offset < address || length > 65536)
        __builtin_trap();
    out->space = VIO_SPACE_MEM;
    out->addr = 0x100000;
    return next_bytes(1) & 1 ? -1 : 0;
}

static bool registers(bool write, uintptr_t addr, unsigned width,
                      uint32_t *value)
{
    if (addr < 0x100000 || addr % width)
        __builtin_trap();
    if (!write)
        *value = next_bytes(width);
    return true;
}

static uint64_t clock_ns(void *ctx)
{
    (void)ctx;
    return now += 100000000;
}

static int compose(void *ctx, unsigned vector, uint64_t *addr, uint32_t *data)
{
    (void)ctx;
    *addr = 0xfee00000;
    *data = vector;
    return vector & 8 ? -1 : 0;
}

static const struct vio_env env = {.now_ns = clock_ns, .msi_compose = compose};

static void use(struct vio_pci *p)
{
    static uint8_t shared[1 << 20] __attribute__((aligned(4096)));
    static uint8_t priv[1 << 20] __attribute__((aligned(16)));
    struct vio_mem mem = {shared, 0x200000, sizeof(shared), priv, sizeof(priv)};
    const struct vio_blk_config cfg = {.depth = 4, .timeout_ns = 300000000};
    struct vio_need want, least;
    struct vio_blk blk;
    char id[VIO_BLK_ID_SIZE];

    (void)vio_pci_set_interrupts(p, next_bytes(1) & 3, (uint16_t)next_bytes(2),
                                 next_bytes(1));
    (void)vio_pci_isr(p, next_bytes(1));
    if (vio_blk_mem_size(&p->dev, &cfg, &want, &least))
        return;
    if (vio_blk_init(&blk, &p->dev, &cfg, &mem) == 0) {
        (void)vio_pci_isr(p, next_bytes(1));
        (void)vio_pci_mask(p, next_bytes(1), true);
        (void)vio_blk_get_id(&blk, id);
        (void)vio_blk_refresh(&blk);
        (void)vio_blk_recover(&blk, VIO_BLK_HAND_BACK);
        (void)vio_blk_fini(&blk);
    }
    (void)vio_pci_restore(p);
}

static void walk_and_probe(void)
{
    static const struct vio_policy policies[] = {
        {.interface = VIO_PREFER_MODERN},
        {.interface = VIO_REQUIRE_MODERN},
        {.interface = VIO_REQUIRE_LEGACY},
    };
    struct vio_pci_bus bus = {
        .read = bus_read, .write = bus_write, .map_bar = map_bar};
    struct vio_pci_windows windows = {{0x1000, 0x10000}, {0x80000000, ~0ull}};
    struct vio_pci_walk walk = {.bdf = 0};
    struct vio_why why;
    struct vio_pci p;
    char text[200];

    while (vio_pci_find(&bus, &walk)) {
        const struct vio_policy *policy = &policies[next_bytes(1) % 3];

        if (next_bytes(1) & 1)
            (void)vio_pci_assign_bars(&bus, walk.bdf, &windows, &why);
        if (vio_pci_probe(&p, &bus, walk.bdf, policy, &env, &why) == 0)
            use(&p);
        else
            (void)vio_why_text(&why, text, sizeof(text));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t n = size < sizeof(space) ? size : sizeof(space);

    memset(space, 0, sizeof(space));
    memcpy(space, data, n);
    settled = space[0] & 1;
    input = data + n;
    left = size - n;
    now = 0;
    /* Or hardly an input came further. */
    memcpy(space, "\xf4\x1a\x42\x10", 4);
    model_access_hook = NULL;
    model_between = NULL;
    model_other_regs = registers;
    walk_and_probe();
    return 0;
}
