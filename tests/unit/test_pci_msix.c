/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts of a PCI device: which of the four ways comes out, and what is
 * left of the ones that failed. That vectors are read back and that the ISR is
 * left alone with MSI-X is what the model's monitor watches.
 */
#include "unit_pci.h"

static void start(unsigned parts, enum vio_pci_interrupts most, uint16_t queues)
{
    unit_pci_start(parts);
    unit_pci_allow_msi();
    for (unsigned i = 0; i < 8; i++)
        unit_function.dev.queue_max[i] = 256;
    unit_function.num_queues = 8;
    assert_int_equal(unit_pci_probe(NULL), 0);
    assert_int_equal(vio_pci_set_interrupts(&unit_pci, most, queues, 32), 0);
}

static void assert_mode(enum vio_pci_interrupts mode)
{
    bool msix = mode == VIO_PCI_MSIX_EACH || mode == VIO_PCI_MSIX_SHARED;
    struct model_pci *m = &unit_function;

    assert_int_equal(vio_pci_interrupt_mode(&unit_pci), mode);
    assert_int_equal(model_pci_msix_on(m), msix);
    if (m->msix_cap)
        assert_int_equal(m->space[m->msix_cap + 3u] & 0x40, 0);
    assert_int_equal(m->config_vector, msix ? 0 : MODEL_NO_VECTOR);
    for (unsigned i = 0; i < MODEL_QUEUES; i++) {
        unsigned vector = mode == VIO_PCI_MSIX_EACH ? i + 1 : 1;

        assert_int_equal(m->queue_vector[i], msix && i < unit_pci.irq_queues
                                                 ? vector
                                                 : MODEL_NO_VECTOR);
    }
    /* INTx disable */
    assert_int_equal(model_pci_peek(m, 4, 2) >> 10 & 1, mode != VIO_PCI_INTX);
}

static void set_table_size(unsigned vectors)
{
    model_pci_put(&unit_function, unit_function.msix_cap + 2u, 2, vectors - 1);
}

static const unsigned both[] = {MODEL_PCI_MODERN | MODEL_PCI_MSIX,
                                MODEL_PCI_LEGACY | MODEL_PCI_MSIX};

/* C6, PCI-33, PCI-36: by the number of vectors that there are. */
static void modes_by_the_size_of_the_table(void **state)
{
    static const struct {
        unsigned vectors;
        enum vio_pci_interrupts mode;
    } table[] = {
        {1, VIO_PCI_INTX},        {2, VIO_PCI_MSIX_SHARED},
        {4, VIO_PCI_MSIX_SHARED}, {5, VIO_PCI_MSIX_EACH},
        {6, VIO_PCI_MSIX_EACH},   {0x7f, VIO_PCI_MSIX_EACH},
    };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(table); i++) {
        unit_pci_start(both[i & 1]);
        unit_pci_allow_msi();
        unit_function.num_queues = 4;
        for (unsigned q = 0; q < 4; q++)
            unit_function.dev.queue_max[q] = 256;
        set_table_size(table[i / 2].vectors);
        assert_int_equal(unit_pci_probe(NULL), 0);
        assert_int_equal(
            vio_pci_set_interrupts(&unit_pci, VIO_PCI_MSIX_EACH, 4, 32), 0);
        unit_pci_up();
        assert_mode(table[i / 2].mode);
        assert_int_equal(unit_env.logs > 0,
                         table[i / 2].mode != VIO_PCI_MSIX_EACH);
        unit_pci_transfer();
        unit_pci_down();
    }
}

static void modes_by_the_callers_wish(void **state)
{
    static const enum vio_pci_interrupts modes[] = {
        VIO_PCI_INTX, VIO_PCI_POLLED, VIO_PCI_MSIX_SHARED, VIO_PCI_MSIX_EACH};

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(modes); i++) {
        start(both[i & 1], modes[i / 2], 1);
        unit_pci_up();
        assert_mode(modes[i / 2]);
        unit_pci_transfer();
        /* DX-PCI-06: and again after a reset. */
        unit_pci_down();
        unit_pci_up();
        assert_mode(modes[i / 2]);
    }
}

