#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xlat plat on a router with one public address, which it shares with the
router's own sockets by ports (README, "Small office with one public
address"). Beside its users' flows there are the router's own, with the same
server, and neither is in the other's way."""
import contextlib
import re
import signal
import socket
import threading
import unittest

import lab

OWN4, OWN6 = "192.0.2.7", "64:ff9b::c000:207"
SERVER4, SERVER6 = "198.51.100.10", "64:ff9b::c633:640a"
ALICE6 = "2001:db8:1::a"
FIRST, LAST = 10000, 32767  # as the README says
RESERVED = "net/ipv4/ip_local_reserved_ports"
# The lab's servers are in a network for documentation.
ALLOW = ["--allow4", "198.51.100.0/24"]
RANGE = ["--pool6", "64:ff9b::/96", "--allow6", "2001:db8::/32", *ALLOW,
         "--pool4"]
IP_MTU_DISCOVER, PMTUDISC_DONT = 10, 0
IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO = 23, 2
# Without these root may not load a program.
NO_BPF = ["setpriv", "--bounding-set=-bpf,-sys_admin"]
# What a careful router has: nothing passes but what belongs to a flow that
# has begun inside.
FIREWALL = """
table inet careful {
	chain forward {
		type filter hook forward priority 0; policy drop;
		ct state invalid counter drop
		ct state established,related accept
		iifname "lan" accept
	}
	chain input {
		type filter hook input priority 0; policy drop;
		ct state invalid drop
		ct state established,related accept
		iifname "lo" accept
		meta l4proto { icmp, icmpv6 } accept
		tcp dport 22 accept
	}
}
"""


def readme():
    """The configuration that is shown."""
    text = (lab.ROOT / "README.md").read_text()
    shown = re.search(r"^\*\*Small office.*?^```conf\n(.*?)^```$", text,
                      re.M | re.S)[1]
    path = lab.FILES / "office.conf"
    path.write_text(shown)
    return path


class Service(threading.Thread):
    """A socket of a host that answers; TCP what it gets, UDP so many bytes
    as it is asked for."""

    def __init__(self, host, kind, address, port, family=socket.AF_INET):
        super().__init__(daemon=True)
        with host.inside():
            self.sock = socket.socket(family, kind)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.sock.bind((address, port))
            if kind == socket.SOCK_STREAM:
                self.sock.listen(1024)
            else:  # fragments, rather than path MTU discovery
                self.sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER,
                                     PMTUDISC_DONT)
        self.stream = kind == socket.SOCK_STREAM
        self.peers = []
        self.start()

    def run(self):
        try:
            while True:
                if self.stream:
                    conn, peer = self.sock.accept()
                    self.peers.append((conn, peer))
                    threading.Thread(target=self.echo, args=(conn,),
                                     daemon=True).start()
                else:
                    data, peer = self.sock.recvfrom(2048)
                    if not data:
                        return
                    self.peers.append((None, peer))
                    self.sock.sendto(bytes(int(data)), peer)
        except OSError:
            pass  # closed

    @staticmethod
    def echo(conn):
        try:
            while data := conn.recv(65536):
                conn.sendall(data)
        except OSError:
            pass

    def ports(self):
        return [peer[1] for _, peer in self.peers]

    def close(self):
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)  # wakes who waits for it
        self.sock.close()
        for conn, _ in self.peers:
            if conn:
                conn.close()


