/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the examples and the test guests see of the machine they run on. A
 * port calls `int main(void)` and exits with its value.
 */
#ifndef PORT_H
#define PORT_H

#include <vio/env.h>
#include <vio/mmio.h>
#include <vio/pci.h>

/* Enough for every machine: the slots that one of them can have. */
#define PORT_MMIO_SLOTS 32

/* One line or less for a person: %s %c %d %u %x %%, with l, ll or z, a width,
 * and the flags 0 and -. */
void port_print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Wait for one line of input, without its end; what is too long is cut. */
void port_read_line(char *buf, size_t size);

/* Where virtio-mmio devices may be. Returns how many are stored, at most max.
 * A slot may be empty: the probe tells. */
unsigned port_mmio_slots(struct vio_mmio_slot *slots, unsigned max);

/* Where a device may be: a slot, or a function of PCI. */
struct port_place {
    bool is_pci;
    struct vio_mmio_slot slot;
    uint32_t bdf;
};

/* A walk over all places; all zeros begins one. */
struct port_walk {
    unsigned slot;
    struct vio_pci_walk pci;
};

/* Step to the next place; false: there are no more. */
bool port_next(struct port_walk *walk, struct port_place *place);

/* A device, however it is reached. */
struct port_device {
    union {
        struct vio_device dev;
        struct vio_mmio mmio;
        struct vio_pci pci;
    };
    bool is_pci;
    uint32_t irq;    /* its line */
    unsigned vector; /* the first of its messages */
};

/* Probe a place, as vio_mmio_probe() and vio_pci_probe(). */
int port_probe(struct port_device *device, const struct port_place *place,
               const struct vio_policy *policy, const struct vio_env *env,
               struct vio_why *why);

/* The command line that the machine was started with; "" where it has none. */
const char *port_cmdline(void);

/* A clock and a log; waits poll. The machines are identity-mapped, so a pointer
 * is a device address and nothing has to be mapped. */
extern const struct vio_env port_env;

/* The same, and waits sleep until an interrupt comes. For the first processor
 * and for devices that are attached. */
extern const struct vio_env port_env_sleep;

#define PORT_DEVICES 8 /* that interrupt, with so many messages each */
#define PORT_VECTORS 4

/* Let a device interrupt: before it is initialised. On PCI by messages, if
 * `most` and the machine allow that, from the queues up to n_queues; else by
 * its line. Returns 0; VIO_ENOMEM: too many; else as
 * vio_pci_set_interrupts(). */
int port_attach(struct port_device *device, enum vio_pci_interrupts most,
                uint16_t n_queues);

/* What has come, and what was slept. */
struct port_irq_counts {
    uint32_t taken;    /* interrupts */
    uint32_t messages; /* of these, messages of MSI-X */
    uint32_t queue;    /* about a queue */
    uint32_t config;   /* about the configuration */
    uint32_t nobodys;  /* about nothing */
    uint32_t sleeps;   /* times that the processor stopped */
    uint64_t slept_ns; /* how long in all */
};

struct port_irq_counts port_irq_counts(void);

/* Run a function on a second processor, which takes no interrupts. Returns 0;
 * else there is none. */
int port_start_cpu(void (*entry)(void *arg), void *arg);

/* Stop the machine; 0 is success. At most PORT_EXIT_FAULT. */
_Noreturn void port_exit(int status);

/* The status after an exception of the processor, or a dead port. */
#define PORT_EXIT_FAULT 100

#endif
