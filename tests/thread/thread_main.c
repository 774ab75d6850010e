/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver on one thread, a device on another, and a watchdog that sees when
 * both sleep although there is work: a notification was lost.
 *
 * usage: PROGRAM FORMAT [OPERATIONS [SEED]]
 *
 * FORMAT is split or packed, or split-platform or packed-platform: the same
 * with ORDER_PLATFORM. Without OPERATIONS the environment's
 * VIO_THREAD_OPERATIONS counts, of which these two take a fifth: what they do
 * differently shows soon or never.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <vio/error.h>
#include <vio/spec/virtio.h>
#include <vio/virtq.h>

#include "thread_dev.h"

#define OPERATIONS   200000u
#define SLOTS        256u
#define SEGMENT      16u
#define SEGMENTS_MAX 3u /* of each kind */
#define MEMORY       (64u << 10)

/* One buffer of the driver's. */
struct slot {
    unsigned char out[SEGMENTS_MAX * SEGMENT];
    unsigned char in[SEGMENTS_MAX * SEGMENT];
    unsigned sum;
    uint32_t writable;
    struct slot *next; /* in the list of free ones */
};

struct setup {
    uint32_t tenths; /* of all operations */
    uint16_t size;
    uint16_t indirect;
    bool event_idx;
    bool in_order;
    bool single; /* one buffer at a time: the threads meet all the time */
    bool packed;
    bool platform;
};

/* What is in the making; all of one setup. */
static struct {
    struct vio_virtq vq;
    struct tdev dev;
    struct bell irq;
    struct slot slot[SLOTS];
    struct slot *free;
    struct setup setup;
    uint32_t seed;
    uint32_t n_added; /* for the watchdog */
    uint32_t n_reaped;
    uint32_t n_sleeps;
    uint32_t pace;
    uint32_t total;
    bool done;
} t;

#ifdef THREAD_NO_BARRIER
int thread_kicks;
#else
static int thread_kicks;
#endif

static _Alignas(4096) unsigned char shared[MEMORY];
static _Alignas(64) unsigned char private[MEMORY];

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "FAILED: %s\n", what);
    fprintf(stderr,
            "  %s ring of %u, platform order %d, event index %d, in order %d, "
            "one at a time %d\n"
            "  added %u, the device took %u, used %u, reaped %u\n",
            t.setup.packed ? "packed" : "split", t.setup.size, t.setup.platform,
            t.setup.event_idx, t.setup.in_order, t.setup.single,
            __atomic_load_n(&t.n_added, __ATOMIC_RELAXED),
            __atomic_load_n(&t.dev.n_taken, __ATOMIC_RELAXED),
            __atomic_load_n(&t.dev.n_used, __ATOMIC_RELAXED),
            __atomic_load_n(&t.n_reaped, __ATOMIC_RELAXED));
    fflush(NULL);
    _Exit(1);
}

void thread_doorbell(uintptr_t address)
{
    bell_ring((struct bell *)address);
}

/* The interrupt arrives on the device's thread, as on another processor. */
static void interrupt(void *ctx)
{
    vio_virtq_interrupt(ctx);
}

static void callback(struct vio_virtq *vq, void *ctx)
{
    (void)vq;
    bell_ring(ctx);
}

static uint64_t features_of(const struct setup *setup)
{
    uint64_t features = VIRTIO_BIT(VIRTIO_F_VERSION_1);

    if (setup->packed)
        features |= VIRTIO_BIT(VIRTIO_F_RING_PACKED);
    if (setup->event_idx)
        features |= VIRTIO_BIT(VIRTIO_F_EVENT_IDX);
    if (setup->in_order)
        features |= VIRTIO_BIT(VIRTIO_F_IN_ORDER);
    if (setup->indirect)
        features |= VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC);
    if (setup->platform)
        features |= VIRTIO_BIT(VIRTIO_F_ORDER_PLATFORM);
    return features;
}

static void start(const struct setup *setup)
{
    struct vio_virtq_config cfg = {
        .size = setup->size,
        .indirect = setup->indirect,
        .features = features_of(setup),
        .callback = callback,
        .ctx = &t.irq,
    };
    struct vio_mem mem = {shared, (uintptr_t)shared, sizeof shared, private,
                          sizeof private};

    memset(&t, 0, sizeof t);
    t.setup = *setup;
    if (vio_virtq_init(&t.vq, &cfg, &mem))
        fail("the queue cannot be set up");
    t.vq.doorbell.reg.addr = (uintptr_t)&t.dev.bell;
    for (unsigned i = 0; i < SLOTS; i++) {
        t.slot[i].next = t.free;
        t.free = &t.slot[i];
    }
}

