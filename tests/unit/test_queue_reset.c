/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One queue taken back from a live device, and set up again (RING_RESET); the
 * set-up of queues as the transport sees it; notification data on MMIO.
 */
#include "unit_way.h"

#define MOST 16u /* descriptors of a queue */

static struct vio_device *dev;
static struct vio_virtq queues[2];
static struct vio_mem mem[2];
static uint64_t buffer;

static int64_t use_at_once(struct model_dev *d, struct model_chain *chain)
{
    (void)d;
    return (int64_t)chain->writable;
}

static uint64_t features(void)
{
    return MF(MF_VERSION_1) | MF(MF_RING_RESET) | MF(MF_EVENT_IDX) |
           unit_format;
}

static void make_queue(uint16_t index, uint16_t size)
{
    struct vio_virtq_config cfg = {
        .index = index, .size = size, .features = dev->features};
    struct vio_mem whole = mem[index];
    uint32_t max;

    assert_int_equal(vio_device_queue_max(dev, index, &max), 0);
    assert_int_equal(max, MOST);
    assert_int_equal(vio_virtq_init(&queues[index], &cfg, &whole), 0);
}

/* A live device with two queues of 8. */
static void start(uint64_t offered)
{
    unit_setup(NULL);
    model_dev_init(&unit_dev, 2, 77);
    unit_dev.queue_max[0] = unit_dev.queue_max[1] = MOST;
    unit_dev.offered = offered;
    unit_dev.serve = use_at_once;
    dev = unit_probe();
    assert_int_equal(vio_device_begin(dev, 0, 0), 0);
    for (uint16_t i = 0; i < 2; i++) {
        mem[i] = unit_mem(8192, 4096, 4096);
        make_queue(i, 8);
        assert_int_equal(vio_device_queue_start(dev, &queues[i]), 0);
    }
    assert_int_equal(vio_device_start(dev), 0);
    buffer = model_mem_add(unit_alloc(4096, 16), 4096,
                           MODEL_MEM_READ | MODEL_MEM_WRITE);
}

static void add(struct vio_virtq *vq, void *token)
{
    struct vio_sg sg[2] = {{buffer, 64}, {buffer + 64, 32}};

    assert_int_equal(vio_virtq_add(vq, sg, 1, 1, token), 0);
}

static void works(struct vio_virtq *vq, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        void *token;
        uint32_t len;

        add(vq, TOKEN(i + 1));
        vio_virtq_kick(vq);
        assert_int_equal(vio_virtq_get_buf(vq, &token, &len), 1);
        assert_ptr_equal(token, TOKEN(i + 1));
        assert_int_equal(len, 32);
    }
}

/* VQR-01: confirmed at once, or after many reads. */
static void reset_is_waited_for(void **state)
{
    static const unsigned reads[] = {0, 1, 2, 500};

    (void)state;
    for (size_t i = 0; i < COUNT(reads); i++) {
        start(features());
        works(&queues[1], 3);
        unit_dev.queue_reset_reads = reads[i];
        assert_int_equal(vio_device_queue_reset(dev, &queues[1]), 0);
        assert_int_equal(unit_dev.queue_resets, 1);
        assert_true(vio_virtq_is_broken(&queues[1]));
        assert_int_equal(dev->state, VIO_DEVICE_RUNNING);
        works(&queues[0], 20); /* the other one goes on */
    }
}

/* VQR-02: what was in flight is the caller's again, and the device leaves it
 * alone. */
static void buffers_come_back_after_the_reset(void **state)
{
    (void)state;
    start(features());
    unit_dev.when = MODEL_BY_HAND;
    for (unsigned i = 0; i < 3; i++)
        add(&queues[1], TOKEN(i + 1));
    vio_virtq_kick(&queues[1]);
    add(&queues[1], TOKEN(4)); /* never shown */
    assert_int_equal(vio_device_queue_reset(dev, &queues[1]), 0);
    model_dev_run(&unit_dev);
    for (unsigned seen = 0, i = 0; i < 4; i++) {
        void *token = vio_virtq_detach_unused(&queues[1]);

        assert_int_equal(seen & 1u << (uintptr_t)token, 0);
        seen |= 1u << (uintptr_t)token;
    }
    assert_null(vio_virtq_detach_unused(&queues[1]));
    assert_int_equal(vio_virtq_num_free(&queues[1]), 8);
    assert_int_equal(unit_dev.queue[1].chains, 0);
}

