/* SPDX-License-Identifier: BSD-2-Clause */
/* QEMU's riscv64 `virt`: serial port, machine timer, PLIC, test finisher. */
#include "machine.h"

#define FINISHER_FAIL 0x3333u
#define FINISHER_PASS 0x5555u

#define CLINT_MSIP     0x0004 /* of the second hart */
#define CLINT_MTIMECMP 0x4000
#define CLINT_MTIME    0xbff8
#define MTIME_PERIOD   100 /* ns: it counts at 10 MHz */

/* Context 0: the first hart in machine mode. */
#define PLIC_PRIORITY 0
#define PLIC_ENABLE   0x2000
#define PLIC_CLAIM    0x200004 /* W: complete */

#define PCI_ECAM      0x30000000u
#define PCI_ECAM_SIZE 0x10000000u
#define PCI_IO        0x3000000u
#define PCI_IO_SIZE   0x10000
#define PCI_MEM       0x40000000u
#define PCI_MEM_SIZE  0x40000000u
#define PCI_IRQ       32 /* and the three after it */

#define MSTATUS_MIE  8ul
#define MIE_EXTERNAL (1ul << 11)
#define MIE_TIMER    (1ul << 7)
#define CAUSE_TIMER  7

#define SLOTS     8
#define SLOT_BASE 0x10001000
#define SLOT_SIZE 0x1000

static const struct vio_reg uart = {0x10000000, VIO_SPACE_MEM};
static const struct vio_reg finisher = {0x100000, VIO_SPACE_MEM};
static const struct vio_reg clint = {0x2000000, VIO_SPACE_MEM};
static const struct vio_reg plic = {0xc000000, VIO_SPACE_MEM};

void interrupt_entry(uint64_t cause);
extern void *second_stack; /* of start.S */

static void timer_set(uint64_t at)
{
    *(volatile uint64_t *)(clint.addr + CLINT_MTIMECMP) = at;
}

void machine_init(void)
{
    uart16550_init(uart);
    timer_set(UINT64_MAX);
    __asm__ volatile("csrs mie, %0" ::"r"(MIE_EXTERNAL | MIE_TIMER));
    machine_irq_unmask();
}

void machine_putc(char c)
{
    uart16550_putc(uart, c);
}

int machine_getc(void)
{
    return uart16550_getc(uart);
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

const char *port_cmdline(void)
{
    return "";
}

unsigned port_mmio_slots(struct vio_mmio_slot *slots, unsigned max)
{
    unsigned n = max < SLOTS ? max : SLOTS;

    for (unsigned i = 0; i < n; i++) {
        slots[i] = (struct vio_mmio_slot){
            .base = SLOT_BASE + i * SLOT_SIZE,
            .size = SLOT_SIZE,
            .irq = i + 1,
            .id = i,
        };
    }
    return n;
}

void machine_irq_enable(uint32_t irq)
{
    uint32_t word = PLIC_ENABLE + irq / 32 * 4;

    vio_reg_write32(plic, PLIC_PRIORITY + irq * 4, 1);
    vio_reg_write32(plic, word, vio_reg_read32(plic, word) | 1u << irq % 32);
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
    uint32_t irq;

    if ((cause & 0xff) == CAUSE_TIMER) {
        timer_set(UINT64_MAX);
        return;
    }
    while ((irq = vio_reg_read32(plic, PLIC_CLAIM)) != 0) {
        machine_interrupt(irq);
        vio_reg_write32(plic, PLIC_CLAIM, irq);
    }
}

int machine_msi(unsigned vector, uint64_t *addr, uint32_t *data)
{
    (void)vector;
    (void)addr;
    (void)data;
    return VIO_ENOTSUP;
}

bool machine_pci(struct vio_pci_bus *bus, struct vio_pci_windows *windows)
{
    static struct vio_pci_ecam ecam = {
        {PCI_ECAM, VIO_SPACE_MEM}, PCI_ECAM_SIZE, 0};

    *bus = vio_pci_ecam_bus(&ecam);
    bus->io_base = PCI_IO;
    windows->io = (struct vio_pci_window){0x1000, PCI_IO_SIZE};
    windows->mem = (struct vio_pci_window){PCI_MEM, PCI_MEM + PCI_MEM_SIZE};
    return true;
}

/* Pins and devices take turns. */
uint32_t machine_pci_irq(const struct vio_pci *pci)
{
    return PCI_IRQ + ((pci->bdf >> 3) + pci->irq_pin - 1u) % 4;
}

/* The second hart sleeps in start.S until it is interrupted. */
int machine_start_second(void *stack_end)
{
    __atomic_store_n(&second_stack, stack_end, __ATOMIC_SEQ_CST);
    vio_reg_write32(clint, CLINT_MSIP, 1);
    return 0;
}
