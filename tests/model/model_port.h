/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The port that the library is built with in the unit tests: registers are the
 * model's, and every access to shared memory can be watched.
 */
#ifndef MODEL_PORT_H
#define MODEL_PORT_H

#include "access.h"

/* Macros, since struct vio_reg is not defined yet where this is included. */
#define vio_reg_read8(base, offset) \
    ((uint8_t)model_reg_read((base).addr, (offset), 1))
#define vio_reg_read16(base, offset) \
    ((uint16_t)model_reg_read((base).addr, (offset), 2))
#define vio_reg_read32(base, offset) model_reg_read((base).addr, (offset), 4)
#define vio_reg_write8(base, offset, value) \
    model_reg_write((base).addr, (offset), 1, (value))
#define vio_reg_write16(base, offset, value) \
    model_reg_write((base).addr, (offset), 2, (value))
#define vio_reg_write32(base, offset, value) \
    model_reg_write((base).addr, (offset), 4, (value))

#define vio_shared_load8 vio_shared_load8
static inline uint8_t vio_shared_load8(const uint8_t *p)
{
    model_on_access(MODEL_LOAD, p, 1, 0);
    return __atomic_load_n(p, __ATOMIC_RELAXED);
}

#define vio_shared_load16 vio_shared_load16
static inline uint16_t vio_shared_load16(const uint16_t *p)
{
    model_on_access(MODEL_LOAD, p, 2, 0);
    return __atomic_load_n(p, __ATOMIC_RELAXED);
}

#define vio_shared_load32 vio_shared_load32
static inline uint32_t vio_shared_load32(const uint32_t *p)
{
    model_on_access(MODEL_LOAD, p, 4, 0);
    return __atomic_load_n(p, __ATOMIC_RELAXED);
}

#define vio_shared_store8 vio_shared_store8
static inline void vio_shared_store8(uint8_t *p, uint8_t value)
{
    model_on_access(MODEL_STORE, p, 1, value);
    __atomic_store_n(p, value, __ATOMIC_RELAXED);
}

#define vio_shared_store16 vio_shared_store16
static inline void vio_shared_store16(uint16_t *p, uint16_t value)
{
    model_on_access(MODEL_STORE, p, 2, value);
    __atomic_store_n(p, value, __ATOMIC_RELAXED);
}

#define vio_shared_store32 vio_shared_store32
static inline void vio_shared_store32(uint32_t *p, uint32_t value)
{
    model_on_access(MODEL_STORE, p, 4, value);
    __atomic_store_n(p, value, __ATOMIC_RELAXED);
}

#define vio_shared_store64 vio_shared_store64
static inline void vio_shared_store64(uint64_t *p, uint64_t value)
{
    model_on_access(MODEL_STORE, p, 8, value);
    __atomic_store_n(p, value, __ATOMIC_RELAXED);
}

#define vio_store_release16 vio_store_release16
static inline void vio_store_release16(uint16_t *p, uint16_t value)
{
    model_on_access(MODEL_STORE_RELEASE, p, 2, value);
    __atomic_store_n(p, value, __ATOMIC_RELEASE);
}

#define vio_load_acquire16 vio_load_acquire16
static inline uint16_t vio_load_acquire16(const uint16_t *p)
{
    model_on_access(MODEL_LOAD_ACQUIRE, p, 2, 0);
    return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

/* A read-modify-write, which a thread sanitizer understands, unlike a fence. */
static inline void model_full_barrier(void)
{
    __atomic_fetch_add(&model_fence, 0, __ATOMIC_SEQ_CST);
}

#define vio_mb vio_mb
static inline void vio_mb(void)
{
    model_on_access(MODEL_MB, NULL, 0, 0);
    model_full_barrier();
}

#define vio_mb_platform vio_mb_platform
static inline void vio_mb_platform(void)
{
    model_on_access(MODEL_MB_PLATFORM, NULL, 0, 0);
    model_full_barrier();
}

#define vio_wmb_platform vio_wmb_platform
static inline void vio_wmb_platform(void)
{
    model_on_access(MODEL_WMB_PLATFORM, NULL, 0, 0);
    model_full_barrier();
}

#define vio_rmb_platform vio_rmb_platform
static inline void vio_rmb_platform(void)
{
    model_on_access(MODEL_RMB_PLATFORM, NULL, 0, 0);
    model_full_barrier();
}

#define vio_relax vio_relax
static inline void vio_relax(void)
{
    model_on_access(MODEL_RELAX, NULL, 0, 0);
}

#endif
