#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ctl_bench.py [ROUNDS] - how long `xlat ctl plat counters` takes: on an idle
PLAT, and while a CLAT and it translate as much UDP, and then TCP, as they can;
where the kernel does most of that, and where every packet is the daemon's.

Of each: the program from start to end, the question and its answer alone, on a
socket of this process, and a program that asks nobody (`xlat --version`), which
is what any program costs on a machine as busy. Needs root."""
import pathlib
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "net"))

import lab  # noqa: E402
import network  # noqa: E402
from measures import LOAD, LOAD_PORT  # noqa: E402

PAUSE = 0.01  # between two questions, as little as one person cannot ask


def program(*argv):
    def run():
        subprocess.run([lab.XLAT, *argv], check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL)
    return run


def question():
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("/run/xlat/plat.sock")
        client.sendall(b"counters\n")
        size = 0
        while more := client.recv(65536):
            size += len(more)
    if size < 1000:
        raise lab.LabError(f"an answer of {size} bytes")


WHAT = {"ctl plat counters": program("ctl", "plat", "counters"),
        "its question alone": question,
        "xlat --version": program("--version")}


def times(what, rounds):
    """Milliseconds of each, ascending."""
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        what()
        found.append((time.perf_counter() - began) * 1000)
        time.sleep(PAUSE)
    return sorted(found)


def show(load, rounds):
    for name, what in WHAT.items():
        found = times(what, rounds)
        print(f"{load:14} {name:19} p50 {found[rounds // 2]:6.2f} ms   "
              f"p95 {found[rounds * 95 // 100]:6.2f}   "
              f"p99 {found[rounds * 99 // 100]:6.2f}   max {found[-1]:6.2f}",
              flush=True)


def busy(net, rounds, how):
    """Both kinds of load, one after the other."""
    sink = net["server"].start(LOAD, "sink", network.SERVER4, LOAD_PORT)
    sink.wait_output("ready")
    iperf = net["server"].start("iperf3", "-s", "--forceflush")
    iperf.wait_output("Server listening")
    for name, argv in (
            ("UDP flood", [LOAD, "send", network.SERVER4, LOAD_PORT, "600",
                           "0"]),
            ("TCP", ["iperf3", "-c", network.SERVER4, "-C", "cubic", "-t",
                     "600"])):
        before = lab.ask("plat", "counters")["ipv6-packets-in"]
        load = net["laptop"].start(*argv)
        lab.wait_for(lambda: lab.ask("plat", "counters")["ipv6-packets-in"]
                     > before + 1000, "packets come")
        show(name + how, rounds)
        load.stop()
    for program in sink, iperf:
        program.stop()


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    lab.enter()
    with network.Network() as net:
        programs = net.clat(), net.plat()
        show("idle", rounds)
        busy(net, rounds, "")
        for program in programs:
            program.stop()
        net.clat("--fast-path", "off")
        net.plat("--fast-path", "off")
        busy(net, rounds, ", daemon")


if __name__ == "__main__":
    main()
