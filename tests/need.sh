# SPDX-License-Identifier: BSD-2-Clause
# To be sourced: need COMMAND:PACKAGE... makes sure that the commands are there;
# what begins with a slash is a file that has to be. What is missing is
# installed as a Debian package, or the person is told how.
# shellcheck shell=sh disable=SC2086,SC2034 # lists of words, for who sources it

# Administrators' tools are not on everybody's path.
PATH=$PATH:/usr/sbin:/sbin

# To compile and link a program of the host's.
host_tools='cmake:cmake make:make gcc:gcc /usr/include/stdio.h:libc6-dev'

need_has()
{
    case $1 in
    /*) [ -e "$1" ] ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

need()
{
    need_packages=
    for need_pair in "$@"; do
        need_has "${need_pair%%:*}" ||
            need_packages="$need_packages ${need_pair#*:}"
    done
    [ -n "$need_packages" ] || return 0
    need_install || exit 1

    for need_pair in "$@"; do
        need_has "${need_pair%%:*}" && continue
        echo "${need_pair%%:*} is still missing" >&2
        exit 1
    done
}

# apt-get as root, directly or through sudo where that asks no question.
need_install()
{
    need_root=
    if [ "$(id -u)" -ne 0 ]; then
        need_root='sudo -n env'
        sudo -n true 2>/dev/null || need_root=none
    fi
    if [ "$need_root" = none ] || ! command -v apt-get >/dev/null; then
        echo "please install these (the names are Debian's):" >&2
        echo "    apt-get install$need_packages" >&2
        return 1
    fi

    echo "installing:$need_packages" >&2
    {
        $need_root apt-get update &&
            DEBIAN_FRONTEND=noninteractive $need_root apt-get install -y \
                --no-install-recommends $need_packages
    } >&2
}
