/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that does what it is told over the serial line: one command a line,
 * a name and numbers. The answer's last line begins with the command's name.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include "guest.h"

#define CONSOLE_ARGS  3
#define CONSOLE_SLOTS 32
#define CONSOLE_BYTES (64u * 1024) /* of one slot */

/* The one disk, and a request with its memory for each slot. */
struct console_slot {
    struct vio_blk_req req;
    struct vio_buf buf;
};

extern struct port_device console_device;
extern struct vio_blk console_disk;
extern struct console_slot console_slot[CONSOLE_SLOTS];

/* A command returns 0 or an error, which the answer's last line says. */
struct console_command {
    const char *name;
    unsigned n_args;
    int (*run)(const uint64_t *arg);
};

/* Ended by a name that is NULL. */
extern const struct console_command console_sync[];
extern const struct console_command console_async[];

/* Put a pattern that depends on sector and seed into memory, and the sum that
 * the host computes likewise. */
void console_fill(void *data, uint64_t sector, size_t len, uint64_t seed);
uint64_t console_sum(const void *data, size_t len);

#endif
