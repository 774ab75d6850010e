/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupts of a PCI device: one MSI-X vector per queue and one for the
 * configuration; else two vectors; else the interrupt line; else none.
 *
 * A reset makes the device forget its vectors (4.1.5.1.2.1), so that all this
 * is done anew after each.
 *
 * Spec: 4.1.5.1.2 MSI-X Vector Configuration, 4.1.5.5 Driver Handling
 * Interrupts.
 */
#include "../device_impl.h"
#include "../env_call.h"
#include "../swap.h"
#include "../virtq/ring.h"
#include "pci_impl.h"

#ifndef VIO_NO_PCI

#define ISR_GONE 0xffu
#define ISR_BITS (VIRTIO_ISR_QUEUE | VIRTIO_ISR_CONFIG)

#define EVENT_CONFIG (-1) /* beside the queues */

static bool table_fits(const struct vio_pci *p, uint32_t table, uint32_t pba,
                       uint32_t size)
{
    unsigned bar = table & PCI_MSIX_BIR;

    return vio_pci_in_bar(p, bar, table & ~PCI_MSIX_BIR,
                          (uint64_t)size * PCI_MSIX_ENTRY_SIZE) &&
           p->bar[bar].kind != VIO_PCI_BAR_IO &&
           vio_pci_in_bar(p, pba & PCI_MSIX_BIR, pba & ~PCI_MSIX_BIR,
                          (size + 63) / 64 * 8);
}

/* 4.1.5.1.2.2: any size of the table is fine. */
void vio_pci_find_msix(struct vio_pci *p, const struct pci_cap *cap)
{
    uint32_t control, table, pba, size;

    if (p->msix.cap || cap->at + PCI_MSIX_CAP_SIZE > PCI_CONFIG_END)
        return;
    /* The control word is where others have their length and type. */
    control = cap->len | (uint32_t)cap->cfg_type << 8;
    table = vio_pci_read32(&p->function, cap->at + PCI_MSIX_TABLE);
    pba = vio_pci_read32(&p->function, cap->at + PCI_MSIX_PBA);
    size = (control & PCI_MSIX_SIZE_MASK) + 1;
    p->msix.cap = cap->at;
    if (!table_fits(p, table, pba, size))
        return; /* treated as a device without vectors */
    p->msix.size = (uint16_t)size;
    p->msix.table_bar = table & PCI_MSIX_BIR;
    p->msix.table_offset = table & ~PCI_MSIX_BIR;
}

bool vio_pci_msix_is_on(const struct vio_pci *p)
{
    return p->msix.cap &&
           (vio_pci_read16(&p->function, p->msix.cap + PCI_MSIX_CONTROL) &
            PCI_MSIX_ENABLE);
}

/* Only the two upper bits of the control word can be written. */
static void set_control(const struct vio_pci *p, uint32_t control)
{
    if (p->msix.cap)
        vio_pci_write16(&p->function, p->msix.cap + PCI_MSIX_CONTROL, control);
}

static bool is_msix(enum vio_pci_interrupts mode)
{
    return mode == VIO_PCI_MSIX_SHARED || mode == VIO_PCI_MSIX_EACH;
}

/* Vector 0 is the configuration's, the queues' follow. */
static uint16_t vector_in(enum vio_pci_interrupts mode, int event)
{
    if (event == EVENT_CONFIG)
        return 0;
    return mode == VIO_PCI_MSIX_EACH ? (uint16_t)(event + 1) : 1;
}

static uint32_t n_vectors(const struct vio_pci *p, enum vio_pci_interrupts mode)
{
    return mode == VIO_PCI_MSIX_EACH ? p->irq_queues + 1u : 2;
}

static void write_entry(const struct vio_pci *p, unsigned vector,
                        uint32_t offset, uint32_t value)
{
    vio_reg_write32(p->msix.table, vector * PCI_MSIX_ENTRY_SIZE + offset,
                    VIO_BIG_ENDIAN ? vio_swap32(value) : value);
}