class Case(unittest.TestCase):
    def setUp(self):
        self.net = lab.Lab("alice", "router", "isp", "server")
        self.addCleanup(self.net.close)
        link, host = self.net.link, self.net.hosts
        link("alice", "eth0", "router", "lan")
        link("router", "wan", "isp", "customers")
        link("isp", "internet", "server", "eth0")
        host["alice"].ip(f"addr add {ALICE6}/64 dev eth0",
                         "route add default via 2001:db8:1::1")
        host["router"].ip("addr add 2001:db8:1::1/64 dev lan",
                          f"addr add {OWN4}/24 dev wan",
                          "route add default via 192.0.2.1")
        host["isp"].ip("addr add 192.0.2.1/24 dev customers",
                       "addr add 198.51.100.1/24 dev internet")
        host["isp"].sysctl("net/ipv4/ip_forward", 1)
        host["server"].ip(f"addr add {SERVER4}/24 dev eth0",
                          "route add default via 198.51.100.1")
        self.alice, self.router = host["alice"], host["router"]
        self.isp, self.server = host["isp"], host["server"]

    def plat(self, *more):
        return self.router.xlat("plat", *more)

    def office(self, *more):
        return self.plat("--config", readme(), *ALLOW, *more)

    def service(self, *what):
        service = Service(*what)
        self.addCleanup(service.close)
        return service

    def connect(self, host, address, port, kind=socket.SOCK_STREAM):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with host.inside():
            sock = socket.socket(family, kind)
        self.addCleanup(sock.close)
        sock.settimeout(5)
        sock.connect((address, port))
        return sock

    def talks(self, host, address, port, data=b"hello"):
        """A connection carries bytes there and back."""
        sock = self.connect(host, address, port)
        self.still_talks(sock, data)
        return sock

    def still_talks(self, sock, data=b"hello"):
        sock.sendall(data)
        got = b""
        while len(got) < len(data):
            more = sock.recv(65536)
            self.assertTrue(more, "closed")
            got += more
        self.assertEqual(got, data)

    def pings(self, host, address, *more):
        done = host.try_run("ping", "-c3", "-i0.2", "-W2", *more, address)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertNotIn("DUP!", done.stdout)


