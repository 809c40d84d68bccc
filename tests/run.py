#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run.py GROUP... - run tests, say pass or fail for each file, and sum up

lint  every executable in tests/lint, a few at a time
unit  the Criterion program (environment UNIT)
net   every tests/net/test_*.py, one after the other: they share the machine

A file may print TAP ("ok - name", "not ok - name") or unittest's summary;
then its tests are counted one by one. Otherwise its exit status is one test.
Lint scripts count as one each. The last line is "N passed, N failed"; the
exit status is 1 if anything failed or nothing ran.

ONLY=WORD in the environment runs just the files whose name holds WORD.
"""
import concurrent.futures
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIMEOUT = int(os.environ.get("TEST_TIMEOUT", "300"))
TAP = re.compile(r"^(not )?ok\b(.*)$", re.M)
PLAN = re.compile(r"^1\.\.(\d+)", re.M)
RAN = re.compile(r"^Ran (\d+) tests? in ", re.M)
BAD = re.compile(r"^FAILED \((.*)\)$", re.M)


class Outcome:
    """What one file came to: counts, and text to show if it failed."""

    def __init__(self, name, passed, failed, text, seconds=0.0):
        self.name, self.passed, self.failed = name, passed, failed
        self.text, self.seconds = text, seconds

    def show(self):
        word = "FAIL" if self.failed else "pass"
        print(f"{word}  {self.name}  {self.passed} passed, "
              f"{self.failed} failed ({self.seconds:.1f} s)")
        if self.failed:
            for line in self.text.rstrip().splitlines():
                print(f"      {line}")
        sys.stdout.flush()


def start(argv, **more):
    """Run argv in a process group of its own that does not outlive it."""
    begin = time.monotonic()
    proc = subprocess.Popen(argv, cwd=ROOT, text=True, errors="replace",
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, start_new_session=True,
                            **more)
    late = ""
    try:
        out, _ = proc.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        late = f"\nstopped after {TIMEOUT} s"
        os.killpg(proc.pid, signal.SIGTERM)
        try:
            out, _ = proc.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(proc.pid, signal.SIGKILL)
            out, _ = proc.communicate()
    status = 124 if late else proc.returncode
    return status, out + late, time.monotonic() - begin


def count(status, out):
    """Tests that passed and failed, by a program's status and its output."""
    results = TAP.findall(out)
    passed = failed = 0
    if results:
        real = [bad for bad, rest in results if "# SKIP" not in rest]
        failed = sum(1 for bad in real if bad)
        passed = len(real) - failed
        plan = PLAN.search(out)
        if plan and int(plan[1]) != len(results):
            failed += 1
    elif RAN.search(out):
        bad = BAD.search(out)
        words = re.findall(r"(failures|errors)=(\d+)", bad[1]) if bad else []
        skip = re.search(r"skipped=(\d+)", out)
        failed = sum(int(n) for _, n in words)
        passed = int(RAN.search(out)[1]) - failed
        passed = max(0, passed - (int(skip[1]) if skip else 0))
    elif status == 0:
        passed = 1
    if not passed and not failed or status and not failed:
        failed += 1
    return passed, failed


def run_file(path, env=None):
    argv = [str(path)]
    if path.suffix == ".py":
        argv.insert(0, sys.executable)
    status, out, seconds = start(argv, env=env)
    return path.relative_to(ROOT), status, out, seconds


def chosen(paths):
    word = os.environ.get("ONLY", "")
    return [p for p in sorted(paths) if word in p.name]


def group_lint():
    files = chosen(p for p in (ROOT / "tests/lint").iterdir()
                   if p.is_file() and os.access(p, os.X_OK))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, status, out, seconds in pool.map(run_file, files):
            yield Outcome(name, not status, bool(status), out, seconds)


def group_unit():
    """One line per Criterion suite, from the TAP file that it writes."""
    program = os.environ.get("UNIT", str(ROOT / "build/unit"))
    if os.environ.get("ONLY", "unit") not in "unit":
        return
    with tempfile.NamedTemporaryFile("r", suffix=".tap") as tap:
        status, out, seconds = start([program, f"--tap={tap.name}"])
        report = tap.read()
    suites = {}
    for bad, rest in TAP.findall(report):
        if "# SKIP" in rest:
            continue
        suite = rest.strip(" -").split("::")[0]
        suites.setdefault(suite, [0, 0])[bool(bad)] += 1
    for suite in sorted(suites):
        yield Outcome(f"unit {suite}", *suites[suite], "see below")
    _, failed = count(status, report)
    told = sum(bad for _, bad in suites.values())
    if failed > told:
        yield Outcome(f"unit (exit status {status})", 0, failed - told, out,
                      seconds)
    elif failed:
        print(out)


def group_net():
    env = dict(os.environ, PYTHONUNBUFFERED="1")
    for path in chosen((ROOT / "tests/net").glob("test_*.py")):
        name, status, out, seconds = run_file(path, env)
        yield Outcome(name, *count(status, out), out, seconds)


def main(groups):
    known = {"lint": group_lint, "unit": group_unit, "net": group_net}
    passed = failed = 0
    for group in groups:
        for outcome in known[group]():
            outcome.show()
            passed += outcome.passed
            failed += outcome.failed
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
