/* SPDX-License-Identifier: BSD-2-Clause */
/* QEMU's riscv64 `virt`: serial port, machine timer, test finisher. */
#include "machine.h"

#define FINISHER_FAIL 0x3333u
#define FINISHER_PASS 0x5555u

#define CLINT_MTIME  0xbff8
#define MTIME_PERIOD 100 /* ns: it counts at 10 MHz */

#define SLOTS     8
#define SLOT_BASE 0x10001000
#define SLOT_SIZE 0x1000

static const struct vio_reg uart = {0x10000000, VIO_SPACE_MEM};
static const struct vio_reg finisher = {0x100000, VIO_SPACE_MEM};
static const struct vio_reg clint = {0x2000000, VIO_SPACE_MEM};

void machine_init(void)
{
    uart16550_init(uart);
}

void machine_putc(char c)
{
    uart16550_putc(uart, c);
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
