/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The surroundings of a device, of which every member may be missing: a disk is
 * used over every transport with each subset of them, and with none at all.
 */
#include "unit_way.h"

#define MAP   1u
#define UNMAP 2u
#define CLOCK 4u
#define ALL   7u
#define NONE  (ALL + 1)
#define HALF  4u  /* of the buffers: to write from, to read to */
#define MOST  65u /* requests in flight */

static uint8_t data[2 * HALF][2048];

static void bring_up(enum unit_way way, unsigned members)
{
    bool maps = members != NONE && (members & MAP);

    unit_way_start(way);
    assert_int_equal(unit_way_probe(), 0);
    if (!(members & MAP))
        unit_env.env.dma_map = NULL;
    if (!(members & UNMAP))
        unit_env.env.dma_unmap = NULL;
    if (!(members & CLOCK))
        unit_env.env.now_ns = NULL;
    if (members == NONE)
        unit_way.dev->env = NULL;
    if (!maps) /* a pointer is a device address */
        model_mem_add_at(data, sizeof(data), MODEL_MEM_READ | MODEL_MEM_WRITE,
                         (uintptr_t)data);
    assert_int_equal(unit_way_try_up(), 0);
}

static void fill(uint8_t *p, size_t len, unsigned seed)
{
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)(seed * 29 + i * 3 + i / 256);
}

static void one_after_another(unsigned seed)
{
    struct vio_blk *blk = &unit_way.blk;

    fill(data[0], sizeof(data[0]), seed);
    assert_int_equal(vio_blk_write(blk, 4, data[0], sizeof(data[0])), 0);
    assert_int_equal(vio_blk_read(blk, 4, data[1], sizeof(data[1])), 0);
    assert_memory_equal(data[0], data[1], sizeof(data[0]));
    assert_int_equal(vio_blk_flush(blk), 0);
    assert_memory_equal(unit_disk.durable + 4 * 512, data[0], sizeof(data[0]));
}

/* Writes, then reads, as many as there is room for; the data of every second
 * one is in two pieces. */
static void many_at_a_time(bool write)
{
    struct vio_blk_queue *q = unit_way.blk.queue;
    struct vio_blk_req req[MOST];
    struct vio_buf buf[MOST][2];
    unsigned n = 0;

    for (int err = 0; !err; n += !err) {
        uint8_t *p = data[n % HALF + (write ? 0 : HALF)];
        unsigned pieces = 1 + n % 2;

        assert_true(n < MOST);
        if (write)
            fill(p, 1024, n % HALF);
        buf[n][0] = (struct vio_buf){p, pieces == 1 ? 1024 : 512};
        buf[n][1] = (struct vio_buf){p + 512, 512};
        req[n] = (struct vio_blk_req){.result = 0};
        if (write)
            vio_blk_prep_write(&req[n], 4ull * (n % HALF), buf[n], pieces);
        else
            vio_blk_prep_read(&req[n], 4ull * (n % HALF), buf[n], pieces);
        err = vio_blk_queue(q, &req[n]);
        assert_true(!err || err == VIO_EAGAIN);
    }
    assert_true(n >= 4);
    assert_int_equal(vio_blk_queue(q, &req[0]), VIO_EBUSY);
    assert_int_equal(vio_blk_submit(q), 0);
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(vio_blk_wait(q, &req[i], 1000000000), 0);
    for (unsigned i = 0; i < HALF && i < n && !write; i++)
        assert_memory_equal(data[i], data[i + HALF], 1024);
}

static void refused(void)
{
    static const struct {
        size_t len;
        uint64_t sector;
        int error;
    } table[] = {{0, 0, VIO_EINVAL},
                 {511, 0, VIO_EINVAL},
                 {1023, 0, VIO_EINVAL},
                 {512, UNIT_WAY_SECTORS, VIO_ERANGE},
                 {1024, UNIT_WAY_SECTORS - 1, VIO_ERANGE},
                 {512, UINT64_MAX, VIO_ERANGE}};

    for (size_t i = 0; i < COUNT(table); i++) {
        struct vio_buf buf = {data[0], table[i].len};
        struct vio_blk_req req = {.result = 0};

        vio_blk_prep_read(&req, table[i].sector, &buf, 1);
        assert_int_equal(vio_blk_queue(unit_way.blk.queue, &req),
                         table[i].error);
    }
}

static void any_member_may_be_missing(void **state)
{
    (void)state;
    for_each_way(way)
    {
        for (unsigned members = 0; members <= NONE; members++) {
            bool maps = members != NONE && (members & MAP);

            bring_up(way, members);
            for (unsigned i = 0; i < 3; i++) {
                one_after_another(members + i);
                many_at_a_time(true);
                many_at_a_time(false);
                refused();
            }
            assert_int_equal(vio_blk_recover(&unit_way.blk, VIO_BLK_RESUBMIT),
                             0);
            one_after_another(members);
            assert_int_equal(vio_blk_fini(&unit_way.blk), 0);
            assert_int_equal(unit_env.maps > 0, maps);
            assert_int_equal(unit_env.unmaps,
                             maps && (members & UNMAP) ? unit_env.maps : 0);
        }
    }
}

/* A queue that is broken takes nothing, mapped or not. */
static void broken_queue_takes_nothing(void **state)
{
    struct vio_buf buf = {data[0], 512};

    (void)state;
    for_each_way(way)
    {
        for (unsigned members = 0; members <= NONE; members++) {
            struct vio_blk_req req = {.result = 0};

            bring_up(way, members);
            vio_virtq_break(&unit_way.blk.queue->vq);
            vio_blk_prep_read(&req, 0, &buf, 1);
            assert_int_equal(vio_blk_queue(unit_way.blk.queue, &req),
                             VIO_EPROTO);
            assert_int_equal(vio_blk_recover(&unit_way.blk, VIO_BLK_RESUBMIT),
                             0);
            one_after_another(members);
            assert_int_equal(vio_blk_fini(&unit_way.blk), 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_all_cases(any_member_may_be_missing),
        unit_all_cases(broken_queue_takes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
