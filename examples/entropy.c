/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A type of device that the library does not know, by the device and its queue
 * alone: entropy (5.4), whose one queue fills buffers with random bytes.
 *
 * Lists of one to four segments are in flight, as many as the queue takes; the
 * processor sleeps until there is something to take. Prints the SHA-256 of the
 * first 64 KiB, in the order in which they came.
 */
#include <vio/device.h>
#include <vio/virtq.h>

#include "describe.h"
#include "port.h"
#include "sha256.h"

#define VIRTIO_ID_ENTROPY 4 /* 5.4.1 */

#define QUEUE_SIZE 8u
#define REQUESTS   8u
#define SEGMENTS   4u /* of one request, at most */
#define SEGMENT    96u
#define WANTED     (64u * 1024)
#define TIMEOUT_NS 30000000000ull

static unsigned char shared[16 * 1024] __attribute__((aligned(4096)));
static unsigned char priv[1024] __attribute__((aligned(16)));
static unsigned char data[REQUESTS][SEGMENTS][SEGMENT];

struct request {
    struct vio_sg sg[SEGMENTS];
    unsigned n;
};

struct source {
    struct port_device device;
    struct vio_virtq vq;
    struct request request[REQUESTS];
    struct request *free[REQUESTS];
    unsigned n_free;
    struct sha256 sha256;
    uint32_t left; /* bytes that are still wanted */
};

/* The first entropy device; its interrupts wake the processor. */
static int find(struct port_device *device)
{
    struct port_walk walk = {0};
    struct port_place place;

    while (port_next(&walk, &place))
        if (port_probe(device, &place, NULL, &port_env_sleep, NULL) == 0 &&
            device->dev.type == VIRTIO_ID_ENTROPY)
            return port_attach(device, VIO_PCI_MSIX_EACH, 1);
    return VIO_ENODEV;
}

/* 3.1.1, steps 7 and 8: the one queue, and then the device is live. */
static int start(struct vio_device *dev, struct vio_virtq *vq)
{
    struct vio_mem mem = {shared, (uintptr_t)shared, sizeof shared, priv,
                          sizeof priv};
    struct vio_virtq_config cfg = {
        .legacy = dev->legacy,
        .align = dev->queue_align,
        .features = dev->features,
    };
    uint32_t max;
    int err = vio_device_queue_max(dev, 0, &max);

    if (err)
        return err;
    if (max == 0)
        return VIO_ENODEV;
    cfg.size =
        (uint16_t)(max < QUEUE_SIZE || dev->size_fixed ? max : QUEUE_SIZE);
    if (vio_device_has(dev, VIRTIO_F_INDIRECT_DESC))
        cfg.indirect = SEGMENTS < cfg.size ? SEGMENTS : cfg.size;
    err = vio_virtq_init(vq, &cfg, &mem);
    if (!err)
        err = vio_device_queue_start(dev, vq);
    return err ? err : vio_device_start(dev);
}

/* Here a pointer is a device address. Odd lengths, because they may be. */
static void make_requests(struct source *s)
{
    for (unsigned i = 0; i < REQUESTS; i++) {
        struct request *r = &s->request[i];

        r->n = 1 + i % SEGMENTS;
        for (unsigned k = 0; k < r->n; k++)
            r->sg[k] = (struct vio_sg){(uintptr_t)data[i][k], SEGMENT - i - k};
        s->free[s->n_free++] = r;
    }
}

/* Show the device as many as there is room for. */
static int ask(struct source *s)
{
    int err = 0;

    while (!err && s->n_free) {
        struct request *r = s->free[s->n_free - 1];

        err = vio_virtq_add_in(&s->vq, r->sg, r->n, r);
        s->n_free -= !err;
    }
    vio_virtq_kick(&s->vq);
    return err == VIO_ENOSPC ? 0 : err;
}

/* Take one back, and sleep until there is one. */
static int answer(struct source *s, struct request **r, uint32_t *len)
{
    const struct vio_env *env = s->device.dev.env;
    uint64_t end = env->now_ns(env->ctx) + TIMEOUT_NS;
    void *token;
    int got;

    while ((got = vio_virtq_get_buf(&s->vq, &token, len)) == 0) {
        if (env->now_ns(env->ctx) >= end)
            return VIO_ETIMEDOUT;
        if (vio_virtq_enable_cb(&s->vq))
            env->idle(env->ctx, end);
    }
    *r = token;
    return got < 0 ? got : 0;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* The first `len` bytes of its segments were written, and no others. */
static void use(struct source *s, struct request *r, uint32_t len)
{
    for (unsigned k = 0; k < r->n; k++) {
        uint32_t n = least(least(len, r->sg[k].len), s->left);

        sha256_update(&s->sha256, (void *)(uintptr_t)r->sg[k].addr, n);
        s->left -= n;
        len -= least(len, r->sg[k].len);
    }
    s->free[s->n_free++] = r;
}

/* In rounds: some devices fetch bytes for each notification anew, and drop what
 * no buffer is left for. */
static int read_all(struct source *s)
{
    int err = 0;

    s->left = WANTED;
    while (!err && s->left) {
        err = ask(s);
        while (!err && s->n_free < REQUESTS) {
            struct request *r;
            uint32_t len;

            err = answer(s, &r, &len);
            if (!err)
                use(s, r, len);
        }
    }
    return err;
}

int main(void)
{
    static struct source s;
    struct vio_device *dev = &s.device.dev;
    char hex[65];
    int err = find(&s.device);

    if (err < 0)
        return describe_error("no source of entropy", err, NULL) < 0;
    err = vio_device_begin(dev, 0, 0);
    if (!err)
        err = start(dev, &s.vq);
    make_requests(&s);
    sha256_init(&s.sha256);
    if (!err)
        err = read_all(&s);
    if (err)
        return describe_error("entropy", err, &dev->why) < 0;
    sha256_hex(&s.sha256, hex);
    port_print("sha256 %s\n", hex);
    /* No more of it after this: the memory is ours again. */
    return vio_device_quiesce(dev) < 0;
}
