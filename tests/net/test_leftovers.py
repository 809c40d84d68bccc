#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each applet is ended, politely and not: what it changed on its machine is
as before, and nothing of it still runs."""
import fcntl
import os
import pathlib
import shutil
import signal
import struct
import unittest

import lab
import network

APPLETS = {"clat": "router", "plat": "provider", "siit": "provider",
           "dns64": "provider"}
TRANSLATORS = ("clat", "plat", "siit")
# Made at the first start and then kept, as other folders of /run are.
SOCKETS = pathlib.Path("/run/xlat")
F_OFD_SETLK = 37


class Leftovers(unittest.TestCase):
    def setUp(self):
        self.net = network.Network()
        self.addCleanup(self.net.close)
        shutil.rmtree(SOCKETS, ignore_errors=True)
        SOCKETS.mkdir()
        shutil.chown(SOCKETS, "nobody")

    def started(self, name):
        """The running applet, its host, and how that was before."""
        host = self.net[APPLETS[name]]
        before = host.snapshot()
        return getattr(self.net, name)(), host, before

    def same(self, before, host, but=lambda line: False):
        """The host is as before, but for some lines of the difference."""
        rest = [line for line in lab.differences(before, host.snapshot())
                if not but(line)]
        self.assertEqual(rest, [])

    def test_they_change_something(self):
        """Otherwise the tests below would show nothing."""
        for name in TRANSLATORS:
            with self.subTest(name):
                program, host, before = self.started(name)
                found = "\n".join(lab.differences(before, host.snapshot()))
                for what in ("ip link", "files",
                             "ip -6 route show table all",
                             "/proc/sys/net/ipv6/conf/all/forwarding"):
                    self.assertIn(f"{what}: +", found)
                program.stop()

    def test_asked_to_end(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            for name in APPLETS:
                with self.subTest(name, signal=number.name):
                    program, host, before = self.started(name)
                    code = program.stop(number)
                    self.assertEqual(code, 0, program.output())
                    self.same(before, host)
                    self.assertEqual(host.pids(), [])

    def test_asked_to_end_under_load(self):
        clat, router, before = self.started("clat")
        plat = self.net.plat()
        network.web(self.net["server"], big=64 << 20)
        load = self.net["laptop"].start("curl", "-so", "/dev/null",
                                        f"http://{network.SERVER4}/big")
        self.net["server"].wait_established(80)
        self.assertEqual(clat.stop(), 0, clat.output())
        self.assertEqual(plat.stop(), 0, plat.output())
        load.stop(signal.SIGKILL)
        self.same(before, router)

    def test_settings_that_forwarding_overwrites(self):
        """Switching all on and off again would lose these."""
        self.net["router"].sysctl("net/ipv4/conf/wan/forwarding", 1)
        self.net["router"].sysctl("net/ipv6/conf/lan/forwarding", 1)
        self.net["router"].sysctl("net/ipv6/conf/default/forwarding", 1)
        self.net["router"].sysctl("net/ipv4/conf/all/accept_redirects", 0)
        for number in (signal.SIGTERM, signal.SIGKILL):
            program, host, before = self.started("clat")
            program.stop(number)
            lab.wait_for(lambda: not host.pids(), "no process is left")
            self.same(before, host, lambda x: x.startswith("files:"))

    def test_note_of_somebody_else(self):
        """What to put back is read from a file in a folder of --user's:
        one that --user has made is not believed, nor waited for."""
        host = self.net["provider"]
        with host.inside():
            number = os.stat("/proc/thread-self/ns/net").st_ino
        note = SOCKETS / f"forwarding-{number}"
        note.write_bytes(struct.pack("I96si", 1, b"net/ipv4/ip_default_ttl",
                                     99).ljust(4 + 256 * 100, b"\0"))
        shutil.chown(note, "nobody")
        for byte, kind in ((0, fcntl.F_WRLCK), (1, fcntl.F_RDLCK)):
            with self.subTest(lock=byte), note.open("r+b") as held:
                fcntl.fcntl(held, F_OFD_SETLK, struct.pack(
                    "hhqqi4x", kind, os.SEEK_SET, byte, 1, 0))
                program, _, before = self.started("siit")
                held.close()
                self.assertEqual(program.stop(), 0, program.output())
                self.same(before, host)

    def test_killed(self):
        """The kernel removes the TUN with its addresses and routes, the
        helper undoes the rest and ends; only the socket's name stays."""
        for name in APPLETS:
            with self.subTest(name):
                program, host, before = self.started(name)
                program.stop(signal.SIGKILL)
                lab.wait_for(lambda: not host.pids(), "no process is left")
                name = SOCKETS / f"{name}.sock"
                self.same(before, host, lambda x: x == f"files: + {name}")
                name.unlink()

    def test_starts_again_after_a_kill(self):
        for name in APPLETS:
            with self.subTest(name):
                program, _, _ = self.started(name)
                program.stop(signal.SIGKILL)
                again = getattr(self.net, name)()
                self.assertEqual(again.stop(), 0, again.output())

    def test_clat_goes_on_when_its_helper_is_killed(self):
        """Though it cannot follow the network any more."""
        program, host, _ = self.started("clat")
        helper, = lab.children(program.pid)
        host.run("kill", "-KILL", helper)
        lab.wait_for(lambda: not lab.alive(helper), "the helper is dead")
        self.assertEqual(lab.ask("clat", "status")["state"], "up")
        self.assertEqual(program.stop(), 0, program.output())
        lab.wait_for(lambda: not host.pids(), "no process is left")

    def test_hangup_does_not_end_it(self):
        for name in APPLETS:
            with self.subTest(name):
                program, _, _ = self.started(name)
                program.proc.send_signal(signal.SIGHUP)
                self.assertEqual(lab.ctl(name, "status").returncode, 0)
                self.assertTrue(program.running(), program.output())
                program.stop()

    def test_device_is_removed(self):
        """Somebody deletes the TUN: an end with a reason, not a hang."""
        for name in TRANSLATORS:
            with self.subTest(name):
                program, host, before = self.started(name)
                tun = lab.ask(name, "status")["device"]
                host.ip(f"link del {tun}")
                lab.wait_for(lambda: not program.running(), "it ends")
                self.assertEqual(program.stop(), 1, program.output())
                self.assertIn(tun, program.output())
                self.same(before, host)


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
