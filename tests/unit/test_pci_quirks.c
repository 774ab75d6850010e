/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What real devices do besides the specification, and what another driver of
 * the same function may have done to it.
 */
#include "unit_way.h"

/* Of the legacy register file. */
#define L_FEATURES 4u
#define L_PFN      8u
#define L_SELECT   14u
#define L_NOTIFY   16u

static const enum unit_way pci_ways[] = {UNIT_PCI_LEGACY, UNIT_PCI_MODERN,
                                         UNIT_PCI_WINDOW};

/* E1, LGEN-07: a legacy device takes bit 30 for a driver that understands
 * nothing; so it is never accepted, however much the caller wants it. */
static void bad_feature_bit_is_never_accepted(void **state)
{
    (void)state;
    unit_way_start(UNIT_PCI_LEGACY);
    assert_int_equal(unit_way_probe(), 0);
    unit_way.model->offered |= MF(30) | MF(MF_INDIRECT);
    assert_int_equal(
        vio_device_begin(unit_way.dev, MF(30) | MF(MF_BLK_FLUSH), 0), 0);
    assert_int_equal(unit_way.model->accepted,
                     MF(MF_BLK_FLUSH) | MF(MF_INDIRECT));
    /* And what the device does with a driver that does. */
    model_allow("FEAT-01");
    model_allow("FEAT-04");
    model_legacy_write(&unit_function, L_FEATURES, 4, 0xffffffff);
    assert_int_equal(unit_way.model->accepted, 0);
}

/* E1: a page number of 0 resets the device; the driver notices, and recovers.
 */
static void page_number_0_resets_the_device(void **state)
{
    unsigned resets;

    (void)state;
    unit_way_start(UNIT_PCI_LEGACY);
    unit_way_up();
    unit_way_transfer_well(1);
    resets = unit_way.model->resets;
    model_legacy_write(&unit_function, L_PFN, 4, 0);
    assert_int_equal(unit_way.model->resets, resets + 1);
    assert_int_equal(vio_device_check(unit_way.dev), VIO_EPROTO);
    assert_int_equal(vio_blk_recover(&unit_way.blk, VIO_BLK_RESUBMIT), 0);
    unit_way_transfer_well(2);
    unit_way_down();
}

/* E1: selecting a queue that no device has is passed over, and so is a
 * notification of it. */
static void select_and_notify_out_of_range_are_ignored(void **state)
{
    uint32_t max;

    (void)state;
    unit_way_start(UNIT_PCI_LEGACY);
    assert_int_equal(unit_way_probe(), 0);
    assert_int_equal(vio_device_queue_max(unit_way.dev, 0, &max), 0);
    assert_int_equal(max, 64);
    for (uint16_t i = 1; i < 1024; i += 31) {
        assert_int_equal(vio_device_queue_max(unit_way.dev, i, &max), 0);
        assert_int_equal(max, 0);
    }
    assert_int_equal(unit_way_try_up(), 0);
    model_legacy_write(&unit_function, L_SELECT, 2, 0);
    model_legacy_write(&unit_function, L_SELECT, 2, 0xffff);
    assert_int_equal(unit_way.model->queue_sel, 0);
    model_legacy_write(&unit_function, L_NOTIFY, 2, 0xffff);
    assert_int_equal(unit_way.model->bad_doorbells, 0);
    assert_int_equal(vio_device_check(unit_way.dev), 0);
    unit_way_transfer_well(1);
    unit_way_down();
}

/* E1: who turns bus mastering off makes the device drop DRIVER_OK: noticed, and
 * turned on again by the recovery. T-INI-04 */
static void bus_mastering_is_turned_off(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pci_ways); i++) {
        uint32_t command;

        unit_way_start(pci_ways[i]);
        unit_way_up();
        unit_way_transfer_well(1);
        command = model_pci_peek(&unit_function, 4, 2);
        assert_int_equal(command & 4, 4);
        model_pci_write(NULL, unit_bdf, 4, 2, command & ~4u);
        assert_int_equal(vio_device_check(unit_way.dev), VIO_EPROTO);
        assert_int_equal(vio_blk_recover(&unit_way.blk, VIO_BLK_RESUBMIT), 0);
        assert_int_equal(model_pci_peek(&unit_function, 4, 2), command);
        unit_way_transfer_well(2);
        unit_way_down();
    }
}

