# SPDX-License-Identifier: MIT
"""dnsmsg - DNS messages, a client, and a server that says what it is told to

Written for the tests alone: it shares nothing with the program under test.
Names are text without the last dot; records are made by A(), AAAA(), CNAME(),
SOA(), PTR() and RR().

What the clients and servers of a test say is left in build/captures, as the
fuzzer of the query machine takes it (tests/fuzz/dns_query.c).
"""
import atexit
import collections
import ipaddress
import os
import pathlib
import selectors
import socket
import struct
import sys
import threading

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15,
         "TXT": 16, "AAAA": 28, "SRV": 33, "DNAME": 39, "OPT": 41, "DS": 43,
         "RRSIG": 46, "HTTPS": 65, "AXFR": 252, "ANY": 255}
NAMES = {number: name for name, number in TYPES.items()}
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)
QR, AA, TC, RD, RA, AD, CD = 0x8000, 0x400, 0x200, 0x100, 0x80, 0x20, 0x10
PATIENCE = 10.0

RR = collections.namedtuple("RR", "owner type ttl rdata")

# Who says it, as in dns_query.c; a few messages make an input.
BY_UDP, BY_TCP, BY_SERVER = 0, 4, 1
CAPTURE_MOST, CAPTURE_EACH, CAPTURE_SIZE = 1600, 16, 4096
_captured = []


def capture(who, data):
    if len(_captured) < CAPTURE_MOST and len(data) <= CAPTURE_SIZE:
        _captured.append(struct.pack(">BH", who, len(data)) + data)


@atexit.register
def _save():
    """The same names each time: they are replaced, and do not pile up."""
    folder = pathlib.Path(os.environ.get("BUILD", "build"),
                          "captures/dns_query")
    name = pathlib.Path(sys.argv[0]).stem
    for at in range(0, len(_captured), CAPTURE_EACH):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}-{at // CAPTURE_EACH}").write_bytes(
            b"".join(_captured[at:at + CAPTURE_EACH]))


def wire_name(text):
    labels = [part.encode("latin-1") for part in text.split(".") if part]
    return b"".join(bytes([len(p)]) + p for p in labels) + b"\0"


def A(owner, ttl, address):
    return RR(owner, "A", ttl, ipaddress.IPv4Address(address).packed)


def AAAA(owner, ttl, address):
    return RR(owner, "AAAA", ttl, ipaddress.IPv6Address(address).packed)


def CNAME(owner, ttl, target):
    return RR(owner, "CNAME", ttl, wire_name(target))


def PTR(owner, ttl, target):
    return RR(owner, "PTR", ttl, wire_name(target))


def SOA(owner, ttl, minimum=86400):
    return RR(owner, "SOA", ttl, wire_name("ns." + owner) +
              wire_name("who." + owner) +
              struct.pack(">5I", 1, 2, 3, 4, minimum))


def wire_rr(rr):
    return (wire_name(rr.owner) +
            struct.pack(">HHIH", TYPES.get(rr.type, rr.type), 1, rr.ttl,
                        len(rr.rdata)) + rr.rdata)


def opt(size=1232, do=False, options=(), version=0, rcode=0):
    data = b"".join(struct.pack(">HH", code, len(value)) + value
                    for code, value in options)
    ttl = rcode >> 4 << 24 | version << 16 | (0x8000 if do else 0)
    return b"\0" + struct.pack(">HHIH", 41, size, ttl, len(data)) + data


def question(name, kind, ident=0x1234, flags=RD, edns=None, do=False,
             options=(), version=0):
    """A question as bytes; edns: the size that the client takes."""
    body = wire_name(name) + struct.pack(">HH", TYPES.get(kind, kind), 1)
    tail = b"" if edns is None else opt(edns, do, options, version)
    return struct.pack(">6H", ident, flags, 1, 0, 0, bool(tail)) + body + tail


