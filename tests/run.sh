#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Install what the tests need, build, and run them.
#
# usage: tests/run.sh [SUITE [ARGUMENT]]
#
#     all        everything below (the default), the short forms; without
#                coverage
#     unit       the library against the model of a device, on this machine;
#                and built for size, but for the campaigns that take longest
#     build      the library as others build it: compilers, symbols, headers
#     coverage   unit, and that it reaches every line and branch of the library
#                but for what tests/coverage.txt excuses, with the reasons
#     sanitize   unit, under the address and undefined-behaviour sanitizers
#     thread     queues between two threads; full: 10^7 operations per format
#     tsan       the same under ThreadSanitizer; full likewise
#     fuzz       the fuzz targets, each for so many SECONDS (10), and all that
#                ever was of interest once more, with GCC
#     endian     unit, built for s390x (big-endian) and arm (32 bits), but for
#                the campaigns that take minutes where a processor is emulated
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

# Run the tests of one label of a preset; one that is skipped fails. What
# follows is for ctest.
ctest_label()
{
    preset=$1
    label=$2
    shift 2
    summary=$root/build/$preset-$label.txt
    ${fixed:-} ctest --test-dir "$root/build/$preset" -L "^$label\$" "$@" \
        -j "$jobs" --no-tests=error --output-on-failure | tee "$summary"
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

unit_tools="$host_tools /usr/include/cmocka.h:libcmocka-dev"

suite_unit()
{
    need $unit_tools
    build test
    ctest_label test unit
    count_cases test
    build small
    ctest_label small unit -LE '^long$'
}

suite_sanitize()
{
    need $unit_tools
    build sanitize
    ctest_label sanitize unit
}

suite_coverage()
{
    need $unit_tools gcovr:gcovr
    build coverage
    find "$root/build/coverage" -name '*.gcda' -exec rm {} +
    ctest_label coverage unit
    sh "$root/tests/coverage.sh"
}

# Two threads that pass 2 * 10^5 buffers or, if it says "full", 10^7; and that
# the tests notice a barrier that is not there.
threads()
{
    need $host_tools
    build thread
    [ "${2:-}" = full ] && VIO_THREAD_OPERATIONS=10000000
    VIO_THREAD_OPERATIONS=${VIO_THREAD_OPERATIONS:-200000}
    export VIO_THREAD_OPERATIONS
    ctest_label thread "$1"
}

suite_thread()
{
    threads thread "$@"
}

# ThreadSanitizer of today's compilers wants its memory where it has always
# been; not everywhere may one ask for that.
suite_tsan()
{
    need setarch:util-linux
    fixed=
    setarch "$(uname -m)" -R true 2>/dev/null &&
        fixed="setarch $(uname -m) -R"
    threads tsan "$@"
}

suite_fuzz()
{
    need $unit_tools clang:clang
    need "$(clang -print-resource-dir)/lib/linux:libclang-rt-14-dev"
    build fuzz
    build replay
    # The short form is the same every time: nothing in it goes by addresses,
    # which vary, by the time, or by what was found before.
    limit='-seed=1 -runs=20000 -use_cmp=0 -entropic=0 -reload=0'
    [ -n "${1:-}" ] || rm -rf "$root"/build/fuzz/corpus-*
    [ -z "${1:-}" ] || limit="-max_total_time=$1"
    for target in split packed cmdline blk fdt pci; do
        echo "-- fuzz_$target"
        known=$root/tests/fuzz/corpus/$target
        found=$root/build/fuzz/corpus-$target
        mkdir -p "$found"
        "$root/build/replay/tests/fuzz/fuzz_$target" "$known"/*
        "$root/build/fuzz/tests/fuzz/fuzz_$target" -max_len=600 -timeout=10 \
            $limit -print_final_stats=1 -verbosity=0 \
            "-artifact_prefix=$root/build/fuzz/$target-" "$found" "$known"
    done
}

suite_endian()
{
    need $host_tools dpkg-deb:dpkg \
        s390x-linux-gnu-gcc:gcc-s390x-linux-gnu \
        /usr/s390x-linux-gnu/include/stdio.h:libc6-dev-s390x-cross \
        arm-linux-gnueabihf-gcc:gcc-arm-linux-gnueabihf \
        /usr/arm-linux-gnueabihf/include/stdio.h:libc6-dev-armhf-cross \
        qemu-s390x:qemu-user qemu-arm:qemu-user
    mkdir -p "$root/build"
    for machine in s390x:s390x arm:armhf; do
        arch=${machine#*:}
        machine=${machine%:*}
        "$root/tests/endian/cmocka.sh" "$arch" "$root/build/cmocka-$arch" \
            >"$root/build/cmocka-$arch.log" 2>&1 || {
            cat "$root/build/cmocka-$arch.log" >&2
            echo "run.sh: there is no cmocka for $arch" >&2
            exit 1
        }
        build "$machine"
        ctest_label "$machine" unit -LE '^long$'
    done
}

suite_build()
{
    need $unit_tools g++:g++ clang:clang clang++:clang \
        nm:binutils pkg-config:pkg-config \
        aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu \
        riscv64-linux-gnu-gcc:gcc-riscv64-linux-gnu \
        s390x-linux-gnu-gcc:gcc-s390x-linux-gnu \
        arm-linux-gnueabihf-gcc:gcc-arm-linux-gnueabihf
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
    python3 "$root/tests/qemu/counts.py" --no-skip
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
    for suite in unit build sanitize thread tsan fuzz endian qemu faults host \
        bench; do
        echo "== $suite"
        "suite_$suite"
    done
    echo "== all passed"
    ;;
unit | build | coverage | sanitize | thread | tsan | fuzz | endian | qemu | \
    faults | host | bench)
    suite=$1
    shift
    "suite_$suite" "$@"
    ;;
*)
    sed -n '3,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
