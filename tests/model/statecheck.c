/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register monitor, second part: the order of status, features and
 * interrupts.
 *
 * Spec: Device Status Field, Feature Bits, Device Initialization.
 */
#include "check.h"
#include "dev.h"
#include "feature.h"

/* Bits that a driver of this transport never has a reason to accept. */
#define NEVER_ON_MMIO (MF(MF_SR_IOV) | MF(MF_ADMIN_VQ))

/* What the specification defines for a block device, 6 included. */
#define DEFINED \
    ((uint64_t)0x3fef7 | (uint64_t)0x7 << 27 | (uint64_t)0xfff << 32)

static void check_first(struct model_dev *d)
{
    if (!d->check.was_reset)
        model_violation("INIT-01", "the device was not reset first");
    if (d->check.reset_unconfirmed)
        model_violation("RST-01", "the reset was not confirmed");
}

static void check_features_ok(struct model_dev *d)
{
    struct model_regcheck *k = &d->check;

    if (model_dev_legacy(d)) {
        model_violation("LGEN-04", "FEATURES_OK on a legacy device");
        return;
    }
    if (!(k->status & MS_DRIVER))
        model_violation("INIT-03", "FEATURES_OK before DRIVER");
    if (k->words_read != 3 || k->words_written != 3)
        model_violation("INIT-04", "FEATURES_OK without both feature words");
    if ((d->offered & MF(MF_VERSION_1)) && !(d->accepted & MF(MF_VERSION_1)))
        model_violation("RFB-01", "VERSION_1 was not accepted");
    if ((d->accepted >> 33) && !(d->accepted & MF(MF_VERSION_1)))
        model_violation("FEAT-02", "bits beyond 32 without VERSION_1");
    k->features_confirmed = false;
}

static void check_driver_ok(struct model_dev *d)
{
    struct model_regcheck *k = &d->check;

    if (!(k->status & MS_DRIVER))
        model_violation("INIT-08", "DRIVER_OK before DRIVER");
    if (!model_dev_legacy(d) && !k->features_confirmed)
        model_violation("INIT-06", "DRIVER_OK without FEATURES_OK read back");
    if (model_dev_legacy(d) && (d->offered & MF(MF_ANY_LAYOUT)) &&
        !(d->accepted & MF(MF_ANY_LAYOUT)))
        model_violation("LGEN-06", "ANY_LAYOUT was not accepted");
}

static void write_reset(struct model_dev *d)
{
    struct model_regcheck *k = &d->check;

    k->was_reset = true;
    k->reset_unconfirmed = true;
    k->status = 0;
    k->words_read = 0;
    k->words_written = 0;
    k->features_confirmed = false;
    k->page_size = false;
}

static void write_status(struct model_dev *d, uint32_t value)
{
    struct model_regcheck *k = &d->check;
    uint32_t added = value & ~k->status;

    if (value == 0) {
        write_reset(d);
        return;
    }
    if (k->status & ~value & ~MS_NEEDS_RESET)
        model_violation("STAT-02", "status %#x after %#x clears a bit", value,
                        k->status);
    if ((k->status & MS_FAILED) && added)
        model_violation("STAT-03", "status %#x after FAILED", value);
    check_first(d);
    if (added & MS_FAILED) {
        k->status = value;
        return;
    }
    if (added & (added - 1))
        model_violation("STAT-01", "status %#x after %#x: two steps at once",
                        value, k->status);
    if ((added & MS_DRIVER) && !(k->status & MS_ACKNOWLEDGE))
        model_violation("INIT-02", "DRIVER before ACKNOWLEDGE");
    if (added & MS_FEATURES_OK)
        check_features_ok(d);
    if ((added & MS_DRIVER_OK) && !(k->status & MS_SUSPEND))
        check_driver_ok(d);
    if ((added & MS_SUSPEND) && !(k->status & MS_DRIVER_OK))
        model_violation("SUSP-01", "SUSPEND at status %#x", k->status);
    if (added & ~0x9fu)
        model_violation("STAT-01", "status %#x: an undefined bit", value);
    k->status = value;
}

