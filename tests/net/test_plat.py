#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xlat plat, the real binary: customers and servers are a packet socket on its
device. Bindings, filtering, TCP, ICMP, hairpinning and limits (RFC 6146)."""
import pathlib
import subprocess
import time
import unittest

import box
import lab
import packets
from packets import ICMP, ICMP6, TCP, UDP, icmp, ping, tcp, udp

POOL6 = "2001:db8:64::/96"
SERVER4, SERVER6 = "198.51.100.10", "2001:db8:64::c633:640a"
OTHER4, OTHER6 = "198.51.100.11", "2001:db8:64::c633:640b"
ANN, BOB, EVE = "2001:db8:a::1", "2001:db8:b::1", "3fff::1"
POOL4 = {f"192.0.2.{n}" for n in (8, 9, 10, 11)}
MANUAL = pathlib.Path(__file__).parents[2] / "cmd/xlat-plat.8"
ARGS = ["plat", "--pool6", POOL6, "--pool4", "192.0.2.8/30",
        "--allow6", "2001:db8::/32", "--allow4", "198.51.100.0/24"]
SYN, ACK, RST = 2, 16, 4


def four(p):
    return p.version == 4


def six(p):
    return p.version == 6


class Case(box.Case):
    more = []
    pool4 = POOL4

    def setUp(self):
        super().setUp()
        self.plat = self.box.xlat(*ARGS, *self.more)
        self.tap = self.tap_at("plat")

    def drops(self):
        return {k: v for k, v in lab.ask("plat", "counters").items()
                if k.startswith("drop-")}

    def dropped(self, packet, reason):
        before = self.drops()
        self.tap.send(packet)
        name = f"drop-{reason}"
        lab.wait_for(lambda: self.drops()[name] == before[name] + 1,
                     f"{name}, but {before} and {self.drops()}")

    def out(self, packet):
        """A customer's packet, as the IPv4 side gets it."""
        p = self.tap.ask(packet, four)
        self.assertIsNotNone(p, "nothing came out")
        self.assertTrue(p.good_header and p.good_checksum())
        self.assertIn(p.src, self.pool4)
        return p

    def back(self, packet):
        """A server's packet, as the customer gets it."""
        p = self.tap.ask(packet, six)
        self.assertIsNotNone(p, "nothing came back")
        self.assertTrue(p.good_checksum())
        return p

    def where(self, p):
        return p.src, p.sport


