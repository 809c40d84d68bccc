#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xlat siit between kernels that are to judge its packets.

    four ───── near4 ───── box ───── near6 ───── six
    IPv4 only              siit            IPv6 only

Real programs and sockets at both ends, in both directions: the far kernel has
to accept every packet, so that no counter of damaged packets moves. What the
kernel has no stack for is sent and judged by hand: SCTP by its CRC32c, DCCP by
its checksum (RFC 4340, 9.1)."""
import hashlib
import re
import socket
import struct
import threading
import unittest

import lab
import packets

FOUR4, FOUR6 = "203.0.113.10", "2001:db8:46::cb00:710a"
SIX4, SIX6 = "198.51.100.10", "2001:db8:5::10"
NEAR4, NEAR6 = "203.0.113.1", "2001:db8:5::1"
UDPLITE, DCCP, SCTP = 136, 33, 132
SOCK_DCCP = 6
# Linux's numbers, which Python does not know
IP_MTU_DISCOVER, IPV6_MTU_DISCOVER = 10, 23
IP_MTU, IPV6_MTU = 14, 24
PMTUDISC_DONT, PMTUDISC_DO = 0, 2
TCP_INFO = 11
TIMESTAMPS, SACK, WSCALE, ECN = 1, 2, 4, 8

# What a kernel counts that threw a packet away as damaged.
DAMAGED = re.compile(r"CsumErrors$|^Ip6?InHdrErrors$|^SctpChecksumErrors$|"
                     r"ReasmFails$|^UdpLite6?InErrors$")


class Case(unittest.TestCase):
    args = ()

    def setUp(self):
        self.net = net = lab.Lab("four", "near4", "box", "near6", "six")
        self.addCleanup(net.close)
        self.four, self.six = net["four"], net["six"]
        self.cable()
        self.siit = net["box"].xlat(
            "siit", "--pool6", "2001:db8:46::/96", "--eam", f"{SIX4},{SIX6}",
            *self.args)

    def cable(self):
        net = self.net
        net.link("four", "eth0", "near4", "four")
        net.link("near4", "box", "box", "v4")
        net.link("box", "v6", "near6", "box")
        net.link("near6", "six", "six", "eth0")
        self.four.ip(f"addr add {FOUR4}/24 dev eth0",
                     f"route add default via {NEAR4}")
        net["near4"].ip(f"addr add {NEAR4}/24 dev four",
                        "addr add 192.168.4.1/30 dev box",
                        "route add 198.51.100.0/24 via 192.168.4.2")
        net["box"].ip("addr add 192.168.4.2/30 dev v4",
                      "route add default via 192.168.4.1",
                      "addr add 2001:db8:66::2/64 dev v6",
                      "route add default via 2001:db8:66::1")
        net["near6"].ip("addr add 2001:db8:66::1/64 dev box",
                        f"addr add {NEAR6}/64 dev six",
                        "route add 2001:db8:46::/96 via 2001:db8:66::2")
        self.six.ip(f"addr add {SIX6}/64 dev eth0",
                    f"route add default via {NEAR6}")
        for name in ("near4", "near6"):
            for family in ("ipv4", "ipv6"):
                net[name].sysctl(f"net/{family}/conf/all/forwarding", 1)

    def tearDown(self):
        for host in (self.four, self.six):
            with self.subTest(host.name):
                bad = {k: v for k, v in self.counters(host).items()
                       if v and DAMAGED.search(k)}
                self.assertEqual(bad, {})

    def counters(self, host):
        """All of snmp, snmp6 and netstat, and SCTP's."""
        found = {}
        with host.inside():
            for name in ("snmp", "netstat"):
                with open(f"/proc/thread-self/net/{name}") as file:
                    rows = [line.split() for line in file]
                for names, values in zip(rows[::2], rows[1::2]):
                    found |= {names[0].rstrip(":") + n: int(v)
                              for n, v in zip(names[1:], values[1:])}
            for name in ("snmp6", "sctp/snmp"):
                try:
                    with open(f"/proc/thread-self/net/{name}") as file:
                        found |= {k: int(v) for k, v in map(str.split, file)}
                except FileNotFoundError:
                    pass
        return found

    def ways(self):
        """(from, to, the address there, its family) in both directions."""
        yield self.four, self.six, SIX4, socket.AF_INET
        yield self.six, self.four, FOUR6, socket.AF_INET6

    def here(self, host):
        """A host's own address, and the family of its sockets."""
        return (FOUR4, socket.AF_INET) if host is self.four else \
            (SIX6, socket.AF_INET6)

    def pair(self, near, far, kind, proto=0, seconds=10):
        """A socket at either end; the far one is bound to port 4000."""
        found = []
        for host in (near, far):
            with host.inside():
                sock = socket.socket(self.here(host)[1], kind, proto)
            sock.settimeout(seconds)
            self.addCleanup(sock.close)
            found.append(sock)
        if kind != socket.SOCK_DGRAM:
            found[1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found[1].bind((self.here(far)[0], 4000))
        return found


def pattern(size):
    return bytes(n * 7 % 251 for n in range(size))


class Stream(Case):
    SIZE = 2 << 20

    def transfer(self, near, far, address):
        """Both ways at once; the TCP_INFO of the two ends."""
        out, listener = self.pair(near, far, socket.SOCK_STREAM)
        listener.listen()
        out.connect((address, 4000))
        into, _ = listener.accept()
        into.settimeout(10)
        self.addCleanup(into.close)
        data = pattern(self.SIZE)
        got = {}

        def push(sock):
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)

        def pull(sock):
            digest = hashlib.sha256()
            while part := sock.recv(1 << 16):
                digest.update(part)
            got[sock] = digest.hexdigest()

        threads = [threading.Thread(target=work, args=(sock,))
                   for work in (push, pull) for sock in (out, into)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        want = hashlib.sha256(data).hexdigest()
        self.assertEqual(got, {out: want, into: want})
        return [sock.getsockopt(socket.IPPROTO_TCP, TCP_INFO, 8)
                for sock in (out, into)]

    def test_options(self):
        """Timestamps, selective acknowledgements, window scale."""
        for near, far, address, _ in self.ways():
            with self.subTest(near.name):
                for info in self.transfer(near, far, address):
                    self.assertEqual(info[5] & (TIMESTAMPS | SACK | WSCALE),
                                     TIMESTAMPS | SACK | WSCALE)

    def test_SIIT_205_df_of_each_packet(self):
        """By its own size, also where it was the end of a super-packet that
        the kernel would have taken apart with one DF for all."""
        out, listener = self.pair(self.six, self.four, socket.SOCK_STREAM)
        listener.listen()
        with packets.Tap(self.four, "eth0") as tap:
            out.connect((FOUR6, 4000))
            into, _ = listener.accept()
            into.settimeout(10)
            for _ in range(20):
                out.sendall(pattern(10_500))
                got = 0
                while got < 10_500:
                    got += len(into.recv(1 << 16))
            # 20 + 32 bytes of header: what is left of whole segments
            last = 52 + 10_500 % out.getsockopt(socket.IPPROTO_TCP,
                                                socket.TCP_MAXSEG)
            out.close()
            into.close()
            seen = []
            while p := tap.receive(lambda p: p.proto == packets.TCP, 0.3):
                seen.append((len(p.data), p.df))
        self.assertTrue(any(size > 3000 for size, _ in seen), seen)
        self.assertGreater(seen.count((last, False)), 10, seen)
        self.assertEqual([x for x in seen if x[1] != (x[0] > 1260)], [])

    def test_loss(self):
        """SACK blocks and retransmissions of what a router loses."""
        for host, device in (("near4", "four"), ("near6", "six")):
            self.net[host].run(
                "nft", "add table inet lossy; add chain inet lossy way { type"
                " filter hook forward priority 0; }; add rule inet lossy way "
                f"oifname {device} numgen inc mod 9 4 drop")
        for near, far, address, _ in self.ways():
            with self.subTest(near.name):
                self.transfer(near, far, address)
        for host in (self.four, self.six):
            self.assertGreater(self.counters(host)["TcpRetransSegs"], 0)

    def test_ecn_marked(self):
        """A router marks what is ECN-capable: the receiver sees it, and its
        echo arrives at the sender."""
        for host in (self.four, self.six):
            host.sysctl("net/ipv4/tcp_ecn", 1)
        for name, rule in (
                ("near4", "oifname four ip ecn ect0 ip ecn set ce"),
                ("near6", "oifname six ip6 ecn ect0 ip6 ecn set ce")):
            self.net[name].run(
                "nft", "add table inet ce; add chain inet ce way { type "
                "filter hook forward priority 0; }; add rule inet ce way "
                + rule)
        for near, far, address, _ in self.ways():
            with self.subTest(near.name):
                for info in self.transfer(near, far, address):
                    self.assertTrue(info[5] & ECN)
        four, six = self.counters(self.four), self.counters(self.six)
        self.assertGreater(four["IpExtInCEPkts"], 0)
        self.assertGreater(six["Ip6InCEPkts"], 0)
        for found in (four, six):
            self.assertGreater(found["TcpExtTCPDeliveredCE"], 0)


class Datagrams(Case):
    SIZES = (0, 1, 7, 1200, 1231, 1232, 1233, 1251, 1252, 1253, 1424, 1425,
             1451, 1452, 1453, 1471, 1472, 1473, 2000, 3000, 9000, 65507)

    def there_and_back(self, near, far, address, size):
        data = pattern(size)
        near.sendto(data, (address, 4000))
        got, client = far.recvfrom(1 << 16)
        self.assertEqual(got, data)
        far.sendto(data[::-1], client[:2])
        self.assertEqual(near.recv(1 << 16), data[::-1])

    def test_udp_of_all_sizes(self):
        for near, far, address, _ in self.ways():
            a, b = self.pair(near, far, socket.SOCK_DGRAM)
            for sock in (a, b):
                if sock.family == socket.AF_INET:
                    sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER,
                                    PMTUDISC_DONT)
            for size in self.SIZES:
                with self.subTest(near.name, size=size):
                    self.there_and_back(a, b, address, size)

    def test_udp_lite(self):
        """RFC 3828: checksum over all of it, and over its header alone."""
        for near, far, address, _ in self.ways():
            try:
                a, b = self.pair(near, far, socket.SOCK_DGRAM, UDPLITE)
            except OSError as err:
                self.skipTest(f"this kernel has no UDP-Lite: {err}")
            for coverage in (0, 8, 20):
                for sock in (a, b):
                    sock.setsockopt(UDPLITE, 10, coverage)
                    sock.setsockopt(UDPLITE, 11, coverage)
                for size in (0, 1, 100, 1000):
                    with self.subTest(near.name, size=size, of=coverage):
                        self.there_and_back(a, b, address, size)

    def largest(self, near, far, address, family):
        """The size of packet that arrives whole; its sender learns only from
        ICMP errors that it has to be less than 1500."""
        a, b = self.pair(near, far, socket.SOCK_DGRAM)
        b.settimeout(0.05)
        level, option, mtu, headers = \
            (socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_MTU, 28) \
            if family == socket.AF_INET else \
            (socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_MTU, 48)
        a.setsockopt(level, option, PMTUDISC_DO)
        a.connect((address, 4000))

        def arrives():
            size = a.getsockopt(level, mtu)
            try:
                a.send(bytes(size - headers))
                return size if b.recv(1 << 16) else 0
            except OSError:
                return 0
        found = lab.wait_for(arrives, "a datagram arrives")
        b.close()
        return found

    def path(self, mtu4, mtu6):
        """The largest packets, 4 to 6 and 6 to 4, with such links between the
        routers and the translator, of which it is not told."""
        self.net["near4"].ip(f"link set box mtu {mtu4}")
        self.net["box"].ip(f"link set v4 mtu {mtu4}")
        self.net["near6"].ip(f"link set box mtu {mtu6}")
        self.net["box"].ip(f"link set v6 mtu {mtu6}")
        return [self.largest(*way) for way in self.ways()]

    def test_path_mtu(self):
        """IPv4 has 20 bytes less, wherever the narrow link is; below 1260
        IPv6 is told 1280, its least, and the translator fragments."""
        for links, want in (((1500, 1500), (1480, 1500)),
                            ((1500, 1400), (1380, 1400)),
                            ((1400, 1500), (1400, 1420))):
            with self.subTest(links):
                self.assertEqual(self.path(*links), list(want))
            for host in (self.four, self.six):
                for family in ("-4", "-6"):
                    host.run("ip", family, "route", "flush", "cache")

    def test_narrow_for_ipv6(self):
        """What is left of 576 bytes is less than IPv6's least."""
        self.assertEqual(self.path(576, 1500)[0], 576)
        a, b = self.pair(self.six, self.four, socket.SOCK_DGRAM)
        for size in (500, 1200, 1232, 4000):
            with self.subTest(size):
                self.there_and_back(a, b, FOUR6, size)


