#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Measure what the library costs, beside the least that the specification lets
# a driver do (limit.h).
#
# usage: tests/bench/run.sh [--check]
#
# Leaves bench.md, a table, and bench.svg, a chart, in build/bench. With --check
# only what is counted, and so repeatable, is measured: instructions, size,
# stack; each is held against its limit in budgets.txt, and the exit status says
# whether all of them are kept. Goals that are not reached yet are shown.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/build/bench
. "$root/tests/need.sh"

build()
{
    mkdir -p "$out"
    {
        cmake -S "$here" -B "$out" -DVIO_WERROR=ON &&
            cmake --build "$out"
    } >"$out/build.log" 2>&1 || {
        cat "$out/build.log" >&2
        echo "run.sh: the build failed" >&2
        exit 1
    }
}

# The program runs the requests, callgrind counts, count.py adds up.
count()
{
    rm -f "$out"/callgrind.out*
    valgrind -q --tool=callgrind --dump-line=no --combine-dumps=yes \
        --callgrind-out-file="$out/callgrind.out" "$out/count" \
        >"$out/count.log" 2>&1 || {
        cat "$out/count.log" >&2
        exit 1
    }
    python3 "$here/count.py" "$out/callgrind.out" >"$out/instructions.txt"
}

case ${1:-} in
'' | --check) ;;
*)
    sed -n '3,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
need $host_tools python3:python3 valgrind:valgrind \
    aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu \
    riscv64-linux-gnu-gcc:gcc-riscv64-linux-gnu
build
sh "$here/size.sh" "$out" >"$out/size.txt" &
sizes=$!
count
wait $sizes
if [ "${1:-}" = --check ]; then
    exec python3 "$here/check.py" "$here/budgets.txt" \
        "$out/instructions.txt" "$out/size.txt"
fi
"$out/timed" >"$out/time.txt"
python3 "$here/report.py" "$here/budgets.txt" "$out" \
    "$out/instructions.txt" "$out/size.txt" "$out/time.txt"
