#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Reads a second under QEMU: examples/disk_bench beside a Linux guest and beside
# a guest that does the least there is to do (limit_guest.c), on one machine
# type with one kind of disk, in turns.
#
# usage: [ROUNDS=3] [SECONDS_EACH=1] [LINUX_DEB=FILE] tests/bench/linux.sh
#
# Linux is the distribution's kernel of its cloud image, downloaded (not
# installed) into build/linux, or the package LINUX_DEB. Its initramfs holds one
# program, linux_reader.c, and the modules of the disk. Leaves what was measured
# in build/bench/rates.txt and prints a table.
# shellcheck disable=SC2086 # lists of words
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/build/bench
work=$root/build/linux
rounds=${ROUNDS:-3}
. "$root/tests/need.sh"
need $host_tools \
    python3:python3 cpio:cpio dpkg-deb:dpkg \
    qemu-system-x86_64:qemu-system-x86

die()
{
    echo "linux.sh: $*" >&2
    exit 1
}

# The package that the metapackage of the architecture's cloud kernel names.
find_kernel()
{
    command -v apt-get >/dev/null ||
        die "no apt-get: name a linux-image-*-cloud-amd64_*.deb in LINUX_DEB"
    apt-cache depends linux-image-cloud-amd64 2>/dev/null |
        sed -n 's/^ *Depends: \(linux-image-6[^ ]*\)$/\1/p' | head -n 1
}

# Sets deb. apt's lists may be missing in a fresh container.
download_kernel()
{
    package=$(find_kernel)
    [ -n "$package" ] || {
        need_packages=
        need_install >/dev/null 2>&1 || true
        package=$(find_kernel)
    }
    [ -n "$package" ] || die "there is no package linux-image-cloud-amd64"
    set -- "$work/$package"_*.deb
    [ -e "$1" ] || (cd "$work" && apt-get download "$package") \
        >"$work/download.log" 2>&1 || {
        cat "$work/download.log" >&2
        die "the kernel cannot be downloaded"
    }
    set -- "$work/$package"_*.deb
    deb=$1
}

make_kernel()
{
    mkdir -p "$work"
    deb=${LINUX_DEB:-}
    [ -n "$deb" ] || download_kernel
    rm -rf "$work/root"
    dpkg-deb -x "$deb" "$work/root"
    set -- "$work"/root/boot/vmlinuz-*
    kernel=$1
}

make_initramfs()
{
    rm -rf "$work/initramfs"
    mkdir -p "$work/initramfs/dev" "$work/initramfs/proc"
    gcc -O2 -Wall -Wextra -Werror -static -I "$root/include" \
        -I "$root/examples" "$here/linux_reader.c" \
        "$root/examples/bench_parse.c" -o "$work/initramfs/init"
    for name in virtio virtio_ring virtio_pci_modern_dev \
        virtio_pci_legacy_dev virtio_pci virtio_blk; do
        find "$work/root/lib/modules" -name "$name.ko" \
            -exec cp {} "$work/initramfs" \;
    done
    (cd "$work/initramfs" && find . | cpio -o -H newc --quiet) \
        >"$work/initramfs.cpio"
}

build_guests()
{
    {
        cmake -S "$root" --preset qemu-x86_64 &&
            cmake --build "$root/build/qemu-x86_64" --target disk_bench limit
    } >"$work/build.log" 2>&1 || {
        cat "$work/build.log" >&2
        die "the build of the guests failed"
    }
}

# New requests as soon as one is finished, or once all are; and, where the guest
# polls, pauses of that many nanoseconds, roughly, before the doorbell. QEMU
# serves the disk under a lock that a doorbell takes, too, and gives it back some
# hundred nanoseconds after the last completion; soon after that its thread
# sleeps. A doorbell in between finds it awake; one before or after waits for
# several times as long as a read takes. So the time from completion to doorbell
# weighs more than all that a guest does, less being no better than more, and
# when the moment is depends on the machine. Of all these ways the fastest
# counts, for each guest.
s=${SECONDS_EACH:-1}s
pauses="0 100 200 300 400"

# ways DEPTH,SIZE,ORDER interrupt|poll : the ways of that run
ways()
{
    depth=${1%%,*}
    [ "$depth" = 1 ] || echo "run=$1,$2,$s,1"
    [ "$2" = poll ] || echo "run=$1,$2,$s,$depth"
    [ "$2" = interrupt ] || for pause in $pauses; do
        echo "run=$1,$2,$s,$depth,$depth,$pause"
    done
}

# The runs, and all ways of all of them.
shapes="1,4096,random 32,4096,random 8,131072,sequential"
all=$(for shape in $shapes; do
    ways "$shape" interrupt
    ways "$shape" poll
done)

# boot FILE RUNS COMMAND_LINE KERNEL [ARGUMENT...]: two possible processors,
# because with one QEMU leaves out barriers; two queues, because Linux polls a
# queue of its own.
boot()
{
    file=$out/rates/$1
    wanted=$(echo $2 | wc -w)
    append="$3 $(echo $2)"
    image=$4
    shift 4
    timeout 600 qemu-system-x86_64 -machine q35 -m 512 -smp 1,maxcpus=2 \
        -accel tcg -display none -serial stdio -monitor none -nodefaults \
        -no-reboot -device isa-debug-exit,iobase=0xf4,iosize=4 \
        -blockdev driver=null-co,node-name=n,size=1073741824,read-zeroes=on \
        -device virtio-blk-pci,drive=n,num-queues=2 \
        -kernel "$image" -append "$append" "$@" </dev/null >"$file" || true
    [ "$(grep -c '^depth .* a second' "$file")" -eq "$wanted" ] || {
        cat "$file" >&2
        die "$file: not all runs were done"
    }
}

# Linux sleeps when there is nothing to do, or does not in boots of its own: a
# processor that sleeps is slow to wake, and the other guests stay awake for a
# while (ports/common/irq.c).
boot_linux()
{
    for idle in "" idle=poll; do
        boot "$1-${idle#*=}-linux" "$all" \
            "console=ttyS0 quiet mitigations=off panic=-1 $idle" \
            "$kernel" -initrd "$work/initramfs.cpio"
    done
}

# pair ROUND GUEST GUEST : each run with the one and at once with the other, so
# that what the machine does besides is the same for both.
pair()
{
    at=$1
    shift
    for shape in $shapes; do
        for how in interrupt poll; do
            for guest; do
                image=examples/disk_bench
                [ $guest = libvio ] || image=tests/qemu/limit
                boot "$at-$shape-$how-$guest" "$(ways $shape $how)" "" \
                    "$root/build/qemu-x86_64/$image"
            done
        done
    done
}

make_kernel
make_initramfs
build_guests
rm -rf "$out/rates"
mkdir -p "$out/rates"
for round in $(seq "$rounds"); do
    boot_linux "$round"
    pair "$round-a" libvio limit
    pair "$round-b" limit libvio
done
python3 "$here/rates.py" "$out/rates" >"$out/rates.txt"
python3 "$here/rates.py" --table "$out/rates.txt"