class Bindings(Case):
    def test_udp_there_and_back(self):
        p = self.out(udp(ANN, SERVER6, 4000, 53, b"question"))
        self.assertEqual((p.dst, p.dport, p.body[8:], p.ttl),
                         (SERVER4, 53, b"question", 63))
        p = self.back(udp(SERVER4, p.src, 53, p.sport, b"answer"))
        self.assertEqual((p.src, p.sport, p.dst, p.dport, p.body[8:], p.ttl),
                         (SERVER6, 53, ANN, 4000, b"answer", 63))

    def test_mapping_is_endpoint_independent(self):
        """One customer port, one pool port, whatever the destination."""
        for kind in (udp, lambda *a: tcp(*a, SYN)):
            seen = {self.where(self.out(kind(ANN, *to)))
                    for to in ((SERVER6, 4000, 53), (SERVER6, 4000, 54),
                               (OTHER6, 4000, 53))}
            self.assertEqual(len(seen), 1)

    def test_ports_differ(self):
        seen = {self.where(self.out(udp(host, SERVER6, port, 53)))
                for host in (ANN, BOB) for port in range(4000, 4020)}
        self.assertEqual(len(seen), 40)

    def test_parity_of_udp_ports(self):
        for port in range(4000, 4010):
            p = self.out(udp(ANN, SERVER6, port, 53))
            self.assertEqual(p.sport % 2, port % 2)

    def test_a_subscriber_keeps_its_address(self):
        """RFC 6888, REQ-2: all hosts of a /64."""
        seen = {self.out(udp(f"2001:db8:a::{n}", SERVER6, 4000, 53)).src
                for n in range(1, 10)}
        self.assertEqual(len(seen), 1)

    def test_N64_212_P78_11_fragments_get_our_identification(self):
        """Eight hosts send datagrams with the same one at the same time, by
        four addresses: no two have the same (RFC 6864, 5.3.1), and that of a
        datagram is that of all its pieces."""
        hosts = {f"2001:db8:{n:x}::1": 4000 + n for n in range(8)}
        sent = [list(packets.pieces6(udp(host, SERVER6, port, 53,
                                         b"x" * 1000), 0x10005))
                for host, port in hosts.items()]
        seen = []
        for pieces in zip(*sent):
            got = [self.tap.ask(piece, four) for piece in pieces]
            self.assertTrue(all(p.good_header for p in got))
            seen.append([(p.src, p.ident) for p in got])
        self.assertEqual(len(seen), 3)
        self.assertEqual(len(set(seen[0])), 8)
        self.assertEqual(seen[1:], seen[:1] * 2)

    def test_ping(self):
        p = self.out(ping(ANN, SERVER6, ident=7, seq=1))
        self.assertEqual((p.type, p.rest & 0xFFFF), (8, 1))
        ident = p.rest >> 16
        p = self.back(icmp(SERVER4, p.src, 0, 0, ident << 16 | 1, b"ping"))
        self.assertEqual((p.dst, p.proto, p.type, p.rest),
                         (ANN, ICMP6, 129, 7 << 16 | 1))

    def test_tcp(self):
        p = self.out(tcp(ANN, SERVER6, 4000, 80, SYN, seq=100))
        self.assertEqual((p.dst, p.dport, p.proto), (SERVER4, 80, TCP))
        q = self.back(tcp(SERVER4, p.src, 80, p.sport, SYN | ACK, 300, 101))
        self.assertEqual((q.src, q.dst, q.dport), (SERVER6, ANN, 4000))
        q = self.out(tcp(ANN, SERVER6, 4000, 80, ACK, 101, 301, b"GET"))
        self.assertEqual(self.where(q), self.where(p))
        row, = lab.ask("plat", "sessions")
        self.assertEqual((row["proto"], row["client"], row["port"]),
                         ("tcp", ANN, 4000))
        self.assertEqual((row["remote"], row["rport"]), (SERVER4, 80))
        self.assertEqual((row["pool"], row["pport"]), self.where(p))
        # RFC 6146, 4: an established session lives for 2 h 4 min
        self.assertGreater(row["expires"], 7000)


class Refusals(Case):
    def test_nobody_there(self):
        self.dropped(udp(SERVER4, "192.0.2.8", 53, 4000), "no-binding")
        # RFC 6146, 3.5.2.2: it might be half of a simultaneous open
        self.dropped(tcp(SERVER4, "192.0.2.8", 53, 4000, SYN), "syn-held")
        self.dropped(tcp(SERVER4, "192.0.2.8", 53, 4001, ACK), "no-binding")
        self.dropped(ping(SERVER4, "192.0.2.8"), "no-binding")

    def test_segment_without_a_session(self):
        self.dropped(tcp(ANN, SERVER6, 4000, 80, ACK), "tcp-state")
        self.dropped(tcp(ANN, SERVER6, 4000, 80, RST), "tcp-state")
        self.assertEqual(lab.ask("plat", "sessions"), [])

    def test_customer_that_is_none(self):
        self.dropped(udp(EVE, SERVER6, 1, 2), "denied")

    def test_destination_that_is_not_global(self):
        for text in ("2001:db8:64::a00:1", "2001:db8:64::c0a8:101"):
            self.dropped(udp(ANN, text, 1, 2), "non-global")

    def test_destination_of_nobody(self):
        self.dropped(udp(ANN, "2001:db8:64::7f00:1", 1, 2),
                     "illegal-destination")
        self.dropped(udp(ANN, "2001:db8:65::1", 1, 2), "no-mapping")

    def test_unknown_protocol(self):
        self.dropped(packets.ip(ANN, SERVER6, 50, bytes(32)),
                     "unknown-protocol")

    def test_lies(self):
        good4 = udp(SERVER4, "192.0.2.8", 1, 2, b"12345678")
        good6 = udp(ANN, SERVER6, 1, 2, b"12345678")
        self.dropped(good4[:19], "short")
        self.dropped(good6[:39], "short")
        self.dropped(good4[:27], "bad-length")
        self.dropped(good6[:47], "bad-length")
        for size in range(1, len(good6)):
            self.tap.send(good6[:size])
        for size in range(1, len(good4)):
            self.tap.send(good4[:size])
        self.out(good6)


