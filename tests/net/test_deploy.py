#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""examples/deploy.sh onto a router: a host whose file system is a static
busybox and nothing else, reached through a stand-in for ssh. And the binary
where there is no other file at all."""
import os
import pathlib
import shutil
import subprocess
import unittest

import lab

GOOD = """pool6 2001:db8:46::/96
self6 2001:db8:46::c000:201
"""
POOL6 = "2001:db8:46::/96"


def empty_root(name):
    """A file system of what the kernel has, and /run."""
    root = lab.FILES / name
    for folder in ("proc", "dev/net", "run", "tmp"):
        (root / folder).mkdir(parents=True)
    subprocess.run(["mount", "-t", "proc", "proc", root / "proc"], check=True)
    subprocess.run(["mknod", root / "dev/net/tun", "c", "10", "200"],
                   check=True)
    subprocess.run(["mknod", "-m", "666", root / "dev/null", "c", "1", "3"],
                   check=True)
    return root


class Deploy(unittest.TestCase):
    def setUp(self):
        self.net = lab.Lab("router")
        self.addCleanup(self.net.close)
        self.root = empty_root(self.id())
        (self.root / "bin").mkdir()
        shutil.copy("/bin/busybox", self.root / "bin")
        self.far("/bin/busybox --install -s /bin", "/bin/busybox sh")
        ssh = lab.FILES / "ssh"
        ssh.write_text(f"""#!/bin/sh
[ "$1" = router ] || exit 255
exec ip netns exec router env -i PATH=/bin /usr/sbin/chroot {self.root} \\
    /bin/sh -c "$2"
""")
        ssh.chmod(0o755)
        self.env = dict(os.environ, SSH=str(ssh), XLAT=lab.XLAT)

    def far(self, command, shell="/bin/sh"):
        return self.net["router"].try_run(
            "env", "-i", "PATH=/bin", "/usr/sbin/chroot", self.root,
            *shell.split(), "-c", command)

    def deploy(self, config, **env):
        path = lab.FILES / "siit.conf"
        path.write_text(config)
        return subprocess.run(
            [lab.ROOT / "examples/deploy.sh", "router", "siit", path],
            env=dict(self.env, **env), text=True, timeout=120, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)

    def status(self):
        return self.far("xlat=/usr/sbin/xlat; $xlat ctl siit status").stdout

    def first(self):
        done = self.deploy(GOOD)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("mtu6 ", self.status())

    def pid(self):
        return next(line.split()[1] for line in self.status().splitlines()
                    if line.startswith("pid "))

    def test_first_time(self):
        self.first()
        self.assertEqual(os.readlink(self.root / "usr/sbin/siit"), "xlat")

    def test_again(self):
        self.first()
        before = self.pid()
        done = self.deploy(GOOD + "mtu6 1400\n")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertNotEqual(self.pid(), before)
        self.assertRegex(self.status(), r"mtu6 +1400")

    def test_bad_configuration(self):
        """Refused by --check: what runs is not even stopped."""
        self.first()
        before = self.pid()
        done = self.deploy(GOOD + "mtu6 12\n")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("mtu6", done.stdout)
        self.assertEqual(self.pid(), before)
        self.assertEqual((self.root / "etc/xlat/siit.conf").read_text(), GOOD)

    def test_binary_for_another_machine(self):
        self.first()
        before = self.pid()
        other = lab.FILES / "other"
        other.write_bytes(b"\x7fELF" + bytes(100))
        done = self.deploy(GOOD, XLAT=str(other))
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertEqual(self.pid(), before)

    def test_does_not_start(self):
        """Good options, but the device's name is taken: rolled back."""
        self.first()
        self.net["router"].ip("link add taken type veth")
        done = self.deploy(GOOD + "tun taken\n")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("a device of this name exists already", done.stdout)
        self.assertIn("what was there before runs again", done.stdout)
        self.assertRegex(self.status(), r"device +siit")
        self.assertEqual((self.root / "etc/xlat/siit.conf").read_text(), GOOD)

    def test_does_not_start_the_first_time(self):
        self.net["router"].ip("link add taken type veth")
        done = self.deploy(GOOD + "tun taken\n")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("nothing is now", done.stdout)
        left = {p.name for p in (self.root / "usr/sbin").iterdir()}
        self.assertEqual(left, set())


class Alone(unittest.TestCase):
    def test_no_other_file(self):
        """No /etc, no shell, no library; who "nobody" is is built in."""
        with lab.Lab("router") as net:
            root = empty_root("alone")
            shutil.copy(lab.XLAT, root / "xlat")
            program = net["router"].start(
                "/usr/sbin/chroot", root, "/xlat", "plat", "--pool6", POOL6,
                "--pool4", "192.0.2.1")
            program.wait_output("is ready")
            done = net["router"].try_run("/usr/sbin/chroot", root, "/xlat",
                                         "ctl", "plat", "health")
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertEqual(program.stop(), 0, program.output())
            files = {str(p.relative_to(root)) for p in root.rglob("*")
                     if p.is_file() and "proc" not in p.parts}
            self.assertEqual(files, {"xlat"})
            self.assertFalse(list(pathlib.Path(root, "run").rglob("*.sock")))


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
