/* SPDX-License-Identifier: BSD-2-Clause */
/* A second processor. */
#include "machine.h"

static unsigned char stack[64 * 1024] __attribute__((aligned(16)));
static void (*second_entry)(void *arg);
static void *second_arg;

int port_start_cpu(void (*entry)(void *arg), void *arg)
{
    second_entry = entry;
    second_arg = arg;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return machine_start_second(stack + sizeof stack);
}

_Noreturn void machine_second_run(void)
{
    second_entry(second_arg);
    for (;;)
        vio_relax();
}
