/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a device: initialisation, features, reset. The order of the
 * steps is what the model's register monitor watches in every test.
 */
#include "unit.h"

#define NEGOTIATED (MS_ACKNOWLEDGE | MS_DRIVER | MS_FEATURES_OK)

static struct vio_device *dev;

static void start(uint32_t version)
{
    unit_setup(NULL);
    model_dev_init(&unit_dev, version, 2);
    unit_dev.queue_max[0] = 8;
    dev = unit_probe();
}

/* INIT-01 to INIT-06, STAT-01. */
static void begin_and_start_walk_through_the_steps(void **state)
{
    (void)state;
    start(2);
    assert_int_equal(vio_device_begin(dev, 0, 0), 0);
    assert_int_equal(unit_dev.resets, 1);
    assert_int_equal(unit_dev.status, NEGOTIATED);
    assert_int_equal(dev->state, VIO_DEVICE_NEGOTIATED);
    assert_int_equal(vio_device_start(dev), 0);
    assert_int_equal(unit_dev.status, NEGOTIATED | MS_DRIVER_OK);
    assert_int_equal(dev->state, VIO_DEVICE_RUNNING);
    assert_int_equal(vio_device_check(dev), 0);
}

/* LGEN-04, LGEN-05 */
static void legacy_device_never_hears_of_features_ok(void **state)
{
    (void)state;
    start(1);
    unit_dev.refuse_features = true;
    assert_int_equal(vio_device_begin(dev, 0, 0), 0);
    assert_int_equal(unit_dev.status, MS_ACKNOWLEDGE | MS_DRIVER);
    assert_int_equal(vio_device_start(dev), 0);
    assert_int_equal(unit_dev.status,
                     MS_ACKNOWLEDGE | MS_DRIVER | MS_DRIVER_OK);
}

/* FEAT-01, FEAT-04 to FEAT-07, T-INI-08: every single bit on offer, and all of
 * them: what is not wanted or known is not accepted. */
static void only_known_bits_are_accepted(void **state)
{
    uint64_t wanted = MF(MF_BLK_RO) | MF(MF_BLK_FLUSH);
    uint64_t ring[] = {
        MF(MF_EVENT_IDX) | MF(MF_ANY_LAYOUT) | MF(MF_INDIRECT),
        MF(MF_VERSION_1) | MF(MF_ACCESS_PLATFORM) | MF(MF_EVENT_IDX) |
            MF(MF_INDIRECT) | MF(MF_ORDER_PLATFORM) | MF(MF_PACKED) |
            MF(MF_NOTIFY_DATA) | MF(MF_RING_RESET) | MF(MF_SUSPEND)};

    (void)state;
    for (unsigned bit = 0; bit <= 64; bit++) {
        for (uint32_t version = 1; version <= 2; version++) {
            uint64_t offer = bit < 64 ? MF(bit) : ~(uint64_t)0;

            start(version);
            unit_dev.offered |= offer;
            assert_int_equal(vio_device_begin(dev, wanted, 0), 0);
            assert_int_equal(unit_dev.accepted, dev->features);
            assert_int_equal(unit_dev.accepted & ~(wanted | ring[version - 1]),
                             0);
            assert_int_equal(unit_dev.accepted & wanted, offer & wanted);
            for (unsigned i = 0; i < 64; i++)
                assert_int_equal(vio_device_has(dev, i),
                                 unit_dev.accepted >> i & 1);
        }
    }
}

/* FEAT-05: not even where the frontend wants them. */
static void reserved_bits_are_not_accepted(void **state)
{
    uint64_t ring;

    (void)state;
    start(2);
    unit_dev.offered = ~(uint64_t)0;
    assert_int_equal(vio_device_begin(dev, 0, 0), 0);
    ring = unit_dev.accepted;
    for (unsigned bit = 24; bit < 50; bit++) {
        assert_int_equal(vio_device_begin(dev, MF(bit), 0), 0);
        assert_int_equal(unit_dev.accepted,
                         bit == MF_IN_ORDER ? ring | MF(bit) : ring);
    }
}

/* RFB-01, RFB-03, RFB-07, LGEN-06, LGEN-07 */
static void ring_features_are_accepted_when_offered(void **state)
{
    uint64_t modern = MF(MF_VERSION_1) | MF(MF_EVENT_IDX) |
                      MF(MF_ACCESS_PLATFORM) | MF(MF_ORDER_PLATFORM);
    uint64_t legacy = MF(MF_EVENT_IDX) | MF(MF_ANY_LAYOUT);

    (void)state;
    start(2);
    unit_dev.offered = ~(uint64_t)0;
    assert_int_equal(vio_device_begin(dev, 0, 0), 0);
    assert_int_equal(unit_dev.accepted & modern, modern);
    start(1);
    unit_dev.offered = ~(uint64_t)0;
    assert_int_equal(vio_device_begin(dev, 0, 0), 0);
    assert_int_equal(unit_dev.accepted & legacy, legacy);
    assert_int_equal(unit_dev.accepted >> 30, 0);
}

