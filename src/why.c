/* SPDX-License-Identifier: BSD-2-Clause */
#include "why.h"

int vio_fail(struct vio_why *why, enum vio_reason reason, uint64_t found,
             uint64_t wanted)
{
    if (why)
        *why = (struct vio_why){reason, found, wanted};
    return -(int)((unsigned)reason & 0xff);
}
