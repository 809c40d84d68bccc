# SPDX-License-Identifier: MIT
"""packets - build and read single packets, and a packet socket to send them

Only what the tests of the binary need: builders return bytes with correct
lengths and checksums, read() takes a packet apart far enough to compare it.
"""
import socket
import struct
import time
from ipaddress import IPv4Address, IPv6Address

ICMP, TCP, UDP, FRAGMENT, ICMP6 = 1, 6, 17, 44, 58
ETH_P_ALL, ETH_P_IP, ETH_P_IPV6 = 0x0003, 0x0800, 0x86DD
_SOL_PACKET, _PACKET_IGNORE_OUTGOING, _SO_RCVBUFFORCE = 263, 23, 33


def checksum(data):
    """The Internet checksum (RFC 1071)."""
    data += b"\0" * (len(data) & 1)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def pseudo_header(src, dst, proto, length):
    if isinstance(src, IPv4Address):
        return src.packed + dst.packed + struct.pack("!BBH", 0, proto, length)
    return src.packed + dst.packed + struct.pack("!II", length, proto)


def address(text):
    return IPv6Address(text) if ":" in str(text) else IPv4Address(text)


def ip(src, dst, proto, payload, ttl=64, df=True, ident=0, tos=0, frag=0):
    """An IP packet of the addresses' family; frag: IPv4 flags and offset."""
    src, dst = address(src), address(dst)
    if isinstance(src, IPv6Address):
        return struct.pack("!IHBB", 0x60000000 | tos << 20, len(payload),
                           proto, ttl) + src.packed + dst.packed + payload
    head = struct.pack("!BBHHHBBH", 0x45, tos, 20 + len(payload), ident,
                       frag or df << 14, ttl, proto, 0)
    head += src.packed + dst.packed
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def udp(src, dst, sport, dport, data=b"", **more):
    length = 8 + len(data)
    segment = struct.pack("!HHHH", sport, dport, length, 0) + data
    pseudo = pseudo_header(address(src), address(dst), UDP, length)
    check = checksum(pseudo + segment) or 0xFFFF
    segment = segment[:6] + struct.pack("!H", check) + data
    return ip(src, dst, UDP, segment, **more)


def tcp(src, dst, sport, dport, flags, seq=1, ack=0, data=b"", options=b"",
        **more):
    """flags: 1 FIN, 2 SYN, 4 RST, 16 ACK; options: a multiple of 4 bytes"""
    segment = struct.pack("!HHIIBBHHH", sport, dport, seq, ack,
                          0x50 + (len(options) << 2), flags,
                          65535, 0, 0) + options + data
    pseudo = pseudo_header(address(src), address(dst), TCP, len(segment))
    check = struct.pack("!H", checksum(pseudo + segment))
    return ip(src, dst, TCP, segment[:16] + check + segment[18:], **more)


def icmp(src, dst, kind, code, rest, data=b"", **more):
    """An ICMP message of the addresses' family; rest: its second word."""
    message = struct.pack("!BBHI", kind, code, 0, rest) + data
    proto, pseudo = ICMP, b""
    if ":" in str(src):
        proto = ICMP6
        pseudo = pseudo_header(address(src), address(dst), ICMP6, len(message))
    check = struct.pack("!H", checksum(pseudo + message))
    return ip(src, dst, proto, message[:2] + check + message[4:], **more)


def ping(src, dst, ident=1, seq=1, data=b"ping", **more):
    """An echo request."""
    kind = 128 if ":" in str(src) else 8
    return icmp(src, dst, kind, 0, ident << 16 | seq, data, **more)


def pieces6(packet, ident, size=400):
    """An IPv6 packet's fragments; size: a multiple of 8"""
    p = Packet(packet)
    for off in range(0, len(p.body), size):
        more = off + size < len(p.body)
        head = struct.pack("!BBHI", p.proto, 0, off | more, ident)
        yield ip(p.src, p.dst, FRAGMENT, head + p.body[off:off + size])


