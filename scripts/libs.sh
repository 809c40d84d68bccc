# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# libs.sh - what deps.sh and cross.sh share; for '.', with $here set

CAP_SHA256=15c40ededb3003d70a283fe587a36b7d19c8b3b554e33f86129c059a4bb466b2

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# begin DIR - $dir is that; the end, if it has everything already. Two makes
# may run in one tree.
begin() {
	mkdir -p "$1"
	dir=$(cd "$1" && pwd)
	exec 9>"$dir/.lock"
	flock 9
	stamp=$dir/.done
	want=$(cat "$0" "$here/libs.sh" "$here"/mnl_*.c | sha256sum)
	if [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then
		touch "$stamp"
		exit 0
	fi
}

# Where Debian's packages come from here. apt knows which of the machine's
# entries are Debian's own, whether they are written as deb822 or as one line,
# and behind whatever mirror.
mirror() {
	# shellcheck disable=SC2016 # apt's own variables
	apt-get indextargets --format \
		'$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(CODENAME)|$(REPO_URI)' \
		'Created-By: Packages' |
	awk -F'|' '$1 == "Debian" && $2 == "Debian" && $3 == "main" &&
		$4 !~ /-/ { print $5; exit }'
}

find_mirror() {
	uri=$(mirror)
	[ -n "$uri" ] ||
		die "apt knows no Debian mirror here; apt-get update first"
}

# libraries CC AR [WORD...] - build libcap in the current directory, whose
# Makefile gets the words, and take libmnl from below mnl. In sections, so that
# what nobody calls is not linked.
libraries() {
	cc=$1
	ar=$2
	shift 2
	mkdir -p "$dir/lib" "$dir/include/sys" "$dir/include/libmnl"
	make -s -C libcap-*/libcap CC="$cc -idirafter $dir/hdrs" AR="$ar" \
		COPTS="-Os -ffunction-sections -fdata-sections" BUILD_CC=gcc \
		PAM_CAP=no GOLANG=no SHARED=no "$@" libcap.a >libcap.log 2>&1 ||
		die "libcap does not build: see $PWD/libcap.log"
	cp libcap-*/libcap/libcap.a "$dir/lib/"
	cp libcap-*/libcap/include/sys/capability.h "$dir/include/sys/"
	cp mnl/usr/lib/*/libmnl.a "$dir/lib/"
	cp mnl/usr/include/libmnl/libmnl.h "$dir/include/libmnl/"
	"$cc" -O2 -c -o mnl_fortify.o "$here/mnl_fortify.c"
	"$ar" r "$dir/lib/libmnl.a" mnl_fortify.o
}
