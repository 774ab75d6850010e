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
#include "table.h"

static bool is_power_of_two(uint32_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

/* Of a format that the build leaves out this is a constant. */
#define ASKS_PACKED(cfg) ((cfg)->features & VIRTIO_BIT(VIRTIO_F_RING_PACKED))
#if defined(VIO_NO_PACKED)
#define wants_packed(cfg) false
#elif defined(VIO_NO_SPLIT)
#define wants_packed(cfg) true
#else
#define wants_packed(cfg) ASKS_PACKED(cfg)
#endif

#define VIRTQ_ALIGN_MAX 65536u

/* What a legacy device wants, or what every block has. */
static uint32_t align_of(const struct vio_virtq_config *cfg)
{
#ifdef VIO_NO_LEGACY
    (void)cfg;
    return VIO_MEM_ALIGN;
#else
    return cfg->align ? cfg->align : VIO_MEM_ALIGN;
#endif
}

/* An indirect table is not longer than the queue (2.7.5.3.1), and there are
 * none without the feature. */
static bool tables_are_valid(const struct vio_virtq_config *cfg)
{
    return cfg->indirect == 0 ||
           (!(LEFT_OUT_FEATURES & VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC)) &&
            cfg->indirect <= cfg->size &&
            (cfg->features & VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC)) &&
            /* Where a size_t has 32 bits, not all of them can be asked for. */
            (uint64_t)cfg->size * cfg->indirect <=
                SIZE_MAX / 2 / sizeof(struct virtq_desc));
}

static bool align_is_valid(const struct vio_virtq_config *cfg)
{
    return (VQ_LEFT_OUT & VQ_LEGACY) || cfg->align == 0 ||
           (is_power_of_two(cfg->align) &&
            cfg->align - VIO_MEM_ALIGN <= VIRTQ_ALIGN_MAX - VIO_MEM_ALIGN);
}

/* 2.7: a power of two; 2.8: any size; both up to 32768. */
static bool is_valid(const struct vio_virtq_config *cfg)
{
    return cfg->size - 1u < VIRTQ_SIZE_MAX &&
           (wants_packed(cfg) || is_power_of_two(cfg->size)) &&
           tables_are_valid(cfg) && align_is_valid(cfg);
}

/* Has this build all that is asked for? */
static bool is_built(const struct vio_virtq_config *cfg)
{
#ifdef VIO_NO_SPLIT
    if (!ASKS_PACKED(cfg))
        return false;
#endif
#ifdef VIO_NO_LEGACY
    if (cfg->legacy || cfg->align)
        return false;
#endif
    return !(cfg->features & LEFT_OUT_FEATURES);
}

static bool is_aligned(const struct vio_virtq_config *cfg,
                       const struct vio_mem *mem)
{
    return (((uintptr_t)mem->shared | mem->shared_addr) &
            (align_of(cfg) - 1)) == 0 &&
           ((uintptr_t)mem->priv & (VIO_MEM_ALIGN - 1)) == 0;
}

static size_t tables_size(const struct vio_virtq_config *cfg)
{
#ifdef VIO_NO_INDIRECT
    (void)cfg;
    return 0;
#else
    return (size_t)cfg->size * cfg->indirect * sizeof(struct virtq_desc);
#endif
}

static size_t slots_size(const struct vio_virtq_config *cfg)
{
    return (cfg->size + (size_t)1) * sizeof(struct vio_virtq_slot);
}

/* Check the configuration, and work out where everything goes. */
static int lay_out(const struct vio_virtq_config *cfg,
                   struct ring_layout *layout, struct vio_need *need)
{
    if (!is_built(cfg))
        return VIO_ENOTSUP;
    if (!is_valid(cfg))
        return VIO_EINVAL;
    if (wants_packed(cfg))
        vio_packed_layout(cfg, layout);
    else
        vio_split_layout(cfg, layout);
    need->shared =
        vio_round_up(layout->total, VIO_MEM_ALIGN) + tables_size(cfg);
    need->priv = vio_round_up(slots_size(cfg), VIO_MEM_ALIGN);
    return 0;
}

int vio_virtq_mem_size(const struct vio_virtq_config *cfg,
                       struct vio_need *need)
{
    struct ring_layout layout;

    return lay_out(cfg, &layout, need);
}

