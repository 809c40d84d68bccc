#!/bin/sh
# SPDX-License-Identifier: MIT
#
# cross.sh ARCH DIR - what it takes to build for another Debian architecture
#
# DIR/cc		Debian's cross gcc with musl as its C library
# DIR/lib, DIR/include	libcap and libmnl, as deps.sh has them for this machine
# DIR/hdrs		links to the kernel's headers, for -idirafter
#
# musl comes from musl-dev of that architecture, libmnl from Debian 13's
# libmnl-dev, since Debian 12's has no archive; libcap is built here. All are
# pinned by checksum, so no index of that architecture is needed.
# shellcheck disable=SC1091,SC2154 # libs.sh sets dir, uri, stamp and want
set -eu

arch=$1
here=$(cd "$(dirname "$0")" && pwd)
. "$here/libs.sh"

pool=/debian/pool/main
CAP=$pool/libc/libcap2/libcap2_2.66.orig.tar.xz
MUSL=$pool/m/musl/musl-dev_1.2.3-1_$arch.deb
MNL=$pool/libm/libmnl/libmnl-dev_1.0.5-3_$arch.deb

case $arch in
armel)
	cross=arm-linux-gnueabi
	MUSL_SHA256=\
749e86bed4d1396065f8a1ea64a0b9f140065f984a400a96b2b4469681fe8054
	MNL_SHA256=\
248e319f0ba1b1c0594beea85790fd12aa42c93bc1973356bd1d68ef895d466e ;;
armhf)
	cross=arm-linux-gnueabihf
	MUSL_SHA256=\
3a9dbb8ae66716f117dce87558fb47a161db0eebf0700cc6bf84ef6871ce7d38
	MNL_SHA256=\
d5cd95932ffae952308e17804dd614174ab27c4ade3d741acb87d53dbd062fb7 ;;
arm64)
	cross=aarch64-linux-gnu
	MUSL_SHA256=\
55c2ca4bc3041c8ed8ac7dc3ef6080d9551a21650568b2fd7610b59eaf98a4f4
	MNL_SHA256=\
046ecea98bfb827fffdc9a19c3efd75b9862995e3532987a9272787e70a3a9b6 ;;
i386)
	cross=i686-linux-gnu
	MUSL_SHA256=\
e7e49904a302b4c986cc7729b1af9117f7a01a928b12c43e75bdd015697bff82
	MNL_SHA256=\
7e9a3fab584da24a855608220794721a1ec3dd4329c3f5728c2e4ca2a0152a52 ;;
*)
	die "not armel, armhf, arm64 or i386: $arch" ;;
esac

begin "$2"

# fetch PATH SHA256 - into the current directory
fetch() {
	# shellcheck disable=SC2086 # apt-helper checks it, too
	/usr/lib/apt/apt-helper -o APT::Sandbox::User=root download-file \
		"${uri%/debian*}$1" "${1##*/}" "SHA256:$2" >apt.log 2>&1 ||
		die "${uri%/debian*}$1: not there, or not what was pinned"
}

compiler() {
	sed "s|/usr/|$dir/musl/usr/|g" \
		"$dir"/musl/usr/lib/*-musl*/musl-gcc.specs >"$dir/specs"
	cat >"$dir/cc" <<-END
	#!/bin/sh
	exec $cross-gcc "\$@" -specs "$dir/specs"
	END
	chmod 755 "$dir/cc"
	mkdir -p "$dir/hdrs"
	for h in linux asm-generic asm; do
		ln -sfn "/usr/$cross/include/$h" "$dir/hdrs/$h"
	done
}

find_mirror
rm -rf "$dir/tmp" "$dir/musl"
mkdir -p "$dir/tmp"
cd "$dir/tmp"
fetch "$CAP" "$CAP_SHA256"
fetch "$MUSL" "$MUSL_SHA256"
fetch "$MNL" "$MNL_SHA256"
tar xf "${CAP##*/}"
dpkg -x "${MUSL##*/}" "$dir/musl"
dpkg -x "${MNL##*/}" mnl
compiler
libraries "$dir/cc" "$cross-ar" RANLIB="$cross-ranlib" \
	OBJCOPY="$cross-objcopy"
"$dir/cc" -O2 -c -o mnl_time64.o "$here/mnl_time64.c"
"$cross-ar" r "$dir/lib/libmnl.a" mnl_time64.o
rm -rf "$dir/tmp"
echo "$want" >"$stamp"
