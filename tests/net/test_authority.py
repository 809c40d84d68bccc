#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the kernel says, in /proc, about the authority of running applets:
none, but for CAP_NET_ADMIN in the helper process of clat."""
import errno
import os
import pathlib
import platform
import pwd
import re
import unittest

import inject
import lab
import network

NET_ADMIN = 1 << 12
OPEN_AT, AT_FDCWD = 257, 2 ** 64 - 100  # x86-64's
SETS = ("CapInh", "CapPrm", "CapEff", "CapAmb", "CapBnd")


def threads(pid):
    return [f"{pid}/task/{t}" for t in os.listdir(f"/proc/{pid}/task")]


def complaints(pid, allowed=0):
    """What a process can do that it should not be able to."""
    found = []
    for task in threads(pid):
        now = lab.status(task)
        if "0" in now["Uid"].split() or "0" in now["Gid"].split():
            found.append(f"root: uid {now['Uid']}, gid {now['Gid']}")
        if now["Groups"].strip():
            found.append(f"groups {now['Groups']}")
        caps = {name: int(now[name], 16) for name in SETS}
        for name, bits in caps.items():
            wanted = allowed if name in ("CapPrm", "CapEff") else 0
            if bits != wanted:
                found.append(f"{name} {bits:#x}, not {wanted:#x}")
        if now["NoNewPrivs"] != "1":
            found.append("may gain privileges by exec")
    if not re.search("^Max core file size +0 +0 ", pathlib.Path(
            f"/proc/{pid}/limits").read_text(), re.M):
        found.append("may leave a core file")
    # The kernel gives a process that is not dumpable to root.
    if os.stat(f"/proc/{pid}/environ").st_uid != 0:
        found.append("can be traced and dumped by its own user")
    return found


def open_paths(pid):
    return [os.readlink(f"/proc/{pid}/fd/{n}")
            for n in os.listdir(f"/proc/{pid}/fd")]


class Authority(unittest.TestCase):
    def setUp(self):
        self.net = network.Network()
        self.addCleanup(self.net.close)

    def test_the_eye_is_not_blind(self):
        """A process with root's authority is found out."""
        root = self.net["router"].start("sleep", "60")
        found = " ".join(complaints(root.pid))
        for word in ("root", "CapEff", "CapBnd", "exec", "core"):
            self.assertIn(word, found)

    def examine(self, program):
        """No authority in it, CAP_NET_ADMIN in its helpers, if any."""
        self.assertEqual(complaints(program.pid), [])
        helpers = lab.children(program.pid)
        for pid in helpers:
            self.assertEqual(complaints(pid, NET_ADMIN), [])
        return helpers

    def test_nothing_to_set_up(self):
        """Where the operator sees to the network there is one process."""
        provider = self.net["provider"]
        for name, more in (("plat", ["--no-setup"]), ("siit", ["--no-setup"]),
                           ("dns64", [])):
            with self.subTest(name):
                program = getattr(self.net, name)(*more)
                self.assertEqual(self.examine(program), [])
                self.assertEqual(provider.pids(), [program.pid])
                program.stop()

    def test_helper_that_puts_back(self):
        """A setting was changed, and routes were made: somebody has to be
        able to undo the one, and to put back the other."""
        for name, host in (("plat", "provider"), ("siit", "provider"),
                           ("clat", "router")):
            with self.subTest(name):
                program = getattr(self.net, name)()
                helper, = self.examine(program)
                self.assertCountEqual(self.net[host].pids(),
                                      [program.pid, helper])
                program.stop()

    def test_capability_from_a_service_manager(self):
        """Started as an ordinary user with CAP_NET_ADMIN: it goes, too.

        Only root can empty the bounding set; without a privilege to gain it
        means nothing.
        """
        program = self.net["provider"].start(
            "unshare", "--mount", "sh", "-c",
            "mount -n -t tmpfs none /dev/net && "
            "mknod -m 666 /dev/net/tun c 10 200 && "
            "exec setpriv --reuid=65534 --regid=65534 --clear-groups "
            "--inh-caps=-all,+net_admin --ambient-caps=-all,+net_admin "
            '"$@"',
            "sh", lab.XLAT, *network.SIIT, "--control", "none")
        program.wait_output("is ready")
        self.assertNotIn("in sight", program.output())
        said = [c for c in complaints(program.pid) if "CapBnd" not in c]
        self.assertEqual(said, [])
        if platform.machine() == "x86_64":
            self.assertEqual(inject.call(program.pid, OPEN_AT, AT_FDCWD,
                                         "/etc/passwd", 0), -errno.EACCES)

    def test_helper_has_no_packets(self):
        """It holds no TUN: sockets, and the note of who switched forwarding
        on, which translators of one network namespace share."""
        engine = self.net.clat()
        helper, = lab.children(engine.pid)
        self.assertIn("/dev/net/tun", open_paths(engine.pid))
        files = {p for p in open_paths(helper)
                 if not p.startswith(("socket:", "/run/xlat/forwarding-"))}
        self.assertLessEqual(files, {"/dev/null", str(engine.log)})

    def test_helper_of_a_host(self):
        """It has the one program that it may attach, and has attached."""
        engine = self.net["router"].xlat("clat", "--pref64", network.PREF64,
                                         "--source", "2001:db8:0:1::464")
        helper, = self.examine(engine)
        files = sorted(p for p in open_paths(helper) if ":bpf" in p)
        self.assertEqual(files, ["anon_inode:bpf-prog",
                                 "anon_inode:bpf_link"])

    def test_another_user(self):
        """--user is obeyed, by number as /proc shows it."""
        program = self.net.plat("--user", "daemon")
        uid = str(pwd.getpwnam("daemon").pw_uid)
        self.assertEqual(lab.status(program.pid)["Uid"].split(), [uid] * 4)
        self.assertEqual(complaints(program.pid), [])


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
