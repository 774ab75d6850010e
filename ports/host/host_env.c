/* SPDX-License-Identifier: BSD-2-Clause */
#include "host_env.h"

#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000u

static uint64_t now_ns(void *ctx)
{
    struct timespec t;

    (void)ctx;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

bool host_take_interrupt(struct host *h)
{
    bool any = false;

    for (unsigned i = 0; i < h->n_queues; i++) {
        uint64_t n;

        any |= read(h->call[i], &n, sizeof n) > 0;
    }
    return any;
}

bool host_hung_up(const struct host *h)
{
    struct pollfd fd = {.fd = h->sock};

    return poll(&fd, 1, 0) > 0 && (fd.revents & (POLLHUP | POLLERR));
}

/* Sleep until a queue interrupts. An interrupt that came before is still in the
 * eventfd, so that none is missed. A dead back end ends the wait. */
static int idle(void *ctx, uint64_t deadline_ns)
{
    struct host *h = ctx;
    struct pollfd fds[HOST_QUEUES + 1] = {{.fd = h->sock}};
    uint64_t now = now_ns(ctx),
             left = deadline_ns > now ? deadline_ns - now : 0;
    struct timespec t = {(time_t)(left / NS_PER_S), (long)(left % NS_PER_S)};

    for (unsigned i = 0; i < h->n_queues; i++)
        fds[1 + i] = (struct pollfd){.fd = h->call[i], .events = POLLIN};
    ppoll(fds, 1 + h->n_queues, &t, NULL);
    host_take_interrupt(h);
    return fds[0].revents & (POLLHUP | POLLERR) ? -1 : 0;
}

static void log_line(void *ctx, enum vio_log_level level, const char *msg)
{
    (void)ctx;
    (void)level;
    fprintf(stderr, "vio: %s\n", msg);
}

void host_init_env(struct host *h)
{
    h->env = (struct vio_env){
        .ctx = h,
        .now_ns = now_ns,
        .idle = idle,
        .log = log_line,
    };
}
