/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Failing with a reason: the one way in which a call fills a struct vio_why.
 */
#ifndef VIO_SRC_WHY_H
#define VIO_SRC_WHY_H

#include <vio/error.h>

/* Record why, if anybody wants to know, and give the error that goes with it.
 */
int vio_fail(struct vio_why *why, enum vio_reason reason, uint64_t found,
             uint64_t wanted);

#endif
