/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio devices on a kernel command line:
 *
 *     [virtio_mmio.]device=<size>@<base>:<irq>[:<id>]
 *
 * Spec: 4.2.1 MMIO Device Discovery leaves discovery to the platform; this form
 * is what virtual machine monitors put there.
 */
#include <stdbool.h>

#include <vio/error.h>
#include <vio/mmio.h>

#include "../divide.h"
#include "../text.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* If *p begins with `prefix`, step over it. */
static bool skip(const char **p, const char *prefix)
{
    const char *s = *p;

    while (*prefix)
        if (*s++ != *prefix++)
            return false;
    *p = s;
    return true;
}

/* The value of a digit, or 16 for anything else. */
static unsigned digit(char c)
{
    unsigned decimal = (unsigned)c - '0', letter = ((unsigned)c | 0x20) - 'a';

    if (decimal < 10)
        return decimal;
    return letter < 6 ? letter + 10 : 16;
}

/* A number with its base shown as in C; it must fit in `max`. */
static bool parse_number(const char **p, uint64_t max, uint64_t *value)
{
    unsigned base = skip(p, "0x") || skip(p, "0X") ? 16 : **p == '0' ? 8 : 10;
    const char *start = *p;
    uint64_t n = 0;

    for (unsigned d; (d = digit(**p)) < base; (*p)++) {
        uint64_t most = UINT64_MAX - d;

        vio_divide(&most, base);
        if (n > most)
            return false;
        n = n * base + d;
    }
    *value = n;
    return *p != start && n <= max;
}

/* A number of bytes, with K, M or G behind it or not. */
static bool parse_bytes(const char **p, uint64_t *value)
{
    static const char suffixes[] = "KkMmGg";
    unsigned shift = 0;

    if (!parse_number(p, UINT64_MAX, value))
        return false;
    for (unsigned i = 0; i < sizeof suffixes - 1; i++)
        if (**p == suffixes[i])
            shift = 10 * (i / 2 + 1);
    if (shift) {
        if (*value >> (64 - shift))
            return false;
        *value <<= shift;
        (*p)++;
    }
    return true;
}

/* <size>@<base>:<irq>[:<id>], up to the end of the word. */
static bool parse_slot(const char **p, struct vio_mmio_slot *slot)
{
    uint64_t irq, id = slot->id;

    if (!parse_bytes(p, &slot->size) || !skip(p, "@") ||
        !parse_bytes(p, &slot->base) || !skip(p, ":") ||
        !parse_number(p, UINT32_MAX, &irq))
        return false;
    if (skip(p, ":") && !parse_number(p, UINT32_MAX, &id))
        return false;
    slot->irq = (uint32_t)irq;
    slot->id = (uint32_t)id;
    return slot->size != 0 && slot->size - 1 <= UINT64_MAX - slot->base &&
           (**p == '\0' || is_blank(**p));
}

int vio_mmio_cmdline(const char *cmdline, struct vio_mmio_slot *slots,
                     unsigned max)
{
    uint32_t next_id = 0;
    int n = 0;

    for (const char *p = cmdline; *p; p++) {
        if (p != cmdline && !is_blank(p[-1]))
            continue; /* not the beginning of a word */
        skip(&p, "virtio_mmio.");
        if (skip(&p, "device=")) {
            struct vio_mmio_slot slot = {.id = next_id};

            if (!parse_slot(&p, &slot))
                return VIO_EINVAL;
            next_id = slot.id + 1;
            if ((unsigned)n < max)
                slots[n] = slot;
            n++;
        }
        if (*p == '\0')
            break;
    }
    return n;
}

static void put_slot(struct vio_text *line, const struct vio_mmio_slot *slot)
{
    vio_text_string(line, "virtio_mmio.device=");
    vio_text_number(line, slot->size, 16);
    vio_text_put(line, '@');
    vio_text_number(line, slot->base, 16);
    vio_text_put(line, ':');
    vio_text_number(line, slot->irq, 10);
    vio_text_put(line, ':');
    vio_text_number(line, slot->id, 10);
}

size_t vio_mmio_cmdline_print(const struct vio_mmio_slot *slots, unsigned n,
                              char *buf, size_t size)
{
    struct vio_text line = {buf, size, 0};

    for (unsigned i = 0; i < n; i++) {
        if (i)
            vio_text_put(&line, ' ');
        put_slot(&line, &slots[i]);
    }
    return vio_text_end(&line);
}
