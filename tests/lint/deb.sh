#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The Debian package: lintian has nothing to say, the same bytes come again,
# and what it installs works and goes when it is removed.
set -eu
cd "$(dirname "$0")/../.."

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
arch=$(dpkg --print-architecture)
scripts/deb.sh "$XLAT" "$arch" "$tmp/xlat.deb"
(umask 077 && scripts/deb.sh "$XLAT" "$arch" "$tmp/again/xlat.deb")
cmp "$tmp/xlat.deb" "$tmp/again/xlat.deb"
lintian --allow-root --fail-on error,warning "$tmp/xlat.deb"

fail() {
	echo "tests/lint/deb.sh:1: $*"
	exit 1
}

# A machine of its own, as far as dpkg is concerned.
root=$tmp/root
mkdir -p "$root/var/lib/dpkg/info" "$root/var/lib/dpkg/updates"
touch "$root/var/lib/dpkg/status"
dpkg_there() {
	dpkg --root="$root" --force-not-root --log=/dev/null "$@" >/dev/null
}
dpkg_there -i "$tmp/xlat.deb"
for applet in clat plat siit dns64; do
	unit=$root/lib/systemd/system/xlat-$applet.service
	program=$(sed -n 's/^ExecStart=\([^ ]*\) .*/\1/p' "$unit")
	[ -x "$root$program" ] || fail "$unit starts $program"
	"$root/usr/sbin/xlat-$applet" --config "examples/conf/$applet.conf" \
		--check || fail "$applet: its example"
done
[ "$("$root/usr/sbin/xlat" --version)" = \
	"xlat $(dpkg-deb -f "$tmp/xlat.deb" Version)" ] ||
	fail "its version is not the program's"
dpkg_there --purge xlat
left=$(find "$root" -not -type d -not -path '*/var/lib/dpkg/*')
[ -z "$left" ] || fail "left behind: $left"
