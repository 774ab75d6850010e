/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests that are refused before the device sees them: out of range, of an
 * odd length, too large, empty, queued twice. run.py sees in QEMU's trace that
 * the only request is the good one at the end.
 */
#include "guest.h"

static unsigned char data[1024];

static int read(struct vio_blk *blk, uint64_t sector, size_t len)
{
    return vio_blk_read(blk, sector, data, len);
}

static int queue(struct vio_blk *blk, struct vio_blk_req *req, uint64_t sector,
                 const struct vio_buf *buf, unsigned n)
{
    vio_blk_prep_read(req, sector, buf, n);
    return vio_blk_queue(blk->queue, req);
}

static void bad_ranges(struct vio_blk *blk, uint64_t end)
{
    guest_expect("read at the end", read(blk, end, 512), VIO_ERANGE);
    guest_expect("read over the end", read(blk, end - 1, 1024), VIO_ERANGE);
    guest_expect("read far out", read(blk, UINT64_MAX, 512), VIO_ERANGE);
    guest_expect("write at the end", vio_blk_write(blk, end, data, 512),
                 VIO_ERANGE);
}

static void bad_lengths(struct vio_blk *blk)
{
    static struct vio_blk_req req;
    static struct vio_buf buf[3] = {{data, 512}, {data, 512}, {data, 512}};
    static struct vio_buf odd[2] = {{data, 500}, {data, 11}};
    static struct vio_buf empty = {data, 0};

    guest_expect("read 511 bytes", read(blk, 0, 511), VIO_EINVAL);
    guest_expect("read 1 byte", read(blk, 0, 1), VIO_EINVAL);
    guest_expect("write 513 bytes", vio_blk_write(blk, 0, data, 513),
                 VIO_EINVAL);
    guest_expect("queue 500 + 11 bytes", queue(blk, &req, 0, odd, 2),
                 VIO_EINVAL);
    guest_expect("queue an empty buffer", queue(blk, &req, 0, &empty, 1),
                 VIO_EINVAL);
    guest_expect("queue without a buffer", queue(blk, &req, 0, buf, 0),
                 VIO_EINVAL);
    guest_expect("queue 3 segments", queue(blk, &req, 0, buf, 3), VIO_E2BIG);
}

static void bad_queued_ranges(struct vio_blk *blk, uint64_t end)
{
    static struct vio_blk_req req;
    static struct vio_buf buf[2] = {{data, 512}, {data, 512}};

    guest_expect("queue at the end", queue(blk, &req, end, buf, 1), VIO_ERANGE);
    guest_expect("queue over the end", queue(blk, &req, end - 1, buf, 2),
                 VIO_ERANGE);
}

/* The good one: queued once, refused the second time, waited for. */
static void twice(struct vio_blk *blk)
{
    static struct vio_blk_req req;
    static struct vio_buf buf = {data, 512};

    guest_expect("queue", queue(blk, &req, 0, &buf, 1), 0);
    guest_expect("queue twice", vio_blk_queue(blk->queue, &req), VIO_EBUSY);
    guest_expect("wait", vio_blk_wait(blk->queue, &req, 30000000000u), 0);
}

int main(void)
{
    struct port_device device;
    struct vio_blk blk;

    if (guest_disk(&device, &blk) < 0)
        return 1;
    bad_ranges(&blk, vio_blk_info(&blk)->capacity);
    bad_lengths(&blk);
    bad_queued_ranges(&blk, vio_blk_info(&blk)->capacity);
    twice(&blk);
    guest_expect("fini", vio_blk_fini(&blk), 0);
    return guest_status();
}
