#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Hold figures against their limits: one line each, and exit status 1 when one
is exceeded. Limits of time are left out: they are not repeatable. How far a
figure is from its goal is shown, and decides nothing.

usage: check.py BUDGETS FIGURES...
"""
import sys

from figures import limit_of, read_budgets, read_figures, show

figures, _ = read_figures(sys.argv[2:])
exceeded = missed = 0
for name, text, goal in read_budgets(sys.argv[1]):
    if name.startswith("time/"):
        continue
    value, limit = figures[name], limit_of(text, figures)
    good = value <= limit
    exceeded += not good
    distance = ""
    if goal is not None:
        missed += value > goal
        distance = (f", goal {show(goal)}: {value / goal:.1f} times that"
                    if value > goal else f", goal {show(goal)}: reached")
    print(f"{'ok  ' if good else 'OVER'} {name:45} {show(value):>8}"
          f" of at most {show(limit)}{distance}")
if missed:
    print(f"check.py: {missed} goals are not reached yet")
if exceeded:
    sys.exit(f"check.py: {exceeded} limits are exceeded")
