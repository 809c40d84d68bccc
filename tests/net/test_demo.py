#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make demo holds, and a demo that is interrupted leaves nothing running. It
makes its own world, so it is started from outside of one."""
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import unittest

DEMO = pathlib.Path(__file__).with_name("demo.py")


def start():
    return subprocess.Popen([sys.executable, "-u", DEMO], text=True,
                            stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def descendants(pid):
    """All processes below one, as the machine outside numbers them."""
    found = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *descendants(child)]
    return found


def gone(pid):
    try:
        return "\nState:\tZ" in pathlib.Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


class Demo(unittest.TestCase):
    def test_every_line_holds(self):
        with start() as demo:
            said, _ = demo.communicate(timeout=150)
        self.assertEqual(demo.returncode, 0, said)
        table = said[said.index("What was shown"):]
        lines = re.findall(r"^ *\d+  .*  ok  ", table, re.M)
        self.assertGreaterEqual(len(lines), 12, said)

    def test_interrupted(self):
        """In the middle of it, politely and not: the kernel clears up."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(number.name), start() as demo:
                for line in demo.stdout:
                    if "Ping an IPv4" in line:
                        break
                below = descendants(demo.pid)
                # the demo's first process, three applets, two servers
                self.assertGreater(len(below), 5)
                os.kill(demo.pid, number)
                demo.wait(10)
                until = time.monotonic() + 10
                while not all(map(gone, below)):
                    self.assertLess(time.monotonic(), until)
                    time.sleep(0.01)


if __name__ == "__main__":
    unittest.main(verbosity=2)
