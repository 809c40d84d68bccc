# SPDX-License-Identifier: MIT
"""lab - hosts, links and programs for the tests of the real binary

enter() makes this process the first one of namespaces of its own (network,
processes, mounts, with an empty /run). Everything that is made afterwards
lives in there: when the process ends, however it ends, the kernel removes the
lot, and nothing of it can be seen from, or reach, the machine around it.

A Lab is a set of hosts, each a network namespace, joined by veth links.

    lab.enter()
    with lab.Lab("left", "right") as net:
        net.link("left", "eth0", "right", "eth0")
        net["left"].ip("addr add 192.0.2.1/24 dev eth0")
        net["right"].ip("addr add 192.0.2.2/24 dev eth0")
        net["left"].run("ping", "-c1", "192.0.2.2")

Nothing here sleeps for luck: wait_for() polls until what is awaited is there.
"""
import contextlib
import ctypes
import difflib
import itertools
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
XLAT = os.environ.get("XLAT", str(ROOT / "build/xlat"))
FILES = pathlib.Path("/run/lab")

_CLONE_NEWNS, _CLONE_NEWPID, _CLONE_NEWNET = 0x20000, 0x20000000, 0x40000000
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 0x40000
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class LabError(Exception):
    """What was to hold in the lab does not; says why."""


def _call(function, *args):
    if function(*args) != 0:
        err = ctypes.get_errno()
        raise OSError(err, f"{function.__name__}: {os.strerror(err)}")


def _mount(source, target, fstype, flags=0, data=None):
    _call(_libc.mount, source, target, fstype, ctypes.c_ulong(flags), data)


