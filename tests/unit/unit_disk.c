/* SPDX-License-Identifier: BSD-2-Clause */
/* A disk that is up, for the tests of the block frontend. */
#include "unit_disk.h"

struct vio_blk unit_blk;
struct vio_mem unit_blk_mem;

void unit_disk_device(uint32_t version, uint64_t sectors)
{
    unit_setup(NULL);
    model_disk_init(&unit_disk, &unit_dev, version, sectors);
    if (version == 2)
        unit_dev.offered |= unit_format;
}

uint8_t *unit_disk_unmapped(size_t bytes)
{
    uint8_t *data = unit_alloc(bytes, 16);

    unit_env.env.dma_map = NULL;
    unit_env.env.dma_unmap = NULL;
    model_mem_add_at(data, bytes, MODEL_MEM_READ | MODEL_MEM_WRITE,
                     (uintptr_t)data);
    return data;
}

uint8_t *unit_disk_memory(bool mapped, size_t bytes)
{
    return mapped ? unit_alloc(bytes, 16) : unit_disk_unmapped(bytes);
}

void unit_disk_need(const struct vio_blk_config *cfg, struct vio_need *want,
                    struct vio_need *least)
{
    assert_int_equal(vio_blk_mem_size(unit_probe(), cfg, want, least), 0);
}

int unit_disk_try(const struct vio_blk_config *cfg)
{
    struct vio_device *dev = unit_probe();
    struct vio_need want, least;
    int err = vio_blk_mem_size(dev, cfg, &want, &least);

    if (err)
        return err;
    assert_true(least.shared <= want.shared && least.priv <= want.priv);
    unit_blk_mem = unit_mem(want.shared, want.priv, 4096);
    return vio_blk_init(&unit_blk, dev, cfg, &unit_blk_mem);
}

void unit_disk_up(const struct vio_blk_config *cfg)
{
    assert_int_equal(unit_disk_try(cfg), 0);
    assert_int_equal(unit_dev.status & MS_DRIVER_OK, MS_DRIVER_OK);
}

void unit_disk_down(void)
{
    assert_int_equal(vio_blk_fini(&unit_blk), 0);
    assert_int_equal(unit_dev.status, 0);
    assert_int_equal(unit_env.maps, unit_env.unmaps);
}

int unit_queue_read(struct vio_blk_req *req, struct vio_buf *buf,
                    uint64_t sector, void *to, size_t len)
{
    *buf = (struct vio_buf){to, len};
    vio_blk_prep_read(req, sector, buf, 1);
    return vio_blk_queue(unit_blk.queue, req);
}

int unit_queue_write(struct vio_blk_req *req, struct vio_buf *buf,
                     uint64_t sector, const void *from, size_t len)
{
    *buf = (struct vio_buf){(void *)(uintptr_t)from, len};
    vio_blk_prep_write(req, sector, buf, 1);
    return vio_blk_queue(unit_blk.queue, req);
}

void unit_reap_one(struct vio_blk_req *req, int result)
{
    struct vio_blk_req *done[2] = {NULL, NULL};

    assert_int_equal(vio_blk_reap(unit_blk.queue, done, 2), 1);
    assert_ptr_equal(done[0], req);
    assert_int_equal(req->result, result);
    assert_int_equal(req->state, VIO_BLK_IDLE);
}

void unit_reap_none(void)
{
    struct vio_blk_req *done[1];

    assert_int_equal(vio_blk_reap(unit_blk.queue, done, 1), 0);
}
