# SPDX-License-Identifier: MIT
"""ipfixread - read IPFIX messages (RFC 7011), by the book and nothing else

Elements are numbers of IANA's registry; addresses come as text, all other
values as integers."""
import ipaddress
import struct

ADDRESSES = {8, 12, 27, 28, 225, 226, 281, 282}


class Collector:
    """A collecting process on a socket.

    @templates: {id: [(element, length)]}; @gaps: records that are missing by
    the sequence numbers; @longest: bytes of the longest message."""

    def __init__(self, sock, seconds=10):
        self.sock = sock
        self.sock.settimeout(seconds)
        self.templates = {}
        self.records = []
        self.domain = None
        self.expected = None
        self.gaps = self.longest = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def record(self):
        """The next data record, as {element: value}."""
        while not self.records:
            self.read()
        return self.records.pop(0)

    def read(self):
        """Read one message; True."""
        message = self.sock.recv(65536)
        version, length, _, sequence, self.domain = struct.unpack_from(
            "!HHIII", message)
        if version != 10 or length != len(message):
            raise ValueError(f"no IPFIX message: {message.hex()}")
        self.longest = max(self.longest, length)
        if self.expected is not None:
            self.gaps += sequence - self.expected
        before = len(self.records)
        at = 16
        while at < length:
            set_id, set_len = struct.unpack_from("!HH", message, at)
            if set_len < 4 or at + set_len > length:
                raise ValueError(f"set of {set_len} bytes at {at}")
            self._set(set_id, message[at + 4:at + set_len])
            at += set_len
        self.expected = sequence + len(self.records) - before
        return True

    def _set(self, set_id, body):
        if set_id == 2:
            self._templates(body)
        elif set_id in self.templates:
            self._data(self.templates[set_id], body)
        else:
            raise ValueError(f"a set of the unknown template {set_id}")

    def _templates(self, body):
        at = 0
        while at + 4 <= len(body):
            name, count = struct.unpack_from("!HH", body, at)
            at += 4
            self.templates[name] = list(
                struct.iter_unpack("!HH", body[at:at + 4 * count]))
            at += 4 * count

    def _data(self, template, body):
        size = sum(length for _, length in template)
        for at in range(0, len(body) - size + 1, size):
            record = {}
            for element, length in template:
                value = body[at:at + length]
                at += length
                record[element] = str(ipaddress.ip_address(value)) \
                    if element in ADDRESSES else int.from_bytes(value, "big")
            self.records.append(record)