class Sharing(Case):
    def test_both_at_once(self):
        """Users and router talk with the same server, and the router itself
        is a server; behind a firewall that lets nothing pass without a
        flow."""
        self.router.run("nft", "-f", "-", input=FIREWALL)
        rules = self.router.run("nft", "list", "ruleset")
        self.office()
        far = self.service(self.server, socket.SOCK_STREAM, SERVER4, 7)
        ssh = self.service(self.router, socket.SOCK_STREAM, "0.0.0.0", 22)
        big = bytes(range(256)) * 4096
        held = [self.talks(self.alice, SERVER6, 7),
                self.talks(self.router, SERVER4, 7),
                self.talks(self.server, OWN4, 22),
                self.talks(self.alice, OWN6, 22)]
        for sock in held * 2:
            threading.Thread(target=self.still_talks, args=(sock,),
                             daemon=True).start()
            self.talks(self.alice, SERVER6, 7, big)
            self.talks(self.router, SERVER4, 7, big)
        self.talks(self.server, OWN4, 22, big)
        inside, outside = far.peers[0][1], far.peers[1][1]
        self.assertEqual((inside[0], outside[0]), (OWN4, OWN4))
        self.assertTrue(FIRST <= inside[1] <= LAST, inside)
        self.assertFalse(FIRST <= outside[1] <= LAST, outside)
        # who talks with the router itself comes from a port of the range, too
        self.assertEqual(ssh.peers[0][1][0], SERVER4)
        self.assertEqual(ssh.peers[1][1][0], OWN4)
        self.assertTrue(FIRST <= ssh.peers[1][1][1] <= LAST)
        seen = self.router.run("nft", "list", "ruleset")
        self.assertIn("counter packets 0 bytes 0", seen)
        self.assertEqual(seen, rules)  # no NAT was made

    def test_pings_at_once(self):
        self.office()
        threads = [threading.Thread(target=self.pings, args=args) for args in
                   ((self.alice, SERVER6), (self.router, SERVER4),
                    (self.alice, OWN6), (self.server, OWN4))]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        for who in ((self.alice, SERVER6), (self.router, SERVER4)):
            self.pings(*who)
        self.pings(self.router, SERVER4, "-e", str(FIRST))
        self.pings(self.router, SERVER4, "-e", str(LAST + 1))

    def test_ephemeral_ports(self):
        """Wherever the router takes its own from, they are no user's."""
        self.router.sysctl("net/ipv4/ip_local_port_range", "20000 24999")
        far = self.service(self.server, socket.SOCK_STREAM, SERVER4, 7)
        self.plat(*RANGE, f"{OWN4}:22000-23999")
        for _ in range(400):
            self.connect(self.router, SERVER4, 7).close()
        udp = []
        for _ in range(400):
            udp.append(self.connect(self.router, SERVER4, 9,
                                    socket.SOCK_DGRAM))
        ports = far.ports() + [s.getsockname()[1] for s in udp]
        lab.wait_for(lambda: len(far.ports()) == 400, "all have come")
        self.assertTrue(all(20000 <= p < 22000 or 24000 <= p < 25000
                            for p in ports), sorted(ports))
        users = [self.connect(self.alice, SERVER6, 7) for _ in range(50)]
        lab.wait_for(lambda: len(far.ports()) == 450, "all have come")
        self.assertTrue(all(22000 <= p < 24000 for p in far.ports()[400:]))
        self.assertEqual(len(users), 50)

    def test_path_mtu(self):
        """An ICMP error reaches whose packet was too big, and only that."""
        self.isp.ip("link set internet mtu 1400")
        self.server.ip("link set eth0 mtu 1400")
        self.office()
        self.service(self.server, socket.SOCK_STREAM, SERVER4, 7)

        def mtu(host, address):
            said = host.run("ip", "route", "get", address)
            found = re.search(r"mtu (\d+)", said)
            return found and int(found[1])

        sock = self.connect(self.alice, SERVER6, 9, socket.SOCK_DGRAM)
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER,
                        IPV6_PMTUDISC_DO)
        sock.send(bytes(1400))  # 1448 bytes, in IPv4 1428
        # RFC 7915, 4.2: 1400 and the difference of the headers
        lab.wait_for(lambda: mtu(self.alice, SERVER6) == 1420, "alice knows")
        self.assertIsNone(mtu(self.router, SERVER4))
        done = self.router.try_run("ping", "-c1", "-W10", "-Mdo", "-s1400",
                                   SERVER4)
        self.assertIn("mtu = 1400", done.stdout)
        lab.wait_for(lambda: mtu(self.router, SERVER4) == 1400,
                     "so does the router")
        # where the router knows it, it says so itself
        self.alice.ip("route flush cache")
        big = bytes(range(256)) * 4096
        self.talks(self.alice, SERVER6, 7, big)
        self.talks(self.router, SERVER4, 7, big)

    def test_fragments(self):
        """Of whom they are only the first one tells."""
        self.office()
        udp = self.service(self.server, socket.SOCK_DGRAM, SERVER4, 7)
        for host, address in ((self.alice, SERVER6),
                              (self.router, SERVER4)) * 3:
            sock = self.connect(host, address, 7, socket.SOCK_DGRAM)
            sock.send(b"5000")
            self.assertEqual(len(sock.recv(65536)), 5000)
        self.assertEqual(len(udp.peers), 6)

    def test_traceroute(self):
        """Each sees the hops of its own, by UDP and by ICMP."""
        self.office("--allow4", "192.0.2.0/24")  # or they are not shown
        hops6 = ["2001:db8:1::1", OWN6, "64:ff9b::c000:201", SERVER6]
        for how in ("-U", "-I"):
            for host, target, want in ((self.alice, SERVER6, hops6),
                                       (self.router, SERVER4,
                                        ["192.0.2.1", SERVER4])):
                said = host.run("traceroute", how, "-n", "-q1", "-w2", "-m6",
                                target)
                self.assertEqual(re.findall(r"^ *\d+ +(\S+)", said, re.M),
                                 want, said)

    def test_nobody_listens(self):
        """A refusal by the server, by the router, and of a port of the
        range."""
        self.office()
        for host, address, port in ((self.alice, SERVER6, 7),
                                    (self.router, SERVER4, 7),
                                    (self.alice, OWN6, 7),
                                    (self.server, OWN4, 7)):
            with self.subTest(host.name, to=address), \
                    self.assertRaises(ConnectionRefusedError):
                self.connect(host, address, port)
        # RFC 6146, 3.5.2.2: it is held, as half of a simultaneous open
        with self.assertRaises((TimeoutError, OSError)) as caught:
            self.connect(self.server, OWN4, FIRST)
        self.assertNotIsInstance(caught.exception, ConnectionRefusedError)

    def test_port_forwarding(self):
        """Also of a port out of the range, and for the router itself."""
        self.office("--static", f"tcp,[{ALICE6}]:80,{OWN4}:443",
                    "--static", f"tcp,[{ALICE6}]:81,{OWN4}:{FIRST}")
        for inside, outside in ((80, 443), (81, FIRST)):
            web = self.service(self.alice, socket.SOCK_STREAM, "::", inside,
                               socket.AF_INET6)
            self.talks(self.server, OWN4, outside)
            self.talks(self.router, OWN4, outside)
            self.assertEqual([peer[0] for _, peer in web.peers],
                             [SERVER6, OWN6])


