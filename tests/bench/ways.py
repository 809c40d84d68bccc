# SPDX-License-Identifier: MIT
"""ways - four hosts in a row, and the ways across them that are compared

    host ---- cpe ==== pe ---- server
         IPv4     IPv6     IPv4

All ways are up at the same time, each under a server address of its own, so
that measuring another one is only a matter of sending to another address: the
hosts, the links and the programs that make the load are the same. For plain
forwarding the link in the middle has IPv4 as well.

A way is a class: start() sets it up, programs are those that translate.
"""
import shutil
import signal
import subprocess

import lab

HOST, POOL = "192.168.1.2", "192.0.2"
MTU = "mtu 1480"

NET = {
    "host": ["addr add 192.168.1.2/24 dev eth0",
             "route add default via 192.168.1.1"],
    "cpe": ["addr add 192.168.1.1/24 dev lan0",
            "addr add 10.0.0.1/30 dev up0",
            "addr add 2001:db8:0:1::1/64 dev up0",
            "route add ::/0 via 2001:db8:0:1::2",
            "route add 203.0.113.10 via 10.0.0.2"],
    "pe": ["addr add 10.0.0.2/30 dev acc0",
           "addr add 2001:db8:0:1::2/64 dev acc0",
           "addr add 203.0.113.1/24 dev net0",
           "route add 2001:db8:464::/48 via 2001:db8:0:1::1",
           "route add 192.168.1.0/24 via 10.0.0.1"],
    "server": [f"addr add 203.0.113.{n}/24 dev eth0" for n in
               (10, 20, 30, 40)] + ["route add default via 203.0.113.1"],
}


