/* SPDX-License-Identifier: BSD-2-Clause */
/* The legacy interface: the register file in I/O BAR 0. */
#include "unit_pci.h"

static void start(unsigned parts)
{
    unit_pci_start(parts);
    assert_int_equal(unit_pci_probe(NULL), 0);
    assert_true(unit_pci.dev.legacy);
}

/* C1, C4, LPCI-01, LPCI-03, LGEN-04, DX-LPCI-03 */
static void disk_works(void **state)
{
    (void)state;
    for (unsigned msix = 0; msix < 2; msix++) {
        start(MODEL_PCI_LEGACY | (msix ? MODEL_PCI_MSIX : 0));
        unit_function.dev.offered = ~(uint64_t)0 & ~MF(MF_BLK_RO);
        unit_function.dev.config_len = 0x60;
        unit_pci_up();
        assert_int_equal(unit_pci.dev.features >> 32, 0);
        unit_pci_transfer();
        assert_int_equal(unit_function.dev.version, 1);
        assert_int_equal(unit_function.dev.status & MS_FEATURES_OK, 0);
        assert_int_equal(vio_blk_info(&unit_pci_blk)->queue_size, 256);
        unit_pci_down();
    }
}

/* C2, LPCI-03, DX-LPCI-04: whoever turns MSI-X on or off. */
static void configuration_moves_with_msix(void **state)
{
    static const struct vio_config_field capacity[] = {
        {0, 8, VIO_CONFIG_ALWAYS}};
    struct model_pci *m = &unit_function;
    uint64_t value;

    (void)state;
    start(MODEL_PCI_LEGACY | MODEL_PCI_MSIX);
    for (unsigned i = 0; i < 6; i++) {
        m->space[m->msix_cap + 3u] = (uint8_t)((i & 1) << 7);
        value = 0;
        assert_int_equal(
            vio_device_config_get(&unit_pci.dev, capacity, 1, &value), 0);
        assert_int_equal(value, 64);
    }
}

/* Nothing beyond the BAR is configuration, with MSI-X or without. */
static void configuration_ends_with_the_bar(void **state)
{
    (void)state;
    start(MODEL_PCI_LEGACY);
    assert_int_equal(unit_pci.dev.config_len, 0x80 - 20);
    start(MODEL_PCI_LEGACY | MODEL_PCI_MSIX);
    assert_int_equal(unit_pci.dev.config_len, 0x80 - 24);
    /* A BAR larger than all of I/O space. */
    unit_pci_start(MODEL_PCI_LEGACY);
    unit_function.bar_size[0] = 0x20000;
    model_pci_put(&unit_function, 0x10, 4, 0x20001);
    assert_int_equal(unit_pci_probe(NULL), 0);
    assert_int_equal(unit_pci.dev.config_len, 0x10000 - 20);
    unit_pci_start(MODEL_PCI_LEGACY);
    unit_function.bar_size[0] = 16;
    unit_pci_probe_fails(NULL, VIO_ENODEV, VIO_WHY_NO_LEGACY_BAR);
}

