/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: a PCI function whose configuration space and registers are the
 * input. Walk, probe, and what a frontend does with the device then.
 *
 * The first 256 bytes are the configuration space. Past the end everything is
 * 0. Bits of the first byte, where the vendor id goes:
 *
 * 1: it can be written to, like a real one, has BARs of a size, and a window
 *    into them; else every read is served from the bytes that follow.
 * 2: registers hold what is written; they begin as the next 256 bytes, and are
 *    that again after a reset. Else they are served so, too, as they always may
 *    be now and then.
 *
 * Of the first kind are devices that get far, and what the library does to them
 * is judged: each access is inside what was mapped, and that inside its BAR.
 */
#include <string.h>

#include <vio/blk.h>
#include <vio/pci.h>

#include "access.h"

#define BDF VIO_PCI_BDF(0, 3, 0)

/* Bytes of the header that no driver reads: the sizes of the BARs, as powers of
 * two, and what the caller does. */
#define BAR_SIZES 0x28
#define POLICY    0x35
#define ASSIGN    0x36 /* bit 0: the BARs; bit 1: map none of them */
#define MOST      0x37
#define N_QUEUES  0x38
#define VECTOR    0x3a
#define MASK      0x3b

#define MAPS     64u
#define MAP_BASE 0x100000u
#define MAP_STEP 0x20000u /* more than any is long */
#define PAGE     4096u

static const uint8_t *input;
static size_t left;
static uint8_t space[256];
static uint8_t begins[256];              /* how the registers begin */
static uint8_t file[VIO_PCI_BARS][PAGE]; /* and what they are */
static bool settled, steady;
static unsigned window; /* where the driver aims it; 0: nowhere yet */
static uint64_t now;

/* What was mapped. */
static struct {
    unsigned bar;
    uint64_t offset, length;
} map[MAPS];
static unsigned n_maps;

static uint32_t next_bytes(unsigned width)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < width && left; i++, left--)
        value |= (uint32_t)*input++ << 8 * i;
    return value;
}

static uint32_t peek(unsigned offset, unsigned width)
{
    uint32_t value = 0;

    memcpy(&value, space + offset, width);
    return value;
}

static uint32_t flags_of(uint32_t bar)
{
    return bar & 1 ? 3 : 15;
}

/* The size of a BAR, and how many registers it takes. */
static uint64_t bar_size(unsigned bar, unsigned *n)
{
    unsigned log = space[BAR_SIZES + bar] & 63;
    uint32_t low = peek(0x10 + 4 * bar, 4);
    bool is_64 = !(low & 1) && (low & 6) == 4 && bar + 1 < VIO_PCI_BARS;
    uint64_t size = (uint64_t)1 << log;

    *n = is_64 ? 2 : 1;
    if (log == 0 || (!is_64 && log >= 32))
        return 0;
    return size > flags_of(low) ? size : flags_of(low) + 1;
}

/* Which BAR a register belongs to, and which bits of it can be written. */
static uint32_t writable(unsigned reg, unsigned *bar)
{
    for (unsigned i = 0, n; i < VIO_PCI_BARS; i += n) {
        uint64_t size = bar_size(i, &n);

        if (reg >= i + n)
            continue;
        *bar = i;
        return size ? (uint32_t)(~(size - 1) >> 32 * (reg - i)) : 0;
    }
    return 0;
}

static void write_bar(unsigned reg, uint32_t value)
{
    uint32_t old = peek(0x10 + 4 * reg, 4), mask;
    unsigned bar = reg;

    mask = writable(reg, &bar);
    if (bar == reg)
        value = (value & mask & ~flags_of(old)) | (old & flags_of(old));
    else
        value &= mask;
    memcpy(space + 0x10 + 4 * reg, &value, 4);
}

static uint64_t bar_address(unsigned bar)
{
    uint32_t low = peek(0x10 + 4 * bar, 4);
    uint64_t high = 0;
    unsigned n;

    (void)bar_size(bar, &n);
    if (n == 2)
        high = peek(0x14 + 4 * bar, 4);
    return high << 32 | (low & ~flags_of(low));
}

static bool in_bar(unsigned bar, uint64_t offset, uint64_t length)
{
    unsigned first = bar, n;
    uint64_t size;

    if (bar >= VIO_PCI_BARS)
        return false;
    (void)writable(bar, &first);
    size = bar_size(bar, &n);
    return first == bar && offset <= size && length <= size - offset;
}

static void reset_registers(void)
{
    for (size_t i = 0; i < sizeof(file); i += sizeof(begins))
        memcpy(&file[i / PAGE][i % PAGE], begins, sizeof(begins));
}

