/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts over every transport: shared lines, storms, interrupts at the
 * wrong time, and the entry beside the owner of the device.
 */
#include "unit_way.h"

static bool has_line(enum unit_way way)
{
    return way != UNIT_PCI_WINDOW;
}

/* C5, D4, T-IRQ-01, T-IRQ-06, PCI-45, DX-PCI-05 */
static void isr_tells_and_acknowledges(void **state)
{
    (void)state;
    for_each_way(way)
    {
        for (uint32_t bits = 0; bits <= 3 && has_line(way); bits++) {
            unit_way_start(way);
            unit_way_up();
            unit_way.model->isr = 0;
            model_dev_interrupt(unit_way.model, bits);
            assert_int_equal(vio_device_isr(unit_way.dev), bits);
            assert_int_equal(unit_way.model->isr, 0);
            assert_int_equal(vio_device_isr(unit_way.dev), 0);
        }
    }
}

/* RFB-08: what a device wrote before it interrupted is not read before its
 * register. That registers are accessed in order says nothing of memory. */
static unsigned reads, barriers;

static void watch_isr(enum model_kind kind, const void *ptr, unsigned width,
                      uint64_t value)
{
    (void)ptr;
    (void)width;
    (void)value;
    reads += kind == MODEL_REG_READ;
    barriers += kind == MODEL_RMB_PLATFORM && reads > 0;
}

static void isr_comes_before_what_it_is_about(void **state)
{
    (void)state;
    for_each_way(way)
    {
        for (unsigned order = 0; order < 2 && has_line(way); order++) {
            unit_way_start(way);
            if (order && !unit_way_is_legacy(way))
                unit_way.model->offered |= MF(MF_ORDER_PLATFORM);
            unit_way_up();
            model_dev_interrupt(unit_way.model, 1);
            reads = barriers = 0;
            model_between = watch_isr;
            assert_int_equal(vio_device_isr(unit_way.dev), 1);
            assert_int_equal(reads, 1);
            assert_int_equal(barriers, order && !unit_way_is_legacy(way));
        }
    }
}

/* T-IRQ-04: acknowledged, so that the line goes down; but it means nothing.
 * T-CFG-07: except that a configuration may be out of date that was read
 * already, which is as soon as features are agreed upon. */
static void t_irq_04_interrupt_at_the_wrong_time(void **state)
{
    (void)state;
    for_each_way(way)
    {
        if (!has_line(way))
            continue;
        unit_way_start(way);
        assert_int_equal(unit_way_probe(), 0);
        for (unsigned step = 0; step < 4; step++) {
            model_dev_interrupt(unit_way.model, 3);
            assert_int_equal(vio_device_isr(unit_way.dev),
                             step == 1 ? VIRTIO_ISR_CONFIG : 0);
            assert_int_equal(unit_way.model->isr, 0);
            if (step == 0)
                assert_int_equal(vio_device_begin(unit_way.dev, 0, 0), 0);
            else if (step == 1)
                vio_device_fail(unit_way.dev);
            else if (step == 2)
                assert_int_equal(vio_device_reset(unit_way.dev), 0);
        }
    }
}

/* The disk grows at any access while it is brought up: once that is done its
 * size is known, or the entry has told of the change. */
static uint64_t grow_at;
static bool told;

static void grow(uint64_t n)
{
    if (n != grow_at)
        return;
    model_disk_resize(unit_way.model, UNIT_WAY_SECTORS + 8);
    told = vio_device_isr(unit_way.dev) & VIRTIO_ISR_CONFIG;
}

static void grow_while_it_comes_up(enum unit_way way)
{
    unsigned missed = 0;

    for (grow_at = 1;; grow_at++) {
        unit_way_start(way);
        assert_int_equal(unit_way_probe(), 0);
        told = false;
        unit_way.accesses = 0;
        unit_way.before = grow;
        assert_int_equal(unit_way_try_up(), 0);
        if (unit_way.accesses <= grow_at)
            break;
        if (unit_way.blk.info.capacity == UNIT_WAY_SECTORS) {
            missed++;
            assert_true(told);
            assert_int_equal(vio_blk_refresh(&unit_way.blk), 1);
        }
        assert_int_equal(unit_way.blk.info.capacity, UNIT_WAY_SECTORS + 8);
        unit_way_down();
    }
    assert_true(missed > 2);
}

