#!/bin/sh
# SPDX-License-Identifier: MIT
#
# packages.sh GROUP... - have the Debian packages that a make target needs
#
# Asks dpkg first, so that a machine that has them all needs neither root nor
# the network. Services that come with a package (unbound, tayga) are not
# started: the tests run their own in namespaces.
set -eu

packages() {
	case $1 in
	build)
		echo gcc libc6-dev musl-tools linux-libc-dev binutils \
			xz-utils debian-archive-keyring util-linux ;;
	unit)
		echo libcriterion-dev ;;
	net)
		echo python3 iproute2 nftables iputils-ping traceroute curl \
			bind9-dnsutils iperf3 unbound procps prometheus strace \
			bird2 busybox-static zsh fish nfdump \
			tmux tshark wireguard-go wireguard-tools bind9 \
			dnsmasq-base libsystemd-shared libssl3 mandoc ;;
	lint)
		echo python3 git clang clang-format clang-tidy cppcheck \
			shellcheck universal-ctags mandoc lintian dpkg-dev ;;
	cross)
		echo gcc-arm-linux-gnueabi gcc-arm-linux-gnueabihf \
			gcc-aarch64-linux-gnu gcc-i686-linux-gnu \
			linux-libc-dev-armel-cross linux-libc-dev-armhf-cross \
			linux-libc-dev-arm64-cross linux-libc-dev-i386-cross \
			qemu-user-static python3 ;;
	fuzz)
		echo python3 clang libclang-rt-14-dev ;;
	afl)
		packages fuzz
		echo afl++ ;;
	bench)
		packages net
		echo tayga dnsperf ;;
	*)
		echo "packages.sh: no group '$1'" >&2
		exit 2 ;;
	esac
}

wanted=
for group in "$@"; do
	words=$(packages "$group")
	wanted="$wanted $words"
done

missing() {
	for p in $wanted; do
		s=$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null) ||
			s=
		[ "$s" = installed ] || echo "$p"
	done | sort -u | tr '\n' ' '
}

# Two targets of one make may ask at a time; apt does not like that.
exec 9<"$0"
flock 9

list=$(missing)
[ -n "$list" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "xlat: needs the equivalents of these Debian packages: $list" >&2
	exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "xlat: missing packages; as root: apt-get install $list" >&2
	exit 1
fi

# policy-rc.d is Debian's way to say that nothing is to be started now.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	trap 'rm -f $policy' EXIT
	trap 'exit 1' INT TERM HUP
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
fi

echo "xlat: installing $list"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
# shellcheck disable=SC2086 # a list of words
apt-get -qq -o DPkg::Lock::Timeout=300 --no-install-recommends install -y \
	$list >/dev/null
