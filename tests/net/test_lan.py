#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xlat clat --lan without a /96: IPv4-only hosts behind a router share its one
IPv6 address. The NAT44 is the kernel's; its table comes and goes with us."""
import re
import signal
import socket
import threading
import unittest

import lab
import packets

PREF64 = "2001:db8:64::/96"
FAR4 = "198.51.100.10"
ROUTER6 = "2001:db8:0:1::464"
LAN = "192.168.1.0/24"
HOSTS = {"one": "192.168.1.11", "two": "192.168.1.12"}
FOREIGN = "table ip foreign {\n\tchain input {\n" \
    "\t\ttype filter hook input priority filter; policy accept;\n\t}\n}\n"


class Echo(threading.Thread):
    """Answers a UDP packet with where it came from, and how it begins."""

    def __init__(self, host):
        super().__init__(daemon=True)
        with host.inside():
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((FAR4, 7))
        self.start()

    def run(self):
        while True:
            try:
                data, client = self.sock.recvfrom(2048)
                self.sock.sendto(b"%s:%d " % (client[0].encode(), client[1])
                                 + data[:8], client)
            except OSError:
                return


class Case(unittest.TestCase):
    """one, two ── home (a bridge "lan") ── isp, which is the provider."""

    def setUp(self):
        self.net = lab.Lab("one", "two", "home", "isp")
        self.addCleanup(self.net.close)
        self.home, self.isp = self.net["home"], self.net["isp"]
        self.home.ip("link add lan type bridge", "link set lan up",
                     "addr add 192.168.1.1/24 dev lan")
        for name, addr in HOSTS.items():
            self.net.link(name, "eth0", "home", name)
            self.home.ip(f"link set {name} master lan")
            self.net[name].ip(f"addr add {addr}/24 dev eth0",
                              "route add default via 192.168.1.1")
        self.net.link("home", "wan", "isp", "home")
        self.home.ip("addr add 2001:db8:0:1::2/64 dev wan",
                     "route add default via 2001:db8:0:1::1 dev wan")
        self.isp.ip("addr add 2001:db8:0:1::1/64 dev home",
                    f"addr add {FAR4}/32 dev lo",
                    f"route add {ROUTER6} via 2001:db8:0:1::2")
        self.isp.xlat("plat", "--pool6", PREF64, "--pool4", "192.0.2.1/32",
                      "--allow4", "198.51.100.0/24")

    def clat(self, *more, source=ROUTER6):
        return self.home.xlat("clat", "--uplink", "wan", "--pref64", PREF64,
                              "--source", source, "--lan", LAN, *more)

    def ruleset(self):
        return self.home.run("nft", "list", "ruleset")

    def ping(self, name, *more):
        return self.net[name].try_run("ping", "-c", "1", "-W", "10", *more,
                                      FAR4).stdout

    def udp(self, name, port):
        with self.net[name].inside():
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(sock.close)
        sock.settimeout(5)
        sock.bind((HOSTS[name], port))
        sock.connect((FAR4, 7))
        return sock


class Shared(Case):
    def test_c6877_08_63_two_hosts_at_once(self):
        """From the same port, too; on the line there is one address."""
        self.clat()
        Echo(self.isp)
        with packets.Tap(self.isp, "home") as line:
            socks = {name: self.udp(name, 4000) for name in HOSTS}
            for name, sock in socks.items():
                sock.send(name.encode())
            said = {name: sock.recv(2048).split() for name, sock
                    in socks.items()}
            sources = {line.receive(lambda p: p.proto == packets.UDP
                                    and p.dport == 7, 5).src for _ in HOSTS}
        self.assertEqual([said[name][1].decode() for name in HOSTS],
                         list(HOSTS))
        self.assertNotEqual(said["one"][0], said["two"][0])
        self.assertEqual(sources, {ROUTER6})
        for name in HOSTS:
            self.assertIn("1 received", self.ping(name))
        self.assertIn("1 received",
                      self.home.run("ping", "-c", "1", "-W", "10", FAR4))

    def test_c6877_07_claimed_address(self):
        """The same with an address that the router makes up."""
        self.clat(source="auto")
        lab.wait_for(lambda: lab.ask("clat", "status")["state"] == "up", "up")
        for name in HOSTS:
            self.assertIn("1 received", self.ping(name))

    def test_m_15_errors_reach_the_host(self):
        """A hop of the IPv6 line, and a packet that is too big (M-15)."""
        self.clat()
        Echo(self.isp)
        self.assertIn("192.0.0.8", self.ping("one", "-t", "2"))
        said = self.ping("one", "-M", "do", "-s", "1460")
        self.assertRegex(said, r"mtu ?= ?1480")
        sock = self.udp("one", 4000)
        sock.send(b"whole".ljust(1452))
        self.assertIn(b"whole", sock.recv(2048))

    def test_other_sources_are_not_masqueraded(self):
        self.home.ip("addr add 192.168.2.1/24 dev lan")
        self.net["two"].ip("addr add 192.168.2.12/24 dev eth0")
        program = self.clat()
        for _ in range(2):
            self.assertIn("0 received", self.ping("two", "-W", "2", "-I",
                                                  "192.168.2.12"))
        self.assertEqual(lab.ask("clat", "counters")["drop-no-mapping"], 2)
        self.assertEqual(len(re.findall("192.168.2.12 are dropped",
                                        program.output())), 1)


class Table(Case):
    def test_comes_and_goes(self):
        self.home.run("nft", "-f", "-", input=FOREIGN)
        before = self.ruleset()
        for number in (signal.SIGTERM, signal.SIGKILL):
            program = self.clat()
            helpers = lab.children(program.pid)
            self.assertIn("table ip xlat-clat", self.ruleset())
            self.assertIn("ip saddr 192.168.1.0/24 masquerade",
                          self.ruleset())
            program.stop(number)
            lab.wait_for(lambda: not any(map(lab.alive, helpers)),
                         "the helper ends")
            self.assertEqual(self.ruleset(), before)

    def test_firewall_starts_anew(self):
        """As scripts of firewalls begin: flush ruleset."""
        self.clat()
        self.home.run("nft", "flush", "ruleset")
        self.assertIn("1 received", self.ping("one"))

    def test_c6877_09_63_whole_network_needs_none(self):
        """With a /96 every host has an address of its own."""
        self.clat(source="2001:db8:0:464::/96")
        self.assertEqual(self.ruleset(), "")

    def test_c6877_08_no_setup(self):
        """Without the rule: a named drop and a notice; then by the manual."""
        program = self.clat("--no-setup")
        self.home.ip("link set clat up", "addr add 192.0.0.5/32 dev clat",
                     "route add default dev clat mtu 1480",
                     f"route add {ROUTER6} dev clat")
        for name in ("ipv4/conf/all", "ipv6/conf/all"):
            self.home.sysctl(f"net/{name}/forwarding", 1)
        self.assertEqual(self.ruleset(), "")
        self.assertIn("0 received", self.ping("one", "-W", "2"))
        self.assertEqual(lab.ask("clat", "counters")["drop-no-mapping"], 1)
        self.assertIn("192.168.1.11 are dropped: the rule that masquerades",
                      program.output())
        self.home.run("nft", "-f", "-", input=self.manual())
        self.assertIn("1 received", self.ping("one"))

    @staticmethod
    def manual():
        """The table that the manual shows."""
        text = (lab.ROOT / "cmd/xlat-clat.8").read_text()
        return re.search(r"^\.Bd -literal[^\n]*\n(table ip .*?)^\.Ed",
                         text, re.M | re.S)[1]


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
