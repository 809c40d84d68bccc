#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run.py FOLDER SECONDS - run every fuzzer in FOLDER, all of them together
for SECONDS of processor time

What they find on the way stays in FOLDER/corpus and is where the next run
begins; an input that breaks something is left in FOLDER/found."""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import seeds

RUNS = re.compile(r"^Done (\d+) runs", re.M)


def run(program, folder, seconds):
    """(whether nothing was found, what to show)"""
    corpus = folder / "corpus" / program.name
    found = folder / "found" / program.name
    seeds.write(corpus, program.name)
    found.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as tmp:
        done = subprocess.run(
            [program.resolve(), f"-max_total_time={seconds}", "-timeout=10",
             f"-artifact_prefix={found}/", corpus],
            env={**os.environ, "TMPDIR": tmp}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, errors="replace")
    runs = RUNS.search(done.stderr)
    if done.returncode or not runs or int(runs[1]) == 0:
        return False, done.stderr
    return True, f"{runs[1]} inputs"


def main(folder, seconds):
    programs = sorted(p for p in folder.iterdir()
                      if p.is_file() and os.access(p, os.X_OK))
    share = max(1, round(seconds / max(1, len(programs))))
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda p: run(p, folder, share), programs)
        for number, (program, (good, text)) in enumerate(
                zip(programs, results), 1):
            bad += not good
            word = "ok" if good else "not ok"
            print(f"{word} {number} - {program.name}: "
                  f"{text if good else 'see below'}", flush=True)
            if not good:
                print(text)
    print(f"1..{len(programs)}")
    return 1 if bad or not programs else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), int(sys.argv[2])))
