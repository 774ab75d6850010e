/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls to the surroundings of a device, each of which may be missing. With
 * VIO_NO_ENV all of them are, and struct vio_env has no members: a pointer is a
 * device address, and time is counted in looks.
 */
#ifndef VIO_SRC_ENV_CALL_H
#define VIO_SRC_ENV_CALL_H

#include <stdbool.h>

#include <vio/env.h>
#include <vio/error.h>

#ifdef VIO_NO_ENV
#define ENV_HAS(env, member)       ((void)(env), false)
#define ENV_CALL(env, member, ...) ((void)(env), 0)
#else
#define ENV_HAS(env, member)       ((env) && (env)->member)
#define ENV_CALL(env, member, ...) (env)->member(__VA_ARGS__)
#endif

/* Does the port map? Else a pointer is a device address. */
static inline bool vio_dma_maps(const struct vio_env *env)
{
    return ENV_HAS(env, dma_map);
}

/* And has it anything to undo? */
static inline bool vio_dma_unmaps(const struct vio_env *env)
{
    return ENV_HAS(env, dma_unmap);
}

/* Have the port map the front of a piece of memory; *len becomes how much of
 * it. Nonsense that the port says is not believed. */
static inline int vio_dma_map(const struct vio_env *env, const void *base,
                              size_t *len, enum vio_dir dir, uint64_t *addr)
{
    size_t asked = *len;

    *addr = (uintptr_t)base;
    (void)dir;
    return ENV_CALL(env, dma_map, env->ctx, base, len, dir, addr) < 0 ||
                   *len == 0 || *len > asked
               ? VIO_EFAULT
               : 0;
}

static inline void vio_dma_unmap(const struct vio_env *env, uint64_t addr,
                                 const void *base, size_t len, enum vio_dir dir)
{
    (void)addr, (void)base, (void)len, (void)dir;
    if (vio_dma_unmaps(env))
        (void)ENV_CALL(env, dma_unmap, env->ctx, addr, base, len, dir);
}

static inline bool vio_has_clock(const struct vio_env *env)
{
    return ENV_HAS(env, now_ns);
}

static inline uint64_t vio_now_ns(const struct vio_env *env)
{
    return ENV_HAS(env, now_ns) ? (uint64_t)ENV_CALL(env, now_ns, env->ctx) : 0;
}

/* Without a clock there is no time to sleep until. */
static inline bool vio_can_idle(const struct vio_env *env)
{
    return vio_has_clock(env) && ENV_HAS(env, idle);
}

static inline int vio_idle(const struct vio_env *env, uint64_t until_ns)
{
    (void)until_ns;
    return ENV_CALL(env, idle, env->ctx, until_ns);
}

static inline bool vio_can_log(const struct vio_env *env)
{
    return ENV_HAS(env, log);
}

/* Tell a person what the library has run into and goes on from, or what no
 * error says. */
#ifdef VIO_NO_ENV
#define vio_log(env, level, msg) ((void)(env))
#else
void vio_log(const struct vio_env *env, enum vio_log_level level,
             const char *msg);
#endif

static inline bool vio_has_msi(const struct vio_env *env)
{
    return ENV_HAS(env, msi_compose);
}

static inline int vio_msi_compose(const struct vio_env *env, unsigned vector,
                                  uint64_t *addr, uint32_t *data)
{
    *addr = *data = 0;
    (void)vector;
    return ENV_CALL(env, msi_compose, env->ctx, vector, addr, data);
}

#endif
