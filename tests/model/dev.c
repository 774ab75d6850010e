/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model as a whole: its devices, and the place that every access of the
 * driver passes.
 */
#include "dev.h"

#include <string.h>

#include "access.h"
#include "check.h"
#include "feature.h"
#include "mem.h"
#include "packed.h"

#define DEVICES_MAX  8
#define FIRST_WINDOW 0x10008000u
#define BIG          (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

model_access_fn *model_access_hook;
model_access_fn *model_between;
bool (*model_other_regs)(bool write, uintptr_t addr, unsigned width,
                         uint32_t *value);
int model_fence;
uint64_t model_accesses;

static struct model_dev *devices[DEVICES_MAX];
static unsigned n_devices;
static bool busy; /* what the model does itself is not watched */

bool model_dev_legacy(const struct model_dev *d)
{
    return d->version == 1;
}

uint64_t model_dev_accesses(const struct model_dev *d)
{
    return d->reads + d->writes;
}

/* A driver that waits must have told the device before. */
static void waits(struct model_dev *d)
{
    for (unsigned i = 0; i < MODEL_QUEUES; i++) {
        if (d->queue[i].live)
            model_ringcheck_settled(&d->queue[i]);
    }
    if (d->when == MODEL_AT_POLL)
        model_dev_run(d);
}

static void watch(struct model_dev *d, enum model_kind kind, const void *ptr,
                  unsigned width, uint64_t value)
{
    for (unsigned i = 0; i < MODEL_QUEUES; i++) {
        if (d->queue[i].live)
            model_ringcheck_access(&d->queue[i], kind, ptr, width, value);
    }
    if (d->when == MODEL_AT_WILL)
        model_dev_run(d);
}

static void on_access(enum model_kind kind, const void *ptr, unsigned width,
                      uint64_t value)
{
    if (busy)
        return;
    busy = true;
    model_accesses++;
    if (model_between)
        model_between(kind, ptr, width, value);
    for (unsigned i = 0; i < n_devices; i++) {
        if (kind == MODEL_RELAX)
            waits(devices[i]);
        else if (kind != MODEL_REG_READ && kind != MODEL_REG_WRITE)
            watch(devices[i], kind, ptr, width, value);
    }
    busy = false;
}

void model_start(void)
{
    n_devices = 0;
    busy = false;
    model_accesses = 0;
    model_between = NULL;
    model_other_regs = NULL;
    model_access_hook = on_access;
    model_check_reset();
    model_mem_reset();
    model_packed_reset();
}

void model_stop(void)
{
    model_between = NULL;
    for (unsigned i = 0; i < n_devices; i++) {
        devices[i]->when = MODEL_BY_HAND;
        waits(devices[i]);
    }
    model_access_hook = NULL;
}

void model_dev_init(struct model_dev *d, uint32_t version, uint32_t type)
{
    memset(d, 0, sizeof(*d));
    d->window = FIRST_WINDOW + 0x1000 * (uintptr_t)n_devices;
    d->length = 0x200;
    d->magic = 0x74726976;
    d->version = version;
    d->type = type;
    d->vendor = 0x554d4551;
    d->offered = version == 2 ? MF(MF_VERSION_1) : 0;
    d->config_len = 0x100;
    d->gone_after = -1;
    d->page_size = 1;
    devices[n_devices++] = d;
}

void model_dev_reset(struct model_dev *d)
{
    d->resetting = false;
    d->status = 0;
    d->suspended = false;
    d->suspend_left = 0;
    d->isr = 0;
    d->accepted = 0;
    d->resets++;
    memset(d->reg, 0, sizeof(d->reg));
    for (unsigned i = 0; i < MODEL_QUEUES; i++)
        model_queue_stop(&d->queue[i]);
}

void model_dev_assume_running(struct model_dev *d, uint64_t features)
{
    d->status = MS_ACKNOWLEDGE | MS_DRIVER | MS_DRIVER_OK |
                (model_dev_legacy(d) ? 0 : MS_FEATURES_OK);
    d->offered |= features;
    d->accepted = features;
    d->check.probed = 7;
    d->check.was_reset = true;
    d->check.status = d->status;
    d->check.features_confirmed = true;
}

