/* SPDX-License-Identifier: MIT */
/*
 * nlroute.h - reading routes as the kernel tells them
 */
#ifndef XLAT_LINUX_NLROUTE_H
#define XLAT_LINUX_NLROUTE_H

#include "wire/ip.h"

struct nlmsghdr;

/**
 * struct nlroute - a way that a route leads
 * @ifindex:	device; 0: none
 * @type:	RTN_*; @protocol: RTPROT_*; @dst_len: bits of its destination
 * @gateway:	it has one
 * @several:	there are other ways beside this one (ECMP)
 * @dst:	IPv6 destination; @via: IPv6 gateway
 * @mtu:	RTAX_MTU, or 0
 */
struct nlroute {
	int ifindex;
	uint8_t type;
	uint8_t protocol;
	uint8_t dst_len;
	bool gateway;
	bool several;
	uint32_t table;
	uint32_t metric;
	uint32_t mtu;
	struct addr6 dst;
	struct addr6 via;
};

/**
 * nlroute_read() - read a message about a route
 * @see:	called with each of its ways
 *
 * Return: as of an mnl_cb_t
 */
XL_MUST_USE int nlroute_read(const struct nlmsghdr *h,
			     void (*see)(void *ctx, const struct nlroute *r),
			     void *ctx);

#endif
