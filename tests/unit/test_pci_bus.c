/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration space: the ways to it, the walk, the BARs. */
#include "unit_pci.h"

/* Ids of functions by bdf, of a bus that is nothing but that. */
static uint32_t ids[0x10000];
static uint8_t header[0x10000];
static unsigned reads;

static uint32_t read_ids(void *ctx, uint32_t bdf, uint32_t offset,
                         unsigned width)
{
    assert_ptr_equal(ctx, ids);
    assert_true(bdf < COUNT(ids));
    reads++;
    if (offset == 0 && width == 4)
        return ids[bdf];
    assert_int_equal(offset, 0x0e);
    assert_int_equal(width, 1);
    assert_int_not_equal(ids[bdf] & 0xffff, 0xffff); /* nothing is there */
    return header[bdf];
}

static struct vio_pci_bus bus_of_ids(uint8_t first, uint8_t last)
{
    memset(ids, 0xff, sizeof(ids));
    memset(header, 0, sizeof(header));
    reads = 0;
    return (struct vio_pci_bus){
        .ctx = ids, .read = read_ids, .first_bus = first, .last_bus = last};
}

static void empty_bus_has_no_function(void **state)
{
    struct vio_pci_bus bus = bus_of_ids(0, 255);
    struct vio_pci_walk walk = {0};

    (void)state;
    assert_false(vio_pci_next(&bus, &walk));
    assert_false(vio_pci_next(&bus, &walk));
    assert_int_equal(reads, 256 * 32); /* function 0 of each */
}

static void walk_knows_of_multi_function_devices(void **state)
{
    struct vio_pci_bus bus = bus_of_ids(0, 1);
    static const uint32_t there[] = {
        VIO_PCI_BDF(0, 0, 0), VIO_PCI_BDF(0, 3, 0),  VIO_PCI_BDF(0, 3, 5),
        VIO_PCI_BDF(0, 4, 0), VIO_PCI_BDF(0, 31, 0), VIO_PCI_BDF(0, 31, 7),
        VIO_PCI_BDF(1, 0, 0), VIO_PCI_BDF(1, 31, 0),
    };
    struct vio_pci_walk walk = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(there); i++)
        ids[there[i]] = 0x12340000u + (uint32_t)i + 1;
    header[VIO_PCI_BDF(0, 3, 0)] = 0x80;
    header[VIO_PCI_BDF(0, 31, 0)] = 0x81;
    ids[VIO_PCI_BDF(0, 0, 1)] = 0x11111111; /* not of a multi-function one */
    ids[VIO_PCI_BDF(0, 7, 1)] = 0x11111111; /* function 0 is missing */
    ids[VIO_PCI_BDF(0, 9, 0)] = 0x12340000; /* of no vendor */
    ids[VIO_PCI_BDF(2, 0, 0)] = 0x11111111; /* beyond the last bus */
    for (size_t i = 0; i < COUNT(there); i++) {
        assert_true(vio_pci_next(&bus, &walk));
        assert_int_equal(walk.bdf, there[i]);
        assert_int_equal(walk.id, 0x12340000u + i + 1);
    }
    assert_false(vio_pci_next(&bus, &walk));
}

static void walk_keeps_to_the_buses_that_there_are(void **state)
{
    struct vio_pci_bus bus = bus_of_ids(4, 5);
    struct vio_pci_walk walk = {0};

    (void)state;
    ids[VIO_PCI_BDF(0, 0, 0)] = 0x11111111;
    ids[VIO_PCI_BDF(5, 31, 0)] = 0x22222222;
    ids[VIO_PCI_BDF(6, 0, 0)] = 0x33333333;
    assert_true(vio_pci_next(&bus, &walk));
    assert_int_equal(walk.bdf, VIO_PCI_BDF(5, 31, 0));
    assert_false(vio_pci_next(&bus, &walk));
    assert_int_equal(reads, 2 * 32 + 1);
}

