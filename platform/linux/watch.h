/* SPDX-License-Identifier: MIT */
/*
 * watch.h - how the network is, and being told that it has changed
 *
 * A notification says only that something changed; then the few facts that
 * matter are asked for anew. So notifications may be lost (ENOBUFS), come in
 * any order, or be about things that nobody here knows.
 */
#ifndef XLAT_LINUX_WATCH_H
#define XLAT_LINUX_WATCH_H

#include <net/if.h>

#include "clat/nd.h"
#include "clat/source.h"
#include "ev.h"
#include "nl.h"

#define WATCH_ADDRS 64u

/**
 * struct watch - netlink sockets; open it before privileges are given up
 * @ev:		of the notifications; first member
 * @changed:	called when something may have changed
 * @option:	called with each RTM_NEWNDUSEROPT, from its header on; NULL: none
 *		is wanted
 */
struct watch {
	struct ev ev;
	struct nl nl;
	void (*changed)(struct watch *w);
	void (*option)(struct watch *w, const void *msg, size_t len);
};

/* What a CLAT configures. */
enum watch_ours {
	WATCH_ADDRESS4 = 1, /* the address of its device */
	WATCH_BIND4 = 2,    /* what comes from that leaves by the device */
	WATCH_DEFAULT4 = 4, /* the IPv4 default route into it */
	WATCH_ROUTE6 = 8,   /* the way of its IPv6 address into it */
	WATCH_HOP = 16,     /* the way to the translator by a router of its */
};

/**
 * struct watch_view - the network as the uplink shows it
 * @ifindex:	of the uplink; 0: there is none
 * @up:		it is up, and so is what is plugged in
 * @shared:	neighbours are found by Neighbour Discovery
 * @router:	it forwards
 * @route6:	packets to the translator leave by it
 * @native4:	an IPv4 default route leaves by it
 * @metric4:	the largest metric of those
 * @mtu:	its IPv6 MTU, bytes; @path_mtu: that of the route to the
 *		translator, not larger
 * @probes:	DupAddrDetectTransmits; @retrans: RetransTimer, ms
 * @busy4:	bit n: 192.0.0.n is an address of another device
 * @overlap4:	another device has a network out of 192.0.0.0/29
 * @ours:	set of enum watch_ours: what of ours is there
 * @addrs:	its IPv6 addresses
 */
struct watch_view {
	int ifindex;
	char name[IF_NAMESIZE];
	struct nd_mac mac;
	bool up;
	bool shared;
	bool router;
	bool route6;
	bool native4;
	bool overlap4;
	uint32_t metric4;
	uint32_t mtu;
	uint32_t path_mtu;
	uint32_t probes;
	uint32_t retrans;
	uint32_t busy4;
	unsigned int ours;
	uint32_t addr_count;
	struct source_addr addrs[WATCH_ADDRS];
};

/**
 * struct watch_route - how packets to the translator leave
 * @of:		its prefix
 * @via:	the router; ::: none, or several
 * @chosen:	that is said of them, and not of all destinations
 * @ours:	by us
 */
struct watch_route {
	struct pref64 of;
	struct addr6 via;
	bool chosen;
	bool ours;
};

/**
 * struct watch_ask - what to look for
 * @uplink:	the device's name; NULL: the one that @towards is routed to
 * @own:	index of a device of ours, which is not looked at
 * @towards:	an address beyond the uplink
 * @addr4, @addr6: addresses of ours; 0 and ::: not configured, and nothing else
 *		of ours is looked for, either
 */
struct watch_ask {
	const char *uplink;
	int own;
	struct addr6 towards;
	uint32_t addr4;
	struct addr6 addr6;
};

/* Return: 0 or -errno. */
XL_MUST_USE int watch_open(struct watch *w, struct ev_loop *loop);
void watch_close(struct watch *w);

/**
 * watch_look() - see how the network is
 * @v:		set; its @ifindex is kept while there is no route to another
 */
void watch_look(struct watch *w, const struct watch_ask *ask,
		struct watch_view *v);

/* watch_way() - see how packets to a prefix leave by the uplink */
void watch_way(struct watch *w, struct pref64 pref64, int uplink,
	       struct watch_route *way);

#endif