class Management(Case):
    """RFC 7659 and RFC 8512: what is counted, and what is shown."""
    more = ["--max-subscribers", "1", "--pool4", "192.0.2.1:1024-2023"]
    pool4 = {*POOL4, "192.0.2.1"}

    def grown(self, before):
        after = lab.ask("plat", "counters")
        return {k: v - before[k] for k, v in after.items() if v != before[k]}

    def test_M76_01_by_protocol(self):
        before = lab.ask("plat", "counters")
        p = self.out(udp(ANN, SERVER6, 4000, 53, b"12345678"))
        self.back(udp(SERVER4, p.src, 53, p.sport, b"1234"))
        found = {k: v for k, v in self.grown(before).items()
                 if k.startswith(("udp", "tcp", "icmp-p"))}
        self.assertEqual(found, {
            "udp-sessions-created": 1, "udp-bindings-created": 1,
            "udp-packets-6to4": 1, "udp-bytes-6to4": 56,
            "udp-packets-4to6": 1, "udp-bytes-4to6": 32})
        status = lab.ask("plat", "status")
        self.assertEqual((status["udp-sessions"], status["udp-bindings"],
                          status["udp-ports-used"], status["tcp-sessions"]),
                         (1, 1, 1, 0))

    def test_M76_09_M76_12_all_drops(self):
        """Each drop counts once for all, and under its reason."""
        self.out(udp(ANN, SERVER6, 4000, 53))
        for reason, packet in (
                ("too-many-subscribers", udp(BOB, SERVER6, 4000, 53)),
                ("no-binding", udp(SERVER4, "192.0.2.8", 53, 4000)),
                ("denied", udp(EVE, SERVER6, 1, 2)),
                ("tcp-state", tcp(ANN, SERVER6, 4000, 80, ACK)),
                ("short", b"E\0\0")):
            before = lab.ask("plat", "counters")
            self.tap.send(packet)
            lab.wait_for(lambda: self.grown(before).get("dropped-packets"),
                         reason)
            grown = self.grown(before)
            self.assertEqual({k: v for k, v in grown.items()
                              if k.startswith("drop")},
                             {f"drop-{reason}": 1, "dropped-packets": 1,
                              "dropped-bytes": len(packet)})

    def test_M76_14_pool(self):
        status = lab.ask("plat", "status")
        self.assertEqual((status["pool-addresses"],
                          status["pool-addresses-used"],
                          status["pool-ports"]), (5, 0, 4 * 65535 + 1000))
        for n in range(3):
            self.out(tcp(ANN, SERVER6, 4000 + n, 80, SYN))
        status = lab.ask("plat", "status")
        self.assertEqual((status["pool-addresses-used"],
                          status["tcp-ports-used"]), (1, 3))

    def test_M76_15_tcp_by_state(self):
        p = self.out(tcp(ANN, SERVER6, 4000, 80, SYN))
        self.out(tcp(ANN, SERVER6, 4001, 80, SYN))
        self.back(tcp(SERVER4, p.src, 80, p.sport, SYN | ACK))
        status = lab.ask("plat", "status")
        self.assertEqual((status["V6_INIT-sessions"],
                          status["ESTABLISHED-sessions"],
                          status["TRANS-sessions"]), (1, 1, 0))

    def test_M76_18_behaviour(self):
        status = lab.ask("plat", "status")
        self.assertEqual([status[k] for k in
                          ("mapping", "filtering", "filtering-tcp", "pooling",
                           "fragments")],
                         ["endpoint-independent", "endpoint-independent",
                          "endpoint-independent", "paired", "out-of-order"])


class Filtering(Case):
    def test_anyone_may_answer(self):
        """Endpoint-independent by default (RFC 6146, 3; RFC 4787, REQ-8)."""
        p = self.out(udp(ANN, SERVER6, 4000, 53))
        p = self.back(udp(OTHER4, p.src, 9, p.sport))
        self.assertEqual((p.src, p.dst, p.dport), (OTHER6, ANN, 4000))


