/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers of a width that is known at run time: 1, 2 or 4 bytes.
 */
#ifndef VIO_SRC_TRANSPORT_REG_H
#define VIO_SRC_TRANSPORT_REG_H

#include <vio/port.h>

#include "../swap.h"

/* One access, in the processor's byte order. */
uint32_t vio_reg_get(struct vio_reg reg, uint32_t offset, unsigned width);
void vio_reg_put(struct vio_reg reg, uint32_t offset, unsigned width,
                 uint32_t value);

/* A value of the processor's as a little-endian register has it, or back. */
static inline uint32_t vio_reg_le(uint32_t value, unsigned width)
{
    if (!VIO_BIG_ENDIAN || width == 1)
        return value;
    return width == 2 ? vio_swap16((uint16_t)value) : vio_swap32(value);
}

/* One access to a register that is little-endian. */
static inline uint32_t vio_reg_get_le(struct vio_reg reg, uint32_t offset,
                                      unsigned width)
{
    return vio_reg_le(vio_reg_get(reg, offset, width), width);
}

static inline void vio_reg_put_le(struct vio_reg reg, uint32_t offset,
                                  unsigned width, uint32_t value)
{
    vio_reg_put(reg, offset, width, vio_reg_le(value, width));
}

#endif
