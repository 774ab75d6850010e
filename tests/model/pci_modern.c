/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The structures of a modern device, and the monitor of the accesses to them.
 * Registers that do what an MMIO register does are led to that one.
 *
 * Spec: Common configuration structure layout, Notification structure layout.
 */
#include "check.h"
#include "feature.h"
#include "pci.h"

#define R 1u
#define W 2u

enum common {
    C_DEVICE_SELECT = 0x00,
    C_DEVICE_FEATURE = 0x04,
    C_DRIVER_SELECT = 0x08,
    C_DRIVER_FEATURE = 0x0c,
    C_CONFIG_VECTOR = 0x10,
    C_NUM_QUEUES = 0x12,
    C_STATUS = 0x14,
    C_GENERATION = 0x15,
    C_QUEUE_SELECT = 0x16,
    C_QUEUE_SIZE = 0x18,
    C_QUEUE_VECTOR = 0x1a,
    C_QUEUE_ENABLE = 0x1c,
    C_NOTIFY_OFF = 0x1e,
    C_ADDRESSES = 0x20,
    C_ADDRESSES_END = 0x38,
    C_NOTIF_DATA = 0x38,
    C_QUEUE_RESET = 0x3a,
};

/* Width, directions, and the MMIO register that does the same; 0: none. */
static const struct {
    uint8_t offset, width, direction;
    uint32_t mmio;
} layout[] = {
    {C_DEVICE_SELECT, 4, R | W, MR_DEVICE_FEATURES_SEL},
    {C_DEVICE_FEATURE, 4, R, MR_DEVICE_FEATURES},
    {C_DRIVER_SELECT, 4, R | W, MR_DRIVER_FEATURES_SEL},
    {C_DRIVER_FEATURE, 4, R | W, MR_DRIVER_FEATURES},
    {C_CONFIG_VECTOR, 2, R | W, 0},
    {C_NUM_QUEUES, 2, R, 0},
    {C_STATUS, 1, R | W, MR_STATUS},
    {C_GENERATION, 1, R, MR_CONFIG_GENERATION},
    {C_QUEUE_SELECT, 2, R | W, MR_QUEUE_SEL},
    {C_QUEUE_SIZE, 2, R | W, 0},
    {C_QUEUE_VECTOR, 2, R | W, 0},
    {C_QUEUE_ENABLE, 2, R | W, 0},
    {C_NOTIFY_OFF, 2, R, 0},
    {0x20, 4, R | W, MR_QUEUE_DESC},
    {0x24, 4, R | W, MR_QUEUE_DESC + 4},
    {0x28, 4, R | W, MR_QUEUE_DRIVER},
    {0x2c, 4, R | W, MR_QUEUE_DRIVER + 4},
    {0x30, 4, R | W, MR_QUEUE_DEVICE},
    {0x34, 4, R | W, MR_QUEUE_DEVICE + 4},
    {C_NOTIF_DATA, 2, R, 0},
    {C_QUEUE_RESET, 2, R | W, 0},
};

/* Size, vector and the six words of addresses come before queue_enable. */
#define BIT(offset) (1u << ((offset)-C_QUEUE_SIZE) / 2)
#define NEEDED                                                           \
    (BIT(C_QUEUE_SIZE) | BIT(0x20) | BIT(0x24) | BIT(0x28) | BIT(0x2c) | \
     BIT(0x30) | BIT(0x34))

static const char *row_of(unsigned width)
{
    return width == 1 ? "PCI-05" : width == 2 ? "PCI-06" : "PCI-07";
}

/* The MMIO register of an offset. Checks width, direction and existence. */
static uint32_t check(const struct model_pci *m, uint32_t offset,
                      unsigned width, bool write)
{
    for (size_t i = 0; i < sizeof(layout) / sizeof(layout[0]); i++) {
        if (layout[i].offset != offset)
            continue;
        if (layout[i].width != width)
            model_violation(row_of(layout[i].width), "%u bytes at %#x", width,
                            offset);
        if (!(layout[i].direction & (write ? W : R)))
            model_violation("PCI-17", "write to the field at %#x", offset);
        if (offset + width > m->common_length)
            model_violation("T-PCI-18", "field at %#x of %#x bytes", offset,
                            m->common_length);
        return layout[i].mmio;
    }
    model_violation("PCI-05", "no field of the common structure at %#x",
                    offset);
    return 0;
}

/* Step 7 comes after step 6. Merely looking at a device that is reset, to size
 * its memory, is no part of the initialisation. */
