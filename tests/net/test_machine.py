#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What xlat clat does to its machine: in which order things come and go, who
else's things stay as they are, what is put back, and what it does where the
address that it wants is taken."""
import json
import re
import signal
import socket
import time
import unittest
from ipaddress import IPv6Address, IPv6Network

import lab
import packets
from packets import ICMP6
from uplink import ENV, FAR4, NET, OTHER64, PREF64, Case, pio, pref64

V, TABLE = "192.0.0.5", "464000005"
NATIVE = "default via 192.0.2.129 dev wan"


class Machine(Case):
    def setUp(self):
        super().setUp()
        self.address()

    def up(self, *argv, **more):
        program = self.clat("--uplink", "wan", "--pref64", PREF64, *argv,
                            **more)
        self.wait_state("up")
        return program

    def monitor(self):
        """Everything that is told of addresses, links, routes and rules."""
        program = self.home.start("ip", "monitor", "all")
        lab.wait_for(lambda: self.home.ip("route add blackhole 10.0.0.0/24",
                                          "route del blackhole 10.0.0.0/24")
                     or "10.0.0.0/24" in program.output(), "it listens")
        return program

    @staticmethod
    def places(text, *patterns):
        """Where in the text each is found for the first time."""
        found = []
        for p in patterns:
            m = re.search(p, text, re.M)
            found.append(m.start() if m else None)
        return found


class Order(Machine):
    ADDRESS = r"^\[ADDR\](?!Deleted).* inet 192\.0\.0\.5/32"
    RULE = r"^\[RULE\](?!Deleted)30064:"
    DEFAULT = r"^\[ROUTE\](?!Deleted)default dev clat (?!table)"

    def test_l_04_comes(self):
        """The device is up, address, rule and the IPv6 address' route are
        there, and the IPv4 default route is last."""
        said = self.monitor()
        self.up()
        lab.wait_for(lambda: re.search(self.DEFAULT, said.output(), re.M),
                     f"the default route: {said.output()}")
        at = self.places(said.output(), r"^\[LINK\].*clat: .*<.*UP.*",
                         self.ADDRESS, self.RULE,
                         rf"^\[ROUTE\]{self.source()} dev clat",
                         self.DEFAULT)
        self.assertNotIn(None, at, said.output())
        self.assertLess(at[0], at[1])
        self.assertEqual(max(at), at[-1], said.output())

    def test_l_05_goes(self):
        """The default route first; the device last."""
        program = self.up()
        source, said = self.source(), self.monitor()
        program.stop()
        said.wait_output(r"^\[LINK\]Deleted .*clat")
        at = self.places(said.output(),
                         r"^\[ROUTE\]Deleted default dev clat (?!table)",
                         r"^\[RULE\]Deleted 30064:",
                         r"^\[ADDR\]Deleted .* inet 192\.0\.0\.5/32",
                         rf"^\[ROUTE\]Deleted {source} dev clat",
                         r"^\[LINK\]Deleted .*clat")
        self.assertNotIn(None, at, said.output())
        self.assertEqual(min(at), at[0], said.output())
        self.assertEqual(max(at), at[-1], said.output())

    def test_l_07_what_is_ours_says_so(self):
        """Protocol 64 and priority 30064; what is not ours stays."""
        mine = ["route add 10.0.0.0/8 via 192.0.2.129 dev wan metric 7",
                "rule add from 192.0.0.6 lookup 77 priority 30063",
                "route add default via 192.0.2.129 dev wan table 77"]
        self.home.ip("addr add 192.0.2.130/30 dev wan", *mine)
        before = self.home.snapshot()
        program = self.up()
        for words in (("-4",), ("-6",), ("-4", "table", TABLE)):
            said = self.home.run("ip", words[0], "route", "show",
                                 *words[1:], "proto", "64")
            self.assertIn("dev clat", said, words)
        program.stop()
        after = self.home.snapshot()
        for what in ("ip rule", "ip -4 route show table all",
                     "ip -6 route show table all"):
            self.assertEqual(after[what], before[what], what)

    def test_l_41_the_route_goes_before_it_is_told(self):
        """When the line says paused, the route is not there any more; it
        went within 50 ms (the fastest of some counts)."""
        program = self.up()
        said = self.home.start("ip", "-ts", "monitor", "route")
        lab.wait_for(lambda: self.home.ip("route add blackhole 10.0.0.0/24",
                                          "route del blackhole 10.0.0.0/24")
                     or "10.0.0.0/24" in said.output(), "it listens")
        for _ in range(4):
            at = len(program.output())
            time.sleep(0.15)
            self.home.run("ip", "-6", "route", "del", "default")
            lab.wait_for(lambda at=at: "paused" in program.output()[at:],
                         "paused is told")
            self.assertEqual(self.routes4(), "")
            self.home.ip("route add default via 2001:db8:0:1::1 dev wan")
            self.wait_state("up")

        def told():
            return [re.findall(rf"^\[.*:([\d.]+)\] Deleted {what}",
                               said.output(), re.M) for what in
                    ("default via 2001:db8:0:1::1", "default dev clat")]
        lab.wait_for(lambda: [len(t) for t in told()] == [4, 4],
                     "it is told four times")
        times = told()
        waited = [(float(gone) - float(why)) % 60
                  for why, gone in zip(*times)]
        print(f"gone after {min(waited) * 1000:.0f} ms")
        self.assertLess(min(waited), 0.05)


class Addresses(Machine):
    def test_c6877_21_the_first_that_is_free(self):
        self.home.ip("link add spare type bridge", "link set spare up",
                     "addr add 192.0.0.5/32 dev spare")
        program = self.up()
        self.assertEqual(self.status()["address4"], "192.0.0.6")
        program.stop()
        self.home.ip(*(f"addr add 192.0.0.{i}/32 dev spare"
                       for i in (0, 1, 2, 3, 4, 6, 7)))
        self.clat("--uplink", "wan", "--pref64", PREF64)
        said = self.status()
        self.assertEqual(said["state"], "wait-address")
        self.assertIn("192.0.0.0/29", said["reason"])
        self.home.ip("addr del 192.0.0.3/32 dev spare")
        self.wait_state("up")
        self.assertEqual(self.status()["address4"], "192.0.0.3")

    def test_c6877_22_another_continuity_solution(self):
        """DS-Lite's 192.0.0.2/29: not both."""
        self.home.ip("link add dslite type bridge", "link set dslite up",
                     "addr add 192.0.0.2/29 dev dslite")
        self.clat("--uplink", "wan", "--pref64", PREF64)
        said = self.status()
        self.assertEqual(said["state"], "wait-address")
        self.assertIn("RFC 7335", said["reason"])
        self.home.ip("link del dslite")
        self.wait_state("up")

    def test_c6877_32_a_single_address(self):
        """One /128 by DHCPv6: no /64 to make an address in. It does not start
        by itself, and says wherever it can what helps: which does."""
        self.home.ip("addr del 2001:db8:0:1::2/64 dev wan",
                     "addr add 2001:db8:0:1::2/128 dev wan nodad",
                     "route add 2001:db8:0:1::1 dev wan",
                     "route replace default via 2001:db8:0:1::1 dev wan")
        argv = "--uplink", "wan", "--pref64", PREF64
        program = self.clat(*argv)
        said = self.status()
        self.assertEqual(said["state"], "wait-address")
        program.wait_output("has to wait: " + re.escape(said["reason"]))
        check = self.home.try_run(lab.XLAT, "clat", "--check-network", *argv)
        self.assertEqual(check.returncode, 1)
        doctor = self.home.try_run(lab.XLAT, "doctor", "--pref64", PREF64)
        self.assertRegex(doctor.stdout, "(?m)^warning +address ")
        for text in said["reason"], check.stdout, doctor.stdout:
            self.assertIn("--source shared", text)
        self.assertEqual(program.stop(), 0)
        self.clat(*argv, "--source", "shared")
        lab.wait_for(lambda: self.status()["state"] == "up", "up")
        self.assertEqual(self.source(), "2001:db8:0:1::2")
        check = self.home.try_run(lab.XLAT, "clat", "--check-network", *argv,
                                  "--source", "shared")
        self.assertEqual(check.returncode, 0, check.stdout)

    def test_c6877_35_another_mac(self):
        """The address does not come from it."""
        program = self.up()
        source = self.source()
        program.stop()
        self.home.ip("link set wan down",
                     "link set wan address 02:00:00:00:00:42",
                     "link set wan up")
        self.address()
        self.up()
        self.assertEqual(self.source(), source)

    def probe(self):
        p = self.line.receive(lambda p: p.proto == ICMP6 and p.type == 135
                              and p.src == "::")
        self.assertIsNotNone(p, "no probe")
        return str(IPv6Address(p.body[8:24]))

    def test_c6877_41_three_and_no_more(self):
        """Each is somebody's: then it waits. The second and the third come
        after a random time, up to a second."""
        with packets.Tap(self.isp, "home", packets.ETH_P_IPV6) as self.line:
            self.clat("--uplink", "wan", "--pref64", PREF64)
            seen, began = [], time.monotonic()
            for _ in range(3):
                seen.append(self.probe())
                took = time.monotonic() - began
                self.contradict(seen[-1])
            self.wait_state("backoff")
        self.assertEqual(len(set(seen)), 3)
        self.assertLess(took, 3)
        for one in seen:
            self.assertIn(IPv6Address(one), IPv6Network(NET))
        self.assertEqual(self.routes4(), "")

    def test_c6877_42_the_one_that_worked(self):
        """After a conflict, and with the link down and up, it comes first."""
        with packets.Tap(self.isp, "home", packets.ETH_P_IPV6) as self.line:
            self.clat("--uplink", "wan", "--pref64", PREF64)
            taken = self.probe()
            self.contradict(taken)
            lab.wait_for(lambda: self.source() not in (taken, "::")
                         and self.status()["state"] == "up", "another")
            works = self.source()
            self.home.ip("link set wan down")
            self.wait_state("off")
            self.line.drain()
            self.home.ip("link set wan up")
            self.address()
            while (probe := self.probe()) == taken or not \
                    probe.startswith("2001:"):
                self.assertNotEqual(probe, taken)
            self.assertEqual(probe, works)

    def test_nd_11_the_group_is_joined(self):
        """Snooping switches learn of it while the address is checked, so
        that what others say of it is let through."""
        self.home.sysctl("net/ipv6/neigh/wan/retrans_time_ms", 600000)
        with packets.Tap(self.isp, "home", packets.ETH_P_IPV6) as line:
            program = self.clat("--uplink", "wan", "--pref64", PREF64)
            addr = IPv6Address(program.wait_output(r"claiming (\S+)$")[1])
            group = bytes.fromhex("ff0200000000000000000001ff") \
                + addr.packed[13:]
            # the hop-by-hop header is in front of a report
            p = line.receive(lambda p: p.proto == 0 and group in p.body)
        self.assertIsNotNone(p, "no report")
        self.assertEqual(p.body[8], 143)
        self.assertIn(str(IPv6Address(group)),
                      self.home.run("ip", "maddr", "show", "dev", "wan"))

    def test_nd_23_one_probe(self):
        """What we send ourselves is no message of somebody else's: it would
        look looped back, and three more would follow."""
        self.home.sysctl("net/ipv6/neigh/wan/retrans_time_ms", 100)
        with packets.Tap(self.isp, "home", packets.ETH_P_IPV6) as self.line:
            self.up("--lan", "192.168.1.0/24")
            source, probes = self.source(), 0
            while p := self.line.receive(seconds=0.7):
                probes += p.proto == ICMP6 and p.type == 135 \
                    and p.body[8:24] == IPv6Address(source).packed
        self.assertEqual(probes, 1)

    def test_nd_35_at_once(self):
        """Not after the random time that the kernel takes for proxies; the
        fastest of twenty counts."""
        self.up()
        waited = []
        source = self.source()
        group = "ff02::1:ff" + IPv6Address(source).exploded[-7:]
        ask = packets.icmp("2001:db8:0:1::1", group, 135, 0, 0,
                           IPv6Address(source).packed
                           + b"\1\1\2\0\0\0\0\x99", ttl=255)
        with self.isp.inside(), socket.socket(
                socket.AF_PACKET, socket.SOCK_RAW) as out, \
                packets.Tap(self.isp, "home", packets.ETH_P_IPV6) as line:
            out.bind(("home", packets.ETH_P_IPV6))
            for _ in range(20):
                line.drain()
                began = time.monotonic()
                out.send(b"\x33\x33\xff" + IPv6Address(source).packed[13:]
                         + b"\2\0\0\0\0\x99\x86\xdd" + ask)
                p = line.receive(lambda p: p.proto == ICMP6
                                 and p.type == 136 and p.src == source)
                self.assertIsNotNone(p)
                waited.append(time.monotonic() - began)
        print(f"answered after {min(waited) * 1000:.1f} ms")
        self.assertLess(min(waited), 0.01)

    def test_nd_50_a_link_without_neighbours(self):
        """Nobody is asked and nothing announced: the address is used."""
        self.net.link("home", "ppp", "isp", "ppp")
        self.home.ip("link set ppp arp off", "addr add 2001:db8:0:7::2/64 dev ppp nodad",
                     "route add ::/0 dev ppp metric 10")
        with packets.Tap(self.isp, "ppp", packets.ETH_P_IPV6) as line:
            self.clat("--uplink", "ppp", "--pref64", PREF64)
            self.wait_state("up")
            self.assertIn(IPv6Address(self.source()),
                          IPv6Network("2001:db8:0:7::/64"))
            self.home.try_run("ping", "-c", "1", "-W", "0.2", FAR4)
            seen = set()
            while p := line.receive(seconds=1.2):
                seen.add(p.type if p.proto == ICMP6 else p.proto)
        self.assertIn(128, seen, "the ping itself")
        self.assertFalse(seen & {135, 136}, seen)

    def test_nd_63_the_device_speaks_for_nobody(self):
        """No address of its own on it; the kernel's multicast into it is
        dropped without a word."""
        program = self.up()
        said = self.home.run("ip", "-6", "addr", "show", "dev", "clat")
        self.assertEqual(said, "")
        self.assertEqual(
            self.home.sysctl("net/ipv6/conf/clat/disable_ipv6"), "0")
        before = program.output()
        tap = packets.Tap(self.home, "clat")
        self.addCleanup(tap.sock.close)
        tap.send(packets.icmp("fe80::1", "ff02::16", 143, 0, 0))
        lab.wait_for(lambda: lab.ask("clat", "counters")
                     ["drop-illegal-destination"] > 0, "it is counted")
        self.assertEqual(program.output(), before)


