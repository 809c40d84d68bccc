#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xlat siit, the real binary: a packet socket on its device is the network on
both sides. What is sent comes out translated, answered or as a named drop."""
import ipaddress
import struct
import unittest

import box
import lab
import packets
from packets import ICMP, ICMP6, UDP, TCP, icmp, ip, ping, tcp, udp

# RFC 6052, 2.4: 192.0.2.33 under prefixes of all lengths
POOL6 = "2001:db8:122:344::/96"
FAR4, FAR6 = "192.0.2.33", "2001:db8:122:344::c000:221"
# an address mapping (RFC 7757)
NEAR4, NEAR6 = "198.51.100.10", "2001:db8:5::10"
ARGS = ["siit", "--pool6", POOL6, "--eam", f"{NEAR4},{NEAR6}",
        "--allow4", "192.0.2.0/24", "--allow4", "198.51.100.0/24"]


class Case(box.Case):
    args = ARGS

    def setUp(self):
        super().setUp()
        self.siit = self.box.xlat(*self.args)
        self.tap = self.tap_at("siit")

    def counters(self):
        return lab.ask("siit", "counters")

    def dropped(self, packet, reason):
        """Nothing comes back, and the reason's counter moves by one."""
        before = self.counters()
        self.tap.send(packet)
        name = f"drop-{reason}"
        lab.wait_for(lambda: self.counters()[name] > before[name],
                     f"{name}: {self.moved(before)}")
        self.assertEqual(self.drops(before), {name: 1})

    def drops(self, before):
        """Drops since then."""
        return {k: v for k, v in self.moved(before).items()
                if k.startswith("drop-")}

    def moved(self, before):
        return {k: v - before[k] for k, v in self.counters().items()
                if v != before[k]}


