/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the common part of the ports and one machine. A machine supplies the
 * first three functions, and of port.h port_mmio_slots(), port_cmdline() and
 * port_exit(); its start-up code ends in machine_run().
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdint.h>

#include <vio/port.h>

#include "port.h"

/* Make the console and the clock work, and exceptions be caught. */
void machine_init(void);

/* Send one byte to the console. */
void machine_putc(char c);

/* A clock that never goes back. */
uint64_t machine_now_ns(void);

/* Initialise the machine, run main(), and exit with its value. */
_Noreturn void machine_run(void);

/* Say which exception came, where and about which address, and exit. */
_Noreturn void machine_fault(uint64_t cause, uint64_t pc, uint64_t address,
                             uint64_t detail);

/* A 16550-compatible serial console with byte-wide registers. */
void uart16550_init(struct vio_reg base);
void uart16550_putc(struct vio_reg base, char c);

/* A PC's clock: the time stamp counter. */
void pc_clock_init(void);
uint64_t pc_clock_ns(void);

int main(void);

#endif
