#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Boot examples/disk_hash under QEMU with a disk, and compare the SHA-256 that
# the guest prints with the image's.
#
# usage: [ARCH=x86_64|riscv64|aarch64] [MACHINE=microvm|q35|pc|virt]
#        [BUS=mmio|pci] [MMIO_VERSION=1|2] [PCI=modern|transitional|legacy]
#        [TIMEOUT=seconds] examples/run.sh [IMAGE]
#
# On x86_64 the machine decides about the bus, which is a microvm's MMIO if it
# does not; on the others, which are called virt, BUS does.
#
# Without an IMAGE a file system of 64 MiB with these sources is made. An IMAGE
# is only read; its size is a multiple of 512.
# shellcheck disable=SC2086 # qemu and tools are lists of words
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tests/need.sh"

die()
{
    echo "run.sh: $*" >&2
    exit 1
}

ARCH=${ARCH:-x86_64}
MMIO_VERSION=${MMIO_VERSION:-2}
PCI=${PCI:-transitional}
build=$root/build/qemu-$ARCH

if [ "$ARCH" != x86_64 ]; then
    BUS=${BUS:-mmio}
    MACHINE=${MACHINE:-virt}
elif [ "${BUS:-mmio}" = pci ]; then
    MACHINE=${MACHINE:-q35}
else
    MACHINE=${MACHINE:-microvm}
fi

case $ARCH-$MACHINE in
x86_64-microvm) machine=microvm,acpi=off bus=mmio ;;
x86_64-q35 | x86_64-pc) machine=$MACHINE bus=pci ;;
riscv64-virt | aarch64-virt) machine=virt bus=$BUS ;;
x86_64-* | riscv64-* | aarch64-*) die "MACHINE=$MACHINE is no machine of $ARCH" ;;
*) die "ARCH=$ARCH is not one of x86_64, riscv64 and aarch64" ;;
esac
[ "${BUS:-$bus}" = "$bus" ] || die "BUS=$BUS: MACHINE=$MACHINE has $bus"

case $ARCH in
x86_64)
    tools='qemu-system-x86_64:qemu-system-x86 gcc:gcc'
    qemu="qemu-system-x86_64 -machine $machine
          -device isa-debug-exit,iobase=0xf4,iosize=4"
    success=33 # port_exit(0) through isa-debug-exit
    ;;
riscv64)
    tools='qemu-system-riscv64:qemu-system-misc
           riscv64-linux-gnu-gcc:gcc-riscv64-linux-gnu'
    qemu='qemu-system-riscv64 -machine virt -bios none'
    success=0
    ;;
aarch64)
    tools='qemu-system-aarch64:qemu-system-arm
           aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu'
    qemu='qemu-system-aarch64 -machine virt,gic-version=2 -cpu cortex-a53
          -semihosting'
    success=0
    ;;
esac
case $MMIO_VERSION in
1) legacy=true ;;
2) legacy=false ;;
*) die "MMIO_VERSION=$MMIO_VERSION is not one of 1 and 2" ;;
esac
case $PCI in
modern) interfaces=disable-legacy=on,disable-modern=off ;;
transitional) interfaces=disable-legacy=off,disable-modern=off ;;
legacy) interfaces=disable-legacy=off,disable-modern=on ;;
*) die "PCI=$PCI is not one of modern, transitional and legacy" ;;
esac
case $bus in
mmio) device=virtio-blk-device ;;
pci) device=virtio-blk-pci,$interfaces ;;
*) die "BUS=$bus is not one of mmio and pci" ;;
esac

# The image is looked at before anything is installed or built.
# Sets size, and the driver that QEMU reads it with.
check_image()
{
    [ -e "$1" ] || die "$1: no such file"
    [ -r "$1" ] || die "$1: no permission to read it"
    if [ -b "$1" ]; then
        driver=host_device
        size=$(blockdev --getsize64 "$1")
    elif [ -f "$1" ]; then
        driver='file'
        size=$(stat -L -c %s -- "$1")
    else
        die "$1: neither a file nor a disk"
    fi
    [ "$size" -gt 0 ] || die "$1: it is empty"
    [ $((size % 512)) -eq 0 ] ||
        die "$1: its size, $size bytes, is not a multiple of 512"
}

# Always the same size, and a real file system.
make_image()
{
    image=$build/disk.img
    rm -f "$image"
    truncate -s 64M "$image"
    rm -rf "$build/disk"
    mkdir "$build/disk"
    for dir in include src ports examples; do
        cp -R "$root/$dir" "$build/disk"
    done
    mke2fs -q -t ext4 -L libvio -d "$build/disk" "$image"
}

build_guest()
{
    cmake -S "$root" -B "$build" \
        -DCMAKE_TOOLCHAIN_FILE="$root/ports/qemu-$ARCH/toolchain.cmake" &&
        cmake --build "$build" --target disk_hash
}

# QEMU's exit status is lost in a pipe, so it is kept in a file.
boot()
{
    # A comma in a name is written twice for QEMU.
    file=file.driver=$driver,file.filename=$(printf %s "$image" | sed s/,/,,/g)
    {
        status=0
        # Two possible processors: with one, QEMU leaves out barriers.
        timeout -k 10 "$TIMEOUT" $qemu -smp 1,maxcpus=2 -accel tcg \
            -display none -serial stdio -monitor none -nodefaults -no-reboot \
            -kernel "$build/examples/disk_hash" \
            -global virtio-mmio.force-legacy=$legacy \
            -drive "if=none,id=disk,driver=raw,readonly=on,$file" \
            -device "$device,drive=disk" </dev/null || status=$?
        echo $status >"$build/status"
    } | tr -d '\r' | tee "$build/output"
    status=$(cat "$build/status")
}

[ $# -le 1 ] || die "usage: examples/run.sh [IMAGE]"
[ $# -eq 0 ] || check_image "$1"
need $tools cmake:cmake make:make mke2fs:e2fsprogs

mkdir -p "$build"
build_guest >"$build/build.log" 2>&1 || {
    cat "$build/build.log" >&2
    die "the build failed"
}
if [ $# -eq 1 ]; then
    image=$1
else
    make_image
    check_image "$image"
fi

# 600 seconds, and more for an image that takes more at 10 MiB a second.
TIMEOUT=${TIMEOUT:-$((size / 10485760 + 600))}
boot
case $status in
"$success") ;;
124) die "no end after $TIMEOUT seconds" ;;
*) die "QEMU ended with status $status, $success is success" ;;
esac

host=$(sha256sum <"$image" | cut -d ' ' -f 1)
guest=$(sed -n 's/^sha256 //p' "$build/output")
[ "$guest" = "$host" ] || die "the hashes differ: guest $guest, host $host"
echo "the host's sha256sum of the image is the same"