static void t_cfg_07_change_while_the_disk_comes_up(void **state)
{
    (void)state;
    for_each_way(way) if (has_line(way)) grow_while_it_comes_up(way);
}

/* T-IRQ-02: however many, each costs the same few accesses. */
static void t_irq_02_storm(void **state)
{
    (void)state;
    for_each_way(way)
    {
        uint64_t before;

        if (!has_line(way))
            continue;
        unit_way_start(way);
        unit_way_up();
        before = unit_way.accesses;
        for (unsigned i = 0; i < 10000; i++) {
            model_dev_interrupt(unit_way.model, 1 + i % 3);
            assert_int_equal(vio_device_isr(unit_way.dev), 1 + i % 3);
        }
        assert_int_equal(unit_way.accesses - before,
                         unit_way_is_pci(way) ? 10000 : 20000);
        assert_int_equal(unit_env.logs, 0);
        unit_way_transfer_well(1);
        unit_way_down();
    }
}

/* T-IRQ-05: what reads as all ones is no interrupt. */
static void t_irq_05_isr_of_a_device_that_is_gone(void **state)
{
    (void)state;
    for_each_way(way)
    {
        unit_way_start(way);
        unit_way_up();
        unit_way.model->gone_after = 0;
        assert_int_equal(vio_device_isr(unit_way.dev), 0);
        assert_int_equal(vio_device_check(unit_way.dev), VIO_ENODEV);
    }
}

/* Two functions of one line: each answers for itself, and clears no more than
 * what is its own. DX-PCI-05, T-IRQ-01 */
static struct model_pci other_function;
static struct vio_pci other_pci;

static void start_other(enum unit_way way)
{
    struct model_pci *m = &other_function;
    unsigned parts =
        way == UNIT_PCI_LEGACY ? MODEL_PCI_LEGACY : MODEL_PCI_MODERN;

    memset(m, 0, sizeof(*m));
    model_dev_init(&m->dev, 2, 2);
    m->dev.queue_max[0] = 64;
    model_pci_init(m, VIO_PCI_BDF(0, 4, 0), parts);
    if (way == UNIT_PCI_LEGACY)
        model_pci_put(m, 0x10, 4, (MODEL_PCI_IO_BASE + 0x1000) | 1);
    else
        model_pci_put(m, 0x20, 4, (MODEL_PCI_MEM_BASE + 0x20000) | 0xc);
    assert_int_equal(vio_pci_probe(&other_pci, &unit_bus, m->bdf, NULL,
                                   &unit_env.env, &unit_why),
                     0);
    assert_int_equal(vio_device_begin(&other_pci.dev, 0, 0), 0);
    assert_int_equal(vio_device_start(&other_pci.dev), 0);
}

static void line_is_shared(void **state)
{
    (void)state;
    for (enum unit_way way = UNIT_PCI_LEGACY; way <= UNIT_PCI_MODERN; way++) {
        unit_way_start(way);
        unit_way_up();
        start_other(way);
        for (uint32_t i = 0; i < 16; i++) {
            unit_function.dev.isr = i & 3;
            other_function.dev.isr = i >> 2;
            assert_int_equal(vio_pci_isr(&unit_pci, 0), i & 3);
            assert_int_equal(other_function.dev.isr, i >> 2);
            assert_int_equal(vio_pci_isr(&other_pci, 0), i >> 2);
            assert_int_equal(unit_function.dev.isr | other_function.dev.isr, 0);
        }
    }
}

/* The entry runs at every access of the owner, from the probe to the end:
 * neither notices the other. */
static bool inside;
static unsigned entries;

static void enter(uint64_t n)
{
    (void)n;
    if (inside)
        return;
    inside = true;
    entries++;
    if (unit_way_is_pci(unit_way.way))
        (void)vio_pci_isr(&unit_pci, n & 1);
    else
        (void)vio_device_isr(unit_way.dev);
    inside = false;
}

