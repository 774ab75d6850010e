/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The small disk in small builds: modern devices only, no environment, so that
 * a pointer is a device address and a wait counts its looks; and in the least
 * one, without all that can be left out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <vio/disk.h>
#include <vio/mmio.h>

#include "check.h"
#include "disk.h"
#include "mem.h"

static struct model_dev dev;
static struct model_disk model;
static struct vio_mmio mmio;
static struct vio_disk disk;
static struct vio_why why;
static uint8_t shared[VIO_DISK_SHARED_SIZE] __attribute__((aligned(16)));
static uint8_t priv[VIO_DISK_PRIV_SIZE] __attribute__((aligned(16)));
static uint8_t data[8192];

static void fail_test(const char *message)
{
    fail_msg("%s", message);
}

static int set_up(void **state)
{
    (void)state;
    model_fail_handler = fail_test;
    model_start();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    model_stop();
    return 0;
}

static int probe(uint32_t version)
{
    model_disk_init(&model, &dev, version, 1024);
    return vio_mmio_probe(&mmio, vio_reg_mem(dev.window), dev.length, NULL,
                          NULL, &why);
}

static void up(void)
{
    struct vio_mem mem = {shared, (uintptr_t)shared, sizeof(shared), priv,
                          sizeof(priv)};

    model_mem_add_at(shared, sizeof(shared), MODEL_MEM_READ | MODEL_MEM_WRITE,
                     (uintptr_t)shared);
    model_mem_add_at(data, sizeof(data), MODEL_MEM_READ | MODEL_MEM_WRITE,
                     (uintptr_t)data);
    assert_int_equal(probe(2), 0);
    assert_int_equal(vio_disk_init(&disk, &mmio.dev, &mem), 0);
}

static void what_is_read_and_written_is_right(void **state)
{
    (void)state;
    up();
    memset(data, 0x4d, sizeof(data));
    assert_int_equal(vio_disk_write(&disk, 5, data, sizeof(data)), 0);
    assert_memory_equal(model.data + 5 * 512, data, sizeof(data));
    memset(model.data + 1000 * 512, 0xd4, sizeof(data));
    assert_int_equal(vio_disk_read(&disk, 1000, data, sizeof(data)), 0);
    assert_memory_equal(model.data + 1000 * 512, data, sizeof(data));
    assert_int_equal(vio_disk_flush(&disk), 0);
    assert_int_equal(vio_disk_fini(&disk), 0);
    assert_int_equal(dev.status, 0);
}

static void too_little_memory_is_refused(void **state)
{
    struct vio_mem mem = {shared, (uintptr_t)shared, 0, priv, sizeof(priv)};

    (void)state;
    up();
    assert_int_equal(vio_disk_fini(&disk), 0);
    while (vio_disk_init(&disk, &mmio.dev, &mem) == VIO_ENOMEM) {
        assert_int_equal(dev.status, 0);
        mem.shared_size++;
    }
    assert_int_equal(mmio.dev.state, VIO_DEVICE_RUNNING);
    assert_in_range(mem.shared_size, 1, sizeof(shared));
    assert_int_equal(vio_disk_read(&disk, 5, data, sizeof(data)), 0);
    assert_int_equal(vio_disk_fini(&disk), 0);
    mem.priv_size = 0;
    assert_int_equal(vio_disk_init(&disk, &mmio.dev, &mem), VIO_ENOMEM);
}

static void wait_is_bounded_by_looks(void **state)
{
    (void)state;
    up();
    model.fault_always = true;
    model.fault.hold = true;
    disk.timeout_ns = 1000;
    assert_int_equal(vio_disk_read(&disk, 0, data, 512), VIO_ETIMEDOUT);
    assert_int_equal(dev.status, 0);
}

static void legacy_device_is_refused(void **state)
{
    (void)state;
    assert_int_equal(probe(1), VIO_ENOTSUP);
#ifndef VIO_NO_WHY
    assert_int_equal(why.reason, VIO_WHY_LEGACY_REFUSED);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_read_and_written_is_right,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_little_memory_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(wait_is_bounded_by_looks, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(legacy_device_is_refused, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
