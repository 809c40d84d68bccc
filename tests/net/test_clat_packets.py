#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xlat clat, packet by packet: what goes into its device and what comes out.
Numbers are those of the list of requirements, worked out from RFC 7915."""
import os
import struct
import unittest
from ipaddress import IPv4Address

import lab
import packets
from packets import ICMP6, TCP, UDP, icmp, ip, ping, tcp, udp
from uplink import FAR4, PREF64, Case

V, X = "192.0.0.5", "2001:db8:0:1::464"
FAR6 = "2001:db8:64::c633:640a"
ROUTER6 = "2001:db8:0:1::1"
DEDICATED = "2001:db8:0:464::/96"
MORE = 0x2000  # of IPv4's flags and offset


class Device(Case):
    """home, with a packet socket where its device is."""

    def setUp(self):
        super().setUp()
        self.home.keep_silent()
        self.address()
        # What arrives there is not to be answered.
        self.isp.ip(f"route add blackhole {PREF64}")

    def start(self, *more, source=("--source", X), pref64=PREF64):
        # So that all that happens is seen at the device.
        program = self.clat("--uplink", "wan", "--pref64", pref64,
                            "--fast-path", "off", *source, *more)
        self.wait_state("up")
        self.tap = packets.Tap(self.home, "clat")
        self.addCleanup(self.tap.sock.close)
        return program

    def drops(self):
        return {k: v for k, v in lab.ask("clat", "counters").items()
                if k.startswith("drop-")}

    def dropped(self, packet, version=4):
        """Send one; the reasons that were counted. Nothing of this version
        came out."""
        before = self.drops()
        self.tap.drain()
        self.tap.send(packet)
        lab.wait_for(lambda: self.drops() != before, f"a drop of {packet!r}")
        after = self.drops()
        other = packets.ETH_P_IP if version == 4 else packets.ETH_P_IPV6
        self.assertNotIn(other, [proto for proto, _ in self.tap.drain()])
        return [k for k in after if after[k] != before[k]]

    def sizes(self, packet, version=6):
        """Lengths of the packets that one leads to, the first within
        seconds, the others at once."""
        p = self.tap.ask(packet, lambda p: p.version == version)
        found = []
        while p:
            found.append(len(p.data))
            p = self.tap.receive(lambda p: p.version == version, 0.1)
        return found

    @staticmethod
    def datagram(length, **more):
        """An IPv4 UDP datagram of so many bytes altogether."""
        return udp(V, FAR4, 4000, 53, bytes(length - 28), **more)

    @staticmethod
    def first_fragment(length):
        """The first of a datagram's fragments, of so many bytes."""
        return ip(V, FAR4, UDP, udp(V, FAR4, 4000, 53,
                                    bytes(3000))[20:length], ident=7,
                  frag=MORE)


