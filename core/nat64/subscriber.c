/* SPDX-License-Identifier: MIT */
#include "nat64/subscriber.h"

#include "nat64/clock.h"
#include "nat64/determ.h"
#include "nat64/hash.h"

static uint64_t hash_prefix(const struct nat64 *n, struct addr6 prefix,
			    uint64_t domain)
{
	const uint64_t words[] = { prefix.hi, prefix.lo };

	return hash_words(n->cfg.key, words, 2, domain);
}

static struct addr6 prefix_of(const struct nat64 *n, struct addr6 client)
{
	return addr6_mask(client, n->cfg.subscriber_len);
}

XL_APART static uint32_t find(const struct nat64 *n, struct addr6 prefix)
{
	struct table_probe p = table_probe(
		&n->subscribers_by6, hash_prefix(n, prefix, HASH_SUBSCRIBER));
	uint32_t i;

	while ((i = table_next(&p)))
		if (addr6_equal(subscriber_at(n, i)->prefix, prefix))
			return i;
	return 0;
}

uint32_t subscriber_find(const struct nat64 *n, struct addr6 client)
{
	return find(n, prefix_of(n, client));
}

/* ns between two sessions at the highest rate. */
static uint64_t spacing(const struct nat64 *n)
{
	return n->cfg.max_rate ? NS_PER_S / n->cfg.max_rate : 0;
}

/* Its address, and the ports of it that it may have beside those in blocks. */
static void equip(const struct nat64 *n, struct subscriber *s, uint32_t pool)
{
	if (n->cfg.inside.len) {
		if (!determ_find(&n->cfg, s->prefix, &pool, &s->ports))
			s->ports = (struct pool_span){ 0, 0 };
	} else if (!n->cfg.port_block) {
		s->ports = n->pool.addrs[pool].ports;
	}
	s->pool = (uint16_t)pool;
}

XL_APART static enum xlat_why make(struct nat64 *n, struct addr6 prefix,
				   uint32_t pool, uint32_t *index)
{
	struct subscriber *s;

	*index = slab_take(&n->subscribers);
	if (!*index)
		return WHY_TABLE_FULL;
	if (!table_insert(&n->subscribers_by6,
			  hash_prefix(n, prefix, HASH_SUBSCRIBER), *index)) {
		slab_give(&n->subscribers, *index);
		return WHY_TABLE_FULL;
	}
	s = subscriber_at(n, *index);
	s->prefix = prefix;
	equip(n, s, pool);
	s->due = n->now_ns + spacing(n);
	n->subscribers_created++;
	return WHY_NONE;
}

/*
 * A new subscriber gets an address by a hash of its prefix: the same as last
 * time, unless that one is used up.
 */
enum xlat_why subscriber_of(struct nat64 *n, struct addr6 client, enum bib bib,
			    uint32_t *index)
{
	const struct addr6 prefix = prefix_of(n, client);
	uint32_t pool = 0;

	*index = find(n, prefix);
	if (*index)
		return WHY_NONE;
	if (n->cfg.max_subscribers &&
	    n->subscribers.used >= n->cfg.max_subscribers)
		return WHY_MANY_SUBSCRIBERS;
	if (!n->cfg.inside.len)
		pool = pool_choose(&n->pool,
				   n->cfg.port_block ? POOL_BLOCKS : bib,
				   hash_prefix(n, prefix, HASH_PAIRING));
	if (pool == POOL_NONE)
		return WHY_POOL_ADDRESSES;
	return make(n, prefix, pool, index);
}

enum xlat_why subscriber_fix(struct nat64 *n, struct addr6 client,
			     uint32_t pool, uint32_t *index)
{
	const struct addr6 prefix = prefix_of(n, client);

	*index = find(n, prefix);
	return *index ? WHY_NONE : make(n, prefix, pool, index);
}

bool subscriber_admit(struct nat64 *n, struct addr6 client)
{
	const uint64_t step = spacing(n);
	struct subscriber *s;
	uint32_t i;

	if (!step)
		return true;
	i = find(n, prefix_of(n, client));
	if (!i)
		return true; /* make() counts its first */
	s = subscriber_at(n, i);
	if (s->due > n->now_ns + NS_PER_S - step)
		return false;
	s->due = (s->due > n->now_ns ? s->due : n->now_ns) + step;
	return true;
}

struct net6 nat64_refused(const struct nat64 *n)
{
	return (struct net6){ addr6_mask(n->refused, n->cfg.subscriber_len),
			      n->cfg.subscriber_len };
}

XL_APART void subscriber_release(struct nat64 *n, uint32_t index)
{
	const struct subscriber *s = subscriber_at(n, index);

	if (s->bindings || s->block)
		return;
	table_remove(&n->subscribers_by6,
		     hash_prefix(n, s->prefix, HASH_SUBSCRIBER), index);
	slab_give(&n->subscribers, index);
}