/* Map the first n entries of the table. */
static bool map_table(struct vio_pci *p, uint32_t n)
{
    if (n > p->msix.size)
        return false;
    if (n <= p->msix.mapped)
        return true;
    if (vio_pci_map(p, p->msix.table_bar, p->msix.table_offset,
                    n * PCI_MSIX_ENTRY_SIZE, &p->msix.table, NULL) < 0)
        return false;
    p->msix.mapped = (uint16_t)n;
    vio_pci_command(&p->function, 0, p->command);
    return true;
}

/* Ask the platform for the messages, and write them down. */
static bool fill_table(struct vio_pci *p, uint32_t n)
{
    const struct vio_env *env = p->dev.env;

    for (uint32_t i = 0; i < n; i++) {
        uint64_t addr;
        uint32_t data;

        if (vio_msi_compose(env, p->first_vector + i, &addr, &data) < 0)
            return false;
        write_entry(p, i, PCI_MSIX_ENTRY_CTRL, PCI_MSIX_ENTRY_MASKED);
        write_entry(p, i, PCI_MSIX_ENTRY_ADDR, (uint32_t)addr);
        write_entry(p, i, PCI_MSIX_ENTRY_ADDR + 4, (uint32_t)(addr >> 32));
        write_entry(p, i, PCI_MSIX_ENTRY_DATA, data);
        write_entry(p, i, PCI_MSIX_ENTRY_CTRL, 0);
    }
    return true;
}

/* Where an interface has its vectors. Those of the legacy one are there only
 * while MSI-X is on. */
struct vector_regs {
    uint8_t queue_select;
    uint8_t queue_vector;
    uint8_t config_vector;
};

static const struct vector_regs modern_regs = {
    VIRTIO_PCI_COMMON_QUEUE_SELECT,
    VIRTIO_PCI_COMMON_QUEUE_MSIX_VECTOR,
    VIRTIO_PCI_COMMON_CONFIG_MSIX_VECTOR,
};

static const struct vector_regs legacy_regs = {
    VIRTIO_PCI_LEGACY_QUEUE_SELECT,
    VIRTIO_PCI_LEGACY_QUEUE_MSIX_VECTOR,
    VIRTIO_PCI_LEGACY_CONFIG_MSIX_VECTOR,
};

/* Map an event, which is a queue's index or EVENT_CONFIG, to a vector.
 * 4.1.5.1.2: what was written is read back on success. */
static bool map_vector(const struct vio_pci *p, int event, uint16_t vector)
{
    const struct vector_regs *regs =
        vio_is_legacy(&p->dev) ? &legacy_regs : &modern_regs;
    uint32_t at = regs->config_vector;

    if (event != EVENT_CONFIG) {
        vio_pci_put16(p, regs->queue_select, (uint32_t)event);
        at = regs->queue_vector;
    }
    vio_pci_put16(p, at, vector);
    return vio_pci_get16(p, at) == vector;
}

int vio_pci_map_queue(struct vio_pci *p, uint16_t index)
{
    uint16_t vector = vector_in(p->interrupts, index);

    if (!is_msix(p->interrupts) || index >= p->irq_queues ||
        map_vector(p, index, vector))
        return 0;
    return vio_fail(&p->dev.why, VIO_WHY_QUEUE_VECTOR, index, vector);
}

void vio_pci_note_silence(const struct vio_pci *p, struct vio_virtq *vq)
{
    if (p->interrupts == VIO_PCI_POLLED ||
        (is_msix(p->interrupts) && vq->index >= p->irq_queues))
        vq->flags |= VQ_SILENT;
}

/* Map every event; after a failure none of them is mapped. */
static bool map_events(struct vio_pci *p, enum vio_pci_interrupts mode)
{
    int event = EVENT_CONFIG;

    for (; event < p->irq_queues; event++)
        if (!map_vector(p, event, vector_in(mode, event)))
            break;
    if (event == p->irq_queues)
        return true;
    for (; event >= EVENT_CONFIG; event--)
        map_vector(p, event, VIRTIO_MSI_NO_VECTOR);
    return false;
}