/* E1, C3: status 0 of another driver is a reset: noticed. */
static void status_0_of_another_driver_is_noticed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pci_ways); i++) {
        unit_way_start(pci_ways[i]);
        unit_way_up();
        model_dev_reset(unit_way.model);
        model_pci_was_reset(&unit_function);
        assert_int_equal(vio_device_check(unit_way.dev), VIO_EPROTO);
        assert_int_equal(vio_blk_recover(&unit_way.blk, VIO_BLK_RESUBMIT), 0);
        unit_way_transfer_well(2);
        unit_way_down();
    }
}

/* C1, C7: another driver has left the function decoding, mastering the bus,
 * with MSI-X on and a queue in use. */
static void function_is_taken_over_from_another_driver(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pci_ways); i++) {
        unit_way_start(pci_ways[i]);
        unit_way_up();
        unit_way_transfer_well(1);
        unit_function.space[unit_function.msix_cap + 3u] |= 0xc0;
        unit_way.dev->state = VIO_DEVICE_UNKNOWN;
        assert_int_equal(unit_way_probe(), 0);
        assert_int_equal(unit_way_try_up(), 0);
        assert_int_equal(
            unit_function.space[unit_function.msix_cap + 3u] & 0xc0, 0);
        unit_way_transfer_well(2);
    }
}

/* C2, LPCI-02, LPCI-03: with whatever width a field is read, while MSI-X goes
 * on and off. */
static void configuration_of_every_width_moves(void **state)
{
    static const struct vio_config_field fields[] = {{0, 1, VIO_CONFIG_ALWAYS},
                                                     {0, 2, VIO_CONFIG_ALWAYS},
                                                     {0, 4, VIO_CONFIG_ALWAYS},
                                                     {0, 8, VIO_CONFIG_ALWAYS}};
    uint64_t value[4];

    (void)state;
    unit_way_start(UNIT_PCI_LEGACY);
    assert_int_equal(unit_way_probe(), 0);
    unit_way.model->fields = NULL;
    model_config_put(unit_way.model, 0, 8, 0x1111111111111111u);
    for (unsigned i = 0; i < 4; i++) {
        unit_function.space[unit_function.msix_cap + 3u] =
            (uint8_t)((i & 1) << 7);
        memset(value, 0, sizeof(value));
        assert_int_equal(vio_device_config_get(unit_way.dev, fields, 4, value),
                         0);
        assert_int_equal(value[0], 0x11);
        assert_int_equal(value[1], 0x1111);
        assert_int_equal(value[2], 0x11111111);
        assert_int_equal(value[3], 0x1111111111111111u);
    }
}

/* A BAR above 4 GiB, and structures in BARs of their own. DX-PCI-07 */
static void structures_are_in_different_bars(void **state)
{
    struct model_pci *m = &unit_function;
    static const uint32_t size = 0x1000;

    (void)state;
    unit_way_start(UNIT_PCI_MODERN);
    model_pci_no_caps(m);
    memset(m->bar_size, 0, sizeof(m->bar_size));
    memset(m->space + 0x10, 0, 24);
    for (unsigned i = 0; i < 3; i++) { /* BARs 0, 2 and 4, of 64 bits */
        m->bar_size[2 * i] = size;
        model_pci_put(m, 0x10 + 8 * i, 4, 0x10000 * (i + 1) | 0xc);
        model_pci_put(m, 0x14 + 8 * i, 4, 0x12);
    }
    m->part[MODEL_COMMON] = (struct model_pci_part_at){0, 0, size};
    m->part[MODEL_DEVICE] = (struct model_pci_part_at){2, 0, size};
    m->part[MODEL_NOTIFY] = (struct model_pci_part_at){4, 0, size / 2};
    m->part[MODEL_ISR] = (struct model_pci_part_at){4, size / 2, size / 2};
    for (unsigned i = 1; i < MODEL_PARTS; i++)
        model_pci_virtio_cap(m, (uint8_t)i, m->part[i].bar, m->part[i].offset,
                             m->part[i].length, m->notify_multiplier);
    if (UINTPTR_MAX == UINT32_MAX) { /* out of this processor's reach */
        unit_pci_probe_fails(NULL, VIO_ENODEV, VIO_WHY_BAR_REFUSED);
        return;
    }
    unit_way_up();
    unit_way_transfer_well(1);
    unit_way_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_case(bad_feature_bit_is_never_accepted),
        unit_case(page_number_0_resets_the_device),
        unit_case(select_and_notify_out_of_range_are_ignored),
        unit_case(bus_mastering_is_turned_off),
        unit_case(status_0_of_another_driver_is_noticed),
        unit_case(function_is_taken_over_from_another_driver),
        unit_case(configuration_of_every_width_moves),
        unit_case(structures_are_in_different_bars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
