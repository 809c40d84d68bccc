#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xlat clat's fast path: the kernel makes of plain packets what the daemon
would, everything else still comes to the daemon, and a host that has it does
not have to forward."""
import ctypes
import errno
import fcntl
import hashlib
import os
import pathlib
import platform
import re
import signal
import socket
import struct
import threading
import unittest

import lab
import packets
from packets import ICMP6, UDP, icmp, ip, ping, tcp, udp

PREF64 = "2001:db8:64::/96"
FAR4, FAR6 = "198.51.100.10", "2001:db8:64::c633:640a"
NEAR4, NEAR6 = "192.168.1.2", "2001:db8:0:464::c0a8:102"
OWN6 = "2001:db8:0:464::c000:5"
HOST6 = "2001:db8:0:1::464"
ROUTER = ["--pref64", PREF64, "--source", "2001:db8:0:464::/96",
          "--lan", "192.168.1.0/24"]
HOST = ["--pref64", PREF64, "--source", HOST6]
FORWARDING = ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding",
              "net/ipv6/conf/wan/forwarding", "net/ipv6/conf/wan/accept_ra",
              "net/ipv6/conf/wan/force_forwarding")
IP_MTU_DISCOVER, IP_RECVERR, PMTUDISC_DO, IP_MTU = 10, 11, 2, 14
BPF_PROG_QUERY, TCX_INGRESS, TCX_EGRESS = 16, 46, 47
SIOCETHTOOL = 0x8946
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
OFFLOADS = {"tx-checksum": 0x17, "gso": 0x24, "gro": 0x2C, "tso": 0x1F}
# Without these root may not load a program.
NO_BPF = ["setpriv", "--bounding-set=-bpf,-sys_admin"]


def attached(host, device, where):
    """Number of programs at a device."""
    with host.inside():
        attr = struct.pack("=IIIIQI", socket.if_nametoindex(device), where,
                           0, 0, 0, 0)
        buf = ctypes.create_string_buffer(attr, 64)
        call = ctypes.CDLL(None, use_errno=True).syscall
        if call(321, BPF_PROG_QUERY, buf, 64) < 0:
            raise OSError(ctypes.get_errno(), "BPF_PROG_QUERY")
    return struct.unpack_from("=I", buf, 24)[0]


def switch(host, device, **offloads):
    """Switch offloads of a device on or off, as ethtool does."""
    with host.inside(), socket.socket(socket.AF_INET,
                                      socket.SOCK_DGRAM) as sock:
        for name, on in offloads.items():
            value = ctypes.create_string_buffer(struct.pack(
                "=II", OFFLOADS[name.replace("_", "-")], on))
            fcntl.ioctl(sock, SIOCETHTOOL, struct.pack(
                "16sQ16x", device.encode(), ctypes.addressof(value)))


def _echo(sock):
    while data := sock.recv(1 << 20):
        sock.sendall(data)
    sock.shutdown(socket.SHUT_WR)


def _send(sock, data):
    sock.sendall(data)
    sock.shutdown(socket.SHUT_WR)


def exchange(client, name, server, own):
    """Megabytes there and back over TCP, unharmed; name: the server's, own:
    what it is to itself."""
    data = bytes(range(251)) * 30000
    with server.inside():
        listener = socket.create_server((own, 5000))
    with client.inside():
        here = socket.create_connection((name, 5000), 10)
    with listener, here:
        there, _ = listener.accept()
        with there:
            threads = [threading.Thread(target=_echo, args=[there]),
                       threading.Thread(target=_send, args=[here, data])]
            for thread in threads:
                thread.start()
            here.settimeout(20)
            got = b"".join(iter(lambda: here.recv(1 << 20), b""))
            for thread in threads:
                thread.join()
    if hashlib.sha256(got).digest() != hashlib.sha256(data).digest():
        raise lab.LabError(f"{len(got)} bytes came back, of {len(data)}")


class Case(unittest.TestCase):
    """home ── isp ── far; isp plays the provider, far is an IPv4 host."""

    def setUp(self):
        self.net = lab.Lab("home", "isp", "far")
        self.addCleanup(self.net.close)
        self.home, self.isp, self.far = (self.net[n] for n in
                                         ("home", "isp", "far"))
        self.net.link("home", "wan", "isp", "home")
        self.net.link("isp", "core", "far", "eth0")
        self.home.ip("addr add 2001:db8:0:1::2/64 dev wan",
                     "route add default via 2001:db8:0:1::1 dev wan")
        self.isp.ip("addr add 2001:db8:0:1::1/64 dev home",
                    "addr add 198.51.100.1/24 dev core",
                    "route add 2001:db8:0:464::/96 via 2001:db8:0:1::2",
                    f"route add {HOST6} via 2001:db8:0:1::2")
        self.far.ip(f"addr add {FAR4}/24 dev eth0",
                    "route add default via 198.51.100.1")

    def clat(self, *argv):
        return self.home.xlat("clat", *argv)

    def provider(self, *more):
        """A stateless stand-in for the PLAT."""
        return self.isp.xlat(
            "siit", "--pool6", PREF64, "--allow4", "198.51.100.0/24",
            "--allow4", "192.0.2.0/24", "--eam", f"192.0.2.1,{HOST6}",
            "--eam", f"192.0.2.2,{OWN6}", *more)

    def slow(self):
        """Packets that the daemon has read."""
        return self.home.taken("clat")

    def settings(self):
        """What forwarding is asked for by, as far as this kernel has it."""
        with self.home.inside():
            paths = [pathlib.Path("/proc/sys", name) for name in FORWARDING]
            return [p.read_text().strip() for p in paths if p.exists()]

    def pings(self, count=1):
        said = self.home.run("ping", "-c", str(count), "-i", "0.05", "-W",
                             "3", FAR4)
        self.assertIn(f" {count} received", said)


L4 = {"df": False, "tos": 0x2E, "ttl": 9}


def near(df=True, **more):
    """Packets of a host of the LAN, and what they have to become, by RFC
    7915 section 4.1: built, not translated."""
    for size in (0, 1, 2, 7, 512, 1200):
        data = bytes(range(256)) * 5
        yield (udp(NEAR4, FAR4, 4000 + size, 53, data[:size], df=df, **more),
               udp(NEAR6, FAR6, 4000 + size, 53, data[:size],
                   **{**more, "ttl": more.get("ttl", 64) - 1}))
        yield (tcp(NEAR4, FAR4, size + 1, 80, 16, 5, 6, data[:size], df=df,
                   **more),
               tcp(NEAR6, FAR6, size + 1, 80, 16, 5, 6, data[:size],
                   **{**more, "ttl": more.get("ttl", 64) - 1}))


def far(**more):
    """The same the other way (section 5.1): DF from 1261 bytes on."""
    lower = {**more, "ttl": more.get("ttl", 64) - 1}
    for size in (0, 1, 2, 7, 512, 1200, 1232, 1233, 1400):
        data = bytes(range(256)) * 6
        yield (udp(FAR6, NEAR6, 53, 4000 + size, data[:size], **more),
               udp(FAR4, NEAR4, 53, 4000 + size, data[:size],
                   df=size > 1232, **lower))
        yield (tcp(FAR6, NEAR6, 80, size + 1, 16, 5, 6, data[:size], **more),
               tcp(FAR4, NEAR4, 80, size + 1, 16, 5, 6, data[:size],
                   df=size > 1220, **lower))


def without_id(data):
    """Identification and header checksum are not compared where DF is off."""
    if data[0] >> 4 == 4 and not data[6] & 0x40:
        return data[:4] + b"\0\0" + data[6:10] + b"\0\0" + data[12:]
    return data


def spoilt(data, at, value):
    return data[:at] + bytes([value]) + data[at + 1:]


def options4(data):
    """With an IPv4 option (NOP), its header checksum right."""
    head = bytearray(data[:20] + b"\1\1\1\1")
    head[0], head[10:12] = 0x46, b"\0\0"
    head[2:4] = struct.pack("!H", len(data) + 4)
    head[10:12] = struct.pack("!H", packets.checksum(bytes(head)))
    return bytes(head) + data[20:]


def zero_checksum(data):
    at = 26 if data[0] >> 4 == 4 else 46
    return data[:at] + b"\0\0" + data[at + 2:]


U4, U6 = udp(NEAR4, FAR4, 1, 2, b"abc"), udp(FAR6, NEAR6, 2, 1, b"abc")
# Not plain, one way or the other.
ODD = {
    "hop limit": udp(NEAR4, FAR4, 1, 2, b"x", ttl=1),
    "hop limit 6": udp(FAR6, NEAR6, 1, 2, b"x", ttl=1),
    "options": options4(U4),
    "first fragment": ip(NEAR4, FAR4, UDP, U4[20:] + bytes(5), frag=0x2000),
    "later fragment": ip(NEAR4, FAR4, UDP, bytes(16), frag=2),
    "header checksum": spoilt(U4, 10, U4[10] ^ 1),
    "no checksum": zero_checksum(U4),
    "no checksum 6": zero_checksum(U6),
    "private": udp(NEAR4, "10.0.0.1", 1, 2),
    "loopback": udp(NEAR4, "127.0.0.1", 1, 2),
    "link-local": udp(NEAR4, "169.254.169.254", 1, 2),
    "multicast": udp(NEAR4, "224.0.0.1", 1, 2),
    "our own": udp(NEAR4, "192.0.0.8", 1, 2),
    "stranger": udp("192.168.2.2", FAR4, 1, 2),
    "hairpin": udp(NEAR4, "192.168.1.3", 1, 2),
    "too long": udp(NEAR4, FAR4, 1, 2, bytes(1453)),
    "cut": udp(NEAR4, FAR4, 1, 2, bytes(1300), df=False),
    "other protocol": ip(NEAR4, FAR4, 50, bytes(20)),
    "short TCP": ip(NEAR4, FAR4, 6, bytes(16)),
    "short UDP": ip(NEAR4, FAR4, UDP, bytes(4)),
    "trailer": U4 + bytes(3),
    "length": spoilt(U4, 3, U4[3] + 4),
    "ping": ping(NEAR4, FAR4),
    "ping 6": ping(FAR6, NEAR6),
    "hop-by-hop": ip(FAR6, NEAR6, 0, b"\x11\0\1\4\0\0\0\0" + U6[40:]),
    "fragment 6": ip(FAR6, NEAR6, 44, b"\x11\0\0\1\0\0\0\1" + U6[40:]),
    "trailer 6": U6 + bytes(3),
    "source 6": udp("2001:db8:9::1", NEAR6, 1, 2),
    "destination 6": udp(FAR6, "2001:db8:0:464::a00:1", 1, 2),
    "private 6": udp("2001:db8:64::a00:1", NEAR6, 1, 2),
    "local source 6": udp("2001:db8:64::a9fe:1", NEAR6, 1, 2),
    "loop source 6": udp("2001:db8:64::7f00:1", NEAR6, 1, 2),
    "error 6": icmp("2001:db8:0:1::1", NEAR6, 1, 0, 0,
                    udp(NEAR6, FAR6, 1, 2, b"abc")),
}
# Private addresses are the provider's to judge: plain after all.
PLAIN = {"private", "private 6"}


class Bytes(Case):
    """What comes out of the device is compared byte by byte."""

    def setUp(self):
        super().setUp()
        self.home.keep_silent()
        # What has come out goes nowhere, and is not answered.
        self.home.run("nft", "add table inet last; add chain inet last in "
                      "{ type filter hook prerouting priority raw; }; "
                      "add rule inet last in iifname clat drop")

    def start(self, *more):
        program = self.clat("--uplink", "wan", *ROUTER, *more)
        self.home.ip("link set clat mtu 9200")
        tap = packets.Tap(self.home, "clat")
        self.addCleanup(tap.sock.close)
        return program, tap

    def put(self, tap, packet):
        """All that comes out until a ping does, which takes the slow path."""
        tap.send(packet)
        tap.send(ping(NEAR4, FAR4, data=b"end of the list"))
        got = []
        while (p := tap.receive()) and not p.data.endswith(b"of the list"):
            if not p.dst.startswith("ff"):
                got.append(without_id(p.data))
        self.assertIsNotNone(p, "the ping is lost")
        return got

    def check(self, tap, pairs):
        before, count = self.slow(), 0
        for packet, wanted in pairs:
            self.assertEqual(self.put(tap, packet), [without_id(wanted)])
            count += 1
        self.assertEqual(self.slow() - before, count, "pings alone")

    def test_plain(self):
        _, tap = self.start()
        for more in ({}, {"tos": 0x2E}, {"ttl": 2}, {"ttl": 255}):
            self.check(tap, near(**more))
            self.check(tap, near(df=False, **more))
            self.check(tap, far(**more))

    def test_checksum_of_zero(self):
        """UDP whose checksum comes out as zero carries 0xffff (RFC 768)."""
        _, tap = self.start()
        for n in range(65536):
            packet = udp(FAR4, NEAR4, n, 9)
            if packet[26:28] == b"\xff\xff":
                self.check(tap, [(udp(FAR6, NEAR6, n, 9),
                                  udp(FAR4, NEAR4, n, 9, ttl=63, df=False))])
                break
        else:
            self.fail("no port makes it so")

    def test_tos(self):
        """--tos, --traffic-class: 4.1 and 5.1 allow them."""
        _, tap = self.start("--tos", "17", "--traffic-class", "96")
        self.check(tap, [(udp(NEAR4, FAR4, 1, 2, tos=5),
                          udp(NEAR6, FAR6, 1, 2, tos=96, ttl=63)),
                         (udp(FAR6, NEAR6, 1, 2, tos=5),
                          udp(FAR4, NEAR4, 1, 2, tos=17, ttl=63, df=False))])

    def test_identification_does_not_stand_still(self):
        _, tap = self.start()
        idents = set()
        for _ in range(50):
            idents.add(tap.ask(U6, lambda p: p.version == 4).ident)
        self.assertEqual(len(idents), 50)

    def test_odd(self):
        """Everything else is the daemon's, and comes out as without."""
        results = []
        for word in ("auto", "off"):
            program, tap = self.start("--fast-path", word,
                                      "--icmp-error-rate", "100000")
            results.append({name: self.put(tap, p)
                            for name, p in ODD.items()})
            before = self.slow()
            for name, p in ODD.items():
                self.put(tap, p)
                if word == "auto" and name in PLAIN:
                    before -= 1
            self.assertEqual(self.slow() - before, 2 * len(ODD))
            tap.sock.close()
            program.stop()
        for name in ODD:
            self.assertEqual(results[0][name], results[1][name], name)
        self.assertGreater(sum(map(bool, results[1].values())), 15)

    def test_options_leave_it_to_the_daemon(self):
        """A smaller MTU, or what is cut to a larger one."""
        long = udp(NEAR4, FAR4, 1, 2, bytes(1300))
        loose = udp(NEAR4, FAR4, 1, 2, bytes(1300), df=False)
        for option, packet, slow in (
                ("--mtu6=1300", long, 1), ("--mtu6=1400", long, 0),
                ("--lowest-ipv6-mtu=1400", loose, 0),
                ("--lowest-ipv6-mtu=1300", loose, 1),
                ("--mtu4=1280", udp(FAR6, NEAR6, 1, 2, bytes(1300)), 1)):
            with self.subTest(option):
                program, tap = self.start(*option.split("="))
                before = self.slow()
                self.put(tap, packet)
                self.assertEqual(self.slow() - before, 1 + slow)
                tap.sock.close()
                program.stop()

    def test_syns_are_seen_where_they_are_clamped(self):
        """In either direction, and nothing else is."""
        said, told = b"\2\4\5\264", b"\2\4" + (1000).to_bytes(2, "big")
        for word, syn, slow in (("1000", told, 1), ("off", said, 0)):
            program, tap = self.start("--mss-clamp", word)
            for flags, options, more in ((2, syn, slow), (18, syn, slow),
                                         (16, said, 0)):
                before = self.slow()
                self.assertEqual(
                    self.put(tap, tcp(NEAR4, FAR4, 1, 80, flags,
                                      options=said)),
                    [tcp(NEAR6, FAR6, 1, 80, flags, options=options, ttl=63)])
                self.assertEqual(
                    self.put(tap, tcp(FAR6, NEAR6, 80, 1, flags,
                                      options=said)),
                    [without_id(tcp(FAR4, NEAR4, 80, 1, flags, df=False,
                                    options=options, ttl=63))])
                self.assertEqual(self.slow() - before, 2 + 2 * more)
            tap.sock.close()
            program.stop()

    def test_counters(self):
        """Whichever way a packet went, it counts."""
        _, tap = self.start()
        before = lab.ask("clat", "counters")
        tap.ask(U4, lambda p: p.version == 6)
        tap.ask(U6, lambda p: p.version == 4)
        tap.ask(U6, lambda p: p.version == 4)
        now = lab.ask("clat", "counters")
        for name, count in {
                "ipv4-packets-in": 1, "ipv6-packets-out": 1,
                "ipv6-packets-in": 2, "ipv4-packets-out": 2,
                "ipv4-bytes-in": len(U4), "ipv6-bytes-out": len(U4) + 20,
                "ipv6-bytes-in": 2 * len(U6),
                "ipv4-bytes-out": 2 * len(U6) - 40}.items():
            self.assertEqual(now[name] - before[name], count, name)


    def test_trace_shows_all(self):
        """While somebody looks on, plain packets come to the daemon."""
        _, tap = self.start()
        for shown in (True, False):
            if shown:
                tracer = self.home.start(lab.XLAT, "ctl", "clat", "trace")
            else:
                tracer.wait_output(f"> {FAR4}:2, ")
                tracer.stop(signal.SIGINT)
            lab.wait_for(lambda: lab.ask("clat", "status")["trace"]
                         == ("on" if shown else "off"), "the trace")
            before = self.slow()
            self.put(tap, U4)
            self.assertEqual(self.slow() - before, 1 + shown)
        self.assertEqual(tracer.output().count(f"> {FAR4}:2, "), 1)


