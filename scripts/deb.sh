#!/bin/sh
# SPDX-License-Identifier: MIT
#
# deb.sh BINARY ARCH FILE.deb - a Debian package of it
#
# There is nothing to build and nothing that it depends on, so dpkg-deb is all
# it takes. The same tree and binary make the same bytes.
set -eu
cd "$(dirname "$0")/.."

binary=$1
arch=$2
deb=$3
meta=scripts/debian
version=$(sed -n 's/^xlat (\(.*\)).*/\1/p' $meta/changelog | head -n 1)
stamp=$(sed -n 's/^ -- .*>  //p' $meta/changelog | head -n 1)
SOURCE_DATE_EPOCH=$(date -d "$stamp" +%s)
export SOURCE_DATE_EPOCH
umask 022

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
doc=$root/usr/share/doc/xlat

# Without the comment at the top of each of our files.
meta_file() {
	sed 1d "$meta/$1"
}

# zipped FILE - by the name that it has, without a time in it
zipped() {
	gzip -9n "$1"
}

install -D -m 755 "$binary" "$root/usr/sbin/xlat"
for applet in clat plat siit dns64; do
	ln -s xlat "$root/usr/sbin/xlat-$applet"
	unit=xlat-$applet.service
	mkdir -p "$root/lib/systemd/system"
	sed 's|/usr/local/sbin|/usr/sbin|' examples/systemd/$unit \
		>"$root/lib/systemd/system/$unit"
done
for page in cmd/*.[58]; do
	man=$root/usr/share/man/man${page##*.}
	install -D -m 644 -t "$man" "$page"
	zipped "$man/${page##*/}"
done
mkdir -p "$root/completions" "$doc"
python3 scripts/completions.py "$binary" "$root/completions" >/dev/null
share=$root/usr/share
install -D -m 644 "$root/completions/xlat.bash" \
	"$share/bash-completion/completions/xlat"
install -D -m 644 "$root/completions/_xlat" \
	"$share/zsh/vendor-completions/_xlat"
install -D -m 644 "$root/completions/xlat.fish" \
	"$share/fish/vendor_completions.d/xlat.fish"
rm -r "$root/completions"

install -m 644 README.md "$doc/"
cp -r examples "$doc/examples"
chmod -R u=rwX,go=rX "$doc/examples"
{
	echo "Format: https://www.debian.org/doc/packaging-manuals/\
copyright-format/1.0/"
	echo "Upstream-Name: xlat"
	echo
	echo "Files: *"
	sed -n 's/^Copyright (c) /Copyright: /p' LICENSE
	echo "License: Expat"
	sed '1,4d; s/^$/./; s/^/ /' LICENSE
} >"$doc/copyright"
meta_file changelog >"$doc/changelog"
zipped "$doc/changelog"
mkdir -p "$share/lintian/overrides"
meta_file lintian-overrides >"$share/lintian/overrides/xlat"

mkdir "$root/DEBIAN"
size=$(du -ks --apparent-size --exclude=DEBIAN "$root" | cut -f1)
meta_file control |
	sed "s/@VERSION@/$version/; s/@ARCH@/$arch/; s/@SIZE@/$size/" \
		>"$root/DEBIAN/control"
(cd "$root" && find usr lib -type f -print0 | LC_ALL=C sort -z |
	xargs -0 md5sum) >"$root/DEBIAN/md5sums"
mkdir -p "$(dirname "$deb")"
dpkg-deb --root-owner-group -Zxz -b "$root" "$deb" >/dev/null
