#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `make dist` has made: each binary is static and of its architecture,
starts under qemu-user, and core passes its vectors there; the checksums are
those of the files.

Environment: BUILD, and ARCHES, those that were built."""
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build"))
ARCHES = os.environ["ARCHES"].split()
QEMU = {"armel": "arm", "armhf": "arm", "arm64": "aarch64", "i386": "i386"}
# ELF class, data and machine
ELF = {"amd64": (2, 1, 62), "armel": (1, 1, 40), "armhf": (1, 1, 40),
       "arm64": (2, 1, 183), "i386": (1, 1, 3)}
# Bytes and figures in wire order, tables, timers: one suite of each part.
SUITES = ["vectors", "pref64", "eam", "nat64_tcp", "dns_msg", "clat_claim"]
PT_INTERP = 3


def run(*argv):
    return subprocess.run([str(a) for a in argv], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, timeout=600)


def program_headers(data):
    """Types of an ELF file's segments, little-endian."""
    def word(at, size):
        return int.from_bytes(data[at:at + size], "little")
    wide = data[4] == 2
    at, size, count = ((word(32, 8), word(54, 2), word(56, 2)) if wide else
                       (word(28, 4), word(42, 2), word(44, 2)))
    return [word(at + i * size, 4) for i in range(count)]


class Arches(unittest.TestCase):
    def setUp(self):
        found = list((BUILD / "dist").glob("xlat-*-*"))
        self.files = {p.name.rsplit("-", 1)[1]: p for p in found}

    def test_complete(self):
        self.assertEqual(set(self.files), {"amd64", *ARCHES})

    def test_checksums(self):
        lines = (BUILD / "dist/SHA256SUMS").read_text().splitlines()
        told = {name: digest for digest, name in map(str.split, lines)}
        self.assertEqual(told, {
            p.name: hashlib.sha256(p.read_bytes()).hexdigest()
            for p in self.files.values()})

    def test_same_bytes(self):
        """Built once more, in another folder and without a cache."""
        with tempfile.TemporaryDirectory() as folder:
            tree = pathlib.Path(folder, "another")
            shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(
                "build", ".git"))
            done = subprocess.run(
                ["make", "-s", "-C", tree, f"DEPS={os.environ['DEPSDIR']}"],
                env=dict(os.environ, CCACHE_DISABLE="1", MAKEFLAGS=""),
                text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL, timeout=900, check=False)
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertEqual((tree / "build/xlat").read_bytes(),
                             self.files["amd64"].read_bytes())

    def test_static(self):
        for arch, path in self.files.items():
            with self.subTest(arch):
                data = path.read_bytes()
                machine = int.from_bytes(data[18:20], "little")
                self.assertEqual((data[4], data[5], machine), ELF[arch])
                self.assertNotIn(PT_INTERP, program_headers(data))

    def test_starts(self):
        for arch in ARCHES:
            with self.subTest(arch):
                xlat = [f"qemu-{QEMU[arch]}-static", self.files[arch]]
                done = run(*xlat, "addr", "64:ff9b::/96", "192.0.2.33")
                # RFC 6052, 2.4
                self.assertEqual(done.stdout, "64:ff9b::c000:221\n")
                done = run(*xlat, "siit", "--config",
                           "examples/conf/siit.conf", "--check")
                self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_core(self):
        for arch in ARCHES:
            with self.subTest(arch):
                done = run(f"qemu-{QEMU[arch]}-static",
                           BUILD / arch / "cross-unit", *SUITES)
                self.assertEqual(done.returncode, 0, done.stdout)
                print(f"{arch}: {done.stdout.splitlines()[-1]}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
