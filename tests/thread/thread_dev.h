/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A device that is a thread. It answers every buffer with the sum of what it
 * was given, uses them in any order (or in the order in which they came, and
 * batches with one element), and sleeps when there is nothing to do.
 *
 * Written from the specification alone. What both sides read and write at the
 * same time is atomic here, everything else is plain, so that a thread
 * sanitizer sees whether the rings order it.
 */
#ifndef THREAD_DEV_H
#define THREAD_DEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bell.h"

#define TDEV_SEGMENTS 32u
#define TDEV_HELD     64u

struct tdev_segment {
    unsigned char *base; /* a device address is a pointer */
    uint32_t len;
    bool write;
};

/* A buffer that the device has. */
struct tdev_buffer {
    uint16_t id;
    uint16_t count; /* of descriptors in the ring */
    unsigned n;
    bool bad; /* makes no sense: a driver that was lied to, or a bug */
    struct tdev_segment segment[TDEV_SEGMENTS];
};

struct tdev;

/* What differs between the ring formats. */
struct tdev_format {
    bool (*has_next)(const struct tdev *d); /* orders what follows */
    void (*pop)(struct tdev *d, struct tdev_buffer *buffer);
    /* Use n buffers with one element, which names the last of them and how much
     * was written to it. More than one only if they are used in order. */
    void (*push)(struct tdev *d, const struct tdev_buffer *buffers, unsigned n,
                 uint32_t len);
    void (*publish)(struct tdev *d); /* what was pushed */
    /* After publish and a full barrier: is a notification wanted for it? */
    bool (*is_wanted)(struct tdev *d);
    /* Ask for a notification of the next buffer; a full barrier follows. */
    void (*arm)(struct tdev *d);
    void (*disarm)(struct tdev *d); /* a hint, and may do nothing */
};

extern const struct tdev_format tdev_split, tdev_packed;

struct tdev {
    const struct tdev_format *format;
    bool event_idx;
    bool in_order;
    uint16_t size;
    unsigned char *desc;
    unsigned char *driver;
    unsigned char *device;
    const unsigned char *memory; /* where tables lie, if it is known; */
    size_t memory_size;          /* else 0 */
    void (*interrupt)(void *ctx);
    void *ctx;
    uint32_t seed;

    /* Positions. Split: running counts; packed: the offset in bits 0 to 14,
     * the wrap counter in bit 15. */
    uint16_t avail;     /* of the next buffer */
    uint16_t used;      /* where the next one is used */
    uint16_t published; /* and as far as the driver may see that */
    bool first_pushed;  /* packed: flags that publish are held back */
    uint16_t first_flags;

    uint32_t pace;
    struct bell bell; /* the doorbell */
    bool stop;
    uint32_t n_taken; /* for the watchdog: buffers taken, */
    uint32_t n_used;  /* used, */
    uint32_t n_sleeps;
};

void *tdev_run(void *d);

/* Rings are little-endian. */
static inline bool tdev_swaps(void)
{
    return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
}

static inline uint16_t le16(uint16_t v)
{
    return tdev_swaps() ? __builtin_bswap16(v) : v;
}

static inline uint32_t le32(uint32_t v)
{
    return tdev_swaps() ? __builtin_bswap32(v) : v;
}

static inline uint64_t le64(uint64_t v)
{
    return tdev_swaps() ? __builtin_bswap64(v) : v;
}

/* Is a descriptor where descriptors can be? */
static inline bool tdev_reaches(const struct tdev *d, const void *desc)
{
    uintptr_t offset = (uintptr_t)desc - (uintptr_t)d->memory;

    return d->memory_size == 0 ||
           (offset % 16 == 0 && offset <= d->memory_size - 16);
}

/* Where the next segment of a buffer goes, which a descriptor tells of. NULL:
 * that is not where descriptors can be, or there are too many; it is bad. */
static inline struct tdev_segment *
tdev_segment(const struct tdev *d, struct tdev_buffer *buffer, const void *desc)
{
    buffer->bad = buffer->n == TDEV_SEGMENTS || !tdev_reaches(d, desc);
    return buffer->bad ? NULL : &buffer->segment[buffer->n++];
}

static inline uint32_t tdev_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* Pass a little time, so that the threads meet in every phase. */
static inline void tdev_dawdle(uint32_t loops)
{
    for (volatile uint32_t i = 0; i < loops; i++)
        ;
}

/*
 * How long to wait before falling asleep, so that the other side comes just
 * then half of the time: in that moment notifications are lost, if ever. Where
 * it never comes in time, begin again.
 */
static inline void tdev_pace(uint32_t *loops, bool too_late)
{
    if (too_late)
        *loops -= *loops / 16;
    else
        *loops = *loops < 1500 ? *loops + *loops / 16 + 16 : 0;
}

/*
 * The device's own full barrier. Under a thread sanitizer, which knows no
 * fences, a locked operation on memory of its own, which orders nothing for it.
 */
static inline void tdev_full_barrier(void)
{
#ifdef THREAD_TSAN
    uint32_t own = 0;

    __atomic_fetch_add(&own, 1, __ATOMIC_SEQ_CST);
    __asm__ volatile("" : : "r"(&own) : "memory");
#else
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

#endif
