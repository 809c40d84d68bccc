#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Clocks that jump: the wall clock is set forward and back, by years, and the
machine sleeps. What runs is build/xlat-clock, the same objects with a clock
that a test can set (tests/clock): nobody may set the machine's."""
import mmap
import os
import pathlib
import struct
import time
import unittest

import lab

CLOCK = lab.FILES / "clock"
os.environ["XLAT_CLOCK"] = str(CLOCK)
lab.XLAT = str(pathlib.Path(lab.XLAT).parent / "xlat-clock")

# pylint: disable=wrong-import-position
import network  # noqa: E402
import test_dns64 as dns  # noqa: E402
import test_state as state  # noqa: E402
import uplink  # noqa: E402

DAY, YEAR = 86400, 365 * 86400
UDP_TIMEOUT = 300  # by default (RFC 6146, 4)
JUMPS = (10 * YEAR, -10 * YEAR, -30 * YEAR, 3600, -3600, 0)
BADCOOKIE = 23
BOOT_ID = "/proc/sys/kernel/random/boot_id"


def set_clocks(wall=0, boot=0):
    """Seconds by which they are ahead of the machine's."""
    if not CLOCK.exists():
        CLOCK.write_bytes(bytes(16))
        CLOCK.chmod(0o644)
    with CLOCK.open("r+b") as f, mmap.mmap(f.fileno(), 16) as clock:
        clock[:] = struct.pack("qq", wall, boot)


class Plat(state.Case):
    def setUp(self):
        set_clocks()
        super().setUp()

    def flow(self):
        """A UDP flow, with a function that sees if it is what it was."""
        near, far, where = self.binding()

        def goes_on():
            near.sendto(b"out", (network.SERVER6, 5000))
            self.assertEqual(far.recvfrom(100), (b"out", where))
            far.sendto(b"in", where)
            self.assertEqual(near.recv(100), b"in")
            session, = self.sessions()
            self.assertTrue(UDP_TIMEOUT - 30 < session["expires"]
                            <= UDP_TIMEOUT, session)
        return near, far, where, goes_on

    def test_wall_clock_is_set(self):
        """Sessions do not notice, records have the time that it says."""
        program = self.plat("--log-sessions", "--log-format", "json")
        *_, goes_on = self.flow()
        program.wait_output("session-created")
        for jump in JUMPS:
            set_clocks(wall=jump)
            goes_on()
            self.assertLess(lab.ask("plat", "status")["uptime-seconds"], 60)
        self.assertEqual(lab.ask("plat", "counters")["sessions-created"], 1)
        set_clocks(wall=-10 * YEAR)
        lab.ask("plat", "kill", network.PHONE6)
        year = time.gmtime(time.time() - 10 * YEAR).tm_year
        program.wait_output(f'"time": "{year}-.*"event": "session-deleted"')
        program.wait_output(
            rf'"time": "{time.gmtime().tm_year}-.*"event": "session-created"')

    def test_machine_sleeps(self):
        """Time asleep is time: what has ended by then is gone after it."""
        self.plat()
        near, far, where, goes_on = self.flow()
        set_clocks(boot=UDP_TIMEOUT - 30)
        self.assertEqual(len(self.sessions()), 1)
        goes_on()
        set_clocks(boot=2 * UDP_TIMEOUT + 10)
        far.sendto(b"too late", where)
        lab.wait_for(lambda: self.sessions() == [], "it is over")
        near.setblocking(False)
        self.assertRaises(BlockingIOError, near.recv, 100)
        near.settimeout(10)
        near.sendto(b"again", (network.SERVER6, 5000))
        self.assertEqual(far.recvfrom(100)[0], b"again")

    def restart(self, wall, boot, reboot):
        """Seconds that a session has left after a restart; None: none."""
        set_clocks()
        program = self.plat()
        for sock in self.flow()[:2]:
            sock.close()
        self.assertEqual(program.stop(), 0)
        set_clocks(wall, boot)
        argv = [lab.XLAT, *network.PLAT, "--state", state.FILE]
        if reboot:
            boot_id = lab.FILES / "boot_id"
            boot_id.write_text("01234567-89ab-cdef-0123-456789abcdef\n")
            argv = ["unshare", "--mount", "sh", "-c", f"mount --bind {boot_id}"
                    f' {BOOT_ID} && exec "$@"', "sh", *argv]
        program = self.net["provider"].start(*argv)
        program.wait_until(lambda: lab.ctl("plat", "status").returncode == 0,
                           "it answers")
        left = [s["expires"] for s in self.sessions()]
        self.assertEqual(program.stop(), 0)
        state.FILE.unlink()
        return left[0] if left else None

    def test_state(self):
        """Whatever the clocks were when a state is read: no session gets
        longer to live than it has, and none is lost that need not be."""
        booted = -time.clock_gettime(time.CLOCK_BOOTTIME) + 20
        rows = (
            # the machine's start is the same: its clock is right
            (0, 0, False, UDP_TIMEOUT),
            (YEAR, 0, False, UDP_TIMEOUT),
            (-YEAR, 0, False, UDP_TIMEOUT),
            (-YEAR, 200, False, UDP_TIMEOUT - 200),
            (-YEAR, UDP_TIMEOUT + 2, False, None),
            # another one: the wall clock has to say how long ago it was
            (0, int(booted), True, UDP_TIMEOUT),
            (200, int(booted), True, UDP_TIMEOUT - 200),
            (UDP_TIMEOUT + 2, int(booted), True, None),
            (50 * YEAR, int(booted), True, None),
            # and one without a battery begins in 1970, before there is NTP
            (-int(time.time()) + 20, int(booted), True, UDP_TIMEOUT),
        )
        for wall, boot, reboot, left in rows:
            with self.subTest(wall=wall, boot=boot, reboot=reboot):
                found = self.restart(wall, boot, reboot)
                if left is None:
                    self.assertIsNone(found)
                else:
                    self.assertTrue(left - 30 < found <= left, found)


