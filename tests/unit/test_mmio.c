/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MMIO transport: what is in a slot, and its queues. That registers are
 * accessed as the specification says is what the monitor of the model watches
 * in every test.
 */
#include "unit.h"

static struct vio_mmio m;
static struct vio_why why;

static void start(uint32_t version)
{
    unit_setup(NULL);
    model_dev_init(&unit_dev, version, 2);
    unit_dev.queue_max[0] = 8;
}

static int probe(const struct vio_policy *policy)
{
    return vio_mmio_probe(&m, vio_reg_mem(unit_dev.window), unit_dev.length,
                          policy, &unit_env.env, &why);
}

/* A probe that fails changes nothing and writes nothing. */
static void assert_probe_fails(const struct vio_policy *policy, int error,
                               enum vio_reason reason)
{
    struct vio_mmio before;

    memset(&m, 0x5a, sizeof(m));
    memcpy(&before, &m, sizeof(m));
    assert_int_equal(probe(policy), error);
    assert_int_equal(why.reason, reason);
    assert_memory_equal(&m, &before, sizeof(m));
    assert_int_equal(unit_dev.writes, 0);
    assert_int_equal(unit_env.logs, 0);
    /* Nobody has to want to know why. */
    assert_int_equal(vio_mmio_probe(&m, vio_reg_mem(unit_dev.window),
                                    unit_dev.length, policy, NULL, NULL),
                     error);
}

/* MMIO-26, MMIO-27, D1 */
static void probe_says_what_is_there(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version);
        unit_dev.type = 4711;
        assert_int_equal(probe(NULL), 0);
        assert_int_equal(m.version, version);
        assert_int_equal(m.vendor, unit_dev.vendor);
        assert_int_equal(m.dev.type, 4711);
        assert_int_equal(m.dev.legacy, version == 1);
        assert_int_equal(m.dev.config_len, 0x100);
        assert_ptr_equal(m.dev.env, &unit_env.env);
        assert_int_equal(unit_dev.writes, 0);
        assert_true(unit_dev.reads <= 4);
    }
}

/* On a big-endian machine the swapped one is that of a version 1 device. */
static void t_mmi_01_magic_is_wrong(void **state)
{
    static const uint32_t magic[] = {
        0,
        ~0u,
        0x74726975,
        1,
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        0x76697274,
#endif
    };

    (void)state;
    for (size_t i = 0; i < COUNT(magic); i++) {
        start(2);
        unit_dev.magic = magic[i];
        assert_probe_fails(NULL, VIO_ENODEV, VIO_WHY_NOT_VIRTIO);
        assert_int_equal(why.found, magic[i]);
    }
}

static void t_mmi_02_version_is_neither_1_nor_2(void **state)
{
    static const uint32_t version[] = {0, 3, 4, 0x100, 0x02000000, ~0u};

    (void)state;
    for (size_t i = 0; i < COUNT(version); i++) {
        start(version[i]);
        assert_probe_fails(NULL, VIO_ENODEV, VIO_WHY_BAD_VERSION);
        assert_int_equal(why.found, version[i]);
    }
}

static unsigned reads_of[0x100];

static uint32_t flip_identity(struct model_dev *d, uint32_t offset,
                              unsigned width, uint32_t value)
{
    (void)d;
    (void)width;
    if (offset < 0x100 && reads_of[offset]++ && offset == MR_VERSION)
        return 3 - value;
    return value;
}

static void t_mmi_03_version_flips_between_reads(void **state)
{
    (void)state;
    start(2);
    memset(reads_of, 0, sizeof(reads_of));
    unit_dev.on_read = flip_identity;
    assert_int_equal(probe(NULL), 0);
    assert_int_equal(m.version, 2);
    assert_false(m.dev.legacy);
    for (uint32_t i = 0; i < 0x10; i++)
        assert_true(reads_of[i] <= 1);
}

/* An empty slot: no error to anybody but the caller, no further access. */
static void t_mmi_04_device_id_0(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version);
        unit_dev.type = 0;
        assert_probe_fails(NULL, VIO_ENODEV, VIO_WHY_NO_DEVICE);
        assert_int_equal(unit_dev.reads, 6); /* of two probes */
    }
}

static void t_mmi_05_device_of_another_type(void **state)
{
    struct vio_need want, least;

    (void)state;
    start(2);
    unit_dev.type = 1;
    assert_int_equal(probe(NULL), 0);
    assert_int_equal(vio_blk_mem_size(&m.dev, NULL, &want, &least), VIO_ENODEV);
    assert_int_equal(m.dev.why.reason, VIO_WHY_WRONG_TYPE);
    assert_int_equal(unit_dev.writes, 0);
}

