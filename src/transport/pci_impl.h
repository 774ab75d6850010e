/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the PCI transports share. In this order: configuration
 * space, BARs, capabilities, regions, MSI-X, the two interfaces.
 */
#ifndef VIO_SRC_PCI_IMPL_H
#define VIO_SRC_PCI_IMPL_H

#include <vio/pci.h>

#include "../why.h"
#include "pci_config.h"

/* One access to configuration space. (pci_bus.c) */
uint32_t vio_pci_read(const struct vio_pci_bus *bus, uint32_t bdf,
                      uint32_t offset, unsigned width);
void vio_pci_write(const struct vio_pci_bus *bus, uint32_t bdf, uint32_t offset,
                   unsigned width, uint32_t value);

static inline struct vio_pci *pci_of(struct vio_device *dev)
{
    return (struct vio_pci *)dev;
}

/* Find out what all BARs are; decoding is off meanwhile. (pci_bar.c) */
void vio_pci_size_bars(const struct vio_pci_bus *bus, uint32_t bdf,
                       struct vio_pci_bar bar[VIO_PCI_BARS]);

/* Is this range within a BAR that exists? */
bool vio_pci_in_bar(const struct vio_pci *p, unsigned bar, uint64_t offset,
                    uint64_t length);

/* Map such a range. The decoding that it needs is added to p->command. */
int vio_pci_map(struct vio_pci *p, unsigned bar, uint64_t offset,
                uint64_t length, struct vio_reg *out, struct vio_why *why);

/* Give every BAR the address that it has here. */
void vio_pci_write_bars(const struct vio_pci_bus *bus, uint32_t bdf,
                        const struct vio_pci_bar bar[VIO_PCI_BARS]);

/* One capability: a private copy, each word read once. */
struct pci_cap {
    uint8_t at; /* where it is */
    uint8_t id;
    uint8_t len;
    uint8_t cfg_type;
    uint8_t bar;
    uint32_t offset;
    uint32_t length;
    uint32_t extra;
};

/* A walk along the list; it ends after as many steps as there is room for. */
struct pci_cap_walk {
    uint8_t next;
    uint8_t steps;
};

/* (pci_cap.c) */
void vio_pci_cap_begin(const struct vio_pci_bus *bus, uint32_t bdf,
                       struct pci_cap_walk *walk);

/* 1: here is one; 0: no more; VIO_EPROTO: the list does not end. */
int vio_pci_cap_next(const struct vio_pci_bus *bus, uint32_t bdf,
                     struct pci_cap_walk *walk, struct pci_cap *cap,
                     struct vio_why *why);

/* One access to a register, in the processor's byte order; and to one that is
 * little-endian, as PCI has them. (pci_region.c) */
uint32_t vio_pci_reg_read(struct vio_reg reg, uint32_t offset, unsigned width);
void vio_pci_reg_write(struct vio_reg reg, uint32_t offset, unsigned width,
                       uint32_t value);
uint32_t vio_pci_reg_read_le(struct vio_reg reg, uint32_t offset,
                             unsigned width);
void vio_pci_reg_write_le(struct vio_reg reg, uint32_t offset, unsigned width,
                          uint32_t value);

/* One access to a virtio structure, in the processor's byte order, mapped or
 * through the window. (pci_region.c) */
uint32_t vio_pci_get(const struct vio_pci *p, const struct vio_pci_region *r,
                     uint32_t offset, unsigned width);
void vio_pci_put(const struct vio_pci *p, const struct vio_pci_region *r,
                 uint32_t offset, unsigned width, uint32_t value);

/* The same to the common structure, which a legacy device's registers are. */
uint32_t vio_pci_common_get(const struct vio_pci *p, uint32_t offset,
                            unsigned width);
void vio_pci_common_put(const struct vio_pci *p, uint32_t offset,
                        unsigned width, uint32_t value);

/* A write through the window, for the doorbell. */
void vio_pci_window_write(const struct vio_pci *p, unsigned bar,
                          uint64_t offset, unsigned width, uint32_t value);

/* Change bits of the command register. (pci.c) */
void vio_pci_command(const struct vio_pci *p, uint32_t clear, uint32_t set);

/* Take in the MSI-X capability, unless it is nonsense. (msix.c) */
void vio_pci_find_msix(struct vio_pci *p, const struct pci_cap *cap);

/* Is MSI-X on at present? */
bool vio_pci_msix_is_on(const struct vio_pci *p);

/* Where in the common structure an interface has its vectors. */
struct pci_vector_regs {
    uint8_t queue_select;
    uint8_t queue_vector;
    uint8_t config_vector;
};

/* Map an event, which is a queue's index or PCI_EVENT_CONFIG, to a vector, and
 * see that it took. */
#define PCI_EVENT_CONFIG (-1)
bool vio_pci_map_vector(const struct vio_pci *p,
                        const struct pci_vector_regs *regs, int event,
                        uint16_t vector);

/* After a reset: choose the interrupts and program them. */
void vio_pci_start_interrupts(struct vio_pci *p,
                              const struct pci_vector_regs *regs);

/* The vector of a queue or of PCI_EVENT_CONFIG, or VIRTIO_MSI_NO_VECTOR. */
uint16_t vio_pci_vector_of(const struct vio_pci *p, int event);

/* The isr of both interfaces. */
uint32_t vio_pci_read_isr(struct vio_device *dev);

/* And their is_there: the ids of no function are 0. (pci.c) */
bool vio_pci_is_there(struct vio_device *dev);

/* What became of the virtio capabilities, by cfg_type. (pci_modern_caps.c) */
struct pci_modern_caps {
    unsigned seen; /* bit n: one of cfg_type n */
    /* What is wrong with the last one of that type, and why. */
    int err[VIRTIO_PCI_CAP_DEVICE_CFG + 1];
    struct vio_why why[VIRTIO_PCI_CAP_DEVICE_CFG + 1];
};

/* Take one capability, if it is of use. */
void vio_pci_take_cap(struct vio_pci *p, const struct pci_cap *cap,
                      struct pci_modern_caps *caps);

/* Are the structures there that a driver needs? */
int vio_pci_check_caps(struct vio_pci *p, const struct pci_modern_caps *caps,
                       struct vio_why *why);

/* Use the device by one of the two interfaces: turn on decoding, fill in what
 * depends on it. */
int vio_pci_use_modern(struct vio_pci *p, struct vio_why *why);
int vio_pci_use_legacy(struct vio_pci *p, struct vio_why *why);

#endif
