/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register file: what each register does.
 *
 * Spec: MMIO Device Register Layout, Legacy interface.
 */
#include "check.h"
#include "dev.h"
#include "feature.h"

#include <string.h>

/* Where one register leads. NULL: the direction is not there. */
struct reg {
    uint32_t offset;
    uint32_t (*read)(struct model_dev *d, uint32_t offset);
    void (*write)(struct model_dev *d, uint32_t offset, uint32_t value);
};

bool model_dev_selected(const struct model_dev *d)
{
    return d->queue_sel < MODEL_QUEUES && d->queue_max[d->queue_sel];
}

static uint32_t read_identity(struct model_dev *d, uint32_t offset)
{
    const uint32_t word[] = {d->magic, d->version, d->type, d->vendor};

    return word[offset / 4];
}

static uint32_t read_features(struct model_dev *d, uint32_t offset)
{
    (void)offset;
    return d->features_sel < 2 ? (uint32_t)(d->offered >> 32 * d->features_sel)
                               : 0;
}

static void write_features(struct model_dev *d, uint32_t offset, uint32_t value)
{
    uint64_t mask;

    (void)offset;
    if (d->driver_sel > 1)
        return;
    mask = (uint64_t)0xffffffffu << 32 * d->driver_sel;
    d->accepted = (d->accepted & ~mask) | (uint64_t)value << 32 * d->driver_sel;
}

static void write_select(struct model_dev *d, uint32_t offset, uint32_t value)
{
    if (offset == MR_DEVICE_FEATURES_SEL)
        d->features_sel = value;
    else if (offset == MR_DRIVER_FEATURES_SEL)
        d->driver_sel = value;
    else if (offset == MR_QUEUE_SEL)
        d->queue_sel = value;
    else
        d->page_size = value;
}

static uint32_t read_queue(struct model_dev *d, uint32_t offset)
{
    if (!model_dev_selected(d))
        return 0;
    if (offset == MR_QUEUE_SIZE_MAX)
        return d->queue_max[d->queue_sel];
    if (offset == MR_QUEUE_PFN)
        return d->reg[d->queue_sel].pfn;
    return d->reg[d->queue_sel].ready;
}

static void write_size(struct model_dev *d, uint32_t offset, uint32_t value)
{
    if (!model_dev_selected(d))
        return;
    if (offset == MR_QUEUE_SIZE)
        d->reg[d->queue_sel].size = value;
    else
        d->reg[d->queue_sel].align = value;
}

static void write_address(struct model_dev *d, uint32_t offset, uint32_t value)
{
    uint32_t part = (offset - MR_QUEUE_DESC) / 16 * 2 + offset / 4 % 2;

    if (model_dev_selected(d))
        d->reg[d->queue_sel].addr[part] = value;
}

static struct model_queue *prepare(struct model_dev *d)
{
    struct model_queue *q = &d->queue[d->queue_sel];

    q->dev = d;
    q->index = (uint16_t)d->queue_sel;
    q->legacy = model_dev_legacy(d);
    q->features = d->accepted;
    return q;
}

static void write_ready(struct model_dev *d, uint32_t offset, uint32_t value)
{
    const uint32_t *a = d->reg[d->queue_sel % MODEL_QUEUES].addr;

    (void)offset;
    if (!model_dev_selected(d) || d->refuse_queue)
        return;
    d->reg[d->queue_sel].ready = value;
    if (!value)
        model_queue_stop(&d->queue[d->queue_sel]);
    else if (!model_queue_start(prepare(d), d->reg[d->queue_sel].size,
                                a[0] | (uint64_t)a[1] << 32,
                                a[2] | (uint64_t)a[3] << 32,
                                a[4] | (uint64_t)a[5] << 32))
        d->reg[d->queue_sel].ready = 0;
}

/* One piece: the table, the available ring, padding, the used ring. */
static void write_pfn(struct model_dev *d, uint32_t offset, uint32_t value)
{
    uint64_t base = (uint64_t)value * d->page_size, avail, used;
    uint32_t size, align;

    (void)offset;
    if (!model_dev_selected(d) || d->refuse_queue)
        return;
    d->reg[d->queue_sel].pfn = value;
    if (!value) {
        model_queue_stop(&d->queue[d->queue_sel]);
        return;
    }
    size = d->reg[d->queue_sel].size;
    align = d->reg[d->queue_sel].align;
    avail = base + 16 * (uint64_t)size;
    used = avail + 2 * (3 + (uint64_t)size);
    used = (used + align - 1) / align * align;
    if (!model_queue_start(prepare(d), size, base, avail, used))
        d->reg[d->queue_sel].pfn = 0;
}

/* A queue that is reset executes nothing more, and has forgotten all. */
static void finish_queue_reset(struct model_dev *d)
{
    d->reg[d->queue_sel].in_reset = false;
    d->reg[d->queue_sel].ready = 0;
    d->queue_resets++;
}

static void write_queue_reset(struct model_dev *d, uint32_t offset,
                              uint32_t value)
{
    (void)offset;
    if (!model_dev_selected(d) || !(d->accepted & MF(MF_RING_RESET)) ||
        value != 1)
        return;
    model_queue_stop(&d->queue[d->queue_sel]);
    d->reg[d->queue_sel].in_reset = true;
    d->reg[d->queue_sel].reset_left = d->queue_reset_reads;
}

static uint32_t read_queue_reset(struct model_dev *d, uint32_t offset)
{
    unsigned *left = &d->reg[d->queue_sel % MODEL_QUEUES].reset_left;

    (void)offset;
    if (!model_dev_selected(d) || !d->reg[d->queue_sel].in_reset)
        return 0;
    if (*left != MODEL_FOREVER && (*left)-- == 0)
        finish_queue_reset(d);
    return d->reg[d->queue_sel].in_reset;
}

