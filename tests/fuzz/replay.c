/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a fuzz target over files, with any compiler.
 *
 * usage: PROGRAM FILE...
 */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

#define MOST (1u << 20)

static void run(const char *path)
{
    static uint8_t buffer[MOST];
    FILE *file = fopen(path, "rb");
    uint8_t *copy;
    size_t size;

    if (!file) {
        perror(path);
        exit(1);
    }
    size = fread(buffer, 1, sizeof buffer, file);
    fclose(file);
    copy = malloc(size ? size : 1); /* so that reading past it is seen */
    if (!copy)
        exit(1);
    for (size_t i = 0; i < size; i++)
        copy[i] = buffer[i];
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        run(argv[i]);
    printf("%d inputs\n", argc - 1);
    return argc > 1 ? 0 : 1;
}
