#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every example is run: scripts start their applet in a namespace of their
own and it answers; configurations pass --check and broken ones do not; systemd
units are verified and start with a configuration that is among the examples."""
import os
import pathlib
import shlex
import shutil
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
XLAT = os.environ.get("XLAT", str(ROOT / "build/xlat"))
EXAMPLES = ROOT / "examples"
INSTALLED = "/usr/local/sbin/xlat"
APPLETS = ("clat", "dns64", "plat", "siit")
NETNS = f"xlat-examples-{os.getpid()}"


def run(*argv, **more):
    return subprocess.run([str(a) for a in argv], text=True, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, **more)


def applet_of(path):
    return path.stem.removeprefix("xlat-")


def inside(*argv):
    return run("ip", "netns", "exec", NETNS, *argv)


class Namespace:
    """A host with an uplink, an address and a default route."""

    def __enter__(self):
        run("ip", "netns", "add", NETNS)
        setup = ["sysctl -qw net.ipv6.conf.all.accept_dad=0",
                 "sysctl -qw net.ipv6.conf.default.accept_dad=0",
                 "ip link set lo up",
                 "ip link add eth0 type veth peer name peer0",
                 "ip link set eth0 up", "ip link set peer0 up",
                 "ip -6 addr add 2001:db8:0:1::1/64 dev eth0 nodad",
                 "ip -6 route add default via fe80::1 dev eth0"]
        for line in setup:
            done = inside(*line.split())
            assert done.returncode == 0, f"{line}: {done.stdout}"
        return self

    def __exit__(self, *_):
        run("ip", "netns", "del", NETNS)


class Scripts(unittest.TestCase):
    def links(self):
        return {line.split(":")[1].split("@")[0].strip() for line in
                inside("ip", "-o", "link").stdout.splitlines()}

    def started(self, script, socket):
        """The running applet, once its control socket answers."""
        proc = subprocess.Popen(
            ["ip", "netns", "exec", NETNS, script, "--control", socket],
            env=dict(os.environ, XLAT=XLAT), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        said = ""
        until = time.monotonic() + 20
        while time.monotonic() < until and proc.poll() is None:
            answer = run(XLAT, "ctl", applet_of(script), "status",
                         "--control", socket)
            said = answer.stdout
            if answer.returncode == 0:
                return proc, said
            time.sleep(0.05)
        proc.terminate()
        out, _ = proc.communicate(timeout=10)
        raise AssertionError(f"did not come up: {out}\nctl: {said}")

    def test_scripts(self):
        scripts = [EXAMPLES / f"{applet}.sh" for applet in APPLETS]
        for script in scripts:
            with self.subTest(script.name), Namespace(), \
                    tempfile.TemporaryDirectory() as tmp:
                os.chmod(tmp, 0o755)
                before = self.links()
                proc, said = self.started(script, f"{tmp}/control.sock")
                self.addCleanup(proc.kill)
                self.assertIn(applet_of(script), said)
                proc.terminate()
                out, _ = proc.communicate(timeout=10)
                self.assertEqual(proc.returncode, 0, out)
                self.assertEqual(self.links(), before)


class Configurations(unittest.TestCase):
    def check(self, applet, path):
        return run(XLAT, applet, "--config", path, "--check")

    def test_good(self):
        files = sorted((EXAMPLES / "conf").glob("*.conf"))
        self.assertTrue(files)
        for path in files:
            with self.subTest(path.name):
                done = self.check(path.stem, path)
                self.assertEqual(done.returncode, 0, done.stdout)

    def test_broken(self):
        for path in sorted((EXAMPLES / "conf").glob("*.conf")):
            with self.subTest(path.name), \
                    tempfile.NamedTemporaryFile("w") as broken:
                broken.write(path.read_text() + "no-such-option 1\n")
                broken.flush()
                done = self.check(path.stem, broken.name)
                self.assertEqual(done.returncode, 2, done.stdout)
                self.assertIn("no-such-option", done.stdout)


class Units(unittest.TestCase):
    def setUp(self):
        self.units = sorted((EXAMPLES / "systemd").glob("*.service"))
        self.assertTrue(self.units)

    def commands(self, unit):
        for line in unit.read_text().splitlines():
            key, _, value = line.partition("=")
            if key in ("ExecStart", "ExecStartPre"):
                yield shlex.split(value)

    def test_commands(self):
        """What a unit starts is an applet, with an example's file."""
        for unit in self.units:
            for argv in self.commands(unit):
                with self.subTest(unit.name, argv=argv):
                    self.assertEqual(argv[:2], [INSTALLED, applet_of(unit)])
                    at = argv.index("--config") + 1
                    name = pathlib.Path(argv[at]).name
                    argv[0], argv[at] = XLAT, EXAMPLES / "conf" / name
                    done = run(*argv, *[] if "--check" in argv
                               else ["--check"])
                    self.assertEqual(done.returncode, 0, done.stdout)

    def test_socket_can_be_removed(self):
        """A RuntimeDirectory is root's; the applet is nobody when it leaves
        and would leave its socket there."""
        for unit in self.units:
            self.assertNotRegex(unit.read_text(), r"(?m)^RuntimeDir")

    @unittest.skipUnless(shutil.which("systemd-analyze"),
                         "SKIP: no systemd-analyze on this machine")
    def test_systemd_accepts(self):
        for unit in self.units:
            with self.subTest(unit.name), \
                    tempfile.TemporaryDirectory() as tmp:
                copy = pathlib.Path(tmp, unit.name)
                copy.write_text(unit.read_text().replace(INSTALLED, XLAT))
                done = run("systemd-analyze", "verify", "--man=no", copy)
                ours = [line for line in done.stdout.splitlines()
                        if unit.name in line]
                self.assertEqual(ours, [])
                self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
