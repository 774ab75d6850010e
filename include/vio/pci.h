/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio over PCI, modern and legacy.
 *
 * A machine hands over a struct vio_pci_bus, for which there are two ready-made
 * ones; vio_pci_find() walks it; vio_pci_probe() looks at one function. Where
 * no firmware has given addresses to the BARs, vio_pci_assign_bars() does.
 *
 *     struct vio_pci_bus bus = vio_pci_ports();
 *     struct vio_pci_walk walk = {0};
 *
 *     while (vio_pci_find(&bus, &walk))
 *         if (vio_pci_probe(&pci, &bus, walk.bdf, NULL, NULL, &why) == 0)
 *             ...
 *
 * Spec: 4.1 Virtio Over PCI Bus.
 */
#ifndef VIO_PCI_H
#define VIO_PCI_H

#include <vio/device.h>
#include <vio/spec/pci.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A function on a bus, as everything here names it: 8 bits of bus, 5 of device,
 * 3 of function.
 */
#define VIO_PCI_BDF(bus, device, function) \
    ((uint32_t)(bus) << 8 | (uint32_t)(device) << 3 | (uint32_t)(function))

#define VIO_PCI_BARS 6

/* The configuration space of one segment, and how its BARs are reached. */
struct vio_pci_bus {
    void *ctx; /* handed to every member as it is */

    /* One access of `width` 1, 2 or 4 bytes, aligned, below offset 256; the
     * value in the processor's byte order. Reads of a function that is not
     * there give all ones. */
    uint32_t (*read)(void *ctx, uint32_t bdf, uint32_t offset, unsigned width);
    void (*write)(void *ctx, uint32_t bdf, uint32_t offset, unsigned width,
                  uint32_t value);

    /*
     * Make `length` bytes from `offset` of a BAR reachable, whose address on
     * the bus is `address`. 0, or < 0: refused, for instance because the range
     * is not the bus's but ordinary memory. Mappings are never given back, and
     * a part of a range may be asked for again, in task context.
     *
     * NULL: memory is where its address says, and an I/O address is a port, or
     * is found in memory behind io_base where that is not 0.
     */
    int (*map_bar)(void *ctx, uint32_t bdf, unsigned bar, uint64_t address,
                   uint64_t offset, uint64_t length, bool is_io,
                   struct vio_reg *out);

    uintptr_t io_base; /* where I/O address 0 is seen in memory; 0: ports */
    uint8_t first_bus; /* what is walked */
    uint8_t last_bus;
};

/* An ECAM: configuration space in memory, 4096 bytes a function. */
struct vio_pci_ecam {
    struct vio_reg base;
    uint64_t size;     /* bytes: 1 MiB a bus */
    uint8_t first_bus; /* at base */
};

/**
 * Make a bus of an ECAM.
 *
 * @ecam: filled by the caller, kept. Buses beyond its size are not reached.
 *
 * Context: any. Returns: the bus, without map_bar and io_base.
 */
struct vio_pci_bus vio_pci_ecam_bus(struct vio_pci_ecam *ecam);

#if VIO_HAVE_PORT_IO
/**
 * Make a bus of the I/O ports 0xcf8 and 0xcfc of a PC. They are one pair for
 * the whole machine: the caller keeps others off it.
 *
 * Context: any. Returns: the bus, without map_bar.
 */
struct vio_pci_bus vio_pci_ports(void);
#endif

/* A function, and where it is. */
struct vio_pci_function {
    const struct vio_pci_bus *bus;
    uint32_t bdf;
};

/* A walk over a bus; all zeros begins one. */
struct vio_pci_walk {
    uint32_t bdf;  /* the function found */
    uint32_t id;   /* its device id << 16 | vendor id */
    uint32_t next; /* the walk's own */
    bool multi;
};

/**
 * Step to the next function that is there, bus by bus. What is behind a bridge
 * is there once the bridge has bus numbers and windows, from firmware or from
 * the caller (ports/common/bus.c does it).
 *
 * Context: task. Returns: true: walk->bdf is one; false: there are no more.
 */
bool vio_pci_next(const struct vio_pci_bus *bus, struct vio_pci_walk *walk);

