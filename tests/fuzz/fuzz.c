/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLANNED 4u

static const uint8_t *input;
static size_t input_left;

struct fuzz_state fuzz;

/* What the device is going to write, and before which access. */
static struct scribble {
    uint32_t countdown; /* 0: nothing is planned */
    size_t at;
    unsigned width;
    uint32_t value;
} planned[PLANNED];

void fuzz_fail(const char *what)
{
    fprintf(stderr, "FAILED: %s\n", what);
    abort();
}

void fuzz_input(const uint8_t *data, size_t size)
{
    input = data;
    input_left = size;
}

bool fuzz_more(void)
{
    return input_left != 0;
}

uint8_t fuzz_u8(void)
{
    if (!input_left)
        return 0;
    input_left--;
    return *input++;
}

uint32_t fuzz_u32(void)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < 4; i++)
        value |= (uint32_t)fuzz_u8() << 8 * i;
    return value;
}

uint64_t fuzz_u64(void)
{
    uint64_t low = fuzz_u32();

    return (uint64_t)fuzz_u32() << 32 | low;
}

static void *allocate(size_t align, size_t size)
{
    void *p;

    if (posix_memalign(&p, align, size ? size : 1))
        fuzz_fail("no memory");
    memset(p, 0xc3, size);
    return p;
}

struct vio_mem fuzz_memory(size_t shared, size_t priv)
{
    memset(&fuzz, 0, sizeof fuzz);
    memset(planned, 0, sizeof planned);
    fuzz.size = shared;
    fuzz.real = allocate(4096, shared);
    fuzz.shadow = allocate(4096, shared);
    fuzz.priv = allocate(16, priv);
    fuzz_reset();
    return (struct vio_mem){
        .shared = fuzz.real,
        .shared_addr = (uintptr_t)fuzz.shadow,
        .shared_size = shared,
        .priv = fuzz.priv,
        .priv_size = priv,
    };
}

void fuzz_free(void)
{
    free(fuzz.real);
    free(fuzz.shadow);
    free(fuzz.priv);
}

bool fuzz_is_shadow(const unsigned char *p)
{
    return p >= fuzz.shadow && p < fuzz.shadow + fuzz.size;
}

void fuzz_device_wrote(const unsigned char *shadow, size_t len)
{
    memcpy(fuzz.real + (shadow - fuzz.shadow), shadow, len);
}

/* The Device Area of a split queue; all of a packed one. */
static void show_device_area(const struct fuzz_queue *q)
{
    const struct tdev *d = &q->dev;

    if (d->format == &tdev_packed) {
        fuzz_device_wrote(d->desc, 16u * d->size);
        fuzz_device_wrote(d->device, 4);
    } else {
        fuzz_device_wrote(d->device, 6 + 8u * d->size);
    }
}

static unsigned char *shadow_of(const void *real)
{
    return fuzz.shadow + ((const unsigned char *)real - fuzz.real);
}

void fuzz_queue_start(unsigned index, struct vio_virtq *vq)
{
    struct fuzz_queue *q = &fuzz.queue[index];
    bool packed = (const unsigned char *)vq->driver ==
                      (const unsigned char *)vq->desc + 16u * vq->size &&
                  (const unsigned char *)vq->device ==
                      (const unsigned char *)vq->driver + 4;

    q->vq = vq;
    q->n_held = 0;
    q->n_status = 0;
    q->dev = (struct tdev){
        .format = packed ? &tdev_packed : &tdev_split,
        .size = vq->size,
        .desc = shadow_of(vq->desc),
        .driver = shadow_of(vq->driver),
        .device = shadow_of(vq->device),
        .memory = fuzz.shadow,
        .memory_size = fuzz.size,
    };
    if (packed)
        q->dev.avail = q->dev.used = q->dev.published = 0x8000;
}

void fuzz_reset(void)
{
    for (unsigned i = 0; i < FUZZ_QUEUES; i++)
        fuzz.queue[i].vq = NULL;
    memset(fuzz.shadow, 0, fuzz.size);
}

