#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The customer's router. Runs until it gets SIGTERM; leaves nothing behind.
#
# UPLINK	interface towards the provider
# PREF64	the provider's translation prefix
# SOURCE	an IPv6 /96 that is routed to this host and used by nothing else;
#		every host of the LAN gets an address of its own in it
# LAN		IPv4 network behind this router
set -eu

exec "${XLAT:-xlat}" clat \
	--uplink "${UPLINK:-eth0}" \
	--pref64 "${PREF64:-64:ff9b::/96}" \
	--source "${SOURCE:-2001:db8:0:464::/96}" \
	--lan "${LAN:-192.168.1.0/24}" \
	"$@"
