#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The manual pages are well-formed mdoc.
set -eu
cd "$(dirname "$0")/../.."
set -- cmd/*.[58]
[ -e "$1" ] || { echo "cmd/xlat.8:1: no manual pages"; exit 1; }
out=$(mandoc -Tlint -W warning "$@") || true
[ -z "$out" ] || { echo "$out" | sed 's/^mandoc: //'; exit 1; }
