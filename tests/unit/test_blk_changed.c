/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is it the same disk that comes back? Each thing that the device says of it is
 * another one after a restore, one at a time (T-LIF-05).
 */
#include "unit_disk.h"

#define SECTORS 1024u

/* Everything that can be offered. */
static void device(void)
{
    unit_disk_device(2, SECTORS);
    unit_disk.zoned.max_append = 32;
    model_disk_set_zoned(&unit_dev, MODEL_Z_HA, 64, 2);
    model_disk_set_size_max(&unit_disk, &unit_dev, 8192);
    model_disk_set_seg_max(&unit_disk, &unit_dev, 8);
    model_disk_offer(&unit_dev, MF_BLK_FLUSH);
    model_disk_offer(&unit_dev, MF_BLK_CONFIG_WCE);
    model_disk_offer(&unit_dev, MF_BLK_BLK_SIZE);
    model_config_put(&unit_dev, 20, 4, 512);
    model_disk_set_queues(&unit_dev, 4, 4);
    model_disk_set_limits(&unit_dev, MF_BLK_DISCARD,
                          (struct model_limits){64, 4, 8});
    model_disk_set_limits(&unit_dev, MF_BLK_WRITE_ZEROES,
                          (struct model_limits){64, 4, 1});
    model_disk_set_limits(&unit_dev, MF_BLK_SECURE_ERASE,
                          (struct model_limits){64, 4, 8});
}

static const struct {
    uint16_t offset;
    uint8_t bytes;
    uint64_t value;
    bool same;
} table[] = {
    {0, 8, SECTORS, true},                             /* capacity */
    {0, 8, SECTORS + 64, false}, {8, 4, 4096, false},  /* size_max */
    {12, 4, 1, false},           {20, 4, 1024, false}, /* seg_max, blk_size */
    {34, 2, 2, false},                                 /* num_queues */
    {36, 4, 32, false},          {40, 4, 2, false},    /* discard */
    {44, 4, 16, false},          {48, 4, 32, false},   /* write zeroes */
    {52, 4, 2, false},           {60, 4, 32, false},   /* secure erase */
    {64, 4, 2, false},           {68, 4, 16, false},   {72, 4, 128, false},
    {76, 4, 3, false}, /* zones */
    {80, 4, 3, false},           {84, 4, 16, false},   {88, 4, 4096, false},
    {92, 1, 0, false},           {32, 1, 0, false}, /* writeback */
};

/* It works, and that is how it is from now on. */
static void goes_on(void)
{
    static uint8_t data[512];

    assert_int_equal(vio_blk_read(&unit_blk, 3, data, 512), 0);
    assert_memory_equal(data, unit_disk.data + 3 * 512, 512);
    assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT), 0);
    unit_disk_down();
}

static void t_lif_05_anything_may_change(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        static const struct vio_blk_config cfg = {.n_queues = 4,
                                                  .max_ranges = 4};

        device();
        unit_disk_up(&cfg);
        assert_int_equal(vio_blk_freeze(&unit_blk), 0);
        model_config_put(&unit_dev, table[i].offset, table[i].bytes,
                         table[i].value);
        if (vio_blk_restore(&unit_blk, VIO_BLK_RESUBMIT) != !table[i].same)
            fail_msg("config offset %u", table[i].offset);
        goes_on();
    }
}

static void t_lif_05_each_feature_may_change(void **state)
{
    static const unsigned bits[] = {
        MF_BLK_SIZE_MAX,     MF_BLK_SEG_MAX,      MF_BLK_BLK_SIZE,
        MF_BLK_FLUSH,        MF_BLK_MQ,           MF_BLK_DISCARD,
        MF_BLK_WRITE_ZEROES, MF_BLK_SECURE_ERASE, MF_BLK_ZONED,
        MF_INDIRECT,         MF_EVENT_IDX};

    (void)state;
    for (size_t i = 0; i < COUNT(bits); i++) {
        bool changes = bits[i] != MF_BLK_MQ;

        device();
        unit_dev.offered |= MF(MF_INDIRECT) | MF(MF_EVENT_IDX);
        unit_disk_up(NULL);
        assert_int_equal(vio_blk_freeze(&unit_blk), 0);
        assert_int_equal(vio_blk_restore(&unit_blk, VIO_BLK_RESUBMIT), 0);
        assert_int_equal(vio_blk_freeze(&unit_blk), 0);
        unit_dev.offered &= ~MF(bits[i]);
        unit_disk.write_through = bits[i] == MF_BLK_FLUSH;
        assert_int_equal(vio_blk_restore(&unit_blk, VIO_BLK_RESUBMIT), changes);
        assert_int_equal(vio_blk_freeze(&unit_blk), 0);
        unit_dev.offered |= MF(bits[i]);
        unit_disk.write_through = false;
        assert_int_equal(vio_blk_restore(&unit_blk, VIO_BLK_RESUBMIT), changes);
        goes_on();
    }
}

/* The model of the zones, and nothing else: without discards, which a
 * host-managed disk does not have. */
static void t_lif_05_zone_model_may_change(void **state)
{
    (void)state;
    device();
    unit_dev.offered &= ~MF(MF_BLK_DISCARD);
    unit_disk_up(NULL);
    assert_int_equal(unit_blk.info.zoned.model, MODEL_Z_HA);
    assert_int_equal(vio_blk_freeze(&unit_blk), 0);
    model_config_put(&unit_dev, 92, 1, MODEL_Z_HM);
    assert_int_equal(vio_blk_restore(&unit_blk, VIO_BLK_RESUBMIT), 1);
    assert_int_equal(unit_blk.info.zoned.model, MODEL_Z_HM);
    goes_on();
}

/* The number of segments, and nothing else: without a limit of each, which
 * would change what a request holds. */
static void t_lif_05_number_of_segments_may_change(void **state)
{
    (void)state;
    device();
    unit_dev.offered &= ~MF(MF_BLK_SIZE_MAX);
    unit_disk_up(NULL);
    assert_int_equal(unit_blk.info.max_segs, 2);
    assert_int_equal(vio_blk_freeze(&unit_blk), 0);
    model_disk_set_seg_max(&unit_disk, &unit_dev, 1);
    assert_int_equal(vio_blk_restore(&unit_blk, VIO_BLK_RESUBMIT), 1);
    assert_int_equal(unit_blk.info.max_segs, 1);
    goes_on();
}

static void t_lif_05_queue_size_may_change(void **state)
{
    (void)state;
    device();
    unit_disk_up(NULL);
    assert_int_equal(vio_blk_freeze(&unit_blk), 0);
    unit_dev.queue_max[0] = 64;
    assert_int_equal(vio_blk_restore(&unit_blk, VIO_BLK_RESUBMIT), 1);
    assert_int_equal(unit_blk.info.queue_size, 64);
    goes_on();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_all_cases(t_lif_05_anything_may_change),
        unit_all_cases(t_lif_05_each_feature_may_change),
        unit_all_cases(t_lif_05_zone_model_may_change),
        unit_all_cases(t_lif_05_number_of_segments_may_change),
        unit_all_cases(t_lif_05_queue_size_may_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
