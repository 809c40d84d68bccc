#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The headers that an eBPF program shares compile with clang -target bpf.

A translation unit is generated that calls every inline function of theirs:
arguments come from the context, results go back to it, so nothing folds away.
The object may not refer to anything outside itself."""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADERS = ["wire/be.h", "wire/csum.h", "wire/ip.h", "siit/pref64.h",
           "siit/hdr.h", "siit/icmpmap.h", "siit/legal.h", "siit/plain.h",
           "siit/ident.h", "siit/share.h", "clat/fast.h", "nat64/tcpfsm.h",
           "nat64/shard.h", "nat64/quick.h"]
# Sums a whole payload: checksums leave these headers as deltas.
NOT = {"csum_bytes"}
INLINE = re.compile(r"^XL_INLINE\s+(?:XL_MUST_USE\s+)?"
                    r"((?:const\s+)?(?:struct\s+|enum\s+|unsigned\s+)?\w+"
                    r"[\s*]+)(\w+)\(([^)]*)\)\s*\{", re.M)


def argument(text, number):
    """C for one parameter: read from the context, or a pointer into it."""
    text = " ".join(text.split())
    kind, star, _ = re.match(r"(.*?)(\**)\s*(\w+)$", text).groups()
    if star:
        return f"({kind} *)(ctx + {64 * number})"
    return f"*(volatile {kind} *)(ctx + {64 * number})" if "struct" not in \
        kind else f"load_{number}"


def call(match):
    result, name, params = (" ".join(g.split()) for g in match.groups())
    lines, args = [], []
    for n, param in enumerate(params.split(",") if params != "void" else []):
        args.append(argument(param, n + 1))
        if args[-1].startswith("load_"):
            kind = param.strip().rsplit(" ", 1)[0].replace("const ", "")
            lines.append(f"\t{kind} load_{n + 1} = "
                         f"*({kind} *)(ctx + {64 * (n + 1)});")
    expr = f"{name}({', '.join(args)})"
    if result == "void":
        lines.append(f"\t{expr};")
    else:
        lines.append(f"\t*({result} *)ctx = {expr};")
    body = "\n".join(lines)
    return (f'__attribute__((section("tc"), used))\n'
            f"int bpf_{name}(char *ctx);\n"
            f'__attribute__((section("tc"), used))\n'
            f"int bpf_{name}(char *ctx)\n{{\n{body}\n\treturn 0;\n}}\n")


def generate():
    text, missing = [], []
    for header in HEADERS:
        path = ROOT / "core" / header
        if not path.is_file():
            missing.append(f"core/{header}:1: missing")
            continue
        source = path.read_text()
        found = [m for m in INLINE.finditer(source) if m[2] not in NOT]
        defined = len(re.findall(r"^XL_INLINE\b", source, re.M))
        left_out = sum(1 for m in INLINE.finditer(source) if m[2] in NOT)
        if defined != len(found) + left_out:
            missing.append(f"core/{header}:1: bpf.py understood "
                           f"{len(found)} of {defined} functions")
        text.append(f'#include "{header}"\n')
        text += [call(m) for m in found]
    return "\n".join(text), missing


def where(word):
    """file:line of the first of the headers' lines that holds a word."""
    for header in HEADERS:
        path = ROOT / "core" / header
        lines = path.read_text().splitlines() if path.is_file() else []
        for number, line in enumerate(lines, 1):
            if re.search(rf"\b{re.escape(word)}\b", line):
                return f"core/{header}:{number}"
    return f"core/{HEADERS[0]}:1"


def main():
    text, missing = generate()
    for line in missing:
        print(line)
    resource = subprocess.run(["clang", "-print-resource-dir"], check=True,
                              capture_output=True, text=True).stdout.strip()
    with tempfile.TemporaryDirectory() as tmp:
        unit, obj = f"{tmp}/clean.c", f"{tmp}/clean.o"
        pathlib.Path(unit).write_text(text)
        compiled = subprocess.run(
            ["clang", "-target", "bpf", "-mcpu=v3", "-std=c11", "-O2", "-g",
             "-ffreestanding", "-nostdinc", "-isystem",
             f"{resource}/include", "-Icore", "-Wall", "-Wextra", "-Werror",
             "-c", unit, "-o", obj], cwd=ROOT)
        if compiled.returncode:
            return 1
        symbols = subprocess.run(["readelf", "-sW", obj], check=True,
                                 capture_output=True, text=True).stdout
    outside = [line.split()[-1] for line in symbols.splitlines()
               if " UND " in line and line.split()[-1] != "UND"]
    for name in outside:
        print(f"{where(name)}: eBPF object needs '{name}'")
    return 1 if missing or outside else 0


sys.exit(main())
