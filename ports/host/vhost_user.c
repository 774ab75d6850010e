/* SPDX-License-Identifier: BSD-2-Clause */
#include "vhost_user.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define VERSION      1u
#define FLAG_REPLY   4u
#define REPLY_WAIT_S 5 /* a back end that takes longer is lost */

struct header {
    uint32_t request;
    uint32_t flags;
    uint32_t size; /* of the payload, in bytes */
};

int vhost_user_connect(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    struct timeval wait = {.tv_sec = REPLY_WAIT_S};
    int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (sock < 0 || strlen(path) >= sizeof addr.sun_path)
        goto fail;
    memcpy(addr.sun_path, path, strlen(path));
    if (setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) < 0 ||
        connect(sock, (struct sockaddr *)&addr, sizeof addr) < 0)
        goto fail;
    return sock;
fail:
    if (sock >= 0)
        close(sock);
    return -1;
}

/* Attach a file descriptor to a message. `room` is aligned for it. */
static void attach(struct msghdr *msg, void *room, size_t len, int fd)
{
    struct cmsghdr *c;

    msg->msg_control = room;
    msg->msg_controllen = len;
    c = CMSG_FIRSTHDR(msg);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
}

int vhost_user_send(int sock, enum vhost_user_request request,
                    const void *payload, size_t len, int fd)
{
    struct header header = {request, VERSION, (uint32_t)len};
    struct iovec iov[2] = {
        {&header, sizeof header},
        {(void *)(uintptr_t)payload, len}, /* is only read */
    };
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = len ? 2 : 1};
    ssize_t sent;

    if (fd >= 0)
        attach(&msg, control.room, sizeof control.room, fd);
    do
        sent = sendmsg(sock, &msg, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    /* So short a message goes as a whole or not at all. */
    return sent == (ssize_t)(sizeof header + len) ? 0 : -1;
}

static int receive(int sock, void *data, size_t len)
{
    char *at = data;

    while (len) {
        ssize_t n = recv(sock, at, len, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

/* The answer to the message just sent. */
static int answer(int sock, enum vhost_user_request request, void *payload,
                  size_t len)
{
    struct header header;

    if (receive(sock, &header, sizeof header))
        return -1;
    if (header.request != (uint32_t)request || header.size != len ||
        !(header.flags & FLAG_REPLY))
        return -1;
    return receive(sock, payload, len);
}

int vhost_user_ask(int sock, enum vhost_user_request request, void *payload,
                   size_t len)
{
    if (vhost_user_send(sock, request, payload, len, -1))
        return -1;
    return answer(sock, request, payload, len);
}

int vhost_user_send64(int sock, enum vhost_user_request request, uint64_t value,
                      int fd)
{
    return vhost_user_send(sock, request, &value, sizeof value, fd);
}

/* The question has no payload; only the answer has. */
int vhost_user_ask64(int sock, enum vhost_user_request request, uint64_t *value)
{
    if (vhost_user_send(sock, request, NULL, 0, -1))
        return -1;
    return answer(sock, request, value, sizeof *value);
}

int vhost_user_send_state(int sock, enum vhost_user_request request,
                          uint32_t index, uint32_t num)
{
    struct vhost_user_vring_state state = {index, num};

    return vhost_user_send(sock, request, &state, sizeof state, -1);
}
