/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A walk over the nodes of a flattened device tree, each with the few
 * properties that discovery is about.
 */
#ifndef VIO_SRC_FDT_WALK_H
#define VIO_SRC_FDT_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The properties that are looked at. */
enum fdt_name {
    FDT_ADDRESS_CELLS,
    FDT_SIZE_CELLS,
    FDT_COMPATIBLE,
    FDT_STATUS,
    FDT_REG,
    FDT_INTERRUPTS,
    FDT_RANGES,
    FDT_BUS_RANGE,
    FDT_BOOTARGS,
    FDT_N_NAMES,
};

/* Bytes inside the tree. */
struct fdt_bytes {
    const uint8_t *p; /* NULL: there are none */
    uint32_t len;
};

/* How a node writes the addresses of its children, in cells of 32 bits. */
struct fdt_cells {
    uint8_t address;
    uint8_t size;
};

struct fdt_node {
    struct fdt_bytes name;
    struct fdt_bytes prop[FDT_N_NAMES];
    struct fdt_cells parent;
    bool disabled;  /* or what it is part of is */
    unsigned depth; /* 1: the root */
};

#define FDT_MAX_DEPTH 32u

struct fdt_walk {
    struct fdt_bytes rest; /* of the structure block */
    struct fdt_bytes strings;
    unsigned depth;
    struct fdt_cells cells[FDT_MAX_DEPTH + 1];
    uint8_t disabled; /* depth of the outermost disabled node we are in, or 0 */
};

/* 0, or VIO_EINVAL. */
int vio_fdt_begin(struct fdt_walk *walk, const void *fdt, size_t size);

/* 1: here is the next node; 0: no more; VIO_EINVAL: malformed. */
int vio_fdt_next(struct fdt_walk *walk, struct fdt_node *node);

/* A cell at a byte offset that the caller has checked. */
static inline uint32_t fdt_cell(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

/* Take n numbers from the front, each of so many cells, of which the last two
 * count; false: there are not so many, and nothing is taken. */
bool vio_fdt_take(struct fdt_bytes *bytes, const uint8_t *cells, unsigned n,
                  uint64_t *number);

/* Is `s` the first of the NUL-terminated strings in there? */
static inline bool fdt_starts_with(struct fdt_bytes bytes, const char *s)
{
    for (uint32_t i = 0; i < bytes.len; i++) {
        if (bytes.p[i] != (uint8_t)s[i])
            return false;
        if (s[i] == '\0')
            return true;
    }
    return false;
}

#endif
