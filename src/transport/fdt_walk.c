/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The flattened device tree's header, tokens and properties. All offsets are
 * checked by subtraction from what is left, so that nothing can wrap.
 *
 * Spec: Devicetree Specification, 5 Flattened Devicetree (DTB) Format.
 */
#include "fdt_walk.h"

#include <vio/error.h>
#include <vio/fdt.h>

#define MAGIC       0xd00dfeedu
#define HEADER_SIZE 40u
#define OUR_VERSION 17u

/* Fields of the header. */
#define TOTAL_SIZE      4
#define OFF_STRUCT      8
#define OFF_STRINGS     12
#define VERSION         20
#define COMPATIBLE_WITH 24
#define SIZE_STRINGS    32
#define SIZE_STRUCT     36

enum token {
    BEGIN_NODE = 1,
    END_NODE = 2,
    PROP = 3,
    NOP = 4,
    END = 9,
};

/* What a node without the properties counts with. */
static const struct fdt_cells default_cells = {2, 1};

#define MOST_CELLS 4u

size_t vio_fdt_size(const void *fdt)
{
    const uint8_t *p = fdt;

    return fdt_cell(p) == MAGIC ? fdt_cell(p + TOTAL_SIZE) : 0;
}

/* The block that two fields of the header describe. */
static bool find_block(const uint8_t *fdt, uint32_t total, unsigned offset_at,
                       unsigned size_at, struct fdt_bytes *block)
{
    uint32_t offset = fdt_cell(fdt + offset_at);

    block->len = fdt_cell(fdt + size_at);
    if (offset > total || block->len > total - offset)
        return false;
    block->p = fdt + offset;
    return true;
}

int vio_fdt_begin(struct fdt_walk *walk, const void *fdt, size_t size)
{
    const uint8_t *p = fdt;
    uint32_t total;

    if (size < HEADER_SIZE || fdt_cell(p) != MAGIC)
        return VIO_EINVAL;
    total = fdt_cell(p + TOTAL_SIZE);
    if (total < HEADER_SIZE || total > size ||
        fdt_cell(p + VERSION) < OUR_VERSION ||
        fdt_cell(p + COMPATIBLE_WITH) > OUR_VERSION)
        return VIO_EINVAL;
    *walk = (struct fdt_walk){.cells[0] = default_cells};
    if (!find_block(p, total, OFF_STRUCT, SIZE_STRUCT, &walk->rest) ||
        !find_block(p, total, OFF_STRINGS, SIZE_STRINGS, &walk->strings))
        return VIO_EINVAL;
    return 0;
}

/* The next cell. */
static bool take_cell(struct fdt_bytes *bytes, uint32_t *value)
{
    if (bytes->len < 4)
        return false;
    *value = fdt_cell(bytes->p);
    bytes->p += 4;
    bytes->len -= 4;
    return true;
}

bool vio_fdt_take(struct fdt_bytes *bytes, const uint8_t *cells, unsigned n,
                  uint64_t *number)
{
    struct fdt_bytes left = *bytes;
    uint32_t cell;

    for (unsigned i = 0; i < n; i++) {
        number[i] = 0;
        for (unsigned k = 0; k < cells[i]; k++) {
            if (!take_cell(&left, &cell))
                return false;
            number[i] = number[i] << 32 | cell;
        }
    }
    *bytes = left;
    return true;
}

/* The next `len` bytes, and the padding behind them. */
static bool take_bytes(struct fdt_walk *walk, uint64_t len,
                       struct fdt_bytes *bytes)
{
    uint64_t padded = (len + 3) & ~(uint64_t)3;

    if (padded > walk->rest.len)
        return false;
    *bytes = (struct fdt_bytes){walk->rest.p, (uint32_t)len};
    walk->rest.p += padded;
    walk->rest.len -= (uint32_t)padded;
    return true;
}

