/* SPDX-License-Identifier: BSD-2-Clause */
#include "why.h"

void vio_record(struct vio_why *why, enum vio_reason reason, uint64_t found,
                uint64_t wanted)
{
    if (why)
        *why = (struct vio_why){reason, found, wanted};
}