class Setup(Case):
    def status(self):
        return lab.ask("plat", "status")["shared"]

    def works(self):
        self.pings(self.alice, SERVER6)
        self.pings(self.router, SERVER4)

    def test_comes_and_goes_without_a_trace(self):
        self.router.sysctl(RESERVED, "5000,11000-11010")
        before = self.router.snapshot()
        for number in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(number.name):
                program = self.office()
                self.assertEqual(self.router.sysctl(RESERVED),
                                 f"5000,{FIRST}-{LAST}")
                self.assertNotIn(f"{OWN4} dev plat",
                                 self.router.run("ip", "route"))
                self.assertEqual(self.router.run("nft", "list", "ruleset"), "")
                self.works()
                program.stop(number)
                lab.wait_for(lambda: not self.router.pids(), "all have left")
                rest = [line for line in
                        lab.differences(before, self.router.snapshot())
                        if not line.startswith("files: ")]
                self.assertEqual(rest, [])
                # whose was a user's port is the router's
                with self.assertRaises(ConnectionRefusedError):
                    self.connect(self.server, OWN4, FIRST)

    def test_strict_reverse_paths(self):
        self.router.sysctl("net/ipv4/conf/all/rp_filter", 1)
        program = self.office()
        self.works()
        self.assertIn("rp_filter", program.output())

    def test_reload(self):
        """Another range, with flows on; and another way round."""
        conf = lab.FILES / "reload.conf"

        def write(pool):
            conf.write_text(f"pool6 64:ff9b::/96\npool4 {pool}\n")

        write(f"{OWN4}:10000-19999")
        program = self.plat("--config", conf, *ALLOW)
        far = self.service(self.server, socket.SOCK_STREAM, SERVER4, 7)
        self.talks(self.alice, SERVER6, 7)
        write(f"{OWN4}:20000-29999")
        self.assertEqual(lab.ctl("plat", "reload").returncode, 0)
        self.assertEqual(self.router.sysctl(RESERVED), "20000-29999")
        self.talks(self.alice, SERVER6, 7)
        self.assertTrue(10000 <= far.ports()[0] < 20000)
        self.assertTrue(20000 <= far.ports()[1] < 30000)
        self.isp.ip("route add 192.0.2.64/28 via 192.0.2.7")
        write("192.0.2.64/28")
        self.assertEqual(lab.ctl("plat", "reload").returncode, 0)
        self.assertEqual(self.router.sysctl(RESERVED), "")
        self.assertEqual(self.status(), "none")
        write(f"{OWN4}:10000-19999")
        self.assertEqual(lab.ctl("plat", "reload").returncode, 0)
        self.assertEqual(self.status(), OWN4)
        self.works()
        self.assertEqual(program.stop(), 0)
        self.assertEqual(self.router.sysctl(RESERVED), "")

    def test_address_comes_and_goes(self):
        """As a DHCP client or pppd would have it."""
        self.router.ip("addr flush dev wan")
        self.office()
        self.assertEqual(self.status(), "none")
        for _ in range(2):
            self.router.ip(f"addr add {OWN4}/24 dev wan",
                           "route add default via 192.0.2.1")
            lab.wait_for(lambda: self.status() == OWN4, "it is shared")
            self.assertEqual(self.router.sysctl(RESERVED), f"{FIRST}-{LAST}")
            self.works()
            self.router.ip(f"addr del {OWN4}/24 dev wan")
            lab.wait_for(lambda: self.status() == "none", "not shared")
            self.assertEqual(self.router.sysctl(RESERVED), "")

    def test_device_is_replaced(self):
        self.office()
        self.router.ip("link del wan")
        lab.wait_for(lambda: self.status() == "none", "not shared")
        self.net.link("router", "wan", "isp", "customers")
        self.isp.ip("addr add 192.0.2.1/24 dev customers")
        self.router.ip(f"addr add {OWN4}/24 dev wan",
                       "route add default via 192.0.2.1")
        lab.wait_for(lambda: self.status() == OWN4, "it is shared")
        self.works()

    def test_the_operator_sets_up(self):
        """What xlat-plat(8) says that --no-setup leaves to do."""
        before = self.router.snapshot()
        self.plat(*RANGE, f"{OWN4}:10000-19999", "--no-setup")
        self.assertEqual(self.router.sysctl(RESERVED), "")
        self.router.ip("link set plat up", "route add 64:ff9b::/96 dev plat")
        for name, value in (("net/ipv6/conf/all/forwarding", 1),
                            ("net/ipv4/ip_forward", 1),
                            (RESERVED, "10000-19999"),
                            ("net/ipv4/conf/plat/rp_filter", 0),
                            ("net/ipv4/conf/plat/accept_local", 1)):
            self.router.sysctl(name, value)
        self.works()
        self.pings(self.alice, OWN6)
        self.assertNotEqual(before, {})

    def test_sockets_in_the_range(self):
        for address, family in ((OWN4, socket.AF_INET),
                                ("0.0.0.0", socket.AF_INET),
                                ("::", socket.AF_INET6),
                                (f"::ffff:{OWN4}", socket.AF_INET6)):
            for kind, name in ((socket.SOCK_STREAM, "tcp"),
                               (socket.SOCK_DGRAM, "udp")):
                with self.subTest(address, kind=name):
                    service = Service(self.router, kind, address, 12345,
                                      family)
                    program = self.office()
                    self.assertIn(f"port 12345 ({name}) is in use",
                                  program.output())
                    program.stop()
                    service.close()
        # these are in nobody's way
        self.service(self.router, socket.SOCK_STREAM, "127.0.0.1", 12346)
        self.service(self.router, socket.SOCK_STREAM, "2001:db8:1::1", 12347,
                     socket.AF_INET6)
        self.service(self.router, socket.SOCK_STREAM, OWN4, FIRST - 1)
        program = self.office()
        self.assertNotIn("in use", program.output())


