/* SPDX-License-Identifier: BSD-2-Clause */
/* Time, sleep and the two things that a sleep waits for. */
#ifndef HOST_ENV_H
#define HOST_ENV_H

#include "host.h"

void host_init_env(struct host *h);

/* Has the back end closed the socket? */
bool host_hung_up(const struct host *h);

/* Has any queue interrupted since the last look? */
bool host_take_interrupt(struct host *h);

#endif
