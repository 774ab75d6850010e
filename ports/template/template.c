/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A port's surroundings. Copy this file, fill in what your system has, and set
 * the rest to NULL: every member may be NULL, and on an identity-mapped machine
 * that polls so may the whole struct.
 */
#include <vio/env.h>
#include <vio/port.h>

/* What this template keeps; handed to every function below as ctx. */
struct system {
    uint64_t dma_offset; /* what the device adds to the processor's address */
    uint64_t window_end; /* the first device address beyond its reach */
    uint64_t now_ns;     /* moved on by a timer interrupt */
};

/*
 * Say where the device sees the buffer. Here the work of an IOMMU, of bounce
 * buffers and of cache maintenance belongs: clean the cache before the device
 * reads, clean and invalidate it before the device writes. Where the memory is
 * contiguous only to the end of a page, shorten *len to that: the library asks
 * again for the rest.
 */
static int dma_map(void *ctx, const void *buf, size_t *len, enum vio_dir dir,
                   uint64_t *addr)
{
    const struct system *sys = ctx;
    uint64_t start = (uintptr_t)buf + sys->dma_offset;

    (void)dir;
    if (start >= sys->window_end || *len > sys->window_end - start)
        return -1; /* the request fails with VIO_EFAULT */
    *addr = start;
    return 0;
}

/* Called once for each dma_map, after the device is done with the buffer: here
 * a cache is invalidated, what the device wrote to a bounce buffer copied. */
static void dma_unmap(void *ctx, uint64_t addr, const void *buf, size_t len,
                      enum vio_dir dir)
{
    (void)ctx;
    (void)addr;
    (void)buf;
    (void)len;
    (void)dir;
}

/* Without a clock a wait is bounded by a number of looks instead of a time. */
static uint64_t now_ns(void *ctx)
{
    const struct system *sys = ctx;

    return *(const volatile uint64_t *)&sys->now_ns;
}

/* Sleep until an interrupt or the deadline. Waking early is allowed; sleeping
 * on when an interrupt came between the library's last look and this call is
 * not (x86: sti and hlt in one step; Arm: wfi with interrupts masked). */
static int idle(void *ctx, uint64_t deadline_ns)
{
    (void)ctx;
    (void)deadline_ns;
    vio_relax();
    return 0;
}

static void log_line(void *ctx, enum vio_log_level level, const char *msg)
{
    (void)ctx;
    (void)level;
    (void)msg; /* to your console */
}

static struct system template_system = {.window_end = UINT64_MAX};

extern const struct vio_env template_env;
const struct vio_env template_env = {
    .ctx = &template_system,
    .dma_map = dma_map,
    .dma_unmap = dma_unmap,
    .now_ns = now_ns,
    .idle = idle,
    .msi_compose = NULL, /* no message-signalled interrupts */
    .log = log_line,
};
