#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# usage: proof.sh PROGRAM FORMAT MESSAGE
#
# A program from which a barrier was taken out has to fail and say MESSAGE. How
# soon it does is a matter of luck, so it has many tries.
set -eu
said=$(mktemp)
trap 'rm -f "$said"' EXIT
try=0
while [ "$try" -lt 100 ]; do
    try=$((try + 1))
    TSAN_OPTIONS=halt_on_error=1 "$1" "$2" 200000 "$try" >"$said" 2>&1 && continue
    grep "$3" "$said" && echo "noticed on try $try" && exit 0
    cat "$said"
    echo "it failed, but not with: $3"
    exit 1
done
echo "a missing barrier went unnoticed $try times"
exit 1
