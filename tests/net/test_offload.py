#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Super-packets cross CLAT and PLAT whole; without offload, or with a kernel
that refuses them, everything still arrives, in packets of ordinary size."""
import hashlib
import re
import signal
import socket
import struct
import unittest

import lab
import network
import packets

BIG = 32 << 20
SOL_UDP, UDP_SEGMENT = 17, 103
# How long a packet can be in a network with an MTU of 1500.
ORDINARY = 1500


class Case(unittest.TestCase):
    def setUp(self):
        self.net = network.Network()
        self.addCleanup(self.net.close)
        network.web(self.net["server"], big=BIG)

    def clat(self, *more):
        """All packets through the device."""
        return self.net.clat("--fast-path", "off", *more)

    def plat(self, *more):
        return self.net.plat("--fast-path", "off", *more)

    def fetch(self):
        """The laptop fetches a large file; it has to be the same."""
        copy = lab.FILES / "copy"
        self.net["laptop"].run("curl", "-sS", "-o", copy, "-m", "60",
                               f"http://{network.SERVER4}/big", seconds=70)
        there, here = (hashlib.sha256(f.read_bytes()).hexdigest()
                       for f in (lab.FILES / "www/big", copy))
        self.assertEqual(there, here)

    def mean(self, name, before, direction):
        """Bytes per packet that an applet has read, by its counters."""
        now = lab.ask(name, "counters")
        moved = {k: now[k] - before.get(k, 0) for k in now}
        return (moved[f"{direction}-bytes-in"] /
                max(1, moved[f"{direction}-packets-in"]))

    def longest(self, use):
        """The longest packets on the access network, down and up."""
        with packets.Tap(self.net["router"], "wan") as down, \
                packets.Tap(self.net["provider"], "home") as up:
            use()
            return (max(size for _, size in down.drain()),
                    max(size for _, size in up.drain()))


class Tcp(Case):
    def test_whole(self):
        """Down and up, packets of many segments, by three witnesses."""
        self.clat()
        self.plat()
        before = lab.ask("plat", "counters")
        down, _ = self.longest(self.fetch)
        self.assertGreater(down, 20000)
        self.assertGreater(self.mean("plat", before, "ipv4"), 4 * ORDINARY)
        self.assertGreater(self.mean("clat", {}, "ipv6"), 4 * ORDINARY)
        network.iperf_server(self.net["server"])
        before = lab.ask("plat", "counters")
        _, up = self.longest(lambda: network.iperf(
            self.net["laptop"], network.SERVER4, seconds=1))
        self.assertGreater(up, 20000)
        self.assertGreater(self.mean("plat", before, "ipv6"), 4 * ORDINARY)
        for name in ("clat", "plat"):
            self.assertIn("tcp", lab.ask(name, "status")["offload"])
            counters = lab.ask(name, "counters")
            self.assertEqual(counters["super-packets-refused"], 0)
            self.assertEqual(counters["drop-write-failed"], 0)

    def test_off(self):
        """--offload off: nothing longer than the MTU is read or written."""
        self.clat("--offload", "off")
        self.plat("--offload", "off")
        self.fetch()
        for name in ("clat", "plat"):
            self.assertEqual(lab.ask(name, "status")["offload"], "off")
            for family in ("ipv4", "ipv6"):
                self.assertLessEqual(self.mean(name, {}, family), ORDINARY)
        for host, tun in (("router", "clat"), ("provider", "plat")):
            said = self.net[host].run("ip", "-d", "link", "show", tun)
            self.assertIn("vnet_hdr on", said)

    def test_one_side_off(self):
        """Each end works with whatever the other one does."""
        for clat, plat in (("off", "auto"), ("auto", "off")):
            with self.subTest(clat=clat, plat=plat):
                programs = [self.clat("--offload", clat),
                            self.plat("--offload", plat)]
                self.fetch()
                for program in programs:
                    program.stop()


class Udp(Case):
    def send(self, size, count):
        """One system call, many datagrams (UDP_SEGMENT), without DF."""
        with self.net["server"].inside():
            server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with self.net["laptop"].inside():
            client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with server, client:
            server.bind((network.SERVER4, 4000))
            server.settimeout(5)
            data = b"".join(bytes([n]) * size for n in range(count))
            client.sendmsg([data], [(SOL_UDP, UDP_SEGMENT,
                                     struct.pack("H", size))],
                           0, (network.SERVER4, 4000))
            return [server.recv(65536) for _ in range(count)]

    def check(self, *sizes):
        for size, count in sizes or ((100, 60), (1000, 40), (1200, 20)):
            with self.subTest(size=size):
                got = self.send(size, count)
                self.assertEqual(got, [bytes([n]) * size
                                       for n in range(count)])

    def test_whole(self):
        self.clat()
        self.plat()
        _, up = self.longest(self.check)
        if "udp" not in lab.ask("clat", "status")["offload"]:
            self.skipTest("SKIP: this kernel's TUN has no UDP offload")
        self.assertGreater(up, 4 * ORDINARY)
        self.assertLess(lab.ask("plat", "counters")["ipv6-packets-in"], 30)
        # these are cut for IPv6, each datagram by itself
        self.check((1233, 20), (1400, 40), (1452, 40))

    def test_off(self):
        self.clat("--offload", "off")
        self.plat("--offload", "off")
        self.check()
        self.assertGreaterEqual(
            lab.ask("plat", "counters")["ipv6-packets-in"], 120)
        self.check((1233, 20), (1400, 40), (1452, 40))


class Refused(Case):
    """A kernel that refuses super-packets: some of 2024 did. This one does
    not, so strace makes writes to the device fail as theirs did: one of
    three, so that TCP goes on and super-packets keep coming."""

    def test_refusal_in_the_middle(self):
        self.clat()
        # strace makes it a call with no number, which the sandbox kills.
        plat = self.plat("--no-sandbox")
        load = self.net["laptop"].start(
            "curl", "-sS", "-o", lab.FILES / "copy", "-m", "60",
            "--limit-rate", "4M", f"http://{network.SERVER4}/big")
        self.net["server"].wait_established(80)
        strace = self.net["provider"].start(
            "strace", "-p", plat.pid, "-P", "/dev/net/tun",
            "-e", "trace=write",
            "-e", "inject=write:error=EINVAL:when=2+3")
        plat.wait_output("refused a TCP super-packet", 30)
        strace.stop(signal.SIGINT)
        load.proc.wait(60)
        there, here = (hashlib.sha256(f.read_bytes()).hexdigest()
                       for f in (lab.FILES / "www/big", lab.FILES / "copy"))
        self.assertEqual(there, here)
        counters = lab.ask("plat", "counters")
        self.assertGreaterEqual(counters["super-packets-refused"], 1)
        self.assertNotIn("tcp", lab.ask("plat", "status")["offload"])
        said = re.findall("refused a TCP super-packet", plat.output())
        self.assertEqual(len(said), 1)


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
