#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Install what the tests need, build, and run them.
#
# usage: tests/run.sh [SUITE]
#
#     all        everything below (the default)
#     unit       the library against the model of a device, on this machine
#     build      the library as others build it: compilers, symbols, headers
#     sanitize   unit, under the address and undefined-behaviour sanitizers
#     qemu       guests under QEMU
#     faults     the same with disks that fail, stall, change, or are moved
#     host       the host port against qemu-storage-daemon
#     bench      instructions, size and stack against their limits
#
# Nothing is skipped: what is missing is installed, or named.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tests/need.sh"
jobs=$(nproc 2>/dev/null || echo 2)

# Configure and build a preset; what the compiler says is shown on failure.
build()
{
    mkdir -p "$root/build"
    log=$root/build/$1.log
    {
        cmake -S "$root" --preset "$1" &&
            cmake --build "$root/build/$1" -j "$jobs"
    } >"$log" 2>&1 || {
        cat "$log" >&2
        echo "run.sh: building $1 failed" >&2
        exit 1
    }
}

# Run the tests of one label of a preset; one that is skipped fails.
ctest_label()
{
    summary=$root/build/$1-$2.txt
    ctest --test-dir "$root/build/$1" -L "^$2\$" -j "$jobs" \
        --no-tests=error --output-on-failure | tee "$summary"
    grep -q '^100% tests passed' "$summary" || exit 1
    if grep -q 'Skipped' "$summary"; then
        echo "run.sh: a test was skipped" >&2
        exit 1
    fi
}

# How many cases each program of a suite has.
count_cases()
{
    awk '/ Testing: unit\// { name = $NF }
         /Test: unit\// { name = $NF }
         /^\[==========\] Running/ {
             printf "%-24s %4d cases\n", name, $3; sum += $3
         }
         END { printf "%-24s %4d cases\n", "all", sum }' \
        "$root/build/$1/Testing/Temporary/LastTest.log"
}

# To compile and link a program of the host's.
host_tools='cmake:cmake make:make gcc:gcc /usr/include/stdio.h:libc6-dev'
unit_tools="$host_tools /usr/include/cmocka.h:libcmocka-dev"

suite_unit()
{
    need $unit_tools
    build test
    ctest_label test unit
    count_cases test
}

suite_sanitize()
{
    need $unit_tools
    build sanitize
    ctest_label sanitize unit
}

suite_build()
{
    need $unit_tools g++:g++ clang:clang clang++:clang \
        nm:binutils pkg-config:pkg-config \
        aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu \
        riscv64-linux-gnu-gcc:gcc-riscv64-linux-gnu \
        s390x-linux-gnu-gcc:gcc-s390x-linux-gnu
    build test
    ctest_label test build
}

build_guests()
{
    need cmake:cmake make:make gcc:gcc python3:python3 \
        riscv64-linux-gnu-gcc:gcc-riscv64-linux-gnu \
        aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu \
        qemu-system-x86_64:qemu-system-x86 \
        qemu-system-riscv64:qemu-system-misc \
        qemu-system-aarch64:qemu-system-arm
    for arch in x86_64 riscv64 aarch64; do
        build "qemu-$arch"
    done
}

suite_qemu()
{
    build_guests
    python3 "$root/tests/qemu/run.py" --no-skip
}

suite_faults()
{
    need qemu-img:qemu-utils qemu-nbd:qemu-utils
    build_guests
    python3 "$root/tests/qemu/faults.py" --no-skip
}

suite_host()
{
    sh "$root/tests/host/run.sh"
}

suite_bench()
{
    sh "$root/tests/bench/run.sh" --check
}

case ${1:-all} in
all)
    for suite in unit build sanitize qemu faults host bench; do
        echo "== $suite"
        "suite_$suite"
    done
    echo "== all passed"
    ;;
unit | build | sanitize | qemu | faults | host | bench)
    "suite_$1"
    ;;
*)
    sed -n '3,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
