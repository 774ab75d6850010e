/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VIO_PORT_HEADER of the host port. The only register that the library writes
 * here is a doorbell, and that is an eventfd: one system call a kick.
 */
#ifndef HOST_PORT_H
#define HOST_PORT_H

#include <stdint.h>

void host_ring(int fd);

#define vio_reg_write32(base, offset, value) \
    ((void)(offset), (void)(value), host_ring((int)(base).addr))

#endif
