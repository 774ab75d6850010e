/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The split virtqueue, as one needs it inline: writing one descriptor, putting
 * a chain into the available ring, taking one out of the used ring.
 *
 * The descriptor table and the available ring are only ever written; what must
 * be remembered of them is in the private slots. Each word of the used ring is
 * read once.
 *
 * Spec: 2.7 Split Virtqueues.
 */
#ifndef VIO_SRC_VIRTQ_SPLIT_H
#define VIO_SRC_VIRTQ_SPLIT_H

#include "ring.h"

/* The layout: sizes of the three areas, and where each begins. */
struct split_layout {
    size_t driver; /* offset of the available ring */
    size_t device; /* offset of the used ring */
    size_t total;
};

struct split_layout vio_split_layout(const struct vio_virtq_config *cfg);

void vio_split_init(struct vio_virtq *vq);
int vio_split_add(struct vio_virtq *vq, const struct vio_sg *sg,
                  unsigned n_readable, unsigned n_writable, void *token);
bool vio_split_kick_prepare(struct vio_virtq *vq);
int vio_split_get_buf(struct vio_virtq *vq, void **token, uint32_t *len);
void vio_split_disable_cb(struct vio_virtq *vq);
unsigned vio_split_enable_cb_prepare(struct vio_virtq *vq);
bool vio_split_enable_cb_delayed(struct vio_virtq *vq);
bool vio_split_poll(const struct vio_virtq *vq, uint16_t state);
bool vio_split_has_used(const struct vio_virtq *vq);
void vio_split_free_chain(struct vio_virtq *vq, uint16_t head);

/* Both rings are arrays of 16-bit words; see vio/spec/ring.h. */
static inline uint16_t *split_used(const struct vio_virtq *vq)
{
    return vq->device;
}

static inline uint16_t *split_avail(const struct vio_virtq *vq)
{
    return vq->driver;
}

/* Two stores fill a descriptor: the address, and the rest. */
static inline void split_write_addr(struct vio_virtq *vq, unsigned i,
                                    uint64_t addr)
{
    uint64_t *desc = vq->desc;

    vio_shared_store64(&desc[2 * (size_t)i], ring64(vq, addr));
}

static inline void split_write_rest(struct vio_virtq *vq, unsigned i,
                                    uint32_t len, unsigned flags, unsigned next)
{
    uint64_t *desc = vq->desc;
    uint64_t rest = (uint64_t)next << 48 | (uint64_t)flags << 32 | len;

    if (VIO_BIG_ENDIAN)
        rest = (uint64_t)ring32(vq, len) << 32 |
               (uint64_t)ring16(vq, (uint16_t)flags) << 16 |
               ring16(vq, (uint16_t)next);
    vio_shared_store64(&desc[2 * (size_t)i + 1], rest);
}

static inline void split_write_desc(struct vio_virtq *vq, unsigned i,
                                    uint64_t addr, uint32_t len, unsigned flags,
                                    unsigned next)
{
    split_write_addr(vq, i, addr);
    split_write_rest(vq, i, len, flags, next);
}

/* Put a chain into the available ring; the index follows with the next kick, so
 * that a batch costs one (2.7.13). */
static inline void split_stage(struct vio_virtq *vq, uint16_t head)
{
    unsigned at = vq->added & (vq->size - 1u);

    vio_shared_store16(&split_avail(vq)[VIRTQ_AVAIL_RING + at],
                       ring16(vq, head));
    vq->added++;
}

/* Has the device used anything that was not taken yet? 1, 0, or it claims more
 * than it was given. */
static inline int split_look(struct vio_virtq *vq)
{
    uint16_t taken = vq->taken, used;

    if (vq->used_seen != taken)
        return 1;
    used = ring16(vq, ring_observe16(vq, &split_used(vq)[VIRTQ_USED_IDX]));
    if ((uint16_t)(used - taken) > (uint16_t)(vq->published - taken))
        return ring_break(vq);
    vq->used_seen = used;
    return used != taken;
}

/*
 * Take one element of the used ring: the head of a chain that is in flight, and
 * a length that is within its writable part. 1, 0 or VIO_EPROTO.
 */
static inline int split_take(struct vio_virtq *vq, uint16_t *head,
                             uint32_t *len)
{
    const struct vio_virtq_slot *slot;
    const uint32_t *elem;
    uint32_t id, written;
    int ready;

    if (ring_broken(vq))
        return VIO_EPROTO;
    ready = split_look(vq);
    if (ready <= 0)
        return ready;
    elem = (const uint32_t *)(const void *)&split_used(
        vq)[VIRTQ_USED_RING +
            VIRTQ_USED_ELEM_WORDS * (vq->taken & (vq->size - 1u))];
    id = ring32(vq, vio_shared_load32(&elem[0]));
    written = ring32(vq, vio_shared_load32(&elem[1]));
    if (id >= vq->size)
        return ring_break(vq);
    slot = &vq->slot[id];
    /* A slot that heads nothing in flight has the bound 0, so that this one
     * comparison refuses a free id, one in mid-chain, one that was used before,
     * and a length past the writable bytes. */
    if (written >= slot->bound) {
        /* 2.7.8.2: legacy lengths are often wrong, and only clamped. */
        if (!(vq->flags & VQ_LEGACY) || slot->bound == 0)
            return ring_break(vq);
        written = slot->bound - 1;
    }
    ring_set_taken(vq, (uint16_t)(vq->taken + 1u));
    *head = (uint16_t)id;
    *len = written;
    return 1;
}

#endif