class Packet:
    """What read() found: addresses, protocol, its header and payload."""

    def __init__(self, data):
        self.data = data
        self.version = data[0] >> 4
        if self.version == 4:
            self._read4(data)
        else:
            self._read6(data)
        if self.proto in (TCP, UDP) and len(self.body) >= 4:
            self.sport, self.dport = struct.unpack_from("!HH", self.body)
        if self.proto in (ICMP, ICMP6) and len(self.body) >= 8:
            self.type, self.code = self.body[:2]
            self.rest, = struct.unpack_from("!I", self.body, 4)

    def _read4(self, data):
        head = (data[0] & 15) * 4
        total, self.ident, frag = struct.unpack_from("!HHH", data, 2)
        self.tos, self.ttl, self.proto = data[1], data[8], data[9]
        self.df, self.more = bool(frag & 0x4000), bool(frag & 0x2000)
        self.offset = (frag & 0x1FFF) * 8
        self.src = str(IPv4Address(data[12:16]))
        self.dst = str(IPv4Address(data[16:20]))
        self.good_header = checksum(data[:head]) == 0
        self.body = data[head:total]

    def _read6(self, data):
        word, length, self.proto, self.ttl = struct.unpack_from("!IHBB", data)
        self.tos = word >> 20 & 0xFF
        self.src = str(IPv6Address(data[8:24]))
        self.dst = str(IPv6Address(data[24:40]))
        self.body = data[40:40 + length]
        self.offset, self.more, self.ident = 0, False, None
        if self.proto == FRAGMENT:
            self.proto, _, word, self.ident = struct.unpack_from("!BBHI",
                                                                 self.body)
            self.offset, self.more = word & 0xFFF8, bool(word & 1)
            self.body = self.body[8:]

    def good_checksum(self):
        """Is the transport checksum of an unfragmented packet right?"""
        pseudo = b"" if self.proto == ICMP else pseudo_header(
            address(self.src), address(self.dst), self.proto,
            len(self.body))
        return checksum(pseudo + self.body) == 0

    def quoted(self):
        """The packet inside an ICMP error."""
        return Packet(self.body[8:])

    def __str__(self):
        what = {TCP: "TCP", UDP: "UDP", ICMP: "ICMP",
                ICMP6: "ICMPv6"}.get(self.proto, str(self.proto))
        if hasattr(self, "sport"):
            what += f" {self.sport}>{self.dport}"
        if hasattr(self, "type"):
            what += f" {self.type}/{self.code}"
        return f"{self.src} > {self.dst} {what} {len(self.data)} bytes"


class Tap:
    """A packet socket on one device of a host.

    On a TUN it stands where the network would: what it sends is what the
    program behind the device reads, what that writes arrives here. Packets
    on their way out of the host are not seen.
    """

    def __init__(self, host, device, proto=ETH_P_ALL):
        self.device = device
        with host.inside():
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                                      socket.htons(proto))
            self.sock.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
            self.sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 16 << 20)
            self.sock.bind((device, proto))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, packet):
        proto = ETH_P_IPV6 if packet[0] >> 4 == 6 else ETH_P_IP
        self.sock.sendto(packet, (self.device, proto))

    def receive(self, wanted=lambda p: True, seconds=5.0):
        """The next packet that is wanted; None when none comes in time."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                data = self.sock.recv(1 << 17)
            except TimeoutError:
                return None
            if data and data[0] >> 4 in (4, 6):
                packet = Packet(data)
                if wanted(packet):
                    return packet
        return None

    def ask(self, packet, wanted=lambda p: True, seconds=5.0):
        """Send a packet and wait for the one that it leads to."""
        self.send(packet)
        return self.receive(wanted, seconds)

    def drain(self):
        """(EtherType, length) of each packet that has come by now."""
        seen = []
        self.sock.setblocking(False)
        while True:
            try:
                data, where = self.sock.recvfrom(1 << 17)
            except BlockingIOError:
                return seen
            seen.append((where[1], len(data)))
