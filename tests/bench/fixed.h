/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The library's ring with requests of fixed shape, which the block frontend
 * inlines, behind calls: the counterpart of limit.h. The third call is
 * vio_virtq_kick().
 */
#ifndef BENCH_FIXED_H
#define BENCH_FIXED_H

#include <vio/virtq.h>

void fixed_open(struct vio_virtq *vq, uint16_t depth, uint64_t headers,
                uint64_t statuses);
int fixed_add(struct vio_virtq *vq, uint64_t addr, uint32_t len, void *token);
/* At most max tokens, as the frontend does it; how many, or VIO_EPROTO. */
int fixed_get(struct vio_virtq *vq, void **token, unsigned max);

#endif