static void t_mmi_06_region_is_too_short(void **state)
{
    static const size_t lengths[] = {0, 4, 0xfc, 0xff};

    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        start(2);
        unit_dev.length = lengths[i];
        assert_probe_fails(NULL, VIO_EPROTO, VIO_WHY_CONFIG_TOO_SMALL);
        assert_int_equal(unit_dev.reads, 0);
    }
    start(2);
    unit_dev.length = 0x100;
    assert_int_equal(probe(NULL), 0);
    assert_int_equal(m.dev.config_len, 0);
}

/* CFG-05: more than is needed is no reason to refuse. */
static void any_longer_region_will_do(void **state)
{
    (void)state;
    start(2);
    unit_dev.length = SIZE_MAX;
    assert_int_equal(probe(NULL), 0);
    assert_true(m.dev.config_len >= 0xfffffe00u);
}

/* A device is looked at again, with the policy that it has. */
static void policy_may_be_the_devices_own(void **state)
{
    struct vio_policy policy = {.refused = 3, .required = 4};

    (void)state;
    start(2);
    assert_int_equal(probe(&policy), 0);
    assert_int_equal(probe(&m.dev.policy), 0);
    assert_int_equal(m.dev.policy.refused, 3);
    assert_int_equal(m.dev.policy.required, 4);
}

static void policy_chooses_the_interface(void **state)
{
    struct vio_policy modern = {.interface = VIO_REQUIRE_MODERN};
    struct vio_policy legacy = {.interface = VIO_REQUIRE_LEGACY};

    (void)state;
    start(1);
    assert_probe_fails(&modern, VIO_ENOTSUP, VIO_WHY_LEGACY_REFUSED);
    start(1);
    assert_int_equal(probe(&legacy), 0);
    start(2);
    assert_probe_fails(&legacy, VIO_ENOTSUP, VIO_WHY_MODERN_REFUSED);
    start(2);
    assert_int_equal(probe(&modern), 0);
}

static uint32_t busy_queue(struct model_dev *d, uint32_t offset, unsigned width,
                           uint32_t value)
{
    (void)d;
    (void)width;
    return offset == MR_QUEUE_READY || offset == MR_QUEUE_PFN ? 1 : value;
}

static void t_mmi_07_queue_is_in_use(void **state)
{
    uint32_t max = 77;

    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version);
        unit_dev.on_read = busy_queue;
        assert_int_equal(probe(NULL), 0);
        assert_int_equal(vio_device_reset(&m.dev), 0);
        assert_int_equal(vio_device_queue_max(&m.dev, 0, &max), VIO_EBUSY);
        assert_int_equal(m.dev.why.reason, VIO_WHY_QUEUE_BUSY);
        assert_int_equal(max, 77);
    }
}

/* T-QSZ-01, T-QSZ-03, T-MMI-09, DX-MMIO-02 */
static void queue_max_is_what_the_device_says(void **state)
{
    static const struct {
        uint32_t says;
        int legacy, modern; /* error, or the size */
    } table[] = {
        {0, 0, 0},
        {1, 1, 1},
        {8, 8, 8},
        {1024, 1024, 1024},
        {32768, 32768, 32768},
        {65536, VIO_EPROTO, 32768},
        {100, VIO_EPROTO, 100},
        {0xffffffff, VIO_EPROTO, 32768},
    };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(table); i++) {
        int wanted = i & 1 ? table[i / 2].modern : table[i / 2].legacy;
        uint32_t max = 4711;
        int err;

        start(i & 1 ? 2 : 1);
        unit_dev.queue_max[0] = table[i / 2].says;
        assert_int_equal(probe(NULL), 0);
        assert_int_equal(vio_device_reset(&m.dev), 0);
        err = vio_device_queue_max(&m.dev, 0, &max);
        if (wanted < 0) {
            assert_int_equal(err, wanted);
            assert_int_equal(m.dev.why.reason, VIO_WHY_QUEUE_BAD_SIZE);
        } else {
            assert_int_equal(err, 0);
            assert_int_equal(max, wanted);
        }
    }
}

/* A queue out of the device's range does not exist, and harms nobody. */
static void queue_out_of_range_does_not_exist(void **state)
{
    static const uint16_t index[] = {1, 15, 16, 17, 0x7fff, 0xffff};
    uint32_t max;

    (void)state;
    for (size_t i = 0; i < COUNT(index); i++) {
        start(2);
        assert_int_equal(probe(NULL), 0);
        assert_int_equal(vio_device_reset(&m.dev), 0);
        assert_int_equal(vio_device_queue_max(&m.dev, index[i], &max), 0);
        assert_int_equal(max, 0);
    }
}

static struct vio_virtq vq;

