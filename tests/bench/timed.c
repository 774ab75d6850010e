/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The time of a request in batches of 32, as multiples of the limit loop's.
 *
 *     one-core   the device's part is done between, and not timed
 *     two-cores  the device polls on a core of its own; everything is timed
 *
 * The machine may be busy with other things, so the paths take turns, round
 * after round, and each is judged by the median of its rounds.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "median.h"
#include "rig.h"

#define SIZE    256u
#define BATCH   32u
#define BATCHES 4000u /* a round */
#define ROUNDS  15u

static struct rig rig;
static bool stop;

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* A thread that stays on one core; if there are too few, where it can. */
static void stay_on(unsigned core)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(core, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static void *poll_device(void *arg)
{
    (void)arg;
    stay_on(1);
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
        if (device_serve(&rig.device) == 0)
            vio_relax();
    return NULL;
}

static uint64_t run_two_cores(const struct path *path)
{
    uint64_t start = now_ns();

    for (unsigned i = 0; i < BATCHES; i++) {
        unsigned left = BATCH;

        path->stage(&rig, BATCH);
        while (left)
            left -= path->reap(&rig, left);
    }
    return now_ns() - start;
}

/* What two looks at the clock, with nothing between, add to a measurement. */
static uint64_t clock_cost(void)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < BATCHES; i++) {
        uint64_t start = now_ns();

        sum += now_ns() - start;
    }
    return sum;
}

static uint64_t run_one_core(const struct path *path)
{
    uint64_t sum = 0, cost = 2 * clock_cost();

    for (unsigned i = 0; i < BATCHES; i++) {
        uint64_t start = now_ns();

        path->stage(&rig, BATCH);
        sum += now_ns() - start;
        device_serve(&rig.device);
        start = now_ns();
        if (path->reap(&rig, BATCH) != BATCH)
            rig_die("requests are lost");
        sum += now_ns() - start;
    }
    return sum > cost ? sum - cost : 0;
}

/* One round of one path: nanoseconds a request. */
static double run_round(const struct path *path, struct shape shape,
                        bool two_cores)
{
    pthread_t thread;
    uint64_t ns;

    rig_open(&rig, path, shape);
    if (two_cores) {
        stop = false;
        if (pthread_create(&thread, NULL, poll_device, NULL))
            rig_die("no thread");
        run_two_cores(path); /* until it is warm, and the thread is there */
        ns = run_two_cores(path);
        __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
        pthread_join(thread, NULL);
    } else {
        run_one_core(path);
        ns = run_one_core(path);
    }
    rig_close(&rig);
    return (double)ns / (BATCHES * BATCH);
}

static void compare_paths(bool packed, bool two_cores)
{
    static const struct path *const paths[] = {&path_limit, &path_ring,
                                               &path_add, &path_block};
    struct shape shape = {.packed = packed, .indirect = true, .size = SIZE};
    static double t[4][ROUNDS];
    double limit;

    for (unsigned r = 0; r < ROUNDS; r++)
        for (unsigned i = 0; i < 4; i++)
            t[i][r] = run_round(paths[i], shape, two_cores);
    limit = median(t[0], ROUNDS);
    for (unsigned i = 1; i < 4; i++) {
        double m = median(t[i], ROUNDS);

        printf("time/%s/%s/%s %.2f %.1f ns, limit %.1f ns\n", paths[i]->name,
               packed ? "packed" : "split",
               two_cores ? "two-cores" : "one-core", limit > 0 ? m / limit : 0,
               m, limit);
    }
}

int main(void)
{
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
        rig_die("two cores are needed");
    stay_on(0);
    for (unsigned k = 0; k < 4; k++)
        compare_paths(k & 1, k & 2);
    return 0;
}
