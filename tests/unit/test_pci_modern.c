/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The modern interface: queues, doorbells, the window. That fields are accessed
 * with their width and in order is what the model's monitor watches.
 */
#include "unit_pci.h"

static void start(void)
{
    unit_pci_start(MODEL_PCI_MODERN);
    assert_int_equal(unit_pci_probe(NULL), 0);
}

/* PCI-05 to PCI-07, PCI-17 to PCI-22, PCI-39, PCI-41 */
static void disk_works(void **state)
{
    (void)state;
    start();
    unit_pci_up();
    unit_pci_transfer();
    assert_int_equal(unit_function.dev.version, 2);
    assert_true(vio_device_has(&unit_pci.dev, MF_VERSION_1));
    unit_pci_down();
    /* And again, after the reset. */
    unit_pci_up();
    unit_pci_transfer();
    unit_pci_down();
}

static void kick_once(void)
{
    static struct vio_sg sg;

    assert_int_equal(vio_device_start(&unit_pci.dev), 0);
    unit_function.dev.when = MODEL_BY_HAND;
    sg.addr = unit_pci_vq.desc_addr;
    sg.len = 1;
    assert_int_equal(vio_virtq_add(&unit_pci_vq, &sg, 1, 0, &sg), 0);
    vio_virtq_kick(&unit_pci_vq);
}

/* DX-PCI-01, DX-PCI-02 */
static void doorbell_is_one_write_at_its_own_address(void **state)
{
    static const struct {
        uint32_t multiplier;
        uint16_t off;
        uint32_t length;
    } table[] = {{0, 0, 2},  {0, 7, 2},       {2, 0, 2},
                 {4, 3, 14}, {4096, 0, 4096}, {256, 15, 3842}};

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        uint64_t before;

        start();
        unit_pci.notify_multiplier = table[i].multiplier;
        unit_pci.notify.length = table[i].length;
        unit_function.notify_multiplier = table[i].multiplier;
        unit_function.notify_off[0] = table[i].off;
        assert_int_equal(unit_pci_queue(0, 8), 0);
        kick_once();
        assert_int_equal(unit_function.dev.doorbells, 1);
        before = unit_function.dev.reads + unit_function.dev.writes;
        vio_virtq_notify(&unit_pci_vq);
        assert_int_equal(unit_function.dev.reads + unit_function.dev.writes,
                         before + 1);
    }
}

static void t_pci_19_doorbell_out_of_range(void **state)
{
    static const struct {
        uint32_t multiplier;
        uint16_t off;
        uint32_t length;
    } table[] = {
        {1, 0, 64},           {3, 1, 64},         {6, 1, 64},
        {4, 16, 65},          {4, 16, 64},        {4, 0xffff, 4096},
        {0x80000000u, 2, 64}, {0xffffffff, 0, 4}, {0x80000000u, 0xffff, 4096},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        start();
        unit_pci.notify_multiplier = table[i].multiplier;
        unit_pci.notify.length = table[i].length;
        unit_function.notify_off[0] = table[i].off;
        assert_int_equal(unit_pci_queue(0, 8), VIO_EPROTO);
        assert_int_equal(unit_pci.dev.why.reason, VIO_WHY_NOTIFY_RANGE);
        assert_int_equal(unit_function.dev.reg[0].ready, 0);
        assert_int_equal(unit_function.dev.status & MS_FAILED, MS_FAILED);
    }
}

