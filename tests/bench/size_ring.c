/* SPDX-License-Identifier: BSD-2-Clause */
/* What a program links that drives a ring by itself and polls. */
#include <vio/virtq.h>

void entry(struct vio_virtq *vq, const struct vio_virtq_config *cfg,
           struct vio_mem *mem, const struct vio_sg *sg, void **token);

void entry(struct vio_virtq *vq, const struct vio_virtq_config *cfg,
           struct vio_mem *mem, const struct vio_sg *sg, void **token)
{
    uint32_t len;

    if (vio_virtq_init(vq, cfg, mem) || vio_virtq_add(vq, sg, 1, 2, vq))
        return;
    vio_virtq_kick(vq);
    while (vio_virtq_get_buf(vq, token, &len) == 0)
        ;
}
