/* SPDX-License-Identifier: BSD-2-Clause */
/* The clock of a PC: the time stamp counter, measured against the 8254. */
#include "machine.h"

static const struct vio_reg pit = {0x40, VIO_SPACE_PORT};
static uint64_t tsc_per_ms;

static uint64_t tsc(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

/* The down-counter of the 8254's channel 0, at 1.193182 MHz. */
static uint16_t pit_count(void)
{
    uint8_t low;

    vio_reg_write8(pit, 3, 0x00); /* latch */
    low = vio_reg_read8(pit, 0);
    return (uint16_t)(vio_reg_read8(pit, 0) << 8 | low);
}

/* Both clocks at one moment: of some tries the one that took least, because
 * the machine may be held up between the two. */
static uint64_t tsc_at(uint16_t *count)
{
    uint64_t before, took, at = 0, least = UINT64_MAX;
    uint16_t now;

    for (int i = 0; i < 8; i++) {
        before = tsc();
        now = pit_count();
        took = tsc() - before;
        if (took < least) {
            least = took;
            at = before;
            *count = now;
        }
    }
    return at;
}

void pc_clock_init(void)
{
    uint16_t first = 0, last = 0;
    uint64_t from, to;

    vio_reg_write8(pit, 3, 0x34); /* channel 0, both bytes, rate generator */
    vio_reg_write8(pit, 0, 0);    /* 65536 counts, 55 ms */
    vio_reg_write8(pit, 0, 0);
    from = tsc_at(&first);
    do {
        to = tsc_at(&last);
        if (to - from > (uint64_t)1 << 36) {
            port_print("the interval timer stands still: no clock\n");
            port_exit(PORT_EXIT_FAULT);
        }
    } while ((uint16_t)(first - last) < 23864); /* 20 ms */
    tsc_per_ms = (to - from) * 1193182 / ((uint16_t)(first - last) * 1000u);
}

uint64_t pc_clock_ns(void)
{
    uint64_t now = tsc();

    return now / tsc_per_ms * 1000000 + now % tsc_per_ms * 1000000 / tsc_per_ms;
}