static void take(struct fuzz_queue *q)
{
    struct tdev *d = &q->dev;

    while (q->n_held < FUZZ_HELD && d->format->has_next(d)) {
        d->format->pop(d, &q->held[q->n_held]);
        q->n_held += !q->held[q->n_held].bad;
    }
}

/* Use n buffers from number i on, with one element for all of them. */
static void use(struct fuzz_queue *q, unsigned i, unsigned n,
                uint32_t (*serve)(const struct tdev_buffer *buffer))
{
    struct tdev *d = &q->dev;
    uint32_t len = 0;

    for (unsigned k = 0; k < n; k++)
        len = serve(&q->held[i + k]);
    d->format->push(d, &q->held[i], n, len);
    q->n_held -= n;
    memmove(&q->held[i], &q->held[i + n], (q->n_held - i) * sizeof q->held[0]);
}

void fuzz_serve(struct fuzz_queue *q,
                uint32_t (*serve)(const struct tdev_buffer *buffer))
{
    struct tdev *d = &q->dev;
    unsigned choice = fuzz_u8(), n = 1 + choice % 8;

    take(q);
    if (q->n_held == 0)
        return;
    n = n < q->n_held ? n : q->n_held;
    if (d->in_order && choice & 0x40) {
        use(q, 0, n, serve);
        n = 0;
    }
    for (; n; n--)
        use(q, choice & 0x80 && !d->in_order ? q->n_held - 1 : 0, 1, serve);
    d->format->publish(d);
    d->published = d->used;
    show_device_area(q);
}

void fuzz_arm(struct fuzz_queue *q)
{
    if (fuzz_u8() & 1)
        q->dev.format->arm(&q->dev);
    else
        q->dev.format->disarm(&q->dev);
    show_device_area(q);
}

/* Where the device may want to write: a field that the driver reads, or
 * anything at all. */
static size_t choose_place(unsigned *width)
{
    unsigned choice = fuzz_u8(), index = fuzz_u8();
    const struct fuzz_queue *q = &fuzz.queue[choice >> 7];
    const struct tdev *d = &q->dev;
    bool packed = d->format == &tdev_packed;
    unsigned char *base = packed ? d->desc : d->device;

    *width = 2;
    if (!q->vq || (choice & 7) == 7) {
        *width = 1u << (choice >> 3 & 3) % 3;
        return (index | (size_t)fuzz_u8() << 8) % fuzz.size & ~(*width - 1u);
    }
    if ((choice & 7) == 6) { /* whether to notify */
        *width = packed ? 4 : 2;
        base = d->device + (packed ? 0 : index & 1 ? 0 : 4u + 8u * d->size);
    } else if (packed) {
        static const uint8_t field[] = {14, 14, 12, 8, 14, 12};

        base += 16u * (index % d->size) + field[choice & 7];
        *width = field[choice & 7] == 8 ? 4 : 2;
    } else if ((choice & 7) < 3) { /* the used index */
        base += 2;
    } else { /* an element: its id or its length */
        base += 4 + 8u * (index % d->size) + ((choice & 7) == 3 ? 0 : 4);
        *width = 4;
    }
    return (size_t)(base - fuzz.shadow);
}

/* A value out of the blue, or one near to what is there. */
static uint32_t choose_value(size_t at, unsigned width)
{
    unsigned choice = fuzz_u8();
    uint32_t there = 0;

    if (choice < 0x40)
        return fuzz_u32();
    memcpy(&there, fuzz.shadow + at, width);
    return choice & 1 ? there + (choice >> 1 & 0xf) : choice >> 1 & 0x1f;
}

static struct scribble choose_scribble(void)
{
    struct scribble s = {.countdown = 1};

    s.at = choose_place(&s.width);
    s.value = choose_value(s.at, s.width);
    return s;
}

static void write_scribble(const struct scribble *s)
{
    fuzz.has_scribbled = true;
    if (s->at + s->width <= fuzz.size)
        memcpy(fuzz.real + s->at, &s->value, s->width);
}

void fuzz_scribble(void)
{
    struct scribble s = choose_scribble();

    write_scribble(&s);
}

