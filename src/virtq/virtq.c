/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtqueues of either format: what is checked and laid out before the format
 * matters.
 *
 * Spec: 2.6 Virtqueues.
 */
#include <vio/error.h>

#include "../mem.h"
#include "packed.h"
#include "split.h"

static bool is_power_of_two(uint32_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

static bool wants_packed(const struct vio_virtq_config *cfg)
{
    return cfg->features & VIRTIO_BIT(VIRTIO_F_RING_PACKED);
}

/* 2.7: a power of two; 2.8: any size; both up to 32768. An indirect table is
 * not longer than the queue (2.7.5.3.1), and there are none without the
 * feature. */
static bool is_valid(const struct vio_virtq_config *cfg)
{
    bool size_ok = cfg->size != 0 && cfg->size <= VIRTQ_SIZE_MAX &&
                   (wants_packed(cfg) || is_power_of_two(cfg->size));
    bool indirect_ok = cfg->indirect == 0 ||
                       (cfg->indirect <= cfg->size &&
                        (cfg->features & VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC)));
    /* Where a size_t has 32 bits, not all of them can be asked for. */
    bool tables_ok = (uint64_t)cfg->size * cfg->indirect <=
                     SIZE_MAX / 2 / sizeof(struct virtq_desc);
    bool align_ok = cfg->align == 0 ||
                    (is_power_of_two(cfg->align) &&
                     cfg->align >= VIRTQ_DESC_ALIGN && cfg->align <= 65536);

    return size_ok && indirect_ok && tables_ok && align_ok;
}

/* Is the format that the features choose in this build? */
static bool is_built(const struct vio_virtq_config *cfg)
{
#if defined(VIO_NO_PACKED)
    return !wants_packed(cfg);
#elif defined(VIO_NO_SPLIT)
    return wants_packed(cfg);
#else
    (void)cfg;
    return true;
#endif
}

static bool is_aligned(const struct vio_virtq_config *cfg,
                       const struct vio_mem *mem)
{
    uint64_t align = cfg->align ? cfg->align : VIO_MEM_ALIGN;

    return (((uintptr_t)mem->shared | mem->shared_addr) & (align - 1)) == 0 &&
           ((uintptr_t)mem->priv & (VIO_MEM_ALIGN - 1)) == 0;
}

static struct ring_layout layout_of(const struct vio_virtq_config *cfg)
{
#if defined(VIO_NO_PACKED)
    return vio_split_layout(cfg);
#elif defined(VIO_NO_SPLIT)
    return vio_packed_layout(cfg);
#else
    return wants_packed(cfg) ? vio_packed_layout(cfg) : vio_split_layout(cfg);
#endif
}

static size_t tables_size(const struct vio_virtq_config *cfg)
{
    return (size_t)cfg->size * cfg->indirect * sizeof(struct virtq_desc);
}

static size_t slots_size(const struct vio_virtq_config *cfg)
{
    return (cfg->size + (size_t)1) * sizeof(struct vio_virtq_slot);
}

int vio_virtq_mem_size(const struct vio_virtq_config *cfg,
                       struct vio_need *need)
{
    if (!is_valid(cfg))
        return VIO_EINVAL;
    if (!is_built(cfg))
        return VIO_ENOTSUP;
    need->shared =
        vio_round_up(layout_of(cfg).total, VIO_MEM_ALIGN) + tables_size(cfg);
    need->priv = vio_round_up(slots_size(cfg), VIO_MEM_ALIGN);
    return 0;
}

static uint32_t flags_of(const struct vio_virtq_config *cfg)
{
    static const struct {
        uint8_t feature;
        uint8_t flag;
    } table[] = {
        {VIRTIO_F_EVENT_IDX, VQ_EVENT_IDX},
        {VIRTIO_F_ORDER_PLATFORM, VQ_ORDER_PLATFORM},
        {VIRTIO_F_RING_PACKED, VQ_PACKED},
        {VIRTIO_F_IN_ORDER, VQ_IN_ORDER},
        {VIRTIO_F_NOTIFICATION_DATA, VQ_NOTIFY_DATA},
    };
    uint32_t flags = cfg->legacy ? VQ_LEGACY : 0;

    for (unsigned i = 0; i < sizeof table / sizeof *table; i++)
        if (cfg->features & VIRTIO_BIT(table[i].feature))
            flags |= table[i].flag;
    return flags;
}

/* Take the memory; the caller has made sure that there is enough. */
static void take_memory(struct vio_virtq *vq,
                        const struct vio_virtq_config *cfg, struct vio_mem *mem)
{
    struct ring_layout layout = layout_of(cfg);
    unsigned char *ring = vio_mem_shared(mem, layout.total, &vq->desc_addr);

    vq->slot = vio_mem_priv(mem, slots_size(cfg));
    vq->desc = ring;
    vq->driver = ring + layout.driver;
    vq->device = ring + layout.device;
    vq->driver_addr = vq->desc_addr + layout.driver;
    vq->device_addr = vq->desc_addr + layout.device;
    vq->table_segs = cfg->indirect;
    if (cfg->indirect)
        vq->table = vio_mem_shared(mem, tables_size(cfg), &vq->table_addr);
}

