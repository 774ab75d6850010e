#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Reads a second of guests under QEMU: the lines that linux.sh gathers, as
figures, and those as a table.

usage: rates.py FOLDER          of files ROUND-WHAT-GUEST, one a boot; prints
                                figures: of each run the best of all boots,
                                because what else the machine does only takes
                                away; and how libvio's rate is to the limit
                                loop's, of those booted one after the other,
                                the median
       rates.py --table FIGURES prints a Markdown table
"""
import os
import re
import statistics
import sys

from figures import read_figures

LINE = re.compile(r"depth (\d+), (\d+) bytes, (\w+), (\w+): (\d+) a second")
GUESTS = {"linux": "Linux", "libvio": "libvio", "limit": "limit loop"}

# Of each run, how many times Linux's rate is wanted.
RUNS = {
    "1/4096/random/interrupt": 2.0,
    "32/4096/random/interrupt": 1.5,
    "8/131072/sequential/interrupt": 1.0,
    "1/4096/random/poll": 1.3,
    "32/4096/random/poll": 1.5,
    "8/131072/sequential/poll": 1.0,
}


def read_boot(path):
    """The rate of each run; of one that was done in two ways, the better."""
    rates = {}
    with open(path, encoding="utf-8", errors="replace") as lines:
        for m in filter(None, map(LINE.search, lines)):
            name = "/".join(m.group(1, 2, 3, 4))
            rates[name] = max(rates.get(name, 0), int(m[5]))
    return rates


def gather(folder):
    boots = {name: read_boot(os.path.join(folder, name))
             for name in sorted(os.listdir(folder))}
    for run in RUNS:
        for guest in GUESTS:
            rates = [boot[run] for name, boot in boots.items()
                     if name.endswith("-" + guest) and run in boot]
            print(f"rate/{run}/{guest} {max(rates)}"
                  f" {min(rates)} to {max(rates)}")
        ratios = [boot[run] / boots[name[:-len("libvio")] + "limit"][run]
                  for name, boot in boots.items()
                  if name.endswith("-libvio") and run in boot]
        print(f"rate/{run}/of-limit {statistics.median(ratios):.3f}"
              f" {min(ratios):.2f} to {max(ratios):.2f}")


def title(run):
    depth, size, order, wait = run.split("/")
    return (f"{int(size) // 1024} KiB {order}, depth {depth}, "
            + ("polling" if wait == "poll" else "interrupts"))


def rows(figures):
    """Of each run: what it is, the three rates, ratios and what is wanted."""
    for run, wanted in RUNS.items():
        rate = {g: figures[f"rate/{run}/{g}"] for g in GUESTS}
        yield [title(run), *(f"{rate[g]:.0f}" for g in GUESTS),
               f"{rate['libvio'] / rate['linux']:.1f}", f"{wanted:.1f}",
               f"{100 * figures[f'rate/{run}/of-limit']:.0f} %"]


HEAD = ["reads a second", *GUESTS.values(), "times Linux", "wanted",
        "of the limit"]


def table(head, lines):
    text = [head, ["---"] + ["---:"] * (len(head) - 1), *lines]
    return "".join("| " + " | ".join(line) + " |\n" for line in text)


if __name__ == "__main__":
    if sys.argv[1] == "--table":
        print(table(HEAD, rows(read_figures(sys.argv[2:])[0])), end="")
    else:
        gather(sys.argv[1])
