#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The provider's two nodes of examples/bird, with BIRD as it is there: both
announce pool6, each its own pool4; flows take the cheaper one, and the other
when that one ends, hangs or falls silent.

        phone ──── core ──── server
                  /    \\
              first    second        plat, BIRD, announce.sh on each

How long it takes until new flows work again is printed; what is judged is that
they do.
"""
import os
import re
import signal
import socket
import time
import unittest

import lab

EXAMPLES = lab.ROOT / "examples/bird"
POOL6, SERVER6 = "64:ff9b::/96", "64:ff9b::c633:640a"
SERVER4, PHONE6 = "198.51.100.10", "2001:db8:0:1::20"
PORT = 7000
POOLS = {"first": "192.0.2.0/28", "second": "192.0.2.16/28"}
COSTS = {"first": 10, "second": 20}
MANY = 30.0  # seconds that nothing here takes


def is_of(node, address):
    low = int(POOLS[node].split("/")[0].rsplit(".", 1)[1])
    return low <= int(address.rsplit(".", 1)[1]) < low + 16


class Node:
    """A host with plat, BIRD and announce.sh."""

    def __init__(self, net, name):
        self.host, self.name = net[name], name
        self.socket = lab.FILES / f"{name}.ctl"
        self.programs = {}
        self.conf = lab.FILES / f"{name}.conf"
        self.conf.write_text(self.own(
            (EXAMPLES / "node.conf").read_text()))
        self.start()

    def own(self, text):
        """The example with what differs from node to node."""
        for old, new in ((r"router id .*;", self.router_id()),
                         (r"ospf_metric1 = \d+;",
                          f"ospf_metric1 = {COSTS[self.name]};"),
                         (r"route 192\.0\.2\.0/28 ",
                          f"route {POOLS[self.name]} "),
                         (r"log syslog all;", "log stderr all;"),
                         (r'via "plat"', f'via "{self.name}"')):
            text, count = re.subn(old, new, text)
            assert count, old
        return text

    def router_id(self):
        return f"router id 10.255.0.{1 if self.name == 'first' else 2};"

    def start(self):
        self.start_plat()
        self.start_bird()
        self.start_announce()

    def start_announce(self):
        self.programs["announce"] = self.host.start(
            EXAMPLES / "announce.sh",
            env=dict(os.environ, NAME=self.name, XLAT=lab.XLAT, EVERY="0.1",
                     BIRDC=f"birdc -s {self.socket}"))

    def start_plat(self):
        self.programs["plat"] = self.host.xlat(
            "plat", "--instance", self.name, "--pool6", POOL6,
            "--pool4", POOLS[self.name], "--allow6", "2001:db8::/32",
            "--allow4", "198.51.100.0/24")

    def start_bird(self):
        self.programs["bird"] = self.host.start(
            "bird", "-f", "-c", self.conf, "-s", self.socket,
            "-P", lab.FILES / f"{self.name}.pid")

    def stop(self, what, number):
        self.programs.pop(what).stop(number)

    def send(self, what, number):
        self.programs[what].proc.send_signal(number)


CORE = """
router id 10.255.0.9;
log stderr all;
protocol device { scan time 10; }
protocol kernel { ipv4 { export all; }; }
protocol kernel { ipv6 { export all; }; }
protocol bfd { interface "to*" { interval 100 ms; multiplier 3; }; }
protocol ospf v2 {
  ipv4 { import all; };
  area 0 {
    interface "to*" { type ptp; hello 1; dead count 4; bfd on; };
    interface "server" { stub; };
  };
}
protocol ospf v3 {
  ipv6 { import all; };
  area 0 {
    interface "to*" { type ptp; hello 1; dead count 4; bfd on; };
    interface "phone" { stub; };
  };
}
"""


class TwoNodes(unittest.TestCase):
    """Each test leaves both nodes well, and the first in use."""

    @classmethod
    def setUpClass(cls):
        cls.net = lab.Lab("phone", "core", "server", "first", "second")
        cls.addClassCleanup(cls.net.close)
        cls.cable()
        cls.start_core()
        cls.start_server()
        cls.nodes = {name: Node(cls.net, name) for name in POOLS}
        cls.wait_for_node("first", "at the start")
        lab.wait_for(lambda: POOLS["second"] in cls.net["core"].run(
            "ip", "route"), "second's pool4 is known", MANY)

    @classmethod
    def cable(cls):
        net = cls.net
        net.link("phone", "eth0", "core", "phone")
        net.link("server", "eth0", "core", "server")
        net["phone"].ip(f"addr add {PHONE6}/64 dev eth0",
                        "route add default via 2001:db8:0:1::1")
        net["server"].ip(f"addr add {SERVER4}/24 dev eth0",
                         "route add default via 198.51.100.1")
        net["core"].ip("addr add 2001:db8:0:1::1/64 dev phone",
                       "addr add 198.51.100.1/24 dev server")
        for i, name in enumerate(POOLS):
            net.link(name, "core", "core", f"to-{name}")
            net[name].ip(f"addr add 10.0.{i}.2/30 dev core")
            net["core"].ip(f"addr add 10.0.{i}.1/30 dev to-{name}")
        for family in ("ipv4", "ipv6"):
            net["core"].sysctl(f"net/{family}/conf/all/forwarding", 1)

    @classmethod
    def start_core(cls):
        conf = lab.FILES / "core.conf"
        conf.write_text(CORE)
        cls.net["core"].start("bird", "-f", "-c", conf, "-s",
                               lab.FILES / "core.ctl", "-P",
                               lab.FILES / "core.pid")

    @classmethod
    def start_server(cls):
        """Whoever sends to it is told what address it came from."""
        program = cls.net["server"].start("python3", "-uc", f"""
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("{SERVER4}", {PORT}))
print("listens")
while True:
    _, who = s.recvfrom(100)
    s.sendto(who[0].encode(), who)
