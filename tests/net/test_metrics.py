#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--metrics: promtool takes every applet's page, its figures are those of
xlat ctl counters, and clients that misbehave cost neither packets nor memory."""
import os
import re
import socket
import time
import unittest

import lab
import packets
from packets import udp

PORT = 9464
WHERE = f"127.0.0.1:{PORT}"
POOL6 = "2001:db8:46::/96"
FAR4, A4, A6 = "203.0.113.9", "198.51.100.1", "2001:db8:5::1"
SIIT = ["siit", "--pool6", POOL6, "--eam", f"{A4},{A6}",
        "--allow4", "198.51.100.0/24", "--allow4", "203.0.113.0/24"]
APPLETS = {
    "siit": SIIT,
    "clat": ["clat", "--pref64", POOL6, "--source", "2001:db8:1::1"],
    "plat": ["plat", "--pool6", POOL6, "--pool4", "192.0.2.1"],
    "dns64": ["dns64", "--forward", "127.0.0.2", "--listen", "127.0.0.1:53"],
}
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\d+)$")


def connect(host, at=WHERE):
    address, port = at.rsplit(":", 1)
    with host.inside():
        return socket.create_connection((address.strip("[]"), int(port)), 5)


def everything(sock):
    """What comes until the other side closes."""
    said = b""
    while True:
        got = sock.recv(65536)
        if not got:
            return said
        said += got


def request(host, text, at=WHERE):
    with connect(host, at) as sock:
        sock.sendall(text)
        return everything(sock)


def page(host, at=WHERE):
    said = request(host, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", at)
    head, body = said.decode().split("\r\n\r\n", 1)
    assert head.startswith("HTTP/1.0 200 "), head
    assert "text/plain; version=0.0.4" in head, head
    return body


def samples(body):
    """{(name, labels): value} of a page whose other lines are comments."""
    found = {}
    for line in body.splitlines():
        if line.startswith("# "):
            continue
        name, labels, value = SAMPLE.match(line).groups()
        assert (name, labels) not in found, line
        found[name, labels] = int(value)
    return found


def metric_of(applet, field):
    """Where a field of xlat ctl counters is to be found."""
    if field.startswith("drop-"):
        return "xlat_drops_total", f'reason="{field[5:]}"'
    if m := re.match(r"(ipv[46])-(packets|bytes)-(in|out)$", field):
        return (f"xlat_{m[2]}_total",
                f'family="{m[1]}",direction="{m[3]}"')
    if m := re.match(r"(udp|tcp|icmp)-(.*(?:-created|6to4|4to6|no-port.*))$",
                      field):
        return (f"xlat_{applet}_protocol_{m[2].replace('-', '_')}_total",
                f'protocol="{m[1]}"')
    return f"xlat_{applet}_{field.replace('-', '_')}_total", None


class Pages(unittest.TestCase):
    def test_every_applet(self):
        for applet, args in APPLETS.items():
            with self.subTest(applet), lab.Lab("box") as net:
                net["box"].xlat(*args, "--metrics", WHERE)
                body = page(net["box"])
                said = net["box"].run("promtool", "check", "metrics",
                                      input=body)
                self.assertEqual(said, "")
                found = samples(body)
                counters = lab.ask(applet, "counters")
                self.assertTrue(counters)
                for field in counters:
                    self.assertIn(metric_of(applet, field), found)
                # And nothing but those is a counter of the applet's.
                totals = {k for k in found if k[0].endswith("_total")
                          and not k[0].startswith("xlat_reloads")}
                self.assertEqual(totals,
                                 {metric_of(applet, f) for f in counters})

    def test_what_is_counted_for_years_fits(self):
        """The longest part of a page, with numbers of 20 digits."""
        header = (lab.ROOT / "platform/linux/report.h").read_text()
        limit = int(re.search(r"REPORT_RECORD_MAX (\d+)u", header)[1])
        with lab.Lab("box") as net:
            net["box"].xlat(*APPLETS["plat"])
            body = lab.ctl("plat", "metrics").stdout
        part = body[body.index("# HELP xlat_plat_sessions_created_total"):]
        worst = re.sub(r" \d+$", " " + 20 * "9", part, flags=re.M)
        self.assertIn('reason="no-headroom"', worst)
        self.assertLess(len(worst), limit)

    def test_ctl_says_the_same(self):
        with lab.Lab("box") as net:
            net["box"].xlat(*SIIT, "--metrics", WHERE)
            def names(text):
                return re.sub(r" \d+$", "", text, flags=re.M)
            self.assertEqual(names(lab.ctl("siit", "metrics").stdout),
                             names(page(net["box"])))

    def test_ipv6(self):
        with lab.Lab("box") as net:
            net["box"].xlat(*SIIT, "--metrics", "[::1]:9464")
            self.assertIn("xlat_drops_total", page(net["box"], "[::1]:9464"))

    def test_off_by_default(self):
        with lab.Lab("box") as net:
            net["box"].xlat(*SIIT)
            self.assertEqual(net["box"].run("ss", "-Htln"), "")

    def test_port_in_use(self):
        with lab.Lab("box") as net:
            with net["box"].inside():
                other = socket.create_server(("127.0.0.1", PORT))
            self.addCleanup(other.close)
            done = net["box"].try_run(lab.XLAT, *SIIT, "--metrics", WHERE)
            self.assertEqual(done.returncode, 5, done.stdout)
            self.assertIn("port 9464: Address in use", done.stdout)
            self.assertEqual(net["box"].links(), {"lo"})

    def test_bad_address(self):
        with lab.Lab("box") as net:
            for text in ("127.0.0.1", "9464", "127.0.0.1:0", "x:9464", ""):
                done = net["box"].try_run(lab.XLAT, *SIIT, "--metrics", text)
                self.assertEqual(done.returncode, 2, text)
                self.assertIn("--metrics", done.stdout)


class Clients(unittest.TestCase):
    def setUp(self):
        self.net = lab.Lab("box")
        self.addCleanup(self.net.close)
        self.box = self.net["box"]
        self.siit = self.box.xlat(*SIIT, "--metrics", WHERE)

    def connect(self):
        sock = connect(self.box)
        self.addCleanup(sock.close)
        return sock

    def translates(self):
        with packets.Tap(self.box, "siit") as tap:
            p = tap.ask(udp(FAR4, A4, 1, 2, b"x"),
                        lambda p: p.proto == packets.UDP)
            return p is not None and p.dst == A6

    def fds(self):
        return len(os.listdir(f"/proc/{self.siit.proc.pid}/fd"))

    def test_packets_count(self):
        before = samples(page(self.box))
        for _ in range(5):
            self.assertTrue(self.translates())
        after = samples(page(self.box))
        for way in ("xlat_packets_total", 'family="ipv4",direction="in"'), \
                ("xlat_packets_total", 'family="ipv6",direction="out"'):
            self.assertGreaterEqual(after[way] - before[way], 5)
        counters = lab.ask("siit", "counters")
        for field in ("ipv4-packets-in", "ipv4-bytes-in",
                      "ipv6-packets-out"):
            self.assertEqual(counters[field],
                             after[metric_of("siit", field)])

    def test_other_questions(self):
        for text, status in ((b"GET / HTTP/1.0\r\n\r\n", 404),
                             (b"GET /metricsx HTTP/1.0\r\n\r\n", 404),
                             (b"POST /metrics HTTP/1.0\r\n\r\n", 405),
                             (b"\x16\x03\x01\x02\x00\n\n", 400),
                             (b"GET\r\n\r\n", 400),
                             (b"x" * 4096, 431)):
            said = request(self.box, text)
            self.assertTrue(said.startswith(b"HTTP/1.0 %d " % status),
                            (text[:20], said))
        self.assertIn("xlat_drops_total", page(self.box))

    def test_in_pieces(self):
        sock = self.connect()
        for byte in b"GET /metrics?a=b HTTP/1.1\r\nHost: box\r\n\r\n":
            sock.sendall(bytes([byte]))
        self.assertTrue(everything(sock).startswith(b"HTTP/1.0 200 "))

    def test_never_asks(self):
        """More of them than there are places: they go, oldest first."""
        before = self.fds()
        silent = [self.connect() for _ in range(12)]
        self.assertIn("xlat_drops_total", page(self.box))
        self.assertTrue(self.translates())
        self.assertEqual(silent[0].recv(1), b"")
        self.assertLessEqual(self.fds(), before + 4)

    def test_never_reads(self):
        for _ in range(6):
            with self.box.inside():
                sock = socket.socket()
            self.addCleanup(sock.close)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            sock.connect(("127.0.0.1", PORT))
            sock.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        self.assertTrue(self.translates())
        self.assertIn("xlat_drops_total", page(self.box))

    def test_time_is_up(self):
        """Ten seconds for all, however it trickles in."""
        sock = self.connect()
        sock.settimeout(1)
        began = time.monotonic()
        with self.assertRaises(OSError):
            while time.monotonic() - began < 30:
                sock.sendall(b"x")
                try:
                    if sock.recv(1) == b"":
                        raise OSError("closed")
                except TimeoutError:
                    pass
        self.assertGreater(time.monotonic() - began, 9)

    def test_gone_in_the_middle(self):
        before = self.fds()
        for _ in range(50):
            with self.connect() as sock:
                sock.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        self.assertIn("xlat_drops_total", page(self.box))
        lab.wait_for(lambda: self.fds() == before, "all are closed")


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