static void connect_device(uint32_t seed)
{
    struct tdev *d = &t.dev;

    d->format = t.setup.packed ? &tdev_packed : &tdev_split;
    d->event_idx = t.setup.event_idx;
    d->in_order = t.setup.in_order;
    d->size = t.setup.size;
    d->desc = t.vq.desc;
    d->driver = t.vq.driver;
    d->device = t.vq.device;
    d->interrupt = interrupt;
    d->ctx = &t.vq;
    d->seed = seed;
    if (t.setup.packed)
        d->avail = d->used = d->published = 0x8000;
}

static uint32_t in_flight(void)
{
    return t.n_added - t.n_reaped;
}

/* Stage a buffer with something new in it. false: there is no room. */
static bool add(uint32_t choice)
{
    unsigned n_out = choice % (SEGMENTS_MAX + 1);
    unsigned n_in = 1 + (choice >> 8) % SEGMENTS_MAX;
    struct vio_sg sg[2 * SEGMENTS_MAX];
    struct slot *slot = t.free;
    int err;

    if (!slot)
        return false;
    for (unsigned k = 0; k < n_out; k++)
        sg[k] = (struct vio_sg){(uintptr_t)&slot->out[k * SEGMENT], SEGMENT};
    for (unsigned k = 0; k < n_in; k++)
        sg[n_out + k] =
            (struct vio_sg){(uintptr_t)&slot->in[k * SEGMENT], SEGMENT};
    slot->sum = 0;
    for (unsigned i = 0; i < n_out * SEGMENT; i++)
        slot->sum += slot->out[i] = (unsigned char)(choice + i);
    slot->writable = n_in * SEGMENT;
    err = vio_virtq_add(&t.vq, sg, n_out, n_in, slot);
    if (err && err != VIO_ENOSPC)
        fail("a buffer cannot be added");
    if (!err)
        t.free = slot->next;
    return !err;
}

static void check_answer(struct slot *slot, uint32_t len)
{
    if (len != slot->writable)
        fail("a wrong length");
    for (uint32_t i = 0; i < len; i++)
        if (slot->in[i] != (unsigned char)(slot->sum + i))
            fail("a wrong answer");
}

/* Take one buffer back. false: none is ready. */
static bool reap(void)
{
    void *token;
    uint32_t len;
    int taken = vio_virtq_get_buf(&t.vq, &token, &len);
    struct slot *slot = token;

    if (taken < 0)
        fail("the queue is broken");
    if (taken == 0)
        return false;
    check_answer(slot, len);
    slot->next = t.free;
    t.free = slot;
    __atomic_fetch_add(&t.n_reaped, 1, __ATOMIC_RELAXED);
    return true;
}

/* Sleep, unless something is ready. */
static void rest(uint32_t choice)
{
    bool came;

    tdev_dawdle(t.pace + (choice >> 8 & 0x3f));
    came = reap();
    tdev_pace(&t.pace, came);
    if (came)
        return;
    if (choice & 2 ? vio_virtq_enable_cb_delayed(&t.vq)
                   : vio_virtq_enable_cb(&t.vq)) {
        t.n_sleeps++;
        bell_wait(&t.irq);
    }
    if (choice & 4)
        vio_virtq_disable_cb(&t.vq);
}

static void submit(uint32_t choice)
{
    uint32_t left = t.total - t.n_added;
    uint32_t n = t.setup.single ? 1 : 1 + (choice & 0xff) % t.setup.size;

    for (; n && left && add(tdev_random(&t.seed)); n--, left--)
        __atomic_fetch_add(&t.n_added, 1, __ATOMIC_RELAXED);
    if (choice & 0x100)
        tdev_dawdle(choice >> 16 & 0x7f);
    thread_kicks = 1;
    vio_virtq_kick(&t.vq);
    thread_kicks = 0;
}

/* Take buffers back until only so many are in flight: by polling for a while,
 * then by sleeping. */
static void collect(uint32_t choice)
{
    uint32_t keep = choice & 0x100 || t.setup.single ? 0 : in_flight() / 2;
    uint32_t looks = choice & 0x200 ? 500 : 0;

    while (in_flight() > keep) {
        if (reap())
            continue;
        if (looks) {
            looks--;
            vio_relax();
            continue;
        }
        rest(tdev_random(&t.seed));
    }
}

static void *drive(void *arg)
{
    while (t.n_reaped < t.total) {
        if (t.n_added < t.total)
            submit(tdev_random(&t.seed));
        collect(t.n_added < t.total ? tdev_random(&t.seed) : 0x100);
    }
    __atomic_store_n(&t.done, true, __ATOMIC_RELAXED);
    return arg;
}

/* What the watchdog compares. */
struct look {
    struct bell_state dev, irq;
    uint32_t progress;
};

