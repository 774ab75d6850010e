/* SPDX-License-Identifier: BSD-2-Clause */
/* The interrupt controllers of the machine. */
#ifndef INTERRUPTS_H
#define INTERRUPTS_H

void interrupts_init(void);

/* Serve what is pending, with interrupts masked. */
void interrupts_take(void);

#endif
