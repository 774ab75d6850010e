/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The front end's side of the vhost-user protocol: messages over a Unix socket,
 * as many of them as a disk needs. Numbers are in the order of the host.
 *
 * Every call returns 0 or -1: the back end is gone, or did not answer as it
 * has to. It is then of no more use.
 */
#ifndef HOST_VHOST_USER_H
#define HOST_VHOST_USER_H

#include <stddef.h>
#include <stdint.h>

/* Feature bit of the virtio features; features of the protocol itself. */
#define VHOST_USER_F_PROTOCOL_FEATURES 30
#define VHOST_USER_PROTOCOL_F_MQ       0
#define VHOST_USER_PROTOCOL_F_CONFIG   9

enum vhost_user_request {
    VHOST_USER_GET_FEATURES = 1,
    VHOST_USER_SET_FEATURES = 2,
    VHOST_USER_SET_OWNER = 3,
    VHOST_USER_SET_MEM_TABLE = 5,
    VHOST_USER_SET_VRING_NUM = 8,
    VHOST_USER_SET_VRING_ADDR = 9,
    VHOST_USER_SET_VRING_BASE = 10,
    VHOST_USER_GET_VRING_BASE = 11,
    VHOST_USER_SET_VRING_KICK = 12,
    VHOST_USER_SET_VRING_CALL = 13,
    VHOST_USER_GET_PROTOCOL_FEATURES = 15,
    VHOST_USER_SET_PROTOCOL_FEATURES = 16,
    VHOST_USER_GET_QUEUE_NUM = 17,
    VHOST_USER_SET_VRING_ENABLE = 18,
    VHOST_USER_GET_CONFIG = 24,
    VHOST_USER_SET_CONFIG = 25,
};

#define VHOST_USER_CONFIG_MAX 256u

struct vhost_user_vring_state {
    uint32_t index;
    uint32_t num;
};

struct vhost_user_vring_addr {
    uint32_t index;
    uint32_t flags;
    uint64_t desc; /* addresses as the front end's process sees them */
    uint64_t used;
    uint64_t avail;
    uint64_t log;
};

/* One piece of shared memory: the table has one entry here. */
struct vhost_user_memory {
    uint32_t n_regions;
    uint32_t padding;
    uint64_t guest_addr; /* what descriptors say */
    uint64_t size;
    uint64_t user_addr; /* what struct vhost_user_vring_addr says */
    uint64_t mmap_offset;
};

struct vhost_user_config {
    uint32_t offset;
    uint32_t size;
    uint32_t flags;
    uint8_t data[VHOST_USER_CONFIG_MAX];
};

/* Connect to the back end that listens there; a socket, or -1. */
int vhost_user_connect(const char *path);

/* Send a message, with a file descriptor when fd is not -1. */
int vhost_user_send(int sock, enum vhost_user_request request,
                    const void *payload, size_t len, int fd);

/* Send one that is answered; the answer has the same length and replaces the
 * payload. */
int vhost_user_ask(int sock, enum vhost_user_request request, void *payload,
                   size_t len);

/* The messages whose payload is one number. */
int vhost_user_send64(int sock, enum vhost_user_request request, uint64_t value,
                      int fd);
int vhost_user_ask64(int sock, enum vhost_user_request request,
                     uint64_t *value);

/* A queue and a number. */
int vhost_user_send_state(int sock, enum vhost_user_request request,
                          uint32_t index, uint32_t num);

#endif