""")
        program.wait_output("listens")

    @classmethod
    def new_flow(cls, patience=0.05):
        """The pool4 address that a new flow gets; None: no answer."""
        with cls.net["phone"].inside():
            sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        with sock:
            sock.settimeout(patience)
            try:
                sock.sendto(b"x", (SERVER6, PORT))
                return sock.recv(100).decode()
            except OSError:
                return None

    @classmethod
    def wait_for_node(cls, name, when):
        """Until a new flow goes over that node; says how long it took."""
        begin = time.monotonic()

        def there():
            address = cls.new_flow()
            return address is not None and is_of(name, address)
        lab.wait_for(there, f"{when}: new flows over {name}", MANY)
        print(f"{when}: new flows over {name} after "
              f"{time.monotonic() - begin:.3f} s")

    def settle(self):
        """RFC 2328's MinLSInterval: what is to be measured is not to wait for
        it because of what was before."""
        time.sleep(5)

    def test_plat_killed(self):
        """Its device goes, and BIRD sees that by itself."""
        first = self.nodes["first"]
        self.settle()
        first.stop("plat", signal.SIGKILL)
        self.wait_for_node("second", "first's plat killed")
        first.start_plat()
        self.wait_for_node("first", "first's plat started")

    def test_plat_hangs(self):
        """Routes and device stay: it is announce.sh that finds out."""
        first = self.nodes["first"]
        first.send("plat", signal.SIGSTOP)
        self.wait_for_node("second", "first's plat stopped")
        first.send("plat", signal.SIGCONT)
        self.wait_for_node("first", "first's plat goes on")

    def test_node_falls_silent(self):
        """Everything on it ends at once, and its links stay up: its routes
        end in the core when BFD says so."""
        first = self.nodes["first"]
        self.settle()
        for name in ("bird", "announce", "plat"):
            first.send(name, signal.SIGKILL)
        self.wait_for_node("second", "first falls silent")
        for name in ("bird", "announce", "plat"):
            first.stop(name, signal.SIGKILL)
        first.start()
        self.wait_for_node("first", "first is back")

    def test_link_cut(self):
        first = self.nodes["first"].host
        self.settle()
        first.ip("link set core down")
        self.wait_for_node("second", "first's link is cut")
        first.ip("link set core up")
        self.wait_for_node("first", "first's link is back")

    def test_taken_out_of_service(self):
        """announce.sh is told to end, and withdraws what it announced."""
        first = self.nodes["first"]
        self.assertEqual(first.programs.pop("announce").stop(), 0)
        self.wait_for_node("second", "first is taken out")
        routes = self.net["core"].run("ip", "route")
        self.assertIn(POOLS["second"], routes)
        self.assertNotIn(POOLS["first"], routes)
        first.start_announce()
        self.wait_for_node("first", "first is put back")

    def test_both_gone_and_back(self):
        for node in self.nodes.values():
            node.stop("plat", signal.SIGTERM)
        lab.wait_for(lambda: "64:ff9b" not in self.net["core"].run(
            "ip", "-6", "route"), "pool6 is withdrawn by both", MANY)
        self.assertIsNone(self.new_flow())
        for name in ("second", "first"):
            self.nodes[name].start_plat()
            self.wait_for_node(name, f"{name} is back")


class Configuration(unittest.TestCase):
    def test_syntax(self):
        with lab.Lab("box") as net:
            net["box"].run("bird", "-p", "-c", EXAMPLES / "node.conf")


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
