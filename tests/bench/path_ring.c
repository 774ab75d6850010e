/* SPDX-License-Identifier: BSD-2-Clause */
/* The library's ring: requests of fixed shape, and the add for any shape. */
#include "fixed.h"
#include "rig.h"

static void open_add(struct rig *rig)
{
    struct vio_virtq_config cfg = rig_queue(&rig->shape);
    struct vio_mem mem;

    if (vio_virtq_mem_size(&cfg, &rig->need))
        rig_die("the queue is refused");
    rig_need(rig, rig->need.shared, rig->need.priv);
    mem = rig->mem;
    if (vio_virtq_init(&rig->vq, &cfg, &mem))
        rig_die("the queue cannot be made");
    rig->vq.doorbell.reg = (struct vio_reg){(uintptr_t)&rig->doorbell, 0};
    rig_connect(rig, rig->vq.desc, rig->vq.driver, rig->vq.device);
}

static void open_ring(struct rig *rig)
{
    uint16_t size = rig->shape.size;

    open_add(rig);
    fixed_open(&rig->vq, rig->shape.indirect ? size : (uint16_t)(size / 3),
               (uintptr_t)rig->header, (uintptr_t)rig->status);
}

static void stage_ring(struct rig *rig, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (fixed_add(&rig->vq, (uintptr_t)rig->data, DATA_LEN, rig))
            rig_die("ring: full");
    vio_virtq_kick(&rig->vq);
}

static unsigned reap_ring(struct rig *rig, unsigned n)
{
    int got = fixed_get(&rig->vq, (void **)rig->done, n);

    if (got < 0)
        rig_die("ring: broken");
    return (unsigned)got;
}

/* As any caller has it: an array of segments, of which the first is a header
 * and the last a status. */
static void stage_segments(struct rig *rig, unsigned n, unsigned n_readable,
                           unsigned n_writable)
{
    uintptr_t data = (uintptr_t)rig->data;
    unsigned last = n_readable + n_writable - 1;
    struct vio_sg sg[4] = {{0, 16}, {data, DATA_LEN}, {data, DATA_LEN}};

    sg[last].len = 1;
    for (unsigned i = 0; i < n; i++) {
        unsigned k = rig->turn++ & (rig->shape.size - 1u);

        sg[0].addr = (uintptr_t)&rig->header[k];
        sg[last].addr = (uintptr_t)&rig->status[k];
        if (vio_virtq_add(&rig->vq, sg, n_readable, n_writable, rig))
            rig_die("add: full");
    }
    vio_virtq_kick(&rig->vq);
}

static void stage_add(struct rig *rig, unsigned n)
{
    stage_segments(rig, n, 1, 2);
}

static void stage_list(struct rig *rig, unsigned n)
{
    stage_segments(rig, n, 2, 2);
}

static unsigned reap_add(struct rig *rig, unsigned n)
{
    unsigned got = 0;
    uint32_t len;
    void *token;
    int taken = 0;

    while (got < n && (taken = vio_virtq_get_buf(&rig->vq, &token, &len)) > 0)
        got++;
    if (taken < 0)
        rig_die("add: broken");
    return got;
}

const struct path path_ring = {"ring", open_ring, stage_ring, reap_ring};
const struct path path_add = {"add", open_add, stage_add, reap_add};
const struct path path_list = {"list", open_add, stage_list, reap_add};
