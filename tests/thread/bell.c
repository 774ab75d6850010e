/* SPDX-License-Identifier: BSD-2-Clause */
#include "bell.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

void bell_ring(struct bell *bell)
{
    __atomic_fetch_add(&bell->rung, 1, __ATOMIC_RELAXED);
    syscall(SYS_futex, &bell->rung, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void bell_wait(struct bell *bell)
{
    uint32_t heard = __atomic_load_n(&bell->heard, __ATOMIC_RELAXED);

    __atomic_store_n(&bell->asleep, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&bell->rung, __ATOMIC_RELAXED) == heard)
        syscall(SYS_futex, &bell->rung, FUTEX_WAIT_PRIVATE, heard, NULL, NULL,
                0);
    __atomic_store_n(&bell->asleep, 0, __ATOMIC_RELAXED);
    heard = __atomic_load_n(&bell->rung, __ATOMIC_RELAXED);
    __atomic_store_n(&bell->heard, heard, __ATOMIC_RELAXED);
}

struct bell_state bell_look(const struct bell *bell)
{
    struct bell_state state = {
        .rung = __atomic_load_n(&bell->rung, __ATOMIC_RELAXED),
        .heard = __atomic_load_n(&bell->heard, __ATOMIC_RELAXED),
        .asleep = __atomic_load_n(&bell->asleep, __ATOMIC_RELAXED) != 0,
    };
    return state;
}

bool bell_is_silent(struct bell_state state)
{
    return state.asleep && state.rung == state.heard;
}
