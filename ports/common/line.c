/* SPDX-License-Identifier: BSD-2-Clause */
/* Input from the console, by lines. */
#include "machine.h"

static char wait_for_byte(void)
{
    int c;

    do
        c = machine_getc();
    while (c < 0);
    return (char)c;
}

void port_read_line(char *buf, size_t size)
{
    size_t n = 0;
    char c;

    while ((c = wait_for_byte()) != '\n')
        if (c != '\r' && n + 1 < size)
            buf[n++] = c;
    buf[n] = '\0';
}
