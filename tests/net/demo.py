#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The whole path with real programs: five hosts, a line for each thing shown,
and a table at the end. Exit status 0 only if every line held.

    laptop ─── router ════ provider ─── server
    IPv4 only  clat    ║   plat, dns64  IPv4 only
                     phone, IPv6 only
"""
import contextlib
import hashlib
import pathlib
import re
import shlex
import sys
import time

import lab
import network as at
import packets

BRIGHT, DIM, GOOD, BAD, PLAIN = (
    ("\033[1m", "\033[2m", "\033[32m", "\033[1;31m", "\033[0m")
    if sys.stdout.isatty() else ("",) * 5)
OUTPUT_LINES = 12

PAGE = "Hello from the server that has only IPv4.\n"

PICTURE = f"""
  laptop ──────── router ════╦════ provider ───────── server
  {at.LAPTOP4}     xlat clat  ║     xlat plat          {at.SERVER4}
  IPv4 only       IPv6 only  ║     xlat dns64         IPv4 only
                             ║
                           phone   {at.PHONE6}
                                   IPv6 only
"""


def check(holds, why):
    if not holds:
        raise lab.LabError(why)


def round_trip(said):
    """Average of three pings that all came back, ms."""
    got = re.search(r"(\d) received", said)
    check(got and got[1] == "3", "not every ping came back")
    return re.search(r"= [\d.]+/([\d.]+)/", said)[1]


class Demo:
    """The hosts, what runs on them, and what was shown so far."""

    def __init__(self, net):
        self.net = net
        self.before = {}
        self.programs = {}
        self.web = None
        self.synthesised = None
        self.results = []

    def sh(self, host, *argv, only="", seconds=30.0):
        """Run a command as a person at that host would, and show it.

        only: a pattern for the lines of output that are worth showing
        """
        said = self.net[host].try_run(*argv, seconds=seconds)
        self.show(host, argv, said.stdout, only)
        check(said.returncode == 0, f"exit status {said.returncode}")
        return said.stdout

    def show(self, host, argv, said, only=""):
        words = [pathlib.Path(argv[0]).name, *argv[1:]]
        print(f"      {host}$ {shlex.join(str(w) for w in words)}")
        lines = [line for line in said.splitlines() if line.strip()]
        shown = [line for line in lines if re.search(only, line)]
        shown = shown[:OUTPUT_LINES]
        for line in shown:
            print(f"      {DIM}{line}{PLAIN}")
        if len(lines) > len(shown):
            print(f"      {DIM}... {len(lines) - len(shown)} more lines"
                  f"{PLAIN}")

    def prove(self, title, step):
        """Run a step, which returns its evidence; true if it held."""
        number = len(self.results) + 1
        print(f"\n{BRIGHT}{number:>3}  {title}{PLAIN}")
        try:
            evidence, good = step(self), True
        except lab.LabError as err:
            evidence, good = str(err).strip(), False
        word = f"{GOOD}ok{PLAIN}" if good else f"{BAD}FAILED{PLAIN}"
        print(f"      {word}: {evidence}")
        if not good:
            self.show_logs()
        self.results.append((title, evidence.splitlines()[0], good))
        return good

    def show_logs(self):
        """What the applets said and counted, for whoever looks for the cause.
        """
        for name, program in self.programs.items():
            self.note(f"{name} said:", program.output())
            self.note("its counters that are not 0:", "\n".join(
                line for line in lab.ctl(name, "counters").stdout.splitlines()
                if not line.endswith(" 0")))

    def note(self, title, text):
        print(f"      {title}")
        for line in text.splitlines():
            print(f"        {DIM}{line}{PLAIN}")

    def table(self):
        """The sum of it; true if everything held."""
        width = max(len(title) for title, _, _ in self.results)
        print(f"\n{BRIGHT}     {'What was shown':<{width}}  Evidence{PLAIN}")
        for number, (title, evidence, good) in enumerate(self.results, 1):
            word = f"{GOOD}ok    {PLAIN}" if good else f"{BAD}FAILED{PLAIN}"
            print(f"{number:>3}  {title:<{width}}  {word}  {evidence}")
        return all(good for _, _, good in self.results)


STEPS = []


def step(title):
    def note(function):
        STEPS.append((title, function))
        return function
    return note


@step("The three programs start")
def start(demo):
    net = demo.net
    demo.before = {h: net[h].snapshot() for h in ("router", "provider")}
    at.unbound(net["provider"])
    demo.web = at.web(net["server"], page=PAGE)
    at.iperf_server(net["server"])
    begin = time.monotonic()
    for name, host, applet, words in (
            ("plat", "provider", net.plat, at.PLAT),
            ("dns64", "provider", net.dns64, at.DNS64),
            ("clat", "router", net.clat, at.CLAT)):
        print(f"      {host}# {shlex.join(['xlat', *words])} &")
        demo.programs[name] = applet()
    took = time.monotonic() - begin
    return f"all three answer xlat ctl, {took * 1000:.0f} ms after the first"


@step("They hold no root and no capability")
def authority(demo):
    found = []
    for name, program in demo.programs.items():
        for pid in [program.pid, *lab.children(program.pid)]:
            now = lab.status(pid)
            bits = int(now["CapPrm"], 16)
            caps = "none" if bits == 0 else f"{bits:#x}"
            kind = name if pid == program.pid else f"{name}'s helper"
            print(f"      {DIM}{kind}: uid {now['Uid'].split()[0]}, "
                  f"capabilities {caps}{PLAIN}")
            check("0" not in now["Uid"].split(), f"{kind} is still root")
            # bit 12: CAP_NET_ADMIN
            check(bits == (0 if pid == program.pid else 1 << 12),
                  f"{kind} has capabilities {caps}")
            found.append(kind)
    return (f"{len(found)} processes; CAP_NET_ADMIN only in helpers, which "
            "configure and undo")


@step("Ping an IPv4 address from the IPv4-only host")
def ping(demo):
    said = demo.sh("laptop", "ping", "-c", "3", "-i", "0.2", at.SERVER4)
    return f"3 of 3 replies, {round_trip(said)} ms on average"


@step("Traceroute to it")
def traceroute(demo):
    said = demo.sh("laptop", "traceroute", "-n", "-q", "1", "-N", "1",
                   at.SERVER4)
    hops = re.findall(r"^ *\d+  (\S+)", said, re.M)
    check("*" not in hops, "a hop does not answer")
    check(hops and hops[-1] == at.SERVER4, "it does not arrive")
    return f"{len(hops)} hops, each with an answer, the last is the server"


@step("Fetch a web page through CLAT and PLAT")
def page(demo):
    with packets.Tap(demo.net["provider"], "home") as tap:
        said = demo.sh("laptop", "curl", "-sS", f"http://{at.SERVER4}/")
        kinds = [proto for proto, _ in tap.drain()]
    check(said == PAGE, "that is not the page")
    log = demo.web.wait_output(r"^(\S+) .*GET / ")
    print(f"      {DIM}server's log: {log[0].strip()}...{PLAIN}")
    check(packets.ETH_P_IP not in kinds, "IPv4 on the access network")
    six = kinds.count(packets.ETH_P_IPV6)
    check(six, "nothing seen on the access network")
    return (f"server saw {log[1]} of pool4; uplink carried {six} IPv6 "
            "packets, no IPv4")


@step("Fetch 32 MiB; not a bit is lost")
def download(demo):
    copy = lab.FILES / "copy"
    demo.sh("laptop", "curl", "-sS", "-o", copy, "-w",
            "%{size_download} bytes in %{time_total} s",
            f"http://{at.SERVER4}/big")
    there, here = (hashlib.sha256(f.read_bytes()).hexdigest()
                   for f in (lab.FILES / "www/big", copy))
    check(there == here, f"SHA-256 is {here}, should be {there}")
    return f"SHA-256 {here[:16]}... at both ends"


@step("An IPv6 address for a name that has only IPv4")
def dns64(demo):
    ask = ["server.example.net", "AAAA", "+noall", "+answer"]
    said = demo.sh("provider", "dig", "@127.0.0.1", "-p", "5353", *ask)
    check(not said.strip(), "the resolver has an AAAA of its own")
    said = demo.sh("phone", "dig", f"@{at.PROVIDER6}", *ask)
    found = re.search(r"IN\s+AAAA\s+(\S+)", said)
    check(found, "no AAAA came back")
    check(found[1] == at.SERVER6, f"should be {at.SERVER6}")
    demo.synthesised = found[1]
    return f"{found[1]}; Unbound behind it has no AAAA"


@step("Ping that address from the IPv6-only host")
def phone_ping(demo):
    check(demo.synthesised, "no address to ping")
    said = demo.sh("phone", "ping", "-c", "3", "-i", "0.2", demo.synthesised)
    return f"3 of 3 replies, {round_trip(said)} ms on average"


@step("Fetch a web page from it")
def phone_page(demo):
    check(demo.synthesised, "no address to fetch from")
    said = demo.sh("phone", "curl", "-sS", f"http://[{demo.synthesised}]/")
    check(said == PAGE, "that is not the page")
    return "the same page, from the IPv4-only server"


def speed(demo, *direction):
    """One TCP flow, translated and, through the same hosts, only forwarded."""
    figures = []
    for address in (at.SERVER4, at.PLAIN4):
        argv = ["iperf3", "-c", address, "-t", "3", "-i", "0", "-f", "g",
                *direction]
        said = demo.sh("laptop", *argv, only="receiver")
        figures.append(float(re.search(r"([\d.]+) Gbits/sec +receiver",
                                       said)[1]))
    xlat, plain = figures
    check(xlat > 0, "nothing arrived")
    return (f"{xlat:.1f} Gbit/s; plain forwarding {plain:.1f}; "
            f"ratio {xlat / plain:.2f}")


@step("Upload, one TCP flow")
def upload(demo):
    return speed(demo)


@step("Download, one TCP flow")
def download_speed(demo):
    return speed(demo, "-R")


@step("See the sessions of the PLAT while a flow is alive")
def sessions(demo):
    flow = demo.net["laptop"].start(
        "curl", "-sS", "--limit-rate", "100k", "-o", "/dev/null",
        f"http://{at.SERVER4}/big")
    demo.net["server"].wait_established(80)
    said = demo.sh("provider", lab.XLAT, "ctl", "plat", "sessions",
                   only="^proto|^tcp")
    flow.stop()
    live = [row.split() for row in said.splitlines()
            if re.search(f"^tcp.*{at.LAPTOP6}.* 80 +ESTABLISHED", row)]
    check(live, "the laptop's flow is not among them")
    _, _, port, pool, pool_port, remote, remote_port = live[-1][:7]
    return (f"{at.LAPTOP4}:{port} is {pool}:{pool_port} to "
            f"{remote}:{remote_port}")


@step("SIGTERM leaves no trace")
def stop(demo):
    for name, program in demo.programs.items():
        code = program.stop()
        print(f"      {DIM}{name}: exit status {code}{PLAIN}")
        check(code == 0, f"{name}: exit status {code}")
    for host, was in demo.before.items():
        rest = [line for line in
                lab.differences(was, demo.net[host].snapshot())
                if line != "files: + /run/xlat"]
        check(not rest, f"{host}: {'; '.join(rest)}")
    return (f"links, addresses, routes and {len(was)} settings as before; "
            "an empty /run/xlat stays")


def main():
    lab.enter()
    begin = time.monotonic()
    print(f"{BRIGHT}xlat: IPv4 across a network that has only IPv6{PLAIN}")
    print(PICTURE)
    with at.Network() as net:
        demo = Demo(net)
        for title, function in STEPS:
            if not demo.prove(title, function) and function is start:
                break
        good = demo.table()
    print(f"\n{time.monotonic() - begin:.0f} s; the five hosts are gone.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
