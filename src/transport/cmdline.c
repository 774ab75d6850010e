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
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A') + 10;
    return 16;
}

/* A number with its base shown as in C; it must fit in `max`. */
static bool parse_number(const char **p, uint64_t max, uint64_t *value)
{
    unsigned base = skip(p, "0x") || skip(p, "0X") ? 16 : **p == '0' ? 8 : 10;
    unsigned shift = base == 8 ? 3 : 4; /* of powers of two */
    const char *start = *p;
    uint64_t n = 0;

    for (; digit(**p) < base; (*p)++) {
        unsigned d = digit(**p);

        if (base == 10 ? n > UINT64_MAX / 10 : n >> (64 - shift))
            return false;
        n *= base;
        if (d > UINT64_MAX - n)
            return false;
        n += d;
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

/* Where the line goes; what does not fit is counted and dropped. */
struct line {
    char *buf;
    size_t size;
    size_t len;
};

static void put(struct line *line, char c)
{
    if (line->len < line->size)
        line->buf[line->len] = c;
    line->len++;
}

static void put_string(struct line *line, const char *s)
{
    while (*s)
        put(line, *s++);
}

static void put_hex(struct line *line, uint64_t value)
{
    unsigned shift = 60;

    put_string(line, "0x");
    while (shift && value >> shift == 0)
        shift -= 4;
    for (;; shift -= 4) {
        put(line, "0123456789abcdef"[value >> shift & 15]);
        if (shift == 0)
            break;
    }
}

static void put_decimal(struct line *line, uint32_t value)
{
    char digits[10];
    unsigned n = 0;

    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    while (n)
        put(line, digits[--n]);
}

static void put_slot(struct line *line, const struct vio_mmio_slot *slot)
{
    put_string(line, "virtio_mmio.device=");
    put_hex(line, slot->size);
    put(line, '@');
    put_hex(line, slot->base);
    put(line, ':');
    put_decimal(line, slot->irq);
    put(line, ':');
    put_decimal(line, slot->id);
}

size_t vio_mmio_cmdline_print(const struct vio_mmio_slot *slots, unsigned n,
                              char *buf, size_t size)
{
    struct line line = {buf, size, 0};

    for (unsigned i = 0; i < n; i++) {
        if (i)
            put(&line, ' ');
        put_slot(&line, &slots[i]);
    }
    if (size)
        buf[line.len < size ? line.len : size - 1] = '\0';
    return line.len;
}
