#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Measure what the library costs, beside the least that the specification lets
# a driver do (limit.h).
#
# usage: tests/bench/run.sh [--check | --readme]
#
# Leaves bench.md, the tables, and bench.svg, a chart, in build/bench.
#
#     --check   only what is counted, and so repeatable: instructions, size,
#               stack; each is held against its limit in budgets.txt, and the
#               exit status says whether all of them are kept. Goals that are
#               not reached yet are shown
#     --readme  put both into tests/bench/results, and the main tables into
#               README.md
#
# What is timed wants a machine that does nothing else, and some minutes:
# batches against the limit loop (timed.c), a vhost-user-blk device
# (tests/host/speed.c), and guests under QEMU beside Linux (linux.sh).
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

# What the figures depend on.
machine()
{
    model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
    echo "$(uname -m), ${model:-unknown}, $(nproc) processors;" \
        "$(gcc --version | head -n 1); $(qemu-system-x86_64 --version |
            head -n 1)"
}

update_readme()
{
    mkdir -p "$here/results"
    cp "$out/bench.md" "$out/bench.svg" "$here/results"
    python3 - "$root/README.md" "$out/summary.md" <<'PY'
import re
import sys
with open(sys.argv[1]) as file, open(sys.argv[2]) as new:
    text, count = re.subn(r"(?s)(<!-- bench -->\n).*?(<!-- /bench -->)",
                          lambda m: m[1] + new.read().rstrip() + "\n" + m[2],
                          file.read())
if count != 1:
    sys.exit("README.md: no place for the results")
with open(sys.argv[1], "w") as file:
    file.write(text)
PY
}

case ${1:-} in
'' | --check | --readme) ;;
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
sh "$root/tests/host/run.sh" --speed >"$out/host.txt"
sh "$here/linux.sh" >"$out/linux.log"
python3 "$here/report.py" "$here/budgets.txt" "$out" "$(machine)" \
    "$out/instructions.txt" "$out/size.txt" "$out/time.txt" "$out/host.txt" \
    "$out/rates.txt"
[ "${1:-}" != --readme ] || update_readme