class AddressDependentFiltering(Case):
    more = ["--filtering", "address-dependent"]

    def test_only_whom_one_has_asked(self):
        p = self.out(udp(ANN, SERVER6, 4000, 53))
        src, sport = self.where(p)
        self.dropped(udp(OTHER4, src, 9, sport), "filtered")
        # another port of the host that was asked is fine
        p = self.back(udp(SERVER4, src, 9, sport))
        self.assertEqual((p.src, p.sport, p.dst), (SERVER6, 9, ANN))


class Policy(Case):
    more = ["--denylist4", OTHER4, "--no-ping", "--filtering",
            "tcp=address-dependent", "--timeout", "tcp-half-open=30s",
            "--no-refresh", "ipv4"]

    def test_M76_18_behaviour(self):
        status = lab.ask("plat", "status")
        self.assertEqual((status["filtering"], status["filtering-tcp"]),
                         ("endpoint-independent", "address-dependent"))

    def test_C68_06_a_destination_that_is_excluded(self):
        p = self.tap.ask(udp(ANN, OTHER6, 4000, 53), six)
        self.assertEqual((p.dst, p.type, p.code), (ANN, 1, 1))
        p = self.out(udp(ANN, SERVER6, 4000, 53))
        self.dropped(udp(OTHER4, p.src, 53, p.sport), "denied")

    def test_N64_180_no_pings(self):
        self.dropped(ping(ANN, SERVER6, ident=7, seq=1), "filtered")
        self.dropped(ping(SERVER4, "192.0.2.8"), "filtered")

    def test_T53_03_filtering_of_tcp_alone(self):
        p = self.out(udp(ANN, SERVER6, 4000, 53))
        self.back(udp("198.51.100.12", p.src, 9, p.sport))
        p = self.out(tcp(ANN, SERVER6, 4000, 80, SYN))
        self.dropped(tcp("198.51.100.12", p.src, 9, p.sport, SYN), "syn-held")

    def test_P78_02_half_open(self):
        p = self.out(tcp(ANN, SERVER6, 4000, 80, SYN))
        row, = lab.ask("plat", "sessions")
        self.assertTrue(20 < row["expires"] <= 31, row)
        self.back(tcp(SERVER4, p.src, 80, p.sport, SYN | ACK))
        self.out(tcp(ANN, SERVER6, 4000, 80, ACK | 1))
        self.back(tcp(SERVER4, p.src, 80, p.sport, ACK | 1))
        row, = lab.ask("plat", "sessions")
        self.assertEqual(row["state"], "V4_FIN_V6_FIN_RCV")
        self.assertTrue(200 < row["expires"] <= 241, row)


class Errors(Case):
    def test_error_for_a_session(self):
        """Port unreachable from a router on the way, the packet inside."""
        inside = self.out(udp(ANN, SERVER6, 4000, 33434, b"x" * 12))
        p = self.back(icmp(OTHER4, inside.src, 3, 3, 0, inside.data))
        self.assertEqual((p.src, p.dst, p.type, p.code), (OTHER6, ANN, 1, 4))
        q = p.quoted()
        self.assertEqual((q.src, q.sport, q.dst, q.dport),
                         (ANN, 4000, SERVER6, 33434))

    def test_too_big_names_what_fits(self):
        inside = self.out(udp(ANN, SERVER6, 4000, 1, bytes(1400)))
        p = self.back(icmp(OTHER4, inside.src, 3, 4, 1400, inside.data[:64]))
        # RFC 7915, 4.2: 20 bytes more
        self.assertEqual((p.type, p.code, p.rest), (2, 0, 1420))

    def test_error_from_the_customer(self):
        p = self.out(udp(ANN, SERVER6, 4000, 53))
        inside = self.back(udp(SERVER4, p.src, 53, p.sport, b"late"))
        q = self.tap.ask(icmp(ANN, SERVER6, 1, 4, 0, inside.data), four)
        self.assertEqual((q.src, q.dst, q.proto, q.type, q.code),
                         (p.src, SERVER4, ICMP, 3, 3))
        self.assertEqual((q.quoted().dst, q.quoted().dport), self.where(p))

    def test_error_about_nothing(self):
        about = udp("192.0.2.8", SERVER4, 4000, 53)
        before = self.drops()
        self.tap.send(icmp(SERVER4, "192.0.2.8", 3, 3, 0, about))
        lab.wait_for(lambda: sum(self.drops().values()) >
                     sum(before.values()), "a drop")
        self.assertIsNone(self.tap.receive(six, 0.2))

    def test_hop_limit(self):
        p = self.tap.ask(udp(ANN, SERVER6, 4000, 53, ttl=1), six)
        self.assertEqual((p.dst, p.type, p.code), (ANN, 3, 0))
        # an address that the customer can place: under the prefix
        self.assertTrue(p.src.startswith("2001:db8:64:"), p.src)


