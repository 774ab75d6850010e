/* SPDX-License-Identifier: BSD-2-Clause */
/* A small printf, for lines that people read. */
#include <stdarg.h>
#include <stdbool.h>

#include "machine.h"

/* One conversion: %[-0][width][l|ll|z]letter */
struct spec {
    bool left;
    bool zero;
    unsigned width;
    unsigned longs; /* 2: a long long */
    char letter;
};

static void put(char c)
{
    if (c == '\n')
        machine_putc('\r');
    machine_putc(c);
}

static void put_padded(const struct spec *spec, const char *s, unsigned len)
{
    unsigned pad = spec->width > len ? spec->width - len : 0;

    for (; !spec->left && pad > 0; pad--)
        put(spec->zero ? '0' : ' ');
    for (; len > 0; len--)
        put(*s++);
    for (; pad > 0; pad--)
        put(' ');
}

static void put_string(const struct spec *spec, const char *s)
{
    unsigned len = 0;

    while (s[len])
        len++;
    put_padded(spec, s, len);
}

static void put_number(const struct spec *spec, uint64_t value, bool negative)
{
    unsigned base = spec->letter == 'x' ? 16 : 10;
    char digits[21]; /* 2^64 in decimal, and a sign */
    unsigned at = sizeof digits;

    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0);
    if (negative)
        digits[--at] = '-';
    put_padded(spec, digits + at, (unsigned)sizeof digits - at);
}

static const char *parse(const char *fmt, struct spec *spec)
{
    *spec = (struct spec){0};
    for (; *fmt == '-' || *fmt == '0'; fmt++) {
        spec->left |= *fmt == '-';
        spec->zero |= *fmt == '0';
    }
    for (; *fmt >= '0' && *fmt <= '9'; fmt++)
        spec->width = spec->width * 10 + (unsigned)(*fmt - '0');
    for (; *fmt == 'l' || *fmt == 'z'; fmt++)
        spec->longs += *fmt == 'l' || sizeof(size_t) > sizeof(int);
    spec->letter = *fmt;
    return *fmt ? fmt + 1 : fmt;
}

static int64_t take_signed(const struct spec *spec, va_list *ap)
{
    if (spec->longs == 0)
        return va_arg(*ap, int);
    return spec->longs == 1 ? va_arg(*ap, long) : va_arg(*ap, long long);
}

static uint64_t take_unsigned(const struct spec *spec, va_list *ap)
{
    if (spec->longs == 0)
        return va_arg(*ap, unsigned);
    return spec->longs == 1 ? va_arg(*ap, unsigned long)
                            : va_arg(*ap, unsigned long long);
}

static void convert(const struct spec *spec, va_list *ap)
{
    char c = spec->letter;
    int64_t n;

    switch (spec->letter) {
    case 's':
        put_string(spec, va_arg(*ap, const char *));
        break;
    case 'd':
        n = take_signed(spec, ap);
        put_number(spec, n < 0 ? 0 - (uint64_t)n : (uint64_t)n, n < 0);
        break;
    case 'u':
    case 'x':
        put_number(spec, take_unsigned(spec, ap), false);
        break;
    case 'c':
        c = (char)va_arg(*ap, int);
        put_padded(spec, &c, 1);
        break;
    default: /* '%', and a letter that is not known shows itself */
        put(c);
    }
}

void port_print(const char *fmt, ...)
{
    struct spec spec;
    va_list ap;

    va_start(ap, fmt);
    while (*fmt) {
        if (*fmt != '%') {
            put(*fmt++);
            continue;
        }
        fmt = parse(fmt + 1, &spec);
        convert(&spec, &ap);
    }
    va_end(ap);
}
