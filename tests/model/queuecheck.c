/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register monitor, third part: the configuration of virtqueues, and
 * doorbells.
 *
 * Spec: Virtqueue Configuration, Legacy interface.
 */
#include "check.h"
#include "dev.h"
#include "feature.h"

/* Bits of `written`, by register. */
#define WRITTEN(offset) (1u << ((offset)-MR_QUEUE_SIZE) / 4)
#define ADDRESSES                                              \
    (WRITTEN(MR_QUEUE_DESC) | WRITTEN(MR_QUEUE_DESC + 4) |     \
     WRITTEN(MR_QUEUE_DRIVER) | WRITTEN(MR_QUEUE_DRIVER + 4) | \
     WRITTEN(MR_QUEUE_DEVICE) | WRITTEN(MR_QUEUE_DEVICE + 4))

static bool is_queue_register(uint32_t offset)
{
    return (offset >= MR_QUEUE_SEL && offset <= MR_QUEUE_READY) ||
           (offset >= MR_QUEUE_DESC && offset <= MR_QUEUE_DEVICE + 4);
}

static bool is_setting(uint32_t offset)
{
    return offset == MR_QUEUE_SIZE || offset == MR_QUEUE_ALIGN ||
           (offset >= MR_QUEUE_DESC && offset <= MR_QUEUE_DEVICE + 4);
}

static struct model_regcheck_queue *selected(struct model_dev *d)
{
    return d->queue_sel < MODEL_QUEUES ? &d->check_queue[d->queue_sel] : NULL;
}

static bool in_use(const struct model_dev *d)
{
    return model_dev_selected(d) &&
           (d->reg[d->queue_sel].ready || d->reg[d->queue_sel].pfn);
}

/* Step 7 comes after step 6. Merely looking at a device that is reset, to size
 * its memory, is no part of the initialisation. */
static void check_step(struct model_dev *d, uint32_t offset, bool write)
{
    uint32_t status = d->check.status;
    bool looking = !status && (!write || offset == MR_QUEUE_SEL);

    if (!is_queue_register(offset) || looking)
        return;
    if (model_dev_legacy(d) ? !(status & MS_DRIVER)
                            : !d->check.features_confirmed)
        model_violation("INIT-07", "queue register %#x at status %#x", offset,
                        status);
}

static void write_size(struct model_dev *d, uint32_t value)
{
    const struct model_regcheck_queue *k = selected(d);

    if (!k || value > k->max_read)
        model_violation(model_dev_legacy(d) ? "DX-LMMIO-04" : "MMIO-16",
                        "QueueSize %u, more than the QueueSizeMax read", value);
    if (!value || (!(d->accepted & MF(MF_PACKED)) && (value & (value - 1))))
        model_violation("DX-SPLIT-01", "QueueSize %u", value);
}

static void write_ready(struct model_dev *d, uint32_t value)
{
    struct model_regcheck_queue *k = selected(d);
    unsigned needed = ADDRESSES | WRITTEN(MR_QUEUE_SIZE);

    if (!k)
        return;
    if (value == 0) {
        k->stopping = true;
        return;
    }
    if (value != 1)
        model_violation("DX-MMIO-03", "QueueReady %u", value);
    if (!k->seen_free)
        model_violation("DX-MMIO-01", "QueueReady was not read as 0 before");
    if ((k->written & needed) != needed)
        model_violation("DX-MMIO-03", "QueueReady before size and addresses");
    if (k->stopping)
        model_violation("MMIO-19", "QueueReady was not read back");
}

/* A queue in reset is neither configured nor enabled before QueueReset was read
 * as 0; afterwards all of it is set again. */
static void write_queue_reset(struct model_dev *d, uint32_t value)
{
    struct model_regcheck_queue *k = selected(d);

    if (!(d->accepted & MF(MF_RING_RESET)))
        model_violation("VQR", "QueueReset without RING_RESET");
    if (value != 1 || !in_use(d))
        model_violation("VQR", "QueueReset %u, ready %u", value, in_use(d));
    if (!k)
        return;
    *k = (struct model_regcheck_queue){.resetting = true};
}

