#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xlat ctl NAME top in a terminal of 80x24 (tmux), larger and smaller ones,
and without a terminal."""
import itertools
import os
import re
import signal
import subprocess
import unittest

import lab
import network
import packets


class Terminal:
    """A shell in tmux that runs a command, and says how that ended."""

    serial = itertools.count()

    def __init__(self, command):
        self.name = f"xlat-{os.getpid()}-{next(self.serial)}"
        self.last = []
        self.tmux("new-session", "-d", "-x", 80, "-y", 24, "sh", "-c",
             f"trap : INT; echo my shell; {command}; echo left with $?; stty -a;"
             " sleep 100")

    def tmux(self, *words):
        argv = ["tmux", "-L", self.name, "-f", "/dev/null", *map(str, words)]
        return subprocess.run(argv, check=True, text=True, timeout=10,
                              capture_output=True).stdout

    def screen(self):
        return self.tmux("capture-pane", "-p").rstrip("\n").split("\n")

    def shows(self, pattern, seconds=10.0):
        def shown():
            self.last = self.screen()
            return re.search(pattern, "\n".join(self.last))

        try:
            lab.wait_for(shown, f"{pattern} in the terminal", seconds)
        except lab.LabError as err:
            raise lab.LabError("\n".join([str(err), *self.last])) from None
        return self.last

    def program(self):
        """Who is in the foreground."""
        shell = int(self.tmux("display-message", "-p", "#{pane_pid}"))
        return lab.children(shell)[0]

    def close(self):
        self.tmux("kill-server")


class Top(unittest.TestCase):
    def setUp(self):
        self.net = network.Network()
        self.addCleanup(self.net.close)

    def top(self, name):
        term = Terminal(f"{lab.XLAT} ctl {name} top")
        self.addCleanup(term.close)
        term.shows(f"^xlat {name} .* health: good")
        return term

    def traffic(self, flows=1):
        """20 packets a second, and one that nobody can take."""
        for i in range(flows):
            self.net["phone"].start("ping", "-i", "0.05", "-q", "-e", 500 + i,
                                    network.SERVER6)

    def test_plat(self):
        self.net.plat("--max-sessions", "1000")
        self.traffic(3)
        term = self.top("plat")
        # 3 x 20 a second
        lines = term.shows(r"(?s)IPv4 out +(5\d|6[0-5]) .*"
                           r"IPv6 in +(5\d|6[0-5]) .*sessions-created")
        text = "\n".join(lines)
        self.assertLessEqual(len(lines), 24)
        self.assertLessEqual(max(map(len, lines)), 80)
        for pattern in (r"packets/s +bit/s +packets +bytes",
                        r"IPv4 out +(5\d|6[0-5]) +\d+\.\d k",
                        r"sessions 3 of 1000 \(0 %\)",
                        r"bindings 3\b",
                        r"pool use udp 0 tcp 0 icmp 3 of 1048560 \(0 %\)",
                        r"busiest subscribers +bindings +sessions\n"
                        r"  2001:db8:[\da-f:]+/64 +3 +3\n",
                        r"drops by reason +a second +total\n",
                        r"counters +a second +total\n"
                        r"(  .*\n)*  sessions-created +\d+ +3"):
            self.assertRegex(text, pattern)

    def test_drops_by_reason(self):
        """The one that grows comes first."""
        self.net.siit()
        illegal = packets.udp("127.0.0.1", "198.51.100.1", 1, 2, b"x")
        with packets.Tap(self.net["provider"], "siit") as tap:
            tap.send(illegal)
            term = self.top("siit")
            old = term.shows(r"drops by reason.*\n  [a-z-]+ +0 +\d+")
            word = "\n".join(old).split("drops by reason")[1].split()[3]
            for _ in range(400):
                tap.send(packets.udp("198.51.100.9", "203.0.113.77", 1, 2,
                                     b"x", ttl=1))
            lines = term.shows(r"drops by reason.*\n  [a-z-]+ +[1-9]\d* ")
            first = "\n".join(lines).split("drops by reason")[1].split()[3]
            self.assertNotEqual(first, word)

    def test_dns64(self):
        self.net.dns64()
        network.unbound(self.net["provider"])
        term = self.top("dns64")
        for _ in range(4):
            self.net["phone"].try_run("dig", "+short", f"@{network.PROVIDER6}",
                                      "AAAA", "both.example.net")
        term.shows(r"cache hits 75 % of all")
        term.shows(r"  queries +\d+ +4$|  queries +\d+ +4\n")

    def test_window_changes(self):
        self.net.plat()
        term = self.top("plat")
        self.traffic()
        term.tmux("resize-window", "-x", 40, "-y", 10)
        lab.wait_for(lambda: len(term.screen()) <= 10, "a page of 10 lines")
        term.shows(r"\Axlat plat")
        term.tmux("resize-window", "-x", 120, "-y", 40)
        term.shows(r"(?s)\Axlat plat.*sessions-created")

    def test_instance_goes_and_comes(self):
        """It waits, and does not take a restart for traffic."""
        plat = self.net.plat()
        self.traffic()
        term = self.top("plat")
        term.shows("IPv6 in +(1|2)")
        plat.stop()
        term.shows("health: nobody answers")
        self.net.plat()
        term.shows("health: good")
        self.assertIsNone(re.search(r"IPv6 in +\d+\.\d [MGTPE]",
                                    "\n".join(term.screen())))

    def test_ways_to_leave(self):
        """The terminal is as it was, with what was on it."""
        self.net.plat()

        def key(name):
            return lambda term: term.tmux("send-keys", name)

        def killed(term):
            os.kill(term.program(), signal.SIGTERM)

        for leave in key("q"), key("C-c"), killed:
            term = self.top("plat")
            leave(term)
            # stty's last word on local flags; it comes after ours.
            text = "\n".join(term.shows(r"(?s)left with 0.*echoprt"))
            self.assertIn("my shell", text)
            self.assertNotIn("health", text)
            self.assertRegex(text, r"(?m)(^|\s)icanon\b")
            self.assertRegex(text, r"(?m)(^|\s)echo\b")
            self.assertEqual(term.tmux("display-message", "-p", "#{cursor_flag}"),
                             "1\n")

    def test_no_terminal(self):
        """One page, with the rates of a second, and the end."""
        self.net.plat()
        self.traffic()
        self.net["phone"].run("ping", "-c", "1", network.SERVER6)


        def page():
            done = lab.ctl("plat", "top")
            self.assertEqual(done.returncode, 0)
            self.assertNotIn("\033", done.stdout)
            return re.search(r"IPv6 in +(1|2)\d ", done.stdout)
        lab.wait_for(page, "the rate")

    def test_nobody_there(self):
        done = lab.ctl("nobody", "top", "--json")
        self.assertEqual(done.returncode, 2)
        self.assertIn("counters --json", done.stdout)
        done = lab.ctl("nobody", "top")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no instance 'nobody' runs here", done.stdout)


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