static void check_bits(struct model_dev *d, uint64_t bits)
{
    if (bits & ~d->offered)
        model_violation("FEAT-01", "accepted %#llx, which is not offered",
                        (unsigned long long)(bits & ~d->offered));
    if (bits & NEVER_ON_MMIO)
        model_violation("FEAT-06", "accepted %#llx on MMIO",
                        (unsigned long long)bits);
    if (bits & ~DEFINED)
        model_violation("FEAT-04", "accepted %#llx, which is not defined",
                        (unsigned long long)(bits & ~DEFINED));
}

static void write_features(struct model_dev *d, uint32_t value)
{
    struct model_regcheck *k = &d->check;

    if (!k->driver_sel)
        model_violation("MMIO-15", "DriverFeatures without DriverFeaturesSel");
    k->driver_sel = false;
    if (!(k->status & MS_DRIVER))
        model_violation("INIT-03", "DriverFeatures before DRIVER");
    if (k->status & (MS_FEATURES_OK | MS_DRIVER_OK))
        model_violation("INIT-11", "DriverFeatures after FEATURES_OK");
    if (d->driver_sel > 1 && value)
        model_violation("FEAT-05", "bits in feature word %u", d->driver_sel);
    if (d->driver_sel > 1)
        return;
    if (model_dev_legacy(d) && d->driver_sel)
        model_violation("DX-LMMIO-08", "feature word 1 of a legacy device");
    k->words_written |= 1u << d->driver_sel;
    check_bits(d, (uint64_t)value << 32 * d->driver_sel);
}

static void write_ack(struct model_dev *d, uint32_t value)
{
    if (value & ~3u)
        model_violation("MMIO-22", "InterruptACK of undefined bits %#x", value);
    if (value & ~d->check.isr_read)
        model_violation("MMIO-32", "InterruptACK %#x of what was not read",
                        value);
    d->check.isr_read = 0;
}

static bool after_failed_is_fine(uint32_t offset)
{
    return offset == MR_STATUS || offset == MR_INTERRUPT_ACK;
}

void model_statecheck_write(struct model_dev *d, uint32_t offset,
                            uint32_t value)
{
    struct model_regcheck *k = &d->check;

    if ((k->status & MS_FAILED) && !after_failed_is_fine(offset))
        model_violation("INIT-13", "write to %#x after FAILED", offset);
    if (offset == MR_STATUS)
        write_status(d, value);
    else if (offset == MR_DEVICE_FEATURES_SEL)
        k->features_sel = true;
    else if (offset == MR_DRIVER_FEATURES_SEL)
        k->driver_sel = true;
    else if (offset == MR_DRIVER_FEATURES)
        write_features(d, value);
    else if (offset == MR_INTERRUPT_ACK)
        write_ack(d, value);
}

void model_statecheck_read(struct model_dev *d, uint32_t offset)
{
    struct model_regcheck *k = &d->check;

    if (offset != MR_DEVICE_FEATURES)
        return;
    if (!k->features_sel)
        model_violation("MMIO-14", "DeviceFeatures without DeviceFeaturesSel");
    k->features_sel = false;
    if (!(k->status & MS_DRIVER))
        model_violation("INIT-03", "DeviceFeatures before DRIVER");
    if (d->features_sel < 2)
        k->words_read |= 1u << d->features_sel;
}

void model_statecheck_value(struct model_dev *d, uint32_t offset,
                            uint32_t value)
{
    struct model_regcheck *k = &d->check;

    if (offset == MR_INTERRUPT_STATUS)
        k->isr_read = value;
    if (offset != MR_STATUS)
        return;
    if (value == 0)
        k->reset_unconfirmed = false;
    if (!k->reset_unconfirmed) {
        k->status = value & 0xff;
        k->features_confirmed = value & MS_FEATURES_OK;
    }
}
