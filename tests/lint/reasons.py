#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every reason for a drop (core/xlat.h) is in the manual's table, with what
happened and what to do, word by word; nothing else is.

--print writes the table, to be put between the two marks in cmd/xlat.8."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADER = ROOT / "core/xlat.h"
PAGE = ROOT / "cmd/xlat.8"
BEGIN, END = '.\\" reasons: begin', '.\\" reasons: end'
STRING = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'
ROW = re.compile(rf"\bR\((\w+),\s*{STRING},\s*{STRING},\s*{STRING}\)")


def join(strings):
    """Adjacent C strings as one."""
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', strings))


def reasons():
    source = HEADER.read_text()
    body = source[source.index("#define XLAT_REASONS(R)"):]
    body = body[:re.search(r"[^\\]\n", body).end()].replace("\\\n", "\n")
    rows = [(name, *map(join, rest)) for name, *rest in ROW.findall(body)]
    if len(rows) != len(re.findall(r"\bR\(\w+,", body)):
        sys.exit("core/xlat.h:1: reasons.py cannot read the list")
    return [row[1:] for row in rows if row[0] != "NONE"]


def table():
    """The rows as mdoc; a sentence starts upper-case and ends with a dot."""
    lines = []
    for name, what, advice in reasons():
        lines.append(f".It Cm {name}")
        for text in (what, advice):
            lines.append(text[0].upper() + text[1:] + ".")
    return lines


def main():
    want = table()
    if "--print" in sys.argv:
        print("\n".join(want))
        return 0
    if not PAGE.is_file():
        print("cmd/xlat.8:1: missing")
        return 1
    lines = PAGE.read_text().splitlines()
    if BEGIN not in lines or END not in lines:
        print(f"cmd/xlat.8:1: no table between '{BEGIN}' and '{END}'")
        return 1
    first = lines.index(BEGIN) + 1
    have = lines[first:lines.index(END)]
    bad = 0
    for offset, line in enumerate(have):
        if line not in want:
            print(f"cmd/xlat.8:{first + offset + 1}: not from core/xlat.h: "
                  f"{line}")
            bad += 1
    for line in want:
        if line not in have:
            print(f"cmd/xlat.8:{first}: missing: {line}")
            bad += 1
    return 1 if bad else 0


sys.exit(main())
