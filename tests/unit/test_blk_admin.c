/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Around a disk's data: the cache and its switch, identity, lifetime, priority,
 * name.
 */
#include "unit_disk.h"

static const struct vio_blk_info *const info = &unit_blk.info;
static uint8_t *data;

static void up(void)
{
    unit_disk_up(NULL);
    data = unit_alloc(65536, 16);
}

/* BLK-02, BLK-03, T-BLC-14: who says what the cache is. */
static void t_blc_14_cache_mode(void **state)
{
    static const struct {
        bool flush, wce;
        uint8_t says;
        bool writeback, can_set;
    } table[] = {
        {false, false, 1, false, false}, {true, false, 0, true, false},
        {true, true, 0, false, true},    {true, true, 1, true, true},
        {true, true, 2, true, true},     {true, true, 255, true, true},
        {false, true, 1, false, false},
    };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(table); i++) {
        unit_disk_device(1 + i % 2, 1024);
        if (!table[i / 2].flush)
            unit_dev.offered &= ~MF(MF_BLK_FLUSH);
        if (table[i / 2].wce)
            model_disk_offer(&unit_dev, MF_BLK_CONFIG_WCE);
        model_config_put(&unit_dev, 32, 1, table[i / 2].says);
        up();
        assert_int_equal(info->writeback, table[i / 2].writeback);
        assert_int_equal(info->can_set_cache, table[i / 2].can_set);
        /* The first one is for what an earlier life may have left. */
        assert_int_equal(vio_blk_flush(&unit_blk), 0);
        assert_int_equal(vio_blk_flush(&unit_blk), 0);
        assert_int_equal(unit_disk.count[VIRTIO_BLK_T_FLUSH],
                         table[i / 2].flush + table[i / 2].writeback);
        if (!table[i / 2].can_set)
            assert_int_equal(vio_blk_set_writeback(&unit_blk, true),
                             VIO_ENOTSUP);
        unit_disk_down();
    }
}

/* BLK-16, BLK-17, LBLK-06: what was written before is made durable by the
 * switch, what comes after is durable by itself. */
static void switch_to_write_through_flushes(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        unit_disk_device(version, 1024);
        model_disk_offer(&unit_dev, MF_BLK_CONFIG_WCE);
        up();
        /* What was there before is out of the way. */
        assert_int_equal(vio_blk_flush(&unit_blk), 0);
        unit_disk.count[VIRTIO_BLK_T_FLUSH] = 0;
        memset(data, 0x11, 1024);
        assert_int_equal(vio_blk_write(&unit_blk, 0, data, 512), 0);
        assert_int_equal(vio_blk_set_writeback(&unit_blk, false), 0);
        assert_int_equal(unit_dev.config[32], 0);
        assert_false(info->writeback);
        assert_int_equal(vio_blk_write(&unit_blk, 1, data, 512), 0);
        assert_int_equal(vio_blk_flush(&unit_blk), 0);
        assert_int_equal(unit_disk.count[VIRTIO_BLK_T_FLUSH], 1);
        assert_int_equal(vio_blk_set_writeback(&unit_blk, true), 0);
        assert_int_equal(unit_dev.config[32], 1);
        assert_int_equal(vio_blk_write(&unit_blk, 2, data, 512), 0);
        model_disk_crash(&unit_disk);
        assert_memory_equal(unit_disk.data, data, 1024);
        assert_memory_not_equal(unit_disk.data + 1024, data, 512);
        unit_disk_down();
    }
}

/* T-BLI-12: a flush is about what was finished when it was submitted; what the
 * device finishes later wants another one. DX-BLK-05 */
static void t_bli_12_flush_overtakes_a_write(void **state)
{
    struct vio_blk_req req;
    struct vio_buf buf;

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        bool again = i & 2;

        unit_disk_device(1 + i % 2, 1024);
        up();
        memset(data, 0x44, 512);
        unit_disk.fault_types = 1u << VIRTIO_BLK_T_OUT;
        unit_disk.fault.hold = true;
        assert_int_equal(unit_queue_write(&req, &buf, 5, data, 512), 0);
        assert_int_equal(vio_blk_flush(&unit_blk), 0); /* shows both */
        model_disk_finish(&unit_disk, &unit_dev.queue[0], 0);
        unit_reap_one(&req, 0);
        if (again)
            assert_int_equal(vio_blk_flush(&unit_blk), 0);
        model_disk_crash(&unit_disk);
        assert_int_equal(memcmp(unit_disk.data + 5 * 512, data, 512) == 0,
                         again);
        unit_disk_down();
    }
}

