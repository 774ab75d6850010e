/* SPDX-License-Identifier: BSD-2-Clause */
/* A 16550-compatible UART as the console, polled: 8 bits, no parity. */
#include "machine.h"

#define UART_RBR 0 /* R: the byte that came */
#define UART_THR 0 /* W: the byte to send; with LCR_DLAB the divisor */
#define UART_IER 1 /* interrupt enable; with LCR_DLAB its high byte */
#define UART_FCR 2 /* W: FIFO control */
#define UART_LCR 3 /* line control */
#define UART_LSR 5 /* R: line status */

#define FCR_ENABLE   0x01
#define LCR_8_BITS   0x03
#define LCR_DLAB     0x80
#define LSR_DATA     0x01
#define LSR_THR_FREE 0x20

void uart16550_init(void)
{
    vio_reg_write8(machine_uart, UART_IER, 0);
    vio_reg_write8(machine_uart, UART_LCR, LCR_DLAB);
    vio_reg_write8(machine_uart, UART_THR, 1); /* 115200 of a PC's 1.8432 MHz clock */
    vio_reg_write8(machine_uart, UART_IER, 0);
    vio_reg_write8(machine_uart, UART_LCR, LCR_8_BITS);
    vio_reg_write8(machine_uart, UART_FCR, FCR_ENABLE);
}

void machine_putc(char c)
{
    while (!(vio_reg_read8(machine_uart, UART_LSR) & LSR_THR_FREE))
        vio_relax();
    vio_reg_write8(machine_uart, UART_THR, (uint8_t)c);
}

int machine_getc(void)
{
    if (!(vio_reg_read8(machine_uart, UART_LSR) & LSR_DATA))
        return -1;
    return vio_reg_read8(machine_uart, UART_RBR);
}
