#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""soak.py - all daemons at work for SOAK_SECONDS, with whatever can happen

Traffic of all kinds crosses a CLAT, a PLAT and a DNS64; flows come and go,
configurations are read again, clients of the control socket and of metrics
misbehave, links flap, devices are set down, a daemon is stopped for a while.
After a quarter everything has been seen once; from then on memory, descriptors and round-trip
time have to stay what they were, and in the end nothing is left.
"""
import os
import pathlib
import random
import re
import signal
import socket
import statistics
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "net"))
import dnsmsg  # noqa: E402
import lab  # noqa: E402
import network  # noqa: E402

SECONDS = int(os.environ.get("SOAK_SECONDS", "120"))
DAEMONS = ("plat", "dns64", "clat")
AAAA = 28
TICK = 0.5
GROWTH = 0.05    # of resident memory, from the second quarter to the last
SLACK = 512      # KiB that it may grow anyway: a page here and there
SLOWER = 2.0     # round-trip time, likewise, in the median
SLOWER_MS = 1.0  # a busy machine is not our latency


class Worker(threading.Thread):
    """Does something over and over until the end; keeps what went wrong."""

    def __init__(self, action, every):
        super().__init__(daemon=True)
        self.action, self.every = action, every
        self.over, self.error, self.done = threading.Event(), None, 0

    def run(self):
        try:
            while not self.over.wait(self.every):
                self.action()
                self.done += 1
        except Exception as err:  # told by the test, with its trace
            self.error = err


class Soak(unittest.TestCase):
    def setUp(self):
        self.random = random.Random(464)
        self.net = network.Network()
        self.addCleanup(self.net.close)
        self.before = {h: self.net[h].snapshot() for h in
                       ("router", "provider")}
        self.config = {}
        self.serial = 0
        for name, argv in (("plat", network.PLAT), ("clat", network.CLAT),
                           ("dns64", network.DNS64)):
            self.config[name] = lab.FILES / f"{name}.conf"
            self.configure(name, argv)
        network.unbound(self.net["provider"])
        network.web(self.net["server"], big=1 << 20)
        network.iperf_server(self.net["server"])
        self.programs = {name: self.daemon(name) for name in DAEMONS}
        self.samples = {name: [] for name in DAEMONS}
        self.pings = []

    def configure(self, name, argv, *more):
        """--key value ... as lines of a file."""
        words = " ".join(argv[1:]).split("--")[1:]
        more = [f"{m}\n" for m in more]
        if name == "plat":  # full soon, so that memory is what it will be
            more.append("max-sessions-per-subscriber 3000\n")
        self.config[name].write_text("\n".join(words) + "\n" + "".join(more))

    def daemon(self, name):
        host = "router" if name == "clat" else "provider"
        return self.net[host].xlat(name, "--config", self.config[name],
                                   "--metrics", "[::1]:9464" if name != "dns64"
                                   else "[::1]:9465")

    # what goes through

    def flows(self):
        """A hundred new flows of UDP, each of a port of its own."""
        for _ in range(100):
            with self.net["phone"].inside(), \
                    socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
                sock.sendto(b"soak", (network.SERVER6,
                                      self.random.randrange(1, 65536)))

    def page(self):
        self.net["laptop"].try_run("curl", "-s", "-m", "5", "-o", "/dev/null",
                                   f"http://{network.SERVER4}/big")

    def bulk(self):
        for more in [], ["-R"], ["-u", "-b", "20M", "-l", "1200"]:
            self.net["laptop"].try_run(
                "timeout", "-k", "1", "5", "iperf3", "-c", network.SERVER4,
                "-t", "1", "-b", "100M", *more)

    def names(self):
        with self.net["phone"].inside(), \
                socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.settimeout(1)
            for _ in range(20):
                name = self.random.choice(
                    ("server.example.net", "both.example.net",
                     f"n{self.random.randrange(5000)}.example.net"))
                try:
                    sock.sendto(dnsmsg.question(name, AAAA),
                                (network.PROVIDER6, 53))
                    sock.recv(4096)
                except OSError:
                    continue  # a link may be down just now

    def junk(self):
        """What no host sends: bytes, headers cut off, lengths that lie."""
        data = bytearray(self.random.randbytes(self.random.randrange(1, 400)))
        data[0] = self.random.choice((0x45, 0x60, 0x4f, 0x10))
        with self.net["provider"].inside(), socket.socket(
                socket.AF_PACKET, socket.SOCK_DGRAM) as sock:
            try:
                sock.sendto(data, ("plat", 0x86DD if data[0] == 0x60
                                   else 0x0800))
            except OSError:
                pass  # the device is down just now

    # what happens to them

    def ask(self):
        """Clients: some ask, some stop in the middle, some never read."""
        name = self.random.choice(DAEMONS)
        words = self.random.choice((b"status\n", b"counters --json\n",
                                    b"sessions\n", b"nonsense\n", b"sta",
                                    b"\0" * 600, b"trace count=3\n"))
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(0.2)
            try:
                sock.connect(f"/run/xlat/{name}.sock")
                sock.sendall(words)
                if self.random.random() < 0.7:
                    sock.recv(100000)
            except OSError:
                pass

    def reload(self):
        """Another value each time; now and then one that is refused."""
        name = self.random.choice(("plat", "dns64"))
        self.serial += 1
        bad = self.serial % 5 == 0
        if name == "plat":
            self.configure(name, network.PLAT, "tos copy" if self.serial % 2
                           else "tos 8", *["pool4 nonsense"] * bad)
        else:
            self.configure(name, network.DNS64,
                           f"cache-size {4 + self.serial % 2}000000",
                           *["forward nonsense"] * bad)
        lab.ctl(name, "reload")

    def fault(self):
        """One of several, and what makes it good again."""
        self.serial += 1
        kind = self.serial % 4
        if kind == 0:
            self.net["provider"].ip("link set plat down", "link set plat up")
        elif kind == 1:
            self.net["router"].ip("link set wan down")
            time.sleep(0.2)
            self.net["router"].ip("link set wan up",
                                  "addr replace 2001:db8:0:1::2/64 dev wan",
                                  "route replace default via "
                                  f"{network.PROVIDER6}")
        elif kind == 2:
            self.programs["plat"].proc.send_signal(signal.SIGSTOP)
            time.sleep(0.2)
            self.programs["plat"].proc.send_signal(signal.SIGCONT)
        else:
            self.net["router"].ip("link set clat down", "link set clat up")

    # how they are

    def look(self):
        for name, program in self.programs.items():
            if not program.running():
                raise AssertionError(f"{name} has ended: {program.output()}")
            pids = [program.pid, *lab.children(program.pid)]
            self.samples[name].append((
                sum(int(lab.status(p)["VmRSS"].split()[0]) for p in pids),
                sum(len(os.listdir(f"/proc/{p}/fd")) for p in pids)))

    def ping(self):
        said = self.net["laptop"].try_run("ping", "-c", "5", "-i", "0.02",
                                          "-W", "1", "-q", network.SERVER4)
        if m := re.search(r"= [\d.]+/([\d.]+)/", said.stdout):
            self.pings.append(float(m[1]))

    def work(self):
        workers = [Worker(*w) for w in (
            (self.flows, 0.2), (self.page, 0.5), (self.bulk, 1),
            (self.names, 0.1), (self.junk, 0.02), (self.ask, 0.05),
            (self.reload, 2), (self.fault, max(4, SECONDS / 25)),
            (self.look, TICK), (self.ping, TICK))]
        for w in workers:
            w.start()
        time.sleep(SECONDS)
        for w in workers:
            w.over.set()
        for w in workers:
            w.join(30)
            if w.error:
                raise w.error
            self.assertGreater(w.done, 2, w.action.__name__)
            print(f"{w.action.__name__}: {w.done} times")

    @staticmethod
    def quarters(values):
        """The second, and the last."""
        n = len(values) // 4
        return values[n:2 * n], values[-n:]

    def check(self, name):
        early, late = self.quarters(self.samples[name])
        before, after = (statistics.median(rss for rss, _ in part)
                         for part in (early, late))
        fds = [max(fd for _, fd in part) for part in (early, late)]
        print(f"{name}: {before} KiB, then {after} KiB; at most {fds[0]}, "
              f"then {fds[1]} descriptors")
        self.assertLess(after, before * (1 + GROWTH) + SLACK)
        # clients come and go: the places for them are limited
        self.assertLessEqual(fds[1], fds[0] + 12)

    def test_everything_at_once(self):
        self.work()
        for name in DAEMONS:
            self.check(name)
        early, late = map(statistics.median, self.quarters(self.pings))
        print(f"round trip: {early} ms, then {late} ms")
        self.assertLess(late, early * SLOWER + SLOWER_MS)
        self.settle()
        for name, program in self.programs.items():
            self.assertEqual(program.stop(), 0, program.output())
        self.nothing_left()

    def settle(self):
        """All is well again, and nobody's descriptor is left."""
        for name in DAEMONS:
            lab.wait_for(lambda n=name: lab.ctl(n, "health").returncode == 0,
                         f"{name} is well", 30)
        for name, program in self.programs.items():
            lab.wait_for(lambda p=program: not [
                f for f in os.listdir(f"/proc/{p.pid}/fd")
                if self.is_client(p.pid, f)], f"no clients at {name}", 30)
        done = self.net["laptop"].run("ping", "-c", "3", "-i", "0.1",
                                      network.SERVER4)
        self.assertIn("3 received", done)

    @staticmethod
    def is_client(pid, fd):
        """A connected socket of the control path: the kernel knows."""
        try:
            link = os.readlink(f"/proc/{pid}/fd/{fd}")
        except OSError:
            return False
        inode = link.partition("[")[2].rstrip("]")
        return link.startswith("socket:") and any(
            line.split()[6] == inode and len(line.split()) > 7
            and int(line.split()[3], 16) == 0
            and line.split()[7].endswith(".sock")
            for line in pathlib.Path("/proc/net/unix").read_text()
            .splitlines()[1:])

    def nothing_left(self):
        for host, before in self.before.items():
            left = [line for line in lab.differences(
                before, self.net[host].snapshot())
                if re.search(r"clat|plat|dns64|464", line)
                and not re.match(r"files: ", line)]
            self.assertEqual(left, [])


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