/* VQR-03: all of it is set again, with other parameters. */
static void queue_is_set_up_again_with_another_size(void **state)
{
    static const uint16_t sizes[] = {16, 2, 4, 8};

    (void)state;
    start(features());
    for (size_t i = 0; i < COUNT(sizes); i++) {
        works(&queues[1], 1 + (unsigned)i);
        assert_int_equal(vio_device_queue_reset(dev, &queues[1]), 0);
        make_queue(1, sizes[i]);
        assert_int_equal(vio_device_queue_start(dev, &queues[1]), 0);
        assert_int_equal(unit_dev.reg[1].size, sizes[i]);
        works(&queues[1], 40);
        works(&queues[0], 3);
    }
    assert_int_equal(unit_dev.resets, 1);
}

/* Nothing reaches the ring from the beginning of the reset on. */
static void ring_is_left_alone_while_it_is_reset(void **state)
{
    uint64_t accesses;
    uint32_t len;
    void *token;

    (void)state;
    start(features());
    add(&queues[1], TOKEN(1));
    assert_int_equal(vio_device_queue_reset(dev, &queues[1]), 0);
    accesses = model_accesses;
    assert_false(vio_virtq_kick_prepare(&queues[1]));
    vio_virtq_notify(&queues[1]);
    assert_false(vio_virtq_interrupt(&queues[1]));
    assert_int_equal(vio_virtq_get_buf(&queues[1], &token, &len), VIO_EPROTO);
    assert_int_equal(model_accesses, accesses);
}

static void t_qsz_11_queue_reset_never_completes(void **state)
{
    (void)state;
    for (unsigned clock = 0; clock < 2; clock++) {
        start(features());
        if (!clock)
            unit_env.env.now_ns = NULL;
        works(&queues[1], 2);
        unit_dev.queue_reset_reads = MODEL_FOREVER;
        assert_int_equal(vio_device_queue_reset(dev, &queues[1]),
                         VIO_ETIMEDOUT);
        assert_int_equal(dev->why.reason, VIO_WHY_QUEUE_RESET_TIMEOUT);
        assert_int_equal(dev->why.found, 1);
        assert_true(vio_virtq_is_broken(&queues[1]));
        /* What is left is the reset of the device. */
        assert_int_equal(vio_device_reset(dev), 0);
        assert_int_equal(unit_dev.status, 0);
    }
}

/* The device says that the reset is over, and that the queue is still ready. */
static uint32_t ready_for_ever(struct model_dev *d, uint32_t offset,
                               unsigned width, uint32_t value)
{
    (void)d;
    (void)width;
    return offset == MR_QUEUE_READY ? 1 : value;
}

static void queue_that_stays_ready_is_not_set_up_again(void **state)
{
    (void)state;
    start(features());
    assert_int_equal(vio_device_queue_reset(dev, &queues[1]), 0);
    make_queue(1, 8);
    unit_dev.on_read = ready_for_ever;
    assert_int_equal(vio_device_queue_start(dev, &queues[1]), VIO_EBUSY);
    assert_int_equal(dev->why.reason, VIO_WHY_QUEUE_BUSY);
    /* The device is not given up for it: it may be ready later. */
    unit_dev.on_read = NULL;
    assert_int_equal(vio_device_queue_start(dev, &queues[1]), 0);
    works(&queues[1], 3);
    works(&queues[0], 3);
}

/* A queue that is in use, and one that is not there: a live device goes on. */
static void wrong_queue_does_the_device_no_harm(void **state)
{
    static const struct {
        uint16_t index;
        int error;
        enum vio_reason reason;
    } table[] = {{0, VIO_EBUSY, VIO_WHY_QUEUE_BUSY},
                 {2, VIO_ENODEV, VIO_WHY_QUEUE_ABSENT},
                 {0xffff, VIO_ENODEV, VIO_WHY_QUEUE_ABSENT}};

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct vio_virtq vq;

        start(features());
        vq = queues[0];
        vq.index = table[i].index;
        assert_int_equal(vio_device_queue_start(dev, &vq), table[i].error);
        assert_int_equal(dev->why.reason, table[i].reason);
        assert_int_equal(dev->why.found, table[i].index);
        assert_int_equal(dev->state, VIO_DEVICE_RUNNING);
        assert_int_equal(unit_dev.status & MS_FAILED, 0);
        works(&queues[0], 3);
        works(&queues[1], 3);
    }
}

/* Nor one that was never initialised, wherever. */
static void empty_queue_does_no_harm(void **state)
{
    struct vio_virtq vq = {.index = 1};

    (void)state;
    start(features());
    assert_int_equal(vio_device_queue_reset(dev, &queues[1]), 0);
    assert_int_equal(vio_device_queue_start(dev, &vq), VIO_ENOTSUP);
    vq.index = 2;
    assert_int_equal(vio_device_queue_start(dev, &vq), VIO_ENODEV);
    assert_int_equal(dev->state, VIO_DEVICE_RUNNING);
    works(&queues[0], 3);
}

