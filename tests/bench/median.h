/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What measurements are judged by: some rounds are disturbed, and some find the
 * device awake that sleeps in others; neither kind is to decide.
 */
#ifndef TESTS_BENCH_MEDIAN_H
#define TESTS_BENCH_MEDIAN_H

#include <stddef.h>
#include <stdlib.h>

static inline int median_order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Of n figures, which are sorted for it. */
static inline double median(double *figure, size_t n)
{
    qsort(figure, n, sizeof *figure, median_order);
    return figure[n / 2];
}

#endif
