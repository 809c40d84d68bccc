#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make install puts the binary, its links and its manual below DESTDIR, and
the links are the applets."""
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = os.environ.get("BUILD", str(ROOT / "build"))
APPLETS = ["clat", "plat", "siit", "dns64"]


def run(*argv):
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    return subprocess.run([str(a) for a in argv], cwd=ROOT, env=env,
                          text=True, timeout=120, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


class Install(unittest.TestCase):
    def setUp(self):
        self.tmp = tempfile.TemporaryDirectory()
        self.addCleanup(self.tmp.cleanup)
        done = run("make", "-s", "install", f"B={BUILD}",
                   f"DESTDIR={self.tmp.name}", "PREFIX=/opt/x")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.prefix = pathlib.Path(self.tmp.name, "opt/x")

    def test_only_below_destdir(self):
        top = [p.name for p in pathlib.Path(self.tmp.name).iterdir()]
        self.assertEqual(top, ["opt"])

    def test_links_are_applets(self):
        for applet in APPLETS:
            link = self.prefix / f"sbin/xlat-{applet}"
            self.assertEqual(os.readlink(link), "xlat")
            done = run(link, "--help")
            self.assertEqual(done.returncode, 0, done.stdout)
            named = run(self.prefix / "sbin/xlat", applet, "--help")
            self.assertEqual(done.stdout, named.stdout)

    def test_applets_differ(self):
        texts = {run(self.prefix / f"sbin/xlat-{a}", "--help").stdout
                 for a in APPLETS}
        self.assertEqual(len(texts), len(APPLETS))

    def test_manual(self):
        pages = {p.name for p in (self.prefix / "share/man/man8").iterdir()}
        self.assertLessEqual({f"xlat-{a}.8" for a in APPLETS} | {"xlat.8"},
                             pages)


if __name__ == "__main__":
    unittest.main()
