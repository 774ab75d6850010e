/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A queue, of the format FUZZ_PACKED says: the input has the caller's
 * operations and what the device does, legal or not.
 */
#include <string.h>

#include <vio/error.h>
#include <vio/spec/virtio.h>

#include "fuzz.h"

#define TOKENS   64u
#define SEGMENTS 6u

/* A buffer; its address is the token. */
struct token {
    bool out; /* between add and get_buf */
    uint32_t writable;
    unsigned cost; /* descriptors that it took */
};

static struct token tokens[TOKENS];
static struct vio_virtq vq;
static unsigned n_out;
static unsigned old_state; /* of an earlier enable_cb_prepare */

static void callback(struct vio_virtq *queue, void *ctx)
{
    FUZZ_ASSERT(queue == &vq && ctx == &vq);
}

static struct vio_virtq_config choose_config(void)
{
    unsigned size = fuzz_u8(), choice = fuzz_u8();
    struct vio_virtq_config cfg = {
        .size = (uint16_t)(FUZZ_PACKED ? 1 + size % 17 : 1u << size % 5),
        .features = VIRTIO_BIT(VIRTIO_F_VERSION_1),
        .ctx = &vq,
    };

    if (FUZZ_PACKED)
        cfg.features |= VIRTIO_BIT(VIRTIO_F_RING_PACKED);
    if (choice & 0x01)
        cfg.features |= VIRTIO_BIT(VIRTIO_F_EVENT_IDX);
    if (choice & 0x02)
        cfg.features |= VIRTIO_BIT(VIRTIO_F_IN_ORDER);
    if (choice & 0x04) {
        cfg.features |= VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC);
        cfg.indirect = (uint16_t)(cfg.size < SEGMENTS ? cfg.size : SEGMENTS);
    }
    if (choice & 0x08)
        cfg.features |= VIRTIO_BIT(VIRTIO_F_ORDER_PLATFORM);
    if (choice & 0x40)
        cfg.features |= VIRTIO_BIT(VIRTIO_F_NOTIFICATION_DATA);
    if (choice & 0x10)
        cfg.callback = callback;
    if (!FUZZ_PACKED && choice & 0x20) {
        cfg.legacy = true;
        cfg.align = 4096;
    }
    return cfg;
}

static struct token *free_token(void)
{
    for (unsigned i = 0; i < TOKENS; i++)
        if (!tokens[i].out)
            return &tokens[i];
    return NULL;
}

static void check_added(struct token *token, int err, unsigned n,
                        uint64_t writable, unsigned before)
{
    unsigned after = vio_virtq_num_free(&vq);

    if (err) {
        FUZZ_ASSERT(err == VIO_EINVAL || err == VIO_ENOSPC ||
                    err == VIO_EPROTO);
        FUZZ_ASSERT(after == before);
        return;
    }
    FUZZ_ASSERT(writable < UINT32_MAX);
    FUZZ_ASSERT(before - after == n || before - after == 1);
    token->out = true;
    token->writable = (uint32_t)writable;
    token->cost = before - after;
    n_out++;
}

static void add(void)
{
    unsigned counts = fuzz_u8(), before = vio_virtq_num_free(&vq);
    unsigned n_readable = counts & 3, n_writable = counts >> 2 & 3;
    struct token *token = free_token();
    struct vio_sg sg[SEGMENTS];
    uint64_t writable = 0;

    for (unsigned k = 0; k < n_readable + n_writable; k++) {
        uint32_t len = fuzz_u8();

        /* Very long ones now and then. */
        sg[k] = (struct vio_sg){0x1000, len < 0xf8 ? len : len << 24};
        if (k >= n_readable)
            writable += sg[k].len;
    }
    if (counts == 0xff) /* more than there ever are: sg is not looked at */
        n_readable = fuzz_u32() | 0x80000000u;
    check_added(token, vio_virtq_add(&vq, sg, n_readable, n_writable, token),
                n_readable + n_writable, writable, before);
}

