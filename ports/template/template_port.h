/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A port's facts about processor and compiler. Copy this file, keep what your
 * system does differently from the defaults of vio/port.h, drop the rest, and
 * build libvio and everything that includes its headers with
 * -DVIO_PORT_HEADER='"your_port.h"'.
 *
 * Each piece is a function, and a macro of the same name that says it is here.
 * The pieces below are examples of the three kinds; vio/port.h lists them all.
 */
#ifndef TEMPLATE_PORT_H
#define TEMPLATE_PORT_H

#include <stdint.h>

/* An x86 whose devices are all in memory needs no `in` and `out`. */
#define VIO_NO_PORT_IO 1

/*
 * A full barrier between writing the ring and reading whether the device wants
 * to be told: nothing before it may be seen after anything behind it. Where the
 * processor has a cheaper way than the compiler's fence, name it here.
 */
#define vio_mb vio_mb
static inline void vio_mb(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* What a loop that polls does between two looks: nothing, yield, count. */
#define vio_relax vio_relax
static inline void vio_relax(void)
{
    __asm__ volatile("" ::: "memory");
}

#endif