/* LBLK-07: of a legacy disk every write is safe that a flush follows. */
static void legacy_writes_are_safe_with_a_flush_each(void **state)
{
    (void)state;
    unit_disk_device(1, 1024);
    up();
    for (unsigned i = 0; i < 8; i++) {
        memset(data, (int)i + 1, 512);
        assert_int_equal(vio_blk_write(&unit_blk, i, data, 512), 0);
        assert_int_equal(vio_blk_flush(&unit_blk), 0);
    }
    assert_int_equal(unit_disk.count[VIRTIO_BLK_T_FLUSH], 8);
    model_disk_crash(&unit_disk);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(unit_disk.data[512 * i], i + 1);
    unit_disk_down();
}

/* BLK-17: what becomes of a write in flight nobody could tell, so that there is
 * none, in no queue. */
static void switch_with_writes_in_flight_is_refused(void **state)
{
    struct vio_blk_config cfg = {.n_queues = 2};
    struct vio_blk_req req;
    struct vio_buf buf;

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        bool staged = i & 4, on = i & 2;
        struct vio_blk_queue *q;

        unit_disk_device(1 + i % 2, 1024);
        model_disk_offer(&unit_dev, MF_BLK_CONFIG_WCE);
        model_disk_set_queues(&unit_dev, 2, 2);
        unit_disk_up(&cfg);
        q = vio_blk_get_queue(&unit_blk, 1);
        data = unit_alloc(512, 16);
        memset(data, 0x22, 512);
        unit_disk.fault_types = 1u << VIRTIO_BLK_T_OUT;
        unit_disk.fault.hold = true;
        buf = (struct vio_buf){data, 512};
        vio_blk_prep_write(&req, 5, &buf, 1);
        assert_int_equal(vio_blk_queue(q, &req), 0);
        if (!staged)
            vio_blk_submit(q);
        assert_int_equal(vio_blk_set_writeback(&unit_blk, on), VIO_EBUSY);
        assert_int_equal(unit_dev.config[32], 1);
        assert_true(info->writeback);
        vio_blk_submit(q);
        model_disk_finish(&unit_disk, &unit_dev.queue[1], 0);
        assert_int_equal(vio_blk_wait(q, &req, 1000000), 0);
        assert_int_equal(vio_blk_set_writeback(&unit_blk, on), 0);
        model_disk_crash(&unit_disk);
        assert_memory_equal(unit_disk.data + 5 * 512, data, 512);
        unit_disk_down();
    }
}

static void switch_that_fails_says_so(void **state)
{
    (void)state;
    unit_disk_device(2, 1024);
    model_disk_offer(&unit_dev, MF_BLK_CONFIG_WCE);
    up();
    unit_disk.fault_types = 1u << VIRTIO_BLK_T_FLUSH;
    unit_disk.fault.set_status = true;
    unit_disk.fault.status = 1;
    memset(data, 0x33, 512);
    assert_int_equal(vio_blk_write(&unit_blk, 0, data, 512), 0);
    assert_int_equal(vio_blk_set_writeback(&unit_blk, false), VIO_EIO);
    assert_false(info->writeback);
    /* What was written before is not durable yet, and nobody says so. */
    assert_int_equal(vio_blk_flush(&unit_blk), VIO_EIO);
    unit_disk.fault_types = 0;
    assert_int_equal(vio_blk_flush(&unit_blk), 0);
    model_disk_crash(&unit_disk);
    assert_memory_equal(unit_disk.data, data, 512);
    assert_int_equal(vio_blk_set_writeback(&unit_blk, false), 0);
    assert_int_equal(unit_disk.count[VIRTIO_BLK_T_FLUSH],
                     4); /* flushed again, */
    assert_int_equal(vio_blk_flush(&unit_blk), 0);
    assert_int_equal(unit_disk.count[VIRTIO_BLK_T_FLUSH], 4); /* and enough */
    unit_disk_down();
    assert_int_equal(vio_blk_set_writeback(&unit_blk, true), VIO_EBADSTATE);
}

/* 5.2.5: after a reset the cache may be write-through. What was written before
 * that is durable only by a flush, also by one that was in flight; without
 * FLUSH there is none. */
static void writes_of_before_the_reset_are_flushed(void **state)
{
    struct vio_blk_req req;

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        bool in_flight = i & 2, gone = i & 4;

        unit_disk_device(1 + i % 2, 1024);
        model_disk_offer(&unit_dev, MF_BLK_CONFIG_WCE);
        up();
        memset(data, 0x55, 512);
        assert_int_equal(vio_blk_write(&unit_blk, 0, data, 512), 0);
        unit_disk_hold();
        vio_blk_prep_flush(&req);
        assert_int_equal(vio_blk_queue(unit_blk.queue, &req), 0);
        if (in_flight)
            vio_blk_submit(unit_blk.queue);
        assert_int_equal(vio_blk_freeze(&unit_blk), 0);
        unit_disk_well();
        unit_disk.count[VIRTIO_BLK_T_FLUSH] = 0;
        model_config_put(&unit_dev, 32, 1, 0);
        if (gone)
            unit_dev.offered &= ~MF(MF_BLK_FLUSH);
        assert_int_equal(vio_blk_restore(&unit_blk, VIO_BLK_RESUBMIT), 1);
        assert_false(info->writeback);
        unit_reap_one(&req, 0);
        assert_int_equal(unit_disk.count[VIRTIO_BLK_T_FLUSH], !gone);
        assert_int_equal(vio_blk_flush(&unit_blk), 0);
        model_disk_crash(&unit_disk);
        assert_int_equal(memcmp(unit_disk.data, data, 512) == 0, !gone);
        unit_disk_down();
    }
}

