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

/* An empty loop: about a nanosecond a turn, emulated too. */
static inline void bench_pause(unsigned turns)
{
    for (unsigned i = 0; i < turns; i++)
        __asm__ volatile("" ::: "memory");
}

#endif
