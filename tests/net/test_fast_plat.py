#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xlat plat's fast path: of busy sessions the kernel makes of plain packets
what the daemon would; the daemon still sees all that changes a session, and
knows of what it does not see."""
import platform
import re
import signal
import socket
import struct
import threading
import time
import unittest

import lab
import packets
import test_fast
from packets import FRAGMENT, UDP, icmp, ip, ping, tcp, udp
from test_fast import exchange, options4, spoilt, without_id, zero_checksum

POOL6 = "2001:db8:64::/96"
SERVER4, SERVER6 = "198.51.100.10", "2001:db8:64::c633:640a"
OTHER4, OTHER6 = "198.51.100.11", "2001:db8:64::c633:640b"
ANN, BOB = "2001:db8:a::1", "2001:db8:b::1"
POOL4 = "192.0.2.8"
ARGS = ["plat", "--pool6", POOL6, "--pool4", POOL4, "--allow4",
        "198.51.100.0/24", "--icmp-error-rate", "100000"]
FIN, SYN, RST, ACK = 1, 2, 4, 16
WORTH = 8  # packets in a second


class Case(unittest.TestCase):
    """Customers and servers are a packet socket on plat's device."""
    more = []

    def setUp(self):
        self.net = lab.Lab("box")
        self.addCleanup(self.net.close)
        self.box = self.net["box"]
        self.box.keep_silent()
        # What has come out of the device goes nowhere.
        self.box.run("nft", "add table inet last; add chain inet last in "
                     "{ type filter hook prerouting priority raw; }; "
                     "add rule inet last in iifname plat drop")
        self.start()

    def start(self, *more):
        self.plat = self.box.xlat(*ARGS, *self.more, *more)
        self.box.ip("link set plat mtu 9200")
        self.tap = packets.Tap(self.box, "plat")
        self.addCleanup(self.tap.sock.close)

    def stop(self, *how):
        self.tap.sock.close()
        self.plat.stop(*how)

    def slow(self):
        """Packets that the daemon has read."""
        return self.box.taken("plat")

    def put(self, packet):
        """All that comes out until a ping does, which is the daemon's."""
        end = ping(BOB, OTHER6, data=time.monotonic_ns().to_bytes(8, "big"))
        self.tap.send(packet)
        self.tap.send(end)
        got = []
        while (p := self.tap.receive()) and p.data[-8:] != end[-8:]:
            if not p.dst.startswith("ff"):
                got.append(without_id(p.data))
        self.assertIsNotNone(p, "the last one is lost")
        return got

    def carried(self, packet):
        """Does the kernel do it?"""
        before = self.slow()
        got = self.put(packet)
        slow = self.slow() - before - 1
        self.assertEqual(len(got), 1)
        return not slow

    def warm(self, packet):
        """Until the kernel does it; the first packet is sent already."""
        def done():
            for _ in range(WORTH + 2):
                self.tap.send(packet)
            self.put(packet)
            return self.carried(packet)
        lab.wait_for(done, "the session to be carried by the kernel")

    def udp_session(self, port=4000):
        """A busy one: its port in the pool."""
        first = udp(ANN, SERVER6, port, 53, b"first")
        p = self.tap.ask(first, lambda p: p.version == 4)
        self.warm(first)
        return p.sport

    def tcp_session(self, port=4000):
        p = self.tap.ask(tcp(ANN, SERVER6, port, 80, SYN),
                         lambda p: p.version == 4)
        self.tap.ask(tcp(SERVER4, POOL4, 80, p.sport, SYN | ACK),
                     lambda p: p.version == 6)
        self.warm(tcp(ANN, SERVER6, port, 80, ACK))
        return p.sport

    def session(self, proto):
        row, = (r for r in lab.ask("plat", "sessions")
                if r["proto"] == proto and r["client"] == ANN)
        return row


