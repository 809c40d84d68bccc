/* SPDX-License-Identifier: MIT */
#include "nat64/cooling.h"

#include "nat64/block.h"
#include "nat64/port.h"
#include "nat64/subscriber.h"

XL_APART static void release_oldest(struct nat64 *n)
{
	const struct cooling c = *cooling_at(n, n->cooling_first++);
	const uint32_t which = pool_find(&n->pool, c.pool);
	const uint32_t owner = block_owner(n, which, c.port);

	port_give(n, which, c.bib, c.port);
	if (owner)
		subscriber_release(n, owner);
}

XL_APART static void append(struct nat64 *n, struct cooling c)
{
	if (cooling_count(n) == n->cfg.hold_max)
		release_oldest(n);
	n->cooling[n->cooling_end++ % n->cfg.hold_max] = c;
}

void cooling_add(struct nat64 *n, uint32_t which, enum bib bib, uint16_t port)
{
	append(n, (struct cooling){ .pool = n->pool.addrs[which].addr,
				    .since = n->now,
				    .port = port,
				    .bib = (uint8_t)bib });
}

XL_RARE bool cooling_restore(struct nat64 *n, const struct cooling *c,
			     uint64_t age)
{
	const uint32_t which = pool_find(&n->pool, c->pool);
	struct cooling kept = *c;

	if (age > n->cfg.hold_down || c->bib >= BIB_COUNT ||
	    which == POOL_NONE || !port_keep(n, which, c->bib, c->port))
		return false;
	kept.since = age < n->now ? n->now - (uint32_t)age : 0;
	/* Whatever comes, the oldest is the first. */
	if (cooling_count(n) &&
	    cooling_at(n, n->cooling_end - 1)->since > kept.since)
		kept.since = cooling_at(n, n->cooling_end - 1)->since;
	append(n, kept);
	return true;
}

XL_RARE void cooling_move(struct nat64 *n, const struct nat64 *from)
{
	for (uint64_t i = from->cooling_first; i < from->cooling_end; i++) {
		const struct cooling *c = cooling_at(from, i);

		(void)!cooling_restore(n, c, n->now - c->since);
	}
}

/* Time counts from the end of the second. */
static uint64_t over(const struct nat64 *n)
{
	return cooling_at(n, n->cooling_first)->since +
	       (uint64_t)n->cfg.hold_down + 1;
}

bool cooling_expire(struct nat64 *n)
{
	if (cooling_next_expiry(n) > n->now)
		return false;
	release_oldest(n);
	return true;
}

uint64_t cooling_next_expiry(const struct nat64 *n)
{
	return cooling_count(n) ? over(n) : UINT64_MAX;
}
