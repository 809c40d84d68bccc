#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xlat clat that is told nothing: it finds prefix and address by itself,
follows what changes, and leaves nothing."""
import json
import os
import re
import signal
import time
import unittest
from ipaddress import IPv6Address, IPv6Network

import lab
import packets
from uplink import NET, OTHER64, OTHER_NET, PREF64, Case, Resolver, pio, \
    pref64, rdnss


class Discovery(Case):
    def test_p8781_50_router(self):
        """Although the kernel ignores advertisements (accept_ra 0)."""
        self.address()
        self.provider()
        self.clat()
        self.assertEqual(self.status()["state"], "discover")
        began = time.monotonic()
        self.advertise(pref64(PREF64))
        self.wait_state("up")
        print(f"from advertisement to UP: {time.monotonic() - began:.2f} s")
        said = self.status()
        self.assertEqual((said["pref64"], said["pref64-from"]),
                         (PREF64, "router"))
        self.assertIn(IPv6Address(said["source"].split("/")[0]),
                      IPv6Network(NET))
        self.ping(3)

    def test_whole_start_by_the_kernel(self):
        """Address, route and prefix all come in one advertisement."""
        self.provider()
        self.clat("--uplink", "wan")
        self.assertEqual(self.status()["state"], "wait-address")
        self.advertise(pio(NET), pref64(PREF64))
        self.wait_state("up")
        self.ping()

    def test_p8781_45_routers_are_asked(self):
        self.address()
        with packets.Tap(self.isp, "home") as line:
            self.clat()
            p = line.receive(lambda p: p.proto == packets.ICMP6
                             and p.type == 133)
        self.assertIsNotNone(p, "no router solicitation")
        self.assertEqual((p.dst, p.ttl), ("ff02::2", 255))

    def test_p8781_20_51_forged(self):
        """One hop away, or not from a link-local address."""
        self.address()
        self.clat("--discover", "ra")
        self.advertise(pref64(OTHER64), hops=254)
        self.ra.bind(("2001:db8:0:1::1", 0))
        self.advertise(pref64(OTHER64))
        self.ra.close()
        self.open_ra()
        self.advertise(pref64(PREF64))
        lab.wait_for(lambda: self.status()["pref64"] != "none", "a prefix")
        self.assertEqual(self.status()["pref64"], PREF64)

    def test_p8781_06_c6877_48_c6877_88_withdrawn_and_renumbered(self):
        self.address()
        self.provider()
        self.clat()
        self.advertise(pref64(OTHER64))
        self.wait_state("up")
        source = self.status()["source"]
        self.advertise(pref64(OTHER64, 0), pref64(PREF64))
        self.wait_prefix(PREF64)
        self.assertEqual(self.status()["state"], "up")
        self.assertEqual(self.status()["source"], source, "C6877-48")
        self.ping()
        self.advertise(pref64(PREF64, 0))
        self.wait_state("paused")
        self.assertEqual(self.routes4(), "")
        self.advertise(pref64(PREF64))
        self.wait_state("up")
        self.ping()

    def test_p8781_40_41_d7050_11_c6877_66_67_resolver(self):
        """No PREF64 option: the router's resolver is asked, after 2 s."""
        self.address()
        self.provider()
        dns = Resolver(self.isp, "2001:db8:0:1::1", PREF64)
        self.clat()
        self.advertise(rdnss("2001:db8:0:1::1"))
        self.wait_state("up")
        self.assertEqual(self.status()["pref64-from"], "dns")
        self.ping()
        # P8781-40: what a router says later comes first.
        self.advertise(pref64(OTHER64))
        self.wait_prefix(OTHER64)
        self.assertEqual(self.status()["pref64-from"], "router")
        self.assertEqual(dns.asked, 1)

    def test_d7050_07_p8781_42_switched_off(self):
        self.address()
        dns = Resolver(self.isp, "2001:db8:0:1::1", PREF64)
        self.clat("--discover", "ra")
        self.advertise(rdnss("2001:db8:0:1::1"))
        time.sleep(2.5)
        self.assertEqual((self.status()["state"], dns.asked), ("discover", 0))

    def test_c6877_61_static_prefix(self):
        self.address()
        self.provider()
        self.clat("--pref64", PREF64, "--discover", "off")
        self.wait_state("up")
        self.ping()
        self.advertise(pref64(OTHER64))
        self.ping()
        self.assertEqual(self.status()["pref64"], PREF64)


