#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Every public header compiles alone: in C11 and in C++17, freestanding.
set -eu
cd "$(dirname "$0")/../../include"
for header in vio/*.h vio/spec/*.h; do
    for language in 'gcc -std=c11 -x c' 'g++ -std=c++17 -x c++' \
        'clang -std=c11 -x c' 'clang++ -std=c++17 -x c++'; do
        command -v "${language%% *}" >/dev/null || {
            echo "SKIP: no ${language%% *}"
            exit 77
        }
        printf '#include <%s>\nextern int used;\n' "$header" |
            $language -ffreestanding -Wall -Wextra -Wpedantic -Wconversion \
                -Werror -I. -fsyntax-only - || {
            echo "$header does not compile alone with $language"
            exit 1
        }
    done
done
echo ok
