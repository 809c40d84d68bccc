#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Packets that do not fit somewhere: the sender hears of it, whichever end it
is and whichever side of the translators is narrow, and no transfer stalls."""
import hashlib
import socket
import unittest

import lab
import network

BIG = 4 << 20
# Linux's numbers, which Python does not know
MTU_DISCOVER = {socket.AF_INET: 10, socket.AF_INET6: 23}
MTU = {socket.AF_INET: 14, socket.AF_INET6: 24}
PMTUDISC_DONT, PMTUDISC_DO = 0, 2
SO_NO_CHECK = 11


class Case(unittest.TestCase):
    def setUp(self):
        self.net = network.Network()
        self.addCleanup(self.net.close)
        self.laptop, self.server = self.net["laptop"], self.net["server"]
        self.provider, self.router = self.net["provider"], self.net["router"]

    def start(self):
        self.net.clat()
        self.net.plat()
        network.web(self.server, big=BIG)

    def largest(self, host, address):
        """Bytes of the largest packet that arrives with DF set; that its
        sender has to send less it may only learn from ICMP errors."""
        family, level = (socket.AF_INET6, socket.IPPROTO_IPV6) \
            if ":" in address else (socket.AF_INET, socket.IPPROTO_IP)
        headers = 48 if ":" in address else 28
        with self.server.inside():
            server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with host.inside():
            sock = socket.socket(family, socket.SOCK_DGRAM)
        with server, sock:
            server.bind((network.SERVER4, 4000))
            server.settimeout(0.02)
            sock.setsockopt(level, MTU_DISCOVER[family], PMTUDISC_DO)
            sock.connect((address, 4000))
            return lab.wait_for(
                lambda: self.arrives(sock, server, headers), "arrival")

    def arrives(self, sock, server, headers):
        """One try: the size that the kernel believes in, if it arrives."""
        level = socket.IPPROTO_IPV6 if headers == 48 else socket.IPPROTO_IP
        size = sock.getsockopt(level, MTU[sock.family])
        try:
            sock.send(bytes(size - headers))
            return size if server.recv(65536) else 0
        except (TimeoutError, OSError):
            return 0

    def fetch(self, host, address):
        """Down and up, in full and unchanged."""
        url = f"http://[{address}]/" if ":" in address else \
            f"http://{address}/"
        copy = lab.FILES / "copy"
        host.run("curl", "-sS", "-m", "20", "-o", copy, url + "big")
        there, here = (hashlib.sha256(f.read_bytes()).hexdigest()
                       for f in (lab.FILES / "www/big", copy))
        self.assertEqual(there, here)

    def push(self, host, address):
        """A large upload; the receiver's digest has to be the sender's."""
        data = (lab.FILES / "www/big").read_bytes()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with self.server.inside():
            listener = socket.create_server((network.SERVER4, 5000))
        with host.inside():
            out = socket.socket(family)
        with listener, out:
            out.settimeout(20)
            listener.settimeout(20)
            out.connect((address, 5000))
            into, _ = listener.accept()
            with into:
                into.settimeout(20)
                self.assertEqual(self.exchange(out, into, data),
                                 hashlib.sha256(data).hexdigest())

    def exchange(self, out, into, data):
        """Send while receiving, in one thread."""
        out.setblocking(False)
        digest, sent, got = hashlib.sha256(), 0, 0
        while got < len(data):
            if sent < len(data):
                try:
                    sent += out.send(data[sent:sent + 65536])
                except BlockingIOError:
                    pass
                into.settimeout(0.01)
            else:
                into.settimeout(20)
            try:
                part = into.recv(1 << 20)
            except TimeoutError:
                self.assertLess(sent, len(data), "the upload has stalled")
                continue
            digest.update(part)
            got += len(part)
        return digest.hexdigest()

    def transfers(self):
        self.fetch(self.laptop, network.SERVER4)
        self.push(self.laptop, network.SERVER4)
        self.fetch(self.net["phone"], network.SERVER6)
        self.push(self.net["phone"], network.SERVER6)


class Ordinary(Case):
    def test_sizes(self):
        """1500 everywhere: IPv4 has 20 bytes less, both ways."""
        self.start()
        self.assertEqual(self.largest(self.laptop, network.SERVER4),
                         1480)
        self.assertEqual(self.largest(self.net["phone"],
                                           network.SERVER6), 1500)
        self.transfers()

    def test_large_ping(self):
        """Linux answers a ping without DF, which is cut to 1280 bytes for
        IPv6 (RFC 7915, 4.1), and the fragments meet again at both ends."""
        self.net.clat()
        self.net.plat()
        for host, address in ((self.laptop, network.SERVER4),
                              (self.net["phone"], network.SERVER6)):
            for size in (1232, 1233, 1400, 1452, 1453, 1473, 9000, 65507):
                with self.subTest(address=address, size=size):
                    said = host.run("ping", "-c", "2", "-i", "0.1",
                                    "-s", size, "-M", "dont", address)
                    self.assertIn("2 received", said)

    def test_large_ping_whole(self):
        """An operator who knows the network has it cut less."""
        self.net.clat()
        self.net.plat("--lowest-ipv6-mtu", "1500")
        said = self.laptop.run("ping", "-c", "2", "-i", "0.1", "-s", "1452",
                               "-M", "do", network.SERVER4)
        self.assertIn("2 received", said)
        self.assertEqual(lab.ask("clat", "counters")["drop-fragment-held"], 0)


class NarrowAccess(Case):
    def test_known_from_the_start(self):
        """The access network has IPv6's minimum."""
        for host, device in (("router", "wan"), ("provider", "home"),
                             ("provider", "mobile"), ("provider", "access"),
                             ("phone", "eth0")):
            self.net[host].ip(f"link set {device} mtu 1280")
        self.start()
        self.assertEqual(self.largest(self.laptop, network.SERVER4),
                         1260)
        self.transfers()

    def test_hop_beyond_the_router(self):
        """Upwards: Packet Too Big of an IPv6 router reaches the laptop."""
        self.start()
        self.router.ip("route change default via 2001:db8:0:1::1 mtu 1300")
        self.assertEqual(self.largest(self.laptop, network.SERVER4),
                         1280)
        self.push(self.laptop, network.SERVER4)

    def test_hop_before_the_router(self):
        """Downwards: it reaches the IPv4-only server, through the PLAT."""
        self.start()
        self.provider.ip(f"route change {network.SOURCE6} via "
                         "2001:db8:0:1::2 mtu 1300")
        self.fetch(self.laptop, network.SERVER4)
        said = self.server.run("ip", "route", "get", "192.0.2.0")
        self.assertIn("via", said)
        cached = self.server.run("ip", "route", "show", "cache")
        self.assertIn("mtu 1280", cached)


