/* SPDX-License-Identifier: BSD-2-Clause */
#include "thread_dev.h"

#include <stdlib.h>

static uint32_t count(uint32_t *counter)
{
    return __atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

/* The answer: the sum of all bytes read, counting up from segment to byte. */
static uint32_t serve(const struct tdev_buffer *buffer)
{
    uint32_t written = 0;
    unsigned sum = 0;

    for (unsigned k = 0; k < buffer->n; k++) {
        const struct tdev_segment *s = &buffer->segment[k];

        for (uint32_t i = 0; i < s->len; i++)
            if (s->write)
                s->base[i] = (unsigned char)(sum + written++);
            else
                sum += s->base[i];
    }
    return written;
}

/* Show what was pushed, and interrupt the driver if it wants that. */
static void show(struct tdev *d)
{
    d->format->publish(d);
    tdev_full_barrier();
    if (d->format->is_wanted(d))
        d->interrupt(d->ctx);
}

/* Use the buffers that are held in batches, which are served as they come. */
static void use_in_order(struct tdev *d, const struct tdev_buffer *held,
                         unsigned n)
{
    for (unsigned k = 0, batch; k < n; k += batch) {
        uint32_t choice = tdev_random(&d->seed), len = 0;

        batch = choice & 0x100 ? 1 : 1 + choice % (n - k);
        for (unsigned i = 0; i < batch; i++)
            len = serve(&held[k + i]);
        d->format->push(d, &held[k], batch, len);
        if (choice & 0x200 || k + batch == n)
            show(d);
    }
    __atomic_add_fetch(&d->n_used, n, __ATOMIC_RELAXED);
}

/* Use them, the last or the first ones first, and show them one by one or all
 * together. */
static void use(struct tdev *d, const struct tdev_buffer *held, unsigned n)
{
    uint32_t choice = tdev_random(&d->seed);

    for (unsigned k = 0; k < n; k++) {
        const struct tdev_buffer *buffer =
            &held[choice & 0x100 ? n - 1 - k : k];

        d->format->push(d, buffer, 1, serve(buffer));
        count(&d->n_used);
        if (choice & 0x200 || k + 1 == n)
            show(d);
    }
}

static unsigned take(struct tdev *d, struct tdev_buffer *held)
{
    unsigned most = 1 + tdev_random(&d->seed) % TDEV_HELD, n = 0;

    while (n < most && d->format->has_next(d)) {
        d->format->pop(d, &held[n]);
        if (held[n++].bad)
            abort();
        count(&d->n_taken);
    }
    return n;
}

/* Nothing is there: sleep until the driver says otherwise. */
static void rest(struct tdev *d)
{
    uint32_t choice = tdev_random(&d->seed);
    bool came;

    tdev_dawdle(d->pace + (choice >> 8 & 0x3f));
    came = d->format->has_next(d);
    tdev_pace(&d->pace, came);
    if (came)
        return;
    d->format->arm(d);
    tdev_full_barrier();
    if (d->format->has_next(d))
        return;
    d->n_sleeps++;
    bell_wait(&d->bell);
    if (choice & 1)
        d->format->disarm(d);
}

void *tdev_run(void *arg)
{
    static struct tdev_buffer held[TDEV_HELD];
    struct tdev *d = arg;

    while (!__atomic_load_n(&d->stop, __ATOMIC_RELAXED)) {
        unsigned n = take(d, held);

        if (n == 0)
            rest(d);
        else if (d->in_order)
            use_in_order(d, held, n);
        else
            use(d, held, n);
    }
    return NULL;
}
