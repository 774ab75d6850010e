/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio over MMIO, version 2 and the legacy version 1.
 *
 * Spec: 4.2 Virtio Over MMIO.
 */
#ifndef VIO_MMIO_H
#define VIO_MMIO_H

#include <vio/device.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vio_mmio {
    struct vio_device dev; /* first: the transport gets back from it */
    struct vio_reg base;
    uint32_t version; /* 1 or 2 */
    uint32_t vendor;  /* VendorID, for people */
};

/* The registers in memory at `address`, as a base. */
static inline struct vio_reg vio_reg_mem(uintptr_t address)
{
    struct vio_reg base = {address, VIO_SPACE_MEM};
    return base;
}

/**
 * Look at a slot and say what is in it. Reads three or four registers and
 * writes none.
 *
 * @m: filled on success.
 * @base, @length: the slot's registers; length in bytes.
 * @policy: NULL for the defaults; copied.
 * @env: may be NULL; kept.
 * @why: may be NULL; filled on failure.
 *
 * Context: task. Returns: 0; VIO_ENODEV: nothing here (VIO_WHY_NOT_VIRTIO,
 * VIO_WHY_NO_DEVICE for an empty slot, VIO_WHY_BAD_VERSION); VIO_ENOTSUP: the
 * policy refuses this version; VIO_EPROTO: length is too small.
 *
 * Spec: 4.2.2.2 Driver Requirements: MMIO Device Register Layout, 4.2.3.1
 * Device Initialization.
 */
int vio_mmio_probe(struct vio_mmio *m, struct vio_reg base, size_t length,
                   const struct vio_policy *policy, const struct vio_env *env,
                   struct vio_why *why);

/* One device of a kernel command line. */
struct vio_mmio_slot {
    uint64_t base;
    uint64_t size; /* bytes */
    uint32_t irq;
    uint32_t id; /* as given, or counted up from the last one */
};

/**
 * Find the devices named on a command line, as
 * [virtio_mmio.]device=<size>@<base>:<irq>[:<id>], several times. Numbers are
 * decimal, 0x hexadecimal or 0 octal; size and base may end in K, M or G.
 *
 * @cmdline: NUL-terminated words, separated by blanks; other words are passed
 * over.
 * @slots, @max: out: at most max are stored; after an error they mean nothing.
 *
 * Context: any. Returns: how many the line names, which may be more than max;
 * VIO_EINVAL: a device= word is malformed.
 */
int vio_mmio_cmdline(const char *cmdline, struct vio_mmio_slot *slots,
                     unsigned max);

/**
 * Write devices out in the form that vio_mmio_cmdline() reads, as words of one
 * line; the ids are always there.
 *
 * @buf, @size: where the line goes, always with a terminating NUL when size is
 * not 0; what does not fit is left out.
 *
 * Context: any. Returns: the length of the whole line, without the NUL.
 */
size_t vio_mmio_cmdline_print(const struct vio_mmio_slot *slots, unsigned n,
                              char *buf, size_t size);

#ifdef __cplusplus
}
#endif

#endif
