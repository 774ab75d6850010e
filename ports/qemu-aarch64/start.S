/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entered at EL1, MMU and caches off. Without the MMU all memory counts as a
 * device's: unaligned accesses fault there, and exclusive ones need not work.
 * So map 512 GiB one to one, RAM as normal memory, the rest as devices'.
 */
#define BLOCK_DEVICE 0x401 /* valid, accessed, MAIR's attribute 0 */
#define BLOCK_NORMAL 0x705 /* the same with attribute 1, inner shareable */
#define MAIR         0xff04 /* 0: device, nGnRE; 1: normal, write-back */
/* 39 bits of virtual, 40 of physical address, 4 KiB granule, walks cached. */
#define TCR          (25 | 0x3500 | 1 << 23 | 2 << 32)
#define SCTLR_M_C_I  0x1005

    .section .text.start, "ax"
    .globl start
start:
    bl mmu_on
    adr x0, vectors
    msr vbar_el1, x0
    ldr x0, =stack_top
    mov sp, x0
    ldr x0, =bss_start
    ldr x1, =bss_end
1:  str xzr, [x0], #8
    cmp x0, x1
    b.lo 1b
    b machine_run

    .globl start_second
start_second: /* x0: the end of a stack */
    mov x19, x0
    bl mmu_on
    adr x0, vectors
    msr vbar_el1, x0
    mov sp, x19
    b machine_second_run

mmu_on:
    ldr x0, =MAIR
    msr mair_el1, x0
    ldr x0, =TCR
    msr tcr_el1, x0
    ldr x0, =table
    msr ttbr0_el1, x0
    dsb sy
    tlbi vmalle1
    dsb sy
    isb
    mrs x0, sctlr_el1
    mov x1, #SCTLR_M_C_I
    orr x0, x0, x1
    bic x0, x0, #2 /* unaligned accesses are allowed */
    msr sctlr_el1, x0
    isb
    ret

    .balign 2048
vectors: /* of the sixteen only one is expected: an IRQ at EL1 */
    .set number, 0
    .rept 16
    .balign 128
    .if number == 5
    b interrupt
    .else
    b fault
    .endif
    .set number, number + 1
    .endr

interrupt:
    stp x0, x1, [sp, #-160]!
    stp x2, x3, [sp, #16]
    stp x4, x5, [sp, #32]
    stp x6, x7, [sp, #48]
    stp x8, x9, [sp, #64]
    stp x10, x11, [sp, #80]
    stp x12, x13, [sp, #96]
    stp x14, x15, [sp, #112]
    stp x16, x17, [sp, #128]
    stp x18, x30, [sp, #144]
    bl interrupt_entry
    ldp x18, x30, [sp, #144]
    ldp x16, x17, [sp, #128]
    ldp x14, x15, [sp, #112]
    ldp x12, x13, [sp, #96]
    ldp x10, x11, [sp, #80]
    ldp x8, x9, [sp, #64]
    ldp x6, x7, [sp, #48]
    ldp x4, x5, [sp, #32]
    ldp x2, x3, [sp, #16]
    ldp x0, x1, [sp], #160
    eret

fault: /* on a stack of its own: the other one may be the reason */
    ldr x0, =fault_stack_top
    mov sp, x0
    mrs x0, esr_el1
    mrs x1, elr_el1
    mrs x2, far_el1
    mrs x3, spsr_el1
    b machine_fault

    .data
    .balign 4096
table: /* blocks of 1 GiB: devices in the first, RAM, more devices */
    .set address, 0
    .rept 512
    .if address >= 1 << 30 && address < 5 << 30
    .quad address + BLOCK_NORMAL
    .else
    .quad address + BLOCK_DEVICE
    .endif
    .set address, address + (1 << 30)
    .endr

    .section .note.GNU-stack, "", @progbits