static void write_notify(struct model_dev *d, uint32_t offset, uint32_t value)
{
    (void)offset;
    d->doorbells++;
    if (d->accepted & MF(MF_NOTIFY_DATA))
        value &= 0xffff; /* where the driver is, is a hint */
    if (value >= MODEL_QUEUES || !d->queue[value].live) {
        d->bad_doorbells++;
        return;
    }
    model_ringcheck_doorbell(&d->queue[value]);
    if (d->when == MODEL_AT_DOORBELL)
        model_dev_run(d);
}

static uint32_t read_isr(struct model_dev *d, uint32_t offset)
{
    (void)offset;
    return d->isr;
}

static void write_ack(struct model_dev *d, uint32_t offset, uint32_t value)
{
    (void)offset;
    d->isr &= ~value;
}

static uint32_t read_status(struct model_dev *d, uint32_t offset)
{
    (void)offset;
    if (d->resetting && d->reset_left != MODEL_FOREVER && d->reset_left-- == 0)
        model_dev_reset(d);
    model_suspend_read(d);
    return d->status;
}

static void write_status(struct model_dev *d, uint32_t offset, uint32_t value)
{
    (void)offset;
    if (value == 0) {
        d->last_status = d->status;
        d->resetting = true;
        d->reset_left = d->reset_reads;
        if (!d->reset_left)
            model_dev_reset(d);
        return;
    }
    if (d->resetting)
        return;
    if ((value & MS_FEATURES_OK) &&
        (d->refuse_features || (d->accepted & ~d->offered)))
        value &= ~MS_FEATURES_OK;
    if (value & MS_SUSPEND)
        value = model_suspend_write(d, value);
    d->status = value | (d->status & MS_NEEDS_RESET);
}

static uint32_t read_generation(struct model_dev *d, uint32_t offset)
{
    (void)offset;
    return d->generation;
}

static const struct reg regs[] = {
    {MR_MAGIC, read_identity, NULL},
    {MR_VERSION, read_identity, NULL},
    {MR_DEVICE_ID, read_identity, NULL},
    {MR_VENDOR_ID, read_identity, NULL},
    {MR_DEVICE_FEATURES, read_features, NULL},
    {MR_DEVICE_FEATURES_SEL, NULL, write_select},
    {MR_DRIVER_FEATURES, NULL, write_features},
    {MR_DRIVER_FEATURES_SEL, NULL, write_select},
    {MR_GUEST_PAGE_SIZE, NULL, write_select},
    {MR_QUEUE_SEL, NULL, write_select},
    {MR_QUEUE_SIZE_MAX, read_queue, NULL},
    {MR_QUEUE_SIZE, NULL, write_size},
    {MR_QUEUE_ALIGN, NULL, write_size},
    {MR_QUEUE_PFN, read_queue, write_pfn},
    {MR_QUEUE_READY, read_queue, write_ready},
    {MR_QUEUE_NOTIFY, NULL, write_notify},
    {MR_INTERRUPT_STATUS, read_isr, NULL},
    {MR_INTERRUPT_ACK, NULL, write_ack},
    {MR_STATUS, read_status, write_status},
    {MR_QUEUE_DESC, NULL, write_address},
    {MR_QUEUE_DESC + 4, NULL, write_address},
    {MR_QUEUE_DRIVER, NULL, write_address},
    {MR_QUEUE_DRIVER + 4, NULL, write_address},
    {MR_QUEUE_DEVICE, NULL, write_address},
    {MR_QUEUE_DEVICE + 4, NULL, write_address},
    {MR_QUEUE_RESET, read_queue_reset, write_queue_reset},
    {MR_CONFIG_GENERATION, read_generation, NULL},
};

static const struct reg *find(uint32_t offset)
{
    for (size_t i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
        if (regs[i].offset == offset)
            return &regs[i];
    }
    return NULL;
}

/* A value of 1, 2 or 4 bytes as it lies in the configuration space: memory
 * order, which is what the bus hands over. */
static uint32_t config_read(struct model_dev *d, uint32_t at, unsigned width)
{
    uint8_t byte;
    uint16_t half;
    uint32_t word;

    if (at + width > d->config_len)
        return 0;
    memcpy(&byte, &d->config[at], 1);
    if (width == 1)
        return byte;
    memcpy(&half, &d->config[at], 2);
    if (width == 2)
        return half;
    memcpy(&word, &d->config[at], 4);
    return word;
}

static void config_write(struct model_dev *d, uint32_t at, unsigned width,
                         uint32_t value)
{
    uint8_t byte = (uint8_t)value;
    uint16_t half = (uint16_t)value;

    if (at + width > d->config_len)
        return;
    if (width == 1)
        memcpy(&d->config[at], &byte, 1);
    else if (width == 2)
        memcpy(&d->config[at], &half, 2);
    else
        memcpy(&d->config[at], &value, 4);
}

uint32_t model_regs_read(struct model_dev *d, uint32_t offset, unsigned width)
{
    const struct reg *r = find(offset);

    if (offset >= MR_CONFIG)
        return config_read(d, offset - MR_CONFIG, width);
    return r && r->read ? r->read(d, offset) : 0;
}

void model_regs_write(struct model_dev *d, uint32_t offset, unsigned width,
                      uint32_t value)
{
    const struct reg *r = find(offset);

    if (offset >= MR_CONFIG)
        config_write(d, offset - MR_CONFIG, width, value);
    else if (r && r->write)
        r->write(d, offset, value);
}
