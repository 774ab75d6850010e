#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Hold figures against their budgets: one line each, and exit status 1 when
one is exceeded. Budgets for time are left out: they are not repeatable.

usage: check.py BUDGETS FIGURES...
"""
import sys

from figures import limit_of, read_budgets, read_figures, show

figures, _ = read_figures(sys.argv[2:])
exceeded = 0
for name, text in read_budgets(sys.argv[1]):
    if name.startswith("time/"):
        continue
    value, limit = figures[name], limit_of(text, figures)
    good = value <= limit
    exceeded += not good
    print(f"{'ok  ' if good else 'OVER'} {name:45} {show(value):>8}"
          f" of at most {show(limit)}")
if exceeded:
    sys.exit(f"check.py: {exceeded} budgets are exceeded")
