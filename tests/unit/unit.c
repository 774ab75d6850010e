/* SPDX-License-Identifier: BSD-2-Clause */
/* What the unit tests share. */
#include "unit.h"

#define POOL_BYTES (8u << 20)
#define GUARD      1024u
#define GUARD_BYTE 0xa5
#define DIRT       0xc3

static uint8_t pool[POOL_BYTES] __attribute__((aligned(4096)));
static size_t pool_used;
static struct {
    uint8_t *start, *end;
} blocks[64];
static unsigned n_blocks;

struct unit_env unit_env;
struct model_dev unit_dev;
struct model_disk unit_disk;
struct vio_mmio unit_mmio;
struct unit_queue unit_queue;

uint64_t unit_packed = MF(MF_PACKED);
uint64_t unit_indirect = MF(MF_INDIRECT);
uint64_t unit_packed_indirect = MF(MF_PACKED) | MF(MF_INDIRECT);
uint64_t unit_platform = MF(MF_ORDER_PLATFORM);
uint64_t unit_packed_platform = MF(MF_PACKED) | MF(MF_ORDER_PLATFORM);
uint64_t unit_format;
unsigned unit_countdown;

static void fail_test(const char *message)
{
    fail_msg("%s", message);
}

void *unit_alloc(size_t size, size_t align)
{
    size_t at = (pool_used + GUARD + align - 1) / align * align;

    assert_true(at + size + GUARD <= POOL_BYTES && n_blocks < COUNT(blocks));
    memset(pool + pool_used, GUARD_BYTE, at - pool_used);
    memset(pool + at, DIRT, size);
    memset(pool + at + size, GUARD_BYTE, GUARD);
    pool_used = at + size + GUARD;
    blocks[n_blocks].start = pool + at;
    blocks[n_blocks].end = pool + at + size;
    n_blocks++;
    return pool + at;
}

/* Of all blocks since the last look. */
static void check_guards(void)
{
    unsigned n = n_blocks;

    n_blocks = 0;
    for (unsigned i = 0; i < n; i++) {
        for (size_t k = 0; k < GUARD; k++) {
            if (blocks[i].start[-1 - (ptrdiff_t)k] != GUARD_BYTE)
                fail_msg("byte %zu before block %u was written", k + 1, i);
            if (blocks[i].end[k] != GUARD_BYTE)
                fail_msg("byte %zu after block %u was written", k, i);
        }
    }
}

struct vio_mem unit_mem(size_t shared, size_t priv, size_t align)
{
    struct vio_mem mem = {
        .shared = unit_alloc(shared, align),
        .shared_size = shared,
        .priv = unit_alloc(priv, 16),
        .priv_size = priv,
    };

    mem.shared_addr =
        model_mem_add(mem.shared, shared, MODEL_MEM_READ | MODEL_MEM_WRITE);
    return mem;
}

static size_t mappable(const struct unit_env *e, const void *buf, size_t len)
{
    size_t page = 4096 - ((uintptr_t)buf & 4095);

    if (e->map_most && len > e->map_most)
        len = e->map_most;
    return e->map_by_page && len > page ? page : len;
}

static int map(void *ctx, const void *buf, size_t *len, enum vio_dir dir,
               uint64_t *addr)
{
    struct unit_env *e = ctx;
    unsigned perm = dir == VIO_DEVICE_READS ? MODEL_MEM_READ : MODEL_MEM_WRITE;

    assert_true(*len > 0);
    if (e->map_fails && --e->map_fails == 0)
        return -1;
    *len = mappable(e, buf, *len);
    *addr = model_mem_add((void *)(uintptr_t)buf, *len, perm);
    e->maps++;
    return 0;
}

static void unmap(void *ctx, uint64_t addr, const void *buf, size_t len,
                  enum vio_dir dir)
{
    struct unit_env *e = ctx;
    unsigned perm = dir == VIO_DEVICE_READS ? MODEL_MEM_READ : MODEL_MEM_WRITE;

    if (model_mem_at(addr, len, perm) != (const void *)buf)
        fail_msg("unmap of what was not mapped like that");
    assert_int_equal(model_mem_remove(addr), len);
    e->unmaps++;
}

static size_t odd_len;

static int odd_map(void *ctx, const void *buf, size_t *len, enum vio_dir dir,
                   uint64_t *addr)
{
    (void)ctx;
    (void)buf;
    (void)dir;
    *addr = 0;
    *len = odd_len;
    return 0;
}

void unit_map_oddly(size_t len)
{
    odd_len = len;
    unit_env.env.dma_map = odd_map;
    unit_env.env.dma_unmap = NULL;
}

static uint64_t now(void *ctx)
{
    struct unit_env *e = ctx;

    e->now_ns += e->step_ns;
    return e->now_ns;
}

static void log_line(void *ctx, enum vio_log_level level, const char *msg)
{
    struct unit_env *e = ctx;

    assert_true(level <= VIO_LOG_INFO);
    e->logged = msg;
    e->logs++;
}

