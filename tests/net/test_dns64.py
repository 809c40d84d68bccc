#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xlat dns64, the real binary, between clients and a scripted server.

D64 numbers are those of the list of requirements. What is expected follows
from the RFCs; the server says what it is told to, right or wrong."""
import ipaddress
import os
import re
import resource
import signal
import socket
import struct
import threading
import time
import unittest

import dnsmsg
import lab
from dnsmsg import (A, AAAA, CNAME, PTR, RR, SOA, Client, Message, Reply,
                    nodata, question)

BOX6, LAN6, STRANGER6 = "2001:db8:1::1", "2001:db8:1::2", "2001:db8:99::1"
BOX4, LAN4 = "192.168.1.1", "192.168.1.2"
UP6, UP4, SILENT = "2001:db8:2::53", "198.51.100.53", "198.51.100.54"
WKP_REVERSE = "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.f.f.4.6.0.0.ip6.arpa"


class Case(unittest.TestCase):
    """A LAN with clients, the box with the program, and a host with servers;
    the LAN has an address besides that is of no network of the box."""
    # Without a cache each test sees its own questions, and whole TTLs.
    args = ["--forward", UP6, "--cache-size", "0"]

    @classmethod
    def setUpClass(cls):
        cls.net = lab.Lab("lan", "box", "up")
        cls.addClassCleanup(cls.net.close)
        cls.net.link("lan", "eth0", "box", "lan0")
        cls.net.link("box", "up0", "up", "eth0")
        cls.net["lan"].ip(f"addr add {LAN6}/64 dev eth0 nodad",
                          f"addr add {LAN4}/24 dev eth0",
                          f"addr add {STRANGER6}/128 dev lo nodad")
        cls.net["box"].ip(f"addr add {BOX6}/64 dev lan0 nodad",
                          f"addr add {BOX4}/24 dev lan0",
                          "addr add 2001:db8:2::1/64 dev up0 nodad",
                          "addr add 198.51.100.1/24 dev up0",
                          f"route add {STRANGER6} via {LAN6}")
        cls.net["up"].ip(f"addr add {UP6}/64 dev eth0 nodad",
                         f"addr add {UP4}/24 dev eth0",
                         f"addr add {SILENT}/24 dev eth0")
        cls.server = dnsmsg.Server(cls.net["up"], UP6)
        cls.addClassCleanup(cls.server.close)
        cls.script()
        cls.dns64 = cls.net["box"].xlat(
            "dns64", "--listen", f"[{BOX6}]:53", "--listen", BOX4, *cls.args)

    @classmethod
    def script(cls):
        """What the server is to say."""

    def setUp(self):
        self.client = Client(self.net["lan"], BOX6)
        self.client4 = Client(self.net["lan"], BOX4)
        self.server.log.clear()

    def answers(self, message, *lines, rcode=0):
        self.assertEqual(message.rcode, rcode)
        self.assertEqual(message.shown(), list(lines))


class Synthesis(Case):
    @classmethod
    def script(cls):
        say = cls.server
        say.names(A("www.test", 300, "8.8.8.8"), A("www.test", 300, "8.8.4.4"),
                  A("both.test", 60, "8.8.8.8"),
                  AAAA("both.test", 60, "2606:4700::1"),
                  RR("mail.test", "MX", 60, b"\0\x0a" +
                     dnsmsg.wire_name("mx.test")),
                  RR("svc.test", "HTTPS", 60, b"\0\1\0\0\4\0\4\x08\x08\x08\x08"),
                  RR("odd.test", 65280, 60, b"\3abc\xc0\x0c"),
                  A("private.test", 60, "10.0.0.1"),
                  A("mixed.test", 60, "10.0.0.1"),
                  A("mixed.test", 60, "9.9.9.9"),
                  AAAA("mapped.test", 60, "::ffff:9.9.9.9"),
                  A("mapped.test", 60, "9.9.9.9"),
                  PTR("8.8.8.8.in-addr.arpa", 60, "dns.test"))
        chain = CNAME("alias.test", 500, "www.test")
        say.script["alias.test", "AAAA"] = Reply(chain,
                                                 authority=[SOA("test", 60)])
        say.script["alias.test", "A"] = Reply(
            chain, A("www.test", 300, "8.8.8.8"))
        # A records that no rule may let a client of AAAA see.
        say.script["nx.test", "A"] = Reply(A("nx.test", 60, "9.9.9.9"))
        say.script["nx.test", "AAAA"] = dnsmsg.nxdomain()

    def test_d64_03_14_21_a_becomes_aaaa(self):
        m = self.client.ask("www.test")
        self.answers(m, "AAAA 300 64:ff9b::808:808",
                     "AAAA 300 64:ff9b::808:404")
        self.assertEqual(m.flags & 0xFFF0, dnsmsg.QR | dnsmsg.RD | dnsmsg.RA)
        self.assertIsNone(m.opt, "D64-76")

    def test_d64_02_native_wins(self):
        self.answers(self.client.ask("both.test"), "AAAA 60 2606:4700::1")
        self.assertEqual(self.server.asked("both.test"), ["AAAA"])

    def test_d64_05_a_is_left_alone(self):
        self.answers(self.client.ask("both.test", "A"), "A 60 8.8.8.8")

    def test_d64_07_other_types_pass(self):
        m = self.client.ask("mail.test", "MX")
        self.assertEqual(m.answer[0][:2], ("mail.test", "MX"))
        m = self.client.ask("svc.test", "HTTPS")
        self.assertEqual(m.answer[0][3], b"\0\1\0\0\4\0\4\x08\x08\x08\x08",
                         "ipv4hint as it is (RFC 9460, 4.2.1)")
        m = self.client.ask("odd.test", 65280)
        self.assertEqual(m.answer[0][3], b"\3abc\xc0\x0c")

    def test_d64_09_nodata(self):
        m = self.client.ask("mail.test")
        self.answers(m)
        self.assertEqual([rr[1] for rr in m.authority], ["SOA"])

    def test_d64_10_nxdomain_is_final(self):
        self.answers(self.client.ask("nx.test"), rcode=dnsmsg.NXDOMAIN)
        self.assertEqual(self.server.asked("nx.test"), ["AAAA"])

    def test_d64_13_letter_case(self):
        m = self.client.ask("wWw.TesT")
        self.assertEqual(m.questions, [("wWw.TesT", "AAAA")])
        self.assertEqual(m.answer[0][0], "wWw.TesT")

    def test_d64_25_27_not_global(self):
        self.answers(self.client.ask("mixed.test"), "AAAA 60 64:ff9b::909:909")
        m = self.client.ask("private.test")
        self.answers(m)
        self.assertEqual(m.authority[0][1], "SOA")

    def test_d64_28_mapped_aaaa_do_not_count(self):
        self.answers(self.client.ask("mapped.test"),
                     "AAAA 60 64:ff9b::909:909")

    def test_d64_33_aliases(self):
        m = self.client.ask("alias.test")
        self.answers(m, "CNAME 500 www.test", "AAAA 60 64:ff9b::808:808")
        self.assertEqual(m.answer[1][0], "www.test")

    def test_d64_56_57_ptr(self):
        name = "8.0.8.0.8.0.8.0." + WKP_REVERSE
        m = self.client.ask(name, "PTR")
        self.answers(m, "CNAME 60 8.8.8.8.in-addr.arpa", "PTR 60 dns.test")
        self.client.ask("1.0.1.0.1.0.1.0." + WKP_REVERSE, "PTR")
        self.assertFalse([q for q in self.server.log if "ip6" in q.name])

    def test_d64_62_63_ipv4only_arpa(self):
        for tcp in (False, True):
            m = self.client.ask("IPv4only.ARPA", tcp=tcp)
            self.answers(m, "AAAA 3600 64:ff9b::c000:aa",
                         "AAAA 3600 64:ff9b::c000:ab")
        self.assertEqual(self.server.log, [])

    def test_d64_78_what_the_server_sees(self):
        self.client.ask("fresh.test", edns=4096, do=True)
        q = self.server.log[0]
        self.assertEqual((q.opt["size"], q.opt["do"]), (1232, True))
        self.assertEqual(q.flags, dnsmsg.RD)

    def test_d64_82_ids_and_ports(self):
        for n in range(40):
            self.client.ask(f"port{n}.test", "A")
        seen = self.server.log
        self.assertGreater(len({q.port for q in seen}), 30)
        self.assertGreater(len({q.id for q in seen}), 30)


class Cached(Case):
    args = ["--forward", UP6]

    @classmethod
    def script(cls):
        cls.server.names(A("www.test", 300, "8.8.8.8"))
        say = cls.server.script
        say["dead.test", "AAAA"] = say["dead.test", "A"] = Reply(rcode=2)

    def test_d64_45_cached(self):
        self.client.ask("www.test")
        self.server.log.clear()
        m = self.client.ask("www.test")
        self.assertEqual(self.server.log, [])
        ttl = m.answer[0][2]
        self.assertTrue(250 < ttl <= 300, ttl)

    def test_d64_46_failures_too(self):
        for _ in range(2):
            self.answers(self.client.ask("dead.test"), rcode=dnsmsg.SERVFAIL)
        self.assertEqual(self.server.asked("dead.test"), ["AAAA", "A"])

    def test_d64_71_but_not_for_other_bits(self):
        self.client.ask("www.test", "A")
        for more in ({"edns": 1232, "do": True},
                     {"flags": dnsmsg.RD | dnsmsg.CD}):
            self.server.log.clear()
            self.client.ask("www.test", "A", **more)
            self.assertEqual(self.server.asked(), ["A"])


class Errors(Case):
    @classmethod
    def script(cls):
        for word, rcode in [("servfail", 2), ("refused", 5), ("notimp", 4),
                            ("formerr", 1)]:
            cls.server.script[f"{word}.test", "AAAA"] = Reply(rcode=rcode)
            cls.server.names(A(f"{word}.test", 60, "9.9.9.9"))
        say = cls.server.script
        say["bogus.test", "AAAA"] = Reply(rcode=2, ede=6)
        say["bogus.test", "A"] = Reply(A("bogus.test", 60, "9.9.9.9"))
        say["silent.test", "AAAA"] = Reply(drop=True)
        say["silent.test", "A"] = Reply(A("silent.test", 60, "9.9.9.9"))
        say["slow.test", "AAAA"] = Reply(AAAA("slow.test", 60, "2606::1"),
                                         delay=1.5)
        say["slow.test", "A"] = Reply(A("slow.test", 60, "9.9.9.9"))
        say["dead.test", "AAAA"] = say["dead.test", "A"] = Reply(rcode=2)

    def test_d64_47_errors_count_as_nothing(self):
        for word in ("servfail", "refused", "notimp", "formerr"):
            with self.subTest(word):
                self.answers(self.client.ask(f"{word}.test"),
                             "AAAA 60 64:ff9b::909:909")

    def test_d64_49_failed_validation_is_final(self):
        m = self.client.ask("bogus.test", edns=1232)
        self.answers(m, rcode=dnsmsg.SERVFAIL)
        self.assertEqual(m.ede, 6)
        self.assertEqual(self.server.asked("bogus.test"), ["AAAA"])

    def test_d64_48_silence_counts_as_nothing(self):
        begin = time.monotonic()
        self.answers(self.client.ask("silent.test"),
                     "AAAA 60 64:ff9b::909:909")
        self.assertGreater(time.monotonic() - begin, 1.0)
        # The datagram was sent twice: it might have been lost.
        self.assertEqual(self.server.asked("silent.test"),
                         ["AAAA", "AAAA", "A"])

    def test_d64_50_slow_aaaa_is_awaited(self):
        self.answers(self.client.ask("slow.test"), "AAAA 60 2606::1")

    def test_d64_51_both_fail(self):
        self.answers(self.client.ask("dead.test"), rcode=dnsmsg.SERVFAIL)
        self.assertEqual(self.server.asked("dead.test"), ["AAAA", "A"])


class Transport(Case):
    @classmethod
    def script(cls):
        say = cls.server
        many = [A("many.test", 60, f"9.9.{n}.1") for n in range(100)]
        say.script["many.test", "A"] = Reply(*many, tc=True)
        say.script["tc.test", "AAAA"] = Reply(
            AAAA("tc.test", 60, "2606::1"), tc=True)
        say.script["old.test", "A"] = Reply(A("old.test", 60, "9.9.9.9"),
                                            edns=False)
        for n in range(60):
            say.names(A(f"p{n}.test", 60, f"9.9.9.{n}"))
        say.script["late.test", "A"] = Reply(A("late.test", 60, "9.9.9.9"),
                                             delay=0.5)
        say.names(A("quick.test", 60, "8.8.8.8"))

        def forge(data):
            other_id = bytes([data[0] ^ 1]) + data[1:]
            other_name = data[:13] + b"x" + data[14:]
            evil = data.replace(bytes([9, 9, 9, 9]), bytes([6, 6, 6, 6]))
            return [other_id.replace(bytes([9, 9, 9, 9]),
                                     bytes([6, 6, 6, 6])),
                    evil[:13] + b"x" + evil[14:], other_name, b"", b"\0" * 5,
                    data]
        say.script["forged.test", "A"] = Reply(
            A("forged.test", 60, "9.9.9.9"), mangle=forge)

    def test_d64_74_77_sizes(self):
        m = self.client.ask("many.test", edns=4096)
        self.assertTrue(m.flags & dnsmsg.TC)
        self.assertLessEqual(len(m.data), 1232)
        self.assertEqual(self.server.asked("many.test"),
                         ["AAAA", "A", "A/tcp"])
        m = self.client.ask("many.test", tcp=True)
        self.assertEqual(len(m.answer), 100)
        self.assertFalse(m.flags & dnsmsg.TC)

    def test_d64_77_truncated_aaaa(self):
        self.answers(self.client.ask("tc.test"), "AAAA 60 2606::1")
        self.assertEqual(self.server.asked("tc.test"), ["AAAA", "AAAA/tcp"])

    def test_d64_78_server_without_edns(self):
        self.answers(self.client.ask("old.test", "A"), "A 60 9.9.9.9")

    def test_d64_79_pipelined_tcp(self):
        with self.client.socket(socket.SOCK_STREAM) as sock:
            for n in range(60):
                q = question(f"p{n}.test", "AAAA", ident=n)
                sock.sendall(struct.pack(">H", len(q)) + q)
            got = {}
            for _ in range(60):
                m = Message(dnsmsg.read_tcp(sock))
                got[m.id] = m.shown()
        self.assertEqual(got, {n: [f"AAAA 60 64:ff9b::909:9{n:02x}"]
                               for n in range(60)})

    def test_d64_79_replies_need_not_wait(self):
        with self.client.socket(socket.SOCK_STREAM) as sock:
            for ident, name in enumerate(["late.test", "quick.test"]):
                q = question(name, "A", ident=ident)
                sock.sendall(struct.pack(">H", len(q)) + q)
            order = [Message(dnsmsg.read_tcp(sock)).id for _ in range(2)]
        self.assertEqual(order, [1, 0])

    def test_d64_79_byte_by_byte(self):
        q = question("quick.test", "A")
        with self.client.socket(socket.SOCK_STREAM) as sock:
            for byte in struct.pack(">H", len(q)) + q:
                sock.sendall(bytes([byte]))
                time.sleep(0.001)
            self.answers(Message(dnsmsg.read_tcp(sock)), "A 60 8.8.8.8")

    def test_d64_79_half_closed(self):
        q = question("quick.test", "A")
        with self.client.socket(socket.SOCK_STREAM) as sock:
            sock.sendall(struct.pack(">H", len(q)) + q)
            sock.shutdown(socket.SHUT_WR)
            self.answers(Message(dnsmsg.read_tcp(sock)), "A 60 8.8.8.8")
            self.assertEqual(sock.recv(1), b"")

    def test_d64_79_garbage_ends_the_connection(self):
        for data in (b"\0\5hello", b"\0\0", b"\xff\xff" + b"x" * 3000):
            with self.subTest(data[:4]), \
                    self.client.socket(socket.SOCK_STREAM) as sock:
                sock.sendall(data)
                try:
                    self.assertEqual(sock.recv(100), b"")
                except ConnectionResetError:
                    pass

    def test_d64_82_forgeries(self):
        self.answers(self.client.ask("forged.test", "A"), "A 60 9.9.9.9")

    def test_d64_84_many_at_once(self):
        with self.client.socket(socket.SOCK_DGRAM) as sock:
            for n in range(60):
                sock.send(question(f"p{n}.test", "AAAA", ident=n))
            got = {}
            for _ in range(60):
                m = Message(sock.recv(2000))
                got[m.id] = m.shown()[0].split()[2]
        self.assertEqual(got, {n: f"64:ff9b::909:9{n:02x}"
                               for n in range(60)})

    def test_d64_84_shared_question(self):
        with self.client.socket(socket.SOCK_DGRAM) as sock:
            self.server.script["once.test", "A"] = Reply(
                A("once.test", 0, "9.9.9.9"), delay=0.3)
            for n in range(10):
                sock.send(question("once.test", "A", ident=n))
            got = {Message(sock.recv(2000)).id for _ in range(10)}
        self.assertEqual(got, set(range(10)))
        self.assertEqual(self.server.asked("once.test"), ["A"])


class Hostile(Case):
    @classmethod
    def script(cls):
        cls.server.names(A("www.test", 60, "8.8.8.8"))

    def test_d64_80_what_is_no_question(self):
        q = question("www.test", "A")
        self.assertTrue(self.client.silent(q[:2] + b"\x81" + q[3:]), "QR")
        self.assertTrue(self.client.silent(b""))
        self.assertTrue(self.client.silent(q[:11]))
        two = q[:4] + b"\0\2" + q[6:] + q[12:]
        self.assertEqual(self.client.send(two).rcode, dnsmsg.FORMERR)
        none = q[:4] + b"\0\0" + q[6:12]
        self.assertEqual(self.client.send(none).rcode, dnsmsg.FORMERR)
        notify = q[:2] + b"\x21" + q[3:]
        self.assertEqual(self.client.send(notify).rcode, dnsmsg.NOTIMP)
        m = self.client.ask("test", "AXFR", tcp=True)
        self.assertEqual(m.rcode, dnsmsg.NOTIMP)

    def test_d64_81_damaged_at_every_byte(self):
        q = question("www.test", "AAAA", edns=1232, options=[(10, b"x" * 8)])
        with self.client.socket(socket.SOCK_DGRAM) as sock:
            for n in range(len(q)):
                sock.send(q[:n])
                sock.send(q[:n] + b"\xff" + q[n + 1:])
        self.answers(self.client.ask("www.test"), "AAAA 60 64:ff9b::808:808")

    def test_d64_76_unknown_version_and_option(self):
        m = self.client.ask("www.test", edns=1232, version=1)
        self.assertEqual(m.rcode, 16)
        m = self.client.ask("www.test", edns=1232, options=[(65001, b"hi")])
        self.answers(m, "AAAA 60 64:ff9b::808:808")

    def test_cookies(self):
        first = self.client.ask("www.test", edns=1232,
                                options=[(10, b"abcdefgh")]).opt[10]
        self.assertEqual((first[:8], len(first)), (b"abcdefgh", 24))
        m = self.client.ask("www.test", edns=1232, options=[(10, first)])
        self.assertEqual(m.opt[10][:12], b"abcdefgh\1\0\0\0")
        self.answers(m, "AAAA 60 64:ff9b::808:808")
        m = self.client.ask("www.test", edns=1232, options=[(10, b"short")])
        self.answers(m, rcode=dnsmsg.FORMERR)
        self.assertNotIn(10, m.opt)

    def test_d64_85_strangers(self):
        outside = Client(self.net["lan"], BOX6, source=STRANGER6)
        m = outside.ask("stranger.test", edns=1232)
        self.answers(m, rcode=dnsmsg.REFUSED)
        self.assertEqual(m.ede, 18)
        self.assertEqual(self.server.asked("stranger.test"), [])
        self.answers(self.client.ask("www.test"), "AAAA 60 64:ff9b::808:808")
        self.answers(self.client4.ask("www.test"), "AAAA 60 64:ff9b::808:808")


class Failover(Case):
    """The first server does not exist, the second does not answer."""
    args = ["--forward", f"{UP4}:5300", "--forward", SILENT, "--forward", UP6,
            "--cache-size", "0"]

    @classmethod
    def script(cls):
        cls.server.names(*[A(f"w{n}.test", 60, "8.8.8.8") for n in range(20)])
        with cls.net["up"].inside():
            cls.hole = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        cls.addClassCleanup(cls.hole.close)
        cls.hole.bind((SILENT, 53))

    def test_failover(self):
        begin = time.monotonic()
        self.answers(self.client.ask("w0.test", "A"), "A 60 8.8.8.8")
        self.assertGreater(time.monotonic() - begin, 0.5)
        for n in range(1, 20):
            self.answers(self.client.ask(f"w{n}.test", "A"), "A 60 8.8.8.8")
        said = {row["server"]: row for row in lab.ask("dns64", "servers")}
        self.assertEqual(said[f"[{UP6}]:53"]["state"], "up")
        self.assertGreater(said[f"[{UP6}]:53"]["rtt-us"], 0)
        self.assertEqual(said[f"{SILENT}:53"]["state"], "down")


class Options(Case):
    args = ["--forward", UP6, "--prefix", "2001:db8:64::/96",
            "--prefix", "2001:db8:122:344::/64",
            "--allow", f"{LAN6}/128", "--allow", f"{LAN4}/32=64:ff9b::/96",
            "--allow", f"{STRANGER6}/128=none", "--map4", "10.9.0.0/16=none",
            "--map4", "0.0.0.0/0", "--exclude6", "2001:db8:bad::/48",
            "--ignore-aaaa", "broken.test", "--exclude-name", "legacy.test",
            "--ptr", "off", "--cache-size", "0"]

    @classmethod
    def script(cls):
        cls.server.names(
            A("www.test", 60, "192.0.2.33"), A("ten.test", 60, "10.9.1.1"),
            A("bad.test", 60, "9.9.9.9"),
            AAAA("bad.test", 60, "2001:db8:bad::1"),
            A("x.broken.test", 60, "9.9.9.9"),
            AAAA("x.broken.test", 60, "2606::1"),
            AAAA("only.broken.test", 60, "2606::2"),
            A("x.legacy.test", 60, "9.9.9.9"))

    def test_d64_21_22_several_prefixes(self):
        self.answers(self.client.ask("www.test"),
                     "AAAA 60 2001:db8:64::c000:221",
                     "AAAA 60 2001:db8:122:344:c0:2:2100:0")

    def test_d64_23_map4(self):
        self.answers(self.client.ask("ten.test"))

    def test_d64_31_exclude6(self):
        self.answers(self.client.ask("bad.test"),
                     "AAAA 60 2001:db8:64::909:909",
                     "AAAA 60 2001:db8:122:344:9:909:900:0")

    def test_d64_86_prefix_by_client(self):
        self.answers(self.client4.ask("bad.test"), "AAAA 60 64:ff9b::909:909")
        plain = Client(self.net["lan"], BOX6, source=STRANGER6)
        self.answers(plain.ask("bad.test"), "AAAA 60 2001:db8:bad::1")

    def test_d64_87_names(self):
        first = "AAAA 60 2001:db8:64::909:909"
        self.assertEqual(self.client.ask("x.broken.test").shown()[0], first)
        self.answers(self.client.ask("only.broken.test"), "AAAA 60 2606::2")
        self.answers(self.client.ask("x.legacy.test"))

    def test_ptr_off(self):
        name = "8.0.8.0.8.0.8.0." + WKP_REVERSE
        self.client.ask(name, "PTR")
        self.assertEqual(self.server.asked(name), ["PTR"])

    def test_no_cache(self):
        for _ in range(2):
            self.client.ask("www.test", "A")
        self.assertEqual(self.server.asked("www.test"), ["A", "A"])


class Source(Case):
    """Questions leave from an address, and by an interface, that no route
    would choose."""
    args = ["--forward", UP6, "--forward", UP4, "--source", "2001:db8:2::99",
            "--source", "198.51.100.99", "--interface", "up0",
            "--cache-size", "0", "--allow", f"{LAN6}/128",
            "--strangers", "ignore"]

    @classmethod
    def script(cls):
        cls.net["box"].ip("addr add 2001:db8:2::99/64 dev up0 nodad",
                          "addr add 198.51.100.99/24 dev up0",
                          f"route add {UP4}/32 via {LAN4} dev lan0",
                          f"route add {UP6}/128 via {LAN6} dev lan0")
        cls.server4 = dnsmsg.Server(cls.net["up"], UP4)
        cls.addClassCleanup(cls.server4.close)
        for server in (cls.server, cls.server4):
            for n in range(6):
                many = [A(f"w{n}.test", 60, f"9.9.{i}.1") for i in range(100)]
                server.script[f"w{n}.test", "A"] = Reply(*many, tc=True)

    def test_udp_and_tcp_of_both_families(self):
        # A server that was never asked is: so both are.
        for n in range(6):
            self.client.ask(f"w{n}.test", "A", tcp=True)
        for server, source in ((self.server, "2001:db8:2::99"),
                               (self.server4, "198.51.100.99")):
            self.assertEqual({q.peer for q in server.log}, {source})
            self.assertEqual({q.tcp for q in server.log}, {False, True})

    def test_strangers_get_no_reply(self):
        self.assertTrue(self.client4.silent(question("www.test", "A")))
        with self.client4.socket(socket.SOCK_STREAM) as sock:
            q = question("www.test", "A")
            sock.sendall(struct.pack(">H", len(q)) + q)
            self.assertEqual(sock.recv(100), b"")
        self.assertGreaterEqual(lab.ask("dns64", "counters")["refused"], 2)


class OnlyIpv4onlyArpa(Case):
    args = ["--forward", UP6, "--cache-size", "0", "--only-ipv4only-arpa"]

    @classmethod
    def script(cls):
        cls.server.names(A("www.test", 60, "8.8.8.8"))

    def test_d64_61_64_66_the_zone(self):
        """SOA and NS are denied as well: RFC 8880, 7.1, number 4."""
        self.answers(self.client.ask("ipv4only.arpa", "A"),
                     "A 3600 192.0.0.170", "A 3600 192.0.0.171")
        for kind in ("SOA", "NS", "TXT"):
            m = self.client.ask("ipv4only.arpa", kind)
            self.answers(m)
            self.assertEqual(m.authority[0][:2], ("ipv4only.arpa", "SOA"))
        m = self.client.ask("a.a.0.0.0.0.0.c." + WKP_REVERSE, "PTR")
        self.answers(m, "PTR 3600 ipv4only.arpa")
        self.answers(self.client.ask("localhost"), "AAAA 3600 ::1")
        self.answers(self.client.ask("x.onion"), rcode=dnsmsg.NXDOMAIN)
        self.assertEqual(self.server.log, [])

    def test_d64_66(self):
        self.answers(self.client.ask("ipv4only.arpa"),
                     "AAAA 3600 64:ff9b::c000:aa",
                     "AAAA 3600 64:ff9b::c000:ab")
        self.answers(self.client.ask("www.test"))
        self.assertEqual(self.server.asked("www.test"), ["AAAA"])


class PassErrors(Case):
    args = ["--forward", UP6, "--cache-size", "0", "--errors", "pass"]

    @classmethod
    def script(cls):
        cls.server.names(A("www.test", 60, "8.8.8.8"),
                         A("bad.test", 60, "9.9.9.9"))
        cls.server.script["bad.test", "AAAA"] = Reply(rcode=dnsmsg.REFUSED)

    def test_d64_55(self):
        self.answers(self.client.ask("bad.test"), rcode=dnsmsg.REFUSED)
        self.answers(self.client.ask("www.test"), "AAAA 60 64:ff9b::808:808")
        self.assertEqual(self.server.asked("bad.test"), ["AAAA"])


class Reload(Case):
    config = lab.FILES / "dns64.conf"
    args = ["--forward", UP6, "--config", str(config)]

    @classmethod
    def script(cls):
        cls.config.write_text("prefix 64:ff9b::/96\n")
        cls.server.names(A("www.test", 300, "8.8.8.8"))

    def test_d64_88_reload(self):
        m = self.client.ask("www.test")
        self.assertEqual(m.answer[0][3], "64:ff9b::808:808")
        self.server.log.clear()
        self.config.write_text(f"prefix 2001:db8:64::/96\n"
                               f"allow {LAN6}/128\n")
        self.dns64.proc.send_signal(signal.SIGHUP)
        lab.wait_for(lambda: self.client4.ask("www.test").rcode ==
                     dnsmsg.REFUSED, "--allow is in force")
        m = self.client.ask("www.test")
        self.assertEqual(m.answer[0][3], "2001:db8:64::808:808")
        self.assertEqual(self.server.log, [], "the cache stays")
        self.config.write_text("prefix 64:ff9b::/95\n")
        self.assertNotEqual(lab.ctl("dns64", "reload").returncode, 0)
        m = self.client.ask("www.test")
        self.assertEqual(m.answer[0][3], "2001:db8:64::808:808")
        self.config.write_text("prefix 64:ff9b::/96\n")
        self.assertEqual(lab.ctl("dns64", "reload").returncode, 0)
        self.assertEqual(self.client4.ask("www.test").rcode, 0)

    def test_cache_is_shown_and_flushed(self):
        self.client.ask("www.test", "A")
        rows = [row for row in lab.ask("dns64", "cache")
                if row["name"] == "www.test." and row["type"] == 1]
        self.assertEqual([row["lifetime"] for row in rows], [300])
        self.client.ask("mail.test", "A")
        rows = lab.ask("dns64", "lookup", "WWW.test")
        self.assertIn((1, 300), [(r["type"], r["lifetime"]) for r in rows])
        self.assertEqual({r["name"].lower() for r in rows}, {"www.test."})
        self.assertEqual(lab.ask("dns64", "lookup", "name=no.test."), [])
        for wrong, why in [((), "name=NAME"), (("a..b",), "domain name"),
                           (("a", "b"), "name=NAME")]:
            done = lab.ctl("dns64", "lookup", *wrong)
            self.assertNotEqual(done.returncode, 0, wrong)
            self.assertIn(why, done.stdout + str(done.stderr))
        self.assertEqual(lab.ctl("dns64", "flush").returncode, 0)
        self.assertEqual(lab.ask("dns64", "cache"), [])
        self.server.log.clear()
        self.client.ask("www.test", "A")
        self.assertEqual(self.server.asked("www.test"), ["A"])


class Limited(Case):
    args = ["--forward", UP6, "--rate-limit", "5"]

    def test_d64_85_rate_limit(self):
        begin, got = time.monotonic(), []
        with self.client.socket(socket.SOCK_DGRAM) as sock:
            for n in range(100):
                sock.send(question("ipv4only.arpa", "AAAA", ident=n))
            sock.settimeout(1)
            try:
                while True:
                    got.append(Message(sock.recv(2000)))
            except socket.timeout:
                pass
        # A slow machine may take more than the second, and gets five in each.
        seconds = int(time.monotonic() - begin) + 2
        cut = [m for m in got if m.flags & dnsmsg.TC]
        whole = len(got) - len(cut)
        self.assertIn(whole, range(5, 5 * seconds + 1))
        self.assertAlmostEqual(len(cut), (100 - whole) / 2, delta=seconds)
        self.assertFalse([m for m in cut if m.answer])
        m = self.client.ask("ipv4only.arpa", tcp=True)
        self.assertEqual(len(m.answer), 2)


class Stream(Case):
    """TCP clients and servers that do what they may, and nobody expects."""
    args = ["--forward", UP6]

    @classmethod
    def script(cls):
        many = [A("many.test", 60, f"9.9.{n}.1") for n in range(250)]
        cls.server.script["many.test", "A"] = Reply(*many, tc=True)
        cls.server.names(A("quick.test", 60, "8.8.8.8"))
        resource.setrlimit(resource.RLIMIT_NOFILE, (12000, 12000))

    def resident(self):
        return int(lab.status(self.dns64.pid)["VmRSS"].split()[0])

    @staticmethod
    def count(name):
        return lab.ask("dns64", "counters")[name]

    def connections(self):
        said = self.net["box"].run("ss", "-Htn", "state", "established",
                                   "sport = :53")
        return len(said.splitlines())

    def still_serves(self):
        for tcp in (False, True):
            self.answers(self.client.ask("ipv4only.arpa", "A", tcp=tcp),
                         "A 3600 192.0.0.170", "A 3600 192.0.0.171")

    def test_d64_79_ten_thousand_idle_connections(self):
        self.still_serves()
        before = self.resident()
        # Of each address only a few are kept: so these have a hundred.
        for n in range(100):
            self.net["lan"].ip(f"addr add 2001:db8:1::f:{n:x}/128 dev eth0 "
                               "nodad")
        socks = []
        for n in range(10000):
            with self.net["lan"].inside():
                sock = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
            socks.append(sock)
            sock.bind((f"2001:db8:1::f:{n % 100:x}", 0))
            sock.settimeout(dnsmsg.PATIENCE)
            sock.connect((BOX6, 53))
        self.still_serves()
        self.assertLessEqual(self.connections(), 64)
        self.assertGreaterEqual(self.count("tcp-evicted"), 10000 - 64)
        self.assertLess(self.resident() - before, 1024, "KiB")
        for sock in socks:
            sock.close()

    def test_d64_79_64_kib_of_questions_byte_by_byte(self):
        q = question("ipv4only.arpa", "A")
        data = (struct.pack(">H", len(q)) + q) * (65536 // (len(q) + 2) + 1)
        before = self.resident()
        got = []
        with self.client.socket(socket.SOCK_STREAM) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for at, byte in enumerate(data):
                sock.sendall(bytes([byte]))
                if (at + 1) % (len(q) + 2) == 0:
                    got.append(len(Message(dnsmsg.read_tcp(sock)).answer))
        self.assertEqual(got, [2] * (len(data) // (len(q) + 2)))
        self.assertGreater(len(data), 65536)
        self.assertLess(self.resident() - before, 256, "KiB")

    def test_d64_79_a_length_of_64_kib(self):
        """No question is as long: the connection ends, and nothing is kept
        for it."""
        with self.client.socket(socket.SOCK_STREAM) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.sendall(b"\xff\xff")
            with self.assertRaises(OSError):
                for _ in range(65535):
                    sock.sendall(b"x")
                    time.sleep(0.001)
        self.still_serves()
        self.assertEqual(self.count("tcp-too-long"), 1)

    def test_d64_79_slow_reader(self):
        """One that asks and does not read is cut off, and no other waits."""
        q = question("many.test", "A")
        self.client.ask("many.test", "A", tcp=True)
        before = self.resident()
        with self.net["lan"].inside():
            sock = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
        with sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.connect((BOX6, 53))
            sock.settimeout(dnsmsg.PATIENCE)
            with self.assertRaises(OSError):
                for _ in range(100000):
                    sock.sendall(struct.pack(">H", len(q)) + q)
        self.still_serves()
        self.assertLess(self.resident() - before, 512, "KiB")
        self.assertEqual(self.count("tcp-slow"), 1)

    def test_d64_77_server_that_drips(self):
        """64 KiB over TCP, the first and last of it in single bytes."""
        records = b"".join(
            dnsmsg.wire_rr(RR("", "TXT", 60, b"\xff" + b"t" * 255))
            for n in range(244))
        with self.net["up"].inside():
            listener = socket.create_server(
                (UP6, 5353), family=socket.AF_INET6)
            udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        udp.bind((UP6, 5353))

        def serve():
            data, peer = udp.recvfrom(2000)
            udp.sendto(data[:2] + b"\x83\x80" + data[4:], peer)
            sock, _ = listener.accept()
            asked = dnsmsg.read_tcp(sock)
            end = 12 + len(dnsmsg.wire_name("drip.test")) + 4
            m = (asked[:2] + struct.pack(">5H", 0x8180, 1, 244, 0, 0)
                 + asked[12:end] + records)
            m = struct.pack(">H", len(m)) + m
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in m[:200]:
                sock.sendall(bytes([byte]))
            sock.sendall(m[200:-200])
            for byte in m[-200:]:
                sock.sendall(bytes([byte]))
            sock.recv(1)
            sock.close()
        thread = threading.Thread(target=serve)
        thread.start()
        self.net["box"].xlat("dns64", "--instance", "drip", "--listen",
                             f"[{BOX6}]:5353", "--forward", f"[{UP6}]:5353")
        m = Client(self.net["lan"], BOX6, port=5353).ask("drip.test", "TXT",
                                                         tcp=True)
        self.assertEqual(len(m.answer), 244)
        self.assertGreater(len(m.data), 65000)
        thread.join()
        for sock in (udp, listener):
            sock.close()


class UpstreamCookies(Case):
    @classmethod
    def script(cls):
        cls.server.names(A("www.test", 60, "8.8.8.8"))
        cls.server.cookie = b"S" * 16

    def cookie(self):
        self.server.log.clear()
        self.answers(self.client.ask("www.test", "A"), "A 60 8.8.8.8")
        return [(q.tcp, q.opt.get(10)) for q in self.server.log]

    def test_server_with_and_without(self):
        first = self.cookie()[0][1]
        self.assertEqual(len(first), 8)
        self.assertEqual(self.cookie(), [(False, first + b"S" * 16)])
        # It forgets about them: who else could have answered?
        self.server.cookie = False
        self.assertEqual(self.cookie(), [(False, first + b"S" * 16),
                                         (True, first + b"S" * 16)])
        self.assertEqual(self.cookie(), [(False, None)])


class SharedSecret(Case):
    """Two servers, of which each knows the other's cookies."""
    config = lab.FILES / "secret.conf"
    args = ["--forward", UP6, "--config", str(config)]
    OLD, NEW = "dd3bdf9344b678b185a6f5cb60fca715", "445536bcd2513298075a5d" \
        "379663c962"

    @classmethod
    def script(cls):
        cls.config.write_text(f"cookie-secret {cls.OLD}\n")
        cls.net["box"].xlat("dns64", "--instance", "second", "--forward", UP6,
                            "--listen", f"[{BOX6}]:5300", "--cookie-secret",
                            cls.NEW, "--cookie-secret", cls.OLD.upper())

    def cookie(self, port, old=b"abcdefgh"):
        """Ask for one alone: (rcode, the new one)."""
        q = struct.pack(">6H", 1, dnsmsg.RD, 0, 0, 0, 1)
        m = Client(self.net["lan"], BOX6, port=port).send(
            q + dnsmsg.opt(options=[(10, old)]))
        return m.rcode, m.opt[10]

    def test_shared_and_changed(self):
        first = self.cookie(53)[1]
        stamp = struct.unpack(">I", first[12:16])[0]
        self.assertLess(abs(stamp - time.time()), 60, "RFC 9018, 4.3")
        rcode, second = self.cookie(5300, first)
        self.assertEqual(rcode, dnsmsg.NOERROR)
        self.assertEqual(self.cookie(53, second)[0], 23, "BADCOOKIE")
        self.config.write_text(f"cookie-secret {self.OLD}\n"
                               f"cookie-secret {self.NEW}\n")
        self.assertEqual(lab.ctl("dns64", "reload").returncode, 0)
        self.assertEqual(self.cookie(53, second)[0], dnsmsg.NOERROR)
        self.config.write_text("")
        self.assertEqual(lab.ctl("dns64", "reload").returncode, 0)
        self.assertEqual(self.cookie(53, first)[0], 23)


