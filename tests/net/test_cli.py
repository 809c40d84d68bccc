#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command line of the real binary, as far as it changes nothing: what it
can be called as, help, version, addr, install, and values that it refuses."""
import ipaddress
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
XLAT = os.environ.get("XLAT", str(ROOT / "build/xlat"))
DAEMONS = ["clat", "plat", "siit", "dns64"]
OTHERS = ["ctl", "doctor", "addr", "install"]
USAGE, DENIED = 2, 3

GOOD = {
    "clat": ["--pref64=64:ff9b::/96", "--source=2001:db8:0:464::/96"],
    "plat": ["--pool6=64:ff9b::/96", "--pool4=192.0.2.0/28"],
    "siit": ["--pool6=2001:db8:46::/96"],
    "dns64": ["--forward=127.0.0.1:5353"],
}

# RFC 6052, 2.4: 192.0.2.33 under prefixes of each length.
EMBEDDED = [
    ("2001:db8::/32", "2001:db8:c000:221::"),
    ("2001:db8:100::/40", "2001:db8:1c0:2:21::"),
    ("2001:db8:122::/48", "2001:db8:122:c000:2:2100::"),
    ("2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"),
    ("2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"),
    ("2001:db8:122:344::/96", "2001:db8:122:344::c000:221"),
    ("64:ff9b::/96", "64:ff9b::c000:221"),
]

# Options of plat: a value, and whether it is one. 64 ranges and 4096 addresses
# are the limits that the manual states.
POOLS = [
    (["192.0.2.0/28"], True),
    (["192.0.2.1"], True),
    (["192.0.2.1", "192.0.2.2"], True),
    (["192.0.2.8-192.0.2.11"], True),
    (["192.0.2.8-192.0.2.8:1024-1024"], True),
    (["192.0.0.0/20"], True),
    (["198.18.0.0/19"], False),
    (["192.0.2.0/28", "192.0.2.15"], False),
    (["192.0.2.1:1-100", "192.0.2.1:101-200"], False),
    (["192.0.2.11-192.0.2.8"], False),
    (["192.0.2.1/28"], False),
    (["192.0.2.1:100"], False),
    (["192.0.2.1:0-100"], False),
    (["192.0.2.1:200-100"], False),
    (["192.0.2.1:1-65536"], False),
    (["192.0.2.1:"], False),
    (["192.0.2.1-"], False),
    (["127.0.0.1"], False),
    (["224.0.0.1"], False),
    (["255.255.255.255"], False),
    (["2001:db8::1"], False),
    ([f"192.0.2.{n}" for n in range(64)], True),
    ([f"192.0.2.{n}" for n in range(65)], False),
]

# RFC 4787 REQ-5, RFC 5382 REQ-4 and 5, RFC 5508 REQ-2: none may be less.
TIMEOUTS = [
    ("udp=120", True), ("udp=120s", True), ("udp=2m", True), ("udp=1h", True),
    ("udp=119", False), ("udp=1m", False), ("udp=", False), ("udp", False),
    ("udp=2d", False), ("udp=2mm", False), ("udp=m", False),
    ("udp=-120", False), ("udp=99999999", False), ("ud=120", False),
    ("=120", False), ("udp=18446744073709551736", False),
    ("tcp-established=2h", True), ("tcp-established=7199s", False),
    ("tcp-transitory=4m", True), ("tcp-transitory=239", False),
    ("tcp-syn=6", True), ("tcp-syn=5", False),
    ("icmp=60", True), ("icmp=59", False),
    # what fits into seven digits and 2^32 seconds, whole
    ("udp=8760h", True), ("udp=8761h", False), ("udp=9999999h", False),
]

# RFC 6146, 3.4: no less than FRAGMENT_MIN. Of all translators.
FRAGMENT_TIMEOUTS = [
    ("fragment=2", True), ("fragment=2s", True), ("fragment=1m", True),
    ("fragment=1", False), ("fragment=0", False), ("fragment=", False),
    ("fragment", False), ("fragment=8761h", False), ("=2", False),
    ("fragment=2x", False), ("frag=2", False),
]


def run(*argv, **more):
    return subprocess.run([str(a) for a in argv], text=True, timeout=60,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, **more)


class Names(unittest.TestCase):
    def test_list(self):
        done = run(XLAT, "--list")
        self.assertEqual(done.stdout.split(), DAEMONS + OTHERS)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_help(self):
        done = run(XLAT, "--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for applet in DAEMONS + OTHERS:
            self.assertRegex(done.stdout, rf"(?m)^  {applet} ")
            own = run(XLAT, applet, "--help")
            self.assertEqual((own.returncode, own.stderr), (0, ""), applet)
            self.assertTrue(own.stdout.startswith(f"usage: xlat {applet} "))

    def test_help_fits_a_terminal(self):
        for applet in DAEMONS + OTHERS:
            for line in run(XLAT, applet, "--help").stdout.splitlines():
                self.assertLessEqual(len(line), 90, line)

    def test_version(self):
        said = run(XLAT, "--version").stdout
        self.assertRegex(said, r"^xlat \d+\.\d+\.\d+\n$")
        for applet in DAEMONS:
            self.assertEqual(run(XLAT, applet, "--version").stdout, said)

    def test_nothing_or_nonsense(self):
        for argv in [], ["no-such"], ["--no-such"], [""]:
            done = run(XLAT, *argv)
            self.assertEqual((done.returncode, done.stdout), (USAGE, ""))
            self.assertIn("usage: xlat APPLET", done.stderr)
        self.assertIn("'no-such': expected an applet",
                      run(XLAT, "no-such").stderr)

    def test_control_characters(self):
        for argv in ["\33[2J"], ["siit", "\33[2J"], ["siit", "--\33[2J"], \
                ["addr", "\33[2J", "::"], ["install", "/no\33[2J"], \
                ["ctl", "\33[2J", "status"]:
            done = run(XLAT, *argv)
            self.assertNotEqual(done.returncode, 0)
            self.assertNotIn("\33", done.stderr, argv)

    def test_full_disk(self):
        """Output that cannot be written is no success."""
        with open("/dev/full", "w", encoding="ascii") as full:
            for argv in ["--list"], ["siit", "--help"], \
                    ["addr", "64:ff9b::/96", "192.0.2.1"]:
                done = subprocess.run([XLAT, *argv], stdout=full,
                                      stderr=subprocess.PIPE, timeout=10,
                                      check=False)
                self.assertEqual(done.returncode, 1, argv)


class Links(unittest.TestCase):
    def setUp(self):
        self.tmp = tempfile.TemporaryDirectory()
        self.addCleanup(self.tmp.cleanup)

    def test_install(self):
        done = run(XLAT, "install", self.tmp.name)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        links = sorted(pathlib.Path(self.tmp.name).iterdir())
        self.assertEqual([p.name for p in links], sorted(DAEMONS))
        for link in links:
            self.assertEqual(os.readlink(link), os.path.realpath(XLAT))
            self.assertEqual(run(link, "--help").stdout,
                             run(XLAT, link.name, "--help").stdout)

    def test_install_again(self):
        """What is there is replaced, and nothing else is left."""
        pathlib.Path(self.tmp.name, "clat").write_text("old")
        for _ in range(2):
            self.assertEqual(run(XLAT, "install", self.tmp.name).returncode, 0)
        self.assertEqual(len(os.listdir(self.tmp.name)), len(DAEMONS))
        self.assertTrue(os.path.islink(f"{self.tmp.name}/clat"))

    def test_install_nowhere(self):
        for argv in [], ["a", "b"], ["--no-such"]:
            self.assertEqual(run(XLAT, "install", *argv).returncode, USAGE)
        done = run(XLAT, "install", f"{self.tmp.name}/missing")
        self.assertEqual(done.returncode, 1)
        self.assertIn("No such file or directory", done.stderr)

    def test_called_as(self):
        for name in "clat", "xlat-clat":
            link = pathlib.Path(self.tmp.name, name)
            link.symlink_to(XLAT)
            self.assertIn("xlat clat", run(link, "--help").stdout)
        other = pathlib.Path(self.tmp.name, "other-name")
        other.symlink_to(XLAT)
        self.assertEqual(run(other, "--list").stdout.split(),
                         DAEMONS + OTHERS)


class Addr(unittest.TestCase):
    def test_both_ways(self):
        for prefix, addr in EMBEDDED:
            done = run(XLAT, "addr", prefix, "192.0.2.33")
            canonical = str(ipaddress.ip_address(addr))  # RFC 5952
            self.assertEqual(done.stdout, canonical + "\n", prefix)
            done = run(XLAT, "addr", prefix, addr)
            self.assertEqual(done.stdout, "192.0.2.33\n", prefix)

    def test_refused(self):
        for argv in ["64:ff9b::/97", "192.0.2.1"], ["64:ff9b::", "::1"], \
                ["64:ff9b::/96", "192.0.2.256"], ["64:ff9b::/96", ""], \
                ["64:ff9b::/96", "2001:db8::1"], ["64:ff9b::/96"], []:
            done = run(XLAT, "addr", *argv)
            self.assertEqual((done.returncode, done.stdout), (USAGE, ""), argv)


class Values(unittest.TestCase):
    """--check of a command line that is good but for one thing."""

    def accepts(self, applet, *argv):
        done = run(XLAT, applet, *argv, "--check")
        self.assertIn(done.returncode, (0, USAGE), done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(len(done.stderr.splitlines()),
                         done.returncode == USAGE, done.stderr)
        return done.returncode == 0

    def test_good(self):
        for applet, argv in GOOD.items():
            self.assertTrue(self.accepts(applet, *argv), applet)

    def test_each_is_needed(self):
        """But for clat, which finds out by itself."""
        self.assertTrue(self.accepts("clat"))
        for applet in "plat", "siit", "dns64":
            argv = GOOD[applet]
            for option in argv:
                rest = [a for a in argv if a != option]
                self.assertFalse(self.accepts(applet, *rest), option)

    def test_pool4(self):
        for ranges, good in POOLS:
            argv = [f"--pool4={r}" for r in ranges]
            with self.subTest(ranges=ranges):
                self.assertEqual(self.accepts("plat", GOOD["plat"][0], *argv),
                                 good)

    def test_timeout(self):
        for value, good in TIMEOUTS:
            with self.subTest(value):
                self.assertEqual(self.accepts("plat", *GOOD["plat"],
                                              f"--timeout={value}"), good)
        for applet in ("clat", "siit", "plat"):
            for value, good in FRAGMENT_TIMEOUTS:
                with self.subTest(value, applet=applet):
                    self.assertEqual(self.accepts(applet, *GOOD[applet],
                                                  f"--timeout={value}"), good)

    def test_a_file_says_it_too(self):
        for applet, argv in GOOD.items():
            with tempfile.NamedTemporaryFile("w") as conf:
                for option in argv:
                    print(*option.removeprefix("--").split("=", 1),
                          file=conf, flush=True)
                self.assertTrue(self.accepts(applet, "--config", conf.name))


if __name__ == "__main__":
    unittest.main()
