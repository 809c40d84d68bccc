#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xlat plat tells who had which port: in the log, as text and JSON, to a
syslog server (RFC 5424) and to an IPFIX collector (RFC 8158). Whoever reads
none of it, or is gone, does not hold up packets, and what is lost is counted."""
import contextlib
import datetime
import json
import os
import pathlib
import re
import socket
import subprocess
import time
import unittest

import box
import lab
from ipfixread import Collector
from packets import TCP, UDP, ping, tcp, udp

POOL6 = "2001:db8:64::/96"
SERVER4, SERVER6 = "198.51.100.10", "2001:db8:64::c633:640a"
ANN, BOB = "2001:db8:a::1", "2001:db8:b::1"
ARGS = ["plat", "--pool6", POOL6, "--pool4", "192.0.2.8/30",
        "--allow6", "2001:db8::/32", "--allow4", "198.51.100.0/24"]
SYN = 2
RING, SO_RCVBUFFORCE = 65536, 33

TIME = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"
# RFC 5424, 6: HEADER SP STRUCTURED-DATA SP MSG, of the forms that we use
SYSLOG = re.compile(
    r"<(?P<pri>\d{1,3})>1 " + TIME + r" (?P<host>[!-~]{1,255}) "
    r"(?P<app>[!-~]{1,48}) (?P<pid>[!-~]{1,128}) (?P<msgid>[!-~]{1,32}) - "
    r"(?P<msg>.*)", re.S)


def seconds_ago(stamp):
    """How long ago the time of a record was."""
    when = datetime.datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%fZ")
    when = when.replace(tzinfo=datetime.timezone.utc)
    return time.time() - when.timestamp()


def words(text):
    """"a=1 b=2" as a dictionary."""
    return dict(word.split("=", 1) for word in text.split())


class Case(box.Case):
    def begin(self, *more):
        self.plat = self.box.xlat(*ARGS, *more)
        self.listen()

    def begin_into(self, path, *more):
        """The same, with a standard error of its own."""
        self.plat = self.box.start("sh", "-c", f'exec "$@" 2>{path}', "sh",
                                   lab.XLAT, *ARGS, *more)
        self.plat.wait_until(
            lambda: lab.ctl("plat", "status").returncode == 0,
            "it answers ctl")
        self.listen()

    def begin_with_config(self, *lines):
        self.config = lab.FILES / "plat.conf"
        self.write(*lines)
        self.plat = self.box.xlat("plat", "--config", self.config)
        self.listen()

    def write(self, *lines):
        pairs = zip(ARGS[1::2], ARGS[2::2])
        self.config.write_text("\n".join(
            [f"{k[2:]} {v}" for k, v in pairs] + list(lines)) + "\n")
        os.chmod(self.config, 0o644)

    def listen(self):
        self.tap = self.tap_at("plat")

    def out(self, packet):
        p = self.tap.ask(packet, lambda p: p.version == 4)
        self.assertIsNotNone(p, "nothing came out")
        return p

    def flood(self, count):
        """That many bindings, none of them lost before it is made."""
        for first in range(0, count, 100):
            for i in range(first, min(first + 100, count)):
                self.tap.send(udp(f"2001:db8:{i >> 14:x}::1", SERVER6,
                                  1024 + (i & 0x3FFF), 53))
            lab.wait_for(lambda: self.counters()["bindings-created"] >=
                         min(first + 100, count), f"{first + 100} bindings")

    def counters(self):
        return lab.ask("plat", "counters")

    def wait_counter(self, name, least, seconds=20):
        lab.wait_for(lambda: self.counters()[name] >= least,
                     f"{name} {least}, but {self.counters()}", seconds)


class Log(Case):
    def line(self, event):
        """The next lines of this kind, as (time, fields)."""
        found = self.plat.wait_output(
            rf"^plat: time={TIME} event={event} (.*)$")
        return found[1], words(found[2])

    def test_L81_01_C68_12_bindings(self):
        """By default nothing of whom a customer talks with."""
        self.begin("--log-bindings")
        p = self.out(udp(ANN, SERVER6, 4000, 53))
        when, said = self.line("binding-created")
        self.assertEqual(said, {"proto": "udp", "client": ANN, "port": "4000",
                                "pool": p.src, "pport": str(p.sport)})
        self.assertTrue(-1 < seconds_ago(when) < 20, when)
        self.assertNotIn(SERVER4, self.plat.output())
        self.assertNotIn("session-", self.plat.output())

    def test_L81_03_sessions_only_if_asked_for(self):
        self.begin("--log-sessions")
        p = self.out(tcp(ANN, SERVER6, 4000, 80, SYN))
        _, said = self.line("session-created")
        self.assertEqual(said, {"proto": "tcp", "client": ANN, "port": "4000",
                                "pool": p.src, "pport": str(p.sport),
                                "remote": SERVER4, "rport": "80"})
        self.assertNotIn("binding-", self.plat.output())

    def test_json(self):
        self.begin("--log-sessions", "--log-bindings", "--log-format", "json")
        p = self.out(ping(ANN, SERVER6, ident=77, seq=1))
        ident = p.rest >> 16
        self.plat.wait_output("session-created")
        lines = [json.loads(s) for s in self.plat.output().splitlines()]
        found = [x for x in lines if "event" in x]
        for x in found:
            self.assertTrue(-1 < seconds_ago(x.pop("time")) < 20)
            self.assertEqual((x.pop("instance"), x.pop("level")),
                             ("plat", "info"))
        binding = {"event": "binding-created", "proto": "icmp", "client": ANN,
                   "port": 77, "pool": p.src, "pport": ident}
        self.assertEqual(found, [binding, {
            **binding, "event": "session-created", "remote": SERVER4,
            "rport": 0}])

    def test_C68_14_L81_16_L81_17_blocks(self):
        """With blocks of ports a record of each, and none of bindings."""
        self.begin("--log-bindings", "--port-block", "64")
        ports = {self.out(tcp(ANN, SERVER6, 4000 + n, 80, SYN)).sport
                 for n in range(65)}
        self.wait_counter("log-records", 2)
        lab.ask("plat", "kill", ANN)
        self.wait_counter("log-records", 4)
        found = re.findall(r"event=(\S+) (.*)", self.plat.output())
        self.assertEqual([kind for kind, _ in found],
                         2 * ["block-created"] + 2 * ["block-deleted"])
        self.assertEqual(sorted(said for _, said in found[:2]),
                         sorted(said for _, said in found[2:]))
        told = [words(said) for _, said in found[:2]]
        self.assertEqual({said["client"] for said in told},
                         {"2001:db8:a::/64"})
        self.assertEqual(len({said["pool"] for said in told}), 1)
        first, second = sorted(int(said["pport"]) for said in told)
        self.assertEqual({first % 64, second % 64}, {0})
        self.assertEqual({int(said["pport-last"]) - int(said["pport"])
                          for said in told}, {63})
        for port in ports:
            self.assertIn(port // 64 * 64, (first, second))

    def test_what_is_killed(self):
        """The end of a binding says the same as its beginning."""
        self.begin("--log-bindings", "--log-sessions")
        self.out(udp(ANN, SERVER6, 4000, 53))
        self.out(udp(ANN, SERVER6, 4000, 54))
        self.assertEqual(2, len(lab.ask("plat", "kill", ANN)))
        _, deleted = self.line("binding-deleted")
        self.assertEqual(deleted, self.line("binding-created")[1])
        ends = re.findall(r"event=session-(\w+) (.*)", self.plat.output())
        self.assertEqual(sorted(f for kind, f in ends if kind == "created"),
                         sorted(f for kind, f in ends if kind == "deleted"))
        self.assertEqual(len(ends), 4)

    def test_D74_09_M76_17_alarms(self):
        """In the log, whatever else it is told of."""
        self.begin("--alarm", "subscriber=3", "--alarm", "bindings=5",
                   "--pool4", "192.0.2.1:1024-1063", "--alarm",
                   "pool-high=0", "--log-format", "json")
        for n in range(5):
            self.out(udp(ANN, SERVER6, 4000 + n, 53))
        self.plat.wait_output("bindings-high")
        found = [json.loads(s) for s in self.plat.output().splitlines()]
        self.assertEqual(
            [(x["level"], x["event"], x.get("client"), x["limit"])
             for x in found if "event" in x],
            [("warning", "subscriber-high", "2001:db8:a::/64", 3),
             ("warning", "bindings-high", None, 5)])

    def test_D74_08_parameters(self):
        """RFC 7422, 3: at the start, and when the maximum changes."""
        self.begin_with_config("deterministic 2001:db8:a::/56",
                               "subscriber-prefix 64")
        when, said = self.line("deterministic")
        self.assertTrue(-1 < seconds_ago(when) < 20, when)
        self.assertEqual(said, {
            "inside": "2001:db8:a::/56", "subscriber-prefix": "64",
            "pool": "192.0.2.8", "pool-last": "192.0.2.11",
            "dynamic-factor": "0", "max-ports": "1008", "algorithm": "0",
            "reserved": "0-1023"})
        self.write("deterministic 2001:db8:a::/56", "subscriber-prefix 64",
                   "dynamic-factor 2", "port-block 64",
                   "max-blocks-per-subscriber 2")
        lab.ctl("plat", "reload")
        lab.wait_for(lambda: self.plat.output().count("event=determ") == 2,
                     "the record")
        last = self.plat.output().rsplit("event=deterministic ", 1)[1]
        last = words(last.splitlines()[0])
        # 64512 ports for 64 subscribers of an address and 2 parts more
        self.assertEqual((last["dynamic-factor"], last["max-ports"]),
                         ("2", str(64512 // 66 + 2 * 64)))

    def test_nobody_asked(self):
        self.begin()
        self.out(udp(ANN, SERVER6, 4000, 53))
        self.assertNotIn("created", self.plat.output())
        self.assertEqual(self.counters()["log-records"], 0)

    def test_reload_begins_and_ends_it(self):
        """And what a new configuration closes is told of."""
        self.begin_with_config()
        self.out(udp(ANN, SERVER6, 4000, 53))
        self.write("log-bindings")
        lab.ctl("plat", "reload")
        p = self.out(udp(BOB, SERVER6, 4000, 53))
        _, created = self.line("binding-created")
        self.assertEqual((created["client"], created["pport"]),
                         (BOB, str(p.sport)))
        self.write("log-bindings", "max-sessions-per-subscriber 1",
                   "allow6 2001:db8:a::/48")
        text = self.config.read_text().replace("allow6 2001:db8::/32\n", "")
        self.config.write_text(text)
        lab.ctl("plat", "reload")
        _, deleted = self.line("binding-deleted")
        self.assertEqual(deleted, created)
        self.write()
        lab.ctl("plat", "reload")
        self.out(udp(BOB, SERVER6, 4001, 53))
        self.assertEqual(self.plat.output().count("event=binding"), 2)

    def test_collectors_need_a_restart(self):
        self.begin_with_config("log-bindings")
        self.write("log-sessions", "ipfix 127.0.0.1:4739", "syslog ::1")
        said = lab.ask("plat", "reload")
        self.assertEqual(set(said["needs-restart"].split()),
                         {"ipfix", "syslog"})
        self.out(udp(ANN, SERVER6, 4000, 53))
        self.line("session-created")

    def test_nobody_reads_the_log(self):
        """A pipe that is full: packets flow, the oldest records are lost and
        counted, and those that are left come whole when it is read."""
        path = lab.FILES / f"{self.id()}.pipe"
        os.mkfifo(path)
        end = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, end)
        self.begin_into(path, "--log-bindings")
        count = RING + 6000
        self.flood(count)
        self.out(udp(ANN, SERVER6, 4000, 53))
        lost = self.counters()["log-records-lost"]
        self.assertGreater(lost, 1000)
        text = b""
        until = time.monotonic() + 60
        while time.monotonic() < until and \
                text.count(b"event=binding") < count + 1 - lost:
            with contextlib.suppress(BlockingIOError):
                text += os.read(end, 1 << 20)
        self.assertEqual(text.count(b"event=binding"), count + 1 - lost)
        self.assertEqual(
            {k: v for k, v in self.counters().items() if "-records" in k},
            {"log-records": count + 1 - lost, "log-records-lost": lost,
             "syslog-records": 0, "syslog-records-lost": 0,
             "ipfix-records": 0, "ipfix-records-lost": 0})
        records = [s for s in text.decode().splitlines() if "event=" in s]
        whole = re.compile(rf"plat: time={TIME} event=binding-created "
                           r"proto=udp client=\S+ port=\d+ "
                           r"pool=192\.0\.2\.\d+ pport=\d+")
        self.assertEqual([s for s in records if not whole.fullmatch(s)], [])
        self.assertIn(f"client={ANN} port=4000", records[-1])

    def test_the_reader_of_the_log_has_left(self):
        path = lab.FILES / f"{self.id()}.pipe"
        os.mkfifo(path)
        end = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.begin_into(path, "--log-bindings")
        os.close(end)
        for port in range(4000, 4100):
            self.out(udp(ANN, SERVER6, port, 53))
        self.assertEqual(self.counters()["log-records"], 0)
        self.assertTrue(self.plat.running())

    def test_full_disk(self):
        """Records wait while nothing can be written, and come then."""
        disk = lab.FILES / "disk"
        disk.mkdir()
        self.box.run("mount", "-t", "tmpfs", "-o", "size=64k", "none", disk)
        self.addCleanup(subprocess.run, ["umount", "-l", str(disk)],
                        check=False)
        ballast = disk / "ballast"
        with contextlib.suppress(OSError), ballast.open("wb") as f:
            f.write(bytes(60 << 10))
        self.begin_into(disk / "log", "--log-bindings")
        self.flood(500)
        self.out(udp(ANN, SERVER6, 4000, 53))
        before = self.counters()["log-records"]
        self.assertLess(before, 300)
        self.box.run("mount", "-o", "remount,size=1m", disk)
        self.wait_counter("log-records", 501)
        self.assertEqual(self.counters()["log-records-lost"], 0)
        said = (disk / "log").read_text()
        ports = re.findall(r"event=binding-created proto=udp "
                           r"client=2001:db8::1 port=(\d+)", said)
        self.assertEqual(ports, [str(1024 + i) for i in range(500)])


class Syslog(Case):
    def server(self, address=("::1", 5514)):
        with self.box.inside():
            sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        sock.bind(address)
        sock.settimeout(10)
        self.addCleanup(sock.close)
        return sock

    def message(self, sock):
        text = sock.recv(65536).decode()
        found = SYSLOG.fullmatch(text)
        self.assertIsNotNone(found, text)
        return found

    def test_messages(self):
        """RFC 5424, and the fields of a binding (L81-01)."""
        sock = self.server()
        self.begin("--syslog", "[::1]:5514")
        p = self.out(udp(ANN, SERVER6, 4000, 53))
        m = self.message(sock)
        self.assertEqual(int(m["pri"]), 3 * 8 + 6)  # daemon, informational
        self.assertEqual((m["app"], m["pid"], m["msgid"]),
                         ("plat", str(self.plat.pid), "binding-created"))
        self.assertEqual(m["host"], socket.gethostname())
        self.assertTrue(-1 < seconds_ago(m[2]) < 20)
        self.assertEqual(words(m["msg"]), {
            "proto": "udp", "client": ANN, "port": "4000", "pool": p.src,
            "pport": str(p.sport)})
        self.assertNotIn("binding", self.plat.output())
        self.wait_counter("syslog-records", 1)

    def test_no_way_there_yet(self):
        """A node that starts before its routes are there translates, and its
        records come when there is a way."""
        self.begin("--syslog", "[2001:db8:99::1]:5514")
        self.out(udp(ANN, SERVER6, 4000, 53))
        self.plat.wait_output("syslog: records cannot be sent")
        self.box.ip("addr add 2001:db8:99::1/128 dev lo nodad")
        self.assertEqual(self.message(self.server(
            ("2001:db8:99::1", 5514)))["msgid"], "binding-created")

    def test_limits(self):
        """A subscriber at its limit is one message a second, at most."""
        sock = self.server()
        self.begin("--syslog", "[::1]:5514",
                   "--max-sessions-per-subscriber", "1")
        self.out(udp(ANN, SERVER6, 4000, 53))
        self.message(sock)
        for port in range(4001, 4100):
            self.tap.send(udp(ANN, SERVER6, port, 53))
        m = self.message(sock)
        self.assertEqual((int(m["pri"]), m["msgid"]),
                         (3 * 8 + 4, "subscriber-limit"))
        self.assertEqual(words(m["msg"]),
                         {"client": "2001:db8:a::/64", "limit": "1"})

    def test_M76_17_alarms(self):
        """A server gets them, and the log all the same."""
        sock = self.server()
        self.begin("--syslog", "[::1]:5514", "--pool4", "192.0.2.1:1-999",
                   "--alarm", "subscriber=2")
        for port in (4000, 4001):
            self.out(udp(ANN, SERVER6, port, 53))
        seen = [self.message(sock) for _ in range(3)]
        self.assertEqual([m["msgid"] for m in seen],
                         ["binding-created", "subscriber-high",
                          "binding-created"])
        self.assertEqual(int(seen[1]["pri"]), 3 * 8 + 4)
        self.assertEqual(words(seen[1]["msg"]),
                         {"client": "2001:db8:a::/64", "limit": "2"})
        self.plat.wait_output("event=subscriber-high")
        self.assertNotIn("binding-created", self.plat.output())

    def test_default_port(self):
        sock = self.server(("::1", 514))
        self.begin("--syslog", "::1")
        self.out(udp(ANN, SERVER6, 4000, 53))
        self.assertEqual(self.message(sock)["msgid"], "binding-created")

    def test_ipv4(self):
        """Also where IPv6 sockets are for IPv6 alone, if they do not say."""
        sock = self.server(("::ffff:127.0.0.1", 5514))
        self.box.sysctl("net/ipv6/bindv6only", 1)
        self.begin("--syslog", "127.0.0.1:5514")
        self.out(udp(ANN, SERVER6, 4000, 53))
        self.assertEqual(self.message(sock)["msgid"], "binding-created")

    def path(self):
        return lab.FILES / f"{self.id().split('.')[-1]}.socket"

    def local(self, path):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        sock.bind(str(path))
        os.chmod(path, 0o666)
        sock.settimeout(10)
        self.addCleanup(sock.close)
        return sock

    def test_a_path_that_comes_and_goes(self):
        """Not there at the start; then it is; then another is in its place;
        then it has a name, but nobody listens: nothing is lost."""
        path = self.path()
        self.begin("--syslog", path)
        self.out(udp(ANN, SERVER6, 4000, 53))
        self.plat.wait_output("syslog: records cannot be sent: No such file")
        first = self.local(path)
        self.assertIn("port=4000", self.message(first)["msg"])
        self.plat.wait_output("syslog: takes records again; 0 are lost")
        first.close()
        path.unlink()
        self.out(udp(ANN, SERVER6, 4001, 53))
        second = self.local(path)
        self.assertIn("port=4001", self.message(second)["msg"])
        self.wait_counter("syslog-records", 2)
        second.close()
        self.out(udp(ANN, SERVER6, 4002, 53))
        self.plat.wait_output("records cannot be sent: Connection refused")
        path.unlink()
        third = self.local(path)
        self.assertIn("port=4002", self.message(third)["msg"])
        self.assertEqual(self.counters()["syslog-records-lost"], 0)

    def test_a_path_that_nobody_reads(self):
        """Its queue is short; packets flow on, and all comes in the end."""
        path = self.path()
        sock = self.local(path)
        self.begin("--syslog", path)
        self.flood(2000)
        self.assertLess(self.counters()["syslog-records"], 2000)
        ports = [int(words(self.message(sock)["msg"])["port"])
                 for _ in range(2000)]
        self.assertEqual(ports, [1024 + i for i in range(2000)])
        self.assertEqual(self.counters()["syslog-records-lost"], 0)

    def rest(self, sock, count):
        """What comes of so many, of which some are lost."""
        got = []
        sock.settimeout(0.1)

        def all_told():
            with contextlib.suppress(TimeoutError):
                got.append(self.message(sock)["msg"])
            return len(got) + self.counters()["syslog-records-lost"] == count
        lab.wait_for(all_told, "the rest")
        return got

    def test_a_server_that_went_away(self):
        """What it did not get is counted; it is told of once; and it gets
        what is left when it is there again."""
        sock = self.server()
        self.begin("--syslog", "[::1]:5514")
        self.out(udp(ANN, SERVER6, 4000, 53))
        self.message(sock)
        sock.close()
        self.flood(100)
        self.plat.wait_output("syslog: records cannot be sent: Connection "
                              "refused")
        self.wait_counter("syslog-records-lost", 1)
        again = self.server()
        got = self.rest(again, 100)
        self.assertEqual(len(set(got)), len(got))
        self.assertIn(f"port={1024 + 99} ", got[-1])
        self.plat.wait_output("syslog: takes records again")

    def test_a_server_that_refuses(self):
        """It is told of once, and only a record every other second goes to
        see: the others wait."""
        self.begin("--syslog", "[::1]:5514")
        self.flood(50)
        self.plat.wait_output("syslog: records cannot be sent: Connection "
                              "refused")
        self.wait_counter("syslog-records-lost", 3)
        said = self.plat.output()
        self.assertEqual(said.count("records cannot be sent"), 1, said)
        self.assertNotIn("takes records again", said)
        sock = self.server()
        got = self.rest(sock, 50)
        self.assertEqual(len(set(got)), len(got))
        self.plat.wait_output("syslog: takes records again")


def collector(case, address="127.0.0.1"):
    """An IPFIX collector in the box."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with case.box.inside():
        sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
    sock.bind((address, 4739))
    case.addCleanup(sock.close)
    return Collector(sock)


