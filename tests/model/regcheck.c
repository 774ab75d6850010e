/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register monitor, first part: which register may be accessed how. What
 * depends on the state of the device is in statecheck.c and queuecheck.c.
 *
 * Spec: Driver Requirements: MMIO Device Register Layout.
 */
#include "check.h"
#include "dev.h"
#include "feature.h"

#define R 1u
#define W 2u

#define PROBED_MAGIC   1u
#define PROBED_VERSION 2u
#define PROBED_ID      4u

#define MAGIC_GOOD 0x74726976u

static const struct {
    uint32_t offset;
    unsigned direction[2]; /* of version 1 and 2; 0: not there */
    const char *name;
} layout[] = {
    {MR_MAGIC, {R, R}, "MagicValue"},
    {MR_VERSION, {R, R}, "Version"},
    {MR_DEVICE_ID, {R, R}, "DeviceID"},
    {MR_VENDOR_ID, {R, R}, "VendorID"},
    {MR_DEVICE_FEATURES, {R, R}, "DeviceFeatures"},
    {MR_DEVICE_FEATURES_SEL, {W, W}, "DeviceFeaturesSel"},
    {MR_DRIVER_FEATURES, {W, W}, "DriverFeatures"},
    {MR_DRIVER_FEATURES_SEL, {W, W}, "DriverFeaturesSel"},
    {MR_GUEST_PAGE_SIZE, {W, 0}, "GuestPageSize"},
    {MR_QUEUE_SEL, {W, W}, "QueueSel"},
    {MR_QUEUE_SIZE_MAX, {R, R}, "QueueSizeMax"},
    {MR_QUEUE_SIZE, {W, W}, "QueueSize"},
    {MR_QUEUE_ALIGN, {W, 0}, "QueueAlign"},
    {MR_QUEUE_PFN, {R | W, 0}, "QueuePFN"},
    {MR_QUEUE_READY, {0, R | W}, "QueueReady"},
    {MR_QUEUE_NOTIFY, {W, W}, "QueueNotify"},
    {MR_INTERRUPT_STATUS, {R, R}, "InterruptStatus"},
    {MR_INTERRUPT_ACK, {W, W}, "InterruptACK"},
    {MR_STATUS, {R | W, R | W}, "Status"},
    {MR_QUEUE_DESC, {0, W}, "QueueDescLow"},
    {MR_QUEUE_DESC + 4, {0, W}, "QueueDescHigh"},
    {MR_QUEUE_DRIVER, {0, W}, "QueueDriverLow"},
    {MR_QUEUE_DRIVER + 4, {0, W}, "QueueDriverHigh"},
    {MR_QUEUE_DEVICE, {0, W}, "QueueDeviceLow"},
    {MR_QUEUE_DEVICE + 4, {0, W}, "QueueDeviceHigh"},
    {MR_QUEUE_RESET, {0, R | W}, "QueueReset"},
    {MR_CONFIG_GENERATION, {0, R}, "ConfigGeneration"},
};

static void check_register(struct model_dev *d, uint32_t offset, unsigned width,
                           bool write)
{
    unsigned version = model_dev_legacy(d) ? 0 : 1;
    unsigned direction = 0, wanted = write ? W : R;
    const char *name = "no register";

    for (size_t i = 0; i < sizeof(layout) / sizeof(layout[0]); i++) {
        if (layout[i].offset == (offset & ~3u)) {
            direction = layout[i].direction[version];
            name = layout[i].name;
        }
    }
    if (width != 4 || offset % 4)
        model_violation("MMIO-04", "%u byte access at %#x (%s)", width, offset,
                        name);
    if (offset >= 0x0ac && offset <= 0x0bc && offset != MR_QUEUE_DEVICE)
        model_violation("MMIO-30", "shared memory register %#x", offset);
    if (!direction)
        model_violation("MMIO-01", "offset %#x (%s) is not in the table",
                        offset, name);
    if (!(direction & wanted))
        model_violation(write ? "MMIO-02" : "MMIO-03", "%s %s",
                        write ? "write to" : "read from", name);
}

