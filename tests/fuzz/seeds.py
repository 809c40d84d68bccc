#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""seeds.py FOLDER FUZZER - what a fuzzer begins with: the vectors' packets,
the mappings of RFC 7757, and a few well-formed texts and messages"""
import ipaddress
import os
import pathlib
import shutil
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHOICES = 32  # configurations that the first byte of siit's input chooses

# RFC 7757, figure 7, and one around all IPv6 prefixes of it but the last
MAPPINGS = [("192.0.2.1/32", "2001:db8:aaaa::/128"),
            ("192.0.2.2/32", "2001:db8:bbbb::b/128"),
            ("192.0.2.16/28", "2001:db8:cccc::/124"),
            ("192.0.2.128/26", "2001:db8:dddd::/64"),
            ("192.0.2.192/29", "2001:db8:eeee:8::/62"),
            ("192.0.2.224/31", "64:ff9b::/127"),
            ("198.51.100.0/24", "2001:db8::/32")]

CONFIG = """# a comment
word   some text
net4 192.0.2.0/24
net4 198.51.100.7
net6 2001:db8::/32
eam 192.0.2.1,2001:db8:5::1
eam 198.51.100.16/28,2001:db8:6:1::/124
number 42
on
"""

REQUESTS = ["status\n", "status --json\n", "health\n", "rows 2001:db8::/32\n",
            "rows net=::/0 number=7 --json\n", "act number=99 2001:db8::1\n",
            "rows\n", "nothing\n"]


def siit():
    text = (ROOT / "tests/vectors/siit.txt").read_text()
    names = [line[7:] for line in text.splitlines()
             if line.startswith("vector ")]
    packets = [bytes.fromhex(line[3:]) for line in text.splitlines()
               if line.startswith("in ")]
    return {name: bytes([number % CHOICES]) + packet
            for number, (name, packet) in enumerate(zip(names, packets))}


def eam():
    entries = []
    for text4, text6 in MAPPINGS:
        v4, v6 = ipaddress.ip_network(text4), ipaddress.ip_network(text6)
        entries.append(v6.network_address.packed + v4.network_address.packed +
                       bytes([v4.prefixlen, v6.prefixlen]))
    return {"figure7": b"".join(entries), "one": entries[0]}


def gather():
    echo4, udp4, echo6, last, raw = 0, 1, 2, 4, 0xFF

    def record(kind, datagram, begin, end, ticks=0):
        return struct.pack("!BBHHBB", kind, datagram, begin, end - begin,
                           ticks, 0)

    def datagram(kind, number, order=(0, 1, 2), ticks=0):
        parts = [record(kind, number, 0, 1000, ticks),
                 record(kind, number, 1000, 2000, ticks),
                 record(kind | last, number, 2000, 2501, ticks)]
        return b"".join(parts[n] for n in order)

    text = (ROOT / "tests/vectors/siit.txt").read_text()
    packets = [bytes.fromhex(line[3:]) for line in text.splitlines()
               if line.startswith("in ")]
    return {"echo4": datagram(echo4, 1), "echo6": datagram(echo6, 2, (2, 0, 1)),
            "udp4": datagram(udp4, 3),
            "udp4-back": datagram(udp4, 3, (2, 1, 0)),
            "late": datagram(echo4, 4, ticks=60),
            "two": datagram(udp4, 5)[:16] + datagram(udp4, 6)[8:]
            + datagram(udp4, 6)[:8] + datagram(udp4, 5)[16:],
            "flood": b"".join(datagram(echo4, n)[:8] for n in range(64)),
            "raw": b"".join(struct.pack("!BH5x", raw, len(p)) + p
                            for p in packets
                            if p[0] >> 4 == 4 and p[6] & 0x3F
                            or p[0] >> 4 == 6 and p[6] == 44)}


def dns_query():
    name = b"\x07example\x03org\x00"
    asked = struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0) + name + b"\0\x1c\0\1"
    record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
    given = (struct.pack("!6H", 7, 0x8180, 1, 1, 0, 0) + name +
             b"\0\1\0\1" + record)
    empty = struct.pack("!6H", 7, 0x8180, 1, 0, 0, 0) + name + b"\0\x1c\0\1"

    def put(who, message):
        return struct.pack("!BH", who, len(message)) + message

    return {"asked": put(0, asked), "tcp": put(4, asked),
            "silence": put(0, asked) + put(3, b""),
            "synthesis": put(0, asked) + put(1, empty) + put(1, given)}


def options():
    return {"config": CONFIG.encode()}


def control():
    return {f"request{i}": text.encode() for i, text in enumerate(REQUESTS)}


def write(folder, fuzzer):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in globals()[fuzzer]().items():
        (folder / name).write_bytes(data)
    # What tests of the real binary have captured, if they ran before.
    captured = pathlib.Path(os.environ.get("BUILD", "build"), "captures",
                            fuzzer)
    for path in captured.glob("*"):
        shutil.copy(path, folder)


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]), sys.argv[2])
