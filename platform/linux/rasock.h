/* SPDX-License-Identifier: MIT */
/*
 * rasock.h - the raw ICMPv6 socket: Router Advertisements in, Router
 * Solicitations out, and membership of groups
 *
 * Advertisements arrive whatever the kernel itself does with them: it says
 * nothing about them where accept_ra is 0, or the machine forwards. It tests
 * the checksum only; all else is for ra_parse().
 */
#ifndef XLAT_LINUX_RASOCK_H
#define XLAT_LINUX_RASOCK_H

#include "clat/nd.h"
#include "clat/ra.h"
#include "ev.h"

/**
 * struct rasock - open it before privileges are given up
 * @ev:		first member
 * @heard:	called with each message, and the device it came in by
 */
struct rasock {
	struct ev ev;
	void (*heard)(struct rasock *s, const struct ra_packet *p, int ifindex);
};

/* Return: 0 or -errno. */
XL_MUST_USE int rasock_open(struct rasock *s, struct ev_loop *loop);
void rasock_close(struct rasock *s);

/**
 * rasock_solicit() - ask the routers to advertise now (RFC 4861, 6.3.7)
 * @mac:	of the device; NULL: it has none
 */
void rasock_solicit(const struct rasock *s, int ifindex,
		    const struct nd_mac *mac);

/* rasock_group() - join a multicast group, or leave it. */
void rasock_group(const struct rasock *s, int ifindex, struct addr6 group,
		  bool join);

#endif
