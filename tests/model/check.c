/* SPDX-License-Identifier: BSD-2-Clause */
/* Reports of broken rules. */
#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALLOWED_MAX 16

static struct {
    const char *row;
    unsigned hits;
} allowed[ALLOWED_MAX];
static unsigned n_allowed;

static void print_and_abort(const char *message)
{
    fprintf(stderr, "%s\n", message);
    abort();
}

void (*model_fail_handler)(const char *message) = print_and_abort;

void model_check_reset(void)
{
    n_allowed = 0;
}

void model_allow(const char *row)
{
    if (n_allowed == ALLOWED_MAX)
        print_and_abort("model_allow: too many rows");
    allowed[n_allowed].row = row;
    allowed[n_allowed].hits = 0;
    n_allowed++;
}

static int find(const char *row)
{
    for (unsigned i = 0; i < n_allowed; i++) {
        if (strcmp(allowed[i].row, row) == 0 || allowed[i].row[0] == '*')
            return (int)i;
    }
    return -1;
}

unsigned model_violations(const char *row)
{
    int i = find(row);

    return i < 0 ? 0 : allowed[i].hits;
}

void model_violation(const char *row, const char *format, ...)
{
    char message[400];
    int i = find(row);
    size_t used;
    va_list ap;

    if (i >= 0) {
        allowed[i].hits++;
        return;
    }
    used = (size_t)snprintf(message, sizeof(message), "%s: ", row);
    va_start(ap, format);
    vsnprintf(message + used, sizeof(message) - used, format, ap);
    va_end(ap);
    model_fail_handler(message);
}