/* Set up anew, it may be smaller than it was, or as large as it can be. */
static void queue_larger_than_the_device_has_does_no_harm(void **state)
{
    (void)state;
    start(features());
    assert_int_equal(vio_device_queue_reset(dev, &queues[1]), 0);
    make_queue(1, 2 * MOST);
    assert_int_equal(vio_device_queue_start(dev, &queues[1]), VIO_ENOTSUP);
    assert_int_equal(dev->why.reason, VIO_WHY_QUEUE_TOO_SMALL);
    assert_int_equal(dev->why.found, MOST);
    assert_int_equal(dev->why.wanted, 2 * MOST);
    assert_int_equal(dev->state, VIO_DEVICE_RUNNING);
    make_queue(1, MOST);
    assert_int_equal(vio_device_queue_start(dev, &queues[1]), 0);
    works(&queues[1], 3);
    works(&queues[0], 3);
}

/* Unplugged before, at every access of, and just after the set-up: known to be
 * gone, and not mistaken for one that is in use. */
static void device_is_gone_when_a_queue_starts_again(void **state)
{
    unsigned at = 0;
    int err;

    (void)state;
    do {
        start(features());
        assert_int_equal(vio_device_queue_reset(dev, &queues[1]), 0);
        make_queue(1, 8);
        unit_dev.gone_after = at++;
        err = vio_device_queue_start(dev, &queues[1]);
        assert_int_equal(err, err ? VIO_ENODEV : 0);
        assert_int_equal(dev->state,
                         err ? VIO_DEVICE_UNKNOWN : VIO_DEVICE_RUNNING);
    } while (err);
    assert_true(at > 8);
}

static void reset_needs_the_feature_and_a_live_device(void **state)
{
    uint64_t writes;

    (void)state;
    start(features() & ~MF(MF_RING_RESET));
    writes = unit_dev.writes;
    assert_int_equal(vio_device_queue_reset(dev, &queues[1]), VIO_ENOTSUP);
    assert_false(vio_virtq_is_broken(&queues[1]));
    assert_int_equal(unit_dev.writes, writes);
    assert_int_equal(vio_device_queue_start(dev, &queues[1]), VIO_EBADSTATE);
    works(&queues[1], 3);
    assert_int_equal(vio_device_reset(dev), 0);
    writes = unit_dev.writes;
    assert_int_equal(vio_device_queue_reset(dev, &queues[1]), VIO_EBADSTATE);
    assert_int_equal(unit_dev.writes, writes);
}

/* DX-NTF-01, DX-NTF-02: the monitor compares the value at every doorbell, round
 * and round the ring and the 16 bits. */
static void notification_data_says_where_the_driver_is(void **state)
{
    (void)state;
    start((features() & ~MF(MF_EVENT_IDX)) | MF(MF_NOTIFY_DATA));
    works(&queues[0], 70000);
    works(&queues[1], 5000);
    assert_int_equal(unit_dev.doorbells, 75000);
    assert_int_equal(unit_dev.bad_doorbells, 0);
}

/* T-QSZ-06, T-QSZ-07: what was written is not what is there afterwards. */
static void t_qsz_07_queue_does_not_become_ready(void **state)
{
    (void)state;
    start(features());
    assert_int_equal(vio_device_queue_reset(dev, &queues[1]), 0);
    unit_dev.refuse_queue = true;
    make_queue(1, 8);
    assert_int_equal(vio_device_queue_start(dev, &queues[1]), VIO_EPROTO);
    assert_int_equal(dev->why.reason, VIO_WHY_QUEUE_REJECTED);
    assert_int_equal(dev->state, VIO_DEVICE_FAILED);
}

/* The configuration space says how many queues there are, a PCI device's
 * num_queues says it again, and then there are as many as have a size: the
 * least of these and of the wish, but one. */
static void t_qsz_08_number_of_queues_disagrees(void **state)
{
    static const struct {
        uint16_t wish, said, num_queues, there, is;
    } table[] = {
        {4, 4, 4, 4, 4},          {4, 4, 2, 4, 2},
        {4, 2, 4, 4, 2},          {4, 4, 4, 2, 2},
        {2, 65535, 65535, 16, 2}, {16, 65535, 65535, 3, 3},
        {4, 0, 4, 4, 1},          {4, 0, 1, 1, 1},
        {4, 4, 1, 4, 1},          {16, 16, 16, 16, 16},
        {1, 16, 16, 16, 1},       {16, 65535, 3, 16, 3},
    };

    (void)state;
    for_each_way(way)
    {
        bool has_num = way == UNIT_PCI_MODERN || way == UNIT_PCI_WINDOW;

        for (size_t i = 0; i < COUNT(table); i++) {
            unsigned is = table[i].is;

            if (!has_num && table[i].num_queues < table[i].there)
                continue;
            unit_way_start(way);
            model_disk_set_queues(unit_way.model, table[i].there,
                                  table[i].said);
            unit_function.num_queues = table[i].num_queues;
            unit_way.cfg.n_queues = table[i].wish;
            unit_way_up();
            assert_int_equal(vio_blk_info(&unit_way.blk)->n_queues, is);
            for (unsigned k = 0; k < MODEL_QUEUES; k++)
                assert_int_equal(unit_way.model->queue[k].live, k < is);
            unit_way_transfer_well((uint8_t)i);
            unit_way_down();
        }
    }
}