class Dns64(dns.Case):
    args = ["--forward", dns.UP6]

    @classmethod
    def setUpClass(cls):
        set_clocks()
        super().setUpClass()

    @classmethod
    def script(cls):
        cls.server.names(dns.A("www.test", 300, "8.8.8.8"))

    def ttl(self, name):
        return self.client.ask(name).answer[0][2]

    def test_cache(self):
        """The wall clock has no part in it; time asleep has."""
        self.addCleanup(set_clocks)
        self.ttl("www.test")
        self.server.log.clear()
        for jump in JUMPS:
            set_clocks(wall=jump)
            self.assertTrue(270 < self.ttl("www.test") <= 300)
        set_clocks(boot=100)
        self.assertTrue(170 < self.ttl("www.test") <= 200)
        self.assertEqual(self.server.log, [])
        set_clocks(boot=400)
        self.assertTrue(270 < self.ttl("www.test") <= 300)
        self.assertEqual(self.server.asked("www.test")[-1], "A")

    def cookie(self, old):
        q = struct.pack(">6H", 1, dns.dnsmsg.RD, 0, 0, 0, 1)
        m = self.client.send(q + dns.dnsmsg.opt(options=[(10, old)]))
        return m.rcode, m.opt[10]

    def test_cookies(self):
        """Their time is the wall clock's (RFC 9018, 4.3): one that is too
        old now, or of a time to come, is replaced by a good one."""
        self.addCleanup(set_clocks)
        set_clocks()
        last = self.cookie(b"abcdefgh")[1]
        # an hour and five minutes are what it may be off
        for jump in (3500, 2 * 3600, 2 * 3600 - 200, -DAY, 10 * YEAR, -YEAR):
            stamp = struct.unpack(">I", last[12:16])[0]
            set_clocks(wall=jump)
            off = time.time() + jump - stamp
            rcode, now = self.cookie(last)
            self.assertEqual(rcode, 0 if -300 < off < 3600 else BADCOOKIE, off)
            self.assertEqual(self.cookie(now)[0], 0)
            last = now


class Clat(uplink.Case):
    def setUp(self):
        set_clocks()
        super().setUp()

    def test_L_47_lifetime_of_a_prefix(self):
        """Not the wall clock's years end it, but the time asleep."""
        self.address()
        self.provider()
        self.clat("--discover", "ra", "--lan", "192.168.1.0/24")
        self.advertise(uplink.pref64(uplink.PREF64, 600))
        self.wait_state("up", seconds=20)
        for jump in JUMPS:
            set_clocks(wall=jump)
            self.ping()
            self.assertEqual(self.status()["state"], "up")
        set_clocks(boot=500)
        self.assertEqual(self.status()["state"], "up")
        set_clocks(boot=700)
        lab.wait_for(lambda: self.status()["pref64"] == "none",
                     "it has no prefix any more")
        self.advertise(uplink.pref64(uplink.PREF64, 600))
        self.wait_state("up", seconds=20)
        self.ping()


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
