/* SPDX-License-Identifier: MIT */
/*
 * netcfg.h - what a translator changes on its machine, as fixed-size requests
 *
 * The same requests are carried out by the process itself or by its helper
 * (helper.h). What the kernel removes together with the TUN is left to it;
 * everything else is remembered and undone by netcfg_undo().
 */
#ifndef XLAT_LINUX_NETCFG_H
#define XLAT_LINUX_NETCFG_H

#include "fast.h"
#include "forward.h"
#include "nat44.h"
#include "nexthop.h"
#include "nl.h"
#include "ports.h"
#include "share.h"

enum netcfg_op {
	NETCFG_LINK,        /* @route.ifindex up, with MTU @route.mtu */
	NETCFG_ADDRESS,     /* @route.dst is an address of @route.ifindex */
	NETCFG_ADDRESS_DEL, /* it is one no more */
	NETCFG_ROUTE_ADD,   /* @route */
	NETCFG_ROUTE_PUT,   /* the same in the place of one with its metric */
	NETCFG_ROUTE_DEL,   /* @route */
	NETCFG_BIND,       /* what comes from @route.dst leaves by the device */
	NETCFG_UNBIND,     /* no more */
	NETCFG_NAT44,      /* @route.dst shares the device's address */
	NETCFG_FORWARDING, /* the machine forwards both families */
	NETCFG_STEER,      /* our packets are taken at @route.ifindex */
	NETCFG_FORWARD6,   /* IPv6, between the device and @uplink */
	NETCFG_SORT,       /* what is shared is sorted at @route.ifindex */
	NETCFG_SHARE,      /* @route.dst, if it is an address of the machine */
	NETCFG_HOP,        /* @route, by a router of @route.ifindex; length
			      0: no such route */
	NETCFG_RESERVE,    /* ports @first to @last, too; 0: no more */
	NETCFG_OP_COUNT
};

/**
 * struct netcfg_request - one change
 * @uplink:	index of another device, for NETCFG_FORWARD6
 * @first, @last: ports, for NETCFG_RESERVE, and, if not 0, for NETCFG_NAT44
 */
struct netcfg_request {
	enum netcfg_op op;
	int uplink;
	uint16_t first;
	uint16_t last;
	struct nl_route route;
};

/**
 * struct netcfg_answer - what came of it
 * @err:	0 or -errno; NETCFG_FORWARDING: number of settings changed;
 *		NETCFG_SHARE: as of share_follow(); NETCFG_RESERVE: as of
 *		ports_reserve(); NETCFG_HOP: as of nexthop_set()
 * @text:	the kernel's own words, or ""
 */
struct netcfg_answer {
	int err;
	char text[120];
};

/**
 * struct netcfg_may - what may be asked for
 * @ifindex:	the only device that may be changed
 * @nat44:	a NAT44 can be made
 * @hop:	and a route of NETCFG_HOP; @uplink: only there; NULL: anywhere
 * @arrive:	descriptor of FAST_ARRIVE, for NETCFG_STEER; -1: there is none
 * @take:	of struct share's, for NETCFG_SHARE or NETCFG_SORT; -1: there is
 *		none
 */
struct netcfg_may {
	int ifindex;
	bool nat44;
	bool hop;
	const char *uplink;
	int arrive;
	int take;
};

/**
 * struct netcfg - who carries requests out
 * @bound:	what NETCFG_BIND is in force for; length 0: nothing
 * @steered:	what keeps NETCFG_STEER in force, or -1
 * @sorted:	the same for NETCFG_SORT
 * @links:	the same for NETCFG_SHARE
 */
struct netcfg {
	struct netcfg_may may;
	struct nl nl;
	struct nat44 nat44;
	struct forward forward;
	struct nl_net bound;
	struct nexthop hop;
	int steered;
	int sorted;
	struct share_links links;
	struct ports ports;
};

/**
 * netcfg_open() - open what requests need
 *
 * Return: 0 or -errno
 */
XL_MUST_USE int netcfg_open(struct netcfg *n, const struct netcfg_may *may);

/**
 * netcfg_apply() - check a request and carry it out
 * @r:		from another process, perhaps: nothing in it is trusted
 */
struct netcfg_answer netcfg_apply(struct netcfg *n,
				  const struct netcfg_request *r);

void netcfg_undo(struct netcfg *n);

#endif
