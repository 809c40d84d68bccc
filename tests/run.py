#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run.py GROUP... - run tests, say pass or fail for each file, and sum up

lint  every executable in tests/lint, a few at a time
unit  the Criterion program (environment UNIT)
net   every tests/net/test_*.py, a few at a time: each has a world of its own
      (lab.enter), and mostly waits. What failed beside others is run once
      more, alone, at the end; that is what counts, and both are shown
fuzz  every fuzzer, for FUZZ_SECONDS all together
soak  all daemons at work, for SOAK_SECONDS

A file may print TAP ("ok - name", "not ok - name") or unittest's summary;
then its tests are counted one by one. Otherwise its exit status is one test.
Lint scripts count as one each. Before the last line what failed is named
again; the last line is "N passed, N failed", and the exit status is 1 if
anything failed or nothing ran.

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
TIMEOUT = int(os.environ.get("TEST_TIMEOUT", "900"))
TAP = re.compile(r"^(not )?ok (?=-|\d)(.*)$", re.M)
PLAN = re.compile(r"^1\.\.(\d+)", re.M)
RAN = re.compile(r"^Ran (\d+) tests? in ", re.M)
BAD = re.compile(r"^FAILED \((.*)\)$", re.M)
# A failure of unittest: its head, and the last line of its traceback.
FAULT = re.compile(r"^={20,}\n((?:FAIL|ERROR): .*)\n(?s:.*?)\n(\S.*)\n\n"
                   r"(?=={20,}\n|-{20,}\n)", re.M)


class Outcome:
    """What one file came to: counts, and text to show if it failed."""

    def __init__(self, name, counts, text, seconds=0.0):
        self.name, self.text, self.seconds = name, text, seconds
        self.passed, self.failed, self.skipped = counts

    def show(self):
        word = "FAIL" if self.failed else "pass"
        skip = f", {self.skipped} skipped" if self.skipped else ""
        print(f"{word}  {self.name}  {self.passed} passed, "
              f"{self.failed} failed{skip} ({self.seconds:.1f} s)")
        for line in self.text.rstrip().splitlines():
            if self.failed or "SKIP" in line:
                print(f"      {line}")
        sys.stdout.flush()

    def gist(self):
        """What failed, a line each."""
        faults = [f"{head}: {last}" for head, last in
                  FAULT.findall(self.text)]
        faults += re.findall(r"^not ok.*$", self.text, re.M)
        return [f"{self.name}: {fault}" for fault in faults or ["see above"]]


def start(argv, timeout=TIMEOUT, **more):
    """Run argv in a process group of its own that does not outlive it."""
    begin = time.monotonic()
    proc = subprocess.Popen(argv, cwd=ROOT, text=True, errors="replace",
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, start_new_session=True,
                            **more)
    late = ""
    try:
        out, _ = proc.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        late = f"\nstopped after {timeout} s"
        os.killpg(proc.pid, signal.SIGTERM)
        try:
            out, _ = proc.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(proc.pid, signal.SIGKILL)
            out, _ = proc.communicate()
    status = 124 if late else proc.returncode
    return status, out + late, time.monotonic() - begin


def count_tap(out):
    """(passed, failed, skipped); a plan that is not kept is a failure."""
    results = TAP.findall(out)
    real = [bad for bad, rest in results if "# SKIP" not in rest]
    failed = sum(1 for bad in real if bad)
    plan = PLAN.search(out)
    broken = bool(plan) and int(plan[1]) != len(results)
    return len(real) - failed, failed + broken, len(results) - len(real)


def count_unittest(out):
    bad = BAD.search(out)
    words = re.findall(r"(failures|errors)=(\d+)", bad[1]) if bad else []
    failed = sum(int(n) for _, n in words)
    skip = re.search(r"skipped=(\d+)", out)
    skipped = int(skip[1]) if skip else 0
    ran = int(RAN.search(out)[1])
    return max(0, ran - failed - skipped), failed, skipped


def count(status, out):
    """(passed, failed, skipped) by a program's status and its output."""
    if TAP.search(out):
        passed, failed, skipped = count_tap(out)
    elif RAN.search(out):
        passed, failed, skipped = count_unittest(out)
    else:
        passed, failed, skipped = int(status == 0), 0, 0
    if status and not failed or not passed + failed + skipped:
        failed += 1
    return passed, failed, skipped


def run_file(path, env=None, timeout=TIMEOUT):
    argv = [str(path)]
    if path.suffix == ".py":
        argv.insert(0, sys.executable)
    status, out, seconds = start(argv, timeout, env=env)
    return path.relative_to(ROOT), status, out, seconds


def chosen(paths):
    word = os.environ.get("ONLY", "")
    return [p for p in sorted(paths) if word in p.name]


def side_by_side(paths, env=None):
    """Run files, as many at a time as there are processors."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(lambda path: run_file(path, env), paths)


def group_lint():
    files = chosen(p for p in (ROOT / "tests/lint").iterdir()
                   if p.is_file() and os.access(p, os.X_OK))
    for name, status, out, seconds in side_by_side(files):
        yield Outcome(name, (int(not status), int(bool(status)), 0), out,
                      seconds)


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
        counts = suites.setdefault(rest.strip(" -").split("::")[0], [0, 0, 0])
        counts[2 if "# SKIP" in rest else bool(bad)] += 1
    for suite in sorted(suites):
        yield Outcome(f"unit {suite}", suites[suite], "see below")
    told = sum(bad for _, bad, _ in suites.values())
    untold = count(status, report)[1] - told
    if untold > 0:
        yield Outcome(f"unit (exit status {status})", (0, untold, 0), out,
                      seconds)
    elif told:
        print(out)


def group_net():
    """A machine that is busy with another file may be too slow for times that
    a protocol sets; alone there is no such excuse."""
    env = dict(os.environ, PYTHONUNBUFFERED="1")
    files = chosen((ROOT / "tests/net").glob("test_*.py"))
    again = []
    for name, status, out, seconds in side_by_side(files, env):
        outcome = Outcome(name, count(status, out), out, seconds)
        if outcome.failed:
            outcome.show()
            again.append(outcome)
        else:
            yield outcome
    for first in again:
        name, status, out, seconds = run_file(ROOT / first.name, env)
        yield Outcome(f"{name} (again)", count(status, out), out, seconds)
        print("\n".join(f"at first: {line}" for line in first.gist()))


def group_fuzz():
    status, out, seconds = start([
        sys.executable, "tests/fuzz/run.py", os.environ["BUILD"] + "/fuzz",
        os.environ["FUZZ_SECONDS"]])
    yield Outcome("fuzz", count(status, out), out, seconds)


def group_soak():
    seconds = int(os.environ.get("SOAK_SECONDS", "120"))
    name, status, out, took = run_file(
        ROOT / "tests/soak/soak.py", dict(os.environ, PYTHONUNBUFFERED="1"),
        timeout=seconds + 180)
    yield Outcome(name, count(status, out), out, took)


def main(groups):
    known = {"lint": group_lint, "unit": group_unit, "net": group_net,
             "fuzz": group_fuzz, "soak": group_soak}
    passed = failed = skipped = 0
    gists = []
    for group in groups:
        for outcome in known[group]():
            outcome.show()
            passed += outcome.passed
            failed += outcome.failed
            skipped += outcome.skipped
            if outcome.failed:
                gists += outcome.gist()
    print("".join(f"failed: {line}\n" for line in gists), end="")
    if skipped:
        print(f"{skipped} skipped: see above")
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