class Message:
    """A message taken apart; raises where it is not well-formed."""

    def __init__(self, data):
        self.data = data
        self.id, self.flags, *counts = struct.unpack_from(">6H", data)
        self.rcode = self.flags & 15
        self.opt = None
        self.at = 12
        self.questions = [self._question() for _ in range(counts[0])]
        self.answer, self.authority, self.additional = (
            [rr for rr in (self._rr() for _ in range(n)) if rr]
            for n in counts[1:])
        assert self.at == len(data), "bytes behind the last record"

    def _name(self):
        labels, at, end = [], self.at, None
        while self.data[at]:
            n = self.data[at]
            if n >= 0xC0:
                end = at + 2 if end is None else end
                target = struct.unpack_from(">H", self.data, at)[0] & 0x3FFF
                assert target < at, "a pointer forwards"
                at = target
                continue
            labels.append(self.data[at + 1:at + 1 + n].decode("latin-1"))
            at += n + 1
        self.at = at + 1 if end is None else end
        return ".".join(labels)

    def _question(self):
        name = self._name()
        kind, _ = struct.unpack_from(">HH", self.data, self.at)
        self.at += 4
        return name, NAMES.get(kind, kind)

    def _rr(self):
        owner = self._name()
        kind, size, ttl, n = struct.unpack_from(">HHIH", self.data, self.at)
        start = self.at = self.at + 10
        self.at += n
        rdata = self.data[start:self.at]
        if kind == 41:
            self._opt(size, ttl, rdata)
            return None
        return owner, NAMES.get(kind, kind), ttl, self._text(kind, start, rdata)

    def _text(self, kind, start, rdata):
        if kind in (1, 28):
            return str(ipaddress.ip_address(rdata))
        if kind in (2, 5, 6, 12, 39):
            behind, self.at = self.at, start
            text, self.at = self._name(), behind
            return text
        return rdata

    def _opt(self, size, ttl, rdata):
        assert self.opt is None, "two OPT records"
        self.opt, at = {"size": size, "do": bool(ttl & 0x8000)}, 0
        self.rcode |= ttl >> 24 << 4
        while at < len(rdata):
            code, n = struct.unpack_from(">HH", rdata, at)
            self.opt[code] = rdata[at + 4:at + 4 + n]
            at += 4 + n

    @property
    def ede(self):
        """The info-code of its extended error, or None."""
        data = (self.opt or {}).get(15)
        return data and struct.unpack_from(">H", data)[0]

    def shown(self):
        """The answer section, as "TYPE TTL DATA" lines."""
        return [f"{kind} {ttl} {data}" for _, kind, ttl, data in self.answer]


class Client:
    """Asks a server, from a host of the lab, over UDP or TCP."""

    def __init__(self, host, server, source=None, port=53):
        self.host, self.server, self.port = host, server, port
        self.family = socket.AF_INET6 if ":" in server else socket.AF_INET
        self.source = source

    def socket(self, kind):
        with self.host.inside():
            sock = socket.socket(self.family, kind)
        sock.settimeout(PATIENCE)
        if self.source:
            sock.bind((self.source, 0))
        sock.connect((self.server, self.port))
        return sock

    def send(self, data):
        """Send bytes over UDP and return the reply's message."""
        capture(BY_UDP, data)
        with self.socket(socket.SOCK_DGRAM) as sock:
            sock.send(data)
            return Message(sock.recv(65535))

    def silent(self, data, seconds=0.5):
        """Does nothing come back?"""
        capture(BY_UDP, data)
        with self.socket(socket.SOCK_DGRAM) as sock:
            sock.settimeout(seconds)
            sock.send(data)
            try:
                return not sock.recv(65535)
            except socket.timeout:
                return True

    def ask(self, name, kind="AAAA", tcp=False, **more):
        data = question(name, kind, **more)
        if not tcp:
            return self.send(data)
        capture(BY_TCP, data)
        with self.socket(socket.SOCK_STREAM) as sock:
            sock.sendall(struct.pack(">H", len(data)) + data)
            return Message(read_tcp(sock))


def read_exactly(sock, n):
    data = b""
    while len(data) < n:
        more = sock.recv(n - len(data))
        if not more:
            raise EOFError(f"connection closed after {len(data)} bytes")
        data += more
    return data


def read_tcp(sock):
    return read_exactly(sock, struct.unpack(">H", read_exactly(sock, 2))[0])


class Reply:
    """What a scripted server says to one question.

    tc: truncated over UDP; delay: seconds; drop: says nothing; ede: code of
    an extended error; edns: False: like a server that does not know it;
    mangle: a function from the message's bytes to what is sent, or to a list
    of such."""

    def __init__(self, *answer, authority=(), additional=(), rcode=0, flags=0,
                 tc=False, delay=0.0, drop=False, ede=None, edns=True,
                 mangle=None):
        self.sections = answer, authority, additional
        self.rcode, self.flags, self.tc = rcode, flags, tc
        self.delay, self.drop, self.ede = delay, drop, ede
        self.edns, self.mangle = edns, mangle

    def messages(self, asked, body, udp, cookie):
        if not self.edns and asked.opt:
            return [struct.pack(">6H", asked.id, QR | RA | FORMERR, 0, 0, 0, 0)]
        flags = QR | RA | self.flags | (asked.flags & RD) | self.rcode
        counts = [len(s) for s in self.sections]
        records = b"".join(wire_rr(rr) for s in self.sections for rr in s)
        if self.tc and udp:
            flags, counts, records = flags | TC, [0, 0, 0], b""
        if asked.opt:
            options = [(15, struct.pack(">H", self.ede))] if self.ede else []
            if cookie and 10 in asked.opt:
                options.append((10, asked.opt[10][:8] + cookie))
            records += opt(1232, asked.opt["do"], options)
            counts[2] += 1
        data = struct.pack(">6H", asked.id, flags, 1, *counts) + body + records
        if not self.mangle:
            return [data]
        sent = self.mangle(data)
        return sent if isinstance(sent, list) else [sent]


