#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""examples/conf/dns64.conf in front of Unbound and BIND as examples/resolver
sets them up; a zone that the resolver has itself stands for the Internet."""
import unittest

import dnsmsg
import lab

EXAMPLES = lab.ROOT / "examples"
ZONE = """$TTL 300
@ SOA ns who 1 2 3 4 900
@ NS ns
ns A 192.0.2.53
www A 8.8.8.8
"""
LOCAL_DATA = """server:
 do-daemonize: no
 username: ""
 chroot: ""
 pidfile: ""
 use-syslog: no
 directory: "{dir}"
 local-zone: "site.example." static
 local-data: "site.example. 900 IN SOA ns.site.example. who. 1 2 3 4 900"
 local-data: "www.site.example. 300 IN A 8.8.8.8"
"""
# What a system's own directories would hold.
DIRECTORY = 'directory "/var/cache/bind";'
OURS = 'directory "{dir}"; pid-file none; session-keyfile none;'


class Resolvers(unittest.TestCase):
    def setUp(self):
        self.net = lab.Lab("box")
        self.addCleanup(self.net.close)
        self.box = self.net["box"]

    def serves(self, *command):
        """The resolver by itself has no AAAA record of the name; with dns64
        before it there is one."""
        resolver = self.box.start(*command)
        direct = dnsmsg.Client(self.box, "127.0.0.1", port=5353)
        resolver.wait_until(lambda: self.shown(direct, "A"), "it answers", 30)
        self.assertEqual(self.shown(direct, "AAAA"), [])
        self.box.xlat("dns64", "--config", EXAMPLES / "conf/dns64.conf")
        self.assertEqual(self.shown(dnsmsg.Client(self.box, "::1"), "AAAA"),
                         ["AAAA 300 64:ff9b::808:808"])

    def shown(self, client, kind):
        try:
            return client.ask("www.site.example", kind).shown()
        except OSError:
            return []

    def test_unbound(self):
        conf = lab.FILES / "main.conf"
        conf.write_text(f'include: "{EXAMPLES}/resolver/unbound.conf"\n' +
                        LOCAL_DATA.format(dir=lab.FILES))
        self.serves("unbound", "-d", "-c", conf)

    def test_bind(self):
        text = (EXAMPLES / "resolver/named.conf.options").read_text()
        self.assertIn(DIRECTORY, text)
        (lab.FILES / "site.zone").write_text(ZONE)
        conf = lab.FILES / "named.conf"
        conf.write_text(text.replace(DIRECTORY, OURS.format(dir=lab.FILES)) +
                        'controls { };\nzone "site.example" '
                        '{ type primary; file "site.zone"; };\n')
        self.serves("named", "-f", "-c", conf)


if __name__ == "__main__":
    lab.enter()
    unittest.main()
