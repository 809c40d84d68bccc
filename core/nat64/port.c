/* SPDX-License-Identifier: MIT */
#include "nat64/port.h"

#include "nat64/alarm.h"
#include "nat64/block.h"
#include "nat64/cooling.h"
#include "nat64/hash.h"
#include "nat64/subscriber.h"

/* 64 bits that nobody can foresee who does not know the key. */
static uint64_t draw(struct nat64 *n)
{
	const uint64_t word = n->draws++;

	return hash_words(n->cfg.key, &word, 1, HASH_RANDOM);
}

/* Of what the subscriber has already. */
static uint16_t search(struct nat64 *n, const struct binding *b,
		       enum pool_likeness how, uint64_t random)
{
	const struct subscriber *s = subscriber_at(n, b->subscriber);
	struct pool_span span = s->ports;
	uint32_t next = s->block;
	uint16_t port;

	for (;;) {
		port = pool_take(&n->pool, s->pool, b->bib, span,
				 b->client_port, how, random);
		while (next && block_is_full(n, next, b->bib))
			next = n->blocks[next].next;
		if (port || !next)
			return port;
		span = block_ports(n, next);
		next = n->blocks[next].next;
	}
}

/* As like the client's as there is one. */
XL_APART static uint16_t find(struct nat64 *n, const struct binding *b)
{
	const uint64_t random = draw(n);
	uint16_t port = 0;
	unsigned int how = b->bib == BIB_UDP && !n->cfg.any_parity ? POOL_PARITY
								   : POOL_RANGE;

	for (; how < POOL_LIKENESSES && !port; how++)
		port = search(n, b, how, random);
	return port;
}

static void count(struct nat64 *n, const struct binding *b)
{
	if (block_has(n, b->pool, b->pool_port))
		block_use(n, b->pool, b->bib, b->pool_port);
}

enum xlat_why port_take(struct nat64 *n, struct binding *b)
{
	enum xlat_why why = WHY_NONE;
	uint32_t unused;

	b->pool_port = find(n, b);
	if (!b->pool_port && !n->cfg.port_block)
		return n->cfg.inside.len ? WHY_SUBSCRIBER_PORTS
					 : WHY_POOL_EXHAUSTED;
	if (!b->pool_port)
		why = block_open(n, b->subscriber, draw(n), &unused);
	if (!why && !b->pool_port)
		b->pool_port = find(n, b);
	if (!why)
		count(n, b);
	return why;
}

/* Is it one that the subscriber may have here? */
static bool belongs(struct nat64 *n, const struct binding *b)
{
	const struct subscriber *s = subscriber_at(n, b->subscriber);

	if (!n->cfg.port_block && !n->cfg.inside.len)
		return true;
	if (b->pool != s->pool)
		return false;
	if (s->ports.min <= b->pool_port && b->pool_port <= s->ports.max)
		return true;
	return block_has(n, b->pool, b->pool_port) &&
	       block_claim(n, b->subscriber, b->pool, b->pool_port);
}

XL_RARE bool port_claim(struct nat64 *n, const struct binding *b)
{
	if (!pool_is_free(&n->pool, b->pool, b->bib, b->pool_port) ||
	    !belongs(n, b))
		return false;
	pool_claim(&n->pool, b->pool, b->bib, b->pool_port);
	count(n, b);
	return true;
}

XL_RARE void port_fix(struct nat64 *n, const struct binding *b)
{
	pool_claim(&n->pool, b->pool, b->bib, b->pool_port);
	if (block_has(n, b->pool, b->pool_port))
		block_close(n, b->pool, b->pool_port);
}

XL_RARE bool port_keep(struct nat64 *n, uint32_t which, enum bib bib,
		       uint16_t port)
{
	const bool in_block = block_has(n, which, port);

	if (!pool_is_free(&n->pool, which, bib, port) ||
	    (in_block && !block_claim(n, 0, which, port)))
		return false;
	pool_claim(&n->pool, which, bib, port);
	if (in_block)
		block_use(n, which, bib, port);
	return true;
}

XL_APART void port_give(struct nat64 *n, uint32_t which, enum bib bib,
			uint16_t port)
{
	pool_give(&n->pool, which, bib, port);
	if (block_has(n, which, port))
		block_leave(n, which, bib, port);
	alarm_pool(n, bib);
}

/* Neither need ports of TCP be kept where its state is known (RFC 6888,
 * REQ-8a), nor those that are always the same subscriber's (REQ-8b). */
static bool has_to_wait(const struct nat64 *n, uint32_t which, enum bib bib,
			uint16_t port)
{
	return n->cfg.hold_down && bib != BIB_TCP &&
	       (!n->cfg.inside.len || block_has(n, which, port));
}

XL_APART void port_release(struct nat64 *n, uint32_t which, enum bib bib,
			   uint16_t port)
{
	if (has_to_wait(n, which, bib, port))
		cooling_add(n, which, bib, port);
	else
		port_give(n, which, bib, port);
}