/* One access to what is behind a BAR. */
static void access_bar(unsigned bar, uint64_t offset, bool write,
                       unsigned width, uint32_t *value)
{
    uint8_t *at = &file[bar][offset % PAGE];

    if (offset % width)
        __builtin_trap();
    if (write) {
        if (width == 1 && *value == 0) /* hardly anything but the status */
            reset_registers();
        memcpy(at, value, width);
        return;
    }
    *value = 0;
    if (steady && next_bytes(1) < 0xf0)
        memcpy(value, at, width);
    else
        *value = next_bytes(width);
}

/* The data of the window: it is aimed at them, and as wide as they. */
static bool through_window(uint32_t offset, bool write, unsigned width,
                           uint32_t *value)
{
    uint32_t at;

    if (!window || offset != window + VIRTIO_PCI_CAP_EXTRA)
        return false;
    at = peek(window + VIRTIO_PCI_CAP_OFFSET, 4);
    if (peek(window + VIRTIO_PCI_CAP_LENGTH, 4) != width ||
        !in_bar(space[window + VIRTIO_PCI_CAP_BAR], at, width))
        __builtin_trap();
    access_bar(space[window + VIRTIO_PCI_CAP_BAR], at, write, width, value);
    return true;
}

static void check_access(uint32_t offset, unsigned width)
{
    if (offset % width || offset + width > sizeof(space))
        __builtin_trap();
}

static uint32_t bus_read(void *ctx, uint32_t bdf, uint32_t offset,
                         unsigned width)
{
    uint32_t value;

    (void)ctx;
    if (bdf != BDF)
        return ~0u >> (32 - 8 * width);
    check_access(offset, width);
    if (!settled && offset >= 4)
        return next_bytes(width);
    if (through_window(offset, false, width, &value))
        return value;
    return peek(offset, width);
}

static void bus_write(void *ctx, uint32_t bdf, uint32_t offset, unsigned width,
                      uint32_t value)
{
    (void)ctx;
    check_access(offset, width);
    if (bdf != BDF || offset < 4)
        __builtin_trap();
    if (settled && through_window(offset, true, width, &value))
        return;
    if (settled && width == 1 && offset >= 0x44) /* nothing else is so wide */
        window = offset - VIRTIO_PCI_CAP_BAR;
    if (settled && offset >= 0x10 && offset < 0x28)
        write_bar((offset - 0x10) / 4, value);
    else
        memcpy(space + offset, &value, width);
}

/* Every other range is refused, or all. Which one it was shows in the address.
 */
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
    if (settled &&
        (!in_bar(bar, offset, length) || address != bar_address(bar)))
        __builtin_trap();
    if (n_maps == MAPS || (space[ASSIGN] & 2) || (next_bytes(1) & 1))
        return -1;
    map[n_maps].bar = bar;
    map[n_maps].offset = offset;
    map[n_maps].length = length;
    out->space = VIO_SPACE_MEM;
    out->addr = MAP_BASE + MAP_STEP * n_maps++;
    return 0;
}

static bool registers(bool write, uintptr_t addr, unsigned width,
                      uint32_t *value)
{
    uintptr_t i = (addr - MAP_BASE) / MAP_STEP;
    uintptr_t offset = (addr - MAP_BASE) % MAP_STEP;

    if (addr < MAP_BASE || i >= n_maps || offset + width > map[i].length)
        __builtin_trap();
    access_bar(map[i].bar, map[i].offset + offset, write, width, value);
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

    (void)vio_pci_set_interrupts(p, space[MOST] & 3,
                                 (uint16_t)peek(N_QUEUES, 2), space[VECTOR]);
    (void)vio_pci_isr(p, next_bytes(1));
    if (vio_blk_mem_size(&p->dev, &cfg, &want, &least))
        return;
    if (vio_blk_init(&blk, &p->dev, &cfg, &mem) == 0) {
        (void)vio_pci_isr(p, next_bytes(1));
        (void)vio_pci_mask(p, space[MASK], true);
        (void)vio_blk_get_id(&blk, id);
        (void)vio_blk_refresh(&blk);
        (void)vio_blk_recover(&blk, VIO_BLK_HAND_BACK);
        (void)vio_blk_fini(&blk);
    }
    /* Another wish, which is nothing in use. */
    (void)vio_pci_set_interrupts(p, VIO_PCI_MSIX_EACH, 1000, 0);
    (void)vio_pci_mask(p, 999, true);
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
        const struct vio_policy *policy = &policies[space[POLICY] % 3];

        if (space[ASSIGN] & 1)
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
    steady = space[0] & 2;
    input = data + n;
    left = size - n;
    for (size_t i = 0; steady && i < sizeof(begins); i++)
        begins[i] = (uint8_t)next_bytes(1);
    reset_registers();
    for (unsigned i = 0; settled && i < VIO_PCI_BARS; i++)
        write_bar(i, peek(0x10 + 4 * i, 4));
    now = n_maps = window = 0;
    /* Or hardly an input came further. */
    memcpy(space, "\xf4\x1a\x42\x10", 4);
    model_access_hook = NULL;
    model_between = NULL;
    model_other_regs = registers;
    walk_and_probe();
    return 0;
}
