#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tidy.py [FILE...] - clang-tidy of FILEs, or of every source

What is switched off and why is in .clang-tidy.
"""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPS = os.environ.get("DEPSDIR", str(ROOT / "build/deps"))


def ask(*argv):
    return subprocess.run(argv, check=True, capture_output=True,
                          text=True).stdout.strip()


def flags():
    """Compiler's flags by top folder: the same headers as the build sees."""
    own = f"-isystem{ask('clang', '-print-resource-dir')}/include"
    arch = ask("gcc", "-print-multiarch").replace("gnu", "musl")
    core = ["-std=c11", "-ffreestanding", "-nostdinc", own, "-Icore"]
    app = ["-std=c11", "-D_GNU_SOURCE", '-DXLAT_VERSION="0"', "-nostdinc",
           own, f"-isystem/usr/include/{arch}", f"-isystem{DEPS}/include",
           f"-idirafter{DEPS}/hdrs", "-Icore", "-Iplatform/linux", "-Icmd"]
    return {"core": core, "platform": app, "cmd": app}


def tidy(folder, path):
    run = subprocess.run(["clang-tidy", "--quiet", "--warnings-as-errors=*",
                          "-p", folder, str(path)], cwd=ROOT, text=True,
                         capture_output=True)
    text = run.stdout.replace(f"{ROOT}/", "")
    if run.returncode and not text.strip():
        text = run.stderr
    return run.returncode, text


def main():
    by_top = flags()
    files = [pathlib.Path(p) for p in sys.argv[1:]] or \
        [p.relative_to(ROOT) for top in by_top
         for p in sorted((ROOT / top).rglob("*.c"))]
    rows = [{"directory": str(ROOT), "file": str(p),
             "arguments": ["clang", *by_top[p.parts[0]], "-c", str(p)]}
            for p in files]
    bad = 0
    with tempfile.TemporaryDirectory() as tmp, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        pathlib.Path(tmp, "compile_commands.json").write_text(
            json.dumps(rows))
        for status, text in pool.map(lambda p: tidy(tmp, p), files):
            bad += bool(status)
            if status:
                print(text.rstrip())
    return 1 if bad or not files else 0


sys.exit(main())
