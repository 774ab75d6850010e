#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The host port against qemu-storage-daemon: what is written is in the file, and
# a killed daemon is survived. Under the sanitizers where SANITIZE=1.
#
# usage: [SANITIZE=1] tests/host/run.sh [--speed]
#
# --speed only measures, beside tests/bench/limit.h, on a disk that does nothing.
set -eu
speed=${1:-}
[ $# -eq 0 ] || shift
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/build/host
size=8388608
. "$root/tests/need.sh"
need $host_tools python3:python3 \
    qemu-storage-daemon:qemu-system-common

[ -z "${SANITIZE:-}" ] || {
    out=$out-sanitize
    set -- -DCMAKE_C_FLAGS='-fsanitize=address,undefined -fno-sanitize-recover=all'
}
mkdir -p "$out"
{
    cmake -S "$root/ports/host" -B "$out" -DVIO_WERROR=ON "$@" &&
        cmake --build "$out"
} >"$out/build.log" 2>&1 || {
    cat "$out/build.log" >&2
    exit 1
}

. "$here/daemon.sh"

if [ "$speed" = --speed ]; then
    start_daemon "driver=null-co,size=1073741824,read-zeroes=on"
    "$out/tests/speed" "$work/socket"
    exit
fi

truncate -s $size "$work/image"
start_daemon "driver=file,filename=$work/image"
"$out/tests/disk" "$work/socket" $size
kill $daemon
wait $daemon || true
python3 - "$work/image" <<'PY'
import sys
data = open(sys.argv[1], "rb").read()
for sector in range(len(data) // 512):
    base = sector % 2048
    want = bytes((sector * 7 + base * 512 + i) & 255 for i in range(512))
    if data[512 * sector:512 * sector + 512] != want:
        sys.exit(f"run.sh: sector {sector} of the file is wrong")
PY
echo "run.sh: the file holds what was written"

slow=driver=null-co,size=$size,latency-ns=3000000000
start_daemon "$slow"
"$out/tests/lost" "$work/socket" $daemon &
client=$!
wait $daemon || true
start_daemon "driver=null-co,size=$size,read-zeroes=on"
wait $client
