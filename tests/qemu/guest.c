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

/* The first slot that is not empty. */
static int probe(struct vio_mmio *mmio, const struct vio_policy *policy,
                 const struct vio_env *env, uint32_t *irq, struct vio_why *why)
{
    struct vio_mmio_slot slot[PORT_MMIO_SLOTS];
    unsigned n = port_mmio_slots(slot, PORT_MMIO_SLOTS);
    int err = VIO_ENODEV;

    *why = (struct vio_why){VIO_WHY_NONE, 0, 0};
    for (unsigned i = 0; i < n; i++) {
        *irq = slot[i].irq;
        err = vio_mmio_probe(mmio, vio_reg_mem(slot[i].base), slot[i].size,
                             policy, env, why);
        if (err == 0 || why->reason != VIO_WHY_NO_DEVICE)
            return err;
    }
    return err;
}

int guest_probe(struct vio_mmio *mmio, const struct vio_policy *policy,
                struct vio_why *why)
{
    uint32_t irq;

    return probe(mmio, policy, &port_env, &irq, why);
}

static int bring_up(struct vio_mmio *mmio, struct vio_blk *blk,
                    const struct vio_env *env)
{
    struct vio_why why;
    uint32_t irq;
    int err = probe(mmio, NULL, env, &irq, &why);

    if (err == 0 && env->idle)
        err = port_attach(&mmio->dev, irq);
    if (err == 0) {
        err = vio_blk_init(blk, &mmio->dev, NULL, &guest_mem);
        why = mmio->dev.why;
    }
    if (err < 0)
        guest_expect_why("disk", err, &why, VIO_WHY_NONE);
    return err;
}

int guest_disk(struct vio_mmio *mmio, struct vio_blk *blk)
{
    return bring_up(mmio, blk, &port_env);
}

int guest_sleeping_disk(struct vio_mmio *mmio, struct vio_blk *blk)
{
    return bring_up(mmio, blk, &port_env_sleep);
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
