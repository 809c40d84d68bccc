#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The provider's node: stateful NAT64. POOL6 has to be routed to this host in
# the access network, POOL4 from the Internet.
set -eu

exec "${XLAT:-xlat}" plat \
	--pool6 "${POOL6:-64:ff9b::/96}" \
	--pool4 "${POOL4:-192.0.2.0/28}" \
	--allow6 "${CUSTOMERS:-2001:db8::/32}" \
	"$@"
