/* SPDX-License-Identifier: BSD-2-Clause */
/* The interrupt controllers of a PC. */
#ifndef INTERRUPTS_H
#define INTERRUPTS_H

/* After the clock. */
void interrupts_init(void);

/* From start.S, with interrupts masked. */
void interrupt_entry(unsigned vector);

#endif
