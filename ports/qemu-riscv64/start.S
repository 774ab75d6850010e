/* SPDX-License-Identifier: BSD-2-Clause */
/* Machine mode, paging off, the device tree in a1. The first hart runs, others
 * sleep; the second one until it is interrupted and has a stack. */
    .section .text.start, "ax"
    .globl start
start:
    .option push
    .option norelax /* the linker must not use gp to load gp */
    la gp, small_data
    .option pop
    la t0, trap
    csrw mtvec, t0
    csrr t0, mhartid
    bnez t0, other
    la sp, stack_top
    la t0, bss_start
    la t1, bss_end
1:  sd zero, (t0)
    addi t0, t0, 8
    bltu t0, t1, 1b
    la t0, machine_virt
    sd a1, (t0) /* its first member */
    call machine_run

other:
    li t1, 1
    bne t0, t1, 2f
    csrwi mie, 8 /* an interrupt by software ends wfi */
1:  wfi
    csrr t0, mip
    andi t0, t0, 8
    beqz t0, 1b
    fence
    ld sp, second_stack
    call machine_second_run
2:  wfi
    j 2b

    .balign 4
trap:
    csrw mscratch, t0
    csrr t0, mcause
    bgez t0, fault
    csrr t0, mscratch
    addi sp, sp, -128
    sd ra, 0(sp)
    sd t0, 8(sp)
    sd t1, 16(sp)
    sd t2, 24(sp)
    sd t3, 32(sp)
    sd t4, 40(sp)
    sd t5, 48(sp)
    sd t6, 56(sp)
    sd a0, 64(sp)
    sd a1, 72(sp)
    sd a2, 80(sp)
    sd a3, 88(sp)
    sd a4, 96(sp)
    sd a5, 104(sp)
    sd a6, 112(sp)
    sd a7, 120(sp)
    csrr a0, mcause
    call interrupt_entry
    ld ra, 0(sp)
    ld t0, 8(sp)
    ld t1, 16(sp)
    ld t2, 24(sp)
    ld t3, 32(sp)
    ld t4, 40(sp)
    ld t5, 48(sp)
    ld t6, 56(sp)
    ld a0, 64(sp)
    ld a1, 72(sp)
    ld a2, 80(sp)
    ld a3, 88(sp)
    ld a4, 96(sp)
    ld a5, 104(sp)
    ld a6, 112(sp)
    ld a7, 120(sp)
    addi sp, sp, 128
    mret

fault: /* on a stack of its own: the other one may be the reason */
    la sp, fault_stack_top
    csrr a0, mcause
    csrr a1, mepc
    csrr a2, mtval
    csrr a3, mstatus
    call machine_fault

    .bss
    .balign 8
    .globl second_stack
second_stack:
    .skip 8

    .section .note.GNU-stack, "", @progbits
