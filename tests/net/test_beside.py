#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What else runs on a host or behind it: WireGuard, a VPN that takes the
default route, IPsec's UDP, SIP without checksums, traceroute, containers and
their nftables, a second line. Each works through the CLAT, and none of them is
changed by it."""
import socket
import subprocess
import time
import unittest

import lab
import network
from uplink import FAR4, OTHER64, PREF64, Case

SO_NO_CHECK = 11
MTU_DISCOVER, PMTUDISC_DONT = 10, 0
TUNNEL, TUNNEL_FAR = "10.9.0.2", "10.9.0.1"


class WireGuard:
    """One end, by wireguard-go: there is no module in every kernel."""

    def __init__(self, host, name, address):
        self.host, self.name, self.address = host, name, address
        self.key = host.run("wg", "genkey").strip()
        self.public = host.run("wg", "pubkey", input=self.key).strip()
        self.program = host.start("wireguard-go", "--foreground", name)
        self.program.wait_until(
            lambda: name in host.links() and host.try_run(
                "wg", "show", name).returncode == 0, "its device")
        key = lab.FILES / f"{name}.key"
        key.write_text(self.key)
        host.run("wg", "set", name, "private-key", key, "listen-port",
                 "51820")
        # 80 bytes around IPv4, and 20 more where that becomes IPv6
        host.ip(f"addr add {address}/24 dev {name}",
                f"link set {name} up mtu 1400")
        # It hears of that by itself, and has no socket before.
        self.program.wait_until(lambda: host.run(
            "ss", "-Hlun", "sport = :51820"), "its socket")

    def shakes_hands(self):
        """What is lost of a handshake is sent again after 5 seconds."""
        lab.wait_for(lambda: self.host.run(
            "wg", "show", self.name, "latest-handshakes").split()[1:]
            not in ([], ["0"]), "a handshake", 30)

    def meets(self, other, allowed, endpoint=None):
        argv = ["wg", "set", self.name, "peer", other.public, "allowed-ips",
                allowed, "persistent-keepalive", "1"]
        if endpoint:
            argv += ["endpoint", f"{endpoint}:51820"]
        self.host.run(*argv)


class Behind(unittest.TestCase):
    """A laptop behind a router that is the CLAT, and a server far away."""

    def setUp(self):
        self.net = network.Network()
        self.addCleanup(self.net.close)
        self.laptop, self.server = self.net["laptop"], self.net["server"]
        self.net.clat()
        self.net.plat()

    def sockets(self, port, checksum=True):
        with self.server.inside():
            far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with self.laptop.inside():
            near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for sock in (near, far):
            sock.settimeout(5)
            self.addCleanup(sock.close)
            # as resolvers do; else Linux would find the path's MTU first
            sock.setsockopt(socket.IPPROTO_IP, MTU_DISCOVER, PMTUDISC_DONT)
            if not checksum:
                sock.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)
        far.bind((network.SERVER4, port))
        near.bind((network.LAPTOP4, port))
        return near, far

    def there_and_back(self, near, far, data):
        near.sendto(data, (network.SERVER4, far.getsockname()[1]))
        got, client = far.recvfrom(65536)
        self.assertEqual(got, data)
        far.sendto(data[::-1], client)
        self.assertEqual(near.recv(65536), data[::-1])

    def test_ipsec_nat_traversal(self):
        """RFC 3948: ESP and IKE in UDP 4500 without checksum, a keepalive of
        one byte, and packets that are cut on the way."""
        near, far = self.sockets(4500, checksum=False)
        ike = bytes(4) + b"IKE message" * 20
        esp = b"\x11\x22\x33\x44" + bytes(range(256)) * 5
        for data in (b"\xff", ike, esp, esp[:1452], esp * 3):
            with self.subTest(len(data)):
                self.there_and_back(near, far, data)

    def test_sip_without_checksum(self):
        near, far = self.sockets(5060, checksum=False)
        self.there_and_back(near, far, b"OPTIONS sip:server SIP/2.0\r\n\r\n")
        self.there_and_back(near, far, b"INVITE " + b"sdp" * 700)

    def test_dns_with_fragments(self):
        near, far = self.sockets(53)
        for size in (40, 1232, 1472, 4096):
            with self.subTest(size):
                self.there_and_back(near, far, bytes(size))

    def test_wireguard(self):
        """From behind the router to a server on the Internet: handshake,
        pings, whole TCP, and it is the server that speaks after a pause."""
        near = WireGuard(self.laptop, "wglaptop", TUNNEL)
        far = WireGuard(self.server, "wgserver", TUNNEL_FAR)
        far.meets(near, f"{TUNNEL}/32")
        near.meets(far, "10.9.0.0/24", network.SERVER4)
        near.shakes_hands()
        said = self.laptop.run("ping", "-c", "5", "-i", "0.2", "-W", "5",
                               TUNNEL_FAR)
        self.assertIn("5 received", said)
        self.assertIn("2 received", self.laptop.run(
            "ping", "-c", "2", "-M", "do", "-s", "1372", TUNNEL_FAR))
        network.web(self.server, TUNNEL_FAR, big=2 << 20)
        said = self.laptop.run("curl", "-sS", "-o", "/dev/null", "-w",
                               "%{size_download}", "--max-time", "30",
                               f"http://{TUNNEL_FAR}/big")
        self.assertEqual(said, str(2 << 20))
        self.assertIn("1 received", self.server.run("ping", "-c", "1",
                                                    TUNNEL))


class OnTheHost(Case):
    """The machine itself is IPv6-only, and has programs of its own."""

    def setUp(self):
        super().setUp()
        self.address()
        self.provider()

    def up(self, *argv):
        program = self.clat("--uplink", "wan", "--pref64", PREF64, *argv)
        self.wait_state("up")
        return program

    def test_traceroute(self):
        self.up()
        said = self.home.run("traceroute", "-n", "-q", "1", "-N", "1", "-w",
                             "3", FAR4)
        self.assertIn(FAR4, said.splitlines()[-1])

    def test_vpn_takes_the_default_route(self):
        """As wg-quick and OpenVPN do: two halves of the Internet into the
        tunnel, the server itself by the old route. What is inside comes
        out there; the CLAT stays as it is."""
        program = self.up()
        near = WireGuard(self.home, "wghome", TUNNEL)
        far = WireGuard(self.isp, "wgisp", TUNNEL_FAR)
        self.isp.ip("addr add 203.0.113.77/32 dev lo")
        far.meets(near, f"{TUNNEL}/32")
        near.meets(far, "0.0.0.0/0", FAR4)
        self.home.ip(f"route add {FAR4} dev clat src 192.0.0.5",
                     f"route add 0.0.0.0/1 dev wghome src {TUNNEL}",
                     f"route add 128.0.0.0/1 dev wghome src {TUNNEL}")
        near.shakes_hands()
        said = self.home.run("ping", "-c", "3", "-i", "0.2", "-W", "5",
                             "203.0.113.77")
        self.assertIn("3 received", said)
        self.assertIn("dev wghome", self.home.run("ip", "route", "get",
                                                  "203.0.113.77"))
        self.assertEqual(self.status()["state"], "up")
        self.assertNotIn("paused", program.output())
        self.home.ip("route del 0.0.0.0/1 dev wghome",
                     "route del 128.0.0.0/1 dev wghome")
        self.ping()

    def test_vpn_with_a_default_route_of_its_own(self):
        """A better metric and no gateway: not native IPv4 of the uplink."""
        program = self.up()
        WireGuard(self.home, "wghome", TUNNEL)
        self.home.ip("route add default dev wghome metric 50")
        # what native IPv4 is given to show that it stays, and more
        until = time.monotonic() + 3.5
        while time.monotonic() < until:
            self.assertEqual(self.status()["state"], "up")
            time.sleep(0.01)
        self.assertNotIn("paused", program.output())

    def container(self):
        """As Docker does: a bridge, a network namespace on it, masquerading,
        and a chain that lets through only what belongs to it."""
        lab_ = self.net
        lab_.hosts["box"] = box = lab.Host("box")
        subprocess.run(["ip", "link", "add", "veth0", "netns", "home", "type",
                        "veth", "peer", "name", "eth0", "netns", "box"],
                       check=True)
        self.home.sysctl("net/ipv4/ip_forward", 1)
        self.home.ip("link add docker0 type bridge",
                     "link set veth0 master docker0", "link set veth0 up",
                     "addr add 172.17.0.1/16 dev docker0",
                     "link set docker0 up")
        box.ip("link set eth0 up", "addr add 172.17.0.2/16 dev eth0",
               "route add default via 172.17.0.1")
        self.home.run("nft", "-f", "-", input="""
