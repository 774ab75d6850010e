/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Facts about the processor and the compiler, inlined at compile time: register
 * access, accesses to memory that the device shares, barriers.
 *
 * The defaults serve GCC and Clang on x86, Arm, RISC-V and, through the C11
 * memory model, on everything else. An integrator replaces any of them: build
 * with -DVIO_PORT_HEADER='"my_port.h"', and let that header declare a function
 * (or function-like macro) of the same name and #define the name to itself.
 *
 * What differs per device or is known only at run time is in env.h.
 */
#ifndef VIO_PORT_H
#define VIO_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a register lives: in memory, or in the I/O space of an x86. */
enum vio_space {
    VIO_SPACE_MEM,
    VIO_SPACE_PORT,
};

/* The base of a block of registers. Elsewhere than on x86, what PCI calls an
 * I/O BAR is reached through memory, and so is a VIO_SPACE_MEM here. */
struct vio_reg {
    uintptr_t addr; /* as the processor sees it */
    enum vio_space space;
};

#ifdef VIO_PORT_HEADER
#include VIO_PORT_HEADER
#endif

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define VIO_BIG_ENDIAN 1
#else
#define VIO_BIG_ENDIAN 0
#endif

#if (defined(__i386__) || defined(__x86_64__)) && !defined(VIO_NO_PORT_IO)
#define VIO_HAVE_PORT_IO 1
#else
#define VIO_HAVE_PORT_IO 0
#endif

/*
 * Register access: `base` and an offset in bytes. One access of exactly the
 * named width, in the order of the program against other register accesses,
 * the value in the byte order of the processor (on a big-endian machine the
 * caller converts).
 */
#ifndef vio_reg_read8
#define vio_reg_read8 vio_reg_read8
static inline uint8_t vio_reg_read8(struct vio_reg base, uint32_t offset)
{
#if VIO_HAVE_PORT_IO
    if (base.space == VIO_SPACE_PORT) {
        uint8_t value;
        __asm__ volatile("inb %1, %0"
                         : "=a"(value)
                         : "Nd"((uint16_t)(base.addr + offset)));
        return value;
    }
#endif
    return *(volatile uint8_t *)(base.addr + offset);
}
#endif

#ifndef vio_reg_read16
#define vio_reg_read16 vio_reg_read16
static inline uint16_t vio_reg_read16(struct vio_reg base, uint32_t offset)
{
#if VIO_HAVE_PORT_IO
    if (base.space == VIO_SPACE_PORT) {
        uint16_t value;
        __asm__ volatile("inw %1, %0"
                         : "=a"(value)
                         : "Nd"((uint16_t)(base.addr + offset)));
        return value;
    }
#endif
    return *(volatile uint16_t *)(base.addr + offset);
}
#endif

#ifndef vio_reg_read32
#define vio_reg_read32 vio_reg_read32
static inline uint32_t vio_reg_read32(struct vio_reg base, uint32_t offset)
{
#if VIO_HAVE_PORT_IO
    if (base.space == VIO_SPACE_PORT) {
        uint32_t value;
        __asm__ volatile("inl %1, %0"
                         : "=a"(value)
                         : "Nd"((uint16_t)(base.addr + offset)));
        return value;
    }
#endif
    return *(volatile uint32_t *)(base.addr + offset);
}
#endif

#ifndef vio_reg_write8
#define vio_reg_write8 vio_reg_write8
static inline void vio_reg_write8(struct vio_reg base, uint32_t offset,
                                  uint8_t value)
{
#if VIO_HAVE_PORT_IO
    if (base.space == VIO_SPACE_PORT) {
        __asm__ volatile("outb %0, %1"
                         :
                         : "a"(value), "Nd"((uint16_t)(base.addr + offset))
                         : "memory");
        return;
    }
#endif
    *(volatile uint8_t *)(base.addr + offset) = value;
}
#endif

#ifndef vio_reg_write16
#define vio_reg_write16 vio_reg_write16
static inline void vio_reg_write16(struct vio_reg base, uint32_t offset,
                                   uint16_t value)
{
#if VIO_HAVE_PORT_IO
    if (base.space == VIO_SPACE_PORT) {
        __asm__ volatile("outw %0, %1"
                         :
                         : "a"(value), "Nd"((uint16_t)(base.addr + offset))
                         : "memory");
        return;
    }
#endif
    *(volatile uint16_t *)(base.addr + offset) = value;
}
#endif

#ifndef vio_reg_write32
#define vio_reg_write32 vio_reg_write32
static inline void vio_reg_write32(struct vio_reg base, uint32_t offset,
                                   uint32_t value)
{
#if VIO_HAVE_PORT_IO
    if (base.space == VIO_SPACE_PORT) {
        __asm__ volatile("outl %0, %1"
                         :
                         : "a"(value), "Nd"((uint16_t)(base.addr + offset))
                         : "memory");
        return;
    }
#endif
    *(volatile uint32_t *)(base.addr + offset) = value;
}
#endif

/*
 * Access to memory that the device reads or writes at the same time. Each is
 * one access of exactly the named width, neither torn nor repeated nor left
 * out by the compiler, and in no order but the ones named below. The 64-bit
 * store may be two 32-bit ones: nothing reads such a field before it is
 * published. Most are always inline, a call being larger; to
 * put vio_shared_store16() there too makes small programs larger (gcc 12).
 */
#ifndef vio_shared_load8
#define vio_shared_load8 vio_shared_load8
static inline __attribute__((always_inline)) uint8_t
vio_shared_load8(const uint8_t *p)
{
    return __atomic_load_n(p, __ATOMIC_RELAXED);
}
#endif

