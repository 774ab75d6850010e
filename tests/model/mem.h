/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory as the device sees it. A device address is never a host pointer, so a
 * driver that takes one for the other is caught; the device reaches what has
 * been registered and nothing else.
 */
#ifndef MODEL_MEM_H
#define MODEL_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_MEM_READ  1u /* the device may read it */
#define MODEL_MEM_WRITE 2u /* the device may write it */

void model_mem_reset(void);

/* Give memory a device address, with the pointer's offset in its page. */
uint64_t model_mem_add(void *host, size_t len, unsigned perm);

/* The same, at an address of the caller's choice. */
void model_mem_add_at(void *host, size_t len, unsigned perm, uint64_t addr);

/* Take it away again. Returns its length, 0: nothing starts at addr. */
size_t model_mem_remove(uint64_t addr);

/* Where the device finds it, or NULL: no such memory, or not with perm. */
void *model_mem_at(uint64_t addr, uint64_t len, unsigned perm);

/* Does the device reach any of it? */
bool model_mem_reaches(const void *host, size_t len);

/* Regions registered now. */
unsigned model_mem_count(void);

#endif