class Ipfix(Case):
    def test_bindings(self):
        """Read by a decoder that has nothing of ours."""
        with collector(self) as c:
            self.begin("--ipfix", "127.0.0.1:4739")
            p = self.out(udp(ANN, SERVER6, 4000, 53))
            record = c.record()
        self.assertTrue(-1 < time.time() - record.pop(323) / 1000 < 20)
        self.assertEqual(record, {
            230: 10, 27: ANN, 225: p.src, 4: UDP, 7: 4000, 227: p.sport})
        self.assertEqual(c.domain, 1)

    def test_sessions_say_with_whom(self):
        with collector(self) as c:
            self.begin("--ipfix", "127.0.0.1:4739", "--log-sessions")
            p = self.out(tcp(ANN, SERVER6, 4000, 80, SYN))
            record = c.record()
        del record[323]
        self.assertEqual(record, {
            230: 6, 27: ANN, 225: p.src, 4: TCP, 7: 4000, 227: p.sport,
            28: SERVER6, 226: SERVER4, 11: 80, 228: 80})

    def test_sequence_and_size(self):
        """RFC 7011, 3.1 and 10.3.3: nothing is missing, and no message is
        longer than what passes everywhere: of 512 bytes with its headers,
        where IPv6 has 1280."""
        for address, most in ("127.0.0.1", 512 - 28), ("::1", 1280 - 48):
            with self.subTest(address), collector(self, address) as c:
                self.begin("--ipfix", f"[{address}]:4739"
                           if ":" in address else f"{address}:4739")
                self.flood(3000)
                ports = [c.record()[7] for _ in range(3000)]
                self.assertEqual(ports, [1024 + i for i in range(3000)])
                self.assertEqual(c.gaps, 0)
                self.assertTrue(most - 40 < c.longest <= most, c.longest)
                self.assertEqual(self.counters()["ipfix-records-lost"], 0)
                self.plat.stop()

    def test_templates_come_again(self):
        """Who begins to listen later understands after a while."""
        self.begin("--ipfix", "127.0.0.1:4739", "--ipfix-refresh", "1s")
        with collector(self) as c:
            lab.wait_for(lambda: c.read() and c.templates, "templates", 10)
            self.out(udp(ANN, SERVER6, 4000, 53))
            self.assertEqual(c.record()[7], 4000)

    def test_a_collector_that_went_away(self):
        with collector(self) as c:
            self.begin("--ipfix", "127.0.0.1:4739", "--ipfix-refresh", "1s")
            self.out(udp(ANN, SERVER6, 4000, 53))
            c.record()
        self.flood(200)
        self.plat.wait_output("ipfix: records cannot be sent: Connection "
                              "refused")
        with collector(self) as c:
            last = c.record()
            while last[7] != 1024 + 199:
                last = c.record()
        self.assertGreater(self.counters()["ipfix-records-lost"], 0)
        self.plat.wait_output("ipfix: takes records again")

    def nfdump(self, flows):
        """What it says of each record, as dictionaries."""
        text = self.box.try_run("nfdump", "-R", flows, "-o", "raw").stdout
        return [dict(re.findall(r"^  ([\w ]+?) *= +(\S.*?)$", record, re.M))
                for record in text.split("Flow Record:")[1:]]

    def test_nfdump_reads_it(self):
        """nfcapd of Debian writes down what came, and nfdump shows it. That
        of Debian 12 has no names for values of natEvent above 5, but shows
        the numbers."""
        flows = lab.FILES / "flows"
        flows.mkdir()
        # It keeps books in memory of System V, which outlives it.
        capd = self.box.start("unshare", "--ipc", "nfcapd", "-w", flows, "-p",
                              "4739", "-b", "127.0.0.1", "-t", "2")
        capd.wait_until(
            lambda: self.box.run("ss", "-Hlnu", "sport = :4739"),
            "nfcapd listens")
        self.begin("--ipfix", "127.0.0.1:4739", "--log-bindings",
                   "--log-sessions")
        p = self.out(udp(ANN, SERVER6, 4000, 53))
        lab.wait_for(lambda: len(self.nfdump(flows)) == 2, "two records", 20)
        binding, session = self.nfdump(flows)
        self.assertTrue(binding["nat event"].startswith("10:"), binding)
        self.assertTrue(session["nat event"].startswith("6:"), session)
        for record in binding, session:
            self.assertEqual(
                [record[k] for k in ("src addr", "src port", "src xlt ip",
                                     "src xlt port")],
                [ANN, "4000", p.src, str(p.sport)])
            self.assertTrue(record["proto"].startswith("17 "))
            when = int(record["Event time"].split()[0]) / 1000
            self.assertTrue(-1 < time.time() - when < 60, record)
        self.assertEqual(
            [session[k] for k in ("dst addr", "dst port", "dst xlt ip",
                                  "dst xlt port")],
            [SERVER6, "53", SERVER4, "53"])


