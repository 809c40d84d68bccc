#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xlat ctl against running applets: what it says, in text and as JSON, how it
fails, and that no client of the socket can hold packets up."""
import ipaddress
import pathlib
import re
import socket
import time
import unittest

import lab
import network

SOCKET = "/run/xlat/plat.sock"
USAGE = 2


def reasons():
    """Names of the reasons for a drop, from the list that defines them."""
    text = (lab.ROOT / "core/xlat.h").read_text()
    return re.findall(r'\bR\(\w+, "([\w-]+)"', text)


class Ctl(unittest.TestCase):
    def setUp(self):
        self.net = network.Network()
        self.addCleanup(self.net.close)
        self.plat = self.net.plat()
        self.phone = self.net["phone"]

    def udp_flow(self, sport=4000, dport=9):
        """A session from the phone to the server; no reply is needed."""
        with self.phone.inside():
            sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        with sock:
            sock.bind(("::", sport))
            sock.sendto(b"x", (network.SERVER6, dport))

    def make_sessions(self, count):
        """That many at once, without losing one to a full queue."""
        with self.phone.inside():
            sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        with sock:
            for dport in range(count):
                sock.sendto(b"x", (network.SERVER6, 1000 + dport))
                if dport % 100 == 99:
                    self.carries()

    def client(self):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(SOCKET)
        sock.settimeout(15)
        self.addCleanup(sock.close)
        return sock

    def carries(self):
        self.phone.run("ping", "-c", "1", "-W", "10", network.SERVER6)

    def text(self, *words):
        done = lab.ctl(*words)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout


class Answers(Ctl):
    def test_status(self):
        said = self.text("plat", "status")
        data = lab.ask("plat", "status")
        self.assertIn(network.PREF64, said)
        self.assertIn(network.PREF64, str(data))
        self.assertEqual(set(re.findall(r"^(\S+)", said, re.M)), set(data))

    def test_status_of_each_applet(self):
        self.plat.stop()
        for name in ("clat", "siit", "dns64", "plat"):
            with self.subTest(name):
                program = getattr(self.net, name)()
                self.assertIsInstance(lab.ask(name, "status"), dict)
                self.assertIn(name, self.text(name, "status"))
                program.stop()

    def test_counters_have_every_reason(self):
        data = lab.ask("plat", "counters")
        self.assertGreater(len(reasons()), 20)
        missing = [r for r in reasons() if r != "none" and
                   not any(r in key for key in data)]
        self.assertEqual(missing, [])
        said = self.text("plat", "counters")
        self.assertEqual(set(re.findall(r"^(\S+)", said, re.M)), set(data))

    def test_counters_count(self):
        before = lab.ask("plat", "counters")
        self.phone.run("ping", "-c", "3", "-i", "0.01", network.SERVER6)
        after = lab.ask("plat", "counters")
        moved = {k: after[k] - before[k] for k in before
                 if after[k] != before[k] and "packets" in k}
        # a multicast report of the provider's kernel may come along
        self.assertGreaterEqual(moved.pop("ipv6-packets-in"), 3)
        moved.pop("dropped-packets", 0)
        self.assertEqual(moved, {"ipv4-packets-out": 3, "ipv4-packets-in": 3,
                                 "ipv6-packets-out": 3, "icmp-packets-6to4": 3,
                                 "icmp-packets-4to6": 3})

    def test_a_drop_is_counted_by_name(self):
        """A packet from a source that is not served."""
        self.net["provider"].ip("addr add 3fff::1/64 dev access")
        self.phone.ip("addr add 3fff::2/64 dev eth0")
        before = lab.ask("plat", "counters")
        self.phone.try_run("ping", "-c1", "-W1", "-I", "3fff::2",
                           network.SERVER6)
        denied, = [k for k in before if "denied" in k]
        lab.wait_for(lambda: lab.ask("plat", "counters")[denied]
                     == before[denied] + 1, "one is denied")

    def test_sessions_and_bindings(self):
        self.assertEqual(lab.ask("plat", "sessions"), [])
        self.assertEqual(lab.ask("plat", "bindings"), [])
        for dport in (9, 10):
            self.udp_flow(dport=dport)
        rows = lab.wait_for(lambda: len(lab.ask("plat", "sessions")) == 2
                            and lab.ask("plat", "sessions"), "two sessions")
        for row in rows:
            values = str(row)
            for word in (network.PHONE6, network.SERVER4, "192.0.2."):
                self.assertIn(word, values)
            self.assertIn("4000", values)
        # one mapping for both destinations: endpoint-independent
        binding, = lab.ask("plat", "bindings")
        self.assertIn(network.PHONE6, str(binding))
        said = self.text("plat", "sessions").splitlines()
        self.assertEqual(len(said), 3)
        self.assertEqual(said[0].lower().split()[0],
                         next(iter(rows[0])).lower())
        self.assertEqual(len(self.text("plat", "bindings").splitlines()), 2)

    def test_filters(self):
        """Few rows of many: each argument alone, and together."""
        self.make_sessions(1500)
        with self.phone.inside():
            tcp = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
        with tcp:
            tcp.connect_ex((network.SERVER6, 1))
        every = lab.ask("plat", "sessions")
        self.assertEqual(len(every), len(
            lab.ask("plat", "sessions", f"client={network.PHONE6}")))
        self.assertEqual([], lab.ask("plat", "sessions", "2001:db8:f::/48"))
        row, = lab.ask("plat", "sessions", "proto=tcp")
        self.assertEqual((row["proto"], row["rport"]), ("tcp", 1))
        found = lab.ask("plat", "bindings", f"pool={row['pool']}",
                        f"pport={row['pport']}", "proto=tcp")
        self.assertEqual([(b["client"], b["port"]) for b in found],
                         [(row["client"], row["port"])])
        for words in (["proto=sctp"], ["pport=0"], ["client=fe80"],
                      ["state=SYN"], ["pool=192.0.2.1", "pool=192.0.2.2"]):
            with self.subTest(words):
                done = lab.ctl("plat", "sessions", *words)
                self.assertEqual(done.returncode, USAGE, done.stdout)
                self.assertIn("expected", done.stdout)

    def test_filters_of_either_end(self):
        self.make_sessions(3)
        row, = lab.ask("plat", "sessions", "rport=1001",
                       f"remote={network.SERVER4}")
        self.assertEqual(row["rport"], 1001)
        self.assertEqual(3, len(lab.ask("plat", "sessions",
                                        f"port={row['port']}")))
        self.assertEqual([], lab.ask("plat", "sessions", "port=1"))
        self.assertEqual([], lab.ask("plat", "sessions", "remote=192.0.2.1"))
        done = lab.ctl("plat", "bindings", "rport=1001")
        self.assertEqual(done.returncode, USAGE, done.stdout)

    def test_subscribers_and_pools(self):
        self.assertEqual(lab.ask("plat", "subscribers"), [])
        idle = lab.ask("plat", "pools")
        self.udp_flow(dport=9)
        self.udp_flow(dport=10)
        lab.wait_for(lambda: len(lab.ask("plat", "sessions")) == 2, "both")
        binding, = lab.ask("plat", "bindings")
        row, = lab.ask("plat", "subscribers")
        prefix = ipaddress.ip_network(row["client"])
        self.assertIn(ipaddress.ip_address(network.PHONE6), prefix)
        self.assertEqual(prefix.prefixlen, 64)
        self.assertEqual(
            (row["pool"], row["bindings"], row["sessions"]),
            (binding["pool"], 1, 2))
        # a host finds its subscriber, a wider network does, another does not
        other = next(p["pool"] for p in idle if p["pool"] != row["pool"])
        for words, count in ((network.PHONE6, 1), ("::/0", 1),
                             ("2001:db8:f::1", 0),
                             (f"pool={row['pool']}", 1), (f"pool={other}", 0)):
            self.assertEqual(count, len(lab.ask("plat", "subscribers", words)),
                             words)
        for before, now in zip(idle, lab.ask("plat", "pools")):
            self.assertEqual(before["ports"], now["ports"])
            used = {k: now[k] - before[k] for k in now if "used" in k}
            ours = now["pool"] == row["pool"]
            self.assertEqual(used, {"udp-used": int(ours), "tcp-used": 0,
                                    "icmp-used": 0})
        one, = lab.ask("plat", "pools", row["pool"])
        self.assertEqual(one["pool"], row["pool"])

    def test_kill(self):
        """A binding, then all of a subscriber, among those of others."""
        self.make_sessions(1500)
        self.udp_flow(sport=4000)
        lab.wait_for(lambda: len(lab.ask("plat", "bindings")) >= 2, "4000")
        before = lab.ask("plat", "sessions")
        killed = lab.ask("plat", "kill", network.PHONE6, "port=4000",
                         "proto=udp")
        self.assertEqual([(k["port"], k["rport"]) for k in killed],
                         [(4000, 9)])
        after = lab.ask("plat", "sessions")
        self.assertEqual(len(after), len(before) - 1)
        self.assertEqual([], lab.ask("plat", "bindings", "port=4000"))
        self.assertEqual([], lab.ask("plat", "kill", "2001:db8:f::/48"))
        prefix = str(ipaddress.ip_network(f"{network.PHONE6}/64", False))
        killed = lab.ask("plat", "kill", prefix)
        self.assertEqual(len(killed), len(after))
        self.assertEqual([], lab.ask("plat", "sessions"))
        self.assertEqual([], lab.ask("plat", "subscribers"))
        self.carries()

    def test_kill_needs_a_client(self):
        self.udp_flow()
        lab.wait_for(lambda: lab.ask("plat", "sessions"), "a session")
        for words in ([], ["proto=udp"], ["fe80"]):
            done = lab.ctl("plat", "kill", *words)
            self.assertEqual(done.returncode, USAGE, done.stdout)
            self.assertIn("client", done.stdout)
        self.assertEqual(1, len(lab.ask("plat", "sessions")))

    def test_siit_has_no_sessions(self):
        self.plat.stop()
        self.net.siit()
        done = lab.ctl("siit", "sessions")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("'sessions': expected status", done.stdout)

    def test_many_sessions(self):
        """More than one bufferful: all of them, each once."""
        count = 3000
        self.make_sessions(count)
        rows = lab.ask("plat", "sessions")
        udp = [r for r in rows if "udp" in str(r).lower()]
        self.assertEqual(len({str(r) for r in udp}), count)


class Failures(Ctl):
    def test_unknown_instance(self):
        done = lab.ctl("nobody", "status")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertEqual(len(done.stdout.splitlines()), 1, done.stdout)
        self.assertIn("nobody", done.stdout)

    def test_unknown_command(self):
        done = lab.ctl("plat", "nonsense")
        self.assertEqual(done.returncode, USAGE, done.stdout)
        self.assertIn("nonsense", done.stdout)
        self.assertIn("status", done.stdout)
        self.assertIn("sessions", done.stdout)

    def test_arguments_where_none_are_taken(self):
        for words in (["status", "now"], ["reload", "force=1"]):
            with self.subTest(words):
                done = lab.ctl("plat", *words)
                self.assertEqual(done.returncode, USAGE, done.stdout)
                self.assertIn("expected no arguments", done.stdout)

    def test_arguments_that_are_not_words(self):
        for word in ("", "a b", "a\nstatus", "x" * 600, "-x"):
            with self.subTest(word[:9]):
                done = lab.ctl("plat", "status", word)
                self.assertEqual(done.returncode, USAGE, done.stdout)
                self.assertIn("usage: xlat ctl", done.stdout)

    def test_no_words(self):
        for words in ([], ["plat"]):
            with self.subTest(words):
                done = lab.ctl(*words)
                self.assertEqual(done.returncode, USAGE, done.stdout)

    def test_nonsense_on_the_socket(self):
        for said in (b"\n", b"\0\n", b"x" * 5000, b"status xml\n",
                     b"status json\n", b" status\n", b"status --json --json\n",
                     b"status x=1\n", b"x" * 511 + b"\n",
                     b"status\r\n", b"\xff" * 63 + b"\n"):
            with self.subTest(said[:20]):
                sock = self.client()
                sock.sendall(said)
                self.assertRegex(sock.recv(4096), rb"^error .*expected")
        self.carries()
        self.text("plat", "status")

    def test_gone_before_the_answer(self):
        for said in (b"", b"stat", b"status\n", b"counters --json\n"):
            for _ in range(20):
                sock = self.client()
                sock.sendall(said)
                sock.close()
        self.text("plat", "status")

    def test_mode_of_the_socket(self):
        """Nobody else may ask."""
        mode = pathlib.Path(SOCKET).stat().st_mode & 0o777
        self.assertEqual(mode & 0o077, 0, oct(mode))


class Crowds(Ctl):
    def test_ten_clients_at_once(self):
        """All connected before the first has asked; all are answered."""
        socks = [self.client() for _ in range(10)]
        for sock in socks:
            sock.sendall(b"status --json\n")
        for sock in socks:
            with sock.makefile("rb") as answer:
                self.assertEqual(answer.readline(), b"ok\n")
                self.assertIn(network.PREF64.encode(), answer.read())

    def test_idle_clients_do_not_hold_packets(self):
        for _ in range(20):
            self.client()
        self.carries()

    def test_a_client_that_stops_reading(self):
        """Thousands of sessions asked for, none of them read."""
        self.make_sessions(5000)
        lazy = [self.client() for _ in range(5)]
        for client in lazy:
            client.sendall(b"sessions --json\n")
        begin = time.monotonic()
        self.phone.run("ping", "-c", "20", "-i", "0.01", network.SERVER6)
        self.text("plat", "status")
        took = time.monotonic() - begin
        for client in lazy:
            self.assertEqual(client.recv(3, socket.MSG_WAITALL), b"ok\n")
        print(f"20 pings and a status beside 5 lazy clients: {took:.2f} s")


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