class Metric(Machine):
    def native(self, what, metric):
        self.home.ip(f"route {what} {NATIVE} metric {metric}")

    def metric(self):
        m = re.search(r"metric (\d+)", self.routes4())
        return int(m[1]) if m else None

    def wait_metric(self, metric):
        lab.wait_for(lambda: self.metric() == metric,
                     f"metric {metric}: {self.routes4()}")

    def test_l_28_l_29_behind_native_ipv4(self):
        """One more than the worst of the uplink's, 2048 at least; it follows
        without a moment in which there is none."""
        self.home.ip("addr add 192.0.2.130/30 dev wan")
        self.up("--when", "force")
        self.wait_metric(2048)
        said = self.monitor()
        self.native("add", 100)
        time.sleep(0.3)
        self.wait_metric(2048)
        self.native("add", 3003)
        self.wait_metric(3004)
        self.native("add", 20600)
        self.wait_metric(20601)
        self.native("del", 20600)
        self.native("del", 3003)
        self.wait_metric(2048)

        def told():
            return re.findall(r"^\[ROUTE\](Deleted )?default dev clat "
                              r"(?!table).*metric (\d+)", said.output(), re.M)
        lab.wait_for(lambda: len(told()) >= 6, "it is told")
        self.assertEqual(told(), [("", "3004"), ("Deleted ", "2048"),
                                ("", "20601"), ("Deleted ", "3004"),
                                ("", "2048"), ("Deleted ", "20601")])

    def test_l_28_as_configured(self):
        self.home.ip("addr add 192.0.2.130/30 dev wan")
        self.native("add", 3003)
        self.up("--when", "force", "--metric", "50")
        self.wait_metric(50)

    def test_c6877_81_two_instances_two_routes(self):
        """Without a word about metrics: both have one, the first is used."""
        self.net.link("home", "wan2", "isp", "home2")
        self.home.ip("addr add 2001:db8:0:3::2/64 dev wan2 nodad",
                     "route add default via fe80::1 dev wan2 metric 4000")
        self.up()
        self.clat("--instance", "second", "--uplink", "wan2", "--pref64",
                  OTHER64)
        self.wait_state("up", "second")
        self.assertIn("metric 2048", self.routes4("clat"))
        self.assertIn("metric 2049", self.routes4("second"))
        self.assertIn("dev clat", self.home.run("ip", "route", "get", FAR4))

    def test_m_01_narrower_way(self):
        """The route to the prefix has a smaller MTU than the uplink: TCP
        begins with what fits; the device takes what the uplink brings."""
        self.home.ip(f"route add {PREF64} via 2001:db8:0:1::1 dev wan "
                     "mtu 1400")
        self.up()
        self.assertIn("mtu 1380", self.routes4())
        self.assertIn("mtu 1500 ", self.home.run("ip", "link", "show",
                                                 "clat"))
        self.home.ip(f"route change {PREF64} via 2001:db8:0:1::1 dev wan "
                     "mtu 1300")
        lab.wait_for(lambda: "mtu 1280" in self.routes4(), "another MTU")
        self.home.ip(f"route del {PREF64}")
        lab.wait_for(lambda: "mtu 1480" in self.routes4(), "the uplink's")


