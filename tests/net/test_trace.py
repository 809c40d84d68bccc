#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xlat ctl NAME trace: what happened to which packets, as text, and as a
capture that Wireshark's programs open."""
import re
import signal
import socket
import subprocess
import unittest

import lab
import network
import packets
from packets import udp

POOL4 = "192.0.2.1"
CLIENT6, FAR6 = "2001:db8:1::7", "2001:db8:64::c633:640a"
FAR4 = "198.51.100.10"  # FAR6 under the prefix (RFC 6052, 2.2)
POOL = ["--pool6", network.PREF64, "--pool4", POOL4]
PLAT = ["plat", "--allow4", "198.51.100.0/24", "--allow6", "2001:db8:1::/48"]
LINE = re.compile(r"^\d\d:\d\d:\d\d\.\d{6} (\d+) (\w+) +(.*)$", re.M)


class Trace(unittest.TestCase):
    def setUp(self):
        self.net = lab.Lab("box")
        self.addCleanup(self.net.close)
        self.box = self.net["box"]
        self.box.keep_silent()
        self.box.ip("route add blackhole 198.51.100.0/24",
                    "route add blackhole 2001:db8:1::/48")
        self.program = self.box.xlat(*PLAT, *POOL)
        self.tap = packets.Tap(self.box, "plat")
        self.addCleanup(self.tap.sock.close)

    def trace(self, *words):
        tracer = self.box.start(lab.XLAT, "ctl", "plat", "trace", *words)
        self.wait("on")
        return tracer

    @staticmethod
    def wait(state):
        lab.wait_for(lambda: lab.ask("plat", "status")["trace"] == state,
                     f"tracing is {state}", 20)

    def exchange(self, payload=b"x"):
        """A packet out, and its answer; the port of the pool."""
        out = self.tap.ask(udp(CLIENT6, FAR6, 4000, 53, payload),
                           lambda p: p.dst == FAR4)
        back = self.tap.ask(udp(FAR4, POOL4, 53, out.sport, payload),
                            lambda p: p.dst == CLIENT6)
        self.assertIsNotNone(back)
        return out.sport

    @staticmethod
    def steps(tracer, count):
        """[(number, what, about)], when there are so many."""
        tracer.wait_until(lambda: len(LINE.findall(tracer.output())) >= count,
                          f"{count} steps")
        return LINE.findall(tracer.output())

    def test_both_ways(self):
        """Sizes: 20 or 40 bytes, 8 of UDP, one of payload. The answer is
        known by its customer only after it was translated."""
        tracer = self.trace("address=2001:db8:1::/48")
        port = self.exchange()
        self.assertEqual(self.steps(tracer, 4), [
            ("1", "read", f"udp [{CLIENT6}]:4000 > [{FAR6}]:53, 49 bytes, "
             "ttl 64"),
            ("1", "written", f"udp {POOL4}:{port} > {FAR4}:53, 29 bytes, "
             "ttl 63"),
            ("2", "read", f"udp {FAR4}:53 > {POOL4}:{port}, 29 bytes, ttl 64"),
            ("2", "written", f"udp [{FAR6}]:53 > [{CLIENT6}]:4000, 49 bytes, "
             "ttl 63")])

    def test_filters(self):
        """Each lets one of these through, and the other not."""
        for words, shown in ((["port=53"], 2), (["port=54"], 0),
                             (["proto=udp", f"address={FAR4}"], 2),
                             (["proto=icmp"], 0), (["address=192.0.2.2"], 0),
                             ([f"address={POOL4}/32", "port=4000"], 0)):
            with self.subTest(words):
                tracer = self.trace(*words)
                self.exchange()
                if shown:
                    last = self.steps(tracer, 2 * shown)[-1]
                    self.assertEqual(last[0], str(shown))
                tracer.stop()
                self.wait("off")
                self.assertEqual(tracer.output().count("read "), shown)

    def test_reasons(self):
        """A packet with no hop left is answered (RFC 7915, 5.1); one that
        nobody has asked for is dropped."""
        tracer = self.trace()
        self.tap.send(udp(FAR4, POOL4, 53, 999, b"x"))
        self.tap.send(udp(CLIENT6, FAR6, 4000, 53, b"x", ttl=1))
        steps = self.steps(tracer, 5)
        self.assertEqual([(n, what) for n, what, _ in steps], [
            ("1", "read"), ("1", "dropped"), ("2", "read"), ("2", "refused"),
            ("2", "written")])
        counters = lab.ask("plat", "counters")
        for i in 1, 3:
            self.assertEqual(
                counters["drop-" + steps[i][2].partition(":")[0]], 1)
        self.assertIn("icmp6 3/0", steps[4][2])
        name = steps[3][2].partition(":")[0]
        tracer.stop()
        self.wait("off")
        tracer = self.trace(f"reason={name}")
        self.tap.send(udp(FAR4, POOL4, 53, 999, b"x"))
        self.tap.send(udp(CLIENT6, FAR6, 4000, 53, b"x", ttl=1))
        self.assertEqual([what for _, what, _ in self.steps(tracer, 3)],
                         ["read", "refused", "written"])

    def test_fragments(self):
        """What is cut for the next hop is written in pieces."""
        out = udp(CLIENT6, FAR6, 4000, 53, b"x")
        port = self.tap.ask(out, lambda p: p.dst == FAR4).sport
        tracer = self.trace("count=1")
        self.tap.send(udp(FAR4, POOL4, 53, port, bytes(1400),
                          df=False))
        self.assertEqual(tracer.proc.wait(10), 0)
        steps = LINE.findall(tracer.output())
        self.assertEqual([what for _, what, _ in steps],
                         ["read", "written", "written"])
        self.assertIn("fragment", steps[1][2])
        self.assertIn("and more", steps[1][2])

    def test_rate(self):
        """So many a second, and how many there were besides."""
        tracer = self.trace("rate=5", "port=4000")
        for _ in range(300):
            self.tap.send(udp(CLIENT6, FAR6, 4000, 53, b"x"))
        lab.wait_for(lambda: lab.ask("plat", "counters")["ipv6-packets-in"]
                     >= 300, "all are read")
        fifth = int(self.steps(tracer, 10)[9][0])
        self.assertLess(fifth, 100)
        # the next second's first packet comes with the news
        def told():
            self.tap.send(udp(CLIENT6, FAR6, 4000, 53, b"x"))
            return re.findall(r"and (\d+) more, not shown", tracer.output())
        hidden = sum(map(int, lab.wait_for(told, "what is not shown")))
        self.assertGreater(hidden, 200)

    def test_one_at_a_time(self):
        first = self.trace()
        again = lab.ctl("plat", "trace")
        self.assertEqual(again.returncode, 2)
        self.assertIn("somebody traces already", again.stdout)
        first.stop()
        self.wait("off")
        second = self.trace("count=1")
        self.exchange()
        self.assertEqual(second.proc.wait(10), 0)

    def test_nothing_is_left(self):
        """Its memory goes with who has traced, however he went."""
        def size():
            return lab.status(self.program.pid)["VmSize"]

        before = size()
        tracer = self.trace()
        self.assertNotEqual(size(), before)
        tracer.stop(signal.SIGKILL)
        lab.wait_for(lambda: size() == before, "the memory of before")
        self.exchange()

    def test_patience(self):
        """Who waits for a packet that matches may do so for longer than
        other clients; who does not take what there is is shown the door,
        and packets go on meanwhile."""
        other = self.box.xlat(*PLAT, "--instance", "other", "--pool6",
                              "2001:db8:65::/96", "--pool4", "192.0.2.2")
        tracer = self.trace("port=53")
        with socket.socket(socket.AF_UNIX) as idle, \
                socket.socket(socket.AF_UNIX) as deaf, \
                packets.Tap(self.box, "other") as tap:
            idle.connect("/run/xlat/plat.sock")
            deaf.connect("/run/xlat/other.sock")
            deaf.sendall(b"trace rate=10000\n")
            self.assertEqual(deaf.recv(3), b"ok\n")
            self.assertEqual(lab.ask("other", "status")["trace"], "on")
            for i in range(4000):  # the device holds 500 that are not read
                tap.send(udp(CLIENT6, "2001:db8:65::c633:640a", 4000, 53))
                if i % 400 == 399:
                    lab.wait_for(lambda n=i: lab.ask("other", "counters")
                                 ["ipv4-packets-out"] == n + 1, "all are out")
            idle.settimeout(20)
            self.assertEqual(idle.recv(1), b"")  # its time is over
            lab.wait_for(lambda: lab.ask("other", "status")["trace"] == "off",
                         "it is gone", 20)
        self.assertEqual(other.stop(), 0)
        self.exchange()
        self.steps(tracer, 4)

    def test_capture(self):
        """As Wireshark's programs read it: four packets, by their headers,
        and what was done in comments."""
        tracer = self.trace("format=pcapng", "count=3")
        port = self.exchange()
        self.tap.send(udp(FAR4, POOL4, 53, 999, b"x"))
        self.assertEqual(tracer.proc.wait(10), 0)
        info = subprocess.run(["capinfos", "-tEcK", tracer.log], check=True,
                              text=True, capture_output=True).stdout
        self.assertIn("pcapng", info)
        self.assertRegex(info, r"Number of packets: +6\b")
        self.assertRegex(info, "Raw IP")
        rows = subprocess.run(
            ["tshark", "-r", tracer.log, "-T", "fields", "-E", "separator=|",
             "-e", "ip.src", "-e", "ipv6.src", "-e", "udp.srcport", "-e",
             "udp.dstport", "-e", "frame.comment"], check=True, text=True,
            capture_output=True).stdout.splitlines()
        wanted = [("", CLIENT6, 4000, 53, "1 read"),
                  (POOL4, "", port, 53, "1 written"),
                  (FAR4, "", 53, port, "2 read"),
                  ("", FAR6, 53, 4000, "2 written"),
                  (FAR4, "", 53, 999, "3 read"),
                  (FAR4, "", 53, 999, "3 dropped")]
        self.assertEqual(len(rows), len(wanted))
        for row, (src4, src6, sport, dport, words) in zip(rows, wanted):
            self.assertTrue(row.startswith(
                f"{src4}|{src6}|{sport}|{dport}|{words}"), row)

    def test_bad_words(self):
        for word in ("port=0", "port=65536", "proto=gre", "rate=0",
                     "address=x", "reason=none", "reason=x", "format=pcap",
                     "count=-1", "address=::/129"):
            with self.subTest(word):
                done = lab.ctl("plat", "trace", word)
                self.assertEqual(done.returncode, 2, done.stdout)
                self.assertIn(word.partition("=")[0], done.stdout)

    def test_other_translators(self):
        for argv in (["siit", "--pool6", "2001:db8:46::/96"],
                     ["clat", "--pref64", "2001:db8:47::/96", "--source",
                      "2001:db8:2::1", "--no-setup"]):
            program = self.box.xlat(*argv)
            self.assertIn("port", lab.ctl(argv[0], "trace", "port=0").stdout)
            program.stop()


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
