#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lint scripts find what they are there to find: each is run on a copy of
the tree with one mistake put in, and has to fail and to name the file.

Left out are clang-tidy and cppcheck, whose finding of mistakes is others'
work, and what looks at the binary."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
LONG = "int m(void)\n{\n" + "\t;\n" * 60 + "}\n"

# script, file that it has to name, text put behind the file's own
MUTANTS = [
    ("purity.sh", "core/xlat.c", "#include <stdio.h>\n"),
    ("purity.sh", "core/xlat.c",
     "int abs(int);\nint m(int);\nint m(int n)\n{\n\treturn abs(n);\n}\n"),
    ("purity.sh", "core/xlat.c",
     "int m(void);\nint m(void)\n{\n\tstatic int n;\n\n\treturn n++;\n}\n"),
    ("layers.py", "core/xlat.h", '#include "siit/siit.h"\n'),
    ("layers.py", "core/siit/siit.h", '#include "nat64/nat64.h"\n'),
    ("layers.py", "core/dns/m.c", '#include "nat64/nat64.h"\n'),
    ("layers.py", "core/nat64/m.h", '#include "../dns/m.h"\n'),
    ("layers.py", "platform/linux/ev.h", '#include "options.h"\n'),
    ("layers.py", "core/packet.h", '#include "ev.h"\n'),
    ("bpf.py", "core/wire/be.h", "#include <string.h>\n"),
    ("bpf.py", "core/wire/be.h",
     "int outside(void);\nXL_INLINE int m(void)\n{\n\treturn outside();\n}\n"),
    ("format.sh", "core/xlat.h", "int  m( void );\n"),
    ("length.py", "core/xlat.c", LONG),
    ("length.py", "tests/lint/length.except", "core/xlat.c m because\n"),
    ("spdx.py", "core/m.c", "int m;\n"),
    ("shell.sh", "scripts/deps.sh", "rm $1\n"),
    ("reasons.py", "core/xlat.h",
     ("#define XLAT_REASONS(R)",
      '#define XLAT_REASONS(R) R(M, "mutant", "what", "advice")')),
]


def copy(to):
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True,
                           capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    for argv in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *argv], cwd=to, check=True)


def survives(tree, script, name, change):
    """Put one mistake in, run the script, and take the mistake out again."""
    path = tree / name
    before = path.read_text() if path.is_file() else None
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(change, tuple):
        path.write_text(before.replace(*change, 1))
    else:
        path.write_text((before or "") + change)
    subprocess.run(["git", "add", name], cwd=tree, check=True)
    argv = [tree / "tests/lint" / script]
    if script == "purity.sh":
        argv.append(name)  # all of core would take its time
    run = subprocess.run(argv, cwd=tree, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if before is None:
        path.unlink()
    else:
        path.write_text(before)
    subprocess.run(["git", "add", "-A"], cwd=tree, check=True)
    wanted = "mutant" if script == "reasons.py" else f"{name}:"
    return run.returncode == 0 or wanted not in run.stdout


def main():
    bad = 0
    with tempfile.TemporaryDirectory() as tmp:
        tree = pathlib.Path(tmp)
        copy(tree)
        (tree / "core/dns").mkdir(exist_ok=True)
        for script, name, change in MUTANTS:
            if survives(tree, script, name, change):
                print(f"tests/lint/{script}:1: does not see a mistake in "
                      f"{name}: {str(change)[:60]!r}")
                bad += 1
    return 1 if bad else 0


sys.exit(main())