class Forwarding(Case):
    """What is switched on for it. The kernel has its route by an
    advertisement, and would lose it."""

    GLOBAL = ("ipv4/ip_forward", "ipv6/conf/all/forwarding",
              "ipv6/conf/wan/forwarding")

    def setUp(self):
        super().setUp()
        self.provider()
        self.advertise(pio(NET), pref64(PREF64))
        lab.wait_for(self.route, "the kernel's route")

    def route(self):
        return "proto ra" in self.home.run("ip", "-6", "route", "show",
                                           "default")

    def settings(self, *names):
        return [self.home.sysctl(f"net/{n}") for n in names]

    def start(self, *argv):
        before = self.home.snapshot()
        program = self.clat("--uplink", "wan", *argv)
        self.advertise(pref64(PREF64))
        self.wait_state("up")
        self.ping()
        self.assertTrue(self.route())
        return before, program

    def stop(self, before, program):
        self.assertEqual(program.stop(), 0)
        self.assertTrue(self.route())
        left = [line for line in lab.differences(before,
                                                 self.home.snapshot())
                if line.startswith("/proc/sys")]
        self.assertEqual(left, [])

    def test_nd_60_a_host(self):
        """Nothing is forwarded: packets are taken where they come in."""
        before, program = self.start()
        if self.status()["fast-path"] != "on":
            self.skipTest(f"no fast path: {self.status()['fast-path']}")
        self.assertEqual(self.settings(*self.GLOBAL), ["0", "0", "0"])
        self.assertEqual(self.settings("ipv6/conf/wan/accept_ra"), ["1"])
        self.assertEqual(self.status()["forwarding"], "steered")
        self.stop(before, program)

    def test_nd_60_a_host_without_the_fast_path(self):
        """Nothing but what comes in by the uplink is forwarded; it stays a
        host for all else, and follows advertisements as before."""
        force = "ipv6/conf/wan/force_forwarding"
        with self.home.inside():
            if not os.path.exists(f"/proc/sys/net/{force}"):
                self.skipTest("Linux 6.17 is the first that can")
        before, program = self.start("--fast-path", "off")
        self.assertEqual(self.settings(*self.GLOBAL, force),
                         ["0", "0", "0", "1"])
        self.assertEqual(self.settings("ipv6/conf/wan/accept_ra"), ["1"])
        self.assertEqual(self.status()["forwarding"], "uplink")
        self.stop(before, program)

    def test_nd_60_nd_62_a_router(self):
        """It forwards, and follows advertisements all the same."""
        before, program = self.start("--lan", "192.168.1.0/24")
        self.assertEqual(self.settings(*self.GLOBAL), ["1", "1", "1"])
        self.assertEqual(self.settings("ipv6/conf/wan/accept_ra"), ["2"])
        self.assertEqual(self.status()["forwarding"], "all")
        self.stop(before, program)

    def test_nd_60_a_host_that_forwards(self):
        """Because of containers, say: it is left as it is."""
        self.home.sysctl("net/ipv6/conf/wan/accept_ra", 2)
        for name in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            self.home.sysctl(f"net/{name}", 1)
        before, program = self.start("--fast-path", "off")
        changed = [line for line in
                   lab.differences(before, self.home.snapshot())
                   if line.startswith("/proc/sys") and "/clat/" not in line]
        self.assertEqual(changed, [])
        self.assertEqual(self.status()["forwarding"], "all")
        self.stop(before, program)


