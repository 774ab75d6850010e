/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio device on PCI: configuration space, BARs, capabilities, MSI-X; the
 * modern structures and the legacy register file in front of a model_dev, which
 * is what the device is.
 *
 * Spec: Virtio Over PCI Bus.
 */
#ifndef MODEL_PCI_H
#define MODEL_PCI_H

#include "dev.h"

#define MODEL_PCI_MEM_BASE  0xfe000000u /* where the memory BARs are put */
#define MODEL_PCI_IO_BASE   0xc000u     /* and the I/O BAR */
#define MODEL_PCI_IO_SEEN   0x70000000u /* I/O address 0, seen in memory */
#define MODEL_MSIX_ENTRIES  64u
#define MODEL_PCI_TABLE_BAR 1u /* of the table of MSI-X */
#define MODEL_NO_VECTOR     0xffffu

/* What a device is to have. */
#define MODEL_PCI_LEGACY 1u
#define MODEL_PCI_MODERN 2u
#define MODEL_PCI_MSIX   4u
#define MODEL_PCI_WINDOW 8u
#define MODEL_PCI_ALL    15u

/* The structures, as cfg_type counts them. */
enum model_pci_part {
    MODEL_COMMON = 1,
    MODEL_NOTIFY = 2,
    MODEL_ISR = 3,
    MODEL_DEVICE = 4,
    MODEL_PARTS,
};

struct model_pci_part_at {
    uint8_t bar;
    uint32_t offset;
    uint32_t length; /* 0: there is none */
};

/* What the monitor remembers of a modern queue. */
struct model_pci_queue {
    unsigned written;    /* bit n: the register at 0x18 + 2n */
    bool enable_written; /* and not read back */
    bool vector_written;
};

struct model_pci {
    struct model_dev dev; /* version 2: last used as modern, 1: as legacy */
    uint32_t bdf;
    bool absent;
    uint8_t space[256];
    uint64_t bar_size[6]; /* 0: none */
    uint8_t last_cap;     /* where to link the next one */
    uint8_t next_cap;     /* and where it goes */
    uint8_t msix_cap;
    uint8_t window_cap;
    struct model_pci_part_at part[MODEL_PARTS];
    uint32_t notify_multiplier;
    uint32_t common_length; /* what of it there really is */
    uint16_t notify_off[MODEL_QUEUES];
    uint16_t num_queues;
    uint16_t notif_config_data;

    /* How it misbehaves. */
    uint64_t bad_vectors; /* bit n: nothing can be mapped to vector n */
    bool keep_size;       /* queue_size cannot be written */
    bool refuse_enable;
    unsigned queue_reset_reads;
    uint32_t (*on_config_read)(struct model_pci *m, uint32_t offset,
                               unsigned width, uint32_t value);
    uint32_t (*on_bar_read)(struct model_pci *m, unsigned width,
                            uint32_t value);

    /* Its state. */
    uint16_t queue_size[MODEL_QUEUES]; /* as written; 0: not */
    uint16_t config_vector;
    uint16_t queue_vector[MODEL_QUEUES];
    uint32_t table[MODEL_MSIX_ENTRIES][4];
    bool queue_resetting;

    /* What happened. */
    uint64_t config_reads, config_writes;
    unsigned isr_reads;
    unsigned window_accesses;
    bool config_vector_written; /* and not read back */
    struct model_pci_queue check[MODEL_QUEUES];
};

/* A transitional block device with MSI-X and window, less what is not in
 * `parts`, with addresses in its BARs, decoding off. */
void model_pci_init(struct model_pci *m, uint32_t bdf, unsigned parts);

/* Put little-endian bytes into configuration space. */
void model_pci_put(struct model_pci *m, uint32_t offset, unsigned width,
                   uint32_t value);
uint32_t model_pci_peek(const struct model_pci *m, uint32_t offset,
                        unsigned width);

/* Append a capability; of a virtio one set the rest. Returns where it is. */
uint8_t model_pci_cap(struct model_pci *m, uint8_t id, uint8_t len);
uint8_t model_pci_virtio_cap(struct model_pci *m, uint8_t cfg_type, uint8_t bar,
                             uint32_t offset, uint32_t length, uint32_t extra);

/* Forget all capabilities. */
void model_pci_no_caps(struct model_pci *m);

/* Configuration space, as a driver's bus has it. */
uint32_t model_pci_read(void *ctx, uint32_t bdf, uint32_t offset,
                        unsigned width);
void model_pci_write(void *ctx, uint32_t bdf, uint32_t offset, unsigned width,
                     uint32_t value);

/* Between a number and how a little-endian bus shows it to the driver's loads
 * and stores, which are in the processor's order. */
uint32_t model_pci_order(unsigned width, uint32_t value);

bool model_pci_msix_on(const struct model_pci *m);

/* Vector of an event changed; true: it is mapped now. */
uint16_t model_pci_map_vector(struct model_pci *m, uint32_t vector);

/* After model_dev_reset(): what PCI adds. */
void model_pci_was_reset(struct model_pci *m);

/* The registers of the two interfaces (pci_modern.c, pci_legacy.c). */
uint32_t model_modern_read(struct model_pci *m, enum model_pci_part part,
                           uint32_t offset, unsigned width);
void model_modern_write(struct model_pci *m, enum model_pci_part part,
                        uint32_t offset, unsigned width, uint32_t value);
uint32_t model_legacy_read(struct model_pci *m, uint32_t offset,
                           unsigned width);
void model_legacy_write(struct model_pci *m, uint32_t offset, unsigned width,
                        uint32_t value);

/* Both: the status, which resets, and the register that a read clears. */
void model_pci_set_status(struct model_pci *m, uint32_t value);
uint32_t model_pci_read_isr(struct model_pci *m);

#endif
