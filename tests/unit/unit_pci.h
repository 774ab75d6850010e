/* SPDX-License-Identifier: BSD-2-Clause */
/* A block device on PCI, for the tests of that transport. */
#ifndef UNIT_PCI_H
#define UNIT_PCI_H

#include <vio/pci.h>

#include "pci.h"
#include "unit.h"

extern struct model_pci unit_function; /* the device's side, at unit_bdf */
extern struct vio_pci unit_pci;
extern struct vio_pci_bus unit_bus;
extern struct vio_why unit_why;
extern struct vio_blk unit_pci_blk;

#define unit_bdf VIO_PCI_BDF(0, 3, 0)

/* A fresh device with MODEL_PCI_* parts; not yet looked at. */
void unit_pci_start(unsigned parts);

/* Where its first virtio capability of this type is. */
uint8_t unit_pci_cap(unsigned type);

int unit_pci_probe(const struct vio_policy *policy);

/* The probe fails so, and nothing has changed by it. */
void unit_pci_probe_fails(const struct vio_policy *policy, int error,
                          enum vio_reason reason);

/* Bring the disk up, which must succeed; and take it down. */
void unit_pci_up(void);
int unit_pci_try_up(void);
void unit_pci_down(void);

/* Read and write sectors of the disk, and look at them on its side. */
void unit_pci_transfer(void);

/* A queue by hand on the device that unit_pci is: begun, laid out, started. */
extern struct vio_virtq unit_pci_vq;
int unit_pci_queue(uint64_t wanted, uint16_t size);

/* MSI messages by the platform's vector; this one has none, 0: all have. */
#define UNIT_MSI_ADDRESS 0x1fee00000ull
#define UNIT_MSI_DATA    0x4000u
extern unsigned unit_msi_bad;
void unit_pci_allow_msi(void);

#endif
