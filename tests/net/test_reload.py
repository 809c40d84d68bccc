#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The configuration is read again, by SIGHUP and by xlat ctl: what is valid
comes into force as a whole, what is not changes nothing, what needs a restart
is named; packets go on meanwhile, and nothing grows."""
import os
import pathlib
import re
import signal
import struct
import subprocess
import time
import unittest

import lab
import packets
from packets import udp

POOL6 = "2001:db8:46::/96"
FAR4, FAR6 = "203.0.113.9", "2001:db8:46::cb00:7109"
A4, A6 = "198.51.100.1", "2001:db8:5::1"
B4, B6 = "198.51.100.2", "2001:db8:5::2"
C4, C6 = "198.51.100.3", "2001:db8:5::3"
BASE = ["pool6 " + POOL6, "allow4 198.51.100.0/24", "allow4 203.0.113.0/24"]
NOBODY = 65534


def ping6_with_a_pause(applet, tap, src, dst, ident):
    """A ping in two fragments, more than two seconds apart: does it come
    out?"""
    body = packets.Packet(packets.ping(src, dst, data=bytes(1000))).body

    def held():
        return lab.ask(applet, "counters")["drop-fragment-held"]

    before = held()
    for begin, end in (0, 800), (800, len(body)):
        if begin:
            time.sleep(2.3)
        word = begin | (end < len(body))
        head = struct.pack("!BBHI", packets.ICMP6, 0, word, ident)
        tap.send(packets.ip(src, dst, packets.FRAGMENT,
                            head + body[begin:end]))
        lab.wait_for(lambda: held() > before, "the fragment is kept")
        before += 1
    return tap.receive(lambda p: p.proto == packets.ICMP, 0.3) is not None


def resident(pid):
    """Memory of a process, in KiB."""
    return int(lab._status_field(pid, "VmRSS").split()[0])


def many_mappings(count):
    return [f"eam 10.{i >> 16}.{i >> 8 & 255}.{i & 255},"
            f"3fff::{i >> 16:x}:{i & 65535:x}" for i in range(count)]


class Case(unittest.TestCase):
    """xlat siit with a config file that holds BASE and a mapping of A."""

    def setUp(self):
        self.net = lab.Lab("box")
        self.addCleanup(self.net.close)
        self.box = self.net["box"]
        self.dir = pathlib.Path("/run/lab/etc")
        self.dir.mkdir(exist_ok=True)
        self.addCleanup(lambda: os.chmod(self.dir, 0o755))
        self.conf = self.dir / "siit.conf"
        self.write(f"eam {A4},{A6}")

    def start(self, *more):
        self.siit = self.box.xlat("siit", "--config", self.conf, *more)
        self.tap = packets.Tap(self.box, "siit")
        self.addCleanup(self.tap.sock.close)

    def write(self, *lines, base=None):
        """Replace the file as editors do: by another one."""
        text = "\n".join([*(BASE if base is None else base), *lines, ""])
        new = self.dir / "new"
        new.write_text(text)
        new.rename(self.conf)

    def reload(self):
        """A reload that works; what it said."""
        done = lab.ctl("siit", "reload")
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def refused(self, *words):
        """A reload that does not; the words are in the answer and the log."""
        done = lab.ctl("siit", "reload")
        self.assertEqual(done.returncode, 2, done.stdout)
        for word in words:
            self.assertIn(word, done.stdout)
        last = self.siit.output().splitlines()[-1]
        self.assertRegex(last, "error: reload: .*nothing was changed")
        for word in words:
            self.assertIn(word, last)

    def translates(self, addr4, addr6):
        self.tap.drain()
        p = self.tap.ask(udp(FAR4, addr4, 1, 2, b"x"),
                         lambda p: p.proto == packets.UDP)
        return p is not None and (p.src, p.dst) == (FAR6, addr6)

    def unmapped(self, addr4):
        """What goes there is dropped: it has no IPv6 address but its own."""
        self.tap.drain()
        p = self.tap.ask(udp(FAR4, addr4, 1, 2, b"x"),
                         lambda p: p.proto == packets.UDP)
        return p is None or p.dst != "2001:db8:5::" + addr4[-1]

    def routes(self):
        said = self.box.run("ip", "-4", "route", "show", "dev", "siit")
        return {line.split()[0] for line in said.splitlines()}


class Works(Case):
    def test_mappings_and_routes(self):
        self.start()
        self.assertTrue(self.translates(A4, A6))
        self.write(f"eam {B4},{B6}", f"eam {C4},{C6}")
        self.assertIn("none", self.reload())
        self.assertTrue(self.translates(B4, B6))
        self.assertTrue(self.translates(C4, C6))
        self.assertTrue(self.unmapped(A4))
        self.assertEqual(self.routes(), {B4, C4})
        self.assertEqual(lab.ask("siit", "status")["mappings"], 2)

    def test_sighup(self):
        self.start()
        self.write(f"eam {B4},{B6}")
        self.siit.proc.send_signal(signal.SIGHUP)
        self.siit.wait_output("reload: the configuration is in force")
        self.assertTrue(self.translates(B4, B6))

    def test_edited_in_place(self):
        self.start()
        with open(self.conf, "a", encoding="ascii") as file:
            file.write(f"eam {B4},{B6}\n")
        self.reload()
        self.assertTrue(self.translates(A4, A6))
        self.assertTrue(self.translates(B4, B6))

    def test_how_long_fragments_wait(self):
        self.start()
        self.assertFalse(ping6_with_a_pause("siit", self.tap, A6, FAR6, 1))
        self.write(f"eam {A4},{A6}", "timeout fragment=1m")
        self.reload()
        self.assertTrue(ping6_with_a_pause("siit", self.tap, A6, FAR6, 2))

    def test_the_same_again(self):
        self.start()
        self.reload()
        self.assertTrue(self.translates(A4, A6))
        self.assertEqual(self.routes(), {A4})

    def test_denylist_and_allow(self):
        self.start()
        self.write(f"eam {A4},{A6}", f"denylist4 {FAR4}/32")
        self.reload()
        before = lab.ask("siit", "counters")["drop-denied"]
        self.tap.send(udp(FAR4, A4, 1, 2, b"x"))
        lab.wait_for(lambda: lab.ask("siit", "counters")["drop-denied"]
                     == before + 1, "drop-denied counts")
        self.write(f"eam {A4},{A6}")
        self.reload()
        self.assertTrue(self.translates(A4, A6))

    def test_traffic_class(self):
        self.start()
        self.write(f"eam {A4},{A6}", "traffic-class 7")
        self.reload()
        p = self.tap.ask(udp(FAR4, A4, 1, 2, b"x", tos=3),
                         lambda p: p.proto == packets.UDP)
        self.assertEqual(p.tos, 7)

    def test_log_level(self):
        self.start()
        self.write(f"eam {A4},{A6}", "log-level error")
        self.reload()
        self.assertNotIn("in force", self.siit.output())

    def test_relative_path(self):
        self.siit = self.box.xlat("siit", "--config", "siit.conf",
                                  cwd=self.dir)
        self.write(f"eam {A4},{A6}", f"eam {B4},{B6}")
        self.reload()
        self.assertEqual(self.routes(), {A4, B4})

    def test_command_line_still_counts(self):
        self.start("--eam", f"{B4},{B6}", "--traffic-class", "5")
        self.write(f"eam {C4},{C6}", "traffic-class 9")
        self.reload()
        self.assertEqual(self.routes(), {B4, C4})
        p = self.tap.ask(udp(FAR4, B4, 1, 2, b"x"),
                         lambda p: p.proto == packets.UDP)
        self.assertEqual(p.tos, 5)

    def test_status_tells(self):
        self.start()
        self.assertEqual(lab.ask("siit", "status")["reloads"], 0)
        self.reload()
        self.write("nonsense")
        self.refused("siit.conf:4", "nonsense")
        said = lab.ask("siit", "status")
        self.assertEqual((said["reloads"], said["reloads-failed"]), (1, 1))
        self.assertIn("nonsense", said["reload-error"])


class Refused(Case):
    def tearDown(self):
        """Whatever it was: the running configuration is what it was."""
        self.assertTrue(self.translates(A4, A6))
        self.assertEqual(self.routes(), {A4})

    def test_unknown_key(self):
        self.start()
        self.write(f"eam {B4},{B6}", "colour blue")
        self.refused("siit.conf:5", "colour")

    def test_bad_value_behind_good_ones(self):
        self.start()
        self.write(f"eam {B4},{B6}", "denylist4 10.0.0.1/8")
        self.refused("siit.conf:5", "denylist4")

    def test_contradiction(self):
        self.start()
        self.write(f"eam {B4},{B6}", f"eam {B4},{C6}")
        self.refused("eam", "mapping 2")

    def test_no_file(self):
        self.start()
        self.conf.unlink()
        self.refused("siit.conf", "No such file")

    def test_binary(self):
        self.start()
        self.conf.write_bytes(bytes(range(256)) * 40)
        self.refused("siit.conf:1")

    def test_endless_line(self):
        self.start()
        self.conf.write_text("eam " + "1" * (1 << 20))
        self.refused("siit.conf:1", "1023")

    def test_not_a_file(self):
        self.start()
        self.conf.unlink()
        self.conf.mkdir()
        self.addCleanup(self.conf.rmdir)
        self.refused("siit.conf", "Is a directory")

    def test_unreadable(self):
        """Root started it; the one it has become may not read the file."""
        os.chmod(self.conf, 0o600)
        self.start()
        self.siit.wait_output("a reload will not work")
        self.refused("siit.conf", "Permission denied")
        os.chmod(self.conf, 0o644)
        self.reload()


class NeedsRestart(Case):
    def test_named(self):
        self.start()
        base = ["pool6 2001:db8:47::/96", *BASE[1:]]
        self.write(f"eam {A4},{A6}", f"eam {B4},{B6}", "tun other",
                   "user daemon", base=base)
        for _ in range(2):
            said = self.reload()
            for name in ("pool6", "tun", "user"):
                self.assertIn(name, said)
            self.assertNotIn("eam", said)
        self.assertRegex(self.siit.output(),
                         "only a restart changes: pool6 tun user")
        # The rest is in force, under the prefix that was.
        self.assertTrue(self.translates(B4, B6))
        self.write(f"eam {A4},{A6}")
        self.assertIn("none", self.reload())

    def test_no_file_at_all(self):
        self.box.xlat("siit", "--pool6", POOL6)
        done = lab.ctl("siit", "reload")
        self.assertEqual(done.returncode, 2)
        self.assertIn("without --config", done.stdout)


class Helper(Case):
    def test_gone(self):
        """The mappings are in force; the routes are missing, and it says so."""
        self.start()
        for pid in lab.children(self.siit.proc.pid):
            os.kill(pid, signal.SIGKILL)
        self.write(f"eam {A4},{A6}", f"eam {B4},{B6}")
        done = lab.ctl("siit", "reload")
        self.assertEqual(done.returncode, 2)
        self.assertIn("in force, but for 1 error", done.stdout)
        self.assertRegex(self.siit.output(), f"route {B4}/32")
        self.assertTrue(self.translates(B4, B6))


class Long(Case):
    COUNT = 100_000

    def test_packets_go_on(self):
        """Packets are answered in the middle of reading a long file, in turn,
        and none gets lost."""
        many = many_mappings(self.COUNT)
        self.start()
        self.write(f"eam {A4},{A6}", *many)
        reload = subprocess.Popen([lab.XLAT, "ctl", "siit", "reload"],
                                  stdout=subprocess.PIPE, text=True)
        number = 0
        while reload.poll() is None:
            number += 1
            data = b"%d" % number
            p = self.tap.ask(udp(FAR4, A4, 1, 2, data),
                             lambda p: p.proto == packets.UDP)
            self.assertIsNotNone(p, f"packet {number} got lost")
            self.assertEqual(p.body[8:], data)
        said, _ = reload.communicate()
        self.assertEqual(reload.returncode, 0, said)
        self.assertGreater(number, 20)
        self.assertEqual(lab.ask("siit", "status")["mappings"],
                         self.COUNT + 1)
        self.assertTrue(self.translates("10.1.134.159",
                                        "3fff::1:869f"))
    def test_nothing_grows(self):
        self.start()
        sizes = []
        fds = []
        pid = self.siit.proc.pid
        for i in range(60):
            self.write(*(f"eam 198.51.100.{j},2001:db8:5::{j + i % 2}"
                         for j in range(1, 200)))
            self.reload()
            sizes.append(resident(pid))
            fds.append(len(os.listdir(f"/proc/{pid}/fd")))
        self.assertEqual(fds[9], fds[59])
        self.assertLess(sizes[59] - sizes[9], 64, sizes)


class Other(unittest.TestCase):
    def test_unknown_word(self):
        """The words that would do are named, this one among them."""
        with lab.Lab("box") as net:
            net["box"].xlat("siit", "--pool6", POOL6)
            done = lab.ctl("siit", "refresh")
            self.assertEqual(done.returncode, 2)
            self.assertTrue(re.search(r"expected .*\breload\b", done.stdout))


class Plat(unittest.TestCase):
    """xlat plat: sessions that stay valid go on, others are closed."""
    POOL6, SERVER4 = "2001:db8:64::/96", "198.51.100.10"
    SERVER6, ANN = "2001:db8:64::c633:640a", "2001:db8:a::1"

    def setUp(self):
        self.net = lab.Lab("box")
        self.addCleanup(self.net.close)
        self.box = self.net["box"]
        self.box.ip("route add blackhole default",
                    "route add blackhole ::/0")
        self.conf = pathlib.Path("/run/lab/plat.conf")
        self.write()
        self.plat = self.box.xlat("plat", "--config", self.conf)
        self.tap = packets.Tap(self.box, "plat")
        self.addCleanup(self.tap.sock.close)

    def write(self, *lines, pool4="192.0.2.8/30", pool6=POOL6):
        self.conf.write_text("\n".join([
            f"pool6 {pool6}", f"pool4 {pool4}", "allow4 198.51.100.0/24",
            "max-sessions 1000", *lines, ""]))

    def reload(self, *lines, **more):
        self.write(*lines, **more)
        done = lab.ctl("plat", "reload")
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def out(self, port=4000):
        p = self.tap.ask(udp(self.ANN, self.SERVER6, port, 53, b"x"),
                         lambda p: p.version == 4)
        self.assertIsNotNone(p, "nothing came out")
        return p.src, p.sport

    def comes_in(self, where):
        p = self.tap.ask(udp(self.SERVER4, where[0], 53, where[1], b"y"),
                         lambda p: p.version == 6 and p.proto == packets.UDP)
        return p is not None and p.dst == self.ANN

    def routes(self):
        return set(re.findall(r"^(\S+) dev plat",
                              self.box.run("ip", "-4", "route"), re.M))

    def test_sessions_go_on(self):
        where = self.out()
        self.reload("timeout udp=10m", "max-sessions-per-subscriber 2",
                    "allow6 2001:db8::/32", "filtering address-dependent")
        self.assertRegex(self.plat.output(), "1 of 1 sessions go on")
        self.assertTrue(self.comes_in(where))
        self.assertEqual(self.out(), where)
        row, = lab.ask("plat", "sessions")
        self.assertGreater(row["expires"], 590)
        self.out(4001)
        before = lab.ask("plat", "counters")["drop-subscriber-limit"]
        self.tap.send(udp(self.ANN, self.SERVER6, 4002, 53))
        lab.wait_for(lambda: lab.ask("plat", "counters")
                     ["drop-subscriber-limit"] == before + 1, "the limit")

    def test_what_is_excluded_ends(self):
        where = self.out()
        self.reload("denylist4 198.51.100.0/24", "no-ping", "no-refresh ipv6",
                    "filtering tcp=address-dependent")
        self.assertRegex(self.plat.output(), "0 of 1 sessions go on")
        self.assertFalse(self.comes_in(where))
        self.reload()
        self.out()

    def test_tables_are_not_moved_without_need(self):
        """A SYN that waits would not come along."""
        def waits():
            return [s["state"] for s in lab.ask("plat", "sessions")]
        self.reload("timeout tcp-syn=1h")
        self.tap.send(packets.tcp(self.SERVER4, "192.0.2.8", 80, 80,
                                  2))
        lab.wait_for(lambda: waits() == ["V4_INIT"], "the SYN is held")
        self.reload("timeout tcp-syn=1h", "timeout udp=10m",
                    "max-sessions-per-subscriber 9",
                    "allow6 2001:db8::/32", "tos copy")
        self.assertEqual(waits(), ["V4_INIT"])
        self.reload("timeout tcp-syn=1h", "subscriber-prefix 56")
        self.assertEqual(waits(), [])

    def test_how_long_fragments_wait(self):
        self.assertFalse(ping6_with_a_pause("plat", self.tap, self.ANN,
                                            self.SERVER6, 1))
        self.reload("timeout fragment=1m")
        self.assertTrue(ping6_with_a_pause("plat", self.tap, self.ANN,
                                           self.SERVER6, 2))

    def test_the_pool_changes(self):
        where = self.out()
        self.assertEqual(self.routes(), {"192.0.2.8/30"})
        self.reload(pool4="192.0.2.8/29")
        self.assertEqual(self.routes(), {"192.0.2.8/29"})
        self.assertTrue(self.comes_in(where))
        self.reload(pool4="203.0.113.0/30")
        self.assertEqual(self.routes(), {"203.0.113.0/30"})
        self.assertRegex(self.plat.output(), "0 of 1 sessions go on")
        self.assertEqual(lab.ask("plat", "sessions"), [])
        self.assertTrue(self.out()[0].startswith("203.0.113."))
        self.assertEqual(self.plat.stop(), 0)
        self.assertEqual(self.routes(), set())

    def test_a_source_that_is_not_served_any_more(self):
        where = self.out()
        self.reload("allow6 2001:db8:b::/48")
        self.assertEqual(lab.ask("plat", "sessions"), [])
        self.assertFalse(self.comes_in(where))

    def test_what_is_wrong_changes_nothing(self):
        where = self.out()
        self.write("timeout udp=1s")
        self.plat.proc.send_signal(signal.SIGHUP)
        self.plat.wait_output("error: reload: .*timeout.*nothing was changed")
        self.assertTrue(self.comes_in(where))

    def test_what_needs_a_restart(self):
        where = self.out()
        said = self.reload("state /run/lab/none", pool6="2001:db8:65::/96")
        self.assertRegex(said, "needs-restart +pool6 state")
        self.assertTrue(self.comes_in(where))


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