class Forward(Case):
    def check6(self, p, proto, tos=0, ttl=63):
        """A good IPv6 packet from FAR6 to NEAR6, one hop on."""
        self.assertEqual((p.src, p.dst), (FAR6, NEAR6))
        self.assertEqual((p.proto, p.tos, p.ttl), (proto, tos, ttl))
        self.assertTrue(p.good_checksum())
        return p

    def check4(self, p, proto, tos=0, ttl=63):
        self.assertEqual((p.src, p.dst), (NEAR4, FAR4))
        self.assertEqual((p.proto, p.tos, p.ttl), (proto, tos, ttl))
        self.assertTrue(p.good_header and p.good_checksum())
        return p

    def test_udp(self):
        p = self.tap.ask(udp(FAR4, NEAR4, 4000, 53, b"question", tos=0xB9))
        self.check6(p, UDP, tos=0xB9)
        self.assertEqual((p.sport, p.dport), (4000, 53))
        self.assertEqual(p.body[8:], b"question")
        p = self.tap.ask(udp(NEAR6, FAR6, 53, 4000, b"answer", tos=0xB9))
        self.check4(p, UDP, tos=0xB9)
        self.assertEqual(p.body[8:], b"answer")

    def test_tcp(self):
        p = self.tap.ask(tcp(FAR4, NEAR4, 4000, 80, 2, data=b"odd"))
        self.check6(p, TCP)
        self.assertEqual(p.body[20:], b"odd")
        p = self.tap.ask(tcp(NEAR6, FAR6, 80, 4000, 18, ack=2))
        self.check4(p, TCP)

    def test_ping(self):
        p = self.tap.ask(ping(FAR4, NEAR4, ident=7, seq=9))
        self.check6(p, ICMP6)
        self.assertEqual((p.type, p.code, p.rest), (128, 0, 7 << 16 | 9))
        p = self.tap.ask(icmp(NEAR6, FAR6, 129, 0, 7 << 16 | 9, b"ping"))
        self.check4(p, ICMP)
        self.assertEqual((p.type, p.code, p.rest), (0, 0, 7 << 16 | 9))

    def test_another_protocol(self):
        p = self.tap.ask(ip(FAR4, NEAR4, 50, b"ESP is carried as it is"))
        self.assertEqual((p.proto, p.body), (50, b"ESP is carried as it is"))

    def test_options_are_not_copied(self):
        plain = udp(FAR4, NEAR4, 1, 2, b"x")
        head = bytearray(plain[:20]) + b"\x01\x01\x01\x00"
        head[0] = 0x46
        head[2:4] = struct.pack("!H", len(plain) + 4)
        head[10:12] = b"\0\0"
        head[10:12] = struct.pack("!H", packets.checksum(bytes(head)))
        p = self.check6(self.tap.ask(bytes(head) + plain[20:]), UDP)
        self.assertEqual(len(p.data), 49)

    def test_df(self):
        """RFC 7915, 5.1: up to 1260 bytes DF is clear, above it is set."""
        for size, df in ((1260, False), (1261, True)):
            data = bytes(size - 28)
            p = self.tap.ask(udp(NEAR6, FAR6, 1, 2, data))
            self.assertEqual((len(p.data), p.df), (size, df))

    def test_fragments_carry_over(self):
        """First and last fragment, 4 to 6 and back."""
        whole = udp(FAR4, NEAR4, 1, 2, bytes(range(256)) * 4)[20:]
        first = ip(FAR4, NEAR4, UDP, whole[:512], ident=77, frag=0x2000)
        last = ip(FAR4, NEAR4, UDP, whole[512:], ident=77, frag=512 // 8)
        got = b""
        for packet, offset, more in ((first, 0, True), (last, 512, False)):
            p = self.tap.ask(packet)
            self.assertEqual((p.src, p.dst), (FAR6, NEAR6))
            self.assertEqual((p.offset, p.more, p.ident), (offset, more, 77))
            got += p.body
        pseudo = packets.pseudo_header(packets.address(FAR6),
                                 packets.address(NEAR6), UDP, len(got))
        self.assertEqual(packets.checksum(pseudo + got), 0)
        frag6 = struct.pack("!BBHI", UDP, 0, 1, 0x10004) + whole[:512]
        p = self.tap.ask(ip(NEAR6, FAR6, packets.FRAGMENT, frag6))
        self.assertEqual((p.src, p.ident, p.more, p.df, p.offset),
                         (NEAR4, 4, True, False, 0))


class Errors(Case):
    def test_ttl(self):
        """Time Exceeded to the sender, and the drop is counted."""
        before = self.counters()
        sent = udp(FAR4, NEAR4, 1, 2, b"x", ttl=1)
        p = self.tap.ask(sent)
        self.assertEqual((p.dst, p.proto, p.type, p.code),
                         (FAR4, ICMP, 11, 0))
        self.assertEqual(p.quoted().data[:28], sent[:28])
        sent = udp(NEAR6, FAR6, 1, 2, b"x", ttl=1)
        p = self.tap.ask(sent)
        self.assertEqual((p.dst, p.proto, p.type, p.code),
                         (NEAR6, ICMP6, 3, 0))
        self.assertTrue(p.good_checksum())
        moved = self.moved(before)
        self.assertEqual(moved["drop-hop-limit"], 2)
        self.assertEqual(moved["icmp-errors-sent"], 2)

    def test_error_with_the_packet_inside(self):
        """Port unreachable from the IPv6 host about a translated packet."""
        inside = self.tap.ask(udp(FAR4, NEAR4, 4000, 53, b"x")).data
        p = self.tap.ask(icmp(NEAR6, FAR6, 1, 4, 0, inside))
        self.assertEqual((p.src, p.dst, p.type, p.code), (NEAR4, FAR4, 3, 3))
        self.assertTrue(p.good_checksum())
        q = p.quoted()
        self.assertEqual((q.src, q.dst, q.proto, q.sport, q.dport),
                         (FAR4, NEAR4, UDP, 4000, 53))

    def test_too_big(self):
        """Fragmentation Needed names what fits: 20 bytes less than IPv6."""
        sent = udp(FAR4, NEAR4, 1, 2, bytes(1481 - 28), df=True)
        p = self.tap.ask(sent)
        self.assertEqual((p.dst, p.type, p.code, p.rest), (FAR4, 3, 4, 1480))

    def test_no_df_is_cut(self):
        """RFC 7915, 4.1: to 1280 bytes, unless told otherwise."""
        sent = udp(FAR4, NEAR4, 1, 2, bytes(1400), df=False, ident=5)
        self.tap.send(sent)
        parts = [self.tap.receive() for _ in range(2)]
        self.assertEqual([p.more for p in parts], [True, False])
        self.assertLessEqual(max(len(p.data) for p in parts), 1280)
        self.assertEqual(b"".join(p.body for p in parts)[8:], bytes(1400))

    def test_source_route(self):
        """RFC 7915, 4.1: not expired, so Source Route Failed."""
        plain = udp(FAR4, NEAR4, 1, 2)
        head = bytearray(plain[:20]) + b"\x83\x07\x04\xc0\x00\x02\x01\x00"
        head[0] = 0x47
        head[2:4] = struct.pack("!H", len(plain) + 8)
        head[10:12] = b"\0\0"
        head[10:12] = struct.pack("!H", packets.checksum(bytes(head)))
        p = self.tap.ask(bytes(head) + plain[20:])
        self.assertEqual((p.type, p.code), (3, 5))

    def test_traceroute_sees_ipv6_hops(self):
        """An error from an address without a mapping comes from 192.0.0.8."""
        inside = self.tap.ask(udp(FAR4, NEAR4, 4000, 33434, b"x" * 20)).data
        p = self.tap.ask(icmp("2001:db8:ffff::1", FAR6, 3, 0, 0, inside))
        self.assertEqual((p.src, p.dst, p.type, p.code),
                         ("192.0.0.8", FAR4, 11, 0))


def patched(packet, at, value):
    """The packet with other bytes there and a right header checksum."""
    out = bytearray(packet)
    out[at:at + len(value)] = value
    if out[0] >> 4 == 4 and at != 10:
        out[10:12] = b"\0\0"
        out[10:12] = struct.pack("!H", packets.checksum(bytes(out[:20])))
    return bytes(out)


def lies():
    """(reason, packet): truncated, oversize and lying packets."""
    good4, good6 = udp(FAR4, NEAR4, 1, 2, b"12345678"), \
        udp(NEAR6, FAR6, 1, 2, b"12345678")
    yield "short", good4[:19]
    yield "short", good6[:39]
    yield "bad-length", patched(good4, 0, b"\x44")
    yield "bad-length", patched(good4, 2, struct.pack("!H", 19))
    yield "bad-length", patched(good4, 2, struct.pack("!H", 37))
    yield "bad-length", patched(good6, 4, struct.pack("!H", 17))
    yield "bad-checksum", patched(good4, 10, b"\x12\x34")
    yield "bad-chain", ip(NEAR6, FAR6, 0, b"\x11\xff" + bytes(30))
    yield "bad-chain", ip(NEAR6, FAR6, 60,
                          (b"\x3c\x00" + bytes(6)) * 40 + bytes(8))
    yield "bad-fragment", ip(FAR4, NEAR4, UDP, bytes(64), frag=0x1FFF)
    yield "illegal-source", udp("127.0.0.1", NEAR4, 1, 2)
    yield "illegal-source", udp("224.0.0.1", NEAR4, 1, 2)
    yield "illegal-source", udp("::1", FAR6, 1, 2)
    yield "illegal-source", udp("ff02::1", FAR6, 1, 2)
    yield "illegal-destination", udp(FAR4, "224.0.0.1", 1, 2)
    yield "illegal-destination", udp(FAR4, "255.255.255.255", 1, 2)
    yield "illegal-destination", udp(NEAR6, "ff02::1", 1, 2)
    yield "no-mapping", udp(NEAR6, "2001:db8:9::9", 1, 2)
    # RFC 4884, 4: more words of quote than there are
    yield "bad-length", icmp(FAR4, NEAR4, 11, 0, 255 << 16,
                             udp(NEAR4, FAR4, 1, 2))
    yield "bad-length", icmp(NEAR6, FAR6, 3, 0, 255 << 24,
                             udp(FAR6, NEAR6, 1, 2))
    yield "illegal-destination", udp(FAR4, "169.254.169.254", 1, 2)
    yield "illegal-destination", udp(FAR4, "0.1.2.3", 1, 2)
    yield "illegal-source", udp("240.0.0.1", NEAR4, 1, 2)
    # what is 127.0.0.1 and 169.254.0.1 below pool6
    yield "illegal-destination", udp(NEAR6, "2001:db8:122:344::7f00:1", 1, 2)
    yield "illegal-destination", udp(NEAR6, "2001:db8:122:344::a9fe:1", 1, 2)
    # the translator's own, 192.0.0.8
    yield "own-address", udp("192.0.0.8", NEAR4, 1, 2)
    yield "own-address", udp(NEAR6, "2001:db8:122:344::c000:8", 1, 2)
    yield "icmp-type", icmp(FAR4, NEAR4, 13, 0, 0, bytes(12))
    yield "icmp-type", icmp(NEAR6, FAR6, 135, 0, 0, bytes(16))
    yield "fragment-held", ip(FAR4, NEAR4, ICMP, bytes(64), frag=0x2000)
    yield "ext-after-fragment", ip(
        NEAR6, FAR6, packets.FRAGMENT,
        struct.pack("!BBHI", 60, 0, 1, 9) + b"\x11\x00" + bytes(6 + 8))


class BadPackets(Case):
    def test_each_lie_has_a_name(self):
        for reason, packet in lies():
            with self.subTest(reason, packet=packet[:60].hex()):
                self.dropped(packet, reason)

    def test_truncated_anywhere(self):
        """Cut at every byte: a drop each, and afterwards it still works."""
        before = self.counters()
        sent = 0
        for good in (udp(FAR4, NEAR4, 1, 2, b"x"),
                     udp(NEAR6, FAR6, 1, 2, b"x"),
                     icmp(FAR4, NEAR4, 3, 1, 0, udp(NEAR4, FAR4, 1, 2))):
            for size in range(1, len(good)):
                self.tap.send(good[:size])
                sent += 1
        self.assertIsNotNone(self.tap.ask(udp(FAR4, NEAR4, 5, 6),
                                          lambda p: p.dport == 6))
        drops = self.drops(before)
        self.assertEqual(sum(drops.values()), sent, drops)

    def test_neither_family(self):
        for first in (0x00, 0x50, 0x70, 0xF0):
            self.dropped(bytes([first]) + bytes(63), "version")


class Largest(Case):
    args = [*ARGS, "--mtu6", "65535", "--mtu4", "65535"]

    def test_grows_beyond_what_there_can_be(self):
        """65535 bytes of IPv4 would be 65555 of IPv6: cut, not oversize."""
        data = bytes(65535 - 28)
        self.tap.send(udp(FAR4, NEAR4, 1, 2, data, df=False, ident=3))
        got = 0
        while got < len(data) + 8:
            p = self.tap.receive()
            self.assertLessEqual(len(p.data), 1280)
            got += len(p.body)
        self.assertEqual(got, len(data) + 8)


class ZeroChecksum(Case):
    args = [*ARGS, "--udp-zero-checksum", "drop"]

    def test_dropped(self):
        zero = udp(FAR4, NEAR4, 1, 2, b"x")
        zero = zero[:26] + b"\0\0" + zero[28:]
        self.dropped(zero, "udp-zero-checksum")


class ZeroChecksumComputed(Case):
    def test_computed(self):
        """It is what the sender would have computed."""
        right = udp(FAR4, NEAR4, 1, 2, b"x")
        p = self.tap.ask(right[:26] + b"\0\0" + right[28:])
        self.assertTrue(p.good_checksum())
        self.assertNotEqual(p.body[6:8], b"\0\0")


class Gather(Case):
    """Fragments that are only translated together."""
    DATA = bytes(range(250)) * 8

    def pieces(self, whole, ident=5):
        """An IPv4 packet as three fragments."""
        p = packets.Packet(whole)
        cuts = [p.body[:800], p.body[800:1600], p.body[1600:]]
        return [ip(p.src, p.dst, p.proto, data, ident=ident,
                   frag=100 * n | (n < 2) << 13)
                for n, data in enumerate(cuts)]

    def assemble(self, count, proto):
        """The packets that come, as the one that they are fragments of."""
        got = sorted((self.tap.receive() for _ in range(count)),
                     key=lambda p: p.offset)
        self.assertEqual([p.offset for p in got],
                         [sum(len(q.body) for q in got[:n])
                          for n in range(count)])
        self.assertEqual([p.more for p in got], [True] * (count - 1) + [False])
        p = packets.Packet(ip(got[0].src, got[0].dst, proto,
                              b"".join(p.body for p in got)))
        self.assertTrue(p.good_checksum())
        return p

    def test_SIIT_076_udp_checksum_over_fragments(self):
        right = udp(FAR4, NEAR4, 1, 2, self.DATA)
        for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2)):
            pieces = self.pieces(right[:26] + b"\0\0" + right[28:])
            before = self.counters()
            for n in order:
                self.tap.send(pieces[n])
            p = self.assemble(3, UDP)
            self.assertEqual((p.src, p.dst, p.body[8:]),
                             (FAR6, NEAR6, self.DATA))
            held = {"drop-fragment-held": 1} if order[-1] else {}
            self.assertEqual(self.drops(before), held)

    def test_SIIT_105_ping_in_fragments(self):
        for order in ((0, 1, 2), (2, 0, 1)):
            pieces = self.pieces(ping(FAR4, NEAR4, data=self.DATA))
            for n in order:
                self.tap.send(pieces[n])
            p = self.assemble(2, ICMP6)
            self.assertEqual((p.src, p.dst, p.type, p.body[8:]),
                             (FAR6, NEAR6, 128, self.DATA))

    def test_SIIT_239_ping_in_fragments(self):
        body = packets.Packet(ping(NEAR6, FAR6, data=self.DATA)).body
        for n, data in ((1, body[1200:]), (0, body[:1200])):
            head = struct.pack("!BBHI", ICMP6, 0, 1200 * n | (n == 0), 0x10009)
            self.tap.send(ip(NEAR6, FAR6, packets.FRAGMENT, head + data))
        p = self.assemble(2, ICMP)
        self.assertEqual((p.src, p.dst, p.type, p.body[8:]),
                         (NEAR4, FAR4, 8, self.DATA))

    def test_SIIT_520_flood(self):
        """Lone fragments by the thousand: the rest of the traffic goes on,
        and memory stays what it was after the first of them."""
        def flood(count):
            for n in range(count):
                self.tap.send(ip(f"192.0.2.{n % 250 + 1}", NEAR4, ICMP,
                                 bytes(1400), ident=n, frag=0x2000))
                if n % 100 == 99:  # no more than the device's queue holds
                    p = self.tap.ask(udp(FAR4, NEAR4, 1, 2, b"on"))
                    self.assertEqual(p.proto, UDP)

        flood(500)
        before = self.rss()
        flood(5000)
        self.assertLess(self.rss(), before + 64)
        self.assertEqual(self.counters()["drop-fragment-held"], 5500)

    def rss(self):
        with open(f"/proc/{self.siit.pid}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f
                        if line.startswith("VmRSS"))


