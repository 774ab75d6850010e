/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-256, as FIPS 180-4 writes it down; the names are the standard's. */
#include "sha256.h"

/* 4.2.2: of the cube roots of the first 64 primes. */
static const uint32_t k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
    0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* 6.2: the working variables. */
struct working {
    uint32_t a, b, c, d, e, f, g, h;
};

static uint32_t rotr(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

/* 6.2.2, step 1: the message schedule. */
static void schedule(uint32_t w[64], const unsigned char *block)
{
    for (unsigned t = 0; t < 16; t++, block += 4)
        w[t] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 |
               (uint32_t)block[2] << 8 | block[3];
    for (unsigned t = 16; t < 64; t++) {
        uint32_t x = w[t - 2];
        uint32_t y = w[t - 15];

        x = rotr(x, 17) ^ rotr(x, 19) ^ x >> 10;
        y = rotr(y, 7) ^ rotr(y, 18) ^ y >> 3;
        w[t] = x + w[t - 7] + y + w[t - 16];
    }
}

/* 6.2.2, step 3: 64 rounds on the eight working variables. */
static void rounds(struct working *v, const uint32_t w[64])
{
    uint32_t a = v->a, b = v->b, c = v->c, d = v->d;
    uint32_t e = v->e, f = v->f, g = v->g, h = v->h;

    for (unsigned t = 0; t < 64; t++) {
        uint32_t t1 = h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) +
                      ((e & f) ^ (~e & g)) + k[t] + w[t];
        uint32_t t2 = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) +
                      ((a & b) ^ (a & c) ^ (b & c));

        h = g, g = f, f = e, e = d + t1;
        d = c, c = b, b = a, a = t1 + t2;
    }
    *v = (struct working){a, b, c, d, e, f, g, h};
}

/* 6.2.2, steps 2 and 4, for each of n blocks. */
static void compress(uint32_t h[8], const unsigned char *block, size_t n)
{
    uint32_t w[64];

    for (; n > 0; n--, block += 64) {
        struct working v = {h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7]};

        schedule(w, block);
        rounds(&v, w);
        h[0] += v.a, h[1] += v.b, h[2] += v.c, h[3] += v.d;
        h[4] += v.e, h[5] += v.f, h[6] += v.g, h[7] += v.h;
    }
}

/* 5.3.3: of the square roots of the first eight primes. */
void sha256_init(struct sha256 *s)
{
    *s = (struct sha256){
        .h = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
              0x9b05688c, 0x1f83d9ab, 0x5be0cd19},
    };
}

void sha256_update(struct sha256 *s, const void *data, size_t len)
{
    const unsigned char *p = data;
    size_t filled = s->bytes % 64;

    s->bytes += len;
    for (; len > 0 && filled > 0; filled = (filled + 1) % 64, len--) {
        s->block[filled] = *p++;
        if (filled == 63)
            compress(s->h, s->block, 1);
    }
    compress(s->h, p, len / 64);
    p += len / 64 * 64;
    for (size_t i = 0; i < len % 64; i++)
        s->block[filled + i] = p[i];
}

/* 5.1.1: a 1 bit, zeros up to 8 bytes before the end of a block, the length of
 * the message in bits. */
static void pad(struct sha256 *s)
{
    static const unsigned char one_bit[64] = {0x80};
    uint64_t bits = s->bytes * 8;
    unsigned char length[8];

    sha256_update(s, one_bit, 1 + (119 - s->bytes % 64) % 64);
    for (unsigned i = 0; i < 8; i++)
        length[i] = (unsigned char)(bits >> (56 - 8 * i));
    sha256_update(s, length, 8);
}

void sha256_hex(struct sha256 *s, char hex[65])
{
    pad(s);
    for (unsigned i = 0; i < 64; i++)
        hex[i] = "0123456789abcdef"[s->h[i / 8] >> (28 - i % 8 * 4) & 15];
    hex[64] = '\0';
}
