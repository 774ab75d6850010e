/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Byte order. Used behind a test of VIO_BIG_ENDIAN only: on a little-endian
 * target none of it is in the object code.
 */
#ifndef VIO_SRC_SWAP_H
#define VIO_SRC_SWAP_H

#include <stdint.h>

static inline uint16_t vio_swap16(uint16_t value)
{
    return (uint16_t)(value << 8 | value >> 8);
}

static inline uint32_t vio_swap32(uint32_t value)
{
    return (uint32_t)vio_swap16((uint16_t)value) << 16 |
           vio_swap16((uint16_t)(value >> 16));
}

static inline uint64_t vio_swap64(uint64_t value)
{
    return (uint64_t)vio_swap32((uint32_t)value) << 32 |
           vio_swap32((uint32_t)(value >> 32));
}

#endif
