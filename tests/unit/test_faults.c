/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What can go wrong with a device at one access goes wrong at every access: the
 * whole life of a disk, from the probe to the end, over each transport, with
 * the fault after the n-th access for every n.
 */
#include "unit_way.h"

#define MOST_ACCESSES 20000u /* of a life that is not endless */
/* Accesses that find out that a device is gone: a write and a read of its
 * status, each of which is four where it goes through the window; and one more
 * look where the status reads as that of a device that was reset. */
#define NOTICE        (unit_way.way == UNIT_PCI_WINDOW ? 8u : 3u)

static uint64_t fault_at;
static bool happened;

/* The errors that a caller can act on, whatever the device does. */
static bool is_clean(int err)
{
    return err == VIO_ENODEV || err == VIO_EPROTO || err == VIO_ETIMEDOUT ||
           err == VIO_EBUSY || err == VIO_ENOTSUP || err == VIO_EINVAL ||
           err == VIO_ENOMEM || err == VIO_EBADSTATE || err == VIO_ERANGE ||
           err == VIO_EIO || err == VIO_E2BIG || err == VIO_EROFS;
}

struct life {
    int probe, up, transfer, refresh, check, recover, again, fini;
    bool started; /* vio_blk_init() was called */
};

/* From the probe to the end, as a user would who gives up at the first error.
 */
static struct life live(void)
{
    struct life l = {.probe = unit_way_probe()};

    if (l.probe)
        return l;
    l.up = unit_way_try_up();
    l.started = unit_way.blk.queue;
    if (l.up)
        return l;
    l.transfer = unit_way_transfer(1);
    l.refresh = vio_blk_refresh(&unit_way.blk);
    l.check = vio_device_check(unit_way.dev);
    (void)vio_device_isr(unit_way.dev);
    for (unsigned i = 0; unit_way_is_pci(unit_way.way) && i < 3; i++)
        (void)vio_pci_isr(&unit_pci, i);
    if (l.transfer || l.refresh < 0 || l.check) {
        l.recover = vio_blk_recover(&unit_way.blk, VIO_BLK_HAND_BACK);
        if (l.recover >= 0)
            l.again = unit_way_transfer(2);
    }
    l.fini = vio_blk_fini(&unit_way.blk);
    return l;
}

static int first_error(const struct life *l)
{
    const int err[] = {l->probe, l->up,      l->transfer, l->refresh,
                       l->check, l->recover, l->again,    l->fini};

    for (size_t i = 0; i < COUNT(err); i++) {
        if (err[i] < 0)
            return err[i];
    }
    return 0;
}

static void assert_clean(const struct life *l)
{
    const int err[] = {l->probe, l->up,      l->transfer, l->refresh,
                       l->check, l->recover, l->again,    l->fini};

    for (size_t i = 0; i < COUNT(err); i++) {
        if (err[i] < 0 && !is_clean(err[i]))
            fail_msg("way %u, fault at %u: step %u gives %d", unit_way.way,
                     (unsigned)fault_at, (unsigned)i, err[i]);
    }
    assert_true(unit_way.accesses < MOST_ACCESSES);
}

/* Run a life with the fault at every access. Returns how many there are. */
static uint64_t every_access(enum unit_way way, bool vectors,
                             void (*before)(uint64_t n),
                             void (*judge)(const struct life *l))
{
    for (fault_at = 0; fault_at < 5000; fault_at++) {
        struct life l;

        unit_way_start(way);
        unit_way.vectors = vectors;
        unit_way.before = before;
        happened = false;
        l = live();
        if (!happened) {
            assert_int_equal(first_error(&l), 0);
            return fault_at;
        }
        assert_clean(&l);
        judge(&l);
        model_stop();
    }
    fail_msg("way %u: no end of accesses", way);
    return 0;
}