table ip nat {
	chain POSTROUTING {
		type nat hook postrouting priority srcnat
		ip saddr 172.17.0.0/16 oifname != "docker0" masquerade
	}
}
table ip filter {
	chain FORWARD {
		type filter hook forward priority filter; policy drop
		oifname "docker0" ct state related,established accept
		iifname "docker0" accept
	}
}
table ip6 filter {
	chain FORWARD {
		type filter hook forward priority filter; policy drop
	}
}
table inet mine {
	chain input {
		type filter hook input priority filter; policy drop
		iifname "lo" accept
		ct state established,related accept
		icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
	}
}
""")
        return box

    def test_containers_and_their_rules(self):
        """The host and the container reach the Internet, although forwarded
        IPv6 is dropped; the rules are the same afterwards."""
        box = self.container()
        rules = self.home.run("nft", "list", "ruleset")
        program = self.up()
        if self.status()["fast-path"] != "on":
            self.skipTest(f"no fast path: {self.status()['fast-path']}")
        self.ping(3)
        self.assertIn("3 received", box.run("ping", "-c", "3", "-i", "0.1",
                                            "-W", "3", FAR4))
        self.assertEqual(self.home.run("nft", "list", "ruleset"), rules)
        self.assertEqual(program.stop(), 0)
        self.assertEqual(self.home.run("nft", "list", "ruleset"), rules)
        self.assertEqual(self.home.sysctl("net/ipv4/ip_forward"), "1")

    def test_containers_without_the_fast_path(self):
        """Then forwarded IPv6 has to be let through, as the manual says."""
        box = self.container()
        self.up("--fast-path", "off")
        said = self.home.try_run("ping", "-c", "1", "-W", "1", FAR4).stdout
        self.assertIn("0 received", said, "the rule drops nothing")
        self.home.run("nft", "-f", "-", input="""