class NotDone(Case):
    """What plat leaves to others, and what becomes of it."""
    def established(self, port):
        p = self.out(tcp(ANN, SERVER6, 4000, port, SYN))
        self.back(tcp(SERVER4, p.src, port, p.sport, SYN | ACK, 300, 101))
        return p

    def test_U47_10_no_alg(self):
        """Addresses in FTP's and SIP's payload pass as they are."""
        for port, text in (
                (21, b"PORT 192,0,2,9,15,160\r\n"),
                (21, b"EPRT |2|2001:db8:a::1|4000|\r\n"),
                (5060, b"REGISTER sip:x SIP/2.0\r\nContact: "
                       b"<sip:a@[2001:db8:a::1]:4000>\r\n\r\n")):
            self.established(port)
            p = self.out(tcp(ANN, SERVER6, 4000, port, ACK, 101, 301, text))
            self.assertEqual(p.body[20:], text)
            p = self.back(tcp(SERVER4, p.src, port, p.sport, ACK, 301, 200,
                              text))
            self.assertEqual(p.body[20:], text)

    def test_C68_09_pcp_is_not_answered(self):
        """RFC 6887: a MAP request to an address of plat's, under pool6, is
        a packet to a port that nobody has; and who reads the manual is told
        that there is no PCP, and what RFC 6888 asks for it."""
        request = bytes([2, 1]) + bytes(58)
        self.dropped(udp(ANN, "2001:db8:64::c000:208", 4000, 5351, request),
                     "no-binding")
        self.assertIsNone(self.tap.receive(six, 0.2))
        page = " ".join(subprocess.run(
            ["mandoc", "-T", "ascii", MANUAL], check=True, text=True,
            stdout=subprocess.PIPE).stdout.replace("\b", "").split())
        self.assertIn("there is no PCP (RFC 6887), which RFC 6888, REQ-9 "
                      "wants", page)


class NoErrors(Case):
    more = ["--icmp-error-rate", "0"]

    def test_I55_09_no_errors_of_our_own(self):
        """Those of others pass."""
        for packet, reason in (
                (udp(ANN, SERVER6, 4000, 53, ttl=1), "hop-limit"),
                (udp(EVE, SERVER6, 1, 2), "denied"),
                (udp(SERVER4, "192.0.2.8", 53, 4000, ttl=1), "hop-limit")):
            self.dropped(packet, reason)
        self.assertEqual(lab.ask("plat", "counters")["icmp-errors-sent"], 0)
        self.assertIsNone(self.tap.receive(lambda p: p.proto in (ICMP, ICMP6),
                                           0.2))
        inside = self.out(udp(ANN, SERVER6, 4000, 33434, b"x" * 12))
        p = self.back(icmp(OTHER4, inside.src, 3, 3, 0, inside.data))
        self.assertEqual((p.dst, p.type, p.code), (ANN, 1, 4))


class Hairpin(Case):
    def test_two_customers(self):
        """RFC 6146, 3.8: each sees the other's pool address."""
        bob = self.out(udp(BOB, SERVER6, 5000, 53))
        four_bytes = "".join(f"{int(n):02x}" for n in bob.src.split("."))
        pool6 = f"2001:db8:64::{four_bytes[:4]}:{four_bytes[4:]}"
        p = self.tap.ask(udp(ANN, pool6, 4000, bob.sport, b"hello"), six)
        self.assertEqual((p.dst, p.dport, p.body[8:]), (BOB, 5000, b"hello"))
        self.assertTrue(p.good_checksum())
        q = self.tap.ask(udp(BOB, p.src, 5000, p.sport, b"hi"), six)
        self.assertEqual((q.dst, q.dport), (ANN, 4000))
        self.assertEqual(packets.address(q.src), packets.address(pool6))
        self.assertEqual(lab.ask("plat", "counters")["hairpinned"], 2)