@unittest.skipUnless(platform.machine() == "x86_64", "bpf's number")
class Attached(Case):
    def programs(self):
        return [attached(self.home, *where) for where in
                (("clat", TCX_EGRESS), ("clat", TCX_INGRESS),
                 ("wan", TCX_INGRESS), ("wan", TCX_EGRESS))]

    def test_router(self):
        self.clat("--uplink", "wan", *ROUTER)
        self.assertEqual(self.programs(), [1, 0, 0, 0])
        self.assertEqual(lab.ask("clat", "status")["fast-path"], "on")

    def test_host(self):
        """It leaves no trace, however it ends."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            program = self.clat(*HOST)
            self.assertEqual(self.programs(), [1, 1, 1, 0])
            program.stop(number)
            lab.wait_for(lambda: attached(self.home, "wan", TCX_INGRESS) == 0,
                         "the uplink to be as it was")

    def test_off(self):
        for argv in (HOST, ROUTER):
            program = self.clat(*argv, "--fast-path", "off")
            self.assertEqual(self.programs(), [0] * 4)
            self.assertEqual(lab.ask("clat", "status")["fast-path"], "off")
            self.assertNotIn("fast path", program.output())
            program.stop()

    def test_uplink_changes(self):
        self.net.link("home", "wan2", "isp", "home2")
        self.home.ip("addr add 2001:db8:0:2::2/64 dev wan2")
        self.isp.ip("addr add 2001:db8:0:2::1/64 dev home2")
        before = self.settings()
        self.clat(*HOST)
        self.provider()
        self.pings()
        self.home.ip("route replace default via 2001:db8:0:2::1 dev wan2")
        self.isp.ip(f"route replace {HOST6} via 2001:db8:0:2::2")
        lab.wait_for(lambda: attached(self.home, "wan2", TCX_INGRESS),
                     "the new uplink")
        self.assertEqual(attached(self.home, "wan", TCX_INGRESS), 0)
        self.pings()
        self.assertEqual(self.settings(), before)


class NotAvailable(Case):
    def test_no_permission(self):
        """One line says so; then IPv6 is forwarded, as ever."""
        program = self.home.start(*NO_BPF, lab.XLAT, "clat", *HOST)
        program.wait_output("is ready")
        self.assertIn("fast path: not available: not permitted",
                      program.output())
        self.assertEqual(program.output().count("fast path"), 1)
        self.provider()
        self.pings()
        said = lab.ask("clat", "status")
        self.assertIn("not permitted", said["fast-path"])
        self.assertIn(said["forwarding"], ("uplink", "all"))


class Host(Case):
    """The machine itself, without forwarding."""

    def setUp(self):
        super().setUp()
        self.before = self.settings()
        self.assertEqual(self.before[:2], ["0", "0"])
        self.program = self.clat(*HOST)
        self.provider()

    def tearDown(self):
        self.assertEqual(self.settings(), self.before)

    def test_off_would_forward(self):
        """Otherwise the other tests would show nothing."""
        self.program.stop()
        self.assertEqual(self.settings(), self.before)
        program = self.clat(*HOST, "--fast-path", "off")
        self.pings()
        self.assertNotEqual(self.settings(), self.before)
        program.stop()

    def test_ping(self):
        self.pings(3)

    def test_fragments(self):
        """Of a ping of 4000 bytes, either way."""
        self.assertIn(" 1 received", self.home.run(
            "ping", "-c", "1", "-s", "4000", "-M", "dont", FAR4))

    def test_traceroute(self):
        """The hops of the line, and the far host."""
        said = self.home.run("traceroute", "-n", "-q", "1", "-w", "2", FAR4)
        self.assertIn(f" {FAR4} ", said)
        self.assertIn(" 192.0.0.8 ", said)

    def test_neighbours_still_ask(self):
        """Discovery about our address is the link's, and no packet to us."""
        before = lab.ask("clat", "counters")["ipv6-packets-in"]
        with self.isp.inside(), socket.socket(
                socket.AF_PACKET, socket.SOCK_DGRAM) as line:
            ask = icmp("2001:db8:0:1::1", HOST6, 135, 0, 0,
                       socket.inet_pton(socket.AF_INET6, HOST6), ttl=255)
            line.sendto(ask, ("home", packets.ETH_P_IPV6, 0, 0,
                              self.mac()))
        self.pings()
        self.assertEqual(lab.ask("clat", "counters")["ipv6-packets-in"],
                         before + 1)

    def test_packets_for_others(self):
        """In promiscuous mode they are seen, and not taken."""
        self.home.ip("link set wan promisc on")
        before = lab.ask("clat", "counters")["ipv6-packets-in"]
        for mac, count in ((b"\2\0\0\0\0\x77", 0), (self.mac(), 1)):
            with self.isp.inside(), socket.socket(
                    socket.AF_PACKET, socket.SOCK_DGRAM) as line:
                line.sendto(udp(FAR6, HOST6, 1, 2),
                            ("home", packets.ETH_P_IPV6, 0, 0, mac))
            self.pings()
            before += 1 + count
            self.assertEqual(lab.ask("clat", "counters")["ipv6-packets-in"],
                             before)

    def mac(self):
        said = self.home.run("ip", "-o", "link", "show", "wan")
        return bytes.fromhex(re.search(r"link/ether (\S+)", said)[1]
                             .replace(":", ""))

    def test_line_without_ethernet(self):
        """As PPP or a modem: packets begin with the IPv6 header."""
        with self.home.inside():
            wire = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(wire, TUNSETIFF, struct.pack("16sH22x", b"wire",
                                                     IFF_TUN | IFF_NO_PI))
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(os.close, wire)
        self.home.ip("link set wire up", f"route add {PREF64} dev wire")
        lab.wait_for(lambda: lab.ask("clat", "status")["uplink"] == "wire",
                     "the other uplink")
        with sock:
            sock.bind(("192.0.0.5", 4000))
            sock.sendto(b"there", (FAR4, 53))
            lab.wait_for(lambda: self.next_packet(wire)
                         == udp(HOST6, FAR6, 4000, 53, b"there"),
                         "a packet on the line")
            os.write(wire, udp(FAR6, HOST6, 53, 4000, b"back"))
            sock.settimeout(5)
            self.assertEqual(sock.recvfrom(99), (b"back", (FAR4, 53)))

    @staticmethod
    def next_packet(wire):
        try:
            return os.read(wire, 2000)
        except BlockingIOError:
            return None

    def test_cut_off(self):
        """Without a way to the translator, programs whose sockets are bound
        to our address hear of it, whatever they send."""
        with self.home.inside(), socket.socket(
                socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
            sock.bind(("192.0.0.5", 0))
            sock.connect((FAR4, 9))
            self.home.run("ip", "-6", "route", "del", "default")
            lab.wait_for(lambda: lab.ask("clat", "status")["state"]
                         == "paused", "the loss to be known")
            sock.send(b"does not")
            sock.settimeout(5)
            with self.assertRaises(OSError) as caught:
                sock.recv(99)
            self.assertEqual(caught.exception.errno, errno.ENETUNREACH)

    def exchange(self):
        exchange(self.home, FAR4, self.far, FAR4)

    def test_tcp(self):
        """Super-packets do not come to the daemon."""
        before = self.slow()
        self.exchange()
        self.assertEqual(self.slow(), before)

    def test_tcp_without_offloads(self):
        """Of the uplink: the kernel finishes what is left to it."""
        for off in ({"tso": 0}, {"tso": 0, "gso": 0},
                    {"tso": 0, "gso": 0, "gro": 0, "tx_checksum": 0}):
            switch(self.home, "wan", **off)
            switch(self.isp, "home", **off)
            self.exchange()

    def test_tcp_at_1280(self):
        """The line is narrow, the packets of far are not."""
        self.home.ip("link set wan mtu 1280")
        self.isp.ip("link set home mtu 1280")
        lab.wait_for(lambda: lab.ask("clat", "status")["mtu6"] == 1280,
                     "the MTU")
        self.exchange()

    def test_narrow_in_the_middle(self):
        """A router's Packet Too Big reaches the program that sent."""
        self.isp.ip("link set siit mtu 1300")
        with self.home.inside(), socket.socket(
                socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_DO)
            sock.connect((FAR4, 9))
            self.assertEqual(sock.getsockopt(socket.IPPROTO_IP, IP_MTU), 1480)
            sock.send(bytes(1400))
            lab.wait_for(lambda: sock.getsockopt(socket.IPPROTO_IP, IP_MTU)
                         == 1280, "1300 less 20")
        self.exchange()

    def test_udp_segments(self):
        """Super-packets of UDP are the daemon's."""
        with self.far.inside():
            server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with self.home.inside():
            client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with server, client:
            server.bind((FAR4, 4000))
            server.settimeout(5)
            data = b"".join(bytes([n]) * 1000 for n in range(20))
            client.sendmsg([data], [(17, 103, struct.pack("H", 1000))], 0,
                           (FAR4, 4000))
            got = sorted(server.recv(65536) for _ in range(20))
        self.assertEqual(b"".join(got), data)

    def test_marks_do_not_cross(self):
        """A rule for marked IPv4 does not get hold of the IPv6 packet."""
        self.home.run("ip", "-6", "route", "add", "blackhole", "default",
                      "table", "7")
        self.home.run("ip", "-6", "rule", "add", "fwmark", "7", "lookup", "7")
        with self.home.inside(), socket.socket(
                socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(socket.SOL_SOCKET, 36, 7)
            sock.connect((FAR4, 9))
            with packets.Tap(self.isp, "home") as line:
                sock.send(b"marked")
                self.assertIsNotNone(line.receive(
                    lambda p: p.proto == UDP and p.body.endswith(b"marked")))


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
