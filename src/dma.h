/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the device finds memory of the caller's.
 */
#ifndef VIO_SRC_DMA_H
#define VIO_SRC_DMA_H

#include <stdbool.h>

#include <vio/env.h>
#include <vio/error.h>

/* Does the port map? Else a pointer is a device address. */
static inline bool vio_dma_maps(const struct vio_env *env)
{
    return env && env->dma_map;
}

/* Have the port map the front of a piece of memory; *len becomes how much of
 * it. Nonsense that the port says is not believed. */
static inline int vio_dma_map(const struct vio_env *env, const void *base,
                              size_t *len, enum vio_dir dir, uint64_t *addr)
{
    size_t asked = *len;

    return env->dma_map(env->ctx, base, len, dir, addr) < 0 || *len == 0 ||
                   *len > asked
               ? VIO_EFAULT
               : 0;
}

#endif
