#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""net_bench.py - plain forwarding, xlat, TAYGA and Jool side by side

Four hosts in namespaces of this process; every way across them is set up at
the same time. Each figure is taken for each way in turn, several times over,
and the median is shown: what else the machine does meets all ways alike. The
machine makes the load and takes it in as well, so ratios say more than
figures.

Environment: BENCH_SECONDS=N for each figure (default 2), BENCH_ROUNDS=N
(default 3), BENCH_ONLY=WORD: only what has the word in its name ("tcp", "udp",
"cpu", "rtt"), BENCH_WAYS="plain xlat": only these ways.

Prints a table; writes net.csv and net.svg below build/bench.
"""
import csv
import os
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "net"))

import chart  # noqa: E402
import lab  # noqa: E402
import measures  # noqa: E402
import ways  # noqa: E402

SECONDS = float(os.environ.get("BENCH_SECONDS", "2"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
ONLY = os.environ.get("BENCH_ONLY", "")
WAYS = os.environ.get("BENCH_WAYS", "plain xlat tayga jool").split()
RATIOS = [("xlat", "plain"), ("xlat", "tayga"), ("xlat", "jool"),
          ("tayga", "plain")]
OUT = pathlib.Path(measures.LOAD).parent


class Results:
    """Figures by name and way; each a list, of which the median counts."""

    def __init__(self, names):
        self.ways = names
        self.values = {}

    def add(self, figure, way, value):
        self.values.setdefault(figure, {}).setdefault(way, []).append(value)

    def figures(self):
        return [f for f in measures.UNITS if f in self.values]

    def median(self, figure, way):
        values = self.values[figure].get(way)
        return statistics.median(values) if values else None

    def ratio(self, figure, way, base):
        mine, theirs = self.median(figure, way), self.median(figure, base)
        return mine / theirs if mine and theirs else None


def take(net, there, names):
    """Every measure on every way, and that several times over."""
    results = Results([way.name for way in there])
    for turn in range(ROUNDS):
        for name in names:
            for way in there:
                got = measures.MEASURES[name](net, way, SECONDS)
                if not isinstance(got, dict):
                    got = {name: got}
                for figure, value in got.items():
                    results.add(figure, way.name, value)
        print(f"round {turn + 1} of {ROUNDS} done", file=sys.stderr)
    return results


def number(value):
    if value is None:
        return "-"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def show(results, absent):
    pairs = [(a, b) for a, b in RATIOS if {a, b} <= set(results.ways)]
    print(f"\n{'':36} {'unit':9}" +
          "".join(f"{way:>8}" for way in results.ways) +
          "".join(f"{a + '/' + b:>13}" for a, b in pairs))
    for figure in results.figures():
        title, unit, _ = measures.UNITS[figure]
        print(f"{title:36} {unit:9}" +
              "".join(f"{number(results.median(figure, way)):>8}"
                      for way in results.ways) +
              "".join(f"{number(results.ratio(figure, a, b)):>13}"
                      for a, b in pairs))
    print(f"medians of {ROUNDS} rounds of {SECONDS:g} s")
    for way in ways.ALL:
        if way.name in results.ways:
            print(f"{way.name}: {way.note}")
    for name, why in absent.items():
        print(f"{name}: not measured: {why}")


def write_csv(results, path):
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["figure", "unit", "way", "median", "min", "max",
                       "of plain", "of tayga"])
        for figure in results.figures():
            title, unit, _ = measures.UNITS[figure]
            for way, values in results.values[figure].items():
                ratios = [results.ratio(figure, way, base)
                          for base in ("plain", "tayga")]
                numbers = [results.median(figure, way), min(values),
                           max(values), *ratios]
                rows.writerow([title, unit, way] + [
                    "" if n is None else f"{n:.4g}" for n in numbers])


def main():
    names = [name for name in measures.MEASURES if ONLY in name]
    if not names:
        return 0
    lab.enter()
    begin = time.monotonic()
    absent = {w.name: w.missing() for w in ways.ALL
              if w.name in WAYS and w.missing()}
    there = [w() for w in ways.ALL if w.name in WAYS and w.name not in absent]
    with ways.build() as net:
        for way in there:
            way.start(net)
        with measures.iperf_server(net):
            results = take(net, there, names)
        for way in there:
            way.stop()
    show(results, absent)
    write_csv(results, OUT / "net.csv")
    chart.write(results, measures.UNITS, OUT / "net.svg")
    print(f"{time.monotonic() - begin:.0f} s; written: {OUT}/net.csv, net.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
