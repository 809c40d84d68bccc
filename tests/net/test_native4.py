#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xlat clat beside native IPv4 on the same uplink: who is used when, and that
nothing with a source of 192.0.0.0/29 is ever seen on a line."""
import socket
import time
import unittest

import lab
import packets
from uplink import FAR4, PREF64, Case

V = "192.0.0.5"
NATIVE = "default via 192.0.2.129 dev wan"


class Native4(Case):
    def setUp(self):
        super().setUp()
        self.address()
        self.isp.ip("addr add 192.0.2.129/30 dev home")

    def up(self, *more):
        program = self.clat("--uplink", "wan", "--pref64", PREF64, *more)
        self.wait_state("up")
        return program

    def native(self, yes, metric=3000):
        if yes:
            self.home.ip("addr replace 192.0.2.130/30 dev wan")
        self.home.ip(f"route {'add' if yes else 'del'} {NATIVE} "
                     f"metric {metric}")

    def ping_from(self, source):
        return self.home.try_run("ping", "-c", "1", "-W", "10", "-I",
                                 source, FAR4).stdout

    def test_c6877_23_never_on_the_line(self):
        """A socket bound to our address, while a better route exists; then
        the device is down: unreachable, and still nothing on the line."""
        self.provider()
        self.up("--when", "force")
        self.native(True, metric=10)
        self.assertIn("dev wan", self.home.run("ip", "route", "get", FAR4))
        with packets.Tap(self.isp, "home", packets.ETH_P_IP) as line:
            self.assertIn(" 1 received", self.ping_from(V))
            self.home.ip("link set clat down", f"addr add {V}/32 dev lo")
            with self.home.inside(), \
                    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.bind((V, 0))
                with self.assertRaises(OSError):
                    sock.connect((FAR4, 7))
            self.assertEqual(line.drain(), [])

    def test_c6877_23_rule_and_table(self):
        program = self.up()
        self.assertRegex(self.home.run("ip", "rule"),
                         f"30064:\tfrom {V} lookup 464000005")
        said = self.home.run("ip", "route", "show", "table", "464000005")
        self.assertRegex(said, "^default dev clat .*mtu 1480")
        self.assertRegex(said, "unreachable default .*metric 4294967295")
        self.home.ip("link set wan mtu 1400")
        lab.wait_for(lambda: "mtu 1380" in self.home.run(
            "ip", "route", "show", "table", "464000005"), "another MTU")
        program.stop()
        self.assertNotIn("30064", self.home.run("ip", "rule"))

    def test_l_20_several_gateways(self):
        """One default route with two ways (ECMP) is native IPv4, and ours
        yields to its metric; without it there is none."""
        ways = "nexthop via 192.0.2.129 dev wan nexthop via 192.0.2.131 " \
            "dev wan"
        self.home.ip("addr add 192.0.2.130/29 dev wan",
                     f"route add default metric 3000 {ways}")
        self.clat("--uplink", "wan", "--pref64", PREF64)
        self.wait_state("hold-native4")
        self.home.ip(f"route del default metric 3000 {ways}")
        self.wait_state("up")

    def test_nd_65_strict_reverse_path_filter(self):
        for name in ("all", "default"):
            self.home.sysctl(f"net/ipv4/conf/{name}/rp_filter", 1)
        self.provider()
        self.up("--when", "force")
        self.native(True, metric=10)
        self.assertIn(" 1 received", self.ping_from(V))

    def test_l_25_sockets_live_on(self):
        """Native IPv4 comes: the new is native, the old goes on."""
        self.provider()
        self.up()
        self.native(True)
        self.wait_state("paused")
        self.assertIn("dev wan", self.home.run("ip", "route", "get", FAR4))
        self.assertIn(" 1 received", self.ping_from(V))

    def test_l_27_a_route_that_comes_and_goes(self):
        """Three seconds are what makes it count: nothing changes."""
        program = self.up()
        for _ in range(4):
            self.native(True)
            time.sleep(0.7)
            self.native(False)
            time.sleep(0.3)
        self.assertEqual(self.status()["state"], "up")
        self.assertNotIn("paused", program.output())

    def test_l_21_22_what_is_not_native(self):
        """An address alone, halves of the Internet, a dead end."""
        self.home.ip("addr add 192.0.2.130/30 dev wan",
                     "route add 0.0.0.0/1 via 192.0.2.129 dev wan",
                     "route add 128.0.0.0/1 via 192.0.2.129 dev wan")
        program = self.up()
        self.home.ip("route add unreachable default metric 10")
        time.sleep(3.5)
        self.assertEqual(self.status()["state"], "up")
        self.assertNotIn("paused", program.output())


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
