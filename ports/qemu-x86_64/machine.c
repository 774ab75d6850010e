/* SPDX-License-Identifier: BSD-2-Clause */
/* QEMU's x86-64 machines: serial port, time stamp counter, debug exit, and the
 * table of exceptions and interrupts (interrupts.c). */
#include "machine.h"
#include "interrupts.h"

#define VECTORS 256

/* The parts of Xen's start-of-day structure that are used here. */
struct hvm_start_info {
    uint32_t magic, version, flags, nr_modules;
    uint64_t modlist_paddr;
    uint64_t cmdline_paddr;
};

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint16_t type; /* 0x8e00: a present 64-bit interrupt gate */
    uint16_t offset_middle;
    uint64_t offset_high;
};

/* For lidt, here and in start.S. */
struct __attribute__((packed)) idt_pointer {
    uint16_t limit;
    uint64_t base;
};

extern struct idt_pointer idt_pointer;
extern const uint64_t start_info;
extern const char vector_stubs[VECTORS][16];

const struct vio_reg machine_uart = {0x3f8, VIO_SPACE_PORT};
static const struct vio_reg debug_exit = {0xf4, VIO_SPACE_PORT};

uint64_t machine_now_ns(void)
{
    return pc_clock_ns();
}

/* QEMU exits with 2 * value + 1. An offset keeps our statuses apart from its
 * own: 33 is success, neither 0 (a triple fault) nor 1 (an error of QEMU). */
_Noreturn void port_exit(int status)
{
    vio_reg_write32(debug_exit, 0, 16 + (uint32_t)status);
    for (;;) /* no such device */
        __asm__ volatile("cli; hlt");
}

static struct gate idt[VECTORS];
struct idt_pointer idt_pointer = {sizeof idt - 1, (uintptr_t)idt};

static void vectors_init(void)
{
    for (unsigned i = 0; i < VECTORS; i++) {
        uintptr_t stub = (uintptr_t)vector_stubs[i];

        idt[i].offset_low = (uint16_t)stub;
        idt[i].selector = 8;
        idt[i].type = 0x8e00;
        idt[i].offset_middle = (uint16_t)(stub >> 16);
    }
    __asm__ volatile("lidt %0" ::"m"(idt_pointer), "m"(idt));
}

void machine_init(void)
{
    vectors_init();
    uart16550_init();
    pc_clock_init();
    interrupts_init();
    machine_irq_unmask();
}

const char *port_cmdline(void)
{
    const struct hvm_start_info *info = (const void *)start_info;

    return info->cmdline_paddr ? (const char *)info->cmdline_paddr : "";
}

unsigned port_mmio_slots(struct vio_mmio_slot *slots, unsigned max)
{
    int n = vio_mmio_cmdline(port_cmdline(), slots, max);

    if (n < 0)
        port_print("bad virtio_mmio.device= on the command line: %s\n",
                   vio_strerror(n));
    return n < 0 ? 0 : (unsigned)n < max ? (unsigned)n : max;
}
