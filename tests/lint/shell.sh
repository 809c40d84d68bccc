#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Shell scripts parse, and shellcheck finds nothing.
set -eu
cd "$(dirname "$0")/../.."
find scripts tests examples .ci -type f \
	-exec grep -lZE '^#!/bin/(ba)?sh' {} + |
	xargs -0 shellcheck -f gcc