class NarrowInternet(Case):
    def test_learnt(self):
        """A hop of 1000 bytes, less than IPv6 can promise: the sender is
        told 1280, and the IPv4 side fragments (RFC 7915, 5.1)."""
        self.start()
        self.provider.ip("route change 198.51.100.0/24 dev internet mtu 1000")
        self.fetch(self.laptop, network.SERVER4)
        self.push(self.laptop, network.SERVER4)
        self.push(self.net["phone"], network.SERVER6)

    def test_known_from_the_start(self):
        self.provider.ip("link set internet mtu 1000",
                         "route add default via 198.51.100.2")
        self.server.ip("link set eth0 mtu 1000")
        self.start()
        self.transfers()


class Datagrams(Case):
    """UDP that may be fragmented, of any size."""

    def setUp(self):
        super().setUp()
        self.start()
        with self.server.inside():
            self.echo = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.echo.bind((network.SERVER4, 4000))
        self.echo.settimeout(5)
        self.allow_fragments(self.echo)
        self.addCleanup(self.echo.close)

    def allow_fragments(self, sock):
        if sock.family == socket.AF_INET:
            sock.setsockopt(socket.IPPROTO_IP, MTU_DISCOVER[socket.AF_INET],
                            PMTUDISC_DONT)

    def there_and_back(self, host, address, size):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with host.inside():
            sock = socket.socket(family, socket.SOCK_DGRAM)
        with sock:
            sock.settimeout(5)
            self.allow_fragments(sock)
            data = bytes(n % 251 for n in range(size))
            sock.sendto(data, (address, 4000))
            got, client = self.echo.recvfrom(65536)
            self.assertEqual(got, data)
            self.echo.sendto(data[::-1], client)
            self.assertEqual(sock.recv(65536), data[::-1])

    def test_every_size_around_the_limits(self):
        for size in (0, 1, 1200, 1231, 1232, 1233, 1251, 1252, 1253, 1424,
                     1425, 1451, 1452, 1453, 1471, 1472, 1473, 3000, 9000,
                     65507):
            with self.subTest(size):
                self.there_and_back(self.laptop, network.SERVER4, size)
                self.there_and_back(self.net["phone"], network.SERVER6, size)

    def test_N64_030_without_checksum(self):
        """The server sends UDP without checksum, whole and in fragments; the
        phone's kernel would not take that."""
        self.echo.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)
        for size in (1, 1232, 1233, 1473, 9000, 65507):
            with self.subTest(size):
                self.there_and_back(self.laptop, network.SERVER4, size)
                self.there_and_back(self.net["phone"], network.SERVER6, size)


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
