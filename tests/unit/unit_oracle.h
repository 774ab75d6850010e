/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk that is an array, beside the one behind the driver: what has to be
 * read from it, where that is known, and what has to survive a crash.
 */
#ifndef UNIT_ORACLE_H
#define UNIT_ORACLE_H

#include <stdint.h>

#define UNIT_ORACLE_SECTORS 256u

/* Like unit_disk, which nobody writes to. */
void unit_oracle_start(void);

/* Something that changes sectors is in flight from now on: they may be anything
 * until it is known what became of it. */
void unit_oracle_changing(uint64_t sector, unsigned n);

/* It is done, and this is what they are; NULL: zeroes. */
void unit_oracle_changed(uint64_t sector, unsigned n, const uint8_t *data);

/* This was read: it is what is known, and becomes what is known. */
void unit_oracle_read(uint64_t sector, unsigned n, const uint8_t *data);

/* A flush is queued; and it is done: all that was done when it was queued is
 * safe. T-BLI-12 */
unsigned unit_oracle_flushing(void);
void unit_oracle_flushed(unsigned since);

/* Look at unit_disk as it is, and as it is after a crash. Returns how many
 * sectors had to survive that. */
unsigned unit_oracle_crash(void);

#endif
