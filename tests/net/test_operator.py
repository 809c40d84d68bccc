#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a stateless translator leaves to the operator, and what it tells him:
routes beside it, who may claim which source, warnings, its log, its counters,
and addresses as text."""
import pathlib
import re
import time
import unittest

import lab
import packets
from packets import UDP, ip, udp

PAGE = pathlib.Path(__file__).resolve().parents[2] / "cmd/xlat-siit.8"
POOL6 = "2001:db8:122:344::/96"
FAR4, FAR6 = "192.0.2.33", "2001:db8:122:344::c000:221"
# in pool6, but reached untranslated
NATIVE6 = "2001:db8:122:344::c000:263"
NEAR4, NEAR6 = "198.51.100.10", "2001:db8:5::10"
ALSO4, ALSO6 = "198.51.100.11", "2001:db8:6::11"
ARGS = ["siit", "--pool6", POOL6, "--eam", f"{NEAR4},{NEAR6}",
        "--eam", f"{ALSO4},{ALSO6}",
        "--allow4", "192.0.2.0/24", "--allow4", "198.51.100.0/24"]
OTHER4 = "198.51.100.200"


def counters():
    return lab.ask("siit", "counters")


class Routes(unittest.TestCase):
    """host --- box with siit --- far, which has an address under pool6."""

    def setUp(self):
        self.net = lab.Lab("host", "box", "far")
        self.addCleanup(self.net.close)
        self.box, self.host = self.net["box"], self.net["host"]
        self.net.link("host", "eth0", "box", "near")
        self.net.link("far", "eth0", "box", "back")
        self.host.ip(f"addr add {NEAR6}/64 dev eth0",
                     "route add default via 2001:db8:5::1")
        self.net["far"].ip(f"addr add {NATIVE6}/128 dev eth0",
                           "addr add 2001:db8:6::2/64 dev eth0",
                           "route add default via 2001:db8:6::1")
        self.box.ip("addr add 2001:db8:5::1/64 dev near",
                    "addr add 2001:db8:6::1/64 dev back",
                    f"route add {NATIVE6}/128 via 2001:db8:6::2",
                    "route add blackhole default")
        self.box.xlat(*ARGS)

    def enters(self, source):
        """Does a packet of the host with this source come out as IPv4?"""
        with packets.Tap(self.box, "siit") as tap, \
                packets.Tap(self.host, "eth0") as out:
            # the host's neighbour cache has the box after that
            self.host.run("ping", "-c", "1", "2001:db8:5::1")
            mac = self.host.run("ip", "-o", "neigh", "show", "2001:db8:5::1")
            mac = bytes.fromhex(re.search(r"lladdr (\S+)", mac)[1]
                                .replace(":", ""))
            for data in (b"claimed", b"own"):
                src = source if data == b"claimed" else NEAR6
                out.sock.sendto(udp(src, f"{POOL6[:-3]}c000:2c8", 1, 2, data),
                                ("eth0", packets.ETH_P_IPV6, 0, 0, mac))
            return tap.receive(lambda p: p.version == 4
                               and p.proto == UDP).body[8:] == b"claimed"

    def test_SIIT_011_longer_route_is_not_translated(self):
        said = self.host.run("ping", "-c", "1", NATIVE6)
        self.assertIn("1 received", said)
        self.assertEqual(counters()["ipv4-packets-out"], 0)
        self.host.try_run("ping", "-c", "1", "-W", "0.1", FAR6)
        lab.wait_for(lambda: counters()["ipv4-packets-out"] == 1, "one is")

    def test_SIIT_522_A6052_29_claimed_source(self):
        """By itself siit cannot tell: ALSO6 is no host of that side. With the
        rules that the manual gives it need not."""
        self.assertTrue(self.enters(ALSO6))
        rules = re.search(r"^(table ip6 .*?^})", PAGE.read_text(),
                          re.M | re.S)[1]
        self.box.run("nft", "-f", "-", input=rules)
        self.assertFalse(self.enters(ALSO6))
        self.assertFalse(self.enters(FAR6))

    def test_A6052_27_one_prefix_for_both_kinds(self):
        """The advice of the manual works: servers under the same prefix of
        the operator's own, with no mapping at all."""
        self.assertIn("from one prefix of your own", PAGE.read_text())
        self.host.ip(f"addr add {FAR6}/128 dev eth0")
        self.box.ip(f"route add {FAR6}/128 dev near")
        with packets.Tap(self.box, "siit") as tap:
            p = tap.ask(udp(OTHER4, FAR4, 1, 2, b"x"),
                        lambda p: p.version == 6 and p.proto == UDP)
            self.assertEqual(p.dst, FAR6)


