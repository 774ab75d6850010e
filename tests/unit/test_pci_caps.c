/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of capabilities: everything that can be wrong with it, and that the
 * first structure of each type that is usable is used.
 */
#include "unit_pci.h"

static const struct vio_policy modern = {.interface = VIO_REQUIRE_MODERN};

static void t_pci_03_capability_loop(void **state)
{
    (void)state;
    for (unsigned back = 0; back < 2; back++) {
        unit_pci_start(MODEL_PCI_ALL);
        unit_function.space[unit_function.last_cap] =
            back ? 0x40 : (uint8_t)(unit_function.last_cap - 1);
        unit_pci_probe_fails(NULL, VIO_EPROTO, VIO_WHY_CAP_LOOP);
        assert_true(unit_function.config_reads < 1000);
    }
}

static void t_pci_04_pointer_into_the_header_ends_the_list(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 0x40; at++) {
        unit_pci_start(MODEL_PCI_ALL);
        unit_function.space[unit_function.last_cap] = (uint8_t)at;
        assert_int_equal(unit_pci_probe(&modern), 0);
    }
    unit_pci_start(MODEL_PCI_ALL);
    unit_function.space[0x34] = 0x3c;
    assert_int_equal(unit_pci_probe(NULL), 0);
    assert_true(unit_pci.dev.legacy);
}

static void t_pci_04_low_bits_of_a_pointer_are_masked(void **state)
{
    (void)state;
    unit_pci_start(MODEL_PCI_ALL);
    unit_function.space[0x34] |= 3;
    unit_function.space[0x41] |= 1;
    assert_int_equal(unit_pci_probe(&modern), 0);
}

/* One structure that cannot be used; then the same and a good one. */
static void (*spoil)(uint8_t at, unsigned how);

static void assert_is_skipped(unsigned type, unsigned how,
                              enum vio_reason reason)
{
    struct model_pci *m = &unit_function;

    unit_pci_start(MODEL_PCI_MODERN);
    spoil(unit_pci_cap(type), how);
    if (type == MODEL_COMMON || type == MODEL_NOTIFY) {
        unit_pci_probe_fails(NULL, VIO_EPROTO, reason);
    } else {
        assert_int_equal(unit_pci_probe(NULL), 0);
        assert_int_equal(type == MODEL_ISR ? unit_pci.isr.length
                                           : unit_pci.dev.config_len,
                         0);
    }
    /* PCI-10: the first one that is usable. */
    model_pci_virtio_cap(m, (uint8_t)type, m->part[type].bar,
                         m->part[type].offset, m->part[type].length, 4);
    assert_int_equal(unit_pci_probe(NULL), 0);
    unit_pci_up();
    unit_pci_transfer();
}

static void shorten(uint8_t at, unsigned how)
{
    unit_function.space[at + 2u] = (uint8_t)how;
}

static void t_pci_05_capability_is_too_short(void **state)
{
    (void)state;
    spoil = shorten;
    for (unsigned type = 1; type < MODEL_PARTS; type++) {
        unsigned least = type == MODEL_NOTIFY ? 20 : 16;

        assert_is_skipped(type, 0, VIO_WHY_BAD_CAP);
        assert_is_skipped(type, least - 1, VIO_WHY_BAD_CAP);
    }
}

/* PCI-11 */
static void longer_capabilities_are_accepted(void **state)
{
    static const uint8_t lens[] = {20, 64, 128};

    (void)state;
    for (size_t i = 0; i < COUNT(lens); i++) {
        unit_pci_start(MODEL_PCI_MODERN);
        unit_function.space[0x42] = lens[i];
        assert_int_equal(unit_pci_probe(NULL), 0);
    }
}

static void t_pci_06_capability_runs_past_the_end(void **state)
{
    struct model_pci *m = &unit_function;

    (void)state;
    unit_pci_start(MODEL_PCI_MODERN);
    m->space[0x42] = 0xc1; /* from 0x40 on that is one byte too much */
    unit_pci_probe_fails(NULL, VIO_EPROTO, VIO_WHY_BAD_CAP);
    unit_pci_start(MODEL_PCI_MODERN);
    m->space[m->last_cap] = 0xfc; /* only its first word is there */
    m->space[0xfc] = 0x09;
    m->space[0xfe] = 16;
    m->space[0xff] = MODEL_COMMON;
    assert_int_equal(unit_pci_probe(NULL), 0);
}

