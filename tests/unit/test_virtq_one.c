/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A build with one ring format: that one works, the other is refused. Built
 * once with VIO_NO_PACKED and once with VIO_NO_SPLIT.
 */
#include "unit_disk.h"

#ifdef VIO_NO_PACKED
#define HAS_PACKED 0
#else
#define HAS_PACKED 1
#endif

#define FORMAT_HERE  (HAS_PACKED ? MF(MF_PACKED) : 0)
#define FORMAT_OTHER (HAS_PACKED ? 0 : MF(MF_PACKED))

static void format_of_the_build_works(void **state)
{
    struct vio_virtq *vq = &unit_queue.vq;
    uint32_t len;

    (void)state;
    unit_queue_start(4, FORMAT_HERE | MF(MF_EVENT_IDX), false, true);
    for (unsigned i = 1; i < 1000; i++) {
        assert_int_equal(unit_add(1, 1, TOKEN(i)), 0);
        vio_virtq_kick(vq);
        assert_int_equal(model_queue_take(unit_queue.q), 1);
        assert_true(vio_virtq_enable_cb(vq));
        model_queue_complete(unit_queue.q, 0, i % 17);
        assert_false(vio_virtq_enable_cb_delayed(vq));
        assert_true(vio_virtq_interrupt(vq));
        vio_virtq_disable_cb(vq);
        assert_ptr_equal(unit_get(&len), TOKEN(i));
        assert_int_equal(len, i % 17);
    }
    assert_int_equal(unit_add(1, 1, TOKEN(1)), 0);
    vio_virtq_break(vq);
    model_dev_reset(&unit_dev);
    assert_ptr_equal(vio_virtq_detach_unused(vq), TOKEN(1));
    assert_null(vio_virtq_detach_unused(vq));
}

static void other_format_is_refused(void **state)
{
    struct vio_virtq_config cfg = {.size = 8, .features = FORMAT_OTHER};
    struct vio_mem mem = unit_mem(4096, 4096, 4096);
    struct vio_virtq vq;
    struct vio_need need;

    (void)state;
    assert_int_equal(vio_virtq_mem_size(&cfg, &need), VIO_ENOTSUP);
    assert_int_equal(vio_virtq_init(&vq, &cfg, &mem), VIO_ENOTSUP);
    assert_int_equal(mem.shared_size, 4096);
}

/* A device that has both is driven with the one; a device that has the other
 * only is not driven. */
static void disk_is_driven_with_what_there_is(void **state)
{
    static uint8_t data[4096];

    (void)state;
    for (unsigned tables = 0; tables < 2; tables++) {
        unit_disk_device(2, 1024);
        unit_dev.offered |= MF(MF_PACKED) | (tables ? MF(MF_INDIRECT) : 0);
        unit_disk_up(NULL);
        assert_int_equal(unit_dev.accepted & MF(MF_PACKED), FORMAT_HERE);
        assert_int_equal(vio_blk_read(&unit_blk, 7, data, 4096), 0);
        assert_memory_equal(data, unit_disk.data + 7 * 512, 4096);
        unit_disk_down();
    }
    unit_disk_device(2, 1024);
    assert_int_equal(unit_disk_try(NULL), HAS_PACKED ? VIO_ENOTSUP : 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_case(format_of_the_build_works),
        unit_case(other_format_is_refused),
        unit_case(disk_is_driven_with_what_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