/* DX-LPCI-02, LVQ-01, T-QSZ-01 to 03, T-QSZ-05 */
static void the_device_dictates_the_size(void **state)
{
    static const struct {
        uint32_t size;
        int error;
        enum vio_reason reason;
    } table[] = {
        {8, 0, VIO_WHY_NONE},
        {1024, 0, VIO_WHY_NONE},
        {0, VIO_ENODEV, VIO_WHY_QUEUE_ABSENT},
        {2, VIO_ENOTSUP, VIO_WHY_QUEUE_TOO_SMALL},
        {100, VIO_EPROTO, VIO_WHY_QUEUE_BAD_SIZE},
        {65535, VIO_EPROTO, VIO_WHY_QUEUE_BAD_SIZE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        start(MODEL_PCI_LEGACY);
        unit_function.dev.queue_max[0] = table[i].size;
        assert_int_equal(unit_pci_try_up(), table[i].error);
        if (table[i].error) {
            assert_int_equal(unit_pci.dev.why.reason, table[i].reason);
            continue;
        }
        assert_int_equal(vio_blk_info(&unit_pci_blk)->queue_size,
                         table[i].size);
        unit_pci_transfer();
    }
}

/* E1: a device takes no notice of the number of a queue that it cannot have,
 * and goes on showing the one before. */
static void queue_out_of_range_does_not_exist(void **state)
{
    static const uint16_t beyond[] = {1024, 1025, 0x7fff, 0xffff};
    uint32_t max;

    (void)state;
    for (size_t i = 0; i < COUNT(beyond); i++) {
        start(MODEL_PCI_LEGACY);
        assert_int_equal(vio_device_begin(&unit_pci.dev, 0, 0), 0);
        assert_int_equal(vio_device_queue_max(&unit_pci.dev, 0, &max), 0);
        assert_int_equal(max, 256);
        assert_int_equal(vio_device_queue_max(&unit_pci.dev, 1023, &max), 0);
        assert_int_equal(max, 0);
        assert_int_equal(vio_device_queue_max(&unit_pci.dev, 0, &max), 0);
        assert_int_equal(vio_device_queue_max(&unit_pci.dev, beyond[i], &max),
                         0);
        assert_int_equal(max, 0);
        unit_pci_vq = (struct vio_virtq){
            .index = beyond[i], .size = 256, .desc_addr = 0x1000};
        assert_int_equal(vio_device_queue_start(&unit_pci.dev, &unit_pci_vq),
                         VIO_ENODEV);
        assert_int_equal(unit_pci.dev.why.reason, VIO_WHY_QUEUE_ABSENT);
        assert_int_equal(unit_pci.dev.state, VIO_DEVICE_NEGOTIATED);
        assert_int_equal(unit_function.dev.reg[0].pfn, 0);
    }
}

static void t_qsz_05_memory_for_the_size_is_missing(void **state)
{
    struct vio_need want, least;
    struct vio_mem mem;

    (void)state;
    start(MODEL_PCI_LEGACY);
    unit_function.dev.queue_max[0] = 32768;
    assert_int_equal(vio_blk_mem_size(&unit_pci.dev, NULL, &want, &least), 0);
    mem = unit_mem(65536, 65536, 4096);
    assert_true(least.shared > 65536);
    assert_int_equal(vio_blk_init(&unit_pci_blk, &unit_pci.dev, NULL, &mem),
                     VIO_ENOMEM);
    assert_int_equal(unit_pci.dev.why.reason, VIO_WHY_NEED_SHARED_MEMORY);
    assert_int_equal(unit_pci.dev.why.wanted, least.shared);
}

static void another_size_than_the_devices_is_refused(void **state)
{
    (void)state;
    start(MODEL_PCI_LEGACY);
    assert_int_equal(unit_pci_queue(0, 8), VIO_ENOTSUP);
    assert_int_equal(unit_pci.dev.why.reason, VIO_WHY_QUEUE_SIZE_FIXED);
    assert_int_equal(unit_function.dev.reg[0].pfn, 0);
    assert_int_equal(unit_pci.dev.state, VIO_DEVICE_NEGOTIATED);
}

/* DX-LPCI-01: below 2^44, in whole pages, and not page 0. */
static void t_qsz_10_address_beyond_a_page_number(void **state)
{
    static const struct {
        uint64_t addr;
        bool good;
    } table[] = {
        {0, false},
        {0x800, false},
        {0x1800, false},
        {0xffffffff001u, false},
        {0x100000001000u, false},
        {0x100000000000u, false},
        {0xfffffffff800u, false},
        {UINT64_MAX - 0xfff, false},
        {0x1000, true},
        {0xffffffff000u, true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct vio_virtq vq = {.size = 8, .desc_addr = table[i].addr};
        void *ring;
        int err;

        start(MODEL_PCI_LEGACY);
        unit_function.dev.queue_max[0] = 8;
        ring = memset(unit_alloc(16384, 4096), 0, 16384);
        if (table[i].good)
            model_mem_add_at(ring, 16384, 3, table[i].addr);
        assert_int_equal(vio_device_begin(&unit_pci.dev, 0, 0), 0);
        err = vio_device_queue_start(&unit_pci.dev, &vq);
        assert_int_equal(err, table[i].good ? 0 : VIO_EINVAL);
        assert_int_equal(unit_pci.dev.state, VIO_DEVICE_NEGOTIATED);
        assert_int_equal(unit_function.dev.reg[0].pfn,
                         table[i].good ? table[i].addr >> 12 : 0);
    }
}

static void t_qsz_07_address_does_not_read_back(void **state)
{
    (void)state;
    start(MODEL_PCI_LEGACY);
    unit_function.dev.refuse_queue = true;
    assert_int_equal(unit_pci_try_up(), VIO_EPROTO);
    assert_int_equal(unit_pci.dev.why.reason, VIO_WHY_QUEUE_REJECTED);
}

/* C5, DX-PCI-05, T-IRQ-04, T-IRQ-06 */
static void isr_is_read_and_so_acknowledged(void **state)
{
    (void)state;
    start(MODEL_PCI_LEGACY);
    unit_function.dev.isr = 3;
    assert_int_equal(vio_device_isr(&unit_pci.dev), 0); /* not running */
    assert_int_equal(unit_function.dev.isr, 0);         /* but acknowledged */
    unit_pci_up();
    for (uint32_t bits = 0; bits < 4; bits++) {
        unit_function.dev.isr = bits;
        assert_int_equal(vio_device_isr(&unit_pci.dev), bits);
        assert_int_equal(vio_device_isr(&unit_pci.dev), 0);
    }
    unit_function.dev.isr = 0xfd; /* undefined bits */
    assert_int_equal(vio_pci_isr(&unit_pci, 0), 1);
    unit_function.dev.isr = 0xff; /* T-IRQ-05: it is gone */
    assert_int_equal(vio_pci_isr(&unit_pci, 0), 0);
}

static void doorbell_is_one_write_of_16_bits(void **state)
{
    struct vio_sg sg;
    uint64_t before;

    (void)state;
    start(MODEL_PCI_LEGACY);
    unit_function.dev.queue_max[0] = 8;
    assert_int_equal(unit_pci_queue(0, 8), 0);
    assert_int_equal(vio_device_start(&unit_pci.dev), 0);
    unit_function.dev.when = MODEL_BY_HAND;
    sg.addr = unit_pci_vq.desc_addr;
    sg.len = 1;
    assert_int_equal(vio_virtq_add(&unit_pci_vq, &sg, 1, 0, &sg), 0);
    before = unit_function.dev.reads + unit_function.dev.writes;
    vio_virtq_kick(&unit_pci_vq);
    assert_int_equal(unit_function.dev.reads + unit_function.dev.writes,
                     before + 1);
    assert_int_equal(unit_function.dev.doorbells, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_case(disk_works),
        unit_case(configuration_moves_with_msix),
        unit_case(configuration_ends_with_the_bar),
        unit_case(the_device_dictates_the_size),
        unit_case(queue_out_of_range_does_not_exist),
        unit_case(t_qsz_05_memory_for_the_size_is_missing),
        unit_case(another_size_than_the_devices_is_refused),
        unit_case(t_qsz_10_address_beyond_a_page_number),
        unit_case(t_qsz_07_address_does_not_read_back),
        unit_case(isr_is_read_and_so_acknowledged),
        unit_case(doorbell_is_one_write_of_16_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