/* PCI-01 */
static void find_takes_virtio_devices_only(void **state)
{
    struct vio_pci_bus bus = bus_of_ids(0, 0);
    struct vio_pci_walk walk = {0};

    (void)state;
    ids[VIO_PCI_BDF(0, 1, 0)] = 0x0fff1af4;
    ids[VIO_PCI_BDF(0, 2, 0)] = 0x10001af4;
    ids[VIO_PCI_BDF(0, 3, 0)] = 0x10001af5;
    ids[VIO_PCI_BDF(0, 4, 0)] = 0x107f1af4;
    ids[VIO_PCI_BDF(0, 5, 0)] = 0x10801af4;
    assert_true(vio_pci_find(&bus, &walk));
    assert_int_equal(walk.bdf, VIO_PCI_BDF(0, 2, 0));
    assert_true(vio_pci_find(&bus, &walk));
    assert_int_equal(walk.bdf, VIO_PCI_BDF(0, 4, 0));
    assert_false(vio_pci_find(&bus, &walk));
}

/* The one register access that comes of it. */
static struct {
    bool write;
    uintptr_t addr;
    unsigned width;
    uint32_t value;
} log_of[8];
static unsigned n_log;

static bool log_access(bool write, uintptr_t addr, unsigned width,
                       uint32_t *value)
{
    assert_true(n_log < COUNT(log_of));
    log_of[n_log].write = write;
    log_of[n_log].addr = addr;
    log_of[n_log].width = width;
    log_of[n_log++].value = *value;
    if (!write)
        *value = 0x01020304;
    return true;
}

static void assert_log(unsigned i, bool write, uintptr_t addr, unsigned width)
{
    assert_int_equal(log_of[i].write, write);
    assert_int_equal(log_of[i].addr, addr);
    assert_int_equal(log_of[i].width, width);
}

static void ecam_puts_each_function_at_its_page(void **state)
{
    struct vio_pci_ecam ecam = {{0x40000000, VIO_SPACE_MEM}, 2u << 20, 16};
    struct vio_pci_bus bus = vio_pci_ecam_bus(&ecam);

    (void)state;
    model_other_regs = log_access;
    assert_int_equal(bus.first_bus, 16);
    assert_int_equal(bus.last_bus, 17);
    for (unsigned width = 1; width <= 4; width *= 2) {
        n_log = 0;
        bus.read(bus.ctx, VIO_PCI_BDF(16, 0, 0), 0x34, width);
        bus.read(bus.ctx, VIO_PCI_BDF(17, 31, 7), 0xfc, width);
        bus.write(bus.ctx, VIO_PCI_BDF(16, 2, 1), 0x10, width, 0x55);
        assert_int_equal(n_log, 3);
        assert_log(0, false, 0x40000034, width);
        assert_log(1, false, 0x401ff0fc, width);
        assert_log(2, true, 0x40011010, width);
    }
    /* Beyond it there is nothing, and nothing is touched. */
    n_log = 0;
    assert_int_equal(bus.read(bus.ctx, VIO_PCI_BDF(15, 31, 7), 0, 4),
                     0xffffffff);
    assert_int_equal(bus.read(bus.ctx, VIO_PCI_BDF(18, 0, 0), 0, 4),
                     0xffffffff);
    bus.write(bus.ctx, VIO_PCI_BDF(18, 0, 0), 0, 4, 0);
    assert_int_equal(n_log, 0);
}

static void ecam_of_any_size(void **state)
{
    static const struct {
        uint64_t size;
        uint8_t first, last;
    } table[] = {{0, 0, 0},
                 {4096, 3, 3},
                 {1u << 20, 255, 255},
                 {256u << 20, 0, 255},
                 {256u << 20, 100, 255},
                 {UINT64_MAX, 0, 255}};

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct vio_pci_ecam ecam = {
            {0x40000000, VIO_SPACE_MEM}, table[i].size, table[i].first};

        assert_int_equal(vio_pci_ecam_bus(&ecam).last_bus, table[i].last);
    }
}

