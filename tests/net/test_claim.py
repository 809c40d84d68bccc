#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xlat clat and the address that it claims, as the link sees it: what is sent
in which order, and when the address is used. Duplicate Address Detection is
made to take longer than the tests, so that nothing depends on speed."""
import unittest

import lab
import packets
from uplink import PREF64, Case, pref64

FOREVER = 600000  # ms


class Claim(Case):
    def setUp(self):
        super().setUp()
        self.address()
        self.provider()

    def dad_takes(self, ms):
        self.home.sysctl("net/ipv6/neigh/wan/retrans_time_ms", ms)

    def neighbour(self, addr):
        return self.isp.run("ip", "-6", "neigh", "show", addr)

    def line(self):
        tap = packets.Tap(self.isp, "home", packets.ETH_P_IPV6)
        self.addCleanup(tap.sock.close)
        return tap

    @staticmethod
    def what(p, source):
        """A packet of the address that is claimed, in a word."""
        if p.proto == packets.ICMP6 and p.type == 135 and p.src == "::":
            return "probe"
        if p.src == source and p.proto == packets.ICMP6:
            return {136: "announcement", 128: "ping"}.get(p.type)
        return None

    def words(self, tap, until):
        """What is seen of it on the line, up to some word."""
        source, seen = self.source(), []
        while until not in seen:
            p = tap.receive()
            self.assertIsNotNone(p, f"no {until} after {seen}")
            seen += filter(None, [self.what(p, source)])
        return seen

    def test_c6877_74_82_a_host_does_not_wait(self):
        """The first packet goes while the address is being checked."""
        self.dad_takes(FOREVER)
        tap = self.line()
        self.clat()
        self.advertise(pref64(PREF64))
        self.wait_state("up")
        self.ping()
        self.assertEqual(self.words(tap, "ping"),
                         ["probe", "announcement", "ping"])

    def test_nd_18_a_router_waits(self):
        self.dad_takes(FOREVER)
        program = self.clat("--lan", "192.168.1.0/24")
        self.advertise(pref64(PREF64))
        tentative = program.wait_output(r"claiming (\S+)$")[1]
        self.assertEqual(self.status()["state"], "claim")
        for addr in (tentative, "2001:db8:0:1::2"):
            self.isp.try_run("ping", "-c", "1", "-W", "1", addr)
        self.assertNotIn("lladdr", self.neighbour(tentative))
        self.assertIn("lladdr", self.neighbour("2001:db8:0:1::2"))
        self.assertEqual(self.routes4(), "")

    def test_nd_40_a_router_then_announces(self):
        self.dad_takes(300)
        tap = self.line()
        self.clat("--lan", "192.168.1.0/24")
        self.advertise(pref64(PREF64))
        self.wait_state("up")
        self.ping()
        self.assertEqual(self.words(tap, "ping")[:2],
                         ["probe", "announcement"])

    def test_nd_19_conflict_while_it_is_used(self):
        """The route goes, another address is checked first."""
        self.dad_takes(FOREVER)
        self.clat()
        self.advertise(pref64(PREF64))
        self.wait_state("up")
        old = self.source()
        self.assertIn(old, self.home.run("ip", "-6", "route"))
        self.contradict(old)
        self.wait_state("claim")
        self.assertEqual(self.routes4(), "")
        self.assertNotIn(old, self.home.run("ip", "-6", "route"))


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
