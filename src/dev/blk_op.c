/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What can be asked of a block device, and how to fill in a request for it.
 *
 * Spec: 5.2.6 Device Operation.
 */
#include "blk_impl.h"

#define ALWAYS VIO_CONFIG_ALWAYS
#define ZONED  VIRTIO_BLK_F_ZONED

/* clang-format off */
const struct blk_op vio_blk_ops[BLK_N_OPS] = {
    /*                    type, needs, data, answer,
     *                    device writes data, modifies, repeatable */
    [BLK_READ] =         {VIRTIO_BLK_T_IN, ALWAYS, BLK_SECTORS, 0,
                          true, false, true},
    [BLK_WRITE] =        {VIRTIO_BLK_T_OUT, ALWAYS, BLK_SECTORS, 0,
                          false, true, true},
    [BLK_FLUSH] =        {VIRTIO_BLK_T_FLUSH, ALWAYS, BLK_NO_DATA, 0,
                          false, false, true},
    [BLK_DISCARD] =      {VIRTIO_BLK_T_DISCARD, VIRTIO_BLK_F_DISCARD,
                          BLK_RANGES, 0, false, true, true},
    [BLK_WRITE_ZEROES] = {VIRTIO_BLK_T_WRITE_ZEROES, VIRTIO_BLK_F_WRITE_ZEROES,
                          BLK_RANGES, 0, false, true, true},
    [BLK_SECURE_ERASE] = {VIRTIO_BLK_T_SECURE_ERASE, VIRTIO_BLK_F_SECURE_ERASE,
                          BLK_RANGES, 0, false, true, true},
    [BLK_GET_ID] =       {VIRTIO_BLK_T_GET_ID, ALWAYS, BLK_ANSWER,
                          VIRTIO_BLK_ID_BYTES, false, false, true},
    [BLK_GET_LIFETIME] = {VIRTIO_BLK_T_GET_LIFETIME, VIRTIO_BLK_F_LIFETIME,
                          BLK_ANSWER, sizeof(struct virtio_blk_lifetime),
                          false, false, true},
    [BLK_ZONE_OPEN] =    {VIRTIO_BLK_T_ZONE_OPEN, ZONED, BLK_NO_DATA, 0,
                          false, true, true},
    [BLK_ZONE_CLOSE] =   {VIRTIO_BLK_T_ZONE_CLOSE, ZONED, BLK_NO_DATA, 0,
                          false, true, true},
    [BLK_ZONE_FINISH] =  {VIRTIO_BLK_T_ZONE_FINISH, ZONED, BLK_NO_DATA, 0,
                          false, true, true},
    [BLK_ZONE_RESET] =   {VIRTIO_BLK_T_ZONE_RESET, ZONED, BLK_NO_DATA, 0,
                          false, true, true},
    [BLK_ZONE_RESET_ALL] = {VIRTIO_BLK_T_ZONE_RESET_ALL, ZONED, BLK_NO_DATA, 0,
                          false, true, true},
    [BLK_ZONE_APPEND] =  {VIRTIO_BLK_T_ZONE_APPEND, ZONED, BLK_SECTORS,
                          sizeof(uint64_t), false, true, false},
    [BLK_ZONE_REPORT] =  {VIRTIO_BLK_T_ZONE_REPORT, ZONED, BLK_REPORT, 0,
                          true, false, true},
    [BLK_SCSI] =         {VIRTIO_BLK_T_SCSI_CMD, VIRTIO_BLK_F_SCSI, BLK_COMMAND,
                          sizeof(struct virtio_scsi_inhdr), false, false,
                          false},
};
/* clang-format on */

/* In a small build there is one of it; else every call has its own. */
#ifdef __OPTIMIZE_SIZE__
#define PREP_APART __attribute__((noinline))
#else
#define PREP_APART
#endif

