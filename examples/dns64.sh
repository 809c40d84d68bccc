#!/bin/sh
# SPDX-License-Identifier: MIT
#
# DNS64 in front of RESOLVER, for the customers and this host.
set -eu

exec "${XLAT:-xlat}" dns64 \
	--listen "${LISTEN:-[::1]:53}" \
	--forward "${RESOLVER:-127.0.0.1:5353}" \
	--prefix "${PREFIX:-64:ff9b::/96}" \
	--allow ::1/128 \
	--allow "${CUSTOMERS:-2001:db8::/32}" \
	"$@"
