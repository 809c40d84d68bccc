#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""completions.py XLAT DIR - write completions for bash, zsh and fish

What there is to complete is asked of the binary: --list, and each applet's
--help, which is made from the table of its options."""
import pathlib
import re
import subprocess
import sys

OPTION = re.compile(r"^  --([a-z0-9-]+)(?: (\S+))?(?:  +(.*))?$")
CTL = ("status counters metrics health reload top trace sessions bindings "
       "subscribers pools kill save servers cache lookup flush").split()
DAEMONS = ("clat", "plat", "siit", "dns64")


def ask(xlat, *words):
    return subprocess.run([xlat, *words], check=True, text=True,
                          capture_output=True).stdout.splitlines()


def options(xlat, applet):
    """[(name, value or None, help)]; a long name has its help a line below."""
    found = []
    for line in ask(xlat, applet, "--help"):
        if m := OPTION.match(line):
            found.append([m[1], m[2], m[3] or ""])
        elif found and not found[-1][2] and line.startswith(" " * 20):
            found[-1][2] = line.strip()
    return found


def choices(value):
    """The words of a value such as "auto|off" that can be typed as they are."""
    return [w for w in (value or "").split("|") if w.islower()]


def quote(text):
    return "'" + text.replace("'", "'\\''") + "'"


def bash(applets, table):
    lines = ["_xlat() {", "\tlocal cur=${COMP_WORDS[COMP_CWORD]}",
             "\tlocal prev=${COMP_WORDS[COMP_CWORD-1]}",
             "\tlocal applet=${COMP_WORDS[0]##*/} words=''",
             "\tapplet=${applet#xlat-}",
             "\t[ \"$applet\" != xlat ] || applet=${COMP_WORDS[1]}",
             "\tCOMPREPLY=()",
             "\tif [ \"$applet\" = \"$cur\" ] && [ $COMP_CWORD -eq 1 ]; then",
             f"\t\twords='{' '.join(applets)} --list --version --help'",
             "\telse", "\t\tcase $applet:$prev in"]
    for applet, rows in table.items():
        for name, value, _ in rows:
            if choices(value):
                lines += [f"\t\t{applet}:--{name}) "
                          f"words='{' '.join(choices(value))}' ;;"]
            elif value == "FILE":
                lines += [f"\t\t{applet}:--{name}) "
                          "COMPREPLY=($(compgen -f -- \"$cur\")); return ;;"]
            elif value:
                lines += [f"\t\t{applet}:--{name}) return ;;"]
    lines += [f"\t\tctl:ctl) words='{' '.join(DAEMONS)}' ;;",
              f"\t\tctl:*) words='{' '.join(CTL)} --json --control' ;;"]
    for applet, rows in table.items():
        words = " ".join(f"--{name}" for name, _, _ in rows)
        lines += [f"\t\t{applet}:*) words='{words}' ;;"]
    lines += ["\t\tesac", "\tfi",
              "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))", "}",
              "complete -F _xlat xlat " +
              " ".join(f"{a} xlat-{a}" for a in DAEMONS)]
    return "\n".join(lines) + "\n"


def zsh(applets, table):
    lines = ["#compdef xlat " + " ".join(f"xlat-{a}" for a in DAEMONS),
             "local applet=${service#xlat-}",
             "if [[ $applet = xlat ]]; then",
             "\tif (( CURRENT == 2 )); then",
             f"\t\tcompadd {' '.join(applets)} -- --list --version --help",
             "\t\treturn", "\tfi", "\tapplet=$words[2]", "\tshift words",
             "\t(( CURRENT-- ))", "fi", "case $applet in"]
    for applet, rows in table.items():
        lines += [f"{applet})", "\t_arguments \\"]
        for name, value, text in rows:
            text = re.sub(r"[\[\]:]", " ", text)
            what = ""
            if value:
                words = choices(value)
                what = f":{value.replace(':', ' ')}:" + (
                    "_files" if value == "FILE" else
                    f"({' '.join(words)})" if words else "")
            spec = f"*--{name}[{text}]{what}"
            lines += [f"\t\t{quote(spec)} \\"]
        lines[-1] = lines[-1].removesuffix(" \\")
        lines += ["\t;;"]
    lines += ["ctl)", f"\tif (( CURRENT == 2 )); then compadd "
              f"{' '.join(DAEMONS)}; else compadd {' '.join(CTL)} -- "
              "--json --control; fi", "\t;;", "esac"]
    return "\n".join(lines) + "\n"


def fish(applets, table):
    lines = ["complete -c xlat -f",
             "complete -c xlat -n __fish_use_subcommand -a "
             f"{quote(' '.join(applets))}"]
    for applet, rows in table.items():
        for name, value, text in rows:
            more = "" if not value else " -r" + (
                " -F" if value == "FILE" else "") + (
                f" -a {quote(' '.join(choices(value)))}"
                if choices(value) else "")
            for command, test in (
                    ("xlat", f" -n '__fish_seen_subcommand_from {applet}'"),
                    (f"xlat-{applet}", "")):
                lines += [f"complete -c {command}{test} -l {name}{more} "
                          f"-d {quote(text)}"]
    lines += ["complete -c xlat -n '__fish_seen_subcommand_from ctl' -a "
              f"{quote(' '.join([*DAEMONS, *CTL]))}"]
    return "\n".join(lines) + "\n"


def main(xlat, folder):
    applets = ask(xlat, "--list")
    table = {applet: options(xlat, applet) for applet in DAEMONS}
    out = pathlib.Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    for name, shell in (("xlat.bash", bash), ("_xlat", zsh),
                        ("xlat.fish", fish)):
        (out / name).write_text(shell(applets, table))


if __name__ == "__main__":
    main(*sys.argv[1:])
