#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""seeds.py FOLDER - the vectors' packets as seeds of the siit fuzzer"""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    text = (ROOT / "tests/vectors/siit.txt").read_text()
    names = [line[7:] for line in text.splitlines()
             if line.startswith("vector ")]
    packets = [bytes.fromhex(line[3:]) for line in text.splitlines()
               if line.startswith("in ")]
    for number, (name, packet) in enumerate(zip(names, packets)):
        (folder / name).write_bytes(bytes([number % 32]) + packet)
    return 0 if packets else 1


sys.exit(main(pathlib.Path(sys.argv[1])))
