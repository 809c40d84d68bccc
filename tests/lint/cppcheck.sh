#!/bin/sh
# SPDX-License-Identifier: MIT
#
# cppcheck, with the exceptions of cppcheck.supp, each with its reason there.
set -eu
cd "$(dirname "$0")/../.."
cppcheck --enable=warning,performance,portability --error-exitcode=1 \
	--inline-suppr --suppressions-list=tests/lint/cppcheck.supp \
	--std=c11 --language=c --quiet --template=gcc -D__linux__ \
	-Icore -Iplatform/linux -Icmd core platform cmd
