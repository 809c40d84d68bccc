#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the README says of DNS64, as it stands there: the configuration, and
each dig, run from where it says, prints what is written behind it."""
import re
import unittest

import dnsmsg
import lab
from dnsmsg import A, PTR

TEXT = re.search(r"^\*\*DNS64\*\*.*?(?=^\*\*)",
                 (lab.ROOT / "README.md").read_text(), re.M | re.S)[0]
CONFIG = re.search(r"^```conf\n(.*?)^```$", TEXT, re.M | re.S)[1]
DIGS = re.findall(r"^    (dig .*?) *# (.*)$", TEXT, re.M)
BOX = re.search(r"^listen \[(2001:.*)\]:53$", CONFIG, re.M)[1]
# Addresses of hosts: the last dig is from the second.
PLAIN, OWN = "2001:db8::2", "2001:db8:46::2"


class Readme(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.net = lab.Lab("host", "box")
        cls.addClassCleanup(cls.net.close)
        cls.net.link("host", "eth0", "box", "lan0")
        cls.net["host"].ip(f"addr add {PLAIN}/64 dev eth0 nodad",
                           f"addr add {OWN}/128 dev lo nodad")
        cls.net["box"].ip(f"addr add {BOX}/64 dev lan0 nodad",
                          f"route add {OWN} via {PLAIN}")
        server = dnsmsg.Server(cls.net["box"], "127.0.0.1", port=5353)
        cls.addClassCleanup(server.close)
        server.names(A("github.com", 60, "140.82.121.3"),
                     PTR("8.8.8.8.in-addr.arpa", 60, "dns.google"))
        path = lab.FILES / "dns64.conf"
        path.write_text(CONFIG)
        cls.net["box"].xlat("dns64", "--config", path)

    def dig(self, number, source):
        command, expected = DIGS[number]
        said = self.net["host"].run(*command.split(), "-b", source)
        self.assertEqual(sorted(said.split()), sorted(expected.split()),
                         command)

    def test_each_dig(self):
        self.assertEqual(len(DIGS), 4)
        for number in range(3):
            self.dig(number, PLAIN)

    def test_a_prefix_of_its_own(self):
        self.dig(3, OWN)


if __name__ == "__main__":
    lab.enter()
    unittest.main()