static void refused_bits_are_not_accepted(void **state)
{
    (void)state;
    start(2);
    unit_dev.offered = ~(uint64_t)0;
    dev->policy.refused = MF(MF_EVENT_IDX) | MF(MF_BLK_FLUSH);
    assert_int_equal(vio_device_begin(dev, MF(MF_BLK_FLUSH) | MF(MF_BLK_RO), 0),
                     0);
    assert_int_equal(unit_dev.accepted & dev->policy.refused, 0);
    assert_true(unit_dev.accepted & MF(MF_BLK_RO));
}

static void assert_failed(int error, enum vio_reason reason, uint64_t found)
{
    assert_int_equal(dev->why.reason, reason);
    assert_int_equal(dev->why.found, found);
    assert_int_equal(-error, reason & 0xff);
    assert_int_equal(dev->state, VIO_DEVICE_FAILED);
    assert_true(unit_dev.status & MS_FAILED);
    /* INIT-13: there is no way on but through a reset. */
    assert_int_equal(vio_device_start(dev), VIO_EBADSTATE);
    assert_int_equal(vio_device_check(dev), VIO_EBADSTATE);
    assert_int_equal(vio_device_config_write(dev, 0, 4, 0), VIO_EBADSTATE);
}

/* STAT-03: after FAILED, a reset and everything from the start. */
static void assert_recovers(void)
{
    unsigned resets = unit_dev.resets;

    assert_int_equal(vio_device_begin(dev, 0, 0), 0);
    assert_int_equal(unit_dev.resets, resets + 1);
    assert_int_equal(vio_device_start(dev), 0);
}

/* FEAT-09, T-INI-10, T-INI-11 */
static void required_bit_that_is_missing_fails(void **state)
{
    (void)state;
    start(2);
    assert_int_equal(vio_device_begin(dev, 0, MF(MF_BLK_FLUSH)), VIO_ENOTSUP);
    assert_failed(VIO_ENOTSUP, VIO_WHY_FEATURES_MISSING, MF(MF_BLK_FLUSH));
    assert_int_equal(unit_dev.accepted, 0);
    assert_recovers();

    start(2);
    dev->policy.required = MF(MF_ACCESS_PLATFORM);
    assert_int_equal(vio_device_begin(dev, 0, 0), VIO_ENOTSUP);
    assert_failed(VIO_ENOTSUP, VIO_WHY_FEATURES_MISSING,
                  MF(MF_ACCESS_PLATFORM));
    unit_dev.offered |= MF(MF_ACCESS_PLATFORM);
    assert_recovers();
}

/* T-INI-09 */
static void t_ini_09_version_1_withheld(void **state)
{
    (void)state;
    start(2);
    unit_dev.offered = MF(MF_EVENT_IDX);
    assert_int_equal(vio_device_begin(dev, 0, 0), VIO_EPROTO);
    assert_failed(VIO_EPROTO, VIO_WHY_NEED_VERSION_1, MF(MF_EVENT_IDX));
    unit_dev.offered |= MF(MF_VERSION_1);
    assert_recovers();
}

/* RFB-01: where it is offered it is accepted, or nothing is. */
static void version_1_is_not_for_the_policy_to_refuse(void **state)
{
    (void)state;
    start(2);
    dev->policy.refused = MF(MF_VERSION_1);
    assert_int_equal(vio_device_begin(dev, 0, 0), VIO_EPROTO);
    assert_failed(VIO_EPROTO, VIO_WHY_NEED_VERSION_1, unit_dev.offered);
    dev->policy.refused = 0;
    assert_recovers();
}

/* INIT-06 */
static void t_ini_03_features_ok_refused(void **state)
{
    (void)state;
    start(2);
    unit_dev.refuse_features = true;
    assert_int_equal(vio_device_begin(dev, 0, 0), VIO_EPROTO);
    assert_failed(VIO_EPROTO, VIO_WHY_FEATURES_REJECTED, MF(MF_VERSION_1));
    unit_dev.refuse_features = false;
    assert_recovers();
}

/* RST-01: late, but there. */
static void reset_is_waited_for(void **state)
{
    static const unsigned reads[] = {1, 2, 10, 500};

    (void)state;
    for (size_t i = 0; i < COUNT(reads); i++) {
        start(2);
        unit_dev.status = 0xf; /* as some firmware left it */
        unit_dev.reset_reads = reads[i];
        assert_int_equal(vio_device_begin(dev, 0, 0), 0);
        assert_int_equal(unit_dev.resets, 1);
        assert_int_equal(dev->resets, 1);
        assert_int_equal(unit_dev.status, NEGOTIATED);
    }
}

