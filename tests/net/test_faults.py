#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What goes wrong around a daemon: it recovers, or leaves with a clear line and
nothing behind."""
import os
import pathlib
import re
import signal
import socket
import subprocess
import time
import unittest

import lab

POOL6 = "2001:db8:46::/96"
SOCKET = "/run/xlat/siit.sock"
SIIT = ["siit", "--pool6", POOL6, "--self6", "2001:db8:46::c000:201"]
PLAT = ["plat", "--pool6", POOL6, "--pool4", "192.0.2.1"]
CALL = re.compile(r"^(?:\d+ +)?(\w+)\(")
# Not calls that strace can stop at, or not ours.
NOT_THESE = {"execve", "exit_group", "rt_sigreturn"}


class Faults(unittest.TestCase):
    def setUp(self):
        self.net = lab.Lab("box")
        self.addCleanup(self.net.close)
        self.box = self.net["box"]
        for path in pathlib.Path("/run/xlat").glob("*"):
            path.unlink()  # the test before killed its daemon

    def left_behind(self):
        """Devices, sockets and forwarding that a daemon would have made."""
        sockets = [str(p) for p in pathlib.Path("/run/xlat").glob("*.sock")]
        forwards = [n for n in ("ipv4/conf/all", "ipv6/conf/all")
                    if self.box.sysctl(f"net/{n}/forwarding") != "0"]
        return sorted(self.box.links() - {"lo"}) + sockets + forwards

    def calls(self, argv):
        """[(call, which of its kind)] from exec until it is ready: of each
        kind the first, the middle and the last."""
        log = lab.FILES / "calls"
        program = self.box.start("strace", "-o", log, lab.XLAT, *argv)
        program.wait_output("is ready")
        os.kill(lab.ask(argv[0], "status")["pid"], signal.SIGTERM)
        program.proc.wait(10)
        before = log.read_text(errors="replace").partition("is ready")[0]
        counts = {}
        for line in before.splitlines():
            if (m := CALL.match(line)) and m[1] not in NOT_THESE:
                counts[m[1]] = counts.get(m[1], 0) + 1
        return [(name, k) for name, count in counts.items()
                for k in sorted({1, (count + 1) // 2, count})]

    def test_signal_at_every_stage(self):
        """SIGTERM during each system call of the start: before the loop it
        may end by the signal, but then it has not changed anything."""
        for argv in (SIIT, PLAT):
            calls = self.calls(argv)
            self.assertGreater(len(calls), 40)
            self.assertEqual(self.left_behind(), [])
            for name, k in calls:
                done = self.box.try_run(
                    "strace", "-o", "/dev/null", "-e", f"trace={name}", "-e",
                    f"inject={name}:signal=SIGTERM:when={k}", lab.XLAT, *argv)
                where = f"{argv[0]}, {name} number {k}: {done.stdout}"
                self.assertIn(done.returncode, (0, -signal.SIGTERM), where)
                lab.wait_for(lambda: self.left_behind() == [],
                             f"nothing left after {where}")
            print(f"{argv[0]}: SIGTERM at {len(calls)} points of the start")

    def test_too_few_descriptors(self):
        """From none at all to enough: it says so and leaves, or it runs."""
        refused = ran = 0
        for limit in range(3, 20):
            program = self.box.start("prlimit", f"--nofile={limit}", lab.XLAT,
                                     *SIIT)
            lab.wait_for(lambda p=program: not p.running()
                         or "is ready" in p.output(), "an end or a start")
            if program.running():
                ran += 1
                self.assertEqual(program.stop(), 0, program.output())
            else:
                refused += 1
                self.assertIn(program.proc.returncode, (1, 3, 4, 5))
                self.assertTrue(program.output().strip(), limit)
            self.assertEqual(self.left_behind(), [], program.output())
        self.assertTrue(refused and ran, (refused, ran))

    def test_out_of_descriptors(self):
        """While it runs: who asks waits, it does not spin, and goes on."""
        program = self.box.start("prlimit", "--nofile=16", lab.XLAT, *SIIT,
                                 "--metrics", "127.0.0.1:9464")
        program.wait_output("is ready")
        fds = pathlib.Path(f"/proc/{program.pid}/fd")

        def connect():
            client = socket.socket(socket.AF_UNIX)
            self.addCleanup(client.close)
            client.connect(SOCKET)
            client.settimeout(5)
            return client

        free = 16 - len(list(fds.iterdir()))
        self.assertTrue(0 < free < 8, free)
        first = [connect() for _ in range(free)]
        lab.wait_for(lambda: len(list(fds.iterdir())) == 16, "no more left")
        late = connect()
        with self.box.inside(), socket.socket() as scraper:
            scraper.connect(("127.0.0.1", 9464))
            scraper.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            late.sendall(b"status\n")
            before = lab.cpu_seconds(program.pid)
            time.sleep(1)
            self.assertLess(lab.cpu_seconds(program.pid) - before, 0.05)
            late.setblocking(False)
            self.assertRaises(BlockingIOError, late.recv, 1)
            for client in first:
                client.close()
            late.settimeout(5)
            scraper.settimeout(5)
            self.assertEqual(late.recv(3), b"ok\n")
            self.assertTrue(scraper.recv(15).endswith(b"200 OK"))
        self.assertEqual(program.stop(), 0, program.output())

    def test_ten_thousand_clients(self):
        """One after the other, some of which ask, and some do not wait."""
        program = self.box.xlat(*SIIT)
        lab.ask("siit", "status")
        before = len(os.listdir(f"/proc/{program.pid}/fd"))
        memory = lab.status(program.pid)["VmRSS"]
        for i in range(10000):
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(SOCKET)
                if i % 3:
                    client.sendall(b"status\n")
                if i % 3 == 2:
                    client.recv(100)
        lab.wait_for(lambda: before == len(
            os.listdir(f"/proc/{program.pid}/fd")),
                     "its descriptors are those of before")
        self.assertEqual(lab.ctl("siit", "health").returncode, 0)
        grown = (int(lab.status(program.pid)["VmRSS"].split()[0])
                 - int(memory.split()[0]))
        # the buffers of the clients that it can have at a time
        self.assertLess(grown, 256, "KiB")

    def test_log_pipe_gone(self):
        """Nobody reads what it says any more: it goes on."""
        reader, writer = os.pipe()
        with self.box.inside(), subprocess.Popen(
                [lab.XLAT, *SIIT], stderr=writer,
                stdin=subprocess.DEVNULL) as proc:
            os.close(writer)
            os.close(reader)
            lab.wait_for(lambda: lab.ctl("siit", "status").returncode == 0,
                         "it answers")
            for _ in range(3):
                proc.send_signal(signal.SIGHUP)
            lab.wait_for(lambda: lab.ctl("siit", "health").returncode == 0,
                         "it still answers")
            proc.terminate()
            self.assertEqual(proc.wait(10), 0)
        self.assertEqual(self.left_behind(), [])

    def test_log_on_a_full_disk(self):
        with open("/dev/full", "wb") as full, self.box.inside(), \
                subprocess.Popen([lab.XLAT, *SIIT], stderr=full,
                                 stdin=subprocess.DEVNULL) as proc:
            lab.wait_for(lambda: lab.ctl("siit", "health").returncode == 0,
                         "it answers")
            proc.terminate()
            self.assertEqual(proc.wait(10), 0)

    def routes(self, device):
        return {r for f in "46" for r in self.box.run(
            "ip", f"-{f}", "route", "show", "dev", device).splitlines()
                if not r.startswith("fe80")}

    def test_device_down_and_up(self):
        """Down is not gone: it goes on, says how it is, and puts back the
        routes that the kernel has taken away."""
        siit = SIIT + ["--eam", "198.51.100.1,2001:db8::1",
                       "--eam", "198.51.100.8/29,2001:db8:8::/125"]
        plat = PLAT + ["--pool4", "198.51.100.0-198.51.100.2"]
        for argv, count in (siit, 3), (plat, 4):
            name = argv[0]
            program = self.box.xlat(*argv)
            before = self.routes(name)
            self.assertEqual(len(before), count)
            for commands in (["down"], ["up"], ["down", "up"],
                             ["down", "up", "down", "up"]):
                self.box.ip(*(f"link set {name} {c}" for c in commands))
                up = commands[-1] == "up"
                self.assertEqual(lab.ctl(name, "health").returncode, not up)
                self.assertEqual(self.routes(name), before if up else set())
            # somebody else was as quick
            mine = sorted(before)[-1]
            self.box.ip(f"link set {name} down", f"link set {name} up",
                        f"route replace {mine} dev {name}")
            lab.wait_for(lambda: self.routes(name) == before, "all routes")
            self.assertEqual(lab.ctl(name, "health").returncode, 0)
            self.assertEqual(program.stop(), 0, program.output())
            self.assertEqual(self.left_behind(), [])

    def test_routes_cannot_be_put_back(self):
        program = self.box.xlat(*PLAT)
        (helper,) = lab.children(program.pid)
        os.kill(helper, signal.SIGKILL)
        self.box.ip("link set plat down", "link set plat up")
        said = lab.ctl("plat", "health")
        self.assertEqual(said.returncode, 1)
        self.assertIn("the routes into the device are gone", said.stdout)


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
