/* SPDX-License-Identifier: BSD-2-Clause */
/* From the machine's start-up code to main() and out again. */
#include "machine.h"

uint64_t port_now_ns(void *ctx)
{
    (void)ctx;
    return machine_now_ns();
}

void port_log(void *ctx, enum vio_log_level level, const char *msg)
{
    static const char *const name[] = {"error", "warning", "info"};

    (void)ctx;
    port_print("libvio %s: %s\n", name[level], msg);
}

const struct vio_env port_env = {
    .now_ns = port_now_ns,
    .log = port_log,
};

_Noreturn void machine_run(void)
{
    machine_init();
    port_exit(main());
}

_Noreturn void machine_fault(uint64_t cause, uint64_t pc, uint64_t address,
                             uint64_t detail)
{
    static int faults;

    /* A second one means that printing does not work either. */
    if (faults++ == 0)
        port_print("exception %lu at %lx, address %lx, detail %lx\n", cause, pc,
                   address, detail);
    port_exit(PORT_EXIT_FAULT);
}
