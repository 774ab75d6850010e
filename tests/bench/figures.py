# SPDX-License-Identifier: BSD-2-Clause
"""Figures ("<name> <value> [note]" a line) and what they may be at most."""


def read_figures(paths):
    figures, notes = {}, {}
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                name, value, *note = line.split(maxsplit=2)
                figures[name] = float(value)
                notes[name] = note[0].strip() if note else ""
    return figures, notes


def read_budgets(path):
    """Of each figure its name, its limit as written, and the goal, or None
    where the limit is the goal."""
    with open(path, encoding="utf-8") as lines:
        rows = [line.split() for line in lines
                if line.strip() and not line.startswith("#")]
    return [(name, limit, float(goal[0]) if goal else None)
            for name, limit, *goal in rows]


def limit_of(text, figures):
    if not text.startswith("x"):
        return float(text)
    factor, other = text[1:].split(":")
    return float(factor) * figures[other]


def show(value):
    return f"{value:.0f}" if value == int(value) else f"{value:.2f}"
