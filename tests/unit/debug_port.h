/* SPDX-License-Identifier: BSD-2-Clause */
/* The port of the tests of a debug build: what it reports is counted. */
#ifndef UNIT_DEBUG_PORT_H
#define UNIT_DEBUG_PORT_H

#include "model_port.h"

void unit_debug_report(const char *what, const char *file, int line,
                       const char *other_file, int other_line);

#define vio_debug_report unit_debug_report

#endif
