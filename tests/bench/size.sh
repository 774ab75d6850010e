#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Print how large the library is at -Os, and how much stack its calls take.
#
# usage: size.sh BUILD_DIR      prints "size/<what>/<machine> <bytes>" and
#                               "stack/<call> <bytes>"
#
# boot, loader and ring are programs linked as small as they get, less what they
# bring themselves (and without memcpy and the like, which every system has).
# boot and ring are without all that can be left out: modern devices on MMIO,
# memory that is where its addresses say, errors without reasons. loader is the
# same program as boot with everything but packed queues. all is every file of
# the library.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1
flags='-std=c11 -Os -ffreestanding -ffunction-sections -fdata-sections
       -fno-asynchronous-unwind-tables -fno-pic -fno-stack-protector -w'

sources=$(sed -n '/^set(VIO_SOURCES/,/)/s/.*\(src\/[a-z_/0-9]*\.c\).*/\1/p' \
    "$here/../../CMakeLists.txt")

# compile COMPILER DIR FLAG... : the library's objects in a new DIR
compile()
{
    compiler=$1 objects=$2
    shift 2
    rm -rf "$objects"
    mkdir -p "$objects"
    for source in $sources; do
        # shellcheck disable=SC2086 # flags is a list of words
        "$compiler" $flags "$@" -I"$here/../../include" \
            -c "$here/../../$source" \
            -o "$objects/$(echo "$source" | tr / -).o"
    done
}

# text_of TOOLS_PREFIX FILE... : code and constants together
text_of()
{
    size=${1}size
    shift
    "$size" -A "$@" | awk '/^\.(text|rodata|srodata|data\.rel\.ro)/ \
        { sum += $2 } END { print sum + 0 }'
}

# linked PREFIX DIR PROGRAM FLAG... : what the library adds to a program
linked()
{
    prefix=$1 objects=$2 program=$2/$3 source=$here/$3.c
    shift 3
    # shellcheck disable=SC2086
    "${prefix}gcc" $flags "$@" -I"$here/../../include" -c "$source" \
        -o "$program.prog"
    "${prefix}gcc" -nostdlib -static -no-pie \
        -Wl,--gc-sections,-e,entry,--build-id=none,-z,norelro \
        -Wl,--defsym=memcpy=0,--defsym=memmove=0,--defsym=memset=0 \
        -Wl,--defsym=memcmp=0 -o "$program.elf" "$program.prog" \
        "$objects"/*.o -lgcc
    echo $(($(text_of "$prefix" "$program.elf") - \
        $(text_of "$prefix" "$program.prog")))
}

least='-DVIO_NO_PACKED -DVIO_NO_INDIRECT -DVIO_NO_EVENT_IDX -DVIO_NO_IN_ORDER
       -DVIO_NO_ORDER_PLATFORM -DVIO_NO_NOTIFICATION_DATA -DVIO_NO_LEGACY
       -DVIO_NO_PORT_IO -DVIO_NO_ENV -DVIO_NO_PCI -DVIO_NO_WHY'
for machine in x86_64 aarch64 riscv64; do
    prefix=
    [ $machine = x86_64 ] || prefix=$machine-linux-gnu-
    dir=$out/size-$machine
    # shellcheck disable=SC2086 # least is a list of words
    compile "${prefix}gcc" "$dir/least" $least
    # shellcheck disable=SC2086
    boot=$(linked "$prefix" "$dir/least" size_boot $least)
    # shellcheck disable=SC2086
    ring=$(linked "$prefix" "$dir/least" size_ring $least)
    echo "size/boot/$machine $boot"
    echo "size/ring/$machine $ring"
    compile "${prefix}gcc" "$dir/split" -DVIO_NO_PACKED
    loader=$(linked "$prefix" "$dir/split" size_boot -DVIO_NO_PACKED)
    echo "size/loader/$machine $loader"
    compile "${prefix}gcc" "$dir/all"
    echo "size/all/$machine $(text_of "$prefix" "$dir"/all/*.o)"
done

# Stack as the default build has it.
flags=$(echo "$flags" | sed s/-Os/-O2/)
compile gcc "$out/stack" -fcallgraph-info=su
python3 "$here/stack.py" "$out"/stack/*.ci