def there(u, t, **more):
    """A customer's packets, and what they have to become, by RFC 7915 section
    5.1: built, not translated. u, t: ports in the pool."""
    lower = {**more, "ttl": more.get("ttl", 64) - 1}
    for size in (0, 1, 2, 7, 512, 1200, 1232, 1233, 1400):
        data = bytes(range(256)) * 6
        yield (udp(ANN, SERVER6, 4000, 53, data[:size], **more),
               udp(POOL4, SERVER4, u, 53, data[:size], df=size > 1232,
                   **lower))
        yield (tcp(ANN, SERVER6, 4000, 80, ACK, 5, 6, data[:size], **more),
               tcp(POOL4, SERVER4, t, 80, ACK, 5, 6, data[:size],
                   df=size > 1220, **lower))


def back(u, t, df=True, **more):
    """The same of a server's (section 4.1)."""
    lower = {**more, "ttl": more.get("ttl", 64) - 1}
    for size in (0, 1, 2, 7, 512, 1200):
        data = bytes(range(256)) * 5
        yield (udp(SERVER4, POOL4, 53, u, data[:size], df=df, **more),
               udp(SERVER6, ANN, 53, 4000, data[:size], **lower))
        yield (tcp(SERVER4, POOL4, 80, t, ACK | 8, 5, 6, data[:size], df=df,
                   **more),
               tcp(SERVER6, ANN, 80, 4000, ACK | 8, 5, 6, data[:size],
                   **lower))


def odd(u, t):
    """Of busy sessions, but not plain; some name nobody."""
    out, in4 = udp(ANN, SERVER6, 4000, 53, b"abc"), udp(SERVER4, POOL4, 53, u,
                                                         b"abc")
    yield "hop limit 6", udp(ANN, SERVER6, 4000, 53, b"x", ttl=1)
    yield "hop limit", udp(SERVER4, POOL4, 53, u, b"x", ttl=1)
    yield "no checksum 6", zero_checksum(out)
    yield "no checksum", zero_checksum(in4)
    yield "options", options4(in4)
    yield "header checksum", spoilt(in4, 10, in4[10] ^ 1)
    yield "trailer", in4 + bytes(3)
    yield "trailer 6", out + bytes(3)
    yield "first fragment", ip(SERVER4, POOL4, UDP, in4[20:] + bytes(5),
                               frag=0x2000, ident=7)
    yield "last fragment", ip(SERVER4, POOL4, UDP, bytes(16), frag=2, ident=7)
    yield "fragment 6", ip(ANN, SERVER6, FRAGMENT,
                           b"\x11\0\0\1\0\0\0\1" + out[40:])
    yield "hop-by-hop", ip(ANN, SERVER6, 0, b"\x11\0\1\4\0\0\0\0" + out[40:])
    yield "too long", udp(SERVER4, POOL4, 53, u, bytes(1453))
    yield "too long 6", udp(ANN, SERVER6, 4000, 53, bytes(1473))
    yield "cut", udp(SERVER4, POOL4, 53, u, bytes(1300), df=False)
    yield "error", icmp("203.0.113.9", POOL4, 3, 4, 1300,
                        udp(POOL4, SERVER4, u, 53, b"abc"))
    yield "error 6", icmp("2001:db8:a::fe", SERVER6, 1, 4, 0,
                          udp(SERVER6, ANN, 53, 4000, b"abc"))
    yield "other port", udp(ANN, SERVER6, 4000, 54, b"abc")
    yield "other server", udp(ANN, OTHER6, 4000, 53, b"abc")
    yield "from another", udp(OTHER4, POOL4, 53, u, b"abc")
    yield "to nobody", udp(SERVER4, POOL4, 53, u ^ 2, b"abc")
    yield "other prefix", udp(ANN, "2001:db8:65::c633:640a", 4000, 53)
    yield "syn", tcp(SERVER4, POOL4, 80, t, SYN | ACK)
    yield "fin", tcp(ANN, SERVER6, 4000, 80, FIN | ACK)
    yield "fin back", tcp(SERVER4, POOL4, 80, t, FIN | ACK)
    yield "after both", tcp(ANN, SERVER6, 4000, 80, ACK)
    yield "rst", tcp(ANN, SERVER6, 4000, 80, RST)


