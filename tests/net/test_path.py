#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The whole path between kernels that did not make the packets: laptop, CLAT,
IPv6, PLAT, server, and the IPv6-only phone beside. Every packet that arrives
has to be one that the far kernel accepts."""
import re
import socket
import unittest

import lab
import network

# Counters of packets that a kernel threw away as damaged.
DAMAGED = ("InCsumErrors", "InHdrErrors", "IpInHdrErrors", "Ip6InHdrErrors")


class Case(unittest.TestCase):
    def setUp(self):
        self.net = network.Network()
        self.addCleanup(self.net.close)
        self.laptop, self.phone = self.net["laptop"], self.net["phone"]
        self.server = self.net["server"]
        self.clat, self.plat = self.net.clat(), self.net.plat()

    def tearDown(self):
        for name in ("laptop", "phone", "server"):
            with self.subTest(name):
                self.assertEqual(self.damaged(self.net[name]), {})

    def damaged(self, host):
        with host.inside():
            text = open("/proc/thread-self/net/snmp6", encoding="ascii")
            with text:
                found = dict(line.split() for line in text)
            with open("/proc/thread-self/net/snmp", encoding="ascii") as text:
                rows = [line.split() for line in text]
        for names, values in zip(rows[::2], rows[1::2]):
            found |= {names[0] + n: v for n, v in zip(names, values)}
        return {k: v for k, v in found.items()
                if k.endswith(DAMAGED) and v != "0"}

    def sockets(self, host, address, kind):
        """A listening socket at the server and one that is to reach it."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with self.server.inside():
            far = socket.socket(socket.AF_INET, kind)
        with host.inside():
            near = socket.socket(family, kind)
        for sock in (near, far):
            sock.settimeout(5)
            self.addCleanup(sock.close)
        far.bind((network.SERVER4, 4000))
        return near, far


class Programs(Case):
    def test_ping(self):
        for host, address in ((self.laptop, network.SERVER4),
                              (self.phone, network.SERVER6),
                              (self.net["router"], network.SERVER4)):
            for size in ("0", "1", "56", "1000", "1203"):
                with self.subTest(host.name, size=size):
                    said = host.run("ping", "-c", "2", "-i", "0.05", "-s",
                                    size, address)
                    self.assertIn("2 received", said)

    def test_traceroute(self):
        """UDP, ICMP and TCP: every hop answers, the last is the server.
        One probe at a time: Linux limits the errors that it sends."""
        for kind in ("-U", "-I", "-T"):
            for host, address, last in (
                    (self.laptop, network.SERVER4, network.SERVER4),
                    (self.phone, network.SERVER6, network.SERVER6)):
                with self.subTest(kind, host=host.name):
                    said = host.run("traceroute", "-n", kind, "-q", "1",
                                    "-N", "1", "-w", "5", address)
                    hops = re.findall(r"^ *\d+  (\S+)", said, re.M)
                    self.assertNotIn("*", hops, said)
                    self.assertEqual(hops[-1], last, said)

    def test_many_connections_at_once(self):
        network.web(self.server, big=1 << 20)
        url = f"http://{network.SERVER4}/big"
        said = self.laptop.run("curl", "-sS", "-Z", "--no-progress-meter",
                               "--parallel-max", "40",
                               "-w", "%{size_download}\\n",
                               *["-o", "/dev/null", url] * 40, seconds=60)
        self.assertEqual(said.split().count("1048576"), 40, said)


class Sockets(Case):
    def test_udp_from_both(self):
        for host, address in ((self.laptop, network.SERVER4),
                              (self.phone, network.SERVER6)):
            with self.subTest(host.name):
                near, far = self.sockets(host, address, socket.SOCK_DGRAM)
                near.sendto(b"question", (address, 4000))
                got, client = far.recvfrom(100)
                self.assertEqual(got, b"question")
                self.assertTrue(client[0].startswith("192.0.2."))
                far.sendto(b"answer", client)
                got, sender = near.recvfrom(100)
                self.assertEqual((got, sender[:2]), (b"answer",
                                                     (address, 4000)))
                far.close()

    def test_closed_port(self):
        """The server's refusal is told to the program, UDP and TCP."""
        for host, address in ((self.laptop, network.SERVER4),
                              (self.phone, network.SERVER6)):
            with self.subTest(host.name):
                near, far = self.sockets(host, address, socket.SOCK_DGRAM)
                far.close()
                near.connect((address, 4000))
                near.send(b"x")
                with self.assertRaises(ConnectionRefusedError):
                    near.recv(100)
                near, far = self.sockets(host, address, socket.SOCK_STREAM)
                with self.assertRaises(ConnectionRefusedError):
                    near.connect((address, 4000))
                far.close()

    def test_no_route_behind_the_server(self):
        """An unreachable network is an error at once, not a timeout."""
        near, _ = self.sockets(self.laptop, network.SERVER4,
                               socket.SOCK_STREAM)
        with self.assertRaises(OSError) as caught:
            near.connect(("198.51.100.77", 80))
        self.assertNotIsInstance(caught.exception, TimeoutError)

    def test_ecn_and_tos(self):
        """Marks survive: DSCP EF and Congestion Experienced, both ways."""
        near, far = self.sockets(self.laptop, network.SERVER4,
                                 socket.SOCK_DGRAM)
        far.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        near.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        near.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0xB8)
        near.sendto(b"x", (network.SERVER4, 4000))
        _, marks, _, client = far.recvmsg(100, 100)
        self.assertEqual(marks[0][2][0], 0xB8)
        far.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0x2A)
        far.sendto(b"y", client)
        _, marks, _, _ = near.recvmsg(100, 100)
        self.assertEqual(marks[0][2][0], 0x2A)


class Restart(Case):
    def test_plat_restarts_under_a_flow(self):
        """The table is gone: the old flow is refused, a new one works."""
        network.web(self.server, big=64 << 20)
        flow = self.laptop.start(
            "curl", "-sS", "--limit-rate", "1M", "-o", "/dev/null",
            f"http://{network.SERVER4}/big")
        self.server.wait_established(80)
        self.plat.stop()
        self.net.plat()
        said = self.laptop.run("curl", "-sS", "-m", "10",
                               f"http://{network.SERVER4}/")
        self.assertIn("IPv4-only", said)
        flow.stop()

    def test_clat_restarts_under_a_flow(self):
        """It keeps no state: the transfer goes on and completes."""
        network.web(self.server, big=8 << 20)
        flow = self.laptop.start(
            "curl", "-sS", "--limit-rate", "4M", "-m", "60",
            "-o", lab.FILES / "copy", f"http://{network.SERVER4}/big")
        self.server.wait_established(80)
        self.clat.stop()
        self.net.clat()
        self.assertEqual(flow.proc.wait(60), 0, flow.output())
        self.assertEqual((lab.FILES / "copy").stat().st_size, 8 << 20)


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
