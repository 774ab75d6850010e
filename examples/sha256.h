/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-256 of a stream of bytes. */
#ifndef SHA256_H
#define SHA256_H

#include <stddef.h>
#include <stdint.h>

struct sha256 {
    uint32_t h[8];           /* the hash value so far */
    unsigned char block[64]; /* the bytes that do not fill a block yet */
    uint64_t bytes;          /* of the whole message so far */
};

void sha256_init(struct sha256 *s);
void sha256_update(struct sha256 *s, const void *data, size_t len);

/* The digest as 64 hexadecimal digits and a NUL. */
void sha256_hex(struct sha256 *s, char hex[65]);

#endif
