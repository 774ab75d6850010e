/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The caller's policy: of the two interfaces, the one that this device does not
 * have is required and refused; then the one that it has, and a feature that it
 * does not offer.
 */
#include "guest.h"

static void other_interface(bool legacy)
{
    struct vio_policy policy = {
        .interface = legacy ? VIO_REQUIRE_MODERN : VIO_REQUIRE_LEGACY,
    };
    struct port_device device;
    struct vio_why why;
    int err = guest_probe(&device, &policy, &why);

    guest_expect_why("other interface", err, &why,
                     legacy ? VIO_WHY_LEGACY_REFUSED : VIO_WHY_MODERN_REFUSED);
}

static void missing_feature(bool legacy)
{
    struct vio_policy policy = {
        .interface = legacy ? VIO_REQUIRE_LEGACY : VIO_REQUIRE_MODERN,
        .required = VIRTIO_BIT(VIRTIO_F_ACCESS_PLATFORM),
    };
    struct port_device device;
    struct vio_blk blk;
    struct vio_why why;

    guest_expect("same interface", guest_probe(&device, &policy, &why), 0);
    guest_expect_why("missing feature",
                     vio_blk_init(&blk, &device.dev, NULL, &guest_mem),
                     &device.dev.why, VIO_WHY_FEATURES_MISSING);
}

int main(void)
{
    struct port_device device;
    struct vio_why why;

    guest_expect("probe", guest_probe(&device, NULL, &why), 0);
    if (guest_status())
        return 1;
    other_interface(device.dev.legacy);
    missing_feature(device.dev.legacy);
    return guest_status();
}
