#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Build the library as somebody would who adds src/ and include/ to a build of
# his own: one compiler call a file, freestanding, warnings as errors. Then look
# at what it exports and what it wants.
#
# usage: check_library.sh "COMPILER FLAG..."
#
# Exit status 77: the compiler is not there.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck disable=SC2086 # the compiler comes with its flags
set -- $1
compiler=$1
shift
command -v "$compiler" >/dev/null || {
    echo "SKIP: no $compiler"
    exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

objects=
for source in "$root"/src/*.c "$root"/src/*/*.c; do
    object=$work/$(echo "${source#"$root"/src/}" | tr / _).o
    "$compiler" -std=c11 -O2 "$@" -ffreestanding -nostdlib -I"$root/include" \
        -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes \
        -Wmissing-prototypes -Werror -c -o "$object" "$source"
    objects="$objects $object"
done
# One relocatable object: what is undefined in it is wanted from outside.
# shellcheck disable=SC2086
"$compiler" "$@" -nostdlib -r -o "$work/vio.o" $objects

# nm of the host reads every ELF.
undefined=$(nm "$work/vio.o" | awk '$1 == "U" { print $2 }' |
    grep -Evx 'memcpy|memmove|memset|memcmp' || true)
exported=$(nm -g --defined-only "$work/vio.o" | awk '{ print $3 }' |
    grep -v '^vio_' || true)
[ -z "$undefined" ] || { echo "wanted from outside: $undefined"; exit 1; }
[ -z "$exported" ] || { echo "exported without vio_: $exported"; exit 1; }
# No globals: nothing that is written to after the program is loaded.
writable=$(size -A "$work/vio.o" |
    awk '$1 ~ /^\.(s?data|s?bss)(\.|$)/ && $1 !~ /^\.data\.rel\.ro/ && $2 > 0')
[ -z "$writable" ] || { echo "writable data: $writable"; exit 1; }
echo "ok: $compiler $*"
