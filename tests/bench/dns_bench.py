#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""dns_bench.py - DNS64: xlat, Unbound and BIND side by side

All three ask the same server for the same names, over the loopback of a
namespace, and have one thread each. Answers a second and CPU time a query are
of a warm cache with 10,000 names, taken in turn several times over, the median
counts; memory is what is resident at the start and with 100,000 names. "us
added" is the median time of a question that has to be passed on, less that of
the same question put to the server itself, one after the other. The last rows
are with one and two threads and 20 ports of dnsperf's, among which the kernel
spreads them; dnsperf itself takes a processor and a half, so that on two there
is none left for a second thread, and only the CPU time tells what threads cost
each other. What a second thread is worth tells dns_scale.

Environment: BENCH_SECONDS=N for each figure (default 2), BENCH_ROUNDS=N
(default 3). Prints a table and writes build/bench/dns.csv."""
import csv
import os
import pathlib
import re
import shutil
import socket
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "net"))

import dnsmsg  # noqa: E402
import lab  # noqa: E402

SECONDS = os.environ.get("BENCH_SECONDS", "2")
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
OUT = pathlib.Path(os.environ["BUILD"]) / "bench/dns.csv"
MANY, FEW = 100_000, 10_000
PASSED_ON = range(50_000, 50_500)  # names not asked for before
UP = 5301
TICK = os.sysconf("SC_CLK_TCK")
UNITS = {"queries/s": "{:.0f}", "us CPU/query": "{:.2f}",
         "us added": "{:.0f}", "MiB at start": "{:.1f}", "MiB, 100k names": "{:.1f}",
         "20 ports, queries/s": "{:.0f}", "20 ports, us CPU": "{:.2f}",
         "2 threads, queries/s": "{:.0f}", "2 threads, us CPU": "{:.2f}"}

COMMON = """server:
 do-daemonize: no
 username: ""
 chroot: ""
 pidfile: ""
 use-syslog: no
 directory: "{dir}"
 num-threads: {threads}
 interface: 127.0.0.1@{port}
 access-control: 127.0.0.0/8 allow
"""
SERVER = """ module-config: "iterator"
 local-zone: "bench." static
 local-data: 'bench. 3600 IN SOA ns.bench. who.bench. 1 2 3 4 3600'
"""
UNBOUND = """ module-config: "dns64 iterator"
 dns64-prefix: 64:ff9b::/96
 do-not-query-localhost: no
 msg-cache-size: 64m
 rrset-cache-size: 64m
forward-zone:
 name: "."
 forward-addr: 127.0.0.1@{up}
"""
BIND = """options {{
 directory "{dir}"; pid-file none; session-keyfile none;
 listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
 recursion yes; allow-query {{ any; }}; dnssec-validation no;
 empty-zones-enable no;
 forward only; forwarders {{ 127.0.0.1 port {up}; }};
 dns64 64:ff9b::/96 {{ clients {{ any; }}; }};
}};
controls {{ }};
"""


def write(name, text):
    path = lab.FILES / name
    path.write_text(text)
    return path


def names(count):
    return write(f"names-{count}", "".join(f"w{i}.bench AAAA\n"
                                           for i in range(count)))


def start_server(box):
    data = "".join(f" local-data: 'w{i}.bench. 3600 IN A 8.{i >> 16}."
                   f"{i >> 8 & 255}.{i & 255}'\n" for i in range(MANY))
    text = COMMON.format(dir=lab.FILES, port=UP, threads=1) + SERVER + data
    return box.start("unbound", "-d", "-c", write("server.conf", text))


def start(box, way, port, threads):
    text = {"unbound": COMMON + UNBOUND, "bind": BIND}.get(way, "").format(
        dir=lab.FILES, port=port, up=UP, threads=threads)
    if way == "unbound":
        return box.start("unbound", "-d", "-c", write("unbound.conf", text))
    if way == "bind":
        return box.start("named", "-f", "-n", threads, "-c",
                         write("named.conf", text))
    return box.start(lab.XLAT, "dns64", "--listen", f"127.0.0.1:{port}",
                     "--forward", f"127.0.0.1:{UP}", "--control", "none",
                     "--cache-size", "64m", "--threads", threads)


def resident(program):
    text = pathlib.Path(f"/proc/{program.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) / 1024


def cpu(program):
    """Seconds, of all its threads."""
    text = pathlib.Path(f"/proc/{program.pid}/stat").read_text()
    fields = text.rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def load(box, port, count, *more):
    """dnsperf's figures: queries completed, and a second."""
    done = box.run("dnsperf", "-s", "127.0.0.1", "-p", port, "-d",
                   names(count), "-q", 100, *more, seconds=300)
    completed = re.search(r"Queries completed:\s+(\d+)", done)
    each = re.search(r"Queries per second:\s+([\d.]+)", done)
    return int(completed.group(1)), float(each.group(1))


