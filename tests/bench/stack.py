#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The deepest stack of any public call, over the call graph that gcc writes
with -fcallgraph-info=su.

usage: stack.py FILE.ci...    prints "stack/most <bytes> <call>", and on stderr
                              the way down

A call through a pointer is as deep as the deepest function that the library
ever puts into a member of that name, or, where the pointer is a parameter,
whose name begins with the parameter's. What is never put anywhere here is the
port's or the caller's own, and what those take comes on top.
"""
import functools
import os
import re
import sys

NODE = re.compile(r'node: \{ title: "([^"]*)" label: "[^"]*?(\d+) bytes \((.*?)\)')
EDGE = re.compile(r'edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"'
                  r'(?: label: "(.*?):(\d+):(\d+)")?')
PUT = re.compile(r'(?:\.|->)(\w+) = (\w+)[,;]')
CALL = re.compile(r'(?:\w+(?:->|\.))*(\w+)\(')

size, calls, where = {}, {}, {}


@functools.lru_cache(None)
def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def base(function):
    """The name of a function: a static one comes with its path, and one that
    the compiler made over with what it did."""
    return function.rsplit(":", 1)[-1].split(".")[0]


@functools.lru_cache(None)
def put_into():
    """member: names of the functions that are put there."""
    members = {}
    for path in {path for path in where.values() if path.endswith(".c")}:
        for line in lines_of(path):
            for member, function in PUT.findall(line):
                members.setdefault(member, set()).add(function)
    return members


def pointed_to(caller, path, line, column):
    """What a call through a pointer, there in the source, may reach."""
    text = lines_of(path)[int(line) - 1][int(column) - 1:]
    name = CALL.search(text)[1]
    names = put_into().get(name, set())
    folder = os.path.dirname(where[caller])
    return {f for f in size if base(f) in names or
            (not names and base(f).startswith(name + "_") and
             os.path.dirname(where[f]) == folder)}


def read(paths):
    edges = []
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                if m := NODE.match(line):
                    size[m[1]] = int(m[2])
                    where[m[1]] = os.path.normpath(
                        re.search(r"\\n(.*?):\d+:\d+", line)[1])
                    if m[3] == "dynamic":
                        sys.exit(f"stack.py: {m[1]} has a frame of no fixed "
                                 "size")
                elif m := EDGE.match(line):
                    edges.append(m.groups())
    for caller, target, *at in edges:
        targets = {target} if target != "__indirect_call" else \
            pointed_to(caller, *at)
        calls.setdefault(caller, set()).update(targets)


@functools.lru_cache(None)
def deepest(function, above=frozenset()):
    """The deepest way down from a function: a tuple of functions."""
    above = above | {function}
    ways = [deepest(t, above) for t in calls.get(function, ())
            if t in size and t not in above]
    return (function,) + max(ways, key=depth, default=())


def depth(way):
    return sum(size[f] for f in way)


def main():
    read(sys.argv[1:])
    worst = max((deepest(f) for f in size if f.startswith("vio_")), key=depth)
    print(" > ".join(f"{base(f)} {size[f]}" for f in worst), file=sys.stderr)
    print(f"stack/most {depth(worst)} {worst[0]}")


if __name__ == "__main__":
    main()