static bool get(void)
{
    unsigned before = vio_virtq_num_free(&vq);
    void *got = NULL;
    uint32_t len;
    int taken = vio_virtq_get_buf(&vq, &got, &len);
    struct token *token = got;

    if (taken <= 0) {
        FUZZ_ASSERT(taken == 0 || taken == VIO_EPROTO);
        FUZZ_ASSERT((taken < 0) == vio_virtq_is_broken(&vq));
        FUZZ_ASSERT(taken == 0 || fuzz.has_scribbled);
        FUZZ_ASSERT(vio_virtq_num_free(&vq) == before);
        return false;
    }
    FUZZ_ASSERT(token >= tokens && token < tokens + TOKENS && token->out);
    FUZZ_ASSERT(len <= token->writable);
    FUZZ_ASSERT(vio_virtq_num_free(&vq) == before + token->cost);
    token->out = false;
    n_out--;
    return true;
}

static void get_some(void)
{
    unsigned n = 1 + fuzz_u8() % 8;

    while (n-- && get())
        ;
}

static void control_callbacks(void)
{
    switch (fuzz_u8() % 7) {
    case 0:
        vio_virtq_disable_cb(&vq);
        break;
    case 1:
        vio_virtq_enable_cb(&vq);
        break;
    case 2:
        vio_virtq_enable_cb_delayed(&vq);
        break;
    case 3:
        old_state = vio_virtq_enable_cb_prepare(&vq);
        break;
    case 6:
        vio_virtq_poll(&vq, old_state);
        break;
    case 4:
        vio_virtq_interrupt(&vq);
        break;
    case 5:
        vio_virtq_hold(&vq, fuzz_u8() & 1);
        break;
    }
}

/* As much as the input says, of what there is room for. */
static uint32_t serve(const struct tdev_buffer *buffer)
{
    unsigned choice = fuzz_u8();
    uint64_t writable = 0;

    for (unsigned k = 0; k < buffer->n; k++)
        if (buffer->segment[k].write)
            writable += buffer->segment[k].len;
    return (uint32_t)(choice & 1 ? writable : writable * choice / 256);
}

static void step(void)
{
    switch (fuzz_u8() % 12) {
    case 0:
    case 1:
    case 2:
        add();
        break;
    case 3:
    case 4:
        vio_virtq_kick(&vq);
        break;
    case 5:
        get_some();
        break;
    case 6:
        control_callbacks();
        break;
    case 7:
    case 8:
        fuzz_serve(&fuzz.queue[0], serve);
        break;
    case 9:
        fuzz_arm(&fuzz.queue[0]);
        break;
    case 10:
        fuzz_scribble();
        break;
    case 11:
        fuzz_plan_scribble();
        break;
    }
}

/* The device is reset: everything comes back, once. */
static void reset(void)
{
    struct token *token;

    vio_virtq_break(&vq);
    while ((token = vio_virtq_detach_unused(&vq))) {
        FUZZ_ASSERT(token >= tokens && token < tokens + TOKENS && token->out);
        token->out = false;
        n_out--;
    }
    FUZZ_ASSERT(n_out == 0);
    FUZZ_ASSERT(vio_virtq_num_free(&vq) == vio_virtq_size(&vq));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vio_virtq_config cfg;
    struct vio_need need;
    struct vio_mem mem;

    fuzz_input(data, size);
    memset(tokens, 0, sizeof tokens);
    n_out = old_state = 0;
    cfg = choose_config();
    FUZZ_ASSERT(vio_virtq_mem_size(&cfg, &need) == 0);
    mem = fuzz_memory(need.shared, need.priv);
    FUZZ_ASSERT(vio_virtq_init(&vq, &cfg, &mem) == 0);
    fuzz_queue_start(0, &vq);
    fuzz.queue[0].dev.event_idx = cfg.features & VIRTIO_BIT(VIRTIO_F_EVENT_IDX);
    fuzz.queue[0].dev.in_order = cfg.features & VIRTIO_BIT(VIRTIO_F_IN_ORDER);
    while (fuzz_more()) {
        uint64_t before = fuzz.accesses;

        step();
        FUZZ_ASSERT(fuzz.accesses - before < 1000);
    }
    reset();
    fuzz_free();
    return 0;
}
