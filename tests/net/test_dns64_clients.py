#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who asks xlat dns64 in real networks: systemd-resolved, dnsmasq, BIND and
Unbound, as resolvers of a host or a LAN that forward to it; `xlat clat`, which
finds its prefix there (RFC 7050), and `xlat doctor`."""
import json
import os
import pathlib
import unittest

import dnsmsg
import lab
import network
import uplink
from dnsmsg import AAAA, PTR, A, Client

RESOLVED = pathlib.Path(os.environ["BUILD"],
                        "resolved/lib/systemd/systemd-resolved")
BOX6, LAN6 = "2001:db8:1::1", "2001:db8:1::2"
PORT = 5300
REVERSE = "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.f.f.4.6.0.0.ip6.arpa"


class Resolvers(unittest.TestCase):
    """lan ── box: a resolver on lan asks xlat dns64 on box, and that a
    scripted server beside it."""

    def setUp(self):
        self.net = lab.Lab("lan", "box")
        self.addCleanup(self.net.close)
        self.lan, self.box = self.net["lan"], self.net["box"]
        self.net.link("lan", "eth0", "box", "lan0")
        self.lan.ip(f"addr add {LAN6}/64 dev eth0 nodad")
        self.box.ip(f"addr add {BOX6}/64 dev lan0 nodad")
        self.server = dnsmsg.Server(self.box, "127.0.0.1", PORT)
        self.addCleanup(self.server.close)
        self.server.zone = "example"
        self.server.names(A("four.example", 60, "8.8.8.8"),
                          A("four.example", 60, "9.9.9.9"),
                          A("both.example", 60, "8.8.8.8"),
                          AAAA("both.example", 60, "2606:4700::1"),
                          A("private.example", 60, "10.0.0.1"),
                          PTR("8.8.8.8.in-addr.arpa", 60, "dns.example"))
        many = [A("many.example", 60, f"9.9.{n}.1") for n in range(100)]
        self.server.script["many.example", "A"] = dnsmsg.Reply(*many, tc=True)
        self.box.xlat("dns64", "--listen", f"[{BOX6}]:53", "--forward",
                      f"127.0.0.1:{PORT}")

    def shown(self, message):
        """Addresses, in order: TTLs and the order are the resolver's."""
        return sorted(rr[3] for rr in message.answer if rr[1] == "AAAA")

    def holds(self, program, client):
        """What everybody expects of a resolver that asks a DNS64."""
        program.wait_until(lambda: self.answers(client), "it answers", 20)
        expect = {"four.example": ["64:ff9b::808:808", "64:ff9b::909:909"],
                  "both.example": ["2606:4700::1"],
                  "private.example": [],
                  "ipv4only.arpa": ["64:ff9b::c000:aa", "64:ff9b::c000:ab"]}
        for name, addresses in expect.items():
            with self.subTest(name):
                m = client.ask(name, edns=1232)
                self.assertEqual((m.rcode, self.shown(m)), (0, addresses))
        m = client.ask("none.example", edns=1232)
        self.assertEqual(m.rcode, dnsmsg.NXDOMAIN)
        self.assertEqual(len(self.shown(client.ask("many.example", tcp=True))),
                         100, "over TCP on both ways")

    @staticmethod
    def answers(client):
        try:
            return client.ask("four.example").answer
        except OSError:
            return False

    def reverse(self, client):
        m = client.ask("8.0.8.0.8.0.8.0." + REVERSE, "PTR", edns=1232)
        self.assertIn("dns.example", [rr[3] for rr in m.answer])

    def test_systemd_resolved(self):
        """Without systemd: it wants a directory and a few capabilities."""
        conf = pathlib.Path("/run/systemd/resolved.conf.d/lab.conf")
        conf.parent.mkdir(parents=True)
        conf.write_text(f"[Resolve]\nDNS={BOX6}\nDomains=~.\nDNSSEC=no\n"
                        "LLMNR=no\nMulticastDNS=no\n")
        own = pathlib.Path("/run/systemd/resolve")
        own.mkdir()
        os.chown(own, 65534, 65534)
        caps = "+net_bind_service,+net_raw,+setpcap"
        program = self.lan.start(
            "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
            f"--inh-caps={caps}", f"--ambient-caps={caps}", RESOLVED)
        client = Client(self.lan, "127.0.0.53")
        self.holds(program, client)
        self.reverse(client)

    def test_dnsmasq(self):
        program = self.lan.start(
            "dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts",
            "--conf-file=/dev/null", "--user=root", "--pid-file=",
            f"--port={PORT}", "--listen-address=127.0.0.1",
            "--bind-interfaces", f"--server={BOX6}", "--log-facility=-")
        client = Client(self.lan, "127.0.0.1", port=PORT)
        self.holds(program, client)
        self.reverse(client)

    def bind(self, more=""):
        conf = lab.FILES / "named.conf"
        conf.write_text(f"""options {{
            directory "{lab.FILES}"; pid-file none; session-keyfile none;
            listen-on port {PORT} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
            recursion yes; allow-query {{ any; }}; dnssec-validation no;
            empty-zones-enable no; forward only; forwarders {{ {BOX6}; }};
            {more}
        }}; controls {{ }};""")
        program = self.lan.start("named", "-f", "-n", "1", "-c", conf)
        client = Client(self.lan, "127.0.0.1", port=PORT)
        program.wait_until(lambda: self.asked(client), "it answers", 20)
        return client

    @staticmethod
    def asked(client):
        try:
            return client.ask("both.example").answer
        except OSError:
            return False

    def test_bind(self):
        """It sets DO and CD: RFC 6147, 5.5 has it get what there is, and no
        synthetic record."""
        client = self.bind()
        m = client.ask("four.example", edns=1232)
        self.assertEqual((m.rcode, self.shown(m)), (0, []))
        asked = [q for q in self.server.log if q.name == "four.example"]
        self.assertEqual([(q.type, q.opt["do"], q.flags & dnsmsg.CD)
                          for q in asked], [("AAAA", True, dnsmsg.CD)])
        self.assertEqual(self.shown(client.ask("both.example")),
                         ["2606:4700::1"])
        self.assertEqual(self.shown(client.ask("ipv4only.arpa")),
                         ["64:ff9b::c000:aa", "64:ff9b::c000:ab"])
        self.reverse(client)
        m = client.ask("many.example", "A", tcp=True)
        self.assertEqual(len(m.answer), 100)

    def test_bind_that_synthesises_itself(self):
        """What the same section asks of it: ours is a forwarder to it."""
        client = self.bind("dns64 64:ff9b::/96 { clients { any; }; };")
        self.assertEqual(self.shown(client.ask("four.example")),
                         ["64:ff9b::808:808", "64:ff9b::909:909"])
        self.assertEqual(self.shown(client.ask("both.example")),
                         ["2606:4700::1"])

    def test_unbound(self):
        conf = lab.FILES / "unbound.conf"
        conf.write_text(f"""server:
            do-daemonize: no
            username: ""
            chroot: ""
            pidfile: ""
            use-syslog: no
            directory: "{lab.FILES}"
            interface: 127.0.0.1@{PORT}
            module-config: "iterator"
            forward-zone:
            name: "."
            forward-addr: {BOX6}
            """)
        program = self.lan.start("unbound", "-d", "-c", conf)
        self.holds(program, Client(self.lan, "127.0.0.1", port=PORT))


