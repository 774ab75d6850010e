/* SPDX-License-Identifier: BSD-2-Clause */
/* Compiled as the library's own files are, and counted as one of them. */
#include "fixed.h"

#include "virtq/shape.h"

void fixed_open(struct vio_virtq *vq, uint16_t depth, uint64_t headers,
                uint64_t statuses, uint16_t *segs)
{
    struct vio_shape shape = {
        .depth = depth,
        .max_segs = 1,
        .header_len = 16,
        .header_addr = headers,
        .status_addr = statuses,
        .made = segs,
    };

    vio_shape_init(vq, &shape);
}

/* The slot was used for something else before, or cannot be made. */
static __attribute__((noinline)) int
add_any(struct vio_virtq *vq, uint64_t addr, uint32_t len, void *token)
{
    shape_segment(vq, 0, (struct vio_sg){addr, len}, true, true);
    shape_add(vq, 1, len, token);
    return 0;
}

int fixed_add(struct vio_virtq *vq, uint64_t addr, uint32_t len, void *token)
{
    if (ring_broken(vq))
        return VIO_EPROTO;
    if (shape_is_full(vq))
        return VIO_ENOSPC;
    if (!shape_fits_one(vq, true))
        return add_any(vq, addr, len, token);
    shape_add_one(vq, (struct vio_sg){addr, len}, true, token);
    return 0;
}

RING_INLINE int get(struct vio_virtq *vq, bool packed, void **token,
                    unsigned max)
{
    struct ring_taking t = shape_taking(vq, packed);
    unsigned n = 0;
    int taken = 0;

    while (n < max) {
        struct shape_done done;

        taken = shape_take(vq, packed, &t, &done);
        if (taken <= 0 || !done.whole)
            break;
        token[n++] = done.token;
    }
    shape_taken(vq, packed, &t);
    return taken < 0 ? taken : (int)n;
}

RING_APART int get_split(struct vio_virtq *vq, void **token, unsigned max)
{
    return get(vq, false, token, max);
}

RING_APART int get_packed(struct vio_virtq *vq, void **token, unsigned max)
{
    return get(vq, true, token, max);
}

int fixed_get(struct vio_virtq *vq, void **token, unsigned max)
{
    if (ring_broken(vq))
        return VIO_EPROTO;
    return ring_is_packed(vq) ? get_packed(vq, token, max)
                              : get_split(vq, token, max);
}
