# SPDX-License-Identifier: BSD-2-Clause
# To be sourced: a qemu-storage-daemon with one disk. Its socket is in $work,
# which is removed, and the daemon ended, when the script ends.
# shellcheck shell=sh

work=$(mktemp -d)
daemon=
stop_daemon()
{
    [ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true
    rm -rf "$work"
}
trap stop_daemon EXIT

# start_daemon BLOCKDEV : as --blockdev has it; returns when it listens
start_daemon()
{
    export=type=vhost-user-blk,id=e,node-name=disk,writable=on
    rm -f "$work/socket"
    qemu-storage-daemon --blockdev "$1,node-name=disk" \
        --export "$export,addr.type=unix,addr.path=$work/socket" &
    daemon=$!
    tries=0
    until [ -S "$work/socket" ]; do
        tries=$((tries + 1))
        [ $tries -le 100 ] || {
            echo "the daemon does not listen" >&2
            exit 1
        }
        sleep 0.1
    done
}
