/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of memory that the device reaches. */
#include "mem.h"

#include <stdio.h>
#include <stdlib.h>

#define REGIONS_MAX 4096
#define PAGE        4096u

/* Beyond 32 bits, so that high halves matter; below 2^44, so that a legacy
 * page number can say it. */
#define FIRST_ADDR 0x1000000000u

struct region {
    uint8_t *host; /* NULL: free */
    size_t len;
    uint64_t addr;
    unsigned perm;
};

static struct region regions[REGIONS_MAX];
static unsigned n_regions; /* high-water mark */
static unsigned n_live;
static uint64_t next_addr = FIRST_ADDR;

void model_mem_reset(void)
{
    n_regions = 0;
    n_live = 0;
    next_addr = FIRST_ADDR;
}

static struct region *free_region(void)
{
    for (unsigned i = 0; i < n_regions; i++) {
        if (!regions[i].host)
            return &regions[i];
    }
    if (n_regions == REGIONS_MAX) {
        fprintf(stderr, "model_mem: out of regions\n");
        abort();
    }
    return &regions[n_regions++];
}

void model_mem_add_at(void *host, size_t len, unsigned perm, uint64_t addr)
{
    struct region *r = free_region();

    r->host = host;
    r->len = len;
    r->addr = addr;
    r->perm = perm;
    n_live++;
}

uint64_t model_mem_add(void *host, size_t len, unsigned perm)
{
    uint64_t addr = next_addr + ((uintptr_t)host & (PAGE - 1));

    model_mem_add_at(host, len, perm, addr);
    /* An unmapped page behind each region: no address is used twice. */
    next_addr = ((addr + len + PAGE - 1) & ~(uint64_t)(PAGE - 1)) + PAGE;
    return addr;
}

size_t model_mem_remove(uint64_t addr)
{
    for (unsigned i = 0; i < n_regions; i++) {
        if (regions[i].host && regions[i].addr == addr) {
            regions[i].host = NULL;
            n_live--;
            return regions[i].len;
        }
    }
    return 0;
}

void *model_mem_at(uint64_t addr, uint64_t len, unsigned perm)
{
    for (unsigned i = 0; i < n_regions; i++) {
        const struct region *r = &regions[i];
        uint64_t at = addr - r->addr;

        if (r->host && addr >= r->addr && at <= r->len && len <= r->len - at &&
            (r->perm & perm) == perm)
            return r->host + at;
    }
    return NULL;
}

bool model_mem_reaches(const void *host, size_t len)
{
    const uint8_t *p = host;

    for (unsigned i = 0; i < n_regions; i++) {
        const struct region *r = &regions[i];

        if (r->host && p < r->host + r->len && r->host < p + len)
            return true;
    }
    return false;
}

unsigned model_mem_count(void)
{
    return n_live;
}
