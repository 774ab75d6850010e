/* SPDX-License-Identifier: BSD-2-Clause */
/* A disk behind each of the four transports. */
#include "unit_way.h"

#define AT   8u /* the sectors that are transferred */
#define SIZE 1536u

struct unit_way_state unit_way;

bool unit_way_is_pci(enum unit_way way)
{
    return way >= UNIT_PCI_LEGACY;
}

bool unit_way_is_legacy(enum unit_way way)
{
    return way == UNIT_MMIO_1 || way == UNIT_PCI_LEGACY;
}

static void count(void)
{
    uint64_t n = unit_way.accesses++;

    if (unit_way.before)
        unit_way.before(n);
}

static void between(enum model_kind kind, const void *ptr, unsigned width,
                    uint64_t value)
{
    (void)ptr;
    (void)width;
    (void)value;
    if (kind == MODEL_REG_READ || kind == MODEL_REG_WRITE)
        count();
}

static uint32_t garbled(unsigned width, uint32_t value)
{
    uint32_t mask = ~0u >> (32 - 8 * width);

    return unit_way.garble ? unit_way.garble(width, value) & mask : value;
}

static uint32_t on_read(struct model_dev *d, uint32_t offset, unsigned width,
                        uint32_t value)
{
    (void)d;
    (void)offset;
    return garbled(width, value);
}

static uint32_t on_bar_read(struct model_pci *m, unsigned width, uint32_t value)
{
    (void)m;
    return garbled(width, value);
}

static uint32_t bus_read(void *ctx, uint32_t bdf, uint32_t offset,
                         unsigned width)
{
    uint32_t value;

    count();
    value = model_pci_read(ctx, bdf, offset, width);
    return unit_function.dev.gone_after == 0 ? value : garbled(width, value);
}

static void bus_write(void *ctx, uint32_t bdf, uint32_t offset, unsigned width,
                      uint32_t value)
{
    count();
    model_pci_write(ctx, bdf, offset, width, value);
}

/* Of the BARs only that of the vectors can be mapped. */
static int map_vectors(void *ctx, uint32_t bdf, unsigned bar, uint64_t address,
                       uint64_t offset, uint64_t length, bool is_io,
                       struct vio_reg *out)
{
    (void)ctx;
    (void)bdf;
    (void)length;
    if (is_io || bar != MODEL_PCI_TABLE_BAR)
        return -1;
    *out = vio_reg_mem((uintptr_t)(address + offset));
    return 0;
}

/* Making a disk's data takes long: they are made once. */
static void start_disk(struct model_dev *d, uint32_t version)
{
    static bool made;

    unit_setup(NULL);
    if (!made)
        model_disk_init(&unit_disk, d, version, UNIT_WAY_SECTORS);
    else
        model_disk_attach(&unit_disk, d, version, UNIT_WAY_SECTORS);
    made = true;
    d->queue_max[0] = UNIT_WAY_QUEUE_MAX;
    d->offered |= version == 2 ? unit_format : unit_format & MF(MF_INDIRECT);
    model_disk_set_seg_max(&unit_disk, d, 8);
    model_disk_set_limits(d, MF_BLK_DISCARD, (struct model_limits){16, 2, 1});
}

static void start_pci(enum unit_way way)
{
    unsigned parts = way == UNIT_PCI_LEGACY ? MODEL_PCI_LEGACY
                     : way == UNIT_PCI_MODERN
                         ? MODEL_PCI_MODERN
                         : MODEL_PCI_MODERN | MODEL_PCI_WINDOW;

    memset(&unit_function, 0, sizeof(unit_function));
    start_disk(&unit_function.dev, way == UNIT_PCI_LEGACY ? 1 : 2);
    model_pci_init(&unit_function, unit_bdf, parts | MODEL_PCI_MSIX);
    unit_function.on_bar_read = on_bar_read;
    unit_bus = (struct vio_pci_bus){
        .read = bus_read,
        .write = bus_write,
        .map_bar = way == UNIT_PCI_WINDOW ? map_vectors : NULL,
        .io_base = MODEL_PCI_IO_SEEN,
    };
}

