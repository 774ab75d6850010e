/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a PCI function shows of itself, and what the probe makes of it: ids,
 * BARs, the choice of the interface. That nothing is written but what may be is
 * what the model's monitor watches in every test.
 */
#include "unit_pci.h"

static const struct vio_policy modern = {.interface = VIO_REQUIRE_MODERN};
static const struct vio_policy legacy = {.interface = VIO_REQUIRE_LEGACY};

/* PCI-01 to PCI-04, C1, C7 */
static void probe_takes_every_id_of_the_range(void **state)
{
    static const struct {
        uint16_t id, subsystem;
        uint32_t type;
    } table[] = {
        {0x1000, 1, 1},   {0x1001, 2, 2},  {0x1002, 5, 5}, {0x1003, 3, 3},
        {0x1004, 8, 8},   {0x1005, 4, 4},  {0x1009, 9, 9}, {0x1010, 2, 2},
        {0x103f, 77, 77}, {0x1042, 77, 2}, {0x1040, 2, 0}, {0x107f, 2, 63},
    };
    static const uint8_t revisions[] = {0, 1, 0xff};

    (void)state;
    for (size_t i = 0; i < COUNT(table) * COUNT(revisions); i++) {
        unit_pci_start(MODEL_PCI_ALL);
        model_pci_put(&unit_function, 2, 2, table[i / 3].id);
        model_pci_put(&unit_function, 0x2e, 2, table[i / 3].subsystem);
        unit_function.space[8] = revisions[i % 3];
        assert_int_equal(unit_pci_probe(NULL), 0);
        assert_int_equal(unit_pci.dev.type, table[i / 3].type);
        assert_false(unit_pci.dev.legacy);
        assert_int_equal(unit_pci.revision, revisions[i % 3]);
        assert_int_equal(unit_pci.irq_line, 11);
    }
}

static void t_pci_01_foreign_ids(void **state)
{
    static const uint32_t ids[] = {0xffffffff, 0,          0x10011af5,
                                   0x0fff1af4, 0x10801af4, 0x1af41001};

    (void)state;
    for (size_t i = 0; i < COUNT(ids); i++) {
        unit_pci_start(MODEL_PCI_ALL);
        model_pci_put(&unit_function, 0, 4, ids[i]);
        unit_pci_probe_fails(NULL, VIO_ENODEV, VIO_WHY_NOT_VIRTIO_PCI);
        assert_int_equal(unit_function.config_reads, 2); /* of two probes */
        assert_int_equal(unit_function.config_writes, 0);
    }
    unit_pci_start(MODEL_PCI_ALL);
    unit_function.absent = true;
    unit_pci_probe_fails(NULL, VIO_ENODEV, VIO_WHY_NOT_VIRTIO_PCI);
}

static void a_bridge_is_no_device(void **state)
{
    (void)state;
    unit_pci_start(MODEL_PCI_ALL);
    unit_function.space[0x0e] = 0x81;
    unit_pci_probe_fails(NULL, VIO_ENODEV, VIO_WHY_NOT_VIRTIO_PCI);
}

/* LPCI-04, LPCI-05 */
static void t_pci_02_no_capabilities(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        unit_pci_start(MODEL_PCI_LEGACY);
        if (i == 1)
            unit_function.space[6] = 0; /* no list at all */
        assert_int_equal(unit_pci_probe(i == 2 ? &legacy : NULL), 0);
        assert_true(unit_pci.dev.legacy);
    }
    unit_pci_start(0);
    unit_pci_probe_fails(NULL, VIO_ENODEV, VIO_WHY_NO_LEGACY_BAR);
    /* LPCI-07: no register is touched. */
    unit_pci_start(MODEL_PCI_LEGACY);
    unit_pci_probe_fails(&modern, VIO_ENOTSUP, VIO_WHY_LEGACY_REFUSED);
    assert_int_equal(unit_function.dev.reads, 0);
}

static void legacy_wants_revision_0(void **state)
{
    (void)state;
    unit_pci_start(MODEL_PCI_LEGACY);
    unit_function.space[8] = 1;
    unit_pci_probe_fails(NULL, VIO_ENODEV, VIO_WHY_LEGACY_REVISION);
}