def ask(*argv):
    """What a program prints; nothing if it is not there or fails."""
    try:
        return subprocess.run(argv, text=True, check=True,
                              capture_output=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""


def build():
    """The four hosts, without any way across but the plain one."""
    net = lab.Lab(*NET)
    net.link("host", "eth0", "cpe", "lan0")
    net.link("cpe", "up0", "pe", "acc0")
    net.link("pe", "net0", "server", "eth0")
    for name in ("cpe", "pe"):
        net[name].sysctl("net/ipv4/ip_forward", 1)
        net[name].sysctl("net/ipv6/conf/all/forwarding", 1)
    for name, commands in NET.items():
        net[name].ip(*commands)
    return net


class Way:
    """name: in the table; server: address that leads this way; note: what
    the reader of the table has to know; missing(): why it cannot run."""
    name = server = note = ""

    def __init__(self):
        self.programs = []

    @staticmethod
    def missing():
        return None

    def start(self, net):
        pass

    def pids(self):
        """Every process that translates, helpers included."""
        return [pid for program in self.programs
                for pid in (program.pid, *lab.children(program.pid))]

    def stop(self):
        for program in self.programs:
            program.stop()


class Plain(Way):
    name = "plain"
    server = "203.0.113.10"
    note = "IPv4 forwarding by the kernel, no translation"


class Xlat(Way):
    """At the customer's end the routes are ours (--no-setup): the default
    route that clat makes would take the traffic of the other ways, too."""
    name = "xlat"
    server = "203.0.113.20"
    note = "xlat clat and xlat plat, one thread each"
    prefix = "2001:db8:64:1::/96"
    lan = "2001:db8:464:1::/96"

    @staticmethod
    def missing():
        has = ask(lab.XLAT, "--list").split()
        lacks = [name for name in ("clat", "plat") if name not in has]
        return f"it has no {' and no '.join(lacks)}" if lacks else None

    def applet(self, host, name, *options):
        program = host.start(lab.XLAT, name, "--tun", f"x{name}", "--no-setup",
                             "--control", "none", *options)
        program.wait_until(lambda: f"x{name}" in host.links(), "its device")
        host.sysctl(f"net/ipv6/conf/x{name}/addr_gen_mode", 1)
        host.ip(f"link set x{name} up")
        self.programs.append(program)

    def start_clat(self, cpe):
        self.applet(cpe, "clat", "--uplink", "up0", "--pref64", self.prefix,
                    "--source", self.lan, "--lan", "192.168.1.0/24")
        cpe.ip(f"route add {self.server} dev xclat {MTU}",
               f"route add {self.lan} dev xclat",
               f"route add {self.prefix} via 2001:db8:0:1::2")

    def start_plat(self, pe):
        self.programs.append(pe.start(
            lab.XLAT, "plat", "--tun", "xplat", "--control", "none",
            "--pool6", self.prefix, "--pool4", f"{POOL}.20", "--allow6",
            self.lan, "--allow4", "203.0.113.0/24"))

    def stop_plat(self):
        self.programs.pop().stop()

    def start(self, net):
        self.start_clat(net["cpe"])
        self.start_plat(net["pe"])
        self.programs[-1].wait_until(
            lambda: self.prefix in net["pe"].run("ip", "-6", "route"),
            "its routes")


class Tayga(Way):
    """A stateless translator at either end: TAYGA keeps no sessions, so the
    provider's end has a fixed address for the one customer there is. That
    is less work than a NAT64 does, to TAYGA's advantage."""
    name = "tayga"
    server = "203.0.113.30"
    note = "TAYGA 0.9.2 at both ends: stateless, one address mapped to one"
    prefix = "2001:db8:64:2::/96"
    host6 = "2001:db8:464:2::2"

    @staticmethod
    def missing():
        return None if shutil.which("tayga") else "not installed"

    def daemon(self, host, self4, self6, mapped):
        conf = lab.FILES / f"tayga-{host.name}.conf"
        data = lab.FILES / f"tayga-{host.name}"
        data.mkdir()
        conf.write_text(f"tun-device tayga\nipv4-addr {self4}\n"
                        f"ipv6-addr {self6}\nprefix {self.prefix}\n"
                        f"map {mapped} {self.host6}\ndata-dir {data}\n")
        host.run("tayga", "-c", conf, "--mktun")
        host.sysctl("net/ipv6/conf/tayga/addr_gen_mode", 1)
        host.ip("link set tayga up")
        self.programs.append(host.start("tayga", "-c", conf, "--nodetach"))

    def start(self, net):
        self.daemon(net["cpe"], "192.168.255.1", "2001:db8:464:2::1", HOST)
        net["cpe"].ip(f"route add {self.server} dev tayga {MTU}",
                      f"route add {self.host6} dev tayga")
        self.daemon(net["pe"], f"{POOL}.129", "2001:db8:0:2::1",
                    f"{POOL}.130")
        net["pe"].ip(f"route add {POOL}.130 dev tayga {MTU}",
                     f"route add {self.prefix} dev tayga")
        net["cpe"].ip(f"route add {self.prefix} via 2001:db8:0:1::2")

    def stop(self):
        for program in self.programs:
            program.stop(signal.SIGKILL)


class Jool(Way):
    """jool_siit at the customer's end, jool at the provider's; in the kernel,
    so there is no process whose time could be read."""
    name = "jool"
    server = "203.0.113.40"
    note = "Jool: jool_siit and jool, in the kernel"
    prefix = "2001:db8:64:3::/96"
    lan = "2001:db8:464:3::/96"

    @staticmethod
    def missing():
        if not shutil.which("jool") or not shutil.which("jool_siit"):
            return "not installed"
        lacks = [m for m in ("jool", "jool_siit") if not ask("modinfo", m)]
        return f"no kernel module {lacks[0]}" if lacks else None

    def start(self, net):
        cpe, pe = net["cpe"], net["pe"]
        cpe.run("jool_siit", "instance", "add", "--netfilter", "--pool6",
                self.prefix)
        cpe.run("jool_siit", "eamt", "add", f"{HOST}/32",
                f"{self.lan.removesuffix('/96')}c0a8:102/128")
        pe.run("jool", "instance", "add", "--netfilter", "--pool6",
               self.prefix)
        for proto in ("--tcp", "--udp", "--icmp"):
            pe.run("jool", "pool4", "add", proto, f"{POOL}.140",
                   "1024-65535")
        pe.ip(f"addr add {POOL}.140/32 dev lo")


ALL = (Plain, Xlat, Tayga, Jool)
