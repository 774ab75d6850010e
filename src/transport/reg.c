/* SPDX-License-Identifier: BSD-2-Clause */
#include "reg.h"

uint32_t vio_reg_get(struct vio_reg reg, uint32_t offset, unsigned width)
{
    if (width == 1)
        return vio_reg_read8(reg, offset);
    if (width == 2)
        return vio_reg_read16(reg, offset);
    return vio_reg_read32(reg, offset);
}

void vio_reg_put(struct vio_reg reg, uint32_t offset, unsigned width,
                 uint32_t value)
{
    if (width == 1)
        vio_reg_write8(reg, offset, (uint8_t)value);
    else if (width == 2)
        vio_reg_write16(reg, offset, (uint16_t)value);
    else
        vio_reg_write32(reg, offset, value);
}