/**
 * Step to the next virtio device, by its vendor and device ids.
 *
 * Context: task. Returns: as vio_pci_next().
 *
 * Spec: 4.1.2.1 Driver Requirements: PCI Device Discovery.
 */
bool vio_pci_find(const struct vio_pci_bus *bus, struct vio_pci_walk *walk);

/* What a BAR is. */
enum vio_pci_bar_kind {
    VIO_PCI_BAR_NONE, /* not there, or not to be understood */
    VIO_PCI_BAR_IO,
    VIO_PCI_BAR_MEM,
    VIO_PCI_BAR_MEM64,
    VIO_PCI_BAR_UPPER, /* the upper half of the one before */
};

struct vio_pci_bar {
    uint64_t address; /* on the bus */
    uint64_t size;    /* bytes, a power of two */
    uint8_t kind;     /* enum vio_pci_bar_kind */
    bool assigned;    /* the address is one */
};

/* Bus addresses that are free: the front is taken. */
struct vio_pci_window {
    uint64_t next;
    uint64_t end; /* the first address that is not free */
};

struct vio_pci_windows {
    struct vio_pci_window io;
    struct vio_pci_window mem; /* below 4 GiB, or for 64-bit BARs only */
};

/**
 * Give addresses to the BARs of a function that have none: all, or none.
 *
 * For machines where no firmware did. The addresses come from the front of the
 * windows, which shrink. Decoding is off meanwhile and as before afterwards.
 *
 * @why: may be NULL; filled on failure.
 *
 * Context: task. Returns: 0; VIO_ENODEV: there is no such function, or it is a
 * bridge; VIO_ENOMEM: a window is full: nothing was changed.
 */
int vio_pci_assign_bars(const struct vio_pci_bus *bus, uint32_t bdf,
                        struct vio_pci_windows *windows, struct vio_why *why);

/* How a device tells that it has done something. */
enum vio_pci_interrupts {
    VIO_PCI_INTX,        /* by the function's interrupt line */
    VIO_PCI_POLLED,      /* not at all */
    VIO_PCI_MSIX_SHARED, /* vector 0: configuration, 1: every queue */
    VIO_PCI_MSIX_EACH,   /* vector 0: configuration, 1 + n: queue n */
};

/* Where a virtio structure is. The fields are the library's. */
struct vio_pci_region {
    struct vio_reg reg; /* if it is mapped */
    uint64_t offset;    /* in the BAR */
    uint32_t length;    /* bytes; 0: there is none */
    uint8_t bar;
    bool mapped; /* else through the window in configuration space */
};

/* The MSI-X capability. */
struct vio_pci_msix {
    struct vio_reg table;
    uint32_t table_offset; /* in its BAR */
    uint16_t size;         /* vectors that the device has; 0: no MSI-X */
    uint16_t mapped;       /* entries of the table that are mapped */
    uint8_t cap;           /* where it is; 0: there is none */
    uint8_t table_bar;
};

/* A virtio device on PCI. The fields are the library's; irq_pin and irq_line
 * may be read. */
struct vio_pci {
    struct vio_device dev; /* first: the transport gets back from it */
    uint16_t device_id;
    uint16_t n_queues;
    uint8_t revision;
    uint8_t window;   /* the PCI_CFG capability; 0: there is none */
    uint8_t irq_pin;  /* of INTx: 1 to 4, 0: there is none */
    uint8_t irq_line; /* as firmware left it */
    bool no_intx;     /* which leads nowhere */
    struct vio_pci_function function;
    uint16_t command; /* decoding of the spaces in use */
    struct vio_pci_bar bar[VIO_PCI_BARS];
    struct vio_pci_region common; /* legacy: the register file */
    struct vio_pci_region notify;
    struct vio_pci_region isr;
    struct vio_pci_region device;
    uint32_t notify_multiplier;
    struct vio_pci_msix msix;
    enum vio_pci_interrupts wish;       /* the most that the caller takes */
    enum vio_pci_interrupts interrupts; /* what is in use since begin */
    uint16_t wish_queues;               /* how many are to raise interrupts */
    uint16_t irq_queues;                /* and how many do, since begin */
    unsigned first_vector;              /* of the platform */
};

