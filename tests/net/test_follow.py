#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xlat clat while the network around it changes: prefixes, routers, resolvers
and links come and go, it is killed, and told too much at once. Nothing is
restarted, and nothing is left."""
import re
import signal
import socket
import threading
import time
import unittest
from ipaddress import IPv6Address, IPv6Network

import lab
import packets
from uplink import FAR4, OTHER64, PREF64, Case, Resolver, pref64, rdnss

RULE, TABLE = "30064:", "464000005"


class Loss(threading.Thread):
    """Pings without an end; how long answers were missing at most."""

    def __init__(self, host):
        super().__init__(daemon=True)
        self.ping = host.start("ping", "-D", "-i", "0.02", "-W", "1", FAR4)
        self.ping.wait_output("bytes from")

    def longest(self):
        self.ping.stop(signal.SIGINT)
        times = [float(t) for t in re.findall(r"^\[([\d.]+)\] \d+ bytes",
                                              self.ping.output(), re.M)]
        return max(b - a for a, b in zip(times, times[1:]))


class Follow(Case):
    def setUp(self):
        super().setUp()
        self.address()

    def second_provider(self):
        """Another translator, for the other prefix."""
        self.isp.xlat("plat", "--instance", "plat2", "--pool6", OTHER64,
                      "--pool4", "192.0.2.2/32", "--allow4",
                      "198.51.100.0/24")

    def objects(self):
        """What there is of ours, counted."""
        rules = self.home.run("ip", "rule").count(RULE)
        routes = self.home.run("ip", "-4", "route", "show", "table",
                               "all").count("default dev clat")
        dead = self.home.run("ip", "-4", "route", "show", "table",
                             TABLE).count("unreachable")
        return rules, routes, dead

    def same(self, before):
        """But for the folder of sockets, which is kept once it is made, and
        what earlier runs had left there."""
        left = [line for line in
                lab.differences(before, self.home.snapshot())
                if not re.match(r"files: (\+ /run/xlat$|- /run/xlat/)",
                                line)]
        self.assertEqual(left, [])

    def echo(self):
        """A datagram there and back, which both kernels have to accept."""
        with self.isp.inside():
            far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with self.home.inside():
            near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with near, far:
            far.bind((FAR4, 4000))
            for sock in (near, far):
                sock.settimeout(5)
            near.sendto(b"question", (FAR4, 4000))
            question, client = far.recvfrom(100)
            far.sendto(b"answer", client)
            self.assertEqual((question, near.recv(100)),
                             (b"question", b"answer"))

    def test_e12_c6877_47_prefix_changes_without_a_restart(self):
        """Under a running ping; the address stays (C6877-48), and checksums are
        right although it was made for the other prefix."""
        self.provider()
        self.second_provider()
        self.clat()
        self.advertise(pref64(PREF64))
        self.wait_state("up")
        source, loss = self.source(), Loss(self.home)
        self.advertise(pref64(PREF64, 0), pref64(OTHER64))
        self.wait_prefix(OTHER64)
        self.ping(3)
        self.echo()
        print(f"longest gap: {loss.longest() * 1000:.0f} ms")
        self.assertEqual((self.status()["state"], self.source()),
                         ("up", source))

    def test_p8781_33_router_changes(self):
        """A second router tells the same prefix and the first one leaves:
        nothing happens. Then it tells another, and that is used."""
        self.provider()
        self.second_provider()
        program = self.clat()
        self.advertise(pref64(PREF64))
        self.wait_state("up")
        first = self.status()["router"]
        self.isp.ip("link set home addrgenmode none",
                    f"addr del {first}/64 dev home",
                    "addr add fe80::2/64 dev home nodad")
        self.advertise(pref64(PREF64))
        self.isp.ip("addr del fe80::2/64 dev home",
                    f"addr add {first}/64 dev home nodad")
        self.advertise(pref64(PREF64, 0), lifetime=0)
        lab.wait_for(lambda: self.status()["router"] == "fe80::2",
                     "the other router")
        self.assertEqual(self.status()["state"], "up")
        self.assertNotIn("paused", program.output())
        self.isp.ip(f"addr del {first}/64 dev home",
                    "addr add fe80::2/64 dev home nodad")
        self.advertise(pref64(PREF64, 0), pref64(OTHER64))
        self.wait_prefix(OTHER64)
        self.ping()

    def test_d7050_34_resolver_away_at_boot(self):
        """Nobody answers at first; then somebody does."""
        self.provider()
        self.clat()
        with packets.Tap(self.isp, "home") as line:
            self.advertise(rdnss("2001:db8:0:1::1"))
            p = line.receive(lambda p: p.proto == packets.UDP
                             and p.dport == 53, 8)
        self.assertIsNotNone(p, "no question")
        self.assertEqual(self.status()["state"], "discover")
        Resolver(self.isp, "2001:db8:0:1::1", PREF64)
        self.wait_state("up", seconds=40)
        self.ping()

    def test_own_device_down_and_up(self):
        """The kernel takes its routes away; they come back."""
        self.provider()
        self.clat()
        self.advertise(pref64(PREF64))
        self.wait_state("up")

        def routes():
            return [self.home.run("ip", f, "route", "show", "table", "all",
                                  "dev", "clat") for f in ("-4", "-6")]

        before, objects = routes(), self.objects()
        self.home.ip("link set clat down")
        self.assertEqual(lab.ctl("clat", "health").returncode, 1)
        self.home.ip("link set clat up")
        self.assertEqual(lab.ctl("clat", "health").returncode, 0)
        self.assertEqual([sorted(r.split("\n")) for r in routes()],
                         [sorted(r.split("\n")) for r in before])
        self.assertEqual(self.objects(), objects)
        self.ping()

    def test_l_40_the_invariants_can_be_broken(self):
        """They are looked at whenever a test of the CLAT waits for a state;
        here a second rule breaks them."""
        self.clat("--uplink", "wan", "--pref64", PREF64)
        self.wait_state("up")
        self.home.ip("rule add from 192.0.0.5 priority 30064 lookup 99")
        with self.assertRaises(AssertionError):
            self.check_invariants()
        self.home.ip("rule del from 192.0.0.5 priority 30064 lookup 99")
        self.check_invariants()

    def test_e02_uplink_goes_for_good_and_comes_back(self):
        """The device itself is removed, and made again by another name's
        index."""
        self.provider()
        program = self.clat("--uplink", "wan", "--pref64", PREF64)
        self.wait_state("up")
        self.home.ip("link del wan")
        self.wait_state("off")
        self.assertEqual(self.objects(), (0, 0, 0))
        self.net.link("home", "wan", "isp", "home")
        self.isp.ip("addr add 2001:db8:0:1::1/64 dev home nodad")
        self.address()
        self.wait_state("up")
        self.ping()
        self.assertEqual(program.stop(), 0)

    def test_l_06_both_processes_killed(self):
        """So nobody could clean up: the next start finds what is left in the
        place where it is wanted, and its end leaves nothing."""
        self.provider()
        for family in ("ipv4", "ipv6"):
            self.home.sysctl(f"net/{family}/conf/all/forwarding", 1)
        before = self.home.snapshot()
        program = self.clat("--pref64", PREF64)
        self.wait_state("up")
        helper, = lab.children(program.pid)
        self.home.run("kill", "-STOP", str(helper))
        program.stop(signal.SIGKILL)
        self.home.run("kill", "-KILL", str(helper))
        lab.wait_for(lambda: not lab.alive(helper), "the helper is dead")
        self.assertEqual(self.objects(), (1, 0, 1), "something is left")
        program = self.clat("--pref64", PREF64)
        self.wait_state("up")
        self.assertEqual(self.objects(), (1, 2, 1))
        self.ping()
        self.assertEqual(program.stop(), 0)
        self.same(before)

    def test_e29_l_46_told_too_much_at_once(self):
        """Its netlink socket overflows while it is stopped: what happened
        meanwhile is found out all the same (ENOBUFS, I-10)."""
        self.provider()
        program = self.clat("--pref64", PREF64)
        self.wait_state("up")
        self.home.run("kill", "-STOP", str(program.pid))
        many = [f"route {what} blackhole 10.{i}.{j}.0/24" for what in
                ("add", "del") for i in range(60) for j in range(256)]
        self.home.ip(*many)
        self.home.ip("addr add 2001:db8:0:2::2/64 dev wan nodad",
                     "addr del 2001:db8:0:1::2/64 dev wan",
                     "route replace default via 2001:db8:0:2::1 dev wan")
        drops = self.home.run("cat", "/proc/net/netlink").split("\n")[1:]
        self.assertTrue(any(int(line.split()[8]) for line in drops if line),
                        "nothing was lost: the test shows nothing")
        self.home.run("kill", "-CONT", str(program.pid))
        lab.wait_for(lambda: self.status()["state"] == "up"
                     and IPv6Address(self.source())
                     in IPv6Network("2001:db8:0:2::/64"), "the new prefix")
        self.ping()

    def test_i_10_a_storm_does_not_starve(self):
        """Routes come and go without an end, and packets pass."""
        self.provider()
        self.clat("--pref64", PREF64)
        self.wait_state("up")
        storm = self.home.start("sh", "-c", "while :; do "
                                "ip route add blackhole 10.0.0.0/24; "
                                "ip route del blackhole 10.0.0.0/24; done")
        self.ping(20)
        storm.stop(signal.SIGKILL)

    def test_e31_reload(self):
        """Another metric, native IPv4 that does not matter any more, another
        prefix; the address stays. Nonsense changes nothing."""
        self.provider()
        self.second_provider()
        conf = lab.FILES / "clat.conf"
        conf.write_text(f"pref64 {OTHER64}\nmetric 500\nuplink wan\n")
        program = self.clat("--config", conf)
        self.wait_state("up")
        source = self.source()
        self.assertIn("metric 500", self.routes4())
        conf.write_text(f"pref64 {PREF64}\nmetric 600\nuplink wan\n")
        self.assertEqual(lab.ctl("clat", "reload").returncode, 0)
        self.assertIn("metric 600", self.routes4())
        self.assertEqual((self.status()["pref64"], self.source()),
                         (PREF64, source))
        self.ping()
        conf.write_text("discover off\nuplink wan\n")
        self.assertNotEqual(lab.ctl("clat", "reload").returncode, 0)
        self.ping()
        conf.write_text("metric 600\nuplink wan\n")
        program.proc.send_signal(signal.SIGHUP)
        self.wait_state("paused")
        self.advertise(pref64(OTHER64))
        self.wait_state("up")
        self.assertEqual((self.status()["pref64"], self.source()),
                         (OTHER64, source))
        self.ping()
        self.assertEqual(program.stop(), 0)

    def test_l_08_reload_without_a_change(self):
        """Nothing is written: no change of a route or address is told."""
        conf = lab.FILES / "clat.conf"
        conf.write_text(f"pref64 {PREF64}\nuplink wan\n")
        self.clat("--config", conf)
        self.wait_state("up")
        monitor = self.home.start("ip", "monitor", "route", "address", "rule")
        # not "replace": the kernel does not tell what stays as it is
        lab.wait_for(lambda: self.home.ip("route add blackhole 10.0.0.0/24",
                                          "route del blackhole 10.0.0.0/24")
                     or "10.0.0.0/24" in monitor.output(), "it listens")
        before = monitor.output()
        self.assertEqual(lab.ctl("clat", "reload").returncode, 0)
        self.home.ip("route add blackhole 10.0.1.0/24")
        monitor.wait_output("10.0.1.0/24")
        said = monitor.output()[len(before):]
        self.assertEqual([line for line in said.splitlines()
                          if "clat" in line or "192.0.0" in line], [])

    def test_c6877_80_two_uplinks_carry_both(self):
        """Each instance has its own prefix, address and routes; with the
        first away, which switched forwarding on, the second carries on."""
        self.net.link("home", "wan2", "isp", "home2")
        self.isp.ip("addr add 2001:db8:0:3::1/64 dev home2 nodad")
        self.home.sysctl("net/ipv6/conf/wan2/accept_ra", 0)
        self.home.ip("addr add 2001:db8:0:3::2/64 dev wan2 nodad",
                     "route add default via 2001:db8:0:3::1 dev wan2 "
                     "metric 4000",
                     f"route add {OTHER64} via 2001:db8:0:3::1 dev wan2")
        self.provider()
        self.second_provider()
        before = self.home.snapshot()
        first = self.clat("--uplink", "wan", "--pref64", PREF64)
        second = self.clat("--instance", "second", "--uplink", "wan2",
                           "--pref64", OTHER64, "--metric", "3000")
        for name in ("clat", "second"):
            self.wait_state("up", name)
            said = self.home.run("ping", "-c", "1", "-W", "10", "-I",
                                 self.status(name)["address4"], FAR4)
            self.assertIn(" 1 received", said)
        self.assertEqual(first.stop(), 0)
        self.ping()
        self.assertEqual(self.status("second")["state"], "up")
        self.assertEqual(second.stop(), 0)
        self.same(before)


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