/* Every slot in the free list, which closes to a circle (for IN_ORDER). */
static void link_slots(struct vio_virtq *vq)
{
    for (unsigned i = 0; i < vq->size; i++)
        vq->slot[i].next = (uint16_t)(i + 1u < vq->size ? i + 1u : 0u);
    vq->n_free = vq->size;
}

int vio_virtq_init(struct vio_virtq *vq, const struct vio_virtq_config *cfg,
                   struct vio_mem *mem)
{
    struct vio_need need;
    int err = vio_virtq_mem_size(cfg, &need);

    if (err)
        return err;
    if (!is_aligned(cfg, mem))
        return VIO_EINVAL;
    if (need.shared > mem->shared_size || need.priv > mem->priv_size)
        return VIO_ENOMEM;
    *vq = (struct vio_virtq){
        .size = cfg->size,
        .mask = cfg->size - 1u,
        .index = cfg->index,
        .state = flags_of(cfg),
        .flags = flags_of(cfg),
        .callback = cfg->callback,
        .ctx = cfg->ctx,
#ifdef VIO_DEBUG
        .env = cfg->env,
#endif
    };
    take_memory(vq, cfg, mem);
    link_slots(vq);
    if (ring_is_packed(vq))
        vio_packed_init(vq);
    if (cfg->callback)
        vio_virtq_enable_cb_prepare(vq);
    else
        vio_virtq_disable_cb(vq);
    return 0;
}

int vio_virtq_add(struct vio_virtq *vq, const struct vio_sg *sg,
                  unsigned n_readable, unsigned n_writable, void *token)
{
    uint64_t n = (uint64_t)n_readable + n_writable; /* cannot wrap */

    DEBUG_OWN(vq);
    if (ring_broken(vq))
        return VIO_EPROTO;
    if (n - 1 >= vq->size || !token) /* nor is 0 below the size */
        return VIO_EINVAL;
    return ring_is_packed(vq)
               ? vio_packed_add(vq, sg, n_readable, n_writable, token)
               : vio_split_add(vq, sg, n_readable, n_writable, token);
}

bool vio_virtq_kick_prepare(struct vio_virtq *vq)
{
    DEBUG_OWN(vq);
    if (ring_state(vq) & (VQ_BROKEN | VQ_HELD))
        return false;
    return ring_is_packed(vq) ? vio_packed_kick_prepare(vq)
                              : vio_split_kick_prepare(vq);
}

/* Registers are little-endian but for legacy MMIO ones, which are native. */
static uint16_t doorbell16(const struct vio_virtq *vq, uint16_t value)
{
    return VIO_BIG_ENDIAN && vq->doorbell_le ? vio_swap16(value) : value;
}

static uint32_t doorbell32(const struct vio_virtq *vq, uint32_t value)
{
    return VIO_BIG_ENDIAN && vq->doorbell_le ? vio_swap32(value) : value;
}

void vio_virtq_notify(struct vio_virtq *vq)
{
    uint32_t value = vq->doorbell_value;

    if (ring_state(vq) & (VQ_BROKEN | VQ_HELD))
        return;
    vq->stats.notifications++;
    /* 4.1.5.2, 4.2.3.3: with NOTIFICATION_DATA, where the driver is. */
    if (vq->flags & VQ_NOTIFY_DATA)
        value |= (uint32_t)ring_published(vq) << 16;
    if (vq->flags & VQ_DOORBELL_CALL)
        vq->doorbell_call(vq, value);
    else if (vq->flags & VQ_DOORBELL16)
        vio_reg_write16(vq->doorbell, 0, doorbell16(vq, (uint16_t)value));
    else
        vio_reg_write32(vq->doorbell, 0, doorbell32(vq, value));
}

/* Any kick, and one that is to be notified. */
RING_APART void kick_any(struct vio_virtq *vq)
{
    if (vio_virtq_kick_prepare(vq))
        vio_virtq_notify(vq);
}

#define KICK_ANY (VQ_BROKEN | VQ_HELD | VQ_ORDER_PLATFORM)

void vio_virtq_kick(struct vio_virtq *vq)
{
    uint32_t state = ring_state(vq);
    bool wanted;

    if (RING_SMALL || state & KICK_ANY) {
        kick_any(vq);
        return;
    }
    {
        DEBUG_OWN(vq);
        wanted = state & VQ_PACKED ? packed_kick(vq, RING_WEAK)
                                   : split_kick(vq, RING_WEAK);
    }
    if (wanted)
        vio_virtq_notify(vq);
}

/* A buffer's slots are nobody's any more. */
static inline void drop(struct vio_virtq *vq, struct vio_virtq_slot *slot)
{
    slot->bound = 0;
    debug_freed(slot);
    vq->n_free = (uint16_t)(vq->n_free + slot->count);
}

