/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the common part of the ports and one machine. A machine supplies the
 * functions down to machine_start_second(), and of port.h port_mmio_slots(),
 * port_cmdline() and port_exit(); its start-up code ends in machine_run(), and
 * its interrupt handler calls machine_interrupt() and machine_message().
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdint.h>

#include <vio/port.h>

#include "port.h"

/* Make the console and the clock work, and exceptions be caught; unmask
 * interrupts. */
void machine_init(void);

/* Send one byte to the console. */
void machine_putc(char c);

/* Take one byte from the console, or < 0: none is there. */
int machine_getc(void);

/* A clock that never goes back. */
uint64_t machine_now_ns(void);

/* Let a line of the interrupt controller interrupt the first processor. */
void machine_irq_enable(uint32_t irq);

/* This processor takes no interrupts, or takes them again. */
void machine_irq_mask(void);
void machine_irq_unmask(void);

/* Called with interrupts masked: unmask them and sleep until one comes, also
 * one that is there already, or until the deadline. */
void machine_sleep(uint64_t deadline_ns);

/* The message that arrives as `vector`; < 0: there are none here. */
int machine_msi(unsigned vector, uint64_t *addr, uint32_t *data);

/* Fill in the machine's PCI bus, if it has one. True: no firmware has given
 * addresses to the BARs, and these are free. */
bool machine_pci(struct vio_pci_bus *bus, struct vio_pci_windows *windows);

/* The line of a function's INTx: of a pin, from device to device the next. */
uint32_t machine_pci_irq(const struct vio_pci *pci, unsigned turns);

/* What QEMU's machines called `virt` differ in: for virt.c, which makes
 * port_mmio_slots(), port_cmdline() and the functions of PCI of it. */
struct machine_virt {
    const void *tree; /* the device tree; it has all but */
    uint32_t pci_irq; /* the first of four lines of PCI's pins */
};
extern struct machine_virt machine_virt;

/* Start the second processor: on this stack, in machine_second_run(), with
 * interrupts masked. Not 0: there is none. */
int machine_start_second(void *stack_end);

/* Hand an interrupt to the devices of its line, or a message to its device, and
 * wake the sleeper. */
void machine_interrupt(uint32_t irq);
void machine_message(unsigned vector);

/* What the second processor does. */
_Noreturn void machine_second_run(void);

/* Initialise the machine, run main(), and exit with its value. */
_Noreturn void machine_run(void);

/* Say which exception came, where and about which address, and exit. */
_Noreturn void machine_fault(uint64_t cause, uint64_t pc, uint64_t address,
                             uint64_t detail);

/* Where a 16550-compatible console with byte-wide registers is: for
 * uart16550.c, which has machine_putc() and machine_getc() then. */
extern const struct vio_reg machine_uart;
void uart16550_init(void);

/* A PC's clock: the time stamp counter. */
void pc_clock_init(void);
uint64_t pc_clock_ns(void);

/* Members of the surroundings. */
uint64_t port_now_ns(void *ctx);
void port_log(void *ctx, enum vio_log_level level, const char *msg);

int main(void);

#endif
