/* SPDX-License-Identifier: MIT */
/*
 * hop.h - the router through which packets for the provider's prefix should
 * leave (RFC 8028, 3.2; RFC 9872): prefix, address and next hop belong
 * together, for other routers may lead to networks that know neither
 */
#ifndef XLAT_CLAT_HOP_H
#define XLAT_CLAT_HOP_H

#include "clat/heard.h"
#include "clat/prefix.h"

/**
 * struct hop_ask - what there is to choose from
 * @prefixes:	what routers announce
 * @nets:	the /64s that they do
 * @pref64:	the provider's prefix
 * @net:	the /64 of our address
 * @gateway:	where packets leave by now; ::: a router that is not known
 */
struct hop_ask {
	const struct prefix_table *prefixes;
	const struct heard *nets;
	struct pref64 pref64;
	struct addr6 net;
	struct addr6 gateway;
};

/**
 * hop_choose() - choose a default router that announces the prefix: first one
 * that announces our /64 as well, then the one that packets leave by, then by
 * the routers' preference, then the one heard first
 * @now:	monotonic ns
 *
 * Return: its link-local address; ::: no such router
 */
struct addr6 hop_choose(const struct hop_ask *a, uint64_t now);

/* Does a router announce this prefix? */
bool hop_announces(const struct prefix_table *t, struct addr6 router,
		   struct pref64 pref64);

#endif
