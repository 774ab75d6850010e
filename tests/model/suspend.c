/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Suspend and resume: the driver sets SUSPEND, the device clears DRIVER_OK when
 * it stands still; the driver sets DRIVER_OK, the device clears SUSPEND when it
 * runs again. Either may take a while, or fail.
 */
#include "check.h"
#include "dev.h"
#include "feature.h"

/* What the status becomes when the driver writes `value`. */
uint32_t model_suspend_write(struct model_dev *d, uint32_t value)
{
    bool change = d->suspended ? value & MS_DRIVER_OK : value & MS_SUSPEND;

    if (!change)
        return value;
    if (!(d->accepted & MF(MF_SUSPEND)) || !(d->status & MS_FEATURES_OK))
        model_violation("SUSP-01", "SUSPEND without the feature");
    if (d->refuse_suspend)
        return value | MS_NEEDS_RESET;
    d->suspend_left = d->suspend_reads + 1;
    /* Until it is done the other bit stays as it was. */
    return d->suspended ? value & ~MS_DRIVER_OK : value;
}

/* One more look at the status: the change may be complete. */
void model_suspend_read(struct model_dev *d)
{
    if (!d->suspend_left || d->suspend_left == MODEL_FOREVER)
        return;
    if (--d->suspend_left)
        return;
    d->suspended = !d->suspended;
    d->status ^= MS_DRIVER_OK;
    if (!d->suspended)
        d->status &= ~MS_SUSPEND;
}
