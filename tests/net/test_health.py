#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xlat ctl NAME health, whose exit status other programs go by, and the
watchdog of a service manager, which restarts who hangs."""
import os
import signal
import socket
import struct
import unittest

import lab

POOL6 = "2001:db8:46::/96"
GIVEN = ["clat", "--pref64", POOL6, "--source", "2001:db8:1::1"]
APPLETS = {
    "siit": ["siit", "--pool6", POOL6],
    "clat": [*GIVEN, "--no-setup"],
    "plat": ["plat", "--pool6", POOL6, "--pool4", "192.0.2.1"],
    "dns64": ["dns64", "--forward", "127.0.0.2", "--listen", "127.0.0.1:53"],
}
GOOD, BAD = 0, 1
SO_TIMESTAMPNS = 35


class Health(unittest.TestCase):
    def setUp(self):
        self.net = lab.Lab("box")
        self.addCleanup(self.net.close)
        self.box = self.net["box"]

    def expect(self, name, status, *words):
        done = lab.ctl(name, "health")
        self.assertEqual(done.returncode, status, done.stdout)
        for word in words:
            self.assertIn(word, done.stdout)

    def wait(self, name, status):
        lab.wait_for(lambda: lab.ctl(name, "health").returncode == status,
                     f"health of {name} is {status}")

    def test_json(self):
        self.box.xlat(*APPLETS["siit"])
        self.assertEqual(lab.ask("siit", "health"), {"health": "good"})

    def test_device_down(self):
        for name in ("siit", "plat", "clat"):
            with self.subTest(name):
                program = self.box.xlat(*APPLETS[name])
                self.box.ip(f"link set {name} up")
                self.expect(name, GOOD, "good")
                self.box.ip(f"link set {name} down")
                self.expect(name, BAD, "the device is down")
                self.box.ip(f"link set {name} up")
                self.expect(name, GOOD)
                self.assertEqual(program.stop(), 0, program.output())

    def test_nobody_there(self):
        self.expect("plat", BAD, "nobody answers")

    def test_one_who_hangs(self):
        """Whoever asks is not made to wait for ever."""
        program = self.box.xlat(*APPLETS["siit"])
        program.proc.send_signal(signal.SIGSTOP)
        self.expect("siit", BAD, "no answer in time")
        program.proc.send_signal(signal.SIGCONT)
        self.wait("siit", GOOD)

    def test_clat_without_a_network(self):
        """No uplink; then all that a CLAT with given addresses needs; then
        native IPv4, with which all is well too."""
        self.box.xlat(*GIVEN)
        self.expect("clat", BAD, "there is no uplink")
        self.box.ip("link add wan type veth peer name far",
                    "link set wan up", "link set far up",
                    "addr add 2001:db8:1::1/64 dev wan nodad",
                    "route add default via fe80::1 dev wan")
        self.wait("clat", GOOD)
        self.box.ip("addr add 198.51.100.2/24 dev wan",
                    "route add default via 198.51.100.1")
        lab.wait_for(lambda: "native" in lab.ask("clat", "status")["reason"],
                     "clat yields to native IPv4")
        self.expect("clat", GOOD)

    def test_dns64_without_servers(self):
        self.box.xlat(*APPLETS["dns64"])
        self.expect("dns64", GOOD)
        for name in "abcd":
            self.box.try_run("dig", "@127.0.0.1", "+tries=1", "+time=5",
                             f"{name}.example.net")
        self.wait("dns64", BAD)
        self.expect("dns64", BAD, "no server")


class Watchdog(unittest.TestCase):
    def setUp(self):
        self.net = lab.Lab("box")
        self.addCleanup(self.net.close)
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.manager.close)
        path = str(lab.FILES / "notify")
        if os.path.exists(path):
            os.unlink(path)
        self.manager.bind(path)
        self.manager.settimeout(10)
        self.manager.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.env = dict(os.environ, NOTIFY_SOCKET=path)

    def start(self, name, pid="", **env):
        """With WATCHDOG_PID as a shell sets it."""
        script = f'{pid} exec "$@"'
        return self.net["box"].start("sh", "-c", script, "sh", lab.XLAT,
                                     *APPLETS[name],
                                     env=dict(self.env, **env))

    def told(self):
        return self.told_when()[0]

    def told_when(self):
        """What, and at what second it was sent: reading it may be late."""
        said, more, *_ = self.manager.recvmsg(100, 100)
        seconds, ns = struct.unpack("qq", more[0][2])
        return said.decode(), seconds + ns / 1e9

    def silent_for(self, seconds):
        self.manager.settimeout(seconds)
        with self.assertRaises(TimeoutError):
            self.fail(f"told {self.told()}")

    def test_every_applet_pats(self):
        for name in APPLETS:
            with self.subTest(name):
                program = self.start(name, "WATCHDOG_PID=$$",
                                     WATCHDOG_USEC="100000")
                self.assertEqual(self.told(), "READY=1")
                pats = [self.told_when() for _ in range(5)]
                self.assertEqual({what for what, _ in pats}, {"WATCHDOG=1"})
                # the first is at once, four follow half the time apart
                self.assertGreaterEqual(pats[-1][1] - pats[0][1], 0.19)
                program.proc.send_signal(signal.SIGTERM)
                last = self.told()
                while last == "WATCHDOG=1":
                    last = self.told()
                self.assertEqual(last, "STOPPING=1")
                program.stop()

    def test_who_hangs_is_silent(self):
        program = self.start("siit", WATCHDOG_USEC="100000")
        self.assertEqual(self.told(), "READY=1")
        self.assertEqual(self.told(), "WATCHDOG=1")
        program.proc.send_signal(signal.SIGSTOP)
        # what was sent before it stopped
        self.manager.settimeout(0.3)
        with self.assertRaises(TimeoutError):
            while self.told() == "WATCHDOG=1":
                pass
        self.silent_for(0.3)

    def test_not_asked(self):
        """No, not a number, or another process's."""
        for pid, usec in (("", ""), ("", "0"), ("", "-5"), ("", "20ms"),
                          ("", "99999999999999999999"),
                          ("WATCHDOG_PID=1", "20000")):
            with self.subTest(pid=pid, usec=usec):
                program = self.start("siit", pid, WATCHDOG_USEC=usec)
                self.assertEqual(self.told(), "READY=1")
                self.silent_for(0.2)
                self.manager.settimeout(10)
                program.stop()
                self.assertEqual(self.told(), "STOPPING=1")


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
