#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# usage: cmocka.sh ARCHITECTURE FOLDER
#
# Fetch Debian's cmocka for another architecture and unpack it into FOLDER. The
# system is left alone: apt-get has a state of its own here.
set -eu
arch=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)
[ -e "$dir/usr/include/cmocka.h" ] && exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial"
: >"$work/status"
cd "$work"

# apt-get as a package manager of that architecture, with nothing installed.
apt()
{
    apt-get -q -o "APT::Architecture=$arch" -o "APT::Architectures=$arch" \
        -o "Dir::State=$work/state" -o "Dir::State::status=$work/status" \
        -o "Dir::Cache=$work/cache" -o APT::Sandbox::User= "$@"
}

# A list that cannot be had is not fatal as long as the packages can.
apt update || true
apt download libcmocka0 libcmocka-dev
for package in *.deb; do
    dpkg-deb -x "$package" unpacked
done
cp -a unpacked/. "$dir"
