/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration space: consistent readings, fields that are there or not,
 * widths. The fields are the block device's.
 */
#include "unit.h"

static struct vio_device *dev;

enum {
    CAPACITY,
    SIZE_MAX_,
    BLK_SIZE,
    MIN_IO,
    WRITEBACK,
    N_FIELDS
};

static const struct vio_config_field fields[N_FIELDS] = {
    {0, 8, VIO_CONFIG_ALWAYS},  {8, 4, MF_BLK_SIZE_MAX},
    {20, 4, MF_BLK_BLK_SIZE},   {26, 2, MF_BLK_TOPOLOGY},
    {32, 1, MF_BLK_CONFIG_WCE},
};

#define FEATURES                                                       \
    (MF(MF_BLK_SIZE_MAX) | MF(MF_BLK_BLK_SIZE) | MF(MF_BLK_TOPOLOGY) | \
     MF(MF_BLK_CONFIG_WCE))

static void start_with(uint32_t version, uint64_t features, size_t length)
{
    unit_setup(NULL);
    model_disk_init(&unit_disk, &unit_dev, version, 0);
    unit_dev.offered |= features;
    unit_dev.length = length;
    model_config_put(&unit_dev, 0, 8, 0x1122334455667788u);
    model_config_put(&unit_dev, 8, 4, 0x99aabbccu);
    model_config_put(&unit_dev, 20, 4, 4096);
    model_config_put(&unit_dev, 26, 2, 0xddee);
    model_config_put(&unit_dev, 32, 1, 0xff);
    dev = unit_probe();
    assert_int_equal(vio_device_begin(dev, FEATURES, 0), 0);
}

static void start(uint32_t version)
{
    start_with(version, FEATURES, 0x200);
}

static int get(uint64_t *values)
{
    return vio_device_config_get(dev, fields, N_FIELDS, values);
}

/* MMIO-05 to MMIO-07 are the monitor's to see. */
static void fields_of_every_width_are_read(void **state)
{
    uint64_t values[N_FIELDS] = {0};

    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version);
        assert_int_equal(get(values), 0);
        assert_int_equal(values[CAPACITY], 0x1122334455667788u);
        assert_int_equal(values[SIZE_MAX_], 0x99aabbccu);
        assert_int_equal(values[BLK_SIZE], 4096);
        assert_int_equal(values[MIN_IO], 0xddee);
        assert_int_equal(values[WRITEBACK], 0xff);
    }
}

/* CFG-04, CFG-06: each one offered, or not; the monitor sees that a field that
 * is not there is not touched. */
static void field_without_its_feature_reads_0(void **state)
{
    (void)state;
    for (unsigned out = 1; out < N_FIELDS; out++) {
        uint64_t values[N_FIELDS];

        memset(values, 0xee, sizeof(values));
        start_with(2, FEATURES & ~MF(fields[out].feature), 0x200);
        assert_int_equal(get(values), 0);
        for (unsigned i = 1; i < N_FIELDS; i++)
            assert_int_equal(values[i] == 0, i == out);
    }
}

/* T-CFG-04: exactly up to the end of the window, and one byte less. */
static void t_cfg_04_field_beyond_the_window_reads_0(void **state)
{
    (void)state;
    for (unsigned i = 1; i < N_FIELDS; i++) {
        for (unsigned shorter = 0; shorter < 2; shorter++) {
            uint64_t values[N_FIELDS];

            memset(values, 0xee, sizeof(values));
            start_with(2, FEATURES,
                       (size_t)0x100 + fields[i].offset + fields[i].width -
                           shorter);
            assert_int_equal(get(values), 0);
            assert_int_equal(values[i] == 0, shorter);
            assert_int_equal(values[CAPACITY], 0x1122334455667788u);
        }
    }
}

/* The device changes its configuration at the n-th read of it. */
static unsigned change_at, changes_left;

static void change(struct model_dev *d, uint64_t capacity)
{
    d->generation++;
    model_config_put(d, 0, 8, capacity);
}

static uint32_t change_on_read(struct model_dev *d, uint32_t offset,
                               unsigned width, uint32_t value)
{
    (void)width;
    if (offset < MR_CONFIG || !changes_left || change_at-- > 0)
        return value;
    changes_left--;
    change_at = 2;
    change(d, changes_left % 2 ? 0xaaaaaaaa11111111u : 0xbbbbbbbb22222222u);
    return value;
}

/* CFG-01, CFG-02, CFG-03, LGEN-03, T-CFG-08: never half of the one and half of
 * the other. A legacy device, whose readings only have to repeat, can deceive
 * by changing to and fro; by changing once it cannot. */
static void change_in_the_middle_is_not_seen_torn(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        for (unsigned at = 0; at < 14; at++) {
            for (unsigned times = 1; times < (version == 1 ? 2 : 5); times++) {
                uint64_t values[N_FIELDS] = {0}, v;

                start(version);
                change_at = at;
                changes_left = times;
                unit_dev.on_read = change_on_read;
                assert_int_equal(get(values), 0);
                v = values[CAPACITY];
                assert_true(v == 0x1122334455667788u ||
                            v == 0xaaaaaaaa11111111u ||
                            v == 0xbbbbbbbb22222222u);
                assert_int_equal(values[SIZE_MAX_], 0x99aabbccu);
            }
        }
    }
}

static uint32_t never_still(struct model_dev *d, uint32_t offset,
                            unsigned width, uint32_t value)
{
    (void)width;
    if (offset >= MR_CONFIG) {
        d->generation++;
        d->config[0]++;
    }
    return value;
}

/* Bounded, and nothing half-read is handed out. */
static void t_cfg_01_generation_is_never_stable(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        uint64_t values[N_FIELDS] = {0};
        uint64_t reads;

        start(version);
        unit_dev.on_read = never_still;
        reads = unit_dev.reads;
        assert_int_equal(get(values), VIO_EPROTO);
        assert_int_equal(dev->why.reason, VIO_WHY_CONFIG_UNSTABLE);
        assert_true(unit_dev.reads - reads < 10000);
    }
}

static void write_reaches_the_field(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version);
        assert_int_equal(vio_device_config_write(dev, 32, 1, 0), 0);
        assert_int_equal(unit_dev.config[32], 0);
        assert_int_equal(vio_device_start(dev), 0);
        assert_int_equal(vio_device_config_write(dev, 32, 1, 1), 0);
        assert_int_equal(unit_dev.config[32], 1);
    }
}

static void write_beyond_the_window_is_refused(void **state)
{
    static const struct {
        uint32_t offset;
        unsigned width;
    } bad[] = {{33, 1}, {31, 2}, {32, 2}, {32, 4}, {~0u, 1}, {~0u - 3, 4},
               {0, 3},  {0, 8},  {0, 0},  {1, 2},  {2, 4}};
    uint64_t accesses;

    (void)state;
    start_with(2, FEATURES, 0x121);
    accesses = model_dev_accesses(&unit_dev);
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(
            vio_device_config_write(dev, bad[i].offset, bad[i].width, 0),
            VIO_EINVAL);
    assert_int_equal(model_dev_accesses(&unit_dev), accesses);
    assert_int_equal(vio_device_config_write(dev, 32, 1, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_case(fields_of_every_width_are_read),
        unit_case(field_without_its_feature_reads_0),
        unit_case(t_cfg_04_field_beyond_the_window_reads_0),
        unit_case(change_in_the_middle_is_not_seen_torn),
        unit_case(t_cfg_01_generation_is_never_stable),
        unit_case(write_reaches_the_field),
        unit_case(write_beyond_the_window_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
