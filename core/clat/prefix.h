/* SPDX-License-Identifier: MIT */
/*
 * prefix.h - the PREF64s that the routers of a link announce, and the choice
 * among them (RFC 8781, 5; RFC 4191)
 *
 * An entry is a prefix as one router announces it. The same prefix from two
 * routers is two entries and one PREF64: it lives as long as either.
 */
#ifndef XLAT_CLAT_PREFIX_H
#define XLAT_CLAT_PREFIX_H

#include "clat/ra.h"

#define PREFIX_ENTRIES 16u

/**
 * struct prefix_entry - a prefix as one router announces it
 * @router:	the router's link-local address
 * @until:	when the prefix ends, ns
 * @router_until: when the router ceases to be a default router, ns
 * @preference:	the router's
 * @order:	rank by when the router was first heard
 * @place:	place in the router's advertisement
 */
struct prefix_entry {
	struct pref64 prefix;
	struct addr6 router;
	uint64_t until;
	uint64_t router_until;
	enum ra_preference preference;
	uint32_t order;
	uint32_t place;
};

/**
 * struct prefix_table - all of them; starts zeroed
 * @order:	routers heard so far
 */
struct prefix_table {
	uint32_t count;
	uint32_t order;
	struct prefix_entry entries[PREFIX_ENTRIES];
};

/**
 * prefix_heard() - take in a Router Advertisement
 * @router:	its source
 * @used:	the prefix in use, which is never pushed out; len 0: none
 * @now:	monotonic ns
 */
void prefix_heard(struct prefix_table *t, struct addr6 router,
		  const struct ra *ra, struct pref64 used, uint64_t now);

/**
 * prefix_expire() - forget what has ended
 *
 * Return: when to call it again, ns; UINT64_MAX: nothing will end
 */
uint64_t prefix_expire(struct prefix_table *t, uint64_t now);

/**
 * prefix_choose() - the entry to use: of a default router before others, then
 * by the router's preference, then the router heard first, then the place in
 * its advertisement
 * @used:	prefix in use; it stays unless another one is better by the
 *		first two rules; len 0: none
 *
 * Return: the entry, or NULL
 */
const struct prefix_entry *prefix_choose(const struct prefix_table *t,
					 struct pref64 used, uint64_t now);

/* Do two routers announce different sets of prefixes? */
XL_MUST_USE bool prefix_disagree(const struct prefix_table *t);

/* Are these the same prefix? */
bool prefix_equal(struct pref64 a, struct pref64 b);

#endif
