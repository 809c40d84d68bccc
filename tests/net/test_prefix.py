#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How xlat clat comes to its prefix when things are not as they should be:
several routers, links and resolvers, forged and truncated messages. What is
asked of whom, and what never."""
import contextlib
import json
import socket
import struct
import threading
import time
import unittest
from ipaddress import IPv6Address

import lab
import packets
from packets import ICMP6, UDP
from uplink import ENV, FAR4, OTHER64, PREF64, SO_BINDTODEVICE, Case, \
    Resolver, pref64, rdnss

ROUTER = "2001:db8:0:1::1"
SLLA = 1


class Strange(Resolver):
    """A resolver whose answers are something else first; counts types."""

    def __init__(self, host, addr, prefix, mangle, **more):
        self.mangle, self.types = mangle, []
        super().__init__(host, addr, prefix, **more)

    def answer(self, question):
        self.types.append(struct.unpack_from("!H", question,
                                             len(question) - 4)[0])
        return self.mangle(question, super().answer(question))


class TcpResolver(threading.Thread):
    """The same over TCP, byte by byte."""

    def __init__(self, udp, host, addr):
        super().__init__(daemon=True)
        self.udp, self.asked = udp, 0
        with host.inside():
            self.sock = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
        self.sock.bind((addr, 53))
        self.sock.listen()
        self.start()

    def run(self):
        while True:
            client, _ = self.sock.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with client:
                size, = struct.unpack("!H", client.recv(2, socket.MSG_WAITALL))
                question = client.recv(size, socket.MSG_WAITALL)
                self.asked += 1
                answer = Resolver.answer(self.udp, question)
                for byte in struct.pack("!H", len(answer)) + answer:
                    client.sendall(bytes([byte]))


class Routers(Case):
    def setUp(self):
        super().setUp()
        self.address()

    def link_local(self):
        said = self.isp.run("ip", "-6", "addr", "show", "dev", "home",
                            "scope", "link")
        return said.split("inet6 ")[1].split("/")[0]

    def advertisement(self, *options):
        """The bytes of one, as an ICMPv6 message."""
        head = struct.pack("!BBHII", 64, 0, 1800, 0, 0)
        return packets.icmp(self.link_local(), "ff02::1", 134, 0,
                            struct.unpack("!I", head[:4])[0],
                            head[4:] + b"".join(options), ttl=255)

    def send_frame(self, packet):
        with self.isp.inside(), socket.socket(
                socket.AF_PACKET, socket.SOCK_RAW) as line:
            line.bind(("home", packets.ETH_P_IPV6))
            line.send(b"\x33\x33\0\0\0\1\2\0\0\0\0\x99\x86\xdd" + packet)

    def test_p8781_21_in_fragments(self):
        """RFC 6980, 5. Whole it is believed, so nothing else is wrong."""
        program = self.clat("--discover", "ra")
        program.wait_output("is ready, but has to wait: neither routers nor")
        padding = bytes([200, 20]) + bytes(158)
        whole = self.advertisement(pref64(OTHER64), padding)
        message = whole[40:]
        for at, more in ((0, 1), (96, 0)):
            piece = message[at:at + 96] if more else message[at:]
            self.send_frame(packets.ip(
                self.link_local(), "ff02::1", packets.FRAGMENT,
                struct.pack("!BBHI", ICMP6, 0, at | more, 99) + piece,
                ttl=255))
        time.sleep(0.3)
        self.assertEqual(self.status()["pref64"], "none")
        self.send_frame(whole)
        self.wait_prefix(OTHER64)

    def test_p8781_26_refreshed(self):
        """A hundred times: nothing is written, logged or claimed."""
        program = self.clat()
        self.advertise(pref64(PREF64))
        self.wait_state("up")
        monitor = self.home.start("ip", "monitor", "route", "address", "rule")
        lab.wait_for(lambda: self.home.ip("route add blackhole 10.0.0.0/24",
                                          "route del blackhole 10.0.0.0/24")
                     or "10.0.0.0/24" in monitor.output(), "it listens")
        before, said = program.output(), monitor.output()
        for _ in range(100):
            self.advertise(pref64(PREF64))
        self.advertise(pref64(PREF64), pref64(OTHER64))
        self.home.ip("route add blackhole 10.0.1.0/24")
        monitor.wait_output("10.0.1.0/24")
        self.assertEqual([line for line in
                          monitor.output()[len(said):].splitlines()
                          if "clat" in line or "192.0.0" in line], [])
        self.assertEqual(program.output(), before)

    def test_p8781_35_each_link_has_its_own(self):
        """Two uplinks whose routers announce different prefixes: each
        instance uses what was said on its link, and sends it there."""
        self.net.link("home", "wan2", "isp", "home2")
        self.isp.ip("addr add 2001:db8:0:3::1/64 dev home2 nodad")
        self.home.sysctl("net/ipv6/conf/wan2/accept_ra", 0)
        self.home.ip("addr add 2001:db8:0:3::2/64 dev wan2 nodad",
                     "route add default via 2001:db8:0:3::1 dev wan2 "
                     "metric 4000")
        self.clat("--uplink", "wan")
        self.clat("--instance", "second", "--uplink", "wan2")
        self.advertise(pref64(PREF64))
        lab.wait_for(lambda: self.status("clat")["state"] == "up", "first")
        self.assertEqual(self.status("second")["pref64"], "none")
        with self.isp.inside():
            other = socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58)
        with other:
            other.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, b"home2\0")
            other.setsockopt(socket.IPPROTO_IPV6,
                             socket.IPV6_MULTICAST_HOPS, 255)
            other.sendto(struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0,
                                     0) + pref64(OTHER64), ("ff02::1", 0))
        self.wait_state("up", "second")
        self.assertEqual((self.status("clat")["pref64"],
                          self.status("second")["pref64"]),
                         (PREF64, OTHER64))

    def test_p8781_38_resolver_takes_over(self):
        """What the router says ends: RFC 7050 is asked, and used."""
        self.provider()
        Resolver(self.isp, ROUTER, PREF64)
        self.clat()
        self.advertise(pref64(OTHER64), rdnss(ROUTER))
        self.wait_state("up")
        self.advertise(pref64(OTHER64, 0))
        lab.wait_for(lambda: self.status()["pref64-from"] == "dns", "DNS")
        self.wait_state("up")
        self.assertEqual(self.status()["pref64"], PREF64)
        self.ping()

    def solicitation(self, seconds=2):
        return self.line.receive(lambda p: p.proto == ICMP6
                                 and p.type == 133, seconds)

    def test_p8781_48_solicitation(self):
        """The link-layer address and no other option; no advertisement."""
        with packets.Tap(self.isp, "home", packets.ETH_P_IPV6) as self.line:
            self.clat()
            p = self.solicitation()
            mac = json.loads(self.home.run("ip", "-j", "link", "show",
                                           "wan"))[0]["address"]
            self.assertEqual(p.body[8:], bytes([SLLA, 1])
                             + bytes.fromhex(mac.replace(":", "")))
            self.advertise(pref64(PREF64))
            self.wait_state("up")
            self.assertIsNone(self.line.receive(
                lambda p: p.proto == ICMP6 and p.type == 134, 0.5))

    def test_p8781_46_not_delayed(self):
        """The link has just come up; the fastest of some counts."""
        self.clat("--uplink", "wan")
        waited = []
        with packets.Tap(self.isp, "home", packets.ETH_P_IPV6) as self.line:
            for _ in range(4):
                self.home.ip("link set wan down")
                self.wait_state("off")
                self.line.drain()
                began = time.monotonic()
                self.home.ip("link set wan up",
                             "addr add fe80::2/64 dev wan nodad")
                self.assertIsNotNone(self.solicitation(4))
                waited.append(time.monotonic() - began)
        print(f"solicited after {min(waited) * 1000:.0f} ms")
        self.assertLess(min(waited), 0.25)

    def test_p8781_47_without_a_link_local_address(self):
        """What is sent never has :: and an option together."""
        self.home.ip("link set wan addrgenmode none",
                     "addr flush dev wan scope link")
        with packets.Tap(self.isp, "home", packets.ETH_P_IPV6) as self.line:
            self.clat()
            p = self.solicitation(1)
        if p:
            self.assertTrue(p.src != "::" or len(p.body) == 8, p)

    def test_p8781_53_our_own_router(self):
        """A router on this machine that advertises on the uplink."""
        self.clat("--discover", "ra")
        with self.home.inside(), \
                socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58) as own:
            own.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, b"wan\0")
            own.setsockopt(socket.IPPROTO_IPV6,
                           socket.IPV6_MULTICAST_HOPS, 255)
            own.setsockopt(socket.IPPROTO_IPV6,
                           socket.IPV6_MULTICAST_LOOP, 1)
            head = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0)
            for _ in range(3):
                own.sendto(head + pref64(OTHER64), ("ff02::1", 0))
        time.sleep(0.2)
        self.assertEqual(self.status()["pref64"], "none")

    def test_p8781_37_routers_that_differ(self):
        """Said once, however often they repeat it."""
        program = self.clat()
        self.advertise(pref64(PREF64))
        self.wait_state("up")
        mine = self.link_local()
        self.isp.ip("link set home addrgenmode none",
                    f"addr del {mine}/64 dev home",
                    "addr add fe80::2/64 dev home nodad")
        for _ in range(3):
            self.advertise(pref64(OTHER64))
        program.wait_output("announce different PREF64s")
        time.sleep(0.1)
        self.assertEqual(program.output().count("different PREF64s"), 1)


class Kernel(Case):
    def test_p8781_50_without_raw_sockets(self):
        """No right to them: the kernel tells what it accepts, and a given
        address needs none."""
        self.home.sysctl("net/ipv6/conf/wan/accept_ra", 2)
        self.home.ip("addr add 2001:db8:0:1::2/64 dev wan nodad",
                     f"route add default via {ROUTER} dev wan")
        self.isp.ip("route add 2001:db8:0:464::1 via 2001:db8:0:1::2")
        self.provider()
        program = self.home.start(
            "setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw",
            lab.XLAT, "clat", "--source", "2001:db8:0:464::1", env=ENV)
        program.wait_output("CAP_NET_RAW")
        program.wait_until(lambda: lab.ctl("clat", "status").returncode == 0,
                           "it answers")
        self.advertise(pref64(PREF64))
        self.wait_state("up")
        self.assertEqual(self.status()["pref64-from"], "router")
        self.ping()
        self.assertEqual(program.stop(), 0)

    def test_p8781_50_without_raw_sockets_nothing_is_claimed(self):
        done = self.home.try_run(
            "setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw",
            lab.XLAT, "clat", env=ENV)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("ermitted", done.stdout)


class Resolvers(Case):
    def setUp(self):
        super().setUp()
        self.address()

    @contextlib.contextmanager
    def resolv_conf(self, *servers):
        path = lab.FILES / "resolv.conf"
        before = path.read_text()
        path.write_text("".join(f"nameserver {s}\n" for s in servers))
        try:
            yield
        finally:
            path.write_text(before)

    def test_d7050_04_l_26_not_asked(self):
        """While a router tells the prefix, while it is given, and while
        there is native IPv4: no packet to port 53. Then it goes, and there
        is."""
        dns = Resolver(self.isp, ROUTER, PREF64)
        for argv in ((), ("--pref64", PREF64)):
            with self.subTest(argv):
                program = self.clat(*argv)
                self.advertise(pref64(PREF64), rdnss(ROUTER))
                self.wait_state("up")
                time.sleep(2.3)
                program.stop()
        self.home.ip("addr add 192.0.2.130/30 dev wan",
                     "route add default via 192.0.2.129 dev wan metric 3000")
        self.clat()
        self.advertise(rdnss(ROUTER))
        time.sleep(2.5)
        self.assertEqual((self.status()["state"], dns.asked),
                         ("discover", 0))
        self.home.ip("route del default via 192.0.2.129 dev wan metric 3000")
        self.wait_state("up")
        self.assertEqual(dns.asked, 1)

    def test_d7050_05_nothing_else_after_a_denial(self):
        """The type of every question: AAAA."""
        def deny(question, _):
            return question[:2] + b"\x81\x80\0\1\0\0\0\0\0\0" + question[12:]
        dns = Strange(self.isp, ROUTER, PREF64, deny)
        self.clat()
        self.advertise(rdnss(ROUTER))
        lab.wait_for(lambda: dns.types, "a question")
        time.sleep(0.5)
        self.assertEqual(set(dns.types), {28})

    def test_d7050_10_d7050_12_the_uplink_s_own(self):
        """The machine's file names another one, and the better route is
        another link's: the router's resolver is asked, over the uplink."""
        self.net.link("home", "wan2", "isp", "home2")
        self.isp.ip("addr add 2001:db8:0:3::1/64 dev home2 nodad",
                    "addr add 2001:db8:0:53::1/128 dev lo nodad")
        self.home.ip("addr add 2001:db8:0:3::2/64 dev wan2 nodad",
                     "route add default via 2001:db8:0:3::1 dev wan2 "
                     "metric 10")
        other = Resolver(self.isp, "2001:db8:0:3::1", OTHER64)
        Resolver(self.isp, "2001:db8:0:53::1", PREF64)
        with self.resolv_conf("2001:db8:0:3::1"), \
                packets.Tap(self.isp, "home", packets.ETH_P_IPV6) as line:
            self.clat("--uplink", "wan")
            self.advertise(rdnss("2001:db8:0:53::1"))
            self.wait_state("up")
            p = line.receive(lambda p: p.proto == UDP and p.dport == 53, 1)
        self.assertEqual((p.src, p.dst),
                         ("2001:db8:0:1::2", "2001:db8:0:53::1"))
        self.assertEqual((self.status()["pref64"], other.asked), (PREF64, 0))

    def test_d7050_13_only_one_on_this_machine(self):
        """It is asked, and the status says that nobody knows whom it asks."""
        Resolver(self.home, "::1", PREF64)
        with self.resolv_conf("::1"):
            self.clat()
            self.wait_state("up")
        said = self.status()
        self.assertEqual((said["pref64-from"], said["resolver"]),
                         ("local-dns", "::1"))

    def test_d7050_15_gone_with_the_link(self):
        """And asked for anew when it is back."""
        dns = Resolver(self.isp, ROUTER, PREF64)
        self.clat("--uplink", "wan", "--discover", "dns")
        self.advertise(rdnss(ROUTER))
        self.wait_state("up")
        self.home.ip("link set wan down")
        self.wait_state("off")
        self.assertEqual(self.status()["pref64"], "none")
        self.home.ip("link set wan up")
        self.address()
        self.advertise(rdnss(ROUTER))
        self.wait_state("up")
        self.assertEqual(dns.asked, 2)

    def test_d7050_15_other_resolvers(self):
        """The router names another one: it is asked, and believed."""
        first = Resolver(self.isp, ROUTER, PREF64)
        self.isp.ip("addr add 2001:db8:0:1::53/64 dev home nodad")
        second = Resolver(self.isp, "2001:db8:0:1::53", OTHER64)
        self.clat()
        self.advertise(rdnss(ROUTER))
        self.wait_prefix(PREF64)
        self.advertise(rdnss(ROUTER, 0), rdnss("2001:db8:0:1::53"))
        self.wait_prefix(OTHER64)
        self.assertEqual((first.asked, second.asked), (1, 1))

    def test_d7050_17_cut(self):
        """The answer does not fit: the same over TCP."""
        def cut(question, _):
            return question[:2] + b"\x83\x80\0\1\0\0\0\0\0\0" + question[12:]
        self.provider()
        dns = Strange(self.isp, ROUTER, PREF64, cut)
        tcp = TcpResolver(dns, self.isp, ROUTER)
        self.clat()
        self.advertise(rdnss(ROUTER))
        self.wait_state("up")
        self.ping()
        self.assertEqual((dns.asked, tcp.asked), (1, 1))

    def test_d7050_17_nobody_there_over_tcp(self):
        """It is refused: the other server is asked."""
        def cut(question, _):
            return question[:2] + b"\x83\x80\0\1\0\0\0\0\0\0" + question[12:]
        self.isp.ip("addr add 2001:db8:0:1::53/64 dev home nodad")
        Strange(self.isp, ROUTER, OTHER64, cut)
        Resolver(self.isp, "2001:db8:0:1::53", PREF64)
        self.clat()
        self.advertise(rdnss(ROUTER), rdnss("2001:db8:0:1::53"))
        self.wait_prefix(PREF64)

    def test_d7050_16_d7050_42_answers_of_others(self):
        """Before the right answer: one with another id, one that loops, one
        to another question, nothing, a part, and one from another place.
        None is believed."""
        def other(message):
            return message.replace(bytes.fromhex("20010db80064"),
                                   bytes.fromhex("20010db80065"))

        def forge(question, answer):
            loop = question[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" \
                + question[12:] + b"\xc0\x1f\0\x1c\0\1\0\0\2\x58\0\x10" \
                + IPv6Address("2001:db8:65::c000:aa").packed
            for forged in (bytes([question[0] ^ 1]) + answer[1:], loop,
                           answer.replace(question[12:],
                                          b"\7example\0\0\x1c\0\1"),
                           b"", answer[:20]):
                dns.sock.sendto(other(forged), dns.client)
            with self.isp.inside(), socket.socket(
                    socket.AF_INET6, socket.SOCK_DGRAM) as away:
                away.sendto(other(answer), dns.client)
            return answer
        dns = Strange(self.isp, ROUTER, PREF64, forge)
        self.clat()
        self.advertise(rdnss(ROUTER))
        lab.wait_for(lambda: self.status()["pref64"] != "none", "a prefix")
        self.assertEqual(self.status()["pref64"], PREF64)
        self.assertEqual(dns.asked, 1)

    def test_d7050_50_d7050_51_c6877_89_nothing_is_sent_to_find_out(self):
        """The well-known addresses are never a destination (RFC 7050,
        3.2.1), and nobody else is, either: the prefix is simply used. No
        prefix is asked for by DHCPv6."""
        Resolver(self.isp, ROUTER, PREF64)
        with packets.Tap(self.isp, "home", packets.ETH_P_IPV6) as line:
            self.clat()
            self.advertise(rdnss(ROUTER))
            self.wait_state("up")
            self.advertise(rdnss(ROUTER), pref64(PREF64))
            time.sleep(0.5)
            self.home.try_run("ping", "-c", "1", "-W", "0.2", FAR4)
            seen = []
            while p := line.receive(seconds=0.2):
                seen += [p.dst] if p.dst.startswith("2001:db8:64:") else []
                self.assertFalse(p.proto == UDP and p.dport == 547, "DHCPv6")
        self.assertEqual(set(seen), {"2001:db8:64::c633:640a"})


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