static void write_pfn(struct model_dev *d, uint32_t value)
{
    struct model_regcheck_queue *k = selected(d);

    if (!k || !value)
        return;
    if (!d->check.page_size)
        model_violation("DX-LMMIO-02", "QueuePFN before GuestPageSize");
    if (!k->seen_free)
        model_violation("DX-MMIO-01", "QueuePFN was not read as 0 before");
    if (!(k->written & WRITTEN(MR_QUEUE_SIZE)))
        model_violation("DX-LMMIO-04", "QueuePFN before QueueSize");
    if (!(k->written & WRITTEN(MR_QUEUE_ALIGN)))
        model_violation("DX-LMMIO-05", "QueuePFN before QueueAlign");
}

/* With NOTIFICATION_DATA the upper half is the available index: its low 15 bits
 * as next_off, and bit 15 as next_wrap; of a packed queue the position that
 * comes next and its wrap counter. */
static void check_notify_data(struct model_dev *d, uint32_t value)
{
    const struct model_queue *q = &d->queue[(value & 0xffff) % MODEL_QUEUES];

    if (q->live && value >> 16 != model_notify_data(q))
        model_violation(q->packed ? "DX-NTF-02" : "DX-NTF-01",
                        "notification %#x at available index %#x", value,
                        model_notify_data(q));
}

static void write_notify(struct model_dev *d, uint32_t value)
{
    if (d->accepted & MF(MF_NOTIFY_DATA)) {
        check_notify_data(d, value);
        value &= 0xffff;
    }
    if (!(d->check.status & MS_DRIVER_OK))
        model_violation("INIT-14", "notification at status %#x",
                        d->check.status);
    if (d->check.status & MS_SUSPEND)
        model_violation("SUSP-04", "notification while suspended");
    if (value >= MODEL_QUEUES || !d->queue[value].live)
        model_violation("DX-NTF", "notification %#x of no live queue", value);
}

static bool power_of_two(uint32_t value)
{
    return value && !(value & (value - 1));
}

static void forget_queues(struct model_dev *d)
{
    for (unsigned i = 0; i < MODEL_QUEUES; i++)
        d->check_queue[i] = (struct model_regcheck_queue){0};
}

void model_queuecheck_write(struct model_dev *d, uint32_t offset,
                            uint32_t value)
{
    struct model_regcheck_queue *k = selected(d);

    check_step(d, offset, true);
    if (k && k->resetting && offset != MR_QUEUE_SEL &&
        is_queue_register(offset))
        model_violation("VQR-01", "register %#x before the queue reset is over",
                        offset);
    if (is_setting(offset)) {
        if (in_use(d))
            model_violation("MMIO-17", "register %#x while the queue is ready",
                            offset);
        if (k)
            k->written |= WRITTEN(offset);
    }
    if (offset == MR_QUEUE_SIZE)
        write_size(d, value);
    else if (offset == MR_QUEUE_ALIGN && !power_of_two(value))
        model_violation("DX-LMMIO-05", "QueueAlign %u", value);
    else if (offset == MR_GUEST_PAGE_SIZE && !power_of_two(value))
        model_violation("DX-LMMIO-02", "GuestPageSize %u", value);
    else if (offset == MR_GUEST_PAGE_SIZE)
        d->check.page_size = true;
    else if (offset == MR_QUEUE_READY)
        write_ready(d, value);
    else if (offset == MR_QUEUE_RESET)
        write_queue_reset(d, value);
    else if (offset == MR_QUEUE_PFN)
        write_pfn(d, value);
    else if (offset == MR_QUEUE_NOTIFY)
        write_notify(d, value);
    else if (offset == MR_STATUS && value == 0)
        forget_queues(d);
}

void model_queuecheck_read(struct model_dev *d, uint32_t offset)
{
    check_step(d, offset, false);
    if (offset == MR_QUEUE_SIZE_MAX && model_dev_legacy(d) && in_use(d))
        model_violation("DX-LMMIO-03", "QueueSizeMax while QueuePFN is not 0");
}

void model_queuecheck_value(struct model_dev *d, uint32_t offset,
                            uint32_t value)
{
    struct model_regcheck_queue *k = selected(d);

    if (!k)
        return;
    if (offset == MR_QUEUE_SIZE_MAX)
        k->max_read = value;
    if (offset == MR_QUEUE_RESET && value == 0)
        k->resetting = false;
    if (offset == MR_QUEUE_READY || offset == MR_QUEUE_PFN) {
        k->seen_free = value == 0;
        k->stopping = false;
    }
}
