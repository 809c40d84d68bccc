#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every requirement has a test, and tests/CONFORMANCE.md says which.

tests/requirements/*.tsv lists the requirements. A test holds one if its name
has the ID in it, with underscores: SIIT_041_what_it_shows, or d64_03_04_... for
two. "all of: U47 T53" as the state of one says that it is held when all with
these prefixes are. Complains when a requirement has no test and does not say "not yet:
REASON"; when it says so but has one; when a test names an ID that no list has;
and when the page is not what it would be.

--print writes the page to the terminal, --write to its place."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LISTS = ROOT / "tests/requirements"
PAGE = ROOT / "tests/CONFORMANCE.md"
C_TEST = re.compile(r"^\s*(?:Test|VECTORS|ROW)\(\s*(\w+),\s*(\w+)", re.M)
PY_TEST = re.compile(r"^\s*def (test_\w+)\(", re.M)
NOT_YET, NOTHING, ALL_OF = "not yet: ", "nothing to test: ", "all of: "
HEAD = """<!-- SPDX-License-Identifier: MIT -->
<!-- Made by tests/lint/conformance.py --write; do not edit. -->

# What is asked of xlat, and which test holds it

Level is the RFC's word and section; "derived" follows from the RFC without
being written there; CHOICE is open, and the last column says what xlat does
and which option changes it. The vectors that tests run are in
tests/vectors/siit.txt.
"""


class Requirement:
    """A line of a list, and the tests that hold it."""

    def __init__(self, where, row):
        row += [""] * (5 - len(row))
        self.where = where
        self.id, self.level, self.text, self.choice, self.state = row
        self.tests = []

    def sum_up(self, rows):
        """One that is held by others takes their prefixes for its tests."""
        if not self.state.startswith(ALL_OF):
            return
        prefixes = self.state[len(ALL_OF):].split()
        parts = [r for r in rows if r.id.rsplit("-", 1)[0] in prefixes]
        if parts and all(r.tests or r.state.startswith(NOTHING)
                         for r in parts):
            self.tests = [f"all of {p}" for p in prefixes]
            self.state = ""

    def fault(self):
        if self.state and not self.state.startswith((NOT_YET, NOTHING)):
            return f"'{self.state}' is not '{NOT_YET}REASON'"
        if self.tests and self.state:
            return f"{self.id}: {self.state}; but {self.tests[0]} holds it"
        if not self.tests and not self.state:
            return f"no test holds {self.id}"
        return None

    def row(self):
        tests = "<br>".join(f"`{t}`" for t in self.tests)
        cells = [self.id, self.level, self.text,
                 tests or f"**{self.state}**", self.choice]
        return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"


def read_list(path):
    """(title, requirements) of one file."""
    title, rows = "", []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("# ") and not line.startswith("# SPDX"):
            title = title or line[2:]
        elif line and not line.startswith("#"):
            where = f"{path.relative_to(ROOT)}:{number}"
            rows.append(Requirement(where, line.split("\t")))
    return title, rows


def tests():
    """(place, name as shown) of every test."""
    for path in sorted((ROOT / "tests/unit").glob("*.c")):
        text = path.read_text()
        for m in C_TEST.finditer(text):
            yield place(path, text, m), f"{m[1]}::{m[2]}", m[2]
    for path in sorted((ROOT / "tests/net").glob("test_*.py")):
        text = path.read_text()
        for m in PY_TEST.finditer(text):
            yield place(path, text, m), f"{path.name}: {m[1]}", m[1]


def place(path, text, match):
    line = text.count("\n", 0, match.start(match.lastindex)) + 1
    return f"{path.relative_to(ROOT)}:{line}"


def ids_in(name, prefixes):
    for prefix in prefixes:
        for m in re.finditer(rf"(?<![A-Za-z0-9]){prefix}((?:_\d\d\d?)+)(?!\d)",
                             name, re.I):
            for digits in m[1][1:].split("_"):
                yield f"{prefix}-{digits}"


def assign(known):
    """Give each requirement its tests. Return: how many names were wrong."""
    prefixes = sorted({i.rsplit("-", 1)[0] for i in known})
    bad = 0
    for where, shown, name in tests():
        for one in ids_in(name, prefixes):
            if one in known:
                known[one].tests.append(shown)
            else:
                print(f"{where}: {name}: no requirement is called {one}")
                bad += 1
    return bad


def summary(lists):
    lines = ["| list | requirements | held by tests | nothing to test "
             "| not yet |",
             "|---|---|---|---|---|"]
    for title, rows in lists:
        held = sum(bool(r.tests) for r in rows)
        nothing = sum(r.state.startswith(NOTHING) for r in rows)
        lines.append(f"| {title} | {len(rows)} | {held} | {nothing} | "
                     f"{len(rows) - held - nothing} |")
    return lines


def page(lists):
    lines = [HEAD, *summary(lists)]
    for title, rows in lists:
        lines += ["", f"## {title}", "",
                  "| ID | Level | Requirement | Tests | Choice |",
                  "|---|---|---|---|---|", *(r.row() for r in rows)]
    return "\n".join(lines) + "\n"


def main():
    lists = [read_list(p) for p in sorted(LISTS.glob("*.tsv"))]
    everything = [r for _, rows in lists for r in rows]
    known = {r.id: r for r in everything}
    bad = assign(known)
    for r in everything:
        r.sum_up(everything)
    if len(known) != len(everything) or not known:
        print(f"{LISTS.relative_to(ROOT)}:1: an ID twice, or none")
        bad += 1
    if "--print" in sys.argv:
        print(page(lists), end="")
        return 0
    if "--write" in sys.argv:
        PAGE.write_text(page(lists))
    for r in everything:
        if r.fault():
            print(f"{r.where}: {r.fault()}")
            bad += 1
    if not PAGE.is_file() or PAGE.read_text() != page(lists):
        print(f"{PAGE.relative_to(ROOT)}:1: out of date: run "
              "tests/lint/conformance.py --write")
        bad += 1
    return 1 if bad else 0


sys.exit(main())