def warm(box, way, port, threads):
    program = start(box, way, port, threads)
    client = dnsmsg.Client(box, "127.0.0.1", port=port)
    program.wait_until(lambda: answers(client), "it answers", 30)
    return program


def measure(box, program, port, *more):
    """Queries a second, and us of CPU for each."""
    load(box, port, FEW, "-n", 1)
    before = cpu(program)
    count, each = load(box, port, FEW, "-l", SECONDS, *more)
    return each, (cpu(program) - before) / count * 1e6


def median_time(box, port):
    """Microseconds from a question to its answer."""
    times = []
    with box.inside():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sock:
        sock.connect(("127.0.0.1", port))
        sock.settimeout(5)
        for number in PASSED_ON:
            message = dnsmsg.question(f"w{number}.bench", "A", ident=number)
            begin = time.perf_counter()
            sock.send(message)
            sock.recv(2000)
            times.append((time.perf_counter() - begin) * 1e6)
    return statistics.median(times)


def warm_run(box, way, port, results):
    program = warm(box, way, port, 1)
    results["MiB at start"].append(resident(program))
    rate, took = measure(box, program, port)
    results["queries/s"].append(rate)
    results["us CPU/query"].append(took)
    direct = median_time(box, UP)
    results["us added"].append(median_time(box, port) - direct)
    return program


def threads_run(box, way, port, results):
    for threads, word in ((1, "20 ports"), (2, "2 threads")):
        program = warm(box, way, port, threads)
        rate, took = measure(box, program, port, "-c", 20)
        results[f"{word}, queries/s"].append(rate)
        results[f"{word}, us CPU"].append(took)
        program.stop()


def answers(client):
    try:
        return client.ask("w0.bench").shown()
    except OSError:
        return False


def show(results):
    rows = [["", *results]]
    for figure, form in UNITS.items():
        rows.append([figure] + [form.format(statistics.median(r[figure]))
                                for r in results.values()])
    for row in rows:
        print(f"{row[0]:22}" + "".join(f"{cell:>12}" for cell in row[1:]))
    with OUT.open("w", newline="") as out:
        csv.writer(out).writerows(rows)


def main():
    ways = ["xlat"] + [way for way, program in
                       (("unbound", "unbound"), ("bind", "named"))
                       if shutil.which(program)]
    results = {way: {figure: [] for figure in UNITS} for way in ways}
    with lab.Lab("box") as net:
        box = net["box"]
        server = start_server(box)
        client = dnsmsg.Client(box, "127.0.0.1", port=UP)
        server.wait_until(lambda: answers(client) is not False,
                          "the server answers", 60)
        for turn in range(ROUNDS):
            for number, way in enumerate(ways):
                port = 5310 + number
                program = warm_run(box, way, port, results[way])
                if turn == ROUNDS - 1:
                    load(box, port, MANY, "-n", 1)
                    results[way]["MiB, 100k names"].append(resident(program))
                program.stop()
                threads_run(box, way, port, results[way])
    show(results)


lab.enter()
main()