class Threads(Case):
    """Four threads: each has sockets of its own, the rest is for all."""
    args = ["--forward", UP6, "--threads", "4"]

    @classmethod
    def script(cls):
        for n in range(200):
            cls.server.names(A(f"p{n}.test", 300, f"9.9.9.{n}"))
        many = [A("many.test", 60, f"9.9.{n}.1") for n in range(35)]
        cls.server.script["many.test", "A"] = Reply(*many, delay=0.3)

    def ports_of_listeners(self):
        said = self.net["box"].run("ss", "-Hlun", f"src [{BOX6}]:53")
        return len(said.splitlines())

    def test_one_process_four_threads(self):
        tasks = f"/proc/{self.dns64.pid}/task"
        lab.wait_for(lambda: len(os.listdir(tasks)) == 4, "four threads")
        self.assertEqual(self.ports_of_listeners(), 4)
        self.assertEqual(lab.ask("dns64", "status")["threads"], 4)
        for task in os.listdir(tasks):
            said = lab.status(int(task))
            self.assertEqual(said["Seccomp"], "2", "each has the filter")
            self.assertEqual(int(said["CapEff"], 16), 0)

    def test_all_of_them_answer_out_of_one_cache(self):
        """Two hundred clients' ports: the kernel spreads them."""
        socks = [self.client.socket(socket.SOCK_DGRAM) for _ in range(200)]
        for rounds in range(2):
            for n, sock in enumerate(socks):
                sock.send(question(f"p{(n + 50 * rounds) % 200}.test", "A",
                                   ident=n))
            for n, sock in enumerate(socks):
                m = Message(sock.recv(2000))
                self.assertEqual(m.id, n)
                self.assertEqual(m.answer[0][3],
                                 f"9.9.9.{(n + 50 * rounds) % 200}")
        for n in range(200):
            self.assertEqual(self.server.asked(f"p{n}.test"), ["A"])
        for sock in socks:
            sock.close()

    def test_one_question_for_all_who_wait(self):
        socks = [self.client.socket(socket.SOCK_DGRAM) for _ in range(40)]
        for n, sock in enumerate(socks):
            sock.send(question("many.test", "A", ident=n, edns=1232))
        for n, sock in enumerate(socks):
            m = Message(sock.recv(2000))
            self.assertEqual((m.id, len(m.answer)), (n, 35))
            sock.close()
        self.assertEqual(self.server.asked("many.test"), ["A"])

    def test_flush_and_reload_meanwhile(self):
        """Nobody is left without an answer, and nobody gets a wrong one."""
        stop = threading.Event()

        def disturb():
            while not stop.is_set():
                lab.ctl("dns64", "flush")
                lab.ctl("dns64", "reload")
                lab.ask("dns64", "cache")
        other = threading.Thread(target=disturb)
        other.start()
        try:
            for turn in range(20):
                socks = [self.client.socket(socket.SOCK_DGRAM)
                         for _ in range(50)]
                for n, sock in enumerate(socks):
                    sock.send(question(f"p{n}.test", "AAAA", ident=n))
                for n, sock in enumerate(socks):
                    m = Message(sock.recv(2000))
                    self.assertEqual(m.id, n, turn)
                    self.assertEqual(m.answer[0][3], str(
                        ipaddress.ip_address(f"64:ff9b::909:9{n:02x}")))
                    sock.close()
        finally:
            stop.set()
            other.join()

    def test_address_of_somebody_else(self):
        """Sharing among threads is no sharing with who would share, too."""
        with self.net["box"].inside():
            sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        with sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind((BOX6, 5399))
            done = self.net["box"].try_run(
                lab.XLAT, "dns64", "--instance", "second", "--listen",
                f"[{BOX6}]:5399", "--forward", UP6, "--threads", "4")
        self.assertEqual(done.returncode, 5, done.stdout)

    def test_end_while_busy(self):
        program = self.net["box"].xlat(
            "dns64", "--instance", "third", "--listen", f"[{BOX6}]:5353",
            "--forward", UP6, "--threads", "8")
        client = Client(self.net["lan"], BOX6, port=5353)
        for n in range(20):
            client.ask(f"p{n}.test")
        self.assertEqual(program.stop(), 0)


