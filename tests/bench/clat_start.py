#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""clat_start.py [ROUNDS] - from a router's advertisement to the first IPv4
packet on the line, in milliseconds: on a host, which uses its address while
that is checked for duplicates, and on a router, which waits. Needs root."""
import pathlib
import socket
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "net"))

import lab  # noqa: E402
import packets  # noqa: E402
import uplink  # noqa: E402

WAYS = {"host": [], "router": ["--lan", "192.168.1.0/24"]}


class Start(uplink.Case):
    def runTest(self):
        """Not a test: one() is called with what setUp() makes."""

    def one(self, way):
        self.address()
        self.provider()
        self.clat(*WAYS[way])
        with self.home.inside():
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with packets.Tap(self.isp, "home", packets.ETH_P_IPV6) as tap, sock:
            began = time.monotonic()
            self.advertise(uplink.pref64(uplink.PREF64))
            while time.monotonic() < began + 10:
                try:
                    sock.sendto(b"x", (uplink.FAR4, 9))
                except OSError:
                    pass
                p = tap.receive(lambda p: p.proto == packets.UDP
                                and p.dport == 9, 0.001)
                if p:
                    return (time.monotonic() - began) * 1000
        raise lab.LabError(f"no packet: {self.status()}")


def measure(way):
    case = Start()
    case.setUp()
    try:
        return case.one(way)
    finally:
        case.doCleanups()


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    lab.enter()
    for way in WAYS:
        times = sorted(measure(way) for _ in range(rounds))
        print(f"{way:7} median {statistics.median(times):6.0f} ms, "
              f"{times[0]:.0f} to {times[-1]:.0f}, {rounds} rounds")


main()