static void set_bar4(uint64_t value)
{
    model_pci_put(&unit_function, 0x20, 4, (uint32_t)value);
    model_pci_put(&unit_function, 0x24, 4, (uint32_t)(value >> 32));
}

/* DX-PCI-08: then the window is the way in. */
static void t_pci_11_bar_has_no_address(void **state)
{
    static const uint64_t addresses[] = {0xc, 0xffffffffffffc00cu};

    (void)state;
    for (size_t i = 0; i < COUNT(addresses); i++) {
        unit_pci_start(MODEL_PCI_MODERN);
        set_bar4(addresses[i]);
        unit_pci_probe_fails(NULL, VIO_ENODEV, VIO_WHY_BAR_UNASSIGNED);
        assert_int_equal(unit_why.found, 4);
        unit_pci_start(MODEL_PCI_MODERN | MODEL_PCI_WINDOW);
        set_bar4(addresses[i]);
        assert_int_equal(unit_pci_probe(NULL), 0);
        assert_false(unit_pci.common.mapped);
        unit_pci_up();
        unit_pci_transfer();
        assert_int_equal(unit_function.dev.reads + unit_function.dev.writes, 0);
        unit_pci_down();
    }
    unit_pci_start(MODEL_PCI_MODERN | MODEL_PCI_WINDOW);
    unit_function.bar_size[4] = 0;
    set_bar4(0);
    unit_pci_probe_fails(NULL, VIO_EPROTO, VIO_WHY_BAD_CAP);
}

static void t_pci_12_64_bit_bar_in_the_last_slot(void **state)
{
    (void)state;
    unit_pci_start(MODEL_PCI_MODERN);
    unit_function.bar_size[5] = 0x4000;
    unit_function.bar_size[4] = 0;
    model_pci_put(&unit_function, 0x20, 4, 0);
    model_pci_put(&unit_function, 0x24, 4, 0xd0000004);
    for (uint8_t at = 0x40; at; at = unit_function.space[at + 1u])
        unit_function.space[at + 4u] = 5;
    unit_pci_probe_fails(NULL, VIO_EPROTO, VIO_WHY_BAD_CAP);
}

static void t_pci_12_bar_of_a_reserved_kind(void **state)
{
    (void)state;
    unit_pci_start(MODEL_PCI_MODERN);
    model_pci_put(&unit_function, 0x20, 4, MODEL_PCI_MEM_BASE + 6);
    unit_pci_probe_fails(NULL, VIO_EPROTO, VIO_WHY_BAD_CAP);
}

/* A notification structure in I/O space first, which cannot be reached. */
static void t_pci_13_io_bar_without_ports(void **state)
{
    struct model_pci *m = &unit_function;

    (void)state;
    unit_pci_start(MODEL_PCI_LEGACY);
    unit_bus.io_base = 0;
    model_pci_put(m, 0x10, 4, 0x10001); /* no I/O port has this number */
    unit_pci_probe_fails(NULL, VIO_ENODEV, VIO_WHY_BAR_REFUSED);
    unit_pci_start(MODEL_PCI_ALL);
    unit_bus.io_base = 0;
    model_pci_put(m, 0x10, 4, 0x10001);
    model_pci_no_caps(m);
    model_pci_virtio_cap(m, MODEL_NOTIFY, 0, 0, 4, 4);
    for (unsigned i = 1; i < MODEL_PARTS; i++)
        model_pci_virtio_cap(m, (uint8_t)i, 4, m->part[i].offset, 0x1000, 4);
    assert_int_equal(unit_pci_probe(NULL), 0);
    assert_int_equal(unit_pci.notify.bar, 4);
}

static struct {
    uint64_t address, offset, length;
    unsigned bar;
    bool is_io;
} asked[64];
static unsigned n_asked;
static int answer;

static int map_bar(void *ctx, uint32_t bdf, unsigned bar, uint64_t address,
                   uint64_t offset, uint64_t length, bool is_io,
                   struct vio_reg *out)
{
    (void)ctx;
    assert_int_equal(bdf, unit_bdf);
    assert_true(n_asked < COUNT(asked));
    asked[n_asked].address = address;
    asked[n_asked].offset = offset;
    asked[n_asked].length = length;
    asked[n_asked].bar = bar;
    asked[n_asked++].is_io = is_io;
    *out = vio_reg_mem((uintptr_t)(address + offset));
    return answer;
}

