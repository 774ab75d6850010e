/* SPDX-License-Identifier: BSD-2-Clause */
#include "host.h"

#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vio/spec/blk.h>

#include "host_env.h"
#include "vhost_user.h"

#define PAGE       4096u
#define CONFIG_LEN 60u /* what back ends of all ages know: to write-zeroes */

static struct host *host_of(struct vio_device *dev)
{
    return (struct host *)dev;
}

/* Remember that the back end failed; a status of all ones tells the library. */
static void note(struct host *h, int err)
{
    if (err)
        h->gone = true;
}

void host_ring(int fd)
{
    uint64_t one = 1;

    /* It fails only when the counter is full: then it is rung already. */
    if (write(fd, &one, sizeof one) < 0)
        return;
}

static uint8_t get_status(struct vio_device *dev)
{
    struct host *h = host_of(dev);

    if (h->gone || host_hung_up(h))
        return 0xff;
    return h->status;
}

/* A queue is taken back by asking for its position: when the answer comes, the
 * back end is done with everything that was in it. */
static void stop_queues(struct host *h)
{
    for (uint32_t i = 0; i < HOST_QUEUES; i++) {
        struct vhost_user_vring_state state = {i, 0};

        if (h->started[i] && !h->gone)
            note(h, vhost_user_ask(h->sock, VHOST_USER_GET_VRING_BASE, &state,
                                   sizeof state));
        h->started[i] = false;
    }
}

static void set_status(struct vio_device *dev, uint8_t status)
{
    struct host *h = host_of(dev);

    if (status == 0)
        stop_queues(h);
    h->status = status;
}

static uint64_t get_features(struct vio_device *dev)
{
    struct host *h = host_of(dev);
    uint64_t features = 0;

    note(h, vhost_user_ask64(h->sock, VHOST_USER_GET_FEATURES, &features));
    return features & ~VIRTIO_BIT(VHOST_USER_F_PROTOCOL_FEATURES);
}

static void set_features(struct vio_device *dev, uint64_t features)
{
    struct host *h = host_of(dev);

    features |= VIRTIO_BIT(VHOST_USER_F_PROTOCOL_FEATURES);
    note(h, vhost_user_send64(h->sock, VHOST_USER_SET_FEATURES, features, -1));
}

/* The protocol has no generation. */
static uint32_t generation(struct vio_device *dev)
{
    (void)dev;
    return 0;
}

/* Back ends ignore the offset, so everything up to the field is read. */
static uint32_t config_read(struct vio_device *dev, uint32_t offset,
                            unsigned width)
{
    struct host *h = host_of(dev);
    struct vhost_user_config config = {.size = offset + width};
    uint32_t value = 0;

    note(h, vhost_user_ask(h->sock, VHOST_USER_GET_CONFIG, &config,
                           offsetof(struct vhost_user_config, data) + offset +
                               width));
    for (unsigned i = width; i-- > 0;) /* little-endian */
        value = value << 8 | config.data[offset + i];
    return value;
}

static void config_write(struct vio_device *dev, uint32_t offset,
                         unsigned width, uint32_t value)
{
    struct host *h = host_of(dev);
    struct vhost_user_config config = {.offset = offset, .size = width};

    for (unsigned i = 0; i < width; i++)
        config.data[i] = (uint8_t)(value >> 8 * i);
    note(h,
         vhost_user_send(h->sock, VHOST_USER_SET_CONFIG, &config,
                         offsetof(struct vhost_user_config, data) + width, -1));
}

static int queue_max(struct vio_device *dev, uint16_t index, uint32_t *max)
{
    *max = index < host_of(dev)->n_queues ? HOST_QUEUE_SIZE : 0;
    return 0;
}

static int send_queue(struct host *h, const struct vio_virtq *vq)
{
    struct vhost_user_vring_addr addr = {
        .index = vq->index,
        .desc = vq->desc_addr,
        .avail = vq->driver_addr,
        .used = vq->device_addr,
    };
    uint32_t i = vq->index;
    /* Both sides begin at 0; in a packed queue with their wrap counters at 1.
     */
    uint32_t base =
        vio_device_has(&h->dev, VIRTIO_F_RING_PACKED) ? 0x80008000 : 0;

    if (vhost_user_send_state(h->sock, VHOST_USER_SET_VRING_NUM, i, vq->size) ||
        vhost_user_send_state(h->sock, VHOST_USER_SET_VRING_BASE, i, base) ||
        vhost_user_send(h->sock, VHOST_USER_SET_VRING_ADDR, &addr, sizeof addr,
                        -1) ||
        vhost_user_send64(h->sock, VHOST_USER_SET_VRING_CALL, i, h->call[i]) ||
        vhost_user_send64(h->sock, VHOST_USER_SET_VRING_KICK, i, h->kick[i]))
        return -1;
    return vhost_user_send_state(h->sock, VHOST_USER_SET_VRING_ENABLE, i, 1);
}

