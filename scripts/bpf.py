#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bpf.py - platform/linux/bpf/NAME.inc from each NAME.c beside it

A build needs no clang: the instructions are kept in the repository, and a lint
holds them to their source. Of an instruction's eight bytes most are zero: each
is written as a mask that says which are not, and those. The 15 most usual masks
have numbers; a byte has those of two instructions, and is before the first.
Number 15 is another mask, which follows. Where the address of the map has to be
put in, the instruction says so already (BPF_PSEUDO_MAP_VALUE).

    scripts/bpf.py          writes the files
    scripts/bpf.py --check  says what is wrong with it
"""
import collections
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDER = "platform/linux/bpf"
CLANG = "14"  # another one makes other instructions
LD_IMM64, MAP_VALUE = 0x18, 2
ESCAPE = 15
HEAD = """\
/* SPDX-License-Identifier: MIT */
/*
 * %s as instructions, %d bytes before their zeros were left out.
 * Made by scripts/bpf.py with clang %s.
 */
"""


def ask(*argv):
    return subprocess.run(argv, cwd=ROOT, check=True, text=True,
                          capture_output=True).stdout


def compile_to(obj, source):
    include = ask("clang", "-print-resource-dir").strip() + "/include"
    arch = ask("gcc", "-print-multiarch").strip()
    subprocess.run(
        ["clang", "-target", "bpfel", "-mcpu=v3", "-std=c11", "-O2",
         "-ffreestanding", "-nostdinc", "-isystem", include, "-idirafter",
         "/usr/include", "-idirafter", f"/usr/include/{arch}", "-Icore",
         "-Iplatform/linux", "-Wall", "-Wextra", "-Werror", "-c", source,
         "-o", obj], cwd=ROOT, check=True)


def programs(obj):
    """Name and code of each section tc/NAME."""
    data = pathlib.Path(obj).read_bytes()
    for name, offset, size in re.findall(
            r"\] tc/(\w+) +PROGBITS +\w+ (\w+) (\w+)",
            ask("readelf", "-SW", obj)):
        yield name, bytearray(data[int(offset, 16):][:int(size, 16)])


def relocations(obj, source):
    """Section and offset of each instruction that loads the map's address."""
    section = None
    for line in ask("readelf", "-rW", obj).splitlines():
        begins = re.match(r"Relocation section '\.reltc/(\w+)'", line)
        section = begins[1] if begins else section
        row = re.match(r"([0-9a-f]{16}) .* R_BPF_\w+ +[0-9a-f]+ (\S+)", line)
        if row and row[2] != "map":
            sys.exit(f"{source}:1: only the map may be relocated, not "
                     f"{row[2]}")
        if row:
            yield section, int(row[1], 16)


def relocate(code, at, source):
    opcode, regs, addend = struct.unpack_from("<BBxxi", code, at)
    if opcode != LD_IMM64:
        sys.exit(f"{source}:1: a relocation of opcode {opcode:#x}")
    struct.pack_into("<BBxxi", code, at, opcode, regs & 15 | MAP_VALUE << 4,
                     0)
    struct.pack_into("<i", code, at + 12, addend)


def insns(code):
    """Mask, and bytes that are not zero, of each instruction."""
    for at in range(0, len(code), 8):
        insn = code[at:at + 8]
        yield (sum(bool(b) << n for n, b in enumerate(insn)),
               bytes(b for b in insn if b))


def squash(code, usual):
    out = bytearray()
    for n, (mask, data) in enumerate(insns(code)):
        number = usual.index(mask) if mask in usual else ESCAPE
        if n % 2 == 0:
            pair = len(out)
            out.append(number)
        else:
            out[pair] |= number << 4
        out += bytes([mask] * (number == ESCAPE)) + data
    return out


def array(name, data):
    rows = [",".join(str(b) for b in data[at:at + 16])
            for at in range(0, len(data), 16)]
    return (f"static const uint8_t {name}[] = {{\n"
            + "".join(f"\t{row},\n" for row in rows) + "};\n")


def text(source):
    with tempfile.TemporaryDirectory() as tmp:
        obj = f"{tmp}/program.o"
        compile_to(obj, source)
        codes = dict(programs(obj))
        for name, at in relocations(obj, source):
            relocate(codes[name], at, source)
    masks = collections.Counter(mask for code in codes.values()
                                for mask, _ in insns(code))
    usual = [mask for mask, _ in sorted(
        masks.items(), key=lambda pair: (-pair[1], pair[0]))[:ESCAPE]]
    size = sum(map(len, codes.values()))
    return (HEAD % (source.name, size, CLANG)
            + array(f"{source.stem}_masks", usual)
            + "".join(array(f"{source.stem}_{name}", squash(code, usual))
                      for name, code in codes.items()))


def main():
    version = re.search(r"version (\d+)", ask("clang", "--version"))[1]
    if version != CLANG:
        sys.exit(f"scripts/bpf.py:1: needs clang {CLANG}, not {version}")
    failed = False
    for source in sorted((ROOT / FOLDER).glob("*.c")):
        source = source.relative_to(ROOT)
        result = ROOT / source.with_suffix(".inc")
        fresh = text(source)
        if sys.argv[1:] != ["--check"]:
            result.write_text(fresh)
        elif not result.exists() or result.read_text() != fresh:
            print(f"{result.relative_to(ROOT)}:1: not what scripts/bpf.py "
                  f"makes of {source}")
            failed = True
    return failed


sys.exit(main())
