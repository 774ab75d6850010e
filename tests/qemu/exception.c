/* SPDX-License-Identifier: BSD-2-Clause */
/* Neither RAM nor a device: the port has to say so and stop. */
#include "port.h"

int main(void)
{
    volatile uint32_t *nowhere = (volatile uint32_t *)0x123456789000;

    port_print("writing to nowhere\n");
    *nowhere = 1;
    port_print("still here\n");
    return 0;
}
