#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xlat plat --state: connections and bindings outlive the process, whichever
way it ends; and what happens with files, disks and directories that are not
what they should be."""
import os
import pathlib
import re
import signal
import socket
import subprocess
import unittest

import lab
import network

FOLDER = pathlib.Path("/run/state")
FILE = FOLDER / "plat.state"
USAGE, DENIED = 2, 3
IDLE = 6
STREAMS = 3


class Case(unittest.TestCase):
    def setUp(self):
        self.net = network.Network()
        self.addCleanup(self.net.close)
        self.addCleanup(lab._try_run, ["rm", "-rf", str(FOLDER)])
        self.phone, self.server = self.net["phone"], self.net["server"]

    def plat(self, *more):
        return self.net.plat("--state", FILE, *more)

    def fails(self, *more, path=FILE):
        """Started with this it ends; exit status, and what it said."""
        args = [*network.PLAT, "--state", str(path), *more]
        done = self.net["provider"].try_run(lab.XLAT, *args)
        return done.returncode, done.stdout

    def open(self, host, kind, family):
        with host.inside():
            sock = socket.socket(family, kind)
        self.addCleanup(sock.close)
        sock.settimeout(10)
        return sock

    def listener(self, port):
        sock = self.open(self.server, socket.SOCK_STREAM, socket.AF_INET)
        sock.bind((network.SERVER4, port))
        sock.listen(100)
        return sock

    def connection(self, listener):
        """Both ends of one through plat."""
        near = self.open(self.phone, socket.SOCK_STREAM, socket.AF_INET6)
        near.connect((network.SERVER6, listener.getsockname()[1]))
        far, _ = listener.accept()
        self.addCleanup(far.close)
        far.settimeout(10)
        return near, far

    def binding(self):
        """A UDP socket of the phone's, and how the server reaches it."""
        near = self.open(self.phone, socket.SOCK_DGRAM, socket.AF_INET6)
        far = self.open(self.server, socket.SOCK_DGRAM, socket.AF_INET)
        far.bind((network.SERVER4, 5000))
        near.sendto(b"hello", (network.SERVER6, 5000))
        said, where = far.recvfrom(100)
        self.assertEqual(said, b"hello")
        return near, far, where

    def talks(self, one, other):
        one.sendall(b"still there?")
        self.assertEqual(other.recv(100), b"still there?")

    def saved(self, program, before=0):
        program.wait_until(
            lambda: lab.ask("plat", "counters")["state-saves"] > before,
            "the state is written")

    def sessions(self):
        return lab.ask("plat", "sessions")


class Restart(Case):
    def survive(self, program, end):
        """Whatever is under way goes on after @end and a new start."""
        listener = self.listener(2222)
        idle = [self.connection(listener) for _ in range(IDLE)]
        near, far, where = self.binding()
        network.iperf_server(self.server)
        flow = self.phone.start("iperf3", "-c", network.SERVER6, "-t", 6,
                                "-b", "2M", "-P", STREAMS, "--forceflush")
        flow.wait_output(r"^\[SUM\] +0\.00-")
        before = self.sessions()
        self.assertEqual(len(before), IDLE + 1 + STREAMS + 1)
        end(program)
        program = self.plat()
        program.wait_output(f"state {FILE}: {len(before)} of {len(before)} "
                            "sessions restored after")
        ends = [(r["client"], r["port"], r["pool"], r["pport"], r["remote"],
                 r["rport"], r["state"]) for r in before]
        after = [(r["client"], r["port"], r["pool"], r["pport"], r["remote"],
                  r["rport"], r["state"]) for r in self.sessions()]
        self.assertEqual(sorted(ends), sorted(after))
        # the servers speak first: only a mapping that survived carries it
        for mine, theirs in idle:
            self.talks(theirs, mine)
            self.talks(mine, theirs)
        far.sendto(b"back", where)
        self.assertEqual(near.recv(100), b"back")
        near.sendto(b"again", (network.SERVER6, 5000))
        self.assertEqual(far.recvfrom(100), (b"again", where))
        self.assertEqual(flow.proc.wait(30), 0, flow.output())
        last = re.findall(r"^\[SUM\].* ([\d.]+) ([KMG]?)bits/sec +receiver",
                          flow.output(), re.M)
        self.assertTrue(last, flow.output())
        self.assertEqual(last[0][1], "M", flow.output())
        return program

    def test_restart(self):
        def end(program):
            self.assertEqual(program.stop(), 0)
            self.assertRegex(program.output(), "sessions written")
            self.assertEqual(os.listdir(FOLDER), ["plat.state"])
            self.assertEqual(FILE.stat().st_mode & 0o777, 0o600)

        program = self.plat()
        program = self.survive(program, end)
        self.assertEqual(program.stop(), 0)

    def test_killed(self):
        """SIGKILL after ctl save: nothing of then is lost."""
        def end(program):
            before = lab.ask("plat", "counters")["state-saves"]
            self.assertEqual(lab.ctl("plat", "save").returncode, 0)
            self.saved(program, before)
            program.stop(signal.SIGKILL)
            lab.wait_for(lambda: not self.keepers(), "the keeper is gone")

        self.survive(self.plat("--state-interval", "1h"), end)

    def keepers(self):
        names = (pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
                 for pid in self.net["provider"].pids())
        return [n for n in names if n == "xlat-keeper"]

    def test_written_by_itself(self):
        program = self.plat("--state-interval", "1")
        self.binding()
        self.saved(program, 1)
        program.stop(signal.SIGKILL)
        self.plat().wait_output("1 of 1 sessions restored")

    def test_another_pool(self):
        """What the new configuration does not have is left out."""
        program = self.plat()
        near, _, _ = self.binding()
        program.stop()
        program = self.net["provider"].xlat(
            *network.PLAT[:4], "203.0.113.0/28", *network.PLAT[5:],
            "--state", FILE)
        program.wait_output("0 of 1 sessions restored")
        near.sendto(b"x", (network.SERVER6, 5000))
        lab.wait_for(lambda: len(self.sessions()) == 1, "a new session")

    def test_the_keeper_dies(self):
        """Packets flow on, and it is told."""
        program = self.plat()
        near, far, _ = self.binding()
        keeper = int(self.phone.run("pgrep", "-x", "xlat-keeper"))
        os.kill(keeper, signal.SIGKILL)
        program.wait_output("error: state .*: cannot be written: the process")
        near.sendto(b"on", (network.SERVER6, 5000))
        self.assertEqual(far.recv(100), b"on")
        done = lab.ctl("plat", "save")
        self.assertEqual(done.returncode, USAGE, done.stdout)
        self.assertIn("has ended", done.stdout)
        self.assertEqual(program.stop(), 0)


