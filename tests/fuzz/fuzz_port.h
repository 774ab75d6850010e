/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The port of the fuzz targets: every access to shared memory is checked, and
 * the device may act before any of them.
 */
#ifndef FUZZ_PORT_H
#define FUZZ_PORT_H

#include <stdint.h>

void fuzz_doorbell(void);
void fuzz_relax(void);
uint32_t fuzz_load(const void *p, unsigned width);
void fuzz_store(void *p, unsigned width, uint64_t value);

/* Macros, for what is not needed of the arguments. */
#define vio_reg_write16(base, offset, value) \
    ((void)(base), (void)(offset), (void)(value), fuzz_doorbell())
#define vio_reg_write32(base, offset, value) \
    ((void)(base), (void)(offset), (void)(value), fuzz_doorbell())

#define vio_shared_load8(p)           ((uint8_t)fuzz_load((p), 1))
#define vio_shared_load16(p)          ((uint16_t)fuzz_load((p), 2))
#define vio_shared_load32(p)          fuzz_load((p), 4)
#define vio_load_acquire16(p)         ((uint16_t)fuzz_load((p), 2))
#define vio_shared_store8(p, value)   fuzz_store((p), 1, (value))
#define vio_shared_store16(p, value)  fuzz_store((p), 2, (value))
#define vio_shared_store32(p, value)  fuzz_store((p), 4, (value))
#define vio_shared_store64(p, value)  fuzz_store((p), 8, (value))
#define vio_store_release16(p, value) fuzz_store((p), 2, (value))
#define vio_relax()                   fuzz_relax()

#endif
