#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""reload_bench.py [ROUNDS] - how long a reload of 100,000 mappings takes, and
how many packets of 10,000 a second are missing meanwhile. Daemon and sender
come before whatever else the machine is busy with. Needs root."""
import os
import pathlib
import re
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "net"))

import lab  # noqa: E402
import packets  # noqa: E402
import test_reload as on  # noqa: E402

COUNT = 100_000
DATA = b"10 kpps"


class Reload(on.Case):
    def runTest(self):
        """Not a test: measure() is called with what setUp() makes."""

    def begin(self):
        self.write(f"eam {on.A4},{on.A6}", *on.many_mappings(COUNT))
        self.start()
        self.box.ip("route replace blackhole 2001:db8:5::/64")
        os.sched_setscheduler(self.siit.pid, os.SCHED_RR, os.sched_param(10))

    def send(self, over, sent):
        """20 packets every 2 ms, until it is over."""
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(10))
        packet = packets.udp(on.FAR4, on.A4, 1, 2, DATA)
        at = time.monotonic()
        while not over.is_set():
            for _ in range(20):
                self.tap.send(packet)
            sent.append(20)
            at += 0.002
            time.sleep(max(0.0, at - time.monotonic()))

    def measure(self, rounds):
        """(milliseconds of each reload, packets sent, packets that came)"""
        over, sent, got = threading.Event(), [], 0
        sender = threading.Thread(target=self.send, args=(over, sent))
        sender.start()
        try:
            for _ in range(rounds):
                self.reload()
        finally:
            over.set()
            sender.join()
        while got < sum(sent) and self.tap.receive(
                lambda p: p.version == 6 and p.body[8:] == DATA, 2):
            got += 1
        times = re.findall(r"in force, after (\d+) ms", self.siit.output())
        return [int(t) for t in times], sum(sent), got


def main():
    lab.enter()
    case = Reload()
    case.setUp()
    try:
        case.begin()
        times, sent, got = case.measure(
            int(sys.argv[1]) if len(sys.argv) > 1 else 5)
    finally:
        case.doCleanups()
    print(f"reload of {COUNT} mappings: median {statistics.median(times):.0f}"
          f" ms, {min(times)} to {max(times)}; {sent - got} of {sent} packets"
          " missing")


if __name__ == "__main__":
    main()
