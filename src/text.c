/* SPDX-License-Identifier: BSD-2-Clause */
#include "text.h"

#include "divide.h"

void vio_text_put(struct vio_text *text, char c)
{
    if (text->len < text->size)
        text->buf[text->len] = c;
    text->len++;
}

void vio_text_string(struct vio_text *text, const char *s)
{
    while (*s)
        vio_text_put(text, *s++);
}

void vio_text_number(struct vio_text *text, uint64_t value, unsigned base)
{
    char digits[20];
    unsigned n = 0;

    if (base == 16)
        vio_text_string(text, "0x");
    do {
        digits[n++] = "0123456789abcdef"[vio_divide(&value, base)];
    } while (value);
    while (n)
        vio_text_put(text, digits[--n]);
}

size_t vio_text_end(struct vio_text *text)
{
    if (text->size)
        text->buf[text->len < text->size ? text->len : text->size - 1] = '\0';
    return text->len;
}
