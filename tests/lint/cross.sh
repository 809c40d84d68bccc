#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What unit tests use of Criterion has to be in the small stand-in that they
# are built with for other machines, which few people build for.
set -eu
cd "$(dirname "$0")/../.."

header=tests/cross/criterion/criterion.h
missing=$(grep -ohE 'cr_(assert|expect)[a-z_]*' tests/unit/*.[ch] | sort -u |
	while read -r name; do
		grep -q "^#define $name(" $header || echo "$header:1: no $name()"
	done)
[ -z "$missing" ] || {
	echo "$missing"
	exit 1
}