/* T-LIF-01; T-LIF-09: by the clock, with none, and with one that stands. */
static void t_ini_01_reset_hangs(void **state)
{
    (void)state;
    for (unsigned clock = 0; clock < 3; clock++) {
        start(2);
        unit_dev.status = 0xf;
        unit_dev.reset_reads = MODEL_FOREVER;
        if (clock == 1)
            unit_env.env.now_ns = NULL;
        if (clock == 2)
            unit_env.step_ns = 0;
        assert_int_equal(vio_device_begin(dev, 0, 0), VIO_ETIMEDOUT);
        assert_int_equal(dev->why.reason, VIO_WHY_RESET_TIMEOUT);
        assert_int_equal(dev->why.found, 0xf);
        assert_int_equal(dev->state, VIO_DEVICE_UNKNOWN);
        assert_int_equal(dev->resets, 0);
        assert_int_equal(unit_dev.writes, 1);
        if (clock == 0)
            assert_true(unit_env.now_ns <= 1100000000u);
    }
}

/* T-INI-02, T-PCI-24: unplugged at every access of the initialisation. */
static void t_ini_02_device_is_gone_after_any_access(void **state)
{
    unsigned gone = 0;

    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        for (int64_t at = 0; at < 40; at++) {
            uint64_t accesses;
            int err;

            start(version);
            unit_dev.gone_after = at;
            err = vio_device_begin(dev, 0, 0);
            if (!err)
                err = vio_device_start(dev);
            if (!err)
                err = vio_device_check(dev);
            if (!err)
                continue;
            gone++;
            assert_true(err == VIO_ENODEV || err == VIO_EPROTO);
            accesses = model_dev_accesses(&unit_dev);
            assert_int_equal(vio_device_start(dev), VIO_EBADSTATE);
            assert_int_equal(vio_device_check(dev), VIO_EBADSTATE);
            assert_int_equal(model_dev_accesses(&unit_dev), accesses);
        }
    }
    assert_true(gone > 20);
}

/* A transport that cannot tell one from the other believes the 0. */
static void status_0_is_a_reset_where_nothing_else_is_known(void **state)
{
    struct vio_transport ops;

    (void)state;
    start(2);
    ops = *dev->ops;
    ops.is_there = NULL;
    dev->ops = &ops;
    unit_dev.magic = 0;
    assert_int_equal(vio_device_reset(dev), 0);
    start(2);
    unit_dev.magic = 0;
    assert_int_equal(vio_device_reset(dev), VIO_ENODEV);
    assert_int_equal(dev->why.reason, VIO_WHY_DEVICE_GONE);
}

/* T-INI-05: at every access of the initialisation. */
static int64_t reset_wanted_at;

static void want_reset(struct model_dev *d)
{
    if (reset_wanted_at >= 0 && reset_wanted_at-- == 0)
        d->status |= MS_NEEDS_RESET;
}

static uint32_t want_reset_on_read(struct model_dev *d, uint32_t offset,
                                   unsigned width, uint32_t value)
{
    (void)width;
    want_reset(d);
    return offset == MR_STATUS ? d->status : value;
}

static void want_reset_on_write(struct model_dev *d, uint32_t offset,
                                uint32_t value)
{
    (void)offset;
    (void)value;
    want_reset(d);
}

static void t_ini_05_needs_reset_at_any_point(void **state)
{
    unsigned met = 0;

    (void)state;
    for (int64_t at = 4; at < 40; at++) {
        int err;

        start(2);
        reset_wanted_at = at;
        unit_dev.on_read = want_reset_on_read;
        unit_dev.on_write = want_reset_on_write;
        err = vio_device_begin(dev, 0, 0);
        if (!err)
            err = vio_device_start(dev);
        if (reset_wanted_at >= 0) {
            assert_int_equal(err, 0);
            break;
        }
        if (!err)
            err = vio_device_check(dev);
        assert_int_equal(err, VIO_EPROTO);
        assert_int_equal(dev->why.reason, VIO_WHY_NEEDS_RESET);
        met++;
        unit_dev.on_read = NULL;
        unit_dev.on_write = NULL;
        assert_recovers();
    }
    assert_true(met > 5);
}

static void t_ini_04_driver_ok_dropped_later(void **state)
{
    (void)state;
    start(2);
    assert_recovers();
    unit_dev.status &= ~MS_DRIVER_OK;
    assert_int_equal(vio_device_check(dev), VIO_EPROTO);
    assert_int_equal(dev->why.reason, VIO_WHY_NEEDS_RESET);
}

static unsigned feature_reads;

