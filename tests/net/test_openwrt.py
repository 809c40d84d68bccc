#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""examples/openwrt and examples/openrc against stand-ins for netifd, procd,
OpenWrt's build system and OpenRC: what they start passes the applet's own
--check, and what they must refuse is refused."""
import pathlib
import subprocess
import tempfile
import unittest

import lab

OPENWRT = lab.ROOT / "examples/openwrt"
OPENRC = lab.ROOT / "examples/openrc/xlat"

NETIFD = """
say() { printf '%s' "$1"; shift; printf '|%s' "$@"; echo; }
proto_config_add_string() { say option "$1"; }
proto_config_add_int() { say option "$1"; }
proto_add_host_dependency() { say depend "$@"; }
proto_notify_error() { say error "$@"; }
proto_setup_failed() { say failed "$@"; }
proto_block_restart() { say block "$@"; }
proto_run_command() { say run "$@"; }
proto_init_update() { say update "$@"; }
proto_send_update() { say sent "$@"; }
proto_kill_command() { say kill "$@"; }
network_get_device() { [ "$2" = wan6 ] || return 1; eval "$1=eth1"; }
"""
PROCD = """
say() { printf '%s' "$1"; shift; printf '|%s' "$@"; echo; }
procd_open_instance() { say open "$@"; }
procd_set_param() { say "$@"; }
procd_close_instance() { say close; }
procd_send_signal() { say signal "$@"; }
"""


def shell(*parts):
    """A script of busybox's shell; [words of a line] of what it says."""
    script = "\n".join(parts).replace("/usr/sbin/xlat", lab.XLAT)
    done = subprocess.run(["busybox", "sh", "-u", "-c", script], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=30, check=False)
    return [line.split("|") for line in done.stdout.splitlines()]


class Netifd(unittest.TestCase):
    def handler(self, call, **options):
        given = "json_get_vars() { " + "".join(
            f"{k}='{v}';" for k, v in options.items()) + ":; }"
        return shell("INCLUDE_ONLY=1", NETIFD, given,
                     (OPENWRT / "files/xlat.sh").read_text(), call)

    def test_options(self):
        names = {w[1] for w in self.handler("proto_xlat_init_config")}
        self.assertEqual(names, {"uplink", "pref64", "source", "lan", "when",
                                 "metric", "mtu6"})

    def test_nothing_given(self):
        self.assertEqual(
            self.handler("proto_xlat_setup clat"),
            [["run", "clat", lab.XLAT, "clat", "--instance", "clat"],
             ["update", "clat", "1"], ["sent", "clat"]])

    def test_all_given(self):
        said = self.handler(
            "proto_xlat_setup clat4", uplink="wan6", pref64="64:ff9b::/96",
            source="2001:db8:0:464::/96", lan="192.168.1.0/24", when="force",
            metric="77", mtu6="1400")
        self.assertEqual(said[0], ["depend", "clat4", "::", "wan6"])
        run = said[1]
        self.assertEqual(run[:2], ["run", "clat4"])
        for words in (("--uplink", "eth1"), ("--lan", "192.168.1.0/24"),
                      ("--metric", "77"), ("--mtu6", "1400"),
                      ("--source", "2001:db8:0:464::/96"),
                      ("--pref64", "64:ff9b::/96"), ("--when", "force")):
            self.assertEqual(run[run.index(words[0]) + 1], words[1])
        self.assertEqual(said[2:], [["update", "clat4", "1"],
                                    ["sent", "clat4"]])

    def test_no_such_uplink(self):
        self.assertEqual(self.handler("proto_xlat_setup c", uplink="nope"),
                         [["error", "c", "NO_UPLINK"], ["failed", "c"]])

    def test_bad_option(self):
        """The message is in netifd's log, and it is not tried for ever."""
        said = self.handler("proto_xlat_setup c", pref64="64:ff9b::/95")
        self.assertIn("pref64", said[0][0])
        self.assertEqual(said[-3:], [["error", "c", "BAD_OPTION"],
                                     ["block", "c"], ["failed", "c"]])

    def test_teardown(self):
        self.assertEqual(self.handler("proto_xlat_teardown c"),
                         [["kill", "c"]])


