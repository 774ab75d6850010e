/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every access of the driver to registers and to shared memory passes here, so
 * that monitors see it and a test can act between any two of them.
 *
 * With no hook installed an access to shared memory is the bare atomic
 * operation: that is what a device on a thread of its own needs.
 */
#ifndef MODEL_ACCESS_H
#define MODEL_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum model_kind {
    MODEL_LOAD,
    MODEL_LOAD_ACQUIRE,
    MODEL_STORE,
    MODEL_STORE_RELEASE,
    MODEL_MB,
    MODEL_MB_PLATFORM,
    MODEL_WMB_PLATFORM,
    MODEL_RMB_PLATFORM,
    MODEL_RELAX,
    MODEL_REG_READ,
    MODEL_REG_WRITE,
};

/* Called before the access; value is what a store is about to write. */
typedef void model_access_fn(enum model_kind kind, const void *ptr,
                             unsigned width, uint64_t value);

/* The monitors. Installed by model_start(). */
extern model_access_fn *model_access_hook;

/* A test's own hook: runs before the monitors look, and may play the device. */
extern model_access_fn *model_between;

/* Registers that are not of an MMIO device: true if they were there. */
extern bool (*model_other_regs)(bool write, uintptr_t addr, unsigned width,
                                uint32_t *value);

/* Something to order against where a fence is not modelled. */
extern int model_fence;

/* Accesses since model_start(). */
extern uint64_t model_accesses;

static inline void model_on_access(enum model_kind kind, const void *ptr,
                                   unsigned width, uint64_t value)
{
    if (model_access_hook)
        model_access_hook(kind, ptr, width, value);
}

uint32_t model_reg_read(uintptr_t base, uint32_t offset, unsigned width);
void model_reg_write(uintptr_t base, uint32_t offset, unsigned width,
                     uint32_t value);

#endif