/* Whose line leads nowhere is polled rather than waited for. */
static void line_may_be_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        unit_pci_start(both[i & 1]);
        unit_pci_allow_msi();
        set_table_size(i < 2 ? 1 : 2);
        assert_int_equal(unit_pci_probe(NULL), 0);
        vio_pci_refuse_intx(&unit_pci);
        assert_int_equal(
            vio_pci_set_interrupts(&unit_pci, VIO_PCI_MSIX_EACH, 1, 32), 0);
        unit_pci_up();
        assert_mode(i < 2 ? VIO_PCI_POLLED : VIO_PCI_MSIX_EACH);
        unit_pci_transfer();
        unit_pci_down();
    }
}

static void the_table_holds_the_messages(void **state)
{
    struct model_pci *m = &unit_function;

    (void)state;
    start(both[0], VIO_PCI_MSIX_EACH, 2);
    unit_pci_up();
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(m->table[i][0], (uint32_t)UNIT_MSI_ADDRESS);
        assert_int_equal(m->table[i][1], UNIT_MSI_ADDRESS >> 32);
        assert_int_equal(m->table[i][2], UNIT_MSI_DATA + 32 + i);
        assert_int_equal(m->table[i][3], 0);
    }
    assert_int_equal(vio_pci_mask(&unit_pci, 1, true), 0);
    assert_int_equal(m->table[1][3], 1);
    assert_int_equal(vio_pci_mask(&unit_pci, 1, false), 0);
    assert_int_equal(m->table[1][3], 0);
    assert_int_equal(vio_pci_mask(&unit_pci, 3, true), VIO_EINVAL);
    assert_int_equal(m->table[3][3], 0);
}

/* PCI-37, PCI-38, T-QSZ-09 */
static void t_qsz_09_a_vector_is_not_mapped(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        for (unsigned vector = 0; vector < 5; vector++) {
            start(both[i], VIO_PCI_MSIX_EACH, 4);
            unit_function.bad_vectors = (uint64_t)1 << vector;
            unit_pci_up();
            assert_mode(vector < 2 ? VIO_PCI_INTX : VIO_PCI_MSIX_SHARED);
            unit_pci_transfer();
        }
    }
}

static void a_message_cannot_be_composed(void **state)
{
    (void)state;
    start(both[0], VIO_PCI_MSIX_EACH, 4);
    unit_msi_bad = 32 + 3;
    unit_pci_up();
    assert_mode(VIO_PCI_MSIX_SHARED);
    start(both[0], VIO_PCI_MSIX_EACH, 4);
    unit_msi_bad = 32 + 1;
    unit_pci_up();
    assert_mode(VIO_PCI_INTX);
    start(both[0], VIO_PCI_MSIX_EACH, 4);
    unit_env.env.msi_compose = NULL;
    unit_pci_up();
    assert_mode(VIO_PCI_INTX);
    start(both[0], VIO_PCI_MSIX_EACH, 4);
    unit_pci.dev.env = NULL;
    assert_int_equal(vio_device_begin(&unit_pci.dev, 0, 0), 0);
    assert_mode(VIO_PCI_INTX);
}

static void without_a_line_it_is_polling(void **state)
{
    static const uint8_t no_pins[] = {0, 5, 0xff};

    (void)state;
    for (size_t i = 0; i < COUNT(no_pins); i++) {
        unit_pci_start(MODEL_PCI_MODERN);
        unit_function.space[0x3d] = no_pins[i];
        assert_int_equal(unit_pci_probe(NULL), 0);
        assert_int_equal(unit_pci.irq_pin, 0);
        unit_pci_up();
        assert_mode(VIO_PCI_POLLED);
        unit_pci_transfer();
    }
    unit_pci_start(MODEL_PCI_MODERN);
    unit_function.space[0x3d] = 4;
    assert_int_equal(unit_pci_probe(NULL), 0);
    assert_int_equal(unit_pci.irq_pin, 4);
    /* Nor without the register that says what an interrupt is about. */
    unit_pci_start(MODEL_PCI_MODERN);
    assert_int_equal(unit_function.space[0x67], MODEL_ISR);
    unit_function.space[0x66] = 4;
    assert_int_equal(unit_pci_probe(NULL), 0);
    unit_pci_up();
    assert_mode(VIO_PCI_POLLED);
    unit_pci_transfer();
}