class Programs(Case):
    def test_ping_in_fragments(self):
        for near, _, address, _ in self.ways():
            for size in (0, 56, 1232, 1233, 1452, 1453, 1473, 9000, 65507):
                with self.subTest(near.name, size=size):
                    said = near.run("ping", "-c", "2", "-i", "0.05", "-M",
                                    "dont", "-s", size, address)
                    self.assertIn("2 received", said)

    def hops(self, near, address, *more):
        said = near.run("traceroute", "-n", "-q", "1", "-N", "1", "-w", "5",
                        *more, address)
        return re.findall(r"^ *\d+  (.*?)(?:  [\d.]+ ms.*)?$", said, re.M)

    def test_traceroute(self):
        """UDP, ICMP and TCP: every hop has an address. The box is three: its
        kernel, xlat, its kernel. What has no IPv4 address is the dummy (RFC
        7600)."""
        for kind in ("-U", "-I", "-T"):
            with self.subTest(kind):
                self.assertEqual(
                    self.hops(self.four, SIX4, kind),
                    [NEAR4, "192.168.4.2", *["192.0.0.8"] * 3, SIX4])
                self.assertEqual(
                    self.hops(self.six, FOUR6, kind),
                    [NEAR6, "2001:db8:66::2", "2001:db8:46::c000:8",
                     "2001:db8:46::c0a8:402", "2001:db8:46::c0a8:401", FOUR6])

    def test_traceroute_through_mpls(self):
        """RFC 4950: the labels that a router tells are shown at the other
        side, both ways."""
        for name, far, answer in (
                ("near6", self.four, "three6"), ("near4", self.six, "eleven4")):
            router = self.net[name]
            # The kernel's own errors carry no labels.
            router.run("nft", "add table inet quiet; add chain inet quiet out "
                       "{ type filter hook output priority 0; }; add rule inet"
                       " quiet out mark 0 icmp type time-exceeded drop; add "
                       "rule inet quiet out mark 0 icmpv6 type time-exceeded "
                       "drop")
            router.start("python3", "-c", LABELS, answer)
            address = SIX4 if far is self.four else FOUR6
            with self.subTest(name):
                lab.wait_for(
                    lambda: any("MPLS:L=12345,E=5,S=1,T=1" in hop.replace(
                        " ", "") for hop in self.hops(far, address, "-e")),
                    "the label is shown", 20)


