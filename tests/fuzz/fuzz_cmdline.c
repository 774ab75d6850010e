/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of a virtual machine monitor. */
#include <stdlib.h>
#include <string.h>

#include <vio/error.h>
#include <vio/mmio.h>

#include "fuzz.h"

static void check_slot(const struct vio_mmio_slot *slot)
{
    FUZZ_ASSERT(slot->size != 0);
    FUZZ_ASSERT(slot->size - 1 <= UINT64_MAX - slot->base);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned max = size ? data[0] % 4 : 0;
    struct vio_mmio_slot *slots = malloc(max * sizeof *slots + 1);
    char *line = malloc(size + 1);
    int n, again;

    if (!slots || !line)
        fuzz_fail("no memory");
    memcpy(line, data, size);
    line[size] = '\0';
    n = vio_mmio_cmdline(line, slots, max);
    FUZZ_ASSERT(n >= 0 || n == VIO_EINVAL);
    for (int i = 0; i < n && (unsigned)i < max; i++)
        check_slot(&slots[i]);
    again = vio_mmio_cmdline(line, NULL, 0);
    FUZZ_ASSERT(again == n);
    free(slots);
    free(line);
    return 0;
}
