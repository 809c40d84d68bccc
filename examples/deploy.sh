#!/bin/sh
# SPDX-License-Identifier: MIT
#
# deploy.sh HOST APPLET CONFIG - put xlat on another machine and start it there
#
# Copies one binary and one configuration over ssh, has the new binary check
# the new configuration, and only then stops what runs, puts both in place and
# starts the applet under its link. If it is not well within ten seconds the
# old binary and configuration are put back and started, and the exit status
# is 1. HOST needs a shell, and nothing else.
#
# XLAT	the binary for HOST's architecture: build/dist/xlat-VERSION-ARCH
# DIR	where it goes: /usr/sbin
# ETC	where the configuration goes: /etc/xlat
# SSH	ssh, with options
set -eu

[ $# -eq 3 ] || {
	echo "usage: deploy.sh HOST APPLET CONFIG" >&2
	exit 2
}
host=$1
applet=$2
config=$3
dir=${DIR:-/usr/sbin}
etc=${ETC:-/etc/xlat}

there() {
	# shellcheck disable=SC2086 # options
	${SSH:-ssh} "$host" "$1"
}

there "mkdir -p $dir $etc && cat >$dir/xlat.new && chmod 755 $dir/xlat.new" \
	<"${XLAT:-build/xlat}"
there "cat >$etc/$applet.conf.new" <"$config"

there "dir=$dir etc=$etc applet=$applet
$(cat <<'END'
set -u
conf=$etc/$applet.conf

say() {
	echo "$applet: $*" >&2
}

pid() {
	"$dir/xlat" ctl "$applet" status 2>/dev/null | sed -n 's/^pid  *//p'
}

# try SECONDS COMMAND...
try() {
	left=$1
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$left" -gt 0 ] || return 1
		left=$((left - 1))
		sleep 1
	done
}

# What has ended and was not waited for has no program any more.
gone() {
	[ ! -e "/proc/$1/exe" ]
}

# stop PID - may be empty
stop() {
	[ -n "$1" ] || return 0
	kill "$1" 2>/dev/null
	try 10 gone "$1"
}

start() {
	"$dir/$applet" --config "$conf" </dev/null >"$etc/$applet.log" 2>&1 &
	started=$!
	try 10 "$dir/xlat" ctl "$applet" health
}

# in_place FILE - the new one, and the old one kept
in_place() {
	rm -f "$1.old"
	[ ! -e "$1" ] || mv "$1" "$1.old"
	mv "$1.new" "$1"
}

# put_back FILE - what was there before, if anything was
put_back() {
	rm -f "$1"
	[ ! -e "$1.old" ] || mv "$1.old" "$1"
}

"$dir/xlat.new" "$applet" --config "$conf.new" --check || {
	say "refused; nothing was changed"
	rm -f "$dir/xlat.new" "$conf.new"
	exit 1
}
stop "$(pid)" || {
	say "what runs does not stop; nothing was changed"
	exit 1
}
in_place "$dir/xlat"
in_place "$conf"
ln -sf xlat "$dir/$applet"
if start; then
	say "runs"
	exit 0
fi
say "is not well after ten seconds; it said:"
cat "$etc/$applet.log" >&2
stop "$started" || kill -9 "$started"
put_back "$dir/xlat"
put_back "$conf"
if [ ! -e "$dir/xlat" ]; then
	rm -f "$dir/$applet"
	say "nothing was there before, and nothing is now"
elif [ -e "$conf" ] && start; then
	say "what was there before runs again"
else
	say "what was there before does not run"
fi
exit 1
END
)"