class Refusals(Case):
    def refused(self, status, message, *argv, prefix=()):
        before = self.router.snapshot()
        done = self.router.try_run(*prefix, lab.XLAT, "plat", *RANGE, *argv)
        self.assertEqual(done.returncode, status, done.stdout)
        self.assertIn(message, done.stdout)
        rest = [line for line in
                lab.differences(before, self.router.snapshot())
                if not line.startswith("files: ")]
        self.assertEqual(rest, [])

    def test_ports_are_missing(self):
        for pool in (OWN4, f"{OWN4}:1-65535", "192.0.2.0/28",
                     "192.0.2.6-192.0.2.8:1024-65535"):
            with self.subTest(pool):
                self.refused(2, f"{OWN4} is an address of this machine", pool)

    def test_two_addresses(self):
        self.router.ip("addr add 192.0.2.8/24 dev wan")
        self.refused(2, "only one", f"{OWN4}:10000-19999", "--pool4",
                     "192.0.2.8:10000-19999")

    def test_no_port_left(self):
        self.refused(2, "ip_local_port_range", f"{OWN4}:1024-65535")

    def test_no_programs(self):
        self.refused(4, "Linux 6.6", f"{OWN4}:10000-19999", prefix=NO_BPF)


if __name__ == "__main__":
    lab.enter()
    unittest.main()
