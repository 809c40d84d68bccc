#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xlat clat on a link with two routers: what it sends to the translator leaves
by the one that leads there (RFC 8028, 3.2), and all else as the kernel says.

isp is the provider with the translator; other leads to a network that knows
neither the translator nor the provider's addresses, and is what the kernel
prefers."""
import json
import signal
import unittest

import lab
import packets
import uplink
from uplink import FAR4, HIGH, LOW, NET, OTHER_NET, OTHER64, PREF64, pio, \
    pref64

ISP, OTHER = "fe80::1", "fe80::2"
TRANSLATOR, ELSEWHERE = "2001:db8:64::c633:640a", "2001:db8:99::1"


class Routers(uplink.Case):
    """home, isp and other on a switch."""

    def setUp(self):
        self.net = lab.Lab("home", "isp", "other", "switch")
        self.addCleanup(self.net.close)
        self.home, self.isp = self.net["home"], self.net["isp"]
        self.other = self.net["other"]
        switch = self.net["switch"]
        switch.ip("link add bridge type bridge mcast_snooping 0",
                  "link set bridge up")
        for name, device in (("home", "wan"), ("isp", "home"),
                             ("other", "home")):
            self.net.link(name, device, "switch", f"to-{name}")
            switch.ip(f"link set to-{name} master bridge")
        for host, addr, net in ((self.isp, ISP, "2001:db8:0:1"),
                                (self.other, OTHER, "2001:db8:0:2")):
            host.ip("link set home down", "link set home addrgenmode none",
                    "link set home up", f"addr add {addr}/64 dev home nodad",
                    f"addr add {net}::1/64 dev home nodad")
            host.sysctl("net/ipv6/conf/all/forwarding", 1)
        self.isp.ip("addr add 198.51.100.10/32 dev lo")
        self.home.sysctl("net/ipv6/conf/wan/accept_ra", 2)
        self.open_ra()
        self.other_ra = uplink.raw_icmp6(self.other, "home")
        self.addCleanup(self.other_ra.close)

    def clat(self, *argv, **more):
        """These routers do not answer solicitations."""
        return super().clat("--uplink", "wan", *argv, **more)

    def announce(self, *options, **more):
        """Of the provider's router."""
        uplink.send_ra(self.ra, *options, preference=LOW, **more)

    def announce_other(self, *options, **more):
        uplink.send_ra(self.other_ra, *options, preference=HIGH, **more)

    def announced(self, *of_other):
        """Both have told what there is, and the kernel has taken it."""
        self.announce_other(*of_other)
        self.announce(pio(NET), pref64(PREF64))
        lab.wait_for(lambda: self.gateways() == {ISP, OTHER}
                     and "2001:db8:0:1:" in self.home.run(
                         "ip", "-6", "addr", "show", "dev", "wan"),
                     "default routes and an address")
        self.assertEqual(self.gateway(ELSEWHERE), OTHER)

    def gateways(self):
        said = self.home.run("ip", "-j", "-6", "route", "show", "default")
        return {route["gateway"] for route in json.loads(said)}

    def gateway(self, addr):
        said = self.home.run("ip", "-j", "-6", "route", "get", addr)
        return json.loads(said)[0].get("gateway")

    def our_routes(self):
        """Those by a router."""
        said = self.home.run("ip", "-N", "-6", "route", "show", "proto",
                             "64")
        return [line for line in said.splitlines() if " via " in line]

    def wait_gateway(self, router):
        lab.wait_for(lambda: self.gateway(TRANSLATOR) == router,
                     f"{router} instead of {self.gateway(TRANSLATOR)}")

    def check_that_it_flows(self):
        """By way of the provider, and nothing by the other one."""
        with packets.Tap(self.other, "home", packets.ETH_P_IPV6) as wrong:
            self.ping(3)
            self.assertIsNone(wrong.receive(
                lambda p: p.dst == TRANSLATOR, 0.2))
        self.assertEqual(self.gateway(ELSEWHERE), OTHER)

    def test_p8781_34_by_the_router_that_announces_it(self):
        """Translated by the daemon, forwarded or taken at the uplink, and by
        the kernel's fast path: each has the packets leave by that router."""
        before = self.home.snapshot()
        self.provider()
        for argv in ((), ("--fast-path", "off"),
                     ("--lan", "192.168.1.0/24")):
            with self.subTest(argv):
                self.announced()
                program = self.clat(*argv)
                self.announce(pio(NET), pref64(PREF64))
                self.wait_state("up")
                program.wait_output(
                    f"leave by the router that announces it: {ISP}")
                self.assertEqual(self.status()["next-hop"], ISP)
                self.check_that_it_flows()
                self.assertEqual(len(self.our_routes()), 1)
                self.assertEqual(program.stop(), 0)
                self.assertEqual(self.our_routes(), [])
                self.assertEqual(self.gateway(TRANSLATOR), OTHER)
        self.assertEqual(
            [line for line in lab.differences(before, self.home.snapshot())
             if "64::" in line or "proto 64" in line], [])

    def test_p8781_34_goes_with_the_prefix(self):
        """It is withdrawn, comes back as another one, and its router ceases
        to be a default router."""
        self.clat()
        self.announced()
        self.wait_state("up")
        self.wait_gateway(ISP)
        self.announce(pref64(PREF64, 0))
        self.wait_gateway(OTHER)
        self.assertEqual(self.our_routes(), [])
        self.announce(pref64(OTHER64))
        self.wait_state("up")
        lab.wait_for(lambda: self.gateway("2001:db8:65::1") == ISP, "ISP")
        self.assertEqual([line.split()[0] for line in self.our_routes()],
                         [OTHER64])
        self.announce(pref64(OTHER64), lifetime=0)
        lab.wait_for(lambda: not self.our_routes(), "no route")
        self.assertEqual(self.status()["state"], "up")

    def test_p8781_34_goes_with_the_default_route(self):
        """The kernel's, to that router: it is no default router then, whatever
        it says. And with that to the other one, for then all goes there."""
        self.clat()
        self.announced()
        self.wait_state("up")
        for router in ISP, OTHER:
            with self.subTest(router):
                self.wait_gateway(ISP)
                self.home.ip(f"route del default via {router} dev wan")
                lab.wait_for(lambda: not self.our_routes(), "no route")
                self.announced_again()
        self.wait_gateway(ISP)

    def announced_again(self):
        self.announce_other()
        self.announce(pio(NET), pref64(PREF64))

    def test_p8781_34_one_router_with_two_addresses(self):
        """A manager has named it by its global address: there is only one, and
        no route is made."""
        self.home.sysctl("net/ipv6/conf/wan/accept_ra", 0)
        self.address()
        self.clat()
        self.announce(pio(NET), pref64(PREF64))
        self.wait_state("up")
        self.assertEqual(self.our_routes(), [])
        self.assertEqual(self.status()["next-hop"], "2001:db8:0:1::1")

    def test_p8781_34_what_is_said_of_the_prefix(self):
        """The operator has a route for it: that holds, before and after."""
        self.home.ip("addr add 2001:db8:0:2::7/64 dev wan nodad",
                     "route add 2001:db8:64::/64 via 2001:db8:0:2::1 dev wan")
        self.clat()
        self.announced_again()
        self.wait_state("up")
        self.assertEqual(self.our_routes(), [])
        self.home.ip("route del 2001:db8:64::/64")
        self.wait_gateway(ISP)
        self.home.ip(f"route add {PREF64} via 2001:db8:0:2::1 dev wan")
        lab.wait_for(lambda: not self.our_routes(), "no route of ours")

    def test_p8781_34_l_45_removed_by_others(self):
        """It is put back, after a second, and told."""
        program = self.clat()
        self.announced()
        self.wait_state("up")
        self.wait_gateway(ISP)
        self.home.ip(f"route del {PREF64} via {ISP} dev wan")
        program.wait_output("somebody has removed")
        self.wait_gateway(ISP)

    def test_p8781_34_left_by_a_kill(self):
        """Engine and helper at once: the next run has nothing of it, whatever
        it wants itself."""
        for argv in (), ("--pref64", OTHER64, "--discover", "off"):
            with self.subTest(argv):
                self.announced()
                program = self.clat()
                self.announce(pio(NET), pref64(PREF64))
                self.wait_gateway(ISP)
                self.home.run("kill", "-KILL", program.pid,
                              *lab.children(program.pid))
                program.stop(signal.SIGKILL)
                lab.wait_for(lambda: not self.home.pids(), "nobody")
                self.assertEqual(len(self.our_routes()), 1)
                program = self.clat(*argv)
                self.assertEqual(self.our_routes(), [])
                self.assertEqual(program.stop(), 0)

    def test_p8781_34_engine_is_killed(self):
        """Its helper sees to it."""
        program = self.clat()
        self.announced()
        self.wait_gateway(ISP)
        program.stop(signal.SIGKILL)
        lab.wait_for(lambda: not self.our_routes(), "no route")

    def test_c6877_85_prefix_source_and_next_hop(self):
        """Both announce the prefix, and each its own network: the router is
        that of our address, for the other one may not let it pass."""
        self.other.run("nft", "add table ip6 strict; add chain ip6 strict f "
                       "{ type filter hook prerouting priority 0; }; "
                       "add rule ip6 strict f ip6 saddr 2001:db8:0:1::/64 "
                       "drop")
        self.provider()
        self.clat()
        self.announce(pio(NET), pref64(PREF64))
        self.wait_state("up")
        self.announced(pio(OTHER_NET), pref64(PREF64))
        self.wait_gateway(ISP)
        self.assertTrue(self.source().startswith("2001:db8:0:1:"))
        self.check_that_it_flows()

    def test_c6877_85_several_ways(self):
        """A manager has made one default route of both (ECMP): that counts as
        a default route, and half of the packets would be lost."""
        self.home.sysctl("net/ipv6/conf/wan/accept_ra", 0)
        self.home.ip("addr add 2001:db8:0:1::2/64 dev wan nodad",
                     f"route add default nexthop via {ISP} dev wan "
                     f"nexthop via {OTHER} dev wan")
        self.provider()
        self.clat()
        self.announced_again()
        self.wait_state("up")
        self.wait_gateway(ISP)
        self.assertEqual(len(self.our_routes()), 1)
        self.ping(5)


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