#if VIO_HAVE_PORT_IO
static void ports_are_an_address_and_data(void **state)
{
    struct vio_pci_bus bus = vio_pci_ports();

    (void)state;
    model_other_regs = log_access;
    for (unsigned offset = 0; offset < 4; offset++) {
        for (unsigned width = 1; width <= 4; width *= 2) {
            if (offset % width)
                continue;
            n_log = 0;
            bus.read(bus.ctx, VIO_PCI_BDF(1, 2, 3), 0x10 + offset, width);
            bus.write(bus.ctx, VIO_PCI_BDF(1, 2, 3), 0x10 + offset, width, 1);
            assert_int_equal(n_log, 4);
            assert_log(0, true, 0xcf8, 4);
            assert_int_equal(log_of[0].value, 0x80011310);
            assert_log(1, false, 0xcfc + offset, width);
            assert_log(2, true, 0xcf8, 4);
            assert_log(3, true, 0xcfc + offset, width);
        }
    }
}

/* Without a seen address I/O BARs are ports. */
static void io_bars_are_ports(void **state)
{
    (void)state;
    unit_pci_start(MODEL_PCI_LEGACY);
    unit_bus.io_base = 0;
    model_other_regs = log_access;
    n_log = 0;
    vio_pci_probe(&unit_pci, &unit_bus, unit_bdf, NULL, NULL, NULL);
    assert_int_equal(n_log, 1);
    assert_log(0, false, MODEL_PCI_IO_BASE + 18, 1);
}
#endif

/* Where I/O space is seen the registers would be beyond all memory. */
static void io_space_is_seen_too_high(void **state)
{
    static const uintptr_t base[] = {
        UINTPTR_MAX - MODEL_PCI_IO_BASE + 1,
        UINTPTR_MAX - MODEL_PCI_IO_BASE,
        UINTPTR_MAX - MODEL_PCI_IO_BASE - 0x7e,
    };

    (void)state;
    for (size_t i = 0; i < COUNT(base); i++) {
        unit_pci_start(MODEL_PCI_LEGACY);
        unit_bus.io_base = base[i];
        unit_pci_probe_fails(NULL, VIO_ENODEV, VIO_WHY_BAR_REFUSED);
    }
}

/* A device whose BARs have no addresses. */
static void start_unassigned(unsigned parts)
{
    unit_pci_start(parts);
    for (unsigned i = 0; i < 6; i++) {
        uint32_t at = 0x10 + 4 * i;
        uint32_t flags = model_pci_peek(&unit_function, at, 4) & 0xf;

        model_pci_put(&unit_function, at, 4, flags & 1 ? 1 : flags);
    }
}

static void assign_gives_every_bar_an_address(void **state)
{
    struct vio_pci_windows w = {{0, 0x10000}, {0x40000100, 0x50000000}};

    (void)state;
    start_unassigned(MODEL_PCI_ALL);
    assert_int_equal(vio_pci_assign_bars(&unit_bus, unit_bdf, &w, NULL), 0);
    /* Each aligned to its size, I/O not at 0, and decoding still off. */
    assert_int_equal(model_pci_peek(&unit_function, 0x10, 4), 0x81);
    assert_int_equal(model_pci_peek(&unit_function, 0x14, 4), 0x40001000);
    assert_int_equal(model_pci_peek(&unit_function, 0x20, 4), 0x4000400c);
    assert_int_equal(model_pci_peek(&unit_function, 0x24, 4), 0);
    assert_int_equal(model_pci_peek(&unit_function, 4, 2), 0);
    assert_int_equal(w.io.next, 0x100);
    assert_int_equal(w.mem.next, 0x40008000);
    assert_int_equal(unit_pci_probe(NULL), 0);
    unit_pci_up();
    unit_pci_transfer();
}

