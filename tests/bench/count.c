/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * To be run under callgrind: put requests through each path and have the
 * instructions dumped, one dump a case, named
 *
 *     <path>/<format>/<table>/<size>/<batch> <requests>
 *
 * count.py adds up what the functions of the library took.
 */
#include <stdio.h>

#include <valgrind/callgrind.h>

#include "rig.h"

#define REQUESTS 2048u

static struct rig rig;

/* n batches with a device that answers each at once. */
static void run(const struct path *path, unsigned batch, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        path->stage(&rig, batch);
        if (device_serve(&rig.device) != batch ||
            path->reap(&rig, batch) != batch)
            rig_die("requests are lost");
    }
}

static void count(const struct path *path, unsigned batch, const char *suffix)
{
    unsigned n = REQUESTS / batch ? REQUESTS / batch : 1;
    char name[128];

    CALLGRIND_ZERO_STATS;
    run(path, batch, n);
    snprintf(name, sizeof name, "%s/%s/%s/%u/%u%s %u", path->name,
             rig.shape.packed ? "packed" : "split",
             rig.shape.indirect ? "indirect" : "direct", rig.shape.size, batch,
             suffix, n * batch);
    CALLGRIND_DUMP_STATS_AT(name);
}

#define WARM_UP 16u /* batches: slots see their first use */

static void open_warm(const struct path *path, struct shape shape,
                      unsigned batch)
{
    rig_open(&rig, path, shape);
    run(path, batch, WARM_UP);
}

static void measure(const struct path *path, struct shape shape, unsigned batch)
{
    open_warm(path, shape, batch);
    count(path, batch, shape.doorbell ? "/doorbell" : "");
    rig_close(&rig);
}

static const struct path *const paths[] = {
    &path_limit, &path_ring,  &path_add, &path_list,
    &path_block, &path_parts, &path_map};
#define N_PATHS (sizeof paths / sizeof *paths)

/* What the budgets are about: queue size 256. */
static void measure_all(struct shape shape)
{
    for (unsigned i = 0; i < N_PATHS; i++) {
        if (paths[i] == &path_limit && !shape.indirect)
            continue;
        shape.doorbell = false;
        measure(paths[i], shape, 1);
        measure(paths[i], shape, 32);
        shape.doorbell = true;
        measure(paths[i], shape, 1);
    }
}

/* The cost must not grow with the size of the queue, */
static void grow_size(struct shape shape)
{
    for (unsigned size = 8; size <= 32768; size *= 8) {
        shape.size = (uint16_t)size;
        for (unsigned i = 1; i < N_PATHS; i++)
            measure(paths[i], shape, 2);
    }
}

/* nor with the requests in flight, */
static void grow_depth(struct shape shape)
{
    unsigned most = shape.indirect ? shape.size : shape.size / 4u;

    for (unsigned depth = 1; depth <= most; depth *= 4)
        for (unsigned i = 1; i < N_PATHS; i++)
            /* Any list goes direct first, and so fills the ring sooner. */
            if ((paths[i] != &path_add && paths[i] != &path_list) ||
                depth <= shape.size / 2u)
                measure(paths[i], shape, depth);
}

/* nor with age. */
static void grow_age(struct shape shape)
{
    for (unsigned i = 1; i < N_PATHS; i++) {
        open_warm(paths[i], shape, 32);
        run(paths[i], 32, 1u << 15);
        count(paths[i], 32, "/old");
        rig_close(&rig);
    }
}

int main(void)
{
    struct shape shape = {.size = 256};

    for (unsigned k = 0; k < 4; k++) {
        shape.packed = k & 1;
        shape.indirect = k & 2;
        measure_all(shape);
        grow_size(shape);
        grow_depth(shape);
    }
    shape.packed = false;
    grow_age(shape);
    shape.packed = true;
    grow_age(shape);
    return 0;
}
