/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts over MMIO: read, acknowledge, drain (rows T-IRQ of the threats).
 */
#include "unit.h"

static struct vio_device *dev;
static struct vio_virtq vq;

static void probed(uint32_t version)
{
    unit_setup(NULL);
    model_dev_init(&unit_dev, version, 2);
    unit_dev.queue_max[0] = 8;
    dev = unit_probe();
}

static void running(uint32_t version)
{
    probed(version);
    assert_int_equal(vio_device_begin(dev, 0, 0), 0);
    assert_int_equal(vio_device_start(dev), 0);
}

/* D4, MMIO-21, MMIO-32, T-IRQ-06 */
static void isr_reads_and_acknowledges(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits <= 3; bits++) {
        for (uint32_t version = 1; version <= 2; version++) {
            uint64_t writes;

            running(version);
            model_dev_interrupt(&unit_dev, bits);
            writes = unit_dev.writes;
            assert_int_equal(vio_device_isr(dev), bits);
            assert_int_equal(unit_dev.isr, 0);
            assert_int_equal(unit_dev.writes - writes, bits != 0);
            assert_int_equal(vio_device_isr(dev), 0);
        }
    }
}

static uint32_t odd_isr(struct model_dev *d, uint32_t offset, unsigned width,
                        uint32_t value)
{
    (void)width;
    return offset == MR_INTERRUPT_STATUS ? d->isr | 0xfffffff8u : value;
}

static void t_mmi_08_undefined_interrupt_bits(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits <= 3; bits++) {
        running(2);
        model_dev_interrupt(&unit_dev, bits);
        unit_dev.on_read = odd_isr;
        assert_int_equal(vio_device_isr(dev), bits);
        assert_int_equal(unit_dev.isr, 0);
    }
}

static void start_queue(void)
{
    struct vio_virtq_config cfg = {.size = 8};
    struct vio_mem mem = unit_mem(4096, 4096, 4096);
    uint32_t max;

    assert_int_equal(vio_device_begin(dev, 0, 0), 0);
    assert_int_equal(vio_device_queue_max(dev, 0, &max), 0);
    assert_int_equal(vio_virtq_init(&vq, &cfg, &mem), 0);
    assert_int_equal(vio_device_queue_start(dev, &vq), 0);
}

/* T-IRQ-08: a buffer used just before, during or just after the interrupt is
 * served either is found by the drain that follows or raises it again. */
static void use_one(void)
{
    model_queue_complete(&unit_dev.queue[0], 0, 0);
}

static void t_irq_08_interrupt_between_check_and_acknowledge(void **state)
{
    struct vio_sg sg;

    (void)state;
    for (unsigned at = 1; at < 12; at++) {
        unsigned taken = 0;
        void *token;
        uint32_t len;

        probed(2);
        start_queue();
        assert_int_equal(vio_device_start(dev), 0);
        sg.addr = vq.desc_addr;
        sg.len = 1;
        for (unsigned i = 0; i < 2; i++)
            assert_int_equal(vio_virtq_add(&vq, &sg, 1, 0, &sg), 0);
        (void)vio_virtq_enable_cb(&vq);
        vio_virtq_kick(&vq);
        model_queue_complete(&unit_dev.queue[0], 0, 0);
        assert_int_equal(unit_dev.isr, 1);
        unit_at_access(at, use_one);
        assert_int_equal(vio_device_isr(dev), 1);
        while (vio_virtq_get_buf(&vq, &token, &len) == 1)
            taken++;
        model_between = NULL;
        if (unit_countdown)
            use_one();
        assert_true(taken == 2 || unit_dev.isr == 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_case(isr_reads_and_acknowledges),
        unit_case(t_mmi_08_undefined_interrupt_bits),
        unit_case(t_irq_08_interrupt_between_check_and_acknowledge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
