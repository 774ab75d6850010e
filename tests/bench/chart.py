# SPDX-License-Identifier: BSD-2-Clause
"""Bar charts as SVG, one panel below the other: groups of horizontal bars, each
with what it stands for."""
from html import escape

COLOURS = ("#9db4c0", "#2f5d7c", "#c58b3b")
LABEL, BAR, WIDTH, HEIGHT, GAP, TOP = 330, 380, 800, 14, 12, 56


def text(x, y, words, more=""):
    return f'<text x="{x}" y="{y}" {more}>{escape(words)}</text>\n'


def bar(y, value, words, most, colour):
    length = max(1, round(BAR * value / most))
    return (f'<rect x="{LABEL}" y="{y}" width="{length}" height="{HEIGHT}"'
            f' fill="{colour}"/>\n'
            + text(LABEL + length + 5, y + 11, words))


def legend(y, names):
    out = ""
    for i, (name, colour) in enumerate(zip(names, COLOURS)):
        x = LABEL + 140 * i
        out += (f'<rect x="{x}" y="{y - 11}" width="12" height="12"'
                f' fill="{colour}"/>\n' + text(x + 18, y, name))
    return out


def panel(top, title, names, rows):
    """Rows are (label, (value, words) of the first name, ...). Returns where
    the panel ends, too."""
    most = max(value for row in rows for value, _ in row[1:])
    step = len(names) * HEIGHT + GAP
    out = text(12, top + 20, title, 'font-size="15"') + legend(top + 43, names)
    for i, (label, *bars) in enumerate(rows):
        y = top + TOP + step * i
        out += text(12, y + len(names) * HEIGHT // 2 + 4, label)
        for k, (value, words) in enumerate(bars):
            out += bar(y + k * HEIGHT, value, words, most, COLOURS[k])
    return out, top + TOP + step * len(rows)


def draw(panels):
    """Panels are (title, names, rows)."""
    out, height = "", 0
    for title, names, rows in panels:
        part, height = panel(height, title, names, rows)
        out += part
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}"'
            f' height="{height}" font-family="sans-serif" font-size="12">\n'
            f'<rect width="100%" height="100%" fill="white"/>\n'
            + out + "</svg>\n")
