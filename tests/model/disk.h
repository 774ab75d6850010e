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
#define MODEL_ZONES        64u

/* What goes wrong with one request. All zeros: nothing. */
struct model_fault {
    bool hold;       /* it is not used before the test says so */
    bool no_status;  /* the status byte is not written */
    bool no_data;    /* nor is the data moved */
    bool set_status; /* the status byte is ... */
    uint8_t status;
    bool set_len; /* the used length is ... */
    uint32_t len;
    bool partial; /* of several ranges only the first is done */
};

/* One request as the device understood it. */
struct model_request {
    uint32_t type;
    uint32_t ioprio;
    uint64_t sector;
    uint64_t bytes; /* of data */
    uint32_t segments;
    unsigned queue;
};

/* Of discard, write zeroes or secure erase. */
struct model_limits {
    uint32_t sectors; /* of one range */
    uint32_t ranges;
    uint32_t alignment;
};

struct model_zone {
    uint64_t start, len, capacity, write_pointer; /* sectors */
    uint8_t type, state;
};

/* Types and states of zones, models of disks. */
enum {
    MODEL_ZT_CONV = 1,
    MODEL_ZT_SWR = 2,
    MODEL_ZT_SWP = 3
};
enum {
    MODEL_ZS_NOT_WP = 0,
    MODEL_ZS_EMPTY = 1,
    MODEL_ZS_IOPEN = 2,
    MODEL_ZS_EOPEN = 3,
    MODEL_ZS_CLOSED = 4,
    MODEL_ZS_RDONLY = 13,
    MODEL_ZS_FULL = 14,
    MODEL_ZS_OFFLINE = 15,
};
enum {
    MODEL_Z_NONE = 0,
    MODEL_Z_HM = 1,
    MODEL_Z_HA = 2
};

struct model_zoned {
    uint8_t model;
    uint32_t zone_sectors;
    uint32_t max_open, max_active, max_append;
    uint32_t granularity; /* bytes */
    unsigned n;
    struct model_zone zone[MODEL_ZONES];
};

/* The last SCSI command, and what the device answers. */
struct model_scsi {
    uint8_t cmd[64];
    uint64_t cmd_len;
    uint8_t data[4096]; /* written by the driver, or for it */
    uint64_t data_len;
    bool device_writes;
    uint32_t errors, sense_len, residual;
    uint8_t sense[96];
};

struct model_disk {
    uint64_t sectors;
    uint64_t promised; /* the most that the driver may take it for */
    bool read_only;
    bool write_through; /* every write is durable at once */
    uint32_t size_max;  /* 0: no limit */
    uint32_t seg_max;
    struct model_limits discard, zeroes, erase;
    uint8_t id[20];
    uint16_t lifetime[3];
    struct model_zoned zoned;
    struct model_scsi scsi;
    uint8_t data[MODEL_DISK_SECTORS * MODEL_SECTOR];
    uint8_t durable[MODEL_DISK_SECTORS * MODEL_SECTOR];

    /* Applies to request number fault_at, to all of some types, or to all. */
    struct model_fault fault;
    unsigned fault_at;    /* MODEL_FOREVER: to none */
    uint32_t fault_types; /* bit n: to those of type n */
    bool fault_always;

    unsigned requests;
    unsigned count[32]; /* by type */
    unsigned by_queue[MODEL_QUEUES];
    uint64_t unmapped;      /* sectors that were zeroed with unmap */
    uint64_t longest_range; /* sectors, since it was last set to 0 */
    struct model_request last;
};

/* Make d a block device with one queue of 256 on this disk. */
void model_disk_init(struct model_disk *disk, struct model_dev *d,
                     uint32_t version, uint64_t sectors);

/* The same with the data that are on it: those of a fresh disk take long. */
void model_disk_attach(struct model_disk *disk, struct model_dev *d,
                       uint32_t version, uint64_t sectors);

/* Offer a feature, with the field that belongs to it. */
void model_disk_offer(struct model_dev *d, unsigned feature);

void model_disk_set_size_max(struct model_disk *disk, struct model_dev *d,
                             uint32_t size_max);
void model_disk_set_seg_max(struct model_disk *disk, struct model_dev *d,
                            uint32_t seg_max);

/* Offer several queues of 256, and say so many in the configuration space. */
void model_disk_set_queues(struct model_dev *d, unsigned n, unsigned said);

/* Offer MF_BLK_DISCARD, MF_BLK_WRITE_ZEROES or MF_BLK_SECURE_ERASE. */
void model_disk_set_limits(struct model_dev *d, unsigned feature,
                           struct model_limits limits);

/* Offer zones of this model, the first n_conventional of them conventional;
 * the limits of disk->zoned are set before. */
void model_disk_set_zoned(struct model_dev *d, uint8_t model,
                          uint32_t zone_sectors, unsigned n_conventional);

/* Change the capacity, and say so. Requests from before may go to where the
 * disk ends no more, until the test says that the driver has noticed. */
void model_disk_resize(struct model_dev *d, uint64_t sectors);
void model_disk_noticed(struct model_disk *disk);

/* Do and use the i-th held request of queue q. */
void model_disk_finish(struct model_disk *disk, struct model_queue *q,
                       uint32_t i);

/* Power fails: what was not flushed is gone. */
void model_disk_crash(struct model_disk *disk);

#endif
