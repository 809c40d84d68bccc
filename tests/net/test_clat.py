#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xlat clat on a router and on a host: what it sets up, and what becomes of
packets. Where a provider is needed a stateless translator plays it."""
import json
import unittest

import lab
import packets
from packets import ICMP6, UDP, icmp, ping, udp

PREF64 = "2001:db8:64::/96"
FAR4, FAR6 = "198.51.100.10", "2001:db8:64::c633:640a"
NEAR4, NEAR6 = "192.168.1.2", "2001:db8:0:464::c0a8:102"
HOST6 = "2001:db8:0:1::464"
ROUTER = ["--pref64", PREF64, "--source", "2001:db8:0:464::/96",
          "--lan", "192.168.1.0/24"]
HOST = ["--pref64", PREF64, "--source", HOST6]


class Case(unittest.TestCase):
    """home ── isp; home has a LAN without anybody on it."""

    def setUp(self):
        self.net = lab.Lab("home", "isp")
        self.addCleanup(self.net.close)
        self.home, self.isp = self.net["home"], self.net["isp"]
        self.net.link("home", "wan", "isp", "home")
        self.home.ip("link add lan type veth peer name lanpeer",
                     "link set lan up", "link set lanpeer up",
                     "addr add 192.168.1.1/24 dev lan",
                     "neigh add 192.168.1.2 lladdr 02:00:00:00:00:02 dev lan",
                     "addr add 2001:db8:0:1::2/64 dev wan",
                     "route add default via 2001:db8:0:1::1 dev wan")
        self.isp.ip("addr add 2001:db8:0:1::1/64 dev home",
                    "addr add 198.51.100.10/32 dev lo",
                    "route add 2001:db8:0:464::/96 via 2001:db8:0:1::2",
                    f"route add {HOST6} via 2001:db8:0:1::2")

    def clat(self, *argv):
        return self.home.xlat("clat", *argv)

    def tap(self):
        tap = packets.Tap(self.home, "clat")
        self.addCleanup(tap.sock.close)
        return tap

    def provider(self, *customers):
        """A stateless stand-in for the PLAT."""
        eams = [word for pair in customers for word in ("--eam", pair)]
        self.isp.xlat("siit", "--pool6", PREF64, "--allow4",
                      "198.51.100.0/24", "--allow4", "192.0.2.0/24", *eams)

    def routes(self, *words):
        said = self.home.run("ip", "-j", *words, "route", "show",
                             "dev", "clat")
        return {r["dst"]: r for r in json.loads(said)
                if not r["dst"].startswith(("fe80", "ff00"))}

    def link(self):
        return json.loads(self.home.run("ip", "-j", "link", "show", "clat"))[0]


class WellKnown(Case):
    def test_private_destination(self):
        """Under 64:ff9b::/96 as well: whether that is of use the provider
        decides, by what its PLAT does with it."""
        self.clat("--uplink", "wan", "--pref64", "64:ff9b::/96", *ROUTER[2:])
        tap = self.tap()
        p = tap.ask(udp(NEAR4, "10.1.2.3", 1, 2), lambda p: p.proto == UDP)
        self.assertEqual((p.src, p.dst), (NEAR6, "64:ff9b::a01:203"))
        p = tap.ask(udp("64:ff9b::a01:203", NEAR6, 2, 1),
                    lambda p: p.proto == UDP)
        self.assertEqual((p.src, p.dst), ("10.1.2.3", NEAR4))


class Setup(Case):
    def test_router(self):
        self.clat("--uplink", "wan", *ROUTER)
        self.assertEqual(self.link()["mtu"], 1500)
        default = self.routes("-4")["default"]
        self.assertEqual((default["metric"], default["metrics"]),
                         (2048, [{"mtu": 1480}]))
        self.assertEqual(set(self.routes("-6")), {"2001:db8:0:464::/96"})
        for name in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            self.assertEqual(self.home.sysctl(f"net/{name}"), "1")
        self.assertEqual(self.home.sysctl("net/ipv6/conf/wan/accept_ra"), "2")

    def test_c6877_20_host(self):
        self.clat(*HOST)
        self.assertEqual(set(self.routes("-6")), {HOST6})
        said = self.home.run("ip", "-4", "-j", "addr", "show", "clat")
        address, = json.loads(said)[0]["addr_info"]
        self.assertEqual((address["local"], address["prefixlen"]),
                         ("192.0.0.5", 32))

    def test_m_01_02_03_sizes_follow_the_uplink(self):
        for mtu in (1280, 1400, 1492, 9000):
            with self.subTest(mtu):
                self.home.ip(f"link set wan mtu {mtu}")
                program = self.clat("--uplink", "wan", *ROUTER)
                self.assertEqual(self.link()["mtu"], mtu)
                self.assertEqual(self.routes("-4")["default"]["metrics"],
                                 [{"mtu": mtu - 20}])
                program.stop()

    def test_size_by_option(self):
        self.clat("--uplink", "wan", *ROUTER, "--mtu6", "1300")
        self.assertEqual(self.link()["mtu"], 1300)
        self.assertEqual(self.routes("-4")["default"]["metrics"],
                         [{"mtu": 1280}])

    def test_metric(self):
        """Native IPv4 is preferred, unless the metric says otherwise."""
        self.home.ip("route add default via 192.168.1.2 dev lan metric 100")
        for metric, device in (("2048", "lan"), ("50", "clat")):
            with self.subTest(metric):
                program = self.clat("--uplink", "wan", *ROUTER,
                                    "--metric", metric)
                said = self.home.run("ip", "route", "get", FAR4)
                self.assertIn(f"dev {device}", said)
                program.stop()

    def test_no_setup(self):
        """Only the device appears, and it stays down."""
        before = self.home.snapshot()
        self.clat("--uplink", "wan", *ROUTER, "--no-setup")
        changed = [line for line in
                   lab.differences(before, self.home.snapshot())
                   if "/clat/" not in line and not line.startswith("files")]
        self.assertEqual({line.split(":")[0] for line in changed},
                         {"ip link", "ip addr"}, changed)
        self.assertNotIn("UP", self.link()["flags"])


class Packets(Case):
    def setUp(self):
        super().setUp()
        # What arrives there is not to be answered.
        self.isp.ip(f"route add blackhole {PREF64}")

    def test_EAM_29_lan_host_and_back(self):
        """The mapping of the source holds outward, too, which RFC 7757's
        simple hairpinning would undo."""
        self.clat("--uplink", "wan", *ROUTER)
        tap = self.tap()
        p = tap.ask(udp(NEAR4, FAR4, 4000, 53, b"x"))
        self.assertEqual((p.src, p.dst, p.ttl), (NEAR6, FAR6, 63))
        self.assertTrue(p.good_checksum())
        p = tap.ask(udp(FAR6, NEAR6, 53, 4000, b"y"),
                    lambda p: p.proto == UDP and p.version == 4)
        self.assertEqual((p.src, p.dst, p.ttl), (FAR4, NEAR4, 63))
        self.assertTrue(p.good_checksum())

    def test_stranger_on_the_lan(self):
        """An address outside --lan has no counterpart: a named drop."""
        self.clat("--uplink", "wan", *ROUTER)
        tap = self.tap()
        before = lab.ask("clat", "counters")["drop-no-mapping"]
        tap.send(udp("192.168.2.2", FAR4, 1, 2))
        lab.wait_for(lambda: lab.ask("clat", "counters")["drop-no-mapping"]
                     == before + 1, "drop-no-mapping")

    def test_c6877_25_errors_come_from_the_dummy_address(self):
        """RFC 7600, 4.8: a host takes an error from 192.0.0.8."""
        self.clat("--uplink", "wan", *ROUTER)
        p = self.tap().ask(udp(NEAR4, FAR4, 1, 2, ttl=1))
        self.assertEqual((p.src, p.dst, p.type), ("192.0.0.8", NEAR4, 11))

    def test_c6877_24_ipv6_hop_is_shown(self):
        self.clat("--uplink", "wan", *ROUTER)
        tap = self.tap()
        inside = tap.ask(udp(NEAR4, FAR4, 5000, 33434, bytes(20))).data
        p = tap.ask(icmp("2001:db8:0:1::1", NEAR6, 3, 0, 0, inside),
                    lambda p: p.version == 4)
        self.assertEqual((p.src, p.dst, p.type), ("192.0.0.8", NEAR4, 11))
        self.assertEqual(p.quoted().dst, FAR4)

    def test_c6877_18_private_destination(self):
        """Which IPv4 addresses exist there is the provider's to say."""
        self.clat("--uplink", "wan", *ROUTER)
        p = self.tap().ask(ping(NEAR4, "10.1.2.3"),
                           lambda p: p.proto == ICMP6)
        self.assertEqual(p.dst, "2001:db8:64::a01:203")


