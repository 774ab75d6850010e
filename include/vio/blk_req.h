/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests of a block device: what they are, and filling them in, which touches
 * nothing but them. What becomes of them is in vio/blk.h, which includes this.
 *
 * Spec: 5.2.6 Device Operation.
 */
#ifndef VIO_BLK_REQ_H
#define VIO_BLK_REQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vio/spec/blk.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A piece of the caller's memory. */
struct vio_buf {
    void *base;
    size_t len; /* bytes */
};

/* A range of sectors, for discard, write-zeroes and secure erase. */
struct vio_blk_range {
    uint64_t sector;
    uint32_t n_sectors;
};

enum vio_blk_req_state {
    VIO_BLK_IDLE,   /* the caller's */
    VIO_BLK_QUEUED, /* the queue's: staged or in flight */
    VIO_BLK_DONE,   /* finished, to be reaped */
};

/* A request. Only `user` and, once it is reaped, `result` are the caller's. */
struct vio_blk_req {
    int result; /* 0, or VIO_EIO, VIO_ENOTSUP, VIO_EPROTO, VIO_EZONE; after a
                   recovery also what vio_blk_queue() says of it then */
    void *user; /* untouched */

    struct vio_blk_req *next; /* in the list of finished requests */
    const void *data; /* buffers or ranges: the caller's, until reaped */
    void *out;        /* where an answer is copied to, or NULL */
    uint64_t sector;
    uint32_t n;      /* buffers or ranges */
    uint16_t n_segs; /* of the device's view of it, while it is queued */
    uint8_t op;      /* what to do: a row of blk_op.c's table */
    uint8_t state;   /* enum vio_blk_req_state */
    uint32_t prio;   /* 0, or a priority */
    uint32_t bytes;  /* of data, once queued */
    bool unmap;      /* write-zeroes may discard */
};

/*
 * Filling in a request. req is the caller's and must not be queued; its `user`
 * is left alone. Arrays and memory that are handed over must stay until the
 * request is reaped.
 */

/**
 * Read from `sector` on into n_buf buffers, together a multiple of 512 bytes.
 *
 * A success means that the device said so. Whether it moved the data at all,
 * and whether they are what was written, nobody but the reader can tell (by a
 * checksum, say); what was in the buffers before may still be.
 */
void vio_blk_prep_read(struct vio_blk_req *req, uint64_t sector,
                       const struct vio_buf *buf, unsigned n_buf);

/**
 * Write from `sector` on.
 *
 * In a sequential zone sector and length have to be multiples of the disk's
 * write_granularity, and no write goes past the zone's capacity: the caller's
 * duty, who knows the write pointer; which zones are sequential and how full
 * they are only a report says, and it may change with every request. The device
 * refuses what is wrong (VIO_EZONE).
 */
void vio_blk_prep_write(struct vio_blk_req *req, uint64_t sector,
                        const struct vio_buf *buf, unsigned n_buf);

/**
 * Make durable every write that was reaped before this was submitted. A disk
 * without a volatile cache does it at once, after the first vio_blk_flush(),
 * which is for what an earlier use of it may have left. If it fails, nothing is
 * known of those writes.
 */
void vio_blk_prep_flush(struct vio_blk_req *req);

/** Say that n ranges are not needed: their content is undefined afterwards. */
void vio_blk_prep_discard(struct vio_blk_req *req,
                          const struct vio_blk_range *range, unsigned n);

/** Make n ranges read as zeroes; unmap: they may be given up for that. */
void vio_blk_prep_write_zeroes(struct vio_blk_req *req,
                               const struct vio_blk_range *range, unsigned n,
                               bool unmap);

/** Erase n ranges and all copies of them. */
void vio_blk_prep_secure_erase(struct vio_blk_req *req,
                               const struct vio_blk_range *range, unsigned n);

#define VIO_BLK_ID_SIZE 21 /* 20 bytes of the device, and a NUL */

/** Ask for the serial number; id gets it, always NUL-terminated. */
void vio_blk_prep_get_id(struct vio_blk_req *req, char id[VIO_BLK_ID_SIZE]);

/* How much of a device's life is used. 0: not defined. */
struct vio_blk_lifetime {
    uint8_t pre_eol;   /* reserved blocks: 1 normal, 2 80 %, 3 90 % used */
    uint8_t slc_tenth; /* of SLC cells, in steps of 10 %; 11: exceeded */
    uint8_t mlc_tenth; /* of MLC cells */
};

/** Ask for the lifetime. Values that the specification reserves read as 0. */
void vio_blk_prep_get_lifetime(struct vio_blk_req *req,
                               struct vio_blk_lifetime *lifetime);

/* What vio_blk_prep_zone() does with the zone that begins at a sector. */
enum vio_blk_zone_op {
    VIO_BLK_ZONE_OPEN,
    VIO_BLK_ZONE_CLOSE,
    VIO_BLK_ZONE_FINISH,
    VIO_BLK_ZONE_RESET,
    VIO_BLK_ZONE_RESET_ALL, /* all zones; sector is not used */
};

/** Manage a zone; sector is its beginning. Of an op that is none of these a
 * request is made that cannot be queued (VIO_EINVAL). */
void vio_blk_prep_zone(struct vio_blk_req *req, enum vio_blk_zone_op op,
                       uint64_t sector);

/**
 * Append to the zone that begins at `sector`; *where gets the sector at which
 * the data landed.
 */
void vio_blk_prep_zone_append(struct vio_blk_req *req, uint64_t sector,
                              const struct vio_buf *buf, unsigned n_buf,
                              uint64_t *where);

/**
 * Report the zones from the one that contains `sector` on, for
 * vio_blk_zone_count() and vio_blk_zone_get(). buf holds 64 bytes, and 64 more
 * for each zone.
 */
void vio_blk_prep_zone_report(struct vio_blk_req *req, uint64_t sector,
                              const struct vio_buf *buf);

/* A zone, as reported. */
struct vio_blk_zone {
    uint64_t start;         /* sector */
    uint64_t capacity;      /* sectors that can be written */
    uint64_t write_pointer; /* sector, where the state has one */
    uint8_t type;           /* VIRTIO_BLK_ZT_* */
    uint8_t state;          /* VIRTIO_BLK_ZS_* */
};

/** Returns: how many zones a report has, never more than buf holds. */
uint64_t vio_blk_zone_count(const struct vio_buf *report);

/** Copy out zone i of a report. Returns: 0; VIO_ERANGE: there is none. */
int vio_blk_zone_get(const struct vio_buf *report, uint64_t i,
                     struct vio_blk_zone *zone);

/* A SCSI command, on legacy devices only (5.2.6.3). */
struct vio_blk_scsi {
    struct vio_buf cmd;   /* the command block */
    struct vio_buf data;  /* len 0: none */
    bool device_writes;   /* data */
    struct vio_buf sense; /* VIRTIO_BLK_SCSI_SENSE_BYTES bytes */

    /* Once it is reaped: */
    uint32_t errors;    /* SCSI status */
    uint32_t sense_len; /* bytes of sense, at most its size */
    uint32_t residual;  /* bytes of data that were not moved */
};

/** Pass a SCSI command through; scsi must stay until the request is reaped. */
void vio_blk_prep_scsi(struct vio_blk_req *req, struct vio_blk_scsi *scsi);

/** Give a filled-in request a priority: higher is more important. A hint, which
 * only legacy devices are told of. */
void vio_blk_set_priority(struct vio_blk_req *req, uint32_t priority);

#ifdef __cplusplus
}
#endif

#endif