/* Everything stays masked until all of it is right. */
static bool try_msix(struct vio_pci *p, enum vio_pci_interrupts mode)
{
    uint32_t n = n_vectors(p, mode);

    if (!vio_has_msi(p->dev.env) || !map_table(p, n))
        return false;
    set_control(p, PCI_MSIX_ENABLE | PCI_MSIX_MASK_ALL);
    if (fill_table(p, n) && map_events(p, mode)) {
        set_control(p, PCI_MSIX_ENABLE);
        return true;
    }
    set_control(p, 0);
    return false;
}

/* An interrupt line needs the ISR in one access: the several that it takes
 * behind the window would get between those of the device's owner. */
static bool try_mode(struct vio_pci *p, enum vio_pci_interrupts mode)
{
    if (is_msix(mode))
        return try_msix(p, mode);
    return mode == VIO_PCI_POLLED ||
           (p->irq_pin != 0 && p->isr.mapped && !p->no_intx);
}

void vio_pci_start_interrupts(struct vio_pci *p)
{
    static const enum vio_pci_interrupts order[] = {
        VIO_PCI_MSIX_EACH, VIO_PCI_MSIX_SHARED, VIO_PCI_INTX, VIO_PCI_POLLED};
    unsigned i = 0;

    while (order[i] != p->wish)
        i++;
    set_control(p, 0); /* as an earlier stage may have left it */
    while (!try_mode(p, order[i]))
        i++;
    p->interrupts = order[i];
    if (p->interrupts != p->wish)
        vio_log(p->dev.env, VIO_LOG_WARNING, "too few vectors, or no line");
    vio_pci_command(&p->function, PCI_COMMAND_INTX_DISABLE,
                    p->interrupts == VIO_PCI_INTX ? 0
                                                  : PCI_COMMAND_INTX_DISABLE);
}

int vio_pci_set_interrupts(struct vio_pci *p, enum vio_pci_interrupts most,
                           uint16_t n_queues, unsigned first_vector)
{
    if ((unsigned)most > VIO_PCI_MSIX_EACH || n_queues == VIRTIO_MSI_NO_VECTOR)
        return VIO_EINVAL;
    if (p->dev.state == VIO_DEVICE_NEGOTIATED ||
        p->dev.state == VIO_DEVICE_RUNNING ||
        p->dev.state == VIO_DEVICE_SUSPENDED)
        return vio_device_why(&p->dev, VIO_WHY_BAD_STATE, p->dev.state);
    p->wish = most;
    p->wish_queues = n_queues;
    p->first_vector = first_vector;
    return 0;
}

void vio_pci_refuse_intx(struct vio_pci *p)
{
    p->no_intx = true;
}

enum vio_pci_interrupts vio_pci_interrupt_mode(const struct vio_pci *p)
{
    return p->interrupts;
}

int vio_pci_mask(struct vio_pci *p, unsigned vector, bool masked)
{
    if (!is_msix(p->interrupts) || vector >= n_vectors(p, p->interrupts))
        return VIO_EINVAL;
    write_entry(p, vector, PCI_MSIX_ENTRY_CTRL,
                masked ? PCI_MSIX_ENTRY_MASKED : 0);
    return 0;
}

/* 4.1.4.5: reading acknowledges. With MSI-X it is left alone (4.1.4.5.2), and
 * without a vector nothing is known: everything may have happened. */
uint32_t vio_pci_read_isr(struct vio_device *dev)
{
    const struct vio_pci *p = pci_of(dev);
    uint32_t isr;

    if (is_msix(p->interrupts))
        return ISR_BITS;
    if (!p->isr.mapped)
        return 0;
    isr = vio_pci_get(p, &p->isr, 0, 1);
    return isr == ISR_GONE ? 0 : isr & ISR_BITS;
}

uint32_t vio_pci_isr(struct vio_pci *p, unsigned vector)
{
    if (!is_msix(p->interrupts))
        return vio_device_isr(&p->dev);
    if (vector >= n_vectors(p, p->interrupts))
        return 0;
    return vio_device_heard(&p->dev,
                            vector == 0 ? VIRTIO_ISR_CONFIG : VIRTIO_ISR_QUEUE);
}

#endif