class Path(Case):
    def test_c6877_06_host_behind_one_address(self):
        """A program on the machine itself; nothing IPv4 on the line."""
        self.clat("--uplink", "wan", *HOST)
        self.provider(f"192.0.2.1,{HOST6}")
        with packets.Tap(self.isp, "home") as line:
            said = self.home.run("ping", "-c", "3", "-i", "0.05", FAR4)
            kinds = [proto for proto, _ in line.drain()]
        self.assertIn("3 received", said)
        self.assertEqual(kinds.count(packets.ETH_P_IP), 0)
        self.assertGreaterEqual(kinds.count(packets.ETH_P_IPV6), 3)

    def test_router_itself(self):
        """With a /96 the router is a host in it, too."""
        self.clat("--uplink", "wan", *ROUTER)
        self.provider("192.0.2.2,2001:db8:0:464::c000:5")
        self.assertIn("1 received", self.home.run("ping", "-c", "1", FAR4))

    def test_strict_reverse_path_filter(self):
        for name in ("all", "default"):
            self.home.sysctl(f"net/ipv4/conf/{name}/rp_filter", 1)
        self.clat("--uplink", "wan", *HOST)
        self.provider(f"192.0.2.1,{HOST6}")
        self.assertIn("1 received", self.home.run("ping", "-c", "1", FAR4))

    def test_uplink_is_found(self):
        """Without --uplink the way to the prefix gives the sizes."""
        self.home.ip("link set wan mtu 1400")
        self.clat(*HOST)
        self.assertEqual(self.link()["mtu"], 1400)


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
