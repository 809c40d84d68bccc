#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Layout is what clang-format makes of it.
set -eu
cd "$(dirname "$0")/../.."
find core platform cmd tests scripts examples -name '*.[ch]' -print0 |
	xargs -0 clang-format --dry-run -Werror