class Removed(Machine):
    def test_l_45_put_back(self):
        """Each thing of ours that somebody removes, a second later."""
        self.provider()
        program = self.up()
        source = self.source()
        for remove in ("-4 route del default dev clat",
                       f"-4 addr del {V}/32 dev clat",
                       "-4 rule del priority 30064",
                       f"-6 route del {source} dev clat"):
            with self.subTest(remove):
                self.home.run("ip", *remove.split())
                lab.wait_for(lambda: "put back" in program.output(), "repair")
                self.ping_works()
        self.assertEqual(self.status()["reason"], "translating")

    def test_l_45_nothing_removed(self):
        """Whatever else changes, nobody is said to have removed anything."""
        self.provider()
        program = self.up()
        for i in range(4):
            self.home.ip(f"route add 192.0.2.{i}/32 dev lo")
            time.sleep(0.7)
        self.ping_works()
        self.assertNotIn("somebody", program.output())
        self.assertEqual(self.status()["reason"], "translating")

    def ping_works(self):
        lab.wait_for(lambda: self.home.try_run(
            "ping", "-c", "1", "-W", "1", "-I", V, FAR4).returncode == 0,
            "IPv4")
        lab.wait_for(lambda: "default" in self.routes4(), "the route")

    def test_l_45_whoever_insists(self):
        """The sixth time in a minute it is left; a reload begins anew."""
        conf = lab.FILES / "clat.conf"
        conf.write_text(f"pref64 {PREF64}\nuplink wan\n")
        program = self.clat("--config", conf)
        self.wait_state("up")
        for _ in range(5):
            self.home.run("ip", "-4", "route", "del", "default", "dev",
                          "clat")
            lab.wait_for(lambda: "default" in self.routes4(), "put back")
        self.home.run("ip", "-4", "route", "del", "default", "dev", "clat")
        program.wait_output("until a reload")
        self.assertEqual(self.routes4(), "")
        self.assertIn("removed by others", self.status()["reason"])
        self.assertEqual(lab.ctl("clat", "reload").returncode, 0)
        lab.wait_for(lambda: "default" in self.routes4(), "put back")
        self.assertEqual(self.status()["reason"], "translating")


