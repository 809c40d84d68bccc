#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Core compiles, with gcc and with clang, where nothing exists but the
# compiler's own headers, and its objects ask for nothing but four memory
# functions and each other.
set -eu
cd "$(dirname "$0")/../.."

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
bad=0
srcs=$(find core -name '*.c')
[ -n "$srcs" ] || { echo "core: no sources found"; exit 1; }

for cc in gcc clang; do
	case $cc in
	gcc) inc=$($cc -print-file-name=include) ;;
	clang) inc=$($cc -print-resource-dir)/include ;;
	esac
	mkdir "$dir/$cc"
	for f in $srcs; do
		# shellcheck disable=SC2086 # flags are a list of words
		$cc ${PURE_FLAGS:--std=c11 -ffreestanding -nostdinc -Icore} \
			-isystem "$inc" \
			${WARN:--Wall -Wextra -Werror} -O2 -fno-pie \
			-fstack-protector-strong -c "$f" \
			-o "$dir/$cc/$(echo "$f" | tr / _).o" || bad=1
	done
	nm -A --defined-only "$dir/$cc"/*.o | sed 's/^[^:]*://' |
		awk '{ print $NF }' | sort -u >"$dir/defined"
	printf '%s\n' memcpy memmove memset memcmp __stack_chk_fail \
		>>"$dir/defined"
	for f in $srcs; do
		o=$dir/$cc/$(echo "$f" | tr / _).o
		[ -e "$o" ] || continue
		for sym in $(nm -u "$o" | awk '{ print $NF }'); do
			grep -qxF "$sym" "$dir/defined" && continue
			line=$(grep -nw "$sym" "$f" | head -1 | cut -d: -f1)
			echo "$f:${line:-1}: $cc: core may not need '$sym'"
			bad=1
		done
	done
	# No state either: data that can be written would be a global.
	for f in $srcs; do
		o=$dir/$cc/$(echo "$f" | tr / _).o
		[ -e "$o" ] || continue
		for sym in $(nm "$o" | awk '$2 ~ /^[bBdDC]$/ { print $3 }'); do
			line=$(grep -nw "${sym%%.*}" "$f" | head -1 |
				cut -d: -f1)
			echo "$f:${line:-1}: $cc: '$sym' is writable"
			bad=1
		done
	done
done
exit $bad
