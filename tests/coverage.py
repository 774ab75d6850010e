#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Lines and branches that gcovr found unreached, minus those of coverage.txt.

A line of coverage.txt is FILE: TEXT # REASON, where TEXT is in the line of the
source that is excused; one that excuses nothing is an error, too."""
import json
import sys


def read_excuses(path):
    excuses = []
    for line in open(path):
        line = line.strip()
        if line and not line.startswith("#"):
            where, _, reason = line.rpartition(" # ")
            name, _, text = where.partition(": ")
            excuses.append([name, text, reason, 0])
    return excuses


def is_excused(excuses, name, text):
    for e in excuses:
        if e[0] == name and e[1] in text:
            e[3] += 1
            return True
    return False


def unreached(line):
    missed = [b for b in line["branches"] if b["count"] == 0]
    if line["count"] == 0:
        return "never run"
    return f"{len(missed)} of {len(line['branches'])} branches" if missed else ""


def main():
    root, path = sys.argv[1:]
    excuses = read_excuses(f"{root}/tests/coverage.txt")
    bad = 0
    for f in json.load(open(path))["files"]:
        source = open(f"{root}/{f['file']}").read().split("\n")
        lines = [x for x in f["lines"] if not x.get("gcovr/noncode")]
        branches = [b for x in lines for b in x["branches"]]
        print(f"{f['file']}: lines {sum(x['count'] > 0 for x in lines)}"
              f"/{len(lines)}, branches "
              f"{sum(b['count'] > 0 for b in branches)}/{len(branches)}")
        for x in lines:
            text = source[x["line_number"] - 1].strip()
            what = unreached(x)
            if what and not is_excused(excuses, f["file"], text):
                print(f"  {f['file']}:{x['line_number']}: {what}: {text}")
                bad += 1
    for e in excuses:
        if not e[3]:
            print(f"  coverage.txt: nothing to excuse: {e[0]}: {e[1]}")
            bad += 1
        else:
            print(f"  excused: {e[0]}: {e[1]} ({e[2]})")
    sys.exit(bad != 0)


main()
