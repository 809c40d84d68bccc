#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""From exec to the first packet, and resident memory before traffic. Times are
printed, not judged, but for a bound that only a hang exceeds; memory is."""
import contextlib
import pathlib
import re
import socket
import time
import unittest

import lab
import network
import packets

FIRST_PACKET_AT_MOST = 5.0  # seconds; the aim is 0.05 for plat
KIB = {"clat": 2 << 10, "plat": 24 << 10}


def resident(pid):
    """KiB of RSS, and of that what no other process shares."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    size = dict(re.findall(r"^(\w+): +(\d+) kB", text, re.M))
    return int(size["Rss"]), (int(size["Private_Clean"]) +
                              int(size["Private_Dirty"]))


class Start(unittest.TestCase):
    def setUp(self):
        self.net = network.Network()
        self.addCleanup(self.net.close)

    def test_plat_first_packet(self):
        """The phone sends all the while, the server listens. The provider
        forwards already, as it would."""
        for name in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            self.net["provider"].sysctl(f"net/{name}", 1)
        with self.net["phone"].inside():
            sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        with sock:
            runs = sorted(self.first_packet(sock) for _ in range(5))
        print(f"plat: exec to first packet: median {runs[2] * 1000:.1f} ms "
              f"of {', '.join(f'{r * 1000:.1f}' for r in runs)}")

    def first_packet(self, sock):
        """Seconds from exec until a packet has come out translated."""
        with packets.Tap(self.net["server"], "eth0",
                         packets.ETH_P_IP) as tap:
            begin = time.monotonic()
            program = self.net["provider"].start(lab.XLAT, *network.PLAT)
            while time.monotonic() < begin + FIRST_PACKET_AT_MOST:
                with contextlib.suppress(OSError):
                    sock.sendto(b"x", (network.SERVER6, 9))
                if tap.receive(lambda p: p.proto == packets.UDP, 0.001):
                    took = time.monotonic() - begin
                    self.assertEqual(program.stop(), 0, program.output())
                    return took
        return self.fail(f"no packet: {program.output()}")

    def test_memory(self):
        for name, limit in KIB.items():
            with self.subTest(name):
                program = getattr(self.net, name)()
                sizes = {"": resident(program.pid)}
                for pid in lab.children(program.pid):
                    sizes["'s helper"] = resident(pid)
                for who, (rss, private) in sizes.items():
                    print(f"{name}{who}: {rss} KiB resident, "
                          f"{private} of them private")
                self.assertLess(sum(rss for rss, _ in sizes.values()), limit)
                program.stop()

    def test_memory_of_the_others(self):
        """No limit is set for these; the figures are for the reader."""
        for name in ("siit", "dns64"):
            program = getattr(self.net, name)()
            rss, private = resident(program.pid)
            print(f"{name}: {rss} KiB resident, {private} of them private")
            program.stop()


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