static void live_beside_the_entry(void)
{
    static const enum vio_pci_interrupts modes[] = {
        VIO_PCI_INTX, VIO_PCI_POLLED, VIO_PCI_MSIX_SHARED, VIO_PCI_MSIX_EACH};

    for (size_t i = 0; i < COUNT(modes); i++) {
        enum unit_way way = unit_way.way;

        unit_way_start(way);
        unit_pci_allow_msi();
        model_allow("PCI-28"); /* while MSI-X is being turned on */
        assert_int_equal(unit_way_probe(), 0);
        if (unit_way_is_pci(way))
            assert_int_equal(vio_pci_set_interrupts(&unit_pci, modes[i], 1, 32),
                             0);
        unit_way.before = enter;
        assert_int_equal(unit_way_try_up(), 0);
        unit_way_transfer_well((uint8_t)i);
        assert_int_equal(vio_blk_refresh(&unit_way.blk), 0);
        assert_int_equal(vio_blk_recover(&unit_way.blk, VIO_BLK_RESUBMIT), 0);
        unit_way_transfer_well((uint8_t)(i + 1));
        unit_way_down();
    }
}

static void entry_runs_beside_the_owner(void **state)
{
    (void)state;
    entries = 0;
    for_each_way(way)
    {
        unit_way_start(way);
        live_beside_the_entry();
    }
    assert_true(entries > 1000);
}

/* C5: where the ISR is behind the window, reading it takes several accesses and
 * would spoil the owner's: there is no line then. */
static void window_has_no_line(void **state)
{
    (void)state;
    unit_way_start(UNIT_PCI_WINDOW);
    unit_way_up();
    assert_int_equal(vio_pci_interrupt_mode(&unit_pci), VIO_PCI_POLLED);
    assert_int_equal(model_pci_peek(&unit_function, 4, 2) >> 10 & 1, 1);
    model_dev_interrupt(unit_way.model, 3);
    assert_int_equal(vio_pci_isr(&unit_pci, 0), 0);
    unit_way_transfer_well(1);
}

/* C6, PCI-37: the device forgets the vector of a queue before the queue is
 * handed over. */
static void t_qsz_09_vector_is_lost_before_the_queue_starts(void **state)
{
    struct vio_virtq_config cfg = {.size = 64};
    struct vio_mem mem;

    (void)state;
    unit_way_start(UNIT_PCI_MODERN);
    unit_pci_allow_msi();
    assert_int_equal(unit_way_probe(), 0);
    assert_int_equal(
        vio_pci_set_interrupts(&unit_pci, VIO_PCI_MSIX_EACH, 1, 32), 0);
    assert_int_equal(vio_device_begin(unit_way.dev, 0, 0), 0);
    assert_int_equal(vio_pci_interrupt_mode(&unit_pci), VIO_PCI_MSIX_EACH);
    unit_function.bad_vectors = 2;
    mem = unit_mem(65536, 16384, 4096);
    cfg.features = unit_way.dev->features;
    assert_int_equal(vio_virtq_init(&unit_pci_vq, &cfg, &mem), 0);
    assert_int_equal(vio_device_queue_start(unit_way.dev, &unit_pci_vq),
                     VIO_EPROTO);
    assert_int_equal(unit_way.dev->why.reason, VIO_WHY_QUEUE_VECTOR);
    assert_false(unit_way.model->queue[0].live);
}

/* T-IRQ-07: a vector that is not in use is not this device's. */
static void t_irq_07_unknown_vector(void **state)
{
    (void)state;
    for (enum unit_way way = UNIT_PCI_LEGACY; way <= UNIT_PCI_MODERN; way++) {
        uint64_t before;

        unit_way_start(way);
        unit_pci_allow_msi();
        assert_int_equal(unit_way_probe(), 0);
        assert_int_equal(
            vio_pci_set_interrupts(&unit_pci, VIO_PCI_MSIX_EACH, 1, 32), 0);
        assert_int_equal(unit_way_try_up(), 0);
        before = unit_way.accesses;
        assert_int_equal(vio_pci_isr(&unit_pci, 0), 2);
        assert_int_equal(vio_pci_isr(&unit_pci, 1), 1);
        assert_int_equal(vio_pci_isr(&unit_pci, 2), 0);
        assert_int_equal(vio_pci_isr(&unit_pci, ~0u), 0);
        /* PCI-28 */
        assert_int_equal(vio_device_isr(unit_way.dev), 3);
        assert_int_equal(unit_way.accesses, before);
        unit_way_transfer_well(1);
        unit_way_down();
        assert_int_equal(vio_pci_isr(&unit_pci, 0), 0);
        assert_int_equal(vio_pci_isr(&unit_pci, 1), 0);
    }
}