def nodata(zone="test", ttl=900):
    return Reply(authority=[SOA(zone, ttl)])


def nxdomain(zone="test", ttl=900):
    return Reply(authority=[SOA(zone, ttl)], rcode=NXDOMAIN)


Asked = collections.namedtuple("Asked", "name type tcp port id flags opt raw peer")


class Server:
    """Answers at an address of a host: self.script[name, type] is a Reply.

    A name that has only other types has no data; one that has none does not
    exist. What was asked is kept in self.log. With self.cookie, 8 to 32 bytes,
    that is its part of cookies; False: it says nothing about them. What there
    is not it denies with the SOA record of self.zone."""

    cookie = False
    zone = "test"

    def __init__(self, host, address, port=53):
        self.script, self.log, self.conns = {}, [], {}
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with host.inside():
            self.udp = socket.socket(family, socket.SOCK_DGRAM)
            self.tcp = socket.socket(family, socket.SOCK_STREAM)
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.udp.bind((address, port))
        self.tcp.bind((address, port))
        self.tcp.listen(64)
        self.wake, self.woken = socket.socketpair()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def names(self, *rrs):
        """Add a record to the script's answer for its owner and type."""
        for rr in rrs:
            key = rr.owner.lower(), rr.type
            old = self.script.get(key)
            so_far = old.sections[0] if old else ()
            self.script[key] = Reply(*so_far, rr)

    def asked(self, name=None):
        """What was asked about a name, as "TYPE" or "TYPE/tcp"."""
        return [q.type + ("/tcp" if q.tcp else "") for q in list(self.log)
                if name in (None, q.name.lower())]

    def close(self):
        self.wake.close()
        self.thread.join(PATIENCE)
        for sock in [self.udp, self.tcp, self.woken, *self.conns]:
            sock.close()

    def _run(self):
        self.sel = selectors.DefaultSelector()
        self.sel.register(self.woken, selectors.EVENT_READ, None)
        self.sel.register(self.udp, selectors.EVENT_READ, self._read_udp)
        self.sel.register(self.tcp, selectors.EVENT_READ, self._accept)
        while True:
            for key, _ in self.sel.select():
                if key.data is None:
                    return
                key.data(key.fileobj)

    def _read_udp(self, sock):
        try:
            data, peer = sock.recvfrom(65535)
        except OSError:
            return
        self._answer(data, peer, False, lambda m: sock.sendto(m, peer))

    def _accept(self, sock):
        conn, peer = sock.accept()
        self.conns[conn] = peer
        self.sel.register(conn, selectors.EVENT_READ, self._read_conn)

    def _read_conn(self, conn):
        conn.settimeout(PATIENCE)
        try:
            data = read_tcp(conn)
        except (EOFError, OSError):
            self.sel.unregister(conn)
            del self.conns[conn]
            conn.close()
            return
        self._answer(data, self.conns[conn], True, lambda m: conn.sendall(
            struct.pack(">H", len(m)) + m))

    def _find(self, name, kind):
        reply = self.script.get((name, kind))
        if reply:
            return reply
        exists = any(n == name for n, _ in self.script)
        return nodata(self.zone) if exists else nxdomain(self.zone)

    def _answer(self, data, peer, tcp, send):
        asked = Message(data)
        name, kind = asked.questions[0]
        self.log.append(Asked(name, kind, tcp, peer[1], asked.id,
                              asked.flags, asked.opt, data, peer[0]))
        reply = self._find(name.lower(), kind)
        if reply.drop:
            return
        body = wire_name(name) + struct.pack(">HH", TYPES.get(kind, kind), 1)
        messages = reply.messages(asked, body, not tcp, self.cookie)
        if reply.delay:
            threading.Timer(reply.delay, self._send, (send, messages)).start()
        else:
            self._send(send, messages)

    @staticmethod
    def _send(send, messages):
        for message in messages:
            capture(BY_SERVER, message)
            try:
                send(message)
            except OSError:
                return