class Files(Case):
    def test_no_state(self):
        self.net.plat()
        done = lab.ctl("plat", "save")
        self.assertEqual(done.returncode, USAGE)
        self.assertIn("without --state", done.stdout)

    def test_cut_and_damaged(self):
        program = self.plat()
        self.binding()
        program.stop()
        good = FILE.read_bytes()
        flipped = bytearray(good)
        flipped[130] ^= 1
        for bad, why in ((good[:-1], "is cut off"), (good[:60], "is cut off"),
                         (good[:-40], "is cut off"), (good[:5], "is cut off"),
                         (b"", "is empty"), (bytes(160), "is empty"),
                         (bytes(flipped), "is damaged")):
            with self.subTest(why, size=len(bad)):
                FILE.write_bytes(bad)
                program = self.plat()
                program.wait_output(f"error: state {FILE}: {why}.*without")
                self.assertEqual(self.sessions(), [])
                program.stop(signal.SIGKILL)
                self.assertEqual(FILE.read_bytes(), bad)

    def test_files_of_others(self):
        """They are not overwritten."""
        FOLDER.mkdir()
        for text in ("root:x:0:0\n", "x" * 100000):
            FILE.write_text(text)
            status, said = self.fails()
            self.assertEqual(status, USAGE, said)
            self.assertIn(f"state {FILE}: is no state of xlat plat", said)
            self.assertEqual(FILE.read_text(), text)
        os.truncate(FILE, 1 << 40)  # nor read, if they could be none of ours
        status, said = self.fails()
        self.assertEqual(status, USAGE, said)
        self.assertIn(f"state {FILE}: is no state of xlat plat", said)
        FILE.unlink()
        for make in (os.mkfifo, os.mkdir):
            make(FILE)
            status, said = self.fails()
            self.assertEqual(status, USAGE, said)
            self.assertIn(f"state {FILE}: is no file", said)
            FILE.unlink() if FILE.is_fifo() else FILE.rmdir()

    def test_directories(self):
        FOLDER.mkdir(mode=0o755)  # root's
        status, said = self.fails()
        self.assertEqual(status, DENIED, said)
        self.assertIn(f"state {FILE}: cannot be written: Permission", said)
        status, said = self.fails(path="/run/none/none/plat.state")
        self.assertNotEqual(status, 0)
        self.assertIn("No such file", said)

    def test_values(self):
        for value in ("plat.state", "/", "/run/", f"/run/{'x' * 251}"):
            with self.subTest(value[:20]):
                status, said = self.fails("--check", path=value)
                self.assertEqual(status, USAGE)
                self.assertRegex(said, "state .*expected a full path")
        status, said = self.fails("--state-interval", "0", "--check")
        self.assertEqual(status, USAGE)
        self.assertRegex(said, "state-interval '0': expected a time")

    def test_full_disk(self):
        FOLDER.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=777",
                        "none", FOLDER], check=True)
        self.addCleanup(lab._try_run, ["umount", "-l", str(FOLDER)])
        program = self.plat("--state-interval", "1")
        near, far, _ = self.binding()
        self.saved(program)
        ballast = FOLDER / "ballast"
        with ballast.open("wb", buffering=0) as full:
            with self.assertRaises(OSError):
                while True:
                    full.write(bytes(4096))
        program.wait_output("error: state .*: No space left on device; what "
                            "was there stays")
        good = FILE.read_bytes()
        self.assertEqual(len(good) % 40, 0)
        near.sendto(b"on", (network.SERVER6, 5000))
        self.assertEqual(far.recv(100), b"on")
        self.assertEqual(lab.ask("plat", "status")["state-last"],
                         "No space left on device")
        ballast.unlink()
        program.wait_output("state .* is written again")
        # told once, not every second
        self.assertEqual(program.output().count("No space left"), 1)
        self.assertGreater(lab.ask("plat", "counters")["state-failures"], 0)
        program.stop()
        self.plat().wait_output("1 of 1 sessions restored")


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
