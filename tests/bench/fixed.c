/* SPDX-License-Identifier: BSD-2-Clause */
/* Compiled as the library's own files are, and counted as one of them. */
#include "fixed.h"

#include "virtq/shape.h"

void fixed_open(struct vio_virtq *vq, uint16_t depth, uint64_t headers,
                uint64_t statuses, uint16_t *segs)
{
    struct vio_shape shape = {
        .depth = depth,
        .header_len = 16,
        .header_addr = headers,
        .status_addr = statuses,
        .segs = segs,
    };

    vio_shape_init(vq, &shape);
}

int fixed_add(struct vio_virtq *vq, uint64_t addr, uint32_t len, void *token)
{
    if (ring_broken(vq))
        return VIO_EPROTO;
    if (shape_is_full(vq))
        return VIO_ENOSPC;
    shape_segment(vq, 0, (struct vio_sg){addr, len}, true, true);
    shape_add(vq, 1, len, token);
    return 0;
}

int fixed_get(struct vio_virtq *vq, void **token, uint32_t *len)
{
    uint16_t slot;

    return shape_take(vq, &slot, token, len);
}
