/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit_small.h"

struct vio_disk unit_small;
struct vio_mem unit_small_mem;
uint8_t *unit_small_data;

void unit_small_device(uint32_t version)
{
    unit_setup(NULL);
    model_disk_init(&unit_disk, &unit_dev, version, 1024);
    if (version == 2)
        unit_dev.offered |= unit_format;
    unit_small_data = unit_alloc(65536 + 4096, 4096);
}

int unit_small_try_up(void)
{
    size_t legacy = unit_dev.version == 1 ? 8192 : 0;

    unit_small_mem =
        unit_mem(VIO_DISK_SHARED_SIZE + legacy, VIO_DISK_PRIV_SIZE, 4096);
    return vio_disk_init(&unit_small, unit_probe(), &unit_small_mem);
}

void unit_small_up(void)
{
    assert_int_equal(unit_small_try_up(), 0);
    assert_int_equal(unit_dev.status & MS_DRIVER_OK, MS_DRIVER_OK);
}

void unit_small_start(uint32_t version)
{
    unit_small_device(version);
    unit_small_up();
}

void unit_small_down(void)
{
    assert_int_equal(vio_disk_fini(&unit_small), 0);
    assert_int_equal(unit_dev.status, 0);
    assert_int_equal(unit_env.maps, unit_env.unmaps);
}

static void fill(uint8_t *at, size_t len, uint32_t seed)
{
    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)unit_random(&seed);
}

void unit_small_go_round(uint8_t *at, uint64_t sector, size_t len)
{
    uint8_t *there = unit_disk.data + sector * 512;

    fill(at, len, 1u + (uint32_t)len);
    assert_int_equal(vio_disk_write(&unit_small, sector, at, len), 0);
    assert_memory_equal(at, there, len);
    fill(there, len, 2u + (uint32_t)len);
    assert_int_equal(vio_disk_read(&unit_small, sector, at, len), 0);
    assert_memory_equal(at, there, len);
    assert_int_equal(unit_env.maps, unit_env.unmaps);
}
