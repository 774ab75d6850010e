/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: a device tree. Every answer lies within the tree, and the same
 * tree at another alignment has the same answers.
 */
#include <stdlib.h>
#include <string.h>

#include <vio/fdt.h>

#define MOST 4u

struct answers {
    int mmio, pci, bootargs;
    struct vio_mmio_slot slot[MOST];
    struct vio_fdt_pci bridge[MOST];
    size_t line; /* where the command line is */
};

static void ask(const uint8_t *fdt, size_t size, struct answers *a)
{
    const char *args = NULL;
    char text[128];

    memset(a, 0, sizeof(*a));
    a->mmio = vio_fdt_mmio(fdt, size, a->slot, MOST);
    a->pci = vio_fdt_pci(fdt, size, a->bridge, MOST);
    a->bootargs = vio_fdt_bootargs(fdt, size, &args);
    if (a->bootargs == 0) {
        a->line = (size_t)((const uint8_t *)args - fdt);
        if (a->line >= size || !memchr(args, 0, size - a->line))
            __builtin_trap();
        (void)vio_mmio_cmdline(args, a->slot, 0);
    }
    if (a->mmio > 0)
        (void)vio_mmio_cmdline_print(
            a->slot, a->mmio < (int)MOST ? (unsigned)a->mmio : MOST, text,
            sizeof(text));
    /* What there is does not depend on the room for it. */
    if (vio_fdt_mmio(fdt, size, NULL, 0) != a->mmio ||
        vio_fdt_pci(fdt, size, NULL, 0) != a->pci)
        __builtin_trap();
    if (size >= 8)
        (void)vio_fdt_size(fdt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct answers aligned, odd;
    uint8_t *copy = malloc(size + 1); /* the sanitizer watches its end */

    if (!copy)
        return 0;
    memcpy(copy, data, size);
    ask(copy, size, &aligned);
    memmove(copy + 1, copy, size);
    ask(copy + 1, size, &odd);
    if (memcmp(&aligned, &odd, sizeof(odd)))
        __builtin_trap();
    free(copy);
    return 0;
}
