/* SPDX-License-Identifier: BSD-2-Clause */
/* Machine mode, paging off, a0 = hart. The first hart runs, others sleep. */
    .section .text.start, "ax"
    .globl start
start:
    csrr t0, mhartid
1:  beqz t0, 2f
    wfi
    j 1b
2:  .option push
    .option norelax /* the linker must not use gp to load gp */
    la gp, small_data
    .option pop
    la t0, trap
    csrw mtvec, t0
    la sp, stack_top
    la t0, bss_start
    la t1, bss_end
3:  sd zero, (t0)
    addi t0, t0, 8
    bltu t0, t1, 3b
    call machine_run

    .balign 4
trap: /* on a stack of its own: the other one may be the reason */
    la sp, trap_stack_top
    csrr a0, mcause
    csrr a1, mepc
    csrr a2, mtval
    csrr a3, mstatus
    call machine_fault

    .bss
    .balign 16
    .skip 64 * 1024
stack_top:
    .skip 4096
trap_stack_top:

    .section .note.GNU-stack, "", @progbits
