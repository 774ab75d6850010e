/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Carving the caller's two memory blocks. What is taken or passed over is
 * zeroed: it may hold what an earlier stage left, and the device must not find
 * that.
 */
#ifndef VIO_SRC_MEM_H
#define VIO_SRC_MEM_H

#include <vio/env.h>

/* `value` rounded up to a multiple of `align`, a power of two. */
static inline size_t vio_round_up(size_t value, size_t align)
{
    return (value + align - 1) & ~(align - 1);
}

/* Each takes from the front, aligned to 16 at least, or gives NULL. */
void *vio_mem_shared(struct vio_mem *mem, size_t size, uint64_t *addr);
void *vio_mem_priv(struct vio_mem *mem, size_t size);

/* Pass over the shared block up to the next boundary. */
void vio_mem_align_shared(struct vio_mem *mem, size_t align);

/* What is taken is a multiple of this, so that blocks stay aligned. */
#define VIO_MEM_ALIGN 16u

#endif