static void t_pci_14_map_hook_refuses(void **state)
{
    (void)state;
    answer = -1;
    unit_pci_start(MODEL_PCI_MODERN);
    unit_bus.map_bar = map_bar;
    n_asked = 0;
    unit_pci_probe_fails(NULL, VIO_ENODEV, VIO_WHY_BAR_REFUSED);
    assert_int_equal(asked[0].bar, 4);
    assert_int_equal(asked[0].address, MODEL_PCI_MEM_BASE + 0x10000);
    assert_false(asked[0].is_io);
    /* Then the window. */
    unit_pci_start(MODEL_PCI_MODERN | MODEL_PCI_WINDOW);
    unit_bus.map_bar = map_bar;
    n_asked = 0;
    assert_int_equal(unit_pci_probe(NULL), 0);
    unit_pci_up();
    unit_pci_transfer();
    assert_int_equal(unit_function.dev.reads + unit_function.dev.writes, 0);
}

#if UINTPTR_MAX > UINT32_MAX
/* PCI-13: a structure of 1 GiB in a BAR of 8. */
static void t_pci_16_only_what_is_needed_is_mapped(void **state)
{
    struct model_pci *m = &unit_function;

    (void)state;
    answer = 0;
    unit_pci_start(MODEL_PCI_MODERN);
    unit_bus.map_bar = map_bar;
    m->bar_size[4] = (uint64_t)8 << 30;
    set_bar4(0x80000000000cu);
    for (uint8_t at = 0x40; at; at = m->space[at + 1u]) {
        uint8_t type = m->space[at + 3u];

        m->part[type].offset = (uint32_t)(type - 1) << 30;
        m->part[type].length = 1u << 30;
        model_pci_put(m, at + 8u, 4, m->part[type].offset);
        model_pci_put(m, at + 12u, 4, m->part[type].length);
    }
    n_asked = 0;
    assert_int_equal(unit_pci_probe(NULL), 0);
    unit_pci_up();
    unit_pci_transfer();
    assert_int_equal(unit_pci.bar[4].address, 0x800000000000u);
    assert_int_equal(unit_pci.bar[4].size, (uint64_t)8 << 30);
    for (unsigned i = 0; i < n_asked; i++)
        assert_true(asked[i].length <= 4096);
    assert_int_equal(unit_pci.dev.config_len, 4096);
}
#endif

/* The monitor sees to it that nothing beyond common_length is touched. */
static void t_pci_18_features_of_a_missing_tail_are_not_accepted(void **state)
{
    static const struct {
        uint32_t length;
        bool data, reset;
    } table[] = {{56, false, false}, {57, false, false}, {58, true, false},
                 {59, true, false},  {60, true, true},   {64, true, true}};

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        unit_pci_start(MODEL_PCI_MODERN);
        unit_function.dev.offered |= MF(MF_RING_RESET) | MF(39);
        unit_function.common_length = table[i].length;
        model_pci_put(&unit_function, 0x4c, 4, table[i].length);
        assert_int_equal(unit_pci_probe(NULL), 0);
        unit_pci_up();
        assert_int_equal(vio_device_has(&unit_pci.dev, 39), table[i].data);
        assert_int_equal(vio_device_has(&unit_pci.dev, MF_RING_RESET),
                         table[i].reset);
        unit_pci_transfer();
    }
}

static void t_pci_20_device_config_is_too_small(void **state)
{
    struct vio_need want, least;

    (void)state;
    for (unsigned length = 0; length < 8; length++) {
        unit_pci_start(MODEL_PCI_MODERN);
        model_pci_put(&unit_function, unit_pci_cap(MODEL_DEVICE) + 12u, 4,
                      length);
        assert_int_equal(unit_pci_probe(NULL), 0);
        assert_int_equal(vio_blk_mem_size(&unit_pci.dev, NULL, &want, &least),
                         VIO_EPROTO);
        assert_int_equal(unit_pci.dev.why.reason, VIO_WHY_CONFIG_TOO_SMALL);
    }
}

static void t_pci_21_no_queues(void **state)
{
    (void)state;
    unit_pci_start(MODEL_PCI_MODERN);
    unit_function.num_queues = 0;
    unit_pci_probe_fails(NULL, VIO_EPROTO, VIO_WHY_NO_QUEUES);
}

