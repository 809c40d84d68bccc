#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xlat clat --check-network, and the hooks of DHCP clients that decide by it
(RFC 8925). Hooks run against stubs of the clients' programs."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

import lab
from uplink import NET, PREF64, Case, Resolver, pio, pref64, rdnss

HOOKS = lab.ROOT / "examples/hooks"


class Network(Case):
    def check(self, *more):
        before = self.home.snapshot()
        program = self.home.start(lab.XLAT, "clat", "--check-network", *more)
        return program, before

    def ends(self, program, before, status, text):
        code = program.proc.wait(20)
        self.assertEqual(code, status, program.output())
        self.assertIn(text, program.output())
        self.assertEqual(lab.differences(before, self.home.snapshot()), [])

    def answer_solicitations(self, *options):
        """Advertise until it has been heard."""
        program, before = self.check("--uplink", "wan")

        def told():
            self.advertise(*options)
            time.sleep(0.1)
            return not program.running()
        lab.wait_for(told, "the end", 20)
        return program, before

    def test_c6877_71_possible(self):
        self.address()
        self.ends(*self.answer_solicitations(pref64(PREF64)), 0,
                  "a CLAT is possible on wan")

    def test_c6877_71_by_dns(self):
        self.address()
        Resolver(self.isp, "2001:db8:0:1::1", PREF64)
        self.ends(*self.answer_solicitations(rdnss("2001:db8:0:1::1")), 0,
                  "a CLAT is possible on wan")

    def test_c6877_71_native_ipv4_does_not_count(self):
        self.address()
        self.home.ip("addr add 192.0.2.130/30 dev wan",
                     "route add default via 192.0.2.129 dev wan")
        self.ends(*self.check("--pref64", PREF64), 0, "possible on wan")

    def test_c6877_71_nobody_tells_a_prefix(self):
        self.address()
        self.ends(*self.answer_solicitations(), 1, "not possible: neither "
                  "routers nor resolvers tell a PREF64")

    def test_c6877_71_no_route(self):
        self.home.sysctl("net/ipv6/conf/wan/accept_ra", 0)
        self.ends(*self.answer_solicitations(pio(NET), pref64(PREF64)), 1,
                  "not possible: ")

    def test_c6877_71_beside_a_running_one(self):
        self.address()
        self.clat("--pref64", PREF64)
        self.wait_state("up")
        done = self.home.try_run(lab.XLAT, "clat", "--check-network",
                                 "--pref64", PREF64, "--uplink", "wan")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.status()["state"], "up")


class Hooks(unittest.TestCase):
    """Each stub notes how it was called; "xlat" says yes or no."""

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.dir)

    def stub(self, name, body=""):
        path = self.dir / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>{self.dir}/calls\n'
                        f"{body}\n")
        path.chmod(0o755)
        return str(path)

    def hook(self, name, *argv, possible=True, **env):
        xlat = self.stub("xlat", f"exit {0 if possible else 1}")
        (self.dir / "calls").write_text("")
        words = ["sh", "-eu", str(HOOKS / name), *argv]
        done = subprocess.run(words, text=True, timeout=20, check=False,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT,
                              env={"PATH": os.environ["PATH"],
                                   "XLAT": xlat, **env})
        self.assertEqual(done.returncode, 0, done.stdout)
        return (self.dir / "calls").read_text().splitlines()

    CHECK = "xlat clat --check-network --uplink wan"

    def udhcpc(self, *argv, **more):
        """Below a shell that plays udhcpc and notes that it got SIGUSR2."""
        xlat = self.stub("xlat", f"exit {more.pop('status', 0)}")
        usual = self.stub("usual")
        (self.dir / "calls").write_text("")
        subprocess.run(["sh", "-c", f"trap 'echo released >>{self.dir}/calls' "
                        f"USR2; {HOOKS / 'udhcpc'} {' '.join(argv)}; :"],
                       check=True, timeout=20,
                       env={"PATH": os.environ["PATH"], "XLAT": xlat,
                            "SCRIPT": usual, "interface": "wan", **more})
        return (self.dir / "calls").read_text().splitlines()

    def test_c6877_70_udhcpc(self):
        self.assertEqual(self.udhcpc("bound", opt108="00000708"),
                         [self.CHECK, "released"])
        self.assertEqual(self.udhcpc("bound", opt108="00000708", status=1),
                         [self.CHECK, "usual bound"])
        self.assertEqual(self.udhcpc("bound"), ["usual bound"])
        self.assertEqual(self.udhcpc("deconfig", opt108="00000708"),
                         ["usual deconfig"])

    def test_c6877_70_networkmanager(self):
        env = {"CONNECTION_UUID": "1-2", "NMCLI": self.stub("nmcli")}
        for possible, word in ((True, "yes"), (False, "no")):
            self.assertEqual(
                self.hook("networkmanager", "wan", "up", possible=possible,
                          **env),
                [self.CHECK, "nmcli connection modify 1-2 "
                 f"ipv4.dhcp-ipv6-only-preferred {word}"])
        self.assertEqual(self.hook("networkmanager", "wan", "down", **env),
                         [])
        self.assertEqual(self.hook("networkmanager", "clat", "up", **env), [])

    def test_c6877_70_networkd(self):
        ctl = self.stub("networkctl", '[ "$1" = reload ] || printf '
                        "'  Network File: /etc/systemd/network/a.network\\n'")
        env = {"IFACE": "wan", "RUN": str(self.dir), "NETWORKCTL": ctl}
        conf = self.dir / "a.network.d/xlat.conf"
        status, reload = "networkctl status wan", "networkctl reload"
        self.assertEqual(self.hook("networkd", **env),
                         [status, self.CHECK, reload])
        self.assertEqual(conf.read_text(), "[DHCPv4]\nIPv6OnlyMode=yes\n")
        self.assertEqual(self.hook("networkd", **env), [status, self.CHECK])
        self.hook("networkd", possible=False, **env)
        self.assertEqual(conf.read_text(), "[DHCPv4]\nIPv6OnlyMode=no\n")

    def test_c6877_70_dhcpcd(self):
        env = {"interface": f"t{os.getpid()}",
               "DHCPCD": self.stub("dhcpcd")}
        check = f"xlat clat --check-network --uplink {env['interface']}"
        again = f"dhcpcd --rebind --nooption 108 {env['interface']}"
        self.addCleanup(self.hook, "dhcpcd", reason="CARRIER", **env)
        self.assertEqual(self.hook("dhcpcd", reason="CARRIER", **env), [])
        self.assertEqual(self.hook("dhcpcd", reason="EXPIRE", **env), [check])
        self.assertEqual(self.hook("dhcpcd", reason="EXPIRE", possible=False,
                                   **env), [check, again])
        self.assertEqual(self.hook("dhcpcd", reason="EXPIRE", possible=False,
                                   **env), [], "once")


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
