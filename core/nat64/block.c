/* SPDX-License-Identifier: MIT */
#include "nat64/block.h"

#include "nat64/subscriber.h"
#include "nat64/tell.h"

#define PORTS 65536u

uint32_t block_count(const struct nat64_config *c)
{
	if (!c->port_block)
		return 0;
	return (uint32_t)pool_size(c->pool4, c->pool4_count) *
		       (PORTS / c->port_block) +
	       1;
}

/* Numbers begin with 1: 0 is none. */
static uint32_t number(const struct nat64 *n, uint32_t which, uint32_t block)
{
	return 1 + which * (PORTS / n->cfg.port_block) + block;
}

static uint32_t number_of(const struct nat64 *n, uint32_t which, uint16_t port)
{
	return number(n, which, port / n->cfg.port_block);
}

static uint32_t address(const struct nat64 *n, uint32_t index)
{
	return (index - 1) / (PORTS / n->cfg.port_block);
}

bool block_has(const struct nat64 *n, uint32_t which, uint16_t port)
{
	const struct pool_span s = n->pool.addrs[which].blocks;
	const uint32_t size = n->cfg.port_block;

	return size && s.max && port / size >= s.min && port / size <= s.max;
}

struct pool_span block_ports(const struct nat64 *n, uint32_t index)
{
	const uint32_t size = n->cfg.port_block;
	const uint32_t first = (index - 1) % (PORTS / size) * size;

	return (struct pool_span){ (uint16_t)first,
				   (uint16_t)(first + size - 1) };
}

static bool may_have_more(const struct nat64 *n, uint32_t subscriber)
{
	return !subscriber || !n->cfg.max_blocks ||
	       subscriber_at(n, subscriber)->block_count < n->cfg.max_blocks;
}

static void tell(const struct nat64 *n, uint32_t index,
		 enum nat64_event_kind kind)
{
	const uint32_t owner = n->blocks[index].subscriber;
	const struct pool_span ports = block_ports(n, index);

	if (owner)
		tell_block(n, kind, subscriber_at(n, owner)->prefix,
			   n->pool.addrs[address(n, index)].addr, ports.min,
			   ports.max);
}

/* The one place where a block begins to be a subscriber's; nobody, which is
 * number 0, has a list, too. */
XL_RARE static void begin(struct nat64 *n, uint32_t subscriber, uint32_t index)
{
	struct subscriber *s = subscriber_at(n, subscriber);
	struct block *b = &n->blocks[index];

	b->live = true;
	b->subscriber = subscriber;
	b->next = s->block;
	s->block = index;
	s->block_count++;
	n->blocks_used++;
	n->blocks_created++;
	tell(n, index, EVENT_BLOCK_CREATED);
}

/* And the one where it ends to be. */
XL_RARE static void end(struct nat64 *n, uint32_t index)
{
	struct block *b = &n->blocks[index];
	struct subscriber *s = subscriber_at(n, b->subscriber);
	uint32_t *link = &s->block;

	while (*link != index)
		link = &n->blocks[*link].next;
	*link = b->next;
	b->live = false;
	s->block_count--;
	n->blocks_used--;
	tell(n, index, EVENT_BLOCK_DELETED);
}

enum xlat_why block_open(struct nat64 *n, uint32_t subscriber, uint64_t random,
			 uint32_t *index)
{
	const struct subscriber *s = subscriber_at(n, subscriber);
	uint32_t block;

	if (!may_have_more(n, subscriber))
		return WHY_SUBSCRIBER_PORTS;
	block = pool_take_block(&n->pool, s->pool, random);
	if (!block)
		return WHY_POOL_EXHAUSTED;
	*index = number(n, s->pool, block);
	begin(n, subscriber, *index);
	return WHY_NONE;
}

/* Of a block that exists; one that nobody has may still find its subscriber. */
XL_RARE static bool claim_again(struct nat64 *n, uint32_t subscriber,
				uint32_t index)
{
	const struct block *b = &n->blocks[index];

	if (!b->live || !subscriber || b->subscriber == subscriber)
		return b->live;
	if (b->subscriber || !may_have_more(n, subscriber))
		return false;
	end(n, index);
	begin(n, subscriber, index);
	return true;
}

XL_RARE bool block_claim(struct nat64 *n, uint32_t subscriber, uint32_t which,
			 uint16_t port)
{
	const uint32_t at = port / n->cfg.port_block;

	if (!pool_is_free(&n->pool, which, POOL_BLOCKS, at))
		return claim_again(n, subscriber, number(n, which, at));
	if (!may_have_more(n, subscriber))
		return false;
	pool_claim(&n->pool, which, POOL_BLOCKS, at);
	begin(n, subscriber, number(n, which, at));
	return true;
}

XL_RARE void block_close(struct nat64 *n, uint32_t which, uint16_t port)
{
	pool_claim(&n->pool, which, POOL_BLOCKS, port / n->cfg.port_block);
}

void block_use(struct nat64 *n, uint32_t which, enum bib bib, uint16_t port)
{
	n->blocks[number_of(n, which, port)].used[bib]++;
}

void block_leave(struct nat64 *n, uint32_t which, enum bib bib, uint16_t port)
{
	const uint32_t index = number_of(n, which, port);
	struct block *b = &n->blocks[index];

	b->used[bib]--;
	if (b->used[BIB_UDP] || b->used[BIB_TCP] || b->used[BIB_ICMP])
		return;
	end(n, index);
	pool_give(&n->pool, which, POOL_BLOCKS, port / n->cfg.port_block);
}

uint32_t block_owner(const struct nat64 *n, uint32_t which, uint16_t port)
{
	const struct block *b;

	if (!block_has(n, which, port))
		return 0;
	b = &n->blocks[number_of(n, which, port)];
	return b->live ? b->subscriber : 0;
}

/* Does the same subscriber have the same ports there? */
static bool is_there(const struct nat64 *n, uint32_t index,
		     const struct nat64 *other)
{
	const struct addr6 prefix =
		subscriber_at(n, n->blocks[index].subscriber)->prefix;
	const uint32_t which =
		pool_find(&other->pool, n->pool.addrs[address(n, index)].addr);
	uint32_t owner;

	if (n->cfg.port_block != other->cfg.port_block ||
	    n->cfg.subscriber_len != other->cfg.subscriber_len ||
	    which == POOL_NONE)
		return false;
	owner = block_owner(other, which, block_ports(n, index).min);
	return owner &&
	       addr6_equal(subscriber_at(other, owner)->prefix, prefix);
}

XL_RARE void block_tell(const struct nat64 *n, const struct nat64 *other,
			enum nat64_event_kind kind)
{
	uint32_t s = 0;

	while (n->events && (s = slab_next(&n->subscribers, s)))
		for (uint32_t i = subscriber_at(n, s)->block; i;
		     i = n->blocks[i].next)
			if (!is_there(n, i, other))
				tell(n, i, kind);
}