static const struct model_field *find_field(const struct model_dev *d,
                                            uint32_t at)
{
    const struct model_field *f = d->fields;

    for (; f && f->bytes; f++) {
        if (at >= f->offset && at < f->offset + f->bytes)
            return f;
    }
    return NULL;
}

static const char *width_row(unsigned width)
{
    return width == 1 ? "MMIO-05" : width == 2 ? "MMIO-06" : "MMIO-07";
}

static void check_config(struct model_dev *d, uint32_t at, unsigned width,
                         bool write)
{
    const struct model_field *f = find_field(d, at);
    bool agreed = model_dev_legacy(d) || d->check.features_confirmed;

    if (!f || at + width > d->config_len) {
        model_violation("MMIO-01", "configuration offset %u is not described",
                        at);
        return;
    }
    if (width != f->width || at % width)
        model_violation(width_row(f->width),
                        "%u byte access to the field at "
                        "%u of %u",
                        width, f->offset, f->bytes);
    if (f->feature >= 0 && !(d->offered >> f->feature & 1))
        model_violation("CFG-04", "field at %u without feature %d", f->offset,
                        f->feature);
    if (f->after_features_ok && !agreed)
        model_violation("BLK-04", "field at %u before FEATURES_OK", f->offset);
    if (write && !agreed)
        model_violation("INIT-10", "field at %u written before FEATURES_OK",
                        f->offset);
    if (write && (d->check.status & MS_SUSPEND))
        model_violation("SUSP-05", "field at %u written while suspended",
                        f->offset);
    if (write && !f->writable)
        model_violation("MMIO-02", "field at %u is not writable", f->offset);
}

/* MagicValue and Version, then DeviceID, then everything else. */
static void check_probe_order(struct model_dev *d, uint32_t offset)
{
    unsigned probed = d->check.probed;
    unsigned both = PROBED_MAGIC | PROBED_VERSION;

    if (offset == MR_MAGIC)
        return;
    if (offset == MR_VERSION) {
        if (!(probed & PROBED_MAGIC))
            model_violation("MMIO-26", "Version before MagicValue");
    } else if (offset == MR_DEVICE_ID) {
        if ((probed & both) != both)
            model_violation("MMIO-26", "DeviceID of a device that is not one");
    } else if (d->check.dead) {
        model_violation("MMIO-29", "offset %#x of a device to be ignored",
                        offset);
    } else if (!(probed & PROBED_ID)) {
        model_violation("MMIO-27", "offset %#x before DeviceID", offset);
    }
}

void model_regcheck_access(struct model_dev *d, uint32_t offset, unsigned width,
                           bool write, uint32_t value)
{
    if (offset >= d->length)
        model_violation("T-MMI-06", "offset %#x beyond the window", offset);
    check_probe_order(d, offset);
    if (offset >= MR_CONFIG) {
        check_config(d, offset - MR_CONFIG, width, write);
        return;
    }
    check_register(d, offset, width, write);
    if (write) {
        model_statecheck_write(d, offset, value);
        model_queuecheck_write(d, offset, value);
    } else {
        model_statecheck_read(d, offset);
        model_queuecheck_read(d, offset);
    }
}

static void note_probe(struct model_dev *d, uint32_t offset, uint32_t value)
{
    struct model_regcheck *k = &d->check;

    if (offset == MR_MAGIC) {
        k->probed = value == MAGIC_GOOD ? k->probed | PROBED_MAGIC : 0;
        k->dead = value != MAGIC_GOOD;
    } else if (offset == MR_VERSION) {
        if (value == 1 || value == 2)
            k->probed |= PROBED_VERSION;
        else
            k->dead = true;
    } else if (offset == MR_DEVICE_ID) {
        k->probed |= PROBED_ID;
        k->dead = k->dead || value == 0;
    }
}

void model_regcheck_value(struct model_dev *d, uint32_t offset, uint32_t value)
{
    note_probe(d, offset, value);
    if (offset < MR_CONFIG) {
        model_statecheck_value(d, offset, value);
        model_queuecheck_value(d, offset, value);
    }
}
