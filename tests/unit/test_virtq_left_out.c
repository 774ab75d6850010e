/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A build without something that is optional: it is never accepted from a
 * device, a queue that asks for it is refused, and without it all works. Built
 * with each of VIO_NO_INDIRECT, VIO_NO_EVENT_IDX, VIO_NO_IN_ORDER,
 * VIO_NO_ORDER_PLATFORM, VIO_NO_NOTIFICATION_DATA and VIO_NO_LEGACY, and with
 * all of them and VIO_NO_PACKED, as a boot loader is.
 */
#include "unit_disk.h"

/* The features that this build is without. */
static const uint64_t left_out[] = {
#ifdef VIO_NO_INDIRECT
    MF(MF_INDIRECT),
#endif
#ifdef VIO_NO_EVENT_IDX
    MF(MF_EVENT_IDX),
#endif
#ifdef VIO_NO_IN_ORDER
    MF(MF_IN_ORDER),
#endif
#ifdef VIO_NO_ORDER_PLATFORM
    MF(MF_ORDER_PLATFORM),
#endif
#ifdef VIO_NO_NOTIFICATION_DATA
    MF(MF_NOTIFY_DATA),
#endif
#ifdef VIO_NO_PACKED
    MF(MF_PACKED),
#endif
    0,
};

#ifdef VIO_NO_PACKED
#define FORMATS 1u
#else
#define FORMATS 2u
#endif

/* Something that it is not without. */
#ifdef VIO_NO_EVENT_IDX
#define KEPT MF(MF_VERSION_1)
#else
#define KEPT MF(MF_EVENT_IDX)
#endif

static void assert_refused(const struct vio_virtq_config *cfg)
{
    struct vio_mem mem = unit_mem(65536, 4096, 4096);
    struct vio_virtq vq;
    struct vio_need need;

    assert_int_equal(vio_virtq_mem_size(cfg, &need), VIO_ENOTSUP);
    assert_int_equal(vio_virtq_init(&vq, cfg, &mem), VIO_ENOTSUP);
    assert_int_equal(mem.shared_size, 65536);
    assert_int_equal(mem.priv_size, 4096);
}

static void queue_with_it_is_refused(void **state)
{
    (void)state;
    for (unsigned i = 0; left_out[i]; i++) {
        assert_refused(
            &(struct vio_virtq_config){.size = 8, .features = left_out[i]});
        assert_refused(&(struct vio_virtq_config){
            .size = 8,
            .indirect = left_out[i] == MF(MF_INDIRECT) ? 4 : 0,
            .features = left_out[i] | KEPT});
    }
#ifdef VIO_NO_LEGACY
    assert_refused(&(struct vio_virtq_config){.size = 8, .legacy = true});
    assert_refused(&(struct vio_virtq_config){.size = 8, .align = 4096});
#endif
}

/* Random buffers, answered in any order. */
static void run_queue(uint64_t features)
{
    struct vio_virtq *vq = &unit_queue.vq;
    uint32_t seed = 7, len;

    unit_setup(NULL);
    unit_queue_start(8, features, false, true);
    for (unsigned round = 0; round < 3000; round++) {
        unsigned n = 0, taken;

        while (n < 4 &&
               unit_add(unit_random(&seed) % 3, 1 + n % 2, TOKEN(n + 1)) == 0)
            n++;
        vio_virtq_kick(vq);
        taken = model_queue_take(unit_queue.q);
        assert_int_equal(taken, n);
        for (; taken > 0; taken--) {
            model_queue_complete(unit_queue.q, unit_random(&seed) % taken, 5);
            assert_non_null(unit_get(&len));
            assert_int_equal(len, 5);
        }
        assert_int_equal(vio_virtq_num_free(vq), 8);
    }
}

static void queue_works_without(void **state)
{
    (void)state;
    for (unsigned packed = 0; packed < FORMATS; packed++)
        for (unsigned event = 0; event < 2; event++)
            run_queue((packed ? MF(MF_PACKED) : 0) | (event ? KEPT : 0));
}

/* Not when it is offered, not when the frontend wants it; and a caller who
 * cannot do without is told. */
static void feature_is_never_accepted(void **state)
{
    (void)state;
    for (unsigned i = 0; left_out[i]; i++) {
        struct vio_device *dev;

        unit_disk_device(2, 1024);
        unit_dev.offered |= left_out[i] | KEPT;
        dev = unit_probe();
        assert_int_equal(vio_device_begin(dev, left_out[i], 0), 0);
        assert_int_equal(unit_dev.accepted & left_out[i], 0);
        assert_int_equal(unit_dev.accepted & KEPT, KEPT);
        assert_int_equal(vio_device_begin(dev, left_out[i], left_out[i]),
                         VIO_ENOTSUP);
        assert_int_equal(dev->why.reason, VIO_WHY_FEATURES_MISSING);
        assert_int_equal(dev->why.found, left_out[i]);
    }
}

static void disk_works_without(void **state)
{
    static uint8_t data[8 * 512];
    uint64_t all = 0;

    (void)state;
    for (unsigned i = 0; left_out[i]; i++)
        all |= left_out[i];
    unit_disk_device(2, 1024);
    unit_dev.offered |= all;
    unit_disk_up(NULL);
    assert_int_equal(unit_dev.accepted & all, 0);
    for (unsigned sector = 0; sector < 64; sector += 8) {
        assert_int_equal(vio_blk_read(&unit_blk, sector, data, sizeof data), 0);
        assert_memory_equal(data, unit_disk.data + sector * 512, sizeof data);
    }
    unit_disk_down();
}

#ifdef VIO_NO_LEGACY
static void legacy_device_is_refused(void **state)
{
    struct vio_mmio mmio;
    struct vio_why why;

    (void)state;
    unit_disk_device(1, 1024);
    assert_int_equal(vio_mmio_probe(&mmio, vio_reg_mem(unit_dev.window),
                                    unit_dev.length, NULL, NULL, &why),
                     VIO_ENOTSUP);
    assert_int_equal(why.reason, VIO_WHY_LEGACY_REFUSED);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_case(queue_with_it_is_refused),  unit_case(queue_works_without),
        unit_case(feature_is_never_accepted), unit_case(disk_works_without),
#ifdef VIO_NO_LEGACY
        unit_case(legacy_device_is_refused),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
