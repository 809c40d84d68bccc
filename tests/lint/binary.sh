#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The binary is really static, has no stack or page that is both writable and
# executable, no table of pointers that only RELRO would protect (nobody does so
# for a static program), and is small. musl-gcc has been seen to make a dynamic
# PIE of -static-pie without a word.
set -eu
cd "$(dirname "$0")/../.."
x=${XLAT:-build/xlat}
bad=0

fail() {
	echo "$x:1: $*"
	bad=1
}

readelf -h "$x" >/dev/null || exit 1
readelf -lW "$x" | grep -q 'INTERP' && fail "has an interpreter"
readelf -lW "$x" | grep -q 'DYNAMIC' && fail "has a dynamic section"
readelf -SW "$x" | grep -Eq '\] \.(got|init_array|fini_array|data\.rel\.ro).* WA ' &&
	fail "pointers that are never written can be"
readelf -SW "$x" | grep -q '\] \.data\.rel\.ro' ||
	fail "where are the pointers that are never written?"
readelf -lW "$x" | grep -q 'GNU_STACK.* RW ' || fail "stack is executable"
readelf -lW "$x" | grep -q 'RWE' && fail "a segment is writable and executable"
readelf -SW "$x" | grep -q '\.symtab' && fail "is not stripped"
size=$(stat -c %s "$x")
[ "$size" -le $((400 * 1024)) ] || fail "$size bytes, more than 400 KiB"
exit $bad
