/* SPDX-License-Identifier: MIT */
/*
 * config.c - is a configuration one that can work?
 */
#include "nat64/determ.h"
#include "nat64/shard.h"

static bool range_is_good(const struct nat64_range *r)
{
	return r->first <= r->last && r->port_min && r->port_min <= r->port_max;
}

static bool overlap(const struct nat64_range *a, const struct nat64_range *b)
{
	return a->first <= b->last && b->first <= a->last &&
	       a->port_min <= b->port_max && b->port_min <= a->port_max;
}

static const char *check_pool4(const struct nat64_config *c)
{
	if (c->pool4_count == 0)
		return "at least one address in pool4";
	if (c->pool4_count > NAT64_RANGE_MAX)
		return "at most 64 ranges in pool4";
	for (uint32_t i = 0; i < c->pool4_count; i++) {
		if (!range_is_good(&c->pool4[i]))
			return "pool4 ranges that go from low to high, and no "
			       "port 0";
		for (uint32_t j = 0; j < i; j++)
			if (overlap(&c->pool4[i], &c->pool4[j]))
				return "pool4 ranges that do not overlap";
	}
	if (pool_size(c->pool4, c->pool4_count) > NAT64_POOL_MAX)
		return "at most 4096 addresses in pool4";
	return NULL;
}

/* Each address has to have a block to give. */
static const char *check_blocks(const struct nat64_config *c)
{
	const uint32_t size = c->port_block;
	const uint32_t threads = c->shards ? c->shards : 1;
	const uint32_t from =
		c->inside.len ? determ_plan(c).dynamic : WELL_KNOWN_MAX + 1;

	if (!size)
		return NULL;
	if (size < NAT64_BLOCK_MIN || size > NAT64_BLOCK_MAX ||
	    size & (size - 1))
		return "a power of two from 64 to 8192";
	for (uint32_t i = 0; i < c->pool4_count; i++) {
		const struct nat64_range *r = &c->pool4[i];
		const uint32_t low = r->port_min > from ? r->port_min : from;

		if ((low + size - 1) / size + threads >
		    (r->port_max + 1u) / size)
			return threads > 1 ? "room for a port block of each "
					     "thread"
					   : "room for a port block";
	}
	return NULL;
}

/* Each thread needs ports of each address: some in a row, and all of them. */
static const char *check_shards(const struct nat64_config *c)
{
	if (c->shards > SHARD_MAX)
		return "at most 16 threads";
	if (c->shards <= 1 || c->inside.len || c->port_block)
		return NULL;
	for (uint32_t i = 0; i < c->pool4_count; i++)
		if ((c->pool4[i].port_min + SHARD_UNIT - 1u) / SHARD_UNIT +
			    c->shards >
		    (c->pool4[i].port_max + 1u) / SHARD_UNIT)
			return "64 ports or more for each thread";
	return NULL;
}

/* RFC 6146, 4; RFC 4787, 5382 and 5508. */
static const char *check_timeouts(const struct nat64_config *c)
{
	if (c->timeout[NAT64_UDP] < 120)
		return "a UDP timeout of at least 120 s (RFC 4787, REQ-5)";
	if (c->timeout[NAT64_TCP_EST] < 7200)
		return "a timeout of at least 7200 s for established TCP "
		       "(RFC 5382, REQ-5)";
	if (c->timeout[NAT64_TCP_TRANS] < 240)
		return "a transitory TCP timeout of at least 240 s "
		       "(RFC 5382, REQ-5)";
	if (c->timeout[NAT64_TCP_HALF] < 6)
		return "6 s at least for half-open TCP";
	if (c->timeout[NAT64_TCP_SYN] < 6)
		return "6 s at least for an unsolicited SYN (RFC 5382, REQ-4)";
	if (c->timeout[NAT64_ICMP] < 60)
		return "an ICMP timeout of at least 60 s (RFC 5508, REQ-2)";
	if (c->timeout[NAT64_FRAGMENT] < 2)
		return "2 s at least for fragments (RFC 6146, 3.4)";
	return NULL;
}

XL_RARE const char *nat64_config_check(const struct nat64_config *c)
{
	const char *wrong = pref64_check(c->pool6.prefix, c->pool6.len);

	if (!wrong)
		wrong = check_pool4(c);
	if (!wrong)
		wrong = determ_check(c);
	if (!wrong)
		wrong = check_blocks(c);
	if (!wrong)
		wrong = check_shards(c);
	if (!wrong)
		wrong = check_timeouts(c);
	if (wrong)
		return wrong;
	if (c->max_sessions == 0 || c->max_sessions > NAT64_SESSIONS_MAX)
		return "from 1 to 16777214 sessions";
	if (c->subscriber_len == 0 || c->subscriber_len > 128)
		return "a subscriber prefix of 1 to 128 bits";
	if (c->hold_max > NAT64_HOLD_MAX || (c->hold_down && !c->hold_max))
		return "a number from 1 to 16777216";
	if (c->max_rate > NAT64_RATE_MAX)
		return "a number from 1 to 1000000";
	return NULL;
}

/* Neither side of a binding may be there twice in one table (RFC 6146, 3.1). */
static bool collide(const struct nat64_static *a, const struct nat64_static *b)
{
	if (a->proto != b->proto)
		return false;
	return (a->pool == b->pool && a->pool_port == b->pool_port) ||
	       (addr6_equal(a->client, b->client) &&
		a->client_port == b->client_port);
}

static bool in_pool4(const struct nat64_config *c, uint32_t addr)
{
	for (uint32_t i = 0; i < c->pool4_count; i++)
		if (c->pool4[i].first <= addr && addr <= c->pool4[i].last)
			return true;
	return false;
}

/* What is computed to be one subscriber's must not be another's. */
static bool is_of_another(const struct nat64_config *c,
			  const struct nat64_static *s)
{
	struct net6 owner;

	return c->inside.len && determ_who(c, s->pool, s->pool_port, &owner) &&
	       !addr6_equal(addr6_mask(s->client, owner.len), owner.addr);
}

const char *nat64_static_check(const struct nat64_config *c)
{
	if (c->static_count > NAT64_STATIC_MAX ||
	    c->static_count > NAT64_SESSIONS_MAX - c->max_sessions)
		return "at most 4096 static bindings, and with the sessions "
		       "16777214";
	for (uint32_t i = 0; i < c->static_count; i++) {
		const struct nat64_static *s = &c->statics[i];

		if (!in_pool4(c, s->pool))
			return "static bindings of addresses in pool4";
		if (is_of_another(c, s))
			return "static bindings of nobody else's ports";
		if (translate_illegal6(s->client) ||
		    pref64_contains(c->pool6, s->client))
			return "static bindings to hosts that are not in pool6";
		for (uint32_t j = 0; j < i; j++)
			if (collide(s, &c->statics[j]))
				return "static bindings of which no two have "
				       "the same port of a host";
	}
	return NULL;
}
