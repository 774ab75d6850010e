/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk behind each of the four transports: what a test does over one of them
 * it can do over all. Every access to a register and to configuration space is
 * counted, and a test can act between any two of them.
 */
#ifndef UNIT_WAY_H
#define UNIT_WAY_H

#include "unit_pci.h"

enum unit_way {
    UNIT_MMIO_1,
    UNIT_MMIO_2,
    UNIT_PCI_LEGACY,
    UNIT_PCI_MODERN,
    UNIT_PCI_WINDOW, /* modern, with structures that cannot be mapped */
    UNIT_WAYS,
};

#define UNIT_WAY_SECTORS   256u
#define UNIT_WAY_QUEUE_MAX 64u

/* For each of them; packed queues have no legacy interface. */
#define for_each_way(way)                                         \
    for (enum unit_way way = UNIT_MMIO_1; way < UNIT_WAYS; way++) \
        if (!unit_is_packed() || !unit_way_is_legacy(way))

struct unit_way_state {
    enum unit_way way;
    struct vio_device *dev;
    struct model_dev *model;
    struct vio_blk blk;
    struct vio_blk_config cfg;
    struct vio_policy policy; /* of the probe */
    bool vectors;             /* PCI: MSI-X instead of the line */
    uint64_t accesses;        /* of registers and configuration space */
    /* Called before each of them. */
    void (*before)(uint64_t n);
    /* What a read gives instead; NULL: what it is. */
    uint32_t (*garble)(unsigned width, uint32_t value);
};

extern struct unit_way_state unit_way;

bool unit_way_is_pci(enum unit_way way);
bool unit_way_is_legacy(enum unit_way way);

/* A fresh device with a disk, which discards and is flushed, in the format of
 * the test; the data on it are what the last test left. Not yet looked at. */
void unit_way_start(enum unit_way way);

/* It has so many queues, and they are wanted. */
void unit_way_set_queues(unsigned n);

/* Look at it, and bring the disk up with what memory it wants. */
int unit_way_probe(void);
int unit_way_try_up(void);

/* Both, which must succeed. */
void unit_way_up(void);

/* Stop it; every mapping is gone, and the device is reset. */
void unit_way_down(void);

/* Write, read back and flush through the driver. The first error. */
int unit_way_transfer(uint8_t seed);

/* The same, and look at the data on the side of the device. */
void unit_way_transfer_well(uint8_t seed);

#endif