class Static(Case):
    more = ["--static", "udp,[2001:db8:a::1]:5000,192.0.2.9:53",
            "--static", "tcp,[2001:db8:a::1]:8080,192.0.2.9:80",
            "--static", "icmp,[2001:db8:a::1]:9,192.0.2.9:7",
            "--filtering", "address-dependent"]

    def test_n64_005_n64_006_port_forwarding(self):
        """A server behind plat is reached before it ever sent a packet."""
        p = self.back(udp(SERVER4, "192.0.2.9", 999, 53, b"question"))
        self.assertEqual((p.src, p.sport, p.dst, p.dport, p.body[8:]),
                         (SERVER6, 999, ANN, 5000, b"question"))
        p = self.out(udp(ANN, SERVER6, 5000, 999, b"answer"))
        self.assertEqual(self.where(p), ("192.0.2.9", 53))
        p = self.back(tcp(SERVER4, "192.0.2.9", 999, 80, SYN))
        self.assertEqual((p.src, p.dst, p.dport), (SERVER6, ANN, 8080))
        p = self.out(tcp(ANN, SERVER6, 8080, 999, SYN | ACK))
        self.assertEqual(self.where(p), ("192.0.2.9", 80))
        p = self.back(icmp(SERVER4, "192.0.2.9", 8, 0, 7 << 16 | 1, b"ping"))
        self.assertEqual((p.dst, p.type, p.rest), (ANN, 128, 9 << 16 | 1))
        rows = lab.ask("plat", "bindings")
        self.assertEqual([(r["proto"], r["pport"], r["kind"], r["sessions"])
                          for r in rows],
                         [("udp", 53, "static", 1), ("tcp", 80, "static", 1),
                          ("icmp", 7, "static", 1)])


class FullTable(Case):
    more = ["--max-sessions", "8"]

    def test_full(self):
        for port in range(8):
            self.out(udp(ANN, SERVER6, 4000 + port, 53))
        self.dropped(udp(ANN, SERVER6, 5000, 53), "table-full")
        # what is there goes on
        self.out(udp(ANN, SERVER6, 4000, 53))
        self.assertEqual(lab.ask("plat", "status")["sessions"], 8)


class Subscribers(Case):
    more = ["--max-sessions-per-subscriber", "3"]

    def test_one_does_not_eat_it_all(self):
        for port in range(3):
            self.out(udp(ANN, SERVER6, 4000 + port, 53))
        self.dropped(udp("2001:db8:a::2", SERVER6, 5000, 53),
                     "subscriber-limit")
        self.out(udp(BOB, SERVER6, 5000, 53))


class Limits(Case):
    more = ["--max-bindings-per-subscriber", "3",
            "--max-sessions-per-binding", "2",
            "--max-rate-per-subscriber", "6"]

    def told(self, reason):
        return [line for line in self.plat.output().splitlines()
                if f", {reason}: " in line]

    def test_each_is_named(self):
        """RFC 6888, REQ-4, REQ-5 and REQ-11: dropped, counted, told once."""
        for port in range(3):
            self.out(udp(ANN, SERVER6, 4000 + port, 53))
        for port in range(3):
            self.dropped(udp(ANN, SERVER6, 5000 + port, 53),
                         "subscriber-bindings")
        time.sleep(1)
        self.out(udp(ANN, SERVER6, 4000, 54))
        self.dropped(udp(ANN, SERVER6, 4000, 55), "binding-limit")
        for port in range(40):
            self.tap.send(udp(BOB, SERVER6, 4000, 1000 + port))
        lab.wait_for(lambda: self.drops()["drop-subscriber-rate"] > 20,
                     "the rate")
        for reason, who in (("subscriber-bindings", "2001:db8:a::/64"),
                            ("binding-limit", "2001:db8:a::/64"),
                            ("subscriber-rate", "2001:db8:b::/64")):
            line, = self.told(reason)
            self.assertIn(f"subscriber {who} is refused", line)

    def test_the_client_is_told(self):
        """RFC 6888, REQ-11b: host unreachable."""
        for port in range(3):
            self.out(udp(ANN, SERVER6, 4000 + port, 53))
        p = self.tap.ask(udp(ANN, SERVER6, 5000, 53), six)
        self.assertEqual((p.dst, p.type, p.code), (ANN, 1, 3))