class Addresses(Device):
    def test_c6877_01_no_table_of_sessions(self):
        """Twenty thousand flows take no memory."""
        program = self.start()
        memory = []
        for flows in (2000, 20000):
            for i in range(flows):
                self.tap.send(udp(V, str(IPv4Address("198.51.0.0") + i),
                                  1024 + i, 53))
            memory.append(int(lab.status(program.pid)["VmRSS"].split()[0]))
        # Of what comes faster than it is read the kernel drops some.
        self.assertGreater(lab.ask("clat", "counters")["ipv6-packets-out"],
                           10000)
        self.assertLess(memory[1] - memory[0], 100, "kB")

    def test_c6877_02_six_lengths(self):
        """RFC 6052, 2.4: 192.0.2.33 under each."""
        for length, prefix, want in (
                (32, "2001:db8::", "2001:db8:c000:221::"),
                (40, "2001:db8:100::", "2001:db8:1c0:2:21::"),
                (48, "2001:db8:122::", "2001:db8:122:c000:2:2100::"),
                (56, "2001:db8:122:300::", "2001:db8:122:3c0:0:221::"),
                (64, "2001:db8:122:344::", "2001:db8:122:344:c0:2:2100:0"),
                (96, "2001:db8:122:344::", "2001:db8:122:344::c000:221")):
            with self.subTest(length):
                program = self.start(
                    source=("--source", "2001:db9:0:1::464"),
                    pref64=f"{prefix}/{length}")
                p = self.tap.ask(udp(V, "192.0.2.33", 4000, 53, b"x"),
                                 lambda p: p.version == 6)
                self.assertEqual((p.src, p.dst),
                                 ("2001:db9:0:1::464", want))
                self.assertTrue(p.good_checksum())
                program.stop()

    def test_c6877_03_not_inside_the_prefix(self):
        done = self.home.try_run(lab.XLAT, "clat", "--pref64", PREF64,
                                 "--source", FAR6)
        self.assertEqual(done.returncode, 2)
        self.assertIn("outside the pref64", done.stdout)

    def test_c6877_04_who_is_not_behind_the_prefix(self):
        """An IPv6 node reaches nothing; its errors are another thing."""
        self.start()
        self.assertEqual(
            self.dropped(udp("2001:db8:9::1", X, 53, 4000, b"x")),
            ["drop-no-mapping"])
        inside = self.tap.ask(udp(V, FAR4, 4000, 53, bytes(20)),
                              lambda p: p.version == 6).data
        p = self.tap.ask(icmp("2001:db8:9::1", X, 3, 0, 0, inside),
                         lambda p: p.version == 4)
        self.assertEqual((p.src, p.dst, p.type, p.code),
                         ("192.0.0.8", V, 11, 0))

    def test_c6877_10_dedicated_prefix_is_not_on_the_link(self):
        """Nobody is asked about it, and nobody is told."""
        with packets.Tap(self.isp, "home", packets.ETH_P_IPV6) as line:
            self.start("--lan", "192.168.1.0/24",
                       source=("--source", DEDICATED))
            self.home.run("ping", "-c", "1", ROUTER6)
            about = set()
            while p := line.receive(seconds=0.2):
                if p.proto == ICMP6 and p.type in (135, 136):
                    about.add(p.body[8:24][:8])
                about |= {p.dst} if p.dst.startswith("ff02::1:ff") else set()
        self.assertNotIn(bytes.fromhex("20010db800000464"), about)
        self.assertEqual({a for a in about if isinstance(a, str)}
                         - {"ff02::1:ff00:1", "ff02::1:ff00:2"}, set())

    def test_c6877_11_outside_the_lan(self):
        """An address of the prefix that no host has: it does not go back to
        the provider, nor anywhere."""
        self.isp.ip(f"route add {DEDICATED} via 2001:db8:0:1::2")
        self.start("--lan", "192.168.1.0/24", source=("--source", DEDICATED))
        before = self.drops()["drop-no-mapping"]
        with packets.Tap(self.isp, "home", packets.ETH_P_IPV6) as line:
            self.tap.send(udp(FAR6, "2001:db8:0:464::a00:1", 53, 4000, b"x"))
            lab.wait_for(lambda: self.drops()["drop-no-mapping"]
                         == before + 1, "drop-no-mapping")
            self.assertIsNone(line.receive(
                lambda p: p.proto == UDP, 0.3))

    def test_c6877_13_another_customer_is_somebody_far_away(self):
        self.start()
        p = self.tap.ask(ping(V, "192.0.2.1"), lambda p: p.version == 6)
        self.assertEqual((p.src, p.dst), (X, "2001:db8:64::c000:201"))

    def test_c6877_14_multicast_is_not_carried(self):
        self.start()
        for group in ("224.0.0.251", "239.1.2.3", "255.255.255.255"):
            with self.subTest(group):
                self.assertEqual(len(self.dropped(
                    udp(V, group, 5353, 5353), version=6)), 1)

    def test_c6877_56_dns_to_another_server(self):
        self.start()
        p = self.tap.ask(udp(V, "198.51.100.53", 4000, 53, b"question"),
                         lambda p: p.version == 6)
        self.assertEqual((p.dst, p.dport, p.body[8:]),
                         ("2001:db8:64::c633:6435", 53, b"question"))

    def test_c6877_49_neutral_is_not_untouched(self):
        """The address is made such that TCP's checksum stays as it is. That
        of ICMP changes all the same, and UDP's is made where there is
        none."""
        self.start(source=())
        segment = tcp(V, FAR4, 4000, 80, 2)
        p = self.tap.ask(segment, lambda p: p.proto == TCP)
        self.assertEqual(p.version, 6)
        self.assertTrue(p.good_checksum())
        self.assertEqual(p.body[16:18], segment[36:38], "neutral")
        p = self.tap.ask(ping(V, FAR4), lambda p: p.proto == ICMP6)
        self.assertTrue(p.good_checksum())
        datagram = bytearray(udp(V, FAR4, 4000, 53, b"SIP"))
        datagram[26:28] = b"\0\0"
        p = self.tap.ask(bytes(datagram), lambda p: p.proto == UDP)
        self.assertNotEqual(p.body[6:8], b"\0\0")
        self.assertTrue(p.good_checksum())