class Address(Case):
    def setUp(self):
        super().setUp()
        self.address()

    def up(self, *argv):
        program = self.clat("--pref64", PREF64, *argv)
        self.wait_state("up")
        return program

    def test_c6877_31_unknown_to_applications(self):
        self.up()
        self.assertNotIn(self.source(),
                         self.home.run("ip", "-6", "addr").split("/"))

    def test_c6877_37_90_the_same_after_a_restart(self):
        program = self.up()
        first = self.source()
        program.stop()
        self.up()
        self.assertEqual(self.source(), first)

    def test_nd_26_c6877_83_duplicate(self):
        """Somebody else answers for the first address: a second is taken."""
        with packets.Tap(self.isp, "home") as line:
            self.clat("--pref64", PREF64)
            p = line.receive(lambda p: p.proto == packets.ICMP6
                             and p.type == 135 and p.src == "::")
        target = str(IPv6Address(p.body[8:24]))
        self.contradict(target)
        lab.wait_for(lambda: self.source() not in (target, "::")
                     and self.status()["state"] == "up", "another address")
        self.assertIn(IPv6Address(self.source()), IPv6Network(NET))

    def test_nd_30_c6877_30_answered_for(self):
        self.up()
        mac = json.loads(self.home.run("ip", "-j", "link", "show",
                                       "wan"))[0]["address"]
        self.isp.try_run("ping", "-c", "1", "-W", "0.1", self.source())
        lab.wait_for(lambda: mac in self.isp.run(
            "ip", "-6", "neigh", "show", self.source()), "its neighbour")

    def test_e04_nd_66_renumbered(self):
        """The new prefix is there, the old one deprecated. The process has no
        right any more, and needs none."""
        self.provider()
        program = self.up()
        self.assertEqual(lab.status(program.pid)["CapEff"], "0" * 16)
        old = self.source()
        self.home.ip("addr add 2001:db8:0:2::2/64 dev wan nodad",
                     "addr change 2001:db8:0:1::2/64 dev wan preferred_lft 0")
        lab.wait_for(lambda: self.source() != old
                     and self.status()["state"] == "up", "another address")
        self.assertIn(IPv6Address(self.source()), IPv6Network(OTHER_NET))
        self.ping()

    def test_e05_gone_at_once(self):
        self.provider()
        self.up()
        old = self.source()
        self.home.ip("addr add 2001:db8:0:2::2/64 dev wan nodad",
                     "addr del 2001:db8:0:1::2/64 dev wan",
                     "route replace default via 2001:db8:0:2::1 dev wan")
        lab.wait_for(lambda: self.source() not in (old, "::")
                     and self.status()["state"] == "up", "another address")
        self.ping()

    def test_l_20_c6877_87_native_ipv4(self):
        self.up()
        self.home.ip("addr add 192.0.2.130/30 dev wan",
                     "route add default via 192.0.2.129 dev wan metric 3000")
        self.wait_state("paused")
        self.assertEqual(self.routes4(), "")
        self.home.ip("route del default via 192.0.2.129 dev wan metric 3000")
        self.wait_state("up")
        self.assertIn("default", self.routes4())

    def test_l_23_force(self):
        self.home.ip("addr add 192.0.2.130/30 dev wan",
                     "route add default via 192.0.2.129 dev wan metric 3000")
        self.up("--when", "force")

    def test_l_24_native_ipv4_first(self):
        self.home.ip("addr add 192.0.2.130/30 dev wan",
                     "route add default via 192.0.2.129 dev wan metric 3000")
        self.clat("--pref64", PREF64)
        self.assertEqual(self.status()["state"], "hold-native4")

    def test_c6877_72_link_local_ipv4_is_not_native(self):
        self.home.ip("addr add 169.254.1.1/16 dev wan")
        self.up()

    def test_link_down_and_up(self):
        self.provider()
        self.up()
        self.home.ip("link set wan down")
        self.wait_state("off")
        self.assertEqual(self.routes4(), "")
        self.home.ip("link set wan up")
        self.address()
        self.wait_state("up")
        self.ping()

    def test_m_05_mtu_follows(self):
        self.up("--uplink", "wan")
        for mtu in (1400, 1500):
            self.home.ip(f"link set wan mtu {mtu}")
            lab.wait_for(lambda want=f"mtu {mtu - 20}": want in
                         self.routes4(), f"IPv4 route for {mtu}")
            self.assertIn(f"mtu {mtu} ", self.home.run("ip", "link", "show",
                                                       "clat"))

    def test_c6877_80_two_instances(self):
        self.net.link("home", "wan2", "isp", "home2")
        self.home.ip("addr add 2001:db8:0:3::2/64 dev wan2 nodad",
                     "route add default via fe80::1 dev wan2 metric 4000")
        self.up("--uplink", "wan")
        self.clat("--instance", "second", "--uplink", "wan2", "--pref64",
                  OTHER64, "--metric", "3000")
        self.wait_state("up", "second")
        self.assertEqual({self.status("clat")["address4"],
                          self.status("second")["address4"]},
                         {"192.0.0.5", "192.0.0.6"})

    def test_i_11_sleeps_while_nothing_happens(self):
        """Also after the uplink has got another MAC address."""
        for source in ("auto", "2001:db8:0:464::1"):
            with self.subTest(source):
                program = self.up("--source", source)
                self.home.ip("link set wan address 02:00:00:00:00:"
                             + ("77" if source == "auto" else "78"))
                time.sleep(0.5)
                before = self.ticks(program.pid)
                time.sleep(1)
                self.assertLess(self.ticks(program.pid) - before, 20)
                program.stop()

    @staticmethod
    def ticks(pid):
        """Hundredths of a second of processor time so far."""
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def test_i_7_nothing_is_left(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(number):
                before = self.home.snapshot()
                program = self.up()
                helpers = lab.children(program.pid)
                program.stop(number)
                lab.wait_for(lambda: not any(map(lab.alive, helpers)),
                             "the helper ends")
                left = [line for line in
                        lab.differences(before, self.home.snapshot())
                        if not re.match(r"files: . /run/xlat", line)]
                self.assertEqual(left, [])


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