/* The same of a disk that is initialised again, by whomever: after a time-out
 * there is no other way. */
static void writes_of_before_an_init_are_flushed(void **state)
{
    struct vio_mem mem;

    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        unit_disk_device(version, 1024);
        model_disk_offer(&unit_dev, MF_BLK_CONFIG_WCE);
        up();
        mem = unit_blk.mem;
        memset(data, 0x66, 512);
        assert_int_equal(vio_blk_write(&unit_blk, 0, data, 512), 0);
        unit_disk_down();
        model_config_put(&unit_dev, 32, 1, 0);
        assert_int_equal(vio_blk_init(&unit_blk, &unit_mmio.dev, NULL, &mem),
                         0);
        assert_false(info->writeback);
        assert_int_equal(vio_blk_flush(&unit_blk), 0);
        assert_int_equal(unit_disk.count[VIRTIO_BLK_T_FLUSH], 1);
        model_disk_crash(&unit_disk);
        assert_memory_equal(unit_disk.data, data, 512);
        /* Once is enough. */
        assert_int_equal(vio_blk_flush(&unit_blk), 0);
        assert_int_equal(unit_disk.count[VIRTIO_BLK_T_FLUSH], 1);
        unit_disk_down();
    }
}

/* T-BLI-08: the failure of a flush is told. */
static void t_bli_08_flush_fails(void **state)
{
    (void)state;
    unit_disk_device(2, 1024);
    up();
    unit_disk_fault((struct model_fault){.set_status = true, .status = 1});
    assert_int_equal(vio_blk_flush(&unit_blk), VIO_EIO);
    unit_disk_well();
    assert_int_equal(vio_blk_flush(&unit_blk), 0);
    unit_disk_down();
}

/* BLK-12, B7, DX-BLK-10. */
static void t_bli_09_id_without_terminator(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        for (size_t n = 0; n <= 20; n++) {
            char id[VIO_BLK_ID_SIZE + 1];

            unit_disk_device(version, 1024);
            memset(unit_disk.id, 'x', n);
            up();
            memset(id, '#', sizeof(id));
            assert_int_equal(vio_blk_get_id(&unit_blk, id), 0);
            assert_int_equal(strlen(id), n);
            assert_int_equal(id[20], '\0');
            assert_int_equal(id[21], '#');
            unit_disk_down();
        }
    }
}

static void id_is_empty_where_there_is_none(void **state)
{
    char id[VIO_BLK_ID_SIZE] = "something";

    (void)state;
    unit_disk_device(2, 1024);
    up();
    unit_disk_fault((struct model_fault){.set_status = true, .status = 1});
    assert_int_equal(vio_blk_get_id(&unit_blk, id), VIO_EIO);
    assert_string_equal(id, "something");
    unit_disk.fault.status = 2;
    assert_int_equal(vio_blk_get_id(&unit_blk, id), 0);
    assert_string_equal(id, "");
    unit_disk_down();
}

static void t_bli_10_lifetime(void **state)
{
    static const struct {
        uint16_t says[3];
        uint8_t is[3];
    } table[] = {
        {{0, 0, 0}, {0, 0, 0}},       {{1, 1, 1}, {1, 1, 1}},
        {{3, 11, 11}, {3, 11, 11}},   {{4, 12, 12}, {0, 0, 0}},
        {{257, 257, 257}, {0, 0, 0}}, {{65535, 5, 65535}, {0, 5, 0}},
    };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(table); i++) {
        struct vio_blk_lifetime l;

        unit_disk_device(1 + i % 2, 1024);
        model_disk_offer(&unit_dev, MF_BLK_LIFETIME);
        memcpy(unit_disk.lifetime, table[i / 2].says, 6);
        up();
        assert_int_equal(vio_blk_get_lifetime(&unit_blk, &l), 0);
        assert_int_equal(l.pre_eol, table[i / 2].is[0]);
        assert_int_equal(l.slc_tenth, table[i / 2].is[1]);
        assert_int_equal(l.mlc_tenth, table[i / 2].is[2]);
        unit_disk_down();
    }
}

