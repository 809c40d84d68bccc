#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What all daemons share works the same in each: --control none, JSON and the
journal's priorities, reloads that are refused or need a restart, what a service
manager is told, two instances side by side, and who may ask."""
import json
import os
import pathlib
import re
import signal
import socket
import unittest

import lab

SOCKETS = pathlib.Path("/run/xlat")
POOL6 = "2001:db8:46::/96"
# Of the second instance: what it would share with the first.
APPLETS = {
    "siit": (["--pool6", POOL6], ["--pool6", "2001:db8:47::/96"]),
    "plat": (["--pool6", POOL6, "--pool4", "192.0.2.1"],
             ["--pool6", "2001:db8:47::/96", "--pool4", "192.0.2.2"]),
    "clat": (["--pref64", POOL6, "--source", "2001:db8:1::1"],
             ["--pref64", POOL6, "--source", "2001:db8:1::2"]),
    "dns64": (["--forward", "127.0.0.2", "--listen", "127.0.0.1:53"],
              ["--forward", "127.0.0.2", "--listen", "127.0.0.1:54"]),
}
ARGV = {name: [name, *argv] for name, (argv, _) in APPLETS.items()}
ERROR, INFO = 3, 6  # syslog(3)
DENIED, IN_USE = 3, 5  # xlat(8)


class Common(unittest.TestCase):
    def setUp(self):
        self.net = lab.Lab("box")
        self.addCleanup(self.net.close)
        self.box = self.net["box"]
        self.config = lab.FILES / "common.conf"
        self.config.write_text("# nothing\n")
        for path in SOCKETS.glob("*"):
            path.unlink()  # of who was killed by the test before

    def start(self, argv, *more, **env):
        program = self.box.start(lab.XLAT, *argv, *more,
                                 env=dict(os.environ, **env))
        program.wait_output("is ready")
        return program

    def leaves(self, program):
        self.assertEqual(program.stop(), 0, program.output())
        self.assertEqual(list(SOCKETS.glob("*.sock")), [])

    def test_no_control(self):
        for name, argv in ARGV.items():
            program = self.start(argv, "--control", "none")
            self.assertEqual(list(SOCKETS.glob("*.sock")), [])
            self.assertEqual(lab.ctl(name, "status").returncode, 1)
            self.leaves(program)

    def test_json(self):
        """Of its helper, too."""
        for name, argv in ARGV.items():
            program = self.start(argv, "--log-format", "json")
            self.leaves(program)
            lines = program.output().splitlines()
            self.assertGreater(len(lines), 1)
            for line in map(json.loads, lines):
                self.assertEqual((line["instance"], sorted(line)),
                                 (name, ["instance", "level", "message",
                                         "time"]))

    def test_journal(self):
        for argv in ARGV.values():
            program = self.start(argv, JOURNAL_STREAM="8:1234")
            program.proc.send_signal(signal.SIGHUP)  # there is no --config
            program.wait_output(rf"^<{ERROR}>.*nothing was changed")
            self.assertRegex(program.output(), rf"(?m)^<{INFO}>.* is ready")
            self.leaves(program)

    def test_reload(self):
        """As a whole or not at all; what it cannot change is named."""
        for name, argv in ARGV.items():
            self.config.write_text("# nothing\n")
            program = self.box.xlat(*argv, "--config", self.config)
            for bad in ("log-level debug\nuser\n", "log-level loud\n",
                        "include /etc/other.conf\n",
                        "log-level debug\nlog-level debug\n"):
                self.config.write_text(bad)
                before = lab.ask(name, "status")["reloads-failed"]
                program.proc.send_signal(signal.SIGHUP)
                lab.wait_for(lambda n=name, b=before: lab.ask(n, "status")
                             ["reloads-failed"] == b + 1, "it is refused")
                said = lab.ask(name, "status")
                self.assertRegex(said["reload-error"],
                                 rf"{self.config.name}:[12]: ")
                self.assertEqual(said["reloads"], 0)
            self.config.write_text("log-level error\nuser daemon\n")
            self.assertEqual(lab.ask(name, "reload")["needs-restart"], "user")
            count = len(program.output())
            program.proc.send_signal(signal.SIGHUP)
            lab.wait_for(lambda n=name: lab.ask(n, "status")["reloads"] == 2,
                         "it is in force")
            self.assertNotIn("in force", program.output()[count:])
            self.leaves(program)

    def test_service_manager(self):
        """sd_notify(3): ready, while it reads again, and at the end."""
        path = lab.FILES / "manager"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(path))
            self.addCleanup(path.unlink)
            manager.settimeout(10)
            for argv in ARGV.values():
                program = self.start(argv, "--config", self.config,
                                     NOTIFY_SOCKET=str(path))
                self.assertEqual(manager.recv(100), b"READY=1")
                program.proc.send_signal(signal.SIGHUP)
                self.assertRegex(manager.recv(100),
                                 rb"^RELOADING=1\nMONOTONIC_USEC=\d+$")
                self.assertEqual(manager.recv(100), b"READY=1")
                self.leaves(program)
                self.assertEqual(manager.recv(100), b"STOPPING=1")

    def test_side_by_side(self):
        """The end of one is nothing to the other."""
        for name, argv in ARGV.items():
            first = self.box.xlat(*argv)
            second = self.box.xlat(name, *APPLETS[name][1], "--instance",
                                   "second")
            self.assertEqual([lab.ask(n, "status")["pid"]
                              for n in (name, "second")],
                             [first.pid, second.pid])
            self.assertEqual(first.stop(), 0, first.output())
            self.assertEqual(lab.ctl(name, "status").returncode, 1)
            self.assertEqual(lab.ask("second", "status")["pid"], second.pid)
            self.leaves(second)

    def test_somebody_else_asks(self):
        for name, argv in ARGV.items():
            program = self.box.xlat(*argv)
            done = self.box.try_run(
                "setpriv", "--reuid=2", "--regid=2", "--clear-groups",
                lab.XLAT, "ctl", name, "status")
            self.assertEqual(done.returncode, DENIED, done.stdout)
            self.assertEqual(len(done.stdout.splitlines()), 1, done.stdout)
            self.assertIn("Permission denied", done.stdout)
            self.leaves(program)

    def test_control_where_something_else_is(self):
        """It is not removed."""
        path = lab.FILES / "precious"
        path.write_text("data")
        for name, argv in ARGV.items():
            done = self.box.try_run(lab.XLAT, *argv, "--control", path)
            self.assertEqual(done.returncode, IN_USE, done.stdout)
            self.assertTrue(re.search(rf"{path}.*(exists|in use)",
                                      done.stdout, re.I), done.stdout)
            self.assertEqual(path.read_text(), "data")
            self.assertNotIn(name, self.box.links())


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
