#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The deepest stack of any public call, over the call graph that gcc writes
with -fcallgraph-info=su.

usage: stack.py FILE.ci...    prints "stack/most <bytes> <call>"

A call through a pointer is counted as the deepest function of any transport;
where a transport makes one, as the deepest access to configuration space. What
the port's own functions take comes on top.
"""
import functools
import re
import sys

NODE = re.compile(r'node: \{ title: "([^"]*)" label: "[^"]*?(\d+) bytes \((.*?)\)')
EDGE = re.compile(r'edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"')

size, calls, where = {}, {}, {}
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if m := NODE.match(line):
                size[m[1]] = int(m[2])
                where[m[1]] = re.search(r"\\n(.*?):\d+:\d+", line)[1]
                if m[3] == "dynamic":
                    sys.exit(f"stack.py: {m[1]} has a frame of no fixed size")
            elif m := EDGE.match(line):
                calls.setdefault(m[1], set()).add(m[2])


def pointed_to(caller):
    """What a call through a pointer may reach."""
    part = "/pci_bus" if "/transport/" in where[caller] else "/transport/"
    return {f for f in size if part in f} - {caller}  # static: has a path


@functools.lru_cache(None)
def depth(function, above=frozenset()):
    if function not in size or function in above:
        return 0
    targets = set(calls.get(function, ()))
    if "__indirect_call" in targets:
        targets |= pointed_to(function)
    above = above | {function}
    return size[function] + max((depth(t, above) for t in targets), default=0)


public = [f for f in size if f.startswith("vio_")]
worst = max(public, key=depth)
print(f"stack/most {depth(worst)} {worst}")