/* What the operation does not look at stays as it is. */
PREP_APART void vio_blk_prep(struct vio_blk_req *req, uint64_t sector,
                             const void *data, unsigned n, enum blk_op_index op)
{
    req->data = data;
    req->sector = sector;
    req->n = n;
    req->n_segs = 0;
    req->op = (uint8_t)op;
    req->state = VIO_BLK_IDLE;
    req->prio = 0;
}

void vio_blk_prep_read(struct vio_blk_req *req, uint64_t sector,
                       const struct vio_buf *buf, unsigned n_buf)
{
    vio_blk_prep(req, sector, buf, n_buf, BLK_READ);
}

void vio_blk_prep_write(struct vio_blk_req *req, uint64_t sector,
                        const struct vio_buf *buf, unsigned n_buf)
{
    vio_blk_prep(req, sector, buf, n_buf, BLK_WRITE);
}

void vio_blk_prep_flush(struct vio_blk_req *req)
{
    vio_blk_prep(req, 0, NULL, 0, BLK_FLUSH); /* 5.2.6.1: sector 0, no data */
}

void vio_blk_prep_ranges(struct vio_blk_req *req,
                         const struct vio_blk_range *range, unsigned n,
                         enum blk_op_index op, bool unmap)
{
    vio_blk_prep(req, 0, range, n, op);
    req->unmap = unmap;
}

void vio_blk_prep_discard(struct vio_blk_req *req,
                          const struct vio_blk_range *range, unsigned n)
{
    vio_blk_prep_ranges(req, range, n, BLK_DISCARD, false);
}

void vio_blk_prep_write_zeroes(struct vio_blk_req *req,
                               const struct vio_blk_range *range, unsigned n,
                               bool unmap)
{
    vio_blk_prep_ranges(req, range, n, BLK_WRITE_ZEROES, unmap);
}

void vio_blk_prep_secure_erase(struct vio_blk_req *req,
                               const struct vio_blk_range *range, unsigned n)
{
    vio_blk_prep_ranges(req, range, n, BLK_SECURE_ERASE, false);
}

void vio_blk_prep_get_id(struct vio_blk_req *req, char id[VIO_BLK_ID_SIZE])
{
    vio_blk_prep(req, 0, NULL, 0, BLK_GET_ID);
    req->out = id;
}

void vio_blk_prep_get_lifetime(struct vio_blk_req *req,
                               struct vio_blk_lifetime *lifetime)
{
    vio_blk_prep(req, 0, NULL, 0, BLK_GET_LIFETIME);
    req->out = lifetime;
}

void vio_blk_prep_zone(struct vio_blk_req *req, enum vio_blk_zone_op op,
                       uint64_t sector)
{
    /* 5.2.6.2: the sector of a reset of all is 0. */
    if (op == VIO_BLK_ZONE_RESET_ALL)
        sector = 0;
    /* What is none of them becomes a read of nothing, which nobody queues. */
    vio_blk_prep(req, sector, NULL, 0,
                 (unsigned)op <= VIO_BLK_ZONE_RESET_ALL
                     ? (enum blk_op_index)(BLK_ZONE_OPEN + op)
                     : BLK_READ);
}

void vio_blk_prep_zone_append(struct vio_blk_req *req, uint64_t sector,
                              const struct vio_buf *buf, unsigned n_buf,
                              uint64_t *where)
{
    vio_blk_prep(req, sector, buf, n_buf, BLK_ZONE_APPEND);
    req->out = where;
}

void vio_blk_prep_zone_report(struct vio_blk_req *req, uint64_t sector,
                              const struct vio_buf *buf)
{
    vio_blk_prep(req, sector, buf, 1, BLK_ZONE_REPORT);
}

void vio_blk_prep_scsi(struct vio_blk_req *req, struct vio_blk_scsi *scsi)
{
    vio_blk_prep(req, 0, scsi, 1, BLK_SCSI);
    req->out = scsi;
}

void vio_blk_set_priority(struct vio_blk_req *req, uint32_t priority)
{
    req->prio = priority;
}
