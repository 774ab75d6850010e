/* SPDX-License-Identifier: BSD-2-Clause */
/* QEMU's aarch64 `virt`: PL011, generic timer, GICv2, semihosting, PSCI. */
#include "machine.h"

#define UART_DR      0x00
#define UART_FR      0x18
#define UART_FR_RXFE 0x10 /* nothing has come */
#define UART_FR_TXFF 0x20 /* the FIFO is full */
#define UART_CR      0x30
#define UART_CR_ON   0x301 /* both directions */

#define GICD_CTLR      0x000
#define GICD_ISENABLER 0x100
#define GICD_IPRIORITY 0x400
#define GICD_ITARGETS  0x800
#define GICC_CTLR      0x00
#define GICC_PMR       0x04
#define GICC_IAR       0x0c
#define GICC_EOIR      0x10
#define GIC_NONE       1020 /* from here on: no interrupt */

#define GICD_ICFGR  0xc00
#define GICM_TYPER  0x008
#define GICM_SETSPI 0x040

#define TIMER_IRQ 27 /* the virtual timer */

#define SEMIHOSTING_EXIT     0x18
#define SEMIHOSTING_EXIT_APP 0x20026
#define PSCI_SYSTEM_OFF      0x84000008
#define PSCI_CPU_ON          0xc4000003

static const struct vio_reg uart = {0x09000000, VIO_SPACE_MEM};
static const struct vio_reg gicd = {0x08000000, VIO_SPACE_MEM};
static const struct vio_reg gicc = {0x08010000, VIO_SPACE_MEM};
static const struct vio_reg gicm = {0x08020000, VIO_SPACE_MEM}; /* GICv2m */
static uint64_t ticks_per_s;
static uint32_t first_message; /* interrupts that are messages */
static uint32_t n_messages;

struct machine_virt machine_virt = {
    .tree = (const void *)0x40000000, /* at the start of RAM */
    .pci_irq = 35,
};

void interrupt_entry(void);
extern const char start_second[];

static uint64_t psci(uint64_t function, uint64_t arg1, uint64_t arg2,
                     uint64_t arg3)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = arg1;
    register uint64_t x2 __asm__("x2") = arg2;
    register uint64_t x3 __asm__("x3") = arg3;

    __asm__ volatile("hvc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
    return x0;
}

void machine_init(void)
{
    vio_reg_write32(uart, UART_CR, UART_CR_ON);
    __asm__("mrs %0, cntfrq_el0" : "=r"(ticks_per_s));
    vio_reg_write32(gicd, GICD_CTLR, 1);
    vio_reg_write32(gicc, GICC_PMR, 0xff);
    vio_reg_write32(gicc, GICC_CTLR, 1);
    first_message = vio_reg_read32(gicm, GICM_TYPER) >> 16 & 0x3ff;
    n_messages = vio_reg_read32(gicm, GICM_TYPER) & 0x3ff;
    machine_irq_enable(TIMER_IRQ);
    machine_irq_unmask();
}

void machine_putc(char c)
{
    while (vio_reg_read32(uart, UART_FR) & UART_FR_TXFF)
        vio_relax();
    vio_reg_write32(uart, UART_DR, (uint8_t)c);
}

int machine_getc(void)
{
    if (vio_reg_read32(uart, UART_FR) & UART_FR_RXFE)
        return -1;
    return vio_reg_read32(uart, UART_DR) & 0xff;
}

uint64_t machine_now_ns(void)
{
    uint64_t now;

    __asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(now)::"memory");
    return now / ticks_per_s * 1000000000 +
           now % ticks_per_s * 1000000000 / ticks_per_s;
}

/* QEMU exits with the status where it was started with -semihosting; else the
 * call is an exception, which leads here once more. */
_Noreturn void port_exit(int status)
{
    static bool tried;
    volatile uint64_t block[2] = {SEMIHOSTING_EXIT_APP, (uint64_t)status};
    register uint64_t x0 __asm__("x0") = SEMIHOSTING_EXIT;
    register const volatile uint64_t *x1 __asm__("x1") = block;

    if (!tried) {
        tried = true;
        __asm__ volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
    }
    psci(PSCI_SYSTEM_OFF, 0, 0, 0);
    for (;;)
        vio_relax();
}

void machine_irq_enable(uint32_t irq)
{
    vio_reg_write8(gicd, GICD_IPRIORITY + irq, 0x80);
    vio_reg_write8(gicd, GICD_ITARGETS + irq, 1);
    vio_reg_write32(gicd, GICD_ISENABLER + irq / 32 * 4, 1u << irq % 32);
}

void machine_irq_mask(void)
{
    __asm__ volatile("msr daifset, #2" ::: "memory");
}

void machine_irq_unmask(void)
{
    __asm__ volatile("msr daifclr, #2; isb" ::: "memory");
}

static void timer_stop(void)
{
    __asm__ volatile("msr cntv_ctl_el0, xzr; isb" ::: "memory");
}

/* wfi ends when an interrupt is pending, masked or not: none is slept over. */
void machine_sleep(uint64_t deadline_ns)
{
    uint64_t at = deadline_ns / 1000000000 * ticks_per_s +
                  deadline_ns % 1000000000 * ticks_per_s / 1000000000 + 1;

    __asm__ volatile(
        "msr cntv_cval_el0, %0; msr cntv_ctl_el0, %1; isb; wfi" ::"r"(at),
        "r"((uint64_t)1)
        : "memory");
    machine_irq_unmask();
    timer_stop();
}

/* From start.S, with interrupts masked. */
void interrupt_entry(void)
{
    uint32_t iar = vio_reg_read32(gicc, GICC_IAR);
    uint32_t irq = iar & 0x3ff;

    if (irq >= GIC_NONE)
        return;
    if (irq == TIMER_IRQ)
        timer_stop();
    else if (irq - first_message < n_messages)
        machine_message(irq - first_message);
    else
        machine_interrupt(irq);
    vio_reg_write32(gicc, GICC_EOIR, iar);
}

/* The frame raises the interrupt whose number is written to it. */
int machine_msi(unsigned vector, uint64_t *addr, uint32_t *data)
{
    uint32_t irq = first_message + vector;
    uint32_t config = GICD_ICFGR + irq / 16 * 4;

    if (vector >= n_messages)
        return VIO_ENOTSUP;
    *addr = gicm.addr + GICM_SETSPI;
    *data = irq;
    vio_reg_write32(gicd, config, /* an edge, not a level */
                    vio_reg_read32(gicd, config) | 2u << irq % 16 * 2);
    machine_irq_enable(irq);
    return 0;
}

int machine_start_second(void *stack_end)
{
    return (int)psci(PSCI_CPU_ON, 1, (uintptr_t)start_second,
                     (uintptr_t)stack_end);
}
