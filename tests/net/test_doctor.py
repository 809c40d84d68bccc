#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xlat doctor in networks that are ready for 464XLAT, and in others that each
lack one thing. The router's advertisements are made here, byte by byte, and
the resolver says what it is told to; `xlat plat` is the translator."""
import json
import socket
import struct
import threading
import time
import unittest

import dnsmsg
import lab
import network
from uplink import (FAR4, NET, OTHER64, PREF64, SO_BINDTODEVICE, pio, pref64,
                    rdnss)

ROUTER = "2001:db8:0:1::1"
HOST = "four.example.net"
FAR6 = "2001:db8:64::c633:640a"  # FAR4 under PREF64 (RFC 6052, 2.2)
DNSKEY = 48
ARPA = "ipv4only.arpa"
CHECKS = ["address", "route", "resolver", "dns64", "name", "pref64",
          "agreement", "plat-tcp", "plat-ping", "mtu-out", "mtu-in",
          "fragments", "offload", "native-ipv4"]
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
          "--bounding-set=-all", "--inh-caps=-all"]
GOOD = dict.fromkeys(CHECKS, "ok")
NO_PLAT = dict.fromkeys(["plat-tcp", "plat-ping"], "fail") | \
    dict.fromkeys(["mtu-out", "mtu-in", "fragments"], "unknown")


class Router(threading.Thread):
    """Answers Router Solicitations at a device of a host with options."""

    def __init__(self, host, device, *options):
        super().__init__(daemon=True)
        with host.inside():
            self.sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE,
                             device.encode() + b"\0")
        self.sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS,
                             255)
        self.options = options
        self.start()

    def run(self):
        while True:
            try:
                asked = self.sock.recv(1500)
                if asked and asked[0] == 133:
                    self.sock.sendto(
                        struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0)
                        + b"".join(self.options), ("ff02::1", 0))
            except OSError:
                return


class Case(unittest.TestCase):
    """home ── isp; the isp is router, resolver, translator and Internet."""

    def setUp(self):
        self.net = lab.Lab("home", "isp")
        self.addCleanup(self.net.close)
        self.home, self.isp = self.net["home"], self.net["isp"]
        self.net.link("home", "wan", "isp", "home")
        self.isp.ip(f"addr add {ROUTER}/64 dev home nodad",
                    f"addr add {FAR4}/32 dev lo")
        for host, device in (self.home, "wan"), (self.isp, "home"):
            lab.wait_for(lambda h=host, d=device: "fe80" in h.run(
                "ip", "-6", "addr", "show", "dev", d), "link-local")
        self.isp.sysctl("net/ipv6/conf/all/forwarding", 1)
        self.resolv(ROUTER)

    def resolv(self, *servers):
        path = lab.FILES / "resolv.conf"
        path.write_text("".join(f"nameserver {s}\n" for s in servers))
        self.addCleanup(path.write_text, "nameserver 127.0.0.1\n")

    def address(self):
        self.home.sysctl("net/ipv6/conf/wan/accept_ra", 0)
        self.home.ip("addr add 2001:db8:0:1::2/64 dev wan nodad",
                     f"route replace default via {ROUTER} dev wan")

    def router(self, *options):
        router = Router(self.isp, "home", pio(NET), *options)
        self.addCleanup(router.sock.close)

    def resolver(self, prefix=PREF64, name=FAR6):
        """Answers for ipv4only.arpa under a prefix, and for HOST."""
        server = dnsmsg.Server(self.isp, ROUTER)
        self.addCleanup(server.close)
        server.names(dnsmsg.A(HOST, 60, FAR4),
                     dnsmsg.A(ARPA, 60, "192.0.0.170"))
        base = prefix and prefix.split("/")[0]
        if prefix:
            server.names(dnsmsg.AAAA(ARPA, 60, base + "c000:aa"),
                         dnsmsg.AAAA(ARPA, 60, base + "c000:ab"))
        if name:
            server.names(dnsmsg.AAAA(HOST, 60, name))
        return server

    @staticmethod
    def mangle(server, how):
        for key, reply in server.script.items():
            server.script[key] = dnsmsg.Reply(*reply.sections[0], mangle=how)

    def internet(self, answer=3000):
        """A web server, and a DNS server with one large record."""
        network.web(self.isp, FAR4, page="page " * 20000, big=1)
        server = dnsmsg.Server(self.isp, FAR4)
        self.addCleanup(server.close)
        server.names(dnsmsg.RR("", DNSKEY, 60, bytes(answer)))

    def provider(self):
        return self.isp.xlat("plat", "--pool6", PREF64, "--pool4",
                             "192.0.2.1/32", "--allow4", "198.51.100.0/24")

    def all_good(self, mangle=None):
        self.address()
        self.router(pref64(PREF64))
        self.mangle(self.resolver(), mangle)
        self.internet()
        return self.provider()

    def nft(self, host, hook, rule):
        host.run("nft", f"add table inet t; add chain inet t c "
                 f"{{ type filter hook {hook} priority 0; }}; "
                 f"add rule inet t c {rule}")

    def argv(self, *more):
        return [lab.XLAT, "doctor", "--name", HOST, "--fragments", FAR4, *more]

    def doctor(self, *more, prefix=()):
        """Verdicts by check; what else is said of them; the exit status."""
        done = self.home.try_run(*prefix, *self.argv("--json", *more))
        rows = json.loads(done.stdout)
        self.assertEqual([r["check"] for r in rows], CHECKS)
        self.rows = {r["check"]: r for r in rows}
        for row in rows:
            self.assertTrue(row["found"], row)
            if row["verdict"] in ("fail", "warning"):
                self.assertTrue(row["advice"], row)
        return {r["check"]: r["verdict"] for r in rows}, done.returncode

    def expect(self, different, status, *more, **how):
        self.assertEqual(self.doctor(*more, **how),
                         (GOOD | different, status), self.rows)

    def value(self, check):
        return self.rows[check]["value"]


class Ready(Case):
    def test_all(self):
        self.all_good()
        before = self.home.snapshot()
        self.expect({}, 0)
        self.assertEqual(lab.differences(before, self.home.snapshot()), [])
        self.assertEqual({c: self.value(c) for c in CHECKS}, {
            "address": NET, "route": "wan", "resolver": ROUTER,
            "dns64": PREF64, "name": FAR6, "pref64": PREF64, "agreement": "",
            "plat-tcp": FAR6, "plat-ping": FAR6, "mtu-out": "1500",
            "mtu-in": "1500", "fragments": "", "offload": "",
            "native-ipv4": ""})

    def test_text(self):
        self.all_good()
        lines = self.home.run(*self.argv()).splitlines()
        self.assertEqual(lines[-1], "ready for 464XLAT")
        self.assertEqual([line.split()[:2] for line in lines[:-1]],
                         [["ok", c] for c in CHECKS])

    def test_not_root(self):
        """Only advertisements cannot be had, nor pings where the kernel
        allows them to nobody but root."""
        self.all_good()
        deaf = {"pref64": "unknown", "agreement": "unknown"}
        self.expect(deaf, 0, prefix=NOBODY)
        self.home.sysctl("net/ipv4/ping_group_range", "1 0")
        self.expect(deaf | {"plat-ping": "unknown"}, 0, prefix=NOBODY)
        self.expect({}, 0)

    def test_beside_clat(self):
        """What clat sets up here is no native IPv4."""
        self.all_good()
        self.home.xlat("clat")
        lab.wait_for(lambda: lab.ask("clat", "status")["state"] == "up", "up")
        self.expect({}, 0)

    def test_resolver_by_router(self):
        self.resolv()
        self.all_good()
        self.router(rdnss(ROUTER), pref64(PREF64))
        self.expect({}, 0)

    def test_path_mtu(self):
        """A smaller path that says so is no fault."""
        self.all_good()
        self.isp.ip(f"route replace {PREF64} dev plat mtu 1400")
        self.expect({}, 0)
        self.assertEqual(self.value("mtu-out"), "1400")


class Lacking(Case):
    def test_nothing_at_all(self):
        """No address, no route, nobody answers: and it ends."""
        self.home.sysctl("net/ipv6/conf/wan/accept_ra", 0)
        began = time.monotonic()
        found, status = self.doctor()
        self.assertEqual(status, 1)
        self.assertEqual((found["route"], found["resolver"], found["pref64"]),
                         ("fail", "fail", "unknown"))
        self.assertLess(time.monotonic() - began, 20)

    def test_no_dns64(self):
        self.address()
        self.internet()
        self.provider()
        self.resolver(prefix=None, name=None)
        router = Router(self.isp, "home", pio(NET))
        self.addCleanup(router.sock.close)
        nobody = NO_PLAT | dict.fromkeys(["plat-tcp", "plat-ping"], "unknown")
        self.expect(nobody | {"dns64": "fail", "name": "warning",
                              "pref64": "fail", "agreement": "unknown"}, 1)
        router.options = (pio(NET), pref64(PREF64))
        self.expect({"dns64": "warning", "name": "warning",
                     "agreement": "unknown"}, 0)

    def test_given_prefix(self):
        self.address()
        self.router()
        self.internet()
        self.provider()
        self.resolver(prefix=None)
        self.expect({"dns64": "warning", "pref64": "warning",
                     "agreement": "unknown"}, 0, "--pref64", PREF64)

    def test_disagreement(self):
        self.address()
        self.router(pref64(PREF64))
        self.internet()
        self.provider()
        self.resolver(OTHER64, "2001:db8:65::c633:640a")
        self.expect({"agreement": "warning"}, 0)
        self.assertEqual((self.value("pref64"), self.value("dns64")),
                         (PREF64, OTHER64))

    def test_plat_down(self):
        plat = self.all_good()
        plat.stop()
        self.expect(NO_PLAT, 1)
        self.assertIn("unreachable", self.value("plat-tcp"))
        self.isp.ip(f"route add blackhole {PREF64}")
        self.nft(self.isp, "output",
                 "icmpv6 type destination-unreachable drop")
        self.expect(NO_PLAT, 1)
        self.assertEqual(self.value("plat-tcp"), FAR6)

    def test_no_icmp(self):
        """The PLAT carries TCP, but no ping: large packets are TCP's."""
        self.all_good()
        self.nft(self.isp, "prerouting", "icmpv6 type echo-request drop")
        self.expect({"plat-ping": "warning"}, 0)

    def test_black_hole_out(self):
        self.all_good()
        self.nft(self.isp, "prerouting",
                 "iifname home meta length > 1300 drop")
        self.expect({"mtu-out": "fail", "mtu-in": "unknown",
                     "fragments": "warning"}, 1)

    def test_black_hole_in(self):
        """What the PLAT may cut, as pings and fragments, still comes in."""
        self.all_good()
        self.nft(self.isp, "postrouting",
                 "oifname home meta length > 1300 drop")
        self.expect({"mtu-in": "fail"}, 1)

    def test_small_uplink(self):
        self.all_good()
        self.home.ip("link set wan mtu 1280")
        self.expect({}, 0)
        self.assertEqual(self.value("mtu-out"), "1280")

    def test_no_fragments(self):
        self.all_good()
        self.nft(self.isp, "prerouting",
                 "iifname home exthdr frag exists drop")
        self.expect({"fragments": "warning"}, 0)

    def test_native_ipv4(self):
        self.all_good()
        self.home.ip("addr add 203.0.113.2/24 dev wan",
                     "route add default via 203.0.113.1")
        self.expect({"native-ipv4": "warning"}, 0)

    def test_no_resolver(self):
        self.resolv()
        self.all_good()
        self.expect({"resolver": "fail", "dns64": "unknown",
                     "name": "unknown", "agreement": "unknown"}, 1,
                    "--target", FAR4)

    def test_resolver_that_refuses(self):
        self.address()
        self.router(pref64(PREF64))
        self.internet()
        self.provider()
        server = self.resolver()
        for key in list(server.script):
            server.script[key] = dnsmsg.Reply(rcode=dnsmsg.REFUSED)
        self.expect({"resolver": "fail", "dns64": "unknown",
                     "name": "unknown", "agreement": "unknown"}, 1,
                    "--target", FAR4)
        self.assertIn("refuse", self.rows["resolver"]["found"])

    def test_silent_resolver(self):
        self.resolv("2001:db8:0:1::9", ROUTER)
        self.all_good()
        self.expect({"resolver": "warning"}, 0)

    def test_no_address(self):
        self.all_good()
        self.home.ip("addr flush dev wan scope global",
                     f"route add {ROUTER} dev wan")
        found, status = self.doctor()
        self.assertEqual((found["address"], status), ("fail", 1))

    def test_link_down(self):
        self.all_good()
        self.home.ip("link set wan down")
        found, status = self.doctor("--uplink", "wan")
        self.assertEqual((found["route"], status), ("fail", 1))


