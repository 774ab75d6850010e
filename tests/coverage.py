#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Lines and branches that gcovr found unreached, minus those of coverage.txt;
and how many there are of each folder.

A line of coverage.txt is FILE: TEXT # REASON, where TEXT is in the line of the
source that is excused; one that excuses nothing is an error, too."""
import json
import os
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


class Sum:
    """Of a folder: [all, reached, excused] lines and branches."""

    def __init__(self):
        self.lines = [0, 0, 0]
        self.branches = [0, 0, 0]

    def add(self, line, excused):
        for sum_of, counts in (
                (self.lines, [line["count"]]),
                (self.branches, [b["count"] for b in line["branches"]])):
            sum_of[0] += len(counts)
            sum_of[1] += sum(c > 0 for c in counts)
            sum_of[2] += sum(c == 0 for c in counts) if excused else 0

    def __str__(self):
        return ", ".join(
            f"{name} {reached} of {n}, {excused} excused"
            for name, (n, reached, excused) in (("lines", self.lines),
                                                ("branches", self.branches)))


def look(root, f, excuses, total):
    """How many lines of a file are neither reached nor excused."""
    source = open(f"{root}/{f['file']}").read().split("\n")
    bad = 0
    for x in f["lines"]:
        if x.get("gcovr/noncode"):
            continue
        text = source[x["line_number"] - 1].strip()
        what = unreached(x)
        excused = bool(what) and is_excused(excuses, f["file"], text)
        total.add(x, excused)
        if what and not excused:
            print(f"  {f['file']}:{x['line_number']}: {what}: {text}")
            bad += 1
    return bad


def main():
    root, path = sys.argv[1:]
    excuses = read_excuses(f"{root}/tests/coverage.txt")
    totals = {}
    bad = 0
    for f in json.load(open(path))["files"]:
        folder = os.path.dirname(f["file"])
        bad += look(root, f, excuses, totals.setdefault(folder, Sum()))
    for e in excuses:
        if not e[3]:
            print(f"  coverage.txt: nothing to excuse: {e[0]}: {e[1]}")
            bad += 1
    for folder, total in sorted(totals.items()):
        print(f"{folder}: {total}")
    if bad:
        print(f"{bad} lines are neither reached nor excused in coverage.txt")
    sys.exit(bad != 0)


main()