class Bytes(Case):
    """What comes out of the device is compared byte by byte."""

    def both(self):
        u, t = self.udp_session(), self.tcp_session()
        return u, t

    def check(self, pairs):
        before, count = self.slow(), 0
        for packet, wanted in pairs:
            self.assertEqual(self.put(packet), [without_id(wanted)])
            count += 1
        self.assertEqual(self.slow() - before, count, "the ends alone")

    def test_plain(self):
        u, t = self.both()
        for more in ({}, {"tos": 0x2E}, {"ttl": 2}, {"ttl": 255}):
            self.check(there(u, t, **more))
            self.check(back(u, t, **more))
            self.check(back(u, t, df=False, **more))

    def test_checksum_of_zero(self):
        """UDP whose checksum comes out as zero carries 0xffff (RFC 768)."""
        u = self.udp_session()
        for n in range(65536):
            data = n.to_bytes(2, "big")
            wanted = udp(POOL4, SERVER4, u, 53, data, ttl=63, df=False)
            if wanted[26:28] == b"\xff\xff":
                self.check([(udp(ANN, SERVER6, 4000, 53, data), wanted)])
                break
        else:
            self.fail("nothing makes it so")

    def test_odd(self):
        """All the rest is the daemon's, and comes out as without."""
        results = []
        for word in ("auto", "off"):
            self.stop()
            self.start("--fast-path", word)
            if word == "auto":
                u, t = self.both()
                ports = u, t
            else:
                u, t = self.sessions_like(*ports)
            before = self.slow()
            got, count = {}, 0
            for name, packet in odd(u, t):
                got[name] = [self.hide(p, u, t) for p in self.put(packet)]
                count += 1
            self.assertEqual(self.slow() - before, 2 * count)
            results.append(got)
        for name, with_it in results[0].items():
            self.assertEqual(with_it, results[1][name], name)
        self.assertGreater(sum(map(bool, results[1].values())), 15)

    def sessions_like(self, *_):
        p = self.tap.ask(udp(ANN, SERVER6, 4000, 53),
                         lambda p: p.version == 4)
        q = self.tap.ask(tcp(ANN, SERVER6, 4000, 80, SYN),
                         lambda p: p.version == 4)
        self.tap.ask(tcp(SERVER4, POOL4, 80, q.sport, SYN | ACK),
                     lambda p: p.version == 6)
        return p.sport, q.sport

    @staticmethod
    def hide(data, u, t):
        """Ports of the pool are chosen at random, and are in checksums."""
        p = packets.Packet(data)
        if p.proto not in (packets.TCP, UDP):
            return p.src, p.dst, p.proto, getattr(p, "type", None), len(data)
        ports = [{u: "u", t: "t"}.get(n, n) for n in (p.sport, p.dport)]
        return (p.version, p.src, p.dst, p.ttl, p.proto, ports, p.body[8:16],
                len(data))

    def test_filtered_as_ever(self):
        """Only the server that the session is with: with address-dependent
        filtering others are refused while it is busy."""
        self.stop()
        self.start("--filtering", "address-dependent")
        u = self.udp_session()
        self.assertTrue(self.carried(udp(SERVER4, POOL4, 53, u, b"x")))
        self.assertEqual(self.put(udp(OTHER4, POOL4, 53, u, b"x")), [])
        self.assertEqual(lab.ask("plat", "counters")["drop-filtered"], 1)

    def test_counters(self):
        """Whichever way a packet went, it counts."""
        u, t = self.both()
        before = lab.ask("plat", "counters")
        slow = self.slow()
        out6, in4 = udp(ANN, SERVER6, 4000, 53, b"x"), tcp(
            SERVER4, POOL4, 80, t, ACK)
        for _ in range(3):
            self.tap.ask(out6, lambda p: p.version == 4)
        for _ in range(2):
            self.tap.ask(in4, lambda p: p.version == 6)
        self.assertEqual(self.slow(), slow)
        now = lab.ask("plat", "counters")
        for name, count in {
                "ipv6-packets-in": 3, "ipv4-packets-out": 3,
                "ipv4-packets-in": 2, "ipv6-packets-out": 2,
                "ipv6-bytes-in": 3 * len(out6),
                "ipv4-bytes-out": 3 * len(out6) - 60,
                "ipv4-bytes-in": 2 * len(in4),
                "ipv6-bytes-out": 2 * len(in4) + 40,
                "udp-packets-6to4": 3, "udp-bytes-6to4": 3 * len(out6),
                "tcp-packets-4to6": 2, "tcp-bytes-4to6": 2 * len(in4),
                "udp-packets-4to6": 0, "tcp-packets-6to4": 0}.items():
            self.assertEqual(now[name] - before[name], count, name)

    def test_trace_shows_all(self):
        """While somebody looks on, all packets come to the daemon."""
        u = self.udp_session()
        packet = udp(SERVER4, POOL4, 53, u, b"abc")
        self.assertTrue(self.carried(packet))
        tracer = self.box.start(lab.XLAT, "ctl", "plat", "trace")
        lab.wait_for(lambda: lab.ask("plat", "status")["trace"] == "on",
                     "the trace")
        self.assertFalse(self.carried(packet))
        tracer.wait_output(f"{SERVER4}:53 > {POOL4}:{u}")
        tracer.stop(signal.SIGINT)
        lab.wait_for(lambda: lab.ask("plat", "status")["trace"] == "off",
                     "the end of the trace")
        self.assertTrue(self.carried(packet))


