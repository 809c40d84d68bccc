#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Includes follow the arrows: cmd -> platform -> core, and inside core
wire <- packet <- siit <- nat64 and wire <- dns; nat64 and dns never meet."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')

# What a layer may include, itself apart.
MAY = {
    "base": set(),
    "wire": {"base"},
    "packet": {"base", "wire"},
    "addresses": {"base", "wire"},
    "siit": {"base", "wire", "addresses", "packet"},
    "nat64": {"base", "wire", "addresses", "packet", "siit"},
    "dns": {"base", "wire", "addresses"},
    "clat": {"base", "wire", "addresses", "packet", "siit", "dns"},
}
CORE = set(MAY)
MAY["platform"] = CORE
MAY["cmd"] = CORE | {"platform"}

# core's own files, which lie in no folder
TOP = {"base.h": "base", "xlat.h": "base", "xlat.c": "base",
       "packet.h": "packet", "packet.c": "packet"}

# RFC 6147 embeds addresses as RFC 6052 says; pref64.h is header-only and
# rests on wire alone, so DNS64 may use it without meeting the translator.
SPECIAL = {"core/siit/pref64.h": "addresses"}


def layer(path):
    """Layer of a file by its path from the root; None: not of a layer."""
    parts = path.parts
    if str(path) in SPECIAL:
        return SPECIAL[str(path)]
    if parts[0] in ("platform", "cmd"):
        return parts[0]
    if len(parts) == 2:
        return TOP.get(parts[1], f"core/{parts[1]}")
    return parts[1] if parts[1] in MAY else f"core/{parts[1]}"


def resolve(source, name):
    """The file of ours that an include in source means, or None."""
    for base in (source.parent, ROOT / "core", ROOT / "platform/linux",
                 ROOT / "cmd"):
        path = (base / name).resolve()
        there = path.is_file() or "/" in name and path.parent.is_dir()
        if there and path.is_relative_to(ROOT):
            return path.relative_to(ROOT)
    return None


def check(path):
    bad = 0
    me = layer(path.relative_to(ROOT))
    if me not in MAY:
        print(f"{path.relative_to(ROOT)}:1: layer {me} is not in layers.py")
        return 1
    allowed = MAY[me] | {me}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = INCLUDE.match(line)
        target = resolve(path, found[2]) if found else None
        if target is None:
            continue  # the system's, or the compiler tells
        theirs = layer(target)
        if theirs not in allowed:
            print(f"{path.relative_to(ROOT)}:{number}: {me} may not include "
                  f"{target} ({theirs})")
            bad += 1
    return bad


def main():
    files = [p for d in ("core", "platform", "cmd")
             for p in sorted((ROOT / d).rglob("*.[ch]"))]
    return 1 if not files or sum(check(p) for p in files) else 0


sys.exit(main())
