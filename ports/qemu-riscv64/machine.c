/* SPDX-License-Identifier: BSD-2-Clause */
/* QEMU's riscv64 `virt`: serial port, machine timer, test finisher. */
#include "interrupts.h"
#include "machine.h"

#define FINISHER_FAIL 0x3333u
#define FINISHER_PASS 0x5555u

#define CLINT_MSIP     0x0004 /* of the second hart */
#define CLINT_MTIMECMP 0x4000
#define CLINT_MTIME    0xbff8
#define MTIME_PERIOD   100 /* ns: it counts at 10 MHz */

#define MSTATUS_MIE  8ul
#define MIE_EXTERNAL (1ul << 11)
#define MIE_TIMER    (1ul << 7)
#define CAUSE_TIMER  7

const struct vio_reg machine_uart = {0x10000000, VIO_SPACE_MEM};
static const struct vio_reg finisher = {0x100000, VIO_SPACE_MEM};
static const struct vio_reg clint = {0x2000000, VIO_SPACE_MEM};

struct machine_virt machine_virt = {
    .pci_irq = 32, /* and start.S stores the tree */
};

void interrupt_entry(uint64_t cause);
extern void *second_stack; /* of start.S */

static void timer_set(uint64_t at)
{
    *(volatile uint64_t *)(clint.addr + CLINT_MTIMECMP) = at;
}

void machine_init(void)
{
    uart16550_init();
    timer_set(UINT64_MAX);
    interrupts_init();
    __asm__ volatile("csrs mie, %0" ::"r"(MIE_EXTERNAL | MIE_TIMER));
    machine_irq_unmask();
}

uint64_t machine_now_ns(void)
{
    return *(volatile uint64_t *)(clint.addr + CLINT_MTIME) * MTIME_PERIOD;
}

/* QEMU exits with the status. */
_Noreturn void port_exit(int status)
{
    uint32_t fail = (uint32_t)status << 16 | FINISHER_FAIL;

    vio_reg_write32(finisher, 0, status == 0 ? FINISHER_PASS : fail);
    for (;;)
        vio_relax();
}

void machine_irq_mask(void)
{
    __asm__ volatile("csrc mstatus, %0" ::"r"(MSTATUS_MIE) : "memory");
}

void machine_irq_unmask(void)
{
    __asm__ volatile("csrs mstatus, %0" ::"r"(MSTATUS_MIE) : "memory");
}

/* wfi ends when an interrupt is pending, masked or not: none is slept over. */
void machine_sleep(uint64_t deadline_ns)
{
    timer_set(deadline_ns / MTIME_PERIOD + 1);
    __asm__ volatile("wfi" ::: "memory");
    machine_irq_unmask();
    timer_set(UINT64_MAX);
}

/* From start.S, with interrupts masked. */
void interrupt_entry(uint64_t cause)
{
    if ((cause & 0xff) == CAUSE_TIMER)
        timer_set(UINT64_MAX);
    else
        interrupts_take();
}

/* The second hart sleeps in start.S until it is interrupted. */
int machine_start_second(void *stack_end)
{
    __atomic_store_n(&second_stack, stack_end, __ATOMIC_SEQ_CST);
    vio_reg_write32(clint, CLINT_MSIP, 1);
    return 0;
}
