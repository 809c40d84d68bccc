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
set -eu

CAP_SUITE=bookworm
CAP_SHA256=15c40ededb3003d70a283fe587a36b7d19c8b3b554e33f86129c059a4bb466b2
MNL_SUITE=trixie
MNL_VERSION=1.0.5-3
MNL_SHA256_AMD64=\
7f9a7c3f470ec400171981816df189ec86b11083c3f8d391d0800ed09a87bfc3
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
dir=$(cd "$1" && pwd)

die() {
	echo "deps.sh: $*" >&2
	exit 1
}

# Two makes may run in one tree.
exec 9>"$dir/.lock"
flock 9

stamp=$dir/.done
want=$(cat "$0" "$here/mnl_fortify.c" | sha256sum)
[ ! -e "$stamp" ] || [ "$(cat "$stamp")" != "$want" ] || {
	touch "$stamp"
	exit 0
}

arch=$(dpkg --print-architecture 2>/dev/null) ||
	die "no dpkg here; put libcap.a and libmnl.a for musl into $dir/lib"
case $arch in
amd64) mnl_sha256=$MNL_SHA256_AMD64 ;;
*) die "libmnl's archive is pinned for amd64 only, this is $arch" ;;
esac

# apt knows which of the machine's entries are Debian's own, whether they are
# written as deb822 or as one line, and behind whatever mirror.
mirror() {
	# shellcheck disable=SC2016 # apt's own variables
	apt-get indextargets --format \
		'$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(CODENAME)|$(REPO_URI)' \
		'Created-By: Packages' |
	awk -F'|' '$1 == "Debian" && $2 == "Debian" && $3 == "main" &&
		$4 !~ /-/ { print $5; exit }'
}

uri=$(mirror)
if [ -z "$uri" ] && [ "$(id -u)" -eq 0 ]; then
	apt-get -qq update
	uri=$(mirror)
fi
[ -n "$uri" ] || die "apt knows no Debian mirror here; apt-get update first"

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
	pinned "$1" $CAP_SHA256
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

build() {
	mkdir -p "$dir/lib" "$dir/include/sys" "$dir/include/libmnl"
	cd "$dir/apt"/libcap-*/libcap
	make -s CC="musl-gcc -idirafter $dir/hdrs" BUILD_CC=gcc PAM_CAP=no \
		GOLANG=no SHARED=no libcap.a >"$dir/apt/libcap.log" 2>&1 ||
		die "libcap does not build: see $dir/apt/libcap.log"
	cp libcap.a "$dir/lib/"
	cp include/sys/capability.h "$dir/include/sys/"
	cp "$dir"/apt/mnl/usr/lib/*/libmnl.a "$dir/lib/"
	cp "$dir/apt/mnl/usr/include/libmnl/libmnl.h" "$dir/include/libmnl/"
	musl-gcc -O2 -c -o "$dir/apt/mnl_fortify.o" "$here/mnl_fortify.c"
	ar r "$dir/lib/libmnl.a" "$dir/apt/mnl_fortify.o"
}

kernel_headers
(fetch)
(build)
rm -rf "$dir/apt"
echo "$want" >"$stamp"