class Blocks(Case):
    more = ["--port-block", "64", "--max-blocks-per-subscriber", "2",
            "--hold-down", "1h"]

    def test_a_subscriber_has_blocks(self):
        """RFC 6888, REQ-14: 128 ports in two blocks, then no more."""
        seen = {}
        for who in (ANN, BOB):
            at = [self.where(self.out(udp(who, SERVER6, 4000 + n, 53)))
                  for n in range(128)]
            self.assertEqual(len(set(at)), 128)
            self.assertGreaterEqual(min(port for _, port in at), 1024)
            seen[who] = {(addr, port // 64) for addr, port in at}
            self.assertEqual(len(seen[who]), 2)
            self.dropped(udp(who, SERVER6, 6000, 53), "subscriber-ports")
        self.assertFalse(seen[ANN] & seen[BOB])
        self.assertEqual(lab.ask("plat", "status")["port-blocks"], 4)
        self.assertEqual(lab.ask("plat", "counters")["port-blocks-created"], 4)


class Deterministic(Case):
    """RFC 7422: what plat gives is what `xlat addr` says, and back."""
    more = ["--deterministic", "2001:db8:a::/60", "--pool4", "192.0.2.32"]
    own = ["--pool6", POOL6, "--pool4", "192.0.2.8/30", *more]

    def says(self, *what):
        done = subprocess.run([lab.XLAT, "addr", *self.own, *what],
                              capture_output=True, text=True, timeout=10)
        return done.returncode, done.stdout.strip()

    def test_D74_01_D74_05_there_and_back(self):
        """16 subscribers on 5 addresses: four to an address, and the fifth
        address for nobody."""
        at = {}
        for i in range(16):
            who = f"2001:db8:a:{i:x}::1"
            status, said = self.says(who)
            addr, _, ports = said.partition(" ")
            first, last = map(int, ports.split("-"))
            self.assertEqual((status, last - first + 1), (0, 16128))
            for port in (80, 4000, 4001, 65535):
                p = self.tap.ask(udp(who, SERVER6, port, 53), four)
                self.assertEqual(p.src, addr)
                self.assertTrue(first <= p.sport <= last)
                self.assertEqual(self.says(f"{p.src}:{p.sport}"),
                                 (0, f"2001:db8:a:{i:x}::/64".replace(
                                     ":0::", "::")))
            at.setdefault(addr, []).append(first)
        self.assertEqual(at, {f"192.0.2.{n}": [1024, 17152, 33280, 49408]
                              for n in (8, 9, 10, 11)})

    def test_who_is_not_inside(self):
        self.dropped(udp(BOB, SERVER6, 4000, 53), "denied")
        for what in (BOB, "192.0.2.8:1023", "192.0.2.32:2000", "192.0.2.7:2000",
                     "192.0.2.8", "2001:db8:a::/60", "nobody"):
            self.assertEqual(self.says(what), (2, ""))


class SmallPool(unittest.TestCase):
    def test_exhausted(self):
        """Four ports, two of each parity: the fifth flow has none."""
        with lab.Lab("box") as net:
            box = net["box"]
            box.ip("route add blackhole default")
            box.xlat("plat", "--pool6", POOL6, "--pool4",
                     "192.0.2.1:1024-1027", "--allow6", "2001:db8::/32",
                     "--allow4", "198.51.100.0/24")
            with packets.Tap(box, "plat") as tap:
                ports = {tap.ask(udp(ANN, SERVER6, 4000 + n, 53), four).sport
                         for n in range(4)}
                self.assertEqual(ports, {1024, 1025, 1026, 1027})
                tap.send(udp(ANN, SERVER6, 4004, 53))
                lab.wait_for(lambda: lab.ask("plat", "counters")
                             ["drop-pool-exhausted"] == 1, "the drop")


class Mss(Case):
    more = ["--mss-clamp", "1300"]

    def test_SIIT_084_announced_in_either_direction(self):
        """MSS 1460 becomes 1300, 1200 stays (RFC 9293, 3.7.1)."""
        def option(value):
            return bytes((2, 4)) + value.to_bytes(2, "big")
        for port, said, told in (4000, 1460, 1300), (4001, 1200, 1200):
            p = self.out(tcp(ANN, SERVER6, port, 80, SYN,
                             options=option(said)))
            self.assertEqual(p.body[20:], option(told))
            q = self.back(tcp(SERVER4, p.src, 80, p.sport, SYN | ACK, 300, 2,
                              options=option(said)))
            self.assertEqual(q.body[20:], option(told))


class Figures(Case):
    """What RFC 7659 and RFC 8512 want to be told, and xlat tells."""
    more = ["--max-sessions", "20", "--max-bindings-per-subscriber", "5",
            "--static", "tcp,[2001:db8:b::1]:80,192.0.2.9:80",
            "--icmp-error-rate", "8"]

    def figure(self, name, where="counters"):
        return lab.ask("plat", where)[name]

    def test_C68_10_M76_02_bindings(self):
        """Of all, of a subscriber, of an address by protocol; and what is
        scraped is the same."""
        self.out(udp(ANN, SERVER6, 4000, 53))
        self.out(udp(ANN, SERVER6, 4002, 53))
        self.out(tcp(ANN, SERVER6, 4000, 80, SYN))
        self.assertEqual(self.figure("bindings", "status"), 4)
        rows = {r["client"]: r for r in lab.ask("plat", "subscribers")}
        self.assertEqual({c: r["bindings"] for c, r in rows.items()},
                         {"2001:db8:a::/64": 3, "2001:db8:b::/64": 1})
        pool = rows["2001:db8:a::/64"]["pool"]
        here, = (r for r in lab.ask("plat", "pools") if r["pool"] == pool)
        static = pool == "192.0.2.9"
        self.assertEqual((here["udp-used"], here["tcp-used"]),
                         (2, 1 + static))
        page = lab.ctl("plat", "metrics").stdout
        for line in ("xlat_plat_bindings 4", "xlat_plat_sessions 3",
                     "xlat_plat_subscribers 2"):
            self.assertIn(f"\n{line}\n", page)

    def test_M76_07_M76_11_what_is_refused(self):
        for port in range(5):
            self.out(udp(ANN, SERVER6, 4000 + port, 53))
        self.dropped(udp(ANN, SERVER6, 5000, 53), "subscriber-bindings")
        self.dropped(packets.ip(ANN, SERVER6, 50, bytes(32)),
                     "unknown-protocol")
        for port in range(15):
            self.out(udp(ANN, SERVER6, 4000, 1000 + port))
        self.dropped(udp(ANN, SERVER6, 4000, 53053), "table-full")

    def test_M76_10_fragments_beyond_the_queue(self):
        """Of one sender 128 wait for the first of their datagrams."""
        for ident in range(200):
            self.tap.send(packets.ip(SERVER4, "192.0.2.8", UDP, bytes(64),
                                     df=False, ident=ident, frag=64))
        lab.wait_for(lambda: self.figure("drop-fragment") +
                     self.figure("drop-fragment-held") >= 200, "all of them")
        self.assertEqual(self.figure("drop-fragment-held"), 128)

    def test_M76_16_errors_hairpins_and_held(self):
        bob = self.out(udp(BOB, SERVER6, 5000, 53))
        low = int(packets.address(bob.src))
        self.tap.ask(udp(ANN, f"2001:db8:64::{low >> 16:x}:{low & 65535:x}",
                         4000, bob.sport), six)
        self.assertEqual(self.figure("hairpinned"), 1)
        self.dropped(tcp(SERVER4, "192.0.2.8", 53, 4000, SYN), "syn-held")
        self.assertEqual(self.figure("syns-held", "status"), 1)
        for _ in range(100):
            self.tap.send(udp(ANN, SERVER6, 4000, 53, ttl=1))
        lab.wait_for(lambda: self.figure("drop-hop-limit") == 100, "all")
        sent, kept = (self.figure("icmp-errors-sent"),
                      self.figure("drop-error-limit"))
        self.assertEqual(sent + kept, 100)
        self.assertGreater(sent, 0)
        self.assertGreater(kept, 0)


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