static void t_pci_07_reserved_types_and_bars_are_ignored(void **state)
{
    (void)state;
    for (unsigned value = 6; value < 256; value++) {
        unit_pci_start(MODEL_PCI_MODERN);
        model_pci_virtio_cap(&unit_function, (uint8_t)value, 4, 0, 64, 0);
        model_pci_virtio_cap(&unit_function, MODEL_COMMON, (uint8_t)value, 0,
                             64, 0);
        assert_int_equal(unit_pci_probe(NULL), 0);
    }
    /* With nothing else there it is a legacy device. */
    for (unsigned bar = 6; bar < 256; bar++) {
        unit_pci_start(MODEL_PCI_LEGACY);
        model_pci_virtio_cap(&unit_function, MODEL_COMMON, (uint8_t)bar, 0, 64,
                             0);
        assert_int_equal(unit_pci_probe(NULL), 0);
        assert_true(unit_pci.dev.legacy);
    }
}

static void t_pci_08_a_structure_is_missing(void **state)
{
    (void)state;
    for (unsigned type = 1; type < MODEL_PARTS; type++) {
        unit_pci_start(MODEL_PCI_MODERN);
        unit_function.space[unit_pci_cap(type)] = 0x10; /* some other one */
        if (type > MODEL_NOTIFY) {
            assert_int_equal(unit_pci_probe(NULL), 0);
            continue;
        }
        unit_pci_probe_fails(NULL, VIO_EPROTO, VIO_WHY_MISSING_CAP);
        assert_int_equal(unit_why.found, type);
    }
}

/* C7: and where there is a legacy interface besides, that one serves. */
static void broken_modern_falls_back_to_legacy(void **state)
{
    (void)state;
    unit_pci_start(MODEL_PCI_ALL);
    unit_function.space[0x43] = 0;
    unit_pci_probe_fails(&modern, VIO_EPROTO, VIO_WHY_MISSING_CAP);
    assert_int_equal(unit_pci_probe(NULL), 0);
    assert_true(unit_pci.dev.legacy);
    unit_pci_up();
    unit_pci_transfer();
}

static void t_pci_09_the_first_of_many_wins(void **state)
{
    struct model_pci *m = &unit_function;

    (void)state;
    unit_pci_start(MODEL_PCI_MODERN);
    while (m->next_cap && m->next_cap <= 0xf0)
        model_pci_virtio_cap(m, MODEL_COMMON, 4, 0x1000, 64, 0);
    assert_int_equal(unit_pci_probe(NULL), 0);
    assert_int_equal(unit_pci.common.offset, 0);
}

static unsigned reads_of[256];

/* Whatever is read a second time is garbage. */
static uint32_t once(struct model_pci *m, uint32_t offset, unsigned width,
                     uint32_t value)
{
    (void)m;
    if (offset < 0x40)
        return value;
    for (unsigned i = 0; i < width; i++)
        if (reads_of[offset + i]++)
            return 0xa5a5a5a5;
    return value;
}

static void t_pci_10_fields_change_between_two_reads(void **state)
{
    (void)state;
    unit_pci_start(MODEL_PCI_ALL);
    memset(reads_of, 0, sizeof(reads_of));
    unit_function.on_config_read = once;
    assert_int_equal(unit_pci_probe(&modern), 0);
    for (unsigned i = 0x40; i < 256; i++)
        assert_true(reads_of[i] <= 1);
}

static void refer_to_bar(uint8_t at, unsigned bar)
{
    unit_function.space[at + 4u] = (uint8_t)bar;
}

static void t_pci_12_upper_half_as_a_bar(void **state)
{
    (void)state;
    spoil = refer_to_bar;
    for (unsigned type = 1; type < MODEL_PARTS; type++) {
        assert_is_skipped(type, 5, VIO_WHY_BAD_CAP);
        assert_is_skipped(type, 2, VIO_WHY_BAD_CAP); /* not there at all */
    }
}