int unit_setup(void **state)
{
    if (state)
        unit_format = *state ? *(const uint64_t *)*state : 0;
    check_guards(); /* of the device before, in the same test */
    model_fail_handler = fail_test;
    model_start();
    pool_used = 0;
    unit_env = (struct unit_env){
        .env = {.ctx = &unit_env,
                .dma_map = map,
                .dma_unmap = unmap,
                .now_ns = now,
                .log = log_line},
        .step_ns = 1000000,
    };
    return 0;
}

int unit_teardown(void **state)
{
    (void)state;
    model_stop();
    check_guards();
    assert_true(unit_env.unmaps <= unit_env.maps);
    return 0;
}

struct vio_device *unit_probe(void)
{
    struct vio_why why;
    struct vio_reg base = vio_reg_mem(unit_dev.window);

    assert_int_equal(vio_mmio_probe(&unit_mmio, base, unit_dev.length, NULL,
                                    &unit_env.env, &why),
                     0);
    return &unit_mmio.dev;
}

void unit_disk_fault(struct model_fault fault)
{
    unit_disk.fault = fault;
    unit_disk.fault_always = true;
}

void unit_disk_hold(void)
{
    unit_disk_fault((struct model_fault){.hold = true});
}

void unit_disk_well(void)
{
    unit_disk.fault = (struct model_fault){.hold = false};
    unit_disk.fault_always = false;
}

static void (*act_at_access)(void);

static void count_down(enum model_kind kind, const void *ptr, unsigned width,
                       uint64_t value)
{
    (void)kind;
    (void)ptr;
    (void)width;
    (void)value;
    if (unit_countdown && --unit_countdown == 0)
        act_at_access();
}

void unit_at_access(unsigned n, void (*act)(void))
{
    unit_countdown = n;
    act_at_access = act;
    model_between = count_down;
}

static void count_callback(struct vio_virtq *vq, void *ctx)
{
    struct unit_queue *u = ctx;

    assert_ptr_equal(vq, &u->vq);
    u->callbacks++;
}

void unit_queue_start_with(const struct vio_virtq_config *config)
{
    struct unit_queue *u = &unit_queue;
    const struct vio_virtq_config *cfg = &u->cfg;
    struct vio_need need;

    memset(u, 0, sizeof(*u));
    u->cfg = *config;
    if (!cfg->legacy)
        u->cfg.features |=
            unit_format & (MF(MF_PACKED) | MF(MF_ORDER_PLATFORM));
    model_dev_init(&unit_dev, cfg->legacy ? 1 : 2, 2);
    unit_dev.when = MODEL_BY_HAND;
    model_dev_assume_running(&unit_dev, cfg->features);
    assert_int_equal(vio_virtq_mem_size(cfg, &need), 0);
    u->mem = unit_mem(need.shared, need.priv, 4096);
    assert_int_equal(vio_virtq_init(&u->vq, cfg, &u->mem), 0);
    u->vq.doorbell.reg = vio_reg_mem(unit_dev.window + MR_QUEUE_NOTIFY);
    u->vq.doorbell.little_endian = !cfg->legacy;
    u->q = &unit_dev.queue[0];
    u->q->dev = &unit_dev;
    u->q->features = cfg->features;
    u->q->legacy = cfg->legacy;
    assert_true(model_queue_start(u->q, cfg->size, u->vq.desc_addr,
                                  u->vq.driver_addr, u->vq.device_addr));
    u->bytes = unit_alloc(65536, 16);
    u->buffer =
        model_mem_add(u->bytes, 65536, MODEL_MEM_READ | MODEL_MEM_WRITE);
}

void unit_tempt(struct vio_virtq *vq, void *token, uint32_t bound,
                uint16_t count)
{
    static struct vio_virtq_slot slots[65536];

    for (unsigned i = 0; i < COUNT(slots); i++)
        slots[i] = (struct vio_virtq_slot){
            .token = token, .bound = bound, .count = count};
    memcpy(slots, vq->slot, vq->size * sizeof(*slots));
    vq->slot = slots;
}

void unit_queue_start(uint16_t size, uint64_t features, bool legacy,
                      bool callback)
{
    unit_queue_start_with(&(struct vio_virtq_config){
        .size = size,
        .legacy = legacy,
        .align = legacy ? 4096 : 0,
        .features = features,
        .callback = callback ? count_callback : NULL,
        .ctx = &unit_queue,
    });
}

void unit_ring(uint16_t size, uint16_t indirect, uint64_t features)
{
    unit_setup(NULL);
    unit_queue_start_with(&(struct vio_virtq_config){
        .size = size,
        .indirect = indirect,
        .features = features,
    });
}

int unit_add(unsigned n_readable, unsigned n_writable, void *token)
{
    static struct vio_sg sg[1100];

    assert_true(n_readable + n_writable <= COUNT(sg));
    for (unsigned i = 0; i < n_readable + n_writable; i++) {
        sg[i].addr = unit_queue.buffer + 16 * i;
        sg[i].len = 16;
    }
    return vio_virtq_add(&unit_queue.vq, sg, n_readable, n_writable, token);
}

