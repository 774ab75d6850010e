/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register file of a legacy device in I/O space, and the monitor of the
 * accesses to it.
 *
 * Spec: Legacy Interfaces: A Note on PCI Device Layout.
 */
#include "check.h"
#include "feature.h"
#include "pci.h"

#define PAGE 4096u

/* What a queue's number is less than; a select or notification of more is
 * passed over. */
#define QUEUES_MOST 1024u

/* A driver that accepts everything blindly is told apart by this bit. */
#define BAD_FEATURE (1u << 30)

enum legacy {
    L_DEVICE_FEATURES = 0,
    L_DRIVER_FEATURES = 4,
    L_QUEUE_PFN = 8,
    L_QUEUE_SIZE = 12,
    L_QUEUE_SELECT = 14,
    L_NOTIFY = 16,
    L_STATUS = 18,
    L_ISR = 19,
    L_HEADER = 20,
    L_CONFIG_VECTOR = 20,
    L_QUEUE_VECTOR = 22,
    L_HEADER_MSIX = 24,
};

#define R 1u
#define W 2u

static const struct {
    uint8_t offset, width, direction;
} layout[] = {
    {L_DEVICE_FEATURES, 4, R},   {L_DRIVER_FEATURES, 4, R | W},
    {L_QUEUE_PFN, 4, R | W},     {L_QUEUE_SIZE, 2, R},
    {L_QUEUE_SELECT, 2, R | W},  {L_NOTIFY, 2, R | W},
    {L_STATUS, 1, R | W},        {L_ISR, 1, R},
    {L_CONFIG_VECTOR, 2, R | W}, {L_QUEUE_VECTOR, 2, R | W},
};

static void check(uint32_t offset, unsigned width, bool write)
{
    for (size_t i = 0; i < sizeof(layout) / sizeof(layout[0]); i++) {
        if (layout[i].offset != offset)
            continue;
        if (layout[i].width != width)
            model_violation("LPCI-01", "%u bytes at %u", width, offset);
        if (!(layout[i].direction & (write ? W : R)))
            model_violation("LPCI-01", "write to %u", offset);
        return;
    }
    model_violation("LPCI-01", "no register at %u", offset);
}

static uint32_t header_of(const struct model_pci *m)
{
    return model_pci_msix_on(m) ? L_HEADER_MSIX : L_HEADER;
}

/* The legacy interface has one word of features and no selectors. */
static void select_words(struct model_pci *m)
{
    m->dev.features_sel = 0;
    m->dev.driver_sel = 0;
    m->dev.check.features_sel = true;
    m->dev.check.driver_sel = true;
}

static uint32_t read_queue(struct model_pci *m, uint32_t offset)
{
    uint32_t q = m->dev.queue_sel;

    if (offset == L_QUEUE_VECTOR) {
        m->check[q % MODEL_QUEUES].vector_written = false;
        return model_dev_selected(&m->dev) ? m->queue_vector[q]
                                           : MODEL_NO_VECTOR;
    }
    if (!model_dev_selected(&m->dev))
        return 0;
    return offset == L_QUEUE_SIZE ? m->dev.queue_max[q] : m->dev.reg[q].pfn;
}

static uint32_t read_header(struct model_pci *m, uint32_t offset)
{
    unsigned resets = m->dev.resets;
    uint32_t value;

    switch (offset) {
    case L_DEVICE_FEATURES:
        select_words(m);
        model_statecheck_read(&m->dev, MR_DEVICE_FEATURES);
        return (uint32_t)m->dev.offered;
    case L_DRIVER_FEATURES:
        return (uint32_t)m->dev.accepted;
    case L_QUEUE_SELECT:
        return m->dev.queue_sel;
    case L_STATUS:
        value = model_regs_read(&m->dev, MR_STATUS, 4);
        if (m->dev.resets != resets)
            model_pci_was_reset(m);
        if (m->dev.on_read)
            value = m->dev.on_read(&m->dev, MR_STATUS, 1, value);
        model_statecheck_value(&m->dev, MR_STATUS, value);
        return value;
    case L_ISR:
        return model_pci_read_isr(m);
    case L_CONFIG_VECTOR:
        m->config_vector_written = false;
        return m->config_vector;
    default:
        return read_queue(m, offset);
    }
}

/* The whole ring by the number of its page; 0 resets the device. */
static void write_pfn(struct model_pci *m, uint32_t value)
{
    struct model_dev *d = &m->dev;

    if (value == 0) {
        model_dev_reset(d);
        model_pci_was_reset(m);
        return;
    }
    if (!model_dev_selected(d))
        return;
    if (d->reg[d->queue_sel].pfn)
        model_violation("LPCI-01", "address of a live queue");
    if (!(d->status & MS_DRIVER))
        model_violation("INIT-07", "queue address before DRIVER");
    if (!(model_pci_peek(m, 4, 2) & 4))
        model_violation("C1", "queue address without bus mastering");
    d->page_size = PAGE;
    d->reg[d->queue_sel].size = d->queue_max[d->queue_sel];
    d->reg[d->queue_sel].align = PAGE;
    model_regs_write(d, MR_QUEUE_PFN, 4, value);
}

static void write_notify(struct model_pci *m, uint32_t value)
{
    if (!(m->dev.status & MS_DRIVER_OK))
        model_violation("INIT-14", "notification before DRIVER_OK");
    if (value < QUEUES_MOST)
        model_regs_write(&m->dev, MR_QUEUE_NOTIFY, 4, value);
}

static void write_vector(struct model_pci *m, uint32_t offset, uint32_t value)
{
    uint32_t q = m->dev.queue_sel;

    if (offset == L_CONFIG_VECTOR) {
        m->config_vector = model_pci_map_vector(m, value);
        m->config_vector_written = value != MODEL_NO_VECTOR;
    } else if (model_dev_selected(&m->dev)) {
        m->queue_vector[q] = model_pci_map_vector(m, value);
        m->check[q].vector_written = value != MODEL_NO_VECTOR;
    }
}

static void write_header(struct model_pci *m, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case L_DRIVER_FEATURES:
        select_words(m);
        model_statecheck_write(&m->dev, MR_DRIVER_FEATURES, value);
        if (value & BAD_FEATURE)
            value = 0; /* nothing is assumed of such a driver */
        model_regs_write(&m->dev, MR_DRIVER_FEATURES, 4, value);
        break;
    case L_QUEUE_PFN:
        write_pfn(m, value);
        break;
    case L_QUEUE_SELECT:
        if (value < QUEUES_MOST)
            m->dev.queue_sel = value;
        break;
    case L_NOTIFY:
        write_notify(m, value);
        break;
    case L_STATUS:
        model_pci_set_status(m, value);
        break;
    default:
        write_vector(m, offset, value);
    }
}

/* The header is little-endian, what follows is the guest's. */
uint32_t model_legacy_read(struct model_pci *m, uint32_t offset, unsigned width)
{
    uint32_t header = header_of(m);

    m->dev.version = 1;
    if (offset >= header)
        return model_regs_read(&m->dev, MR_CONFIG + offset - header, width);
    check(offset, width, false);
    return model_pci_order(width, read_header(m, offset));
}

void model_legacy_write(struct model_pci *m, uint32_t offset, unsigned width,
                        uint32_t value)
{
    uint32_t header = header_of(m);

    m->dev.version = 1;
    if (offset >= header) {
        model_regs_write(&m->dev, MR_CONFIG + offset - header, width, value);
        return;
    }
    check(offset, width, true);
    write_header(m, offset, model_pci_order(width, value));
}
