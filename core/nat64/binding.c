/* SPDX-License-Identifier: MIT */
#include "nat64/binding.h"

#include "nat64/hash.h"

static uint64_t hash6(const struct nat64 *n, struct addr6 client, uint16_t port,
		      enum bib bib)
{
	const uint64_t words[] = { client.hi, client.lo,
				   (uint64_t)port << 8 | bib };

	return hash_words(n->cfg.key, words, 3, HASH_BINDING6);
}

static uint64_t hash4(const struct nat64 *n, uint32_t pool, uint16_t port,
		      enum bib bib)
{
	const uint64_t word = (uint64_t)pool << 32 | (uint32_t)port << 8 | bib;

	return hash_words(n->cfg.key, &word, 1, HASH_BINDING4);
}

uint32_t binding_find6(const struct nat64 *n, struct addr6 client,
		       uint16_t port, enum bib bib)
{
	struct table_probe p =
		table_probe(&n->bindings_by6, hash6(n, client, port, bib));
	uint32_t i;

	while ((i = table_next(&p))) {
		const struct binding *b = binding_at(n, i);

		if (addr6_equal(b->client, client) && b->client_port == port &&
		    b->bib == bib)
			return i;
	}
	return 0;
}

uint32_t binding_find4(const struct nat64 *n, uint32_t pool, uint16_t port,
		       enum bib bib)
{
	struct table_probe p =
		table_probe(&n->bindings_by4, hash4(n, pool, port, bib));
	uint32_t i;

	while ((i = table_next(&p))) {
		const struct binding *b = binding_at(n, i);

		if (binding_pool_addr(n, b) == pool && b->pool_port == port &&
		    b->bib == bib)
			return i;
	}
	return 0;
}

static uint64_t hash_prefix(const struct nat64 *n, struct addr6 prefix,
			    uint64_t domain)
{
	const uint64_t words[] = { prefix.hi, prefix.lo };

	return hash_words(n->cfg.key, words, 2, domain);
}

static uint32_t subscriber_find(const struct nat64 *n, struct addr6 prefix)
{
	struct table_probe p = table_probe(
		&n->subscribers_by6, hash_prefix(n, prefix, HASH_SUBSCRIBER));
	uint32_t i;

	while ((i = table_next(&p))) {
		const struct subscriber *s = slab_at(&n->subscribers, i);

		if (addr6_equal(s->prefix, prefix))
			return i;
	}
	return 0;
}

/*
 * A new subscriber gets an address by a hash of its prefix: the same as last
 * time, unless that one is used up.
 */
static enum xlat_why subscriber_open(struct nat64 *n, struct addr6 prefix,
				     enum bib bib, uint32_t *index)
{
	const uint32_t pool = pool_choose(&n->pool, bib,
					  hash_prefix(n, prefix, HASH_PAIRING));
	struct subscriber *s;

	if (pool == POOL_NONE)
		return WHY_POOL_EXHAUSTED;
	*index = slab_take(&n->subscribers);
	if (!*index)
		return WHY_TABLE_FULL;
	if (!table_insert(&n->subscribers_by6,
			  hash_prefix(n, prefix, HASH_SUBSCRIBER), *index)) {
		slab_give(&n->subscribers, *index);
		return WHY_TABLE_FULL;
	}
	s = slab_at(&n->subscribers, *index);
	s->prefix = prefix;
	s->pool = pool;
	return WHY_NONE;
}

static void subscriber_close(struct nat64 *n, uint32_t index)
{
	const struct subscriber *s = slab_at(&n->subscribers, index);

	table_remove(&n->subscribers_by6,
		     hash_prefix(n, s->prefix, HASH_SUBSCRIBER), index);
	slab_give(&n->subscribers, index);
}

/* 64 bits that nobody can foresee who does not know the key. */
static uint64_t draw(struct nat64 *n)
{
	const uint64_t word = n->draws++;

	return hash_words(n->cfg.key, &word, 1, HASH_RANDOM);
}

static bool enter(struct nat64 *n, const struct binding *b, uint32_t index)
{
	const uint64_t by6 = hash6(n, b->client, b->client_port, b->bib);
	const uint64_t by4 =
		hash4(n, binding_pool_addr(n, b), b->pool_port, b->bib);

	if (!table_insert(&n->bindings_by6, by6, index))
		return false;
	if (table_insert(&n->bindings_by4, by4, index))
		return true;
	table_remove(&n->bindings_by6, by6, index);
	return false;
}

/* Fill in and enter a binding whose subscriber and port are found. */
static enum xlat_why record(struct nat64 *n, const struct binding *as,
			    uint32_t *index)
{
	*index = slab_take(&n->bindings);
	if (*index) {
		*binding_at(n, *index) = *as;
		if (enter(n, as, *index))
			return WHY_NONE;
		slab_give(&n->bindings, *index);
	}
	pool_give(&n->pool, as->pool, as->bib, as->pool_port);
	return WHY_TABLE_FULL;
}

enum xlat_why binding_open(struct nat64 *n, struct addr6 client, uint16_t port,
			   enum bib bib, uint32_t *index)
{
	const struct addr6 prefix = addr6_mask(client, n->cfg.subscriber_len);
	uint32_t subscriber = subscriber_find(n, prefix);
	enum xlat_why why = WHY_NONE;
	struct subscriber *s;
	struct binding b = { .client = client, .client_port = port };

	if (!subscriber)
		why = subscriber_open(n, prefix, bib, &subscriber);
	if (why)
		return why;
	s = slab_at(&n->subscribers, subscriber);
	b.subscriber = subscriber;
	b.pool = (uint16_t)s->pool;
	b.bib = (uint8_t)bib;
	b.pool_port = pool_take(&n->pool, s->pool, bib, port, draw(n));
	why = b.pool_port ? record(n, &b, index) : WHY_POOL_EXHAUSTED;
	if (!why) {
		s->bindings++;
		n->bindings_created++;
	} else if (s->bindings == 0) {
		subscriber_close(n, subscriber);
	}
	return why;
}

void binding_close(struct nat64 *n, uint32_t index)
{
	const struct binding *b = binding_at(n, index);
	struct subscriber *s = binding_subscriber(n, b);

	table_remove(&n->bindings_by6,
		     hash6(n, b->client, b->client_port, b->bib), index);
	table_remove(&n->bindings_by4,
		     hash4(n, binding_pool_addr(n, b), b->pool_port, b->bib),
		     index);
	pool_give(&n->pool, b->pool, b->bib, b->pool_port);
	if (--s->bindings == 0)
		subscriber_close(n, b->subscriber);
	slab_give(&n->bindings, index);
}
