#!/bin/sh
# SPDX-License-Identifier: MIT
#
# unpack.sh DIR PACKAGE... - Debian packages below DIR, without installing them
#
# For a program that a test runs, and whose package would change the machine:
# that of systemd-resolved puts itself into /etc/resolv.conf.
set -eu

dir=$1
shift
rm -rf "$dir"
mkdir -p "$dir/debs"
cd "$dir/debs"
apt-get -qq -o APT::Sandbox::User=root download "$@"
for deb in *.deb; do
	dpkg -x "$deb" ..
done
touch ../.done