class Packets(Machine):
    def test_c6877_17_hops(self):
        """On a host with the fast path a TTL of 1 reaches the first real
        router. A host that has to forward is shown once by a traceroute. A
        router counts twice: it translates, and it forwards."""
        self.provider()
        for argv, own in (((), 0), (("--fast-path", "off"), 1),
                          (("--lan", "10.0.0.0/24"), 2)):
            with self.subTest(argv):
                program = self.up(*argv)
                with packets.Tap(self.isp, "home",
                                 packets.ETH_P_IPV6) as line:
                    for ttl in "12":
                        said = self.home.try_run(
                            "ping", "-n", "-c", "1", "-W", "10", "-t", ttl,
                            FAR4).stdout
                        self.assertIn("Time to live exceeded", said)
                        # Who has answered?
                        p = line.receive(lambda p: p.proto == ICMP6
                                         and p.type == 128, 0.3)
                        self.assertEqual(p is not None, int(ttl) > own)
                program.stop()

    def test_c6877_17_not_lowered_twice(self):
        """What the kernel forwards it counts; then we do not."""
        self.up("--fast-path", "off")
        tap = packets.Tap(self.home, "clat")
        self.addCleanup(tap.sock.close)
        for ttl in (1, 7, 255):
            p = tap.ask(packets.udp(V, FAR4, 4000, 53, ttl=ttl),
                        lambda p: p.version == 6 and p.proto == packets.UDP)
            self.assertEqual(p.ttl, ttl)
            p = tap.ask(packets.udp("2001:db8:64::c633:640a", self.source(),
                                    53, 4000, ttl=ttl),
                        lambda p: p.version == 4 and p.proto == packets.UDP)
            self.assertEqual(p.ttl, ttl)

    def test_l_42_l_43_the_address_changes_under_a_flow(self):
        """Renumbered while packets go out a hundred times a second: none of
        them is lost, and what comes for the old address still arrives."""
        self.provider()
        self.up()
        old = self.source()
        with self.isp.inside():
            far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with self.home.inside():
            near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(far.close)
        self.addCleanup(near.close)
        far.bind((FAR4, 4000))
        for sock in (near, far):
            sock.settimeout(5)
        near.sendto(b"first", (FAR4, 4000))
        _, client = far.recvfrom(100)
        sent = 0

        def more():
            nonlocal sent
            near.sendto(b"%d" % sent, (FAR4, 4000))
            sent += 1
            time.sleep(0.005)
            return self.source() != old
        self.home.ip("addr add 2001:db8:0:2::2/64 dev wan nodad",
                     "addr change 2001:db8:0:1::2/64 dev wan preferred_lft 0")
        lab.wait_for(more, "another address")
        for _ in range(50):
            more()
        got = set()
        far.settimeout(1)
        while len(got) < sent:
            data, _ = far.recvfrom(100)
            got.add(int(data))
        self.assertEqual(got, set(range(sent)))
        far.sendto(b"late", client)
        self.assertEqual(near.recv(100), b"late")

    def test_l_44_cut_off(self):
        """The prefix is gone: a socket bound to our address is told, instead
        of waiting."""
        self.clat("--uplink", "wan")
        self.advertise(pref64(PREF64))
        self.wait_state("up")
        self.advertise(pref64(PREF64, 0))
        self.wait_state("paused")
        said = self.home.try_run("ping", "-n", "-c", "1", "-W", "10", "-I",
                                 V, FAR4).stdout
        self.assertIn("From 192.0.0.8", said)
        self.assertIn("Net Unreachable", said)
        self.assertGreater(lab.ask("clat", "counters")["drop-unreachable"],
                           0)


