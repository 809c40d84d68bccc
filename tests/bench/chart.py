# SPDX-License-Identifier: MIT
"""chart - figures of several ways as bars, one panel a figure, in SVG"""
from xml.sax.saxutils import escape

COLOURS = {"plain": "#9a9a9a", "xlat": "#1f6fb4", "tayga": "#d98032",
           "jool": "#6a9f4b"}
WIDTH, NAME, BAR, ROW, TITLE, GAP = 640, 70, 400, 18, 22, 12


def text(x, y, words, *more):
    return f'<text x="{x}" y="{y}" {" ".join(more)}>{escape(words)}</text>'


def panel(top, title, unit, better, values):
    """One figure: a bar for each way, the longest as long as can be."""
    hint = "more is better" if better else "less is better"
    parts = [text(0, top + 14, f"{title}, {unit}", 'font-weight="bold"'),
             text(WIDTH, top + 14, hint, 'text-anchor="end"', 'fill="#777"')]
    longest = max(values.values())
    y = top + TITLE
    for way, value in values.items():
        length = max(1, round(value / longest * BAR))
        parts += [text(NAME - 8, y + 13, way, 'text-anchor="end"'),
                  f'<rect x="{NAME}" y="{y + 2}" width="{length}" '
                  f'height="{ROW - 4}" fill="{COLOURS[way]}"/>',
                  text(NAME + length + 6, y + 13, f"{value:.3g}")]
        y += ROW
    return parts, y + GAP


def write(results, units, path):
    """results: Results of net_bench; units: measures.UNITS."""
    parts, y = [], 8
    for figure in results.figures():
        values = {way: results.median(figure, way) for way in results.ways
                  if results.median(figure, way) is not None}
        more, y = panel(y, *units[figure], values)
        parts += more
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH + 16}" '
        f'height="{y}" viewBox="-8 0 {WIDTH + 16} {y}" '
        'font-family="sans-serif" font-size="12">\n'
        '<rect x="-8" width="100%" height="100%" fill="white"/>\n' +
        "\n".join(parts) + "\n</svg>\n")
