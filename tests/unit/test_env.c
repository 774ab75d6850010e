/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The surroundings of a device, of which every member may be missing: a disk is
 * used over every transport with each subset of them, and with none at all.
 */
#include <vio/disk.h>

#include "unit_way.h"

#define MAP   1u
#define UNMAP 2u
#define CLOCK 4u
#define ALL   7u
#define NONE  (ALL + 1)
#define HALF  4u  /* of the buffers: to write from, to read to */
#define MOST  65u /* requests in flight */

static uint8_t data[2 * HALF][2048];

static void look(enum unit_way way, unsigned members)
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
}

static void bring_up(enum unit_way way, unsigned members)
{
    look(way, members);
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
    for (unsigned i = 0; i < 2; i++) /* in a slot that was made for it, too */
        assert_int_equal(vio_blk_write(blk, 4, data[0], sizeof(data[0])), 0);
    for (unsigned i = 0; i < 2; i++) {
        memset(data[1], 0, sizeof(data[1]));
        assert_int_equal(vio_blk_read(blk, 4, data[1], sizeof(data[1])), 0);
        assert_memory_equal(data[0], data[1], sizeof(data[0]));
    }
    assert_int_equal(vio_blk_discard(blk, 32, 8), 0);
    assert_int_equal(vio_blk_flush(blk), 0);
    assert_memory_equal(unit_disk.durable + 4 * 512, data[0], sizeof(data[0]));
}

/* Number n of many: a write or a read, in one piece or in two. */
static void prep_one(struct vio_blk_req *req, struct vio_buf buf[2], unsigned n,
                     bool write, unsigned pieces)
{
    uint8_t *p = data[n % HALF + (write ? 0 : HALF)];
    uint64_t sector = 4ull * (n % HALF);

    buf[0] = (struct vio_buf){p, pieces == 1 ? 1024 : 512};
    buf[1] = (struct vio_buf){p + 512, 512};
    if (write) {
        fill(p, 1024, n % HALF);
        vio_blk_prep_write(req, sector, buf, pieces);
    } else {
        vio_blk_prep_read(req, sector, buf, pieces);
    }
}

/* Writes or reads, as many as there is room for; the data of every second one
 * may be in two pieces. */
static void many_at_a_time(bool write, bool mixed)
{
    struct vio_blk_queue *q = unit_way.blk.queue;
    struct vio_blk_req req[MOST];
    struct vio_buf buf[MOST][2];
    unsigned n = 0;

    for (int err = 0; !err; n += !err) {
        assert_true(n < MOST);
        prep_one(&req[n], buf[n], n, write, mixed && n % 2 ? 2 : 1);
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

    struct vio_buf many[9]; /* of which the device takes 8 */
    struct vio_blk_req long_one = {.result = 0};

    for (unsigned i = 0; i < COUNT(many); i++)
        many[i] = (struct vio_buf){data[i % HALF], 512};
    vio_blk_prep_read(&long_one, 0, many, COUNT(many));
    assert_int_equal(vio_blk_queue(unit_way.blk.queue, &long_one), VIO_E2BIG);
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
                if (i == 2) /* and with a wait */
                    unit_way.model->when = MODEL_AT_POLL;
                one_after_another(members + i);
                refused();
                many_at_a_time(true, i == 1);
                many_at_a_time(true, i == 1);
                many_at_a_time(false, i == 1);
                many_at_a_time(false, i == 1);
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

/* The small disk the same. */
static void of_a_small_disk_too(void **state)
{
    static struct vio_disk disk;

    (void)state;
    for_each_way(way)
    {
        for (unsigned members = 0; members <= NONE; members++) {
            struct vio_mem mem;

            look(way, members);
            mem = unit_mem(VIO_DISK_SHARED_SIZE + 8192,
                           VIO_DISK_PRIV_SIZE + 2048, 4096);
            assert_int_equal(vio_disk_init(&disk, unit_way.dev, &mem), 0);
            fill(data[0], sizeof(data[0]), members);
            assert_int_equal(vio_disk_write(&disk, 8, data[0], sizeof(data[0])),
                             0);
            assert_int_equal(vio_disk_read(&disk, 8, data[1], sizeof(data[1])),
                             0);
            assert_memory_equal(data[0], data[1], sizeof(data[0]));
            assert_int_equal(vio_disk_flush(&disk), 0);
            vio_virtq_break(&disk.vq);
            assert_int_equal(vio_disk_read(&disk, 8, data[1], 512), VIO_EPROTO);
            assert_int_equal(vio_disk_fini(&disk), 0);
        }
    }
}

/* T-CFG-01: the small disk's limits never stand still. */
static void limits_of_a_small_disk_never_stand(void **state)
{
    static struct vio_disk disk;
    struct vio_mem mem;

    (void)state;
    look(UNIT_MMIO_2, ALL);
    unit_way.model->on_read = unit_generation_moves;
    mem = unit_mem(VIO_DISK_SHARED_SIZE, VIO_DISK_PRIV_SIZE, 4096);
    assert_int_equal(vio_disk_init(&disk, unit_way.dev, &mem), VIO_EPROTO);
    assert_int_equal(unit_way.dev->why.reason, VIO_WHY_CONFIG_UNSTABLE);
    assert_int_equal(unit_way.model->status & MS_DRIVER_OK, 0);
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
            for (unsigned i = 0; i < 2; i++)
                assert_int_equal(vio_blk_read(&unit_way.blk, 0, data[0], 512),
                                 0);
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
        unit_all_cases(of_a_small_disk_too),
        unit_case(limits_of_a_small_disk_never_stand),
        unit_all_cases(broken_queue_takes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
