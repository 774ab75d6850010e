/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the block frontend share.
 */
#ifndef VIO_SRC_DEV_BLK_IMPL_H
#define VIO_SRC_DEV_BLK_IMPL_H

#include <vio/blk.h>

#include "../device_impl.h"
#include "blk_common.h"

/* What a slot has room for besides header and status, at the least: any of the
 * small answers. */
#define BLK_MIN_EXTRA 32u

/* What the data of an operation is. */
enum blk_data {
    BLK_NO_DATA,
    BLK_SECTORS, /* the caller's buffers, whole sectors within the capacity */
    BLK_RANGES,  /* ranges of sectors, copied to the slot */
    BLK_ANSWER,  /* a few bytes from the device, copied from the slot */
    BLK_REPORT,  /* one buffer of the caller's, filled as far as it goes */
    BLK_COMMAND, /* a struct vio_blk_scsi */
};

enum blk_op_index {
    BLK_READ,
    BLK_WRITE,
    BLK_FLUSH,
    BLK_DISCARD,
    BLK_WRITE_ZEROES,
    BLK_SECURE_ERASE,
    BLK_GET_ID,
    BLK_GET_LIFETIME,
    BLK_ZONE_OPEN,
    BLK_ZONE_CLOSE,
    BLK_ZONE_FINISH,
    BLK_ZONE_RESET,
    BLK_ZONE_RESET_ALL,
    BLK_ZONE_APPEND,
    BLK_ZONE_REPORT,
    BLK_SCSI,
    BLK_N_OPS,
};

/* One kind of request. */
struct blk_op {
    uint8_t type;       /* VIRTIO_BLK_T_* */
    uint8_t feature;    /* the bit that it needs, or VIO_CONFIG_ALWAYS */
    uint8_t data;       /* enum blk_data */
    uint8_t answer;     /* bytes that the device writes besides data */
    bool device_writes; /* the data */
    bool modifies;      /* refused on a read-only disk */
    bool repeatable;    /* but for writes to zones (blk.c) */
};

extern const struct blk_op vio_blk_ops[BLK_N_OPS];

static inline const struct blk_op *blk_op(const struct vio_blk_req *req)
{
    return &vio_blk_ops[req->op];
}

/*
 * What tells whether a request goes the usual way, in one piece, so that one
 * comparison answers it: it is a read of one buffer, the caller's, and was not
 * queued since it was filled in. The fields lie in this order, for compilers to
 * load them at once where bytes are in that order, too.
 */
#define BLK_TRAITS_OP    48 /* the operation from this bit on, then the state */
#define BLK_TRAITS_READ  ((uint64_t)1)
#define BLK_TRAITS_WRITE ((uint64_t)BLK_WRITE << BLK_TRAITS_OP) /* or it is */

static inline uint64_t blk_traits(const struct vio_blk_req *req)
{
    return (uint64_t)req->state << 56 | (uint64_t)req->op << BLK_TRAITS_OP |
           (uint64_t)req->n_segs << 32 | req->n;
}

/* Fill in any request, with its parameters in the order of most calls' own, so
 * that these go on as they are; and one about ranges. (blk_op.c) */
void vio_blk_prep(struct vio_blk_req *req, uint64_t sector, const void *data,
                  unsigned n, enum blk_op_index op);
void vio_blk_prep_ranges(struct vio_blk_req *req,
                         const struct vio_blk_range *range, unsigned n,
                         enum blk_op_index op, bool unmap);

/* What the configuration space says of queues and requests. */
struct blk_limits {
    uint32_t size_max; /* bytes of a segment */
    uint32_t seg_max;  /* segments of a request; 0: it does not say */
    uint16_t n_queues; /* likewise */
};

/* How a disk's queues will be laid out: blk_plan.c. */
struct blk_plan {
    /* What it goes by. */
    struct vio_device *dev;
    const struct vio_blk_config *cfg;
    struct blk_limits limits;
    unsigned most_size; /* to begin with */
    unsigned most_segs;

    /* And what it is. */
    unsigned n_queues;
    unsigned size;       /* descriptors of one */
    unsigned max_segs;   /* data segments of one request */
    unsigned extra_segs; /* and what some operations have besides */
    bool indirect;       /* a request is one descriptor that names a table */
};

int vio_blk_make_plan(struct blk_plan *plan);
int vio_blk_fit_plan(struct blk_plan *plan, const struct vio_mem *mem);
bool vio_blk_shrink_plan(struct blk_plan *plan);
struct vio_need vio_blk_need(const struct blk_plan *plan);
size_t vio_blk_queues_size(const struct vio_blk_config *cfg);
int vio_blk_lay_out(struct vio_blk *blk, const struct blk_plan *plan,
                    unsigned index, struct vio_mem *mem);
/* Which requests of the queue are one segment as they stand, within the
 * capacity that the disk has now, and have a slot made for that. */
void vio_blk_set_plain(struct vio_blk_queue *q);

void vio_blk_set_limits(struct vio_blk_info *info, const struct blk_plan *plan);

/* Agree on features; read and check what the plan goes by of the configuration
 * space; and the rest, but what depends on the queues. (blk_config.c) */
int vio_blk_negotiate(struct blk_plan *plan);
int vio_blk_read_limits(struct blk_plan *plan);
int vio_blk_read_info(const struct blk_plan *plan, struct vio_blk_info *info);

/* How many queues were ever laid out. There may be fewer in use, and after a
 * bringing up that failed the info does not say how many. */
static inline unsigned blk_n_structs(const struct vio_blk *blk)
{
    return blk->queue ? blk->cfg.n_queues : 0;
}

/* Put a finished request where reap finds it. */
void vio_blk_finish(struct vio_blk_queue *q, struct vio_blk_req *req,
                    int result);

/* Has the device used another request? 1, 0 or VIO_EPROTO. */
int vio_blk_look(struct vio_blk_queue *q);

#define BLK_STATUS_UNREAD 0x100u /* none of 8 bits */

/* Take the request that was found back from the device, whatever became of it;
 * `status` may have been read already. 1 or VIO_EPROTO. */
int vio_blk_take(struct vio_blk_queue *q, unsigned status,
                 struct vio_blk_req **req, int *result);

/* It came up, and is not finished: its queues would be somebody else's memory
 * then, and its device somebody else's. */
static inline bool blk_has_queues(const struct vio_blk *blk)
{
    return blk->queue && !blk->finished;
}

/* May the calls that wait use it? A suspended device would be shown a request
 * at the resume, and not before; one that is reset, has failed or is gone is
 * not to be notified (3.1.1). */
static inline bool blk_in_use(const struct vio_blk *blk)
{
    return blk_has_queues(blk) && blk->dev->state == VIO_DEVICE_RUNNING;
}

/* The caller has the request again. */
static inline void blk_release(struct vio_blk_req *req, int result)
{
    req->result = result;
    req->state = VIO_BLK_IDLE;
}

/* 5.2.6.2: zones are erased as a whole. (blk_req.c) */
bool vio_blk_whole_zones(const struct vio_blk_info *info, uint64_t sector,
                         uint64_t n_sectors);

/* Give the caller's memory back from the device: the first n_segs segments of a
 * slot. */
void vio_blk_unmap(struct vio_blk_queue *q, unsigned slot, unsigned n_segs);

/* Submit, and wait until a slot is free that was not before. > 0, VIO_ETIMEDOUT
 * or VIO_EPROTO. */
int vio_blk_wait_slot(struct vio_blk_queue *q, uint64_t timeout_ns);

/* Everything that is parked is done with VIO_EIO. */
void vio_blk_hand_back(struct vio_blk *blk);

#endif
