/* SPDX-License-Identifier: MIT */
/*
 * heard.h - addresses that routers announce for a time: resolvers, or the
 * /64s in which hosts make up addresses
 */
#ifndef XLAT_CLAT_HEARD_H
#define XLAT_CLAT_HEARD_H

#include "clat/ra.h"

#define HEARD_MAX 16u

/**
 * struct heard - what is announced now; starts zeroed
 */
struct heard {
	uint32_t count;
	struct heard_item {
		struct addr6 addr;
		struct addr6 router;
		uint64_t until;
	} items[HEARD_MAX];
};

/**
 * heard_take() - take in what a router's advertisement says
 * @now:	monotonic ns
 *
 * A lifetime replaces the one before; 0 ends. When there is no room for more,
 * they are not heard.
 */
void heard_take(struct heard *h, struct addr6 router,
		const struct ra_address *addrs, uint32_t count, uint64_t now);

/* Forget what has ended. Return: when to call it again, ns, or UINT64_MAX. */
uint64_t heard_expire(struct heard *h, uint64_t now);

#endif
