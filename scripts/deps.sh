#!/bin/sh
# SPDX-License-Identifier: MIT
#
# deps.sh DIR - libcap, libmnl and the kernel's headers for musl, into DIR
#
# DIR/lib/libcap.a	built here from Debian's source package: the archive
#			in libcap-dev wants glibc's fortify functions
# DIR/lib/libmnl.a	from Debian 13's libmnl-dev: Debian 12's has no archive
# DIR/include		their headers
# DIR/hdrs		links to the kernel's headers, for -idirafter
#
# Both come through apt, with a state folder and source lists of our own below
# DIR: the same mirror as the machine's Debian entries, another suite. What
# arrives is pinned by checksum. Nothing is added to the machine's lists.
# shellcheck disable=SC1091,SC2154 # libs.sh sets dir, uri, stamp and want
set -eu

CAP_SUITE=bookworm
MNL_SUITE=trixie
MNL_VERSION=1.0.5-3
MNL_SHA256_AMD64=\
7f9a7c3f470ec400171981816df189ec86b11083c3f8d391d0800ed09a87bfc3
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

here=$(cd "$(dirname "$0")" && pwd)
. "$here/libs.sh"
begin "$1"

arch=$(dpkg --print-architecture 2>/dev/null) ||
	die "no dpkg here; put libcap.a and libmnl.a for musl into $dir/lib"
case $arch in
amd64) mnl_sha256=$MNL_SHA256_AMD64 ;;
*) die "libmnl's archive is pinned for amd64 only, this is $arch" ;;
esac

[ -n "$(mirror)" ] || [ "$(id -u)" -ne 0 ] || apt-get -qq update
find_mirror

# apt_in NAME ARGS - apt-get with NAME.list as its only source, and without a
# look at what is installed: of a source package it would want that very
# version, which the mirror has dropped when the machine is a little behind
apt_in() {
	name=$1
	shift
	mkdir -p "$dir/apt/$name/lists/partial" \
		"$dir/apt/$name/cache/archives/partial"
	apt-get -qq -o APT::Sandbox::User=root \
		-o Dir::Etc::sourcelist="$dir/apt/$name.list" \
		-o Dir::Etc::sourceparts=/dev/null \
		-o Dir::State::lists="$dir/apt/$name/lists" \
		-o Dir::State::status=/dev/null \
		-o Dir::Cache="$dir/apt/$name/cache" "$@"
}

# pinned FILE SHA256
pinned() {
	echo "$2  $1" | sha256sum -c --quiet - >/dev/null 2>&1 ||
		die "$1 is not the file that was pinned (sha256 $2)"
}

fetch() {
	rm -rf "$dir/apt"
	mkdir -p "$dir/apt"
	echo "deb-src [signed-by=$KEYRING] $uri $CAP_SUITE main" \
		>"$dir/apt/cap.list"
	echo "deb [signed-by=$KEYRING] $uri $MNL_SUITE main" \
		>"$dir/apt/mnl.list"
	cd "$dir/apt"
	apt_in cap update
	apt_in cap source --download-only --tar-only libcap2 >/dev/null
	apt_in mnl update
	apt_in mnl download "libmnl-dev=$MNL_VERSION"
	set -- libcap2_*.orig.tar.xz
	pinned "$1" "$CAP_SHA256"
	tar xf "$1"
	set -- libmnl-dev_*_"$arch".deb
	pinned "$1" "$mnl_sha256"
	dpkg -x "$1" mnl
}

kernel_headers() {
	mkdir -p "$dir/hdrs"
	ln -sfn /usr/include/linux "$dir/hdrs/linux"
	ln -sfn /usr/include/asm-generic "$dir/hdrs/asm-generic"
	ln -sfn "/usr/include/$(gcc -print-multiarch)/asm" "$dir/hdrs/asm"
}

kernel_headers
(fetch)
(cd "$dir/apt" && libraries musl-gcc ar)
rm -rf "$dir/apt"
echo "$want" >"$stamp"
