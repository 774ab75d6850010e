/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Division of 64-bit numbers. Where the processor has 32 bits it is done bit by
 * bit: with the operator it is a call of the compiler's library. Never on the
 * I/O path.
 */
#ifndef VIO_SRC_DIVIDE_H
#define VIO_SRC_DIVIDE_H

#include <stdint.h>

/* Divide *value, and give the remainder. */
static inline uint32_t vio_divide(uint64_t *value, uint32_t by)
{
#if UINTPTR_MAX > 0xffffffff
    uint32_t rest = (uint32_t)(*value % by);

    *value /= by;
    return rest;
#else
    uint64_t quotient = 0, rest = 0;

    for (int bit = 63; bit >= 0; bit--) {
        rest = rest << 1 | (*value >> bit & 1);
        quotient <<= 1;
        if (rest >= by) {
            rest -= by;
            quotient |= 1;
        }
    }
    *value = quotient;
    return (uint32_t)rest;
#endif
}

static inline uint32_t vio_modulo(uint64_t value, uint32_t by)
{
    return vio_divide(&value, by);
}

#endif
