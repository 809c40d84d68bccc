#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the manual shows is so: commands of the applets pass --check, commands
with an output have that output, files are accepted by the applet that they are
for, the README's too, and a wrong one gets the message that is shown."""
import os
import pathlib
import re
import shlex
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
XLAT = os.environ.get("XLAT", str(ROOT / "build/xlat"))
DAEMONS = ("clat", "plat", "siit", "dns64")
BLOCK = re.compile(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", re.M | re.S)


def run(*argv, cwd=None):
    return subprocess.run([str(a) for a in argv], text=True, timeout=60,
                          cwd=cwd, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def page(name):
    return (ROOT / "cmd" / name).read_text().replace("\\e", "\\")


def commands(name):
    """(prompt, argv, output) of each command that a page shows."""
    for block in BLOCK.findall(page(name)):
        for part in re.split(r"^(?=[#$] )", block.replace("\\\n", " "),
                             flags=re.M):
            if part[:2] in ("# ", "$ "):
                line, _, output = part[2:].partition("\n")
                yield part[0], shlex.split(line), output


def usage(name):
    """Commands of the daemons themselves."""
    for _, argv, output in commands(name):
        if argv[0] == "xlat" and argv[1] in DAEMONS:
            yield argv[1:], output


class Manual(unittest.TestCase):
    def test_daemons(self):
        for applet in DAEMONS:
            shown = list(usage(f"xlat-{applet}.8"))
            self.assertTrue(shown, applet)
            for argv, output in shown:
                with self.subTest(argv=argv):
                    self.assertEqual(argv[0], applet)
                    self.assertEqual(output, "")
                    done = run(XLAT, *argv, "--check")
                    self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_addr(self):
        shown = [(argv, output) for _, argv, output in commands("xlat.8")
                 if argv[:2] == ["xlat", "addr"]]
        self.assertEqual(len(shown), 2)
        for argv, output in shown:
            with self.subTest(argv=argv):
                self.assertEqual(run(XLAT, *argv[1:]).stdout, output)

    def test_files(self):
        blocks = BLOCK.findall(page("xlat.conf.5"))
        applets = re.findall(r"^For\n\.Xr xlat-(\w+) 8", page("xlat.conf.5"),
                             re.M)
        self.assertEqual(applets, ["plat", "siit"])
        for applet, text in zip(applets, blocks[-len(applets):]):
            with self.subTest(applet), tempfile.TemporaryDirectory() as tmp:
                pathlib.Path(tmp, "x.conf").write_text(text)
                done = run(XLAT, applet, "--config", "x.conf", "--check",
                           cwd=tmp)
                self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_readme(self):
        text = (ROOT / "README.md").read_text()
        shown = re.findall(r"^```conf\n# /etc/xlat/(\w+)\.conf\n(.*?)^```$",
                           text, re.M | re.S)
        self.assertEqual({applet for applet, _ in shown}, set(DAEMONS))
        for applet, lines in shown:
            with self.subTest(applet), \
                    tempfile.NamedTemporaryFile("w") as conf:
                print(lines, file=conf, flush=True)
                done = run(XLAT, applet, "--config", conf.name, "--check")
                self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_message(self):
        """The wrong line of the example, in a file of that name."""
        shown = " ".join(BLOCK.findall(page("xlat.conf.5"))[0].split())
        applet, name, line, key, value = re.match(
            r"xlat (\w+): ([\w.]+):(\d+): (\w+) '([^']+)': expected ",
            shown).groups()
        with tempfile.TemporaryDirectory() as tmp:
            pathlib.Path(tmp, name).write_text(
                "\n" * (int(line) - 1) + f"{key} {value}\n")
            done = run(XLAT, applet, "--config", name, "--check", cwd=tmp)
        self.assertEqual((done.returncode, done.stdout), (2, shown + "\n"))

    def test_counters_of_dns64(self):
        """The page has the list of core/dns/count.h, in its order."""
        header = (ROOT / "core/dns/count.h").read_text()
        section = page("xlat-dns64.8").split(".Sh COUNTERS")[1]
        section = section.split(".Sh")[0]
        self.assertEqual(re.findall(r"^\.It Cm ([\w-]+)", section, re.M),
                         re.findall(r'C\(\w+, "([\w-]+)"', header))

    def test_c6877_16_55_64_65_p8781_36_d7050_43_44_not_here(self):
        """What a CLAT may be expected to do and this one does not: the page
        says so, and what does it instead."""
        caveats = " ".join(page("xlat-clat.8").split(".Sh CAVEATS")[1]
                           .split())
        for name, words in (
                ("C6877-16", "no firewall here"), ("C6877-16", "RFC 6092"),
                ("C6877-55", "xlat-dns64 8"), ("C6877-55", "over IPv6"),
                ("C6877-64", "UPnP"), ("C6877-65", "PCP, RFC 6887"),
                ("P8781-36", "Provisioning domains (RFC 8801) are not"),
                ("D7050-43", "nor asked over TLS"),
                ("D7050-44", "not validated by DNSSEC"),
                ("D7050-44", "give .Fl -pref64"),
                ("M-15", "tcp option maxseg size set rt mtu")):
            with self.subTest(name):
                self.assertIn(words, caveats)

    def test_exit_statuses(self):
        header = (ROOT / "cmd/options.h").read_text()
        section = page("xlat.8").split(".Sh EXIT STATUS")[1].split(".Sh")[0]
        self.assertEqual(re.findall(r"^\.It (\d+)$", section, re.M),
                         re.findall(r"EXIT_\w+ = (\d+)", header))


if __name__ == "__main__":
    unittest.main()
