#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Check tests/conformance.md against the tests.

    tests/conformance.py

- The first table says how many rows each group has: every one of them is
  listed, once.
- A row names the tests that show it, as `program/case` (a case of
  tests/unit/test_program.c that is run), monitors of the model as
  `model/file.c` (which names the row), other files by their path below tests/,
  or says after a dash why there is none.
- A row of a listed group that any test or monitor names is listed.
"""
import re
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent
ROW = re.compile(r"(?<![\w-])((?:DX-)?[A-Z]+)-(\d\d)\b")
problems = []


def problem(text):
    problems.append(text)


def tables(text):
    """The cells of each line of each table."""
    for line in text.splitlines():
        if line.startswith("|") and not line.startswith("|-"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def rows_in(path):
    return {f"{g}-{n}" for g, n in ROW.findall(path.read_text())}


def check_case(row, program, case):
    path = TESTS / "unit" / f"test_{program}.c"
    if not path.exists():
        problem(f"{row}: there is no {path.name}")
    elif not re.search(rf"\(\s*{case}\)", path.read_text()):
        problem(f"{row}: {path.name} runs no case {case}")


def check_file(row, name):
    path = TESTS / name
    if not path.exists():
        problem(f"{row}: there is no {name}")
    elif name.startswith("model/") and row not in rows_in(path):
        problem(f"{row}: {name} does not name it")


def check_row(row, where):
    names = re.findall(r"`([^`]+)`", where)
    if not names and not re.match(r"(-|—) \w", where):
        problem(f"{row}: neither a test nor a reason")
    for name in names:
        if "." in name:
            check_file(row, name)
        elif name.count("/") == 1:
            check_case(row, *name.split("/"))
        else:
            problem(f"{row}: what is {name}?")


def read_list():
    groups, rows = {}, {}
    for cells in tables((TESTS / "conformance.md").read_text()):
        if re.fullmatch(r"(DX-)?[A-Z]+", cells[0]) and cells[1].isdigit():
            groups[cells[0]] = int(cells[1])
        elif ROW.fullmatch(cells[0]):
            if cells[0] in rows:
                problem(f"{cells[0]} is listed twice")
            rows[cells[0]] = cells[1]
    return groups, rows


def check_complete(groups, rows):
    for group, n in groups.items():
        for i in range(1, n + 1):
            if f"{group}-{i:02}" not in rows:
                problem(f"{group}-{i:02} is missing")
    for row in rows:
        group, number = ROW.fullmatch(row).groups()
        if int(number) > groups.get(group, 0):
            problem(f"{row}: no such row")


def check_mentioned(groups, rows):
    for path in sorted(TESTS.rglob("*.[ch]")):
        for row in sorted(rows_in(path)):
            if ROW.fullmatch(row)[1] in groups and row not in rows:
                problem(f"{path.name} names {row}, which is not listed")


def main():
    groups, rows = read_list()
    for row, where in rows.items():
        check_row(row, where)
    check_complete(groups, rows)
    check_mentioned(groups, rows)
    for text in problems:
        print(text)
    shown = sum("`" in where for where in rows.values())
    print(f"{len(rows)} rows of {len(groups)} groups: {shown} are shown by "
          f"tests, {len(rows) - shown} are not, with a reason; "
          f"{len(problems)} problems")
    return bool(problems)


sys.exit(main())
