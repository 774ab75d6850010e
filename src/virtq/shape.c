/* SPDX-License-Identifier: BSD-2-Clause */
#include "shape.h"

/* What of slot s never changes: where its header and status are. */
static void prebuild(struct vio_virtq *vq, const struct vio_shape *shape,
                     unsigned s)
{
    split_write_addr(vq, s,
                     shape->header_addr + (uint64_t)s * shape->header_len);
    split_write_desc(vq, shape->depth + s, shape->status_addr + s, 1,
                     VIRTQ_DESC_F_WRITE, 0);
    vq->slot[s].next = (uint16_t)(s + 1);
    vq->slot[s].count = 1;
}

void vio_shape_init(struct vio_virtq *vq, const struct vio_shape *shape)
{
    vq->shape_depth = shape->depth;
    vq->shape_header_len = shape->header_len;
    for (unsigned s = 0; s < shape->depth; s++)
        prebuild(vq, shape, s);
    vq->free_head = 0;
    vq->n_free = shape->depth;
}
