/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts of a PC: lines through the I/O APIC, which tells them to the local
 * APIC of the first processor, as messages do. The local one's timer ends a
 * sleep; the two 8259 are switched off.
 */
#include "interrupts.h"
#include "machine.h"

#define VECTOR_TIMER    32
#define VECTOR_LINES    64  /* and one for each line */
#define VECTOR_MESSAGES 128 /* and one for each message */
#define VECTOR_SPURIOUS 255

#define LAPIC_EOI          0x0b0
#define LAPIC_SPURIOUS     0x0f0
#define LAPIC_ENABLE       0x100
#define LAPIC_ICR          0x300
#define LAPIC_ICR_TO       0x310
#define LAPIC_INIT         0x4500
#define LAPIC_STARTUP      0x4600 /* and the number of a page below 1 MiB */
#define LAPIC_LVT_TIMER    0x320
#define LAPIC_COUNT        0x380
#define LAPIC_COUNT_NOW    0x390
#define LAPIC_DIVIDE       0x3e0
#define LAPIC_DIVIDE_BY_16 3

#define IOAPIC_SELECT  0x00
#define IOAPIC_WINDOW  0x10
#define IOAPIC_VERSION 1
#define IOAPIC_LINE    0x10 /* two words each */
#define IOAPIC_LEVEL   0x8000

static const struct vio_reg lapic = {0xfee00000, VIO_SPACE_MEM};
static const struct vio_reg ioapic = {0xfec00000, VIO_SPACE_MEM};
static const struct vio_reg pic[2] = {{0x20, VIO_SPACE_PORT},
                                      {0xa0, VIO_SPACE_PORT}};
static uint64_t count_per_ms;
static volatile uint64_t timer_end; /* when it is to interrupt; 0: it stands */

static uint32_t ioapic_read(uint32_t index)
{
    vio_reg_write32(ioapic, IOAPIC_SELECT, index);
    return vio_reg_read32(ioapic, IOAPIC_WINDOW);
}

static void ioapic_write(uint32_t index, uint32_t value)
{
    vio_reg_write32(ioapic, IOAPIC_SELECT, index);
    vio_reg_write32(ioapic, IOAPIC_WINDOW, value);
}

/* The timer's count and the clock at one moment: of some tries the one that
 * took least, because the machine may be held up between the two. */
static uint64_t timer_at(uint32_t *count)
{
    uint64_t before, took, at = 0, least = UINT64_MAX;
    uint32_t now;

    for (int i = 0; i < 8; i++) {
        before = pc_clock_ns();
        now = vio_reg_read32(lapic, LAPIC_COUNT_NOW);
        took = pc_clock_ns() - before;
        if (took < least) {
            least = took;
            at = before;
            *count = now;
        }
    }
    return at;
}

/* How fast the timer counts down, against the clock. */
static void measure_timer(void)
{
    uint32_t first = 0, last = 0;
    uint64_t from, to;

    vio_reg_write32(lapic, LAPIC_DIVIDE, LAPIC_DIVIDE_BY_16);
    vio_reg_write32(lapic, LAPIC_COUNT, UINT32_MAX);
    from = timer_at(&first);
    do
        to = timer_at(&last);
    while (to - from < 2000000);
    count_per_ms = (uint64_t)(first - last) * 1000000 / (to - from);
    vio_reg_write32(lapic, LAPIC_COUNT, 0);
}

void interrupts_init(void)
{
    for (unsigned i = 0; i < 2; i++)
        vio_reg_write8(pic[i], 1, 0xff);
    vio_reg_write32(lapic, LAPIC_SPURIOUS, LAPIC_ENABLE | VECTOR_SPURIOUS);
    measure_timer();
    vio_reg_write32(lapic, LAPIC_LVT_TIMER, VECTOR_TIMER);
}

/* A device holds its line until it is acknowledged. */
void machine_irq_enable(uint32_t irq)
{
    if (irq > (ioapic_read(IOAPIC_VERSION) >> 16 & 0xff))
        return;
    ioapic_write(IOAPIC_LINE + irq * 2 + 1, 0); /* the first processor */
    ioapic_write(IOAPIC_LINE + irq * 2, IOAPIC_LEVEL | (VECTOR_LINES + irq));
}

