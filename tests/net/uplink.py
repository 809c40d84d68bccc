# SPDX-License-Identifier: MIT
"""uplink - a home and the IPv6 line that it hangs on, for tests of xlat clat

The router's advertisements are made here, byte by byte (RFC 4861, RFC 8106,
RFC 8781), and so are the resolver's answers; `xlat plat` is the provider."""
import os
import socket
import struct
import threading
import unittest
from ipaddress import IPv6Address, IPv6Network

import lab
import packets

PREF64, OTHER64 = "2001:db8:64::/96", "2001:db8:65::/96"
NET, OTHER_NET = "2001:db8:0:1::/64", "2001:db8:0:2::/64"
FAR4 = "198.51.100.10"
ENV = dict(os.environ, STATE_DIRECTORY="/run/lab")
PLC = {96: 0, 64: 1, 56: 2, 48: 3, 40: 4, 32: 5}
SO_BINDTODEVICE = 25
# Router preferences, where they stand in the octet of flags (RFC 4191, 2.2)
HIGH, MEDIUM, LOW = 0b01 << 3, 0b00 << 3, 0b11 << 3


def pref64(prefix, lifetime=600):
    net = IPv6Network(prefix)
    word = lifetime // 8 << 3 | PLC[net.prefixlen]
    return struct.pack("!BBH", 38, 2, word) + net.network_address.packed[:12]


def pio(prefix, valid=3600, preferred=1800):
    net = IPv6Network(prefix)
    return struct.pack("!BBBBIII", 3, 4, net.prefixlen, 0xC0, valid,
                       preferred, 0) + net.network_address.packed


def rdnss(server, lifetime=600):
    return struct.pack("!BBHI", 25, 3, 0, lifetime) + \
        IPv6Address(server).packed


def raw_icmp6(host, device):
    """A socket for the advertisements of a router."""
    with host.inside():
        sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58)
    sock.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, device.encode())
    return sock


def send_ra(sock, *options, lifetime=1800, hops=255, preference=MEDIUM):
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, hops)
    head = struct.pack("!BBHBBHII", 134, 0, 0, 64, preference, lifetime, 0, 0)
    sock.sendto(head + b"".join(options), ("ff02::1", 0))


class Resolver(threading.Thread):
    """Answers AAAA questions for ipv4only.arpa under a prefix."""

    def __init__(self, host, addr, prefix, ttl=600):
        super().__init__(daemon=True)
        self.prefix, self.ttl, self.asked = prefix, ttl, 0
        self.client = None
        with host.inside():
            self.sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.sock.bind((addr, 53))
        self.start()

    def answer(self, question):
        net = IPv6Network(self.prefix).network_address
        records = b"".join(
            b"\xc0\x0c" + struct.pack("!HHIH", 28, 1, self.ttl, 16)
            + IPv6Address(int(net) + 0xC00000AA + i).packed
            for i in range(2))
        return question[:2] + b"\x81\x80\0\1\0\2\0\0\0\0" + \
            question[12:] + records

    def run(self):
        while True:
            try:
                question, client = self.sock.recvfrom(512)
            except OSError:
                return
            if b"ipv4only" in question.lower():
                self.asked, self.client = self.asked + 1, client
                self.sock.sendto(self.answer(question), client)


class Case(unittest.TestCase):
    """home ── isp; the isp is router and provider, IPv6 only."""

    def setUp(self):
        self.net = lab.Lab("home", "isp")
        self.addCleanup(self.net.close)
        self.home, self.isp = self.net["home"], self.net["isp"]
        self.net.link("home", "wan", "isp", "home")
        self.isp.ip("addr add 2001:db8:0:1::1/64 dev home nodad",
                    "addr add 2001:db8:0:2::1/64 dev home nodad",
                    "addr add 198.51.100.10/32 dev lo")
        lab.wait_for(lambda: "fe80" in self.isp.run(
            "ip", "-6", "addr", "show", "dev", "home"), "link-local")
        self.isp.sysctl("net/ipv6/conf/all/forwarding", 1)
        self.open_ra()

    def open_ra(self):
        self.ra = raw_icmp6(self.isp, "home")
        self.addCleanup(self.ra.close)

    def advertise(self, *options, lifetime=1800, hops=255):
        send_ra(self.ra, *options, lifetime=lifetime, hops=hops)

    def contradict(self, target):
        """Somebody on the link says that an address is his."""
        with self.isp.inside(), socket.socket(
                socket.AF_PACKET, socket.SOCK_RAW) as line:
            line.bind(("home", packets.ETH_P_IPV6))
            advert = packets.icmp(target, "ff02::1", 136, 0, 0x20000000,
                                  IPv6Address(target).packed
                                  + b"\2\1\2\0\0\0\0\x99", ttl=255)
            line.send(b"\x33\x33\0\0\0\1\2\0\0\0\0\x99\x86\xdd" + advert)

    def address(self, net="2001:db8:0:1"):
        """What a manager that reads advertisements itself would set."""
        self.home.sysctl("net/ipv6/conf/wan/accept_ra", 0)
        self.home.ip(f"addr add {net}::2/64 dev wan nodad",
                     "route replace default via 2001:db8:0:1::1 dev wan")

    def provider(self):
        self.isp.xlat("plat", "--pool6", PREF64, "--pool4", "192.0.2.1/32",
                      "--allow4", "198.51.100.0/24")

    def clat(self, *argv, **more):
        return self.home.xlat("clat", *argv, env=ENV, **more)

    def status(self, name="clat"):
        return lab.ask(name, "status")

    def wait_state(self, state, name="clat", seconds=10.0):
        lab.wait_for(lambda: self.status(name)["state"] == state,
                     f"state {state}", seconds)
        self.check_invariants(name)

    def check_invariants(self, name="clat"):
        """What is configured is what the state says (L-40: I-1, I-3, I-5).
        Where a state is left meanwhile the next look is right."""
        def wrong():
            said = self.status(name)
            up = said["state"] in ("up", "moving")
            owns = up or said["state"] in ("claim", "paused")
            device = said["device"]
            ip = self.home.run
            has = {
                "default route": ip("ip", "-4", "route", "show", "default",
                                    "dev", device).count("default"),
                "IPv4 addresses": ip("ip", "-4", "addr", "show", "dev",
                                     device).count("inet "),
                "IPv6 routes": len(ip("ip", "-6", "route", "show", "dev",
                                      device).splitlines()),
                "rules": ip("ip", "rule").count(
                    f"30064:\tfrom {said['address4']} "),
            }
            bad = [f"{what}: {n}" for what, n in has.items()
                   if n > (2 if what == "IPv6 routes" else 1)
                   or (n and not owns) or (up and not n)]
            if has["default route"] and not up:
                bad.append("a default route")
            if up and "none" in (said["pref64"], said["source"]):
                bad.append("up without prefix or address")
            self.found = f"{said['state']}: {bad}"
            return bad
        try:
            lab.wait_for(lambda: not wrong(), "what the state says", 2)
        except lab.LabError:
            self.fail(self.found)

    def wait_prefix(self, prefix, seconds=10.0):
        lab.wait_for(lambda: self.status()["pref64"] == prefix,
                     f"prefix {prefix}: {self.status()}", seconds)

    def source(self, name="clat"):
        return self.status(name)["source"].split("/")[0]

    def routes4(self, device="clat"):
        return self.home.run("ip", "-4", "route", "show", "dev",
                             device).split("\n")[0]

    def ping(self, count=1):
        said = self.home.run("ping", "-c", str(count), "-i", "0.05",
                             "-W", "3", FAR4)
        self.assertIn(f" {count} received", said)
