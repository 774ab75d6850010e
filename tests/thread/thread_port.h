/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The port of the tests with two threads: a doorbell wakes a thread, and all
 * the rest is what the library brings along, but for what a build takes out to
 * show that the test notices.
 */
#ifndef THREAD_PORT_H
#define THREAD_PORT_H

#include <stdbool.h>
#include <stdint.h>

void thread_doorbell(uintptr_t address);

/* Macros, for what is not needed of the arguments. */
#define vio_reg_write16(base, offset, value) \
    ((void)(value), thread_doorbell((base).addr + (offset)))
#define vio_reg_write32(base, offset, value) \
    ((void)(value), thread_doorbell((base).addr + (offset)))

#ifdef THREAD_TSAN
/*
 * The plain store of the library, but for the 16 bits that are the flags of a
 * packed descriptor. The device may be looking at those of the next one while
 * it is filled in; its two bits that matter do not change then, and the others
 * are only looked at afterwards. ThreadSanitizer cannot know that.
 */
#define vio_shared_store64 vio_shared_store64
static inline void vio_shared_store64(uint64_t *p, uint64_t value)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#error "the flags are elsewhere"
#endif
    volatile uint16_t *half = (volatile uint16_t *)p;

    *(volatile uint32_t *)p = (uint32_t)value;
    half[2] = (uint16_t)(value >> 32);
    __atomic_store_n(&half[3], (uint16_t)(value >> 48), __ATOMIC_RELAXED);
}

/*
 * Nor does it know the barriers of ORDER_PLATFORM, which stand for themselves:
 * a store that follows one releases, and a load that one follows acquires.
 */
static _Thread_local bool thread_releases;
static _Thread_local const uint16_t *thread_loaded;

#define vio_shared_store16 vio_shared_store16
static inline void vio_shared_store16(uint16_t *p, uint16_t value)
{
    if (thread_releases)
        __atomic_store_n(p, value, __ATOMIC_RELEASE);
    else
        __atomic_store_n(p, value, __ATOMIC_RELAXED);
    thread_releases = false;
}

#define vio_shared_load16 vio_shared_load16
static inline uint16_t vio_shared_load16(const uint16_t *p)
{
    thread_loaded = p;
    return __atomic_load_n(p, __ATOMIC_RELAXED);
}

#define vio_wmb_platform vio_wmb_platform
static inline void vio_wmb_platform(void)
{
#ifndef THREAD_NO_RELEASE
    thread_releases = true;
#endif
}

#define vio_rmb_platform vio_rmb_platform
static inline void vio_rmb_platform(void)
{
#ifndef THREAD_NO_ACQUIRE
    (void)__atomic_load_n(thread_loaded, __ATOMIC_ACQUIRE);
#endif
}
#endif

/* Without the full barrier of a kick (1), or of going to sleep (0). */
#ifdef THREAD_NO_BARRIER
extern int thread_kicks;

#define vio_mb vio_mb
static inline void vio_mb(void)
{
    if (thread_kicks != THREAD_NO_BARRIER)
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#define vio_mb_platform vio_mb
#endif

#ifdef THREAD_NO_RELEASE
#define vio_store_release16 vio_store_release16
static inline void vio_store_release16(uint16_t *p, uint16_t value)
{
    __atomic_store_n(p, value, __ATOMIC_RELAXED);
}
#endif

#ifdef THREAD_NO_ACQUIRE
#define vio_load_acquire16 vio_load_acquire16
static inline uint16_t vio_load_acquire16(const uint16_t *p)
{
    return __atomic_load_n(p, __ATOMIC_RELAXED);
}
#endif

#endif