/* A queue set up by hand on a negotiated device. */
static int start_queue(uint16_t index)
{
    struct vio_virtq_config cfg = {
        .index = index,
        .size = 8,
        .legacy = m.dev.legacy,
        .align = m.dev.queue_align,
    };
    struct vio_mem mem = unit_mem(16384, 4096, 4096);
    uint32_t max;

    assert_int_equal(vio_device_begin(&m.dev, 0, 0), 0);
    assert_int_equal(vio_device_queue_max(&m.dev, index, &max), 0);
    assert_int_equal(max, unit_dev.queue_max[index]);
    assert_int_equal(vio_virtq_init(&vq, &cfg, &mem), 0);
    return vio_device_queue_start(&m.dev, &vq);
}

/* D2, DX-MMIO-03: the device finds all three parts where the driver does. */
static void queue_start_hands_over_the_parts(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        struct model_queue *q = &unit_dev.queue[3];

        start(version);
        unit_dev.queue_max[3] = 64;
        assert_int_equal(probe(NULL), 0);
        assert_int_equal(start_queue(3), 0);
        assert_true(q->live);
        assert_int_equal(q->size, 8);
        assert_ptr_equal(q->desc, vq.desc);
        assert_ptr_equal(q->avail, vq.driver);
        assert_ptr_equal(q->used, vq.device);
    }
}

/* One kick is one register write, of the queue's index. */
static void doorbell_is_one_write(void **state)
{
    struct vio_sg sg;

    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        uint64_t accesses;

        start(version);
        unit_dev.queue_max[3] = 64;
        assert_int_equal(probe(NULL), 0);
        assert_int_equal(start_queue(3), 0);
        assert_int_equal(vio_device_start(&m.dev), 0);
        sg.addr = vq.desc_addr;
        sg.len = 1;
        assert_int_equal(vio_virtq_add(&vq, &sg, 1, 0, &sg), 0);
        accesses = model_dev_accesses(&unit_dev);
        vio_virtq_kick(&vq);
        assert_int_equal(model_dev_accesses(&unit_dev), accesses + 1);
        assert_int_equal(unit_dev.queue[3].doorbells, 1);
        assert_int_equal(unit_dev.queue[3].n_held, 1);
    }
}

/* T-QSZ-07, T-MMI-10 */
static void t_mmi_10_queue_does_not_read_back(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version);
        unit_dev.refuse_queue = true;
        assert_int_equal(probe(NULL), 0);
        assert_int_equal(start_queue(0), VIO_EPROTO);
        assert_int_equal(m.dev.why.reason, VIO_WHY_QUEUE_REJECTED);
        assert_int_equal(m.dev.state, VIO_DEVICE_FAILED);
        assert_true(unit_dev.status & MS_FAILED);
    }
}

/* T-QSZ-10, DX-LMMIO-06: refused before the device is told anything. */
static void t_qsz_10_address_beyond_a_page_number(void **state)
{
    static const uint64_t bad[] = {
        0,      0x800,           0x100000000800u,    0x100000000000u,
        0x1800, 0xfffffffff001u, 0xfffffffffffff000u};

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        start(1);
        assert_int_equal(probe(NULL), 0);
        assert_int_equal(vio_device_begin(&m.dev, 0, 0), 0);
        memset(&vq, 0, sizeof(vq));
        vq.size = 8;
        vq.desc_addr = bad[i];
        assert_int_equal(vio_device_queue_start(&m.dev, &vq), VIO_EINVAL);
        assert_int_equal(m.dev.why.reason, VIO_WHY_QUEUE_ADDRESS);
        assert_int_equal(unit_dev.reg[0].pfn, 0);
        assert_int_equal(unit_dev.reg[0].size, 0);
        assert_int_equal(m.dev.state, VIO_DEVICE_NEGOTIATED);
    }
}

static void queue_cannot_be_started_twice(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        start(version);
        assert_int_equal(probe(NULL), 0);
        assert_int_equal(start_queue(0), 0);
        assert_int_equal(vio_device_queue_start(&m.dev, &vq), VIO_EBUSY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_case(probe_says_what_is_there),
        unit_case(t_mmi_01_magic_is_wrong),
        unit_case(t_mmi_02_version_is_neither_1_nor_2),
        unit_case(t_mmi_03_version_flips_between_reads),
        unit_case(t_mmi_04_device_id_0),
        unit_case(t_mmi_05_device_of_another_type),
        unit_case(t_mmi_06_region_is_too_short),
        unit_case(any_longer_region_will_do),
        unit_case(policy_may_be_the_devices_own),
        unit_case(policy_chooses_the_interface),
        unit_case(t_mmi_07_queue_is_in_use),
        unit_case(queue_max_is_what_the_device_says),
        unit_case(queue_out_of_range_does_not_exist),
        unit_case(queue_start_hands_over_the_parts),
        unit_case(doorbell_is_one_write),
        unit_case(t_mmi_10_queue_does_not_read_back),
        unit_case(t_qsz_10_address_beyond_a_page_number),
        unit_case(queue_cannot_be_started_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