/* They come first in the free list. In a packed queue a buffer has only one,
 * however many descriptors of the ring it took. */
RING_INLINE void push_free(struct vio_virtq *vq, bool packed,
                           struct vio_virtq_slot *slots, uint32_t head)
{
    struct vio_virtq_slot *last = &slots[head];

    for (unsigned n = packed ? 1 : last->count; n > 1; n--)
        last = &slots[last->next];
    last->next = vq->free_head;
    vq->free_head = (uint16_t)head;
}

/* Take one used buffer. 1, 0 or VIO_EPROTO. */
RING_INLINE int get_buf(struct vio_virtq *vq, bool packed, void **token,
                        uint32_t *len)
{
    struct ring_taking t = packed ? packed_taking(vq) : split_taking(vq);
    struct vio_virtq_slot *slot;
    uint32_t head, written;
    int used = packed ? packed_take(vq, &t, &head, &written)
                      : split_take(vq, &t, &head, &written);

    if (used <= 0)
        return used;
    if (packed)
        packed_taken(vq, &t);
    else
        split_taken(vq, &t);
    slot = &t.slot[head];
    *token = slot->token;
    *len = written;
    drop(vq, slot);
    push_free(vq, packed, t.slot, head);
    return 1;
}

RING_APART int get_split(struct vio_virtq *vq, void **token, uint32_t *len)
{
    return get_buf(vq, false, token, len);
}

RING_APART int get_packed(struct vio_virtq *vq, void **token, uint32_t *len)
{
    return get_buf(vq, true, token, len);
}

/* The same where one element of the ring may stand for several buffers. The
 * free list is a circle then, and stays as it is. */
RING_APART int get_in_order(struct vio_virtq *vq, void **token, uint32_t *len)
{
    uint32_t head, written;
    int used = ring_is_packed(vq)
                   ? vio_packed_take_in_order(vq, &head, &written)
                   : vio_split_take_in_order(vq, &head, &written);

    if (used <= 0)
        return used;
    *token = vq->slot[head].token;
    *len = written;
    drop(vq, &vq->slot[head]);
    return 1;
}

int vio_virtq_get_buf(struct vio_virtq *vq, void **token, uint32_t *len)
{
    DEBUG_OWN(vq);
    if (ring_broken(vq))
        return VIO_EPROTO;
    if (vq->flags & VQ_IN_ORDER)
        return get_in_order(vq, token, len);
    return ring_is_packed(vq) ? get_packed(vq, token, len)
                              : get_split(vq, token, len);
}

void vio_virtq_disable_cb(struct vio_virtq *vq)
{
    DEBUG_OWN(vq);
    if (ring_broken(vq))
        return;
    if (ring_is_packed(vq))
        vio_packed_disable_cb(vq);
    else
        vio_split_disable_cb(vq);
}

unsigned vio_virtq_enable_cb_prepare(struct vio_virtq *vq)
{
    DEBUG_OWN(vq);
    if (ring_broken(vq))
        return 0;
    return ring_is_packed(vq) ? vio_packed_enable_cb_prepare(vq)
                              : vio_split_enable_cb_prepare(vq);
}

bool vio_virtq_poll(const struct vio_virtq *vq, unsigned state)
{
    if (ring_broken(vq))
        return true;
    return ring_is_packed(vq) ? vio_packed_poll(vq, (uint16_t)state)
                              : vio_split_poll(vq, (uint16_t)state);
}

bool vio_virtq_enable_cb(struct vio_virtq *vq)
{
    return !vio_virtq_poll(vq, vio_virtq_enable_cb_prepare(vq));
}

bool vio_virtq_enable_cb_delayed(struct vio_virtq *vq)
{
    DEBUG_OWN(vq);
    if (ring_broken(vq))
        return false;
    return ring_is_packed(vq) ? vio_packed_enable_cb_delayed(vq)
                              : vio_split_enable_cb_delayed(vq);
}

static bool has_used(const struct vio_virtq *vq)
{
    return ring_is_packed(vq) ? vio_packed_has_used(vq)
                              : vio_split_has_used(vq);
}

bool vio_virtq_interrupt(struct vio_virtq *vq)
{
    if (ring_broken(vq) || !has_used(vq)) {
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
    DEBUG_OWN(vq);
    for (unsigned i = 0; i < vq->size; i++) {
        void *token = vq->slot[i].token;

        if (vq->slot[i].bound == 0)
            continue;
        drop(vq, &vq->slot[i]);
        if (!(vq->flags & VQ_IN_ORDER))
            push_free(vq, ring_is_packed(vq), vq->slot, i);
        return token;
    }
    return NULL;
}

void vio_virtq_break(struct vio_virtq *vq)
{
    ring_set_state(vq, VQ_BROKEN, true);
}

void vio_virtq_hold(struct vio_virtq *vq, bool held)
{
    DEBUG_OWN(vq);
    ring_set_state(vq, VQ_HELD, held);
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