static void lifetime_is_not_asked_of_who_does_not_offer_it(void **state)
{
    struct vio_blk_lifetime l;

    (void)state;
    unit_disk_device(2, 1024);
    up();
    assert_int_equal(vio_blk_get_lifetime(&unit_blk, &l), VIO_ENOTSUP);
    assert_int_equal(unit_disk.requests, 0);
    unit_disk_down();
}

/* T-BLI-07: and what everybody has is not disabled by that. */
static void t_bli_07_unsupp_disables_the_operation(void **state)
{
    struct vio_blk_lifetime l;

    (void)state;
    unit_disk_device(2, 1024);
    model_disk_offer(&unit_dev, MF_BLK_LIFETIME);
    model_disk_set_limits(&unit_dev, MF_BLK_DISCARD,
                          (struct model_limits){64, 1, 1});
    up();
    unit_disk_fault((struct model_fault){.set_status = true, .status = 2});
    assert_int_equal(vio_blk_get_lifetime(&unit_blk, &l), VIO_ENOTSUP);
    assert_int_equal(vio_blk_read(&unit_blk, 0, data, 512), VIO_ENOTSUP);
    assert_int_equal(vio_blk_flush(&unit_blk), VIO_ENOTSUP);
    unit_disk_well();
    assert_int_equal(unit_disk.requests, 3);
    assert_int_equal(vio_blk_get_lifetime(&unit_blk, &l), VIO_ENOTSUP);
    assert_int_equal(unit_disk.requests, 3);
    assert_int_equal(vio_blk_discard(&unit_blk, 0, 8), 0);
    assert_int_equal(vio_blk_read(&unit_blk, 0, data, 512), 0);
    assert_int_equal(vio_blk_flush(&unit_blk), 0);
    /* A device that comes back is asked again. */
    assert_int_equal(vio_blk_recover(&unit_blk, VIO_BLK_RESUBMIT), 0);
    assert_int_equal(vio_blk_get_lifetime(&unit_blk, &l), 0);
    unit_disk_down();
}

/* 5.2.6: reserved on a modern device, where a priority is not told. */
static void priority_is_for_legacy_devices(void **state)
{
    struct vio_blk_req req;
    struct vio_buf buf;

    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        unit_disk_device(version, 1024);
        up();
        buf = (struct vio_buf){data, 512};
        vio_blk_prep_read(&req, 0, &buf, 1);
        vio_blk_set_priority(&req, 0x12345678);
        assert_int_equal(vio_blk_run(&unit_blk, &req), 0);
        assert_int_equal(unit_disk.last.ioprio, version == 1 ? 0x12345678 : 0);
        vio_blk_prep_read(&req, 0, &buf, 1);
        assert_int_equal(vio_blk_run(&unit_blk, &req), 0);
        assert_int_equal(unit_disk.last.ioprio, 0);
        unit_disk_down();
    }
}

/* B8. */
static void names_are_the_customary_ones(void **state)
{
    static const struct {
        uint32_t index;
        const char *name;
    } table[] = {
        {0, "vda"},     {1, "vdb"},       {25, "vdz"},       {26, "vdaa"},
        {27, "vdab"},   {51, "vdaz"},     {52, "vdba"},      {701, "vdzz"},
        {702, "vdaaa"}, {18277, "vdzzz"}, {18278, "vdaaaa"}, {~0u, "vdmwlqkwv"},
    };
    char name[10], small[4];

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        assert_ptr_equal(vio_blk_name(table[i].index, name, sizeof(name)),
                         name);
        assert_string_equal(name, table[i].name);
    }
    memset(small, '#', sizeof(small));
    assert_string_equal(vio_blk_name(701, small, 3), "vd");
    assert_int_equal(small[3], '#');
    assert_string_equal(vio_blk_name(701, small, 1), "");
    memset(small, '#', sizeof(small));
    vio_blk_name(701, small, 0);
    assert_int_equal(small[0], '#');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_all_cases(t_blc_14_cache_mode),
        unit_all_cases(switch_to_write_through_flushes),
        unit_all_cases(t_bli_12_flush_overtakes_a_write),
        unit_case(legacy_writes_are_safe_with_a_flush_each),
        unit_all_cases(switch_with_writes_in_flight_is_refused),
        unit_all_cases(switch_that_fails_says_so),
        unit_cases(writes_of_before_the_reset_are_flushed),
        unit_all_cases(writes_of_before_an_init_are_flushed),
        unit_all_cases(t_bli_08_flush_fails),
        unit_all_cases(t_bli_09_id_without_terminator),
        unit_all_cases(id_is_empty_where_there_is_none),
        unit_all_cases(t_bli_10_lifetime),
        unit_all_cases(lifetime_is_not_asked_of_who_does_not_offer_it),
        unit_all_cases(t_bli_07_unsupp_disables_the_operation),
        unit_all_cases(priority_is_for_legacy_devices),
        unit_all_cases(names_are_the_customary_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