class Cut(Case):
    """Replies of one length to one client are one message for the kernel to
    cut; here the way to one client is too narrow for the pieces."""
    args = ["--forward", UP6, "--threads", "1", "--cache-size", "0",
            "--listen", "[::]:5353", "--listen", "0.0.0.0:5353"]

    @classmethod
    def script(cls):
        cls.net["box"].ip(f"route add {LAN4}/32 dev lan0 mtu lock 576")
        many = [A("many.test", 60, f"9.9.{n}.1") for n in range(60)]
        cls.server.script["many.test", "A"] = Reply(*many, delay=0.3)
        cls.server.script["one.test", "A"] = Reply(
            A("one.test", 60, "8.8.8.8"), delay=0.3)

    def replies(self, client, name, count):
        """They all wait for one answer, so they are all sent at once."""
        with client.socket(socket.SOCK_DGRAM) as sock:
            for n in range(count):
                sock.send(question(name, "A", ident=n, edns=1232))
            got = [Message(sock.recv(2000)) for _ in range(count)]
        self.assertEqual(self.server.asked(name), ["A"])
        self.assertEqual(sorted(m.id for m in got), list(range(count)))
        return {len(m.answer) for m in got}

    def test_narrow_way(self):
        self.assertEqual(self.replies(self.client4, "many.test", 10), {60})

    def test_wide_way(self):
        self.assertEqual(self.replies(self.client, "one.test", 30), {1})

    def test_different_lengths_in_between(self):
        """They wait until it may run again, and are dealt with at once."""
        kinds = [("ipv4only.arpa", "AAAA"), ("ipv4only.arpa", "A"),
                 ("localhost", "AAAA"), ("x.localhost", "AAAA")]
        want = {"AAAA": {"64:ff9b::c000:aa", "64:ff9b::c000:ab"},
                "A": {"192.0.0.170", "192.0.0.171"}}
        with self.client.socket(socket.SOCK_DGRAM) as sock:
            self.dns64.proc.send_signal(signal.SIGSTOP)
            for n in range(24):
                sock.send(question(*kinds[n % 4], ident=n))
            self.dns64.proc.send_signal(signal.SIGCONT)
            got = [Message(sock.recv(2000)) for _ in range(24)]
        self.assertEqual(sorted(m.id for m in got), list(range(24)))
        for m in got:
            name, kind = kinds[m.id % 4]
            self.assertEqual(m.questions, [(name, kind)])
            self.assertEqual({rr[3] for rr in m.answer},
                             want[kind] if "4" in name else {"::1"})

    def test_source_is_what_was_asked(self):
        """The clients' sockets are connected: nothing else gets there."""
        for server in (BOX6, BOX4):
            self.server.log.clear()
            client = Client(self.net["lan"], server, port=5353)
            self.assertEqual(self.replies(client, "one.test", 30), {1})