void machine_irq_mask(void)
{
    __asm__ volatile("cli" ::: "memory");
}

void machine_irq_unmask(void)
{
    __asm__ volatile("sti" ::: "memory");
}

/* Waking early is allowed. */
static void start_timer(uint64_t now, uint64_t deadline_ns)
{
    uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
    uint64_t count;

    if (left > 1000000000)
        left = 1000000000;
    count = left * count_per_ms / 1000000 + 1;
    if (count > UINT32_MAX)
        count = UINT32_MAX;
    timer_end = now + left;
    vio_reg_write32(lapic, LAPIC_COUNT, (uint32_t)count);
}

/*
 * The timer goes on when something else ends the sleep, and serves the next one
 * unless that is to end before: setting it takes QEMU's lock and wakes the
 * thread that serves the devices. Whether it still runs only its interrupt
 * says, not the clock, beside which it may be early: to take it for running
 * then would be to sleep for good. None comes between the look and hlt, because
 * sti takes effect after the instruction that follows it; one that is pending
 * by then ends the sleep at once.
 */
void machine_sleep(uint64_t deadline_ns)
{
    if (timer_end == 0 || deadline_ns < timer_end)
        start_timer(pc_clock_ns(), deadline_ns);
    __asm__ volatile("sti; hlt" ::: "memory");
}

void interrupt_entry(unsigned vector)
{
    if (vector == VECTOR_SPURIOUS)
        return;
    if (vector == VECTOR_TIMER)
        timer_end = 0;
    else if (vector >= VECTOR_MESSAGES)
        machine_message(vector - VECTOR_MESSAGES);
    else if (vector >= VECTOR_LINES)
        machine_interrupt(vector - VECTOR_LINES);
    vio_reg_write32(lapic, LAPIC_EOI, 0);
}

int machine_msi(unsigned vector, uint64_t *addr, uint32_t *data)
{
    if (vector >= VECTOR_SPURIOUS - VECTOR_MESSAGES)
        return VIO_ENOTSUP;
    *addr = lapic.addr; /* the first processor, by an edge */
    *data = VECTOR_MESSAGES + vector;
    return 0;
}

/* The firmware has assigned everything. A microvm has no bus, and no function
 * answers. */
bool machine_pci(struct vio_pci_bus *bus, struct vio_pci_windows *windows)
{
    (void)windows;
    *bus = vio_pci_ports();
    return false;
}

/* The line of the 8259 is one of the I/O APIC, too. */
uint32_t machine_pci_irq(const struct vio_pci *pci, unsigned turns)
{
    (void)turns;
    return pci->irq_line;
}

#define SECOND_PAGE 8u /* where its first code goes */

extern char second_code[], second_code_end[]; /* of start.S */
extern void *second_stack;

/* Wait until the second processor has its stack, at most so long. */
static bool has_started(uint64_t wait_ns)
{
    uint64_t start = pc_clock_ns();

    while (__atomic_load_n(&second_stack, __ATOMIC_SEQ_CST))
        if (pc_clock_ns() - start > wait_ns)
            return false;
    return true;
}

/* INIT, and two messages to start, as the processor's manual has it. */
int machine_start_second(void *stack_end)
{
    volatile char *to = (volatile char *)(uintptr_t)(SECOND_PAGE * 4096);

    for (char *from = second_code; from < second_code_end; from++)
        *to++ = *from;
    __atomic_store_n(&second_stack, stack_end, __ATOMIC_SEQ_CST);
    vio_reg_write32(lapic, LAPIC_ICR_TO, 1u << 24);
    vio_reg_write32(lapic, LAPIC_ICR, LAPIC_INIT);
    (void)has_started(10000000);
    for (unsigned i = 0; i < 2; i++) {
        vio_reg_write32(lapic, LAPIC_ICR_TO, 1u << 24);
        vio_reg_write32(lapic, LAPIC_ICR, LAPIC_STARTUP | SECOND_PAGE);
        if (has_started(100000000))
            return 0;
    }
    return VIO_ENOTSUP;
}