class Sizes(Device):
    def test_c6877_15_fragments_one_by_one(self):
        """The last comes first, and is there before the others are."""
        self.start()
        whole = udp(V, FAR4, 4000, 53, bytes(2000))[20:]
        last = ip(V, FAR4, UDP, whole[1200:], ident=7, frag=1200 // 8)
        p = self.tap.ask(last, lambda p: p.version == 6)
        self.assertEqual((p.offset, p.more, p.ident, p.body),
                         (1200, False, 7, whole[1200:]))
        first = ip(V, FAR4, UDP, whole[:1200], ident=7, frag=MORE)
        p = self.tap.ask(first, lambda p: p.version == 6)
        self.assertEqual((p.offset, p.more, p.ident, len(p.body)),
                         (0, True, 7, 1200))
        back = struct.pack("!BBHI", UDP, 0, 1200, 7) + whole[1200:]
        p = self.tap.ask(ip(FAR6, X, packets.FRAGMENT, back),
                         lambda p: p.version == 4)
        self.assertEqual((p.offset, p.more, p.ident, p.body),
                         (1200, False, 7, whole[1200:]))

    def test_m_06_larger_than_the_route_but_it_fits(self):
        self.start()
        for length in (1473, 1480):
            self.assertEqual(self.sizes(self.datagram(length)), [length + 20])

    def test_m_07_too_large(self):
        self.start()
        p = self.tap.ask(self.datagram(1481))
        self.assertEqual((p.src, p.dst, p.type, p.code, p.rest & 0xFFFF),
                         ("192.0.0.8", V, 3, 4, 1480))
        self.assertEqual(p.quoted().dst, FAR4)

    def test_m_08_without_df(self):
        self.start()
        for length, want in ((1260, [1280]), (1261, [1280, 57]),
                             (1472, [1280, 268]),):
            with self.subTest(length):
                self.assertEqual(self.sizes(self.datagram(length, df=False)),
                                 want)

    def test_m_08_three_thousand(self):
        """On a link that such a packet reaches the device over."""
        self.home.ip("link set wan mtu 9000")
        self.start()
        self.assertEqual(self.sizes(self.datagram(3000, df=False)),
                         [1280, 1280, 564])

    def test_m_09_m_10_what_the_kernel_has_cut(self):
        """1468 bytes, as from a route of 1472: two, or as it is where the
        operator says that the network carries more."""
        for lowest, want in (("1280", [1280, 264]), ("1500", [1496])):
            with self.subTest(lowest):
                program = self.start("--lowest-ipv6-mtu", lowest)
                self.assertEqual(self.sizes(self.first_fragment(1468)),
                                 want)
                program.stop()

    def test_m_09_not_above_the_uplink_s(self):
        """9000 counts as 1500, and what is smaller than 1280 is refused."""
        self.start("--lowest-ipv6-mtu", "9000")
        self.assertEqual(self.sizes(self.datagram(1480, df=False)), [1500])
        done = self.home.try_run(lab.XLAT, "clat", "--lowest-ipv6-mtu",
                                 "1279", "--check")
        self.assertEqual(done.returncode, 2)

    def too_big(self, mtu):
        """What a router's Packet Too Big becomes."""
        inside = self.tap.ask(self.datagram(1000),
                              lambda p: p.version == 6).data
        p = self.tap.ask(icmp(ROUTER6, X, 2, 0, mtu, inside),
                         lambda p: p.version == 4)
        self.assertEqual((p.src, p.dst, p.type, p.code),
                         ("192.0.0.8", V, 3, 4))
        quoted = p.quoted()
        self.assertEqual((quoted.src, quoted.dst, quoted.sport, quoted.dport),
                         (V, FAR4, 4000, 53), "it matches the socket")
        return p.rest & 0xFFFF

    def test_m_11_m_12_packet_too_big(self):
        """20 less than it says, also below 1280; never more than fits."""
        self.start()
        for mtu, want in ((1400, 1380), (1280, 1260), (1000, 980),
                          (9000, 1480)):
            with self.subTest(mtu):
                self.assertEqual(self.too_big(mtu), want)

    def test_m_16_jumbo_uplink(self):
        self.home.ip("link set wan mtu 9000")
        self.start()
        self.assertIn("mtu 8980", self.routes4())
        self.assertEqual(self.sizes(self.datagram(8980)), [9000])
        self.assertEqual(self.too_big(1500), 1480)

    def test_m_14_downwards_everything_fits(self):
        self.start()
        whole = udp(FAR6, X, 53, 4000, bytes(1452))
        self.assertEqual(len(whole), 1500)
        self.assertEqual(self.sizes(whole, version=4), [1480])
        piece = struct.pack("!BBHI", UDP, 0, 1, 7) + bytes(1452)
        self.assertEqual(self.sizes(ip(FAR6, X, packets.FRAGMENT, piece),
                                    version=4), [1472])

    def test_m_19_options_do_not_count(self):
        """They vanish: 1484 bytes with four of options are 1500 in IPv6."""
        self.start()
        for length in (1484, 1485):
            packet = bytearray(self.datagram(length - 4))
            packet[0] = 0x46
            packet[2:4] = struct.pack("!H", length)
            packet[20:20] = b"\1\1\1\0"
            packet[10:12] = b"\0\0"
            packet[10:12] = struct.pack("!H", packets.checksum(
                bytes(packet[:24])))
            p = self.tap.ask(bytes(packet))
            if length == 1484:
                self.assertEqual((p.version, len(p.data)), (6, 1500))
            else:
                self.assertEqual((p.version, p.type, p.code), (4, 3, 4))


class Native(Device):
    def test_c6877_05_ipv6_is_not_touched(self):
        """The machine's own IPv6 to the same prefix leaves as it is."""
        self.isp.ip(f"route del blackhole {PREF64}")
        self.provider()
        self.start(source=())
        before = lab.ask("clat", "counters")
        with packets.Tap(self.isp, "home", packets.ETH_P_IPV6) as line:
            self.assertIn("1 received", self.home.run("ping", "-c", "1",
                                                      FAR6))
            p = line.receive(lambda p: p.proto == ICMP6 and p.type == 128)
        self.assertEqual((p.src, p.dst), ("2001:db8:0:1::2", FAR6))
        after = lab.ask("clat", "counters")
        for name in ("ipv6-packets-in", "ipv4-packets-out"):
            self.assertEqual(after[name], before[name], name)

    def test_c6877_57_resolvers_are_not_touched(self):
        """Neither the file nor its place, from the start to the end."""
        def seen():
            st = os.stat("/etc/resolv.conf")
            return st.st_ino, st.st_mtime_ns, st.st_ctime_ns
        before = seen()
        program = self.start()
        self.assertEqual(seen(), before)
        program.stop()
        self.assertEqual(seen(), before)

    def test_m_13_the_machine_s_own_route_is_smaller(self):
        """Its own Packet Too Big reaches its own socket."""
        self.home.ip(f"route add {PREF64} via {ROUTER6} dev wan mtu 1400")
        self.start(source=())
        self.home.try_run("ping", "-c", "1", "-W", "1", "-M", "do", "-s",
                          "1440", FAR4)
        said = self.home.run("ip", "route", "get", FAR4, "from", V)
        self.assertIn("mtu 1380", said)

    def test_m_17_the_route_is_not_locked(self):
        self.start(source=())
        self.assertNotIn("lock", self.routes4())


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