# A router that answers what has one hop left, with an MPLS label stack.
LABELS = r'''
import socket, struct, sys
sys.path.insert(0, "''' + str(lab.ROOT / "tests/net") + r'''")
import packets
six = sys.argv[1] == "three6"
sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
sock.bind(("box", 0x86DD if six else 0x0800))
own = "2001:db8:66::1" if six else "192.168.4.1"
label = 12345 << 12 | 5 << 9 | 1 << 8 | 1
object = struct.pack("!HBBI", 8, 1, 1, label)
ext = b"\x20\0\0\0" + object
ext = ext[:2] + struct.pack("!H", packets.checksum(ext)) + ext[4:]
while True:
    data, where = sock.recvfrom(2000)
    p = packets.Packet(data)
    if p.ttl != 1 or p.proto != packets.UDP or where[2] == 4:
        continue
    quote = data[:128].ljust(128, b"\0")
    if six:
        out = packets.icmp(own, p.src, 3, 0, 16 << 24, quote + ext)
    else:
        out = packets.icmp(own, p.src, 11, 0, 32 << 16, quote + ext)
    raw = socket.socket(socket.AF_INET6 if six else socket.AF_INET,
                        socket.SOCK_RAW, socket.IPPROTO_RAW)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 7)
    raw.sendto(out, (p.src, 0))
'''