/* Over each transport, with each kind of interrupt. */
static void every_access_of_each(void (*before)(uint64_t n),
                                 void (*judge)(const struct life *l))
{
    for_each_way(way)
    {
        uint64_t n = every_access(way, false, before, judge);

        assert_true(n > 40);
        if (unit_way_is_pci(way)) /* which take more to set up */
            assert_true(every_access(way, true, before, judge) > n);
    }
}

/* The device is unplugged: everything reads as all ones from then on, or on
 * some machines as 0 but for PCI's configuration space. */
static bool as_zero;

static void unplug(uint64_t n)
{
    if (n == fault_at) {
        unit_way.model->gone_after = 0;
        unit_way.model->gone_is_zero = as_zero;
        happened = true;
    }
}

/* It is noticed, nothing is left mapped, and nothing touches it then. */
static void judge_unplugged(const struct life *l)
{
    uint64_t before = unit_way.accesses;

    assert_int_equal(unit_env.maps, unit_env.unmaps);
    if (l->probe) {
        assert_int_equal(l->probe, VIO_ENODEV);
        return;
    }
    if (l->up)
        assert_int_equal(l->up, VIO_ENODEV);
    if (l->started && !l->up)
        assert_true(l->fini == VIO_ENODEV || l->fini == 0);
    /* A device that is known to be gone is left alone. */
    if (unit_way.dev->state != VIO_DEVICE_UNKNOWN)
        return;
    assert_int_equal(vio_device_check(unit_way.dev), VIO_EBADSTATE);
    assert_int_equal(vio_device_start(unit_way.dev), VIO_EBADSTATE);
    assert_int_equal(vio_device_config_write(unit_way.dev, 32, 1, 0),
                     VIO_EBADSTATE);
    if (!l->up)
        assert_int_equal(unit_way_transfer(3), VIO_EBADSTATE);
    assert_int_equal(unit_way.accesses, before);
    assert_int_equal(vio_device_begin(unit_way.dev, 0, 0), VIO_ENODEV);
    assert_true(unit_way.accesses - before <= NOTICE);
}

static void t_pci_24_device_is_unplugged_at_any_access(void **state)
{
    (void)state;
    for (unsigned zero = 0; zero < 2; zero++) {
        as_zero = zero;
        every_access_of_each(unplug, judge_unplugged);
    }
}

/* It asks for a reset, and does nothing more until it gets it. */
static void want_reset(uint64_t n)
{
    if (n == fault_at) {
        model_dev_needs_reset(unit_way.model);
        happened = true;
    }
}

static void judge_reset(const struct life *l)
{
    /* Just after a reset: then it is one that is never confirmed. */
    if (unit_way.dev->why.reason == VIO_WHY_RESET_TIMEOUT) {
        assert_int_equal(unit_way.model->status, MS_NEEDS_RESET);
        return;
    }
    assert_int_equal(unit_env.maps, unit_env.unmaps);
    if (l->up)
        assert_int_equal(l->up, VIO_EPROTO);
    if (l->started && !l->up) {
        assert_int_equal(l->fini, 0);
        assert_true(l->recover >= 0);
        assert_int_equal(l->again, 0);
    }
    /* A reset heals it. */
    unit_way.before = NULL;
    assert_int_equal(unit_way_probe(), 0);
    assert_int_equal(unit_way_try_up(), 0);
    unit_way_transfer_well(4);
    unit_way_down();
}

static void t_ini_05_reset_is_wanted_at_any_access(void **state)
{
    (void)state;
    every_access_of_each(want_reset, judge_reset);
}

/* It hangs: no request is served any more, no reset confirmed. */
static void hang(uint64_t n)
{
    if (n == fault_at) {
        unit_way.model->reset_reads = MODEL_FOREVER;
        unit_way.model->when = MODEL_BY_HAND;
        if (!unit_way.model->status) /* or the reset were confirmed at once */
            unit_way.model->status = MS_ACKNOWLEDGE;
        happened = true;
    }
}