static void assign_keeps_addresses_that_are_there(void **state)
{
    struct vio_pci_windows w = {{0, 0}, {0, 0}};
    uint8_t space[256];

    (void)state;
    unit_pci_start(MODEL_PCI_ALL);
    memcpy(space, unit_function.space, sizeof(space));
    assert_int_equal(vio_pci_assign_bars(&unit_bus, unit_bdf, &w, NULL), 0);
    assert_memory_equal(space, unit_function.space, sizeof(space));
}

static void assign_is_all_or_nothing(void **state)
{
    static const struct vio_pci_windows windows[] = {
        {{0, 0x10000}, {0x40000000, 0x40004fff}},
        {{0, 0x80}, {0x40000000, 0x50000000}},
        {{0x10000, 0x10000}, {0x40000000, 0x50000000}},
        {{0, 0x10000}, {UINT64_MAX, UINT64_MAX}},
        {{0, 0x10000}, {0xfffff001, UINT64_MAX}}, /* 32 bits are not enough */
        {{UINT64_MAX - 5, UINT64_MAX}, {0x40000000, 0x50000000}},
        {{0x9000, 0x1000}, {0x50000000, 0x40000000}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(windows); i++) {
        struct vio_pci_windows w = windows[i];
        uint8_t space[256];

        start_unassigned(MODEL_PCI_ALL);
        memcpy(space, unit_function.space, sizeof(space));
        assert_int_equal(
            vio_pci_assign_bars(&unit_bus, unit_bdf, &w, &unit_why),
            VIO_ENOMEM);
        assert_int_equal(unit_why.reason, VIO_WHY_PCI_WINDOW_FULL);
        assert_memory_equal(space, unit_function.space, sizeof(space));
        assert_memory_equal(&w, &windows[i], sizeof(w));
    }
}

/* DX-PCI-07. Of 32 bits a processor does not reach it there without help. */
static void assign_above_4_gib_for_64_bit_bars(void **state)
{
    struct vio_pci_windows w = {{0, 0}, {0x800000000000u, 0x900000000000u}};

    (void)state;
    start_unassigned(MODEL_PCI_MODERN);
    assert_int_equal(vio_pci_assign_bars(&unit_bus, unit_bdf, &w, NULL), 0);
    assert_int_equal(model_pci_peek(&unit_function, 0x20, 4), 0xc);
    assert_int_equal(model_pci_peek(&unit_function, 0x24, 4), 0x8000);
    if (UINTPTR_MAX == UINT32_MAX) {
        unit_pci_probe_fails(NULL, VIO_ENODEV, VIO_WHY_BAR_REFUSED);
        return;
    }
    assert_int_equal(unit_pci_probe(NULL), 0);
    unit_pci_up();
    unit_pci_transfer();
}

static void assign_needs_a_device(void **state)
{
    struct vio_pci_windows w = {{0, 0x10000}, {0x40000000, 0x50000000}};

    (void)state;
    unit_pci_start(MODEL_PCI_ALL);
    assert_int_equal(vio_pci_assign_bars(&unit_bus, unit_bdf + 1, &w, NULL),
                     VIO_ENODEV);
    unit_function.space[0x0e] = 1;
    assert_int_equal(vio_pci_assign_bars(&unit_bus, unit_bdf, &w, NULL),
                     VIO_ENODEV);
    assert_int_equal(unit_function.config_writes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_case(empty_bus_has_no_function),
        unit_case(walk_knows_of_multi_function_devices),
        unit_case(walk_keeps_to_the_buses_that_there_are),
        unit_case(find_takes_virtio_devices_only),
        unit_case(ecam_puts_each_function_at_its_page),
        unit_case(ecam_of_any_size),
#if VIO_HAVE_PORT_IO
        unit_case(ports_are_an_address_and_data),
        unit_case(io_bars_are_ports),
#endif
        unit_case(io_space_is_seen_too_high),
        unit_case(assign_gives_every_bar_an_address),
        unit_case(assign_keeps_addresses_that_are_there),
        unit_case(assign_is_all_or_nothing),
        unit_case(assign_above_4_gib_for_64_bit_bars),
        unit_case(assign_needs_a_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
