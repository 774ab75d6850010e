/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a debug build (VIO_DEBUG) watches: that the calls on a queue are
 * serialised, that what was added is kicked soon, that no request is queued
 * twice, and that nobody uses the token of a free slot. In other builds nothing
 * of it is left.
 */
#ifndef VIO_SRC_VIRTQ_DEBUG_H
#define VIO_SRC_VIRTQ_DEBUG_H

#include <vio/virtq.h>

#ifdef VIO_DEBUG

#include "../env_call.h"

#define LATE_KICK_NS 100000000u
#define FREED_TOKEN  ((void *)(uintptr_t)0xdeadf4eeu)

/* The caller's promise is one owner at a time; here it is kept track of. */
static inline struct vio_virtq *debug_enter(struct vio_virtq *vq,
                                            const char *file, int line)
{
    int other = __atomic_exchange_n(&vq->owner_line, line, __ATOMIC_ACQUIRE);

    if (other)
        vio_debug_report("two calls on one queue at a time", file, line,
                         vq->owner_file, other);
    vq->owner_file = file;
    return vq;
}

static inline void debug_leave(struct vio_virtq **vq)
{
    __atomic_store_n(&(*vq)->owner_line, 0, __ATOMIC_RELEASE);
}

/* From here to the end of the block, this call owns the queue. */
#define DEBUG_OWN(vq)                                                     \
    struct vio_virtq *debug_owned __attribute__((cleanup(debug_leave))) = \
        debug_enter(vq, __FILE__, __LINE__);                              \
    (void)debug_owned

static inline uint64_t debug_now(const struct vio_virtq *vq)
{
    return vio_now_ns(vq->env);
}

/* The first buffer of a batch has been added. */
static inline void debug_staged(struct vio_virtq *vq)
{
    vq->staged_ns = debug_now(vq);
}

/* The owner has waited for the device, or held the queue, with a batch in hand
 * on purpose. */
static inline void debug_waited(struct vio_virtq *vq)
{
    vq->staged_ns = debug_now(vq);
}

/* A batch is being kicked. */
static inline void debug_kicked(const struct vio_virtq *vq)
{
    if (debug_now(vq) - vq->staged_ns > LATE_KICK_NS)
        vio_debug_report("a kick 100 ms after its add", vq->owner_file,
                         vq->owner_line, NULL, 0);
}

/* A buffer is being added. A request that is filled in anew while it is in
 * flight says that it is not. */
static inline void debug_adding(const struct vio_virtq *vq, const void *token)
{
    for (unsigned i = 0; i < vq->size; i++)
        if (vq->slot[i].bound && vq->slot[i].token == token)
            vio_debug_report("a request that is in flight already",
                             vq->owner_file, vq->owner_line, NULL, 0);
}

static inline void debug_freed(struct vio_virtq_slot *slot)
{
    slot->token = FREED_TOKEN;
}

#else

#define DEBUG_OWN(vq) (void)(vq)

static inline void debug_staged(struct vio_virtq *vq)
{
    (void)vq;
}

static inline void debug_waited(struct vio_virtq *vq)
{
    (void)vq;
}

static inline void debug_kicked(const struct vio_virtq *vq)
{
    (void)vq;
}

static inline void debug_adding(const struct vio_virtq *vq, const void *token)
{
    (void)vq, (void)token;
}

static inline void debug_freed(struct vio_virtq_slot *slot)
{
    (void)slot;
}

#endif

#endif