class Clat(uplink.Case):
    """home ── isp, where xlat plat and xlat dns64 run."""

    def setUp(self):
        super().setUp()
        self.server = dnsmsg.Server(self.isp, "127.0.0.1", PORT)
        self.addCleanup(self.server.close)
        self.isp.xlat("dns64", "--listen", "[2001:db8:0:1::1]:53",
                      "--forward", f"127.0.0.1:{PORT}", "--prefix",
                      uplink.PREF64)
        self.provider()
        self.address()

    def test_finds_its_prefix(self):
        """RFC 7050, although the server of the names knows nothing of it."""
        self.clat()
        self.advertise(uplink.rdnss("2001:db8:0:1::1"))
        self.wait_state("up")
        said = self.status()
        self.assertEqual((said["pref64"], said["pref64-from"]),
                         (uplink.PREF64, "dns"))
        self.ping()
        self.assertEqual([q for q in self.server.log
                          if q.name.lower().endswith("ipv4only.arpa")], [])

    def test_doctor_sees_it(self):
        path = lab.FILES / "resolv.conf"
        path.write_text("nameserver 2001:db8:0:1::1\n")
        self.addCleanup(path.write_text, "nameserver 127.0.0.1\n")
        self.server.names(A("four.example", 60, uplink.FAR4))
        network.web(self.isp, uplink.FAR4, page="page", big=1)
        done = self.home.try_run(lab.XLAT, "doctor", "--name",
                                 "four.example", "--json")
        rows = {row["check"]: row for row in json.loads(done.stdout)}
        for check in ("resolver", "dns64", "name", "plat-tcp", "plat-ping"):
            self.assertEqual(rows[check]["verdict"], "ok", rows[check])
        self.assertEqual(rows["dns64"]["value"], uplink.PREF64)
        self.assertEqual(rows["name"]["value"], "2001:db8:64::c633:640a")


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