static uint32_t flags_of(const struct vio_virtq_config *cfg)
{
    uint32_t flags = (uint32_t)(cfg->features >> VQ_SHIFT) & VQ_FEATURES;

    return !(VQ_LEFT_OUT & VQ_LEGACY) && cfg->legacy ? flags | VQ_LEGACY
                                                     : flags;
}

/* Take the memory; the caller has made sure that there is enough. */
static void take_memory(struct vio_virtq *vq,
                        const struct vio_virtq_config *cfg,
                        const struct ring_layout *layout, struct vio_mem *mem)
{
    unsigned char *ring = vio_mem_shared(mem, layout->total, &vq->desc_addr);

    vq->slot = vio_mem_priv(mem, slots_size(cfg));
    vq->desc = ring;
    vq->driver = ring + layout->driver;
    vq->device = ring + layout->device;
    vq->driver_addr = vq->desc_addr + layout->driver;
    vq->device_addr = vq->desc_addr + layout->device;
    vq->table_segs = cfg->indirect;
    if (tables_size(cfg))
        vq->table = vio_mem_shared(mem, tables_size(cfg), &vq->table_addr);
}

/* Every slot in the free list, which closes to a circle (for IN_ORDER). */
static void link_slots(struct vio_virtq *vq)
{
    for (unsigned i = 0; i < vq->size; i++)
        vq->slot[i].next = ring_further(vq, i, 1);
    if (ring_table_segs(vq))
        vq->reserve = vq->size / 2;
    vq->room = vq->size - ring_reserve(vq);
}

int vio_virtq_init(struct vio_virtq *vq, const struct vio_virtq_config *cfg,
                   struct vio_mem *mem)
{
    struct ring_layout layout;
    struct vio_need need;
    int err = lay_out(cfg, &layout, &need);

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
        .flags = flags_of(cfg),
        .callback = cfg->callback,
        .ctx = cfg->ctx,
#ifdef VIO_DEBUG
        .env = cfg->env,
#endif
    };
    take_memory(vq, cfg, &layout, mem);
    link_slots(vq);
    vq->state = vq->flags;
    if (ring_is_packed(vq))
        vio_packed_init(vq);
    /* Zeroed memory asks for interrupts. */
    if (!cfg->callback)
        vio_virtq_disable_cb(vq);
    return 0;
}

/* What a call does is decided with one look at the queue's state: which format
 * it has, unless it is broken. */
#if defined(VIO_NO_PACKED)
#define STATE_SPLIT(state)  (!((state)&VQ_BROKEN))
#define STATE_PACKED(state) false
#elif defined(VIO_NO_SPLIT)
#define STATE_SPLIT(state)  false
#define STATE_PACKED(state) (!((state)&VQ_BROKEN))
#else
#define STATE_SPLIT(state)  (!((state) & (VQ_BROKEN | VQ_PACKED)))
#define STATE_PACKED(state) (!((state)&VQ_BROKEN))
#endif

int vio_virtq_add(struct vio_virtq *vq, const struct vio_sg *sg,
                  unsigned n_readable, unsigned n_writable, void *token)
{
    uint32_t state = ring_state(vq);

    DEBUG_OWN(vq);
    if (STATE_SPLIT(state))
        return vio_split_add(vq, sg, n_readable, n_writable, token);
    if (STATE_PACKED(state))
        return vio_packed_add(vq, sg, n_readable, n_writable, token);
    return VIO_EPROTO;
}

/* Registers are little-endian but for legacy MMIO ones, which are native. */
#ifndef VIO_NO_PCI
static inline uint16_t doorbell16(const struct vio_doorbell *d, uint32_t value)
{
    uint16_t low = (uint16_t)value;

    return VIO_BIG_ENDIAN && d->little_endian ? vio_swap16(low) : low;
}
#endif

static inline uint32_t doorbell32(const struct vio_doorbell *d, uint32_t value)
{
    return VIO_BIG_ENDIAN && d->little_endian ? vio_swap32(value) : value;
}

static void ring_doorbell(const struct vio_doorbell *d, uint32_t value)
{
#ifndef VIO_NO_PCI /* on MMIO there is but one kind */
    if (d->write) {
        d->write(d, value);
        return;
    }
    if (d->narrow) {
        vio_reg_write16(d->reg, 0, doorbell16(d, value));
        return;
    }
#endif
    vio_reg_write32(d->reg, 0, doorbell32(d, value));
}

