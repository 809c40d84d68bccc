/* SPDX-License-Identifier: MIT */
#include "clat/prefix.h"

#define SECOND 1000000000ull

bool prefix_equal(struct pref64 a, struct pref64 b)
{
	return a.len == b.len && addr6_equal(a.prefix, b.prefix);
}

/* Above 0 if @a is better than @b by the rules that end a prefix's use. */
static int compare_routers(const struct prefix_entry *a,
			   const struct prefix_entry *b, uint64_t now)
{
	const bool default_a = a->router_until > now;
	const bool default_b = b->router_until > now;

	if (default_a != default_b)
		return default_a ? 1 : -1;
	return (int)a->preference - (int)b->preference;
}

static bool better(const struct prefix_entry *a, const struct prefix_entry *b,
		   uint64_t now)
{
	const int routers = compare_routers(a, b, now);

	if (routers)
		return routers > 0;
	if (a->order != b->order)
		return a->order < b->order;
	return a->place < b->place;
}

static void remove_entry(struct prefix_table *t, struct prefix_entry *e)
{
	*e = t->entries[--t->count];
}

static bool is_of(const struct prefix_entry *e, struct addr6 router,
		  struct pref64 prefix)
{
	return addr6_equal(e->router, router) &&
	       prefix_equal(e->prefix, prefix);
}

static struct prefix_entry *find(struct prefix_table *t, struct addr6 router,
				 struct pref64 prefix)
{
	for (uint32_t i = 0; i < t->count; i++)
		if (is_of(&t->entries[i], router, prefix))
			return &t->entries[i];
	return NULL;
}

/* The place of an entry that would be chosen last, if it is behind @e. */
static struct prefix_entry *push_out(struct prefix_table *t,
				     const struct prefix_entry *e,
				     struct pref64 used, uint64_t now)
{
	struct prefix_entry *last = NULL;

	for (uint32_t i = 0; i < t->count; i++) {
		if (prefix_equal(t->entries[i].prefix, used))
			continue;
		if (!last || better(last, &t->entries[i], now))
			last = &t->entries[i];
	}
	return last && better(e, last, now) ? last : NULL;
}

static void take(struct prefix_table *t, const struct prefix_entry *e,
		 struct pref64 used, uint64_t now)
{
	struct prefix_entry *old = find(t, e->router, e->prefix);

	if (e->until == now) {
		if (old)
			remove_entry(t, old);
		return;
	}
	if (!old)
		old = t->count < PREFIX_ENTRIES ? &t->entries[t->count++]
						: push_out(t, e, used, now);
	if (old)
		*old = *e;
}

/* Rank of a router: kept while it has an entry. */
static uint32_t order_of(struct prefix_table *t, struct addr6 router)
{
	for (uint32_t i = 0; i < t->count; i++)
		if (addr6_equal(t->entries[i].router, router))
			return t->entries[i].order;
	return t->order++;
}

/* What an advertisement says of the router holds for all its entries. */
static void update_router(struct prefix_table *t, const struct prefix_entry *e)
{
	for (uint32_t i = 0; i < t->count; i++) {
		if (!addr6_equal(t->entries[i].router, e->router))
			continue;
		t->entries[i].router_until = e->router_until;
		t->entries[i].preference = e->preference;
	}
}

void prefix_heard(struct prefix_table *t, struct addr6 router,
		  const struct ra *ra, struct pref64 used, uint64_t now)
{
	struct prefix_entry e = {
		.router = router,
		.router_until = now + ra->lifetime * SECOND,
		.preference = ra->preference,
	};

	update_router(t, &e);
	if (ra->prefix_count)
		e.order = order_of(t, router);
	for (; e.place < ra->prefix_count; e.place++) {
		e.prefix = ra->prefixes[e.place].prefix;
		e.until = now + ra->prefixes[e.place].lifetime * SECOND;
		take(t, &e, used, now);
	}
}

uint64_t prefix_expire(struct prefix_table *t, uint64_t now)
{
	uint64_t next = UINT64_MAX;
	uint32_t i = 0;

	while (i < t->count) {
		const struct prefix_entry *e = &t->entries[i];

		if (e->until <= now) {
			remove_entry(t, &t->entries[i]);
			continue;
		}
		if (e->until < next)
			next = e->until;
		if (e->router_until > now && e->router_until < next)
			next = e->router_until;
		i++;
	}
	return next;
}

const struct prefix_entry *prefix_choose(const struct prefix_table *t,
					 struct pref64 used, uint64_t now)
{
	const struct prefix_entry *best = NULL;
	const struct prefix_entry *kept = NULL;

	for (uint32_t i = 0; i < t->count; i++) {
		const struct prefix_entry *e = &t->entries[i];

		if (!best || better(e, best, now))
			best = e;
		if (prefix_equal(e->prefix, used) &&
		    (!kept || better(e, kept, now)))
			kept = e;
	}
	return kept && compare_routers(best, kept, now) <= 0 ? kept : best;
}

/* Does each router announce this prefix? */
static bool all_announce(const struct prefix_table *t, struct pref64 p)
{
	bool known = true;

	for (uint32_t i = 0; i < t->count && known; i++) {
		known = false;
		for (uint32_t k = 0; k < t->count && !known; k++)
			known = is_of(&t->entries[k], t->entries[i].router, p);
	}
	return known;
}

bool prefix_disagree(const struct prefix_table *t)
{
	for (uint32_t i = 0; i < t->count; i++)
		if (!all_announce(t, t->entries[i].prefix))
			return true;
	return false;
}
