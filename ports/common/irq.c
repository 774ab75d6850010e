/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts of devices, and sleeping until one comes.
 *
 * They are unmasked while main() runs. So one may come after the library has
 * looked at its queue for the last time and before idle() is entered: the
 * handler leaves a note, and idle() looks at it with interrupts masked.
 */
#include "machine.h"

/* Each is stored before it is counted. */
static struct port_device *volatile attached[PORT_DEVICES];
static volatile unsigned n_attached;
static volatile bool woken;
static volatile struct port_irq_counts counts;

int port_attach(struct port_device *device, enum vio_pci_interrupts most,
                uint16_t n_queues)
{
    unsigned n = n_attached;
    int err = 0;

    if (n == PORT_DEVICES)
        return VIO_ENOMEM;
    device->vector = n * PORT_VECTORS;
    if (device->is_pci)
        err = vio_pci_set_interrupts(&device->pci, most, n_queues,
                                     device->vector);
    if (err < 0)
        return err;
    attached[n] = device;
    n_attached = n + 1;
    machine_irq_enable(device->irq);
    return 0;
}

struct port_irq_counts port_irq_counts(void)
{
    return counts;
}

static void count(uint32_t isr)
{
    counts.taken++;
    counts.queue += (isr & VIRTIO_ISR_QUEUE) != 0;
    counts.config += (isr & VIRTIO_ISR_CONFIG) != 0;
    counts.nobodys += isr == 0;
    woken = true;
}

/* A device that sends messages has nothing to do with its line. */
static bool uses_line(const struct port_device *device)
{
    return !device->is_pci ||
           vio_pci_interrupt_mode(&device->pci) == VIO_PCI_INTX;
}

/* A line may be shared: each of its devices is asked. */
void machine_interrupt(uint32_t irq)
{
    uint32_t isr = 0;

    for (unsigned i = 0; i < n_attached; i++)
        if (attached[i]->irq == irq && uses_line(attached[i]))
            isr |= vio_device_isr(&attached[i]->dev);
    count(isr);
}

void machine_message(unsigned vector)
{
    uint32_t isr = 0;

    if (vector / PORT_VECTORS < n_attached)
        isr = vio_pci_isr(&attached[vector / PORT_VECTORS]->pci,
                          vector % PORT_VECTORS);
    counts.messages++;
    count(isr);
}

static int msi_compose(void *ctx, unsigned vector, uint64_t *addr,
                       uint32_t *data)
{
    (void)ctx;
    return machine_msi(vector, addr, data);
}

/* A processor that sleeps is slow to wake: under QEMU that takes longer than a
 * read. So it stays awake for a while first; how long is what Linux's guests
 * have (guest_halt_poll_ns), where they do that. Tells the time. */
#define AWAKE_NS 200000u

static uint64_t stay_awake(uint64_t deadline_ns)
{
    uint64_t begin = machine_now_ns(), now = begin;

    while (!woken && n_attached > 0 && now < deadline_ns &&
           now - begin < AWAKE_NS) {
        vio_relax();
        now = machine_now_ns();
    }
    return now;
}

static int idle(void *ctx, uint64_t deadline_ns)
{
    uint64_t now = stay_awake(deadline_ns);

    (void)ctx;
    machine_irq_mask();
    if (!woken && n_attached > 0 && now < deadline_ns) {
        machine_sleep(deadline_ns);
        counts.sleeps++;
        counts.slept_ns += machine_now_ns() - now;
    } else {
        machine_irq_unmask();
    }
    /* Whatever came until here is found by the look that follows. */
    woken = false;
    return 0;
}

const struct vio_env port_env_sleep = {
    .now_ns = port_now_ns,
    .idle = idle,
    .msi_compose = msi_compose,
    .log = port_log,
};