static void check_step(const struct model_pci *m, uint32_t offset, bool write)
{
    const struct model_regcheck *k = &m->dev.check;
    bool looking = !k->status && (!write || offset == C_QUEUE_SELECT);

    if (offset >= C_QUEUE_SELECT && offset != C_NOTIF_DATA && !looking &&
        !k->features_confirmed)
        model_violation("INIT-07", "queue field at %#x at status %#x", offset,
                        k->status);
}

static bool selected(const struct model_pci *m)
{
    return m->dev.queue_sel < m->num_queues && model_dev_selected(&m->dev);
}

static uint32_t read_queue(struct model_pci *m, uint32_t offset)
{
    uint32_t q = m->dev.queue_sel;
    struct model_pci_queue *k = &m->check[q % MODEL_QUEUES];

    if (!selected(m))
        return offset == C_QUEUE_VECTOR ? MODEL_NO_VECTOR : 0;
    switch (offset) {
    case C_QUEUE_SIZE:
        return m->queue_size[q] ? m->queue_size[q] : m->dev.queue_max[q];
    case C_QUEUE_VECTOR:
        k->vector_written = false;
        return m->queue_vector[q];
    case C_QUEUE_ENABLE:
        k->enable_written = false;
        return m->dev.reg[q].ready;
    case C_NOTIFY_OFF:
        return m->notify_off[q];
    case C_NOTIF_DATA:
        return m->notif_config_data;
    default: /* C_QUEUE_RESET */
        if (m->queue_resetting && m->queue_reset_reads &&
            m->queue_reset_reads-- == 1)
            m->queue_resetting = false;
        return m->queue_resetting;
    }
}

static uint32_t read_common(struct model_pci *m, uint32_t offset,
                            unsigned width)
{
    uint32_t mmio = check(m, offset, width, false), value;
    unsigned resets = m->dev.resets;

    check_step(m, offset, false);
    if (offset == C_CONFIG_VECTOR) {
        m->config_vector_written = false;
        return m->config_vector;
    }
    if (offset == C_NUM_QUEUES)
        return m->num_queues;
    if (!mmio)
        return read_queue(m, offset);
    model_statecheck_read(&m->dev, mmio);
    value = model_regs_read(&m->dev, mmio, 4);
    if (m->dev.resets != resets)
        model_pci_was_reset(m);
    if (m->dev.on_read)
        value = m->dev.on_read(&m->dev, mmio, width, value);
    model_statecheck_value(&m->dev, mmio, value);
    return value;
}

static void enable(struct model_pci *m, uint32_t value)
{
    uint32_t q = m->dev.queue_sel;
    struct model_pci_queue *k = &m->check[q];

    if (value != 1)
        model_violation("PCI-22", "queue_enable %u", value);
    if ((k->written & NEEDED) != NEEDED)
        model_violation("PCI-20", "queue_enable before the other fields");
    if (k->vector_written)
        model_violation("PCI-37", "the vector was not read back");
    if (!(model_pci_peek(m, 4, 2) & 4))
        model_violation("C1", "queue_enable without bus mastering");
    if (m->refuse_enable)
        return;
    k->enable_written = true;
    m->dev.reg[q].size = m->queue_size[q];
    model_regs_write(&m->dev, MR_QUEUE_READY, 4, value);
}

static void write_size(struct model_pci *m, uint32_t value)
{
    bool packed = m->dev.accepted & MF(MF_PACKED);

    if (!value)
        model_violation(packed ? "PCI-18" : "PCI-19", "queue_size 0");
    else if (!packed && (value & (value - 1)))
        model_violation("PCI-19", "queue_size %u", value);
    if (value > m->dev.queue_max[m->dev.queue_sel])
        model_violation("PCI-19", "queue_size %u, more than there is", value);
    if (!m->keep_size)
        m->queue_size[m->dev.queue_sel] = (uint16_t)value;
}

static void reset_queue(struct model_pci *m, uint32_t value)
{
    uint32_t q = m->dev.queue_sel;

    if (!(m->dev.accepted & MF(MF_RING_RESET)) || value != 1)
        model_violation("PCI-23", "queue_reset %u", value);
    m->dev.reg[q].ready = 0;
    model_queue_stop(&m->dev.queue[q]);
    m->queue_size[q] = 0;
    m->check[q].written = 0;
    m->queue_resetting = m->queue_reset_reads != 0;
}

