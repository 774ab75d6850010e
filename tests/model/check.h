/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a monitor does when the driver breaks a rule: name the rule's row in
 * the checklist and fail the test, unless the test allowed just that.
 */
#ifndef MODEL_CHECK_H
#define MODEL_CHECK_H

#include <stdbool.h>

/* How to fail; the default prints the message and aborts. */
extern void (*model_fail_handler)(const char *message);

void model_check_reset(void);

/* From here on a violation of this row is counted and nothing more; "*": of any
 * row, where the device writes over the driver's words and so has no say. */
void model_allow(const char *row);

/* Violations of an allowed row so far. */
unsigned model_violations(const char *row);

void model_violation(const char *row, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