static int queue_start(struct vio_device *dev, struct vio_virtq *vq)
{
    struct host *h = host_of(dev);

    if (send_queue(h, vq)) {
        h->gone = true;
        return VIO_EPROTO; /* which turns out to be VIO_ENODEV */
    }
    h->started[vq->index] = true;
    vq->doorbell.reg.addr = (uintptr_t)h->kick[vq->index];
    return 0;
}

static uint32_t isr(struct vio_device *dev)
{
    return host_take_interrupt(host_of(dev)) ? VIRTIO_ISR_QUEUE : 0;
}

static const struct vio_transport transport = {
    .get_status = get_status,
    .set_status = set_status,
    .get_features = get_features,
    .set_features = set_features,
    .generation = generation,
    .config_read = config_read,
    .config_write = config_write,
    .queue_max = queue_max,
    .queue_start = queue_start,
    .isr = isr,
};

static int share_memory(struct host *h, size_t size)
{
    struct vhost_user_memory table = {.n_regions = 1, .size = size};

    h->memory_fd = memfd_create("vio", MFD_CLOEXEC);
    if (h->memory_fd < 0 || ftruncate(h->memory_fd, (off_t)size) < 0)
        return VIO_ENOMEM;
    h->memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, h->memory_fd, 0);
    if (h->memory == MAP_FAILED) {
        h->memory = NULL;
        return VIO_ENOMEM;
    }
    h->memory_size = size;
    /* Descriptors and ring addresses alike are this process's pointers. */
    table.guest_addr = table.user_addr = (uintptr_t)h->memory;
    return vhost_user_send(h->sock, VHOST_USER_SET_MEM_TABLE, &table,
                           sizeof table, h->memory_fd)
               ? VIO_ENODEV
               : 0;
}

/* Agree on the protocol: a disk without GET_CONFIG has no capacity. */
static int shake_hands(struct host *h)
{
    const uint64_t config = VIRTIO_BIT(VHOST_USER_PROTOCOL_F_CONFIG);
    const uint64_t mq = VIRTIO_BIT(VHOST_USER_PROTOCOL_F_MQ);
    uint64_t features, protocol;

    if (vhost_user_send(h->sock, VHOST_USER_SET_OWNER, NULL, 0, -1) ||
        vhost_user_ask64(h->sock, VHOST_USER_GET_FEATURES, &features) ||
        !(features & VIRTIO_BIT(VHOST_USER_F_PROTOCOL_FEATURES)) ||
        vhost_user_ask64(h->sock, VHOST_USER_GET_PROTOCOL_FEATURES,
                         &protocol) ||
        !(protocol & config) ||
        vhost_user_send64(h->sock, VHOST_USER_SET_PROTOCOL_FEATURES,
                          protocol & (config | mq), -1))
        return VIO_ENODEV;
    h->n_queues = 1;
    if ((protocol & mq) &&
        vhost_user_ask64(h->sock, VHOST_USER_GET_QUEUE_NUM, &h->n_queues))
        return VIO_ENODEV;
    if (h->n_queues > HOST_QUEUES)
        h->n_queues = HOST_QUEUES;
    return 0;
}

static int make_eventfds(struct host *h)
{
    for (unsigned i = 0; i < h->n_queues; i++) {
        h->kick[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        h->call[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (h->kick[i] < 0 || h->call[i] < 0)
            return VIO_ENOMEM;
    }
    return 0;
}

int host_open(struct host *h, const char *socket_path, size_t memory_size)
{
    int err;

    *h = (struct host){.memory_fd = -1};
    memset(h->kick, -1, sizeof h->kick);
    memset(h->call, -1, sizeof h->call);
    host_init_env(h);
    h->dev = (struct vio_device){
        .ops = &transport,
        .env = &h->env,
        .type = VIRTIO_ID_BLOCK,
        .config_len = CONFIG_LEN,
    };
    h->sock = vhost_user_connect(socket_path);
    err = h->sock < 0 ? VIO_ENODEV : shake_hands(h);
    if (!err)
        err = make_eventfds(h);
    if (!err)
        err = share_memory(h, (memory_size + PAGE - 1) & ~(size_t)(PAGE - 1));
    if (err)
        host_close(h);
    return err;
}

void *host_alloc(struct host *h, size_t size)
{
    unsigned char *p = h->memory + h->allocated;

    if (size > h->memory_size - h->allocated)
        return NULL;
    h->allocated += (size + PAGE - 1) & ~(size_t)(PAGE - 1); /* as all is */
    return p;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

void host_close(struct host *h)
{
    close_fd(h->sock);
    close_fd(h->memory_fd);
    for (unsigned i = 0; i < HOST_QUEUES; i++) {
        close_fd(h->kick[i]);
        close_fd(h->call[i]);
    }
    if (h->memory)
        munmap(h->memory, h->memory_size);
    h->memory = NULL;
}