class Device(unittest.TestCase):
    def setUp(self):
        self.net = lab.Lab("box")
        self.addCleanup(self.net.close)
        self.box = self.net["box"]
        self.box.ip("route add blackhole default",
                    "route add blackhole ::/0")

    def start(self, *more):
        self.siit = self.box.xlat(*ARGS, *more)
        tap = packets.Tap(self.box, "siit")
        self.addCleanup(tap.sock.close)
        return tap

    def test_EAM_28_hairpinned(self):
        tap = self.start()
        before = counters()
        p = tap.ask(udp(NEAR6, f"{POOL6[:-3]}c633:640b", 1, 2, b"x"))
        self.assertEqual(p.dst, ALSO6)
        now = counters()
        self.assertEqual(now["hairpinned"] - before["hairpinned"], 1)
        self.assertEqual(now["ipv4-packets-out"], 0)

    def test_SIIT_523_drops_do_not_fill_the_log(self):
        tap = self.start("--udp-zero-checksum", "drop")
        zero = udp(FAR4, NEAR4, 1, 2, b"x")
        zero = zero[:26] + b"\0\0" + zero[28:]
        behind = bytes.fromhex("3c00000100000009") + bytes(8)
        before = self.siit.output()
        for _ in range(100):
            for _ in range(20):
                tap.send(zero)
                tap.send(ip(NEAR6, FAR6, packets.FRAGMENT, behind))
            tap.ask(udp(FAR4, NEAR4, 5, 6), lambda p: p.proto == UDP)
        now = counters()
        self.assertEqual((now["drop-udp-zero-checksum"],
                          now["drop-ext-after-fragment"]), (2000, 2000))
        self.assertEqual(self.siit.output(), before)

    def test_SIIT_505_rate_of_errors(self):
        """One a second: of a burst, one; of time, not more than it has."""
        tap = self.start("--icmp-error-rate", "1")
        begin = time.monotonic()
        for _ in range(40):
            tap.send(udp(FAR4, NEAR4, 1, 2, b"x", ttl=1))
        tap.ask(udp(FAR4, NEAR4, 5, 6), lambda p: p.version == 6)
        now = counters()
        self.assertEqual(now["icmp-errors-sent"] + now["drop-error-limit"],
                         40)
        self.assertGreaterEqual(now["icmp-errors-sent"], 1)
        self.assertLessEqual(now["icmp-errors-sent"],
                             1 + time.monotonic() - begin)

    def test_SIIT_502_no_errors(self):
        tap = self.start("--icmp-error-rate", "0")
        tap.send(udp(FAR4, NEAR4, 1, 2, b"x", ttl=1))
        tap.send(udp(NEAR6, FAR6, 1, 2, b"x", ttl=1))
        p = tap.ask(udp(FAR4, NEAR4, 5, 6))
        self.assertEqual((p.version, p.dport), (6, 6))
        now = counters()
        self.assertEqual((now["drop-hop-limit"], now["icmp-errors-sent"],
                          now["drop-error-limit"]), (2, 0, 0))

    def warnings(self, *argv):
        program = self.box.xlat(*argv)
        said = program.output()
        program.stop()
        return [line for line in said.splitlines() if "warning" in line]

    def test_SIIT_424_private_error_sources(self):
        for net in ("10.0.0.1", "172.31.0.0/24", "192.168.0.0/16",
                    "100.64.1.0/24"):
            said = self.warnings(*ARGS, "--error-source4", net)
            self.assertEqual(len(said), 1, said)
            self.assertIn("error-source4", said[0])
        for net in ("192.0.0.8", "172.32.0.1", "none"):
            self.assertEqual(
                self.warnings(*ARGS, "--error-source4", net), [])

    def test_A6052_26_own_address_under_the_well_known_prefix(self):
        args = ["clat", "--no-setup", "--pref64", POOL6, "--source"]
        said = self.warnings(*args, "64:ff9b::c000:1")
        self.assertEqual(len(said), 1, said)
        self.assertIn("64:ff9b::/96", said[0])
        self.assertEqual(self.warnings(*args, NEAR6), [])


class Text(unittest.TestCase):
    """RFC 4291, 2.2 is read, RFC 5952, 4 is written; its own examples."""

    def addr(self, prefix, address):
        with lab.Lab("box") as net:
            return net["box"].run(lab.XLAT, "addr", prefix, address).strip()

    def test_A6052_24_addresses_as_text(self):
        for text in ("64:ff9b::192.0.2.33", "64:ff9b::c000:221",
                     "0064:FF9B:0:0:0:0:C000:0221",
                     "64:ff9b:0:0:0:0:192.0.2.33"):
            self.assertEqual(self.addr("64:ff9b::/96", text), FAR4)
        for prefix, address, text in (
                ("64:ff9b::/96", FAR4, "64:ff9b::c000:221"),
                ("2001:DB8::/96", "0.2.0.1", "2001:db8::2:1"),
                ("2001:db8:0:1:1:1::/96", "0.1.0.1",
                 "2001:db8:0:1:1:1:1:1"),
                ("2001:db8:0:0:1:0::/96", "0.0.0.1",
                 "2001:db8::1:0:0:1")):
            self.assertEqual(self.addr(prefix, address), text)


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