class Options(Machine):
    def conf(self, *lines):
        self.file = lab.FILES / "clat.conf"
        self.file.write_text("\n".join((f"pref64 {PREF64}", "uplink wan",
                                        *lines)) + "\n")
        return "--config", self.file

    def reload(self, *lines):
        self.conf(*lines)
        return lab.ctl("clat", "reload")

    def test_c6877_12_prefix_of_a_client(self):
        """A DHCPv6 client's hook writes the prefix that was delegated into
        the file, changes it, takes it away: the device stays."""
        self.provider()
        self.isp.ip("route add 2001:db8:0:464::/64 via 2001:db8:0:1::2",
                    "route add 2001:db8:0:465::/64 via 2001:db8:0:1::2")
        self.clat(*self.conf())
        self.wait_state("up")
        claimed = self.source()
        index = json.loads(self.home.run("ip", "-j", "link", "show",
                                         "clat"))[0]["ifindex"]
        for prefix in ("2001:db8:0:464::/96", "2001:db8:0:465::/96"):
            self.assertEqual(self.reload(f"source {prefix}").returncode, 0)
            self.wait_state("up")
            self.assertEqual(self.status()["source"], prefix)
            self.assertEqual(re.findall(r"^(\S+) dev clat", self.home.run(
                "ip", "-6", "route"), re.M), [prefix])
            self.ping()
        self.assertEqual(self.reload().returncode, 0)
        self.wait_state("up")
        self.assertEqual(self.source(), claimed)
        self.ping()
        self.assertEqual(json.loads(self.home.run(
            "ip", "-j", "link", "show", "clat"))[0]["ifindex"], index)

    def test_c6877_12_what_needs_a_restart(self):
        """Hosts of the LAN would have to be masqueraded now."""
        self.clat(*self.conf("lan 192.168.1.0/24",
                             "source 2001:db8:0:464::/96"))
        self.wait_state("up")
        done = self.reload("lan 192.168.1.0/24")
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(self.status()["source"], "2001:db8:0:464::/96")

    def test_l_09_metric_without_a_new_claim(self):
        self.clat(*self.conf("metric 300"))
        self.wait_state("up")
        with packets.Tap(self.isp, "home", packets.ETH_P_IPV6) as line:
            self.assertEqual(self.reload("metric 400").returncode, 0)
            self.assertIn("metric 400", self.routes4())
            self.assertIsNone(line.receive(
                lambda p: p.proto == ICMP6 and p.type == 135
                and p.src == "::", 0.5))

    def test_c6877_60_switched_by_reload(self):
        self.home.ip("addr add 192.0.2.130/30 dev wan",
                     f"route add {NATIVE} metric 3000")
        program = self.clat(*self.conf())
        self.assertEqual(self.status()["state"], "hold-native4")
        self.assertEqual(self.reload("when force").returncode, 0)
        self.wait_state("up")
        self.assertEqual(self.reload("when auto").returncode, 0)
        self.wait_state("paused")
        self.assertEqual(program.stop(), 0)

    def test_l_11_exit_statuses(self):
        """0 after a clean stop, 2 for wrong options, 3 for what is missing
        (xlat(8))."""
        self.assertEqual(self.up().stop(), 0)
        done = self.home.try_run(lab.XLAT, "clat", "--pref64", "nonsense")
        self.assertEqual(done.returncode, 2)
        done = self.home.try_run("setpriv", "--bounding-set=-all",
                                 "--inh-caps=-all", lab.XLAT, "clat")
        self.assertEqual(done.returncode, 3, done.stdout)

    def test_l_12_ready_before_there_is_a_prefix(self):
        """sd_notify(3): the boot does not wait for a network."""
        path = str(lab.FILES / "notify.sock")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.settimeout(5)
            self.home.xlat("clat", "--uplink", "wan",
                           env=dict(ENV, NOTIFY_SOCKET=path))
            said = ""
            while "READY=1" not in said:
                said += manager.recv(4096).decode()
            self.assertEqual(self.status()["state"], "discover")


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