/* The same of doorbells of 32 bits, and of a structure far out. */
static void t_pci_19_wide_doorbell_out_of_range(void **state)
{
    static const struct {
        uint64_t offset;
        uint32_t length, multiplier;
        uint16_t off;
    } table[] = {
        {0x3002, 64, 4, 0},     {0x3000, 64, 2, 0},  {0x3000, 2, 4, 0},
        {0x3000, 3, 0, 0},      {0x3000, 64, 4, 16}, {0xfffffff0, 64, 4, 4},
        {0xfffffffc, 64, 4, 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        start();
        unit_function.dev.offered |= MF(MF_NOTIFY_DATA);
        unit_pci.notify.offset = table[i].offset;
        unit_pci.notify.length = table[i].length;
        unit_pci.notify_multiplier = table[i].multiplier;
        unit_function.notify_off[0] = table[i].off;
        assert_int_equal(unit_pci_queue(0, 8), VIO_EPROTO);
        assert_int_equal(unit_pci.dev.why.reason, VIO_WHY_NOTIFY_RANGE);
        assert_int_equal(unit_function.dev.reg[0].ready, 0);
    }
}

/* PCI-43 */
static void doorbell_value_may_be_the_devices(void **state)
{
    (void)state;
    start();
    unit_function.dev.offered |= MF(39);
    unit_function.notif_config_data = 0xbeef;
    assert_int_equal(unit_pci_queue(0, 8), 0);
    assert_true(vio_device_has(&unit_pci.dev, 39));
    kick_once();
    assert_int_equal(unit_function.dev.doorbells, 1);
}

/* PCI-40, PCI-42 */
static void doorbell_with_data_is_wide(void **state)
{
    (void)state;
    start();
    unit_function.dev.offered |= MF(MF_NOTIFY_DATA);
    assert_int_equal(unit_pci_queue(0, 8), 0);
    assert_true(vio_device_has(&unit_pci.dev, MF_NOTIFY_DATA));
    kick_once();
    assert_int_equal(unit_function.dev.doorbells, 1);
}

static void queue_max_says(uint16_t index, int error, uint32_t expected)
{
    uint32_t max = 4711;

    assert_int_equal(vio_device_queue_max(&unit_pci.dev, index, &max), error);
    assert_int_equal(max, error ? 4711 : expected);
}

/* DX-PCI-03, T-QSZ-01, T-QSZ-02, T-QSZ-03 */
static void queue_max_is_what_the_device_says(void **state)
{
    static const uint32_t sizes[] = {0, 1, 8, 100, 32768};

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        start();
        unit_function.dev.queue_max[0] = sizes[i];
        assert_int_equal(vio_device_reset(&unit_pci.dev), 0);
        queue_max_says(0, 0, sizes[i]);
    }
    start();
    unit_function.dev.queue_max[0] = 65535;
    assert_int_equal(vio_device_reset(&unit_pci.dev), 0);
    queue_max_says(0, 0, 32768);
    /* Beyond num_queues nothing is asked. */
    unit_function.dev.queue_max[1] = 8;
    queue_max_says(1, 0, 0);
    queue_max_says(0xffff, 0, 0);
}

static void queue_beyond_num_queues_is_absent(void **state)
{
    (void)state;
    start();
    assert_int_equal(vio_device_begin(&unit_pci.dev, 0, 0), 0);
    unit_pci_vq = (struct vio_virtq){.index = 1, .size = 8};
    assert_int_equal(vio_device_queue_start(&unit_pci.dev, &unit_pci_vq),
                     VIO_ENODEV);
    assert_int_equal(unit_pci.dev.why.reason, VIO_WHY_QUEUE_ABSENT);
    assert_int_equal(unit_pci.dev.state, VIO_DEVICE_NEGOTIATED);
}

static int refuse_bar(void *ctx, uint32_t bdf, unsigned bar, uint64_t address,
                      uint64_t offset, uint64_t length, bool is_io,
                      struct vio_reg *out)
{
    (void)ctx, (void)bdf, (void)bar, (void)address, (void)offset;
    (void)length, (void)is_io, (void)out;
    return -1;
}

/* The queue is not enabled by then: it can be set up as soon as there is room
 * for its doorbell. */
static void doorbell_that_cannot_be_mapped_is_the_ports_fault(void **state)
{
    uint32_t max;

    (void)state;
    start();
    unit_bus.map_bar = refuse_bar;
    assert_int_equal(unit_pci_queue(0, 8), VIO_ENODEV);
    assert_int_equal(unit_pci.dev.why.reason, VIO_WHY_BAR_REFUSED);
    assert_int_equal(unit_pci.dev.state, VIO_DEVICE_NEGOTIATED);
    assert_false(unit_function.dev.queue[0].live);
    assert_int_equal(vio_device_queue_max(&unit_pci.dev, 0, &max), 0);
    assert_int_equal(max, 256); /* nothing was written */
    unit_bus.map_bar = NULL;
    assert_int_equal(vio_device_queue_start(&unit_pci.dev, &unit_pci_vq), 0);
    assert_true(unit_function.dev.queue[0].live);
}

static void queue_that_is_enabled_is_busy(void **state)
{
    (void)state;
    start();
    assert_int_equal(unit_pci_queue(0, 8), 0);
    queue_max_says(0, VIO_EBUSY, 0);
    assert_int_equal(vio_device_queue_start(&unit_pci.dev, &unit_pci_vq),
                     VIO_EBUSY);
}

static void t_qsz_06_size_does_not_read_back(void **state)
{
    (void)state;
    start();
    unit_function.keep_size = true;
    assert_int_equal(unit_pci_queue(0, 8), VIO_EPROTO);
    assert_int_equal(unit_pci.dev.why.reason, VIO_WHY_QUEUE_SIZE_MISMATCH);
    assert_int_equal(unit_pci.dev.why.found, 256);
    assert_int_equal(unit_pci.dev.why.wanted, 8);
}

static void t_qsz_07_queue_is_not_enabled(void **state)
{
    (void)state;
    start();
    unit_function.refuse_enable = true;
    assert_int_equal(unit_pci_queue(0, 8), VIO_EPROTO);
    assert_int_equal(unit_pci.dev.why.reason, VIO_WHY_QUEUE_REJECTED);
}