/* What the device may still write to stays mapped, and is given to nobody. */
static void judge_hung(const struct life *l)
{
    struct model_queue *q = &unit_way.model->queue[0];

    if (!l->started || l->up)
        return;
    if (unit_way.accesses ==
        fault_at + 1) { /* the reset was confirmed before */
        assert_int_equal(l->fini, 0);
        return;
    }
    assert_int_equal(l->fini, VIO_ETIMEDOUT);
    if (!l->transfer)
        return;
    assert_int_equal(l->transfer, VIO_ETIMEDOUT);
    assert_true(q->live);
    model_queue_take(q);
    if (q->n_held)
        model_disk_finish(&unit_disk, q, 0);
}

static void t_ini_01_memory_stays_the_devices_without_a_reset(void **state)
{
    (void)state;
    every_access_of_each(hang, judge_hung);
}

/* Most rules of registers a driver keeps by what it reads: of a device that
 * lies it cannot know. Those of memory it keeps in any case. */
static void only_memory(const char *message)
{
    static const char *const rows[] = {
        "SPLIT",  "DX-SPLIT", "PACK", "DX-PACK", "RFB-04",  "CLN",    "LVQ",
        "BLK-10", "BLK-08",   "LBLK", "DX-BLK",  "INIT-10", "MMIO-02"};

    if (strncmp(message, "SPLIT-22", 8) == 0 ||
        strncmp(message, "PACK-NOTIFY", 11) == 0)
        return; /* the doorbell is a register */
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (strncmp(message, rows[i], strlen(rows[i])) == 0)
            fail_msg("way %u, lie at %u: %s", unit_way.way, (unsigned)fault_at,
                     message);
    }
}

/* One read gives something else: bits flipped, nothing, all ones. */
static uint32_t flip;
static uint32_t (*how)(uint32_t value);

static uint32_t inverted(uint32_t value)
{
    return ~value;
}

static uint32_t zero(uint32_t value)
{
    (void)value;
    return 0;
}

static uint32_t all_ones(uint32_t value)
{
    (void)value;
    return ~0u;
}

static uint32_t next_one(uint32_t value)
{
    return value + 1;
}

static uint32_t random_one(uint32_t value)
{
    (void)value;
    return unit_random(&flip);
}

static uint32_t garble(unsigned width, uint32_t value)
{
    (void)width;
    return unit_way.accesses - 1 == fault_at ? how(value) : value;
}

static void lie_once(uint64_t n)
{
    happened |= n == fault_at;
    model_fail_handler = only_memory;
    unit_way.garble = garble;
}

/* From here on every read is different from the one before. */
static uint32_t garble_on(unsigned width, uint32_t value)
{
    (void)width;
    return unit_way.accesses > fault_at ? how(value) : value;
}

static void lie_on(uint64_t n)
{
    happened |= n == fault_at;
    model_fail_handler = only_memory;
    unit_way.garble = garble_on;
}

static void judge_lie(const struct life *l)
{
    if (l->started && l->fini == 0)
        assert_int_equal(unit_env.maps, unit_env.unmaps);
}

static void any_read_may_lie(void **state)
{
    static uint32_t (*const hows[])(uint32_t value) = {inverted, zero, all_ones,
                                                       next_one, random_one};

    (void)state;
    flip = 1;
    for (size_t i = 0; i < COUNT(hows); i++) {
        how = hows[i];
        every_access_of_each(lie_once, judge_lie);
    }
}

static void all_reads_may_lie_from_any_on(void **state)
{
    static uint32_t (*const hows[])(uint32_t value) = {zero, next_one,
                                                       random_one};

    (void)state;
    flip = 7;
    for (size_t i = 0; i < COUNT(hows); i++) {
        how = hows[i];
        every_access_of_each(lie_on, judge_lie);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_cases(t_pci_24_device_is_unplugged_at_any_access),
        unit_cases(t_ini_05_reset_is_wanted_at_any_access),
        unit_cases(t_ini_01_memory_stays_the_devices_without_a_reset),
        unit_cases(any_read_may_lie),
        unit_cases(all_reads_may_lie_from_any_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
