#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Write bench.md, all tables; summary.md, what README.md shows of them; and
bench.svg, a chart.

usage: report.py BUDGETS OUT_DIR MACHINE FIGURES...

MACHINE is a line that says what was measured on.
"""
import sys

import chart
import rates
from figures import limit_of, read_budgets, read_figures, show

PATHS = {
    "limit": "least that the specification permits",
    "ring": "ring, requests of fixed shape",
    "add": "ring, any list: of three segments (add, kick, get_buf)",
    "list": "ring, any list: of four segments",
    "block": "block (prep_read, queue, submit, reap)",
    "parts": "block, of two buffers",
    "map": "block, where the port maps memory",
}
KINDS = ["split/direct", "split/indirect", "packed/direct", "packed/indirect"]
SIZES = (8, 64, 512, 4096, 32768)
DEPTHS = (1, 4, 16, 64, 256)


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines) + "\n"


def get(figures, name):
    return show(figures[name]) if name in figures else ""


def instructions(figures):
    rows = []
    for path, title in PATHS.items():
        for kind in KINDS:
            name = f"instructions/{path}/{kind}/256"
            if f"{name}/1" in figures:
                rows.append([title, kind.replace("/", ", "),
                             *(get(figures, f"{name}/{case}")
                               for case in ("1", "1/doorbell", "32"))])
    return table(["instructions a request, queue size 256", "", "single",
                  "single, with a doorbell", "batch of 32"], rows)


def growth(figures, title, case, values, age=False):
    rows = []
    for path in list(PATHS)[1:]:
        for kind in KINDS:
            name = f"instructions/{path}/{kind}/"
            row = [path, kind.replace("/", ", "),
                   *(get(figures, name + case.format(v)) for v in values)]
            if age:
                row.append(get(figures, name + "256/32"))
                row.append(get(figures, name + "256/32/old"))
            rows.append(row)
    head = [title, "", *map(str, values)]
    return table(head + (["32, young", "32, after 2^20"] if age else []), rows)


def budgets(path, figures, notes):
    rows = []
    for name, text, goal in read_budgets(path):
        limit = limit_of(text, figures)
        rows.append([name, show(figures[name]), show(limit),
                     show(limit if goal is None else goal),
                     "yes" if figures[name] <= limit else "**no**",
                     notes[name]])
    return table(["figure", "measured", "at most", "goal", "kept", ""], rows)


def times(figures, notes):
    rows = [[name[5:], show(value), notes[name]]
            for name, value in figures.items() if name.startswith("time/")]
    return table(["time a request, in batches of 32 or (host) as said",
                  "times the limit loop's", ""], rows)


def reads(figures):
    return rates.table(rates.HEAD, rates.rows(figures)) + "\n"


def main_rows(figures):
    """Each way to make a request: its name, single, in a batch."""
    for path, title in PATHS.items():
        for kind in ("split/indirect", "packed/indirect"):
            name = f"instructions/{path}/{kind}/256"
            yield (f"{title}, {kind.split('/')[0]}",
                   figures[f"{name}/1"], figures[f"{name}/32"])


def summary(figures, notes, machine):
    rows = [[title, f"{single:.0f}", f"{batch:.0f}"]
            for title, single, batch in main_rows(figures)]
    sizes = [[name, *(show(figures[f"size/{what}/{name}"])
                      for what in ("boot", "ring", "all"))]
             for name in ("x86_64", "aarch64", "riscv64")]
    return (machine + "\n\n"
            + table(["instructions a read request", "single", "batch of 32"],
                    rows)
            + reads(figures) + times(figures, notes)
            + table(["bytes of text and rodata, `-Os`",
                     "MMIO, split, synchronous reads", "the split ring",
                     "everything"], sizes))


def bars(figures):
    for title, single, batch in main_rows(figures):
        yield title, (single, f"{single:.0f}"), (batch, f"{batch:.0f}")


def rate_bars(figures):
    for run in rates.RUNS:
        rate = {g: figures[f"rate/{run}/{g}"] for g in rates.GUESTS}
        yield (rates.title(run), *((rate[g] / rate["linux"], f"{rate[g]:.0f}")
                                   for g in rates.GUESTS))


def write(path, text):
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)


def main():
    folder, machine = sys.argv[2:4]
    figures, notes = read_figures(sys.argv[4:])
    write(folder + "/bench.md",
          machine + "\n\n" + instructions(figures)
          + growth(figures, "by queue size, batch of 2", "{}/2", SIZES)
          + growth(figures, "by depth, size 256", "256/{}", DEPTHS, age=True)
          + times(figures, notes) + reads(figures)
          + budgets(sys.argv[1], figures, notes))
    write(folder + "/summary.md", summary(figures, notes, machine))
    write(folder + "/bench.svg", chart.draw([
        ("Instructions a read request", ("single", "batch of 32"),
         list(bars(figures))),
        ("Reads a second under QEMU (bars: as multiples of Linux's)",
         tuple(rates.GUESTS.values()), list(rate_bars(figures)))]))
    print(folder + "/bench.md")


main()