class Strict(Case):
    """The well-known prefix and an IPv4 address that is not global."""
    args = ["siit", "--pool6", "64:ff9b::/96",
            "--eam", f"{NEAR4},{NEAR6}", "--denylist4", "9.9.9.0/24"]

    def test_non_global(self):
        self.dropped(udp("10.0.0.1", NEAR4, 1, 2), "non-global")
        self.dropped(udp(NEAR6, "64:ff9b::10.0.0.1", 1, 2), "non-global")

    def test_denied(self):
        self.dropped(udp("9.9.9.9", NEAR4, 1, 2), "denied")

    def test_global(self):
        p = self.tap.ask(udp("8.8.8.8", NEAR4, 1, 2))
        self.assertEqual((p.src, p.dst), ("64:ff9b::808:808", NEAR6))


class Opened(Case):
    """The same, named by the operator."""
    args = [*Strict.args, "--allow4", "10.0.0.0/8", "--allow4", "192.0.0.8"]

    def test_translated(self):
        for address, below in (("10.0.0.1", "64:ff9b::a00:1"),
                               ("192.0.0.8", "64:ff9b::c000:8")):
            p = self.tap.ask(udp(address, NEAR4, 1, 2))
            self.assertEqual((p.src, p.dst), (below, NEAR6))
            p = self.tap.ask(udp(NEAR6, below, 1, 2))
            self.assertEqual((p.src, p.dst), (NEAR4, address))


