/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kill the device with requests in flight: each is reported as failed, and the
 * disk can be set up anew when there is a device again.
 *
 * usage: lost SOCKET PID      of a daemon that answers slowly; run.sh starts
 *                             the next one as soon as it is gone
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <vio/blk.h>

#include "host.h"

#define IN_FLIGHT 4u

static struct host host;
static struct vio_blk blk;

static void must(int good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "lost: not so: %s\n", what);
    exit(1);
}

static int set_up(const char *path)
{
    struct vio_need want, least;
    struct vio_mem mem = {0};

    if (host_open(&host, path, 4u << 20))
        return 0;
    must(!vio_blk_mem_size(&host.dev, NULL, &want, &least), "it is a disk");
    mem = (struct vio_mem){.shared_size = want.shared, .priv_size = want.priv};
    mem.shared = host_alloc(&host, want.shared);
    mem.shared_addr = (uintptr_t)mem.shared;
    mem.priv = calloc(1, want.priv);
    must(!vio_blk_init(&blk, &host.dev, NULL, &mem), "it is set up");
    return 1;
}

static void give_up(void)
{
    free(blk.mem.priv);
    host_close(&host);
}

static void lose(pid_t daemon)
{
    struct vio_blk_queue *q = vio_blk_get_queue(&blk, 0);
    static struct vio_blk_req req[IN_FLIGHT], *done[IN_FLIGHT];
    struct vio_buf buf = {host_alloc(&host, 4096), 4096};
    int err;

    for (unsigned i = 0; i < IN_FLIGHT; i++) {
        vio_blk_prep_read(&req[i], 8 * i, &buf, 1);
        must(!vio_blk_queue(q, &req[i]), "a request is queued");
    }
    must(!vio_blk_submit(q), "they are submitted");
    kill(daemon, SIGKILL);
    err = vio_blk_wait(q, &req[0], 5000000000u);
    must(err < 0, "the wait ends with an error");
    must(vio_blk_fini(&blk) == VIO_ENODEV, "the device is gone");
    must(vio_blk_reap(q, done, IN_FLIGHT) == IN_FLIGHT, "all come back");
    for (unsigned i = 0; i < IN_FLIGHT; i++)
        must(done[i]->result == VIO_EIO, "as failed");
    must(vio_blk_read(&blk, 0, buf.base, 512) < 0, "no more is accepted");
}

int main(int argc, char **argv)
{
    int tries = 100;

    if (argc != 3)
        return 2;
    must(set_up(argv[1]), "a daemon listens");
    lose((pid_t)atoi(argv[2]));
    give_up();
    while (!set_up(argv[1])) {
        must(--tries > 0, "there is a new daemon");
        usleep(100000);
    }
    must(!vio_blk_read(&blk, 0, host_alloc(&host, 4096), 4096), "it reads");
    must(!vio_blk_fini(&blk), "it is given up");
    give_up();
    puts("lost: requests in flight were reported, a new device works");
    return 0;
}
