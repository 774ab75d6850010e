/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a benchmark runs on: a queue, the device's side of it in this process,
 * and one of the ways to put read requests through it (a path).
 */
#ifndef BENCH_RIG_H
#define BENCH_RIG_H

#include <vio/blk.h>

#include "device.h"
#include "limit.h"

#define DATA_LEN 4096u

/* What is asked for. */
struct shape {
    bool packed;
    bool indirect;
    bool doorbell; /* the device wants one for each batch */
    uint16_t size; /* descriptors */
};

struct rig {
    struct shape shape;
    struct bench_device device;
    unsigned served; /* by the device; what a thread of its own counts */
    uint32_t doorbell;
    struct vio_need need;
    struct vio_mem mem;
    struct virtio_blk_req_header *header; /* of a path that has none itself */
    uint8_t *status;
    unsigned char *data;
    struct vio_buf buf[2]; /* of a request of the block paths */
    unsigned n_buf;
    unsigned turn; /* the next header, status or request */

    struct limit limit;
    struct vio_virtq vq;
    struct vio_device dev;
    struct vio_blk blk;
    struct vio_blk_queue *queue;
    struct vio_blk_req *req; /* one per descriptor */
    struct vio_blk_req **done;
};

/* A way to put requests through the queue. */
struct path {
    const char *name;
    void (*open)(struct rig *rig);
    /* Stage n requests and show them to the device. */
    void (*stage)(struct rig *rig, unsigned n);
    /* Take back what is done, n requests at most; how many. */
    unsigned (*reap)(struct rig *rig, unsigned n);
};

extern const struct path path_limit; /* limit.h */
extern const struct path path_ring;  /* the queue, requests of fixed shape */
extern const struct path path_add;   /* vio_virtq_add() of 1 + 2 segments */
extern const struct path path_list;  /* and of 2 + 2 */
extern const struct path path_block; /* prep, queue, submit, reap */
extern const struct path path_parts; /* the same of two buffers, */
extern const struct path path_map;   /* and where the port maps memory */

void rig_open(struct rig *rig, const struct path *path, struct shape shape);
void rig_close(struct rig *rig);

/* For the paths: memory that rig_close() gives back, and the device's view of
 * the three areas. */
void rig_need(struct rig *rig, size_t shared, size_t priv);
void rig_connect(struct rig *rig, void *desc, void *driver, void *device);

/* The features that the shape stands for, and the queue that is made of it. */
uint64_t rig_features(const struct shape *shape);
struct vio_virtq_config rig_queue(const struct shape *shape);

/* Stop: a benchmark that fails has nothing to tell. */
_Noreturn void rig_die(const char *what);

#endif
