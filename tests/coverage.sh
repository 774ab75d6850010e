#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Print the coverage of src/ after the unit tests of the preset coverage have
# run, and fail if a line or a branch was not reached that coverage.txt does not
# excuse.
#
# usage: tests/coverage.sh [BUILD_DIR]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-$root/build/coverage}
json=$build/coverage.json

# The objects of the library as most tests see it: those of the builds with one
# format and of the debug build have the same lines with other code in them.
gcovr -r "$root" -f 'src/' --json "$json" \
    "$build/tests/CMakeFiles/vio_checked.dir"
python3 "$root/tests/coverage.py" "$root" "$json"
