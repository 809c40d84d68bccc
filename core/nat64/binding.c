/* SPDX-License-Identifier: MIT */
#include "nat64/binding.h"

#include "nat64/alarm.h"
#include "nat64/hash.h"
#include "nat64/port.h"
#include "nat64/tell.h"

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
	port_give(n, as->pool, as->bib, as->pool_port);
	return WHY_TABLE_FULL;
}

/* The same, and it counts. */
XL_APART static enum xlat_why add(struct nat64 *n, const struct binding *as,
				  uint32_t *index)
{
	const enum xlat_why why = record(n, as, index);

	if (!why) {
		subscriber_at(n, as->subscriber)->bindings++;
		subscriber_at(n, as->subscriber)->created++;
		n->of[as->bib].bindings++;
		n->of[as->bib].bindings_created++;
		alarm_bound(n, as);
	}
	return why;
}

static enum xlat_why has_room(const struct nat64 *n, uint32_t subscriber)
{
	return n->cfg.max_bindings && subscriber_at(n, subscriber)->bindings >=
					      n->cfg.max_bindings
		       ? WHY_SUBSCRIBER_BINDINGS
		       : WHY_NONE;
}

enum xlat_why binding_open(struct nat64 *n, struct addr6 client, uint16_t port,
			   enum bib bib, uint32_t *index)
{
	struct binding b = { .client = client,
			     .client_port = port,
			     .bib = (uint8_t)bib };
	enum xlat_why why = subscriber_of(n, client, bib, &b.subscriber);

	if (why)
		return why;
	b.pool = subscriber_at(n, b.subscriber)->pool;
	why = has_room(n, b.subscriber);
	if (!why)
		why = port_take(n, &b);
	if (!why)
		why = add(n, &b, index);
	if (why)
		subscriber_release(n, b.subscriber);
	return why;
}

XL_RARE enum xlat_why binding_fix(struct nat64 *n, const struct nat64_static *s)
{
	const uint32_t pool = pool_find(&n->pool, s->pool);
	struct binding b = { .client = s->client,
			     .client_port = s->client_port,
			     .pool_port = s->pool_port,
			     .pool = (uint16_t)pool,
			     .bib = (uint8_t)bib_of(s->proto),
			     .fixed = true };
	const enum xlat_why why =
		subscriber_fix(n, s->client, pool, &b.subscriber);
	uint32_t unused;

	if (why)
		return why;
	port_fix(n, &b);
	return add(n, &b, &unused);
}

XL_RARE enum xlat_why binding_restore(struct nat64 *n, const struct session *s,
				      uint32_t *index)
{
	const uint32_t pool = pool_find(&n->pool, s->pool);
	struct binding b = { .client = s->client,
			     .client_port = s->client_port,
			     .pool_port = s->pool_port,
			     .pool = (uint16_t)pool,
			     .bib = s->bib };
	enum xlat_why why;

	if (pool == POOL_NONE)
		return WHY_POOL_EXHAUSTED;
	why = subscriber_fix(n, s->client, pool, &b.subscriber);
	if (why)
		return why;
	why = has_room(n, b.subscriber);
	if (!why && !port_claim(n, &b))
		why = WHY_POOL_EXHAUSTED;
	if (!why)
		why = add(n, &b, index);
	if (why)
		subscriber_release(n, b.subscriber);
	return why;
}

static void close(struct nat64 *n, uint32_t index)
{
	const struct binding *b = binding_at(n, index);
	const uint32_t subscriber = b->subscriber;

	table_remove(&n->bindings_by6,
		     hash6(n, b->client, b->client_port, b->bib), index);
	table_remove(&n->bindings_by4,
		     hash4(n, binding_pool_addr(n, b), b->pool_port, b->bib),
		     index);
	port_release(n, b->pool, b->bib, b->pool_port);
	n->of[b->bib].bindings--;
	subscriber_at(n, subscriber)->bindings--;
	subscriber_release(n, subscriber);
	slab_give(&n->bindings, index);
}

void binding_release(struct nat64 *n, uint32_t index)
{
	const struct binding *b = binding_at(n, index);

	if (b->sessions == 0 && !b->fixed)
		close(n, index);
}