static void t_pci_23_table_makes_no_sense(void **state)
{
    static const struct {
        uint32_t table, pba;
    } table[] = {
        {0x6, 0x801},  {0x7, 0x801},      {0x1, 0x806},
        {0x1, 0x1001}, {0xfc1, 0x801},    {0xfffffff9, 0x801},
        {0x3, 0x801},  {0x1, 0xfffffff9}, {0x0, 0x801}, /* in I/O space */
    };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(table); i++) {
        unit_pci_start(both[i & 1] | MODEL_PCI_LEGACY);
        unit_pci_allow_msi();
        model_pci_put(&unit_function, unit_function.msix_cap + 4u, 4,
                      table[i / 2].table);
        model_pci_put(&unit_function, unit_function.msix_cap + 8u, 4,
                      table[i / 2].pba);
        assert_int_equal(unit_pci_probe(NULL), 0);
        assert_int_equal(
            vio_pci_set_interrupts(&unit_pci, VIO_PCI_MSIX_EACH, 1, 0), 0);
        unit_pci_up();
        assert_mode(VIO_PCI_INTX);
        unit_pci_transfer();
    }
}

/* Of several the first counts; one that is cut off by the end does not. */
static void t_pci_23_capability_is_repeated_or_cut_off(void **state)
{
    struct model_pci *m = &unit_function;

    (void)state;
    for (unsigned cut = 0; cut < 2; cut++) {
        unit_pci_start(MODEL_PCI_MODERN | (cut ? 0 : MODEL_PCI_MSIX));
        unit_pci_allow_msi();
        if (cut)
            m->next_cap = 0xf8;
        model_pci_cap(m, 0x11, cut ? 8 : 12);
        assert_int_equal(unit_pci_probe(NULL), 0);
        assert_int_equal(unit_pci.msix.cap, m->msix_cap);
        assert_int_equal(
            vio_pci_set_interrupts(&unit_pci, VIO_PCI_MSIX_EACH, 1, 32), 0);
        unit_pci_up();
        assert_mode(cut ? VIO_PCI_INTX : VIO_PCI_MSIX_EACH);
        unit_pci_transfer();
    }
}

/* PCI-34: a queue that raises no interrupts is mapped to no vector. */
static void queue_beyond_those_that_interrupt(void **state)
{
    struct vio_virtq_config cfg = {.index = 1, .size = 8};
    struct vio_mem mem;

    (void)state;
    start(both[0], VIO_PCI_MSIX_EACH, 1);
    assert_int_equal(unit_pci_queue(0, 8), 0);
    assert_int_equal(unit_function.queue_vector[0], 1);
    mem = unit_mem(65536, 16384, 4096);
    cfg.features = unit_pci.dev.features;
    assert_int_equal(vio_virtq_init(&unit_pci_vq, &cfg, &mem), 0);
    assert_int_equal(vio_device_queue_start(&unit_pci.dev, &unit_pci_vq), 0);
    assert_true(unit_function.dev.queue[1].live);
    assert_mode(VIO_PCI_MSIX_EACH);
}

/* An earlier stage has left MSI-X on, and we do not want it. */
static void msix_of_an_earlier_stage_is_turned_off(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        unit_pci_start(both[i]);
        unit_function.space[unit_function.msix_cap + 3u] = 0xc0;
        assert_int_equal(unit_pci_probe(NULL), 0);
        unit_pci_up();
        assert_mode(VIO_PCI_INTX);
        unit_pci_transfer();
    }
}

/* PCI-28, PCI-45, T-IRQ-01, T-IRQ-04, T-IRQ-07 */
static void isr_by_vector(void **state)
{
    (void)state;
    start(both[0], VIO_PCI_MSIX_EACH, 2);
    assert_int_equal(vio_device_begin(&unit_pci.dev, 0, 0), 0);
    assert_int_equal(vio_pci_isr(&unit_pci, 1), 0); /* not running yet */
    assert_int_equal(vio_pci_isr(&unit_pci, 0), VIRTIO_ISR_CONFIG);
    unit_pci_up();
    assert_int_equal(vio_pci_isr(&unit_pci, 0), VIRTIO_ISR_CONFIG);
    assert_int_equal(vio_pci_isr(&unit_pci, 1), VIRTIO_ISR_QUEUE);
    assert_int_equal(vio_pci_isr(&unit_pci, 2), VIRTIO_ISR_QUEUE);
    assert_int_equal(vio_pci_isr(&unit_pci, 3), 0);
    assert_int_equal(vio_pci_isr(&unit_pci, ~0u), 0);
    /* Who does not know the vector has to look at everything. */
    assert_int_equal(vio_device_isr(&unit_pci.dev),
                     VIRTIO_ISR_QUEUE | VIRTIO_ISR_CONFIG);
    assert_int_equal(unit_function.isr_reads, 0);
    unit_pci_down();
    assert_int_equal(vio_pci_isr(&unit_pci, 1), 0);
}