void unit_way_start(enum unit_way way)
{
    unit_way = (struct unit_way_state){
        .way = way,
        .dev = unit_way_is_pci(way) ? &unit_pci.dev : &unit_mmio.dev,
        .model = unit_way_is_pci(way) ? &unit_function.dev : &unit_dev,
        .cfg = {.depth = 4, .queue_size = 64, .timeout_ns = 1000000000},
    };
    if (unit_way_is_pci(way))
        start_pci(way);
    else
        start_disk(&unit_dev, way == UNIT_MMIO_1 ? 1 : 2);
    unit_way.model->on_read = unit_way_is_pci(way) ? NULL : on_read;
    unit_env.step_ns = 20000000;
    model_between = between;
    memset(&unit_why, 0, sizeof(unit_why));
}

static int probe_pci(void)
{
    int err = vio_pci_probe(&unit_pci, &unit_bus, unit_bdf, &unit_way.policy,
                            &unit_env.env, &unit_why);

    if (err || !unit_way.vectors)
        return err;
    unit_pci_allow_msi();
    return vio_pci_set_interrupts(&unit_pci, VIO_PCI_MSIX_EACH, 1, 32);
}

void unit_way_set_queues(unsigned n)
{
    model_disk_set_queues(unit_way.model, n, n);
    for (unsigned i = 0; i < n; i++)
        unit_way.model->queue_max[i] = UNIT_WAY_QUEUE_MAX;
    unit_function.num_queues = (uint16_t)n;
    unit_way.cfg.n_queues = (uint16_t)n;
}

int unit_way_probe(void)
{
    if (unit_way_is_pci(unit_way.way))
        return probe_pci();
    return vio_mmio_probe(&unit_mmio, vio_reg_mem(unit_dev.window),
                          unit_dev.length, &unit_way.policy, &unit_env.env,
                          &unit_why);
}

int unit_way_try_up(void)
{
    struct vio_need want, least;
    struct vio_mem mem;
    int err = vio_blk_mem_size(unit_way.dev, &unit_way.cfg, &want, &least);

    if (err)
        return err;
    mem = unit_mem(want.shared, want.priv, 4096);
    return vio_blk_init(&unit_way.blk, unit_way.dev, &unit_way.cfg, &mem);
}

void unit_way_up(void)
{
    assert_int_equal(unit_way_probe(), 0);
    assert_int_equal(unit_way_try_up(), 0);
    assert_int_equal(unit_way.dev->legacy, unit_way_is_legacy(unit_way.way));
    assert_int_equal(unit_way.dev->features & MF(MF_PACKED),
                     unit_format & MF(MF_PACKED));
    assert_int_equal(unit_way.model->status & MS_DRIVER_OK, MS_DRIVER_OK);
}

void unit_way_down(void)
{
    assert_int_equal(vio_blk_fini(&unit_way.blk), 0);
    assert_int_equal(unit_way.model->status, 0);
    assert_int_equal(unit_env.maps, unit_env.unmaps);
}

static uint8_t pattern(uint8_t seed, size_t i)
{
    return (uint8_t)(seed + i * 5 + i / 512);
}

int unit_way_transfer(uint8_t seed)
{
    static uint8_t to[SIZE], from[SIZE];
    int err;

    for (size_t i = 0; i < SIZE; i++)
        to[i] = pattern(seed, i);
    memset(from, 0xee, SIZE);
    err = vio_blk_write(&unit_way.blk, AT, to, SIZE);
    if (!err)
        err = vio_blk_read(&unit_way.blk, AT, from, SIZE);
    if (!err)
        err = vio_blk_flush(&unit_way.blk);
    if (!err)
        assert_memory_equal(to, from, SIZE);
    return err;
}

void unit_way_transfer_well(uint8_t seed)
{
    assert_int_equal(unit_way_transfer(seed), 0);
    for (size_t i = 0; i < SIZE; i++)
        assert_int_equal(unit_disk.durable[AT * 512 + i], pattern(seed, i));
}