class Procd(unittest.TestCase):
    def service(self, folder, call):
        return shell(f"XLAT_CONF={folder}", PROCD,
                     (OPENWRT / "files/xlat.init").read_text(), call)

    def test_one_daemon_for_each_file(self):
        folder = lab.ROOT / "examples/conf"
        said = self.service(folder, "start_service")
        started = [w[1:] for w in said if w[0] == "command"]
        self.assertEqual(started, [
            [lab.XLAT, p.stem, "--config", str(p), "--log", "syslog"]
            for p in sorted(folder.glob("*.conf"))])
        self.assertEqual(sum(w[0] == "close" for w in said), len(started))

    def test_c6877_62_none(self):
        with tempfile.TemporaryDirectory() as empty:
            self.assertEqual(self.service(empty, "start_service"), [])

    def test_a_bad_one_is_not_started(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "plat.conf").write_text("pool6 nonsense\n")
            pathlib.Path(folder, "siit.conf").write_text(
                "pool6 64:ff9b::/96\nself6 2001:db8::1\n")
            said = self.service(folder, "start_service")
            self.assertEqual([w[2] for w in said if w[0] == "command"],
                             ["siit"])

    def test_reload(self):
        self.assertEqual(self.service("/none", "reload_service"),
                         [["signal", "xlat", "*", "HUP"]])


class Recipe(unittest.TestCase):
    def install(self, **given):
        """What the recipe would install, said by make."""
        with tempfile.TemporaryDirectory() as tmp:
            pathlib.Path(tmp, "rules.mk").write_text(
                "INCLUDE_DIR:=$(TOPDIR)\nINSTALL_DIR:=mkdir\n"
                "INSTALL_BIN:=install\n")
            pathlib.Path(tmp, "package.mk").write_text(
                "define BuildPackage\nall:\n"
                "\t$$(call Package/$(1)/install,/root)\nendef\n")
            return subprocess.run(
                ["make", "-n", "-f", OPENWRT / "Makefile", f"TOPDIR={tmp}",
                 *(f"{k}={v}" for k, v in given.items())], text=True,
                capture_output=True, timeout=30, check=True,
                env={"PATH": "/usr/bin:/bin"}).stdout

    def test_every_architecture(self):
        for given, debian in (({"ARCH": "arm"}, "armel"),
                              ({"ARCH": "arm", "CONFIG_HAS_FPU": "y"},
                               "armhf"),
                              ({"ARCH": "aarch64"}, "arm64"),
                              ({"ARCH": "i386"}, "i386"),
                              ({"ARCH": "x86_64"}, "amd64")):
            self.assertRegex(self.install(**given),
                             rf"dist/xlat-[\d.]+-{debian} ")

    def test_files_are_there(self):
        for name in ("xlat.init", "xlat.sh"):
            self.assertIn(f"./files/{name} ", self.install(ARCH="arm"))
            self.assertTrue((OPENWRT / "files" / name).is_file())

    def test_version_is_the_tree_s(self):
        make = (lab.ROOT / "Makefile").read_text()
        version = make.split("VERSION := ")[1].split()[0]
        self.assertIn(f"xlat-{version}-armel", self.install(ARCH="arm"))


class OpenRC(unittest.TestCase):
    def test_what_it_starts(self):
        said = shell("RC_SVCNAME=xlat.plat", OPENRC.read_text(),
                     'echo "$command|$command_args|$required_files"')
        self.assertEqual(said, [["/usr/local/sbin/xlat",
                                 "plat --config /etc/xlat/plat.conf "
                                 "--log syslog",
                                 "/etc/xlat/plat.conf"]])

    def test_check_before(self):
        good = shell("RC_SVCNAME=xlat.plat", OPENRC.read_text(),
                     f"command={lab.XLAT}",
                     f"config={lab.ROOT}/examples/conf/plat.conf",
                     "start_pre && echo starts")
        self.assertEqual(good, [["starts"]])
        bad = shell("RC_SVCNAME=xlat.plat", OPENRC.read_text(),
                    f"command={lab.XLAT}", "config=/dev/null",
                    "start_pre || echo refused")
        self.assertEqual(bad[-1], ["refused"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