#ifndef vio_shared_load16
#define vio_shared_load16 vio_shared_load16
static inline __attribute__((always_inline)) uint16_t
vio_shared_load16(const uint16_t *p)
{
    return __atomic_load_n(p, __ATOMIC_RELAXED);
}
#endif

#ifndef vio_shared_load32
#define vio_shared_load32 vio_shared_load32
static inline __attribute__((always_inline)) uint32_t
vio_shared_load32(const uint32_t *p)
{
    return __atomic_load_n(p, __ATOMIC_RELAXED);
}
#endif

#ifndef vio_shared_store8
#define vio_shared_store8 vio_shared_store8
static inline __attribute__((always_inline)) void
vio_shared_store8(uint8_t *p, uint8_t value)
{
    __atomic_store_n(p, value, __ATOMIC_RELAXED);
}
#endif

#ifndef vio_shared_store16
#define vio_shared_store16 vio_shared_store16
static inline __attribute__((always_inline)) void
vio_shared_store16(uint16_t *p, uint16_t value)
{
    __atomic_store_n(p, value, __ATOMIC_RELAXED);
}
#endif

#ifndef vio_shared_store32
#define vio_shared_store32 vio_shared_store32
static inline __attribute__((always_inline)) void
vio_shared_store32(uint32_t *p, uint32_t value)
{
    __atomic_store_n(p, value, __ATOMIC_RELAXED);
}
#endif

#ifndef vio_shared_store64
#define vio_shared_store64 vio_shared_store64
static inline __attribute__((always_inline)) void
vio_shared_store64(uint64_t *p, uint64_t value)
{
    *(volatile uint64_t *)p = value;
}
#endif

/*
 * The three orderings that a driver needs, each in a weak form for a device
 * that is another thread of the same coherent machine, and a platform form for
 * hardware behind a bus (VIRTIO_F_ORDER_PLATFORM, 6.1).
 *
 * vio_store_release16: everything stored before is visible before `value` is,
 *                      and everything loaded before was loaded: who has read a
 *                      buffer gives it to the device again with this store.
 * vio_load_acquire16:  nothing after is loaded before *p is.
 * vio_mb:              everything before is done before anything after.
 */
#ifndef vio_store_release16
#define vio_store_release16 vio_store_release16
static inline void vio_store_release16(uint16_t *p, uint16_t value)
{
    __atomic_store_n(p, value, __ATOMIC_RELEASE);
}
#endif

#ifndef vio_load_acquire16
#define vio_load_acquire16 vio_load_acquire16
static inline uint16_t vio_load_acquire16(const uint16_t *p)
{
    return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}
#endif

#ifndef vio_mb
#define vio_mb vio_mb
static inline void vio_mb(void)
{
    /* A locked operation is a full barrier at a tenth of the cost of mfence,
     * which some compilers emit for a fence of the C11 memory model. */
#if defined(__x86_64__)
    __asm__ volatile("lock; addl $0, -4(%%rsp)" ::: "memory", "cc");
#elif defined(__i386__)
    __asm__ volatile("lock; addl $0, -4(%%esp)" ::: "memory", "cc");
#else
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}
#endif

#ifndef vio_mb_platform
#define vio_mb_platform vio_mb_platform
static inline void vio_mb_platform(void)
{
#if defined(__SSE2__) || defined(__x86_64__)
    __asm__ volatile("mfence" ::: "memory");
#elif defined(__i386__) /* which had no fences before SSE2 */
    vio_mb();
#elif defined(__aarch64__) || (defined(__arm__) && __ARM_ARCH >= 7)
    /* What compilers emit for a full barrier ends with the processors. */
    __asm__ volatile("dsb sy" ::: "memory");
#elif defined(__riscv)
    __asm__ volatile("fence iorw, iorw" ::: "memory");
#else
    __sync_synchronize();
#endif
}
#endif

#ifndef vio_wmb_platform
#define vio_wmb_platform vio_wmb_platform
static inline void vio_wmb_platform(void)
{
#if defined(__SSE2__) || defined(__x86_64__)
    __asm__ volatile("sfence" ::: "memory"); /* no load is late here */
#elif defined(__riscv)
    __asm__ volatile("fence iorw, ow" ::: "memory");
#else
    vio_mb_platform(); /* on Arm, `dsb st` would not wait for loads */
#endif
}
#endif

#ifndef vio_rmb_platform
#define vio_rmb_platform vio_rmb_platform
static inline void vio_rmb_platform(void)
{
#if defined(__SSE2__) || defined(__x86_64__)
    __asm__ volatile("lfence" ::: "memory");
#elif defined(__aarch64__)
    __asm__ volatile("dsb ld" ::: "memory");
#elif defined(__riscv)
    __asm__ volatile("fence ir, ir" ::: "memory");
#else
    vio_mb_platform();
#endif
}
#endif

/* Tell the processor that this is a loop that polls. */
#ifndef vio_relax
#define vio_relax vio_relax
static inline void vio_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __asm__ volatile("pause" ::: "memory");
#elif defined(__aarch64__)
    __asm__ volatile("yield" ::: "memory");
#else
    __asm__ volatile("" ::: "memory");
#endif
}
#endif

/*
 * Debug builds (VIO_DEBUG) report here that the caller broke a promise: what,
 * and where in the library it was noticed; of two colliding calls also where
 * the other one is (or NULL). The default stops the program.
 */
#ifdef VIO_DEBUG
#ifndef vio_debug_report
#define vio_debug_report vio_debug_report
static inline void vio_debug_report(const char *what, const char *file,
                                    int line, const char *other_file,
                                    int other_line)
{
    (void)what;
    (void)file;
    (void)line;
    (void)other_file;
    (void)other_line;
    __builtin_trap();
}
#endif
#endif

#endif
