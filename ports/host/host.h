/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libvio in a process of Linux: the same ring and block code that a unikernel
 * links, at native speed, under the sanitizers, valgrind and perf, against a
 * device that somebody else wrote. The device is a vhost-user-blk back end in
 * another process:
 *
 *     qemu-storage-daemon \
 *         --blockdev driver=file,node-name=f,filename=disk.img \
 *         --export type=vhost-user-blk,id=e,node-name=f,writable=on,\
 *     addr.type=unix,addr.path=/tmp/disk.sock
 *
 *     err = host_open(&h, "/tmp/disk.sock", 64 << 20);
 *     if (err == 0)
 *         err = vio_blk_init(&blk, &h.dev, NULL, &mem);
 *
 * The device reaches one piece of memory, which host_alloc() hands out: what
 * goes into mem.shared and every buffer have to come from there. A pointer into
 * it is a device address, so nothing is mapped per request.
 *
 * The library has to be built with VIO_PORT_HEADER="host_port.h", which makes a
 * doorbell what it is here: a write to an eventfd; and this port besides with
 * _GNU_SOURCE. Interrupts are an eventfd, too: env.idle sleeps on it. When the
 * back end dies, a wait ends at once, and the device is gone (VIO_ENODEV):
 * close, open and vio_blk_init() again.
 *
 * vhost_user.h is the protocol, host.c the transport, this file the contract.
 */
#ifndef HOST_H
#define HOST_H

#include <vio/device.h>

#define HOST_QUEUES     8u
#define HOST_QUEUE_SIZE 1024u /* the protocol does not say what is the most */

struct host {
    struct vio_device dev; /* first: the transport gets back from it */
    struct vio_env env;
    int sock;
    int memory_fd;
    unsigned char *memory;
    size_t memory_size;
    size_t allocated;
    uint64_t n_queues;
    uint8_t status; /* the protocol has none: kept here */
    bool gone;      /* the back end does not answer any more */
    bool started[HOST_QUEUES];
    int kick[HOST_QUEUES]; /* eventfds */
    int call[HOST_QUEUES];
};

/* Connect to a back end and share memory_size bytes with it. 0, or VIO_ENODEV:
 * nobody listens there, or not a vhost-user-blk back end; VIO_ENOMEM. */
int host_open(struct host *h, const char *socket_path, size_t memory_size);

/* Memory that the device reaches, in pages; NULL: no more. */
void *host_alloc(struct host *h, size_t size);

/* Give everything back, the memory included. */
void host_close(struct host *h);

#endif