class Sessions(Case):
    """The daemon's tables hold for what it does not see."""

    def left(self, proto="udp"):
        return self.session(proto)["expires"]

    def test_lives_by_what_the_kernel_carries(self):
        """Either way (RFC 6146, 3.5.1)."""
        u = self.udp_session()
        for packet in (udp(ANN, SERVER6, 4000, 53),
                       udp(SERVER4, POOL4, 53, u)):
            lab.wait_for(lambda: self.left() <= 294, "some seconds")
            self.assertTrue(self.carried(packet))
            self.assertGreaterEqual(self.left(), 297)

    def test_no_refresh(self):
        """Packets of that side count for nothing (RFC 6146, 5.3)."""
        self.stop()
        self.start("--no-refresh", "ipv4")
        u = self.udp_session()
        lab.wait_for(lambda: self.left() <= 294, "some seconds")
        self.assertTrue(self.carried(udp(SERVER4, POOL4, 53, u)))
        self.assertLessEqual(self.left(), 294)
        self.assertTrue(self.carried(udp(ANN, SERVER6, 4000, 53)))
        self.assertGreaterEqual(self.left(), 297)

    def test_end_of_a_connection(self):
        t = self.tcp_session()
        self.assertGreater(self.left("tcp"), 7000)
        self.put(tcp(ANN, SERVER6, 4000, 80, FIN | ACK))
        self.assertEqual(self.session("tcp")["state"], "V6_FIN_RCV")
        self.assertTrue(self.carried(tcp(SERVER4, POOL4, 80, t, ACK)))
        self.put(tcp(SERVER4, POOL4, 80, t, FIN | ACK))
        self.assertEqual(self.session("tcp")["state"], "V4_FIN_V6_FIN_RCV")
        self.assertLessEqual(self.left("tcp"), 240)
        self.assertFalse(self.carried(tcp(ANN, SERVER6, 4000, 80, ACK)))

    def test_reset(self):
        """It may be forged: what comes next tells (3.5.2.2)."""
        t = self.tcp_session()
        self.put(tcp(SERVER4, POOL4, 80, t, RST))
        self.assertEqual(self.session("tcp")["state"], "TRANS")
        self.assertFalse(self.carried(tcp(ANN, SERVER6, 4000, 80, ACK)))
        self.assertEqual(self.session("tcp")["state"], "ESTABLISHED")

    def test_kill(self):
        u = self.udp_session()
        self.assertEqual(lab.ctl("plat", "kill", ANN).returncode, 0)
        self.assertEqual(self.put(udp(SERVER4, POOL4, 53, u, b"x")), [])
        self.assertEqual(lab.ask("plat", "counters")["drop-no-binding"], 1)

    def test_port_again(self):
        """Who gets the port of a session that was busy is not taken for the
        one who had it."""
        static = f"udp,[{BOB}]:7000,{POOL4}:7001"
        u = self.udp_session()
        lab.ctl("plat", "kill", ANN)
        self.stop()
        self.start("--static", static.replace("7001", str(u)))
        wanted = udp(SERVER6, BOB, 53, 7000, b"x", ttl=63)
        for _ in range(3 * WORTH):
            self.assertEqual(self.put(udp(SERVER4, POOL4, 53, u, b"x")),
                             [wanted])

    def test_more_than_there_is_room_for(self):
        """5,000 busy sessions, each with two entries of the 8,192: all work,
        whoever carries them."""
        ports = range(20000, 25000)
        for first in ports[::40]:
            for port in range(first, first + 40):
                for _ in range(WORTH + 2):
                    self.tap.send(udp(ANN, SERVER6, port, 53, b"x"))
            self.put(udp(ANN, SERVER6, first, 53, b"x"))
        slow, seen = self.slow(), set()
        for port in ports:
            data = b"which" + port.to_bytes(2, "big")
            p = self.tap.ask(udp(ANN, SERVER6, port, 53, data),
                             lambda p, data=data: p.version == 4
                             and p.data.endswith(data))
            self.assertIsNotNone(p, f"port {port}")
            seen.add(p.sport)
        self.assertEqual(len(seen), len(ports))
        slow = self.slow() - slow
        self.assertGreater(slow, 0, "there is no room for all")
        self.assertLess(slow, len(ports) / 2)


