/* SPDX-License-Identifier: BSD-2-Clause */
/* For people: what a disk is, and why something failed. */
#ifndef DESCRIBE_H
#define DESCRIBE_H

#include <vio/blk.h>

#include "port.h"

/* Begin a line with where a device is. */
void describe_place(const struct port_place *place);

/* Print what was found behind an initialised disk. */
void describe_disk(const struct port_device *device,
                   const struct vio_blk_info *info);

/* Print "what: the error: the reason"; why may be NULL. Returns err. */
int describe_error(const char *what, int err, const struct vio_why *why);

#endif