static void wishes_are_checked(void **state)
{
    (void)state;
    start(both[0], VIO_PCI_INTX, 1);
    assert_int_equal(
        vio_pci_set_interrupts(&unit_pci, (enum vio_pci_interrupts)4, 1, 0),
        VIO_EINVAL);
    unit_function.dev.offered |= MF(MF_SUSPEND);
    for (unsigned step = 0; step < 3; step++) {
        if (step == 0)
            assert_int_equal(vio_device_begin(&unit_pci.dev, 0, 0), 0);
        else if (step == 1)
            unit_pci_up();
        else
            assert_int_equal(vio_device_suspend(&unit_pci.dev), 0);
        assert_int_equal(
            vio_pci_set_interrupts(&unit_pci, VIO_PCI_MSIX_EACH, 1, 0),
            VIO_EBADSTATE);
        assert_mode(VIO_PCI_INTX);
    }
    assert_int_equal(vio_pci_mask(&unit_pci, 0, true), VIO_EINVAL);
}

static void more_queues_than_there_are_need_no_vectors(void **state)
{
    static const uint16_t queues[] = {9, 17, 1000, 1023, 1024, 1025, 0xfffe};

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(queues); i++) {
        start(both[i & 1], VIO_PCI_MSIX_EACH, queues[i / 2]);
        set_table_size(64);
        assert_int_equal(unit_pci_probe(NULL), 0);
        assert_int_equal(vio_pci_set_interrupts(&unit_pci, VIO_PCI_MSIX_EACH,
                                                queues[i / 2], 0),
                         0);
        unit_pci_up();
        assert_mode(VIO_PCI_MSIX_EACH);
        assert_int_equal(unit_pci.irq_queues, 8);
        unit_pci_transfer();
    }
    assert_int_equal(
        vio_pci_set_interrupts(&unit_pci, VIO_PCI_MSIX_EACH, 0xffff, 0),
        VIO_EINVAL);
}

/* What is wanted next time is not in use: the table may not reach so far. */
static void a_wish_is_nothing_in_use(void **state)
{
    (void)state;
    start(both[0], VIO_PCI_MSIX_EACH, 1);
    unit_pci_up();
    assert_int_equal(vio_pci_mask(&unit_pci, 1, true), 0);
    unit_pci_down();
    assert_int_equal(
        vio_pci_set_interrupts(&unit_pci, VIO_PCI_MSIX_EACH, 1000, 32), 0);
    assert_int_equal(vio_pci_mask(&unit_pci, 2, true), VIO_EINVAL);
    assert_int_equal(vio_pci_mask(&unit_pci, 1000, true), VIO_EINVAL);
}

/* The wish is tried each time, whatever it came to the last time. */
static void a_wish_outlives_a_device_without_queues(void **state)
{
    (void)state;
    start(both[1], VIO_PCI_MSIX_EACH, 2);
    for (unsigned i = 0; i < 8; i++)
        unit_function.dev.queue_max[i] = 0;
    assert_int_equal(unit_pci_try_up(), VIO_ENODEV);
    for (unsigned i = 0; i < 8; i++)
        unit_function.dev.queue_max[i] = 256;
    unit_pci_up();
    assert_int_equal(unit_pci.irq_queues, 2);
    assert_mode(VIO_PCI_MSIX_EACH);
    unit_pci_transfer();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_case(modes_by_the_size_of_the_table),
        unit_case(modes_by_the_callers_wish),
        unit_case(line_may_be_refused),
        unit_case(the_table_holds_the_messages),
        unit_case(t_qsz_09_a_vector_is_not_mapped),
        unit_case(a_message_cannot_be_composed),
        unit_case(without_a_line_it_is_polling),
        unit_case(t_pci_23_table_makes_no_sense),
        unit_case(t_pci_23_capability_is_repeated_or_cut_off),
        unit_case(queue_beyond_those_that_interrupt),
        unit_case(msix_of_an_earlier_stage_is_turned_off),
        unit_case(isr_by_vector),
        unit_case(wishes_are_checked),
        unit_case(more_queues_than_there_are_need_no_vectors),
        unit_case(a_wish_is_nothing_in_use),
        unit_case(a_wish_outlives_a_device_without_queues),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
