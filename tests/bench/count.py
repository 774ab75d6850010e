#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Read what callgrind dumped of ./count: for each case, the instructions a
request that the library's functions took, with all that they call.

usage: count.py CALLGRIND_OUT     prints "instructions/<case> <number>"
"""
import re
import sys

# The library, fixed.c and the limit loop; the rest of a run is the device's
# side and the loop around.
COUNTED = re.compile(r"/(src|include)/|/(fixed|limit_\w+)\.c$")
NAME = re.compile(r"(\w+)=\((\d+)\)(?: (.*))?")
COST = re.compile(r"[-+*\d]\S* (\d+)")


class Parser:
    """Of one file with all dumps; names are written out once, then numbered."""

    def __init__(self):
        self.names = {}
        self.file = self.callee_file = ""
        self.after_call = False
        self.total = 0

    def name(self, key, number, text):
        kind = "fn" if key.endswith("fn") else "file"
        if text:
            self.names[kind, number] = text
        return self.names[kind, number]

    def named(self, key, name):
        """fi and fe only say from where code was inlined."""
        if key == "fl":
            self.file = self.callee_file = name
        elif key in ("cfl", "cfi"):
            self.callee_file = name

    def cost(self, n):
        """A call's cost is the callee's own if that is counted by itself."""
        counted = COUNTED.search(self.file)
        inner = self.after_call and COUNTED.search(self.callee_file)
        if counted and not inner:
            self.total += n
        if self.after_call:
            self.callee_file = self.file
        self.after_call = False

    def line(self, line):
        if m := NAME.match(line):
            self.named(m[1], self.name(*m.groups()))
        elif line.startswith("calls="):
            self.after_call = True
        elif m := COST.match(line):
            self.cost(int(m[1]))


def main():
    parser = Parser()
    case = None
    with open(sys.argv[1], encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("part:"):
                case, parser.total = None, 0
            elif m := re.match(r"desc: Trigger: Client Request: (.*) (\d+)",
                               line):
                case, requests = m[1], int(m[2])
            elif line.startswith("totals:"):
                if case:
                    print(f"instructions/{case} {parser.total / requests:.1f}")
            else:
                parser.line(line)


main()