NODE_ID, INTERFACE = 5, 2  # classes of RFC 4884 objects
ROUTER4, ROUTER6 = "10.9.8.7", "2001:db8:ffff::1"


class ErrorSource(Case):
    """Errors from routers without an address in the other family: by default
    from 192.0.0.8, and none that way round."""
    pool4, kind4 = "192.0.0.8/32", NODE_ID
    pool6 = None
    args = ["siit", "--pool6", "64:ff9b::/96", "--eam", f"{NEAR4},{NEAR6}"]
    far4, far6 = "8.8.8.8", "64:ff9b::808:808"

    def extension(self, p):
        """(class, rest) of the only RFC 4884 object; None: there is none."""
        words = p.body[5] * 4 if p.version == 4 else p.body[4] * 8
        ext = p.body[8 + words:]
        if not words:
            return None
        self.assertEqual((ext[0] >> 4, packets.checksum(ext)), (2, 0))
        length, number = struct.unpack_from("!HB", ext, 4)
        self.assertEqual(length, len(ext) - 4)
        return number, ext[8:]

    def shows(self, p, pool, kind, router):
        self.assertTrue(p.good_checksum())
        self.assertIn(packets.address(p.src), ipaddress.ip_network(pool))
        if kind is None:
            self.assertIsNone(self.extension(p))
            return
        number, rest = self.extension(p)
        self.assertEqual(number, kind)
        self.assertIn(packets.address(router).packed, rest)

    def test_of_an_ipv6_router(self):
        inside = udp(self.far6, NEAR6, 4000, 33434, bytes(20))
        error = icmp(ROUTER6, self.far6, 3, 0, 0, inside)
        if not self.pool4:
            self.dropped(error, "no-mapping")
            return
        p = self.tap.ask(error)
        self.assertEqual((p.dst, p.type, p.code), (self.far4, 11, 0))
        self.shows(p, self.pool4, self.kind4, ROUTER6)

    def test_of_an_ipv4_router(self):
        inside = udp(NEAR4, self.far4, 4000, 33434, bytes(20))
        error = icmp(ROUTER4, NEAR4, 11, 0, 0, inside)
        if not self.pool6:
            self.dropped(error, "non-global")
            return
        p = self.tap.ask(error)
        self.assertEqual((p.dst, p.type, p.code), (NEAR6, 3, 0))
        self.shows(p, self.pool6, self.kind4, ROUTER4)