/* The name behind BEGIN_NODE, with its NUL. */
static bool take_name(struct fdt_walk *walk, struct fdt_bytes *name)
{
    uint32_t len = 0;

    while (len < walk->rest.len && walk->rest.p[len] != '\0')
        len++;
    return take_bytes(walk, (uint64_t)len + 1, name);
}

/* Which of the properties that matter this one is, or FDT_N_NAMES. */
static unsigned find_name(const struct fdt_walk *walk, uint32_t offset)
{
    /* One behind the other, in the order of enum fdt_name. */
    static const char names[] = "#address-cells\0"
                                "#size-cells\0"
                                "compatible\0"
                                "status\0"
                                "reg\0"
                                "interrupts\0"
                                "ranges\0"
                                "bus-range\0"
                                "bootargs";
    struct fdt_bytes name = {walk->strings.p + offset,
                             walk->strings.len - offset};
    const char *p = names;
    unsigned i = 0;

    for (; i < FDT_N_NAMES && !fdt_starts_with(name, p); i++)
        while (*p++)
            ;
    return i;
}

/* The rest of a property, behind its token. */
static bool take_prop(struct fdt_walk *walk, struct fdt_node *node)
{
    struct fdt_bytes value;
    uint32_t len, name;
    unsigned i;

    if (!take_cell(&walk->rest, &len) || !take_cell(&walk->rest, &name) ||
        name >= walk->strings.len || !take_bytes(walk, len, &value))
        return false;
    i = find_name(walk, name);
    if (i < FDT_N_NAMES)
        node->prop[i] = value;
    return true;
}

/* All properties of a node come before its children. */
static bool take_props(struct fdt_walk *walk, struct fdt_node *node)
{
    for (;;) {
        struct fdt_bytes before = walk->rest;
        uint32_t token;

        if (!take_cell(&walk->rest, &token))
            return false;
        if (token == PROP) {
            if (!take_prop(walk, node))
                return false;
        } else if (token != NOP) {
            walk->rest = before;
            return true;
        }
    }
}

/* A property that is one small cell. */
static bool set_cells(struct fdt_bytes prop, uint8_t *cells)
{
    uint32_t value;

    if (!prop.p)
        return true;
    if (prop.len != 4)
        return false;
    value = fdt_cell(prop.p);
    *cells = (uint8_t)value;
    return value <= MOST_CELLS;
}

static bool is_off(struct fdt_bytes status)
{
    return status.p && !fdt_starts_with(status, "okay") &&
           !fdt_starts_with(status, "ok");
}

static bool enter(struct fdt_walk *walk, struct fdt_node *node)
{
    struct fdt_cells cells = default_cells;

    if (walk->depth == FDT_MAX_DEPTH)
        return false;
    *node = (struct fdt_node){
        .parent = walk->cells[walk->depth],
        .depth = ++walk->depth,
    };
    if (!take_name(walk, &node->name) || !take_props(walk, node) ||
        !set_cells(node->prop[FDT_ADDRESS_CELLS], &cells.address) ||
        !set_cells(node->prop[FDT_SIZE_CELLS], &cells.size))
        return false;
    walk->cells[walk->depth] = cells;
    /* What is behind a bus that is not there is not there either. */
    if (!walk->disabled && is_off(node->prop[FDT_STATUS]))
        walk->disabled = (uint8_t)walk->depth;
    node->disabled = walk->disabled != 0;
    return true;
}

static void leave(struct fdt_walk *walk)
{
    if (walk->disabled == walk->depth)
        walk->disabled = 0;
    walk->depth--;
}

int vio_fdt_next(struct fdt_walk *walk, struct fdt_node *node)
{
    uint32_t token;

    while (take_cell(&walk->rest, &token)) {
        if (token == BEGIN_NODE)
            return enter(walk, node) ? 1 : VIO_EINVAL;
        if (token == END && walk->depth == 0)
            return 0;
        if (token == END_NODE && walk->depth != 0)
            leave(walk);
        else if (token != NOP)
            return VIO_EINVAL;
    }
    return VIO_EINVAL; /* it does not end */
}
