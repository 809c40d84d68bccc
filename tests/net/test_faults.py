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
import packets

POOL6 = "2001:db8:46::/96"
SOCKET = "/run/xlat/siit.sock"
SIIT = ["siit", "--pool6", POOL6, "--self6", "2001:db8:46::c000:201"]
TRACED = [*SIIT, "--no-sandbox", "--eam", "198.51.100.1,2001:db8:5::1",
          "--allow4", "198.51.100.0/24", "--allow4", "203.0.113.0/24"]
PLAT = ["plat", "--pool6", POOL6, "--pool4", "192.0.2.1"]
CLAT = ["clat", "--pref64", POOL6, "--source", "2001:db8:1::1", "--uplink",
        "wan", "--when", "force"]
DNS64 = ["dns64", "--forward", "127.0.0.2", "--listen", "127.0.0.1:53",
         "--threads", "1"]
CALL = re.compile(r"^(?:\d+ +)?(\w+)\(")
# Not calls that strace can stop at, or not ours.
NOT_THESE = {"execve", "exit_group", "rt_sigreturn"}


class Faults(unittest.TestCase):
    def setUp(self):
        self.net = lab.Lab("box")
        self.addCleanup(self.net.close)
        self.box = self.net["box"]
        self.box.keep_silent()
        for path in pathlib.Path("/run/xlat").glob("*"):
            path.unlink()  # the test before killed its daemon

    def left_behind(self):
        """Devices, sockets and forwarding that a daemon would have made."""
        sockets = [str(p) for p in pathlib.Path("/run/xlat").glob("*.sock")]
        forwards = [n for n in ("ipv4/conf/all", "ipv6/conf/all")
                    if self.box.sysctl(f"net/{n}/forwarding") != "0"]
        return sorted(self.box.links() - {"lo"}) + sockets + forwards

    def calls(self, argv, every=False):
        """[(call, which of its kind)] from exec until it is ready: of each
        kind the first, the middle and the last, or every one."""
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
        return [(name, k) for name, count in counts.items() for k in
                (range(1, count + 1) if every else
                 sorted({1, (count + 1) // 2, count}))]

    def test_signal_at_every_stage(self):
        """SIGTERM during each system call of the start: before the loop it
        may end by the signal, but then it has not changed anything."""
        for argv in (SIIT, PLAT, CLAT, DNS64):
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

    def end_or_start(self, *argv):
        """A program that has ended, with a word about it, or that is ready."""
        program = self.box.start(*argv)
        lab.wait_for(lambda: not program.running()
                     or "is ready" in program.output(), "an end or a start")
        if not program.running():
            self.assertIn(program.proc.returncode, (1, 3, 4, 5),
                          program.output())
            self.assertTrue(program.output().strip())
            return None
        return program

    def traced(self, *injections):
        """siit under strace, which makes calls fail by giving them the number
        -1: a filter would see that, and kill."""
        program = self.box.start(
            "strace", "-o", "/dev/null", *injections, lab.XLAT, *TRACED)
        program.wait_output("is ready")
        return program

    def leave(self, program):
        os.kill(lab.ask("siit", "status")["pid"], signal.SIGTERM)
        self.assertEqual(program.proc.wait(10), 0, program.output())
        self.assertEqual(self.left_behind(), [])

    def test_no_memory_at_the_start(self):
        """Each time that it asks for some."""
        for argv in (SIIT, PLAT, CLAT, DNS64):
            count = sum(name in ("mmap", "brk") for name, _ in
                        self.calls(argv, every=True))
            refused = 0
            for k in range(1, count + 1):
                program = self.end_or_start(
                    "strace", "-o", "/dev/null", "-e",
                    f"inject=mmap,brk:error=ENOMEM:when={k}", lab.XLAT, *argv)
                if program:  # brk() may fail: then mmap() gives memory
                    os.kill(lab.ask(argv[0], "status")["pid"], signal.SIGTERM)
                    self.assertEqual(program.proc.wait(10), 0)
                refused += not program
                lab.wait_for(lambda: self.left_behind() == [],
                             f"nothing left of {argv[0]}")
            print(f"{argv[0]}: memory refused {count} times, the end {refused} "
                  "times")
            self.assertGreater(refused, 1)

    def test_no_memory_later(self):
        """What needs some is refused; packets are not."""
        count = sum(name == "mmap" for name, _ in
                    self.calls(TRACED, every=True))
        program = self.traced(
            "-e", f"inject=mmap:error=ENOMEM:when={count + 1}+")
        said = lab.ctl("siit", "trace")
        self.assertEqual(said.returncode, 2)
        self.assertIn("out of memory", said.stdout)
        self.assertTrue(self.translates())
        self.leave(program)

    def translates(self):
        with packets.Tap(self.box, "siit") as tap:
            p = tap.ask(packets.udp("203.0.113.9", "198.51.100.1", 1, 2, b"x"),
                        lambda p: p.proto == packets.UDP)
            return p is not None and p.dst == "2001:db8:5::1"

    def test_device_cannot_be_written(self):
        """For whatever reason: it is counted, said once, and goes on."""
        for error in "ENOBUFS", "EIO", "EINVAL":
            program = self.traced(
                "-P", "/dev/net/tun", "-e", "trace=write,writev", "-e",
                f"inject=write,writev:error={error}:when=1..3")
            with packets.Tap(self.box, "siit") as tap:
                for _ in range(3):
                    tap.send(packets.udp("203.0.113.9", "198.51.100.1", 1, 2))
                lab.wait_for(lambda: lab.ask("siit", "counters")
                             ["drop-write-failed"] == 3, "three are counted")
            self.assertEqual(
                program.output().count("the kernel refused a packet"), 1)
            self.assertTrue(self.translates())
            self.leave(program)

    def test_device_cannot_be_read(self):
        """A passing error is no end; a device that is gone is, and said."""
        program = self.traced("-P", "/dev/net/tun", "-e", "trace=read,readv",
                              "-e", "inject=read,readv:error=EIO:when=1..20")
        lab.wait_for(self.translates, "it goes on")
        self.leave(program)
        program = self.traced("-P", "/dev/net/tun", "-e", "trace=read,readv",
                              "-e", "inject=read,readv:error=EBADFD:when=1+")
        with packets.Tap(self.box, "siit") as tap:
            tap.send(packets.udp("203.0.113.9", "198.51.100.1", 1, 2))
        self.assertEqual(program.proc.wait(10), 1)
        self.assertIn("the device is gone", program.output())
        lab.wait_for(lambda: self.left_behind() == [], "nothing is left")

    def test_clock_is_set(self):
        """Nothing but time stamps of logs, records and DNS cookies (RFC 9018,
        4.3), and the age of a state, comes from the clock that can be set."""
        users = {p.name for folder in ("cmd", "platform/linux")
                 for p in (lab.ROOT / folder).glob("*.c")
                 if re.search(r"CLOCK_REALTIME|\btime\(|gettimeofday",
                              p.read_text())}
        self.assertLessEqual(users, {"log.c", "trace.c", "record.c",
                                     "dnsio.c", "state.c"})

    def test_too_few_descriptors(self):
        """From none at all to enough: it says so and leaves, or it runs."""
        refused = ran = 0
        for limit in range(3, 20):
            program = self.end_or_start("prlimit", f"--nofile={limit}",
                                        lab.XLAT, *SIIT)
            if program:
                ran += 1
                self.assertEqual(program.stop(), 0, program.output())
            else:
                refused += 1
            self.assertEqual(self.left_behind(), [])
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

    def test_too_much_to_say(self):
        """A hundred lines in five seconds, and how many there were besides."""
        program = self.box.xlat(*SIIT)

        def provoke():
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(SOCKET)
                client.sendall(b"reload\n")  # there is no file: an error
                self.assertTrue(client.recv(100).startswith(b"error "))

        def said(pattern):
            return re.findall(pattern, program.output())

        began = time.monotonic()
        for _ in range(1000):
            provoke()
        periods = int((time.monotonic() - began) / 5) + 2
        self.assertLessEqual(len(said("nothing was changed")), 100 * periods)
        asked = 1000
        while not said(r"(\d+) lines were left out"):
            time.sleep(0.2)
            provoke()
            asked += 1
        lab.wait_for(lambda: said(r"(\d+) lines were left out"), "a sum")
        self.assertGreaterEqual(
            sum(map(int, said(r"(\d+) lines were left out")))
            + len(said("nothing was changed")), 1000)

    def watch(self, pids):
        """Every thread of these under strace; its log."""
        seen = lab.FILES / "idle"
        threads = sum(len(os.listdir(f"/proc/{pid}/task")) for pid in pids)
        strace = self.box.start("strace", "-f", "-o", seen, "-p",
                                ",".join(map(str, pids)))
        strace.wait_until(
            lambda: sum(int(n or 1) for n in re.findall(
                r"Process \d+ attached(?: with (\d+) threads)?",
                strace.output())) == threads,
            f"{threads} threads are watched")
        self.addCleanup(strace.stop, signal.SIGINT)
        return strace, seen

    @staticmethod
    def made(seen):
        """Calls that have returned. EINTR is of those that were waiting when
        strace came."""
        return re.findall(r"^.*\) += -?\d+\b(?! EINTR).*$",
                          seen.read_text(), re.M)

    def test_idle(self):
        """Nobody wakes up when there is nothing to do: none of the threads
        and helpers. Then somebody asks, and that is seen."""
        self.box.ip("link add wan type veth peer name far",
                    "link set wan up")
        for argv, count in ((SIIT, 2), (PLAT, 2), (DNS64, 1),
                            (CLAT + ["--no-setup"], 1),
                            ([*PLAT, "--threads", "2"], 2),
                            ([*DNS64[:-1], "2"], 1),
                            ([*PLAT, "--state", "/run/xlat/state"], 3)):
            with self.subTest(argv):
                program = self.box.xlat(*argv)
                pids = [program.pid, *lab.children(program.pid)]
                self.assertEqual(len(pids), count)
                time.sleep(1)  # what it has to do at first
                strace, seen = self.watch(pids)
                time.sleep(1.2)
                self.assertEqual(self.made(seen), [])
                lab.ask(argv[0], "status")
                lab.wait_for(lambda s=seen: self.made(s), "what it does")
                strace.stop(signal.SIGINT)
                self.assertEqual(program.stop(), 0, program.output())

    def test_netlink_overrun(self):
        """More news of its device than the kernel keeps for it."""
        program = self.box.xlat(*PLAT)
        before = self.routes("plat")
        program.proc.send_signal(signal.SIGSTOP)
        self.box.ip(*["link set plat down", "link set plat up"] * 400)
        program.proc.send_signal(signal.SIGCONT)
        lab.wait_for(lambda: self.routes("plat") == before, "all routes")
        lab.wait_for(lambda: lab.ctl("plat", "health").returncode == 0,
                     "it is well")
        self.assertEqual(program.stop(), 0, program.output())

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
