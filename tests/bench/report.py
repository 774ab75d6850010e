#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Write bench.md, the tables, and bench.svg, a chart of the instructions.

usage: report.py BUDGETS OUT_DIR FIGURES...
"""
import sys

import chart
from figures import limit_of, read_budgets, read_figures, show

PATHS = {
    "limit": "least that the specification permits",
    "ring": "ring, requests of fixed shape",
    "add": "ring, any shape (add, kick, get_buf)",
    "block": "block (prep_read, queue, submit, reap)",
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
    return table(["time a request, batches of 32", "times the limit loop's",
                  ""], rows)


def bars(figures):
    for path, title in PATHS.items():
        for kind in ("split/indirect", "packed/indirect"):
            name = f"instructions/{path}/{kind}/256"
            yield (f"{title}, {kind.split('/')[0]}",
                   figures[f"{name}/1"], figures[f"{name}/32"])


def main():
    figures, notes = read_figures(sys.argv[3:])
    with open(sys.argv[2] + "/bench.md", "w", encoding="utf-8") as out:
        out.write(instructions(figures))
        out.write(growth(figures, "by queue size, batch of 2", "{}/2", SIZES))
        out.write(growth(figures, "by depth, size 256", "256/{}", DEPTHS,
                         age=True))
        out.write(times(figures, notes))
        out.write(budgets(sys.argv[1], figures, notes))
    with open(sys.argv[2] + "/bench.svg", "w", encoding="utf-8") as out:
        out.write(chart.draw("Instructions a read request",
                             ("single", "batch of 32"), list(bars(figures))))
    print(sys.argv[2] + "/bench.md")


main()
