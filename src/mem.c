/* SPDX-License-Identifier: BSD-2-Clause */
#include "mem.h"

/* Not inlined: there is one of it for both blocks. */
static __attribute__((noinline)) void *take(void **block, size_t *left,
                                            size_t size)
{
    unsigned char *p = *block;

    size = vio_round_up(size, VIO_MEM_ALIGN);
    if (size > *left)
        return NULL;
    for (size_t i = 0; i < size; i++)
        p[i] = 0;
    *block = p + size;
    *left -= size;
    return p;
}

void *vio_mem_shared(struct vio_mem *mem, size_t size, uint64_t *addr)
{
    unsigned char *p = take(&mem->shared, &mem->shared_size, size);

    if (p) {
        *addr = mem->shared_addr;
        mem->shared_addr += (size_t)((unsigned char *)mem->shared - p);
    }
    return p;
}

void *vio_mem_priv(struct vio_mem *mem, size_t size)
{
    return take(&mem->priv, &mem->priv_size, size);
}

void vio_mem_align_shared(struct vio_mem *mem, size_t align)
{
    size_t skip = (size_t)(-mem->shared_addr & (align - 1));
    uint64_t addr;

    if (skip > mem->shared_size)
        skip = mem->shared_size;
    (void)vio_mem_shared(mem, skip, &addr);
}