static struct look look(void)
{
    struct look l = {
        .dev = bell_look(&t.dev.bell),
        .irq = bell_look(&t.irq),
        .progress = __atomic_load_n(&t.n_added, __ATOMIC_RELAXED) +
                    __atomic_load_n(&t.dev.n_taken, __ATOMIC_RELAXED) +
                    __atomic_load_n(&t.dev.n_used, __ATOMIC_RELAXED) +
                    __atomic_load_n(&t.n_reaped, __ATOMIC_RELAXED),
    };
    return l;
}

/* Both asleep, and nothing that would wake either: this lasts for ever. Two
 * looks between which nothing rang are as good as one at a standstill. */
static bool is_stuck(const struct look *a, const struct look *b)
{
    return bell_is_silent(a->dev) && bell_is_silent(a->irq) &&
           bell_is_silent(b->dev) && bell_is_silent(b->irq) &&
           a->dev.rung == b->dev.rung && a->irq.rung == b->irq.rung;
}

static const char *what_was_lost(void)
{
    if (__atomic_load_n(&t.dev.n_taken, __ATOMIC_RELAXED) !=
        __atomic_load_n(&t.n_added, __ATOMIC_RELAXED))
        return "a lost notification: the device sleeps, and does not know of "
               "a buffer";
    return "a lost notification: the driver sleeps, and does not know of a "
           "used buffer";
}

static void watch(void)
{
    const struct timespec nap = {0, 20000000};
    struct look before = look();
    unsigned still = 0;

    while (!__atomic_load_n(&t.done, __ATOMIC_RELAXED)) {
        struct look now;

        nanosleep(&nap, NULL);
        now = look();
        if (is_stuck(&before, &now))
            fail(what_was_lost());
        still = now.progress == before.progress ? still + 1 : 0;
        if (still > 1000)
            fail("no progress for 20 seconds");
        before = now;
    }
}

static void run(const struct setup *setup, uint32_t total, uint32_t seed)
{
    pthread_t driver, device;

    start(setup);
    connect_device(seed + 1);
    t.total = total;
    t.seed = seed;
    if (pthread_create(&device, NULL, tdev_run, &t.dev) ||
        pthread_create(&driver, NULL, drive, NULL))
        fail("no threads");
    watch();
    pthread_join(driver, NULL);
    __atomic_store_n(&t.dev.stop, true, __ATOMIC_RELAXED);
    bell_ring(&t.dev.bell);
    pthread_join(device, NULL);
    printf("%-6s ring of %3u, tables of %u, platform order %d, "
           "event index %d, %s, %s: %8u operations, "
           "notifications %7u + %7u not needed, sleeps %7u and %7u\n",
           setup->packed ? "packed" : "split", setup->size, setup->indirect,
           setup->platform, setup->event_idx,
           setup->in_order ? "in order" : "any order",
           setup->single ? "single" : "many", total, t.vq.stats.notifications,
           t.vq.stats.suppressed, t.n_sleeps, t.dev.n_sleeps);
}

static void run_all(bool packed, bool platform, uint32_t total, uint32_t seed)
{
    static const struct setup all[] = {
        {.tenths = 2, .size = 8, .event_idx = true, .single = true},
        {.tenths = 1, .size = 256, .event_idx = true, .single = true},
        {.tenths = 2, .size = 16, .indirect = 8, .event_idx = true},
        {.tenths = 2, .size = 256, .event_idx = true},
        {.tenths = 1, .size = 8, .single = true},
        {.tenths = 1, .size = 64, .event_idx = true, .in_order = true},
        {.tenths = 1, .size = 8, .indirect = 6, .in_order = true},
    };

    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        struct setup setup = all[i];

        setup.packed = packed;
        setup.platform = platform;
        run(&setup, total / 10 * setup.tenths, seed + 2 * i);
    }
}

/* Is it one of the four words? */
static bool read_format(const char *word, bool *packed, bool *platform)
{
    size_t n = strcspn(word, "-");

    *packed = n == 6 && !strncmp(word, "packed", n);
    *platform = !strcmp(word + n, "-platform");
    return (*packed || (n == 5 && !strncmp(word, "split", n))) &&
           (*platform || !word[n]);
}

int main(int argc, char **argv)
{
    const char *env = getenv("VIO_THREAD_OPERATIONS");
    uint32_t total, seed = 1;
    bool packed, platform;

    if (argc < 2 || !read_format(argv[1], &packed, &platform)) {
        fprintf(stderr, "usage: %s FORMAT [OPERATIONS [SEED]]\n", argv[0]);
        return 2;
    }
    if (argc > 2)
        total = (uint32_t)strtoul(argv[2], NULL, 0);
    else
        total = (env ? (uint32_t)strtoul(env, NULL, 0) : OPERATIONS) /
                (platform ? 5 : 1);
    if (argc > 3)
        seed = (uint32_t)strtoul(argv[3], NULL, 0);
    run_all(packed, platform, total, seed * 2654435761u | 1);
    return 0;
}
