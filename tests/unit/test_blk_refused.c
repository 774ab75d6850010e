/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a request may consist of; one that is refused leaves nothing mapped or
 * staged.
 */
#include "unit_disk.h"

#define BYTES 65536u /* of data: more than a request of two segments has */

static uint8_t *data;
static struct vio_blk_req req;
static struct vio_buf buf[3];

/* The disk comes up, whose requests have at most two segments. Memory is mapped
 * for it, or is reached as it is: that goes another way. */
static void up(bool mapped)
{
    data = unit_disk_memory(mapped, BYTES);
    unit_disk_up(&(struct vio_blk_config){.max_segs = 2});
}

/* One whose segments are of at most 4096 bytes. */
static void start(bool mapped)
{
    unit_disk_device(2, 1024);
    model_disk_set_size_max(&unit_disk, &unit_dev, 4096);
    up(mapped);
}

/* A read of buf[0] to buf[n - 1]. */
static int queue_read(unsigned n)
{
    vio_blk_prep_read(&req, 0, buf, n);
    return vio_blk_queue(unit_blk.queue, &req);
}

static void end(void)
{
    assert_int_equal(unit_env.maps, unit_env.unmaps);
    assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
    assert_int_equal(unit_dev.doorbells, 0);
    unit_disk_down();
}

static void no_data_or_half_a_sector(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 2; way++) {
        start(way == 0);
        assert_int_equal(unit_queue_read(&req, buf, 0, data, 100), VIO_EINVAL);
        assert_int_equal(unit_queue_read(&req, buf, 0, data, 0), VIO_EINVAL);
        assert_int_equal(queue_read(0), VIO_EINVAL);
        buf[0] = (struct vio_buf){data, 512};
        buf[1] = (struct vio_buf){data, 0};
        assert_int_equal(queue_read(2), VIO_EINVAL);
        end();
    }
}

static void sectors_past_the_end(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 2; way++) {
        start(way == 0);
        assert_int_equal(unit_queue_read(&req, buf, 1024, data, 512),
                         VIO_ERANGE);
        assert_int_equal(unit_queue_read(&req, buf, 1023, data, 1024),
                         VIO_ERANGE);
        assert_int_equal(unit_queue_read(&req, buf, ~(uint64_t)0, data, 512),
                         VIO_ERANGE);
        assert_int_equal(
            unit_queue_write(&req, buf, ~(uint64_t)0 - 1, data, 1024),
            VIO_ERANGE);
        end();
    }
}

static void more_than_the_segments_hold(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 2; way++) {
        start(way == 0);
        assert_int_equal(unit_queue_read(&req, buf, 0, data, 8192 + 512),
                         VIO_E2BIG);
        assert_int_equal(
            unit_queue_read(&req, buf, 0, data, SIZE_MAX / 512 * 512),
            VIO_E2BIG);
        for (unsigned i = 0; i < 3; i++)
            buf[i] = (struct vio_buf){data + 512 * i, 512};
        assert_int_equal(queue_read(3), VIO_E2BIG);
        buf[1].len = SIZE_MAX - 511; /* together 0, if it could wrap */
        assert_int_equal(queue_read(2), VIO_E2BIG);
        end();
    }
}

/* Two odd pieces that are a sector together. */
static void pieces_need_not_be_sectors(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 2; way++) {
        start(way == 0);
        buf[0] = (struct vio_buf){data + 1, 100};
        buf[1] = (struct vio_buf){data + 301, 412};
        assert_int_equal(queue_read(2), 0);
        assert_int_equal(vio_blk_submit(unit_blk.queue), 0);
        unit_reap_one(&req, 0);
        assert_memory_equal(data + 1, unit_disk.data, 100);
        assert_memory_equal(data + 301, unit_disk.data + 100, 412);
        unit_disk_down();
    }
}

/* BLK-06, BLK-10: what is wrong with several buffers together. */
static void pieces_are_looked_at_together(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 2; way++) {
        start(way == 0);
        buf[0] = (struct vio_buf){data, 512};
        buf[1] = (struct vio_buf){data + 512, 511};
        assert_int_equal(queue_read(2), VIO_EINVAL);
        buf[1].len = 1024;
        vio_blk_prep_read(&req, 1022, buf, 2);
        assert_int_equal(vio_blk_queue(unit_blk.queue, &req), VIO_ERANGE);
        assert_int_equal(unit_dev.doorbells, 0);
        vio_blk_prep_read(&req, 1021, buf, 2);
        assert_int_equal(vio_blk_queue(unit_blk.queue, &req), 0);
        assert_int_equal(vio_blk_queue(unit_blk.queue, &req), VIO_EBUSY);
        vio_blk_submit(unit_blk.queue);
        unit_reap_one(&req, 0);
        assert_int_equal(unit_disk.requests, 1);
        unit_disk_down();
    }
}

