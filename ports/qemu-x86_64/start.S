/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PVH entry: 32-bit protected mode, paging off, ebx = struct hvm_start_info.
 * Map the first 4 GiB one to one, go to 64-bit mode, run.
 */
#define PAGE_PRESENT_WRITE 0x003
#define PAGE_UNCACHED      0x018
#define PAGE_LARGE         0x080 /* of 2 MiB */
#define CR0_PG             31
#define CR0_PE             0x00000001
#define CR0_CACHES_OFF     0x60000000
#define CR4_PAE            5
#define MSR_EFER           0xc0000080
#define EFER_LME           8

    /* XEN_ELFNOTE_PHYS32_ENTRY: where to enter. */
    .section .note.pvh, "a", @note
    .long 4, 8, 18
    .asciz "Xen"
    .quad start

    .section .text.start, "ax"
    .code32
    .globl start
start:
    cld
    mov $bss_start, %edi
    mov $bss_end, %ecx
    sub %edi, %ecx
    xor %eax, %eax
    rep stosb
    mov %ebx, start_info

    mov $pml4, %eax
    mov %eax, %cr3
    mov %cr4, %eax
    bts $CR4_PAE, %eax
    mov %eax, %cr4
    mov $MSR_EFER, %ecx
    rdmsr
    bts $EFER_LME, %eax
    wrmsr
    mov %cr0, %eax
    bts $CR0_PG, %eax
    mov %eax, %cr0
    lgdt gdt_pointer
    ljmp $8, $start64

    .code64
start64:
    mov $16, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov $stack_top, %esp
    call machine_run

    /* What the second processor begins with, in real mode, wherever it is copied
     * to below 1 MiB; from there to 64-bit mode in one step. */
    .code16
    .globl second_code, second_code_end
second_code:
    cli
    mov %cs, %ax
    mov %ax, %ds
    mov %cr4, %eax
    bts $CR4_PAE, %eax
    mov %eax, %cr4
    mov $pml4, %eax
    mov %eax, %cr3
    mov $MSR_EFER, %ecx
    rdmsr
    bts $EFER_LME, %eax
    wrmsr
    lgdtl (second_gdt_pointer - second_code)
    mov %cr0, %eax
    and $~CR0_CACHES_OFF, %eax
    or $CR0_PE, %eax
    bts $CR0_PG, %eax
    mov %eax, %cr0
    ljmpl $8, $second64
    .balign 4
second_gdt_pointer:
    .word gdt_pointer - gdt - 1
    .long gdt
second_code_end:

    .code64
second64:
    mov $16, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    lidt idt_pointer
    mov second_stack, %rsp
    movq $0, second_stack /* taken */
    call machine_second_run

    /* One stub of 16 bytes for each vector: where the processor pushes no
     * error code push 0, then the number. From 32 on they are interrupts. */
    .balign 16
    .globl vector_stubs
vector_stubs:
    .set number, 0
    .rept 256
    .balign 16
    .if number >= 32
    push $number
    jmp interrupt
    .else
    .if (0x60227d00 >> number & 1) == 0
    push $0
    .endif
    push $number
    jmp exception
    .endif
    .set number, number + 1
    .endr

exception: /* on a stack of its own: the other one may be the reason */
    pop %rdi
    pop %rcx
    pop %rsi
    mov %cr2, %rdx
    mov $fault_stack_top, %esp
    call machine_fault

interrupt:
    push %rax
    push %rcx
    push %rdx
    push %rsi
    push %rdi
    push %r8
    push %r9
    push %r10
    push %r11
    mov 72(%rsp), %edi
    sub $8, %rsp /* the processor has aligned it to 16 before its 5 words */
    call interrupt_entry
    add $8, %rsp
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rdi
    pop %rsi
    pop %rdx
    pop %rcx
    pop %rax
    add $8, %rsp
    iretq

    .section .rodata
    .balign 8
gdt:
    .quad 0, 0x00af9a000000ffff, 0x00cf92000000ffff
gdt_pointer:
    .word . - gdt - 1
    .long gdt

    .data
    .balign 4096
pml4:
    .quad pdpt + PAGE_PRESENT_WRITE
    .balign 4096
pdpt:
    .quad directory + PAGE_PRESENT_WRITE
    .quad directory + PAGE_PRESENT_WRITE + 4096
    .quad directory + PAGE_PRESENT_WRITE + 4096 * 2
    .quad directory + PAGE_PRESENT_WRITE + 4096 * 3
    .balign 4096
directory: /* in the fourth GiB are the devices */
    .set page, PAGE_PRESENT_WRITE + PAGE_LARGE
    .rept 4 * 512
    .quad page + ((page >= (3 << 30)) & PAGE_UNCACHED)
    .set page, page + (2 << 20)
    .endr

    .bss
    .balign 8
    .globl start_info
start_info: /* the physical address of struct hvm_start_info */
    .skip 8
    .globl second_stack
second_stack: /* until the second processor has taken it */
    .skip 8

    .section .note.GNU-stack, "", @progbits
