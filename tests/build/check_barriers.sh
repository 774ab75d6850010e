#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# What the barriers of vio/port.h become. No test of a program shows a weak one:
# the machine that would need it is not at hand.
#
# Exit status 77: a compiler is not there.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)

# check "COMPILER FLAG..." FUNCTION INSTRUCTION: that one stands in the function.
check()
{
    command -v "${1%% *}" >/dev/null || {
        echo "SKIP: no ${1%% *}"
        exit 77
    }
    printf '#include <vio/port.h>\nvoid barrier(void) { %s(); }\n' "$2" |
        $1 -std=c11 -O2 -ffreestanding -I"$root/include" -S -o - -x c - |
        tr '\t' ' ' | tr -s ' ' | grep -q "^ $3" || {
        echo "$1: $2 is no $3"
        exit 1
    }
    echo "ok: $1 $2"
}

# One that is for hardware reaches it, and not only the other processors.
check gcc vio_mb_platform mfence
check gcc vio_wmb_platform sfence
check gcc vio_rmb_platform lfence
check 'gcc -m32' vio_mb_platform 'lock; addl'
check 'gcc -m32' vio_wmb_platform 'lock; addl'
check 'gcc -m32' vio_rmb_platform 'lock; addl'
check aarch64-linux-gnu-gcc vio_mb_platform 'dsb sy'
check aarch64-linux-gnu-gcc vio_wmb_platform 'dsb sy'
check aarch64-linux-gnu-gcc vio_rmb_platform 'dsb ld'
check arm-linux-gnueabihf-gcc vio_mb_platform 'dsb sy'
check arm-linux-gnueabihf-gcc vio_wmb_platform 'dsb sy'
check arm-linux-gnueabihf-gcc vio_rmb_platform 'dsb sy'
check riscv64-linux-gnu-gcc vio_mb_platform 'fence iorw, \{0,1\}iorw'
check riscv64-linux-gnu-gcc vio_wmb_platform 'fence iorw, \{0,1\}ow'
check riscv64-linux-gnu-gcc vio_rmb_platform 'fence ir, \{0,1\}ir'
check s390x-linux-gnu-gcc vio_mb_platform 'bcr 1[45],'

# And the one of the I/O path, where nothing but memory is in play.
check gcc vio_mb 'lock; addl'
check aarch64-linux-gnu-gcc vio_mb 'dmb ish'
check arm-linux-gnueabihf-gcc vio_mb 'dmb ish'
check riscv64-linux-gnu-gcc vio_mb 'fence \(io\)\{0,1\}rw, \{0,1\}\(io\)\{0,1\}rw'
check s390x-linux-gnu-gcc vio_mb 'bcr 1[45],'