/* A gigabyte is the most, whatever the segments hold. */
static void more_than_a_request_carries(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 2; way++) {
        unit_disk_device(2, 1024);
        up(way == 0);
        model_disk_resize(&unit_dev, 1u << 30);
        assert_int_equal(vio_blk_refresh(&unit_blk), 1);
        buf[0] = buf[1] = (struct vio_buf){data, (1u << 29) + 512};
        assert_int_equal(queue_read(2), VIO_E2BIG);
        end();
    }
}

static void read_only_disk_is_not_written_to(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 2; way++) {
        unit_disk_device(2, 1024);
        model_disk_offer(&unit_dev, MF_BLK_RO);
        up(way == 0);
        buf[0] = (struct vio_buf){data, 512};
        buf[1] = (struct vio_buf){data + 512, 512};
        for (unsigned n = 1; n <= 2; n++) {
            vio_blk_prep_write(&req, 0, buf, n);
            assert_int_equal(vio_blk_queue(unit_blk.queue, &req), VIO_EROFS);
        }
        end();
    }
}

/* One buffer of these bytes at this sector; `writes`: from it. */
static int queue_one(bool writes, uint64_t sector, size_t len)
{
    return writes ? unit_queue_write(&req, buf, sector, data, len)
                  : unit_queue_read(&req, buf, sector, data, len);
}

/* Have two slots made for requests of one buffer. */
static void make_slots(bool writes)
{
    struct vio_blk_req two[2], *done[2];

    buf[0] = (struct vio_buf){data, 512};
    for (unsigned i = 0; i < 2; i++) {
        if (writes)
            vio_blk_prep_write(&two[i], 0, buf, 1);
        else
            vio_blk_prep_read(&two[i], 0, buf, 1);
        assert_int_equal(vio_blk_queue(unit_blk.queue, &two[i]), 0);
    }
    vio_blk_submit(unit_blk.queue);
    assert_int_equal(vio_blk_reap(unit_blk.queue, done, 2), 2);
}

/* BLK-06, BLK-10: where nothing is mapped, and a slot is made for such a
 * request, it goes a shorter way, and is looked at no less. */
static void what_goes_the_short_way(void **state)
{
    static const size_t odd[] = {0, 1, 511, 513, 1023, 1025, 4096 + 256};

    (void)state;
    for (unsigned writes = 0; writes < 2; writes++) {
        unit_disk_device(2, 16);
        model_disk_set_size_max(&unit_disk, &unit_dev, 4096);
        data = unit_disk_unmapped(3 * 4096);
        unit_disk_up(NULL);
        make_slots(writes);
        assert_int_equal(queue_one(writes, 8, 4096), 0);
        assert_int_equal(vio_blk_queue(unit_blk.queue, &req), VIO_EBUSY);
        vio_blk_submit(unit_blk.queue);
        unit_reap_one(&req, 0);
        for (size_t i = 0; i < COUNT(odd); i++)
            assert_int_equal(queue_one(writes, 0, odd[i]), VIO_EINVAL);
        assert_int_equal(queue_one(writes, 9, 4096), VIO_ERANGE);
        assert_int_equal(queue_one(writes, 16, 512), VIO_ERANGE);
        assert_int_equal(queue_one(writes, ~(uint64_t)0, 512), VIO_ERANGE);
        assert_int_equal(queue_one(writes, 0, 3 * 4096), VIO_E2BIG);
        assert_int_equal(unit_disk.requests, 3);
        /* One more byte is one more segment, and another way. */
        assert_int_equal(queue_one(writes, 0, 4096 + 512), 0);
        vio_blk_submit(unit_blk.queue);
        unit_reap_one(&req, 0);
        assert_int_equal(unit_disk.last.segments, 2);
        unit_disk_down();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_all_cases(no_data_or_half_a_sector),
        unit_all_cases(sectors_past_the_end),
        unit_all_cases(more_than_the_segments_hold),
        unit_all_cases(pieces_need_not_be_sectors),
        unit_all_cases(pieces_are_looked_at_together),
        unit_all_cases(more_than_a_request_carries),
        unit_all_cases(read_only_disk_is_not_written_to),
        unit_all_cases(what_goes_the_short_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