class Usage(Case):
    def test_wrong_values(self):
        for option, value in ("uplink", "nosuch0"), ("pref64", "::/97"), \
                ("name", "."), ("target", "1.2.3"), ("fragments", "::1"):
            with self.subTest(option):
                done = self.home.try_run(lab.XLAT, "doctor", f"--{option}",
                                         value)
                self.assertEqual(done.returncode, 2)
                self.assertIn(f"--{option} '{value}': expected", done.stdout)
                self.assertEqual(len(done.stdout.splitlines()), 1)


class Forged(Case):
    def test_pref64_option(self):
        """RFC 8781, 4: PLC 6 and 7 are no lengths, 2 is the option's."""
        self.address()
        self.internet()
        self.provider()
        self.resolver()
        router = Router(self.isp, "home", pio(NET))
        self.addCleanup(router.sock.close)
        good = pref64(PREF64)
        for option in good[:3] + bytes([good[3] | 7]) + good[4:], \
                bytes([38, 1]) + good[2:8], bytes([38, 3]) + good[2:] + bytes(8):
            with self.subTest(option.hex()):
                router.options = (pio(NET), option)
                self.expect({"pref64": "warning", "agreement": "unknown"}, 0)
                self.assertIn("PREF64 option", self.rows["pref64"]["found"])

    def test_advertisement(self):
        """An option of length 0 spoils the whole (RFC 4861, 4.6)."""
        self.address()
        self.internet()
        self.provider()
        self.resolver()
        self.router(pref64(PREF64), bytes(8))
        self.expect({"pref64": "warning", "agreement": "unknown"}, 0)
        self.assertIn("malformed", self.rows["pref64"]["found"])

    def test_answers(self):
        """Another id, a name that points at itself, cut, and no header."""
        self.address()
        self.router(pref64(PREF64))
        self.internet()
        self.provider()
        server = self.resolver()
        for mangle in (lambda m: bytes([m[0] ^ 1]) + m[1:],
                       lambda m: m[:7] + bytes([m[7] + 1]) + m[8:] +
                       struct.pack(">H", 0xC000 | len(m)) + bytes(10),
                       lambda m: m[:-3],
                       lambda m: m[:5]):
            self.mangle(server, mangle)
            with self.subTest(mangle(bytes(range(20))).hex()):
                self.expect({"resolver": "fail", "dns64": "unknown",
                             "name": "unknown", "agreement": "unknown"}, 1,
                            "--target", FAR4)
                self.assertIn("damaged or forged",
                              self.rows["resolver"]["found"])

    def test_answer_behind_forged_ones(self):
        """They are not the answer; what comes after them is."""
        self.all_good(lambda m: [bytes([m[0] ^ 1]) + m[1:], m[:-3], m])
        self.expect({}, 0)


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