class Reload(Case):
    CONFIG = lab.FILES / "plat.conf"

    def setUp(self):
        self.more = ["--config", str(self.CONFIG)]
        lab.FILES.mkdir(exist_ok=True)
        self.CONFIG.write_text("timeout udp=300s\n")
        super().setUp()

    def reload(self, text):
        self.CONFIG.write_text(text)
        done = lab.ctl("plat", "reload")
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_denied(self):
        u = self.udp_session()
        self.reload(f"denylist4 {SERVER4}/32\n")
        for packet in (udp(SERVER4, POOL4, 53, u, b"x"),
                       udp(ANN, SERVER6, 4000, 53, b"x")):
            self.assertFalse([p for p in self.put(packet)
                              if packets.Packet(p).proto == UDP])

    def test_tos(self):
        """New rules hold for a session that goes on, at once."""
        self.udp_session()
        self.reload("tos 17\n")
        packet = udp(ANN, SERVER6, 4000, 53, b"x", tos=5)
        for _ in range(3 * WORTH):
            got, = self.put(packet)
            self.assertEqual(got[1], 17)
        self.warm(packet)

    def test_other_tables(self):
        """All sessions move, and what the kernel knows of them is new."""
        u = self.udp_session()
        self.reload("max-sessions 1000\n")
        self.assertEqual(self.session("udp")["pport"], u)
        for _ in range(3 * WORTH):
            self.assertEqual(self.put(udp(SERVER4, POOL4, 53, u, b"x")),
                             [udp(SERVER6, ANN, 53, 4000, b"x", ttl=63)])
        self.warm(udp(SERVER4, POOL4, 53, u, b"x"))


