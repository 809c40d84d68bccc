#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make compare - DNS64 of xlat, Unbound and BIND beside each other

All three forward to the same scripted server and are asked the same. What is
right is said here by the RFC, not by any of them; under each name stands
whether it does that, and if not, what it says instead. Each has the settings
that its manual gives for a DNS64 that forwards, and every case a name of its
own, so that none is answered out of a cache.

Prints a table and writes build/compare/dns64.md. Exit status 1 if xlat does
not do what the RFC says."""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "net"))

import dnsmsg  # noqa: E402
import lab  # noqa: E402
from dnsmsg import A, AAAA, CNAME, PTR, RR, SOA, Reply  # noqa: E402

OUT = pathlib.Path(os.environ["BUILD"]) / "compare/dns64.md"
UP = 5300
PORTS = {"xlat": 5301, "Unbound": 5302, "BIND": 5303}
ZONE = "example"
REVERSE = "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.f.f.4.6.0.0.ip6.arpa"
NINE, EIGHT = "64:ff9b::909:909", "64:ff9b::808:808"

UNBOUND = """server:
 do-daemonize: no
 username: ""
 chroot: ""
 pidfile: ""
 use-syslog: no
 directory: "{dir}"
 interface: 127.0.0.1@{port}
 access-control: 127.0.0.0/8 allow
 module-config: "dns64 iterator"
 dns64-prefix: 64:ff9b::/96
 do-not-query-localhost: no
 qname-minimisation: no
 harden-below-nxdomain: no
forward-zone:
 name: "."
 forward-addr: 127.0.0.1@{up}
