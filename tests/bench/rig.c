/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"

#define PAGE 4096u

_Noreturn void rig_die(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

static void *pages(size_t size)
{
    void *p = aligned_alloc(PAGE, (size + PAGE - 1) & ~(size_t)(PAGE - 1));

    if (!p)
        rig_die("no memory");
    memset(p, 0, size);
    return p;
}

void rig_need(struct rig *rig, size_t shared, size_t priv)
{
    void *p = pages(shared);

    rig->mem = (struct vio_mem){p, (uintptr_t)p, shared, pages(priv), priv};
}

void rig_connect(struct rig *rig, void *desc, void *driver, void *device)
{
    rig->device = (struct bench_device){
        .packed = rig->shape.packed,
        .wants_doorbell = rig->shape.doorbell,
        .size = rig->shape.size,
        .desc = desc,
        .driver = driver,
        .device = device,
    };
    device_open(&rig->device);
}

uint64_t rig_features(const struct shape *shape)
{
    uint64_t features =
        VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_F_EVENT_IDX);

    if (shape->packed)
        features |= VIRTIO_BIT(VIRTIO_F_RING_PACKED);
    if (shape->indirect)
        features |= VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC);
    return features;
}

struct vio_virtq_config rig_queue(const struct shape *shape)
{
    return (struct vio_virtq_config){
        .size = shape->size,
        .indirect = shape->indirect ? 3 : 0,
        .features = rig_features(shape),
    };
}

void rig_open(struct rig *rig, const struct path *path, struct shape shape)
{
    size_t n = shape.size;

    memset(rig, 0, sizeof *rig);
    rig->shape = shape;
    rig->header = pages(n * sizeof *rig->header);
    rig->status = pages(n);
    rig->data = pages(DATA_LEN);
    rig->req = pages(n * sizeof *rig->req);
    rig->done = pages(n * sizeof *rig->done);
    path->open(rig);
}

void rig_close(struct rig *rig)
{
    free(rig->mem.shared);
    free(rig->mem.priv);
    free(rig->header);
    free(rig->status);
    free(rig->data);
    free(rig->req);
    free(rig->done);
}