/* Where the device dictates the sizes, the queues up to the first whose size is
 * another one are used; elsewhere all, of the size that every one has. */
static void queues_of_different_sizes(void **state)
{
    static const struct {
        uint32_t max[4];
        unsigned alike, size; /* of the first; the least of all */
    } table[] = {
        {{32, 32, 64, 32}, 2, 32}, {{64, 32, 64, 64}, 1, 32},
        {{32, 64, 64, 64}, 1, 32}, {{64, 64, 64, 16}, 3, 16},
        {{64, 64, 64, 64}, 4, 64},
    };

    (void)state;
    for_each_way(way)
    {
        for (size_t i = 0; i < COUNT(table); i++) {
            const uint32_t *max = table[i].max;
            bool fixed = way == UNIT_PCI_LEGACY;
            unsigned n = fixed ? table[i].alike : 4;

            unit_way_start(way);
            model_disk_set_queues(unit_way.model, 4, 4);
            memcpy(unit_way.model->queue_max, max, sizeof(table[i].max));
            unit_function.num_queues = 4;
            unit_way.cfg.n_queues = 4;
            unit_way_up();
            assert_int_equal(vio_blk_info(&unit_way.blk)->n_queues, n);
            assert_int_equal(vio_blk_info(&unit_way.blk)->queue_size,
                             fixed ? max[0] : table[i].size);
            for (unsigned k = 0; k < MODEL_QUEUES; k++)
                assert_int_equal(unit_way.model->queue[k].live, k < n);
            unit_way_transfer_well((uint8_t)i);
            unit_way_down();
        }
    }
}

/* T-QSZ-12: for the largest queues no sum overflows, and where one would,
 * the size is refused before. */
static void t_qsz_12_layout_of_the_largest_queues(void **state)
{
    struct vio_virtq_config cfg = {.size = 32768,
                                   .features = MF(MF_INDIRECT) | unit_format};
    struct vio_need need;
    uint64_t ring = unit_is_packed() ? 16ull * 32768 + 8
                                     : 16ull * 32768 + 6 + 2ull * 32768 + 2 +
                                           6 + 8ull * 32768;

    (void)state;
    assert_int_equal(vio_virtq_mem_size(&cfg, &need), 0);
    assert_true(need.shared >= ring && need.shared < ring + 128);
    /* One slot more ends the list of free ones. */
    assert_true(need.priv >= 32769 * sizeof(struct vio_virtq_slot) &&
                need.priv < 32769 * sizeof(struct vio_virtq_slot) + 16);
    cfg.indirect = 32768;
    assert_int_equal(vio_virtq_mem_size(&cfg, &need),
                     sizeof(size_t) > 4 ? 0 : VIO_EINVAL);
    if (sizeof(size_t) > 4)
        assert_true(need.shared >= ring + 16ull * 32768 * 32768);
    cfg.indirect = 32769;
    assert_int_equal(vio_virtq_mem_size(&cfg, &need), VIO_EINVAL);
    cfg.indirect = 1;
    cfg.features = unit_format; /* no tables without the feature */
    assert_int_equal(vio_virtq_mem_size(&cfg, &need), VIO_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_cases(reset_is_waited_for),
        unit_cases(buffers_come_back_after_the_reset),
        unit_cases(queue_is_set_up_again_with_another_size),
        unit_cases(ring_is_left_alone_while_it_is_reset),
        unit_cases(t_qsz_11_queue_reset_never_completes),
        unit_cases(queue_that_stays_ready_is_not_set_up_again),
        unit_cases(wrong_queue_does_the_device_no_harm),
        unit_cases(empty_queue_does_no_harm),
        unit_cases(queue_larger_than_the_device_has_does_no_harm),
        unit_cases(device_is_gone_when_a_queue_starts_again),
        unit_cases(reset_needs_the_feature_and_a_live_device),
        unit_cases(notification_data_says_where_the_driver_is),
        unit_cases(t_qsz_07_queue_does_not_become_ready),
        unit_case(t_qsz_08_number_of_queues_disagrees),
        unit_cases(queues_of_different_sizes),
        unit_cases(t_qsz_12_layout_of_the_largest_queues),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