/**
 * Look at a function and say what is there.
 *
 * Its capabilities decide between the two interfaces, within the policy. The
 * BARs are sized, which turns decoding off for a moment. On success decoding is
 * on, on failure everything is as before. Bus mastering is turned on when the
 * first queue is handed over, after a reset.
 *
 * A structure whose BAR cannot be mapped is reached through the window in
 * configuration space, where the device has one: slow, and a notification then
 * must not run beside another call on the device. Where that is so of the ISR,
 * the device has no interrupt line: MSI-X or polling.
 *
 * @p: filled; after a failure its content is of no use.
 * @bus: kept.
 * @policy: NULL for the defaults; copied.
 * @env: may be NULL; kept.
 * @why: may be NULL; filled on failure.
 *
 * Context: task. Returns: 0; VIO_ENODEV: no virtio device, no address for what
 * is needed, or it is gone; VIO_ENOTSUP: the policy refuses it; VIO_EPROTO:
 * what the device shows of itself makes no sense.
 *
 * Spec: 4.1.2.1, 4.1.4.1 Driver Requirements: Virtio Structure PCI
 * Capabilities, 4.1.5.1.1.1 Legacy Interface: A Note on Device Layout
 * Detection.
 */
int vio_pci_probe(struct vio_pci *p, const struct vio_pci_bus *bus,
                  uint32_t bdf, const struct vio_policy *policy,
                  const struct vio_env *env, struct vio_why *why);

/**
 * Say which interrupts are wanted. Without this call: INTx.
 *
 * A reset makes the device forget its vectors, so that the wish is recorded
 * here, and tried by vio_device_begin() each time: one vector per queue and one
 * for the configuration, else two, else INTx, else none;
 * vio_pci_interrupt_mode() tells what it came to, and the waits poll a queue
 * that raises none. The handlers are in place before: each calls vio_pci_isr().
 * Where INTx leads is in irq_pin and irq_line of the device.
 *
 * @most: the best that the caller can take. VIO_PCI_MSIX_* need
 * env->msi_compose.
 * @n_queues: the queues 0 to n_queues - 1 raise interrupts, as far as there are
 * so many.
 * @first_vector: of the platform: vector n here is first_vector + n there.
 *
 * Context: task, before begin. Returns: 0; VIO_EINVAL: no such mode, or
 * 65535 queues; VIO_EBADSTATE: the device is in use.
 *
 * Spec: 4.1.5.1.2 MSI-X Vector Configuration.
 */
int vio_pci_set_interrupts(struct vio_pci *p, enum vio_pci_interrupts most,
                           uint16_t n_queues, unsigned first_vector);

/**
 * Say that the interrupt line leads nowhere: a device that cannot send the
 * messages wished for is polled.
 *
 * Context: task, before begin.
 */
void vio_pci_refuse_intx(struct vio_pci *p);

/** Context: any, after begin. Returns: the interrupts in use. */
enum vio_pci_interrupts vio_pci_interrupt_mode(const struct vio_pci *p);

/**
 * Mask or unmask one MSI-X vector. They begin unmasked.
 *
 * @vector: counted from 0.
 *
 * Context: any, beside everything else but another call for the same vector.
 * Returns: 0; VIO_EINVAL: there is no such vector in use.
 */
int vio_pci_mask(struct vio_pci *p, unsigned vector, bool masked);

/**
 * The interrupt entry of one vector: say what it is about. Reads no register
 * with MSI-X; is vio_device_isr() without.
 *
 * @vector: counted from 0; any without MSI-X.
 *
 * Context: interrupt or task, beside everything else. Returns: VIRTIO_ISR_*
 * bits; 0: the interrupt is not this device's.
 *
 * Spec: 4.1.5.5 Driver Handling Interrupts.
 */
uint32_t vio_pci_isr(struct vio_pci *p, unsigned vector);

/**
 * Put back what a power cycle of the bus has taken: the BARs and decoding, as
 * the probe found them. The device is reset, and is to be initialised again
 * (a disk that was frozen by vio_blk_restore(), any other by
 * vio_blk_recover()).
 *
 * Context: task, blocks for at most about a second. Returns: 0; VIO_ENODEV:
 * another device is there, or none; VIO_ETIMEDOUT: its reset was not confirmed.
 */
int vio_pci_restore(struct vio_pci *p);

#ifdef __cplusplus
}
#endif

#endif