class ErrorSourceNone(ErrorSource):
    pool4 = None
    args = [*ErrorSource.args, "--error-source4", "none"]


class ErrorSourcePool(ErrorSource):
    """An operator's pools: the extension is off unless asked for."""
    pool4, kind4, pool6 = "203.0.113.128/28", None, "2001:db8:e::/64"
    args = [*ErrorSource.args, "--error-source4", pool4,
            "--error-source6", pool6]


class ErrorSourceInterface(ErrorSourcePool):
    kind4 = INTERFACE
    args = [*ErrorSourcePool.args, "--error-extension", "interface"]


class ErrorSourceSix(ErrorSource):
    pool6 = "2001:db8:e::1/128"
    args = [*ErrorSource.args, "--error-source6", "2001:db8:e::1"]


class ErrorSourceOff(ErrorSource):
    kind4 = None
    args = [*ErrorSource.args, "--error-extension", "off"]


class Prefixes(unittest.TestCase):
    """RFC 6052, 2.4: the table of examples, through the binary."""

    TABLE = {
        "2001:db8::/32": "2001:db8:c000:221::",
        "2001:db8:100::/40": "2001:db8:1c0:2:21::",
        "2001:db8:122::/48": "2001:db8:122:c000:2:2100::",
        "2001:db8:122:300::/56": "2001:db8:122:3c0:0:221::",
        "2001:db8:122:344::/64": "2001:db8:122:344:c0:2:2100:0",
        "2001:db8:122:344::/96": "2001:db8:122:344::c000:221",
        "64:ff9b::/96": "64:ff9b::c000:221",
    }

    def test_addr(self):
        with lab.Lab("box") as net:
            for prefix, wanted in self.TABLE.items():
                said = net["box"].run(lab.XLAT, "addr", prefix, FAR4).strip()
                self.assertEqual(packets.address(said),
                                 packets.address(wanted))
                said = net["box"].run(lab.XLAT, "addr", prefix, wanted)
                self.assertEqual(said.strip(), FAR4)

    def test_packets(self):
        for prefix, wanted in self.TABLE.items():
            with self.subTest(prefix), lab.Lab("box") as net:
                net["box"].xlat("siit", "--pool6", prefix,
                                "--eam", f"{NEAR4},3fff::10",
                                "--allow4", "192.0.2.0/24")
                with packets.Tap(net["box"], "siit") as tap:
                    p = tap.ask(udp(FAR4, NEAR4, 1, 2, b"x"))
                    self.assertEqual(packets.address(p.src),
                                     packets.address(wanted))
                    self.assertTrue(p.good_checksum())
                    p = tap.ask(udp("3fff::10", wanted, 1, 2, b"x"))
                    self.assertEqual(p.dst, FAR4)
                    self.assertTrue(p.good_checksum())


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