static void serve(struct model_queue *q, struct model_chain *chain)
{
    int64_t len = q->dev->serve ? q->dev->serve(q->dev, chain) : MODEL_HOLD;

    if (!q->live)
        return; /* reset under its feet */
    if (len == MODEL_HOLD)
        q->held[q->n_held++] = chain->head;
    else
        model_queue_push(q, chain->head, (uint32_t)len);
}

static void run_queue(struct model_queue *q)
{
    static struct model_chain chain;

    do {
        while (q->live && model_queue_pop(q, &chain))
            serve(q, &chain);
        model_queue_arm(q);
    } while (model_queue_pending(q));
}

void model_dev_run(struct model_dev *d)
{
    bool was_busy = busy;

    if (!(d->status & MS_DRIVER_OK) || (d->status & MS_NEEDS_RESET))
        return;
    busy = true;
    for (unsigned i = 0; i < MODEL_QUEUES; i++) {
        if (d->queue[i].live)
            run_queue(&d->queue[i]);
    }
    busy = was_busy;
}

void model_dev_interrupt(struct model_dev *d, uint32_t bits)
{
    d->isr |= bits;
    d->interrupts++;
}

void model_dev_needs_reset(struct model_dev *d)
{
    d->status |= MS_NEEDS_RESET;
    if (d->status & MS_DRIVER_OK)
        model_dev_interrupt(d, 2);
}

void model_config_put(struct model_dev *d, uint32_t offset, unsigned bytes,
                      uint64_t value)
{
    for (unsigned i = 0; i < bytes; i++) {
        bool big = BIG && model_dev_legacy(d);
        unsigned shift = 8 * (big ? bytes - 1 - i : i);

        d->config[offset + i] = (uint8_t)(value >> shift);
    }
}

static struct model_dev *device_at(uintptr_t addr, uint32_t *offset)
{
    for (unsigned i = 0; i < n_devices; i++) {
        if (addr >= devices[i]->window && addr - devices[i]->window < 0x1000) {
            *offset = (uint32_t)(addr - devices[i]->window);
            return devices[i];
        }
    }
    model_violation("MMIO-01", "register access at %#llx, which is no device",
                    (unsigned long long)addr);
    return NULL;
}

static bool is_gone(struct model_dev *d)
{
    if (d->gone_after < 0)
        return false;
    if (d->gone_after == 0) {
        /* Nothing is done any more, and nothing is expected. */
        for (unsigned i = 0; i < MODEL_QUEUES; i++)
            model_queue_stop(&d->queue[i]);
        return true;
    }
    d->gone_after--;
    return false;
}

/* Control registers are little-endian, guest-endian on a legacy device. */
static uint32_t bus_order(const struct model_dev *d, uint32_t offset,
                          uint32_t value)
{
    return BIG && !model_dev_legacy(d) && offset < MR_CONFIG
               ? __builtin_bswap32(value)
               : value;
}

uint32_t model_reg_read(uintptr_t base, uint32_t offset, unsigned width)
{
    uint32_t value;
    struct model_dev *d;

    model_on_access(MODEL_REG_READ, NULL, width, base + offset);
    if (model_other_regs &&
        model_other_regs(false, base + offset, width, &value))
        return value;
    d = device_at(base + offset, &offset);
    if (!d)
        return ~0u;
    d->reads++;
    if (is_gone(d))
        return d->gone_is_zero ? 0 : ~0u;
    model_regcheck_access(d, offset, width, false, 0);
    value = model_regs_read(d, offset, width);
    if (d->on_read)
        value = d->on_read(d, offset, width, value);
    model_regcheck_value(d, offset, value);
    return bus_order(d, offset, value);
}

void model_reg_write(uintptr_t base, uint32_t offset, unsigned width,
                     uint32_t value)
{
    struct model_dev *d;

    model_on_access(MODEL_REG_WRITE, NULL, width, base + offset);
    if (model_other_regs &&
        model_other_regs(true, base + offset, width, &value))
        return;
    d = device_at(base + offset, &offset);
    if (!d)
        return;
    d->writes++;
    if (is_gone(d))
        return;
    value = bus_order(d, offset, value);
    model_regcheck_access(d, offset, width, true, value);
    if (d->on_write)
        d->on_write(d, offset, value);
    model_regs_write(d, offset, width, value);
}
