#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bad input: one line that names what is wrong and what was expected, an exit
status by kind, and nothing changed on the machine."""
import pathlib
import re
import shutil
import tempfile
import unittest

import lab

USAGE, DENIED, LACKING, IN_USE = 2, 3, 4, 5

# A command line of each applet that is right; every case spoils one.
GOOD = {
    "clat": ["--uplink", "eth0", "--pref64", "64:ff9b::/96",
             "--source", "2001:db8:0:464::/96", "--lan", "192.168.1.0/24"],
    "plat": ["--pool6", "64:ff9b::/96", "--pool4", "192.0.2.0/28",
             "--allow6", "2001:db8::/32"],
    "siit": ["--pool6", "2001:db8:46::/96",
             "--eam", "198.51.100.10,2001:db8:5::10"],
    "dns64": ["--listen", "[::1]:5300", "--forward", "127.0.0.1:5353",
              "--prefix", "64:ff9b::/96"],
}

TRANSLATORS = ("clat", "plat", "siit")

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
          "--inh-caps=-all", "--bounding-set=-all"]
OPEN_TUN = "mknod -m 666 /dev/net/tun c 10 200"

# Made at the first start and then kept, as other folders of /run are.
SOCKETS = pathlib.Path("/run/xlat")

LENGTHS = "32, 40, 48, 56, 64 or 96"

# (applet, option, value that cannot be, what the message has to name)
MALFORMED = [
    ("plat", "pool6", "2001:db8::/97", LENGTHS),
    ("plat", "pool6", "2001:db8::/0", LENGTHS),
    ("plat", "pool6", "2001:db8::/-1", ""),
    ("plat", "pool6", "2001:db8::", ""),
    ("plat", "pool6", "192.0.2.0/24", ""),
    ("plat", "pool6", "2001:db8::1/96", ""),
    ("plat", "pool6", "64:ff9b::/64", "64:ff9b::/96"),
    ("plat", "pool6", "", ""),
    ("plat", "pool4", "192.0.2.0/33", ""),
    ("plat", "pool4", "192.0.2.9-192.0.2.1", ""),
    ("plat", "pool4", "192.0.2.1:0-10", ""),
    ("plat", "pool4", "192.0.2.1:10-65536", ""),
    ("plat", "pool4", "192.0.2.1:20-10", ""),
    ("plat", "pool4", "2001:db8::/64", ""),
    ("plat", "pool4", "192.0.2.300", ""),
    ("plat", "pool4", "192.0.2.0/20", "would be 192.0.0.0/20"),
    ("plat", "allow4", "10.255.255.255/8", "would be 10.0.0.0/8"),
    ("plat", "allow6", "2001:db8::/129", ""),
    ("plat", "allow6", "2001:db8:ff:ff::1/40", "would be 2001:db8::/40"),
    ("plat", "timeout", "udp=8761h", "udp=120s to 8760h"),
    ("plat", "timeout", "icmp=31536001", "icmp=60s to 8760h"),
    ("plat", "hold-down", "8761h", "8760h"),
    ("plat", "state-interval", "525601m", "8760h"),
    ("siit", "timeout", "fragment=8761h", "2s to 8760h"),
    ("plat", "max-sessions", "0", ""),
    ("plat", "max-sessions", "-1", ""),
    ("plat", "max-sessions", "99999999999999999999", ""),
    ("plat", "max-sessions", "1000x", ""),
    ("plat", "max-sessions", " ", ""),
    ("plat", "subscriber-prefix", "129", ""),
    ("plat", "max-subscribers", "0", "16777214"),
    ("plat", "alarm", "pool-high=101", "pool-high=PERCENT"),
    ("plat", "alarm", "pool-low=", "pool-low=PERCENT"),
    ("plat", "alarm", "90", "bindings=NUMBER"),
    ("plat", "alarm", "subscriber=many", "subscriber=NUMBER"),
    ("plat", "max-bindings-per-subscriber", "0", "16777214"),
    ("plat", "max-bindings-per-subscriber", "few", "16777214"),
    ("plat", "max-sessions-per-binding", "16777215", "16777214"),
    ("plat", "max-rate-per-subscriber", "0", "1000000"),
    ("plat", "max-rate-per-subscriber", "1000001", "1000000"),
    ("plat", "max-rate-per-subscriber", "10/s", "1000000"),
    ("plat", "port-block", "0", "8192"),
    ("plat", "port-block", "96", "8192"),
    ("plat", "port-block", "16384", "8192"),
    ("plat", "max-blocks-per-subscriber", "0", "1024"),
    ("plat", "max-blocks-per-subscriber", "1025", "1024"),
    ("plat", "deterministic", "::/0", "2001:db8::/32"),
    ("plat", "deterministic", "2001:db8::1/48", ""),
    ("plat", "dynamic-factor", "0", "65535"),
    ("plat", "hold-down", "-1", "8760h"),
    ("plat", "hold-down", "2d", "8760h"),
    ("plat", "hold-down", "00", "8760h"),
    ("plat", "hold-down-max", "0", "16777216"),
    ("plat", "threads", "0", "16"),
    ("plat", "threads", "17", "16"),
    ("plat", "threads", "two", "16"),
    ("plat", "hold-down-max", "16777217", "16777216"),
    ("plat", "port-parity", "odd", "ignore"),
    ("plat", "filtering", "sometimes", "endpoint-independent"),
    ("plat", "filtering", "udp=address-dependent", "behind tcp="),
    ("plat", "filtering", "tcp=", "behind tcp="),
    ("plat", "denylist4", "198.51.100.1/24", ""),
    ("plat", "denylist4", "2001:db8::/32", ""),
    ("plat", "no-refresh", "outside", "ipv4, ipv6"),
    ("plat", "timeout", "tcp-half-open=5s", "tcp-half-open=6s"),
    ("plat", "static", "sctp,[2001:db8::1]:80,192.0.2.1:80", "icmp"),
    ("plat", "static", "tcp,[2001:db8::1]:80", "[2001:db8::80]:8080"),
    ("plat", "static", "tcp,[2001:db8::1],192.0.2.1:80", ""),
    ("plat", "static", "tcp,[2001:db8::1]:80,192.0.2.1:65536", ""),
    ("plat", "static", "tcp,[2001:db8::1]:80,[2001:db8::2]:80", ""),
    ("plat", "static", "tcp,192.0.2.1:80,192.0.2.2:80", ""),
    ("plat", "static", "tcp,[fe80::1%eth0]:80,192.0.2.2:80", ""),
    ("plat", "static", "tcp,[2001:db8::1]:80,192.0.2.1:80,1", ""),
    ("plat", "syslog", "localhost", "/dev/log"),
    ("plat", "syslog", "::1:514", "/dev/log"),
    ("plat", "syslog", "192.0.2.1:0", "/dev/log"),
    ("plat", "syslog", "dev/log", "/dev/log"),
    ("plat", "syslog", "/", "/dev/log"),
    ("plat", "ipfix", "192.0.2.1", "192.0.2.1:4739"),
    ("plat", "ipfix", "192.0.2.1:0", "192.0.2.1:4739"),
    ("plat", "ipfix", "[fe80::1%eth0]:4739", "192.0.2.1:4739"),
    ("plat", "ipfix-refresh", "0", "60s"),
    ("plat", "timeout", "udp=", ""),
    ("plat", "timeout", "never=10", ""),
    ("clat", "pref64", "64:ff9b::/95", LENGTHS),
    ("clat", "source", "2001:db8::/64", "96"),
    ("clat", "source", "198.51.100.1", ""),
    ("clat", "source", "sharing", "shared"),
    ("clat", "lan", "192.168.1.0/40", ""),
    ("clat", "fast-path", "on", "auto or off"),
    ("plat", "fast-path", "on", "auto or off"),
    ("siit", "pool6", "2001:db8::/63", LENGTHS),
    ("siit", "eam", "198.51.100.10", ""),
    ("siit", "eam", "198.51.100.0/24,2001:db8::/121", ""),
    ("siit", "eam", "2001:db8::1,198.51.100.1", ""),
    ("siit", "lowest-ipv6-mtu", "1279", "1280"),
    ("siit", "mtu6", "1279", "1280"),
    ("siit", "udp-zero-checksum", "maybe", "drop"),
    ("siit", "icmp-error-rate", "some", "0 for none"),
    ("siit", "icmp-error-rate", "1000001", "0 for none"),
    ("siit", "mss-clamp", "535", "536 to 65475"),
    ("siit", "mss-clamp", "65476", "536 to 65475"),
    ("siit", "mss-clamp", "on", "auto, off"),
    ("siit", "offload", "some", "auto"),
    ("siit", "tun", "a-name-of-17-byte", "15"),
    ("siit", "log-level", "loud", "warning"),
    ("siit", "log-format", "xml", "json"),
    ("siit", "log", "/var/log/xlat", "syslog"),
    ("siit", "user", "no-such-user-here", ""),
    ("dns64", "listen", "[::1]:0", ""),
    ("dns64", "listen", "localhost", ""),
    ("dns64", "forward", "127.0.0.1:99999", ""),
    ("dns64", "prefix", "64:ff9b::/64", "64:ff9b::/96"),
    ("dns64", "allow", "::1/200", ""),
]


def dev_net(command):
    """A wrapper with a /dev/net of its own, filled by a command."""
    return ["unshare", "--mount", "sh", "-c",
            f'mount -n -t tmpfs none /dev/net && {command} && exec "$@"',
            "sh"]


def spoil(applet, option, value):
    """The good command line with this value for that option."""
    argv = list(GOOD[applet])
    if f"--{option}" in argv:
        argv[argv.index(f"--{option}") + 1] = value
        return argv
    return [*argv, f"--{option}", value]


class Case(unittest.TestCase):
    """A host with an uplink; after each test it has to be as before."""

    def setUp(self):
        self.net = lab.Lab("box", "peer")
        self.addCleanup(self.net.close)
        self.net.link("box", "eth0", "peer", "eth0")
        self.box = self.net["box"]
        self.box.ip("addr add 2001:db8:0:1::2/64 dev eth0",
                    "route add default via fe80::1 dev eth0")
        # the link-local addresses have appeared and are usable
        lab.wait_for(lambda: self.box.run("ip", "-6", "addr", "show",
                                          "scope", "link"), "link-local")
        shutil.rmtree(SOCKETS, ignore_errors=True)
        SOCKETS.mkdir()
        shutil.chown(SOCKETS, "nobody")
        self.before = self.box.snapshot()

    def tearDown(self):
        self.assertEqual(self.box.snapshot(), self.before)

    def refused(self, argv, status, *named, wrap=()):
        """It ends at once, in one line that has the words; returns that."""
        done = self.box.try_run(*wrap, lab.XLAT, *argv, seconds=10)
        self.assertEqual(done.returncode, status, done.stdout)
        self.assertEqual(len(done.stdout.splitlines()), 1, done.stdout)
        for word in named:
            self.assertIn(word, done.stdout)
        return done.stdout


class Usage(Case):
    def test_good_is_good(self):
        for applet, argv in GOOD.items():
            with self.subTest(applet):
                done = self.box.try_run(lab.XLAT, applet, *argv, "--check")
                self.assertEqual(done.returncode, 0, done.stdout)

    def test_malformed_option(self):
        for applet, option, value, expected in MALFORMED:
            with self.subTest(applet, option=option, value=value):
                said = self.refused([applet, *spoil(applet, option, value)],
                                    USAGE, option, expected)
                self.assertIn(value, said)
                self.assertRegex(said, "expected")

    def test_malformed_setting(self):
        """The same in a file: the line is named as well."""
        for applet, option, value, expected in MALFORMED:
            with self.subTest(applet, option=option, value=value), \
                    tempfile.NamedTemporaryFile("w") as conf:
                argv = iter(spoil(applet, option, value))
                lines = [f"{name[2:]} {next(argv)}" for name in argv]
                number = 1 + next(i for i, line in enumerate(lines)
                                  if line == f"{option} {value}")
                conf.write("\n".join(lines) + "\n")
                conf.flush()
                self.refused([applet, "--config", conf.name], USAGE,
                             f"{conf.name}:{number}", option, expected)

    def test_unknown_option(self):
        for applet, argv in GOOD.items():
            with self.subTest(applet):
                self.refused([applet, *argv, "--no-such-thing", "1"], USAGE,
                             "--no-such-thing")

    def test_missing_value(self):
        self.refused(["plat", "--pool6"], USAGE, "pool6")

    def test_stray_word(self):
        self.refused(["plat", *GOOD["plat"], "stray"], USAGE, "stray")

    def test_instance_that_names_no_device(self):
        """Unless --tun names it."""
        for applet in ("clat", "plat", "siit"):
            for name in ("sixteencharacter", "a:b"):
                argv = [applet, *GOOD[applet], "--instance", name]
                with self.subTest(applet, name=name):
                    self.refused([*argv, "--check"], USAGE, "instance")
                    done = self.box.try_run(lab.XLAT, *argv, "--check",
                                            "--tun", "short")
                    self.assertEqual(done.returncode, 0, done.stdout)

    def test_required(self):
        for applet, option in (("plat", "pool6"), ("plat", "pool4"),
                               ("dns64", "forward")):
            with self.subTest(applet, option=option):
                argv = list(GOOD[applet])
                at = argv.index(f"--{option}")
                del argv[at:at + 2]
                self.refused([applet, *argv], USAGE, option)

    def test_unknown_key(self):
        for applet, argv in GOOD.items():
            with self.subTest(applet), \
                    tempfile.NamedTemporaryFile("w") as conf:
                conf.write("# fine\n\nno-such-thing 1\n")
                conf.flush()
                self.refused([applet, *argv, "--config", conf.name], USAGE,
                             "no-such-thing", f"{conf.name}:3")

    def test_config_that_cannot_be(self):
        for path in ("/nonexistent/file", "/run", "/dev/zero"):
            with self.subTest(path):
                self.refused(["plat", "--config", path], USAGE, path)

    def test_unknown_applet(self):
        """Then the list of applets helps more than a line."""
        done = self.box.try_run(lab.XLAT, "nonsense")
        self.assertEqual(done.returncode, USAGE, done.stdout)
        self.assertIn("nonsense", done.stdout.splitlines()[0])

    def test_pool_overlaps_itself(self):
        """The second of the two is named."""
        for first, second in (
                ("192.0.2.0/28", "192.0.2.8/29"),
                ("192.0.2.1", "192.0.2.0-192.0.2.3"),
                ("192.0.2.8-192.0.2.9", "192.0.2.9-192.0.2.10"),
                ("192.0.2.1:1000-2000", "192.0.2.1:2000-3000")):
            with self.subTest(first + " " + second):
                self.refused(
                    ["plat", "--pool6", "64:ff9b::/96", "--allow6", "::/0",
                     "--pool4", first, "--pool4", second], USAGE,
                    f"--pool4 '{second}': expected addresses that no other")

    def test_mapping_that_cannot_be_dealt_out(self):
        base = ["plat", "--pool6", "64:ff9b::/96", "--pool4", "192.0.2.1"]
        inside = ["--deterministic", "2001:db8::/56"]
        for more, *words in (
                (["--deterministic", "2001:db8::/39"], "16777216", "2^25"),
                (["--deterministic", "2001:db8::/65"], "16777216",
                 "/64 of /65"),
                (["--deterministic", "2001:db8::/40"], "a port for each",
                 "subscribers: 2^24 (/64 of /40), addresses: 1"),
                ([*inside, "--pool4", "192.0.2.2:1-2000"], "the same ports",
                 "addresses: 2"),
                ([*inside, "--port-block", "64"], "dynamic-factor"),
                ([*inside, "--dynamic-factor", "2"], "port-block")):
            with self.subTest(" ".join(more)):
                self.refused([*base, *more], USAGE, "--deterministic: ",
                             *words)

    def test_one_without_the_other(self):
        """It is named that was given, and what is missing."""
        base = ["plat", "--pool6", "64:ff9b::/96", "--pool4",
                "192.0.2.1:1024-1063"]
        for more, missing in (
                (["--dynamic-factor", "2"], "port-block and deterministic"),
                (["--max-blocks-per-subscriber", "2"], "port-block"),
                (["--port-block", "64"], "room for a port block")):
            self.refused([*base, *more], USAGE, f"{more[0]}: ", missing)

    def test_longest_times(self):
        done = self.box.try_run(
            lab.XLAT, "plat", *GOOD["plat"], "--timeout", "udp=8760h",
            "--timeout", "icmp=525600m", "--hold-down", "31536000", "--check")
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_static_that_does_not_fit(self):
        """Into the pools, or beside another one."""
        good = "tcp,[2001:db8::1]:80,192.0.2.1:80"
        for value, expected in (
                ("tcp,[2001:db8::2]:80,192.0.3.1:80", "in pool4"),
                ("udp,[64:ff9b::1]:80,192.0.2.1:80", "not in pool6"),
                ("tcp,[2001:db8::2]:80,192.0.2.1:80", "no two")):
            with self.subTest(value):
                self.refused(["plat", *GOOD["plat"], "--static", good,
                              "--static", value], USAGE, "--static", expected)

    def test_pool_that_only_touches(self):
        done = self.box.try_run(
            lab.XLAT, "plat", "--pool6", "64:ff9b::/96", "--allow6", "::/0",
            "--pool4", "192.0.2.0/29", "--pool4", "192.0.2.8/29", "--check")
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_every_option_refuses_nonsense(self):
        """No option takes a value it cannot mean, or stops at it."""
        free = {"config", "instance", "tun", "uplink", "interface",
                "exclude-name", "ignore-aaaa"}
        for applet in GOOD:
            text = self.box.run(lab.XLAT, applet, "--help")
            names = re.findall(r"^ *--([\w-]+) [A-Z\[a-z]", text, re.M)
            self.assertGreater(len(names), 5, text)
            for name in set(names) - free:
                with self.subTest(applet, option=name):
                    self.refused([applet, *spoil(applet, name, "!?")], USAGE,
                                 name, "!?")


class System(Case):
    """The command line is right, the machine is not."""

    def test_no_permission(self):
        """Neither for the socket nor, without one, for the device."""
        for applet in TRANSLATORS:
            for more in ([], ["--control", "none"]):
                with self.subTest(applet, more=more):
                    self.refused([applet, *GOOD[applet], *more], DENIED,
                                 "root", wrap=NOBODY)

    def test_no_capability(self):
        """The device may be opened, but not be made into an interface."""
        for applet in TRANSLATORS:
            with self.subTest(applet):
                self.refused([applet, *GOOD[applet], "--control", "none"],
                             DENIED, "CAP_NET_ADMIN",
                             wrap=[*dev_net(OPEN_TUN), *NOBODY])

    def test_no_permission_for_a_port(self):
        """dns64 needs none, but for a low port."""
        argv = spoil("dns64", "listen", "[::1]:53") + ["--control", "none"]
        self.refused(["dns64", *argv], DENIED, "[::1]:53", wrap=NOBODY)

    def test_no_tun_device(self):
        for applet in TRANSLATORS:
            with self.subTest(applet):
                self.refused([applet, *GOOD[applet]], LACKING,
                             "/dev/net/tun", wrap=dev_net("true"))

    def test_no_ipv6(self):
        for name in ("all", "default"):
            self.box.sysctl(f"net/ipv6/conf/{name}/disable_ipv6", 1)
        self.before = self.box.snapshot()
        for applet in TRANSLATORS:
            with self.subTest(applet):
                self.refused([applet, *GOOD[applet]], LACKING, "IPv6")

    def test_tun_name_in_use(self):
        self.box.ip("link add xl0 type veth peer name xl2",
                    "tuntap add mode tun name xl1")
        self.before = self.box.snapshot()
        for applet in TRANSLATORS:
            for name in ("xl0", "xl1"):
                with self.subTest(applet, name=name):
                    self.refused([applet, *spoil(applet, "tun", name)],
                                 IN_USE, name)

    def test_no_such_uplink(self):
        """It may come yet: clat waits, and says for what."""
        clat = self.box.xlat("clat", *spoil("clat", "uplink", "eth9"))
        said = lab.ctl("clat", "status").stdout
        self.assertIn("there is no uplink", said)
        clat.stop()

    def test_instance_in_use(self):
        for applet, argv in GOOD.items():
            with self.subTest(applet):
                first = self.box.xlat(applet, *argv)
                running = self.box.snapshot()
                if applet != "dns64":
                    argv = spoil(applet, "tun", "other")
                self.refused([applet, *argv], IN_USE,
                             f"/run/xlat/{applet}.sock")
                self.assertEqual(self.box.snapshot(), running)
                first.stop()

    def test_port_in_use(self):
        first = self.box.xlat("dns64", *GOOD["dns64"])
        self.refused(["dns64", *GOOD["dns64"], "--instance", "other"],
                     IN_USE, "[::1]:5300")
        first.stop()


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
