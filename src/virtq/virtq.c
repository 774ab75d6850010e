/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtqueues of either format: what is checked and laid out before the format
 * matters.
 *
 * Spec: 2.6 Virtqueues.
 */
#include <vio/error.h>

#include "../mem.h"
#include "split.h"

/* 2.7: a power of two up to 32768; and an alignment that the layout can use. */
static bool is_valid(const struct vio_virtq_config *cfg)
{
    bool size_ok = cfg->size != 0 && cfg->size <= VIRTQ_SIZE_MAX &&
                   (cfg->size & (cfg->size - 1)) == 0;
    bool align_ok = cfg->align == 0 ||
                    (cfg->align >= VIRTQ_DESC_ALIGN && cfg->align <= 65536 &&
                     (cfg->align & (cfg->align - 1)) == 0);

    return size_ok && align_ok;
}

static bool is_aligned(const struct vio_virtq_config *cfg,
                       const struct vio_mem *mem)
{
    uint64_t align = cfg->align ? cfg->align : VIO_MEM_ALIGN;

    return (((uintptr_t)mem->shared | mem->shared_addr) & (align - 1)) == 0 &&
           ((uintptr_t)mem->priv & (VIO_MEM_ALIGN - 1)) == 0;
}

int vio_virtq_mem_size(const struct vio_virtq_config *cfg,
                       struct vio_need *need)
{
    if (!is_valid(cfg))
        return VIO_EINVAL;
    need->shared = vio_round_up(vio_split_layout(cfg).total, VIO_MEM_ALIGN);
    need->priv =
        vio_round_up(cfg->size * sizeof(struct vio_virtq_slot), VIO_MEM_ALIGN);
    return 0;
}

static uint32_t flags_of(const struct vio_virtq_config *cfg)
{
    uint32_t flags = cfg->legacy ? VQ_LEGACY : 0;

    if (cfg->features & VIRTIO_BIT(VIRTIO_F_EVENT_IDX))
        flags |= VQ_EVENT_IDX;
    if (cfg->features & VIRTIO_BIT(VIRTIO_F_ORDER_PLATFORM))
        flags |= VQ_ORDER_PLATFORM;
    return flags;
}

/* Take the memory; the caller has made sure that there is enough. */
static void take_memory(struct vio_virtq *vq,
                        const struct vio_virtq_config *cfg,
                        const struct vio_need *need, struct vio_mem *mem)
{
    struct split_layout layout = vio_split_layout(cfg);
    unsigned char *ring = vio_mem_shared(mem, need->shared, &vq->desc_addr);

    vq->slot = vio_mem_priv(mem, need->priv);
    vq->desc = ring;
    vq->driver = ring + layout.driver;
    vq->device = ring + layout.device;
    vq->driver_addr = vq->desc_addr + layout.driver;
    vq->device_addr = vq->desc_addr + layout.device;
}

int vio_virtq_init(struct vio_virtq *vq, const struct vio_virtq_config *cfg,
                   struct vio_mem *mem)
{
    struct vio_need need;

    if (vio_virtq_mem_size(cfg, &need) < 0 || !is_aligned(cfg, mem))
        return VIO_EINVAL;
    if (need.shared > mem->shared_size || need.priv > mem->priv_size)
        return VIO_ENOMEM;
    *vq = (struct vio_virtq){
        .size = cfg->size,
        .index = cfg->index,
        .flags = flags_of(cfg),
        .callback = cfg->callback,
        .ctx = cfg->ctx,
    };
    take_memory(vq, cfg, &need, mem);
    vio_split_init(vq);
    if (cfg->callback)
        vio_virtq_enable_cb_prepare(vq);
    else
        vio_virtq_disable_cb(vq);
    return 0;
}

int vio_virtq_add(struct vio_virtq *vq, const struct vio_sg *sg,
                  unsigned n_readable, unsigned n_writable, void *token)
{
    if (ring_broken(vq))
        return VIO_EPROTO;
    /* Each count by itself first, so that the sum cannot wrap. */
    if (n_readable > vq->size || n_writable > vq->size ||
        n_readable + n_writable > vq->size || n_readable + n_writable == 0 ||
        !token)
        return VIO_EINVAL;
    return vio_split_add(vq, sg, n_readable, n_writable, token);
}

bool vio_virtq_kick_prepare(struct vio_virtq *vq)
{
    uint16_t before = vq->published;
    bool wanted = !ring_broken(vq) && vio_split_kick_prepare(vq);

    if (!wanted && before != vq->published)
        vq->stats.suppressed++;
    return wanted;
}

void vio_virtq_notify(struct vio_virtq *vq)
{
    if (ring_broken(vq))
        return;
    vq->stats.notifications++;
    vio_reg_write32(vq->doorbell, 0, vq->doorbell_value);
}

void vio_virtq_kick(struct vio_virtq *vq)
{
    if (vio_virtq_kick_prepare(vq))
        vio_virtq_notify(vq);
}

int vio_virtq_get_buf(struct vio_virtq *vq, void **token, uint32_t *len)
{
    return vio_split_get_buf(vq, token, len);
}

void vio_virtq_disable_cb(struct vio_virtq *vq)
{
    if (!ring_broken(vq))
        vio_split_disable_cb(vq);
}

unsigned vio_virtq_enable_cb_prepare(struct vio_virtq *vq)
{
    return ring_broken(vq) ? 0 : vio_split_enable_cb_prepare(vq);
}

bool vio_virtq_poll(const struct vio_virtq *vq, unsigned state)
{
    return ring_broken(vq) || vio_split_poll(vq, (uint16_t)state);
}

bool vio_virtq_enable_cb(struct vio_virtq *vq)
{
    return !vio_virtq_poll(vq, vio_virtq_enable_cb_prepare(vq));
}

bool vio_virtq_enable_cb_delayed(struct vio_virtq *vq)
{
    return !ring_broken(vq) && vio_split_enable_cb_delayed(vq);
}

bool vio_virtq_interrupt(struct vio_virtq *vq)
{
    if (ring_broken(vq) || !vio_split_has_used(vq)) {
        vq->stats.spurious++;
        return false;
    }
    vq->stats.interrupts++;
    if (vq->callback)
        vq->callback(vq, vq->ctx);
    return true;
}

void *vio_virtq_detach_unused(struct vio_virtq *vq)
{
    for (unsigned i = 0; i < vq->size; i++) {
        if (vq->slot[i].bound) {
            vio_split_free_chain(vq, (uint16_t)i);
            return vq->slot[i].token;
        }
    }
    return NULL;
}

void vio_virtq_break(struct vio_virtq *vq)
{
    ring_break(vq);
}

bool vio_virtq_is_broken(const struct vio_virtq *vq)
{
    return ring_broken(vq);
}

unsigned vio_virtq_size(const struct vio_virtq *vq)
{
    return vq->size;
}

unsigned vio_virtq_num_free(const struct vio_virtq *vq)
{
    return vq->n_free;
}
