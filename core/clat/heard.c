/* SPDX-License-Identifier: MIT */
#include "clat/heard.h"

#define SECOND  1000000000ull
#define FOREVER 0xffffffffu /* RFC 4861, 4.6.2; RFC 8106, 5.1 */

static struct heard_item *find(struct heard *h, struct addr6 router,
			       struct addr6 addr)
{
	for (uint32_t i = 0; i < h->count; i++)
		if (addr6_equal(h->items[i].addr, addr) &&
		    addr6_equal(h->items[i].router, router))
			return &h->items[i];
	return h->count < HEARD_MAX ? &h->items[h->count++] : NULL;
}

void heard_take(struct heard *h, struct addr6 router,
		const struct ra_address *addrs, uint32_t count, uint64_t now)
{
	struct heard_item *item;

	for (uint32_t i = 0; i < count; i++) {
		item = find(h, router, addrs[i].addr);
		if (!item)
			continue;
		*item = (struct heard_item){ addrs[i].addr, router,
					     now + addrs[i].lifetime * SECOND };
		if (addrs[i].lifetime == FOREVER)
			item->until = UINT64_MAX;
	}
	(void)heard_expire(h, now);
}

uint64_t heard_expire(struct heard *h, uint64_t now)
{
	uint64_t next = UINT64_MAX;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < h->count; i++) {
		if (h->items[i].until <= now)
			continue;
		if (h->items[i].until < next)
			next = h->items[i].until;
		h->items[kept++] = h->items[i];
	}
	h->count = kept;
	return next;
}
