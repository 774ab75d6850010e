/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block frontend under fuzzing, in three parts: the device (which answers
 * what the input says), the requests that are made, and the steps.
 */
#ifndef FUZZ_BLK_H
#define FUZZ_BLK_H

#include <string.h>

#include <vio/blk.h>

#include "fuzz.h"

#define REQUESTS   8u
#define DATA_BYTES 2048u
#define MAPPED     256u

struct fuzz_blk {
    struct vio_device dev;
    struct vio_blk blk;
    bool lost; /* a reset was not confirmed: the memory is gone */
    uint8_t status;
    uint8_t config[256];
    uint64_t features;
    uint64_t now_ns;
    struct mapping {
        const void *base;
        size_t len;
        enum vio_dir dir;
    } mapped[MAPPED];
    unsigned n_mapped;
    unsigned char data[REQUESTS + 1][DATA_BYTES]; /* the last one's is of the
                                                     synchronous calls */
    uint64_t successes;                           /* that took a status */
    uint64_t bytes_read;
};

extern struct fuzz_blk fuzz_blk;

/* The device (fuzz_blk_device.c): a disk of any kind, not looked at yet; its
 * turn; is any of this memory mapped for it? */
void fuzz_blk_choose_device(void);
void fuzz_blk_act(void);
bool fuzz_blk_reaches(const unsigned char *base, size_t len);

/* Requests (fuzz_blk_request.c): forget all; queue one, wait for one, run one,
 * reap what is done on a queue. */
void fuzz_blk_forget_requests(void);
void fuzz_blk_queue_one(void);
void fuzz_blk_wait_for_one(void);
void fuzz_blk_run_one(void);
void fuzz_blk_reap(unsigned queue, unsigned max);

/* The disk may have fewer queues than before: what was in the others is in the
 * first. */
void fuzz_blk_queues_changed(void);

/* Everything has come back, and nothing is mapped. */
void fuzz_blk_assert_all_back(void);

/* A good answer to the caller took a status that said so, and so many bytes
 * written by the device: is it possible? */
void fuzz_blk_check_success(bool has_status, uint64_t bytes);

static inline struct vio_blk_queue *fuzz_blk_queue(unsigned choice)
{
    return vio_blk_get_queue(&fuzz_blk.blk,
                             choice % fuzz_blk.blk.info.n_queues);
}

#endif
