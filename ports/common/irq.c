/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts of devices, and sleeping until one comes.
 *
 * They are unmasked while main() runs. So one may come after the library has
 * looked at its queue for the last time and before idle() is entered: the
 * handler leaves a note, and idle() looks at it with interrupts masked.
 */
#include "machine.h"

#define LINES 32

static struct {
    struct vio_device *dev;
    uint32_t irq;
} line[LINES];

static volatile unsigned n_lines;
static volatile bool woken;
static volatile struct port_irq_counts counts;

int port_attach(struct vio_device *dev, uint32_t irq)
{
    unsigned n = n_lines;

    if (n == LINES)
        return VIO_ENOMEM;
    line[n].dev = dev;
    line[n].irq = irq;
    n_lines = n + 1;
    machine_irq_enable(irq);
    return 0;
}

struct port_irq_counts port_irq_counts(void)
{
    return counts;
}

/* A line may be shared: each of its devices is asked. */
void machine_interrupt(uint32_t irq)
{
    uint32_t isr = 0;

    for (unsigned i = 0; i < n_lines; i++)
        if (line[i].irq == irq)
            isr |= vio_device_isr(line[i].dev);
    counts.taken++;
    counts.queue += (isr & VIRTIO_ISR_QUEUE) != 0;
    counts.config += (isr & VIRTIO_ISR_CONFIG) != 0;
    counts.nobodys += isr == 0;
    woken = true;
}

static int idle(void *ctx, uint64_t deadline_ns)
{
    uint64_t now = machine_now_ns();

    (void)ctx;
    machine_irq_mask();
    if (!woken && n_lines > 0 && now < deadline_ns) {
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
    .log = port_log,
};
