# SPDX-License-Identifier: BSD-2-Clause
"""A bar chart as SVG: pairs of horizontal bars, each with its number."""
from html import escape

COLOURS = ("#9db4c0", "#2f5d7c")
LABEL, BAR, WIDTH, HEIGHT, GAP, TOP = 330, 400, 800, 14, 12, 56


def text(x, y, words, more=""):
    return f'<text x="{x}" y="{y}" {more}>{escape(words)}</text>\n'


def bar(y, value, most, colour):
    length = max(1, round(BAR * value / most))
    return (f'<rect x="{LABEL}" y="{y}" width="{length}" height="{HEIGHT}"'
            f' fill="{colour}"/>\n'
            + text(LABEL + length + 5, y + 11, f"{value:.0f}"))


def legend(names):
    out = ""
    for i, (name, colour) in enumerate(zip(names, COLOURS)):
        x = LABEL + 140 * i
        out += (f'<rect x="{x}" y="32" width="12" height="12"'
                f' fill="{colour}"/>\n' + text(x + 18, 43, name))
    return out


def draw(title, names, rows):
    """Rows are (label, value of the first name, value of the second)."""
    most = max(max(row[1:]) for row in rows)
    step = 2 * HEIGHT + GAP
    height = TOP + step * len(rows)
    out = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}"'
           f' height="{height}" font-family="sans-serif" font-size="12">\n'
           f'<rect width="100%" height="100%" fill="white"/>\n')
    out += text(12, 20, title, 'font-size="15"') + legend(names)
    for i, (label, *values) in enumerate(rows):
        y = TOP + step * i
        out += text(12, y + HEIGHT + 4, label)
        for k, value in enumerate(values):
            out += bar(y + k * HEIGHT, value, most, COLOURS[k])
    return out + "</svg>\n"
