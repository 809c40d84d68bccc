/* SPDX-License-Identifier: MIT */
/*
 * share.h - an address of this machine that a translator shares with it
 *
 * eBPF programs sort the packets (bpf/share.c). They are loaded with
 * privileges; whose ports are whose is told through shared memory. Devices
 * come and go, and with them the places where packets have to be sorted: of an
 * IPv4 address any device that has one, of an IPv6 address the uplink.
 */
#ifndef XLAT_LINUX_SHARE_H
#define XLAT_LINUX_SHARE_H

#include "bpf/sharemap.h"
#include "ev.h"
#include "nl.h"

#define SHARE_DEVICES 64u

/**
 * struct share - the daemon's side
 * @map:	shared with the programs; NULL: they are not loaded
 * @take:	descriptor of the one for other devices
 * @depart:	of the one for the TUN, of an IPv4 address; or -1
 * @link:	of what keeps that there
 */
struct share {
	struct share_map *map;
	int take;
	int depart;
	int link;
};

/**
 * share_open() - load the programs; needs privileges
 * @six:	for an IPv6 address
 *
 * Return: 0 or -errno; then there is nothing to close
 */
XL_MUST_USE int share_open(struct share *s, bool six);

/* share_at_tun() - attach to the TUN what belongs there; 0 or -errno. */
XL_MUST_USE int share_at_tun(struct share *s, int ifindex);

/**
 * share_tell() - what is shared from now on
 * @addr:	0: nothing
 * @ports:	of @addr
 */
void share_tell(struct share *s, uint32_t addr,
		const struct share_ports *ports);

/**
 * share_tell6() - the same of IPv6
 * @addr:	::: nothing
 * @pref64:	from where packets can be ours
 */
void share_tell6(struct share *s, struct addr6 addr, struct pref64 pref64,
		 const struct share_ports *ports);

void share_close(struct share *s);

/**
 * struct share_links - where packets are sorted
 * @program:	descriptor of struct share's @take
 * @at:		devices; @fd: what keeps the program there
 */
struct share_links {
	int program;
	uint32_t count;
	struct {
		int ifindex;
		int fd;
		bool there;
	} at[SHARE_DEVICES];
};

/**
 * share_follow() - sort packets at the devices that have IPv4 addresses now,
 * if one has @addr; else nowhere
 * @l:		all zero but @program the first time
 * @own:	index of the TUN, where they are not
 *
 * Return: 1; 0: no device has the address; -EINVAL: before Linux 6.6; another
 * -errno
 */
XL_MUST_USE int share_follow(struct share_links *l, struct nl *nl,
			     uint32_t addr, int own);

/**
 * share_watch() - be told when addresses come or go
 * @ev:		@ready set; it has to call share_heard()
 *
 * Return: 0 or -errno
 */
XL_MUST_USE int share_watch(struct ev *ev, struct ev_loop *loop);

/* share_heard() - what was told is done with. */
void share_heard(const struct ev *ev);

#endif
