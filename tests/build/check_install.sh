#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Install the library, and build a program against it in both documented ways:
# CMake's find_package, and pkg-config. It gets the definitions that the library
# was built with, wherever that is installed in the end; one that has others does
# not link.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/port" "$work/app"
echo '#define PORT_HEADER_WAS_SEEN 1' >"$work/port/some_port.h"
cmake -S "$root" -B "$work/lib" -DCMAKE_INSTALL_LIBDIR=lib/some \
    -DVIO_DEFINITIONS='VIO_NO_PCI;VIO_NO_LEGACY' -DVIO_PORT_HEADER=some_port.h \
    -DCMAKE_C_FLAGS="-I$work/port" >/dev/null
cmake --build "$work/lib" >/dev/null
cmake --install "$work/lib" --prefix "$work/prefix" >/dev/null

cat >"$work/app/app.c" <<'END'
#include <vio/blk.h>
#include <vio/mmio.h>

#if !defined(VIO_NO_PCI) || !defined(VIO_NO_LEGACY) || !PORT_HEADER_WAS_SEEN
#error "these are not the definitions of the library"
#endif

int main(int argc, char **argv)
{
    struct vio_mmio mmio;

    (void)argv;
    if (argc == 12345)
        vio_mmio_probe(&mmio, vio_reg_mem(0), 0, NULL, NULL, NULL);
    return vio_mmio_cmdline("", NULL, 0);
}
END
cat >"$work/app/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(app C)
find_package(vio REQUIRED)
add_executable(app app.c)
target_link_libraries(app PRIVATE vio::vio)
END
cmake -S "$work/app" -B "$work/app/build" -Dvio_DIR="$work/prefix/lib/some/cmake/vio" \
    -DCMAKE_C_FLAGS="-I$work/port" >/dev/null
cmake --build "$work/app/build" >/dev/null
"$work/app/build/app"

command -v pkg-config >/dev/null || { echo "SKIP: no pkg-config"; exit 77; }
flags=$(PKG_CONFIG_PATH="$work/prefix/lib/some/pkgconfig" \
    pkg-config --cflags --libs vio)
eval "cc -I$work/port -o $work/app/by-pkg-config $work/app/app.c $flags"
"$work/app/by-pkg-config"

sed /#error/d "$work/app/app.c" >"$work/app/other.c"
flags="-I$work/prefix/include -L$work/prefix/lib/some"
# shellcheck disable=SC2086 # a list of words
if cc $flags -o "$work/app/other" "$work/app/other.c" -lvio \
    2>"$work/app/other.log"; then
    echo "a program with PCI links to a library without"
    exit 1
fi
grep -q 'vio_mmio_probe' "$work/app/other.log"
echo ok
