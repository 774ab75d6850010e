/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The small disk (vio/disk.h) on the one device of most tests.
 */
#ifndef UNIT_SMALL_H
#define UNIT_SMALL_H

#include <vio/disk.h>

#include "unit.h"

extern struct vio_disk unit_small;
extern struct vio_mem unit_small_mem;
extern uint8_t *unit_small_data; /* 65536 bytes and a page */

/* A fresh device, and the disk on it: both, or one after the other. */
void unit_small_device(uint32_t version);
int unit_small_try_up(void);
void unit_small_up(void);
void unit_small_start(uint32_t version);
void unit_small_down(void);

/* Write and read `len` bytes at a place of memory and of the disk. */
void unit_small_go_round(uint8_t *at, uint64_t sector, size_t len);

#endif
