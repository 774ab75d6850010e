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
#include "reg.h"

/* One access to configuration space. (pci_bus.c) */
uint32_t vio_pci_read(const struct vio_pci_function *f, uint32_t offset,
                      unsigned width);
void vio_pci_write(const struct vio_pci_function *f, uint32_t offset,
                   unsigned width, uint32_t value);

/* The same, by width: most of them, and shorter to call. */
uint32_t vio_pci_read8(const struct vio_pci_function *f, uint32_t offset);
uint32_t vio_pci_read16(const struct vio_pci_function *f, uint32_t offset);
uint32_t vio_pci_read32(const struct vio_pci_function *f, uint32_t offset);
void vio_pci_write16(const struct vio_pci_function *f, uint32_t offset,
                     uint32_t value);
void vio_pci_write32(const struct vio_pci_function *f, uint32_t offset,
                     uint32_t value);

/* Change bits of the command register; what it was before. */
uint32_t vio_pci_command(const struct vio_pci_function *f, uint32_t clear,
                         uint32_t set);

static inline struct vio_pci *pci_of(struct vio_device *dev)
{
    return (struct vio_pci *)dev;
}

/* Find out what all BARs are; decoding is off meanwhile. (pci_bar.c) */
void vio_pci_size_bars(const struct vio_pci_function *f,
                       struct vio_pci_bar bar[VIO_PCI_BARS]);

/* Is this range within a BAR that exists? */
bool vio_pci_in_bar(const struct vio_pci *p, unsigned bar, uint64_t offset,
                    uint64_t length);

/* Map such a range. The decoding that it needs is added to p->command. */
int vio_pci_map(struct vio_pci *p, unsigned bar, uint64_t offset,
                uint64_t length, struct vio_reg *out, struct vio_why *why);

/* Give every BAR the address that it has here. */
void vio_pci_write_bars(const struct vio_pci_function *f,
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
void vio_pci_cap_begin(const struct vio_pci_function *f,
                       struct pci_cap_walk *walk);

/* 1: here is one; 0: no more; VIO_EPROTO: the list does not end. */
int vio_pci_cap_next(const struct vio_pci_function *f,
                     struct pci_cap_walk *walk, struct pci_cap *cap,
                     struct vio_why *why);

/* One access to a virtio structure, in the processor's byte order, mapped or
 * through the window. (pci_region.c) */
uint32_t vio_pci_get(const struct vio_pci *p, const struct vio_pci_region *r,
                     uint32_t offset, unsigned width);
void vio_pci_put(const struct vio_pci *p, const struct vio_pci_region *r,
                 uint32_t offset, unsigned width, uint32_t value);

/* The same to the common structure, which a legacy device's registers are. */
uint32_t vio_pci_get8(const struct vio_pci *p, uint32_t offset);
uint32_t vio_pci_get16(const struct vio_pci *p, uint32_t offset);
uint32_t vio_pci_get32(const struct vio_pci *p, uint32_t offset);
void vio_pci_put8(const struct vio_pci *p, uint32_t offset, uint32_t value);
void vio_pci_put16(const struct vio_pci *p, uint32_t offset, uint32_t value);
void vio_pci_put32(const struct vio_pci *p, uint32_t offset, uint32_t value);

/* A write through the window, for the doorbell. */
void vio_pci_window_write(const struct vio_pci *p, unsigned bar,
                          uint64_t offset, unsigned width, uint32_t value);

/* Take in the MSI-X capability, unless it is nonsense. (msix.c) */
void vio_pci_find_msix(struct vio_pci *p, const struct pci_cap *cap);

/* Is MSI-X on at present? */
bool vio_pci_msix_is_on(const struct vio_pci *p);

/* After a reset: choose the interrupts and program them. */
void vio_pci_start_interrupts(struct vio_pci *p);

/* Map the vector that a queue has, if it has one. */
int vio_pci_map_queue(struct vio_pci *p, uint16_t index);

/* Note in a queue whether it raises interrupts: nobody is to sleep until one
 * comes that does not. */
void vio_pci_note_silence(const struct vio_pci *p, struct vio_virtq *vq);

/* The isr of both interfaces. */
uint32_t vio_pci_read_isr(struct vio_device *dev);

/* And their is_there: the ids of no function are 0. (pci.c) */
bool vio_pci_is_there(struct vio_device *dev);

/* The structures that a capability may describe: cfg_type 1 to 4. */
#define PCI_N_STRUCTURES VIRTIO_PCI_CAP_DEVICE_CFG

/* What became of the virtio capabilities. (pci_modern_caps.c) */
struct pci_modern_caps {
    bool any; /* there are some */
    /* What is wrong with the last one of each structure (0: there is none, or
     * nothing is wrong), and why. */
    int err[PCI_N_STRUCTURES];
    struct vio_why why[PCI_N_STRUCTURES];
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