class State(Case):
    FILE = "/run/xlat-fast/plat.state"

    def setUp(self):
        self.more = ["--state", self.FILE]
        lab._run(["install", "-d", "-m", "777", "/run/xlat-fast"])
        self.addCleanup(lab._try_run, ["rm", "-rf", "/run/xlat-fast"])
        super().setUp()

    def test_age(self):
        """A session that only the kernel used is as old as that."""
        u = self.udp_session()
        lab.wait_for(lambda: self.session("udp")["expires"] <= 290,
                     "some seconds", 30)
        self.assertTrue(self.carried(udp(SERVER4, POOL4, 53, u, b"x")))
        self.stop()
        self.start()
        self.assertGreaterEqual(self.session("udp")["expires"], 293)
        self.assertEqual(self.put(udp(SERVER4, POOL4, 53, u, b"x")),
                         [udp(SERVER6, ANN, 53, 4000, b"x", ttl=63)])


@unittest.skipUnless(platform.machine() == "x86_64", "bpf's number")
class Attached(Case):
    def programs(self):
        return [test_fast.attached(self.box, "plat", where)
                for where in (test_fast.TCX_EGRESS, test_fast.TCX_INGRESS)]

    def test_on(self):
        self.assertEqual(self.programs(), [1, 0])
        self.assertEqual(lab.ask("plat", "status")["fast-path"], "on")

    def test_off(self):
        self.stop()
        self.start("--fast-path", "off")
        self.assertEqual(self.programs(), [0, 0])
        self.assertEqual(lab.ask("plat", "status")["fast-path"], "off")
        self.assertNotIn("fast path", self.plat.output())
        packet = udp(ANN, SERVER6, 4000, 53, b"x")
        for _ in range(3 * WORTH):
            self.assertFalse(self.carried(packet))

    def test_killed(self):
        """Nothing is left of it: neither programs nor their memory."""
        self.udp_session()
        self.stop(signal.SIGKILL)
        self.assertNotIn("plat", self.box.links())
        self.start()
        self.assertEqual(self.programs(), [1, 0])

    def test_no_permission(self):
        """One line says so, and all works."""
        self.stop()
        program = self.box.start(*test_fast.NO_BPF, lab.XLAT, *ARGS)
        program.wait_output("is ready")
        self.assertEqual(re.findall("fast path: .*", program.output()),
                         ["fast path: not available: not permitted: needs "
                          "CAP_BPF; all packets go through this process"])
        self.assertIn("not permitted",
                      lab.ask("plat", "status")["fast-path"])
        self.plat, self.tap = program, packets.Tap(self.box, "plat")
        self.addCleanup(self.tap.sock.close)
        packet = udp(ANN, SERVER6, 4000, 53, b"x")
        for _ in range(3 * WORTH):
            self.assertFalse(self.carried(packet))

    def test_memory(self):
        """Issue 2: under 24 MiB before traffic, with the table."""
        rss = int(lab.status(self.plat.pid)["VmRSS"].split()[0])
        self.assertLess(rss, 24 * 1024)