"""
BIND = """options {{
 directory "{dir}"; pid-file none; session-keyfile none;
 listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
 recursion yes; allow-query {{ any; }}; dnssec-validation no;
 forward only; forwarders {{ 127.0.0.1 port {up}; }};
 dns64 64:ff9b::/96 {{ clients {{ any; }}; }};
}};
controls {{ }};
"""

CASES = []


def case(name, rfc, right, *script, kind="AAAA", asked=None, **how):
    """A question for a name of ZONE, or for @asked, and what the reply has to
    be: a function of the message."""
    CASES.append((name, rfc, right, script, kind, asked, how))


def has(*addresses, rcode=0):
    """Exactly these AAAA records."""
    return lambda m: m.rcode == rcode and sorted(
        rr[3] for rr in m.answer if rr[1] == "AAAA") == sorted(addresses)


def ttl(seconds):
    return lambda m: [rr[2] for rr in m.answer if rr[1] == "AAAA"] == [seconds]


def denied(m):
    """No data, and the SOA record that lets it be remembered."""
    return m.rcode == 0 and not m.answer and \
        [rr[1] for rr in m.authority].count("SOA") == 1


def chain(*types):
    return lambda m: m.rcode == 0 and [rr[1] for rr in m.answer] == list(types)


def on(kind, *rrs, **more):
    """What the server says to a question of that type."""
    return kind, lambda name: Reply(*(f(name) for f in rrs), **more)


def a(address, seconds=60):
    return lambda name: A(name, seconds, address)


def aaaa(address, seconds=60):
    return lambda name: AAAA(name, seconds, address)


def soa(seconds):
    return {"authority": [SOA(ZONE, seconds)]}


NONE = on("AAAA", **soa(900))
GOOD = on("A", a("9.9.9.9"))

case("only A records", "RFC 6147, 5.1.6", has(NINE, EIGHT), NONE,
     on("A", a("9.9.9.9"), a("8.8.8.8")))
case("native AAAA wins", "RFC 6147, 5.1.1", has("2606:4700::1"),
     on("AAAA", aaaa("2606:4700::1")), GOOD)
case("NXDOMAIN is final", "RFC 6147, 5.1.2", has(rcode=3),
     on("AAAA", rcode=3, **soa(900)), GOOD)
case("neither: one SOA", "RFC 6147, 5.4", denied, NONE, on("A", **soa(900)))
for word, rcode in (("SERVFAIL", 2), ("REFUSED", 5), ("NOTIMP", 4),
                    ("FORMERR", 1)):
    case(f"AAAA fails with {word}, A is there", "RFC 6147, 5.1.2", has(NINE),
         on("AAAA", rcode=rcode), GOOD)
case("AAAA is not answered, A is", "RFC 6147, 5.1.3", has(NINE),
     on("AAAA", drop=True), GOOD)
case("validation of AAAA failed (EDE 6)", "RFC 6147, 3 and 5.5; RFC 8914",
     has(rcode=2), on("AAAA", rcode=2, ede=6), GOOD, edns=1232)
case("NODATA, then A fails", "RFC 6147, 5.1.6", has(rcode=2), NONE,
     on("A", rcode=2))
case("AAAA is IPv4-mapped", "RFC 6147, 5.1.4", has(NINE),
     on("AAAA", aaaa("::ffff:9.9.9.9")), GOOD)
case("one AAAA IPv4-mapped, one not", "RFC 6147, 5.1.4",
     has("2606:4700::1"),
     on("AAAA", aaaa("::ffff:9.9.9.9"), aaaa("2606:4700::1")), GOOD)
case("A is 10.0.0.1, well-known prefix", "RFC 6052, 3.1", has(), NONE,
     on("A", a("10.0.0.1")))
case("one A global, one not", "RFC 6052, 3.1", has(NINE), NONE,
     on("A", a("10.0.0.1"), a("9.9.9.9")))
case("TTL is the A's", "RFC 6147, 5.1.7", ttl(300), NONE,
     on("A", a("9.9.9.9", 300)))
case("TTL is the SOA's, which is less", "RFC 6147, 5.1.7", ttl(60),
     on("AAAA", **soa(60)), on("A", a("9.9.9.9", 300)))
case("TTL without SOA: 600 at most", "RFC 6147, 5.1.7", ttl(600),
     on("AAAA"), on("A", a("9.9.9.9", 3000)))
case("TTL 0 stays 0", "RFC 2181, 8", ttl(0), NONE, on("A", a("9.9.9.9", 0)))
case("alias, then the address", "RFC 6147, 5.1.5", chain("CNAME", "AAAA"),
     on("AAAA", lambda n: CNAME(n, 60, "to.example"), **soa(900)),
     on("A", lambda n: CNAME(n, 60, "to.example"),
        lambda _: A("to.example", 60, "9.9.9.9")))
case("alias without SOA or data", "RFC 6147, 5.1.5", chain("CNAME", "AAAA"),
     on("AAAA", lambda n: CNAME(n, 60, "to.example")),
     on("A", lambda n: CNAME(n, 60, "to.example"),
        lambda _: A("to.example", 60, "9.9.9.9")))
case("alias to nothing: once", "RFC 6147, 5.1.5", chain("CNAME"),
     on("AAAA", lambda n: CNAME(n, 60, "empty.example"), **soa(900)),
     on("A", lambda n: CNAME(n, 60, "empty.example"), **soa(900)))
case("A question is left alone", "RFC 6147, 5.1",
     lambda m: m.shown() == ["A 60 10.0.0.1"], on("A", a("10.0.0.1")),
     kind="A")
case("ipv4hint is left alone", "RFC 9460, 4.2.1",
     lambda m: len(m.answer) == 1 and m.answer[0][3][-4:] == b"\x09" * 4,
     on("HTTPS", lambda n: RR(n, "HTTPS", 60, b"\0\1\0\0\4\0\4" + b"\x09" * 4)),
     kind="HTTPS")
case("CD and DO: nothing is made", "RFC 6147, 5.5, 3", has(), NONE, GOOD,
     edns=1232, do=True, flags=dnsmsg.RD | dnsmsg.CD)
case("AD is clear", "RFC 4035, 3.2.3", lambda m: has(NINE)(m) and
     not m.flags & dnsmsg.AD, NONE, on("A", a("9.9.9.9"), flags=dnsmsg.AD))
case("AAAA of ipv4only.arpa", "RFC 8880, 7.1; RFC 7050",
     has("64:ff9b::c000:aa", "64:ff9b::c000:ab"), asked="ipv4only.arpa")
case("A of ipv4only.arpa", "RFC 8880, 7.1",
     lambda m: sorted(rr[3] for rr in m.answer) == ["192.0.0.170",
                                                    "192.0.0.171"],
     kind="A", asked="ipv4only.arpa")
case("PTR below the prefix", "RFC 6147, 5.3.1",
     lambda m: "dns.example" in [rr[3] for rr in m.answer], kind="PTR",
     asked="8.0.8.0.8.0.8.0." + REVERSE)
case("PTR of 192.0.0.170 below the prefix", "RFC 8880, 7.2.1",
     lambda m: "ipv4only.arpa" in [rr[3] for rr in m.answer], kind="PTR",
     asked="a.a.0.0.0.0.0.c." + REVERSE)
case("localhost", "RFC 6761, 6.3", has("::1"), asked="localhost")


def name_of(number, asked):
    return asked or f"c{number}.{ZONE}"


def start_server(box):
    server = dnsmsg.Server(box, "127.0.0.1", UP)
    server.zone = ZONE
    server.names(A("ready.example", 60, "9.9.9.9"),
                 A("to.example", 60, "9.9.9.9"),
                 RR("empty.example", "TXT", 60, b"\1x"),
                 PTR("8.8.8.8.in-addr.arpa", 60, "dns.example"))
    for number, (_, _, _, script, _, asked, _) in enumerate(CASES):
        name = name_of(number, asked)
        for kind, reply in script:
            server.script[name, kind] = reply(name)
    return server


def start(box, way):
    port = PORTS[way]
    if way == "xlat":
        return box.start(lab.XLAT, "dns64", "--listen", f"127.0.0.1:{port}",
                         "--forward", f"127.0.0.1:{UP}", "--control", "none")
    text = (UNBOUND if way == "Unbound" else BIND).format(
        dir=lab.FILES, port=port, up=UP)
    conf = lab.FILES / f"{way}.conf"
    conf.write_text(text)
    return box.start(*(["unbound", "-d", "-c"] if way == "Unbound" else
                       ["named", "-f", "-n", "1", "-c"]), conf)


def ask(client, number):
    _, _, _, _, kind, asked, how = CASES[number]
    try:
        return client.ask(name_of(number, asked), kind, **how)
    except OSError:
        return None


def said(message):
    if message is None:
        return "no answer"
    lines = ", ".join(f"{kind} {ttl} {data}" if isinstance(data, str) else
                      f"{kind} {ttl}" for _, kind, ttl, data in message.answer)
    words = {0: "", 2: "SERVFAIL", 3: "NXDOMAIN", 5: "REFUSED"}
    words = words.get(message.rcode, str(message.rcode))
    return " ".join(w for w in (words, lines) if w) or "no data"


def row(clients, number):
    name, rfc, right = CASES[number][:3]
    cells = []
    for client in clients.values():
        message = ask(client, number)
        good = message is not None and right(message)
        cells.append("yes" if good else f"no: {said(message)}")
    print(f"{name:40}" + "  ".join(f"{cell:12.40}" for cell in cells),
          flush=True)
    return name, rfc, cells


def write(rows):
    OUT.parent.mkdir(parents=True, exist_ok=True)
    head = ["case", "by", *PORTS]
    lines = [head, ["---"] * len(head)]
    lines += [[name, rfc, *cells] for name, rfc, cells in rows]
    OUT.write_text("".join("| " + " | ".join(line) + " |\n"
                           for line in lines))


def main():
    with lab.Lab("box") as net:
        box = net["box"]
        start_server(box)
        clients = {}
        for way in PORTS:
            program = start(box, way)
            client = clients[way] = dnsmsg.Client(box, "127.0.0.1",
                                                  port=PORTS[way])
            program.wait_until(lambda c=client: ready(c), "it answers", 20)
        print(f"{'':40}" + "  ".join(f"{way:12}" for way in PORTS))
        rows = [row(clients, number) for number in range(len(CASES))]
    write(rows)
    for at, way in enumerate(PORTS):
        good = sum(cells[at] == "yes" for _, _, cells in rows)
        print(f"{way}: {good} of {len(rows)} by the RFCs")
    return 0 if all(cells[0] == "yes" for _, _, cells in rows) else 1


def ready(client):
    try:
        return client.ask("ready.example", "A").answer
    except OSError:
        return False


lab.enter()
sys.exit(main())