static uint32_t flip_features(struct model_dev *d, uint32_t offset,
                              unsigned width, uint32_t value)
{
    (void)d;
    (void)width;
    if (offset == MR_DEVICE_FEATURES)
        return feature_reads++ < 2 ? value : ~value;
    return value;
}

static void t_ini_06_offer_differs_between_reads(void **state)
{
    (void)state;
    start(2);
    unit_dev.offered |= MF(MF_BLK_RO);
    unit_dev.on_read = flip_features;
    feature_reads = 0;
    assert_int_equal(vio_device_begin(dev, MF(MF_BLK_RO), 0), 0);
    assert_int_equal(vio_device_start(dev), 0);
    assert_int_equal(feature_reads, 2);
    assert_int_equal(dev->offered, unit_dev.offered);
}

/* T-LIF-10 and the table of states: what is out of order is refused without
 * touching the device. */
static void calls_out_of_order_are_refused(void **state)
{
    struct vio_virtq vq = {0};
    uint64_t accesses;

    (void)state;
    start(2);
    accesses = model_dev_accesses(&unit_dev);
    assert_int_equal(vio_device_start(dev), VIO_EBADSTATE);
    assert_int_equal(dev->why.reason, VIO_WHY_BAD_STATE);
    assert_int_equal(vio_device_check(dev), VIO_EBADSTATE);
    assert_int_equal(vio_device_queue_start(dev, &vq), VIO_EBADSTATE);
    assert_int_equal(vio_device_config_write(dev, 32, 1, 0), VIO_EBADSTATE);
    assert_int_equal(model_dev_accesses(&unit_dev), accesses);
    assert_recovers();
    accesses = model_dev_accesses(&unit_dev);
    assert_int_equal(vio_device_start(dev), VIO_EBADSTATE);
    assert_int_equal(vio_device_queue_start(dev, &vq), VIO_EBADSTATE);
    assert_int_equal(model_dev_accesses(&unit_dev), accesses);
    assert_int_equal(vio_device_reset(dev), 0);
    assert_int_equal(dev->state, VIO_DEVICE_RESET);
    assert_int_equal(vio_device_start(dev), VIO_EBADSTATE);
}

/* T-LIF-06 */
static void quiesce_leaves_the_device_reset(void **state)
{
    (void)state;
    start(2);
    assert_recovers();
    assert_int_equal(vio_device_quiesce(dev), 0);
    assert_int_equal(unit_dev.status, 0);
    assert_int_equal(unit_dev.last_status, NEGOTIATED | MS_DRIVER_OK);
    assert_int_equal(dev->features, 0);
}

static void fail_sets_failed_and_keeps_the_rest(void **state)
{
    (void)state;
    start(2);
    assert_recovers();
    vio_device_fail(dev);
    assert_int_equal(unit_dev.status, NEGOTIATED | MS_DRIVER_OK | MS_FAILED);
    assert_int_equal(dev->state, VIO_DEVICE_FAILED);
    assert_recovers();
}

/* RST-01: a reset that was not confirmed is not written over. */
static void fail_does_not_interfere_with_a_reset(void **state)
{
    (void)state;
    start(2);
    assert_recovers();
    unit_dev.reset_reads = MODEL_FOREVER;
    assert_int_equal(vio_device_reset(dev), VIO_ETIMEDOUT);
    vio_device_fail(dev);
    assert_int_equal(dev->state, VIO_DEVICE_UNKNOWN);
    unit_dev.reset_reads = 0;
    assert_recovers();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_case(begin_and_start_walk_through_the_steps),
        unit_case(legacy_device_never_hears_of_features_ok),
        unit_case(only_known_bits_are_accepted),
        unit_case(reserved_bits_are_not_accepted),
        unit_case(ring_features_are_accepted_when_offered),
        unit_case(refused_bits_are_not_accepted),
        unit_case(required_bit_that_is_missing_fails),
        unit_case(t_ini_09_version_1_withheld),
        unit_case(version_1_is_not_for_the_policy_to_refuse),
        unit_case(t_ini_03_features_ok_refused),
        unit_case(reset_is_waited_for),
        unit_case(t_ini_01_reset_hangs),
        unit_case(t_ini_02_device_is_gone_after_any_access),
        unit_case(status_0_is_a_reset_where_nothing_else_is_known),
        unit_case(t_ini_05_needs_reset_at_any_point),
        unit_case(t_ini_04_driver_ok_dropped_later),
        unit_case(t_ini_06_offer_differs_between_reads),
        unit_case(calls_out_of_order_are_refused),
        unit_case(quiesce_leaves_the_device_reset),
        unit_case(fail_sets_failed_and_keeps_the_rest),
        unit_case(fail_does_not_interfere_with_a_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
