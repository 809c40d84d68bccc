#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--log syslog: what a daemon says goes to the machine's syslog, /dev/log, as
the C library would send it; who listens there may come, go and sleep."""
import calendar
import contextlib
import json
import os
import re
import socket
import subprocess
import time
import unittest

import box
import lab
import packets

SIIT = ["siit", "--pool6", "2001:db8:46::/96", "--eam",
        "198.51.100.1,2001:db8:5::1", "--allow4", "198.51.100.0/24",
        "--allow4", "203.0.113.0/24"]
PLAT = ["plat", "--pool6", "2001:db8:64::/96", "--pool4", "192.0.2.1",
        "--allow4", "198.51.100.0/24"]
SERVER6, ANN = "2001:db8:64::c633:640a", "2001:db8:a::1"
DAEMON, ERROR, WARNING, INFO = 3 * 8, 3, 4, 6  # RFC 5424, 6.2.1
# RFC 3164, 4.1.1 and 4.1.2 without the host, which local senders leave out
MESSAGE = re.compile(r"<(\d+)>([A-Z][a-z]{2} [ 123]\d \d\d:\d\d:\d\d) "
                     r"([!-~]+)\[(\d+)\]: (.*)\n")
LOG = lab.FILES / "log.socket"
# A /dev of the program's own, with /dev/log, as systemd has it, a link.
OWN_DEV = ["unshare", "--mount", "sh", "-c",
           "mkdir -p /run/lab/dev && mount -t tmpfs none /run/lab/dev && "
           "cp -a /dev/null /dev/zero /dev/urandom /dev/net /run/lab/dev && "
           f"ln -s {LOG} /run/lab/dev/log && "
           'mount --bind /run/lab/dev /dev && exec "$@"', "sh", lab.XLAT]


class Syslog(box.Case):
    def server(self):
        with contextlib.suppress(FileNotFoundError):
            LOG.unlink()
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(sock.close)
        sock.bind(str(LOG))
        os.chmod(LOG, 0o666)
        sock.settimeout(10)
        return sock

    def start(self, *argv):
        program = self.box.start(*OWN_DEV, *argv, "--log", "syslog")
        program.wait_until(
            lambda: lab.ctl(argv[0], "status").returncode == 0, "it answers")
        return program

    def message(self, sock):
        """(priority, text) of the next one, after a look at the rest."""
        text = sock.recv(65536).decode()
        found = MESSAGE.fullmatch(text)
        self.assertIsNotNone(found, repr(text))
        when = time.strptime(f"{time.gmtime().tm_year} {found[2]}",
                             "%Y %b %d %H:%M:%S")
        self.assertLess(abs(calendar.timegm(when) - time.time()), 60)
        return int(found[1]), found[3], int(found[4]), found[5]

    def until(self, sock, words):
        """The first message that has the words."""
        while words not in (got := self.message(sock))[3]:
            pass
        return got

    def translates(self):
        with packets.Tap(self.box, "siit") as tap:
            p = tap.ask(packets.udp("203.0.113.9", "198.51.100.1", 1, 2,
                                    b"x"), lambda p: p.proto == packets.UDP)
            return p is not None and p.dst == "2001:db8:5::1"

    def reload(self, count=1):
        """So many errors to tell of: there is no file to read again."""
        for _ in range(count):
            lab.ctl("siit", "reload")

    def test_lines(self):
        """In its sandbox, as nobody, with priority, name and pid."""
        sock = self.server()
        program = self.start(*SIIT)
        self.assertEqual(lab.status(program.pid)["Seccomp"], "2")
        priority, tag, pid, text = self.until(sock, "is ready")
        self.assertEqual((priority, tag, pid),
                         (DAEMON | INFO, "siit", program.pid))
        self.reload()
        priority, _, _, text = self.until(sock, "nothing was changed")
        self.assertEqual(priority, DAEMON | ERROR)
        self.assertTrue(text.startswith("reload: "), text)
        self.assertEqual(program.stop(), 0)
        self.until(sock, "leaving")
        self.assertEqual(program.output(), "")

    def test_of_every_applet(self):
        sock = self.server()
        for argv in (PLAT + ["--instance", "a-long-name"],
                     ["clat", "--pref64", "2001:db8:46::/96", "--source",
                      "2001:db8:1::1"],
                     ["dns64", "--forward", "127.0.0.2", "--listen",
                      "127.0.0.1:53"]):
            program = self.box.start(*OWN_DEV, *argv, "--log", "syslog")
            _, tag, pid, _ = self.until(sock, "is ready")
            self.assertEqual(
                (tag, pid),
                ("a-long-name" if argv[0] == "plat" else argv[0],
                 program.pid))
            self.assertEqual(program.stop(), 0)
            self.assertEqual(program.output(), "")

    def test_json(self):
        sock = self.server()
        self.start(*SIIT, "--log-format", "json")
        said = json.loads(self.until(sock, "is ready")[3])
        self.assertEqual((said["instance"], said["level"]), ("siit", "info"))

    def test_it_comes_later_and_is_restarted(self):
        """Until then, and in between, standard error has the lines."""
        with contextlib.suppress(FileNotFoundError):
            LOG.unlink()
        program = self.start(*SIIT)
        program.wait_output(r"^<30>.* siit\[\d+\]: .* is ready$")
        for _ in range(3):
            sock = self.server()
            self.reload()
            self.assertRegex(self.message(sock)[3], "^[1-9] lines were left")
            self.until(sock, "nothing was changed")
            sock.close()  # its name stays, nobody listens
            self.assertTrue(self.translates())
            before = program.output().count("nothing was changed")
            self.reload(2)
            program.wait_until(lambda: program.output().count(
                "nothing was changed") == before + 2, "both lines are there")
        self.assertEqual(program.stop(), 0)

    def test_it_sleeps(self):
        """Its queue is full: nothing waits, and what it missed is counted."""
        sock = self.server()
        program = self.start(*SIIT)
        self.reload(90)
        self.assertTrue(self.translates())
        said = program.output().count("nothing was changed")
        self.assertGreater(said, 0)
        self.assertNotIn("left out", program.output())
        sock.settimeout(0)
        heard = []
        with contextlib.suppress(BlockingIOError):
            while True:
                heard.append(self.message(sock)[3])
        self.assertEqual(sum("nothing was changed" in h for h in heard),
                         90 - said)
        sock.settimeout(10)
        self.reload()
        self.assertEqual(self.message(sock)[3],
                         f"{said} lines were left out")

    def test_records(self):
        """A message each, however many come at a time; none is lost while
        nobody takes them."""
        sock = self.server()
        self.start(*PLAT, "--log-bindings")
        self.until(sock, "is ready")
        with packets.Tap(self.box, "plat") as tap:
            for port in range(1024, 1324):
                tap.send(packets.udp(ANN, SERVER6, port, 53))
            seen = []
            while len(seen) < 300:
                priority, tag, _, text = self.message(sock)
                found = re.fullmatch(
                    r"time=\S+ event=binding-created proto=udp client=(\S+) "
                    r"port=(\d+) pool=192\.0\.2\.1 pport=\d+", text)
                self.assertIsNotNone(found, text)
                self.assertEqual((priority, tag, found[1]),
                                 (DAEMON | INFO, "plat", ANN))
                seen.append(int(found[2]))
        self.assertEqual(seen, list(range(1024, 1324)))
        self.assertEqual(lab.ask("plat", "counters")["log-records-lost"], 0)

    def test_needs_a_restart(self):
        config = lab.FILES / "siit.conf"
        config.write_text("pool6 2001:db8:46::/96\n")
        config.chmod(0o644)
        program = self.box.xlat("siit", "--config", config)
        config.write_text("pool6 2001:db8:46::/96\nlog syslog\n")
        self.assertEqual(lab.ask("siit", "reload")["needs-restart"], "log")
        program.wait_output("only a restart changes: log$")


class Pipe(unittest.TestCase):
    def test_what_the_helper_says(self):
        """A pipe is opened once more, and the helper has that as well."""
        with lab.Lab("box") as net:
            out, end = os.pipe()
            with net["box"].inside(), subprocess.Popen(
                    [lab.XLAT, *SIIT], stderr=end,
                    stdin=subprocess.DEVNULL) as proc:
                os.close(end)
                lab.wait_for(lambda: lab.ctl("siit", "status").returncode == 0,
                             "it answers")
                proc.terminate()
            with open(out, encoding="utf-8") as said:
                self.assertRegex(said.read(), r"(?m)^siit: net/ipv6/conf/all/"
                                 "forwarding was 0 and is 1 until the end$")


class Json(unittest.TestCase):
    def test_hostile_text(self):
        """Every line is one object, whatever it has to quote."""
        with lab.Lab("box") as net:
            config = lab.FILES / 'a "b" \\ \x01é.conf'
            config.write_text("pool6 2001:db8:46::/96\n")
            config.chmod(0o644)
            program = net["box"].xlat("siit", "--config", config,
                                      "--log-format", "json")
            config.write_text("\x7f\"\\" * 100 + "\n")
            lab.ctl("siit", "reload")
            program.wait_output("nothing was changed")
            said = [json.loads(s) for s in program.output().splitlines()]
            for line in said:
                self.assertEqual(list(line), ["time", "instance", "level",
                                              "message"])
            self.assertIn("nothing was changed", said[-1]["message"])
            self.assertEqual(said[-1]["level"], "error")


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
