#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Install the library, and build a program against it in both documented ways:
# CMake's find_package, and pkg-config.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake -S "$root" -B "$work/lib" -DCMAKE_INSTALL_PREFIX="$work/prefix" \
    -DCMAKE_INSTALL_LIBDIR=lib >/dev/null
cmake --build "$work/lib" >/dev/null
cmake --install "$work/lib" >/dev/null

mkdir "$work/app"
cat >"$work/app/app.c" <<'END'
#include <vio/blk.h>
#include <vio/mmio.h>

int main(void)
{
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
cmake -S "$work/app" -B "$work/app/build" -DCMAKE_PREFIX_PATH="$work/prefix" \
    >/dev/null
cmake --build "$work/app/build" >/dev/null
"$work/app/build/app"

command -v pkg-config >/dev/null || { echo "SKIP: no pkg-config"; exit 77; }
flags=$(PKG_CONFIG_PATH="$work/prefix/lib/pkgconfig" \
    pkg-config --cflags --libs vio)
cc -o "$work/app/by-pkg-config" "$work/app/app.c" $flags
"$work/app/by-pkg-config"
echo ok