insert rule ip6 filter FORWARD iifname "clat" oifname "wan" accept
insert rule ip6 filter FORWARD iifname "wan" oifname "clat" accept
""")
        self.ping(3)
        self.assertIn("3 received", box.run("ping", "-c", "3", "-i", "0.1",
                                            "-W", "3", FAR4))

    def test_two_lines_each_with_a_flow(self):
        """A socket bound to either address keeps to its line, and the one of
        a line that is cut is told; the other goes on."""
        self.net.link("home", "wan2", "isp", "home2")
        self.isp.ip("addr add 2001:db8:0:3::1/64 dev home2 nodad")
        self.home.sysctl("net/ipv6/conf/wan2/accept_ra", 0)
        self.home.ip("addr add 2001:db8:0:3::2/64 dev wan2 nodad",
                     "route add default via 2001:db8:0:3::1 dev wan2 "
                     "metric 4000",
                     f"route add {OTHER64} via 2001:db8:0:3::1 dev wan2")
        self.isp.xlat("plat", "--instance", "plat2", "--pool6", OTHER64,
                      "--pool4", "192.0.2.2/32", "--allow4",
                      "198.51.100.0/24")
        self.up()
        self.clat("--instance", "second", "--uplink", "wan2", "--pref64",
                  OTHER64)
        self.wait_state("up", "second")
        sources = [self.status(n)["address4"] for n in ("clat", "second")]

        def reaches(source, seconds):
            return self.home.try_run("ping", "-c", "1", "-W", seconds, "-I",
                                     source, FAR4).returncode == 0
        for source in sources:
            self.assertTrue(reaches(source, 10), source)
        self.home.ip("link set wan down")
        self.wait_state("off")
        self.assertFalse(reaches(sources[0], 1))
        self.assertTrue(reaches(sources[1], 10))
        self.ping()


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
