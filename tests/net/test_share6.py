#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xlat clat --source shared: a host, or a router with a LAN, that has a single
IPv6 address. IPv4 flows have some of its ports, its own sockets all others."""
import contextlib
import re
import signal
import socket
import threading
import unittest

import lab
import network
import test_share
from network import SERVER4, SERVER6

OWN6 = "2001:db8:0:1::2"
FIRST, LAST = 61000, 65535  # as xlat-clat(8) says
RESERVED = "net/ipv4/ip_local_reserved_ports"
CLAT = ["clat", "--uplink", "wan", "--pref64", network.PREF64,
        "--source", "shared"]
IP_MTU_DISCOVER, PMTUDISC_DONT = 10, 0
NO_BPF = ["setpriv", "--bounding-set=-bpf,-sys_admin"]


class Case(unittest.TestCase):
    def setUp(self):
        self.net = network.Network()
        self.addCleanup(self.net.close)
        self.home, self.provider = self.net["router"], self.net["provider"]
        self.server, self.laptop = self.net["server"], self.net["laptop"]
        # One /128, as by DHCPv6, and no IPv4.
        self.home.ip(f"addr del {OWN6}/64 dev wan",
                     f"addr add {OWN6}/128 dev wan nodad",
                     "route add 2001:db8:0:1::1 dev wan",
                     "route replace default via 2001:db8:0:1::1 dev wan",
                     "link del plain")
        self.net.plat()

    def clat(self, *more):
        program = self.home.xlat(*CLAT, *more)
        self.wait_state("up")
        lab.wait_for(lambda: self.home.try_run(
            "ping", "-c1", "-W1", SERVER4).returncode == 0, "IPv4 works")
        return program

    @staticmethod
    def status():
        return lab.ask("clat", "status")

    def wait_state(self, state):
        lab.wait_for(lambda: self.status()["state"] == state,
                     f"state {state}, not {self.status()}")

    def tcp_server(self, host, address, port, family=socket.AF_INET):
        """Echoes; returns the ends that have come."""
        with host.inside():
            sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        sock.listen(100)
        self.addCleanup(sock.close)
        peers = []

        def echo(conn):
            with conn, contextlib.suppress(OSError):
                while data := conn.recv(65536):
                    conn.sendall(data)

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    conn, peer = sock.accept()
                    peers.append(peer)
                    threading.Thread(target=echo, args=(conn,),
                                     daemon=True).start()
        threading.Thread(target=accept, daemon=True).start()
        return peers

    connect = test_share.Case.connect

    def talks(self, host, address, port, data=bytes(range(256)) * 1024):
        sock = self.connect(host, address, port)
        sock.sendall(data)
        got = b""
        while len(got) < len(data):
            more = sock.recv(65536)
            self.assertTrue(more, "closed")
            got += more
        self.assertEqual(got, data)
        return sock.getsockname()[1]

    def pings(self, host, address):
        done = host.try_run("ping", "-c3", "-i0.2", "-W2", address)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertNotIn("DUP!", done.stdout)


class Shared(Case):
    def test_both_at_once(self):
        """IPv4 flows and the host's own, with servers behind the PREF64 and
        not, and the host a server itself."""
        self.clat()
        said = self.status()
        self.assertEqual((said["source"], said["forwarding"]),
                         (f"{OWN6}/128", "steered"))
        far = self.tcp_server(self.server, SERVER4, 7)
        near = self.tcp_server(self.provider, network.PROVIDER6, 7,
                               socket.AF_INET6)
        ssh = self.tcp_server(self.home, "::", 22, socket.AF_INET6)
        for _ in range(3):
            self.talks(self.home, SERVER4, 7)   # through the CLAT
            self.talks(self.home, SERVER6, 7)   # the host's own, DNS64
            self.talks(self.home, network.PROVIDER6, 7)
            self.talks(self.provider, OWN6, 22)
        self.assertEqual((len(far), len(near), len(ssh)), (6, 3, 3))
        sessions = lab.ask("plat", "sessions", "proto=tcp")
        ports = sorted(row["port"] for row in sessions)
        self.assertEqual({row["client"] for row in sessions}, {OWN6})
        self.assertEqual(sum(FIRST <= p <= LAST for p in ports), 3, ports)
        self.assertFalse(any(FIRST <= peer[1] <= LAST for peer in near))

    def test_pings_at_once(self):
        self.clat()
        threads = [threading.Thread(target=self.pings, args=args) for args in
                   ((self.home, SERVER4), (self.home, SERVER6),
                    (self.provider, OWN6))]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.pings(self.home, SERVER4)
        self.pings(self.home, SERVER6)
        self.pings(self.provider, OWN6)

    def test_ephemeral_ports(self):
        """The host's own are never in the range, of either family."""
        self.home.sysctl("net/ipv4/ip_local_port_range", "60000 62000")
        self.clat()
        self.assertEqual(self.home.sysctl(RESERVED), f"{FIRST}-{LAST}")
        for _ in range(300):
            sock = self.connect(self.home, network.PROVIDER6, 9,
                                socket.SOCK_DGRAM)
            self.assertLess(sock.getsockname()[1], FIRST)

    def test_errors_and_fragments(self):
        """A refusal, a traceroute and fragments reach whose they are."""
        self.clat()
        for address in (SERVER4, SERVER6):
            with self.subTest(address), \
                    self.assertRaises(ConnectionRefusedError):
                self.connect(self.home, address, 7)
        for how in ("-U", "-I"):
            for address in (SERVER4, SERVER6):
                said = self.home.run("traceroute", how, "-n", "-q1", "-w2",
                                     "-m6", address)
                hops = re.findall(r"^ *\d+ +(\S+)", said, re.M)
                self.assertEqual(hops[-1], address, said)
                self.assertNotIn("*", hops)
        with self.server.inside():
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(udp.close)
        udp.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_DONT)
        udp.bind((SERVER4, 7))
        for address in (SERVER4, SERVER6) * 2:
            sock = self.connect(self.home, address, 7, socket.SOCK_DGRAM)
            sock.send(b"please")
            udp.sendto(bytes(5000), udp.recvfrom(100)[1])
            self.assertEqual(len(sock.recv(65536)), 5000)

    def test_path_mtu(self):
        """The errors of a link behind the translator, too."""
        self.provider.ip("link set internet mtu 1400")
        self.server.ip("link set eth0 mtu 1400")
        self.clat()
        self.tcp_server(self.server, SERVER4, 7)
        # RFC 7915, 5.2: of IPv6 it is 20 bytes more, and back
        for address, mtu in ((SERVER6, 1420), (SERVER4, 1400)):
            said = self.home.try_run("ping", "-c1", "-W10", "-Mdo", "-s1400",
                                     address).stdout
            self.assertRegex(said, rf"mtu ?[:=] ?{mtu}")
            self.talks(self.home, address, 7)

    def test_lan(self):
        """Hosts behind it have the same ports."""
        self.clat("--lan", "192.168.1.0/24")
        far = self.tcp_server(self.server, SERVER4, 7)
        for host in (self.laptop, self.home):
            self.talks(host, SERVER4, 7)
            self.pings(host, SERVER4)
        self.talks(self.home, SERVER6, 7)
        self.assertEqual(len(far), 3)
        ports = [row["port"]
                 for row in lab.ask("plat", "sessions", "proto=tcp")]
        self.assertEqual(sum(FIRST <= p <= LAST for p in ports), 2, ports)

    def test_another_address(self):
        """Renumbered: the CLAT goes on with the new one."""
        self.clat()
        self.pings(self.home, SERVER4)
        self.home.ip("addr add 2001:db8:0:1::3/128 dev wan nodad",
                     f"addr del {OWN6}/128 dev wan")
        lab.wait_for(lambda: self.status()["source"] == "2001:db8:0:1::3/128"
                     and self.status()["state"] == "up", "it has moved")
        self.pings(self.home, SERVER4)
        self.home.ip("addr del 2001:db8:0:1::3/128 dev wan")
        self.wait_state("wait-address")
        self.home.ip(f"addr add {OWN6}/128 dev wan nodad")
        self.wait_state("up")
        self.pings(self.home, SERVER4)

    def test_no_trace(self):
        self.home.sysctl(RESERVED, "5000")
        before = self.home.snapshot()
        for number in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(number.name):
                program = self.clat()
                self.assertEqual(self.home.sysctl(RESERVED),
                                 f"5000,{FIRST}-{LAST}")
                program.stop(number)
                lab.wait_for(lambda: not self.home.pids(), "all have left")
                rest = [line for line in
                        lab.differences(before, self.home.snapshot())
                        if not line.startswith("files: ")]
                self.assertEqual(rest, [])

    def test_refusals(self):
        for status, message, prefix, more in (
                (4, "Linux 6.6", NO_BPF, []),
                (2, "--no-setup", [], ["--no-setup"]),
                (2, "--fast-path", [], ["--fast-path", "off"])):
            with self.subTest(message):
                done = self.home.try_run(*prefix, lab.XLAT, *CLAT, *more)
                self.assertEqual(done.returncode, status, done.stdout)
                self.assertIn(message, done.stdout)


if __name__ == "__main__":
    lab.enter()
    unittest.main()