static void t_pci_22_capabilities_decide_not_the_id(void **state)
{
    (void)state;
    unit_pci_start(MODEL_PCI_LEGACY);
    model_pci_put(&unit_function, 2, 2, 0x1042);
    assert_int_equal(unit_pci_probe(NULL), 0);
    assert_true(unit_pci.dev.legacy);
    assert_int_equal(unit_pci.dev.type, 2);
    unit_pci_start(MODEL_PCI_MODERN);
    assert_int_equal(unit_pci_probe(NULL), 0);
    assert_false(unit_pci.dev.legacy);
    unit_pci_start(MODEL_PCI_MODERN);
    unit_pci_probe_fails(&legacy, VIO_ENOTSUP, VIO_WHY_MODERN_REFUSED);
    unit_pci_start(MODEL_PCI_ALL);
    assert_int_equal(unit_pci_probe(&legacy), 0);
    assert_true(unit_pci.dev.legacy);
}

/* After every single access the device disappears, whatever it consists of. */
static void t_pci_24_device_disappears(void **state)
{
    unsigned failures = 0;

    (void)state;
    for (unsigned parts = 1; parts < 16; parts++) {
        for (int64_t n = 0; n < 400; n++) {
            int err;

            unit_pci_start(parts);
            unit_function.dev.gone_after = n;
            unit_env.step_ns = 100000000;
            err = unit_pci_probe(NULL);
            if (!err)
                err = unit_pci_try_up();
            if (!err)
                continue;
            assert_true(err == VIO_ENODEV || err == VIO_EPROTO);
            assert_false(unit_function.dev.queue[0].live &&
                         unit_function.dev.status & MS_DRIVER_OK);
            failures++;
        }
    }
    assert_true(failures > 1000);
}

static void restore_puts_bars_and_command_back(void **state)
{
    uint8_t space[256];

    (void)state;
    unit_pci_start(MODEL_PCI_ALL);
    assert_int_equal(unit_pci_probe(NULL), 0);
    memcpy(space, unit_function.space, sizeof(space));
    set_bar4(0xc);
    model_pci_put(&unit_function, 0x10, 4, 1);
    model_pci_put(&unit_function, 4, 2, 0);
    assert_int_equal(vio_pci_restore(&unit_pci), 0);
    assert_memory_equal(space, unit_function.space, sizeof(space));
    unit_pci_up();
    unit_pci_transfer();
    /* C8: through a suspend, with a power cycle between. */
    assert_int_equal(vio_blk_freeze(&unit_pci_blk), 0);
    model_pci_put(&unit_function, 0x10, 4, 1);
    model_pci_put(&unit_function, 4, 2, 0);
    assert_int_equal(vio_pci_restore(&unit_pci), 0);
    assert_int_equal(vio_blk_restore(&unit_pci_blk, VIO_BLK_RESUBMIT), 0);
    unit_pci_transfer();
    unit_function.absent = true;
    assert_int_equal(vio_pci_restore(&unit_pci), VIO_ENODEV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_case(probe_takes_every_id_of_the_range),
        unit_case(t_pci_01_foreign_ids),
        unit_case(a_bridge_is_no_device),
        unit_case(t_pci_02_no_capabilities),
        unit_case(legacy_wants_revision_0),
        unit_case(t_pci_11_bar_has_no_address),
        unit_case(t_pci_12_64_bit_bar_in_the_last_slot),
        unit_case(t_pci_12_bar_of_a_reserved_kind),
        unit_case(t_pci_13_io_bar_without_ports),
        unit_case(t_pci_14_map_hook_refuses),
#if UINTPTR_MAX > UINT32_MAX /* its map hook takes addresses as pointers */
        unit_case(t_pci_16_only_what_is_needed_is_mapped),
#endif
        unit_case(t_pci_18_features_of_a_missing_tail_are_not_accepted),
        unit_case(t_pci_20_device_config_is_too_small),
        unit_case(t_pci_21_no_queues),
        unit_case(t_pci_22_capabilities_decide_not_the_id),
        unit_case(t_pci_24_device_disappears),
        unit_case(restore_puts_bars_and_command_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