/* PCI-23 to PCI-25, T-QSZ-11 */
static void queue_is_reset_by_itself(void **state)
{
    static const unsigned reads[] = {0, 1, 5};

    (void)state;
    for (size_t i = 0; i < COUNT(reads); i++) {
        start();
        unit_function.dev.offered |= MF(MF_RING_RESET);
        unit_function.queue_reset_reads = reads[i];
        assert_int_equal(unit_pci_queue(0, 8), 0);
        kick_once();
        assert_int_equal(vio_device_queue_reset(&unit_pci.dev, &unit_pci_vq),
                         0);
        assert_false(unit_function.queue_resetting);
        assert_non_null(vio_virtq_detach_unused(&unit_pci_vq));
    }
}

static void t_qsz_11_queue_reset_never_completes(void **state)
{
    (void)state;
    start();
    unit_function.dev.offered |= MF(MF_RING_RESET);
    unit_function.queue_reset_reads = ~0u;
    assert_int_equal(unit_pci_queue(0, 8), 0);
    kick_once();
    assert_int_equal(vio_device_queue_reset(&unit_pci.dev, &unit_pci_vq),
                     VIO_ETIMEDOUT);
}

/* PCI-31, PCI-32, DX-PCI-08: the disk through nothing but configuration space,
 * with every width and every doorbell. */
static void window_reaches_everything(void **state)
{
    (void)state;
    for (unsigned wide = 0; wide < 2; wide++) {
        unit_pci_start(MODEL_PCI_MODERN | MODEL_PCI_WINDOW);
        model_pci_put(&unit_function, 0x20, 4, 0xc); /* no address */
        if (wide)
            unit_function.dev.offered |= MF(MF_NOTIFY_DATA);
        assert_int_equal(unit_pci_probe(NULL), 0);
        assert_non_null(strstr(unit_env.logged, "window"));
        unit_pci_up();
        unit_pci_transfer();
        assert_true(unit_function.window_accesses > 20);
        assert_true(unit_function.dev.doorbells > 0);
        assert_int_equal(unit_function.dev.reads + unit_function.dev.writes, 0);
        unit_pci_down();
    }
}

/* Or the doorbells alone. */
static uint64_t refused_offset;

static int refuse_offset(void *ctx, uint32_t bdf, unsigned bar,
                         uint64_t address, uint64_t offset, uint64_t length,
                         bool is_io, struct vio_reg *out)
{
    (void)ctx, (void)bdf, (void)bar, (void)length, (void)is_io;
    if (offset == refused_offset)
        return -1;
    *out = vio_reg_mem((uintptr_t)(address + offset));
    return 0;
}

static void window_reaches_doorbells_alone(void **state)
{
    (void)state;
    unit_pci_start(MODEL_PCI_MODERN | MODEL_PCI_WINDOW);
    assert_int_equal(unit_pci_probe(NULL), 0);
    assert_int_equal(unit_env.logs, 0);
    refused_offset = unit_pci.notify.offset;
    unit_bus.map_bar = refuse_offset;
    assert_int_equal(unit_pci_probe(NULL), 0);
    assert_true(unit_pci.common.mapped && !unit_pci.notify.mapped);
    assert_int_equal(unit_env.logs, 1);
    unit_pci_up();
    unit_pci_transfer();
    assert_true(unit_function.window_accesses > 0);
    unit_pci_down();
}

/* The generation has 8 bits here. */
static void t_cfg_01_generation_is_never_stable(void **state)
{
    (void)state;
    start();
    unit_function.dev.on_read = unit_generation_moves;
    assert_int_equal(unit_pci_try_up(), VIO_EPROTO);
    assert_int_equal(unit_pci.dev.why.reason, VIO_WHY_CONFIG_UNSTABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_case(disk_works),
        unit_case(doorbell_is_one_write_at_its_own_address),
        unit_case(t_pci_19_doorbell_out_of_range),
        unit_case(t_pci_19_wide_doorbell_out_of_range),
        unit_case(doorbell_value_may_be_the_devices),
        unit_case(doorbell_with_data_is_wide),
        unit_case(queue_max_is_what_the_device_says),
        unit_case(queue_beyond_num_queues_is_absent),
        unit_case(doorbell_that_cannot_be_mapped_is_the_ports_fault),
        unit_case(queue_that_is_enabled_is_busy),
        unit_case(t_qsz_06_size_does_not_read_back),
        unit_case(t_qsz_07_queue_is_not_enabled),
        unit_case(queue_is_reset_by_itself),
        unit_case(t_qsz_11_queue_reset_never_completes),
        unit_case(window_reaches_everything),
        unit_case(window_reaches_doorbells_alone),
        unit_case(t_cfg_01_generation_is_never_stable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