static void set_range(uint8_t at, unsigned how)
{
    static const uint32_t table[][2] = {
        {0x4000, 0x1000},
        {0x3004, 0x1000},
        {0xffffff00, 0x1000},
        {0x3f00, 0xffffffff},
        {0, 0x4001},
        {0xfffffffc, 0xfffffffc},
        {0, 0},
    };

    model_pci_put(&unit_function, at + 8u, 4, table[how][0]);
    model_pci_put(&unit_function, at + 12u, 4, table[how][1]);
}

/* PCI-14 */
static void t_pci_15_range_beyond_the_bar(void **state)
{
    (void)state;
    spoil = set_range;
    for (unsigned type = 1; type < MODEL_PARTS; type++)
        for (unsigned how = 0; how < 7; how++)
            assert_is_skipped(type, how, VIO_WHY_BAD_CAP);
}

static void misalign(uint8_t at, unsigned by)
{
    unit_function.space[at + 8u] = (uint8_t)by;
    model_pci_put(&unit_function, at + 12u, 4, 0x100);
}

static void t_pci_17_structure_is_misaligned(void **state)
{
    (void)state;
    spoil = misalign;
    for (unsigned by = 1; by < 4; by++) {
        assert_is_skipped(MODEL_COMMON, by, VIO_WHY_BAD_CAP);
        assert_is_skipped(MODEL_DEVICE, by, VIO_WHY_BAD_CAP);
    }
    assert_is_skipped(MODEL_NOTIFY, 1, VIO_WHY_BAD_CAP);
}

static void set_length(uint8_t at, unsigned length)
{
    model_pci_put(&unit_function, at + 12u, 4, length);
}

static void t_pci_18_common_is_too_short(void **state)
{
    (void)state;
    spoil = set_length;
    assert_is_skipped(MODEL_COMMON, 55, VIO_WHY_BAD_CAP);
    assert_is_skipped(MODEL_NOTIFY, 1, VIO_WHY_BAD_CAP);
}

/* The function without the disk, which takes long to make. */
static void start_again(unsigned parts)
{
    unit_setup(NULL);
    memset(&unit_function, 0, sizeof(unit_function));
    model_dev_init(&unit_function.dev, 2, 2);
    unit_function.dev.queue_max[0] = 256;
    model_pci_init(&unit_function, unit_bdf, parts);
}

/* Any bytes at all in the capabilities: no access but to what is there. */
static void random_capabilities(void **state)
{
    uint32_t seed = 4711;

    (void)state;
    unit_pci_start(0); /* the bus */
    for (unsigned round = 0; round < 20000; round++) {
        struct model_pci *m = &unit_function;
        unsigned changes;

        start_again(unit_random(&seed) % 16);
        changes = unit_random(&seed) % 8;
        while (changes--) {
            uint32_t r = unit_random(&seed);

            m->space[0x40 + r % 0x70] = (uint8_t)(r >> 8);
        }
        /* What it points to need not be what it says. */
        model_allow("PCI-05");
        model_allow("PCI-06");
        model_allow("PCI-07");
        model_allow("PCI-16");
        model_allow("PCI-31");
        model_allow("PCI-32");
        model_allow("PCI-17");
        if (unit_pci_probe(NULL) == 0)
            assert_true(unit_pci.dev.config_len <= 4096);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_case(t_pci_03_capability_loop),
        unit_case(t_pci_04_pointer_into_the_header_ends_the_list),
        unit_case(t_pci_04_low_bits_of_a_pointer_are_masked),
        unit_case(t_pci_05_capability_is_too_short),
        unit_case(longer_capabilities_are_accepted),
        unit_case(t_pci_06_capability_runs_past_the_end),
        unit_case(t_pci_07_reserved_types_and_bars_are_ignored),
        unit_case(t_pci_08_a_structure_is_missing),
        unit_case(broken_modern_falls_back_to_legacy),
        unit_case(t_pci_09_the_first_of_many_wins),
        unit_case(t_pci_10_fields_change_between_two_reads),
        unit_case(t_pci_12_upper_half_as_a_bar),
        unit_case(t_pci_15_range_beyond_the_bar),
        unit_case(t_pci_17_structure_is_misaligned),
        unit_case(t_pci_18_common_is_too_short),
        unit_case(random_capabilities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
