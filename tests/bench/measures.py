# SPDX-License-Identifier: MIT
"""measures - what is measured on a way across

A measure is a function of (net, way, seconds) that returns one figure, or
several by name; UNITS says their units and whether more is better.
"""
import contextlib
import json
import os
import pathlib
import time

import lab

LOAD = str(pathlib.Path(os.environ.get("BUILD", lab.ROOT / "build"),
                        "bench/load"))
IPERF_PORT, LOAD_PORT = "5201", "5300"
PACED = 20000
NO_LIMIT = 0


@contextlib.contextmanager
def iperf_server(net):
    """One that stays at the far end while everything is measured."""
    iperf = net["server"].start("iperf3", "-s", "--forceflush", "-p",
                                IPERF_PORT)
    iperf.wait_output("Server listening")
    yield
    iperf.stop()


def load_server(net, way, what):
    program = net["server"].start(LOAD, what, way.server, LOAD_PORT)
    program.wait_output("ready")
    return program


def tcp(flows, *reverse):
    """With Linux's usual congestion control, whatever this machine has: BBR
    keeps to a rate of its own, and hides how much more there would be."""
    def once(net, way, seconds):
        said = net["host"].run(
            "iperf3", "-J", "-c", way.server, "-p", IPERF_PORT, "-P", flows,
            "-C", "cubic", "-t", max(1, round(seconds)), *reverse, seconds=seconds + 30)
        return json.loads(said)["end"].get("sum_received")

    def gbits(net, way, seconds):
        # On a busy machine the server may not have done with the last client.
        done = lab.wait_for(lambda: once(net, way, seconds),
                            f"iperf3's result for {way.name}", 30 + seconds)
        return done["bits_per_second"] / 1e9
    return gbits


def send(net, way, seconds, rate):
    """(packets that arrived, ns from the first to the last of them)"""
    sink = load_server(net, way, "sink")
    net["host"].run(LOAD, "send", way.server, LOAD_PORT, seconds, rate,
                    seconds=seconds + 30)
    sink.stop()
    came, span, _ = map(int, sink.output().split()[1:])
    if came < 2:
        raise lab.LabError(f"{way.name}: no packets arrived")
    return came, span


def udp_flood(net, way, seconds):
    """Packets a second that arrive when as many are sent as can be."""
    came, span = send(net, way, seconds, NO_LIMIT)
    return (came - 1) / span * 1e6


def process_ns(pids):
    """Time that the kernel has given to these processes, threads included."""
    return sum(int(path.read_text().split()[0]) for pid in pids
               for path in pathlib.Path(f"/proc/{pid}/task").glob(
                   "*/schedstat"))


def machine_ns():
    """Time that this machine's processors were not idle, whoever had it."""
    fields = pathlib.Path("/proc/stat").read_text().split("\n")[0].split()
    user, nice, system, _idle, _iowait, irq, softirq = map(int, fields[1:8])
    tick = 1e9 / os.sysconf("SC_CLK_TCK")
    return (user + nice + system + irq + softirq) * tick


def udp_cpu(net, way, seconds):
    """Processor time a packet at a rate that every way can carry."""
    pids = way.pids()
    process, machine = process_ns(pids), machine_ns()
    came, _ = send(net, way, seconds, PACED)
    figures = {"cpu machine": (machine_ns() - machine) / came / 1e3}
    if pids:
        figures["cpu translators"] = (process_ns(pids) - process) / came / 1e3
    return figures


def round_trip(net, way, seconds):
    echo = load_server(net, way, "echo")
    said = net["host"].run(LOAD, "ping", way.server, LOAD_PORT, seconds,
                           seconds=seconds + 30)
    echo.stop()
    return int(said.split()[0]) / 1e3


def start(net, way, _seconds):
    """From the call that starts plat to the first packet at the server,
    while packets for it come all the time."""
    if not hasattr(way, "stop_plat"):
        return {}
    way.stop_plat()
    sink = load_server(net, way, "sink")
    sender = net["host"].start(LOAD, "send", way.server, LOAD_PORT, 1, PACED)
    begin = time.monotonic_ns()
    way.start_plat(net["pe"])
    sender.proc.wait()
    sink.stop()
    return {"start": (int(sink.output().split()[3]) - begin) / 1e6}


MEASURES = {
    "tcp 1 up": tcp(1),
    "tcp 1 down": tcp(1, "-R"),
    "tcp 8 up": tcp(8),
    "tcp 8 down": tcp(8, "-R"),
    "udp": udp_flood,
    "cpu": udp_cpu,
    "rtt": round_trip,
    "start": start,
}

# figure: (title, unit, whether more is better)
UNITS = {
    "tcp 1 up": ("TCP, one flow, up", "Gbit/s", True),
    "tcp 1 down": ("TCP, one flow, down", "Gbit/s", True),
    "tcp 8 up": ("TCP, eight flows, up", "Gbit/s", True),
    "tcp 8 down": ("TCP, eight flows, down", "Gbit/s", True),
    "udp": ("UDP, 100 bytes, flood", "kpps", True),
    "cpu translators": (f"CPU of the translators at {PACED // 1000} kpps",
                        "us/packet", False),
    "cpu machine": (f"CPU of the whole machine at {PACED // 1000} kpps",
                    "us/packet", False),
    "rtt": ("round trip, UDP", "us", False),
    "start": ("plat: start to first packet", "ms", False),
}