class Blocks(Case):
    """RFC 6888, REQ-14: one record for many ports."""
    more = ["--port-block", "64", "--hold-down", "0"]

    def ports_of(self, count):
        return [self.out(tcp(ANN, SERVER6, 4000 + i, 80, SYN)).sport
                for i in range(count)]

    def test_C68_14_L81_16_L81_17_log(self):
        """65 bindings are two blocks, in which their ports are; when the last
        one goes, each is told of with the same words."""
        self.begin("--log-bindings", *self.more)
        ports = self.ports_of(65)
        self.plat.wait_until(
            lambda: self.plat.output().count("block-created") == 2,
            "two blocks")
        subscriber, = lab.ask("plat", "subscribers")
        self.assertEqual((subscriber["blocks"], subscriber["bindings"]),
                         (2, 65))
        lab.ask("plat", "kill", ANN)
        self.plat.wait_until(
            lambda: self.plat.output().count("block-deleted") == 2,
            "the end of two blocks")
        said = re.findall(rf"time={TIME} event=block-(\w+) (.*)",
                          self.plat.output())
        created = [words(text) for _, what, text in said if what == "created"]
        deleted = [words(text) for _, what, text in said if what == "deleted"]
        ranges = [range(int(b["pport"]), int(b["pport-last"]) + 1)
                  for b in created]
        self.assertEqual([len(r) for r in ranges], [64, 64])
        self.assertEqual([p for p in ports
                          if not any(p in r for r in ranges)], [])
        self.assertEqual({b["client"] for b in created},
                         {"2001:db8:a::/64"})
        for block in created:
            self.assertEqual(deleted.count(block), 1, said)
        self.assertNotIn("binding-", self.plat.output())

    def test_ipfix(self):
        with collector(self) as c:
            self.begin("--ipfix", "127.0.0.1:4739", *self.more)
            port, = self.ports_of(1)
            record = c.record()
            lab.ask("plat", "kill", ANN)
            end = c.record()
        self.assertTrue(record.pop(323) <= end.pop(323))
        self.assertEqual((record.pop(230), end.pop(230)), (16, 17))
        self.assertEqual(record, end)
        self.assertEqual(set(record), {27, 225, 361, 362})
        self.assertEqual(record[27], "2001:db8:a::")
        self.assertTrue(record[361] <= port <= record[362])
        self.assertEqual(record[362] - record[361], 63)


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