def _stand_by(child):
    """Outside: hand signals on to the lab, and its exit status back."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda n, _: os.kill(child, n))
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def _leave(number, _frame):
    """The first process ends, and with it everything in the lab."""
    sys.stdout.flush()
    os._exit(128 + number)


def enter():
    """Go on as the first process of a world of its own; needs root."""
    if os.geteuid() != 0:
        sys.exit("needs root: network namespaces are made here")
    sys.stdout.flush()
    _call(_libc.unshare, _CLONE_NEWNS | _CLONE_NEWPID | _CLONE_NEWNET)
    child = os.fork()
    if child:
        _stand_by(child)
    _call(_libc.prctl, _PR_SET_PDEATHSIG, signal.SIGKILL)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _leave)
    _mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE)
    _mount(b"proc", b"/proc", b"proc")
    _mount(b"tmpfs", b"/run", b"tmpfs", data=b"mode=755")
    FILES.mkdir()
    _no_resolver()


def _no_resolver():
    """The machine's resolver is out of reach; let nobody wait for it."""
    if os.path.exists("/etc/resolv.conf"):
        (FILES / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        _mount(bytes(FILES / "resolv.conf"), b"/etc/resolv.conf", None,
               _MS_BIND)


def wait_for(condition, what, seconds=10.0):
    """Return condition()'s first true result; LabError after some seconds."""
    until = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > until:
            raise LabError(f"not after {seconds:g} s: {what}")
        time.sleep(0.01)


def _status_field(pid, field):
    """A line of /proc/PID/status, or None when the process is gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return re.search(rf"^{field}:[ \t]*(.*)$", text, re.M)[1]


def status(pid):
    """/proc/PID/status as a dictionary."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return dict(re.findall(r"^(\w+):[ \t]*(.*)$", text, re.M))


def cpu_seconds(pid):
    """What it has used so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    used = sum(map(int, fields.split()[11:13]))
    return used / os.sysconf("SC_CLK_TCK")


def alive(pid):
    """Is there such a process, and not only its exit status?"""
    state = _status_field(pid, "State")
    return state is not None and state[0] not in "ZX"


def children(pid):
    """Processes whose parent is pid."""
    pids = (int(p.name) for p in pathlib.Path("/proc").iterdir()
            if p.name.isdigit())
    return [p for p in pids if _status_field(p, "PPid") == str(pid)]


def differences(before, after):
    """What changed between two snapshots of a host, as lines of a diff."""
    found = []
    for what in sorted(before.keys() | after.keys()):
        old = before.get(what, "").splitlines()
        new = after.get(what, "").splitlines()
        found += [f"{what}: {line}" for line in difflib.ndiff(old, new)
                  if line[0] in "+-"]
    return found


class Program:
    """A program that runs in a host until it is stopped."""

    serial = itertools.count(1)
    unreaped = []

    def __init__(self, host, argv, **more):
        self.argv = [str(a) for a in argv]
        name = pathlib.Path(self.argv[0]).name
        self.log = FILES / f"{next(self.serial)}-{host.name}-{name}.log"
        with host.inside(), self.log.open("wb") as log:
            self.proc = subprocess.Popen(self.argv, stdout=log, stderr=log,
                                         stdin=subprocess.DEVNULL, **more)
        self.pid = self.proc.pid
        self.unreaped.append(self)

    def __str__(self):
        return shlex.join(self.argv)

    def output(self):
        return self.log.read_text(errors="replace")

    def running(self):
        return self.proc.poll() is None

    def wait_until(self, condition, what, seconds=10.0):
        """wait_for() that gives up at once when the program has ended."""
        def there():
            ended = not self.running()
            result = condition()
            if ended and not result:
                raise LabError(f"{self}\nended with exit status "
                               f"{self.proc.returncode} before: {what}\n"
                               f"{self.output()}")
            return result
        try:
            return wait_for(there, what, seconds)
        except LabError as err:
            raise LabError(f"{err}\n{self}\nsaid: {self.output()}") from None

    def wait_output(self, pattern, seconds=10.0):
        """Wait for a line in what the program prints; returns the match."""
        return self.wait_until(
            lambda: re.search(pattern, self.output(), re.M),
            f"output {pattern!r}", seconds)

    def stop(self, number=signal.SIGTERM, seconds=10.0):
        """Send a signal, reap the program and return its exit status."""
        if self.running():
            self.proc.send_signal(number)
        try:
            return self.proc.wait(seconds)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()
            raise LabError(f"{self}\nstill there {seconds:g} s after signal "
                           f"{number}: {self.output()}") from None


def ctl(*words):
    """xlat ctl: the sockets are files, so any host can ask."""
    return _try_run([XLAT, "ctl", *words])


def ask(*words):
    """What xlat ctl says, as data."""
    done = ctl(*words, "--json")
    if done.returncode != 0:
        raise LabError(f"xlat ctl {' '.join(words)} --json: exit status "
                       f"{done.returncode}: {done.stdout}")
    return json.loads(done.stdout)


class Host:
    """A network namespace; programs and sockets can be put into it."""

    def __init__(self, name):
        self.name = name
        _run(["ip", "netns", "add", name])
        self.fd = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)
        for family in ("default", "all"):
            self.sysctl(f"net/ipv6/conf/{family}/accept_dad", 0)
        self.sysctl("net/ipv6/conf/default/router_solicitations", 0)
        self.sysctl("net/ipv4/ping_group_range", "0 2147483647")
        self.ip("link set lo up")

    @contextlib.contextmanager
    def inside(self):
        """What this thread opens or starts meanwhile belongs to the host."""
        with open("/proc/thread-self/ns/net", "rb") as home:
            _call(_libc.setns, self.fd, _CLONE_NEWNET)
            try:
                yield self
            finally:
                _call(_libc.setns, home.fileno(), _CLONE_NEWNET)

    def try_run(self, *argv, seconds=30.0, **more):
        """Run a program to its end; a CompletedProcess with all it said."""
        with self.inside():
            return _try_run(argv, seconds, **more)

    def run(self, *argv, seconds=30.0, **more):
        """Run a program that has to succeed; what it said."""
        with self.inside():
            return _run(argv, seconds, **more)

    def start(self, *argv, **more):
        """Start a program that stays."""
        return Program(self, argv, **more)

    def xlat(self, *argv, **more):
        """Start an applet and return when it answers xlat ctl."""
        words = [str(a) for a in argv]
        name = words[0]
        if "--instance" in words:
            name = words[words.index("--instance") + 1]
        program = self.start(XLAT, *words, **more)
        program.wait_until(lambda: ctl(name, "status").returncode == 0,
                           f"xlat ctl {name} status answers")
        return program

    def ip(self, *commands):
        """Commands of ip(8), without the leading word. An IPv6 address can
        be used at once; even where nothing is to be detected, that would
        wait for a thread of the kernel's."""
        lines = [f"{c} nodad" if re.match(r"addr (add|replace) \S*:", c)
                 and "nodad" not in c else c for c in commands]
        self.run("ip", "-batch", "-", input="\n".join(lines))

    def sysctl(self, name, value=None):
        """Read a setting below /proc/sys, or write it."""
        with self.inside():
            path = pathlib.Path("/proc/sys", name)
            if value is None:
                return path.read_text().strip()
            return path.write_text(f"{value}\n")

    def keep_silent(self):
        """Its kernel sends no multicast listener reports, which would be
        counted among what a test sends."""
        self.run("nft", "add table ip6 silent; add chain ip6 silent output "
                 "{ type filter hook output priority 0; }; add rule ip6 "
                 "silent output ip6 daddr ff02::16 drop")

    def links(self):
        """Names of the host's network devices."""
        said = self.run("ip", "-o", "link")
        return {line.split(":")[1].split("@")[0].strip()
                for line in said.splitlines()}

    def taken(self, device):
        """Packets that who made a TUN device has read from it."""
        with self.inside():
            text = pathlib.Path("/proc/thread-self/net/dev").read_text()
        found = re.search(rf"^ *{device}:(.*)$", text, re.M)
        return int(found[1].split()[9])

    def wait_established(self, port, seconds=10.0):
        """Wait until a TCP connection to a local port is up."""
        wait_for(lambda: self.run("ss", "-Htn", "state", "established",
                                  f"sport = :{port}"),
                 f"{self.name}: a connection to port {port}", seconds)

    def pids(self):
        """Processes that live here."""
        def here(pid):
            try:
                ns = os.stat(f"/proc/{pid}/ns/net")
            except (FileNotFoundError, ProcessLookupError):
                return False
            return os.path.samestat(ns, os.fstat(self.fd))
        pids = (int(p.name) for p in pathlib.Path("/proc").iterdir()
                if p.name.isdigit())
        return [p for p in pids if p != os.getpid() and here(p) and alive(p)]

    def snapshot(self):
        """Everything a program could have changed here, as {name: text}."""
        what = {cmd: self.run(*cmd.split()) for cmd in (
            "ip link", "ip addr", "ip rule", "ip -6 rule",
            "nft list ruleset",
            "ip -4 route show table all", "ip -6 route show table all")}
        with self.inside():
            for top in ("core", "ipv4", "ipv6"):
                for path in pathlib.Path("/proc/sys/net", top).rglob("*"):
                    with contextlib.suppress(OSError):
                        # the kernel makes this key when it is first needed
                        if path.is_file() and path.name != "tcp_fastopen_key":
                            what[str(path)] = path.read_text()
        what["files"] = "\n".join(
            str(p) for p in sorted(pathlib.Path("/run").rglob("*"))
            if not p.is_relative_to(FILES)
            and not p.is_relative_to("/run/mount"))  # mount(8)'s own
        return what

    def close(self):
        os.close(self.fd)
        _run(["ip", "netns", "del", self.name])


class Lab:
    """Hosts by name; leaving it ends every process and removes them."""

    def __init__(self, *names):
        self.hosts = {}
        for name in names:
            self.hosts[name] = Host(name)

    def __getitem__(self, name):
        return self.hosts[name]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def link(self, a, a_dev, b, b_dev):
        """Join two hosts by a veth pair; both ends are up."""
        _run(["ip", "link", "add", a_dev, "netns", a, "type", "veth",
              "peer", "name", b_dev, "netns", b])
        self[a].ip(f"link set {a_dev} up")
        self[b].ip(f"link set {b_dev} up")

    def close(self):
        """End every process but this one, and remove the hosts."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        for program in Program.unreaped:
            program.proc.wait()
        Program.unreaped.clear()
        with contextlib.suppress(ChildProcessError):
            while True:
                os.wait()
        for host in self.hosts.values():
            host.close()
        self.hosts = {}


def _try_run(argv, seconds=30.0, **more):
    argv = [str(a) for a in argv]
    if "input" not in more:
        more["stdin"] = subprocess.DEVNULL
    try:
        for _ in range(100):
            done = subprocess.run(argv, text=True, errors="replace",
                                  timeout=seconds, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False,
                                  **more)
            # ip(8), when something has changed while it was reading
            if "Dump was interrupted" not in done.stdout:
                break
        return done
    except subprocess.TimeoutExpired as err:
        said = (err.stdout or b"").decode(errors="replace")
        raise LabError(f"{shlex.join(argv)}\nnot finished after "
                       f"{seconds:g} s: {said}") from None


def _run(argv, seconds=30.0, **more):
    done = _try_run(argv, seconds, **more)
    if done.returncode != 0:
        raise LabError(f"{shlex.join(str(a) for a in argv)}\n"
                       f"{more.get('input', '')}\n"
                       f"exit status {done.returncode}: {done.stdout}")
    return done.stdout