/* A wait does not sleep until an interrupt comes where none does: the device
 * works while it is looked at. */
static unsigned clock_looks;

static uint64_t clock_while_it_works(void *ctx)
{
    struct unit_env *e = ctx;

    if (++clock_looks % 8 == 0)
        model_dev_run(unit_way.model);
    return e->now_ns += 1000;
}

static int sleep_while_it_works(void *ctx, uint64_t deadline_ns)
{
    struct unit_env *e = ctx;

    (void)deadline_ns;
    e->idles++;
    model_dev_run(unit_way.model);
    return 0;
}

static void start_two_queues(enum unit_way way, enum vio_pci_interrupts most,
                             uint16_t n_queues)
{
    unit_way_start(way);
    unit_way_set_queues(2);
    unit_way.model->when = MODEL_BY_HAND;
    unit_env.env.idle = sleep_while_it_works;
    unit_env.env.now_ns = clock_while_it_works;
    assert_int_equal(unit_way_probe(), 0);
    unit_pci_allow_msi();
    assert_int_equal(vio_pci_set_interrupts(&unit_pci, most, n_queues, 32), 0);
    assert_int_equal(unit_way_try_up(), 0);
    assert_int_equal(unit_way.blk.info.n_queues, 2);
}

static void assert_sleeps(unsigned queue, bool sleeps)
{
    static unsigned char data[512];
    struct vio_blk_queue *q = vio_blk_get_queue(&unit_way.blk, queue);
    struct vio_buf buf = {data, sizeof data};
    struct vio_blk_req req;

    unit_env.idles = clock_looks = 0;
    vio_blk_prep_read(&req, 0, &buf, 1);
    assert_int_equal(vio_blk_queue(q, &req), 0);
    assert_int_equal(vio_blk_enable_cb(q), sleeps ? 0 : VIO_ENOTSUP);
    assert_int_equal(vio_blk_wait(q, &req, 1000000000), 0);
    assert_int_equal(unit_env.idles, sleeps);
    assert_int_equal(vio_blk_enable_cb(q), sleeps ? 0 : VIO_ENOTSUP);
}

static void nobody_sleeps_without_an_interrupt(void **state)
{
    static const struct {
        enum vio_pci_interrupts most;
        uint16_t n_queues;
        bool sleeps[2];
    } table[] = {
        {VIO_PCI_INTX, 0, {true, true}},
        {VIO_PCI_POLLED, 2, {false, false}},
        {VIO_PCI_MSIX_EACH, 2, {true, true}},
        {VIO_PCI_MSIX_EACH, 1, {true, false}},
        {VIO_PCI_MSIX_SHARED, 1, {true, false}},
        {VIO_PCI_MSIX_SHARED, 0, {false, false}},
    };

    (void)state;
    for_each_way(way)
    {
        for (size_t i = 0; i < COUNT(table) && unit_way_is_pci(way); i++) {
            if (table[i].most == VIO_PCI_INTX && !has_line(way))
                continue;
            start_two_queues(way, table[i].most, table[i].n_queues);
            for (unsigned queue = 0; queue < 2; queue++)
                assert_sleeps(queue, table[i].sleeps[queue]);
            unit_way_down();
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_case(isr_tells_and_acknowledges),
        unit_case(isr_comes_before_what_it_is_about),
        unit_case(t_irq_04_interrupt_at_the_wrong_time),
        unit_case(t_cfg_07_change_while_the_disk_comes_up),
        unit_case(t_irq_02_storm),
        unit_case(t_irq_05_isr_of_a_device_that_is_gone),
        unit_case(line_is_shared),
        unit_case(entry_runs_beside_the_owner),
        unit_case(window_has_no_line),
        unit_case(t_qsz_09_vector_is_lost_before_the_queue_starts),
        unit_case(t_irq_07_unknown_vector),
        unit_cases(nobody_sleeps_without_an_interrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
