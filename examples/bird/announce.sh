#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Announces a node's pools through BIRD while `xlat ctl NAME health` is good:
# takes the protocols in node.conf whose names begin with xlat into service,
# and out of it. Runs until it gets SIGTERM, and withdraws them when it goes.
#
# NAME		the instance: plat
# EVERY		seconds between two looks; a daemon that hangs gets two more
# XLAT		the program
# BIRDC		BIRD's client, with options if it needs any
set -eu

name=${NAME:-plat}
said=

healthy() {
	timeout 2 "${XLAT:-xlat}" ctl "$name" health >/dev/null 2>&1
}

# announce enable|disable - each time, since BIRD may have been restarted
announce() {
	result=$1
	# shellcheck disable=SC2086 # options
	${BIRDC:-birdc} "$1" '"xlat*"' >/dev/null 2>&1 ||
		result="BIRD does not answer"
	[ "$result" = "$said" ] || echo "$name: $result"
	said=$result
}

trap 'announce disable; exit 0' TERM INT HUP

while :; do
	if healthy; then
		announce enable
	else
		announce disable
	fi
	# A signal ends a wait, but not a sleep.
	sleep "${EVERY:-1}" &
	wait $! || :
done