static void write_queue(struct model_pci *m, uint32_t offset, uint32_t value)
{
    uint32_t q = m->dev.queue_sel;

    if (!selected(m))
        return;
    if (m->dev.reg[q].ready && offset != C_QUEUE_RESET &&
        offset != C_QUEUE_VECTOR)
        model_violation("PCI-20", "field at %#x of a live queue", offset);
    m->check[q].written |= BIT(offset);
    if (offset == C_QUEUE_SIZE) {
        write_size(m, value);
    } else if (offset == C_QUEUE_VECTOR) {
        m->queue_vector[q] = model_pci_map_vector(m, value);
        m->check[q].vector_written = value != MODEL_NO_VECTOR;
    } else if (offset == C_QUEUE_ENABLE) {
        enable(m, value);
    } else {
        reset_queue(m, value);
    }
}

static void write_common(struct model_pci *m, uint32_t offset, unsigned width,
                         uint32_t value)
{
    uint32_t mmio = check(m, offset, width, true);

    check_step(m, offset, true);
    if (offset == C_STATUS) {
        model_pci_set_status(m, value);
    } else if (offset == C_CONFIG_VECTOR) {
        m->config_vector = model_pci_map_vector(m, value);
        m->config_vector_written = value != MODEL_NO_VECTOR;
    } else if (mmio) {
        model_statecheck_write(&m->dev, mmio, value);
        model_regs_write(&m->dev, mmio, 4, value);
        if (offset >= C_ADDRESSES && offset < C_ADDRESSES_END && selected(m))
            m->check[m->dev.queue_sel].written |= BIT(offset);
    } else {
        write_queue(m, offset, value);
    }
}

/* Which queue a doorbell belongs to is told by the value; it must be the right
 * doorbell. */
static void write_notify(struct model_pci *m, uint32_t offset, unsigned width,
                         uint32_t value)
{
    bool wide = m->dev.accepted & MF(MF_NOTIFY_DATA);
    bool own = m->dev.accepted & MF(39);
    uint32_t q = own ? 0 : value & 0xffff;

    if (width != (wide ? 4 : 2))
        model_violation(wide ? "PCI-40" : "PCI-39", "doorbell of %u bytes",
                        width);
    if (own && (value & 0xffff) != m->notif_config_data)
        model_violation("PCI-43", "doorbell value %#x", value);
    if (q >= MODEL_QUEUES || !m->dev.queue[q].live)
        model_violation("PCI-41", "doorbell value %#x", value);
    else if (offset != m->notify_off[q] * m->notify_multiplier)
        model_violation("DX-PCI-01", "doorbell of queue %u at %#x", q, offset);
    if (!(m->dev.status & MS_DRIVER_OK))
        model_violation("INIT-14", "doorbell before DRIVER_OK");
    model_regs_write(&m->dev, MR_QUEUE_NOTIFY, 4,
                     own ? (value & 0xffff0000u) | q : value);
}

static void check_config(const struct model_pci *m, uint32_t offset,
                         unsigned width)
{
    const struct model_field *f = m->dev.fields;

    for (; f && f->bytes; f++)
        if (offset >= f->offset && offset < f->offset + f->bytes &&
            width != f->width)
            model_violation(row_of(f->width), "%u bytes of the field at %u",
                            width, f->offset);
}

/* The configuration space is kept as the guest sees it, and everything here
 * speaks in numbers. */
uint32_t model_modern_read(struct model_pci *m, enum model_pci_part part,
                           uint32_t offset, unsigned width)
{
    m->dev.version = 2;
    if (part == MODEL_COMMON)
        return read_common(m, offset, width);
    if (part == MODEL_ISR)
        return model_pci_read_isr(m);
    if (part == MODEL_NOTIFY)
        model_violation("PCI-17", "a doorbell was read");
    if (part != MODEL_DEVICE)
        return 0;
    check_config(m, offset, width);
    return model_pci_order(width,
                           model_regs_read(&m->dev, MR_CONFIG + offset, width));
}

void model_modern_write(struct model_pci *m, enum model_pci_part part,
                        uint32_t offset, unsigned width, uint32_t value)
{
    m->dev.version = 2;
    if (part == MODEL_COMMON) {
        write_common(m, offset, width, value);
    } else if (part == MODEL_NOTIFY) {
        write_notify(m, offset, width, value);
    } else if (part == MODEL_DEVICE) {
        check_config(m, offset, width);
        model_regs_write(&m->dev, MR_CONFIG + offset, width,
                         model_pci_order(width, value));
    } else {
        model_violation("PCI-17", "write to the ISR");
    }
}
