#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A data centre's edge: the IPv6-only server SERVER6 is SERVER4 to the IPv4
# Internet, which the server sees under POOL6.
set -eu

exec "${XLAT:-xlat}" siit \
	--pool6 "${POOL6:-2001:db8:46::/96}" \
	--eam "${SERVER4:-198.51.100.10},${SERVER6:-2001:db8:5::10}" \
	"$@"
