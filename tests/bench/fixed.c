/* SPDX-License-Identifier: BSD-2-Clause */
/* Compiled as the library's own files are, and counted as one of them. */
#include "fixed.h"

#include "virtq/shape_take.h"

void fixed_open(struct vio_virtq *vq, uint16_t depth, uint64_t headers,
                uint64_t statuses)
{
    struct vio_shape shape = {
        .depth = depth,
        .max_segs = 1,
        .header_len = 16,
        .header_addr = headers,
        .status_addr = statuses,
    };

    vio_shape_init(vq, &shape);
}

/* The slot was used for something else before, or cannot be made. */
static __attribute__((noinline)) int
add_any(struct vio_virtq *vq, uint64_t addr, uint32_t len, void *token)
{
    if (shape_is_full(vq))
        return VIO_ENOSPC;
    shape_segment(vq, 0, (struct vio_sg){addr, len}, true, true);
    shape_add(vq, SHAPE_ONE, 1, len, token);
    return 0;
}

RING_INLINE int add(struct vio_virtq *vq, bool packed, uint64_t addr,
                    uint32_t len, void *token)
{
    if (!shape_fits_one(vq, 0))
        return add_any(vq, addr, len, token);
    shape_add_one(vq, packed, (struct vio_sg){addr, len}, 0, token);
    return 0;
}

RING_APART int add_packed(struct vio_virtq *vq, uint64_t addr, uint32_t len,
                          void *token)
{
    return add(vq, true, addr, len, token);
}

int fixed_add(struct vio_virtq *vq, uint64_t addr, uint32_t len, void *token)
{
    uint32_t state = ring_state(vq);

    if (!(state & (VQ_BROKEN | VQ_PACKED)))
        return add(vq, false, addr, len, token);
    return state & VQ_BROKEN ? VIO_EPROTO : add_packed(vq, addr, len, token);
}

/* One by one, behind the n that are there; the next one was found. */
static __attribute__((noinline)) int get_any(struct vio_virtq *vq, void **token,
                                             unsigned n, unsigned max)
{
    struct shape_done done;
    int taken;

    do {
        taken = shape_take(vq, &done);
        if (taken > 0 && !done.whole)
            taken = VIO_EIO;
        if (taken > 0)
            token[n++] = done.token;
    } while (taken > 0 && n < max && (taken = shape_look(vq)) > 0);
    return taken < 0 ? taken : (int)n;
}

/* Tokens that are being taken. */
struct tokens {
    struct vio_virtq *vq;
    void **first;
    void **next;
};

static inline bool put_token(void *ctx, size_t slot, void *token)
{
    struct tokens *t = ctx;

    (void)slot;
    *t->next++ = token;
    return true;
}

static inline int end_tokens(void *ctx, unsigned left)
{
    struct tokens *t = ctx;
    unsigned n = (unsigned)(t->next - t->first);

    return left ? get_any(t->vq, t->first, n, n + left) : (int)n;
}

RING_APART int get_packed(struct vio_virtq *vq, void **token, unsigned max)
{
    unsigned n = (unsigned)packed_in_flight(vq);
    struct tokens t = {vq, token, token};

    return packed_run(vq, n < max ? n : max, put_token, end_tokens, &t);
}

RING_APART int get_split(struct vio_virtq *vq, void **token, unsigned n,
                         unsigned max)
{
    struct tokens t = {vq, token, token};

    n = n < max ? n : max;
    return n ? split_run(vq, n, put_token, end_tokens, &t) : 0;
}

RING_APART int get_unusual(struct vio_virtq *vq, void **token, unsigned max,
                           uint32_t state)
{
    struct tokens t = {vq, token, token};
    int ready;

    if (!(state & SHAPE_ONE_BY_ONE))
        return listed_run(vq, max, put_token, end_tokens, &t);
    if (ring_broken(vq))
        return VIO_EPROTO;
    ready = max ? shape_look(vq) : 0;
    return ready > 0 ? get_any(vq, token, 0, max) : ready;
}

RING_APART int get_other(struct vio_virtq *vq, void **token, unsigned max,
                         uint32_t state)
{
    struct tokens t = {vq, token, token};
    uint16_t end = vq->published;

    if (state & SHAPE_UNUSUAL)
        return get_unusual(vq, token, max, state);
    return max && packed_has_one(vq, end)
               ? packed_run_one(vq, end, put_token, end_tokens, &t)
               : get_packed(vq, token, max);
}

int fixed_get(struct vio_virtq *vq, void **token, unsigned max)
{
    struct tokens t = {vq, token, token};
    uint32_t state = ring_state(vq);
    const uint16_t *ring;
    int n;

    if (state & (SHAPE_UNUSUAL | VQ_PACKED))
        return get_other(vq, token, max, state);
    ring = split_used(vq);
    n = split_ready(vq, ring, RING_WEAK);
    if (n < 0)
        return n;
    if (n != 1 || max == 0)
        return get_split(vq, token, (unsigned)n, max);
    return split_run_one(vq, ring, put_token, end_tokens, &t);
}
