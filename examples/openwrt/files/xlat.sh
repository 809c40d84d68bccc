#!/bin/sh
# SPDX-License-Identifier: MIT
#
# netifd's protocol handler for `proto xlat`: a CLAT as an interface.
#
#	config interface 'clat'
#		option proto	'xlat'
#		option uplink	'wan6'		# else: where packets are routed
#		option pref64	'64:ff9b::/96'	# else: it is discovered
#		option source	'2001:db8:0:464::/96'
#		option lan	'192.168.1.0/24'
#		option when	'force'
#		option metric	'2048'
#		option mtu6	'1500'
#
# Each is the option of that name in xlat-clat(8); uplink is one of netifd's
# interfaces. Addresses and routes are xlat's own doing.

# shellcheck disable=SC1091
[ -n "$INCLUDE_ONLY" ] || {
	. /lib/functions.sh
	. /lib/functions/network.sh
	. ../netifd-proto.sh
	init_proto "$@"
}

# netifd sets what json_get_vars names.
# shellcheck disable=SC2154,SC2034

proto_xlat_init_config() {
	no_device=1
	available=1
	proto_config_add_string uplink
	proto_config_add_string pref64
	proto_config_add_string source
	proto_config_add_string lan
	proto_config_add_string when
	proto_config_add_int metric
	proto_config_add_int mtu6
}

proto_xlat_setup() {
	config=$1
	uplink='' pref64='' source='' lan='' when='' metric='' mtu6=''
	device=''
	json_get_vars uplink pref64 source lan when metric mtu6
	if [ -n "$uplink" ] && ! network_get_device device "$uplink"; then
		proto_notify_error "$config" NO_UPLINK
		proto_setup_failed "$config"
		return
	fi
	[ -z "$uplink" ] || proto_add_host_dependency "$config" :: "$uplink"

	set -- clat --instance "$config"
	[ -z "$device" ] || set -- "$@" --uplink "$device"
	[ -z "$pref64" ] || set -- "$@" --pref64 "$pref64"
	[ -z "$source" ] || set -- "$@" --source "$source"
	[ -z "$lan" ] || set -- "$@" --lan "$lan"
	[ -z "$when" ] || set -- "$@" --when "$when"
	[ -z "$metric" ] || set -- "$@" --metric "$metric"
	[ -z "$mtu6" ] || set -- "$@" --mtu6 "$mtu6"
	if ! /usr/sbin/xlat "$@" --check; then
		proto_notify_error "$config" BAD_OPTION
		proto_block_restart "$config"
		proto_setup_failed "$config"
		return
	fi
	proto_run_command "$config" /usr/sbin/xlat "$@"
	proto_init_update "$config" 1
	proto_send_update "$config"
}

proto_xlat_teardown() {
	proto_kill_command "$1"
}

[ -n "$INCLUDE_ONLY" ] || add_protocol xlat
