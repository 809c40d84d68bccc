#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What each process may no longer do: a forbidden system call, made in its
name through ptrace, is its end. An allowed one is not, so it is the filter."""
import contextlib
import errno
import os
import platform
import re
import unittest

import inject
import lab
import packets
from packets import udp

POOL6 = "2001:db8:46::/96"
FAR4, A4, A6 = "203.0.113.9", "198.51.100.1", "2001:db8:5::1"
SIIT = ["siit", "--pool6", POOL6, "--eam", f"{A4},{A6}",
        "--allow4", "198.51.100.0/24", "--allow4", "203.0.113.0/24"]
APPLETS = {
    "siit": SIIT,
    "plat": ["plat", "--pool6", POOL6, "--pool4", "192.0.2.1"],
    "clat": ["clat"],
    "dns64": ["dns64", "--forward", "127.0.0.2", "--listen", "127.0.0.1:53"],
}
# x86-64's numbers
OPEN, MMAP, IOCTL, GETPID, SOCKET, CONNECT, FORK, EXECVE = \
    2, 9, 16, 39, 41, 42, 57, 59
PTRACE, MOUNT, OPENAT, UNSHARE, CLONE3, EPOLL_CTL, BPF, CLOCK = \
    101, 165, 257, 272, 435, 233, 321, 228
BPF_PROG_LOAD, BPF_LINK_CREATE = 5, 28
AF_UNIX, AF_INET, AF_NETLINK, AF_PACKET = 1, 2, 16, 17
SOCK_STREAM, SOCK_DGRAM, SOCK_RAW = 1, 2, 3
O_WRONLY, O_CREAT, AT_FDCWD = 1, 0o100, 2 ** 64 - 100
CAP_NET_ADMIN = 12
EXECUTABLE = 7  # PROT_READ | PROT_WRITE | PROT_EXEC
TIOCSTI, TUNSETIFF, TUNSETOFFLOAD = 0x5412, 0x400454ca, 0x400454d0

NEVER = {
    "execve": (EXECVE, 0, 0, 0),
    "fork": (FORK,),
    "clone3": (CLONE3, 0, 0),
    "ptrace": (PTRACE, 0, 1),
    "mount": (MOUNT, 0, 0, 0),
    "unshare": (UNSHARE, 0),
    "bpf": (BPF, 0, 0, 0),
    "raw socket": (SOCKET, AF_PACKET, SOCK_RAW, 0),
    "executable memory": (MMAP, 0, 4096, EXECUTABLE, 0x22, 2 ** 64 - 1, 0),
    "a file made": (OPENAT, AT_FDCWD, 0, O_CREAT | O_WRONLY, 0o600),
    "ioctl TIOCSTI": (IOCTL, 0, TIOCSTI, 0),
    "ioctl TUNSETIFF": (IOCTL, 0, TUNSETIFF, 0),
    "a number that is none": (9999,),
    "x32's getpid": (0x40000000 | GETPID,),
}
NO_FILES = {
    "a file to write": (OPENAT, AT_FDCWD, 0, O_WRONLY),
    "open": (OPEN, 0, 0),
}
NO_SOCKETS = {
    "unix socket": (SOCKET, AF_UNIX, SOCK_STREAM, 0),
    "inet socket": (SOCKET, AF_INET, SOCK_STREAM, 0),
    "connect": (CONNECT, 0, 0, 0),
}


# Of those, a few are tried where the rest would be the same filter again.
SOME = {name: NEVER[name] for name in ("execve", "raw socket", "ptrace")}


@contextlib.contextmanager
def running(applet, *more):
    """The program, in a lab of its own: it may be going to die."""
    with lab.Lab("box") as net:
        yield net["box"].xlat(*APPLETS[applet], *more), net["box"]


def examining(net):
    """A doctor who has opened what he needs and waits for advertisements."""
    net.link("box", "wan", "isp", "box")
    box = net["box"]
    doctor = box.start(lab.XLAT, "doctor", "--uplink", "wan")
    doctor.wait_until(lambda: lab.status(doctor.pid)["Seccomp"] == "2",
                      "its filter")
    return doctor


def keeper_of(program):
    """Who writes the state."""
    pid, = (p for p in lab.children(program.pid)
            if lab.status(p)["Name"] == "xlat-keeper")
    return pid


def translates(box):
    with packets.Tap(box, "siit") as tap:
        p = tap.ask(udp(FAR4, A4, 1, 2, b"x"),
                    lambda p: p.proto == packets.UDP)
        return p is not None and p.dst == A6


@unittest.skipUnless(platform.machine() == "x86_64", "registers of x86-64")
class Killed(unittest.TestCase):
    def refuses(self, applet, calls, helper=False):
        for name, call in calls.items():
            with self.subTest(name), running(applet) as (program, _):
                pid = program.proc.pid
                if helper:
                    (pid,) = lab.children(pid)
                self.assertIsNone(inject.call(pid, *call))

    def test_siit(self):
        self.refuses("siit", NEVER | NO_FILES | NO_SOCKETS)

    def test_plat(self):
        self.refuses("plat", SOME | NO_SOCKETS)

    def test_dns64(self):
        self.refuses("dns64", SOME | NO_FILES)

    def test_clat(self):
        self.refuses("clat", SOME | {
            "a file to write": NO_FILES["a file to write"],
            "open to write": (OPEN, 0, O_WRONLY),
            "netlink": (SOCKET, AF_NETLINK, SOCK_RAW, 0),
            "ioctl TUNSETIFF": NEVER["ioctl TUNSETIFF"]})

    def test_helper(self):
        self.refuses("siit", SOME | {
            "inet socket": NO_SOCKETS["inet socket"],
            "connect": NO_SOCKETS["connect"],
            "a file made": NEVER["a file made"],
            "a program loaded": (BPF, BPF_PROG_LOAD, 0, 0),
            "epoll_ctl": (EPOLL_CTL, 0, 0, 0, 0)}, helper=True)

    def test_keeper(self):
        for name, call in (SOME | NO_SOCKETS | {
                "a file to read": (OPENAT, AT_FDCWD, "/etc/passwd", 0),
                "epoll_ctl": (EPOLL_CTL, 0, 0, 0, 0)}).items():
            with self.subTest(name), running(
                    "plat", "--state", "/run/xlat/state") as (program, _):
                self.assertIsNone(inject.call(keeper_of(program), *call))

    def test_doctor(self):
        for name, call in SOME.items():
            with self.subTest(name), lab.Lab("box", "isp") as net:
                doctor = examining(net)
                self.assertIsNone(inject.call(doctor.pid, *call))


@unittest.skipUnless(platform.machine() == "x86_64", "registers of x86-64")
class Lives(unittest.TestCase):
    """What is allowed is carried out, by the same way of injecting it."""

    def test_allowed(self):
        with running("siit") as (program, box):
            pid = program.proc.pid
            self.assertEqual(inject.call(pid, GETPID), pid)
            self.assertEqual(inject.call(pid, IOCTL, 99, TUNSETOFFLOAD, 0),
                             -errno.EBADF)
            self.assertEqual(inject.call(pid, OPENAT, 99, 0, 0),
                             -errno.EFAULT)
            self.assertTrue(translates(box))

    def test_helper_may_attach(self):
        """What it was given: to load anything is the end of it, see above."""
        with running("clat") as (program, _):
            helper, = lab.children(program.proc.pid)
            self.assertLess(inject.call(helper, BPF, BPF_LINK_CREATE, 0, 0),
                            0)
            self.assertTrue(program.running())

    def test_clat_may_ask_resolvers(self):
        with running("clat") as (program, _):
            self.assertGreater(inject.call(program.proc.pid, SOCKET, AF_INET,
                                           SOCK_DGRAM, 0), 2)
            self.assertTrue(program.running())

    def test_no_sandbox(self):
        with running("siit", "--no-sandbox") as (program, box):
            self.assertEqual(inject.call(program.proc.pid, SOCKET, 999, 1, 0),
                             -errno.EAFNOSUPPORT)
            self.assertTrue(translates(box))


@unittest.skipUnless(platform.machine() == "x86_64", "registers of x86-64")
class View(unittest.TestCase):
    """Which files a process that may open some can still open. The kernel
    says EACCES of what is hidden; who is nobody may read them all."""

    FILES = ("/etc/passwd", "/etc/hostname", "/proc/self/status", "/bin/sh",
             "/proc/sys/kernel/ostype", "/dev/null", "/run/lab/beside/other",
             "/proc/sys/net/ipv4/ip_forward", "/etc/resolv.conf", lab.XLAT)

    def setUp(self):
        folder = lab.FILES / "beside"
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        (folder / "other").write_text("")

    def seen(self, pid, flags=0):
        results = {f: inject.call(pid, OPENAT, AT_FDCWD, f, flags)
                   for f in self.FILES}
        self.assertLessEqual({-errno.EACCES},
                             {r for r in results.values() if r < 0})
        return {f for f, r in results.items() if r >= 0}

    def test_nothing(self):
        """Who was given no file has none; /proc/PID/root does not help."""
        for applet in ("siit", "plat", "dns64"):
            with self.subTest(applet), running(applet) as (program, _):
                self.assertEqual(self.seen(program.pid), set())
                self.assertEqual(
                    inject.call(program.pid, OPENAT, AT_FDCWD,
                                f"/proc/{program.pid}/root/etc/passwd", 0),
                    -errno.EACCES)

    def test_threads(self):
        """Those of dns64 are in it, too."""
        with running("dns64", "--threads", "3") as (program, _):
            def threads():
                found = os.listdir(f"/proc/{program.pid}/task")
                return len(found) == 3 and found
            for thread in lab.wait_for(threads, "three threads"):
                self.assertEqual(self.seen(int(thread)), set())

    def test_without_a_sandbox(self):
        with running("siit", "--no-sandbox") as (program, _):
            self.assertGreater(len(self.seen_by_anybody(program.pid)), 8)
            self.assertIn("every file in sight", program.output())

    def seen_by_anybody(self, pid):
        return {f for f in self.FILES
                if inject.call(pid, OPENAT, AT_FDCWD, f, 0) >= 0}

    def test_config(self):
        """What is beside the config file, which may be replaced."""
        config = lab.FILES / "beside" / "siit.conf"
        config.write_text("")
        with running("siit", "--config", config) as (program, box):
            self.assertEqual(self.seen(program.pid), {"/run/lab/beside/other"})
            fresh = config.with_name("fresh")
            fresh.write_text("tos 8\n")
            fresh.rename(config)
            self.assertEqual(lab.ctl("siit", "reload").returncode, 0)
            self.assertTrue(translates(box))

    def test_config_through_a_link(self):
        folder = lab.FILES / "elsewhere"
        folder.mkdir(exist_ok=True)
        (folder / "siit.conf").write_text("")
        link = lab.FILES / "siit.conf"
        link.unlink(missing_ok=True)
        link.symlink_to(folder / "siit.conf")
        with running("siit", "--config", link):
            self.assertEqual(lab.ctl("siit", "reload").returncode, 0)

    def test_clat(self):
        with running("clat") as (program, _):
            seen = self.seen(program.pid)
        self.assertLessEqual({"/proc/sys/net/ipv4/ip_forward",
                              "/etc/resolv.conf"}, seen)
        self.assertFalse(seen & {"/bin/sh", lab.XLAT, "/dev/null",
                                 "/proc/self/status",
                                 "/proc/sys/kernel/ostype"})

    def test_helper(self):
        with running("siit") as (program, _):
            (helper,) = lab.children(program.pid)
            self.assertEqual(self.seen(helper),
                             {"/proc/sys/net/ipv4/ip_forward"})

    def test_keeper(self):
        folder = lab.FILES / "beside"
        folder.chmod(0o777)
        with running("plat", "--state", folder / "state") as (program, _):
            keeper = keeper_of(program)
            for path, result in (("/tmp/new", -errno.EACCES),
                                 ("/etc/passwd", -errno.EACCES),
                                 ("/run/lab/beside/new", 0)):
                got = inject.call(keeper, OPENAT, AT_FDCWD, path,
                                  O_CREAT | O_WRONLY, 0o600)
                self.assertEqual(min(got, 0), result, path)
            self.assertEqual(lab.ctl("plat", "save").returncode, 0)
            self.assertTrue((folder / "state").exists())

    def test_kernel_without_landlock(self):
        """An older one: it says so, and runs."""
        with lab.Lab("box") as net:
            program = net["box"].start(
                "strace", "-f", "-o", "/dev/null", "-e",
                "inject=landlock_create_ruleset:error=ENOSYS",
                lab.XLAT, *SIIT)
            program.wait_output("is ready")
            self.assertIn("no Landlock", program.output())
            self.assertEqual(lab.ctl("siit", "health").returncode, 0)


class Status(unittest.TestCase):
    def check(self, pid, caps="0000000000000000", seccomp="2"):
        def field(name):
            return lab._status_field(pid, name)
        self.assertEqual(field("Seccomp"), seccomp)
        self.assertEqual(field("NoNewPrivs"), "1")
        self.assertEqual(field("CapEff"), caps)
        self.assertEqual(field("CapPrm"), caps)
        self.assertEqual(field("CapBnd"), "0" * 16)
        self.assertNotIn("0", field("Uid").split())

    def test_every_process(self):
        for applet in APPLETS:
            for option, seccomp in ((), "2"), (("--no-sandbox",), "0"):
                with self.subTest(applet), \
                        running(applet, *option) as (program, _):
                    pid = program.proc.pid
                    self.check(pid, seccomp=seccomp)
                    for child in lab.children(pid):
                        self.check(child, f"{1 << CAP_NET_ADMIN:016x}",
                                   seccomp)
                    self.assertEqual("warning: no sandbox"
                                     in program.output(), bool(option))


    def test_doctor(self):
        with lab.Lab("box", "isp") as net:
            self.check(examining(net).pid)


class Source(unittest.TestCase):
    def test_lists(self):
        """Only names, so that an unknown one does not compile."""
        text = (lab.ROOT / "platform/linux/seccomp.c").read_text()
        self.assertGreater(len(re.findall(r"\bALLOW\(\w+\)", text)), 20)
        self.assertNotRegex(text, r"\{\s*\d+,\s*NO_ARGUMENT")


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