class Hosts(unittest.TestCase):
    """phone ── box ── server: real connections."""

    def setUp(self):
        self.net = lab.Lab("phone", "box", "server")
        self.addCleanup(self.net.close)
        self.phone, self.box, self.server = (
            self.net[n] for n in ("phone", "box", "server"))
        self.net.link("phone", "eth0", "box", "in")
        self.net.link("box", "out", "server", "eth0")
        self.phone.ip("addr add 2001:db8:a::1/64 dev eth0",
                      "route add default via 2001:db8:a::fe dev eth0")
        self.box.ip("addr add 2001:db8:a::fe/64 dev in",
                    "addr add 198.51.100.1/24 dev out")
        self.server.ip(f"addr add {SERVER4}/24 dev eth0",
                       "route add default via 198.51.100.1")
        self.plat = self.box.xlat(*ARGS)

    def exchange(self):
        exchange(self.phone, SERVER6, self.server, SERVER4)

    def test_tcp(self):
        """Megabytes, and the daemon has seen little more than how it began
        and ended."""
        before = lab.ask("plat", "counters")["tcp-bytes-6to4"]
        self.exchange()
        self.assertGreater(lab.ask("plat", "counters")["tcp-bytes-6to4"]
                           - before, 251 * 30000)
        # A window's worth may be under way when the entry is made.
        self.assertLess(self.box.taken("plat"), 200)
        rows = [r for r in lab.ask("plat", "sessions") if r["proto"] == "tcp"]
        self.assertEqual([r["state"] for r in rows], ["V4_FIN_V6_FIN_RCV"])

    def test_tcp_without_offloads(self):
        for off in ({"tso": 0}, {"tso": 0, "gso": 0},
                    {"tso": 0, "gso": 0, "gro": 0, "tx_checksum": 0}):
            for host, device in ((self.phone, "eth0"), (self.box, "in"),
                                 (self.box, "out"), (self.server, "eth0")):
                test_fast.switch(host, device, **off)
            self.exchange()

    def test_tcp_by_a_device_without_offloads(self):
        """--offload off: what the program hands on is as good."""
        self.plat.stop()
        self.plat = self.box.xlat(*ARGS, "--offload", "off")
        self.exchange()
        self.assertEqual(lab.ask("plat", "status")["offload"], "off")

    def test_tcp_at_1280(self):
        self.phone.ip("link set eth0 mtu 1280")
        self.box.ip("link set in mtu 1280")
        self.exchange()

    def datagrams(self):
        """Two sockets, the phone's connected to the server's."""
        with self.server.inside():
            server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            server.bind((SERVER4, 4000))
        with self.phone.inside():
            client = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            client.connect((SERVER6, 4000))
        for sock in (server, client):
            sock.settimeout(5)
        return server, client

    def test_datagrams(self):
        """There and back, many, and none is lost or harmed."""
        server, client = self.datagrams()
        with server, client:
            for n in range(2000):
                data = struct.pack("!I", n) * (1 + n % 300)
                client.send(data)
                got, who = server.recvfrom(2000)
                self.assertEqual(got, data)
                server.sendto(data, who)
                self.assertEqual(client.recv(2000), data)
        self.assertLess(self.box.taken("plat"), 200)

    def test_udp_segments(self):
        """Super-packets of UDP are the daemon's, in a busy session too."""
        server, client = self.datagrams()
        with server, client:
            for _ in range(30):
                client.send(b"busy")
                server.recv(99)
            data = b"".join(bytes([n]) * 1000 for n in range(20))
            client.sendmsg([data], [(17, 103, struct.pack("H", 1000))])
            got = sorted(server.recv(65536) for _ in range(20))
        self.assertEqual(b"".join(got), data)

    def test_narrow_in_the_middle(self):
        """A router's error about what the kernel carried reaches the sender,
        and the connection goes on with less."""
        self.server.ip("link set eth0 mtu 1300")
        self.box.ip("link set out mtu 1300")
        self.exchange()

    def test_flow_through_a_reload(self):
        """A connection goes on while the tables under it are made anew."""
        config = lab.FILES / "plat.conf"
        config.write_text("max-sessions 1000\n")
        self.plat.stop()
        self.plat = self.box.xlat(*ARGS, "--config", str(config))
        stop, said = threading.Event(), []

        def reload():
            while not stop.wait(0.05):
                config.write_text(f"max-sessions {1000 + len(said)}\n")
                said.append(lab.ctl("plat", "reload").returncode)
        thread = threading.Thread(target=reload)
        thread.start()
        try:
            while len(said) < 3 and thread.is_alive():
                self.exchange()
        finally:
            stop.set()
            thread.join()
        self.assertEqual(set(said), {0})


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
