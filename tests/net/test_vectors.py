#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/vectors/siit.txt through the real binary: a packet socket on its device
puts each packet in and compares what comes out, as tests/unit/vector.c does
for core alone. One process for each configuration among the vectors."""
import collections
import pathlib
import unittest

import lab
import packets

VECTORS = pathlib.Path(__file__).resolve().parents[1] / "vectors/siit.txt"
DEFAULT = {
    "pool6": "2001:db8:64::/96", "mtu4": "1500", "mtu6": "1500",
    "lowest-ipv6-mtu": "1280", "self4": "203.0.113.254",
    "self6": "2001:db8:ffff::1", "udp-zero-checksum": "compute",
    "tos": "copy", "traffic-class": "copy", "hairpin": "off",
    "error-extension": "off", "wkp-strict": "on", "eam": (),
    "error-source4": (),
}
END = packets.udp("192.0.2.200", "198.51.100.200", 9, 9, b"end of the vector")


def read():
    """Each vector as a dictionary; repeated keys are lists."""
    vector = None
    for line in VECTORS.read_text().splitlines() + [""]:
        key, _, value = line.partition(" ")
        if key == "vector":
            vector = collections.defaultdict(list, id=value, **{
                k: v if isinstance(v, str) else list(v)
                for k, v in DEFAULT.items()})
        elif vector is not None and not line:
            yield vector
            vector = None
        elif vector is not None and isinstance(vector[key], list):
            vector[key].append(value)
        elif vector is not None:
            vector[key] = value


def arguments(v):
    args = ["siit", "--no-setup"]
    for key in ("pool6", "mtu4", "mtu6", "lowest-ipv6-mtu", "self4", "self6",
                "udp-zero-checksum", "tos", "traffic-class", "hairpin",
                "error-extension"):
        args += [f"--{key}", v[key]]
    for pair in v["eam"]:
        args += ["--eam", pair.replace(" ", ",")]
    args += ["--error-source4", (v["error-source4"] or ["none"])[0]]
    if v["wkp-strict"] == "off":
        for net in ("192.0.2.0/24", "198.51.100.0/24", "10.0.0.0/8"):
            args += ["--allow4", net]
    return args


def masked(v, data):
    data = bytearray(data)
    for words in v["mask"]:
        for one in words.split():
            at, length = map(int, one.split("+"))
            data[at:at + length] = bytes(len(data[at:at + length]))
    icmp = 20 if data[0] >> 4 == 4 else 40
    if v["words"]:
        data[icmp + 2:icmp + 8] = bytes(6)
    return bytes(data)


def judge(v, got):
    """None, or what is wrong."""
    want = [bytes.fromhex(h) for h in v["out"] + v["reply"]]
    if v["drop"]:
        want = [bytes.fromhex(h) for h in v["may-reply"]] if got else []
    if v["prefix"] and len(got) == 1:
        length, most = map(int, v["prefix"][0].split())
        if len(got[0]) > most:
            return f"{len(got[0])} bytes"
        got, want = [got[0][:length]], [want[0][:length]]
    if [masked(v, p) for p in got] == [masked(v, p) for p in want]:
        return None
    return (f"{len(got)} packets instead of {len(want)}: "
            + " ".join(p.hex()[:160] for p in got))


class Vectors(unittest.TestCase):
    def run_group(self, group):
        """The vectors of one configuration. Return: how many were wrong."""
        bad = []
        with lab.Lab("box") as net:
            box = net["box"]
            box.ip("route add blackhole default", "route add blackhole ::/0")
            box.xlat(*arguments(group[0]))
            # some packets have 3000 bytes
            box.ip("link set siit up mtu 9200")
            with packets.Tap(box, "siit") as tap:
                for v in group:
                    fault = judge(v, self.put(tap, bytes.fromhex(v["in"][0])))
                    if fault:
                        bad.append(f"{v['id']}: {fault}")
        return bad

    def put(self, tap, packet):
        """All that comes out before the packet behind it does."""
        got = []
        tap.send(packet)
        tap.send(END)
        while True:
            p = tap.receive()
            self.assertIsNotNone(p, "the packet behind the vector is lost")
            if p.data.endswith(b"end of the vector"):
                return got
            if b"\xff\x02\0\0" not in p.data[24:28]:
                got.append(p.data)

    def test_SIIT_007_packets_of_a_flow_stay_in_order(self):
        with lab.Lab("box") as net:
            net["box"].xlat(*arguments(next(read())))
            net["box"].ip("link set siit up")
            with packets.Tap(net["box"], "siit") as tap:
                for n in range(5000):
                    tap.send(packets.udp("198.51.100.2", "192.0.2.33", 1, 2,
                                         n.to_bytes(4, "big")))
                    if n % 100 == 99:  # no more than the device's queue holds
                        got = [self.number(tap) for _ in range(100)]
                        self.assertEqual(got, list(range(n - 99, n + 1)))

    def number(self, tap):
        p = tap.receive(lambda p: p.data[6] == packets.UDP)
        self.assertIsNotNone(p, "a packet is lost")
        return int.from_bytes(p.data[-4:], "big")

    def test_all(self):
        groups = collections.defaultdict(list)
        for v in read():
            # What is kept of a fragment must not meet another vector's.
            first = "frag" in v["id"] and "first" in v["id"]
            alone = v["id"] if first else ""
            if not v["doubt"]:
                groups[*arguments(v), alone].append(v)
        bad, count = [], 0
        for group in groups.values():
            bad += self.run_group(group)
            count += len(group)
        self.assertEqual(count, 367)
        self.assertEqual(bad, [], f"{len(bad)} of {count}:\n"
                         + "\n".join(bad))


if __name__ == "__main__":
    lab.enter()
    unittest.main()
