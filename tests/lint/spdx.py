#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every file says its licence, in one of its first lines."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# No place for a comment, or prose that LICENSE covers.
EXCEPT = {"LICENSE", "README.md", ".gitignore", ".clang-format"}


def main():
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True,
                           capture_output=True, text=True).stdout
    bad = 0
    for name in names.split("\0"):
        path = ROOT / name
        if not name or path.name in EXCEPT or not path.is_file():
            continue
        head = path.read_bytes()[:600].split(b"\n")[:4]
        if not any(b"SPDX-License-Identifier: " in line for line in head):
            print(f"{name}:1: no SPDX-License-Identifier line")
            bad += 1
    return 1 if bad else 0


sys.exit(main())
