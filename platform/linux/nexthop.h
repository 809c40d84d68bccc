/* SPDX-License-Identifier: MIT */
/*
 * nexthop.h - one network is routed through a default router of its own
 *
 * Who asks is not trusted: the route leads to a router that the device has a
 * default route to anyhow, and there is never more than one.
 */
#ifndef XLAT_LINUX_NEXTHOP_H
#define XLAT_LINUX_NEXTHOP_H

#include "nl.h"

/**
 * struct nexthop - starts zeroed
 * @route:	what is in force; length 0: nothing
 * @swept:	the device where nothing is left of a run that was killed
 */
struct nexthop {
	struct nl_route route;
	int swept;
};

/**
 * nexthop_set() - have packets to a network leave by one of the routers that
 * a device has default routes to
 * @want:	network, device and router; length 0: no such route any more
 *
 * Return: 1: it is so; 0: it is not, since there is no default route to that
 *         router, or to no other; or -errno
 */
XL_MUST_USE int nexthop_set(struct nexthop *x, struct nl *nl,
			    const struct nl_route *want);

void nexthop_undo(struct nexthop *x, struct nl *nl);

#endif
