#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the systemd units leave a daemon is enough for it: each is started with
the capabilities of its unit and no others, and again after it was killed.
There is no systemd in the lab, so setpriv does that part of its work."""
import os
import re
import shutil
import signal
import subprocess
import unittest

import lab

UNITS = lab.ROOT / "examples/systemd"
CONF = lab.ROOT / "examples/conf"
WORST_EXPOSURE = 5.0  # of 10, as systemd-analyze counts
APPLETS = ("clat", "dns64", "plat", "siit")


def values(applet, key):
    text = (UNITS / f"xlat-{applet}.service").read_text()
    return " ".join(re.findall(rf"^{key}=(.*)$", text, re.M)).split()


class Units(unittest.TestCase):
    def setUp(self):
        self.net = lab.Lab("box", "far")
        self.addCleanup(self.net.close)
        self.net.link("box", "eth0", "far", "eth0")
        self.box = self.net["box"]
        self.box.ip("addr add 2001:db8:0:1::1/64 dev eth0 nodad",
                    "route add default via fe80::1 dev eth0")

    def start(self, applet):
        caps = values(applet, "CapabilityBoundingSet")
        self.assertTrue(caps)
        words = ",".join("+" + c.removeprefix("CAP_").lower() for c in caps)
        program = self.box.start(
            "setpriv", f"--bounding-set=-all,{words}", "--inh-caps=-all",
            "--no-new-privs", lab.XLAT, applet, "--config",
            CONF / f"{applet}.conf")
        program.wait_until(
            lambda: lab.ctl(applet, "status").returncode == 0,
            f"{applet} answers")
        return program

    def test_capabilities_are_enough(self):
        for applet in APPLETS:
            with self.subTest(applet):
                program = self.start(applet)
                program.stop(signal.SIGKILL)
                lab.wait_for(lambda: applet not in self.box.links(),
                             f"device of {applet} is gone")
                program = self.start(applet)
                self.assertEqual(program.stop(), 0, program.output())

    def test_families_are_listed(self):
        """Sockets at the start are of these families, seen with strace."""
        for applet in APPLETS:
            with self.subTest(applet):
                log = lab.FILES / f"{applet}.strace"
                program = self.box.start(
                    "strace", "-f", "-e", "trace=socket", "-o", log, lab.XLAT,
                    applet, "--no-sandbox", "--config",
                    CONF / f"{applet}.conf")
                program.wait_until(
                    lambda a=applet: lab.ctl(a, "status").returncode == 0,
                    f"{applet} answers")
                used = set(re.findall(r"socket\((AF_\w+)", log.read_text()))
                self.assertTrue(used)
                self.assertLessEqual(
                    used, set(values(applet, "RestrictAddressFamilies")))
                # strace waits for the end of what it looks at
                os.kill(lab.ask(applet, "status")["pid"], signal.SIGTERM)
                self.assertEqual(program.proc.wait(10), 0)

    @unittest.skipUnless(shutil.which("systemd-analyze"),
                         "SKIP: no systemd-analyze on this machine")
    def test_exposure(self):
        for applet in APPLETS:
            said = subprocess.run(
                ["systemd-analyze", "security", "--offline=true",
                 UNITS / f"xlat-{applet}.service"], text=True, check=False,
                capture_output=True, timeout=30).stdout
            print(said.splitlines()[-1])
            score = float(re.search(r"service: ([\d.]+) ", said)[1])
            self.assertLessEqual(score, WORST_EXPOSURE)


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