def crc32c(data):
    """RFC 9260, appendix A; as it stands in an SCTP header."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return struct.pack("<I", crc ^ 0xFFFFFFFF)


def sctp_init():
    """An INIT chunk from port 4000 to port 5000."""
    chunk = struct.pack("!BBHIIHHI", 1, 0, 20, 0x1234, 65536, 10, 10, 77)
    head = struct.pack("!HHI", 4000, 5000, 0)
    return head + crc32c(head + bytes(4) + chunk) + chunk


def dccp_request(src, dst):
    """RFC 4340, 5.1: a Request for service 42, with the checksum over all."""
    def packet(check):
        return struct.pack("!HHBBHBBHII", 4000, 5000, 5, 0, check, 1, 0, 0, 99,
                           42)
    pseudo = packets.pseudo_header(packets.address(src), packets.address(dst),
                                   DCCP, 20)
    return packet(packets.checksum(pseudo + packet(0)))


class OtherProtocols(Case):
    def carry(self, near, far, src, dst, proto, payload):
        """What of it arrives, in raw sockets at both ends."""
        sockets = []
        for host in (near, far):
            with host.inside():
                sock = socket.socket(self.here(host)[1], socket.SOCK_RAW,
                                     proto)
            sock.settimeout(5)
            self.addCleanup(sock.close)
            sockets.append(sock)
        sockets[0].sendto(payload, (dst, 0))
        got = sockets[1].recv(2000)
        for sock in sockets:
            sock.close()
        return got[20:] if far is self.four else got

    def both(self, proto, make):
        for near, far, address, _ in self.ways():
            src, dst = self.here(near)[0], address
            yield (far, make(src, dst),
                   self.carry(near, far, src, dst, proto, make(src, dst)))

    def test_sctp_by_hand(self):
        """Its CRC32c covers no address, so that it still holds (RFC 9260)."""
        for _, sent, got in self.both(SCTP, lambda *_: sctp_init()):
            self.assertEqual(got, sent)
            self.assertEqual(crc32c(got[:8] + bytes(4) + got[12:]), got[8:12])

    def test_dccp_by_hand(self):
        for far, sent, got in self.both(DCCP, dccp_request):
            src, dst = (SIX4, FOUR4) if far is self.four else (FOUR6, SIX6)
            self.assertEqual(got, dccp_request(src, dst))
            self.assertNotEqual(got, sent)

    def test_esp_and_gre(self):
        for proto in (50, 47):
            for _, sent, got in self.both(proto, lambda *_: pattern(60)):
                self.assertEqual(got, sent)

    def talk(self, kind, proto, options=()):
        """A connection with data both ways, by the kernel's own stack."""
        for near, far, address, _ in self.ways():
            try:
                out, listener = self.pair(near, far, kind, proto)
            except OSError as err:
                self.skipTest(f"this kernel has no protocol {proto}: {err}")
            for sock in (out, listener):
                for option in options:
                    sock.setsockopt(*option)
            listener.listen()
            out.connect((address, 4000))
            into, _ = listener.accept()
            into.settimeout(10)
            with into:
                for size in (1, 500, 1000):
                    out.send(pattern(size))
                    self.assertEqual(into.recv(2000), pattern(size))
                    into.send(pattern(size)[::-1])
                    self.assertEqual(out.recv(2000), pattern(size)[::-1])
            out.close()
            listener.close()

    def test_sctp_of_the_kernel(self):
        self.talk(socket.SOCK_STREAM, SCTP)

    def test_dccp_of_the_kernel(self):
        # DCCP_SOCKOPT_SERVICE, of SOL_DCCP
        self.talk(SOCK_DCCP, DCCP, [(269, 2, struct.pack("!I", 42))])


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