void vio_virtq_notify(struct vio_virtq *vq)
{
    uint32_t value = vq->doorbell.value;

    if (ring_state(vq) & (VQ_BROKEN | VQ_HELD))
        return;
    vq->stats.notifications++;
    /* 4.1.5.2, 4.2.3.3: with NOTIFICATION_DATA, where the driver is. */
    if (ring_has(vq, VQ_NOTIFY_DATA))
        value |= (uint32_t)ring_published(vq) << 16;
    ring_doorbell(&vq->doorbell, value);
}

static bool kick_prepare(struct vio_virtq *vq)
{
    if (ring_state(vq) & (VQ_BROKEN | VQ_HELD))
        return false;
    return ring_is_packed(vq) ? vio_packed_kick_prepare(vq)
                              : vio_split_kick_prepare(vq);
}

bool vio_virtq_kick_prepare(struct vio_virtq *vq)
{
    DEBUG_OWN(vq);
    return kick_prepare(vq);
}

/* Any kick. */
RING_APART void kick_any(struct vio_virtq *vq)
{
    if (vio_virtq_kick_prepare(vq))
        vio_virtq_notify(vq);
}

#define KICK_ANY (VQ_BROKEN | VQ_HELD | VQ_ORDER_PLATFORM)

/* One of a queue that has none of these. */
static inline bool kick_usual(struct vio_virtq *vq)
{
    DEBUG_OWN(vq);
    return ring_is_packed(vq) ? packed_kick(vq, RING_WEAK)
                              : split_kick(vq, RING_WEAK);
}

void vio_virtq_kick(struct vio_virtq *vq)
{
    if (RING_SMALL || ring_state(vq) & KICK_ANY)
        kick_any(vq);
    else if (kick_usual(vq))
        vio_virtq_notify(vq);
}

#ifdef VIO_NO_IN_ORDER
#define release_in_order(vq, head)   ((void)(vq), (void)(head))
#define get_in_order(vq, token, len) VIO_EPROTO
#else

/* With IN_ORDER slots are taken round and round, and the last one links to the
 * one behind it again. */
static void release_in_order(struct vio_virtq *vq, uint32_t head)
{
    unsigned n = ring_is_packed(vq) ? 1 : vq->slot[head].count;
    uint16_t last = ring_further(vq, head, n - 1);

    ring_drop(vq, &vq->slot[head]);
    vq->slot[last].next = ring_further(vq, last, 1);
}

/* Where one element of the ring may stand for several buffers. */
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
    release_in_order(vq, head);
    return 1;
}

#endif

/* Take one of any queue. */
RING_APART int get_any(struct vio_virtq *vq, void **token, uint32_t *len)
{
    if (ring_broken(vq))
        return VIO_EPROTO;
    if (ring_has(vq, VQ_IN_ORDER))
        return get_in_order(vq, token, len);
    return ring_is_packed(vq) ? vio_packed_get_any(vq, token, len)
                              : vio_split_get(vq, token, len);
}

#define GET_ANY (VQ_BROKEN | VQ_IN_ORDER | VQ_ORDER_PLATFORM)

int vio_virtq_get_buf(struct vio_virtq *vq, void **token, uint32_t *len)
{
    DEBUG_OWN(vq);
    if (RING_SMALL || ring_state(vq) & GET_ANY)
        return get_any(vq, token, len);
    return ring_is_packed(vq) ? vio_packed_get(vq, token, len)
                              : vio_split_get(vq, token, len);
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

/* The free list is made anew when the queue is set up again. */
void *vio_virtq_detach_unused(struct vio_virtq *vq)
{
    DEBUG_OWN(vq);
    for (unsigned i = 0; i < vq->size; i++) {
        struct vio_virtq_slot *slot = &vq->slot[i];
        void *token = slot->token;

        if (slot->bound == 0)
            continue;
        ring_drop(vq, slot);
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
    if (!held)
        debug_waited(vq);
    ring_set_state(vq, VQ_HELD, held);
    if (held)
        return;
    kick_prepare(vq);
    /* Wanted or not: one that was wanted before the hold, and comes after a
     * lock is released, may have come to nothing. */
    vio_virtq_notify(vq);
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
    return ring_num_free(vq);
}
