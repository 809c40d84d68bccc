# SPDX-License-Identifier: MIT
"""network - the five hosts that 464XLAT is about, as a Lab

    laptop ───── router ═════ provider ───── server        IPv4, IPv4 only
    192.168.1.2  │ clat   ║   plat, dns64    198.51.100.10
                 │        ║ IPv6 only
                 │      phone 2001:db8:0:1::20
                 └ ─ ─ ─ ─ ─ ─ ─ ┘  plain IPv4, only for 198.51.100.99

The access network (a bridge at the provider's) carries no IPv4. Beside it lies
a link that does, used for the server's second address alone: what forwarding
without translation does through the same hosts, in the same run.
"""
import json

import lab

SERVER4 = "198.51.100.10"
PLAIN4 = "198.51.100.99"
LAPTOP4 = "192.168.1.2"
PROVIDER6 = "2001:db8:0:1::1"
PHONE6 = "2001:db8:0:1::20"
PREF64 = "2001:db8:64::/96"
SERVER6 = "2001:db8:64::c633:640a"
SOURCE6 = "2001:db8:0:464::/96"
LAPTOP6 = "2001:db8:0:464::c0a8:102"
POOL4 = "192.0.2.0/28"

CLAT = ["clat", "--uplink", "wan", "--pref64", PREF64, "--source", SOURCE6,
        "--lan", "192.168.1.0/24"]
PLAT = ["plat", "--pool6", PREF64, "--pool4", POOL4,
        "--allow6", "2001:db8::/32", "--allow4", "198.51.100.0/24"]
SIIT = ["siit", "--pool6", "2001:db8:46::/96",
        "--eam", f"198.51.100.80,{PHONE6}"]
DNS64 = ["dns64", "--listen", f"[{PROVIDER6}]:53",
         "--forward", "127.0.0.1:5353", "--prefix", PREF64,
         "--allow", "2001:db8::/32"]


class Network(lab.Lab):
    """The hosts, cabled and addressed; no program runs yet."""

    def __init__(self):
        super().__init__("laptop", "router", "provider", "server", "phone")
        self._cable()
        self["laptop"].ip(f"addr add {LAPTOP4}/24 dev eth0",
                          "route add default via 192.168.1.1")
        self["router"].ip("addr add 192.168.1.1/24 dev lan",
                          "addr add 2001:db8:0:1::2/64 dev wan",
                          f"route add default via {PROVIDER6}",
                          "addr add 10.99.0.2/30 dev plain",
                          f"route add {PLAIN4} via 10.99.0.1")
        self["provider"].ip(f"addr add {PROVIDER6}/64 dev access",
                            f"route add {SOURCE6} via 2001:db8:0:1::2",
                            "addr add 198.51.100.1/24 dev internet",
                            "addr add 10.99.0.1/30 dev plain",
                            "route add 192.168.1.0/24 via 10.99.0.2")
        self["server"].ip(f"addr add {SERVER4}/24 dev eth0",
                          f"addr add {PLAIN4}/24 dev eth0",
                          "route add default via 198.51.100.1")
        self["phone"].ip(f"addr add {PHONE6}/64 dev eth0",
                         f"route add default via {PROVIDER6}")

    def _cable(self):
        self.link("laptop", "eth0", "router", "lan")
        self.link("router", "wan", "provider", "home")
        self.link("phone", "eth0", "provider", "mobile")
        self.link("provider", "internet", "server", "eth0")
        self.link("router", "plain", "provider", "plain")
        self["provider"].ip("link add access type bridge",
                            "link set home master access",
                            "link set mobile master access",
                            "link set access up")

    def clat(self, *more):
        return self["router"].xlat(*CLAT, *more)

    def plat(self, *more):
        return self["provider"].xlat(*PLAT, *more)

    def siit(self, *more):
        return self["provider"].xlat(*SIIT, *more)

    def dns64(self, *more):
        return self["provider"].xlat(*DNS64, *more)


def unbound(host):
    """A resolver for example.net: one name with an IPv4 address only."""
    folder = lab.FILES / "unbound"
    folder.mkdir(exist_ok=True)
    conf = folder / "unbound.conf"
    conf.write_text(f"""
server:
    interface: 127.0.0.1@5353
    directory: "{folder}"
    pidfile: ""
    chroot: ""
    username: ""
    use-syslog: no
    log-queries: yes
    module-config: "iterator"
    local-zone: "example.net." static
    local-data: "server.example.net. 300 IN A {SERVER4}"
    local-data: "both.example.net. 300 IN A {SERVER4}"
    local-data: "both.example.net. 300 IN AAAA 2001:db8:0:1::80"
remote-control:
    control-enable: no
""")
    program = host.start("unbound", "-d", "-p", "-c", conf)
    program.wait_output("start of service")
    return program


def web(host, address=SERVER4, page="a page from the IPv4-only server\n",
        big=32 << 20):
    """A web server: a small page, and big bytes of noise as /big."""
    folder = lab.FILES / "www"
    folder.mkdir(exist_ok=True)
    (folder / "index.html").write_text(page)
    with open("/dev/urandom", "rb") as noise:
        (folder / "big").write_bytes(noise.read(big))
    program = host.start("python3", "-um", "http.server", "--bind", address,
                         "--directory", folder, "80")
    program.wait_output("^Serving HTTP")
    return program


def iperf_server(host):
    program = host.start("iperf3", "--server", "--forceflush")
    program.wait_output("^Server listening")
    return program


def iperf(host, address, *more, seconds=3):
    """Gbit/s of a run of iperf3, as the receiver counted."""
    said = host.run("iperf3", "--json", "-c", address, "-t", seconds, *more,
                    seconds=seconds + 20)
    end = json.loads(said)["end"]
    return end.get("sum_received", end.get("sum"))["bits_per_second"] / 1e9
