/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest.h"

static unsigned char shared[GUEST_SHARED] __attribute__((aligned(4096)));
static unsigned char priv[GUEST_PRIV] __attribute__((aligned(16)));
static unsigned unexpected;

const struct vio_mem guest_mem = {
    .shared = shared,
    .shared_addr = (uintptr_t)shared,
    .shared_size = sizeof shared,
    .priv = priv,
    .priv_size = sizeof priv,
};

/* The next place that is not empty, of any type. */
static int probe_next(struct port_walk *walk, struct port_device *device,
                      const struct vio_policy *policy,
                      const struct vio_env *env, struct vio_why *why)
{
    struct port_place place;
    int err;

    *why = (struct vio_why){VIO_WHY_NONE, 0, 0};
    while (port_next(walk, &place)) {
        err = port_probe(device, &place, policy, env, why);
        if (err == 0 || why->reason != VIO_WHY_NO_DEVICE)
            return err;
    }
    return VIO_ENODEV;
}

int guest_probe(struct port_device *device, const struct vio_policy *policy,
                struct vio_why *why)
{
    struct port_walk walk = {0};

    return probe_next(&walk, device, policy, &port_env, why);
}

int guest_probe_sleeping(struct port_walk *walk, struct port_device *device)
{
    struct vio_why why;
    int err = probe_next(walk, device, NULL, &port_env_sleep, &why);

    if (err == 0)
        err = port_attach(device, VIO_PCI_MSIX_EACH, 1);
    if (err < 0)
        guest_expect_why("probe", err, &why, VIO_WHY_NONE);
    return err;
}

int guest_disk(struct port_device *device, struct vio_blk *blk)
{
    struct vio_why why;
    int err = guest_probe(device, NULL, &why);

    if (err == 0) {
        err = vio_blk_init(blk, &device->dev, NULL, &guest_mem);
        why = device->dev.why;
    }
    if (err < 0)
        guest_expect_why("disk", err, &why, VIO_WHY_NONE);
    return err;
}

void guest_expect(const char *call, int got, int want)
{
    port_print("%s: %s\n", call, vio_strerror(got));
    if (got == want)
        return;
    unexpected++;
    port_print("UNEXPECTED %d instead of %d\n", got, want);
}

void guest_expect_why(const char *call, int got, const struct vio_why *why,
                      enum vio_reason want)
{
    char text[200];

    port_print("%s: %s: %s\n", call, vio_strerror(got),
               vio_why_text(why, text, sizeof text));
    if (got < 0 && why->reason == want)
        return;
    unexpected++;
    port_print("UNEXPECTED %d, reason %u instead of %u\n", got,
               (unsigned)why->reason, (unsigned)want);
}

int guest_status(void)
{
    return unexpected > 0;
}
