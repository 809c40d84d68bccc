#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""No function is longer than 60 lines, except those of length.except, a line
each: file, function, and the reason."""
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIMIT = 60


def exceptions():
    rows = {}
    text = (ROOT / "tests/lint/length.except").read_text()
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split(None, 2)
        if not words or words[0].startswith("#"):
            continue
        if len(words) < 3:
            sys.exit(f"tests/lint/length.except:{number}: no reason given")
        rows[tuple(words[:2])] = number
    return rows


def functions():
    out = subprocess.run(
        ["ctags", "-R", "--languages=C", "--langmap=C:.c.h", "--kinds-C=f",
         "--fields=+ne", "--output-format=json", "-f", "-",
         "core", "platform", "cmd", "tests", "scripts"],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def main():
    bad = 0
    excepted = exceptions()
    found = functions()
    used = set()
    for tag in found:
        lines = tag["end"] - tag["line"] + 1 if "end" in tag else 0
        key = (tag["path"], tag["name"])
        if lines <= LIMIT:
            continue
        used.add(key)
        if key not in excepted:
            print(f"{tag['path']}:{tag['line']}: {tag['name']} has {lines} "
                  f"lines, more than {LIMIT}")
            bad += 1
    for key in sorted(set(excepted) - used):
        print(f"tests/lint/length.except:{excepted[key]}: {key[1]} is not "
              f"longer than {LIMIT} lines")
        bad += 1
    return 1 if bad or not found else 0


sys.exit(main())
