#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The manual page of an applet lists exactly the options that it has.

What it has is asked of the binary (--help is made from the option table);
what is documented are the .It Fl entries of cmd/xlat-APPLET.8 together with
those of cmd/xlat.8 for options that all applets share."""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
XLAT = os.environ.get("XLAT", str(ROOT / "build/xlat"))
APPLETS = ["clat", "plat", "siit", "dns64", "doctor"]
OPTION = re.compile(r"^\s*--([a-z0-9][a-z0-9-]*)")
ITEM = re.compile(r"^\.It Fl (?:Fl |-)([a-z0-9][a-z0-9-]*)")


def documented(page):
    """{option: line number} of a page."""
    if not page.is_file():
        return {}
    lines = enumerate(page.read_text().splitlines(), 1)
    return {m[1]: n for n, line in lines for m in [ITEM.match(line)] if m}


def main():
    bad = 0
    common = documented(ROOT / "cmd/xlat.8")
    for applet in APPLETS:
        page = ROOT / f"cmd/xlat-{applet}.8"
        run = subprocess.run([XLAT, applet, "--help"], capture_output=True,
                             text=True, timeout=10)
        rows = {m[1] for line in run.stdout.splitlines()
                for m in [OPTION.match(line)] if m}
        own = documented(page)
        name = page.relative_to(ROOT)
        if run.returncode or not rows:
            print(f"{name}:1: `xlat {applet} --help` lists no option "
                  f"(status {run.returncode})")
            bad += 1
        for option in sorted(rows - set(own) - set(common)):
            print(f"{name}:1: --{option} is not described")
            bad += 1
        for option in sorted(set(own) - rows):
            print(f"{name}:{own[option]}: {applet} has no --{option}")
            bad += 1
    return 1 if bad else 0


sys.exit(main())
