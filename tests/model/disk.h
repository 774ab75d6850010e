/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A block device on a disk in memory, which can fail in every way that matters
 * and forgets at a crash what was not flushed.
 *
 * Spec: Block Device.
 */
#ifndef MODEL_DISK_H
#define MODEL_DISK_H

#include "dev.h"

#define MODEL_SECTOR       512u
#define MODEL_DISK_SECTORS 2048u

/* What goes wrong with one request. All zeros: nothing. */
struct model_fault {
    bool hold;       /* it is not used before the test says so */
    bool no_status;  /* the status byte is not written */
    bool no_data;    /* nor is the data moved */
    bool set_status; /* the status byte is ... */
    uint8_t status;
    bool set_len; /* the used length is ... */
    uint32_t len;
};

/* One request as the device understood it. */
struct model_request {
    uint32_t type;
    uint32_t ioprio;
    uint64_t sector;
    uint64_t bytes; /* of data */
    uint32_t segments;
};

struct model_disk {
    uint64_t sectors;
    bool read_only;
    bool write_through; /* every write is durable at once */
    uint32_t size_max;  /* 0: no limit */
    uint32_t seg_max;
    uint8_t id[20];
    uint8_t data[MODEL_DISK_SECTORS * MODEL_SECTOR];
    uint8_t durable[MODEL_DISK_SECTORS * MODEL_SECTOR];

    /* Applies to request number fault_at, or to all of them. */
    struct model_fault fault;
    unsigned fault_at; /* MODEL_FOREVER: to none */
    bool fault_always;

    unsigned requests;
    unsigned count[16]; /* by type */
    struct model_request last;
};

/* Make d a block device with one queue of 256 on this disk. */
void model_disk_init(struct model_disk *disk, struct model_dev *d,
                     uint32_t version, uint64_t sectors);

/* Offer a feature, with the field that belongs to it. */
void model_disk_offer(struct model_dev *d, unsigned feature);

void model_disk_set_size_max(struct model_disk *disk, struct model_dev *d,
                             uint32_t size_max);
void model_disk_set_seg_max(struct model_disk *disk, struct model_dev *d,
                            uint32_t seg_max);

/* Do and use the i-th held request of queue q. */
void model_disk_finish(struct model_disk *disk, struct model_queue *q,
                       uint32_t i);

/* Power fails: what was not flushed is gone. */
void model_disk_crash(struct model_disk *disk);

#endif
