#!/bin/sh
# SPDX-License-Identifier: MIT
#
# purity.sh [FILE...] - core compiles, with gcc and with clang, where nothing
# exists but the compiler's own headers; its objects ask for nothing but five
# functions that a compiler may call by itself, and each other; and they hold
# no data that can be written, which would be a global.
#
# With FILEs only those are compiled, and may ask only for each other.
set -eu
cd "$(dirname "$0")/../.."

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
if [ $# -gt 0 ]; then
	printf '%s\n' "$@" >"$dir/sources"
else
	find core -name '*.c' >"$dir/sources"
fi
[ -s "$dir/sources" ] || { echo "core: no sources found"; exit 1; }
printf '%s\n' memcpy memmove memset memcmp __stack_chk_fail >"$dir/may"
bad=0

# where FILE SYMBOL - "FILE:LINE" of its first mention
where() {
	line=$(grep -nw "${2%%.*}" "$1" | head -n 1 | cut -d: -f1)
	echo "$1:${line:-1}"
}

# An object lies under its source's path, so that nm's output names it.
for cc in gcc clang; do
	case $cc in
	gcc) inc=$(gcc -print-file-name=include) ;;
	clang) inc=$(clang -print-resource-dir)/include ;;
	esac
	sed 's|/[^/]*$||' "$dir/sources" | sort -u | sed "s|^|$dir/$cc/|" |
		xargs mkdir -p
	# shellcheck disable=SC2086 # flags are a list of words
	xargs -P "$(nproc)" -I FILE $cc \
		${PURE_FLAGS:--std=c11 -ffreestanding -nostdinc -Icore} \
		-isystem "$inc" ${WARN:--Wall -Wextra -Werror} -O2 -fno-pie \
		-fstack-protector-strong -c FILE -o "$dir/$cc/FILE.o" \
		<"$dir/sources" || bad=1
	(cd "$dir/$cc" && find . -name '*.o' -exec nm -A {} +) |
		sed 's|^\./||; s|\.o:| |' >"$dir/symbols"
	# FILE [ADDRESS] TYPE SYMBOL
	awk '$(NF - 1) != "U" { print $NF }' "$dir/symbols" |
		cat - "$dir/may" >"$dir/defined"
	awk -v cc=$cc 'NR == FNR { defined[$1]; next }
		$(NF - 1) == "U" && !($NF in defined) {
			print $1, $NF, cc ": core may not need" }
		$(NF - 1) ~ /^[bBdDC]$/ {
			print $1, $NF, cc ": core may not write" }' \
		"$dir/defined" "$dir/symbols" >"$dir/found"
	while read -r file symbol what; do
		echo "$(where "$file" "$symbol"): $what '$symbol'"
		bad=1
	done <"$dir/found"
done
exit $bad