void fuzz_plan_scribble(void)
{
    unsigned choice = fuzz_u8();
    struct scribble *s = &planned[choice % PLANNED];

    *s = choose_scribble();
    s->countdown = 1 + choice / PLANNED;
}

/* Is it in the rings of a queue that is broken? */
static bool is_forbidden(const unsigned char *p)
{
    for (unsigned i = 0; i < FUZZ_QUEUES; i++) {
        const struct fuzz_queue *q = &fuzz.queue[i];
        const unsigned char *desc, *end;

        if (!q->vq || !vio_virtq_is_broken(q->vq))
            continue;
        desc = q->dev.desc;
        end = q->dev.device + 4;
        if (q->dev.format == &tdev_split)
            end += 2 + 8u * q->dev.size;
        if (p >= desc && p < end)
            return true;
    }
    return false;
}

/* What every access has in common. Where it is, in the shadow. */
static unsigned char *on_access(const void *p, unsigned width)
{
    const unsigned char *at = p;

    FUZZ_ASSERT(at >= fuzz.real && at + width <= fuzz.real + fuzz.size);
    FUZZ_ASSERT(((uintptr_t)p & (width - 1)) == 0);
    FUZZ_ASSERT(!is_forbidden(shadow_of(p)));
    fuzz.accesses++;
    for (unsigned i = 0; i < PLANNED; i++)
        if (planned[i].countdown && --planned[i].countdown == 0)
            write_scribble(&planned[i]);
    return shadow_of(p);
}

/* The driver reads what the device writes, and never what it wrote itself. */
static void check_load(const unsigned char *shadow, unsigned width)
{
    for (unsigned i = 0; i < FUZZ_QUEUES; i++) {
        const struct fuzz_queue *q = &fuzz.queue[i];
        const struct tdev *d = &q->dev;
        size_t at = (size_t)(shadow - d->desc);

        if (!q->vq || shadow < d->desc || shadow >= d->device)
            continue;
        FUZZ_ASSERT(d->format == &tdev_packed);
        FUZZ_ASSERT(at < 16u * d->size);
        FUZZ_ASSERT(at % 16 == (width == 4 ? 8 : at % 16 == 12 ? 12 : 14));
    }
}

/* The mark of a status: has the driver written it since it last read it? NULL:
 * this is no status. */
static bool *status_mark(const uint8_t *p)
{
    for (unsigned i = 0; i < FUZZ_QUEUES; i++) {
        struct fuzz_queue *q = &fuzz.queue[i];

        if (q->vq && q->n_status && p >= q->status &&
            p < q->status + q->n_status)
            return &q->prepared[p - q->status];
    }
    return NULL;
}

/* A status that says OK counts only if the device wrote it, for the request at
 * hand: if the driver wrote something else there before. */
static void load_status(bool *prepared, uint32_t value)
{
    if (*prepared && value == 0) {
        fuzz.ok_statuses++;
        fuzz.ok_bytes += fuzz.last_load32;
    }
    *prepared = false;
}

static bool is_callers(const unsigned char *p, unsigned width)
{
    return fuzz.callers && p >= fuzz.callers &&
           p + width <= fuzz.callers + fuzz.callers_size;
}

uint32_t fuzz_load(const void *p, unsigned width)
{
    uint32_t value = 0;
    bool *mark;

    if (is_callers(p, width)) {
        memcpy(&value, p, width);
        return value;
    }
    check_load(on_access(p, width), width);
    memcpy(&value, p, width);
    if (width == 4)
        fuzz.last_load32 = value;
    mark = status_mark(p);
    if (mark)
        load_status(mark, value);
    return value;
}

void fuzz_store(void *p, unsigned width, uint64_t value)
{
    unsigned char *shadow = on_access(p, width);
    bool *mark = status_mark(p);

    if (mark)
        *mark = value != 0;
    memcpy(p, &value, width);
    memcpy(shadow, &value, width);
}

void fuzz_doorbell(void)
{
    if (fuzz.on_doorbell)
        fuzz.on_doorbell();
}

void fuzz_relax(void)
{
    if (fuzz.on_relax)
        fuzz.on_relax();
}
