#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Completions for bash, zsh and fish: each offers exactly the options that an
applet's --help shows, and the words that a value can be."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
XLAT = os.environ.get("XLAT", str(ROOT / "build/xlat"))
DAEMONS = ("clat", "plat", "siit", "dns64")


def run(*argv):
    return subprocess.run([str(a) for a in argv], text=True, check=True,
                          timeout=30, stdout=subprocess.PIPE,
                          stdin=subprocess.DEVNULL).stdout


def helped(applet):
    return set(re.findall(r"^  (--[a-z0-9-]+)", run(XLAT, applet, "--help"),
                          re.M))


class Completions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        made = tempfile.TemporaryDirectory()
        cls.addClassCleanup(made.cleanup)
        cls.folder = pathlib.Path(made.name)
        run(ROOT / "scripts/completions.py", XLAT, cls.folder)

    def bash(self, *words):
        """What bash offers for the last word."""
        quoted = " ".join(f"'{w}'" for w in words)
        script = (f". {self.folder}/xlat.bash; COMP_WORDS=({quoted}); "
                  f"COMP_CWORD={len(words) - 1}; _xlat; "
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        return set(run("bash", "-uc", script).split())

    def test_bash_options(self):
        for applet in DAEMONS:
            self.assertEqual(self.bash("xlat", applet, "--"), helped(applet))
            self.assertEqual(self.bash(f"xlat-{applet}", "--"),
                             helped(applet))

    def test_bash_words(self):
        self.assertLessEqual({*DAEMONS, "ctl"}, self.bash("xlat", ""))
        self.assertEqual(self.bash("xlat", "pl"), {"plat"})
        self.assertEqual(self.bash("xlat", "plat", "--offload", ""),
                         {"auto", "off"})
        self.assertEqual(self.bash("xlat", "plat", "--pool6", ""), set())
        self.assertEqual(self.bash("xlat", "ctl", ""), set(DAEMONS))
        self.assertEqual(self.bash("xlat", "ctl", "plat", "he"), {"health"})

    def test_fish_options(self):
        text = (self.folder / "xlat.fish").read_text()
        for applet in DAEMONS:
            said = run("fish", "--no-config", "-c",
                       f"source {self.folder}/xlat.fish; "
                       f"complete -C 'xlat {applet} --'")
            self.assertEqual({line.split("\t")[0]
                              for line in said.splitlines()}, helped(applet))
            self.assertIn(f"complete -c xlat-{applet} ", text)

    def test_zsh_options(self):
        """zsh completes only for a terminal: it reads the file, and the
        options are those that are asked for."""
        run("zsh", "-n", self.folder / "_xlat")
        text = (self.folder / "_xlat").read_text()
        for applet in DAEMONS:
            part = re.search(rf"^{applet}\)$(.*?);;", text, re.M | re.S)[1]
            self.assertEqual(set(re.findall(r"^\t\t'\*(--[a-z0-9-]+)\[", part,
                                            re.M)), helped(applet))


if __name__ == "__main__":
    unittest.main(verbosity=2)
