/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing into a caller's buffer. What does not fit is counted and dropped.
 */
#ifndef VIO_SRC_TEXT_H
#define VIO_SRC_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct vio_text {
    char *buf;
    size_t size; /* of buf */
    size_t len;  /* that there would be */
};

void vio_text_put(struct vio_text *text, char c);
void vio_text_string(struct vio_text *text, const char *s);

/* Decimal, or hexadecimal with 0x before it. */
void vio_text_number(struct vio_text *text, uint64_t value, unsigned base);

/* The terminating NUL, which is always there when size is not 0. The length. */
size_t vio_text_end(struct vio_text *text);

#endif
