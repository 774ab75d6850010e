/* SPDX-License-Identifier: BSD-2-Clause */
/* What disk_bench is told to do by the kernel's command line. */
#ifndef DISK_BENCH_H
#define DISK_BENCH_H

#include <vio/blk.h>

#define BENCH_RUNS     24
#define BENCH_DEPTH    64
#define BENCH_SEGMENTS 32

struct bench_run {
    unsigned depth;    /* requests in flight */
    unsigned bytes;    /* of one */
    unsigned refill;   /* finished ones that are waited for */
    unsigned batch;    /* requests of one submit */
    unsigned pause;    /* turns of an empty loop before each submit */
    bool random;       /* or sequential */
    bool sleep;        /* until an interrupt comes; or poll */
    uint64_t requests; /* of the run */
    uint64_t ns;       /* or how long it lasts; 0: requests counts */
};

struct bench_plan {
    struct vio_blk_config queue;
    unsigned segments; /* of a request */
    unsigned n_runs;
    struct bench_run run[BENCH_RUNS];
};

/* Read the words that are meant here, skip the others. Returns 0, or
 * VIO_EINVAL: one of them makes no sense. */
int bench_parse(struct bench_plan *plan, const char *line);

/* Where a run reads. */
struct bench_place {
    bool random;
    uint64_t chunk;  /* bytes of a request, or sectors */
    uint64_t chunks; /* that the disk has room for, less than 2^32 */
    uint64_t state;  /* of the generator, or the next chunk */
};

/* Without a division, which would cost more than the request. */
static inline uint64_t bench_next(struct bench_place *p)
{
    uint64_t at = p->state;

    if (p->random) {
        p->state = at = at * 6364136223846793005u + 1442695040888963407u;
        at = (at >> 32) * p->chunks >> 32;
    } else {
        p->state = at + 1 == p->chunks ? 0 : at + 1;
    }
    return at * p->chunk;
}

/* An empty loop: about a nanosecond a turn, emulated too. */
static inline void bench_pause(unsigned turns)
{
    for (unsigned i = 0; i < turns; i++)
        __asm__ volatile("" ::: "memory");
}

#endif