class Authority(Case):
    def test_no_privilege(self):
        for pid in [self.dns64.pid] + lab.children(self.dns64.pid):
            said = lab.status(pid)
            self.assertEqual(set(said["Uid"].split()), {"65534"})
            for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                self.assertEqual(int(said[name], 16), 0, name)
            self.assertEqual(said["NoNewPrivs"], "1")


class Life(unittest.TestCase):
    """Start and end, in a host by itself."""

    def setUp(self):
        self.net = lab.Lab("box")
        self.addCleanup(self.net.close)
        self.box = self.net["box"]

    def fails(self, status, pattern, *args, **more):
        done = self.box.try_run(lab.XLAT, "dns64", *args, **more)
        self.assertEqual(done.returncode, status, done.stdout)
        self.assertEqual(done.stdout.count("\n"), 1, done.stdout)
        self.assertRegex(done.stdout, pattern)

    def test_leaves_no_trace(self):
        before = self.box.snapshot()
        for number in (signal.SIGTERM, signal.SIGINT):
            program = self.box.xlat("dns64", "--forward", "127.0.0.1:5300")
            self.assertEqual(program.stop(number), 0)
            after = self.box.snapshot()
            changed = [k for k in before if before[k] != after[k]]
            # The directory of sockets stays for the next instance.
            self.assertEqual([k for k in changed if k != "files"], [])
            self.assertNotIn(".sock", after["files"])
        self.assertEqual(self.box.pids(), [])

    def test_d64_18_19_20_usage(self):
        good = ["--forward", "127.0.0.1:5300"]
        for pattern, args in [
                ("--forward.*expected", []),
                ("--forward 'nowhere'", ["--forward", "nowhere"]),
                ("--forward.*'0.0.0.0'|--forward.*asked",
                 ["--forward", "0.0.0.0"]),
                ("--listen '127.0.0.1:0'", good + ["--listen", "127.0.0.1:0"]),
                ("--prefix '64:ff9b::/95'", good + ["--prefix",
                                                    "64:ff9b::/95"]),
                ("--prefix.*behind its length", good + [
                    "--prefix", "64:ff9b::1/96"]),
                ("--prefix.*64 to 71", good + [
                    "--prefix", "2001:db8:0:0:100::/96"]),
                ("--allow '10.0.0.1/8'", good + ["--allow", "10.0.0.1/8"]),
                ("--allow '::/0=1'", good + ["--allow", "::/0=1"]),
                ("--exclude6 '10.0.0.0/8'", good + ["--exclude6",
                                                    "10.0.0.0/8"]),
                ("--map4 'x'", good + ["--map4", "x"]),
                ("--ignore-aaaa 'a..b'", good + ["--ignore-aaaa", "a..b"]),
                ("--exclude-name '.'", good + ["--exclude-name", "."]),
                ("--rate-limit '-1'", good + ["--rate-limit", "-1"]),
                ("--listen '::1:53'.*brackets", good + ["--listen",
                                                        "::1:53"]),
                ("--listen.*each address once",
                 good + ["--listen", "::1", "--listen", "[::1]:53"]),
                ("--forward.*each address once", good + good),
                ("--prefix.*each prefix once",
                 good + ["--prefix", "64:ff9b::/96"] * 2),
                ("--allow.*each network once",
                 good + ["--allow", "::1", "--allow", "::1=none"]),
                ("--allow.*each network once",
                 good + ["--allow", "::1=64:ff9b::/96", "--allow",
                         "::1=none"]),
                ("--allow.*each network once",
                 good + ["--allow", "::1=64:ff9b::/96"] * 2),
                ("--source '::1:53'", good + ["--source", "::1:53"]),
                ("--source '127.0.0.1:53'", good + ["--source",
                                                    "127.0.0.1:53"]),
                ("--source '::2'.*one address of each",
                 good + ["--source", "::1", "--source", "::2"]),
                ("--interface 'a/b'", good + ["--interface", "a/b"]),
                ("--strangers 'maybe'", good + ["--strangers", "maybe"]),
                ("--errors 'maybe'", good + ["--errors", "maybe"]),
                ("--ptr 'maybe'", good + ["--ptr", "maybe"]),
                ("--cache-size '63k'", good + ["--cache-size", "63k"]),
                ("--cache-size '9g'", good + ["--cache-size", "9g"]),
                ("--cookie-secret.*32 hex", good + [
                    "--cookie-secret", "12" * 15 + "1g"]),
                ("--cookie-secret.*32 hex", good + [
                    "--cookie-secret", "12" * 17]),
                ("--cookie-secret.*at most 3",
                 good + ["--cookie-secret", "12" * 16] * 4),
                ("--threads '0'", good + ["--threads", "0"]),
                ("--threads '17'.*1 to 16", good + ["--threads", "17"]),
                ("--serve-stale '31d'", good + ["--serve-stale", "31d"]),
                ("--forward .* this program listens",
                 ["--forward", "127.0.0.1", "--listen", "127.0.0.1"])]:
            with self.subTest(args=args):
                self.fails(2, pattern, *args)

    def test_address_in_use(self):
        with self.box.inside():
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with sock:
            sock.bind(("127.0.0.1", 53))
            self.fails(5, r"127\.0\.0\.1:53.*in use",
                       "--forward", "127.0.0.1:5300")

    def test_address_that_is_not_ours(self):
        self.fails(4, r"\[2001:db8::1\]:53", "--forward", "127.0.0.1:5300",
                   "--listen", "2001:db8::1")

    def test_source_that_is_not_ours(self):
        self.fails(4, r"ask from \[2001:db8::1\]", "--forward",
                   "127.0.0.1:5300", "--source", "2001:db8::1")

    def test_interface_that_comes_later(self):
        program = self.box.start(lab.XLAT, "dns64", "--forward",
                                 "127.0.0.1:5300", "--interface", "ppp9")
        program.wait_output("--interface ppp9: there is none")
        program.wait_output("is ready")
        self.assertEqual(program.stop(), 0)

    def test_low_port_without_root(self):
        self.fails(3, "root", "--forward", "127.0.0.1:5300", "--control",
                   "none", user=65534, group=65534, extra_groups=[])

    def test_high_port_without_root(self):
        program = self.box.start(lab.XLAT, "dns64", "--forward",
                                 "127.0.0.1:5300", "--listen",
                                 "127.0.0.1:5400", "--control", "none",
                                 user=65534, group=65534, extra_groups=[])
        program.wait_output("is ready")
        self.assertEqual(program.stop(), 0)

    def test_new_network_is_served(self):
        """Without --allow: one that the machine gets later, too."""
        server = dnsmsg.Server(self.box, "127.0.0.1", 5300)
        self.addCleanup(server.close)
        server.names(A("www.test", 60, "8.8.8.8"))
        self.box.ip("link add eth0 type veth peer name eth1", "link set eth0 up",
                    "link set eth1 up")
        self.box.xlat("dns64", "--forward", "127.0.0.1:5300", "--listen",
                      "0.0.0.0")
        self.box.ip("addr add 203.0.113.1/24 dev eth0")
        client = Client(self.box, "127.0.0.1", source="203.0.113.1")
        self.assertEqual(client.ask("www.test").rcode, dnsmsg.REFUSED)
        lab.wait_for(lambda: client.ask("www.test").rcode == 0,
                     "the new network is served", 20)

    def test_reply_comes_from_the_address_that_was_asked(self):
        self.box.ip("link add eth0 type veth peer name eth1", "link set eth0 up",
                    "link set eth1 up",
                    "addr add 203.0.113.1/24 dev eth0",
                    "addr add 203.0.113.2/24 dev eth0",
                    "addr add 2001:db8::1/64 dev eth0",
                    "addr add 2001:db8::2/64 dev eth0")
        self.box.xlat("dns64", "--forward", "127.0.0.1:5300",
                      "--listen", "0.0.0.0", "--listen", "::")
        for address in ("203.0.113.2", "2001:db8::2"):
            # The client's socket is connected: nothing else gets through.
            m = Client(self.box, address).ask("ipv4only.arpa")
            self.assertEqual(len(m.answer), 2, address)


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
