#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xlat plat --threads: what one thread does, several do together; whoever reads
a packet, it comes to the thread that it belongs to."""
import pathlib
import signal
import struct
import subprocess
import time
import unittest

import box
import lab
import packets
import test_plat
from packets import icmp, pieces6, tcp, udp
from test_plat import ACK, SERVER4, SERVER6, SYN, four, six

CUSTOMERS = 40
FOLDER = pathlib.Path("/run/state")
FILE = FOLDER / "plat.state"
CONFIG = pathlib.Path("/run/threads.conf")


def customer(number):
    return f"2001:db8:{number:x}::1"


def under_pool6(addr4):
    a, b, c, d = (int(n) for n in addr4.split("."))
    return f"2001:db8:64::{a << 8 | b:x}:{c << 8 | d:x}"


def pieces4(packet, ident, size=400):
    """An IPv4 packet's fragments."""
    p = packets.Packet(packet)
    for off in range(0, len(p.body), size):
        more = 0x2000 if off + size < len(p.body) else 0
        yield packets.ip(p.src, p.dst, p.proto, p.body[off:off + size],
                         ident=ident, df=False, frag=more | off // 8)


class Case(test_plat.Case):
    """Each customer has a port, which is known."""
    more = ["--threads", "4"]

    def bind(self, count=CUSTOMERS):
        self.ports = {}
        for n in range(1, count + 1):
            p = self.out(udp(customer(n), SERVER6, 4000, 53, b"first"))
            self.ports[n] = (p.src, p.sport)

    def reach(self, seconds=5):
        """All can be reached from outside at the ports that they had."""
        for n, (addr, port) in self.ports.items():
            p = self.tap.ask(udp(SERVER4, addr, 53, port, b"answer"), six,
                             seconds)
            self.assertIsNotNone(p, f"customer {n}")
            self.assertEqual((p.dst, p.dport, p.body[8:]),
                             (customer(n), 4000, b"answer"))


class Together(Case):
    def test_all_of_them_work(self):
        """Each has a part of the sessions, and a part of the ports."""
        self.bind()
        self.reach()
        threads = list(pathlib.Path(f"/proc/{self.plat.pid}/task").iterdir())
        self.assertEqual(len(threads), 4)
        self.assertEqual(len(set(self.ports.values())), CUSTOMERS)
        units = {port // 64 % 4 for _, port in self.ports.values()}
        self.assertEqual(units, {0, 1, 2, 3})

    def test_views(self):
        self.bind()
        status = lab.ask("plat", "status")
        self.assertEqual((status["threads"], status["sessions"],
                          status["bindings"], status["subscribers"]),
                         (4, CUSTOMERS, CUSTOMERS, CUSTOMERS))
        self.assertEqual(status["pool-addresses"], 4)
        self.assertEqual(status["pool-ports"], 4 * 65535)
        rows = lab.ask("plat", "bindings")
        self.assertEqual({(r["pool"], r["pport"]) for r in rows},
                         set(self.ports.values()))
        self.assertEqual(len(rows), CUSTOMERS)
        self.assertEqual(len(lab.ask("plat", "subscribers")), CUSTOMERS)
        pools = lab.ask("plat", "pools")
        self.assertEqual([r["ports"] for r in pools], [65535] * 4)
        self.assertEqual(sum(r["udp-used"] for r in pools), CUSTOMERS)
        counters = lab.ask("plat", "counters")
        self.assertEqual((counters["ipv6-packets-in"],
                          counters["ipv4-packets-out"]),
                         (CUSTOMERS, CUSTOMERS))

    def test_kill(self):
        self.bind(8)
        for n in range(1, 9):
            killed = lab.ask("plat", "kill", f"client={customer(n)}")
            self.assertEqual([r["client"] for r in killed], [customer(n)])
        self.assertEqual(lab.ask("plat", "sessions"), [])
        self.dropped(udp(SERVER4, *self.ports[1][:1], 53, self.ports[1][1]),
                     "no-binding")

    def test_between_customers(self):
        """Whichever threads the two belong to (RFC 6146, 3.8)."""
        self.bind(12)
        for n, (_, port) in self.ports.items():
            other = n % 12 + 1
            addr, to = self.ports[other]
            p = self.tap.ask(udp(customer(n), under_pool6(addr), 4000, to,
                                 b"neighbour"), six)
            self.assertEqual((p.dst, p.dport, p.sport, p.body[8:]),
                             (customer(other), 4000, port, b"neighbour"))
            self.assertTrue(p.good_checksum())
        self.assertEqual(lab.ask("plat", "counters")["hairpinned"], 12)

    def collect(self, wanted, count):
        got = [self.tap.receive(wanted, 3) for _ in range(count)]
        self.assertNotIn(None, got)
        return sorted(got, key=lambda p: p.offset)

    def whole(self, parts):
        self.assertEqual([p.more for p in parts],
                         [True] * (len(parts) - 1) + [False])
        return b"".join(p.body for p in parts)

    def test_fragments_from_outside(self):
        """The later ones first: they wait in the thread that gathers."""
        self.bind(12)
        data = bytes(range(256)) * 4
        for n, (addr, port) in self.ports.items():
            sent = list(pieces4(udp(SERVER4, addr, 53, port, data), 700 + n))
            self.tap.drain()
            for piece in (reversed(sent) if n % 2 else sent):
                self.tap.send(piece)
            got = self.collect(six, len(sent))
            self.assertEqual({p.dst for p in got}, {customer(n)})
            self.assertEqual(self.whole(got)[8:], data)

    def test_fragments_from_inside(self):
        self.bind(12)
        data = bytes(range(256)) * 4
        for n, (addr, port) in self.ports.items():
            sent = list(pieces6(udp(customer(n), SERVER6, 4000, 53, data), n))
            self.tap.drain()
            for piece in (reversed(sent) if n % 2 else sent):
                self.tap.send(piece)
            got = self.collect(four, len(sent))
            self.assertEqual({p.src for p in got}, {addr})
            self.assertEqual(self.whole(got)[8:], data)
            self.assertEqual(self.whole(got)[:2], struct.pack("!H", port))

    def test_a_large_ping_is_gathered(self):
        """ICMP is put together in one thread and belongs to another."""
        data = b"x" * 1200
        for n in range(1, 9):
            p = self.out(packets.ping(customer(n), SERVER6, ident=n, seq=1))
            ident = p.rest >> 16
            reply = icmp(SERVER4, p.src, 0, 0, ident << 16 | 1, data)
            self.tap.drain()
            for piece in pieces4(reply, 900 + n):
                self.tap.send(piece)
            q = self.tap.receive(six, 3)
            self.assertIsNotNone(q)
            self.assertEqual((q.dst, q.type, q.rest),
                             (customer(n), 129, n << 16 | 1))

    def test_errors(self):
        """They belong to whom the packet in them does, both ways."""
        self.bind(12)
        for n, (addr, port) in self.ports.items():
            sent = udp(addr, SERVER4, port, 53, b"first")
            p = self.tap.ask(icmp("198.51.100.77", addr, 3, 3, 0, sent), six)
            self.assertEqual((p.dst, p.type, p.code), (customer(n), 1, 4))
            self.assertEqual((p.quoted().src, p.quoted().sport),
                             (customer(n), 4000))
            sent = udp(SERVER6, customer(n), 53, 4000, b"answer")
            p = self.tap.ask(icmp("2001:db8:ffff::1", SERVER6, 1, 4, 0, sent),
                             four)
            self.assertEqual((p.src, p.dst, p.type), (addr, SERVER4, 3))
            self.assertEqual((p.quoted().dst, p.quoted().dport), (addr, port))

    def test_tcp(self):
        for n in range(1, 13):
            p = self.out(tcp(customer(n), SERVER6, 4000, 80, SYN, seq=100))
            self.back(tcp(SERVER4, p.src, 80, p.sport, SYN | ACK, 300, 101))
            self.out(tcp(customer(n), SERVER6, 4000, 80, ACK, 101, 301, b"x"))
        rows = lab.ask("plat", "sessions")
        self.assertEqual([r["state"] for r in rows], ["ESTABLISHED"] * 12)

    def test_traced(self):
        """What every thread does, in one answer."""
        self.bind(6)
        with self.box.inside():
            trace = subprocess.Popen(
                [lab.XLAT, "ctl", "plat", "trace", "count=6", "rate=1000"],
                stdout=subprocess.PIPE, text=True)
        self.addCleanup(trace.wait)
        lab.wait_for(lambda: lab.ask("plat", "status")["trace"] == "on",
                     "a trace")
        self.reach()
        said, _ = trace.communicate(timeout=10)
        for n in self.ports:
            self.assertRegex(said, rf"written +udp \[{SERVER6}\]:53 > "
                                   rf"\[{customer(n)}\]:4000,")

    def test_leaves_nothing(self):
        self.bind(8)
        before = time.monotonic()
        self.plat.stop()
        self.assertLess(time.monotonic() - before, 5)
        self.assertNotIn("plat", self.box.links())


class Alone(box.Case):
    """Started by the test itself."""
    bind, reach, out = Case.bind, Case.reach, Case.out
    pool4 = Case.pool4

    def start(self, threads, *args):
        self.plat = self.box.xlat("plat", "--threads", threads, *args)
        self.tap = self.tap_at("plat")


class Reload(Alone):
    def setUp(self):
        super().setUp()
        self.config("192.0.2.8/30")
        self.addCleanup(CONFIG.unlink)
        self.start(4, "--config", CONFIG)

    def config(self, pool4, *more):
        CONFIG.write_text("\n".join([
            f"pool6 {test_plat.POOL6}", f"pool4 {pool4}",
            "allow4 198.51.100.0/24", *more]) + "\n")

    def reload(self):
        before = lab.ask("plat", "status")["reloads"]
        self.plat.proc.send_signal(signal.SIGHUP)
        lab.wait_for(lambda: lab.ask("plat", "status")["reloads"] > before,
                     "the reload")

    def test_another_timeout(self):
        self.bind()
        self.config("192.0.2.8/30", "timeout udp=1h")
        self.reload()
        self.reach()
        self.assertTrue(all(r["expires"] > 3000
                            for r in lab.ask("plat", "sessions")))

    def test_another_pool(self):
        """Tables are made anew; what is still allowed goes on."""
        self.bind()
        self.config("192.0.2.8/31", "max-sessions 5000")
        self.reload()
        kept = {n: at for n, at in self.ports.items()
                if at[0] in ("192.0.2.8", "192.0.2.9")}
        self.assertEqual(len(lab.ask("plat", "sessions")), len(kept))
        self.assertGreater(len(kept), 5)
        self.ports = kept
        self.reach()


class Restart(Alone):
    def setUp(self):
        super().setUp()
        self.addCleanup(lab._try_run, ["rm", "-rf", str(FOLDER)])

    def begin(self, threads):
        self.start(threads, *test_plat.ARGS[1:], "--state", FILE)

    def test_as_many_or_one(self):
        """Every session finds its thread again; one takes all."""
        self.begin(4)
        self.bind()
        for threads in (4, 1):
            self.plat.stop()
            self.begin(threads)
            self.assertEqual(len(lab.ask("plat", "sessions")), CUSTOMERS)
            self.reach()

    def test_another_number(self):
        """What belongs to another thread by now is left out, and said."""
        self.begin(1)
        self.bind()
        self.plat.stop()
        self.begin(4)
        kept = lab.ask("plat", "sessions")
        self.assertIn(f"{len(kept)} of {CUSTOMERS} sessions restored",
                      self.plat.output())
        self.assertIn("--threads 1", self.plat.output())
        self.assertLess(len(kept), CUSTOMERS)
        where = {(r["pool"], r["pport"]) for r in kept}
        self.ports = {n: at for n, at in self.ports.items() if at in where}
        self.reach()


class Records(test_plat.Case):
    more = ["--threads", "4", "--log-sessions"]
    bind = Case.bind

    def test_of_all(self):
        """Each session has its line, begun and ended, whoever had it."""
        self.bind()

        def lines(what):
            return [line for line in self.plat.output().splitlines()
                    if f"session-{what}" in line]

        lab.wait_for(lambda: len(lines("created")) == CUSTOMERS, "lines")
        self.plat.stop()
        for n in self.ports:
            self.assertEqual(sum(f"client={customer(n)} " in line
                                 for line in lines("created")), 1)


def like_one(name):
    """The tests of one thread, with four."""
    base = getattr(test_plat, name)
    return type(name + "4", (base,),
                {"more": [*base.more, "--threads", "4"]})


Bindings4 = like_one("Bindings")
Refusals4 = like_one("Refusals")
Filtering4 = like_one("Filtering")
AddressDependentFiltering4 = like_one("AddressDependentFiltering")
Errors4 = like_one("Errors")
Hairpin4 = like_one("Hairpin")
Static4 = like_one("Static")
Blocks4 = like_one("Blocks")
Deterministic4 = like_one("Deterministic")
Mss4 = like_one("Mss")

if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
