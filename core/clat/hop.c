/* SPDX-License-Identifier: MIT */
#include "clat/hop.h"

static bool has_net(const struct hop_ask *a, struct addr6 router)
{
	for (uint32_t i = 0; i < a->nets->count; i++)
		if (a->nets->items[i].addr.hi == a->net.hi &&
		    addr6_equal(a->nets->items[i].router, router))
			return true;
	return false;
}

/* How good a router is, above 0. */
static unsigned int rate(const struct hop_ask *a, const struct prefix_entry *e)
{
	return 1 + e->preference +
	       (addr6_equal(e->router, a->gateway) ? 4 : 0) +
	       (has_net(a, e->router) ? 8 : 0);
}

struct addr6 hop_choose(const struct hop_ask *a, uint64_t now)
{
	struct addr6 router = { 0, 0 };
	unsigned int best = 0;
	uint32_t order = 0;

	for (uint32_t i = 0; i < a->prefixes->count; i++) {
		const struct prefix_entry *e = &a->prefixes->entries[i];
		const unsigned int rank = rate(a, e);

		if (e->router_until <= now ||
		    !prefix_equal(e->prefix, a->pref64) || rank < best ||
		    (rank == best && e->order > order))
			continue;
		router = e->router;
		best = rank;
		order = e->order;
	}
	return router;
}

bool hop_announces(const struct prefix_table *t, struct addr6 router,
		   struct pref64 pref64)
{
	for (uint32_t i = 0; i < t->count; i++)
		if (prefix_equal(t->entries[i].prefix, pref64) &&
		    addr6_equal(t->entries[i].router, router))
			return true;
	return false;
}