void *unit_get(uint32_t *len)
{
    void *token = NULL;

    assert_int_equal(vio_virtq_get_buf(&unit_queue.vq, &token, len), 1);
    assert_non_null(token);
    return token;
}

void unit_go_round(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(unit_add(0, 1, TOKEN(1)), 0);
        vio_virtq_kick(&unit_queue.vq);
        assert_int_equal(model_queue_take(unit_queue.q), 1);
        model_queue_complete(unit_queue.q, 0, 0);
        assert_ptr_equal(unit_get(&(uint32_t){0}), TOKEN(1));
    }
}

void unit_get_none(void)
{
    void *token = &unit_queue;
    uint32_t len = 77;

    assert_int_equal(vio_virtq_get_buf(&unit_queue.vq, &token, &len), 0);
    assert_ptr_equal(token, &unit_queue);
    assert_int_equal(len, 77);
    assert_false(vio_virtq_is_broken(&unit_queue.vq));
}

void unit_assert_breaks(void)
{
    struct vio_virtq *vq = &unit_queue.vq;
    unsigned state, doorbells = unit_dev.doorbells;
    void *token = &unit_queue;
    uint32_t len = 77;
    uint64_t accesses;

    assert_int_equal(vio_virtq_get_buf(vq, &token, &len), VIO_EPROTO);
    assert_ptr_equal(token, &unit_queue);
    assert_int_equal(len, 77);
    assert_true(vio_virtq_is_broken(vq));
    /* From now on no memory is touched through it. */
    accesses = model_accesses;
    assert_int_equal(vio_virtq_get_buf(vq, &token, &len), VIO_EPROTO);
    assert_int_equal(unit_add(1, 0, TOKEN(1)), VIO_EPROTO);
    assert_false(vio_virtq_kick_prepare(vq));
    vio_virtq_notify(vq);
    vio_virtq_kick(vq);
    vio_virtq_disable_cb(vq);
    assert_false(vio_virtq_enable_cb(vq));
    state = vio_virtq_enable_cb_prepare(vq);
    assert_true(vio_virtq_poll(vq, state));
    assert_false(vio_virtq_enable_cb_delayed(vq));
    assert_false(vio_virtq_interrupt(vq));
    assert_int_equal(model_accesses, accesses);
    assert_int_equal(unit_dev.doorbells, doorbells);
}

void unit_device_wants(enum unit_wish wish, unsigned ahead)
{
    struct model_queue *q = unit_queue.q;
    struct model_position at;
    bool event_idx = model_queue_has(q, MF_EVENT_IDX);

    q->lazy = true;
    if (q->packed) {
        at = model_packed_advance(q, q->packed->next_avail, ahead);
        model_packed_put_event(
            q, wish == UNIT_EVENT ? model_packed_event_of(at) : 0,
            wish == UNIT_ALL       ? MP_ENABLE
            : wish == UNIT_NOTHING ? MP_DISABLE
                                   : MP_DESC);
    } else if (event_idx) {
        ahead = wish == UNIT_NOTHING ? ~0u : wish == UNIT_ALL ? 0 : ahead;
        model_put16(q, model_avail_event(q),
                    (uint16_t)(q->avail_taken + ahead));
    } else {
        model_put16(q, model_used_flags(q), wish == UNIT_NOTHING);
    }
}

uint32_t unit_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static uint32_t garbage;

static void put_garbage(enum model_kind kind, const void *ptr, unsigned width,
                        uint64_t value)
{
    struct model_queue *q = &unit_dev.queue[0];

    (void)kind;
    (void)ptr;
    (void)width;
    (void)value;
    if (q->live && unit_random(&garbage) % 4 == 0)
        q->used[unit_random(&garbage) % model_used_bytes(q)] =
            (uint8_t)unit_random(&garbage);
    if (q->live && q->packed && unit_random(&garbage) % 8 == 0)
        q->desc[unit_random(&garbage) % model_desc_bytes(q)] =
            (uint8_t)unit_random(&garbage);
}

void unit_read_among_garbage(uint32_t seed, int (*read_sector)(uint64_t at))
{
    int err = 0;

    garbage = seed * 2654435761u;
    model_allow("*");
    model_between = put_garbage;
    for (unsigned i = 0; i < 20 && err != VIO_EBADSTATE; i++) {
        err = read_sector(i);
        assert_true(err == 0 || err == VIO_EIO || err == VIO_ETIMEDOUT ||
                    err == VIO_EPROTO || err == VIO_ENOTSUP ||
                    err == VIO_EBADSTATE);
    }
    model_between = NULL;
}

uint32_t unit_generation_moves(struct model_dev *d, uint32_t offset,
                               unsigned width, uint32_t value)
{
    (void)width;
    return offset == MR_CONFIG_GENERATION ? ++d->generation & 0xff : value;
}
