# SPDX-License-Identifier: MIT
"""box - a host for one program, whose device a test writes to and reads from"""
import unittest

import lab
import packets


class Case(unittest.TestCase):
    """self.box says nothing by itself, and its own kernel keeps out of what
    comes out of the device."""

    def setUp(self):
        self.net = lab.Lab("box")
        self.addCleanup(self.net.close)
        self.box = self.net["box"]
        self.box.keep_silent()
        self.box.ip("route add blackhole default",
                    "route add blackhole ::/0")

    def tap_at(self, device):
        tap = packets.Tap(self.box, device)
        self.addCleanup(tap.sock.close)
        return tap
